/* SPDX-License-Identifier: Apache-2.0 */
/* The written form of image hashes: any bytes are refused, or decode to an image hash that is encoded as the same bytes
 * and that can be matched, alone and beside another one. Whatever it says, a verdict that requests something is not a
 * clean one. Inputs get a good magic, version and size, so that mutations are spent on the rest. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static hashscan_matcher *matchers[3]; /* one a level */
static char folder[FIXTURE_PATH_SIZE];

static void require(int holds) {
  if (!holds) abort();
}

static void close_matchers(void) {
  for (size_t i = 0; i < 3; i++) hashscan_matcher_destroy(matchers[i]);
  fixture_remove(folder);
}

static void write_index(const char *path) {
  static const uint8_t zeros[32];
  hashscan_builder *builder;
  require(hashscan_builder_create(&builder, NULL) == HASHSCAN_SUCCESS);
  for (unsigned kind = 0; kind < HASHSCAN_KIND_COUNT; kind++) fixture_add(builder, (hashscan_kind)kind, zeros, "zeros");
  require(hashscan_builder_write(builder, path, NULL) == HASHSCAN_SUCCESS);
  hashscan_builder_destroy(builder);
}

static void open_matchers(void) {
  char path[FIXTURE_PATH_SIZE];
  fixture_folder(folder);
  write_index(fixture_join(path, folder, "index"));
  for (size_t i = 0; i < 3; i++) {
    hashscan_match_options options = HASHSCAN_MATCH_OPTIONS_INIT;
    options.level = (hashscan_level)i;
    options.transforms = (hashscan_transforms)i;
    options.radius = 100;
    require(hashscan_matcher_create((const char *const[]){path}, 1, &options, &matchers[i], NULL) == HASHSCAN_SUCCESS);
  }
  atexit(close_matchers);
}

static void check_verdict(const hashscan_verdict *verdict) {
  require((unsigned)verdict->outcome < HASHSCAN_OUTCOME_COUNT && (unsigned)verdict->status < HASHSCAN_STATUS_COUNT);
  require((verdict->outcome == HASHSCAN_OUTCOME_MATCH) == (verdict->match_count > 0));
  if (verdict->request_count > 0)
    require(verdict->outcome == HASHSCAN_OUTCOME_MATCH || verdict->outcome == HASHSCAN_OUTCOME_UNEXAMINED);
  require(strlen(verdict->reason) < 1000);
}

/* The image alone, and the same with an exact twin of another picture. */
static void match(const hashscan_image_hash *image) {
  hashscan_image_hash twin = *image;
  twin.picture ^= 1;
  if (twin.picture_count <= twin.picture && twin.hash_count > 0) twin.picture_count = twin.picture + 1;
  const hashscan_image_hash *const images[] = {image, image, &twin};
  const size_t counts[] = {1, 2};
  for (size_t i = 0; i < 3; i++) {
    hashscan_verdict *verdicts[2];
    const hashscan_code code = hashscan_match_hashes(matchers[i], images, counts, 2, NULL, verdicts, NULL);
    require(code == HASHSCAN_SUCCESS || (code == HASHSCAN_E_ARGUMENT && image->profile != HASHSCAN_PROFILE_FULL));
    for (size_t v = 0; v < 2 && code == HASHSCAN_SUCCESS; v++) {
      check_verdict(verdicts[v]);
      hashscan_verdict_destroy(verdicts[v]);
    }
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  static const uint8_t frame[16] = {0x89, 'H', 'S', 'I', '\r', '\n', '\n', 'I', 1, 0, 0, 0, 0x20, 3, 0, 0};
  hashscan_image_hash image = HASHSCAN_IMAGE_HASH_INIT;
  uint8_t given[HASHSCAN_IMAGE_HASH_BYTES];
  uint8_t again[HASHSCAN_IMAGE_HASH_BYTES];
  if (matchers[0] == NULL) open_matchers();
  hashscan_image_hash_decode(bytes, size, &image, NULL);
  if (size != sizeof given) return 0;
  memcpy(given, bytes, size);
  memcpy(given, frame, sizeof frame);
  if (hashscan_image_hash_decode(given, sizeof given, &image, NULL) != HASHSCAN_SUCCESS) return 0;
  require(hashscan_image_hash_encode(&image, again, sizeof again, NULL) == HASHSCAN_SUCCESS);
  require(memcmp(given, again, sizeof given) == 0);
  match(&image);
  return 0;
}
