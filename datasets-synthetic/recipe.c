/* SPDX-License-Identifier: Apache-2.0 */
/* Recipe names, both ways, and the mix of recipes in a set. */
#include "recipe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
  const char *name;
  bool jpeg, png;
} LAYOUT[LAYOUTS] = {
    [LAYOUT_420] = {"420", true, false},
    [LAYOUT_422] = {"422", true, false},
    [LAYOUT_444] = {"444", true, false},
    [LAYOUT_GREY] = {"grey", true, true},
    [LAYOUT_GREYALPHA] = {"greyalpha", false, true},
    [LAYOUT_GREY16] = {"grey16", false, true},
    [LAYOUT_RGB] = {"rgb", false, true},
    [LAYOUT_RGBA] = {"rgba", false, true},
    [LAYOUT_RGB16] = {"rgb16", false, true},
    [LAYOUT_PALETTE] = {"palette", false, true},
};

static bool take_layout(struct recipe *recipe, const char *word) {
  for (int i = 0; i < LAYOUTS; i++) {
    if (strcmp(word, LAYOUT[i].name) != 0) continue;
    recipe->layout = (enum recipe_layout)i;
    return recipe->png ? LAYOUT[i].png : LAYOUT[i].jpeg;
  }
  return false;
}

static bool take_quality(struct recipe *recipe, const char *word) {
  if (word[0] != 'q' || word[1] < '1' || word[1] > '9') return false;
  char *end;
  long quality = strtol(word + 1, &end, 10);
  recipe->quality = quality <= 100 ? (int)quality : 0;
  return *end == '\0' && quality <= 100;
}

static bool take_word(struct recipe *recipe, const char *word) {
  if (take_layout(recipe, word)) return true;
  if (recipe->png) return strcmp(word, "interlaced") == 0 && (recipe->interlaced = true);
  if (strcmp(word, "progressive") == 0) return recipe->progressive = true;
  if (strcmp(word, "optimised") == 0) return recipe->optimised = true;
  if (strcmp(word, "restart") == 0) return recipe->restart = true;
  return take_quality(recipe, word);
}

bool recipe_parse(const char *text, struct recipe *recipe, struct failure *failure) {
  char words[RECIPE_NAME_MAX];
  if (strlen(text) >= sizeof words) return failure_set(failure, "%.40s...: not a recipe", text);
  strcpy(words, text);
  char *rest = NULL;
  char *word = strtok_r(words, "-", &rest);
  bool png = word != NULL && strcmp(word, "png") == 0;
  if (!png && (word == NULL || strcmp(word, "jpeg") != 0)) {
    return failure_set(failure, "recipe '%s' begins with neither jpeg nor png", text);
  }
  *recipe = (struct recipe){.png = png, .layout = png ? LAYOUT_RGB : LAYOUT_420, .quality = png ? 0 : 85};
  while ((word = strtok_r(NULL, "-", &rest)) != NULL) {
    if (!take_word(recipe, word)) return failure_set(failure, "recipe '%s': '%s' is not known there", text, word);
  }
  return true;
}

void recipe_name(const struct recipe *recipe, char name[RECIPE_NAME_MAX]) {
  const char *layout = LAYOUT[recipe->layout].name;
  if (recipe->png) {
    snprintf(name, RECIPE_NAME_MAX, "png-%s%s", layout, recipe->interlaced ? "-interlaced" : "");
    return;
  }
  snprintf(name, RECIPE_NAME_MAX, "jpeg%s-%s-q%d%s%s", recipe->progressive ? "-progressive" : "", layout,
           recipe->quality, recipe->optimised ? "-optimised" : "", recipe->restart ? "-restart" : "");
}

static struct recipe draw_jpeg(struct random_stream *random) {
  static const int qualities[] = {60, 70, 75, 75, 80, 85, 85, 85, 90, 92, 95};
  struct recipe recipe = {0};
  int layout = random_below(random, 100);
  recipe.layout = layout < 70 ? LAYOUT_420 : layout < 78 ? LAYOUT_422 : layout < 93 ? LAYOUT_444 : LAYOUT_GREY;
  recipe.quality = qualities[random_below(random, sizeof qualities / sizeof qualities[0])];
  recipe.progressive = random_percent(random, 33);
  bool optimised = random_percent(random, 30);
  recipe.optimised = optimised && !recipe.progressive;
  recipe.restart = random_percent(random, 4);
  return recipe;
}

static struct recipe draw_png(struct random_stream *random) {
  struct recipe recipe = {.png = true};
  int layout = random_below(random, 100);
  recipe.layout = layout < 42   ? LAYOUT_RGB
                  : layout < 64 ? LAYOUT_RGBA
                  : layout < 80 ? LAYOUT_PALETTE
                  : layout < 88 ? LAYOUT_GREY
                  : layout < 92 ? LAYOUT_GREYALPHA
                  : layout < 97 ? LAYOUT_RGB16
                                : LAYOUT_GREY16;
  recipe.interlaced = random_percent(random, 12);
  return recipe;
}

struct recipe recipe_draw(struct random_stream *random, enum recipe_formats formats) {
  bool png = random_percent(random, 20);
  if (formats != FORMATS_ALL) png = formats == FORMATS_PNG;
  return png ? draw_png(random) : draw_jpeg(random);
}

bool recipe_encode(const struct recipe *recipe, const struct canvas *canvas, struct output_bytes *bytes,
                   struct failure *failure) {
  return recipe->png ? encode_png(recipe, canvas, bytes, failure) : encode_jpeg(recipe, canvas, bytes, failure);
}
