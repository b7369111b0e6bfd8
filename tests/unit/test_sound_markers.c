/* SPDX-License-Identifier: Apache-2.0 */
/* JPEG files that are unusual around their scans: sampling, colour models and their contradictions, tables that change,
 * more than one picture, data that is cut, damaged or behind the end, and coefficients as large as they get. Whatever
 * libjpeg makes of them, the default has the verdict of exact. */
#include <stdlib.h>
#include <string.h>

#include "../support/expect.h"
#include "../support/random.h"
#include "../support/sound.h"

enum { SIDE = 320 };

static const struct craft_sampling full[] = {{1, 1}, {1, 1}, {1, 1}, {1, 1}};
static const struct craft_sampling halved[] = {{2, 2}, {1, 1}, {1, 1}};

static void open_picture(struct craft *craft, uint64_t seed) {
  craft_open_waves(craft, seed, SIDE + (uint32_t)(seed % 3) * 37, SIDE, 3, seed % 2 == 0 ? halved : full, 80);
}

/* Checks the file that `craft` has so far as it is, and closes it. */
static void check_cut(const char *kind, struct craft *craft) {
  sound_check_encoded(kind, craft_cut(craft));
  craft_close(craft);
}

static void check(const char *kind, struct craft *craft) {
  craft_marker(craft, CRAFT_EOI);
  check_cut(kind, craft);
}

/* ---- Components -------------------------------------------------------------------------------------------------- */

static void samplings_of_all_sorts(void **state) {
  (void)state;
  static const struct craft_sampling samplings[][3] = {
      {{2, 1}, {1, 1}, {1, 1}}, {{1, 2}, {1, 1}, {1, 1}}, {{4, 1}, {1, 1}, {1, 1}}, {{1, 4}, {1, 1}, {1, 1}},
      {{4, 2}, {1, 1}, {1, 1}}, {{2, 4}, {1, 1}, {1, 1}}, {{3, 1}, {1, 1}, {1, 1}}, {{1, 3}, {1, 1}, {1, 1}},
      {{2, 2}, {2, 1}, {2, 1}}, {{2, 2}, {1, 2}, {1, 2}}, {{2, 2}, {2, 2}, {2, 2}}, {{2, 2}, {2, 1}, {1, 2}},
      {{1, 1}, {2, 2}, {2, 2}}, {{1, 1}, {2, 1}, {1, 1}}, {{1, 2}, {2, 1}, {1, 1}}, {{3, 2}, {2, 1}, {1, 1}},
      {{2, 2}, {1, 1}, {2, 2}}, {{4, 1}, {2, 1}, {2, 1}}, {{3, 3}, {1, 1}, {0, 1}},
  };
  for (size_t i = 0; i + 1 < sizeof samplings / sizeof *samplings; i++)
    for (unsigned way = 0; way < 2; way++) {
      struct craft craft;
      craft_open_waves(&craft, i, SIDE + (uint32_t)i, SIDE - (uint32_t)i, 3, samplings[i], 80);
      craft_header(&craft, CRAFT_SOF0);
      static const struct craft_scan apart[] = {{.count = 1, .components = {0}, .last = 63},
                                                {.count = 1, .components = {1}, .last = 63},
                                                {.count = 1, .components = {2}, .last = 63}};
      if (way == 0) craft_sequential(&craft);
      else craft_script(&craft, apart, 3);
      check("samplings", &craft);
    }
  for (uint8_t h = 1; h <= 4; h++)
    for (uint8_t v = 1; v <= 4; v += h) {
      struct craft craft;
      craft_open_waves(&craft, h, 300, 260, 1, (struct craft_sampling[]){{h, v}}, 80);
      craft_header(&craft, CRAFT_SOF0);
      craft_sequential(&craft);
      check("samplings", &craft);
    }
  sound_end("samplings");
}

struct colour {
  const char *ids; /* NULL: 1, 2, 3 */
  int adobe;       /* transform; -1: no marker */
  bool jfif;
};

static void colour_models(void **state) {
  (void)state;
  static const struct colour colours[] = {
      {NULL, -1, false},     {NULL, 0, false},       {NULL, 1, false},   {NULL, 2, false},   {NULL, 0, true},
      {NULL, 1, true},       {NULL, 9, false},       {"RGB", -1, false}, {"RGB", -1, true},  {"RGB", 0, false},
      {"RGB", 1, false},     {"RGB", 0, true},       {"rgb", -1, false}, {"BGR", -1, false}, {"\0\1\2", -1, false},
      {"\1\1\1", -1, false}, {"\1\42\43", -1, true}, {"YCc", -1, false}};
  for (size_t i = 0; i < sizeof colours / sizeof *colours; i++)
    for (uint64_t seed = 0; seed < 3; seed++) {
      const struct colour *colour = &colours[i];
      struct craft craft;
      open_picture(&craft, i + seed);
      for (unsigned c = 0; colour->ids != NULL && c < 3; c++) craft.components[c].id = (uint8_t)colour->ids[c];
      craft_marker(&craft, CRAFT_SOI);
      if (seed == 1 && colour->adobe >= 0) craft_adobe(&craft, (uint8_t)colour->adobe);
      if (colour->jfif) craft_jfif(&craft);
      if (seed != 1 && colour->adobe >= 0) craft_adobe(&craft, (uint8_t)colour->adobe);
      craft_tables(&craft, 0);
      craft_tables(&craft, 1);
      craft_frame(&craft, CRAFT_SOF0, craft.height);
      craft_sequential(&craft);
      check("colour models", &craft);
    }
  for (unsigned count = 2; count <= 4; count += 2)
    for (int transform = -1; transform <= 2; transform++) {
      struct craft craft;
      craft_open_waves(&craft, 5, SIDE, SIDE, count, full, 80);
      craft_header(&craft, CRAFT_SOF0);
      if (transform >= 0) craft_adobe(&craft, (uint8_t)transform);
      craft_sequential(&craft);
      check("colour models", &craft);
    }
  sound_end("colour models");
}

/* An Adobe marker that comes after the first scan: libjpeg has chosen by then. */
static void colour_told_late(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < 4; seed++) {
    struct craft craft;
    open_picture(&craft, seed);
    craft_marker(&craft, CRAFT_SOI);
    craft_tables(&craft, 0);
    craft_tables(&craft, 1);
    craft_frame(&craft, CRAFT_SOF0, craft.height);
    for (uint8_t c = 0; c < 3; c++) {
      const struct craft_scan scan = {.count = 1, .components = {c}, .last = 63};
      craft_scan(&craft, &scan);
      craft_adobe(&craft, (uint8_t)(seed % 2));
    }
    check("colour told late", &craft);
  }
  sound_expect_hashed();
  sound_end("colour told late");
}

/* ---- Step sizes -------------------------------------------------------------------------------------------------- */

static void scramble(struct craft *craft, uint64_t seed, unsigned most) {
  struct random_state random = random_seeded(seed);
  for (unsigned k = 0; k < CRAFT_BLOCK; k++) craft->quant[0][k] = (uint16_t)(1 + random_next(&random) % most);
}

/* A table is redefined before, between and after the scans that use it. */
static void tables_that_change(void **state) {
  (void)state;
  for (unsigned when = 0; when < 5; when++)
    for (uint64_t seed = 0; seed < 4; seed++) {
      struct craft craft;
      open_picture(&craft, seed);
      for (unsigned c = 0; c < 3; c++) craft.components[c].table = 0;
      craft_header(&craft, seed < 2 ? CRAFT_SOF0 : CRAFT_SOF2);
      for (uint8_t c = 0; c < 3; c++) {
        if (when == c || when == 4) {
          scramble(&craft, seed + c, 60);
          craft_tables(&craft, 0);
        }
        craft_scan(&craft, &(struct craft_scan){.count = 1, .components = {c}, .last = seed < 2 ? 63 : 0});
      }
      if (when == 3) craft_tables(&craft, 0);
      for (uint8_t c = 0; c < 3 && seed >= 2; c++) {
        craft_scan(&craft, &(struct craft_scan){.count = 1, .components = {c}, .first = 1, .last = 63});
        scramble(&craft, seed, 60);
        if (when == 3) craft_tables(&craft, 0);
      }
      check("tables that change", &craft);
    }
  sound_end("tables that change");
}

static void tables_of_all_sorts(void **state) {
  (void)state;
  static const unsigned largest[] = {1, 2, 16, 255, 256, 1000, 32768, 65535};
  for (size_t i = 0; i < sizeof largest / sizeof *largest; i++)
    for (uint64_t seed = 0; seed < 4; seed++) {
      struct craft craft;
      open_picture(&craft, seed);
      scramble(&craft, 10 * i + seed, largest[i]);
      for (unsigned k = 0; seed == 1 && k < CRAFT_BLOCK; k++) craft.quant[0][k] = (uint16_t)largest[i];
      float *plane = craft_waves(seed, craft.width, craft.height, 17, 50.0f);
      craft_plane(&craft, 0, plane);
      if (seed == 2) craft.quant[0][i] = 0;
      craft.wide_tables = seed == 3;
      craft_header(&craft, i < 4 ? CRAFT_SOF0 : CRAFT_SOF1);
      craft_sequential(&craft);
      check("tables of all sorts", &craft);
      free(plane);
    }
  sound_end("tables of all sorts");
}

/* ---- Coefficients ------------------------------------------------------------------------------------------------ */

/* One block in `rarity` has coefficient `k` set to one of both signs of `value`. */
static void set_some(struct craft *craft, unsigned component, uint64_t seed, unsigned rarity, unsigned k, int value) {
  struct random_state random = random_seeded(seed);
  const struct craft_component *c = &craft->components[component];
  for (uint32_t y = 0; y < c->down; y++)
    for (uint32_t x = 0; x < c->across; x++) {
      const uint64_t pick = random_next(&random);
      if (pick % rarity == 0) craft_block(craft, component, x, y)[k] = (int16_t)(pick >> 20 & 1 ? value : -value);
    }
}

static void extreme_coefficients(void **state) {
  (void)state;
  static const int values[] = {1, 127, 255, 1023, 1024, 2047, 2048, 4095, 16383, 32767};
  for (size_t i = 0; i < sizeof values / sizeof *values; i++)
    for (uint64_t seed = 0; seed < 6; seed++) {
      static const uint8_t where[] = {0, 1, 2, 5, 20, 63};
      struct craft craft;
      open_picture(&craft, seed);
      set_some(&craft, (unsigned)(i % 4 == 3), seed, 3 + (unsigned)(i % 4) * 40, where[seed], values[i]);
      craft_header(&craft, seed % 2 == 0 ? CRAFT_SOF0 : CRAFT_SOF1);
      craft_sequential(&craft);
      check("extreme coefficients", &craft);
    }
  sound_expect_hashed();
  sound_end("extreme coefficients");
}

/* Blocks of nothing but the largest values; blocks of nothing but ones. */
static void crowded_blocks(void **state) {
  (void)state;
  static const int values[] = {1, 30, 1023, 32767};
  for (size_t i = 0; i < sizeof values / sizeof *values; i++)
    for (uint64_t seed = 0; seed < 3; seed++) {
      struct craft craft;
      open_picture(&craft, seed);
      for (unsigned k = 0; k < CRAFT_BLOCK; k++)
        for (unsigned c = 0; c < 3; c++)
          if (c == 0 || seed > 0) set_some(&craft, c, seed * 64 + k, 1 + (unsigned)seed, k, values[i]);
      craft_header(&craft, CRAFT_SOF0);
      craft_sequential(&craft);
      check("crowded blocks", &craft);
    }
  sound_expect_hashed();
  sound_end("crowded blocks");
}

/* ---- More and less than one picture ------------------------------------------------------------------------------ */

static struct encoded other_picture(uint64_t seed) {
  struct craft craft;
  craft_open_waves(&craft, seed + 500, 256, 256, 3, full, 70);
  craft_header(&craft, CRAFT_SOF0);
  craft_sequential(&craft);
  const struct encoded file = craft_end(&craft);
  craft_close(&craft);
  return file;
}

static void put_thumbnail(struct craft *craft, uint64_t seed, uint8_t marker, const char *name, size_t name_size) {
  struct encoded thumbnail = other_picture(seed);
  uint8_t *payload = malloc(name_size + thumbnail.size);
  assert_non_null(payload);
  memcpy(payload, name, name_size);
  memcpy(payload + name_size, thumbnail.bytes, thumbnail.size);
  craft_segment(craft, marker, payload, name_size + thumbnail.size);
  free(payload);
  free(thumbnail.bytes);
}

/* A second picture, or a part of one, at the place `where`. */
static void check_company(unsigned where, uint64_t seed) {
  struct craft craft;
  struct encoded other = other_picture(seed);
  open_picture(&craft, seed);
  if (where == 0) craft_put(&craft, other.bytes, other.size); /* the first is what is seen */
  if (where == 1) craft_put(&craft, other.bytes, other.size - 2);
  craft_header(&craft, CRAFT_SOF0);
  if (where == 2) craft_marker(&craft, CRAFT_SOI);
  if (where == 3) craft_frame(&craft, CRAFT_SOF0, craft.height / 2);
  if (where == 4) put_thumbnail(&craft, seed, 0xe1, "Exif\0", 6);
  if (where == 5) put_thumbnail(&craft, seed, 0xe0, "JFXX\0\x10", 6);
  if (where == 6) put_thumbnail(&craft, seed, 0xfe, "", 0);
  craft_sequential(&craft);
  if (where == 7) craft_marker(&craft, CRAFT_SOI);
  if (where == 8) craft_put(&craft, other.bytes, other.size);
  craft_marker(&craft, CRAFT_EOI);
  if (where == 9) craft_put(&craft, other.bytes, other.size);
  if (where == 10) craft_put(&craft, "trailing\xff\xda\xff", 11);
  if (where == 11) craft_sequential(&craft);
  free(other.bytes);
  check_cut("company", &craft);
}

static void company(void **state) {
  (void)state;
  for (unsigned where = 0; where <= 11; where++)
    for (uint64_t seed = 0; seed < 3; seed++) check_company(where, seed);
  sound_end("more than one picture");
}

/* DNL is how a frame of unknown height ends; libjpeg does not read it. */
static void heights_told_late(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < 6; seed++) {
    struct craft craft;
    open_picture(&craft, seed);
    craft_marker(&craft, CRAFT_SOI);
    craft_tables(&craft, 0);
    craft_tables(&craft, 1);
    const unsigned announced[] = {0, craft.height * 2, craft.height / 2, craft.height + 1, craft.height - 9, 1};
    craft_frame(&craft, CRAFT_SOF0, announced[seed]);
    craft_sequential(&craft);
    craft_segment(&craft, 0xdc, (uint8_t[]){(uint8_t)(craft.height >> 8), (uint8_t)craft.height}, 2);
    check("heights", &craft);
  }
  sound_end("heights that are wrong or told late");
}

/* Markers that say nothing, fill bytes and bytes that belong to nobody, between scans. */
static void noise_between_scans(void **state) {
  (void)state;
  for (unsigned kind = 0; kind < 8; kind++)
    for (uint64_t seed = 0; seed < 2; seed++) {
      struct craft craft;
      open_picture(&craft, seed);
      craft_header(&craft, CRAFT_SOF0);
      for (uint8_t c = 0; c < 3; c++) {
        if (kind == 0) craft_segment(&craft, 0xfe, "comment", 7);
        if (kind == 1) craft_put(&craft, "\xff\xff\xff", 3);
        if (kind == 2) craft_put(&craft, "stray", 5);
        if (kind == 3) craft_segment(&craft, 0xef, "", 0);
        if (kind == 4) craft_marker(&craft, 0xd3);
        if (kind == 5) craft_marker(&craft, 0x01);
        if (kind == 6) craft_segment(&craft, 0xdd, "\0\7", 2 * (c > 0));
        if (kind == 7) craft_segment(&craft, 0xcc, "\0\x10", 2);
        craft_scan(&craft, &(struct craft_scan){.count = 1, .components = {c}, .last = 63});
      }
      check("noise between scans", &craft);
    }
  sound_end("noise between scans");
}

/* ---- Damage ------------------------------------------------------------------------------------------------------ */

static struct encoded picture_file(uint64_t seed, bool progressive, unsigned restart) {
  struct craft craft;
  open_picture(&craft, seed);
  craft_header(&craft, progressive ? CRAFT_SOF2 : CRAFT_SOF0);
  if (restart > 0) craft_restart(&craft, restart);
  static const struct craft_scan script[] = {{.count = 3, .components = {0, 1, 2}, .low = 1},
                                             {.count = 1, .components = {0}, .first = 1, .last = 5, .low = 1},
                                             {.count = 1, .components = {0}, .first = 6, .last = 63},
                                             {.count = 1, .components = {1}, .first = 1, .last = 63},
                                             {.count = 1, .components = {2}, .first = 1, .last = 63},
                                             {.count = 1, .components = {0}, .first = 1, .last = 5, .high = 1},
                                             {.count = 3, .components = {0, 1, 2}, .high = 1}};
  if (progressive) craft_script(&craft, script, sizeof script / sizeof *script);
  else craft_sequential(&craft);
  const struct encoded file = craft_end(&craft);
  craft_close(&craft);
  return file;
}

static void cut_files(void **state) {
  (void)state;
  for (unsigned way = 0; way < 4; way++) {
    struct encoded file = picture_file(way, way % 2 == 1, way < 2 ? 0 : 40);
    for (unsigned part = 0; part < 12; part++) sound_check("cut files", file.bytes, file.size * part / 12 + part % 3);
    for (size_t less = 1; less < 4; less++) sound_check("cut files", file.bytes, file.size - less);
    free(file.bytes);
  }
  sound_end("cut files");
}

static void flipped_bits(void **state) {
  (void)state;
  for (unsigned way = 0; way < 4; way++) {
    struct encoded file = picture_file(way + 4, way % 2 == 1, way < 2 ? 0 : 40);
    struct random_state random = random_seeded(way);
    for (unsigned i = 0; i < 15; i++) {
      const size_t at = (size_t)(random_next(&random) % (i < 6 ? 700 : file.size));
      const uint8_t mask = (uint8_t)(1u << random_next(&random) % 8);
      file.bytes[at] ^= mask;
      sound_check("flipped bits", file.bytes, file.size);
      file.bytes[at] ^= mask;
    }
    free(file.bytes);
  }
  sound_end("flipped bits");
}

/* Restart markers renumbered, taken out or doubled. */
static void wrong_restarts(void **state) {
  (void)state;
  for (unsigned way = 0; way < 2; way++) {
    struct encoded file = picture_file(way + 8, way == 1, 17);
    size_t markers = 0;
    for (size_t at = 0; at + 1 < file.size; at++) {
      if (file.bytes[at] != 0xff || file.bytes[at + 1] < 0xd0 || file.bytes[at + 1] > 0xd7 || ++markers % 5 != 0)
        continue;
      if (markers > 40) break;
      const uint8_t before[2] = {file.bytes[at], file.bytes[at + 1]};
      file.bytes[at + 1] = (uint8_t)(0xd0 | ((before[1] + markers) & 7));
      sound_check("wrong restarts", file.bytes, file.size);
      file.bytes[at] = file.bytes[at + 1] = 0;
      sound_check("wrong restarts", file.bytes, file.size);
      memcpy(file.bytes + at, before, 2);
    }
    free(file.bytes);
  }
  sound_end("wrong restarts");
}

static void other_processes(void **state) {
  (void)state;
  for (unsigned way = 0; way < 8; way++) {
    const struct jpeg_recipe recipe = {.width = 333,
                                       .height = 222,
                                       .pixels = way == 7 ? JCS_CMYK : JCS_RGB,
                                       .stored = way == 7   ? JCS_YCCK
                                                 : way == 6 ? JCS_RGB
                                                            : JCS_YCbCr,
                                       .h = 1 + (int)way % 2,
                                       .v = 1 + (int)way / 2 % 2,
                                       .arithmetic = way < 4,
                                       .progressive = way % 2 == 1,
                                       .restart = way * 5};
    sound_check_encoded("other processes", encode_textured_jpeg(&recipe, TEXTURE_MIXED));
  }
  for (uint8_t sof = 0xc0; sof <= 0xcf; sof++) {
    struct craft craft;
    open_picture(&craft, sof);
    craft_header(&craft, sof);
    craft_sequential(&craft);
    check("other processes", &craft);
  }
  sound_end("arithmetic coding and other processes");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(samplings_of_all_sorts),
      cmocka_unit_test(colour_models),
      cmocka_unit_test(colour_told_late),
      cmocka_unit_test(tables_that_change),
      cmocka_unit_test(tables_of_all_sorts),
      cmocka_unit_test(extreme_coefficients),
      cmocka_unit_test(crowded_blocks),
      cmocka_unit_test(company),
      cmocka_unit_test(heights_told_late),
      cmocka_unit_test(noise_between_scans),
      cmocka_unit_test(cut_files),
      cmocka_unit_test(flipped_bits),
      cmocka_unit_test(wrong_restarts),
      cmocka_unit_test(other_processes),
  };
  return cmocka_run_group_tests(tests, sound_set_up, sound_tear_down);
}
