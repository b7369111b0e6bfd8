/* SPDX-License-Identifier: Apache-2.0 */
/* Arbitrary bytes through both ways of the PNG decoder, in each view that the file has, as they are and with the
 * checksums of their chunks put right, so that mutations reach what lies behind those. What the fast way handles,
 * libpng must answer alike, to the last pixel; what it leaves must not have touched the sink. The Adler-32 is left
 * alone: it stands between mutations and the one known difference (png_fast.c). */
#include <stdlib.h>
#include <string.h>

#include <libdeflate.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "image/png.h"
#include "image/png_fast.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

struct watch {
  hashscan_status status;
  struct image_info info;
  char reason[HASHSCAN_REASON_SIZE];
  uint8_t *pixels;
  size_t row_bytes;
  uint32_t rows;
};

static void require(bool holds) {
  if (!holds) abort();
}

static bool on_begin(void *user, const struct image_info *info) {
  struct watch *watch = user;
  require(watch->pixels == NULL);
  watch->row_bytes = (size_t)info->width * info->channels;
  watch->pixels = malloc(watch->row_bytes * info->height);
  return watch->pixels != NULL;
}

static bool on_row(void *user, const uint8_t *pixels) {
  struct watch *watch = user;
  require(watch->rows < watch->info.height);
  memcpy(watch->pixels + watch->row_bytes * watch->rows++, pixels, watch->row_bytes);
  return true;
}

static bool decode(struct watch *watch, bool fast, hashscan_view view, const uint8_t *bytes, size_t size) {
  hashscan_limits limits = HASHSCAN_LIMITS_INIT;
  limits.max_pixels = 1 << 18;
  limits.max_side = 4096;
  limits.max_decoder_bytes = 8 << 20;
  const struct image_sink sink = {.user = watch, .begin = on_begin, .row = on_row, .view = view};
  struct decode_job job = {.bytes = bytes,
                           .size = size,
                           .limits = &limits,
                           .sink = &sink,
                           .info = &watch->info,
                           .reason = watch->reason,
                           .deadline = clock_seconds() + 100};
  if (fast) return png_fast_decode(&job, &watch->status);
  watch->status = png_decode_libpng(&job);
  return true;
}

/* Codes that deflate leaves undefined, which libdeflate takes and zlib refuses (png_fast.c). */
static bool is_undefined_deflate(const struct watch *libpng) {
  static const char *const texts[] = {"invalid bit length repeat",   "invalid code lengths set",
                                      "invalid literal/lengths set", "invalid distances set",
                                      "invalid distance code",       "invalid literal/length code"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    if (strstr(libpng->reason, texts[i]) != NULL) return true;
  return false;
}

static void check_equal(const struct watch *fast, const struct watch *libpng) {
  if (is_undefined_deflate(libpng)) return;
  require(fast->status == HASHSCAN_STATUS_OK && libpng->status == HASHSCAN_STATUS_OK && fast->reason[0] == '\0');
  require(fast->info.width == libpng->info.width && fast->info.height == libpng->info.height &&
          fast->info.channels == libpng->info.channels && fast->info.views == libpng->info.views &&
          fast->info.unseen == libpng->info.unseen);
  require(fast->rows == fast->info.height && libpng->rows == fast->rows);
  require(memcmp(fast->pixels, libpng->pixels, fast->row_bytes * fast->rows) == 0);
}

/* Returns the bits of the other views, if the fast way handles the file. */
static unsigned compare_view(hashscan_view view, const uint8_t *bytes, size_t size) {
  struct watch fast = {.info = {.format = HASHSCAN_FORMAT_PNG}};
  struct watch libpng = fast;
  if (decode(&fast, true, view, bytes, size)) {
    decode(&libpng, false, view, bytes, size);
    check_equal(&fast, &libpng);
  } else {
    require(fast.pixels == NULL && fast.rows == 0 && fast.info.width == 0 && fast.info.views == 0 &&
            fast.reason[0] == '\0');
  }
  free(fast.pixels);
  free(libpng.pixels);
  return fast.info.views;
}

static void compare(const uint8_t *bytes, size_t size) {
  const unsigned views = compare_view(HASHSCAN_VIEW_STORED, bytes, size);
  for (hashscan_view view = 1; view < HASHSCAN_VIEW_COUNT; view++)
    if ((views >> view & 1) != 0) compare_view(view, bytes, size);
}

static void seal(uint8_t *bytes, size_t size) {
  for (size_t at = 8; at + 12 <= size;) {
    const size_t length = load_be32(bytes + at);
    if (length > size - at - 12) return;
    const uint32_t sum = libdeflate_crc32(0, bytes + at + 4, length + 4);
    store_be32(bytes + at + 8 + length, sum);
    at += length + 12;
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  compare(bytes, size);
  uint8_t *sealed = malloc(size);
  if (sealed == NULL) return 0;
  if (size > 0) memcpy(sealed, bytes, size);
  seal(sealed, size);
  compare(sealed, size);
  free(sealed);
  return 0;
}
