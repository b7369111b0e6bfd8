/* SPDX-License-Identifier: Apache-2.0 */
/* The inverse DCT that libjpeg calls "islow", bit for bit: C. Loeffler, A. Ligtenberg and G. Moschytz, Practical Fast
 * 1-D DCT Algorithms with 11 Multiplications, ICASSP 1989, in fixed point with 13 bits behind the point; columns first,
 * rounded to 2 bits, then rows. The sums are exact, so any order of adding up the same products gives the same result:
 * here each 1-D transform is a product with the matrix that the algorithm's steps multiply out to.
 *
 * libjpeg-turbo has several versions. They agree as long as nothing leaves 16 bits where only some of them keep more,
 * and as long as the result is not so far from 0 to 255 that the table wraps with which the C version clips. Beyond, a
 * kernel says false, and the picture is libjpeg-turbo's. 8-bit pictures use a quarter of what is accepted. */
#ifndef HASHSCAN_IMAGE_ISLOW_H
#define HASHSCAN_IMAGE_ISLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cpu.h"

enum { ISLOW_SIDE = 8, ISLOW_COEFFICIENTS = 64, ISLOW_MAX_STEP = 255 };

/* Products of coefficients and steps, and what columns give, are at least -ISLOW_RANGE and below it. So two of them add
 * up to 16 bits, and a column or row of eight to 31: no row of the matrix has a sum of absolute values above 7.5. What
 * rows give, before 128 is added, is at least -ISLOW_CLIPS and below it. */
enum { ISLOW_RANGE = 16384, ISLOW_CLIPS = 512 };

struct islow_task {
  int16_t *block; /* 64 quantised coefficients, row after row; 16-byte aligned; zero afterwards */
  uint8_t *out;   /* the first of 8 rows of 8 samples */
};

/* Transforms `count` blocks of one component. `steps` are 64 quantisation steps of 1 to ISLOW_MAX_STEP, row after row,
 * 16-byte aligned; `stride` leads from row to row of samples. False when a block is out of range: then samples are
 * anything, and blocks anything or zero. */
typedef bool (*islow_kernel)(const struct islow_task *tasks, size_t count, const int16_t *steps, size_t stride);

struct islow_kernels {
  islow_kernel mean;   /* all coefficients but the first are zero */
  islow_kernel corner; /* all are, but those of the first four rows and columns */
  islow_kernel whole;
};

/* The kernels of `tier`; a tier without some of its own gets those of the next lower one. The machine must have it. */
struct islow_kernels islow_kernels_for(enum cpu_tier tier);

#endif
