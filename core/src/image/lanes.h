/* SPDX-License-Identifier: Apache-2.0 */
/* Entropy decoding of baseline and extended sequential scans, all coefficients, at several places of the stream at
 * once.
 *
 * What bounds one decoder is not work but waiting: for the table to say where the next code begins. So a few of them,
 * lanes, take turns step by step, and a step has no branch but those that nearly always go one way. The first lane
 * begins where the last section ended, the others somewhere behind it, each as if an MCU began there. Huffman streams
 * synchronise themselves (S. T. Klein and Y. Wiseman, Parallel Huffman Decoding with Applications to JPEG Files, The
 * Computer Journal 46 (5), 2003): after a few blocks an MCU of such a lane ends where the true decode ends one. Two
 * decodes that end an MCU at the same bit are the same from there on, so joining lanes is an exact test: a lane goes on
 * until one of its MCUs ends where one of the next lane does. What that next lane did before is thrown away, its errors
 * included. Where none does, the section ends with the lane before, and nothing is lost but time.
 *
 * Restart intervals that are short enough are lanes that need not be joined.
 *
 *     lanes_open -> lanes_scan -> { lanes_section -> the runs are read, their blocks cleared } ... -> lanes_close */
#ifndef HASHSCAN_IMAGE_LANES_H
#define HASHSCAN_IMAGE_LANES_H

#include <string.h>

#include "base/cpu.h"
#include "image/jpeg_huffman.h"
#include "image/unstuff.h"

enum { LANES_MAX = 4, LANES_MCU_BLOCKS = 10, LANES_WINDOW = 11 };

/* The state of a decode: the bits taken since the last refill in bits 0 to 5, the index in the block from bit 6 on, the
 * position at the last refill, in bits, from LANES_POSITION_BIT on. The index is that in zigzag order behind the last
 * coefficient; with an end of block that plus LANES_EOB, where a lone end of block counts as a coefficient. 64 ends a
 * block, too. Beyond is a run over the end. */
enum { LANES_POSITION_BIT = 32, LANES_EOB = 192 };

/* A block is 64 coefficients, row after row, quantised, and the state at its end. LANES_BLOCK is from block to block.
 */
enum { LANES_BLOCK = 72, LANES_STATE = 64 };

/* Blocks of a lane, of which a round may begin the last LANES_ROUND; bytes of the stream in a section. */
enum { LANES_ROUND = 60, LANES_BLOCKS = 512 + LANES_ROUND, LANES_BYTES = 32768 };

/* A code has up to 16 bits, its value 11 more. An MCU takes less than LANES_MCU_BYTES, and a round of steps may go
 * LANES_OVERRUN bytes too far, the 8 of a load included. */
enum { LANES_CODE_BITS = 27, LANES_MCU_BYTES = LANES_MCU_BLOCKS * 64 * LANES_CODE_BITS / 8 };
enum { LANES_OVERRUN = LANES_ROUND * LANES_CODE_BITS / 8 + 16 };

/* Entries say what a window of bits begins with, a coefficient, an end of block or both, in terms of what is added to
 * the state, and the coefficient in the upper half. */
struct lanes_table {
  struct jpeg_codes codes;
  uint32_t entries[1 << LANES_WINDOW];
};

/* What is decoded next: the mean of a block of the MCU, or its other coefficients. */
struct lanes_node {
  const uint32_t *entries;
  const struct lanes_node *next[2]; /* when the block goes on, and when it ended */
  const struct jpeg_codes *codes;
};

struct lane {
  uint64_t window; /* the next bits, from the top */
  uint64_t state;
  int16_t *block;
  const struct lanes_node *node;
};

/* Takes LANES_ROUND steps in each of the lanes. False when a lane met what is no code: it stays there, the others where
 * they are, and *failed is its number. `data` is readable for LANES_OVERRUN bytes behind the positions. */
typedef bool (*lanes_kernel)(const uint8_t *data, struct lane *lanes, unsigned *failed);

/* By the number of lanes, less one. */
struct lanes_kernels {
  lanes_kernel round[LANES_MAX];
};

struct lanes_kernels lanes_kernels_for(enum cpu_tier tier);

/* What sections are made of. Every choice gives the same blocks; tests make many. */
struct lanes_tuning {
  unsigned lanes;          /* 1 to LANES_MAX */
  uint32_t planned_blocks; /* that a lane decodes in a section, about; 1 to LANES_BLOCKS - LANES_ROUND */
  uint32_t meeting_blocks; /* and those that it decodes more of, to meet the next lane */
  uint32_t min_lane_bits;  /* shorter lanes are not worth joining; at least 8 */
};

extern const struct lanes_tuning lanes_best_tuning;

/* MCUs one after the other. The mean of each block is as it is coded: a difference. */
struct lanes_run {
  int16_t *blocks;
  uint32_t mcus;
  bool restarts; /* begins a restart interval */
};

struct lanes {
  struct lanes_kernels kernels;
  struct lanes_tuning tuning;
  unsigned count;    /* of lanes, while joining them works */
  unsigned failures; /* sections whose lanes did not meet */
  struct unstuff segment;
  size_t filled;     /* bytes of `data` */
  uint64_t position; /* in bits, of the next MCU */
  unsigned mcu_blocks;
  uint32_t interval, left; /* MCUs of a restart interval, or UINT32_MAX; of the current one */
  unsigned restarts;
  bool restarted;        /* nothing of the current interval was decoded yet */
  uint32_t block_bits;   /* of the last section, at the mean */
  bool clean[LANES_MAX]; /* blocks were cleared, and are left so by each section */
  struct lane lanes[LANES_MAX];
  struct lanes_run runs[LANES_MAX];
  unsigned run_count;
  struct lanes_node nodes[2 * LANES_MCU_BLOCKS];
  _Alignas(16) int16_t blocks[LANES_MAX][LANES_BLOCKS * LANES_BLOCK];
  uint8_t data[LANES_BYTES + LANES_OVERRUN];
};

/* Fills the entries; table->codes must have been made. `ac` are the codes by which the block goes on: with those of an
 * AC table, its own. */
void lanes_table_fill(struct lanes_table *table, const struct jpeg_codes *ac);

void lanes_open(struct lanes *lanes, struct lanes_kernels kernels, const struct lanes_tuning *tuning);

/* Before a scan whose data is at `at`: block b of an MCU is coded with tables dc[b] and ac[b], which must outlive it.
 * `interval` is 0 when there are no restarts; `mcus` are in the scan. */
void lanes_scan(struct lanes *lanes, const uint8_t *bytes, size_t size, size_t at, unsigned mcu_blocks,
                const struct lanes_table *const dc[], const struct lanes_table *const ac[], uint32_t interval,
                uint32_t mcus);

/* Decodes at least one of the next `mcus` MCUs. The blocks of the runs are for the caller, who leaves their
 * coefficients all zero. False when there is something that this does not expect. */
bool lanes_section(struct lanes *lanes, uint32_t mcus);

/* Ends the scan: *at is the offset of the marker after it. False unless the data was taken to its last byte. */
bool lanes_close(struct lanes *lanes, size_t *at);

/* Where coefficient `k` of the zigzag order goes. */
unsigned lanes_position_of(unsigned k);

static inline uint64_t lanes_state_position(uint64_t state) {
  return (state >> LANES_POSITION_BIT) + (state & 63);
}

static inline uint64_t lanes_block_state(const int16_t *block) {
  uint64_t state;
  memcpy(&state, block + LANES_STATE, sizeof state);
  return state;
}

/* Where the block ends, in bits. */
static inline uint64_t lanes_block_position(const int16_t *block) {
  return lanes_state_position(lanes_block_state(block));
}

/* How far the block got: at least the index, in zigzag order, behind its last coefficient that is coded, and at most
 * one more; more than 64 when a run went over its end. */
static inline unsigned lanes_block_end(const int16_t *block) {
  const unsigned end = (unsigned)(lanes_block_state(block) >> 6) & 1023;
  return end > LANES_EOB ? end - LANES_EOB : end;
}

#endif
