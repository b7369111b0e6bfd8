/* SPDX-License-Identifier: Apache-2.0 */
/* The bound is that of running error analysis (N. Higham, Accuracy and Stability of Numerical Algorithms, 2nd edition,
 * section 3.3) and not a probability: each float operation may err by half a unit in the last place of the largest
 * value it can have, always in the direction that hurts most. What an error of one pass does to a coefficient is the
 * linear operator of the passes behind it, so the errors of all operations simply add up:
 *
 *     running sums of the four box passes       axis_build: an error stays in the sum, so it reaches all later outputs
 *     their divisions, and luma                 once a value
 *     the tents of the fast level               fast_weights.h: sums of positive terms
 *     the two DCTs                              products and partial sums
 *
 * core/doc/DESIGN.md derives each term. */
#include "pdq/rounding.h"

#include <math.h>
#include <string.h>

#define UNIT 0x1p-24     /* relative rounding error of a float operation */
#define WHITE 255.0      /* the most that luma can be */
#define LUMA_ROUNDINGS 4 /* constants, products and two sums; scaled samples have one, their division */
#define SLACK 1.01       /* products of errors, and this computation's own rounding */
#define COMPARISON 1e-3  /* rounding of a coefficient plus or minus its epsilon, below 2^13 */

/* One axis of the exact level. Errors are in levels, and those of one pass. */
struct axis {
  double one;                       /* of one step of a running sum, an addition and a subtraction */
  double lead;                      /* of the additions before the first output */
  double drift;                     /* of an output, at most */
  double apart_first;               /* of the difference of two neighbouring cells: first pass */
  double apart_sampled;             /* second pass */
  double first[PDQ_COEFFICIENTS];   /* of coefficients of the DCT along this axis: first pass, every output counts */
  double sampled[PDQ_COEFFICIENTS]; /* second pass, only the outputs at samples count */
};

/* Half a unit in the last place of numbers up to `largest`. */
static double half_unit(double largest) {
  int exponent;
  frexp(largest, &exponent);
  return ldexp(1.0, exponent - 25);
}

/* A box filter along an axis, as pdq_box has it. */
struct box {
  size_t n, window, lead;
};

static struct pdq_span window_of(const struct box *box, size_t output) {
  return pdq_window_span(box->n, box->window, output);
}

static double window_count(const struct box *box, size_t output) {
  const struct pdq_span window = window_of(box, output);
  return (double)(window.end - window.begin);
}

static size_t sample_of(const struct box *box, size_t cell) {
  return pdq_sample(box->n, cell);
}

/* An error of step k of the first pass is in all outputs from k on, each of which the second pass weighs for the cells
 * whose window it is in. Walks from the last output to the first, with the weight of all behind it. */
static void add_first(const struct box *box, const struct pdq_rounding_dct *constants, struct axis *axis) {
  double weight[PDQ_COEFFICIENTS] = {0};
  size_t at = box->n;
  for (size_t cell = PDQ_SIDE; cell-- > 0;) {
    const struct pdq_span window = window_of(box, sample_of(box, cell));
    for (size_t j = 0; at > window.end && j < PDQ_COEFFICIENTS; j++)
      axis->first[j] += (double)(at - window.end) * fabs(weight[j]);
    for (size_t x = window.end; x-- > window.begin;) {
      const double factor = 1.0 / ((double)(window.end - window.begin) * window_count(box, x));
      for (size_t j = 0; j < PDQ_COEFFICIENTS; j++) {
        weight[j] += factor * constants->rows[j][cell];
        axis->first[j] += fabs(weight[j]);
      }
    }
    at = window.begin < at ? window.begin : at;
  }
  for (size_t j = 0; j < PDQ_COEFFICIENTS; j++)
    axis->first[j] = axis->one * (axis->first[j] + (double)at * fabs(weight[j])) + axis->lead * fabs(weight[j]);
}

/* An error of step k of the second pass is in all samples whose last step is k or a later one. */
static void add_sampled(const struct box *box, const struct pdq_rounding_dct *constants, struct axis *axis) {
  double weight[PDQ_COEFFICIENTS] = {0};
  for (size_t cell = PDQ_SIDE; cell-- > 0;) {
    const size_t sample = sample_of(box, cell);
    const size_t before = cell > 0 ? sample_of(box, cell - 1) : 0;
    const double steps = (double)(sample - before) + (cell > 0 ? 0.0 : (double)box->lead + 1.0);
    for (size_t j = 0; j < PDQ_COEFFICIENTS; j++) {
      weight[j] += constants->rows[j][cell] / window_count(box, sample);
      axis->sampled[j] += axis->one * steps * fabs(weight[j]);
    }
  }
}

/* Neighbouring cells have the errors of the steps up to the first of them in common, as far as both divide by the same
 * number. */
static void add_differences(const struct box *box, struct axis *axis) {
  const double all = axis->one * (double)(box->n + box->lead) + axis->lead;
  double least = (double)box->window;
  for (size_t cell = 0; cell < PDQ_SIDE; cell++) {
    const struct pdq_span window = window_of(box, sample_of(box, cell));
    least = fmin(least, window_count(box, window.begin));
    least = fmin(least, window_count(box, window.end - 1));
    least = fmin(least, (double)(window.end - window.begin));
  }
  axis->drift = all / least;
  const double unlike = all * (1.0 / least - 1.0 / (double)box->window);
  for (size_t cell = 0; cell + 1 < PDQ_SIDE; cell++) {
    const size_t here = sample_of(box, cell);
    const size_t next = sample_of(box, cell + 1);
    const double between = axis->one * (double)(window_of(box, next).end - window_of(box, here).begin) / least;
    axis->apart_first = fmax(axis->apart_first, between + unlike);
    axis->apart_sampled = fmax(axis->apart_sampled, axis->one * (double)(next - here) / least + unlike);
  }
}

static void axis_build(size_t n, double brightest, const struct pdq_rounding_dct *constants, struct axis *axis) {
  const size_t window = pdq_window(n);
  const struct box box = {n, window, pdq_lead(window)};
  const double most = brightest * (double)window;
  *axis = (struct axis){.one = half_unit(most + brightest) + half_unit(most)};
  axis->lead = (double)box.lead * half_unit(most);
  add_first(&box, constants, axis);
  add_sampled(&box, constants, axis);
  add_differences(&box, axis);
}

/* ---- The DCT ----------------------------------------------------------------------------------------------------- */

void pdq_rounding_dct_build(struct pdq_rounding_dct *constants, const float dct[PDQ_COEFFICIENTS * PDQ_SIDE]) {
  memset(constants, 0, sizeof *constants);
  for (size_t i = 0; i < PDQ_COEFFICIENTS; i++) {
    double sum = 0.0;
    for (size_t k = 0; k < PDQ_SIDE; k++) {
      const double value = (double)dct[i * PDQ_SIDE + k];
      constants->rows[i][k] = value;
      constants->size[i] += fabs(value);
      sum += value;
      const double partial = fabs(sum) + constants->size[i];
      constants->partial[i] += partial;
      if (k < PDQ_SIDE / 2) constants->partial_folded[i] += partial;
    }
  }
}

/* Both transforms multiply 16x64 by 64x64 and then by 64x16. A picture is the middle of its range plus or minus at most
 * as much: so a partial sum of the first product is at most the middle times what `partial` sums up, and a value of it
 * at most the middle times the row's sum of |D|, since rows of the DCT sum up to zero. The exact one adds 64 terms; the
 * fast one folds the picture, adds 32 terms of twice the size, and takes the two halves of a row of the DCT for equal.
 */
static double dct_error(const struct pdq_rounding_dct *constants, double brightest, size_t i, size_t j) {
  const double middle = brightest / 2.0;
  const double half = middle * constants->size[i] * SLACK;
  const double exact_first = brightest * constants->size[i] + middle * constants->partial[i];
  const double exact_second = half * (constants->size[j] + constants->partial[j]);
  const double fast_first = 4.0 * brightest * constants->size[i] + brightest * constants->partial_folded[i];
  const double fast_second = half * (4.0 * constants->size[j] + 2.0 * constants->partial_folded[j]);
  return UNIT * ((exact_first + fast_first) * constants->size[j] + exact_second + fast_second);
}

/* ---- The tents of the fast level --------------------------------------------------------------------------------- */

/* Roundings on the way of one value of the picture: of a cell row's weighing, and of a cell's gathering. All terms are
 * positive, so each costs UNIT of a value. Whole weights are summed up in integers. Planes become luma before they are
 * gathered, which costs what luma costs the exact level. What scaled samples are multiplied by is part of the one
 * factor that gathering ends with: that is computed in double and rounded once, as without. */
static double weighings(const struct pdq_weights *down, size_t cell) {
  return down->is_whole[cell] ? 0.0 : (double)down->count[cell] + 2.0;
}

static double gatherings(const struct pdq_weights *along, enum pdq_rounding_pixels pixels, size_t cell) {
  return (double)along->count[cell] / 8.0 + 9.0 + (pixels == PDQ_ROUNDING_PLANES ? LUMA_ROUNDINGS : 0);
}

/* ---- All of it --------------------------------------------------------------------------------------------------- */

/* As long as no value of any pass is over `brightest`. */
static void bound_up_to(double brightest, const struct pdq_rounding_dct *constants, const struct pdq_weights *down,
                        const struct pdq_weights *along, enum pdq_rounding_pixels pixels, struct pdq_rounding *bound) {
  struct axis rows, columns; /* along each */
  axis_build(along->n, brightest, constants, &rows);
  axis_build(down->n, brightest, constants, &columns);
  /* Grey levels are whole numbers, and so are their sums; scaled samples are fractions. */
  const bool grey = pixels == PDQ_ROUNDING_GREY;
  const double once = 4.0 * half_unit(brightest) + LUMA_ROUNDINGS * UNIT * brightest;

  double weighed[PDQ_COEFFICIENTS] = {0}, gathered[PDQ_COEFFICIENTS] = {0};
  double most_weighed = 0.0, most_gathered = 0.0;
  for (size_t cell = 0; cell < PDQ_SIDE; cell++) {
    most_weighed = fmax(most_weighed, weighings(down, cell));
    most_gathered = fmax(most_gathered, gatherings(along, pixels, cell));
    for (size_t i = 0; i < PDQ_COEFFICIENTS; i++) {
      weighed[i] += fabs(constants->rows[i][cell]) * weighings(down, cell);
      gathered[i] += fabs(constants->rows[i][cell]) * gatherings(along, pixels, cell);
    }
  }
  for (size_t i = 0; i < PDQ_COEFFICIENTS; i++) {
    for (size_t j = 0; j < PDQ_COEFFICIENTS; j++) {
      const double size_i = constants->size[i], size_j = constants->size[j];
      double error = size_i * ((grey ? 0.0 : rows.first[j]) + rows.sampled[j]);
      error += size_j * (columns.first[i] + columns.sampled[i]);
      error += size_i * size_j * once;
      error += UNIT * brightest * (weighed[i] * size_j + size_i * gathered[j]);
      error += dct_error(constants, brightest, i, j);
      bound->coefficients[i * PDQ_COEFFICIENTS + j] = (float)(SLACK * error + COMPARISON);
    }
  }
  const double fast = once + UNIT * brightest * (most_weighed + most_gathered);
  bound->picture = (float)(SLACK * ((grey ? 1.0 : 2.0) * rows.drift + 2.0 * columns.drift + fast));
  bound->across = (float)(SLACK * ((grey ? 0.0 : rows.apart_first) + rows.apart_sampled + 2.0 * (2.0 * columns.drift) +
                                   2.0 * fast));
  bound->down = (float)(SLACK * (columns.apart_first + columns.apart_sampled + (grey ? 1.0 : 2.0) * (2.0 * rows.drift) +
                                 2.0 * fast));
}

/* What rounding adds makes values brighter than white, and thereby rounding larger. Outputs of a pass near the ends of
 * an axis, which no sample looks at but running sums pass through, divide by half a window and err twice as much. */
void pdq_rounding_bound(const struct pdq_rounding_dct *constants, const struct pdq_weights *down,
                        const struct pdq_weights *along, enum pdq_rounding_pixels pixels, struct pdq_rounding *bound) {
  double brightest = WHITE + 0.25;
  for (;;) {
    bound_up_to(brightest, constants, down, along, pixels, bound);
    const double needed = WHITE + 2.0 * (double)bound->picture;
    if (needed <= brightest) return;
    brightest = needed * 1.001;
  }
}
