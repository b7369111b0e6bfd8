/* SPDX-License-Identifier: Apache-2.0 */
/* Two sinks that keep every row, and their comparison. */
#include "png_ways.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"

static bool on_begin(void *user, const struct image_info *info) {
  struct png_outcome *outcome = user;
  assert_null(outcome->pixels);
  outcome->row_bytes = (size_t)info->width * info->channels;
  outcome->pixels = calloc(info->height, outcome->row_bytes);
  assert_non_null(outcome->pixels);
  return !outcome->refuse_begin;
}

static bool on_row(void *user, const uint8_t *pixels) {
  struct png_outcome *outcome = user;
  if (outcome->rows + 1 == outcome->refused_row) return false;
  memcpy(outcome->pixels + outcome->row_bytes * outcome->rows++, pixels, outcome->row_bytes);
  return true;
}

static void go(struct png_outcome *outcome, bool fast, const struct guard *input, size_t size,
               const hashscan_limits *limits, double seconds) {
  const struct image_sink sink = {.user = outcome, .begin = on_begin, .row = on_row, .view = outcome->view};
  struct decode_job job = {.bytes = input->bytes,
                           .size = size,
                           .limits = limits,
                           .sink = &sink,
                           .info = &outcome->info,
                           .reason = outcome->reason,
                           .deadline = clock_seconds() + seconds};
  outcome->info.format = HASHSCAN_FORMAT_PNG;
  if (fast) outcome->handled = png_fast_decode(&job, &outcome->status);
  else outcome->status = png_decode_libpng(&job);
}

static void check_untouched(const struct png_outcome *fast) {
  assert_null(fast->pixels);
  assert_int_equal(fast->rows, 0);
  assert_int_equal(fast->reason[0], 0);
  assert_int_equal(fast->info.format, HASHSCAN_FORMAT_PNG);
  assert_int_equal(fast->info.width, 0);
  assert_int_equal(fast->info.channels, 0);
  assert_int_equal(fast->info.views, 0);
  assert_null(fast->info.unseen);
}

static void check_equal(const struct png_outcome *fast, const struct png_outcome *libpng) {
  if (fast->status != libpng->status)
    fail_msg("%s (%s), not %s (%s)", hashscan_status_name(fast->status), fast->reason,
             hashscan_status_name(libpng->status), libpng->reason);
  assert_string_equal(fast->reason, libpng->reason);
  assert_int_equal(fast->info.width, libpng->info.width);
  assert_int_equal(fast->info.height, libpng->info.height);
  assert_int_equal(fast->info.channels, libpng->info.channels);
  assert_int_equal(fast->info.views, libpng->info.views);
  assert_ptr_equal(fast->info.unseen, libpng->info.unseen);
  assert_int_equal(fast->rows, libpng->rows);
  if (fast->rows > 0) assert_memory_equal(fast->pixels, libpng->pixels, fast->row_bytes * fast->rows);
}

/* The streams that libdeflate reads and zlib refuses (png_fast.c). */
static bool is_undefined_code(const struct png_outcome *libpng) {
  static const char *const complaints[] = {
      "IDAT: invalid distance code",    "IDAT: invalid literal/length code",         "IDAT: invalid bit length repeat",
      "IDAT: invalid code lengths set", "IDAT: too many length or distance symbols",
  };
  bool found = false;
  const bool fails = libpng->status == HASHSCAN_STATUS_CORRUPT || libpng->status == HASHSCAN_STATUS_DAMAGED;
  for (size_t i = 0; i < sizeof complaints / sizeof *complaints; i++)
    found |= fails && strncmp(libpng->reason, complaints[i], strlen(complaints[i])) == 0;
  return found;
}

/* *views gets those that libpng's way announces. */
static bool compare(const struct guard *input, size_t size, const hashscan_limits *limits, struct png_outcome like,
                    double seconds, hashscan_status *status, unsigned *views) {
  struct png_outcome fast = like;
  struct png_outcome libpng = like;
  go(&fast, true, input, size, limits, seconds);
  go(&libpng, false, input, size, limits, seconds);
  if (fast.handled && is_undefined_code(&libpng)) assert_int_equal(fast.status, HASHSCAN_STATUS_OK);
  else if (fast.handled) check_equal(&fast, &libpng);
  else check_untouched(&fast);
  *status = libpng.status;
  *views = libpng.info.views;
  free(fast.pixels);
  free(libpng.pixels);
  return fast.handled;
}

bool png_ways_compare(const struct guard *input, size_t size, const hashscan_limits *limits, struct png_outcome like,
                      double seconds, hashscan_status *status) {
  unsigned views;
  return compare(input, size, limits, like, seconds, status, &views);
}

bool png_ways_agree(const uint8_t *bytes, size_t size, hashscan_status *status) {
  const hashscan_limits limits = HASHSCAN_LIMITS_INIT;
  struct guard input = guard_alloc(size);
  memcpy(input.bytes, bytes, size);
  unsigned views;
  unsigned none;
  const bool handled = compare(&input, size, &limits, (struct png_outcome){0}, 100, status, &views);
  for (hashscan_view view = 1; view < HASHSCAN_VIEW_COUNT; view++) {
    hashscan_status other;
    if ((views >> view & 1) == 0) continue;
    assert_int_equal(compare(&input, size, &limits, (struct png_outcome){.view = view}, 100, &other, &none), handled);
    assert_int_equal(other, *status);
  }
  guard_free(&input);
  return handled;
}

void png_ways_expect(const struct encoded *png, bool handled, hashscan_status expected, const char *what) {
  hashscan_status status;
  if (png_ways_agree(png->bytes, png->size, &status) != handled)
    fail_msg("%s: %s", what, handled ? "left to libpng" : "not left to libpng");
  if (status != expected) fail_msg("%s: libpng says %s", what, hashscan_status_name(status));
}

void png_ways_expect_handled(const struct png_composition *composition) {
  char what[100];
  snprintf(what, sizeof what, "%ux%u color type %d depth %d filter %u", composition->width, composition->height,
           composition->color_type, composition->depth, composition->filter);
  struct encoded png = png_compose(composition);
  png_ways_expect(&png, true, HASHSCAN_STATUS_OK, what);
  free(png.bytes);
}
