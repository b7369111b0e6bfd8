/* SPDX-License-Identifier: Apache-2.0 */
/* JPEG as planes by own decoding: sections of blocks from the lanes, through the inverse DCT into a band, and the band
 * to the sink. Whatever is outside the scope, over a limit or unexpected is left to libjpeg-turbo, which starts over;
 * so a file is only handled when libjpeg-turbo would give the same samples and have no warning.
 *
 * Blocks are sorted by how far they got, so that each goes through the shortest transform that is right for it, next to
 * another of its kind. */

#include "image/lanes.h"
#include "base/memory.h"
#include "image/decoder.h"
#include "image/islow.h"
#include "image/jpeg_markers.h"
#include "image/lanes_planes.h"
#include "image/planes_band.h"

/* Of a mean, times its step: twice what 8-bit samples can give. What is far beyond leaves 16 bits. */
enum { MAX_MEAN = 2048 };

enum { COMPONENTS = JPEG_MAX_COMPONENTS };

/* Blocks with the same transform: by component and by how far they got. */
enum kind { KIND_MEAN, KIND_CORNER, KIND_WHOLE, KINDS };
enum { BATCH = 64 };

struct batch {
  size_t count;
  struct islow_task tasks[BATCH];
};

struct component {
  _Alignas(16) int16_t steps[ISLOW_COEFFICIENTS]; /* row after row */
  int32_t max_mean;
  int32_t mean; /* of the block before */
  uint32_t wide, high;
  struct batch batches[KINDS];
};

/* A block of the MCU. */
struct place {
  unsigned component;
  uint32_t x, y;         /* in blocks, in the MCU */
  uint32_t across, down; /* blocks of the component in an MCU */
};

struct lanes_picture {
  struct decode_job *job;
  struct image_info info;
  struct jpeg_markers markers;
  struct islow_kernels islow;
  struct band band;
  struct component components[COMPONENTS];
  struct place places[LANES_MCU_BLOCKS];
  struct lanes_run run; /* what is left of it */
  unsigned next_run;
  uint32_t mcus_left;
  const struct lanes_table *tables_dc[COMPONENTS], *tables_ac[COMPONENTS];
  struct lanes_table dc[COMPONENTS], ac[COMPONENTS]; /* of the first component that has them */
  struct lanes lanes;
  void *memory; /* of the band */
};

/* decode_has_room() counts with as much for the decoder and for a column of the picture. */
_Static_assert(sizeof(struct lanes_picture) < 1 << 20, "state");
_Static_assert((BAND_MAX_ROWS + 2) * 3 < 1024, "bands");

enum outcome {
  DONE,
  ASIDE,  /* libjpeg-turbo is to decode it */
  STOPPED /* *status says why */
};

/* ---- Scope ------------------------------------------------------------------------------------------------------- */

/* What jpeg_planes_fit() says of libjpeg-turbo's numbers, of ours. */
static bool find_sampling(const struct jpeg_frame *frame, enum image_sampling *sampling) {
  const struct jpeg_component *components = frame->components;
  if (frame->count != COMPONENTS || components[1].h != 1 || components[1].v != 1) return false;
  if (components[0].h == 1) {
    *sampling = IMAGE_444;
    return components[0].v == 1;
  }
  *sampling = components[0].v == 1 ? IMAGE_422 : IMAGE_420;
  return components[0].h == 2 && components[0].v <= 2 && frame->width > 4;
}

static bool has_large_step(const struct jpeg_frame *frame) {
  for (unsigned i = 0; i < frame->count; i++)
    for (unsigned k = 0; k < ISLOW_COEFFICIENTS; k++)
      if (frame->components[i].quant[k] > ISLOW_MAX_STEP) return true;
  return false;
}

/* The frame and the only scan, with all components in it. */
static bool read_header(struct lanes_picture *picture, enum image_sampling *sampling) {
  struct decode_job *job = picture->job;
  struct jpeg_markers *markers = &picture->markers;
  const struct jpeg_scan *scan = &markers->scan;
  jpeg_markers_open(markers, job->bytes, job->size);
  if (jpeg_markers_next(markers) != JPEG_NEXT_SCAN || markers->scans > job->limits->max_jpeg_scans) return false;
  const struct jpeg_frame *frame = &markers->frame;
  if (frame->progressive || !find_sampling(frame, sampling) || scan->count != frame->count) return false;
  if (scan->first != 0 || scan->last != 63 || scan->high != 0 || scan->low != 0) return false;
  const uint32_t max_side = job->limits->max_jpeg_side;
  if (frame->width > max_side || frame->height > max_side) return false;
  if ((uint64_t)frame->width * frame->height > job->limits->max_pixels) return false;
  picture->info = (struct image_info){
      .format = HASHSCAN_FORMAT_JPEG, .width = frame->width, .height = frame->height, .channels = frame->count};
  return !has_large_step(frame);
}

/* Rows decide, too, where max_decoder_bytes is so near that planes would be within it and they not. */
static bool has_room(const struct lanes_picture *picture) {
  const struct jpeg_frame *frame = &picture->markers.frame;
  uint64_t blocks = 0;
  for (unsigned i = 0; i < frame->count; i++)
    blocks += (uint64_t)(frame->components[i].wide + 4) * (frame->components[i].high + 4);
  return decode_has_room(picture->job, frame->width, blocks);
}

/* ---- Setting up -------------------------------------------------------------------------------------------------- */

/* The codes of AC coefficients are in the tables of both kinds, so those of means are made for each component. */
static bool make_tables(struct lanes_picture *picture) {
  const struct jpeg_markers *markers = &picture->markers;
  const struct jpeg_scan *scan = &markers->scan;
  for (unsigned i = 0; i < scan->count; i++) {
    const unsigned d = scan->dc_table[i], a = scan->ac_table[i];
    unsigned same = 0, same_ac = 0;
    while (scan->dc_table[same] != d || scan->ac_table[same] != a) same++;
    while (scan->ac_table[same_ac] != a) same_ac++;
    picture->tables_dc[i] = &picture->dc[same];
    picture->tables_ac[i] = &picture->ac[same_ac];
    struct lanes_table *dc = &picture->dc[i], *ac = &picture->ac[i];
    if (same_ac == i) {
      if (!jpeg_huffman_codes(&ac->codes, &markers->ac[a], JPEG_SYMBOLS_AC, JPEG_MAX_CATEGORY)) return false;
      lanes_table_fill(ac, &ac->codes);
    }
    if (same == i) {
      if (!jpeg_huffman_codes(&dc->codes, &markers->dc[d], JPEG_SYMBOLS_DC, JPEG_MAX_CATEGORY)) return false;
      lanes_table_fill(dc, &picture->ac[same_ac].codes);
    }
  }
  return true;
}

static void set_component(struct component *component, const struct jpeg_component *from) {
  for (unsigned k = 0; k < ISLOW_COEFFICIENTS; k++) component->steps[lanes_position_of(k)] = (int16_t)from->quant[k];
  component->max_mean = MAX_MEAN / from->quant[0];
  component->mean = 0;
  component->wide = from->wide;
  component->high = from->high;
  for (unsigned kind = 0; kind < KINDS; kind++) component->batches[kind].count = 0;
}

static void begin_scan(struct lanes_picture *picture, const struct lanes_tuning *tuning) {
  const struct jpeg_markers *markers = &picture->markers;
  const struct jpeg_frame *frame = &markers->frame;
  const struct jpeg_scan *scan = &markers->scan;
  const struct lanes_table *dc[LANES_MCU_BLOCKS], *ac[LANES_MCU_BLOCKS];
  unsigned blocks = 0;
  for (unsigned i = 0; i < scan->count; i++) {
    const struct jpeg_component *component = &frame->components[i];
    set_component(&picture->components[i], component);
    for (unsigned b = 0; b < component->h * component->v; b++, blocks++) {
      picture->places[blocks] = (struct place){i, b % component->h, b / component->h, component->h, component->v};
      dc[blocks] = picture->tables_dc[i];
      ac[blocks] = picture->tables_ac[i];
    }
  }
  picture->run = (struct lanes_run){0};
  picture->next_run = 0;
  picture->mcus_left = frame->mcus_wide * frame->mcus_high;
  picture->islow = islow_kernels_for(cpu_tier());
  lanes_open(&picture->lanes, lanes_kernels_for(cpu_tier()), tuning);
  lanes_scan(&picture->lanes, markers->bytes, markers->size, markers->at, blocks, dc, ac, markers->restart_interval,
             picture->mcus_left);
}

/* ---- Blocks ------------------------------------------------------------------------------------------------------ */

static bool transform(struct lanes_picture *picture, unsigned c, enum kind kind) {
  const islow_kernel kernels[KINDS] = {picture->islow.mean, picture->islow.corner, picture->islow.whole};
  struct component *component = &picture->components[c];
  struct batch *batch = &component->batches[kind];
  const size_t count = batch->count;
  batch->count = 0;
  return count == 0 || kernels[kind](batch->tasks, count, component->steps, picture->band.planes[c].stride);
}

static bool transform_all(struct lanes_picture *picture) {
  bool good = true;
  for (unsigned c = 0; c < COMPONENTS; c++)
    for (unsigned kind = 0; kind < KINDS; kind++) good = transform(picture, c, (enum kind)kind) && good;
  return good;
}

/* The next run, of this section or the next one, into whose memory blocks go that must be transformed before. */
static bool next_run(struct lanes_picture *picture) {
  struct lanes *lanes = &picture->lanes;
  if (picture->next_run == lanes->run_count) {
    if (!transform_all(picture) || !lanes_section(lanes, picture->mcus_left)) return false;
    picture->next_run = 0;
  }
  picture->run = lanes->runs[picture->next_run++];
  for (unsigned c = 0; c < COMPONENTS && picture->run.restarts; c++) picture->components[c].mean = 0;
  return true;
}

/* The first four rows and columns hold the first ten coefficients in zigzag order. An end of block behind the mean
 * counts as the first coefficient may. */
static enum kind kind_of(const int16_t *block, unsigned end) {
  return (enum kind)(((end > 2) | (block[1] != 0)) + (end > 10));
}

/* Where a block of the MCUs of a piece goes. */
struct target {
  uint8_t *out;
  size_t step;     /* from MCU to MCU */
  uint32_t inside; /* MCUs of the row that have this block in the picture */
};

static struct target target_of(const struct lanes_picture *picture, const struct place *place, uint32_t mcu_row,
                               uint32_t band_mcu_row, uint32_t mcu) {
  const struct component *component = &picture->components[place->component];
  uint8_t *const row =
      band_row(&picture->band, place->component, ((size_t)band_mcu_row * place->down + place->y) * ISLOW_SIDE);
  struct target target = {.step = (size_t)place->across * ISLOW_SIDE};
  target.out = row + mcu * target.step + (size_t)place->x * ISLOW_SIDE;
  const bool has_row = mcu_row * place->down + place->y < component->high;
  if (has_row && place->x < component->wide)
    target.inside = (component->wide - place->x + place->across - 1) / place->across;
  return target;
}

/* Blocks that only fill up an MCU leave nothing but their mean, which the next one needs. */
static bool take_block(struct lanes_picture *picture, unsigned c, int16_t *block, uint8_t *out, bool inside) {
  struct component *component = &picture->components[c];
  const unsigned end = lanes_block_end(block);
  component->mean += block[0];
  if (end > ISLOW_COEFFICIENTS) return false;
  if (component->mean > component->max_mean || component->mean < -component->max_mean) return false;
  block[0] = (int16_t)component->mean;
  if (!inside) {
    memset(block, 0, ISLOW_COEFFICIENTS * sizeof *block);
    return true;
  }
  const enum kind kind = kind_of(block, end);
  struct batch *batch = &component->batches[kind];
  batch->tasks[batch->count++] = (struct islow_task){block, out};
  return batch->count < BATCH || transform(picture, c, kind);
}

/* `count` MCUs of the run, which are in one row from MCU `mcu` on. */
static bool take_mcus(struct lanes_picture *picture, uint32_t mcu_row, uint32_t band_mcu_row, uint32_t mcu,
                      uint32_t count) {
  const unsigned blocks = picture->lanes.mcu_blocks;
  struct target targets[LANES_MCU_BLOCKS];
  for (unsigned b = 0; b < blocks; b++)
    targets[b] = target_of(picture, &picture->places[b], mcu_row, band_mcu_row, mcu);
  int16_t *block = picture->run.blocks;
  for (const uint32_t end = mcu + count; mcu < end; mcu++) {
    for (unsigned b = 0; b < blocks; b++, block += LANES_BLOCK) {
      struct target *target = &targets[b];
      if (!take_block(picture, picture->places[b].component, block, target->out, mcu < target->inside)) return false;
      target->out += target->step;
    }
  }
  picture->run.blocks = block;
  picture->run.mcus -= count;
  picture->mcus_left -= count;
  return true;
}

static bool take_mcu_row(struct lanes_picture *picture, uint32_t mcu_row, uint32_t band_mcu_row) {
  const uint32_t wide = picture->markers.frame.mcus_wide;
  for (uint32_t mcu = 0, count; mcu < wide; mcu += count) {
    if (picture->run.mcus == 0 && !next_run(picture)) return false;
    count = wide - mcu < picture->run.mcus ? wide - mcu : picture->run.mcus;
    if (!take_mcus(picture, mcu_row, band_mcu_row, mcu, count)) return false;
  }
  return true;
}

/* ---- The picture ------------------------------------------------------------------------------------------------- */

/* EOI follows the scan, behind nothing that libjpeg-turbo would warn of. */
static bool is_complete(struct lanes_picture *picture) {
  return lanes_close(&picture->lanes, &picture->markers.at) && jpeg_markers_next(&picture->markers) == JPEG_NEXT_END;
}

static enum outcome stop_unless_ok(hashscan_status status) {
  return status == HASHSCAN_STATUS_OK ? DONE : STOPPED;
}

static enum outcome decode_bands(struct lanes_picture *picture, hashscan_status *status) {
  struct band *band = &picture->band;
  uint32_t mcu_row = 0;
  *status = decode_begin_planes(picture->job);
  while (*status == HASHSCAN_STATUS_OK && band_next(band)) {
    for (uint32_t row = 0; row < band_mcu_rows(band); row++)
      if (!take_mcu_row(picture, mcu_row++, row)) return ASIDE;
    if (!transform_all(picture)) return ASIDE;
    /* Before the last rows are given, or the sink would have all of a picture that has to begin again. */
    if (picture->mcus_left == 0 && !is_complete(picture)) return ASIDE;
    *status = band_give(picture->job, band);
  }
  return stop_unless_ok(*status);
}

static enum outcome decode(struct lanes_picture *picture, const struct lanes_tuning *tuning, hashscan_status *status) {
  enum image_sampling sampling;
  struct decode_job *job = picture->job;
  const struct jpeg_frame *frame = &picture->markers.frame;
  if (!read_header(picture, &sampling) || !has_room(picture)) return ASIDE;
  if (!job->sink->want_planes(job->sink->user, &picture->info)) return ASIDE;
  if (!make_tables(picture)) return ASIDE;
  picture->memory = memory_allocate(band_bytes(sampling, frame->width));
  if (picture->memory == NULL) return ASIDE;
  band_open(&picture->band, sampling, frame->width, frame->height, picture->memory);
  begin_scan(picture, tuning);
  *job->info = picture->info;
  return decode_bands(picture, status);
}

bool lanes_planes_decode(struct decode_job *job, const struct lanes_tuning *tuning, hashscan_status *status) {
  if (sizeof(struct lanes_picture) > job->limits->max_decoder_bytes) return false;
  struct lanes_picture *picture = memory_allocate(sizeof *picture);
  if (picture == NULL) return false;
  picture->job = job;
  picture->memory = NULL;
  const enum outcome outcome = decode(picture, tuning, status);
  memory_release(picture->memory);
  memory_release(picture);
  if (outcome != ASIDE) return true;
  job->rows = 0;
  *job->info = (struct image_info){.format = HASHSCAN_FORMAT_JPEG};
  return false;
}
