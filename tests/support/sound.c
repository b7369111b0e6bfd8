/* SPDX-License-Identifier: Apache-2.0 */
/* Counting what the oracle says. */
#include "sound.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "expect.h"
#include "sanitized.h"

struct oracle sound_oracle;

enum { MAX_SEED_BYTES = 60000 };

static char first_difference[400];

static void forget(void) {
  struct oracle *oracle = &sound_oracle;
  oracle->files = oracle->differ = oracle->hashed = oracle->fast_hashes = 0;
  memset(oracle->verdicts, 0, sizeof oracle->verdicts);
  first_difference[0] = '\0';
}

int sound_set_up(void **state) {
  (void)state;
  oracle_open(&sound_oracle, NULL);
  sound_oracle.quick = SANITIZED;
  forget();
  return 0;
}

int sound_tear_down(void **state) {
  (void)state;
  oracle_close(&sound_oracle);
  return 0;
}

static void note_difference(void) {
  if (first_difference[0] != '\0') return;
  snprintf(first_difference, sizeof first_difference, "file %zu: %s", sound_oracle.files, sound_oracle.text);
}

static void dump(const char *folder, const char *kind, const void *bytes, size_t size) {
  static unsigned number;
  char name[200], path[FIXTURE_PATH_SIZE];
  snprintf(name, sizeof name, "%s-%u", kind, number++);
  for (char *c = name; *c != '\0'; c++)
    if (*c == ' ' || *c == '/') *c = '_';
  if (size <= MAX_SEED_BYTES) fixture_write(fixture_join(path, folder, name), bytes, size);
}

void sound_check(const char *kind, const void *bytes, size_t size) {
  struct oracle *oracle = &sound_oracle;
  const char *folder = getenv("HASHSCAN_SOUND_DUMP");
  if (folder != NULL) {
    dump(folder, kind, bytes, size);
    return;
  }
  if (!oracle_agrees(oracle, bytes, size, oracle->files)) note_difference();
}

void sound_check_pixels(const uint8_t *pixels, uint32_t width, uint32_t height, unsigned channels) {
  if (getenv("HASHSCAN_SOUND_DUMP") != NULL) return;
  if (!oracle_pixels_agree(&sound_oracle, pixels, width, height, channels)) note_difference();
}

void sound_check_encoded(const char *kind, struct encoded file) {
  sound_check(kind, file.bytes, file.size);
  free(file.bytes);
}

void sound_expect_hashed(void) {
  assert_int_equal(sound_oracle.hashed, sound_oracle.files);
}

void sound_end(const char *kind) {
  if (getenv("HASHSCAN_SOUND_DUMP") != NULL) skip();
  const struct oracle oracle = sound_oracle;
  char difference[sizeof first_difference];
  memcpy(difference, first_difference, sizeof difference);
  forget();
  printf("\nbench: sound: %s: %zu files, %zu hashed (%zu fast), %zu differ; verdicts: %zu screened, %zu confirmed, "
         "%zu exact\n",
         kind, oracle.files, oracle.hashed, oracle.fast_hashes, oracle.differ, oracle.verdicts[HASHSCAN_METHOD_FAST],
         oracle.verdicts[HASHSCAN_METHOD_FAST_CONFIRMED], oracle.verdicts[HASHSCAN_METHOD_EXACT]);
  fflush(stdout);
  assert_true(oracle.files > 0);
  if (oracle.differ > 0) fail_msg("%s: %zu of %zu files differ; %s", kind, oracle.differ, oracle.files, difference);
}
