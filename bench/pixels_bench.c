/* SPDX-License-Identifier: Apache-2.0 */
/* `hashscan-bench pixels`: from decoded 8-bit luma to hash, one thread: the fast level given whole pictures (`fast`)
 * and row by row (`fast-rows`), the exact level, and the naive reference. Pictures come from files, decoded before the
 * clock starts, or are generated at several sizes. */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../tests/oracles/naive_pdq.h"
#include "base/cpu.h"
#include "base/file_read.h"
#include "bench.h"
#include "image/image.h"
#include "pdq/fast.h"
#include "pdq/pdq.h"
#include "pdq/spectrum.h"

enum { SUBJECTS = 4 };

struct picture {
  uint32_t width, height;
  uint8_t *pixels;
  hashscan_pdq exact;
  hashscan_pdq fast;
};

struct set {
  struct picture *pictures;
  size_t count;
  float *luma; /* for the naive reference, as large as the largest picture */
  float *scratch;
  struct pdq_stream *stream;
  struct pdq_fast *fast;
};

/* ---- What is timed ----------------------------------------------------------------------------------------------- */

static bool run_naive(void *user) {
  struct set *set = user;
  for (size_t i = 0; i < set->count; i++) {
    const struct picture *p = &set->pictures[i];
    hashscan_pdq hash;
    int quality;
    for (size_t k = 0; k < (size_t)p->width * p->height; k++) set->luma[k] = (float)p->pixels[k];
    naive_pdq_from_luma(set->luma, set->scratch, p->width, p->height, false, &hash, &quality);
  }
  return true;
}

static bool run_exact(void *user) {
  struct set *set = user;
  for (size_t i = 0; i < set->count; i++) {
    struct picture *p = &set->pictures[i];
    int quality;
    if (!pdq_stream_begin(set->stream, p->width, p->height, 1, HASHSCAN_PROFILE_FULL)) return false;
    for (uint32_t y = 0; y < p->height; y++) pdq_stream_row(set->stream, p->pixels + (size_t)y * p->width);
    pdq_stream_finish(set->stream, false, &p->exact, &quality);
  }
  return true;
}

static bool hash_fast(struct set *set, uint32_t rows_at_once) {
  for (size_t i = 0; i < set->count; i++) {
    struct picture *p = &set->pictures[i];
    struct pdq_fast_result result;
    if (!pdq_fast_begin(set->fast, p->width, p->height, 1)) return false;
    for (uint32_t y = 0; y < p->height; y += rows_at_once) {
      const uint32_t left = p->height - y;
      pdq_fast_rows(set->fast, p->pixels + (size_t)y * p->width, p->width, left < rows_at_once ? left : rows_at_once);
    }
    pdq_fast_finish(set->fast, &result);
    pdq_hash_of(result.coefficients, HASHSCAN_TRANSFORM_NONE, &p->fast);
  }
  return true;
}

static bool run_fast(void *user) {
  return hash_fast(user, UINT32_MAX / 2);
}

static bool run_fast_rows(void *user) {
  return hash_fast(user, 1);
}

/* ---- Pictures ---------------------------------------------------------------------------------------------------- */

static void set_close(struct set *set) {
  for (size_t i = 0; i < set->count; i++) free(set->pictures[i].pixels);
  free(set->pictures);
  free(set->luma);
  free(set->scratch);
  pdq_stream_destroy(set->stream);
  pdq_fast_destroy(set->fast);
}

/* Fills `set` but for its pictures. */
static bool set_open(struct set *set) {
  size_t largest = 0;
  for (size_t i = 0; i < set->count; i++) {
    const size_t size = (size_t)set->pictures[i].width * set->pictures[i].height;
    if (size > largest) largest = size;
  }
  set->luma = malloc(largest * sizeof *set->luma);
  set->scratch = malloc(largest * sizeof *set->scratch);
  set->stream = pdq_stream_create();
  set->fast = pdq_fast_create();
  return set->luma != NULL && set->scratch != NULL && set->stream != NULL && set->fast != NULL;
}

/* Smooth gradients, blocks of several sizes and noise. */
static bool generate(struct picture *p, uint32_t side) {
  uint32_t noise = 12345;
  *p = (struct picture){.width = side, .height = side, .pixels = malloc((size_t)side * side)};
  for (uint32_t y = 0; p->pixels != NULL && y < side; y++) {
    for (uint32_t x = 0; x < side; x++) {
      noise = noise * 1664525u + 1013904223u;
      const uint32_t u = x * 4096u / side;
      const uint32_t v = y * 4096u / side;
      p->pixels[(size_t)y * side + x] = (uint8_t)((u / 148 * 31 + v / 212 * 17 + u * v / 65536) % 200 + (noise >> 27));
    }
  }
  return p->pixels != NULL;
}

struct luma_sink {
  struct picture *picture;
  unsigned channels;
  size_t filled;
};

static bool begin_luma(void *user, const struct image_info *info) {
  struct luma_sink *sink = user;
  free(sink->picture->pixels);
  *sink->picture = (struct picture){.width = info->width, .height = info->height};
  sink->picture->pixels = malloc((size_t)info->width * info->height);
  sink->channels = info->channels;
  sink->filled = 0;
  return sink->picture->pixels != NULL;
}

static bool row_to_luma(void *user, const uint8_t *pixels) {
  struct luma_sink *sink = user;
  for (uint32_t x = 0; x < sink->picture->width; x++) {
    const uint8_t *p = pixels + (size_t)x * sink->channels;
    sink->picture->pixels[sink->filled++] =
        sink->channels == 1 ? p[0] : (uint8_t)((299u * p[0] + 587u * p[1] + 114u * p[2] + 500u) / 1000u);
  }
  return true;
}

static bool decode(struct picture *p, const char *path) {
  const hashscan_limits limits = HASHSCAN_LIMITS_INIT;
  struct luma_sink luma = {.picture = p};
  const struct image_sink sink = {.user = &luma, .begin = begin_luma, .row = row_to_luma};
  struct image_info info;
  char reason[HASHSCAN_REASON_SIZE];
  struct buffer file = {0};
  if (file_read(AT_FDCWD, path, limits.max_file_bytes, &file, reason) != HASHSCAN_STATUS_OK) {
    fprintf(stderr, "hashscan-bench: %s: %s\n", path, reason);
    return false;
  }
  const hashscan_status status = image_decode(file.bytes, file.size, &limits, &sink, &info, reason);
  buffer_free(&file);
  if (status == HASHSCAN_STATUS_OK && p->width >= 5 && p->height >= 5) return true;
  fprintf(stderr, "hashscan-bench: %s: %s\n", path, status == HASHSCAN_STATUS_OK ? "too small" : reason);
  return false;
}

/* ---- Output ------------------------------------------------------------------------------------------------------ */

static double mean_distance(const struct set *set) {
  double sum = 0.0;
  for (size_t i = 0; i < set->count; i++) sum += hashscan_pdq_distance(&set->pictures[i].exact, &set->pictures[i].fast);
  return sum / (double)set->count;
}

/* `side` 0: pictures of many sizes. */
static bool bench_set(struct set *set, uint32_t side, size_t rounds, FILE *json, bool first) {
  double seconds[SUBJECTS][BENCH_MAX_ROUNDS];
  struct bench_subject subjects[SUBJECTS] = {{"naive-reference", run_naive, set, seconds[0]},
                                             {"exact", run_exact, set, seconds[1]},
                                             {"fast", run_fast, set, seconds[2]},
                                             {"fast-rows", run_fast_rows, set, seconds[3]}};
  if (!set_open(set) || !bench_interleave(subjects, SUBJECTS, rounds)) {
    fprintf(stderr, "hashscan-bench: out of memory\n");
    return false;
  }
  FILE *table = json == stdout ? stderr : stdout;
  if (side != 0) fprintf(table, "%u x %u grey, %s\n", side, side, hashscan_cpu());
  else fprintf(table, "%zu pictures, %s\n", set->count, hashscan_cpu());
  double naive = 0.0;
  for (size_t i = 0; i < SUBJECTS; i++) {
    const double each = bench_median(seconds[i], rounds) / (double)set->count;
    if (i == 0) naive = each;
    fprintf(table, "  %-16s %12.1f us %9.1f times\n", subjects[i].name, each * 1e6, naive / each);
    if (json == NULL) continue;
    fprintf(json, "%s\n  {\"name\":\"%s\",\"images\":%zu,\"us_per_image\":%.2f,\"cpu\":\"%s\"",
            first && i == 0 ? "" : ",", subjects[i].name, set->count, each * 1e6, hashscan_cpu());
    fprintf(json, side != 0 ? ",\"side\":%u}" : "}", side);
  }
  fprintf(table, "  fast and exact differ by %.2f bits in the mean\n", mean_distance(set));
  return true;
}

static bool bench_generated(uint32_t side, size_t rounds, FILE *json, bool first) {
  struct set set = {.pictures = calloc(1, sizeof *set.pictures), .count = 1};
  if (set.pictures == NULL) return false;
  const bool ok = generate(set.pictures, side) && bench_set(&set, side, rounds, json, first);
  set_close(&set);
  return ok;
}

static bool bench_files(char **paths, size_t count, size_t rounds, FILE *json) {
  struct set set = {.pictures = calloc(count, sizeof *set.pictures), .count = count};
  if (set.pictures == NULL) return false;
  bool ok = true;
  for (size_t i = 0; ok && i < count; i++) ok = decode(&set.pictures[i], paths[i]);
  ok = ok && bench_set(&set, 0, rounds, json, true);
  set_close(&set);
  return ok;
}

struct settings {
  uint64_t rounds;
  const char *json;
};

static const struct option options[] = {
    BENCH_ROUNDS_OPTION(struct settings, "How often each is timed. Default 11."),
    BENCH_JSON_OPTION(struct settings),
    {.name = NULL},
};

static int run_pixels(const struct command *command, int argc, char **argv) {
  static const uint32_t sides[] = {512, 1024, 2048, 4000};
  struct settings settings = {.rounds = 11};
  struct operands files;
  int exit_code;
  if (!options_parse(command, argc, argv, &settings, &files, &exit_code)) return exit_code;
  const unsigned rounds = (unsigned)settings.rounds;
  FILE *json;
  if (!bench_open_json(settings.json, &json)) return 2;
  bool ok = true;
  if (json != NULL) fputs("{\"rows\":[", json);
  if (files.count > 0) ok = bench_files(files.items, files.count, rounds, json);
  else
    for (size_t i = 0; ok && i < sizeof sides / sizeof *sides; i++)
      ok = bench_generated(sides[i], rounds, json, i == 0);
  if (json != NULL) fputs("\n]}\n", json);
  return bench_close_json(json, settings.json) && ok ? 0 : 1;
}

const struct command bench_pixels = {"pixels", "[FILE...]",
                                     "Hashes decoded luma at level fast, against exact and the naive reference",
                                     options, run_pixels};
