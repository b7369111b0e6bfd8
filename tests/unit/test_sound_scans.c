/* SPDX-License-Identifier: Apache-2.0 */
/* Scan scripts of every sort, sane and not: progressive files that hide precision, leave coefficients out, send them
 * twice or run over their bands, and sequential files in one scan and several. Whatever libjpeg makes of them, the
 * default has the verdict of exact. */
#include <stdlib.h>
#include <string.h>

#include "../support/coefficients.h"
#include "../support/expect.h"
#include "../support/random.h"
#include "../support/sound.h"

#define DC(high_, low_)                                                                                                \
  { .count = 3, .components = {0, 1, 2}, .high = (high_), .low = (low_) }
#define DC_OF(component_, high_, low_)                                                                                 \
  { .count = 1, .components = {component_}, .high = (high_), .low = (low_) }
#define AC(component_, first_, last_, high_, low_)                                                                     \
  { .count = 1, .components = {component_}, .first = (first_), .last = (last_), .high = (high_), .low = (low_) }

enum { MAX_SCRIPT = 24 };

struct script {
  const char *name;
  struct craft_scan scans[MAX_SCRIPT]; /* up to the first without components */
};

static const struct script scripts[] = {
    {"libjpeg's own",
     {DC(0, 1), AC(0, 1, 5, 0, 2), AC(2, 1, 63, 0, 1), AC(1, 1, 63, 0, 1), AC(0, 6, 63, 0, 2), AC(0, 1, 63, 2, 1),
      DC(1, 0), AC(2, 1, 63, 1, 0), AC(1, 1, 63, 1, 0), AC(0, 1, 63, 1, 0)}},
    {"bands alone",
     {DC(0, 0), AC(0, 1, 2, 0, 0), AC(0, 3, 9, 0, 0), AC(0, 10, 63, 0, 0), AC(1, 1, 63, 0, 0), AC(2, 1, 63, 0, 0)}},
    {"bits alone",
     {DC(0, 3), AC(0, 1, 63, 0, 3), AC(1, 1, 63, 0, 3), AC(2, 1, 63, 0, 3), DC(3, 2), DC(2, 1), DC(1, 0),
      AC(0, 1, 63, 3, 2), AC(0, 1, 63, 2, 1), AC(0, 1, 63, 1, 0), AC(1, 1, 63, 3, 2), AC(1, 1, 63, 2, 1),
      AC(1, 1, 63, 1, 0), AC(2, 1, 63, 3, 2), AC(2, 1, 63, 2, 1), AC(2, 1, 63, 1, 0)}},
    {"almost all bits in late scans",
     {DC(0, 5), AC(0, 1, 63, 0, 5), AC(1, 1, 63, 0, 0), AC(2, 1, 63, 0, 0), AC(0, 1, 63, 5, 4), AC(0, 1, 63, 4, 3),
      AC(0, 1, 63, 3, 2), AC(0, 1, 63, 2, 1), AC(0, 1, 63, 1, 0), DC(5, 4), DC(4, 3), DC(3, 2), DC(2, 1), DC(1, 0)}},
    {"bits of single bands in late scans",
     {DC(0, 0), AC(0, 1, 63, 0, 3), AC(1, 1, 63, 0, 0), AC(2, 1, 63, 0, 0), AC(0, 1, 1, 3, 2), AC(0, 2, 5, 3, 2),
      AC(0, 6, 63, 3, 2), AC(0, 1, 1, 2, 1), AC(0, 2, 2, 2, 1), AC(0, 3, 63, 2, 1), AC(0, 1, 63, 1, 0)}},
    {"DC alone", {DC(0, 0)}},
    {"DC alone, bits missing", {DC(0, 4)}},
    {"luma alone has AC", {DC(0, 0), AC(0, 1, 63, 0, 0)}},
    {"five AC", {DC(0, 0), AC(0, 1, 5, 0, 0), AC(1, 1, 63, 0, 0), AC(2, 1, 63, 0, 0)}},
    {"first AC missing", {DC(0, 0), AC(0, 2, 63, 0, 0), AC(1, 1, 63, 0, 0), AC(2, 1, 63, 0, 0)}},
    {"AC bits missing", {DC(0, 0), AC(0, 1, 63, 0, 2), AC(1, 1, 63, 0, 0), AC(2, 1, 63, 0, 0)}},
    {"late AC missing", {DC(0, 0), AC(0, 1, 20, 0, 0), AC(1, 1, 63, 0, 0), AC(2, 1, 63, 0, 0)}},
    {"bands backwards",
     {DC(0, 0), AC(2, 1, 63, 0, 0), AC(1, 1, 63, 0, 0), AC(0, 30, 63, 0, 0), AC(0, 6, 29, 0, 0), AC(0, 1, 5, 0, 0)}},
    {"DC of each component",
     {DC_OF(0, 0, 0), DC_OF(1, 0, 0), DC_OF(2, 0, 0), AC(0, 1, 63, 0, 0), AC(1, 1, 63, 0, 0), AC(2, 1, 63, 0, 0)}},
    {"chroma first",
     {DC_OF(2, 0, 0), DC_OF(1, 0, 0), DC_OF(0, 0, 0), AC(2, 1, 63, 0, 0), AC(0, 1, 63, 0, 0), AC(1, 1, 63, 0, 0)}},
    {"chroma never", {DC_OF(0, 0, 0), AC(0, 1, 63, 0, 0)}},
    {"luma never", {DC_OF(1, 0, 0), DC_OF(2, 0, 0), AC(1, 1, 63, 0, 0), AC(2, 1, 63, 0, 0)}},
    {"AC before DC", {AC(0, 1, 63, 0, 0), DC(0, 0), AC(1, 1, 63, 0, 0), AC(2, 1, 63, 0, 0)}},
    {"DC twice", {DC(0, 0), AC(0, 1, 63, 0, 0), AC(1, 1, 63, 0, 0), AC(2, 1, 63, 0, 0), DC(0, 2)}},
    {"AC twice", {DC(0, 0), AC(0, 1, 63, 0, 0), AC(1, 1, 63, 0, 0), AC(2, 1, 63, 0, 0), AC(0, 1, 63, 0, 3)}},
    {"bands overlap", {DC(0, 0), AC(0, 1, 20, 0, 0), AC(0, 10, 63, 0, 0), AC(1, 1, 63, 0, 0), AC(2, 1, 63, 0, 0)}},
    {"refinement alone", {DC(0, 0), AC(0, 1, 63, 1, 0), AC(1, 1, 63, 0, 0), AC(2, 1, 63, 0, 0)}},
    {"DC refinement alone", {DC(1, 0), AC(0, 1, 63, 0, 0), AC(1, 1, 63, 0, 0), AC(2, 1, 63, 0, 0)}},
    {"a refinement left out",
     {DC(0, 0), AC(0, 1, 63, 0, 3), AC(0, 1, 63, 2, 1), AC(0, 1, 63, 1, 0), AC(1, 1, 63, 0, 0), AC(2, 1, 63, 0, 0)}},
    {"a refinement twice",
     {DC(0, 0), AC(0, 1, 63, 0, 1), AC(0, 1, 63, 1, 0), AC(0, 1, 63, 1, 0), AC(1, 1, 63, 0, 0), AC(2, 1, 63, 0, 0)}},
    {"a refinement of two bits",
     {DC(0, 0), AC(0, 1, 63, 0, 2), AC(0, 1, 63, 2, 0), AC(1, 1, 63, 0, 0), AC(2, 1, 63, 0, 0)}},
};

static const struct craft_sampling samplings[][3] = {
    {{1, 1}, {1, 1}, {1, 1}}, {{2, 2}, {1, 1}, {1, 1}}, {{2, 1}, {1, 1}, {1, 1}}, {{1, 2}, {1, 1}, {1, 1}}};
static const uint32_t sizes[][2] = {{512, 512}, {400, 300}, {200, 417}, {641, 523}};

/* Two of the seeds have restart intervals and short EOB runs. */
static void open_picture(struct craft *craft, uint64_t seed) {
  craft_open_waves(craft, seed, sizes[seed % 4][0], sizes[seed % 4][1], 3, samplings[(seed + seed / 4) % 4], 85);
}

static void put_script(struct craft *craft, const struct craft_scan *scans, uint64_t seed) {
  craft_header(craft, CRAFT_SOF2);
  for (size_t i = 0; i < MAX_SCRIPT && scans[i].count > 0; i++) {
    struct craft_scan scan = scans[i];
    scan.longest_run = (unsigned)(seed % 3); /* 0: the longest */
    if (seed % 4 == 1 && i % 3 == 0) craft_restart(craft, (unsigned)(1 + (seed + i) % 50));
    craft_scan(craft, &scan);
  }
}

/* The writer knows what it wrote: libjpeg has the same coefficients. */
static void assert_sent(const struct craft *craft, const struct encoded *file) {
  struct libjpeg_read truth;
  libjpeg_read(&truth, file->bytes, file->size);
  if (truth.failed || !truth.y_is_full) return;
  const struct craft_component *luma = &craft->components[0];
  for (uint32_t y = 0; y < luma->high; y++)
    assert_memory_equal(truth.coefficients.luma + (size_t)y * luma->wide * CRAFT_BLOCK,
                        luma->sent + (size_t)y * luma->across * CRAFT_BLOCK,
                        (size_t)luma->wide * CRAFT_BLOCK * sizeof(int16_t));
  coefficients_free(&truth.coefficients);
}

/* Checks the file that `craft` has, and closes it. */
static void check(const char *kind, struct craft *craft) {
  struct encoded file = craft_end(craft);
  assert_sent(craft, &file);
  sound_check_encoded(kind, file);
  craft_close(craft);
}

static void any_script(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
    for (uint64_t seed = 0; seed < 3; seed++) {
      struct craft craft;
      open_picture(&craft, 10 * i + seed);
      put_script(&craft, scripts[i].scans, 10 * i + seed);
      check(scripts[i].name, &craft);
    }
  }
  sound_end("progressive scripts");
}

/* ---- What late scans change -------------------------------------------------------------------------------------- */

/* Patches of blocks whose first AC coefficients are far from those of the picture until the last scan of them says
 * otherwise, or for ever. */
static void disturb(struct craft *craft, uint64_t seed, int by) {
  for (uint32_t y = 0; y < craft->components[0].down; y++)
    for (uint32_t x = 0; x < craft->components[0].across; x++) {
      struct random_state random = random_seeded(seed + y / 4 * 1000 + x / 4);
      const uint64_t pick = random_next(&random);
      if (pick % 2 == 0) continue;
      int16_t *block = craft_block(craft, 0, x, y);
      for (unsigned k = 1; k < 4; k++) block[k] = (int16_t)(pick >> k & 1 ? by : -by);
    }
}

static void hidden_precision(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < 12; seed++) {
    struct craft craft;
    open_picture(&craft, seed);
    for (unsigned k = 1; k < CRAFT_BLOCK; k++) craft.quant[0][k] = 16;
    disturb(&craft, seed, 3 + (int)seed * 5); /* below what the first scans send */
    put_script(&craft, scripts[seed % 2 == 0 ? 3 : 4].scans, seed);
    check("hidden precision", &craft);
  }
  sound_expect_hashed();
  sound_end("hidden precision");
}

static int8_t *new_overruns(const struct craft *craft, unsigned component, uint64_t seed) {
  const size_t count = (size_t)craft->components[component].across * craft->components[component].down;
  int8_t *overrun = malloc(count);
  assert_non_null(overrun);
  struct random_state random = random_seeded(seed);
  for (size_t i = 0; i < count; i++) overrun[i] = (int8_t)(random_next(&random) % 4 == 0 ? 1 - (int)(i % 3) : 0);
  return overrun;
}

/* Scans that run over their bands, each of a script in turn: into the next band, sent before or after, and over 63. */
static void overruns(void **state) {
  (void)state;
  static const struct craft_scan script[] = {
      DC(0, 0),          AC(0, 1, 2, 0, 2),   AC(0, 3, 9, 0, 2), AC(0, 10, 63, 0, 2), AC(0, 1, 2, 2, 1),
      AC(0, 3, 9, 2, 1), AC(0, 10, 63, 2, 1), AC(0, 1, 1, 1, 0), AC(0, 2, 2, 1, 0),   AC(0, 3, 63, 1, 0),
      AC(1, 1, 5, 0, 0), AC(1, 6, 63, 0, 0),  AC(2, 1, 63, 0, 0)};
  const size_t count = sizeof script / sizeof *script;
  for (size_t chosen = 1; chosen < count; chosen++)
    for (uint64_t seed = 0; seed < 2; seed++) {
      struct craft craft;
      open_picture(&craft, 2 * chosen + seed);
      int8_t *overrun = new_overruns(&craft, script[chosen].components[0], seed);
      craft_header(&craft, CRAFT_SOF2);
      for (size_t i = 0; i < count; i++) {
        struct craft_scan scan = script[i];
        if (i == chosen) scan.overrun = overrun;
        craft_scan(&craft, &scan);
      }
      check("overruns", &craft);
      free(overrun);
    }
  sound_expect_hashed();
  sound_end("overruns");
}

/* Scripts drawn by chance; some scans are of another order than a decoder wants them. */
static void scripts_by_chance(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < 30; seed++) {
    struct random_state random = random_seeded(seed);
    struct craft craft;
    open_picture(&craft, seed);
    craft_header(&craft, CRAFT_SOF2);
    const unsigned dc_low = (unsigned)(random_next(&random) % 3);
    craft_scan(&craft, &(struct craft_scan)DC(0, (uint8_t)dc_low));
    for (unsigned low = dc_low; low-- > 0;)
      craft_scan(&craft, &(struct craft_scan)DC((uint8_t)(low + 1), (uint8_t)low));
    for (unsigned i = 0; i < 14; i++) {
      const uint8_t component = (uint8_t)(random_next(&random) % 5 % 3);
      const uint8_t first = (uint8_t)(1 + random_next(&random) % 12);
      const uint8_t last = (uint8_t)(first + random_next(&random) % (64 - first));
      const uint8_t low = (uint8_t)(random_next(&random) % 4);
      const uint8_t high = (uint8_t)(random_next(&random) % 2 == 0 ? 0 : low + 1);
      craft_scan(&craft, &(struct craft_scan)AC(component, first, last, high, low));
    }
    check("scripts by chance", &craft);
  }
  sound_end("scripts by chance");
}

/* ---- Sequential files -------------------------------------------------------------------------------------------- */

static void scans_of_components(void **state) {
  (void)state;
  static const struct craft_scan orders[][3] = {
      {{.count = 3, .components = {0, 1, 2}, .last = 63}},
      {{.count = 1, .components = {0}, .last = 63},
       {.count = 1, .components = {1}, .last = 63},
       {.count = 1, .components = {2}, .last = 63}},
      {{.count = 1, .components = {2}, .last = 63},
       {.count = 1, .components = {0}, .last = 63},
       {.count = 1, .components = {1}, .last = 63}},
      {{.count = 2, .components = {0, 1}, .last = 63}, {.count = 1, .components = {2}, .last = 63}},
      {{.count = 1, .components = {0}, .last = 63}, {.count = 2, .components = {1, 2}, .last = 63}},
      {{.count = 2, .components = {0, 2}, .last = 63}, {.count = 1, .components = {1}, .last = 63}},
      {{.count = 3, .components = {2, 1, 0}, .last = 63}},
      {{.count = 1, .components = {0}, .last = 63}, {.count = 1, .components = {0}, .last = 63}},
      {{.count = 1, .components = {0}, .last = 63}},
      {{.count = 2, .components = {1, 2}, .last = 63}},
      {{.count = 3, .components = {0, 1, 2}, .last = 63}, {.count = 3, .components = {0, 1, 2}, .last = 63}},
      {{.count = 3, .components = {0, 1, 2}, .last = 5}},
      {{.count = 3, .components = {0, 1, 2}, .first = 3, .last = 40, .high = 2, .low = 1}},
  };
  for (size_t i = 0; i < sizeof orders / sizeof *orders; i++)
    for (uint64_t seed = 0; seed < 3; seed++) {
      struct craft craft;
      open_picture(&craft, 7 * i + seed);
      craft.standard_codes = seed == 1;
      craft_header(&craft, seed == 2 ? CRAFT_SOF1 : CRAFT_SOF0);
      if (seed > 0) craft_restart(&craft, (unsigned)(i % 5 * 11));
      for (size_t s = 0; s < 3 && orders[i][s].count > 0; s++) craft_scan(&craft, &orders[i][s]);
      check("scans of components", &craft);
    }
  sound_end("sequential scans of components");
}

static void sequential_overruns(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < 4; seed++) {
    struct craft craft;
    craft_open_waves(&craft, seed, 400, 320, 1, samplings[0], 90);
    int8_t *overrun = new_overruns(&craft, 0, seed);
    const struct craft_scan scan = {.count = 1, .components = {0}, .last = 63, .overrun = overrun};
    craft_header(&craft, CRAFT_SOF0);
    craft_scan(&craft, &scan);
    check("sequential overruns", &craft);
    free(overrun);
  }
  sound_expect_hashed();
  sound_end("sequential overruns");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(any_script),        cmocka_unit_test(hidden_precision),    cmocka_unit_test(overruns),
      cmocka_unit_test(scripts_by_chance), cmocka_unit_test(scans_of_components), cmocka_unit_test(sequential_overruns),
  };
  return cmocka_run_group_tests(tests, sound_set_up, sound_tear_down);
}
