/* SPDX-License-Identifier: Apache-2.0 */
/* hashscan-bench: the project's benchmarks, one command a subject. Exit status 0, 1 when a benchmark failed, 2 for a
 * wrong command line. */
#include "bench.h"

static const struct command *const commands[] = {&bench_pdq,       &bench_pixels, &bench_luma,     &bench_jpeg,
                                                 &bench_png,       &bench_index,  &bench_fidelity, &bench_worst,
                                                 &bench_calibrate, NULL};

const struct program program = {
    .name = "hashscan-bench", .summary = "Runs the benchmarks of hashscan", .commands = commands};

int main(int argc, char **argv) {
  return program_run(argc, argv);
}
