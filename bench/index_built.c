/* SPDX-License-Identifier: Apache-2.0 */
/* Building, timing, mapping and counting. */
#include "index_built.h"

#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "index/search/pigeonring_plan.h"

enum { PATH_BYTES = 4096, REMOVE_DESCRIPTORS = 8 };

static bool report(const char *message) {
  fprintf(stderr, "hashscan-bench: %s\n", message);
  return false;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *place) {
  (void)status;
  (void)type;
  (void)place;
  return remove(path);
}

static bool add_and_write(hashscan_builder *builder, const uint8_t *hashes, size_t entries, const char *folder) {
  hashscan_entry entry = HASHSCAN_ENTRY_INIT;
  entry.list = "bench";
  entry.version = "1";
  hashscan_error error;
  hashscan_code code = HASHSCAN_SUCCESS;
  for (size_t i = 0; code == HASHSCAN_SUCCESS && i < entries; i++) {
    entry.hash = hashes + i * hashscan_kind_bytes(entry.kind);
    code = hashscan_builder_add(builder, &entry, &error);
  }
  if (code == HASHSCAN_SUCCESS) code = hashscan_builder_write(builder, folder, &error);
  return code == HASHSCAN_SUCCESS || report(error.message);
}

static bool build(struct built *built, const uint8_t *hashes, size_t entries, const char *folder) {
  hashscan_builder *builder;
  hashscan_error error;
  const double start = clock_seconds();
  if (hashscan_builder_create(&builder, &error) != HASHSCAN_SUCCESS) return report(error.message);
  const bool written = add_and_write(builder, hashes, entries, folder);
  built->build_seconds = clock_seconds() - start;
  hashscan_builder_destroy(builder);
  return written;
}

static bool time_open(struct built *built, const char *folder) {
  hashscan_index *index;
  hashscan_error error;
  const double start = clock_seconds();
  if (hashscan_index_open(folder, &index, &error) != HASHSCAN_SUCCESS) return report(error.message);
  built->open_seconds = clock_seconds() - start;
  built->info = (hashscan_index_info)HASHSCAN_INDEX_INFO_INIT;
  hashscan_index_describe(index, &built->info, NULL);
  hashscan_index_close(index);
  return true;
}

static bool map_segment(struct built *built, const char *folder) {
  char pattern[PATH_BYTES + 16];
  snprintf(pattern, sizeof pattern, "%s/segment-*.hsi", folder);
  glob_t found;
  if (glob(pattern, 0, NULL, &found) != 0) return report("the index has no segment");
  const bool mapped =
      found.gl_pathc == 1 && file_map_open(AT_FDCWD, ".", found.gl_pathv[0], &built->map, NULL) == HASHSCAN_SUCCESS;
  globfree(&found);
  if (!mapped) return report("cannot map the segment");
  hashscan_error error;
  if (index_segment_validate("segment", built->map.bytes, built->map.size, &built->segment, &error) != HASHSCAN_SUCCESS)
    return report(error.message);
  built->rows = &built->segment.kinds[HASHSCAN_KIND_PDQ];
  return true;
}

static bool make_ring(struct built *built) {
  if (built->rows->ring == NULL) return true;
  struct segment_pigeonring parts;
  built->ring = malloc(sizeof *built->ring);
  if (built->ring == NULL) return false;
  segment_pigeonring(built->rows, HASHSCAN_KIND_PDQ, &parts);
  pigeonring_init(built->ring, &parts.layout, built->rows->rows, built->rows->row_count, CPU_SCALAR);
  memcpy(built->ring->tables, parts.tables, sizeof parts.tables);
  return true;
}

static bool make_searchers(struct built *built) {
  built->any = searcher_create(&built->segment, HASHSCAN_KIND_PDQ);
  built->flat = searcher_create(&built->segment, HASHSCAN_KIND_PDQ);
  built->scratch = pigeonring_scratch_create();
  if (built->any == NULL || built->flat == NULL || built->scratch == NULL || !make_ring(built))
    return report("out of memory");
  searcher_restrict(built->flat, SEARCHER_FLAT_ONLY);
  return true;
}

bool built_open(struct built *built, const uint8_t *hashes, size_t entries) {
  const char *root = getenv("TMPDIR");
  char folder[PATH_BYTES];
  *built = (struct built){0};
  snprintf(folder, sizeof folder, "%s/hashscan-bench-XXXXXX", root != NULL && *root != '\0' ? root : "/tmp");
  if (mkdtemp(folder) == NULL) return report("cannot create a temporary folder");
  const bool opened = build(built, hashes, entries, folder) && time_open(built, folder) && map_segment(built, folder);
  nftw(folder, remove_one, REMOVE_DESCRIPTORS, FTW_DEPTH | FTW_PHYS);
  return opened && make_searchers(built);
}

void built_close(struct built *built) {
  searcher_destroy(built->any);
  searcher_destroy(built->flat);
  pigeonring_scratch_destroy(built->scratch);
  free(built->ring);
  file_map_close(&built->map);
  *built = (struct built){0};
}

/* By trying every key, so that the count owes nothing to the code that is measured. */
struct built_work built_count(const struct built *built, const uint8_t *query, const uint8_t *unknown,
                              unsigned radius) {
  struct built_work work = {0, 0};
  struct pigeonring_plan plan;
  const struct pigeonring_query asked = {query, unknown};
  if (built->ring == NULL || !pigeonring_plan(built->ring, &asked, radius, &plan)) return work;
  for (unsigned t = 0; t < built->ring->words; t++) {
    const uint32_t *directory = built->ring->tables[t].directory;
    for (uint32_t key = 0; key < PIGEONRING_KEYS; key++) {
      if (__builtin_popcount((key ^ plan.word[t]) & plan.known[t]) >= plan.threshold[t]) continue;
      work.probes++;
      work.entries += directory[key + 1] - directory[key];
    }
  }
  return work;
}
