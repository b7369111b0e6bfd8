/* SPDX-License-Identifier: Apache-2.0 */
/* Progressive JPEGs (T.81 annex G) into the store: every DC scan; of luma's AC bands the first scans of those that hold
 * kept coefficients, and refinements of bands that lie whole within them. A refinement has one bit for each coefficient
 * that is not zero yet, so its bits can only be told apart where the whole band's history is known.
 *
 * All other scans are jumped over by looking for the next marker. Their headers and tables are checked, their
 * entropy-coded data is not: damage in there changes no bit of what is read here, but libjpeg-turbo would warn of it.
 *
 * Scripts that libjpeg warns of are odd, and so are those that end before coefficients 1 to 9 of each component are
 * whole: then libjpeg guesses them from the blocks around (its "block smoothing"), and what the file says is not what
 * its picture shows. */
#include <string.h>

#include "image/jpeg_blocks.h"

enum {
  UNSENT = 0xff,
  MAX_LOW = 13,     /* of the point transform, as libjpeg has it */
  SMOOTHED_END = 10 /* libjpeg-turbo smooths coefficients 1 to 9 */
};

enum { MAX_MCU_BLOCKS = 10 };

/* One file: how many low bits of each coefficient are still to come, in the file and in the store. */
struct script {
  uint8_t sent[JPEG_MAX_COMPONENTS][IMAGE_BLOCK_COEFFICIENTS];
  uint8_t read[IMAGE_BLOCK_COEFFICIENTS]; /* of luma */
};

/* One scan being read. */
struct pass {
  struct jpeg_blocks *state;
  int predictors[JPEG_MAX_COMPONENTS]; /* by position in the scan */
  const struct jpeg_values *dc[JPEG_MAX_COMPONENTS];
  uint32_t end_of_band_run; /* blocks that have no more symbols in this band */
};

/* Reads MCUs `column` to `column + count - 1` of a row. */
typedef bool (*read_mcus)(struct pass *pass, uint32_t row, uint32_t column, uint32_t count);

static bool start_interval(struct pass *pass, unsigned *restarts) {
  memset(pass->predictors, 0, sizeof pass->predictors);
  pass->end_of_band_run = 0;
  return jpeg_source_restart(&pass->state->source, (*restarts)++);
}

static enum jpeg_outcome read_scan(struct pass *pass, uint32_t wide, uint32_t high, read_mcus read) {
  struct jpeg_markers *markers = &pass->state->markers;
  const uint32_t interval = markers->restart_interval;
  uint32_t left = interval;
  unsigned restarts = 0;
  jpeg_source_open(&pass->state->source, markers->bytes, markers->size, markers->at);
  for (uint32_t row = 0; row < high; row++) {
    const enum jpeg_outcome outcome = jpeg_check_time(pass->state);
    if (outcome != JPEG_DONE) return outcome;
    for (uint32_t column = 0, count; column < wide; column += count) {
      if (interval > 0 && left == 0) {
        if (!start_interval(pass, &restarts)) return JPEG_ODD;
        left = interval;
      }
      count = interval > 0 && left < wide - column ? left : wide - column;
      if (!read(pass, row, column, count)) return JPEG_ODD;
      left -= count;
    }
  }
  return jpeg_source_close(&pass->state->source, &markers->at) ? JPEG_DONE : JPEG_ODD;
}

static inline bool make_room(struct pass *pass, struct jpeg_bits *bits) {
  pass->state->source.bits = *bits;
  if (!jpeg_source_ready(&pass->state->source)) return false;
  *bits = pass->state->source.bits;
  return true;
}

/* JPEG_ENTRY_UNKNOWN when there is none. `*found` are the bits that hold it, for its value. */
static inline uint32_t next_symbol(struct jpeg_bits *bits, const struct jpeg_values *values, uint64_t *found) {
  jpeg_bits_refill(bits);
  *found = bits->buffer;
  const uint32_t entry = jpeg_values_look(values, bits->buffer);
  jpeg_bits_skip(bits, jpeg_entry_bits(entry));
  return entry;
}

/* ---- DC ---------------------------------------------------------------------------------------------------------- */

/* The DCs of one block after the other in an MCU, and from one MCU to the next. */
struct mcu {
  unsigned count;
  int16_t *at[MAX_MCU_BLOCKS];
  size_t step[MAX_MCU_BLOCKS];
  unsigned position[MAX_MCU_BLOCKS]; /* of the component in the scan */
};

static void lay_out_component(struct mcu *mcu, const struct pass *pass, unsigned position, uint32_t row,
                              uint32_t column) {
  const struct jpeg_blocks *state = pass->state;
  const unsigned index = state->markers.scan.components[position];
  const struct jpeg_component *component = &state->markers.frame.components[index];
  const bool alone = state->markers.scan.count == 1;
  const uint32_t wide = alone ? 1 : component->h, high = alone ? 1 : component->v;
  int16_t *plane = index == 0 ? state->store.luma : state->store.chroma[index - 1];
  const size_t plane_row = index == 0 ? state->store.luma_row : state->store.chroma_row;
  const size_t block = index == 0 ? state->blocks.stride : 1;
  for (uint32_t y = 0; y < high; y++)
    for (uint32_t x = 0; x < wide; x++, mcu->count++) {
      mcu->at[mcu->count] = plane + ((size_t)row * high + y) * plane_row + ((size_t)column * wide + x) * block;
      mcu->step[mcu->count] = wide * block;
      mcu->position[mcu->count] = position;
    }
}

static struct mcu lay_out_mcu(const struct pass *pass, uint32_t row, uint32_t column) {
  struct mcu mcu = {0};
  for (unsigned i = 0; i < pass->state->markers.scan.count; i++) lay_out_component(&mcu, pass, i, row, column);
  return mcu;
}

static bool read_dc_first(struct pass *pass, uint32_t row, uint32_t column, uint32_t count) {
  struct mcu mcu = lay_out_mcu(pass, row, column);
  const unsigned low = pass->state->markers.scan.low;
  const uint32_t most = 0x8000u >> low;
  uint32_t beyond = 0; /* some value did not fit in 16 bits; predictors wrap meanwhile */
  struct jpeg_bits bits = pass->state->source.bits;
  for (; count > 0; count--) {
    if (bits.next > bits.limit && !make_room(pass, &bits)) return false;
    for (unsigned i = 0; i < mcu.count; i++) {
      const unsigned position = mcu.position[i];
      uint64_t found;
      const uint32_t entry = next_symbol(&bits, pass->dc[position], &found);
      if (entry == JPEG_ENTRY_UNKNOWN) return false;
      const uint32_t value = (uint32_t)pass->predictors[position] + (uint32_t)jpeg_entry_value(entry, found);
      beyond |= (value + most) & ~(2 * most - 1);
      pass->predictors[position] = (int)value;
      *mcu.at[i] = (int16_t)(value << low);
      mcu.at[i] += mcu.step[i];
    }
  }
  pass->state->source.bits = bits;
  return beyond == 0;
}

static bool read_dc_refinement(struct pass *pass, uint32_t row, uint32_t column, uint32_t count) {
  struct mcu mcu = lay_out_mcu(pass, row, column);
  const unsigned low = pass->state->markers.scan.low;
  struct jpeg_bits bits = pass->state->source.bits;
  for (; count > 0; count--) {
    if (bits.next > bits.limit && !make_room(pass, &bits)) return false;
    jpeg_bits_refill(&bits);
    for (unsigned i = 0; i < mcu.count; i++) {
      *mcu.at[i] = (int16_t)(*mcu.at[i] | (int)jpeg_bits_take(&bits, 1) << low);
      mcu.at[i] += mcu.step[i];
    }
  }
  pass->state->source.bits = bits;
  return true;
}

/* ---- AC of luma -------------------------------------------------------------------------------------------------- */

/* Blocks that an EOBn ends, the one it stands in included. */
static uint32_t end_of_band_run(uint32_t entry, uint64_t found) {
  return (1u << jpeg_entry_category(entry)) + jpeg_entry_extra(entry, found);
}

static uint32_t pass_over_blocks(struct pass *pass, uint32_t count) {
  const uint32_t blocks = pass->end_of_band_run < count ? pass->end_of_band_run : count;
  pass->end_of_band_run -= blocks;
  return blocks;
}

/* All ones or zero; both are below 2^63. */
static inline uint64_t below(uint64_t a, uint64_t b) {
  return (uint64_t)0 - ((a - b) >> 63);
}

/* Whether a block ends with a symbol or goes on cannot be predicted, so the loop goes over symbols, not blocks, and
 * does the same for all of them, with masks that no compiler makes branches of: `next` counts up to 64 whatever the
 * band, and ends of blocks and coefficients that are not kept add 0 to a coefficient of the block that is. */
static bool read_ac_first(struct pass *pass, uint32_t row, uint32_t column, uint32_t count) {
  const struct jpeg_blocks *state = pass->state;
  const struct jpeg_scan *scan = &state->markers.scan;
  const struct jpeg_values *values = &state->ac[0];
  const size_t stride = state->blocks.stride;
  const uint64_t start = IMAGE_BLOCK_COEFFICIENTS - 1 - (scan->last - scan->first);
  const uint64_t kept_end = start + state->blocks.keep - scan->first;
  const int unit = 1 << scan->low;
  uint32_t done = pass_over_blocks(pass, count);
  int16_t *block = state->store.luma + row * state->store.luma_row + (column + done) * stride;
  const int16_t *const end = block + (count - done) * stride;
  const ptrdiff_t before = (ptrdiff_t)scan->first - (ptrdiff_t)start - 1; /* from `next` to what was just read */
  uint64_t next = start;
  struct jpeg_bits bits = state->source.bits;
  while (block < end) {
    if (bits.next > bits.limit && !make_room(pass, &bits)) return false;
    uint64_t found;
    const uint32_t entry = next_symbol(&bits, values, &found);
    const uint64_t ended = -(uint64_t)(jpeg_entry_advance(entry) == JPEG_ADVANCE_EOB);
    next += jpeg_entry_advance(entry) & ~ended;
    if (__builtin_expect((next > IMAGE_BLOCK_COEFFICIENTS) | ((jpeg_entry_category(entry) & ended) != 0), 0)) {
      if (!ended) return false; /* an unknown symbol, or more than the band has */
      pass->end_of_band_run = end_of_band_run(entry, found);
      block += pass_over_blocks(pass, (uint32_t)((size_t)(end - block) / stride)) * stride;
      next = start;
      continue;
    }
    const uint64_t dropped = below(kept_end, next);
    int16_t *const coefficient = block + before + (next - ((next - kept_end) & dropped));
    *coefficient = (int16_t)(*coefficient | (jpeg_entry_value(entry, found) * unit & (int)~dropped));
    const uint64_t over = ended | -(next >> 6);
    block += stride & over;
    next += (start - next) & over;
  }
  pass->state->source.bits = bits;
  return true;
}

/* One correction bit for each coefficient from `k` on that is not zero, to the zero one after `zeros` others: its
 * index, or last + 1. */
static unsigned correct(struct jpeg_bits *bits, const struct jpeg_scan *scan, int16_t *block, unsigned k,
                        unsigned zeros) {
  for (; k <= scan->last; k++) {
    if (block[k] == 0 && zeros-- == 0) break;
    if (block[k] == 0) continue;
    jpeg_bits_refill(bits);
    const int bit = (int)jpeg_bits_take(bits, 1) << scan->low;
    block[k] = (int16_t)(block[k] + (block[k] < 0 ? -bit : bit));
  }
  return k;
}

static bool refine_block(struct pass *pass, struct jpeg_bits *bits, int16_t *block) {
  const struct jpeg_scan *scan = &pass->state->markers.scan;
  unsigned k = scan->first;
  while (pass->end_of_band_run == 0 && k <= scan->last) {
    uint64_t found;
    const uint32_t entry = next_symbol(bits, &pass->state->ac[0], &found);
    if (entry == JPEG_ENTRY_UNKNOWN) return false;
    if (jpeg_entry_advance(entry) == JPEG_ADVANCE_EOB) {
      pass->end_of_band_run = end_of_band_run(entry, found);
      break;
    }
    k = correct(bits, scan, block, k, jpeg_entry_advance(entry) - 1);
    if (k > scan->last) return false;
    block[k++] = (int16_t)(jpeg_entry_value(entry, found) * (1 << scan->low));
  }
  if (pass->end_of_band_run == 0) return true;
  pass->end_of_band_run--;
  correct(bits, scan, block, k, IMAGE_BLOCK_COEFFICIENTS);
  return true;
}

static bool read_ac_refinement(struct pass *pass, uint32_t row, uint32_t column, uint32_t count) {
  struct jpeg_blocks *state = pass->state;
  int16_t *block = state->store.luma + row * state->store.luma_row + column * state->blocks.stride;
  struct jpeg_bits bits = state->source.bits;
  for (; count > 0; count--, block += state->blocks.stride) {
    if (bits.next > bits.limit && !make_room(pass, &bits)) return false;
    if (!refine_block(pass, &bits, block)) return false;
  }
  state->source.bits = bits;
  return true;
}

/* ---- Scans ------------------------------------------------------------------------------------------------------- */

static enum jpeg_outcome read_dc(struct jpeg_blocks *state) {
  const struct jpeg_markers *markers = &state->markers;
  const struct jpeg_scan *scan = &markers->scan;
  struct pass pass = {.state = state};
  for (unsigned i = 0; i < scan->count && scan->high == 0; i++) {
    struct jpeg_values *values = &state->dc[i];
    if (!jpeg_huffman_codes(&values->codes, &markers->dc[scan->dc_table[i]], JPEG_SYMBOLS_DC, JPEG_MAX_CATEGORY))
      return JPEG_ODD;
    jpeg_huffman_values(values);
    pass.dc[i] = values;
  }
  const struct jpeg_component *component = &markers->frame.components[scan->components[0]];
  const bool alone = scan->count == 1;
  return read_scan(&pass, alone ? component->wide : markers->frame.mcus_wide,
                   alone ? component->high : markers->frame.mcus_high,
                   scan->high == 0 ? read_dc_first : read_dc_refinement);
}

static unsigned smallest_step(const struct jpeg_component *component, unsigned first, unsigned last) {
  unsigned step = component->quant[first];
  for (unsigned k = first; k <= last; k++) step = component->quant[k] < step ? component->quant[k] : step;
  return step;
}

static enum jpeg_outcome read_or_skip_ac(struct jpeg_blocks *state, bool wanted) {
  struct jpeg_markers *markers = &state->markers;
  const struct jpeg_scan *scan = &markers->scan;
  const struct jpeg_component *component = &markers->frame.components[scan->components[0]];
  struct jpeg_values *values = &state->ac[0];
  const unsigned most =
      scan->high > 0 ? 1 : jpeg_huffman_max_category(smallest_step(component, scan->first, scan->last), scan->low);
  if (!jpeg_huffman_codes(&values->codes, &markers->ac[scan->ac_table[0]], JPEG_SYMBOLS_PROGRESSIVE, most))
    return JPEG_ODD;
  if (!wanted) return jpeg_markers_skip(markers) ? jpeg_check_time(state) : JPEG_ODD;
  jpeg_huffman_values(values);
  struct pass pass = {.state = state};
  return read_scan(&pass, component->wide, component->high, scan->high == 0 ? read_ac_first : read_ac_refinement);
}

/* ---- The script -------------------------------------------------------------------------------------------------- */

static bool is_well_formed(const struct jpeg_scan *scan) {
  if (scan->low > MAX_LOW || (scan->high > 0 && scan->low != scan->high - 1)) return false;
  if (scan->first == 0) return scan->last == 0;
  return scan->count == 1 && scan->first <= scan->last && scan->last < IMAGE_BLOCK_COEFFICIENTS;
}

/* Notes what the scan sends. False when it sends something twice, too early or too late. */
static bool continues(struct script *script, const struct jpeg_scan *scan) {
  for (unsigned i = 0; i < scan->count; i++) {
    uint8_t *sent = script->sent[scan->components[i]];
    if (scan->first > 0 && sent[0] == UNSENT) return false;
    for (unsigned k = scan->first; k <= scan->last; k++) {
      if (sent[k] != (scan->high == 0 ? UNSENT : scan->high)) return false;
      sent[k] = (uint8_t)scan->low;
    }
  }
  return true;
}

/* Whether an AC scan is read: the first scan of a luma band that holds kept coefficients, and refinements of bands that
 * lie whole within them. */
static bool is_wanted(const struct script *script, const struct jpeg_scan *scan, unsigned keep) {
  if (scan->components[0] != 0 || scan->first >= keep) return false;
  if (scan->high == 0) return true;
  if (scan->last >= keep) return false;
  for (unsigned k = scan->first; k <= scan->last; k++)
    if (script->read[k] != scan->high) return false;
  return true;
}

/* Whether an AC scan that is skipped does no more to kept coefficients than send low bits that they are known to miss.
 * A run may go over the end of a band, where libjpeg-turbo writes what follows all the same; so the band must end with
 * the kept ones or behind them. */
static bool is_harmless(const struct jpeg_scan *scan, unsigned keep) {
  return scan->components[0] != 0 || scan->first >= keep || scan->last + 1 >= keep;
}

static enum jpeg_outcome take_scan(struct jpeg_blocks *state, struct script *script) {
  const struct jpeg_scan *scan = &state->markers.scan;
  if (!is_well_formed(scan) || !continues(script, scan)) return JPEG_ODD;
  if (scan->first == 0) return read_dc(state);
  const bool wanted = is_wanted(script, scan, state->blocks.keep);
  if (!wanted && !is_harmless(scan, state->blocks.keep)) return JPEG_ODD;
  for (unsigned k = scan->first; wanted && k <= scan->last; k++) script->read[k] = (uint8_t)scan->low;
  return read_or_skip_ac(state, wanted);
}

static bool is_complete(const struct script *script, unsigned components) {
  for (unsigned c = 0; c < components; c++) {
    if (script->sent[c][0] == UNSENT) return false;
    for (unsigned k = 1; k < SMOOTHED_END; k++)
      if (script->sent[c][k] != 0) return false;
  }
  return true;
}

/* Nothing is missing that the file never sends: libjpeg does not have it either. DCs are read as far as they are sent.
 */
static void note_missing(struct jpeg_blocks *state, const struct script *script) {
  for (unsigned k = 1; k < state->blocks.keep; k++)
    state->blocks.missing[k] = script->read[k] == script->sent[0][k] ? 0 : script->read[k];
}

enum jpeg_outcome jpeg_progressive(struct jpeg_blocks *state) {
  struct script script;
  memset(&script, UNSENT, sizeof script);
  for (bool more = true; more;) {
    enum jpeg_outcome outcome = take_scan(state, &script);
    if (outcome == JPEG_DONE) outcome = jpeg_next_scan(state, &more);
    if (outcome != JPEG_DONE) return outcome;
  }
  if (!is_complete(&script, state->markers.frame.count)) return JPEG_ODD;
  note_missing(state, &script);
  return JPEG_DONE;
}
