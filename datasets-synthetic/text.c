/* SPDX-License-Identifier: Apache-2.0 */
/* The dot-matrix font and invented words. Each run of dots in a letter's column becomes one quadrilateral. */
#include "text.h"

#include <string.h>

/* Five columns a letter, bit 0 on top. */
static const uint8_t FONT[] = "\x00\x00\x00\x00\x00"  /* space */
                              "\x00\x00\x5f\x00\x00"  /* ! */
                              "\x00\x07\x00\x07\x00"  /* " */
                              "\x14\x7f\x14\x7f\x14"  /* # */
                              "\x24\x2a\x7f\x2a\x12"  /* $ */
                              "\x23\x13\x08\x64\x62"  /* % */
                              "\x36\x49\x55\x22\x50"  /* & */
                              "\x00\x05\x03\x00\x00"  /* ' */
                              "\x00\x1c\x22\x41\x00"  /* ( */
                              "\x00\x41\x22\x1c\x00"  /* ) */
                              "\x08\x2a\x1c\x2a\x08"  /* * */
                              "\x08\x08\x3e\x08\x08"  /* + */
                              "\x00\x50\x30\x00\x00"  /* , */
                              "\x08\x08\x08\x08\x08"  /* - */
                              "\x00\x60\x60\x00\x00"  /* . */
                              "\x20\x10\x08\x04\x02"  /* / */
                              "\x3e\x51\x49\x45\x3e"  /* 0 */
                              "\x00\x42\x7f\x40\x00"  /* 1 */
                              "\x42\x61\x51\x49\x46"  /* 2 */
                              "\x21\x41\x45\x4b\x31"  /* 3 */
                              "\x18\x14\x12\x7f\x10"  /* 4 */
                              "\x27\x45\x45\x45\x39"  /* 5 */
                              "\x3c\x4a\x49\x49\x30"  /* 6 */
                              "\x01\x71\x09\x05\x03"  /* 7 */
                              "\x36\x49\x49\x49\x36"  /* 8 */
                              "\x06\x49\x49\x29\x1e"  /* 9 */
                              "\x00\x36\x36\x00\x00"  /* : */
                              "\x00\x56\x36\x00\x00"  /* ; */
                              "\x08\x14\x22\x41\x00"  /* < */
                              "\x14\x14\x14\x14\x14"  /* = */
                              "\x00\x41\x22\x14\x08"  /* > */
                              "\x02\x01\x51\x09\x06"  /* ? */
                              "\x32\x49\x79\x41\x3e"  /* @ */
                              "\x7e\x11\x11\x11\x7e"  /* A */
                              "\x7f\x49\x49\x49\x36"  /* B */
                              "\x3e\x41\x41\x41\x22"  /* C */
                              "\x7f\x41\x41\x22\x1c"  /* D */
                              "\x7f\x49\x49\x49\x41"  /* E */
                              "\x7f\x09\x09\x09\x01"  /* F */
                              "\x3e\x41\x49\x49\x7a"  /* G */
                              "\x7f\x08\x08\x08\x7f"  /* H */
                              "\x00\x41\x7f\x41\x00"  /* I */
                              "\x20\x40\x41\x3f\x01"  /* J */
                              "\x7f\x08\x14\x22\x41"  /* K */
                              "\x7f\x40\x40\x40\x40"  /* L */
                              "\x7f\x02\x0c\x02\x7f"  /* M */
                              "\x7f\x04\x08\x10\x7f"  /* N */
                              "\x3e\x41\x41\x41\x3e"  /* O */
                              "\x7f\x09\x09\x09\x06"  /* P */
                              "\x3e\x41\x51\x21\x5e"  /* Q */
                              "\x7f\x09\x19\x29\x46"  /* R */
                              "\x46\x49\x49\x49\x31"  /* S */
                              "\x01\x01\x7f\x01\x01"  /* T */
                              "\x3f\x40\x40\x40\x3f"  /* U */
                              "\x1f\x20\x40\x20\x1f"  /* V */
                              "\x3f\x40\x38\x40\x3f"  /* W */
                              "\x63\x14\x08\x14\x63"  /* X */
                              "\x07\x08\x70\x08\x07"  /* Y */
                              "\x61\x51\x49\x45\x43"; /* Z */

static const uint8_t SMALL[] = "\x20\x54\x54\x54\x78"  /* a */
                               "\x7f\x48\x44\x44\x38"  /* b */
                               "\x38\x44\x44\x44\x20"  /* c */
                               "\x38\x44\x44\x48\x7f"  /* d */
                               "\x38\x54\x54\x54\x18"  /* e */
                               "\x08\x7e\x09\x01\x02"  /* f */
                               "\x0c\x52\x52\x52\x3e"  /* g */
                               "\x7f\x08\x04\x04\x78"  /* h */
                               "\x00\x44\x7d\x40\x00"  /* i */
                               "\x20\x40\x44\x3d\x00"  /* j */
                               "\x7f\x10\x28\x44\x00"  /* k */
                               "\x00\x41\x7f\x40\x00"  /* l */
                               "\x7c\x04\x18\x04\x78"  /* m */
                               "\x7c\x08\x04\x04\x78"  /* n */
                               "\x38\x44\x44\x44\x38"  /* o */
                               "\x7c\x14\x14\x14\x08"  /* p */
                               "\x08\x14\x14\x18\x7c"  /* q */
                               "\x7c\x08\x04\x04\x08"  /* r */
                               "\x48\x54\x54\x54\x20"  /* s */
                               "\x04\x3f\x44\x40\x20"  /* t */
                               "\x3c\x40\x40\x20\x7c"  /* u */
                               "\x1c\x20\x40\x20\x1c"  /* v */
                               "\x3c\x40\x30\x40\x3c"  /* w */
                               "\x44\x28\x10\x28\x44"  /* x */
                               "\x0c\x50\x50\x50\x3c"  /* y */
                               "\x44\x64\x54\x4c\x44"; /* z */

enum { FONT_COLUMNS = 5, FONT_ROWS = 7, FONT_ADVANCE = 6 };

static const uint8_t *letter_columns(char letter) {
  if (letter >= 'a' && letter <= 'z') return SMALL + (letter - 'a') * FONT_COLUMNS;
  if (letter >= ' ' && letter <= 'Z') return FONT + (letter - ' ') * FONT_COLUMNS;
  return FONT;
}

static void run_draw(struct painter *painter, struct point origin, struct point corner, struct point size, int angle,
                     const struct paint *paint) {
  struct outline outline;
  int right = corner.x + size.x, bottom = corner.y + size.y;
  outline_quad(&outline, point_turned(origin, corner, angle), point_turned(origin, point_at(right, corner.y), angle),
               point_turned(origin, point_at(right, bottom), angle),
               point_turned(origin, point_at(corner.x, bottom), angle));
  painter_fill(painter, &outline, paint);
}

static void letter_draw(struct painter *painter, char letter, struct point origin, int left, int dot, int angle,
                        const struct paint *paint) {
  const uint8_t *columns = letter_columns(letter);
  for (int column = 0; column < FONT_COLUMNS; column++) {
    for (int row = 0; row < FONT_ROWS;) {
      int end = row;
      while (end < FONT_ROWS && (columns[column] >> end & 1)) end++;
      struct point corner = point_at(left + column * dot, row * dot);
      if (end > row) run_draw(painter, origin, corner, point_at(dot, (end - row) * dot), angle, paint);
      row = end > row ? end : row + 1;
    }
  }
}

void text_draw(struct painter *painter, const char *text, struct point origin, int dot, int angle,
               const struct paint *paint) {
  for (int i = 0; text[i] != '\0'; i++) {
    letter_draw(painter, text[i], origin, i * FONT_ADVANCE * dot, dot, angle, paint);
  }
}

int text_width(const char *text, int dot) {
  return (int)strlen(text) * FONT_ADVANCE * dot;
}

void text_invent(struct random_stream *random, char text[TEXT_MAX], int letters) {
  static const char consonants[] = "bcdfghjklmnprstvwz";
  static const char vowels[] = "aeiou";
  int used = 0;
  while (used < letters) {
    int syllables = random_range(random, 1, 4);
    bool number = random_percent(random, 8);
    for (int i = 0; i < 2 * syllables && used < letters; i++) {
      int drawn = random_below(random, 90);
      if (number) text[used++] = (char)('0' + drawn % 10);
      else text[used++] = i % 2 == 0 ? consonants[drawn % 18] : vowels[drawn % 5];
    }
    if (used < letters) text[used++] = ' ';
  }
  text[used] = '\0';
  if (used > 0 && text[0] >= 'a') text[0] = (char)(text[0] - 'a' + 'A');
}
