/* SPDX-License-Identifier: Apache-2.0 */
/* Timing and output of the benchmarks. */
#include "bench.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

bool bench_interleave(struct bench_subject *subjects, size_t count, size_t rounds) {
  for (size_t i = 0; i < count; i++)
    if (!subjects[i].run(subjects[i].user)) return false;
  for (size_t round = 0; round < rounds; round++) {
    for (size_t i = 0; i < count; i++) {
      const double start = clock_seconds();
      if (!subjects[i].run(subjects[i].user)) return false;
      subjects[i].seconds[round] = clock_seconds() - start;
    }
  }
  return true;
}

static int compare_doubles(const void *a, const void *b) {
  const double x = *(const double *)a;
  const double y = *(const double *)b;
  return (x > y) - (x < y);
}

double bench_median(double *values, size_t count) {
  qsort(values, count, sizeof *values, compare_doubles);
  return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

bool bench_open_json(const char *path, FILE **json) {
  *json = NULL;
  if (path == NULL) return true;
  *json = strcmp(path, "-") == 0 ? stdout : fopen(path, "w");
  if (*json == NULL) fprintf(stderr, "hashscan-bench: %s: %s\n", path, strerror(errno));
  return *json != NULL;
}

bool bench_close_json(FILE *json, const char *path) {
  if (json == NULL) return true;
  const bool written = !ferror(json) && fflush(json) == 0;
  const bool closed = json == stdout || fclose(json) == 0;
  if (!written || !closed) fprintf(stderr, "hashscan-bench: %s: %s\n", path, strerror(errno));
  return written && closed;
}
