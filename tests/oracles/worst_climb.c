/* SPDX-License-Identifier: Apache-2.0 */
/* A change is a set of pixels, x from `left` on every `every`-th and the same down, that all get one colour. */
#include "worst_climb.h"

#include <stdlib.h>
#include <string.h>

#include "index_random.h"
#include "pdq/shape.h"

struct canvas {
  uint32_t width;
  uint32_t height;
  unsigned channels;
  uint8_t *pixels;
  uint8_t *kept; /* the picture before the change */
};

struct lattice {
  size_t first;
  size_t end;
  size_t every;
};

static const uint8_t *canvas_row(void *user, size_t y) {
  const struct canvas *canvas = user;
  return canvas->pixels + y * canvas->width * canvas->channels;
}

/* One sample, all of an axis, a run, or one in each window. */
static struct lattice random_lattice(struct random_stream *random, uint32_t n) {
  const size_t at = random_below(random, n);
  const size_t end = at + 1 + random_below(random, n - (unsigned)at);
  switch (random_below(random, 4)) {
  case 0:
    return (struct lattice){at, at + 1, 1};
  case 1:
    return (struct lattice){0, n, 1};
  case 2:
    return (struct lattice){at, end, 1};
  default:
    return (struct lattice){at, end, pdq_window(n)};
  }
}

static void change(struct canvas *canvas, struct random_stream *random) {
  const struct lattice across = random_lattice(random, canvas->width);
  const struct lattice down = random_lattice(random, canvas->height);
  const uint64_t colour = random_next(random);
  const bool shift = random_below(random, 2) != 0; /* by one level, or painted over */
  for (size_t y = down.first; y < down.end; y += down.every) {
    for (size_t x = across.first; x < across.end; x += across.every) {
      uint8_t *pixel = canvas->pixels + (y * canvas->width + x) * canvas->channels;
      for (unsigned c = 0; c < canvas->channels; c++) {
        const uint8_t any = (uint8_t)(colour >> 8 * c);
        if (!shift) pixel[c] = any;
        else if (any < 85 && pixel[c] > 0) pixel[c]--;
        else if (any >= 170 && pixel[c] < 255) pixel[c]++;
      }
    }
  }
}

static bool climb(struct worst_meter *meter, struct canvas *canvas, size_t steps, struct random_stream *random,
                  struct worst_result *best) {
  const size_t size = (size_t)canvas->width * canvas->height * canvas->channels;
  const struct worst_source source = {canvas->width, canvas->height, canvas->channels, canvas_row, canvas};
  if (!worst_measure(meter, &source, best)) return false;
  memcpy(canvas->kept, canvas->pixels, size);
  for (size_t step = 0; step < steps; step++) {
    struct worst_result result;
    change(canvas, random);
    if (!worst_measure(meter, &source, &result)) return false;
    const bool better = result.coefficient[WORST_FAST_EXACT] >= best->coefficient[WORST_FAST_EXACT];
    memcpy(better ? canvas->kept : canvas->pixels, better ? canvas->pixels : canvas->kept, size);
    if (better) *best = result;
  }
  return true;
}

bool worst_climb(struct worst_meter *meter, const struct worst_source *start, size_t steps, uint64_t seed,
                 struct worst_result *result) {
  const size_t row = (size_t)start->width * start->channels;
  struct canvas canvas = {start->width, start->height, start->channels, malloc(row * start->height),
                          malloc(row * start->height)};
  struct random_stream random = random_open(seed, 3, 0);
  bool done = canvas.pixels != NULL && canvas.kept != NULL;
  for (size_t y = 0; done && y < start->height; y++) memcpy(canvas.pixels + y * row, start->row(start->user, y), row);
  done = done && climb(meter, &canvas, steps, &random, result);
  free(canvas.pixels);
  free(canvas.kept);
  return done;
}
