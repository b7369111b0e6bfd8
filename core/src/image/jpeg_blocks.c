/* SPDX-License-Identifier: Apache-2.0 */
/* JPEG as blocks, by own entropy decoding (core/doc/DESIGN.md). Whatever is outside the scope, over a limit or odd is
 * left to libjpeg-turbo, which starts over; so a file is only handled when libjpeg-turbo would have no warning. */
#include "image/jpeg_blocks.h"

#include "base/checked.h"
#include "base/memory.h"

/* What the store may cost counts with the state against max_decoder_bytes. */
static bool allocate(struct jpeg_blocks *state, size_t coefficients) {
  size_t bytes, total;
  if (!checked_mul(coefficients, sizeof(int16_t), &bytes) || !checked_add(bytes, sizeof *state, &total)) return false;
  if (total > state->job->limits->max_decoder_bytes) return false;
  state->store.memory = memory_allocate_zeroed(1, bytes);
  return state->store.memory != NULL;
}

enum jpeg_outcome jpeg_store_open(struct jpeg_blocks *state, uint32_t luma_rows, uint32_t chroma_rows) {
  const struct jpeg_frame *frame = &state->markers.frame;
  struct jpeg_store *store = &state->store;
  size_t luma, chroma, total;
  if (!checked_mul(frame->components[0].across, state->blocks.stride, &store->luma_row)) return JPEG_ODD;
  store->chroma_row = frame->count == 1 ? 0 : frame->components[1].across;
  if (!checked_mul(store->luma_row, luma_rows, &luma) || !checked_mul(store->chroma_row, chroma_rows, &chroma))
    return JPEG_ODD;
  if (!checked_add(luma, chroma, &total) || !checked_add(total, chroma, &total)) return JPEG_ODD;
  if (!allocate(state, total)) return JPEG_ODD;
  store->luma = store->memory;
  if (frame->count == 1) return JPEG_DONE;
  store->chroma[0] = store->luma + luma;
  store->chroma[1] = store->chroma[0] + chroma;
  return JPEG_DONE;
}

static enum jpeg_outcome refused_by_sink(struct jpeg_blocks *state) {
  state->status = decode_refused(state->job);
  return JPEG_STOPPED;
}

/* No 8-bit file needs larger steps (T.81 B.2.4.1 has them for 12 bits), and with them products of what is skipped leave
 * the 16 bits that libjpeg-turbo dequantises in, where they wrap. */
enum { MAX_STEP = 255 };

/* Of c * q, where c is a coefficient that is kept and q its step: twice what 8-bit samples can give. libjpeg-turbo
 * clips what lies beyond when it has been through the transform, or lets it wrap; the sink would do neither. */
enum { MAX_DEQUANTISED = 2048 };

static bool has_large_step(const struct jpeg_frame *frame) {
  for (unsigned i = 0; i < frame->count; i++)
    for (unsigned k = 0; k < IMAGE_BLOCK_COEFFICIENTS; k++)
      if (frame->components[i].quant[k] > MAX_STEP) return true;
  return false;
}

enum jpeg_outcome jpeg_begin(struct jpeg_blocks *state) {
  const struct jpeg_component *components = state->markers.frame.components;
  struct image_blocks *blocks = &state->blocks;
  if (has_large_step(&state->markers.frame)) return JPEG_ODD;
  memcpy(blocks->quant, components[0].quant, sizeof blocks->quant);
  for (unsigned i = 1; i < state->markers.frame.count; i++) blocks->chroma_quant[i - 1] = components[i].quant[0];
  const struct image_sink *sink = state->job->sink;
  switch (sink->begin_blocks(sink->user, &state->info, blocks)) {
  case IMAGE_TAKEN:
    return JPEG_DONE;
  case IMAGE_DECLINED:
    return JPEG_ODD;
  case IMAGE_REFUSED:
    break;
  }
  return refused_by_sink(state);
}

/* Rows of `component` in the MCU row: those behind the last that hold pixels are left out. */
static unsigned rows_of(const struct jpeg_component *component, uint32_t first) {
  const uint32_t left = component->high - first;
  return left < component->v ? left : component->v;
}

/* Whether any of `count` blocks, `stride` apart, has a coefficient that no 8-bit picture gives. */
static bool is_out_of_range(const int16_t *blocks, size_t stride, size_t count, const uint16_t *steps, unsigned keep) {
  for (unsigned k = 0; k < keep; k++) {
    const int most = MAX_DEQUANTISED / (int)steps[k];
    int beyond = 0;
    for (size_t b = 0; b < count; b++) beyond |= (blocks[b * stride + k] > most) | (blocks[b * stride + k] < -most);
    if (beyond != 0) return true;
  }
  return false;
}

static bool rows_out_of_range(const struct image_blocks *blocks, const struct image_block_rows *rows) {
  for (unsigned i = 0; i < rows->count; i++)
    if (is_out_of_range(rows->luma[i], blocks->stride, blocks->wide, blocks->quant, blocks->keep)) return true;
  for (unsigned i = 0; i < rows->chroma_count; i++)
    for (unsigned c = 0; c < 2; c++)
      if (is_out_of_range(rows->chroma[c][i], 1, blocks->chroma_wide, &blocks->chroma_quant[c], 1)) return true;
  return false;
}

enum jpeg_outcome jpeg_give_rows(struct jpeg_blocks *state, uint32_t mcu_row, const int16_t *luma,
                                 const int16_t *const chroma[2]) {
  const struct jpeg_component *components = state->markers.frame.components;
  const struct image_sink *sink = state->job->sink;
  struct image_block_rows rows = {.first = mcu_row * components[0].v};
  rows.count = rows_of(&components[0], rows.first);
  for (unsigned i = 0; i < rows.count; i++) rows.luma[i] = luma + i * state->store.luma_row;
  if (state->markers.frame.count > 1) {
    rows.chroma_first = mcu_row * components[1].v;
    rows.chroma_count = rows_of(&components[1], rows.chroma_first);
    for (unsigned i = 0; i < rows.chroma_count; i++)
      for (unsigned c = 0; c < 2; c++) rows.chroma[c][i] = chroma[c] + i * state->store.chroma_row;
  }
  if (rows_out_of_range(&state->blocks, &rows)) return JPEG_ODD;
  return sink->blocks(sink->user, &rows) ? JPEG_DONE : refused_by_sink(state);
}

enum jpeg_outcome jpeg_check_time(struct jpeg_blocks *state) {
  state->status = decode_check_time(state->job);
  return state->status == HASHSCAN_STATUS_OK ? JPEG_DONE : JPEG_STOPPED;
}

enum jpeg_outcome jpeg_next_scan(struct jpeg_blocks *state, bool *more) {
  const enum jpeg_next next = jpeg_markers_next(&state->markers);
  *more = next == JPEG_NEXT_SCAN;
  if (next == JPEG_NEXT_ODD || state->markers.scans > state->job->limits->max_jpeg_scans) return JPEG_ODD;
  return jpeg_check_time(state);
}

/* Up to the first scan, which libjpeg-turbo reads before it checks any limit of ours: the limits are for it to name. */
static enum jpeg_outcome read_header(struct jpeg_blocks *state) {
  const struct jpeg_frame *frame = &state->markers.frame;
  const hashscan_limits *limits = state->job->limits;
  bool more = false;
  jpeg_markers_open(&state->markers, state->job->bytes, state->job->size);
  const enum jpeg_outcome outcome = jpeg_next_scan(state, &more);
  if (outcome != JPEG_DONE || !more) return outcome == JPEG_DONE ? JPEG_ODD : outcome;
  if (frame->width > limits->max_jpeg_side || frame->height > limits->max_jpeg_side) return JPEG_ODD;
  if ((uint64_t)frame->width * frame->height > limits->max_pixels) return JPEG_ODD;
  state->info = (struct image_info){
      .format = HASHSCAN_FORMAT_JPEG, .width = frame->width, .height = frame->height, .channels = frame->count};
  return JPEG_DONE;
}

/* Blocks are multiples of 16 bytes, unless they are DC values alone. */
static bool choose_blocks(struct jpeg_blocks *state) {
  const struct jpeg_frame *frame = &state->markers.frame;
  const unsigned wanted = state->job->sink->want_blocks(state->job->sink->user, &state->info);
  if (wanted == 0) return false;
  const unsigned keep = wanted < IMAGE_BLOCK_COEFFICIENTS ? wanted : IMAGE_BLOCK_COEFFICIENTS;
  state->blocks = (struct image_blocks){.wide = frame->components[0].wide,
                                        .high = frame->components[0].high,
                                        .keep = keep,
                                        .stride = keep == 1 ? 1 : (keep + 7u) & ~7u};
  if (frame->count == 1) return true;
  state->blocks.chroma_wide = frame->components[1].wide;
  state->blocks.chroma_high = frame->components[1].high;
  return true;
}

static enum jpeg_outcome give_store(struct jpeg_blocks *state) {
  const struct jpeg_frame *frame = &state->markers.frame;
  const struct jpeg_store *store = &state->store;
  const bool grey = frame->count == 1;
  const size_t chroma_step = grey ? 0 : store->chroma_row * frame->components[1].v;
  enum jpeg_outcome outcome = jpeg_begin(state);
  for (uint32_t row = 0; outcome == JPEG_DONE && row < frame->mcus_high; row++) {
    const int16_t *chroma[2] = {NULL, NULL};
    for (unsigned c = 0; c < 2 && !grey; c++) chroma[c] = store->chroma[c] + row * chroma_step;
    outcome = jpeg_give_rows(state, row, store->luma + row * store->luma_row * frame->max_v, chroma);
    if (outcome == JPEG_DONE) outcome = jpeg_check_time(state);
  }
  return outcome;
}

static enum jpeg_outcome decode_scans(struct jpeg_blocks *state) {
  const struct jpeg_frame *frame = &state->markers.frame;
  if (!frame->progressive && state->markers.scan.count == frame->count) return jpeg_sequential_interleaved(state);
  const uint32_t chroma_rows = frame->count == 1 ? 0 : frame->components[1].down;
  enum jpeg_outcome outcome = jpeg_store_open(state, frame->components[0].down, chroma_rows);
  if (outcome == JPEG_DONE) outcome = frame->progressive ? jpeg_progressive(state) : jpeg_sequential_scans(state);
  return outcome == JPEG_DONE ? give_store(state) : outcome;
}

static enum jpeg_outcome decode(struct jpeg_blocks *state) {
  const enum jpeg_outcome outcome = read_header(state);
  if (outcome != JPEG_DONE) return outcome;
  return choose_blocks(state) ? decode_scans(state) : JPEG_ODD;
}

bool jpeg_blocks_decode(struct decode_job *job, hashscan_status *status) {
  if (sizeof(struct jpeg_blocks) > job->limits->max_decoder_bytes) return false;
  struct jpeg_blocks *state = memory_allocate(sizeof *state);
  if (state == NULL) return false;
  state->job = job;
  state->status = HASHSCAN_STATUS_OK;
  state->info = (struct image_info){.format = HASHSCAN_FORMAT_JPEG};
  state->store = (struct jpeg_store){0};
  const enum jpeg_outcome outcome = decode(state);
  if (outcome != JPEG_ODD) {
    *job->info = state->info;
    *status = state->status;
  }
  memory_release(state->store.memory);
  memory_release(state);
  return outcome != JPEG_ODD;
}
