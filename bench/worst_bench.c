/* SPDX-License-Identifier: Apache-2.0 */
/* `hashscan-bench worst`: the search for the picture whose fast hash is furthest from the exact one. For each size,
 * every family of attacks (worst_attack.h) in round after round, and of all that was found the largest errors. Fails
 * when an error is more than the bound that core/src/pdq/rounding.c proves (of a coefficient, of the 64x64 luma, of a
 * difference of neighbours in it), a bit that was called certain is wrong, or exact's quality is outside the interval.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../tests/oracles/worst_attack.h"
#include "base/clock.h"
#include "base/file_read.h"
#include "bench.h"
#include "image/image.h"
#include "pdq/shape.h"

enum { MAX_SIZES = 64 };

struct size {
  uint32_t width;
  uint32_t height;
};

struct settings {
  struct size sizes[MAX_SIZES];
  size_t size_count;
  size_t rounds; /* 0: as many as time allows */
  double seconds;
  double effort;
  uint64_t seed;
};

/* The largest of each kind over many attacks. */
struct worst {
  struct worst_result largest;
  struct worst_attack attack; /* of the largest coefficient, fast against exact */
  const char *file;           /* instead of an attack */
  int quality_error;
  size_t count;
};

/* Sides around the multiples of 128 and 64 where windows and samples change; usual pictures; the longest sides that
 * libjpeg reads; the most pixels that the default limits let through. */
static const struct size usual_sizes[] = {
    {5, 5},       {16, 16},     {63, 63},     {64, 64},     {65, 65},     {127, 127},   {128, 128},
    {129, 129},   {191, 193},   {256, 256},   {257, 257},   {320, 240},   {512, 512},   {513, 513},
    {640, 480},   {800, 600},   {1024, 768},  {1023, 1023}, {1024, 1024}, {1025, 1025}, {1600, 1200},
    {1920, 1080}, {2048, 2048}, {2049, 2049}, {4000, 3000}, {4032, 3024}, {4096, 4096}, {8192, 128},
    {128, 8192},  {32768, 128}, {32769, 5},   {65500, 5},   {5, 65500},   {65500, 128}, {128, 65500},
};
static const struct size large_sizes[] = {
    {6000, 4000}, {8192, 8192}, {10000, 10000}, {32768, 3000}, {3000, 32768}, {65500, 1526}, {1526, 65500},
};

/* ---- Searching --------------------------------------------------------------------------------------------------- */

static void raise_to(double *largest, double value) {
  if (!(value <= *largest)) *largest = value;
}

/* Returns whether this is the largest coefficient so far. */
static bool keep_largest(struct worst *worst, const struct worst_result *result) {
  const bool is_largest =
      worst->count++ == 0 || result->coefficient[WORST_FAST_EXACT] > worst->largest.coefficient[WORST_FAST_EXACT];
  for (size_t pair = 0; pair < WORST_PAIRS; pair++) {
    raise_to(&worst->largest.picture[pair], result->picture[pair]);
    raise_to(&worst->largest.coefficient[pair], result->coefficient[pair]);
  }
  raise_to(&worst->largest.ratio, result->ratio);
  raise_to(&worst->largest.picture_ratio, result->picture_ratio);
  worst->largest.quality_missed |= result->quality_missed;
  if (result->wrong_certain > worst->largest.wrong_certain) worst->largest.wrong_certain = result->wrong_certain;
  const int quality_error = abs(result->quality_fast - result->quality_exact);
  if (quality_error > worst->quality_error) worst->quality_error = quality_error;
  return is_largest;
}

/* RGB first; grey, whose sums along rows are exact, and RGBX every fourth round. */
static unsigned channels_of(uint64_t round) {
  static const unsigned channels[] = {3, 3, 1, 4};
  return channels[round % 4];
}

/* Round after round until `rounds` are done or, but for the first round without its climb, `until` is past. */
static bool search_size(struct worst_meter *meter, const struct settings *settings, struct size size, double until,
                        struct worst *worst) {
  for (size_t round = 0; settings->rounds == 0 || round < settings->rounds; round++) {
    for (int family = 0; family < WORST_FAMILIES; family++) {
      const struct worst_attack attack = {(enum worst_family)family, size.width,      size.height, channels_of(round),
                                          settings->seed + round,    settings->effort};
      struct worst_result result;
      if (!worst_attack_applies(&attack)) continue;
      const bool may_stop = settings->rounds == 0 && (round > 0 || family == WORST_CLIMB);
      if (may_stop && clock_seconds() > until) return true;
      if (!worst_attack_run(meter, &attack, &result)) return false;
      if (keep_largest(worst, &result)) worst->attack = attack;
    }
  }
  return true;
}

/* ---- Files ------------------------------------------------------------------------------------------------------- */

struct decoded {
  struct worst_source source;
  uint8_t *pixels;
  size_t row_bytes;
  size_t rows;
};

static bool decoded_begin(void *user, const struct image_info *info) {
  struct decoded *decoded = user;
  free(decoded->pixels);
  decoded->source.width = info->width;
  decoded->source.height = info->height;
  decoded->source.channels = info->channels;
  decoded->row_bytes = (size_t)info->width * info->channels;
  decoded->rows = 0;
  decoded->pixels = malloc(decoded->row_bytes * info->height);
  return decoded->pixels != NULL;
}

static bool decoded_row(void *user, const uint8_t *pixels) {
  struct decoded *decoded = user;
  memcpy(decoded->pixels + decoded->rows++ * decoded->row_bytes, pixels, decoded->row_bytes);
  return true;
}

static const uint8_t *decoded_get(void *user, size_t y) {
  const struct decoded *decoded = user;
  return decoded->pixels + y * decoded->row_bytes;
}

static bool measure_file(struct worst_meter *meter, const char *path, struct worst_result *result) {
  const hashscan_limits limits = HASHSCAN_LIMITS_INIT;
  struct decoded decoded = {.source = {.row = decoded_get, .user = &decoded}};
  const struct image_sink sink = {.user = &decoded, .begin = decoded_begin, .row = decoded_row};
  struct image_info info;
  char reason[HASHSCAN_REASON_SIZE];
  struct buffer file = {0};
  bool done = false;
  if (file_read(AT_FDCWD, path, limits.max_file_bytes, &file, reason) == HASHSCAN_STATUS_OK) {
    const hashscan_status status = image_decode(file.bytes, file.size, &limits, &sink, &info, reason);
    done = (status == HASHSCAN_STATUS_OK || status == HASHSCAN_STATUS_DAMAGED) && info.width >= 5 && info.height >= 5 &&
           worst_measure(meter, &decoded.source, result);
  }
  if (!done) fprintf(stderr, "hashscan-bench: %s: cannot be measured\n", path);
  buffer_free(&file);
  free(decoded.pixels);
  return done;
}

static bool search_files(struct worst_meter *meter, char **files, size_t count, struct worst *worst) {
  bool done = true;
  for (size_t i = 0; i < count; i++) {
    struct worst_result result;
    if (!measure_file(meter, files[i], &result)) done = false;
    else if (keep_largest(worst, &result)) worst->file = files[i];
  }
  return done;
}

/* ---- Output ------------------------------------------------------------------------------------------------------ */

static void print_head(void) {
  printf("Largest errors of the 64x64 luma (A) and of coefficients (B) of the exact level (exact) and of fast (fast)\n"
         "against real arithmetic, and of fast against exact (both); the latter in epsilons; wrong certain bits;\n"
         "difference of quality; pictures measured; family, channels and seed of the largest B.\n\n"
         "%-13s %-9s %9s %9s %9s %9s %9s %9s %8s %5s %7s %6s  %s\n",
         "size", "windows", "A exact", "A fast", "A both", "B exact", "B fast", "B both", "epsilons", "wrong",
         "quality", "tried", "worst");
}

static void print_errors(const struct worst *worst) {
  const struct worst_result *largest = &worst->largest;
  for (size_t pair = 0; pair < WORST_PAIRS; pair++) printf(" %9.2g", largest->picture[pair]);
  for (size_t pair = 0; pair < WORST_PAIRS; pair++) printf(" %9.2g", largest->coefficient[pair]);
  printf(" %8.3f %5u %7d %6zu  ", largest->ratio, largest->wrong_certain, worst->quality_error, worst->count);
}

static void print_size(struct size size, const struct worst *worst) {
  char name[32];
  char windows[32];
  snprintf(name, sizeof name, "%" PRIu32 "x%" PRIu32, size.width, size.height);
  snprintf(windows, sizeof windows, "%" PRIu32 "x%" PRIu32, (uint32_t)pdq_window(size.width),
           (uint32_t)pdq_window(size.height));
  printf("%-13s %-9s", name, windows);
  print_errors(worst);
  printf("%s, %u, %" PRIu64 "\n", worst_family_name(worst->attack.family), worst->attack.channels, worst->attack.seed);
  fflush(stdout);
}

static void print_files(const struct worst *worst) {
  printf("%-13s %-9s", "files", "");
  print_errors(worst);
  printf("%s\n", worst->file);
}

/* ---- Options ----------------------------------------------------------------------------------------------------- */

static void add_sizes(struct settings *settings, const struct size *sizes, size_t count) {
  for (size_t i = 0; i < count && settings->size_count < MAX_SIZES; i++)
    settings->sizes[settings->size_count++] = sizes[i];
}

static bool parse_size(struct settings *settings, const char *text) {
  struct size size;
  char end;
  if (sscanf(text, "%" SCNu32 "x%" SCNu32 "%c", &size.width, &size.height, &end) != 2) return false;
  const hashscan_limits limits = HASHSCAN_LIMITS_INIT;
  if (size.width < 5 || size.height < 5 || size.width > 65500 || size.height > 65500 ||
      (uint64_t)size.width * size.height > limits.max_pixels || settings->size_count == MAX_SIZES)
    return false;
  add_sizes(settings, &size, 1);
  return true;
}

/* As the parser fills it. */
struct given {
  struct texts sizes;
  bool large;
  uint64_t seed, rounds;
  double seconds, effort;
};

static const struct option options[] = {
    {.name = "size",
     .type = OPTION_TEXTS,
     .offset = offsetof(struct given, sizes),
     .value = "WxH",
     .help = "Search this size instead of the usual ones. May be repeated."},
    {.name = "large",
     .type = OPTION_FLAG,
     .offset = offsetof(struct given, large),
     .help = "Search the largest sizes instead of the usual ones."},
    {.name = "seed",
     .type = OPTION_COUNT,
     .offset = offsetof(struct given, seed),
     .value = "S",
     .help = "Default 1.",
     .max = UINT64_C(1000000000000000)},
    {.name = "seconds",
     .type = OPTION_REAL,
     .offset = offsetof(struct given, seconds),
     .value = "S",
     .help = "For all sizes together, but one round at least. Default 300.",
     .max = 1000000},
    {.name = "rounds",
     .type = OPTION_COUNT,
     .offset = offsetof(struct given, rounds),
     .value = "K",
     .help = "Try every family so often for each size, however long it takes.",
     .min = 1,
     .max = 1000000000},
    {.name = "effort",
     .type = OPTION_REAL,
     .offset = offsetof(struct given, effort),
     .value = "E",
     .help = "Colours tried for one picture. Default 3e7.",
     .min = 1,
     .max = UINT64_C(1000000000000)},
    {.name = NULL},
};

/* Sizes from the command line, or the usual ones. False after a message. */
static bool take_sizes(const struct command *command, const struct given *given, struct settings *settings) {
  for (size_t i = 0; i < given->sizes.count; i++) {
    if (parse_size(settings, given->sizes.items[i])) continue;
    options_misused(command, "--size is '%s', not the width and height of a picture that is decoded, or one too many",
                    given->sizes.items[i]);
    return false;
  }
  if (given->large) add_sizes(settings, large_sizes, sizeof large_sizes / sizeof *large_sizes);
  if (settings->size_count == 0) add_sizes(settings, usual_sizes, sizeof usual_sizes / sizeof *usual_sizes);
  return true;
}

/* ---- The end ----------------------------------------------------------------------------------------------------- */

static bool search_all(struct worst_meter *meter, const struct settings *settings, struct worst *overall) {
  const double start = clock_seconds();
  for (size_t i = 0; i < settings->size_count; i++) {
    struct worst worst = {0};
    const double until = start + settings->seconds * (double)(i + 1) / (double)settings->size_count;
    if (!search_size(meter, settings, settings->sizes[i], until, &worst)) return false;
    print_size(settings->sizes[i], &worst);
    if (worst.largest.ratio > overall->largest.ratio) overall->attack = worst.attack;
    keep_largest(overall, &worst.largest);
    if (worst.quality_error > overall->quality_error) overall->quality_error = worst.quality_error;
  }
  return true;
}

static int search(const struct settings *settings, const struct operands *pictures) {
  struct worst_meter *meter = worst_meter_create();
  struct worst overall = {0};
  struct worst files = {0};
  print_head();
  bool done = meter != NULL && search_all(meter, settings, &overall);
  if (!done) fprintf(stderr, "hashscan-bench: out of memory\n");
  const double found = overall.largest.ratio;
  if (done && pictures->count > 0) {
    done = search_files(meter, pictures->items, pictures->count, &files);
    if (files.count > 0) print_files(&files);
    keep_largest(&overall, &files.largest);
  }
  worst_meter_destroy(meter);
  const bool sound = overall.largest.ratio <= 1.0 && overall.largest.picture_ratio <= 1.0 &&
                     overall.largest.wrong_certain == 0 && !overall.largest.quality_missed;
  printf("\nlargest error %.3f epsilons", overall.largest.ratio);
  if (overall.largest.ratio == found)
    printf(" (%s, %" PRIu32 "x%" PRIu32 ")", worst_family_name(overall.attack.family), overall.attack.width,
           overall.attack.height);
  printf(", %.3f of the bound on luma, of quality %d, %u wrong certain bits: %s\n", overall.largest.picture_ratio,
         overall.quality_error, overall.largest.wrong_certain, sound ? "the bounds hold" : "A BOUND DOES NOT HOLD");
  return done && sound ? 0 : 1;
}

static int run_worst(const struct command *command, int argc, char **argv) {
  struct given given = {.seconds = 300.0, .effort = 3e7, .seed = 1};
  struct operands pictures;
  int exit_code;
  if (!options_parse(command, argc, argv, &given, &pictures, &exit_code)) {
    free(given.sizes.items);
    return exit_code;
  }
  struct settings settings = {
      .seconds = given.seconds, .effort = given.effort, .seed = given.seed, .rounds = (size_t)given.rounds};
  exit_code = take_sizes(command, &given, &settings) ? search(&settings, &pictures) : PROGRAM_MISUSED;
  free(given.sizes.items);
  return exit_code;
}

const struct command bench_worst = {
    "worst", "[FILE...]", "Searches for pictures whose fast hash is furthest from exact, and measures files as well",
    options, run_worst};
