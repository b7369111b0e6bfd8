/* SPDX-License-Identifier: Apache-2.0 */
/* jpeg_read_raw_data() row of MCUs by row of MCUs, and a sink that puts bands together. */
#include "raw.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include "base/clock.h"
#include "guard.h"
#include "image/jpeg_planes.h"

static void require(bool holds) {
  if (!holds) abort();
}

static void allocate(struct raw_planes *planes, enum image_sampling sampling, uint32_t width, uint32_t height) {
  planes->sampling = sampling;
  for (size_t p = 0; p < 3; p++) {
    planes->width[p] = p == 0 || sampling == IMAGE_444 ? width : (width + 1) / 2;
    planes->height[p] = p == 0 || sampling != IMAGE_420 ? height : (height + 1) / 2;
    planes->samples[p] = malloc((size_t)planes->width[p] * planes->height[p]);
    require(planes->samples[p] != NULL);
  }
}

void raw_planes_free(struct raw_planes *planes) {
  for (size_t p = 0; p < 3; p++) free(planes->samples[p]);
  *planes = (struct raw_planes){0};
}

bool raw_planes_equal(const struct raw_planes *a, const struct raw_planes *b) {
  if (a->sampling != b->sampling) return false;
  for (size_t p = 0; p < 3; p++) {
    if (a->width[p] != b->width[p] || a->height[p] != b->height[p]) return false;
    if (memcmp(a->samples[p], b->samples[p], (size_t)a->width[p] * a->height[p]) != 0) return false;
  }
  return true;
}

/* ---- libjpeg-turbo ----------------------------------------------------------------------------------------------- */

struct oracle {
  struct jpeg_decompress_struct decoder;
  struct jpeg_error_mgr errors;
  struct raw_libjpeg *raw;
  JSAMPLE *rows; /* of an MCU row, the three components one after the other */
  jmp_buf escape;
};

static void on_error(j_common_ptr common) {
  struct oracle *oracle = common->client_data;
  common->err->format_message(common, oracle->raw->text);
  longjmp(oracle->escape, 1);
}

static void on_message(j_common_ptr common, int level) {
  struct oracle *oracle = common->client_data;
  if (level >= 0) return;
  oracle->raw->warnings++;
  common->err->format_message(common, oracle->raw->text);
}

static void copy_rows(struct raw_planes *planes, size_t p, JSAMPARRAY rows, uint32_t first, uint32_t count) {
  for (uint32_t row = 0; row < count && first + row < planes->height[p]; row++)
    memcpy(planes->samples[p] + (size_t)(first + row) * planes->width[p], rows[row], planes->width[p]);
}

static void read_mcu_row(struct oracle *oracle) {
  struct jpeg_decompress_struct *decoder = &oracle->decoder;
  const jpeg_component_info *components = decoder->comp_info;
  const JDIMENSION lines = (JDIMENSION)decoder->max_v_samp_factor * DCTSIZE;
  const JDIMENSION mcu_row = decoder->output_scanline / lines;
  JSAMPROW rows[3][2 * DCTSIZE];
  JSAMPARRAY arrays[3] = {rows[0], rows[1], rows[2]};
  JSAMPLE *next = oracle->rows;
  for (size_t p = 0; p < 3; p++)
    for (int row = 0; row < components[p].v_samp_factor * DCTSIZE; row++, next += decoder->output_width + 32)
      rows[p][row] = next;
  jpeg_read_raw_data(decoder, arrays, lines);
  for (size_t p = 0; p < 3; p++) {
    const uint32_t count = (uint32_t)components[p].v_samp_factor * DCTSIZE;
    copy_rows(&oracle->raw->planes, p, arrays[p], mcu_row * count, count);
  }
}

static void read_all(struct oracle *oracle, const uint8_t *bytes, size_t size) {
  struct jpeg_decompress_struct *decoder = &oracle->decoder;
  jpeg_create_decompress(decoder);
  jpeg_mem_src(decoder, bytes, size);
  jpeg_read_header(decoder, TRUE);
  if (decoder->data_precision != 8 || !jpeg_planes_fit(decoder)) longjmp(oracle->escape, 1);
  decoder->raw_data_out = TRUE;
  decoder->dct_method = JDCT_ISLOW;
  jpeg_start_decompress(decoder);
  const int h = decoder->comp_info[0].h_samp_factor, v = decoder->comp_info[0].v_samp_factor;
  allocate(&oracle->raw->planes,
           h == 1   ? IMAGE_444
           : v == 1 ? IMAGE_422
                    : IMAGE_420,
           decoder->output_width, decoder->output_height);
  oracle->rows = malloc((size_t)(decoder->output_width + 32) * 4 * DCTSIZE);
  require(oracle->rows != NULL);
  while (decoder->output_scanline < decoder->output_height) read_mcu_row(oracle);
  jpeg_finish_decompress(decoder);
}

static void read_or_escape(struct oracle *oracle, const uint8_t *bytes, size_t size) {
  if (setjmp(oracle->escape) != 0) oracle->raw->failed = true;
  else read_all(oracle, bytes, size);
}

void raw_from_libjpeg(struct raw_libjpeg *raw, const uint8_t *bytes, size_t size) {
  struct oracle oracle = {.raw = raw};
  *raw = (struct raw_libjpeg){0};
  oracle.decoder.err = jpeg_std_error(&oracle.errors);
  oracle.decoder.client_data = &oracle;
  oracle.errors.error_exit = on_error;
  oracle.errors.emit_message = on_message;
  read_or_escape(&oracle, bytes, size);
  jpeg_destroy_decompress(&oracle.decoder);
  free(oracle.rows);
}

/* ---- Own decoding ------------------------------------------------------------------------------------------------ */

struct watch {
  struct raw_lanes *raw;
  uint32_t rows;
};

static bool want_planes(void *user, const struct image_info *info) {
  const struct watch *watch = user;
  require(watch->raw->begun == 0 && info->format == HASHSCAN_FORMAT_JPEG && info->channels == 3);
  return info->width > 0 && info->height > 0;
}

static bool begin_planes(void *user, const struct image_info *info) {
  struct watch *watch = user;
  require(info->width > 0 && info->height > 0);
  watch->raw->begun++;
  return true;
}

/* A row of a plane; beyond the picture it is a copy of the row at its end. */
static void take_row(struct raw_planes *planes, size_t p, const uint8_t *row, int64_t at) {
  const bool beyond = at < 0 || at >= planes->height[p];
  const size_t to = (size_t)(at < 0 ? 0 : at >= planes->height[p] ? planes->height[p] - 1 : at);
  uint8_t *samples = planes->samples[p] + to * planes->width[p];
  if (beyond && at > 0) require(memcmp(samples, row, planes->width[p]) == 0);
  if (p > 0) require(row[-1] == row[0] && row[planes->width[p]] == row[planes->width[p] - 1]);
  memcpy(samples, row, planes->width[p]);
}

static bool take_planes(void *user, const struct image_planes *planes) {
  struct watch *watch = user;
  struct raw_planes *to = &watch->raw->planes;
  require(planes->first == watch->rows && planes->count > 0 && to->sampling == planes->sampling);
  require(planes->count <= to->height[0] - watch->rows);
  watch->rows += planes->count;
  for (uint32_t row = 0; row < planes->count; row++)
    take_row(to, 0, planes->luma + row * planes->luma_stride, planes->first + row);
  const bool joins = planes->sampling == IMAGE_420;
  const int64_t first = joins ? (int64_t)(planes->first + 1) / 2 - 1 : planes->first;
  const int64_t last = joins ? (planes->first + planes->count) / 2 : planes->first + planes->count - 1;
  for (size_t c = 0; c < 2; c++)
    for (int64_t row = first; row <= last; row++)
      take_row(to, 1 + c, planes->chroma[c] + (size_t)(row - first) * planes->chroma_stride, row);
  return true;
}

/* The sink hears of the sampling with the first planes; the copy is made for what the header says. */
static bool find_planes(struct raw_planes *planes, const uint8_t *bytes, size_t size) {
  struct jpeg_markers markers;
  jpeg_markers_open(&markers, bytes, size);
  if (jpeg_markers_next(&markers) != JPEG_NEXT_SCAN || markers.frame.count != 3) return false;
  const struct jpeg_component *luma = &markers.frame.components[0];
  if ((uint64_t)markers.frame.width * markers.frame.height > 1 << 26) return false;
  allocate(planes,
           luma->h == 1   ? IMAGE_444
           : luma->v == 1 ? IMAGE_422
                          : IMAGE_420,
           markers.frame.width, markers.frame.height);
  return true;
}

void raw_from_lanes(struct raw_lanes *raw, const uint8_t *bytes, size_t size, const struct lanes_tuning *tuning,
                    const hashscan_limits *limits) {
  const hashscan_limits defaults = HASHSCAN_LIMITS_INIT;
  struct watch watch = {.raw = raw};
  const struct image_sink sink = {
      .user = &watch, .want_planes = want_planes, .begin_planes = begin_planes, .planes = take_planes};
  struct image_info info = {0};
  char reason[HASHSCAN_REASON_SIZE] = "";
  struct guard guard = guard_alloc(size);
  memcpy(guard.bytes, bytes, size);
  *raw = (struct raw_lanes){0};
  struct decode_job job = {.bytes = guard.bytes,
                           .size = size,
                           .limits = limits != NULL ? limits : &defaults,
                           .sink = &sink,
                           .info = &info,
                           .reason = reason};
  job.deadline = clock_seconds() + job.limits->max_seconds;
  if (find_planes(&raw->planes, bytes, size)) raw->handled = lanes_planes_decode(&job, tuning, &raw->status);
  const bool good = raw->handled && raw->status == HASHSCAN_STATUS_OK;
  require(!good || (raw->begun == 1 && watch.rows == info.height && job.warnings == 0 && reason[0] == '\0'));
  require(raw->handled || (job.rows == 0 && info.width == 0));
  require(watch.rows < raw->planes.height[0] || good || raw->planes.height[0] == 0);
  guard_free(&guard);
}

const char *raw_difference(const uint8_t *bytes, size_t size, const struct lanes_tuning *tuning,
                           const hashscan_limits *limits, bool *handled) {
  struct raw_lanes lanes;
  struct raw_libjpeg truth;
  const char *difference = NULL;
  raw_from_lanes(&lanes, bytes, size, tuning, limits);
  *handled = lanes.handled;
  if (lanes.handled && lanes.status == HASHSCAN_STATUS_OK) {
    raw_from_libjpeg(&truth, bytes, size);
    if (truth.failed) difference = "libjpeg-turbo fails";
    else if (truth.warnings > 0) difference = "libjpeg-turbo warns";
    else if (!raw_planes_equal(&lanes.planes, &truth.planes)) difference = "samples differ from libjpeg-turbo's";
    raw_planes_free(&truth.planes);
  }
  raw_planes_free(&lanes.planes);
  return difference;
}
