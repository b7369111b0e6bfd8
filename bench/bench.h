/* SPDX-License-Identifier: Apache-2.0 */
/* What the benchmarks share: interleaved timing, medians, and output as a table for people or JSON for programs. */
#ifndef HASHSCAN_BENCH_BENCH_H
#define HASHSCAN_BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

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

/* The subcommands: arguments after the subcommand's name; the return value is the exit code. */
int bench_pdq(int argc, char **argv);
int bench_pixels(int argc, char **argv);
int bench_luma(int argc, char **argv);
int bench_jpeg(int argc, char **argv);
int bench_png(int argc, char **argv);
int bench_index(int argc, char **argv);
int bench_fidelity(int argc, char **argv);
int bench_worst(int argc, char **argv);
int bench_calibrate(int argc, char **argv);

#endif
