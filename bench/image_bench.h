/* SPDX-License-Identifier: Apache-2.0 */
/* What the benchmarks of encoded images share: files in memory, several ways to deal with each, interleaved, and the
 * rows of the answer. */
#ifndef HASHSCAN_BENCH_IMAGE_BENCH_H
#define HASHSCAN_BENCH_IMAGE_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../core/cli/program.h"

/* One way: deals with one image, and returns false when it cannot. */
struct image_bench_way {
  const char *name;
  bool (*run)(void *context, const uint8_t *bytes, size_t size);
  void *context;
};

/* The options of the commands that image_bench_run is for. */
extern const struct option image_bench_options[];

/* Hashing at each level and the given other ways (at most IMAGE_BENCH_MAX_OTHERS), each over all files, round after
 * round. Prints the median over the rounds of the mean time an image, and its ratio to fast's. Returns the exit code.
 */
#define IMAGE_BENCH_MAX_OTHERS 5
int image_bench_run(const struct command *command, int argc, char **argv, const struct image_bench_way *others,
                    size_t count);

#endif
