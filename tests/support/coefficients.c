/* SPDX-License-Identifier: Apache-2.0 */
/* A sink for blocks that checks every promise of image.h and keeps what it got, and jpeg_read_coefficients() with its
 * answer in the same form. */
#include "coefficients.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

#include "base/clock.h"
#include "guard.h"
#include "image/jpeg_blocks.h"

enum { COEFFICIENTS = IMAGE_BLOCK_COEFFICIENTS };

/* T.81 figure A.6. */
const uint8_t coefficients_natural_order[COEFFICIENTS] = {
    0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,  12, 19, 26, 33, 40, 48,
    41, 34, 27, 20, 13, 6,  7,  14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23,
    30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63};

static void require(bool holds) {
  if (!holds) abort();
}

static void allocate(struct coefficients *coefficients) {
  const struct image_blocks *blocks = &coefficients->blocks;
  coefficients->luma = calloc((size_t)blocks->wide * blocks->high * COEFFICIENTS, sizeof(int16_t));
  require(coefficients->luma != NULL);
  for (int c = 0; c < 2; c++) {
    coefficients->chroma[c] = calloc((size_t)blocks->chroma_wide * blocks->chroma_high + 1, sizeof(int16_t));
    require(coefficients->chroma[c] != NULL);
  }
}

void coefficients_free(struct coefficients *coefficients) {
  free(coefficients->luma);
  for (int c = 0; c < 2; c++) free(coefficients->chroma[c]);
  *coefficients = (struct coefficients){0};
}

/* ---- The library's own decoder ----------------------------------------------------------------------------------- */

struct watch {
  struct blocks_read *read;
  unsigned keep;
  bool begun;
  uint32_t rows;
  uint32_t chroma_rows;
};

static bool refused(struct watch *watch) {
  return ++watch->read->calls == watch->read->refuse_callback;
}

static unsigned on_want_blocks(void *user, const struct image_info *info) {
  struct watch *watch = user;
  require(!watch->begun && info->format == HASHSCAN_FORMAT_JPEG);
  require(info->width > 0 && info->height > 0 && (info->channels == 1 || info->channels == 3));
  return watch->keep;
}

static enum image_answer on_begin_blocks(void *user, const struct image_info *info, const struct image_blocks *blocks) {
  struct watch *watch = user;
  require(!watch->begun);
  watch->begun = true;
  require(blocks->wide == (info->width + 7) / 8 && blocks->high == (info->height + 7) / 8);
  require(blocks->keep == watch->keep && blocks->stride >= blocks->keep);
  require((info->channels == 3) == (blocks->chroma_wide > 0 && blocks->chroma_high > 0));
  struct coefficients *coefficients = &watch->read->coefficients;
  coefficients->info = *info;
  coefficients->blocks = *blocks;
  allocate(coefficients);
  return refused(watch) ? IMAGE_REFUSED : IMAGE_TAKEN;
}

static void keep_luma_row(struct watch *watch, const int16_t *row) {
  const struct image_blocks *blocks = &watch->read->coefficients.blocks;
  int16_t *kept = watch->read->coefficients.luma + (size_t)watch->rows++ * blocks->wide * COEFFICIENTS;
  for (uint32_t x = 0; x < blocks->wide; x++, kept += COEFFICIENTS, row += blocks->stride) {
    memcpy(kept, row, blocks->keep * sizeof *kept);
    for (size_t k = blocks->keep; k < blocks->stride; k++) require(row[k] == 0);
  }
}

static void keep_chroma_rows(struct watch *watch, const struct image_block_rows *rows) {
  const struct coefficients *coefficients = &watch->read->coefficients;
  const size_t wide = coefficients->blocks.chroma_wide;
  for (unsigned i = 0; i < rows->chroma_count; i++, watch->chroma_rows++)
    for (int c = 0; c < 2; c++)
      memcpy(coefficients->chroma[c] + watch->chroma_rows * wide, rows->chroma[c][i], wide * sizeof(int16_t));
}

static bool on_blocks(void *user, const struct image_block_rows *rows) {
  struct watch *watch = user;
  const struct image_blocks *blocks = &watch->read->coefficients.blocks;
  require(watch->begun && rows->first == watch->rows);
  require(rows->count >= 1 && rows->count <= 4 && rows->count <= blocks->high - watch->rows);
  for (unsigned i = 0; i < rows->count; i++) keep_luma_row(watch, rows->luma[i]);
  if (blocks->chroma_high > 0) require(rows->chroma_first == watch->chroma_rows);
  require(rows->chroma_count <= 4 && rows->chroma_count <= blocks->chroma_high - watch->chroma_rows);
  keep_chroma_rows(watch, rows);
  return !refused(watch);
}

static bool on_begin_rows(void *user, const struct image_info *info) {
  (void)user, (void)info;
  abort();
}

static bool on_row(void *user, const uint8_t *pixels) {
  (void)user, (void)pixels;
  abort();
}

static void check_end(const struct watch *watch, const char *reason) {
  const struct blocks_read *read = watch->read;
  if (!read->handled) return;
  const struct image_blocks *blocks = &read->coefficients.blocks;
  require(read->status == HASHSCAN_STATUS_OK || read->status == HASHSCAN_STATUS_LIMIT ||
          read->status == HASHSCAN_STATUS_TIMEOUT);
  require((read->status == HASHSCAN_STATUS_OK) == (*reason == '\0'));
  if (read->status != HASHSCAN_STATUS_OK) return;
  require(watch->begun && watch->rows == blocks->high && watch->chroma_rows == blocks->chroma_high);
}

void blocks_read(struct blocks_read *read, const uint8_t *bytes, size_t size, unsigned keep,
                 const hashscan_limits *limits) {
  const hashscan_limits defaults = HASHSCAN_LIMITS_INIT;
  struct image_info info = {.format = HASHSCAN_FORMAT_JPEG};
  struct watch watch = {.read = read, .keep = keep};
  const struct image_sink sink = {.user = &watch,
                                  .begin = on_begin_rows,
                                  .row = on_row,
                                  .want_blocks = on_want_blocks,
                                  .begin_blocks = on_begin_blocks,
                                  .blocks = on_blocks};
  char reason[HASHSCAN_REASON_SIZE] = "";
  struct guard input = guard_alloc(size);
  if (size > 0) memcpy(input.bytes, bytes, size);
  struct decode_job job = {.bytes = input.bytes,
                           .size = size,
                           .limits = limits != NULL ? limits : &defaults,
                           .sink = &sink,
                           .info = &info,
                           .reason = reason};
  job.deadline = clock_seconds() + job.limits->max_seconds;
  coefficients_free(&read->coefficients);
  read->calls = 0;
  read->handled = jpeg_blocks_decode(&job, &read->status);
  guard_free(&input);
  check_end(&watch, reason);
}

/* ---- libjpeg ----------------------------------------------------------------------------------------------------- */

struct libjpeg {
  struct jpeg_decompress_struct decoder;
  struct jpeg_error_mgr errors;
  struct libjpeg_read *read;
  jmp_buf escape;
};

static void on_error(j_common_ptr common) {
  struct libjpeg *state = common->client_data;
  char text[JMSG_LENGTH_MAX];
  common->err->format_message(common, text);
  snprintf(state->read->text, sizeof state->read->text, "%s", text);
  longjmp(state->escape, 1);
}

static bool is_of_entropy_data(int code) {
  return code == JWRN_HIT_MARKER || code == JWRN_HUFF_BAD_CODE || code == JWRN_MUST_RESYNC ||
         code == JWRN_EXTRANEOUS_DATA;
}

static void on_message(j_common_ptr common, int level) {
  struct libjpeg *state = common->client_data;
  if (level >= 0) return;
  char text[JMSG_LENGTH_MAX];
  common->err->format_message(common, text);
  snprintf(state->read->text, sizeof state->read->text, "%s", text);
  if (is_of_entropy_data(common->err->msg_code)) state->read->entropy_warnings++;
  else state->read->odd_warnings++;
}

static bool has_full_luma(const struct jpeg_decompress_struct *decoder) {
  if (decoder->jpeg_color_space == JCS_GRAYSCALE) return true;
  const jpeg_component_info *components = decoder->comp_info;
  return decoder->jpeg_color_space == JCS_YCbCr && components[0].h_samp_factor == decoder->max_h_samp_factor &&
         components[0].v_samp_factor == decoder->max_v_samp_factor &&
         components[1].h_samp_factor == components[2].h_samp_factor &&
         components[1].v_samp_factor == components[2].v_samp_factor;
}

static void take_geometry(struct libjpeg *state) {
  const struct jpeg_decompress_struct *decoder = &state->decoder;
  struct coefficients *coefficients = &state->read->coefficients;
  struct image_blocks *blocks = &coefficients->blocks;
  coefficients->info = (struct image_info){.format = HASHSCAN_FORMAT_JPEG,
                                           .width = decoder->image_width,
                                           .height = decoder->image_height,
                                           .channels = (unsigned)decoder->num_components};
  *blocks = (struct image_blocks){.wide = (decoder->image_width + 7) / 8,
                                  .high = (decoder->image_height + 7) / 8,
                                  .keep = COEFFICIENTS,
                                  .stride = COEFFICIENTS};
  for (size_t k = 0; k < COEFFICIENTS; k++)
    blocks->quant[k] = decoder->comp_info[0].quant_table->quantval[coefficients_natural_order[k]];
  for (int c = 0; c < decoder->num_components - 1; c++) {
    const jpeg_component_info *component = &decoder->comp_info[c + 1];
    blocks->chroma_wide = component->width_in_blocks;
    blocks->chroma_high = component->height_in_blocks;
    blocks->chroma_quant[c] = component->quant_table->quantval[0];
  }
}

static const JCOEF *block_at(struct libjpeg *state, jvirt_barray_ptr *arrays, int component, uint32_t x, uint32_t y) {
  struct jpeg_decompress_struct *decoder = &state->decoder;
  return decoder->mem->access_virt_barray((j_common_ptr)decoder, arrays[component], y, 1, FALSE)[0][x];
}

static void take_blocks(struct libjpeg *state, jvirt_barray_ptr *arrays) {
  struct coefficients *coefficients = &state->read->coefficients;
  const struct image_blocks *blocks = &coefficients->blocks;
  int16_t *luma = coefficients->luma;
  for (uint32_t y = 0; y < blocks->high; y++)
    for (uint32_t x = 0; x < blocks->wide; x++, luma += COEFFICIENTS) {
      const JCOEF *block = block_at(state, arrays, 0, x, y);
      for (size_t k = 0; k < COEFFICIENTS; k++) luma[k] = block[coefficients_natural_order[k]];
    }
  for (int c = 0; c < 2; c++)
    for (uint32_t y = 0; y < blocks->chroma_high; y++)
      for (uint32_t x = 0; x < blocks->chroma_wide; x++)
        coefficients->chroma[c][(size_t)y * blocks->chroma_wide + x] = block_at(state, arrays, c + 1, x, y)[0];
}

static void read_all(struct libjpeg *state, const uint8_t *bytes, size_t size) {
  struct jpeg_decompress_struct *decoder = &state->decoder;
  jpeg_create_decompress(decoder);
  jpeg_mem_src(decoder, bytes, (unsigned long)size);
  jpeg_read_header(decoder, TRUE);
  jvirt_barray_ptr *arrays = jpeg_read_coefficients(decoder);
  state->read->progressive = decoder->progressive_mode;
  state->read->y_is_full = has_full_luma(decoder);
  for (int c = 0; c < decoder->num_components; c++)
    if (decoder->comp_info[c].quant_table == NULL) state->read->y_is_full = false; /* a component without a scan */
  if (state->read->y_is_full) {
    take_geometry(state);
    allocate(&state->read->coefficients);
    take_blocks(state, arrays);
  }
  jpeg_finish_decompress(decoder);
}

static bool read_or_escape(struct libjpeg *state, const uint8_t *bytes, size_t size) {
  if (setjmp(state->escape) != 0) return false;
  read_all(state, bytes, size);
  return true;
}

void libjpeg_read(struct libjpeg_read *read, const uint8_t *bytes, size_t size) {
  static struct libjpeg state;
  state = (struct libjpeg){.read = read};
  *read = (struct libjpeg_read){0};
  state.decoder.err = jpeg_std_error(&state.errors);
  state.decoder.client_data = &state;
  state.errors.error_exit = on_error;
  state.errors.emit_message = on_message;
  read->failed = !read_or_escape(&state, bytes, size);
  jpeg_destroy_decompress(&state.decoder);
}

/* ---- Comparison -------------------------------------------------------------------------------------------------- */

/* The DC is shifted as a two's complement number, ACs by magnitude (T.81 section G.1.2). */
static bool same_as_far(int read, int truth, size_t k, unsigned missing) {
  if (k == 0) return read == (truth & -(1 << missing));
  const int known = abs(truth) & -(1 << missing);
  return read == (truth < 0 ? -known : known);
}

static const char *luma_difference(const struct coefficients *read, const struct coefficients *truth) {
  const struct image_blocks *blocks = &read->blocks;
  static char text[160];
  for (size_t block = 0; block < (size_t)blocks->wide * blocks->high; block++)
    for (size_t k = 0; k < blocks->keep; k++) {
      const size_t i = block * COEFFICIENTS + k;
      if (same_as_far(read->luma[i], truth->luma[i], k, blocks->missing[k])) continue;
      snprintf(text, sizeof text, "luma block %zu coefficient %zu: %d for %d, %u bits missing", block, k, read->luma[i],
               truth->luma[i], blocks->missing[k]);
      return text;
    }
  return NULL;
}

const char *coefficients_difference(const struct coefficients *read, const struct coefficients *truth) {
  const struct image_blocks *a = &read->blocks;
  const struct image_blocks *b = &truth->blocks;
  if (read->info.width != truth->info.width || read->info.height != truth->info.height) return "size";
  if (read->info.channels != truth->info.channels) return "number of components";
  if (a->wide != b->wide || a->high != b->high) return "luma geometry";
  if (a->chroma_wide != b->chroma_wide || a->chroma_high != b->chroma_high) return "chroma geometry";
  if (memcmp(a->quant, b->quant, sizeof a->quant) != 0) return "luma step sizes";
  if (memcmp(a->chroma_quant, b->chroma_quant, sizeof a->chroma_quant) != 0) return "chroma step sizes";
  for (size_t c = 0; c < 2; c++)
    if (memcmp(read->chroma[c], truth->chroma[c], (size_t)a->chroma_wide * a->chroma_high * sizeof(int16_t)) != 0)
      return c == 0 ? "Cb" : "Cr";
  return luma_difference(read, truth);
}
