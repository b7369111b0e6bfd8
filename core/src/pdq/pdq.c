/* SPDX-License-Identifier: Apache-2.0 */
/* The PDQ stream. Rows of pixels pass through the two box passes of both axes, eight rows (a strip) at a time:
 *
 *     luma -> along rows -> across rows -> along rows, 64 columns -> across rows, 64 rows -> 64x64
 *     ------- kernels.filter, once a strip --------------------     --- decimated_row -----
 *
 * Only the samples that decimation keeps are computed at the end. Each filter across rows remembers the rows inside its
 * window, so memory is about height / 128 rows, and all of it stays in cache for usual pictures. */
#include "pdq/pdq.h"

#include <string.h>

#include "base/checked.h"
#include "base/cpu.h"
#include "base/memory.h"
#include "pdq/kernels.h"
#include "pdq/spectrum.h"

#define NN512_SIDE 512

/* The rows inside the window of a filter across rows, which it has still to subtract. Row r is kept at r modulo
 * `capacity`. */
struct row_window {
  float *rows;
  size_t stride; /* floats from row to row */
  size_t capacity;
};

struct pdq_stream {
  struct pdq_kernels kernels;
  struct pdq_luma_kernels luma_kernels;
  float dct[PDQ_COEFFICIENTS * PDQ_SIDE];

  /* The picture as hashed, after the profile's resize. */
  size_t columns;
  size_t rows;
  unsigned channels;           /* bytes of a pixel */
  struct pdq_luma_range range; /* of video luma; `bytes` is 0 for other pixels */
  uint32_t source_width;
  uint32_t source_height;
  bool resized;
  size_t source_row; /* rows pushed by the caller */
  size_t row;        /* rows of the picture as hashed */

  struct pdq_box along;
  struct pdq_box down;
  uint32_t sample_columns[PDQ_SIDE];
  uint32_t sample_rows[PDQ_SIDE];
  size_t next_sample; /* the next of sample_rows to come */

  uint8_t *resized_row; /* NN512_SIDE pixels of up to four bytes */
  float *luma;          /* the strip being filled */
  size_t stride;
  float *before; /* scratch of the strip filter, after the columns in front */
  float *between;
  float *zeros; /* a row that changes nothing */
  struct row_window wide;
  float *wide_sum;
  struct row_window narrow; /* rows of PDQ_SIDE floats */
  float *narrow_sum;
  size_t narrow_row; /* rows that entered the last filter */

  float *memory;
  size_t memory_floats;

  float *picture; /* 64x64, filtered and decimated */
  float *plain;   /* 64x64, unfiltered: a 64x64 input's own hash */
};

struct pdq_stream *pdq_stream_create(void) {
  struct pdq_stream *stream = memory_allocate_zeroed(1, sizeof *stream);
  if (stream == NULL) return NULL;
  stream->kernels = pdq_kernels_for(cpu_tier());
  stream->luma_kernels = pdq_luma_kernels_for(cpu_tier());
  pdq_dct_matrix(stream->dct);
  return stream;
}

void pdq_stream_destroy(struct pdq_stream *stream) {
  if (stream == NULL) return;
  memory_release_lines(stream->memory);
  memory_release(stream);
}

static bool too_small(const struct pdq_stream *stream) {
  return stream->columns < PDQ_MINIMUM_SIDE || stream->rows < PDQ_MINIMUM_SIDE;
}

/* ---- Layout ---------------------------------------------------------------------------------------------------- */

static size_t round_up(size_t value, size_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

/* Hands out 64-byte aligned pieces of one block; with base NULL it only counts. */
struct arena {
  float *base;
  size_t used;
  bool overflow;
};

static float *arena_take(struct arena *arena, size_t rows, size_t stride) {
  size_t floats;
  size_t end;
  if (!checked_mul(rows, stride, &floats) || !checked_add(floats, 15, &floats) ||
      !checked_add(arena->used, floats / 16 * 16, &end)) {
    arena->overflow = true;
    return NULL;
  }
  float *piece = arena->base == NULL ? NULL : arena->base + arena->used;
  arena->used = end;
  return piece;
}

static void box_set(struct pdq_box *box, size_t n) {
  box->n = n;
  box->window = pdq_window(n);
  box->lead = pdq_lead(box->window);
}

static void box_layout(struct pdq_box *box, struct arena *arena) {
  const size_t padded = round_up(box->n, PDQ_STRIP) + PDQ_STRIP;
  box->count = arena_take(arena, 1, padded);
  box->reciprocal = arena_take(arena, 1, padded);
}

static void window_layout(struct row_window *window, size_t capacity, size_t width, struct arena *arena) {
  /* 16 floats more than the width needs keep rows off each other's cache sets when the width is a power of two. */
  window->stride = width + 16;
  window->capacity = capacity;
  window->rows = arena_take(arena, capacity, window->stride);
}

static void stream_layout(struct pdq_stream *stream, struct arena *arena) {
  const struct pdq_box *along = &stream->along;
  const size_t width = round_up(stream->columns, PDQ_STRIP);
  box_layout(&stream->along, arena);
  box_layout(&stream->down, arena);
  stream->stride = width + 16;
  stream->luma = arena_take(arena, PDQ_STRIP, stream->stride);
  stream->before = arena_take(arena, PDQ_STRIP, along->window + width + along->lead + PDQ_STRIP);
  stream->between = arena_take(arena, PDQ_STRIP, along->window + width);
  stream->zeros = arena_take(arena, 1, stream->stride + PDQ_SIDE);
  window_layout(&stream->wide, stream->down.window + PDQ_STRIP, width, arena);
  stream->wide_sum = arena_take(arena, 1, stream->stride);
  window_layout(&stream->narrow, stream->down.window + 1, PDQ_SIDE, arena);
  stream->narrow_sum = arena_take(arena, 1, PDQ_SIDE);
  stream->picture = arena_take(arena, PDQ_SIDE, PDQ_SIDE);
  stream->plain = arena_take(arena, PDQ_SIDE, PDQ_SIDE);
  stream->resized_row = (uint8_t *)arena_take(arena, 1, NN512_SIDE);
}

/* Grows the one block behind everything to `floats`. */
static bool stream_reserve(struct pdq_stream *stream, size_t floats) {
  if (floats <= stream->memory_floats) return true;
  size_t bytes;
  if (!checked_mul(floats, sizeof(float), &bytes)) return false;
  memory_release_lines(stream->memory);
  stream->memory_floats = 0;
  stream->memory = memory_allocate_lines(bytes);
  if (stream->memory == NULL) return false;
  stream->memory_floats = floats;
  return true;
}

/* ---- Beginning a picture ----------------------------------------------------------------------------------------- */

static void box_fill(struct pdq_box *box) {
  const size_t padded = round_up(box->n, PDQ_STRIP);
  for (size_t o = 0; o < padded; o++) {
    const struct pdq_span span = pdq_window_span(box->n, box->window, o);
    box->count[o] = o < box->n ? (float)(span.end - span.begin) : 1.0f;
    box->reciprocal[o] = 1.0f / box->count[o];
  }
}

static void decimation_samples(uint32_t samples[PDQ_SIDE], size_t n) {
  for (size_t i = 0; i < PDQ_SIDE; i++) samples[i] = (uint32_t)pdq_sample(n, i);
}

/* Zeroes the sums, and all that a filter may read but no picture of this size writes. */
static void clear(struct pdq_stream *stream) {
  const struct pdq_box *along = &stream->along;
  const size_t width = round_up(along->n, PDQ_STRIP);
  memset(stream->before, 0, along->window * PDQ_STRIP * sizeof(float));
  stream->before += along->window * PDQ_STRIP;
  stream->between += along->window * PDQ_STRIP;
  memset(stream->before + width * PDQ_STRIP, 0, (along->lead + PDQ_STRIP) * PDQ_STRIP * sizeof(float));
  memset(stream->luma, 0, PDQ_STRIP * stream->stride * sizeof(float));
  memset(stream->zeros, 0, (stream->stride + PDQ_SIDE) * sizeof(float));
  memset(stream->wide_sum, 0, stream->stride * sizeof(float));
  memset(stream->narrow_sum, 0, PDQ_SIDE * sizeof(float));
}

static bool begin(struct pdq_stream *stream, uint32_t width, uint32_t height, hashscan_profile profile) {
  stream->source_width = width;
  stream->source_height = height;
  stream->resized = profile == HASHSCAN_PROFILE_NN512 && (width > NN512_SIDE || height > NN512_SIDE);
  stream->columns = stream->resized ? NN512_SIDE : width;
  stream->rows = stream->resized ? NN512_SIDE : height;
  stream->source_row = 0;
  stream->row = 0;
  stream->narrow_row = 0;
  stream->next_sample = 0;
  if (too_small(stream)) return true;

  box_set(&stream->along, stream->columns);
  box_set(&stream->down, stream->rows);
  struct arena arena = {0};
  stream_layout(stream, &arena);
  if (arena.overflow || !stream_reserve(stream, arena.used)) return false;
  arena = (struct arena){.base = stream->memory};
  stream_layout(stream, &arena);

  box_fill(&stream->along);
  box_fill(&stream->down);
  decimation_samples(stream->sample_columns, stream->columns);
  decimation_samples(stream->sample_rows, stream->rows);
  clear(stream);
  return true;
}

bool pdq_stream_begin(struct pdq_stream *stream, uint32_t width, uint32_t height, unsigned channels,
                      hashscan_profile profile) {
  stream->channels = channels;
  stream->range = (struct pdq_luma_range){0};
  return begin(stream, width, height, profile);
}

bool pdq_stream_begin_luma(struct pdq_stream *stream, uint32_t width, uint32_t height,
                           const struct pdq_luma_range *range, hashscan_profile profile) {
  if (pdq_luma_is_grey(range)) return pdq_stream_begin(stream, width, height, 1, profile);
  stream->channels = range->bytes;
  stream->range = *range;
  return begin(stream, width, height, profile);
}

/* ---- Filtering --------------------------------------------------------------------------------------------------- */

static float *window_row(const struct row_window *window, size_t row) {
  return window->rows + row % window->capacity * window->stride;
}

/* The last filter pass, across rows of 64 samples, takes the next row and divides only for the rows that are sampled.
 * Pictures of under 64 rows sample some rows more than once. The last sampled row needs no row beyond the picture: it
 * lies at least `lead` rows above the bottom. */
static void decimated_row(struct pdq_stream *stream, const float row[PDQ_SIDE]) {
  const struct pdq_box *down = &stream->down;
  const size_t entering = stream->narrow_row++;
  const float *leaving = entering < down->window ? stream->zeros : window_row(&stream->narrow, entering - down->window);
  float *sum = stream->narrow_sum;
  for (size_t j = 0; j < PDQ_SIDE; j++) sum[j] = sum[j] + row[j] - leaving[j];
  memcpy(window_row(&stream->narrow, entering), row, PDQ_SIDE * sizeof *row);

  for (; stream->next_sample < PDQ_SIDE; stream->next_sample++) {
    const size_t sampled = stream->sample_rows[stream->next_sample];
    if (sampled + down->lead != entering) return;
    float *to = stream->picture + stream->next_sample * PDQ_SIDE;
    for (size_t j = 0; j < PDQ_SIDE; j++) to[j] = sum[j] / down->count[sampled];
  }
}

/* Sends the strip whose first row is number `first` through the filters. Rows from the picture's height on do not
 * exist; they push out the last `lead` rows. */
static void filter_strip(struct pdq_stream *stream, size_t first) {
  const struct pdq_box *down = &stream->down;
  float *entering[PDQ_STRIP];
  const float *leaving[PDQ_STRIP];
  float count[PDQ_STRIP];
  float reciprocal[PDQ_STRIP];
  for (size_t r = 0; r < PDQ_STRIP; r++) {
    const size_t row = first + r;
    const bool exists = row >= down->lead && row - down->lead < down->n;
    entering[r] = window_row(&stream->wide, row);
    leaving[r] = row < down->window ? stream->zeros : window_row(&stream->wide, row - down->window);
    count[r] = exists ? down->count[row - down->lead] : 1.0f;
    reciprocal[r] = exists ? down->reciprocal[row - down->lead] : 1.0f;
  }
  float out[PDQ_STRIP][PDQ_SIDE];
  const struct pdq_strip strip = {
      .along = &stream->along,
      .luma = stream->luma,
      .stride = stream->stride,
      .rows = first >= down->n              ? 0
              : down->n - first < PDQ_STRIP ? down->n - first
                                            : PDQ_STRIP,
      .before = stream->before,
      .between = stream->between,
      .entering = entering,
      .leaving = leaving,
      .sum = stream->wide_sum,
      .count = count,
      .reciprocal = reciprocal,
      .samples = stream->sample_columns,
      .out = out,
  };
  stream->kernels.filter(&strip);
  for (size_t r = 0; r < PDQ_STRIP; r++)
    if (first + r >= down->lead && first + r - down->lead < down->n) decimated_row(stream, out[r]);
}

static void hashed_row(struct pdq_stream *stream, const uint8_t *pixels) {
  float *luma = stream->luma + stream->row % PDQ_STRIP * stream->stride;
  if (stream->range.bytes != 0) stream->luma_kernels.values(&stream->range, pixels, stream->columns, luma);
  else stream->kernels.luma(pixels, stream->columns, stream->channels, luma);
  if (stream->columns == PDQ_SIDE && stream->rows == PDQ_SIDE)
    memcpy(stream->plain + stream->row * PDQ_SIDE, luma, PDQ_SIDE * sizeof(float));
  stream->row++;
  if (stream->row % PDQ_STRIP == 0) filter_strip(stream, stream->row - PDQ_STRIP);
}

/* What is left of the last strip, and the strips after the picture that its last rows wait for. */
static void flush(struct pdq_stream *stream) {
  for (size_t first = stream->rows / PDQ_STRIP * PDQ_STRIP; stream->next_sample < PDQ_SIDE; first += PDQ_STRIP)
    filter_strip(stream, first);
}

/* Nearest neighbour along a row: floor(x * width / 512). */
static const uint8_t *resize_row(struct pdq_stream *stream, const uint8_t *pixels) {
  const unsigned channels = stream->channels;
  for (size_t x = 0; x < NN512_SIDE; x++) {
    const size_t from = x * stream->source_width / NN512_SIDE;
    memcpy(stream->resized_row + x * channels, pixels + from * channels, channels);
  }
  return stream->resized_row;
}

void pdq_stream_row(struct pdq_stream *stream, const uint8_t *pixels) {
  const size_t source_row = stream->source_row++;
  if (too_small(stream)) return;
  if (!stream->resized) {
    hashed_row(stream, pixels);
    return;
  }
  if (stream->row == stream->rows || stream->row * stream->source_height / NN512_SIDE != source_row) return;
  const uint8_t *resized = resize_row(stream, pixels);
  while (stream->row < stream->rows && stream->row * stream->source_height / NN512_SIDE == source_row)
    hashed_row(stream, resized);
}

/* ---- The hash ---------------------------------------------------------------------------------------------------- */

/* As in the reference, a 64x64 picture is hashed as it is, but its dihedral hashes come from the filtered one. */
void pdq_stream_finish(struct pdq_stream *stream, bool dihedral, hashscan_pdq *hashes, int *quality) {
  const size_t count = dihedral ? HASHSCAN_TRANSFORM_COUNT : 1;
  memset(hashes, 0, count * sizeof *hashes);
  *quality = 0;
  if (too_small(stream)) return;
  flush(stream);

  const bool is_64x64 = stream->columns == PDQ_SIDE && stream->rows == PDQ_SIDE;
  const float *own = is_64x64 ? stream->plain : stream->picture;
  float coefficients[PDQ_COEFFICIENTS * PDQ_COEFFICIENTS];
  *quality = pdq_quality(own);
  stream->kernels.transform(stream->dct, own, coefficients);
  pdq_hash_of(coefficients, HASHSCAN_TRANSFORM_NONE, &hashes[HASHSCAN_TRANSFORM_NONE]);
  if (count == 1) return;
  if (is_64x64) stream->kernels.transform(stream->dct, stream->picture, coefficients);
  for (size_t t = 1; t < count; t++) pdq_hash_of(coefficients, (hashscan_transform)t, &hashes[t]);
}

const float *pdq_stream_picture(const struct pdq_stream *stream) {
  return stream->picture;
}

void pdq_stream_coefficients(const struct pdq_stream *stream, float coefficients[PDQ_COEFFICIENTS * PDQ_COEFFICIENTS]) {
  stream->kernels.transform(stream->dct, stream->picture, coefficients);
}
