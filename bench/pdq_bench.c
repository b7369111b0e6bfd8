/* SPDX-License-Identifier: Apache-2.0 */
/* `hashscan-bench pdq`: hashing from decoded 8-bit luma at level exact, against the naive reference, one thread. The
 * two hashes must agree before anything is printed. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../tests/oracles/naive_pdq.h"
#include "base/cpu.h"
#include "bench.h"
#include "pdq/pdq.h"

struct picture {
  size_t side;
  uint8_t *pixels;
  float *luma;
  float *scratch;
  struct pdq_stream *stream;
  hashscan_pdq naive_hash;
  hashscan_pdq exact_hash;
  int naive_quality;
  int exact_quality;
};

static bool run_naive(void *user) {
  struct picture *p = user;
  for (size_t k = 0; k < p->side * p->side; k++) p->luma[k] = (float)p->pixels[k];
  naive_pdq_from_luma(p->luma, p->scratch, p->side, p->side, false, &p->naive_hash, &p->naive_quality);
  return true;
}

static bool run_exact(void *user) {
  struct picture *p = user;
  const uint32_t side = (uint32_t)p->side;
  if (!pdq_stream_begin(p->stream, side, side, 1, HASHSCAN_PROFILE_FULL)) return false;
  for (size_t y = 0; y < p->side; y++) pdq_stream_row(p->stream, p->pixels + y * p->side);
  pdq_stream_finish(p->stream, false, &p->exact_hash, &p->exact_quality);
  return true;
}

/* Blocks of several sizes with noise: content does not matter for the time, only for the agreement. */
static void paint(uint8_t *pixels, size_t side) {
  uint32_t noise = 12345;
  for (size_t y = 0; y < side; y++) {
    for (size_t x = 0; x < side; x++) {
      noise = noise * 1664525u + 1013904223u;
      pixels[y * side + x] = (uint8_t)((x / 37 * 31 + y / 53 * 17 + x * y / 4096) % 200 + (noise >> 27));
    }
  }
}

static bool picture_open(struct picture *p, size_t side) {
  *p = (struct picture){.side = side};
  p->pixels = malloc(side * side);
  p->luma = malloc(side * side * sizeof *p->luma);
  p->scratch = malloc(side * side * sizeof *p->scratch);
  p->stream = pdq_stream_create();
  if (p->pixels == NULL || p->luma == NULL || p->scratch == NULL || p->stream == NULL) return false;
  paint(p->pixels, side);
  return true;
}

static void picture_close(struct picture *p) {
  free(p->pixels);
  free(p->luma);
  free(p->scratch);
  pdq_stream_destroy(p->stream);
}

static bool bench_side(size_t side, size_t rounds, FILE *json, bool first) {
  struct picture picture;
  double naive_seconds[BENCH_MAX_ROUNDS];
  double exact_seconds[BENCH_MAX_ROUNDS];
  struct bench_subject subjects[] = {{"naive-reference", run_naive, &picture, naive_seconds},
                                     {"exact", run_exact, &picture, exact_seconds}};
  const bool ran = picture_open(&picture, side) && bench_interleave(subjects, 2, rounds);
  const bool agree = ran && memcmp(&picture.naive_hash, &picture.exact_hash, sizeof picture.naive_hash) == 0 &&
                     picture.naive_quality == picture.exact_quality;
  picture_close(&picture);
  if (!agree) {
    fprintf(stderr, "hashscan-bench: %zu px: %s\n", side, ran ? "the hashes differ" : "out of memory");
    return false;
  }
  const double naive = bench_median(naive_seconds, rounds);
  const double exact = bench_median(exact_seconds, rounds);
  fprintf(json == stdout ? stderr : stdout, "%5zu px   naive-reference %10.0f us   exact (%s) %8.1f us   %6.1f times\n",
          side, naive * 1e6, hashscan_cpu(), exact * 1e6, naive / exact);
  if (json != NULL)
    fprintf(json,
            "%s\n  {\"side\":%zu,\"name\":\"naive-reference\",\"us_per_image\":%.2f},\n"
            "  {\"side\":%zu,\"name\":\"exact\",\"cpu\":\"%s\",\"us_per_image\":%.2f}",
            first ? "" : ",", side, naive * 1e6, side, hashscan_cpu(), exact * 1e6);
  return true;
}

struct settings {
  uint64_t side, rounds; /* side 0: several */
  const char *json;
};

static const struct option options[] = {
    {.name = "side",
     .type = OPTION_NUMBER,
     .offset = offsetof(struct settings, side),
     .value = "PX",
     .help = "Hash squares of this side. Default: of 512, 1024 and 4000.",
     .min = 5,
     .max = 20000},
    BENCH_ROUNDS_OPTION(struct settings, "How often each is timed. Default 15."),
    BENCH_JSON_OPTION(struct settings),
    {.name = NULL},
};

static int run_pdq(const struct command *command, int argc, char **argv) {
  struct settings settings = {.rounds = 15};
  struct operands operands;
  int exit_code;
  if (!options_parse(command, argc, argv, &settings, &operands, &exit_code)) return exit_code;
  if (operands.count > 0) return options_misused(command, "'%s' is no option", operands.items[0]);
  size_t sides[] = {512, 1024, 4000};
  size_t side_count = 3;
  if (settings.side != 0) {
    sides[0] = (size_t)settings.side;
    side_count = 1;
  }
  FILE *json;
  if (!bench_open_json(settings.json, &json)) return 2;
  bool ok = true;
  if (json != NULL) fputs("{\"rows\":[", json);
  for (size_t i = 0; ok && i < side_count; i++) ok = bench_side(sides[i], (size_t)settings.rounds, json, i == 0);
  if (json != NULL) fputs("\n]}\n", json);
  return bench_close_json(json, settings.json) && ok ? 0 : 1;
}

const struct command bench_pdq = {"pdq", "", "Hashes decoded luma at level exact, against the naive reference", options,
                                  run_pdq};
