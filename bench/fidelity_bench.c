/* SPDX-License-Identifier: Apache-2.0 */
/* `hashscan-bench fidelity`: how far the hashes of a screening level are from exact ones, as distributions over files,
 * by size, format, quality and path. Fails when a bit that level fast calls certain is wrong.
 *
 * `hashscan-bench calibrate`: the epsilon that each file would have needed, and per path and size the largest beside
 * the one that core/src/pdq/certainty.c uses. The table there was made from its output. */
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "fidelity.h"

struct samples {
  struct fidelity_sample *items;
  size_t count;
  size_t failed;
};

static bool measure_all(struct samples *samples, hashscan_level level, char **files, size_t count) {
  struct fidelity_pair pair;
  hashscan_error error;
  *samples = (struct samples){.items = calloc(count == 0 ? 1 : count, sizeof *samples->items)};
  if (samples->items == NULL) return false;
  if (!fidelity_open(&pair, level, &error)) {
    fprintf(stderr, "hashscan-bench: %s\n", error.message);
    return false;
  }
  for (size_t i = 0; i < count; i++) {
    if (fidelity_measure(&pair, files[i], &samples->items[samples->count])) samples->count++;
    else samples->failed++;
  }
  fidelity_close(&pair);
  return true;
}

/* ---- Groups ------------------------------------------------------------------------------------------------------ */

typedef bool (*predicate)(const struct fidelity_sample *sample, int argument);

static bool any(const struct fidelity_sample *sample, int argument) {
  (void)sample;
  (void)argument;
  return true;
}

static bool good_quality(const struct fidelity_sample *sample, int argument) {
  return sample->quality >= argument;
}

static bool of_quality(const struct fidelity_sample *sample, int decile) {
  return sample->quality / 10 == decile;
}

static bool of_size(const struct fidelity_sample *sample, int size) {
  return fidelity_size_class(sample) == (unsigned)size && sample->quality >= 50;
}

static bool of_format(const struct fidelity_sample *sample, int format) {
  return (int)sample->format == format && sample->quality >= 50;
}

static bool of_path(const struct fidelity_sample *sample, int path) {
  return sample->is_screened && (int)sample->path == path && sample->quality >= 50;
}

struct summary {
  size_t n;      /* pictures */
  size_t hashed; /* at fast: the distributions are over these */
  size_t direct; /* pictures that screening sends to exact at once */
  size_t over_10;
  size_t wrong_certain_bits;
  size_t quality_missed; /* exact's is not in the interval */
  double mean;
  unsigned p50, p90, p99, p999, max, uncertain_p50, uncertain_p90;
};

static int compare_unsigned(const void *a, const void *b) {
  const unsigned x = *(const unsigned *)a;
  const unsigned y = *(const unsigned *)b;
  return (x > y) - (x < y);
}

/* The smallest value that a share of `share` does not exceed; 0 of nothing. */
static unsigned percentile(const unsigned *sorted, size_t count, double share) {
  if (count == 0) return 0;
  const size_t rank = (size_t)(share * (double)count);
  return sorted[rank < count ? rank : count - 1];
}

static void count_sample(const struct fidelity_sample *sample, struct summary *summary) {
  summary->n++;
  summary->direct += !sample->is_screened || sample->is_vague;
  if (!sample->is_screened) return;
  summary->hashed++;
  summary->mean += sample->bits;
  summary->over_10 += sample->bits > 10;
  summary->wrong_certain_bits += sample->wrong_certain;
  summary->quality_missed += sample->quality_missed;
}

static bool summarise(const struct samples *samples, predicate belongs, int argument, struct summary *summary) {
  unsigned *bits = calloc(samples->count + 1, sizeof *bits);
  unsigned *unknown = calloc(samples->count + 1, sizeof *unknown);
  const bool done = bits != NULL && unknown != NULL;
  *summary = (struct summary){0};
  for (size_t i = 0; done && i < samples->count; i++) {
    const struct fidelity_sample *sample = &samples->items[i];
    if (!belongs(sample, argument)) continue;
    bits[summary->hashed] = sample->bits;
    unknown[summary->hashed] = sample->unknown;
    count_sample(sample, summary);
  }
  if (done && summary->hashed > 0) {
    const size_t count = summary->hashed;
    qsort(bits, count, sizeof *bits, compare_unsigned);
    qsort(unknown, count, sizeof *unknown, compare_unsigned);
    summary->mean /= (double)count;
    summary->p50 = percentile(bits, count, 0.5);
    summary->p90 = percentile(bits, count, 0.9);
    summary->p99 = percentile(bits, count, 0.99);
    summary->p999 = percentile(bits, count, 0.999);
    summary->max = percentile(bits, count, 1);
    summary->uncertain_p50 = percentile(unknown, count, 0.5);
    summary->uncertain_p90 = percentile(unknown, count, 0.9);
  }
  free(bits);
  free(unknown);
  return done;
}

static double share(size_t part, size_t whole) {
  return whole == 0 ? 0 : (double)part / (double)whole;
}

static void print_group(FILE *text, FILE *json, const char *key, const char *name, const struct summary *s) {
  fprintf(text, "%-8s %-14s %6zu %6zu  %6.2f %4u %4u %4u %4u %4u  %6.2f %%  %4u %4u  %6zu  %6.1f %%  %4zu\n", key, name,
          s->n, s->hashed, s->mean, s->p50, s->p90, s->p99, s->p999, s->max, 100 * share(s->over_10, s->hashed),
          s->uncertain_p50, s->uncertain_p90, s->wrong_certain_bits, 100 * share(s->direct, s->n), s->quality_missed);
  if (json == NULL) return;
  fprintf(json,
          "{\"n\":%zu,\"hashed\":%zu,\"mean\":%.4f,\"p50\":%u,\"p90\":%u,\"p99\":%u,\"p999\":%u,\"max\":%u,"
          "\"over_10\":%.6f,\"uncertain_p50\":%u,\"uncertain_p90\":%u,\"wrong_certain_bits\":%zu,"
          "\"direct_exact_share\":%.6f,\"quality_missed\":%zu",
          s->n, s->hashed, s->mean, s->p50, s->p90, s->p99, s->p999, s->max, share(s->over_10, s->hashed),
          s->uncertain_p50, s->uncertain_p90, s->wrong_certain_bits, share(s->direct, s->n), s->quality_missed);
}

static const struct {
  const char *key;
  const char *name;
  predicate belongs;
  int argument;
} groups[] = {
    {"size", "under 512", of_size, 0},
    {"size", "512 to 1023", of_size, 1},
    {"size", "1024 to 1279", of_size, 2},
    {"size", "1280 to 1699", of_size, 3},
    {"size", "1700 and over", of_size, 4},
    {"format", "jpeg", of_format, HASHSCAN_FORMAT_JPEG},
    {"format", "png", of_format, HASHSCAN_FORMAT_PNG},
    {"path", "pixels", of_path, PDQ_FAST_PIXELS},
    {"path", "blocks", of_path, PDQ_FAST_BLOCKS},
    {"path", "progressive", of_path, PDQ_FAST_PROGRESSIVE},
    {"quality", "0 to 9", of_quality, 0},
    {"quality", "10 to 19", of_quality, 1},
    {"quality", "20 to 29", of_quality, 2},
    {"quality", "30 to 39", of_quality, 3},
    {"quality", "40 to 49", of_quality, 4},
    {"quality", "50 to 59", of_quality, 5},
    {"quality", "60 to 69", of_quality, 6},
    {"quality", "70 to 79", of_quality, 7},
    {"quality", "80 to 89", of_quality, 8},
    {"quality", "90 to 99", of_quality, 9},
    {"quality", "100", of_quality, 10},
};

static bool report(const struct samples *samples, hashscan_level level, FILE *text, FILE *json) {
  struct summary summary;
  char title[32];
  snprintf(title, sizeof title, "bits, %s to exact", hashscan_level_name(level));
  fprintf(text, "%-23s %6s %6s  %6s %4s %4s %4s %4s %4s  %8s  %9s  %6s  %8s  %4s\n", title, "n", "hashed", "mean",
          "p50", "p90", "p99", "99.9", "max", "over 10", "unknown", "wrong", "direct", "q");
  if (!summarise(samples, any, 0, &summary)) return false;
  if (json != NULL) fputs("{\"all\":", json);
  print_group(text, json, "all", "", &summary);
  if (!summarise(samples, good_quality, 50, &summary)) return false;
  if (json != NULL) fputs("},\n\"quality_ge_50\":", json);
  print_group(text, json, "quality", "50 and over", &summary);
  if (json != NULL) fputs("},\n\"groups\":[", json);
  bool first = true;
  for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
    if (!summarise(samples, groups[i].belongs, groups[i].argument, &summary)) return false;
    if (summary.n == 0) continue;
    if (json != NULL) fputs(first ? "\n" : ",\n", json);
    print_group(text, json, groups[i].key, groups[i].name, &summary);
    if (json != NULL) fprintf(json, ",\"by\":\"%s\",\"name\":\"%s\"}", groups[i].key, groups[i].name);
    first = false;
  }
  if (json != NULL) fprintf(json, "],\n\"unreadable\":%zu}\n", samples->failed);
  return true;
}

struct settings {
  const char *json;
  int level; /* hashscan_level */
};

static const struct option level_options[] = {
    {.name = "level",
     .type = OPTION_LEVEL,
     .offset = offsetof(struct settings, level),
     .help = "The level whose hashes are compared with exact ones: fast or blocks. Default fast."},
    BENCH_JSON_OPTION(struct settings),
    {.name = NULL},
};

/* Options and files of both commands. True: go on. False: *exit_code is the answer. */
static bool parse(const struct command *command, int argc, char **argv, struct settings *settings,
                  struct operands *files, int *exit_code) {
  *settings = (struct settings){.level = HASHSCAN_LEVEL_FAST};
  if (!options_parse(command, argc, argv, settings, files, exit_code)) return false;
  if (settings->level == HASHSCAN_LEVEL_EXACT)
    *exit_code = options_misused(command, "--level is 'exact', which it is compared with");
  else if (files->count == 0) *exit_code = options_misused(command, "no FILE");
  else return true;
  return false;
}

static size_t wrong_certain_bits(const struct samples *samples) {
  size_t wrong = 0;
  for (size_t i = 0; i < samples->count; i++) wrong += samples->items[i].wrong_certain;
  return wrong;
}

static size_t missed_qualities(const struct samples *samples) {
  size_t missed = 0;
  for (size_t i = 0; i < samples->count; i++) missed += samples->items[i].quality_missed;
  return missed;
}

static int run_fidelity(const struct command *command, int argc, char **argv) {
  struct settings settings;
  struct operands files;
  FILE *json;
  struct samples samples;
  int exit_code;
  if (!parse(command, argc, argv, &settings, &files, &exit_code)) return exit_code;
  if (!bench_open_json(settings.json, &json)) return 2;
  const hashscan_level level = (hashscan_level)settings.level;
  bool ok = measure_all(&samples, level, files.items, files.count);
  ok = ok && report(&samples, level, json == stdout ? stderr : stdout, json);
  /* A promise at level fast, an estimate at level blocks. */
  if (ok && level == HASHSCAN_LEVEL_FAST && wrong_certain_bits(&samples) + missed_qualities(&samples) > 0) {
    fprintf(stderr, "hashscan-bench: level fast: a certain bit or a quality interval is wrong\n");
    ok = false;
  }
  free(samples.items);
  return bench_close_json(json, settings.json) && ok ? 0 : 1;
}

const struct command bench_fidelity = {"fidelity", "FILE...",
                                       "Counts bits between the hashes of a screening level and exact ones",
                                       level_options, run_fidelity};

/* ---- Calibration ------------------------------------------------------------------------------------------------- */

static int compare_floats(const void *a, const void *b) {
  const float x = *(const float *)a;
  const float y = *(const float *)b;
  return (x > y) - (x < y);
}

/* One row of the table. False when out of memory. */
static bool calibrate_class(const struct samples *samples, enum pdq_fast_path path, unsigned size, FILE *text) {
  float *needed = malloc((samples->count + 1) * sizeof *needed);
  if (needed == NULL) return false;
  size_t count = 0;
  const char *name = "";
  for (size_t i = 0; i < samples->count; i++) {
    const struct fidelity_sample *sample = &samples->items[i];
    if (!sample->is_screened || sample->path != path || fidelity_size_class(sample) != size) continue;
    name = fidelity_path_name(sample);
    needed[count++] = sample->needed;
  }
  if (count > 0) {
    qsort(needed, count, sizeof *needed, compare_floats);
    fprintf(text, "%-12s %-14s %6zu  %8.3f %8.3f %8.3f %8.3f\n", name, fidelity_size_names[size], count,
            (double)needed[count / 2], (double)needed[count * 9 / 10], (double)needed[count * 99 / 100],
            (double)needed[count - 1]);
  }
  free(needed);
  return true;
}

static void write_samples(const struct samples *samples, FILE *json) {
  fputs("{\"samples\":[", json);
  for (size_t i = 0; i < samples->count; i++) {
    const struct fidelity_sample *s = &samples->items[i];
    fprintf(json,
            "%s\n{\"path\":\"%s\",\"side\":%u,\"quality\":%d,\"bits\":%u,\"unknown\":%u,\"wrong\":%u,\"needed\":%.5f,"
            "\"missing\":%.5f,\"clamped\":%.5f}",
            i == 0 ? "" : ",", fidelity_path_name(s), s->shorter_side, s->quality, s->bits, s->unknown,
            s->wrong_certain, (double)s->needed, (double)s->missing, (double)s->clamped);
  }
  fputs("]}\n", json);
}

static int run_calibrate(const struct command *command, int argc, char **argv) {
  struct settings settings;
  struct operands files;
  FILE *json;
  struct samples samples;
  int exit_code;
  if (!parse(command, argc, argv, &settings, &files, &exit_code)) return exit_code;
  if (!bench_open_json(settings.json, &json)) return 2;
  const hashscan_level level = (hashscan_level)settings.level;
  bool ok = measure_all(&samples, level, files.items, files.count);
  FILE *text = json == stdout ? stderr : stdout;
  if (ok) fprintf(text, "%-27s %6s  %8s %8s %8s %8s\n", "part of epsilon needed", "n", "p50", "p90", "p99", "max");
  for (unsigned path = PDQ_FAST_PIXELS; ok && path <= PDQ_FAST_PROGRESSIVE; path++)
    for (unsigned size = 0; ok && size < FIDELITY_SIZES; size++)
      ok = calibrate_class(&samples, (enum pdq_fast_path)path, size, text);
  if (ok && json != NULL) write_samples(&samples, json);
  free(samples.items);
  return bench_close_json(json, settings.json) && ok ? 0 : 1;
}

const struct command bench_calibrate = {"calibrate", "FILE...",
                                        "Tells what part of their epsilon files needed, by path and size",
                                        level_options, run_calibrate};
