/* SPDX-License-Identifier: Apache-2.0 */
/* What the benchmarks share: interleaved timing, medians, and output as a table for people or JSON for programs. */
#ifndef HASHSCAN_BENCH_BENCH_H
#define HASHSCAN_BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "../core/cli/program.h"

/* One thing to time. `run` does the work once and returns false on failure. */
struct bench_subject {
  const char *name;
  bool (*run)(void *user);
  void *user;
  double *seconds; /* `rounds` raw times, filled by bench_interleave */
};

/* Runs every subject once to warm up, then `rounds` rounds of A B C A B C, so that noise meets all alike. False when a
 * subject fails. */
bool bench_interleave(struct bench_subject *subjects, size_t count, size_t rounds);

/* The middle value; sorts `values`. */
double bench_median(double *values, size_t count);

/* Opens --json's argument: NULL gives NULL, "-" standard output. False, with a line on stderr, when it cannot. */
bool bench_open_json(const char *path, FILE **json);

/* Closes what bench_open_json gave. False, with a line on stderr, when the results could not be written. */
bool bench_close_json(FILE *json, const char *path);

/* An option of most commands, whose settings have a `const char *json`; and one for those with a `uint64_t rounds`. */
#define BENCH_JSON_OPTION(settings)                                                                                    \
  {                                                                                                                    \
    .name = "json", .type = OPTION_TEXT, .offset = offsetof(settings, json), .value = "FILE|-",                        \
    .help = "Write the results for programs to a file or, with -, to standard output."                                 \
  }
#define BENCH_MAX_ROUNDS 99
#define BENCH_ROUNDS_OPTION(settings, text)                                                                            \
  {                                                                                                                    \
    .name = "rounds", .type = OPTION_NUMBER, .offset = offsetof(settings, rounds), .value = "N", .help = text,         \
    .min = 1, .max = BENCH_MAX_ROUNDS                                                                                  \
  }

/* The commands. */
extern const struct command bench_pdq, bench_pixels, bench_luma, bench_jpeg, bench_png, bench_index, bench_fidelity,
    bench_worst, bench_calibrate;

#endif
