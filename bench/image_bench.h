/* SPDX-License-Identifier: Apache-2.0 */
/* What the benchmarks of encoded images share: files in memory, several ways to deal with each, interleaved, and the
 * rows of the answer. */
#ifndef HASHSCAN_BENCH_IMAGE_BENCH_H
#define HASHSCAN_BENCH_IMAGE_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One way: deals with one image, and returns false when it cannot. */
struct image_bench_way {
  const char *name;
  bool (*run)(void *context, const uint8_t *bytes, size_t size);
  void *context;
};

/* `hashscan-bench SUBJECT [--rounds N] [--json FILE|-] FILES...`: hashing at level `fast` and at level `exact` and the
 * given other ways, each over all files, round after round. Prints the median over the rounds of the mean time an
 * image, and its ratio to fast's. Returns the exit code. */
int image_bench_main(int argc, char **argv, const struct image_bench_way *others, size_t count);

#endif
