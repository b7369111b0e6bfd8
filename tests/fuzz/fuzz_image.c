/* SPDX-License-Identifier: Apache-2.0 */
/* Arbitrary bytes through image_decode() under small limits, in every view that they have. Beside what the sanitizers
 * see, the sink checks the contract of image.h: begin once, rows of the announced size, all of them exactly when the
 * status is ok or damaged. As planes, status, reason and pixels are the same. */
#include <stdlib.h>
#include <string.h>

#include "../support/planed.h"
#include "image/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

struct watch {
  struct image_info announced;
  unsigned begun;
  uint32_t rows;
  uint8_t *pixels; /* of all rows */
};

static void require(bool holds) {
  if (!holds) abort();
}

static bool on_begin(void *user, const struct image_info *info) {
  struct watch *watch = user;
  require(watch->begun++ == 0);
  require(info->width > 0 && info->height > 0 && (info->channels == 1 || info->channels == 3));
  watch->announced = *info;
  watch->pixels = malloc((size_t)info->width * info->channels * info->height);
  return watch->pixels != NULL;
}

static bool on_row(void *user, const uint8_t *pixels) {
  struct watch *watch = user;
  const size_t row_bytes = (size_t)watch->announced.width * watch->announced.channels;
  require(watch->begun == 1 && watch->rows < watch->announced.height);
  memcpy(watch->pixels + watch->rows++ * row_bytes, pixels, row_bytes);
  return true;
}

static void check_reason(const char *reason, hashscan_status status) {
  require(memchr(reason, '\0', HASHSCAN_REASON_SIZE) != NULL);
  require((*reason == '\0') == (status == HASHSCAN_STATUS_OK));
  for (; *reason != '\0'; reason++) require(*reason >= ' ' && *reason <= '~');
}

/* Planes take less of max_decoder_bytes and another time. */
static bool is_other_by_cost(hashscan_status status) {
  return status == HASHSCAN_STATUS_LIMIT || status == HASHSCAN_STATUS_TIMEOUT;
}

static void compare_planes(const struct watch *watch, hashscan_status status, const char *reason, const uint8_t *bytes,
                           size_t size, const hashscan_limits *limits) {
  struct planed planed = {.tier = cpu_detected()};
  planed_again(&planed, bytes, size, limits);
  if (!is_other_by_cost(status) && !is_other_by_cost(planed.status)) {
    require(planed.status == status && strcmp(planed.reason, reason) == 0);
    if (status == HASHSCAN_STATUS_OK || status == HASHSCAN_STATUS_DAMAGED)
      require(memcmp(planed.pixels, watch->pixels,
                     (size_t)planed.info.width * planed.info.channels * planed.info.height) == 0);
  }
  planed_free(&planed);
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
  if (view == HASHSCAN_VIEW_STORED) compare_planes(&watch, *status, reason, bytes, size, &limits);
  free(watch.pixels);
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
