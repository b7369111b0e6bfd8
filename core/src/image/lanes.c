/* SPDX-License-Identifier: Apache-2.0 */
/* Tables, and sections of the stream: where lanes begin, how far they go, how they join. */
#include "image/lanes.h"

/* Steps between two refills: as many windows as there are bits for. */
enum { LANES_STEPS = 5 };
_Static_assert(LANES_STEPS *LANES_WINDOW <= 57 && LANES_ROUND % LANES_STEPS == 0, "bits last");

/* States (lanes.h). What an entry adds to the index: EOB for an end of block, one more where that is all; UNKNOWN when
 * it cannot tell. So one bit tells whether a block ended, and two that one_symbol() is to be asked: the entry does not
 * know, or it has an end of block behind the last coefficient, where none is coded. */
enum { ADVANCE_EOB = LANES_EOB, ADVANCE_UNKNOWN = 512 };
enum { ENDED_BIT = 12, UNKNOWN_BITS = (256 | 512) << 6 };

/* On photographs lanes meet after nine blocks. */
const struct lanes_tuning lanes_best_tuning = {
    .lanes = 4, .planned_blocks = 256, .meeting_blocks = 14, .min_lane_bits = 4096};

/* Places from which a lane may begin in vain. */
enum { MAX_BEGINNINGS = 8 };

/* Sections that could not be joined, of one picture, before there is one lane. */
enum { MAX_FAILURES = 3 };

/* ---- Tables ------------------------------------------------------------------------------------------------------ */

#define ZIGZAG_BUT_LAST                                                                                                \
  0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21,    \
      28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61,  \
      54, 47, 55, 62
#define ZIGZAG ZIGZAG_BUT_LAST, 63

/* Where a coefficient goes, by the index behind it (T.81 figure A.6), without and with an end of block. A run over the
 * end goes to the last. */
static const uint8_t position_in_block[256] = {0, ZIGZAG, [65 ... 192] = 63, [193] = ZIGZAG_BUT_LAST};

unsigned lanes_position_of(unsigned k) {
  return position_in_block[k + 1];
}

static uint32_t entry_of(unsigned bits, unsigned advance, int value) {
  return (uint32_t)(uint16_t)value << 16 | advance << 6 | bits;
}

static const uint32_t no_entry = ADVANCE_UNKNOWN << 6;

/* A code that is in the window, with a value that is not. */
static uint32_t known_code(unsigned bits, unsigned category, unsigned run) {
  return entry_of(0, ADVANCE_UNKNOWN, (int)(bits << 11 | category << 7 | run));
}

static inline bool is_known_code(uint32_t entry) {
  return entry >> 27 != 0 && (entry & 0xffff) == ADVANCE_UNKNOWN << 6;
}

/* The value of `category` extra bits, from the top of `after` (T.81 F.2.2.1, EXTEND). */
static inline int value_of(uint64_t after, unsigned category) {
  const int extra = (int)(after >> 1 >> (63 - category));
  const int negative = (int)(~after >> 63);
  return extra + (-negative & (1 - (1 << category)));
}

static inline uint32_t entry_of_code(uint32_t entry, uint64_t window) {
  const unsigned bits = entry >> 27, category = entry >> 23 & 15, run = entry >> 16 & 15;
  return entry_of(bits + category, run + 1, value_of(window << bits, category));
}

/* What a symbol does; `after` are the bits behind its code. Zero when it does nothing that is expected. */
static uint32_t entry_of_symbol(const struct jpeg_codes *codes, unsigned symbol, unsigned bits, uint64_t after) {
  const bool dc = codes->kind == JPEG_SYMBOLS_DC;
  const unsigned category = symbol & 15, run = dc ? 0 : symbol >> 4;
  if (!dc && symbol == 0) return entry_of(bits, ADVANCE_EOB + 1, 0);
  if (category > codes->max_category || (!dc && category == 0 && run != 15)) return 0;
  return entry_of(bits + category, run + 1, value_of(after, category));
}

/* The one symbol that the window begins with, whatever its length, for a block that is at `index`. Zero when there is
 * no such code or symbol. */
static __attribute__((noinline)) uint32_t one_symbol(const struct jpeg_codes *codes, uint64_t window, unsigned index) {
  const uint32_t top = (uint32_t)(window >> 48);
  unsigned bits = 1;
  while (bits <= 16 && top >= codes->end[bits]) bits++;
  if (bits > 16) return 0;
  const unsigned symbol = codes->dht->symbols[(int32_t)(top >> (16 - bits)) + codes->offset[bits]];
  const bool ends_last = index == 63 && codes->kind != JPEG_SYMBOLS_DC && symbol == 0;
  return ends_last ? entry_of(bits, 1, 0) : entry_of_symbol(codes, symbol, bits, window << bits);
}

static uint32_t *fill(uint32_t *entries, size_t count, uint32_t entry) {
  for (size_t i = 0; i < count; i++) entries[i] = entry;
  return entries + count;
}

/* An end of block, as the AC codes of a component have it: none where `bits` is 0. */
struct end_code {
  unsigned bits, code;
};

static struct end_code find_end_code(const struct jpeg_codes *ac) {
  const uint8_t *symbol = ac->dht->symbols;
  for (unsigned bits = 1; bits <= 16; bits++)
    for (unsigned left = ac->dht->counts[bits - 1]; left > 0; left--, symbol++)
      if (*symbol == 0) return (struct end_code){bits, (unsigned)(symbol - ac->dht->symbols - ac->offset[bits])};
  return (struct end_code){0, 0};
}

/* Entries that begin with the same symbol and value, `left` bits of the window being left. */
static uint32_t *fill_value(uint32_t *entries, uint32_t entry, unsigned left, struct end_code end) {
  uint32_t *const behind = fill(entries, (size_t)1 << left, entry);
  if (end.bits == 0 || end.bits > left) return behind;
  fill(entries + ((size_t)end.code << (left - end.bits)), (size_t)1 << (left - end.bits),
       entry + entry_of(end.bits, ADVANCE_EOB, 0));
  return behind;
}

/* The entries of one code. An end of block follows a coefficient, but no run of zeros. */
static uint32_t *fill_code(uint32_t *entries, const struct jpeg_codes *codes, unsigned symbol, unsigned bits,
                           struct end_code end) {
  const bool dc = codes->kind == JPEG_SYMBOLS_DC;
  const unsigned left = LANES_WINDOW - bits, category = symbol & 15;
  const uint32_t entry = entry_of_symbol(codes, symbol, bits, 0);
  if (entry == 0) return fill(entries, (size_t)1 << left, no_entry);
  if (!dc && category == 0) return fill(entries, (size_t)1 << left, entry);
  if (category > left) return fill(entries, (size_t)1 << left, known_code(bits, category, dc ? 0 : symbol >> 4));
  for (uint64_t extra = 0; extra >> category == 0; extra++) {
    const uint64_t after = category == 0 ? 0 : extra << (64 - category);
    entries = fill_value(entries, entry_of_symbol(codes, symbol, bits, after), left - category, end);
  }
  return entries;
}

void lanes_table_fill(struct lanes_table *table, const struct jpeg_codes *ac) {
  const struct jpeg_codes *codes = &table->codes;
  const struct end_code end = find_end_code(ac);
  const uint8_t *symbol = codes->dht->symbols;
  uint32_t *entries = table->entries;
  for (unsigned bits = 1; bits <= LANES_WINDOW; bits++)
    for (unsigned left = codes->dht->counts[bits - 1]; left > 0; left--)
      entries = fill_code(entries, codes, *symbol++, bits, end);
  fill(entries, (size_t)(table->entries + (1 << LANES_WINDOW) - entries), no_entry);
}

/* ---- Steps ------------------------------------------------------------------------------------------------------- */

#define LANES_TARGET
#define LANES_NAME(name) name##_scalar
#include "image/lanes_step_template.h"

#if defined(__x86_64__)
#define LANES_TARGET __attribute__((target("bmi,bmi2")))
#define LANES_NAME(name) name##_bmi2
#include "image/lanes_step_template.h"
#endif

struct lanes_kernels lanes_kernels_for(enum cpu_tier tier) {
#if defined(__x86_64__)
  if (tier >= CPU_AVX2) return (struct lanes_kernels){{round_1_bmi2, round_2_bmi2, round_3_bmi2, round_4_bmi2}};
#endif
  (void)tier;
  return (struct lanes_kernels){{round_1_scalar, round_2_scalar, round_3_scalar, round_4_scalar}};
}

/* ---- The stream -------------------------------------------------------------------------------------------------- */

void lanes_open(struct lanes *lanes, struct lanes_kernels kernels, const struct lanes_tuning *tuning) {
  lanes->kernels = kernels;
  lanes->tuning = *tuning;
  lanes->count = tuning->lanes;
  memset(lanes->clean, 0, sizeof lanes->clean);
}

static void begin_segment(struct lanes *lanes) {
  lanes->filled = 0;
  lanes->position = 0;
  lanes->left = lanes->interval;
  lanes->restarted = true;
}

void lanes_scan(struct lanes *lanes, const uint8_t *bytes, size_t size, size_t at, unsigned mcu_blocks,
                const struct lanes_table *const dc[], const struct lanes_table *const ac[], uint32_t interval,
                uint32_t mcus) {
  lanes->segment = (struct unstuff){.bytes = bytes, .size = size, .at = at};
  lanes->failures = 0;
  lanes->run_count = 0;
  lanes->mcu_blocks = mcu_blocks;
  lanes->interval = interval == 0 ? UINT32_MAX : interval;
  lanes->restarts = 0;
  lanes->block_bits = (uint32_t)((uint64_t)(size - at) * 8 / ((uint64_t)mcus * mcu_blocks)) + 1;
  for (unsigned b = 0; b < mcu_blocks; b++) {
    struct lanes_node *nodes = &lanes->nodes[2 * b];
    const struct lanes_node *after = &lanes->nodes[b + 1 < mcu_blocks ? 2 * (b + 1) : 0];
    nodes[0] = (struct lanes_node){dc[b]->entries, {&nodes[1], after}, &dc[b]->codes};
    nodes[1] = (struct lanes_node){ac[b]->entries, {&nodes[1], after}, &ac[b]->codes};
  }
  begin_segment(lanes);
}

/* Moves what is not decoded to the front of the data and fills it up. Behind the end of a segment are zeros. */
static void refill_data(struct lanes *lanes) {
  const size_t done = lanes->position >> 3;
  memmove(lanes->data, lanes->data + done, lanes->filled - done);
  lanes->filled -= done;
  lanes->position &= 7;
  lanes->filled += unstuff_copy(&lanes->segment, lanes->data + lanes->filled, LANES_BYTES - lanes->filled);
  if (lanes->segment.whole) memset(lanes->data + lanes->filled, 0, LANES_OVERRUN);
}

static uint64_t bits_filled(const struct lanes *lanes) {
  return (uint64_t)lanes->filled * 8;
}

/* Less than a byte is left: what fills it up may be anything. */
static bool segment_consumed(struct lanes *lanes) {
  if (!lanes->segment.whole) refill_data(lanes);
  return lanes->segment.whole && bits_filled(lanes) - lanes->position < 8;
}

static bool next_interval(struct lanes *lanes) {
  if (!segment_consumed(lanes) || !unstuff_restart(&lanes->segment, lanes->restarts)) return false;
  lanes->restarts++;
  begin_segment(lanes);
  return true;
}

bool lanes_close(struct lanes *lanes, size_t *at) {
  *at = lanes->segment.at;
  return segment_consumed(lanes);
}

/* ---- A section --------------------------------------------------------------------------------------------------- */

/* A lane's way through a section. MCUs `first` to `first` + `mcus` of it are part of the picture. */
struct way {
  uint64_t start, goal; /* bits */
  bool failed;
  unsigned beginnings;
  uint32_t first, mcus;
};

struct section {
  unsigned count;
  uint64_t limit; /* no round begins behind it */
  struct way ways[LANES_MAX];
};

static uint64_t reached(const struct lane *lane) {
  return lanes_state_position(lane->state);
}

static size_t blocks_of(const struct lanes *lanes, unsigned l) {
  return (size_t)(lanes->lanes[l].block - lanes->blocks[l]) / LANES_BLOCK;
}

static uint32_t mcus_of(const struct lanes *lanes, unsigned l) {
  return (uint32_t)(blocks_of(lanes, l) / lanes->mcu_blocks);
}

/* Where MCU `mcu` of a lane ends. */
static uint64_t end_of(const struct lanes *lanes, unsigned l, uint32_t mcu) {
  return lanes_block_position(lanes->blocks[l] + ((size_t)(mcu + 1) * lanes->mcu_blocks - 1) * LANES_BLOCK);
}

/* Data for a section, as far as the segment has it. */
static void provide(struct lanes *lanes) {
  const uint64_t planned = (uint64_t)lanes->count * lanes->tuning.planned_blocks * lanes->block_bits;
  const uint64_t wanted = planned + 8 * (LANES_OVERRUN + LANES_MCU_BYTES);
  if (!lanes->segment.whole && bits_filled(lanes) < lanes->position + wanted) refill_data(lanes);
}

/* Splits what lies ahead among lanes. */
static void plan(const struct lanes *lanes, unsigned most, struct section *section) {
  const uint64_t end = bits_filled(lanes);
  const bool whole = lanes->segment.whole;
  const uint64_t ahead = end - lanes->position - (whole ? 0 : 8 * (LANES_OVERRUN + LANES_MCU_BYTES));
  const uint64_t planned = (uint64_t)lanes->tuning.planned_blocks * lanes->block_bits;
  unsigned count = most;
  while (count > 1 && ahead / count < lanes->tuning.min_lane_bits) count--;
  const uint64_t length = (planned < ahead / count ? planned : ahead / count) & ~(uint64_t)7;
  section->count = count;
  section->limit = whole ? end : end - 8 * LANES_OVERRUN;
  for (unsigned l = 0; l < count; l++) {
    struct way *way = &section->ways[l];
    *way = (struct way){.start = l == 0 ? lanes->position : (lanes->position & ~(uint64_t)7) + l * length};
    way->goal =
        way->start + length + (l + 1 < count ? lanes->tuning.meeting_blocks * lanes->block_bits : 8 * LANES_MAX + 8);
  }
  /* One lane decodes at least one MCU. */
  if (count == 1 && length < 8 * LANES_MCU_BYTES) section->ways[0].goal = lanes->position + 8 * LANES_MCU_BYTES;
}

static void start(struct lanes *lanes, const struct section *section) {
  for (unsigned l = 0; l < section->count; l++) {
    if (!lanes->clean[l]) memset(lanes->blocks[l], 0, sizeof lanes->blocks[l]);
    lanes->clean[l] = true;
    lanes->lanes[l] = (struct lane){
        .state = section->ways[l].start << LANES_POSITION_BIT, .block = lanes->blocks[l], .node = &lanes->nodes[0]};
  }
}

static bool goes_on(const struct lanes *lanes, const struct section *section, unsigned l) {
  return !section->ways[l].failed && reached(&lanes->lanes[l]) < section->limit &&
         blocks_of(lanes, l) < LANES_BLOCKS - LANES_ROUND;
}

static void clear_blocks(struct lanes *lanes, unsigned l, size_t from, size_t to) {
  memset(lanes->blocks[l] + from * LANES_BLOCK, 0, (to - from) * LANES_BLOCK * sizeof(int16_t));
}

/* A lane that met what is no code began at a wrong place: it begins again behind. Unless it is the first; or at the end
 * of the segment, where what fills up the last byte may be no code. */
static void fail(struct lanes *lanes, struct section *section, unsigned l) {
  struct lane *lane = &lanes->lanes[l];
  struct way *way = &section->ways[l];
  const uint64_t behind = (reached(lane) & ~(uint64_t)7) + 8;
  way->failed = l == 0 || behind >= section->limit || way->beginnings++ == MAX_BEGINNINGS;
  if (way->failed) return;
  clear_blocks(lanes, l, 0, blocks_of(lanes, l) + 1);
  way->start = behind;
  *lane = (struct lane){.state = behind << LANES_POSITION_BIT, .block = lanes->blocks[l], .node = &lanes->nodes[0]};
}

/* Side by side, until all lanes have reached their goals or cannot go on. */
static void decode(struct lanes *lanes, struct section *section) {
  unsigned numbers[LANES_MAX], count = 0;
  for (unsigned l = 0; l < section->count; l++) numbers[count++] = l;
  while (count > 0) {
    unsigned going = 0, failed;
    struct lane side_by_side[LANES_MAX];
    for (unsigned i = 0; i < count; i++) {
      const unsigned l = numbers[i];
      if (goes_on(lanes, section, l) && reached(&lanes->lanes[l]) < section->ways[l].goal) numbers[going++] = l;
    }
    count = going;
    if (count == 0) break;
    for (unsigned i = 0; i < count; i++) side_by_side[i] = lanes->lanes[numbers[i]];
    const bool good = lanes->kernels.round[count - 1](lanes->data, side_by_side, &failed);
    for (unsigned i = 0; i < count; i++) lanes->lanes[numbers[i]] = side_by_side[i];
    if (!good) fail(lanes, section, numbers[failed]);
  }
}

/* Decodes on with lane l alone until it has MCU `mcu`. */
static bool decode_on(struct lanes *lanes, struct section *section, unsigned l, uint32_t mcu) {
  while (mcus_of(lanes, l) <= mcu) {
    unsigned failed;
    if (!goes_on(lanes, section, l)) return false;
    if (!lanes->kernels.round[0](lanes->data, &lanes->lanes[l], &failed)) section->ways[l].failed = true;
  }
  return true;
}

/* Finds the first MCU of lane l + 1 that begins where one of lane l, which is on the true path, ends. */
static bool join(struct lanes *lanes, struct section *section, unsigned l) {
  struct way *way = &section->ways[l], *next = &section->ways[l + 1];
  uint32_t mcu = way->first, next_mcu = 0;
  uint64_t next_start = next->start;
  for (;;) {
    if (!decode_on(lanes, section, l, mcu)) return false;
    const uint64_t end = end_of(lanes, l, mcu);
    while (next_start < end && next_mcu < mcus_of(lanes, l + 1)) next_start = end_of(lanes, l + 1, next_mcu++);
    if (next_start < end) return false;
    if (next_start == end) break;
    mcu++;
  }
  way->mcus = mcu + 1 - way->first;
  next->first = next_mcu;
  return true;
}

/* Lanes on the true path, of which the last has all MCUs that it decoded. */
static unsigned join_all(struct lanes *lanes, struct section *section) {
  unsigned l = 0;
  while (l + 1 < section->count && join(lanes, section, l)) l++;
  section->ways[l].mcus = mcus_of(lanes, l) - section->ways[l].first;
  return l + 1;
}

/* Hands out up to `mcus` MCUs and clears what is not handed out. Returns how many they were. */
static uint32_t hand_out(struct lanes *lanes, const struct section *section, unsigned joined, uint32_t mcus) {
  const uint64_t end = bits_filled(lanes);
  uint32_t given = 0;
  lanes->run_count = 0;
  for (unsigned l = 0; l < section->count; l++) {
    const struct way *way = &section->ways[l];
    uint32_t count = l < joined && given < mcus ? way->mcus : 0;
    if (count > mcus - given) count = mcus - given;
    while (count > 0 && end_of(lanes, l, way->first + count - 1) > end) count--;
    const size_t from = (size_t)way->first * lanes->mcu_blocks, to = from + (size_t)count * lanes->mcu_blocks;
    clear_blocks(lanes, l, 0, count == 0 ? 0 : from);
    clear_blocks(lanes, l, count == 0 ? 0 : to, blocks_of(lanes, l) + 1);
    if (count == 0) continue;
    lanes->position = end_of(lanes, l, way->first + count - 1);
    lanes->runs[lanes->run_count++] =
        (struct lanes_run){lanes->blocks[l] + from * LANES_BLOCK, count, lanes->restarted};
    lanes->restarted = false;
    given += count;
  }
  return given;
}

/* Whether the last lane that is joined went past the beginning of the next one, and met nothing. */
static bool missed(const struct lanes *lanes, const struct section *section, unsigned joined) {
  return joined < section->count && reached(&lanes->lanes[joined - 1]) > section->ways[joined].start;
}

static uint32_t decode_section(struct lanes *lanes, unsigned most, uint32_t mcus) {
  struct section section;
  const uint64_t before = lanes->position;
  plan(lanes, most, &section);
  start(lanes, &section);
  decode(lanes, &section);
  const unsigned joined = join_all(lanes, &section);
  if (missed(lanes, &section, joined) && ++lanes->failures == MAX_FAILURES) lanes->count = 1;
  const uint32_t given = hand_out(lanes, &section, joined, mcus);
  if (given > 0) lanes->block_bits = (uint32_t)((lanes->position - before) / (given * lanes->mcu_blocks)) + 1;
  return given;
}

/* ---- Restart intervals ------------------------------------------------------------------------------------------- */

/* Whether intervals are short enough for a lane each, and one is about to begin. */
static bool intervals_are_lanes(const struct lanes *lanes) {
  return lanes->tuning.lanes > 1 && lanes->restarted && lanes->filled == 0 &&
         (uint64_t)lanes->interval * lanes->mcu_blocks <= LANES_BLOCKS - LANES_ROUND;
}

/* Copies the segments of the next intervals, one behind the other, as many as there are lanes for and as fit whole. */
static void copy_intervals(struct lanes *lanes, uint32_t mcus, struct section *section) {
  const uint32_t most = (mcus + lanes->interval - 1) / lanes->interval;
  section->count = 0;
  while (section->count < lanes->tuning.lanes && section->count < most) {
    const struct unstuff before = lanes->segment;
    if (section->count > 0 && !unstuff_restart(&lanes->segment, lanes->restarts)) break;
    const size_t room = LANES_BYTES - lanes->filled;
    const size_t copied = unstuff_copy(&lanes->segment, lanes->data + lanes->filled, room);
    if (!lanes->segment.whole) {
      lanes->segment = before;
      break;
    }
    struct way *way = &section->ways[section->count];
    *way = (struct way){.start = bits_filled(lanes), .beginnings = MAX_BEGINNINGS};
    lanes->filled += copied;
    way->goal = bits_filled(lanes);
    lanes->restarts += section->count++ > 0;
  }
  memset(lanes->data + lanes->filled, 0, LANES_OVERRUN);
  section->limit = bits_filled(lanes);
}

/* Each lane is an interval, from its first bit to its last, where less than a byte is left. */
static bool hand_out_intervals(struct lanes *lanes, const struct section *section, uint32_t mcus) {
  lanes->run_count = 0;
  for (unsigned l = 0; l < section->count; l++, mcus -= lanes->left) {
    lanes->left = mcus < lanes->interval ? mcus : lanes->interval;
    if (mcus_of(lanes, l) < lanes->left) return false;
    lanes->position = end_of(lanes, l, lanes->left - 1);
    if (section->ways[l].goal - lanes->position >= 8) return false;
    clear_blocks(lanes, l, (size_t)lanes->left * lanes->mcu_blocks, blocks_of(lanes, l) + 1);
    lanes->runs[lanes->run_count++] = (struct lanes_run){lanes->blocks[l], lanes->left, true};
  }
  lanes->left = 0;
  return true;
}

bool lanes_section(struct lanes *lanes, uint32_t mcus) {
  if (lanes->left == 0 && !next_interval(lanes)) return false;
  if (intervals_are_lanes(lanes)) {
    struct section section;
    copy_intervals(lanes, mcus, &section);
    if (section.count > 0) {
      start(lanes, &section);
      decode(lanes, &section);
      return hand_out_intervals(lanes, &section, mcus);
    }
  }
  const uint32_t most = mcus < lanes->left ? mcus : lanes->left;
  provide(lanes);
  uint32_t given = decode_section(lanes, lanes->count, most);
  if (given == 0) given = decode_section(lanes, 1, most);
  if (lanes->left != UINT32_MAX) lanes->left -= given;
  return given > 0;
}
