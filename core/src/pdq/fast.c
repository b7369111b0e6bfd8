/* SPDX-License-Identifier: Apache-2.0 */
/* The fast level. Both paths do the half across rows or columns first that shrinks the data most:
 *
 *     rows of pixels -> weigh: one row of sums a cell row -> gather: 64 cells
 *     rows of blocks -> gather_blocks: 64 cells -> spread: 64 cells of sums a cell row -> collect: 64 cells
 *
 * Samples of video luma are clamped to their range first, a few rows at a time; words of two bytes are weighed as two
 * channels, and become one number in `gather`, whose scale is also that of the range.
 *
 * Everything is linear, so the pixels of three channels are weighed as they lie and become luma in `gather`, and the
 * coefficients of a block stay apart, each in its lane, until `collect` multiplies them by their quantisation steps and
 * adds them up. At most two rows of cells are open at a time (see tent.h), and take turns in two rows of sums. */
#include "pdq/fast.h"

#include <math.h>
#include <string.h>

#include "base/checked.h"
#include "base/cpu.h"
#include "base/memory.h"
#include "pdq/fast_kernels.h"
#include "pdq/fast_weights.h"
#include "pdq/planes.h"
#include "pdq/rounding.h"
#include "pdq/spectrum.h"

/* Bounds of the last few sizes: making one costs more than gathering a picture. */
#define BOUNDS_KEPT 8

struct bound {
  size_t rows, columns; /* 0: empty */
  unsigned channels;    /* more of them are more terms in a sum */
  enum pdq_rounding_pixels pixels;
  struct pdq_rounding rounding;
};

struct pdq_fast {
  struct pdq_fast_kernels kernels;
  struct pdq_planes_kernels planes_kernels;
  struct pdq_luma_kernels luma_kernels;
  float dct[PDQ_COEFFICIENTS * PDQ_SIDE];
  struct pdq_folded_dct folded;
  struct pdq_weights_cache cache;

  enum pdq_fast_path path;
  const struct pdq_weights *down;
  const struct pdq_weights *along;
  size_t row;       /* of pixels or blocks, the next to come */
  size_t cell;      /* row of cells, the first that is not finished */
  float *sums[2];   /* of the open rows of cells */
  size_t sums_size; /* floats in each */
  float picture[PDQ_SIDE * PDQ_SIDE];

  size_t elements;             /* bytes of a row of pixels, or its pixels when they come as planes */
  double scale;                /* levels that a unit of what is weighed stands for */
  struct pdq_luma_range range; /* of video luma that must be clamped; `bytes` is 0 for other pixels */
  uint8_t *offsets;            /* PDQ_GROUP_ROWS rows of it */
  size_t plane;                /* planes: floats from the sums of one channel to those of the next */
  struct pdq_rounding_dct constants;
  struct bound bounds[BOUNDS_KEPT];
  size_t next_bound; /* the one to be made anew */
  const struct pdq_rounding *rounding;

  struct image_blocks blocks;
  size_t lanes; /* coefficients of a block, up to a multiple of 8 */
  float steps[IMAGE_BLOCK_COEFFICIENTS];
  float *partial;    /* a row of blocks, gathered */
  int16_t *repacked; /* a row of blocks, `lanes` apart */
  float missing[PDQ_COEFFICIENTS * PDQ_COEFFICIENTS];
  double clamped; /* sum over the blocks */
  double clamped_squared;
  size_t clamp_samples;

  float *memory;
  size_t memory_floats;
};

struct pdq_fast *pdq_fast_create(void) {
  struct pdq_fast *fast = memory_allocate_zeroed(1, sizeof *fast);
  if (fast == NULL) return NULL;
  fast->kernels = pdq_fast_kernels_for(cpu_tier());
  fast->planes_kernels = pdq_planes_kernels_for(cpu_tier());
  fast->luma_kernels = pdq_luma_kernels_for(cpu_tier());
  pdq_dct_matrix(fast->dct);
  pdq_folded_dct(fast->dct, &fast->folded);
  pdq_rounding_dct_build(&fast->constants, fast->dct);
  return fast;
}

void pdq_fast_destroy(struct pdq_fast *fast) {
  if (fast == NULL) return;
  pdq_weights_clear(&fast->cache);
  memory_release_lines(fast->memory);
  memory_release(fast);
}

static size_t round_up(size_t value, size_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

/* Makes room for two rows of sums of `sums` floats and for `others`; all are multiples of 16. */
static bool reserve(struct pdq_fast *fast, size_t sums, size_t others) {
  size_t floats;
  size_t bytes;
  if (!checked_mul(sums, 2, &floats) || !checked_add(floats, others, &floats)) return false;
  if (floats > fast->memory_floats) {
    if (!checked_mul(floats, sizeof(float), &bytes)) return false;
    memory_release_lines(fast->memory);
    fast->memory_floats = 0;
    fast->memory = memory_allocate_lines(bytes);
    if (fast->memory == NULL) return false;
    fast->memory_floats = floats;
  }
  fast->sums_size = sums;
  fast->sums[0] = fast->memory;
  fast->sums[1] = fast->memory + sums;
  memset(fast->memory, 0, 2 * sums * sizeof(float));
  fast->row = 0;
  fast->cell = 0;
  return true;
}

static float *open_sums(struct pdq_fast *fast, size_t cell, bool begins) {
  float *sums = fast->sums[cell % 2];
  if (begins) memset(sums, 0, fast->sums_size * sizeof *sums);
  return sums;
}

static void reset_doubts(struct pdq_fast *fast) {
  memset(fast->missing, 0, sizeof fast->missing);
  fast->clamped = 0.0;
  fast->clamped_squared = 0.0;
  fast->clamp_samples = 0;
}

/* ---- Pixels ------------------------------------------------------------------------------------------------------ */

static const struct pdq_rounding *bound_rounding(struct pdq_fast *fast, uint32_t width, uint32_t height,
                                                 unsigned channels, enum pdq_rounding_pixels pixels) {
  for (size_t i = 0; i < BOUNDS_KEPT; i++) {
    const struct bound *kept = &fast->bounds[i];
    if (kept->columns == width && kept->rows == height && kept->channels == channels && kept->pixels == pixels)
      return &kept->rounding;
  }
  struct bound *bound = &fast->bounds[fast->next_bound++ % BOUNDS_KEPT];
  *bound = (struct bound){.rows = height, .columns = width, .channels = channels, .pixels = pixels};
  pdq_rounding_bound(&fast->constants, fast->down, fast->along, pixels, &bound->rounding);
  return &bound->rounding;
}

static bool begin_pixels(struct pdq_fast *fast, uint32_t width, uint32_t height, unsigned channels,
                         enum pdq_rounding_pixels pixels) {
  fast->path = PDQ_FAST_PIXELS;
  fast->elements = (size_t)width * channels;
  fast->scale = 1.0;
  fast->range = (struct pdq_luma_range){0};
  reset_doubts(fast);
  fast->down = pdq_weights_get(&fast->cache, PDQ_WEIGHTS_ROWS, height, 1);
  fast->along = pdq_weights_get(&fast->cache, PDQ_WEIGHTS_COLUMNS, width, channels);
  if (fast->down == NULL || fast->along == NULL) return false;
  fast->rounding = bound_rounding(fast, width, height, channels, pixels);
  /* Kernels write up to a multiple of 64; `gather` reads up to seven elements behind the last. */
  fast->plane = round_up(fast->elements + 8, 64);
  const size_t sums = pixels == PDQ_ROUNDING_PLANES ? 3 * fast->plane : fast->plane;
  const size_t offsets = pixels == PDQ_ROUNDING_SCALED ? PDQ_GROUP_ROWS * fast->plane / sizeof(float) : 0;
  if (!reserve(fast, sums, offsets)) return false;
  fast->offsets = (uint8_t *)(fast->memory + 2 * sums);
  return true;
}

bool pdq_fast_begin(struct pdq_fast *fast, uint32_t width, uint32_t height, unsigned channels) {
  return begin_pixels(fast, width, height, channels, channels == 1 ? PDQ_ROUNDING_GREY : PDQ_ROUNDING_RGB);
}

/* The bytes of a word of two are two channels, see pdq_weights_get. */
bool pdq_fast_begin_luma(struct pdq_fast *fast, uint32_t width, uint32_t height, const struct pdq_luma_range *range) {
  if (pdq_luma_is_grey(range)) return pdq_fast_begin(fast, width, height, 1);
  if (!begin_pixels(fast, width, height, range->bytes, PDQ_ROUNDING_SCALED)) return false;
  fast->scale = 255.0 / (double)(range->white - range->black);
  fast->range = *range;
  return true;
}

bool pdq_fast_wants_planes(const struct pdq_fast *fast, uint32_t height) {
  return fast->planes_kernels.pays && height <= PDQ_SIDE * 2 * PDQ_WHOLE_MAX;
}

/* Channels become luma before columns are weighed, which then is done as for grey. */
bool pdq_fast_begin_planes(struct pdq_fast *fast, uint32_t width, uint32_t height) {
  return begin_pixels(fast, width, height, 1, PDQ_ROUNDING_PLANES);
}

/* Rows `first` to `end` of the picture, as pixels or as planes. */
struct rows {
  size_t first;
  size_t end;
  const uint8_t *pixels; /* NULL when they come as planes */
  size_t stride;
  const struct image_planes *planes;
};

static void weigh_whole(struct pdq_fast *fast, const struct rows *rows, size_t from, size_t count,
                        const uint8_t *weights, float *sums) {
  const size_t row = from - rows->first;
  if (rows->pixels != NULL)
    fast->kernels.weigh(rows->pixels + row * rows->stride, rows->stride, count, weights, fast->elements, sums);
  else fast->planes_kernels.weigh(rows->planes, row, count, weights, 1.0f, fast->elements, sums, fast->plane);
}

static void weigh_float(struct pdq_fast *fast, const struct rows *rows, size_t from, size_t count, const float *weights,
                        float *sums) {
  static const uint8_t one = 1;
  const size_t row = from - rows->first;
  if (rows->pixels != NULL)
    fast->kernels.weigh_float(rows->pixels + row * rows->stride, rows->stride, count, weights, fast->elements, sums);
  for (size_t r = 0; rows->pixels == NULL && r < count; r++)
    fast->planes_kernels.weigh(rows->planes, row + r, 1, &one, weights[r], fast->elements, sums, fast->plane);
}

/* Rows `from` to `to` of the picture, weighed for one row of cells. */
static void weigh(struct pdq_fast *fast, size_t cell, const struct rows *rows, size_t from, size_t to) {
  const struct pdq_weights *down = fast->down;
  float *sums = open_sums(fast, cell, from == down->first[cell]);
  const size_t at = cell * down->stride + from - down->first[cell];
  if (!down->is_whole[cell]) {
    weigh_float(fast, rows, from, to - from, down->values + at, sums);
    return;
  }
  const uint8_t *weights = down->whole + at;
  for (size_t row = 0; row < to - from;) {
    size_t count = 0;
    unsigned together = 0;
    while (row + count < to - from && count < PDQ_GROUP_ROWS && together + weights[row + count] <= PDQ_GROUP_WEIGHT)
      together += weights[row + count++];
    weigh_whole(fast, rows, from + row, count, weights + row, sums);
    row += count;
  }
}

static void take_rows(struct pdq_fast *fast, const struct rows *rows) {
  const struct pdq_weights *down = fast->down;
  for (size_t cell = fast->cell; cell < PDQ_SIDE && down->first[cell] < rows->end; cell++) {
    const size_t cell_end = (size_t)down->first[cell] + down->count[cell];
    const size_t from = down->first[cell] > rows->first ? down->first[cell] : rows->first;
    weigh(fast, cell, rows, from, cell_end < rows->end ? cell_end : rows->end);
    if (cell_end > rows->end) continue;
    float *sums = fast->sums[cell % 2];
    if (rows->pixels == NULL) fast->planes_kernels.luma(sums, fast->plane, fast->plane);
    const double scale = (double)down->unit * (double)fast->along->unit * fast->scale;
    fast->kernels.gather(fast->along, sums, (float)scale, fast->picture + cell * PDQ_SIDE);
    fast->cell = cell + 1;
  }
  fast->row = rows->end;
}

static void take_luma(struct pdq_fast *fast, const uint8_t *samples, size_t stride, size_t rows) {
  const size_t width = fast->elements / fast->range.bytes;
  for (size_t row = 0; row < rows;) {
    const size_t count = rows - row < PDQ_GROUP_ROWS ? rows - row : PDQ_GROUP_ROWS;
    for (size_t r = 0; r < count; r++)
      fast->luma_kernels.offsets(&fast->range, samples + (row + r) * stride, width, fast->offsets + r * fast->plane);
    take_rows(fast, &(struct rows){
                        .first = fast->row, .end = fast->row + count, .pixels = fast->offsets, .stride = fast->plane});
    row += count;
  }
}

void pdq_fast_rows(struct pdq_fast *fast, const uint8_t *pixels, size_t stride, size_t rows) {
  if (fast->range.bytes != 0) {
    take_luma(fast, pixels, stride, rows);
    return;
  }
  take_rows(fast, &(struct rows){.first = fast->row, .end = fast->row + rows, .pixels = pixels, .stride = stride});
}

void pdq_fast_row(struct pdq_fast *fast, const uint8_t *pixels) {
  pdq_fast_rows(fast, pixels, fast->elements, 1);
}

void pdq_fast_planes(struct pdq_fast *fast, const struct image_planes *planes) {
  take_rows(fast, &(struct rows){.first = planes->first, .end = planes->first + planes->count, .planes = planes});
}

/* ---- Blocks ------------------------------------------------------------------------------------------------------ */

/* Whole diagonals of the zigzag. Measured over 450 photographs and generated pictures: the error that each of these
 * leaves in a coefficient of the hash is a few tenths, little more than what all 64 leave, which is the rounding and
 * clipping of the decoder that the exact level hashes after. */
unsigned pdq_fast_keep(uint32_t width, uint32_t height) {
  static const struct {
    uint32_t side;
    unsigned keep;
  } table[] = {{5000, 1}, {1280, 3}, {720, 6}, {560, 10}, {512, 15}, {384, 28}};
  const uint32_t side = width < height ? width : height;
  for (size_t i = 0; i < sizeof table / sizeof *table; i++)
    if (side >= table[i].side) return table[i].keep;
  return IMAGE_BLOCK_COEFFICIENTS;
}

/* The bits that a coefficient is missing may move it by up to 2^missing - 1 steps from the middle of what it can be,
 * and whoever wrote the file chose how: all blocks may move the same coefficient of the hash the same way. */
static bool measure_missing(struct pdq_fast *fast, struct pdq_weights *down, struct pdq_weights *along) {
  const struct image_blocks *blocks = &fast->blocks;
  const float *rows = pdq_weights_gains(down, fast->dct);
  const float *columns = pdq_weights_gains(along, fast->dct);
  if (rows == NULL || columns == NULL) return false;
  for (size_t k = 0; k < blocks->keep; k++) {
    if (blocks->missing[k] == 0) continue;
    const float most = ldexpf((float)blocks->quant[k], blocks->missing[k]) - (float)blocks->quant[k];
    for (size_t i = 0; i < PDQ_COEFFICIENTS; i++)
      for (size_t j = 0; j < PDQ_COEFFICIENTS; j++)
        fast->missing[i * PDQ_COEFFICIENTS + j] += most * rows[i * fast->lanes + k] * columns[j * fast->lanes + k];
  }
  return true;
}

/* On photographs of 1024 px, 12 coefficients of 256 lie within two of the median in the median picture, 52 in one of
 * ten, so that beyond three little stays certain. */
#define MISSES_MUCH 3.0f

bool pdq_fast_misses_much(const struct pdq_fast *fast) {
  for (size_t k = 0; k < PDQ_COEFFICIENTS * PDQ_COEFFICIENTS; k++)
    if (fast->missing[k] > MISSES_MUCH) return true;
  return false;
}

bool pdq_fast_begin_blocks(struct pdq_fast *fast, const struct image_info *info, const struct image_blocks *blocks) {
  fast->blocks = *blocks;
  fast->path = PDQ_FAST_BLOCKS;
  reset_doubts(fast);
  for (size_t k = 0; k < blocks->keep; k++)
    if (blocks->missing[k] != 0) fast->path = PDQ_FAST_PROGRESSIVE;

  fast->lanes = round_up(blocks->keep, 8);
  struct pdq_weights *down = pdq_weights_get(&fast->cache, PDQ_WEIGHTS_BLOCK_ROWS, info->height, fast->lanes);
  struct pdq_weights *along = pdq_weights_get(&fast->cache, PDQ_WEIGHTS_BLOCK_COLUMNS, info->width, fast->lanes);
  if (down == NULL || along == NULL) return false;
  fast->down = down;
  fast->along = along;

  const size_t cells = PDQ_SIDE * fast->lanes;
  const size_t words = round_up(blocks->wide * fast->lanes, 32);
  if (!reserve(fast, cells, cells + words / 2)) return false;
  fast->partial = fast->memory + 2 * cells;
  fast->repacked = (int16_t *)(void *)(fast->memory + 3 * cells);

  /* Twice the coefficients are gathered when bits are missing: the middle of their interval is half a step. */
  const float unit = down->unit * along->unit * (fast->path == PDQ_FAST_PROGRESSIVE ? 0.5f : 1.0f);
  for (size_t k = 0; k < fast->lanes; k++) fast->steps[k] = k < blocks->keep ? unit * (float)blocks->quant[k] : 0.0f;
  return fast->path == PDQ_FAST_BLOCKS || measure_missing(fast, down, along);
}

/* Copies a row of blocks to where each has all its lanes. */
static const int16_t *repack(struct pdq_fast *fast, const int16_t *row) {
  const size_t keep = fast->blocks.keep;
  for (size_t b = 0; b < fast->blocks.wide; b++) {
    int16_t *to = fast->repacked + b * fast->lanes;
    memcpy(to, row + b * fast->blocks.stride, keep * sizeof *to);
    memset(to + keep, 0, (fast->lanes - keep) * sizeof *to);
  }
  return fast->repacked;
}

/* Twice the middle of the interval that a coefficient with bits missing stands for: 2 c plus or minus 2^missing - 1. */
static const int16_t *centre(struct pdq_fast *fast, const int16_t *row) {
  int16_t half[IMAGE_BLOCK_COEFFICIENTS] = {0};
  size_t stride = fast->blocks.stride;
  for (size_t k = 0; k < fast->blocks.keep; k++) {
    const uint8_t missing = fast->blocks.missing[k];
    half[k] = (int16_t)((1 << (missing > PDQ_MISSING_MAX ? PDQ_MISSING_MAX : missing)) - 1);
  }
  if (stride < fast->lanes) {
    row = repack(fast, row);
    stride = fast->lanes;
  }
  fast->kernels.centre(row, stride, fast->blocks.wide, half, fast->lanes, fast->repacked);
  return fast->repacked;
}

static void block_row(struct pdq_fast *fast, const int16_t *row) {
  const struct pdq_weights *down = fast->down;
  const size_t number = fast->row++;
  size_t stride = fast->lanes;
  if (fast->path == PDQ_FAST_PROGRESSIVE) row = centre(fast, row);
  else if (fast->blocks.stride < fast->lanes) row = repack(fast, row);
  else stride = fast->blocks.stride;
  fast->kernels.gather_blocks(fast->along, row, stride, fast->partial);

  for (size_t cell = fast->cell; cell < PDQ_SIDE && down->first[cell] <= number; cell++) {
    const size_t at = number - down->first[cell];
    float *sums = open_sums(fast, cell, at == 0);
    fast->kernels.spread(fast->partial, down->values + cell * down->stride + at * fast->lanes, fast->lanes, sums);
    if (at + 1 < down->count[cell]) continue;
    fast->kernels.collect(sums, fast->steps, fast->lanes, fast->picture + cell * PDQ_SIDE);
    fast->cell = cell + 1;
  }
}

/* ---- What RGB cannot hold ---------------------------------------------------------------------------------------- */

/* Mean of what is above `end`, of samples spread evenly over value - spread to value + spread. */
static float excess(float value, float end, float spread) {
  const float over = value - end;
  if (over >= spread) return over;
  if (over <= -spread) return 0.0f;
  return (over + spread) * (over + spread) / (4.0f * spread);
}

/* By how much clipping to 0 and 255 changes the mean of those samples. */
static float clipped(float value, float spread) {
  return excess(-value, 0.0f, spread) - excess(value, 255.0f, spread);
}

/* What chroma adds to R, G and B (Rec. ITU-T T.871, section 7), and the least and the most of the three. */
struct chroma {
  float red, green, blue;
  float least, most;
};

static struct chroma chroma_of(float cb, float cr) {
  struct chroma chroma = {1.402f * cr, -0.344136f * cb - 0.714136f * cr, 1.772f * cb, 0.0f, 0.0f};
  chroma.least = fminf(fminf(chroma.red, chroma.green), chroma.blue);
  chroma.most = fmaxf(fmaxf(chroma.red, chroma.green), chroma.blue);
  return chroma;
}

/* Mean square of the luma block around its mean, from the coefficients that were kept. */
static float variance(const struct image_blocks *blocks, const int16_t *block) {
  float energy = 0.0f;
  for (size_t k = 1; k < blocks->keep; k++) {
    const float value = (float)block[k] * (float)blocks->quant[k];
    energy += value * value;
  }
  return energy / 64.0f;
}

/* By how much clipping the RGB of a luma block changes its luma. A spread of one deviation followed the measured error
 * better than wider ones. Most blocks lie so far inside that nothing is clipped. */
static float clamped_block(const struct image_blocks *blocks, const int16_t *block, const struct chroma *chroma) {
  const float y = 128.0f + (float)block[0] * (float)blocks->quant[0] / 8.0f;
  const float room = fminf(y + chroma->least, 255.0f - y - chroma->most);
  const float square = variance(blocks, block);
  if (room > 0.0f && room * room >= square) return 0.0f;
  const float spread = sqrtf(square);
  return 0.299f * clipped(y + chroma->red, spread) + 0.587f * clipped(y + chroma->green, spread) +
         0.114f * clipped(y + chroma->blue, spread);
}

static void add_clamped_block(struct pdq_fast *fast, const int16_t *block, const struct chroma *chroma) {
  const double clamped = (double)clamped_block(&fast->blocks, block, chroma);
  fast->clamped += clamped;
  fast->clamped_squared += clamped * clamped;
  fast->clamp_samples++;
}

/* One row of luma blocks beside the row of chroma blocks that colours it. */
static void add_clamped_row(struct pdq_fast *fast, const int16_t *luma, const int16_t *blue, const int16_t *red) {
  const struct image_blocks *blocks = &fast->blocks;
  const bool grey = blocks->chroma_wide == 0;
  const size_t apart = grey ? blocks->wide : (blocks->wide + blocks->chroma_wide - 1) / blocks->chroma_wide;
  for (size_t from = 0; from < blocks->wide; from += apart) {
    const float cb = grey ? 0.0f : (float)blue[from / apart] * (float)blocks->chroma_quant[0] / 8.0f;
    const float cr = grey ? 0.0f : (float)red[from / apart] * (float)blocks->chroma_quant[1] / 8.0f;
    const struct chroma chroma = chroma_of(cb, cr);
    for (size_t x = from; x < from + apart && x < blocks->wide; x++)
      add_clamped_block(fast, luma + x * blocks->stride, &chroma);
  }
}

static void add_clamped(struct pdq_fast *fast, const struct image_block_rows *rows) {
  for (size_t r = 0; r < rows->count; r++) {
    const size_t c = rows->chroma_count == 0 ? 0 : r * rows->chroma_count / rows->count;
    add_clamped_row(fast, rows->luma[r], rows->chroma[0][c], rows->chroma[1][c]);
  }
}

static float clamped_deviation(const struct pdq_fast *fast) {
  if (fast->clamp_samples == 0) return 0.0f;
  const double mean = fast->clamped / (double)fast->clamp_samples;
  const double variance = fast->clamped_squared / (double)fast->clamp_samples - mean * mean;
  return variance > 0.0 ? (float)sqrt(variance) : 0.0f;
}

void pdq_fast_blocks(struct pdq_fast *fast, const struct image_block_rows *rows) {
  for (size_t r = 0; r < rows->count; r++) block_row(fast, rows->luma[r]);
  add_clamped(fast, rows);
}

/* ---- The end ----------------------------------------------------------------------------------------------------- */

static void finish_quality(struct pdq_fast *fast, struct pdq_fast_result *result) {
  struct pdq_quality quality;
  if (fast->path == PDQ_FAST_PIXELS) {
    fast->kernels.quality(fast->picture, fast->rounding->across, fast->rounding->down, &quality);
  } else {
    fast->kernels.quality(fast->picture, 0.0f, 0.0f, &quality);
    quality.low = 0;
    quality.high = 100;
  }
  result->quality = quality.estimate;
  result->quality_low = quality.low;
  result->quality_high = quality.high;
}

void pdq_fast_finish(struct pdq_fast *fast, struct pdq_fast_result *result) {
  result->path = fast->path;
  result->rounding = fast->path == PDQ_FAST_PIXELS ? fast->rounding : NULL;
  memcpy(result->picture, fast->picture, sizeof result->picture);
  finish_quality(fast, result);
  fast->kernels.transform(&fast->folded, fast->picture, result->coefficients);
  memcpy(result->missing, fast->missing, sizeof result->missing);
  result->clamped = clamped_deviation(fast);
}
