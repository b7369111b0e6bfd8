/* SPDX-License-Identifier: Apache-2.0 */
/* A sink that keeps every row, and the promises of image_decode() as assertions. */
#include "decoded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "guard.h"

static bool on_begin(void *user, const struct image_info *info) {
  struct decoded *decoded = user;
  assert_int_equal(decoded->begun++, 0);
  assert_true(info->width > 0 && info->height > 0 && (info->channels == 1 || info->channels == 3));
  decoded->info = *info;
  decoded->row_bytes = (size_t)info->width * info->channels;
  decoded->pixels = malloc(decoded->row_bytes * info->height);
  assert_non_null(decoded->pixels);
  return !decoded->refuse_begin;
}

static bool on_row(void *user, const uint8_t *pixels) {
  struct decoded *decoded = user;
  assert_int_equal(decoded->begun, 1);
  assert_true(decoded->rows < decoded->info.height);
  if (decoded->refuse_row == decoded->rows + 1) return false;
  memcpy(decoded->pixels + decoded->rows++ * decoded->row_bytes, pixels, decoded->row_bytes);
  const double until = decoded->seconds_a_row > 0 ? clock_seconds() + decoded->seconds_a_row : 0;
  while (until > 0 && clock_seconds() < until) continue;
  return true;
}

static void check_reason(const struct decoded *decoded) {
  assert_non_null(memchr(decoded->reason, '\0', sizeof decoded->reason));
  assert_int_equal(decoded->reason[0] == '\0', decoded->status == HASHSCAN_STATUS_OK);
  for (const char *c = decoded->reason; *c != '\0'; c++) assert_true(*c >= ' ' && *c <= '~');
}

static void check_contract(const struct decoded *decoded, const struct image_info *info) {
  const hashscan_status status = decoded->status;
  const bool complete = status == HASHSCAN_STATUS_OK || status == HASHSCAN_STATUS_DAMAGED;
  assert_true(complete || status == HASHSCAN_STATUS_NOT_IMAGE || status == HASHSCAN_STATUS_UNSUPPORTED ||
              status == HASHSCAN_STATUS_CORRUPT || status == HASHSCAN_STATUS_LIMIT ||
              status == HASHSCAN_STATUS_TIMEOUT);
  assert_int_equal(complete, decoded->begun == 1 && decoded->rows == info->height);
  if (decoded->begun == 1) {
    assert_int_equal(info->format, decoded->info.format);
    assert_int_equal(info->width, decoded->info.width);
    assert_int_equal(info->height, decoded->info.height);
    assert_int_equal(info->channels, decoded->info.channels);
  }
  assert_true(complete || (info->views == 0 && info->unseen == NULL));
  assert_true(decoded->view == HASHSCAN_VIEW_STORED || info->views == 0);
  assert_true(info->views < 1u << HASHSCAN_VIEW_COUNT && (info->views & 1u << HASHSCAN_VIEW_STORED) == 0);
  check_reason(decoded);
}

void decoded_again(struct decoded *decoded, const uint8_t *bytes, size_t size, const hashscan_limits *limits) {
  const hashscan_limits defaults = HASHSCAN_LIMITS_INIT;
  const struct image_sink sink = {.user = decoded, .begin = on_begin, .row = on_row, .view = decoded->view};
  struct guard input = guard_alloc(size);
  if (size > 0) memcpy(input.bytes, bytes, size);
  struct image_info info;
  decoded_free(decoded);
  decoded->rows = 0;
  decoded->begun = 0;
  memset(decoded->reason, 'x', sizeof decoded->reason);
  decoded->status = image_decode(input.bytes, size, limits != NULL ? limits : &defaults, &sink, &info, decoded->reason);
  guard_free(&input);
  check_contract(decoded, &info);
  decoded->info = info;
}

struct decoded decoded_view(hashscan_view view, const uint8_t *bytes, size_t size) {
  struct decoded decoded = {.view = view};
  decoded_again(&decoded, bytes, size, NULL);
  return decoded;
}

struct decoded decoded_from(const uint8_t *bytes, size_t size, const hashscan_limits *limits) {
  struct decoded decoded = {0};
  decoded_again(&decoded, bytes, size, limits);
  return decoded;
}

void decoded_free(struct decoded *decoded) {
  free(decoded->pixels);
  decoded->pixels = NULL;
}
