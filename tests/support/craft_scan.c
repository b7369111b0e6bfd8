/* SPDX-License-Identifier: Apache-2.0 */
/* Coefficients to symbols: sequential scans (T.81 F.1.2) and the four kinds of progressive ones (G.1.2). */
#include "craft.h"

#include <stdlib.h>
#include <string.h>

enum { ZRL = 0xf0, LONGEST_RUN = 0x7fff, MAX_PENDING = 1000 /* correction bits that wait for an EOBn */ };

struct scan_state {
  struct craft *craft;
  const struct craft_scan *scan;
  struct craft_symbols symbols;
  int predictors[CRAFT_COMPONENTS];
  unsigned run; /* blocks that an EOBn will end */
  uint8_t pending[MAX_PENDING + CRAFT_BLOCK];
  unsigned pending_count;
};

/* One block on its way. */
struct place {
  unsigned component; /* of the frame */
  unsigned position;  /* of the component in the scan */
  int16_t *block, *sent;
  int overrun;
};

static unsigned category_of(int value) {
  unsigned category = 0;
  for (unsigned magnitude = (unsigned)abs(value); magnitude > 0; magnitude >>= 1) category++;
  return category;
}

static unsigned extra_of(int value, unsigned category) {
  return (unsigned)(value >= 0 ? value : value + (1 << category) - 1);
}

static int magnitude_shift(int value, unsigned low) {
  return value >= 0 ? value >> low : -(-value >> low);
}

static enum craft_table dc_table(const struct place *place) {
  return place->component == 0 ? CRAFT_DC0 : CRAFT_DC1;
}

static enum craft_table ac_table(const struct place *place) {
  return place->component == 0 ? CRAFT_AC0 : CRAFT_AC1;
}

/* Returns what a decoder has then. A difference that needs more than 15 bits goes the other way round modulo 65536, as
 * a decoder's 16 bits do; half of that is one off. */
static int16_t put_dc(struct scan_state *state, const struct place *place, int value) {
  int *predictor = &state->predictors[place->position];
  int difference = (int16_t)(uint16_t)(value - *predictor);
  if (difference == INT16_MIN) difference++;
  const unsigned category = category_of(difference);
  *predictor += difference;
  craft_add(&state->symbols, dc_table(place), category, extra_of(difference, category), category);
  return (int16_t)(uint16_t)*predictor;
}

/* Whole runs of 16, then what is left for the next symbol. */
static unsigned put_runs(struct scan_state *state, const struct place *place, unsigned run) {
  for (; run > 15; run -= 16) craft_add(&state->symbols, ac_table(place), ZRL, 0, 0);
  return run;
}

static void put_value(struct scan_state *state, const struct place *place, unsigned run, int value) {
  const unsigned category = category_of(value);
  if (category > 15) abort();
  run = put_runs(state, place, run);
  craft_add(&state->symbols, ac_table(place), run << 4 | category, extra_of(value, category), category);
}

static void end_run(struct scan_state *state, const struct place *place) {
  if (state->run > 0) {
    const unsigned bits = category_of((int)state->run) - 1;
    craft_add(&state->symbols, ac_table(place), bits << 4, state->run - (1u << bits), bits);
  }
  for (unsigned i = 0; i < state->pending_count; i++) craft_add(&state->symbols, CRAFT_RAW, 0, state->pending[i], 1);
  state->run = state->pending_count = 0;
}

static void lengthen_run(struct scan_state *state, const struct place *place) {
  const unsigned longest = state->scan->longest_run == 0 ? LONGEST_RUN : state->scan->longest_run;
  if (++state->run >= longest || state->pending_count >= MAX_PENDING) end_run(state, place);
}

/* Where an overrun of the band lands: libjpeg's table of positions ends with many of the last one. */
static unsigned behind(const struct craft_scan *scan) {
  return scan->last < CRAFT_BLOCK - 1 ? scan->last + 1u : CRAFT_BLOCK - 1;
}

/* A symbol goes over 15 coefficients before its own: where whole runs of 16 would end with the band, none is left to go
 * over its end. */
static bool can_overrun(const struct place *place, unsigned left) {
  return place->overrun != 0 && left % 16 != 0;
}

/* ---- Blocks ------------------------------------------------------------------------------------------------------ */

static void sequential_block(struct scan_state *state, const struct place *place) {
  unsigned at = 1;
  const int16_t dc = put_dc(state, place, place->block[0]);
  for (unsigned k = 1; k < CRAFT_BLOCK; k++) {
    if (place->block[k] == 0) continue;
    put_value(state, place, k - at, place->block[k]);
    at = k + 1;
  }
  memcpy(place->sent, place->block, CRAFT_BLOCK * sizeof *place->sent);
  place->sent[0] = dc;
  if (at < CRAFT_BLOCK && can_overrun(place, CRAFT_BLOCK - at)) {
    put_value(state, place, CRAFT_BLOCK - at, place->overrun);
    place->sent[CRAFT_BLOCK - 1] = (int16_t)place->overrun;
  } else if (at < CRAFT_BLOCK) {
    craft_add(&state->symbols, ac_table(place), 0, 0, 0);
  }
}

static void dc_first(struct scan_state *state, const struct place *place) {
  const unsigned low = state->scan->low;
  place->sent[0] = (int16_t)(put_dc(state, place, place->block[0] >> low) * (1 << low));
}

static void dc_refine(struct scan_state *state, const struct place *place) {
  const unsigned low = state->scan->low;
  const int bit = place->block[0] >> low & 1;
  craft_add(&state->symbols, CRAFT_RAW, 0, (unsigned)bit, 1);
  place->sent[0] = (int16_t)(place->sent[0] | bit << low);
}

static void ac_first(struct scan_state *state, const struct place *place) {
  const struct craft_scan *scan = state->scan;
  unsigned at = scan->first;
  for (unsigned k = scan->first; k <= scan->last; k++) {
    const int value = magnitude_shift(place->block[k], scan->low);
    if (value == 0) continue;
    end_run(state, place);
    put_value(state, place, k - at, value);
    place->sent[k] = (int16_t)(value * (1 << scan->low));
    at = k + 1;
  }
  if (at <= scan->last && can_overrun(place, scan->last + 1u - at)) {
    end_run(state, place);
    put_value(state, place, scan->last + 1u - at, place->overrun);
    place->sent[behind(scan)] = (int16_t)(place->overrun * (1 << scan->low));
  } else if (at <= scan->last) {
    lengthen_run(state, place);
  }
}

static void put_pending(struct scan_state *state) {
  for (unsigned i = 0; i < state->pending_count; i++) craft_add(&state->symbols, CRAFT_RAW, 0, state->pending[i], 1);
  state->pending_count = 0;
}

/* The correction bit of a coefficient that the decoder has. libjpeg ignores it where it has that bit already. */
static void correct(struct scan_state *state, const struct place *place, unsigned k) {
  const unsigned low = state->scan->low;
  const unsigned bit = (unsigned)abs(place->block[k]) >> low & 1;
  state->pending[state->pending_count++] = (uint8_t)bit;
  if (bit == 0 || (place->sent[k] & 1 << low) != 0) return;
  place->sent[k] = (int16_t)(place->sent[k] + (place->sent[k] < 0 ? -(1 << low) : 1 << low));
}

/* Correction bits follow the symbol whose run goes over their coefficients: they are collected, and written after it.
 * What was collected behind the last symbol waits for the EOBn, with that of the next blocks. */
static void put_refinement(struct scan_state *state, const struct place *place, unsigned run, int sign) {
  craft_add(&state->symbols, ac_table(place), run << 4 | (sign != 0), sign > 0, sign != 0);
  put_pending(state);
}

static unsigned last_new(const struct craft_scan *scan, const struct place *place) {
  unsigned last = 0;
  for (unsigned k = scan->first; k <= scan->last; k++)
    if (place->sent[k] == 0 && magnitude_shift(place->block[k], scan->low) != 0) last = k;
  return last;
}

static void ac_refine(struct scan_state *state, const struct place *place) {
  const struct craft_scan *scan = state->scan;
  const unsigned end = place->overrun != 0 ? scan->last : last_new(scan, place);
  unsigned zeros = 0, at = scan->first; /* behind the last symbol */
  if (end >= scan->first) end_run(state, place);
  for (unsigned k = scan->first; k <= scan->last; k++) {
    if (place->sent[k] != 0) {
      correct(state, place, k);
      continue;
    }
    if (k > end) continue;
    const int value = magnitude_shift(place->block[k], scan->low);
    if (value == 0 && (zeros < 15 || k == scan->last)) {
      zeros++;
      continue;
    }
    if (value != 0) place->sent[k] = (int16_t)(value > 0 ? 1 << scan->low : -(1 << scan->low));
    put_refinement(state, place, zeros, value);
    zeros = 0;
    at = k + 1;
  }
  if (at > scan->last) return;
  if (place->overrun == 0 || zeros > 15) {
    lengthen_run(state, place);
    return;
  }
  put_refinement(state, place, zeros, place->overrun);
  place->sent[behind(scan)] = (int16_t)(place->overrun * (1 << scan->low));
}

/* ---- MCUs -------------------------------------------------------------------------------------------------------- */

static void put_block(struct scan_state *state, unsigned position, uint32_t x, uint32_t y) {
  const struct craft_scan *scan = state->scan;
  const unsigned index = scan->components[position];
  const struct craft_component *component = &state->craft->components[index];
  const size_t number = (size_t)y * component->across + x;
  const struct place place = {.component = index,
                              .position = position,
                              .block = component->blocks + number * CRAFT_BLOCK,
                              .sent = component->sent + number * CRAFT_BLOCK,
                              .overrun = scan->overrun == NULL ? 0 : scan->overrun[number]};
  if (!state->craft->progressive) sequential_block(state, &place);
  else if (scan->first == 0) (scan->high == 0 ? dc_first : dc_refine)(state, &place);
  else (scan->high == 0 ? ac_first : ac_refine)(state, &place);
}

static void put_mcu(struct scan_state *state, uint32_t x, uint32_t y) {
  const struct craft_scan *scan = state->scan;
  if (scan->count == 1) {
    put_block(state, 0, x, y);
    return;
  }
  for (unsigned i = 0; i < scan->count; i++) {
    const struct craft_component *component = &state->craft->components[scan->components[i]];
    for (uint32_t v = 0; v < component->v; v++)
      for (uint32_t h = 0; h < component->h; h++) put_block(state, i, x * component->h + h, y * component->v + v);
  }
}

static void put_restart(struct scan_state *state) {
  const struct place last = {.component = state->scan->components[0]};
  end_run(state, &last);
  craft_add(&state->symbols, CRAFT_RST, 0, 0, 0);
  for (unsigned i = 0; i < CRAFT_COMPONENTS; i++) state->predictors[i] = 0;
}

static void put_mcus(struct scan_state *state) {
  const struct craft *craft = state->craft;
  const struct craft_component *component = &craft->components[state->scan->components[0]];
  const bool alone = state->scan->count == 1;
  const uint32_t wide = alone ? component->wide : component->across / component->h;
  const uint32_t high = alone ? component->high : component->down / component->v;
  unsigned left = craft->restart;
  for (uint32_t y = 0; y < high; y++)
    for (uint32_t x = 0; x < wide; x++) {
      if (craft->restart > 0 && left == 0) {
        put_restart(state);
        left = craft->restart;
      }
      put_mcu(state, x, y);
      left--;
    }
  const struct place last = {.component = state->scan->components[0]};
  end_run(state, &last);
}

static void put_scan_header(struct craft *craft, const struct craft_scan *scan) {
  uint8_t payload[4 + 2 * CRAFT_COMPONENTS] = {(uint8_t)scan->count};
  size_t size = 1;
  for (unsigned i = 0; i < scan->count; i++) {
    payload[size++] = craft->components[scan->components[i]].id;
    payload[size++] = scan->components[i] == 0 ? 0x00 : 0x11;
  }
  payload[size++] = scan->first;
  payload[size++] = scan->last;
  payload[size++] = (uint8_t)(scan->high << 4 | scan->low);
  craft_segment(craft, 0xda, payload, size);
}

void craft_scan(struct craft *craft, const struct craft_scan *scan) {
  struct scan_state state = {.craft = craft, .scan = scan};
  put_mcus(&state);
  craft_put_tables(craft, &state.symbols);
  put_scan_header(craft, scan);
  craft_put_data(craft, &state.symbols);
}

void craft_sequential(struct craft *craft) {
  struct craft_scan scan = {.count = craft->count, .components = {0, 1, 2, 3}, .last = CRAFT_BLOCK - 1};
  craft_scan(craft, &scan);
}

void craft_script(struct craft *craft, const struct craft_scan *scans, size_t count) {
  for (size_t i = 0; i < count; i++) craft_scan(craft, &scans[i]);
}
