/* SPDX-License-Identifier: Apache-2.0 */
/* A sink for planes. */
#include "planed.h"

#include <stdlib.h>
#include <string.h>

#include "pdq/planes.h"

static void require(bool holds) {
  if (!holds) abort();
}

static size_t padded(size_t width) {
  return (width + IMAGE_PLANES_PADDING - 1) / IMAGE_PLANES_PADDING * IMAGE_PLANES_PADDING;
}

size_t planes_chroma_rows(const struct image_planes *planes) {
  if (planes->sampling != IMAGE_420) return planes->count;
  return (planes->first + planes->count) / 2 - (planes->first + 1) / 2 + 2;
}

size_t planes_chroma_width(enum image_sampling sampling, size_t width) {
  return sampling == IMAGE_444 ? width : (width + 1) / 2;
}

void planes_blank(struct planes_copy *copy, enum image_sampling sampling, uint32_t first, uint32_t count,
                  size_t width) {
  copy->planes = (struct image_planes){.sampling = sampling, .first = first, .count = count};
  copy->planes.luma_stride = padded(width);
  copy->planes.chroma_stride = 1 + planes_chroma_width(sampling, padded(width)) + 1;
  copy->guards[0] = guard_alloc(count * copy->planes.luma_stride);
  copy->planes.luma = copy->guards[0].bytes;
  for (size_t c = 0; c < 2; c++) {
    copy->guards[1 + c] = guard_alloc(planes_chroma_rows(&copy->planes) * copy->planes.chroma_stride);
    copy->planes.chroma[c] = copy->guards[1 + c].bytes + 1;
  }
}

void planes_copy(struct planes_copy *copy, const struct image_planes *planes, size_t width) {
  planes_blank(copy, planes->sampling, planes->first, planes->count, width);
  const struct image_planes *to = &copy->planes;
  for (size_t r = 0; r < planes->count; r++)
    memcpy(copy->guards[0].bytes + r * to->luma_stride, planes->luma + r * planes->luma_stride, to->luma_stride);
  for (size_t c = 0; c < 2; c++)
    for (size_t r = 0; r < planes_chroma_rows(planes); r++)
      memcpy(copy->guards[1 + c].bytes + r * to->chroma_stride, planes->chroma[c] + r * planes->chroma_stride - 1,
             to->chroma_stride);
}

void planes_copy_free(struct planes_copy *copy) {
  for (size_t i = 0; i < 3; i++) guard_free(&copy->guards[i]);
}

/* Planes may begin again, before all rows are there. */
static bool begin(struct planed *planed, const struct image_info *info) {
  require(planed->begun++ == 0 || planed->rows < planed->info.height);
  free(planed->pixels);
  planed->rows = 0;
  planed->info = *info;
  planed->pixels = malloc((size_t)info->width * info->height * info->channels);
  require(planed->pixels != NULL);
  return !planed->refuse_begin;
}

static bool on_begin(void *user, const struct image_info *info) {
  struct planed *planed = user;
  planed->as_planes = false;
  return begin(planed, info);
}

static bool on_row(void *user, const uint8_t *pixels) {
  struct planed *planed = user;
  const size_t row_bytes = (size_t)planed->info.width * planed->info.channels;
  require(planed->begun > 0 && !planed->as_planes && planed->rows < planed->info.height);
  memcpy(planed->pixels + planed->rows++ * row_bytes, pixels, row_bytes);
  return true;
}

static bool want_planes(void *user, const struct image_info *info) {
  const struct planed *planed = user;
  require(planed->begun <= 1 && info->width > 0 && info->height > 0 && info->channels == 3);
  return true;
}

static bool on_begin_planes(void *user, const struct image_info *info) {
  struct planed *planed = user;
  planed->as_planes = true;
  return begin(planed, info);
}

static void check_ends(const struct image_planes *planes, size_t width) {
  const size_t samples = planes_chroma_width(planes->sampling, width);
  for (size_t c = 0; c < 2; c++) {
    for (size_t r = 0; r < planes_chroma_rows(planes); r++) {
      const uint8_t *row = planes->chroma[c] + r * planes->chroma_stride;
      require(row[-1] == row[0] && row[samples] == row[samples - 1]);
    }
  }
}

/* One row with weight one is that row. */
static void make_row(struct planed *planed, const struct image_planes *planes, size_t row) {
  static const uint8_t one = 1;
  const struct pdq_planes_kernels kernels = pdq_planes_kernels_for(planed->tier);
  const size_t width = planed->info.width;
  const size_t plane = padded(width);
  float *sums = aligned_alloc(64, 3 * plane * sizeof *sums);
  require(sums != NULL);
  memset(sums, 0, 3 * plane * sizeof *sums);
  kernels.weigh(planes, row, 1, &one, 1.0f, width, sums, plane);
  uint8_t *pixels = planed->pixels + planed->rows * width * 3;
  for (size_t x = 0; x < width; x++)
    for (size_t c = 0; c < 3; c++) pixels[3 * x + c] = (uint8_t)sums[c * plane + x];
  free(sums);
}

static bool on_planes(void *user, const struct image_planes *planes) {
  struct planed *planed = user;
  require(planed->as_planes && planed->begun > 0);
  require(planes->first == planed->rows && planes->count > 0);
  require(planes->count <= planed->info.height - planed->rows);
  if (planed->refuse_planes) return false;
  check_ends(planes, planed->info.width);
  struct planes_copy copy;
  planes_copy(&copy, planes, planed->info.width);
  for (size_t r = 0; r < planes->count; r++, planed->rows++) make_row(planed, &copy.planes, r);
  planes_copy_free(&copy);
  return true;
}

void planed_again(struct planed *planed, const uint8_t *bytes, size_t size, const hashscan_limits *limits) {
  const hashscan_limits defaults = HASHSCAN_LIMITS_INIT;
  const struct image_sink sink = {.user = planed,
                                  .begin = on_begin,
                                  .row = on_row,
                                  .want_planes = want_planes,
                                  .begin_planes = on_begin_planes,
                                  .planes = on_planes};
  planed_free(planed);
  planed->begun = 0;
  planed->rows = 0;
  planed->as_planes = false;
  struct image_info info;
  planed->status = image_decode(bytes, size, limits != NULL ? limits : &defaults, &sink, &info, planed->reason);
  const bool complete = planed->status == HASHSCAN_STATUS_OK || planed->status == HASHSCAN_STATUS_DAMAGED;
  require(complete == (planed->begun > 0 && planed->rows == info.height));
  require(planed->begun <= 2);
  if (planed->begun > 0)
    require(info.format == planed->info.format && info.width == planed->info.width &&
            info.height == planed->info.height && info.channels == planed->info.channels);
  planed->info = info;
}

void planed_free(struct planed *planed) {
  free(planed->pixels);
  planed->pixels = NULL;
}
