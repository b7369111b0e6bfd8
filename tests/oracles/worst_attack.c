/* SPDX-License-Identifier: Apache-2.0 */
/* From a family and a seed to a picture. */
#include "worst_attack.h"

#include "index_random.h"
#include "worst_climb.h"
#include "worst_drift.h"

enum { MIN_STEPS = 200, MAX_STEPS = 4000, MIN_CHOICES = 8, MAX_CHOICES = 512 };

/* Measuring a pixel at both levels and in double costs about as much as trying one colour. */
static double area(const struct worst_attack *attack) {
  return (double)attack->width * (double)attack->height;
}

static double between(double value, double low, double high) {
  return value < low ? low : value > high ? high : value;
}

const char *worst_family_name(enum worst_family family) {
  static const char *const names[WORST_PAINT] = {"rows", "columns", "bright", "detail"};
  if (family == WORST_CLIMB) return "climb";
  return family < WORST_PAINT ? names[family] : worst_paint_names[family - WORST_PAINT];
}

bool worst_attack_applies(const struct worst_attack *attack) {
  return attack->family != WORST_CLIMB || attack->effort / area(attack) >= MIN_STEPS;
}

/* The lowest frequency has the largest coefficient of what drifts all along an axis; others are tried now and then. */
static unsigned random_frequency(struct random_stream *random) {
  return random_below(random, 4) > 0 ? 1 : 1 + random_below(random, 16);
}

static void set_range(const struct worst_attack *attack, struct random_stream *random, struct worst_drift_plan *plan) {
  const bool turned =
      attack->family == WORST_COLUMNS || (attack->family == WORST_DETAIL && random_below(random, 2) != 0);
  if (attack->family != WORST_BRIGHT) {
    worst_drift_band(turned ? attack->height : attack->width, &plan->low, &plan->high);
    return;
  }
  plan->low = random_between(random, 120.0f, 245.0f);
  plan->high = random_between(random, plan->low + 2.0f, 255.5f);
}

static struct worst_drift *open_drift(const struct worst_attack *attack, struct worst_source *source) {
  struct random_stream random = random_open(attack->seed, 4, attack->family);
  struct worst_drift_plan plan = {.width = attack->width,
                                  .height = attack->height,
                                  .channels = attack->channels,
                                  .down = random_frequency(&random),
                                  .along = random_frequency(&random),
                                  .choices = (unsigned)between(attack->effort / area(attack), MIN_CHOICES, MAX_CHOICES),
                                  .is_detailed = attack->family == WORST_DETAIL,
                                  .seed = attack->seed};
  set_range(attack, &random, &plan);
  return worst_drift_open(&plan, source);
}

static bool run_drift(struct worst_meter *meter, const struct worst_attack *attack, struct worst_result *result) {
  struct worst_source source;
  struct worst_drift *drift = open_drift(attack, &source);
  const bool done = drift != NULL && worst_measure(meter, &source, result);
  worst_drift_close(drift);
  return done;
}

static bool run_paint(struct worst_meter *meter, const struct worst_attack *attack, struct worst_result *result) {
  struct worst_source source;
  struct worst_paint *paint = worst_paint_open((enum worst_paint_kind)(attack->family - WORST_PAINT), attack->width,
                                               attack->height, attack->channels, attack->seed, &source);
  const bool done = paint != NULL && worst_measure(meter, &source, result);
  worst_paint_close(paint);
  return done;
}

/* Every other climb starts from a drifting picture, the others from noise. */
static bool run_climb(struct worst_meter *meter, const struct worst_attack *attack, struct worst_result *result) {
  const size_t steps = (size_t)between(attack->effort / area(attack), MIN_STEPS, MAX_STEPS);
  struct worst_attack from = *attack;
  from.family = WORST_ROWS;
  from.effort = area(attack) * 16;
  struct worst_source source;
  struct worst_drift *drift = attack->seed % 2 == 0 ? open_drift(&from, &source) : NULL;
  struct worst_paint *paint = attack->seed % 2 == 0 ? NULL
                                                    : worst_paint_open(WORST_PAINT_NOISE, attack->width, attack->height,
                                                                       attack->channels, attack->seed, &source);
  const bool done = (drift != NULL || paint != NULL) && worst_climb(meter, &source, steps, attack->seed, result);
  worst_drift_close(drift);
  worst_paint_close(paint);
  return done;
}

bool worst_attack_run(struct worst_meter *meter, const struct worst_attack *attack, struct worst_result *result) {
  if (attack->family == WORST_CLIMB) return run_climb(meter, attack, result);
  return attack->family < WORST_PAINT ? run_drift(meter, attack, result) : run_paint(meter, attack, result);
}
