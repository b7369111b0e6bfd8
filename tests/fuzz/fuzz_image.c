/* SPDX-License-Identifier: Apache-2.0 */
/* Arbitrary bytes through image_decode() under small limits, in every view that they have. Beside what the sanitizers
 * see, the sink checks the contract of image.h: begin once, rows of the announced size, all of them exactly when the
 * status is ok or damaged. */
#include <stdlib.h>
#include <string.h>

#include "image/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

struct watch {
  struct image_info announced;
  unsigned begun;
  uint32_t rows;
  uint8_t *row; /* exactly as long as a row, so that every byte of each is read */
};

static void require(bool holds) {
  if (!holds) abort();
}

static bool on_begin(void *user, const struct image_info *info) {
  struct watch *watch = user;
  require(watch->begun++ == 0);
  require(info->width > 0 && info->height > 0 && (info->channels == 1 || info->channels == 3));
  watch->announced = *info;
  watch->row = malloc((size_t)info->width * info->channels);
  return watch->row != NULL;
}

static bool on_row(void *user, const uint8_t *pixels) {
  struct watch *watch = user;
  require(watch->begun == 1 && watch->rows++ < watch->announced.height);
  memcpy(watch->row, pixels, (size_t)watch->announced.width * watch->announced.channels);
  return true;
}

static void check_reason(const char *reason, hashscan_status status) {
  require(memchr(reason, '\0', HASHSCAN_REASON_SIZE) != NULL);
  require((*reason == '\0') == (status == HASHSCAN_STATUS_OK));
  for (; *reason != '\0'; reason++) require(*reason >= ' ' && *reason <= '~');
}

/* Returns the bits of the other views. */
static unsigned decode(hashscan_view view, const uint8_t *bytes, size_t size, hashscan_status *status) {
  hashscan_limits limits = HASHSCAN_LIMITS_INIT;
  limits.max_pixels = 1 << 18;
  limits.max_jpeg_side = limits.max_side = 4096;
  limits.max_decoder_bytes = 8 << 20;
  limits.max_jpeg_scans = 20;
  limits.max_seconds = 5;
  struct watch watch = {0};
  const struct image_sink sink = {.user = &watch, .begin = on_begin, .row = on_row, .view = view};
  struct image_info info;
  char reason[HASHSCAN_REASON_SIZE];
  memset(reason, 'x', sizeof reason);
  *status = image_decode(bytes, size, &limits, &sink, &info, reason);

  const bool decoded = *status == HASHSCAN_STATUS_OK || *status == HASHSCAN_STATUS_DAMAGED;
  require(decoded || *status == HASHSCAN_STATUS_NOT_IMAGE || *status == HASHSCAN_STATUS_UNSUPPORTED ||
          *status == HASHSCAN_STATUS_CORRUPT || *status == HASHSCAN_STATUS_LIMIT || *status == HASHSCAN_STATUS_TIMEOUT);
  require(decoded == (watch.begun == 1 && watch.rows == watch.announced.height));
  if (watch.begun == 1)
    require(info.format == watch.announced.format && info.width == watch.announced.width &&
            info.height == watch.announced.height && info.channels == watch.announced.channels);
  require(decoded || (info.views == 0 && info.unseen == NULL));
  require(info.views < 1u << HASHSCAN_VIEW_COUNT && (view == HASHSCAN_VIEW_STORED || info.views == 0));
  check_reason(reason, *status);
  free(watch.row);
  return info.views;
}

/* A view that is announced ends as the stored one does, unless time ran out. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  hashscan_status stored;
  hashscan_status other;
  const unsigned views = decode(HASHSCAN_VIEW_STORED, bytes, size, &stored);
  for (hashscan_view view = 1; view < HASHSCAN_VIEW_COUNT; view++) {
    if ((views >> view & 1) == 0) continue;
    decode(view, bytes, size, &other);
    require(other == stored || other == HASHSCAN_STATUS_TIMEOUT);
  }
  return 0;
}
