/* SPDX-License-Identifier: Apache-2.0 */
/* The adversary looks one pixel ahead and takes what is best now: see worst_drift.h. */
#include "worst_drift.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pdq/kernels.h"
#include "worst_palette.h"

/* What a sum that is shifted at a sample does to the coefficient: its cosine there, and the cosine from there on. */
struct axis {
  size_t n;
  size_t window;
  size_t lead;
  float middle; /* of its sums' band, and how far they may stray from it */
  float stray;
  double *cosine;
  double *onwards;
};

#define MOST_DRIFT 1.0f /* levels, that sums can drift and luma must make up for */

struct worst_drift {
  struct worst_drift_plan plan;
  struct random_stream random;
  struct worst_palette palette;
  struct axis along;
  struct axis down;
  size_t samples[PDQ_SIDE + 1]; /* columns that decimation keeps, and behind them one that is none */

  uint8_t *pixels; /* a row */
  float *luma;
  float *entered; /* rows of pass one in the window of pass two: down.window of them, row y at y % down.window */
  float *across;  /* sums of pass two */
  float *between; /* a row of pass two */
  float (*sampled)[PDQ_SIDE]; /* rows of pass three in the window of pass four, like `entered` */
  float sums[PDQ_SIDE];       /* of pass four */

  /* Of the row that is being chosen. */
  size_t y;
  float *leaving;    /* the row of `entered` that leaves, where the new one is put */
  float sum;         /* of pass one */
  float sum_between; /* of pass three */
  size_t sample;     /* the next of `samples` */
};

static bool axis_fill(struct axis *axis, size_t n, unsigned frequency) {
  const double pi = acos(-1.0);
  *axis = (struct axis){.n = n, .window = pdq_window(n)};
  axis->lead = pdq_lead(axis->window);
  axis->cosine = malloc(n * sizeof *axis->cosine);
  axis->onwards = malloc(n * sizeof *axis->onwards);
  if (axis->cosine == NULL || axis->onwards == NULL) return false;
  for (size_t x = 0; x < n; x++) {
    const double angle = pi * frequency * ((double)x + 0.5) / (double)n;
    axis->cosine[x] = cos(angle);
    axis->onwards[x] = -sin(angle) / (pi * frequency);
  }
  return true;
}

/* Samples in the window whose output is `at`. */
static float window_at(const struct axis *axis, size_t at) {
  const struct pdq_span span = pdq_window_span(axis->n, axis->window, at);
  return (float)(span.end - span.begin);
}

/* ---- What a colour does ------------------------------------------------------------------------------------------ */

/* One value that enters a running sum and one that leaves it. `error` is what their rounding leaves behind, with what
 * the new value will when it leaves in turn. */
static inline float pass(float sum, float enters, float leaves, double *error) {
  const float both = sum + enters;
  const float after = both - leaves;
  *error = ((double)(both - enters) - (double)sum) + ((double)after - ((double)both - (double)leaves));
  return after;
}

/* Pass four, where the output of pass three that enters at `o` is one that decimation keeps. */
static inline double advance_samples(struct worst_drift *drift, size_t o, float sum, bool is_final) {
  const struct axis *along = &drift->along;
  const struct axis *down = &drift->down;
  const size_t y = drift->y - down->lead;
  float *leaving = drift->sampled[y % down->window];
  double gain = 0.0;
  for (size_t j = drift->sample; drift->samples[j] + along->lead == o; j++) {
    const float value = sum / window_at(along, drift->samples[j]);
    double error;
    const float after = pass(drift->sums[j], value, y >= down->window ? leaving[j] : 0.0f, &error);
    gain += error / (double)(down->window * PDQ_SIDE) * along->cosine[drift->samples[j]] * down->onwards[y];
    if (!is_final) continue;
    drift->sums[j] = after;
    leaving[j] = value;
    drift->sample = j + 1;
  }
  return gain;
}

/* The drift itself carries sums out of their band. What would do so costs more than any rounding is worth, so that the
 * luma moves to where the band is. */
static inline double cost(const struct axis *axis, float sum) {
  const float excess = fabsf(sum - axis->middle) - axis->stray;
  return excess > 0.0f ? 1e-3 * (double)excess : 0.0;
}

/* Takes `luma` for the pixel at x through the passes, as far as it changes sums there, and returns what it does for the
 * coefficient. Keeps the new sums when `is_final`. */
static inline double advance(struct worst_drift *drift, size_t x, float luma, bool is_final) {
  const struct axis *along = &drift->along;
  const struct axis *down = &drift->down;
  const size_t y = drift->y;
  const double by_row = 1.0 / (double)(along->window * down->n);
  const double by_column = 1.0 / (double)(down->window * along->n);
  double error;
  const float sum = pass(drift->sum, luma, x >= along->window ? drift->luma[x - along->window] : 0.0f, &error);
  double gain = error * by_row * down->cosine[y] * along->onwards[x];
  gain -= cost(along, sum);
  if (is_final) drift->sum = sum;
  if (x < along->lead) return gain;

  const size_t o = x - along->lead;
  const float entered = sum / window_at(along, o);
  const float across = pass(drift->across[o], entered, y >= down->window ? drift->leaving[o] : 0.0f, &error);
  gain += error * by_column * along->cosine[o] * down->onwards[y];
  gain -= cost(down, across);
  if (is_final) {
    drift->leaving[o] = entered;
    drift->across[o] = across;
  }
  if (y < down->lead) return gain;

  const float between = across / window_at(down, y - down->lead);
  const float leaving = o >= along->window ? drift->between[o - along->window] : 0.0f;
  const float sum_between = pass(drift->sum_between, between, leaving, &error);
  gain += error * by_row * down->cosine[y - down->lead] * along->onwards[o];
  gain -= cost(along, sum_between);
  if (is_final) {
    drift->between[o] = between;
    drift->sum_between = sum_between;
  }
  return gain + advance_samples(drift, o, sum_between, is_final);
}

static size_t choose(struct worst_drift *drift, size_t x) {
  const size_t first = random_below(&drift->random, WORST_COLOURS);
  size_t best = first;
  double most = -INFINITY;
  for (size_t k = first; k < first + drift->plan.choices; k++) {
    const double gain = advance(drift, x, drift->palette.luma[k % WORST_COLOURS], false);
    if (gain <= most) continue;
    most = gain;
    best = k % WORST_COLOURS;
  }
  return best;
}

/* ---- Rows -------------------------------------------------------------------------------------------------------- */

static bool is_detail(const struct worst_drift *drift, size_t x) {
  return drift->plan.is_detailed && x >= drift->along.n - drift->along.n / 10;
}

/* A grey for each cell of the 64x64 picture. */
static uint8_t detail_at(const struct worst_drift *drift, size_t x) {
  const uint64_t cell = x * PDQ_SIDE / drift->along.n + PDQ_SIDE * (drift->y * PDQ_SIDE / drift->down.n);
  return (uint8_t)splitmix_mix(drift->plan.seed + cell * SPLITMIX_STEP);
}

static void put(struct worst_drift *drift, size_t x) {
  uint8_t *pixel = drift->pixels + x * drift->plan.channels;
  if (is_detail(drift, x)) {
    const uint8_t grey = detail_at(drift, x);
    memset(pixel, grey, drift->plan.channels);
    drift->luma[x] =
        drift->plan.channels == 1 ? (float)grey : 0.299f * (float)grey + 0.587f * (float)grey + 0.114f * (float)grey;
  } else {
    const size_t chosen = choose(drift, x);
    memcpy(pixel, drift->palette.colours[chosen], drift->plan.channels);
    drift->luma[x] = drift->palette.luma[chosen];
  }
  advance(drift, x, drift->luma[x], true);
}

/* The outputs behind the last pixel, for which nothing enters. */
static void end_row(struct worst_drift *drift) {
  const struct axis *along = &drift->along;
  for (size_t o = along->n - along->lead; o < along->n; o++) {
    const size_t x = o + along->lead;
    if (x >= along->window) drift->sum -= drift->luma[x - along->window];
    const float entered = drift->sum / window_at(along, o);
    drift->across[o] += entered;
    if (drift->y >= drift->down.window) drift->across[o] -= drift->leaving[o];
    drift->leaving[o] = entered;
  }
}

static const uint8_t *drift_row(void *user, size_t y) {
  struct worst_drift *drift = user;
  drift->y = y;
  drift->leaving = drift->entered + y % drift->down.window * drift->along.n;
  drift->sum = 0.0f;
  drift->sum_between = 0.0f;
  drift->sample = 0;
  for (size_t x = 0; x < drift->along.n; x++) put(drift, x);
  end_row(drift);
  return drift->pixels;
}

/* ---- Opening ----------------------------------------------------------------------------------------------------- */

static bool allocate(struct worst_drift *drift) {
  const size_t width = drift->plan.width;
  if (!axis_fill(&drift->along, width, drift->plan.along) ||
      !axis_fill(&drift->down, drift->plan.height, drift->plan.down))
    return false;
  drift->pixels = malloc(width * drift->plan.channels);
  drift->luma = malloc(width * sizeof(float));
  drift->entered = calloc(width * drift->down.window, sizeof(float));
  drift->across = calloc(width, sizeof(float));
  drift->between = malloc(width * sizeof(float));
  drift->sampled = calloc(drift->down.window, sizeof *drift->sampled);
  for (size_t j = 0; j < PDQ_SIDE; j++) drift->samples[j] = pdq_sample(width, j);
  drift->samples[PDQ_SIDE] = SIZE_MAX / 2;
  return drift->pixels != NULL && drift->luma != NULL && drift->entered != NULL && drift->across != NULL &&
         drift->between != NULL && drift->sampled != NULL;
}

/* Whether the luma of the plan is the band of this axis: see worst_drift_band(). */
static bool axis_confine(struct axis *axis, const struct worst_drift_plan *plan) {
  const float power = log2f(plan->low * (float)(axis->window + 1));
  const bool is_band = fabsf(power - roundf(power)) < 1e-3f;
  axis->middle = (float)axis->window * (plan->low + plan->high) / 2.0f;
  axis->stray = is_band ? 0.45f * plan->low : INFINITY;
  return is_band;
}

static bool fill_palette(struct worst_drift *drift) {
  const struct worst_drift_plan *plan = &drift->plan;
  const bool by_row = axis_confine(&drift->along, plan);
  const bool by_column = axis_confine(&drift->down, plan);
  const float wider = by_row || by_column ? MOST_DRIFT : 0.0f;
  return worst_palette_fill(&drift->palette, plan->channels, plan->low - wider, plan->high + wider, &drift->random);
}

struct worst_drift *worst_drift_open(const struct worst_drift_plan *plan, struct worst_source *source) {
  struct worst_drift *drift = calloc(1, sizeof *drift);
  if (drift == NULL) return NULL;
  drift->plan = *plan;
  drift->random = random_open(plan->seed, 1, 0);
  if (!allocate(drift) || !fill_palette(drift)) {
    worst_drift_close(drift);
    return NULL;
  }
  *source = (struct worst_source){plan->width, plan->height, plan->channels, drift_row, drift};
  return drift;
}

void worst_drift_close(struct worst_drift *drift) {
  if (drift == NULL) return;
  free(drift->along.cosine);
  free(drift->along.onwards);
  free(drift->down.cosine);
  free(drift->down.onwards);
  free(drift->pixels);
  free(drift->luma);
  free(drift->entered);
  free(drift->across);
  free(drift->between);
  free(drift->sampled);
  free(drift);
}

void worst_drift_band(uint32_t n, float *low, float *high) {
  const float window = (float)(pdq_window(n));
  float power = 2.0f;
  while (2.0f * power / (window + 1.0f) < 254.0f) power *= 2.0f;
  *low = power / (window + 1.0f);
  *high = power / window < 255.5f ? power / window : 255.5f;
}
