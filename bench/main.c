/* SPDX-License-Identifier: Apache-2.0 */
/* hashscan-bench: the project's benchmarks, one subcommand a subject. */
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "hashscan.h"

static const struct {
  const char *name;
  int (*run)(int argc, char **argv);
  const char *summary;
} subcommands[] = {
    {"pdq", bench_pdq, "PDQ from decoded luma at level exact, against the naive reference"},
    {"pixels", bench_pixels, "PDQ from decoded luma at level fast, against exact and the naive reference"},
    {"luma", bench_luma, "hashes of luma planes of frames, against those of the same frames as RGB"},
    {"jpeg", bench_jpeg, "JPEG files to hashes at levels fast, blocks and exact, against libjpeg-turbo alone"},
    {"png", bench_png, "PNG files to hashes at levels fast, blocks and exact, against libpng alone"},
    {"index", bench_index, "radius search over 256-bit hashes: ring, flat and naive, single and batched"},
    {"fidelity", bench_fidelity, "bits between the hashes of a screening level and exact ones"},
    {"worst", bench_worst, "the search for pictures whose fast hash is furthest from exact"},
    {"calibrate", bench_calibrate, "what part of their epsilon files needed, by path and size"},
};

static void usage(FILE *to) {
  fputs("usage: hashscan-bench SUBJECT [OPTION]...\n", to);
  for (size_t i = 0; i < sizeof subcommands / sizeof *subcommands; i++)
    fprintf(to, "  %-10s %s\n", subcommands[i].name, subcommands[i].summary);
}

int main(int argc, char **argv) {
  if (argc >= 2 && strcmp(argv[1], "--help") == 0) {
    usage(stdout);
    return 0;
  }
  for (size_t i = 0; argc >= 2 && i < sizeof subcommands / sizeof *subcommands; i++)
    if (strcmp(argv[1], subcommands[i].name) == 0) return subcommands[i].run(argc - 1, argv + 1);
  usage(stderr);
  return 2;
}
