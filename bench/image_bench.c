/* SPDX-License-Identifier: Apache-2.0 */
/* Loading, timing and printing for the benchmarks of encoded images. */
#include "image_bench.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file_read.h"
#include "bench.h"
#include "hashscan.h"

enum { DEFAULT_ROUNDS = 11, LEVELS = 3, MAX_WAYS = LEVELS + IMAGE_BENCH_MAX_OTHERS };

struct files {
  struct buffer *buffers;
  char **paths;
  size_t count;
};

struct subject {
  const struct image_bench_way *way;
  const struct files *files;
  double seconds[BENCH_MAX_ROUNDS];
};

static bool run_subject(void *user) {
  const struct subject *subject = user;
  for (size_t i = 0; i < subject->files->count; i++) {
    const struct buffer *file = &subject->files->buffers[i];
    if (subject->way->run(subject->way->context, file->bytes, file->size)) continue;
    fprintf(stderr, "hashscan-bench: %s: %s failed\n", subject->files->paths[i], subject->way->name);
    return false;
  }
  return true;
}

static bool hash_image(void *hasher, const uint8_t *bytes, size_t size) {
  hashscan_image_hash hash = HASHSCAN_IMAGE_HASH_INIT;
  return hashscan_hash_image(hasher, bytes, size, &hash, NULL) == HASHSCAN_SUCCESS && hash.hash_count > 0;
}

static bool files_open(struct files *files, char **paths, size_t count) {
  *files = (struct files){.paths = paths, .count = count, .buffers = calloc(count, sizeof(struct buffer))};
  for (size_t i = 0; files->buffers != NULL && i < count; i++) {
    char reason[HASHSCAN_REASON_SIZE];
    if (file_read(AT_FDCWD, paths[i], UINT32_MAX, &files->buffers[i], reason) == HASHSCAN_STATUS_OK) continue;
    fprintf(stderr, "hashscan-bench: %s: %s\n", paths[i], reason);
    return false;
  }
  return files->buffers != NULL;
}

static void files_close(struct files *files) {
  for (size_t i = 0; files->buffers != NULL && i < files->count; i++) buffer_free(&files->buffers[i]);
  free(files->buffers);
}

static void print_rows(const struct bench_subject *rows, size_t count, size_t rounds, size_t images, FILE *json) {
  double first = 0;
  if (json != NULL) fputs("{\"rows\":[", json);
  for (size_t i = 0; i < count; i++) {
    const double us = bench_median(rows[i].seconds, rounds) / (double)images * 1e6;
    if (i == 0) first = us;
    fprintf(json == stdout ? stderr : stdout, "%-16s %6zu images %10.1f us an image %7.2f times %s\n", rows[i].name,
            images, us, us / first, rows[0].name);
    if (json != NULL)
      fprintf(json, "%s\n  {\"name\":\"%s\",\"images\":%zu,\"us_per_image\":%.2f}", i == 0 ? "" : ",", rows[i].name,
              images, us);
  }
  if (json != NULL) fprintf(json, "\n],\"cpu\":\"%s\"}\n", hashscan_cpu());
}

static bool measure(const struct files *files, const struct image_bench_way *ways, size_t count, size_t rounds,
                    FILE *json) {
  struct subject *subjects = calloc(count, sizeof *subjects);
  struct bench_subject rows[MAX_WAYS];
  for (size_t i = 0; subjects != NULL && i < count; i++) {
    subjects[i].way = &ways[i];
    subjects[i].files = files;
    rows[i] = (struct bench_subject){ways[i].name, run_subject, &subjects[i], subjects[i].seconds};
  }
  const bool good = subjects != NULL && bench_interleave(rows, count, rounds);
  if (good) print_rows(rows, count, rounds, files->count, json);
  free(subjects);
  return good;
}

/* Adds the levels in front of the other ways. */
static bool measure_with_levels(const struct files *files, const struct image_bench_way *others, size_t count,
                                size_t rounds, FILE *json) {
  static const hashscan_level levels[LEVELS] = {HASHSCAN_LEVEL_FAST, HASHSCAN_LEVEL_BLOCKS, HASHSCAN_LEVEL_EXACT};
  hashscan_hasher *hashers[LEVELS] = {NULL};
  struct image_bench_way ways[MAX_WAYS];
  hashscan_error error;
  bool good = true;
  for (size_t i = 0; good && i < LEVELS; i++) {
    hashscan_hash_options options = HASHSCAN_HASH_OPTIONS_INIT;
    options.level = levels[i];
    good = hashscan_hasher_create(&options, &hashers[i], &error) == HASHSCAN_SUCCESS;
    ways[i] = (struct image_bench_way){hashscan_level_name(levels[i]), hash_image, hashers[i]};
  }
  if (!good) fprintf(stderr, "hashscan-bench: %s\n", error.message);
  for (size_t i = 0; i < count; i++) ways[LEVELS + i] = others[i];
  good = good && measure(files, ways, LEVELS + count, rounds, json);
  for (size_t i = 0; i < LEVELS; i++) hashscan_hasher_destroy(hashers[i]);
  return good;
}

struct settings {
  uint64_t rounds;
  const char *json;
};

const struct option image_bench_options[] = {
    BENCH_ROUNDS_OPTION(struct settings, "How often each way goes over all files. Default 11."),
    BENCH_JSON_OPTION(struct settings),
    {.name = NULL},
};

int image_bench_run(const struct command *command, int argc, char **argv, const struct image_bench_way *others,
                    size_t count) {
  struct settings settings = {.rounds = DEFAULT_ROUNDS};
  struct operands operands;
  int exit_code;
  if (!options_parse(command, argc, argv, &settings, &operands, &exit_code)) return exit_code;
  if (operands.count == 0) return options_misused(command, "no FILE");
  assert(count <= IMAGE_BENCH_MAX_OTHERS);
  struct files files;
  FILE *json = NULL;
  bool good = files_open(&files, operands.items, operands.count) && bench_open_json(settings.json, &json);
  if (good) good = measure_with_levels(&files, others, count, (size_t)settings.rounds, json);
  files_close(&files);
  return bench_close_json(json, settings.json) && good ? 0 : 1;
}
