/* SPDX-License-Identifier: Apache-2.0 */
/* One step of a lane, and rounds of them for one to four lanes. Included by lanes.c alone, once for each instruction
 * set that the compiler may use: LANES_TARGET is its attribute, LANES_NAME makes a name of its own.
 *
 * Lanes are local variables here, or they would not stay in registers. */

#define LANES_INLINE LANES_TARGET __attribute__((always_inline)) static inline

/* At least 57 bits are there afterwards: enough for LANES_STEPS windows. */
LANES_INLINE void LANES_NAME(refill)(const uint8_t *data, struct lane *lane) {
  uint64_t word;
  lane->state =
      (lane->state & ~(uint64_t)63) + (lane->state << LANES_POSITION_BIT & (uint64_t)63 << LANES_POSITION_BIT);
  const uint64_t position = lane->state >> LANES_POSITION_BIT;
  memcpy(&word, data + (position >> 3), sizeof word);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  word = __builtin_bswap64(word);
#endif
  lane->window = word << (position & 7);
}

/* Takes what an entry stands for. What it cannot tell is found out otherwise. A coefficient is stored whether there is
 * one or not, since an end of block stores a zero where there is one; so is the state, over which the next step writes
 * unless the block has ended. */
LANES_INLINE bool LANES_NAME(step)(const uint8_t *data, struct lane *lane) {
  uint32_t entry = lane->node->entries[lane->window >> (64 - LANES_WINDOW)];
  uint64_t state = lane->state + (entry & 0xffff);
  if (__builtin_expect((state & UNKNOWN_BITS) != 0, 0)) {
    LANES_NAME(refill)(data, lane);
    const unsigned index = (unsigned)(lane->state >> 6) & 63;
    entry =
        is_known_code(entry) ? entry_of_code(entry, lane->window) : one_symbol(lane->node->codes, lane->window, index);
    if ((entry & 0xffff) == 0) return false;
    lane->state += entry & 0xffff;
    LANES_NAME(refill)(data, lane);
    state = lane->state;
  } else {
    lane->window <<= entry & 63;
  }
  lane->block[position_in_block[(uint32_t)state >> 6]] = (int16_t)(entry >> 16);
  memcpy(lane->block + LANES_STATE, &state, sizeof state);
  const uint32_t ended = (uint32_t)state >> ENDED_BIT & 1;
  lane->block += ended * LANES_BLOCK;
  lane->node = lane->node->next[ended];
  lane->state = state & ~(-(uint64_t)ended & 0xffc0);
  return true;
}

#define LANES_EACH_1(f) f(0)
#define LANES_EACH_2(f) LANES_EACH_1(f) f(1)
#define LANES_EACH_3(f) LANES_EACH_2(f) f(2)
#define LANES_EACH_4(f) LANES_EACH_3(f) f(3)

#define LANES_LOAD(i) struct lane lane_##i = lanes[i];
#define LANES_STORE(i) lanes[i] = lane_##i;
#define LANES_REFILL(i) LANES_NAME(refill)(data, &lane_##i);
#define LANES_STEP(i)                                                                                                  \
  if (!LANES_NAME(step)(data, &lane_##i)) {                                                                            \
    *failed = i;                                                                                                       \
    break;                                                                                                             \
  }

/* LANES_STEPS are written out. */
#define LANES_KERNEL(n)                                                                                                \
  LANES_TARGET static bool LANES_NAME(round_##n)(const uint8_t *data, struct lane *lanes, unsigned *failed) {          \
    unsigned left = LANES_ROUND / LANES_STEPS;                                                                         \
    LANES_EACH_##n(LANES_LOAD);                                                                                        \
    for (; left > 0; left--) {                                                                                         \
      LANES_EACH_##n(LANES_REFILL);                                                                                    \
      LANES_EACH_##n(LANES_STEP);                                                                                      \
      LANES_EACH_##n(LANES_STEP);                                                                                      \
      LANES_EACH_##n(LANES_STEP);                                                                                      \
      LANES_EACH_##n(LANES_STEP);                                                                                      \
      LANES_EACH_##n(LANES_STEP);                                                                                      \
    }                                                                                                                  \
    LANES_EACH_##n(LANES_STORE);                                                                                       \
    return left == 0;                                                                                                  \
  }

LANES_KERNEL(1)
LANES_KERNEL(2)
LANES_KERNEL(3)
LANES_KERNEL(4)

#undef LANES_INLINE
#undef LANES_TARGET
#undef LANES_NAME
