/* SPDX-License-Identifier: Apache-2.0 */
/* Baseline and extended sequential scans. A luma block gives up its DC and the first coefficients one symbol at a time;
 * the rest of it, and of a chroma block all but the DC, is stepped over several symbols at a time. All of it is
 * checked: a code that does not exist, a block that overflows, a value that no 8-bit picture has is odd. */
#include "image/jpeg_blocks.h"

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* DC values beyond twice what an 8-bit picture has are odd. */
#define MAX_DC 2048u

/* One component of a scan. */
struct plane {
  const struct jpeg_values *dc;
  const struct jpeg_values *ac;
  const struct jpeg_skips *skips;
  int16_t *blocks;   /* of this row of MCUs */
  size_t row, block; /* int16_t from row to row and from block to block */
  unsigned h, v;     /* blocks of an MCU */
  unsigned keep;     /* coefficients, the DC included */
  int last_dc;
  unsigned max_dc;
};

struct scan_run {
  struct plane planes[JPEG_MAX_COMPONENTS];
  unsigned count;
  uint32_t wide, high; /* MCUs */
  uint32_t until_restart;
  unsigned restarts;
};

/* Takes the symbols of one entry; where the entry is more than fits the block, the first of them. */
ALWAYS_INLINE unsigned step_over(struct jpeg_bits *bits, const struct plane *plane, unsigned next) {
  uint32_t entry = jpeg_skips_look(plane->skips, bits->buffer);
  unsigned to = next + jpeg_entry_advance(entry);
  if (to >= 64 && unlikely(!jpeg_block_ended(to))) {
    entry = jpeg_huffman_one(&plane->ac->codes, bits->buffer);
    to = next + jpeg_entry_advance(entry);
  }
  jpeg_bits_skip(bits, jpeg_entry_bits(entry));
  return to;
}

/* From coefficient `next` to the end of the block. Begins with 27 bits valid; of 56 two steps leave some. */
ALWAYS_INLINE bool skip_rest(struct jpeg_bits *bits, const struct plane *plane, unsigned next) {
  for (;;) {
    next = step_over(bits, plane, next);
    if (next >= 64) break;
    jpeg_bits_refill(bits);
    next = step_over(bits, plane, next);
    if (next >= 64) break;
  }
  return jpeg_block_ended(next);
}

ALWAYS_INLINE bool take_dc(struct jpeg_bits *bits, struct plane *plane, int16_t *block) {
  const uint32_t entry = jpeg_values_look(plane->dc, bits->buffer);
  plane->last_dc += jpeg_entry_value(entry, bits->buffer);
  jpeg_bits_skip(bits, jpeg_entry_bits(entry));
  *block = (int16_t)plane->last_dc;
  return likely(entry != JPEG_ENTRY_UNKNOWN && (unsigned)plane->last_dc + plane->max_dc <= 2 * plane->max_dc);
}

/* Coefficients of the block that are wanted; `next` of the first that is not, or where the block ended. A run that
 * goes beyond the wanted ones sets the last of them, which it steps over, to zero. */
ALWAYS_INLINE unsigned take_ac(struct jpeg_bits *bits, const struct plane *plane, int16_t *block) {
  unsigned next = 1;
  while (next < plane->keep) {
    const uint32_t entry = jpeg_values_look(plane->ac, bits->buffer);
    next += jpeg_entry_advance(entry);
    const int value = jpeg_entry_value(entry, bits->buffer);
    jpeg_bits_skip(bits, jpeg_entry_bits(entry));
    if (next > 64) return next;
    jpeg_bits_refill(bits);
    block[(next < plane->keep ? next : plane->keep) - 1] = (int16_t)(next <= plane->keep ? value : 0);
  }
  return next;
}

ALWAYS_INLINE bool decode_block(struct jpeg_bits *bits, struct plane *plane, int16_t *block) {
  for (size_t i = 0; i + 8 <= plane->block; i += 8) memset(block + i, 0, 8 * sizeof *block);
  jpeg_bits_refill(bits);
  if (!take_dc(bits, plane, block)) return false;
  const unsigned next = take_ac(bits, plane, block);
  return next < 64 ? skip_rest(bits, plane, next) : jpeg_block_ended(next);
}

ALWAYS_INLINE bool decode_mcu(struct jpeg_bits *bits, struct scan_run *run, uint32_t mcu) {
  for (unsigned i = 0; i < run->count; i++) {
    struct plane *plane = &run->planes[i];
    int16_t *blocks = plane->blocks + (size_t)mcu * plane->h * plane->block;
    for (unsigned y = 0; y < plane->v; y++)
      for (unsigned x = 0; x < plane->h; x++)
        if (!decode_block(bits, plane, blocks + y * plane->row + x * plane->block)) return false;
  }
  return true;
}

static void begin_interval(const struct jpeg_blocks *state, struct scan_run *run) {
  const uint32_t interval = state->markers.restart_interval;
  run->until_restart = interval == 0 ? UINT32_MAX : interval;
  for (unsigned i = 0; i < run->count; i++) run->planes[i].last_dc = 0;
}

/* Before an MCU: the next interval, more data. */
static bool prepare_mcu(struct jpeg_blocks *state, struct scan_run *run) {
  if (run->until_restart == 0) {
    if (!jpeg_source_restart(&state->source, run->restarts++)) return false;
    begin_interval(state, run);
  }
  return jpeg_source_ready(&state->source);
}

static enum jpeg_outcome decode_mcu_row(struct jpeg_blocks *state, struct scan_run *run) {
  struct jpeg_bits bits = state->source.bits;
  for (uint32_t mcu = 0; mcu < run->wide; mcu++) {
    if (unlikely(bits.next > bits.limit || run->until_restart == 0)) {
      state->source.bits = bits;
      if (!prepare_mcu(state, run)) return JPEG_ODD;
      bits = state->source.bits;
    }
    if (unlikely(!decode_mcu(&bits, run, mcu))) return JPEG_ODD;
    run->until_restart--;
  }
  state->source.bits = bits;
  return jpeg_check_time(state);
}

static unsigned smallest_ac_step(const struct jpeg_component *component) {
  unsigned smallest = UINT16_MAX;
  for (unsigned k = 1; k < 64; k++) smallest = component->quant[k] < smallest ? component->quant[k] : smallest;
  return smallest;
}

static bool make_dc(struct jpeg_blocks *state, unsigned table) {
  const struct jpeg_scan *scan = &state->markers.scan;
  struct jpeg_values *dc = &state->dc[table];
  bool used = false;
  for (unsigned i = 0; i < scan->count; i++) used |= scan->dc_table[i] == table;
  if (!used) return true;
  if (!jpeg_huffman_codes(&dc->codes, &state->markers.dc[table], JPEG_SYMBOLS_DC, JPEG_MAX_CATEGORY)) return false;
  jpeg_huffman_values(dc);
  return true;
}

/* What any of the components that share the table may have is allowed. */
static bool make_ac(struct jpeg_blocks *state, unsigned table) {
  const struct jpeg_scan *scan = &state->markers.scan;
  struct jpeg_values *ac = &state->ac[table];
  bool used = false, values = false;
  unsigned step = UINT16_MAX;
  for (unsigned i = 0; i < scan->count; i++) {
    if (scan->ac_table[i] != table) continue;
    const unsigned smallest = smallest_ac_step(&state->markers.frame.components[scan->components[i]]);
    step = smallest < step ? smallest : step;
    used = true;
    values |= scan->components[i] == 0 && state->blocks.keep > 1;
  }
  if (!used) return true;
  const unsigned max_category = jpeg_huffman_max_category(step, 0);
  if (!jpeg_huffman_codes(&ac->codes, &state->markers.ac[table], JPEG_SYMBOLS_AC, max_category)) return false;
  jpeg_huffman_skips(&state->skips[table], &ac->codes);
  if (values) jpeg_huffman_values(ac);
  return true;
}

static struct plane plane_of(struct jpeg_blocks *state, unsigned position) {
  const struct jpeg_scan *scan = &state->markers.scan;
  const unsigned index = scan->components[position];
  const struct jpeg_component *component = &state->markers.frame.components[index];
  const bool luma = index == 0, alone = scan->count == 1;
  return (struct plane){.dc = &state->dc[scan->dc_table[position]],
                        .ac = &state->ac[scan->ac_table[position]],
                        .skips = &state->skips[scan->ac_table[position]],
                        .blocks = luma ? state->store.luma : state->store.chroma[index - 1],
                        .row = luma ? state->store.luma_row : state->store.chroma_row,
                        .block = luma ? state->blocks.stride : 1,
                        .h = alone ? 1 : component->h,
                        .v = alone ? 1 : component->v,
                        .keep = luma ? state->blocks.keep : 1,
                        .max_dc = MAX_DC / component->quant[0] + 1};
}

/* A scan of one component has its blocks in plain rows, without those that only fill an MCU. */
static enum jpeg_outcome begin_scan(struct jpeg_blocks *state, struct scan_run *run) {
  const struct jpeg_frame *frame = &state->markers.frame;
  const struct jpeg_scan *scan = &state->markers.scan;
  if (scan->first != 0 || scan->last != 63 || scan->high != 0 || scan->low != 0) return JPEG_ODD;
  for (unsigned table = 0; table < JPEG_TABLES; table++)
    if (!make_dc(state, table) || !make_ac(state, table)) return JPEG_ODD;
  const struct jpeg_component *first = &frame->components[scan->components[0]];
  *run = (struct scan_run){.count = scan->count,
                           .wide = scan->count == 1 ? first->wide : frame->mcus_wide,
                           .high = scan->count == 1 ? first->high : frame->mcus_high};
  for (unsigned i = 0; i < scan->count; i++) run->planes[i] = plane_of(state, i);
  begin_interval(state, run);
  jpeg_source_open(&state->source, state->markers.bytes, state->markers.size, state->markers.at);
  return JPEG_DONE;
}

enum jpeg_outcome jpeg_sequential_interleaved(struct jpeg_blocks *state) {
  struct scan_run run = {0};
  const struct jpeg_frame *frame = &state->markers.frame;
  const bool grey = frame->count == 1;
  enum jpeg_outcome outcome = jpeg_store_open(state, frame->components[0].v, grey ? 0 : frame->components[1].v);
  if (outcome == JPEG_DONE) outcome = begin_scan(state, &run);
  if (outcome == JPEG_DONE) outcome = jpeg_begin(state);
  const int16_t *const chroma[2] = {state->store.chroma[0], state->store.chroma[1]};
  for (uint32_t row = 0; outcome == JPEG_DONE && row < run.high; row++) {
    outcome = decode_mcu_row(state, &run);
    if (outcome == JPEG_DONE) outcome = jpeg_give_rows(state, row, state->store.luma, chroma);
  }
  if (outcome != JPEG_DONE) return outcome;
  bool more = true;
  if (!jpeg_source_close(&state->source, &state->markers.at)) return JPEG_ODD;
  outcome = jpeg_next_scan(state, &more);
  return outcome == JPEG_DONE && more ? JPEG_ODD : outcome;
}

static enum jpeg_outcome read_scan(struct jpeg_blocks *state) {
  struct scan_run run = {0};
  enum jpeg_outcome outcome = begin_scan(state, &run);
  for (uint32_t row = 0; outcome == JPEG_DONE && row < run.high; row++) {
    outcome = decode_mcu_row(state, &run);
    for (unsigned i = 0; i < run.count; i++) run.planes[i].blocks += run.planes[i].row * run.planes[i].v;
  }
  if (outcome != JPEG_DONE) return outcome;
  return jpeg_source_close(&state->source, &state->markers.at) ? JPEG_DONE : JPEG_ODD;
}

/* Each component comes once. */
enum jpeg_outcome jpeg_sequential_scans(struct jpeg_blocks *state) {
  const struct jpeg_scan *scan = &state->markers.scan;
  unsigned seen = 0;
  bool more = true;
  while (more) {
    for (unsigned i = 0; i < scan->count; i++) {
      const unsigned bit = 1u << scan->components[i];
      if (seen & bit) return JPEG_ODD;
      seen |= bit;
    }
    enum jpeg_outcome outcome = read_scan(state);
    if (outcome == JPEG_DONE) outcome = jpeg_next_scan(state, &more);
    if (outcome != JPEG_DONE) return outcome;
  }
  return seen == (1u << state->markers.frame.count) - 1 ? JPEG_DONE : JPEG_ODD;
}
