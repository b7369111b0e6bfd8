/* SPDX-License-Identifier: Apache-2.0 */
/* `hashscan-bench index`: radius search by every engine over the same rows and queries. Nothing is printed unless they
 * agree. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "index_engines.h"

enum { COUNTED_QUERIES = 64 };

struct settings {
  struct data_options data;
  size_t radius;
  size_t threads;
  size_t rounds;
  size_t batch;
  double seconds; /* for each engine that may sample */
  const char *json_path;
  const char *dump_path;
  bool paced;
};

/* What is printed of one engine; microseconds a query. */
struct figures {
  double mean;
  double median;
  double p99;
  double throughput; /* by the wall clock, all threads together */
  double ring;       /* the mean of `ring` over the same queries */
  uint64_t hits;
  double bytes_per_entry;
};

/* ---- Options ----------------------------------------------------------------------------------------------------- */

/* As the parser fills it. */
struct given {
  uint64_t entries, radius, queries, batch, threads, unknown, seed, rounds;
  int kind; /* enum data_kind */
  double seconds;
  const char *json, *dump;
  bool paced;
};

static const struct option options[] = {
    {.name = "entries",
     .type = OPTION_COUNT,
     .offset = offsetof(struct given, entries),
     .value = "N",
     .help = "Hashes in the index. Default 1e6.",
     .min = 1,
     .max = UINT64_C(4000000000)},
    {.name = "radius",
     .type = OPTION_NUMBER,
     .offset = offsetof(struct given, radius),
     .value = "R",
     .help = "Default 31.",
     .min = 0,
     .max = 256},
    {.name = "queries",
     .type = OPTION_COUNT,
     .offset = offsetof(struct given, queries),
     .value = "Q",
     .help = "How many are asked; one in 100 is an entry with 0 to 33 bits flipped. Default 1000.",
     .min = 1,
     .max = 10000000},
    {.name = "batch",
     .type = OPTION_COUNT,
     .offset = offsetof(struct given, batch),
     .value = "B",
     .help = "Queries a call of ring-batch. Default 32768.",
     .min = 1,
     .max = 10000000},
    {.name = "threads",
     .type = OPTION_NUMBER,
     .offset = offsetof(struct given, threads),
     .value = "T",
     .help = "Threads that the queries are spread over. Default 1.",
     .min = 1,
     .max = 64},
    {.name = "data",
     .type = OPTION_CHOICE,
     .offset = offsetof(struct given, kind),
     .value = "uniform|pdq|clustered|adversarial",
     .help = "What the hashes are like. Default uniform."},
    {.name = "unknown",
     .type = OPTION_NUMBER,
     .offset = offsetof(struct given, unknown),
     .value = "B",
     .help = "Unknown bits of each query. Default 0.",
     .min = 0,
     .max = 256},
    {.name = "seed",
     .type = OPTION_COUNT,
     .offset = offsetof(struct given, seed),
     .value = "S",
     .help = "Data are a function of the seed. Default 1.",
     .min = 0,
     .max = UINT64_C(1000000000000000)},
    BENCH_ROUNDS_OPTION(struct given, "A query's time is its median over so many rounds. Default 5."),
    {.name = "seconds",
     .type = OPTION_REAL,
     .offset = offsetof(struct given, seconds),
     .value = "S",
     .help = "Engines flat and naive answer as many of the queries as fit into this. Default 5.",
     .min = 0,
     .max = 1000000},
    BENCH_JSON_OPTION(struct given),
    {.name = "dump",
     .type = OPTION_TEXT,
     .offset = offsetof(struct given, dump),
     .value = "FILE",
     .help = "Write the entries, then the queries, 32 bytes each, and stop."},
    {.name = "paced",
     .type = OPTION_FLAG,
     .offset = offsetof(struct given, paced),
     .help = "Wait for a line on standard input before each round, and report each on standard output."},
    {.name = NULL},
};

static struct settings settings_of(const struct given *given) {
  return (struct settings){.data = {.kind = (enum data_kind)given->kind,
                                    .seed = given->seed,
                                    .entries = (size_t)given->entries,
                                    .queries = (size_t)given->queries,
                                    .unknown_bits = (unsigned)given->unknown},
                           .radius = (size_t)given->radius,
                           .threads = (size_t)given->threads,
                           .rounds = (size_t)given->rounds,
                           .batch = (size_t)given->batch,
                           .seconds = given->seconds,
                           .json_path = given->json,
                           .dump_path = given->dump,
                           .paced = given->paced};
}

/* ---- Figures ----------------------------------------------------------------------------------------------------- */

static int compare_doubles(const void *a, const void *b) {
  const double x = *(const double *)a;
  const double y = *(const double *)b;
  return (x > y) - (x < y);
}

/* The median over the rounds of each query, kept in the place of its first round. */
static void take_medians(struct engine *engine, size_t rounds) {
  for (size_t i = 0; i < engine->timed; i++)
    engine->seconds[i * rounds] = bench_median(engine->seconds + i * rounds, rounds);
}

static double mean_us(const struct engine *engine, size_t queries, size_t rounds) {
  double sum = 0;
  for (size_t i = 0; i < queries; i++) sum += engine->seconds[i * rounds];
  return sum / (double)queries * 1e6;
}

static bool percentiles(const struct engine *engine, size_t rounds, struct figures *figures) {
  double *sorted = malloc(engine->timed * sizeof *sorted);
  if (sorted == NULL) return false;
  for (size_t i = 0; i < engine->timed; i++) sorted[i] = engine->seconds[i * rounds] * 1e6;
  qsort(sorted, engine->timed, sizeof *sorted, compare_doubles);
  figures->median = sorted[(engine->timed - 1) / 2];
  figures->p99 = sorted[(engine->timed * 99 + 99) / 100 - 1];
  free(sorted);
  return true;
}

/* What the searching itself needs: rows, and but for naive where their entries begin and a copy in planes, where lists
 * are small enough for one; and the ring's tables. */
static double bytes_per_entry(const struct engine *engine, const struct built *built) {
  const uint64_t row_count = built->rows->row_count;
  uint64_t bytes = row_count * DATA_HASH_BYTES;
  if (strcmp(engine->name, "naive") != 0) bytes += (row_count + 1) * sizeof(uint32_t) + searcher_copy_bytes(built->any);
  if (strncmp(engine->name, "ring", 4) == 0) bytes += index_pigeonring_bytes(HASHSCAN_KIND_PDQ, row_count);
  return (double)bytes / (double)built->info.entries;
}

static bool figures_of(const struct engine *engine, const struct engine *ring, const struct questions *questions,
                       struct figures *figures) {
  double wall = 0;
  *figures = (struct figures){.bytes_per_entry = bytes_per_entry(engine, questions->built)};
  figures->mean = mean_us(engine, engine->timed, questions->rounds);
  figures->ring = mean_us(ring, engine->timed, questions->rounds);
  for (size_t i = 0; i < engine->timed; i++) figures->hits += engine->answers[i].hits;
  for (size_t k = 0; k < questions->rounds; k++) wall += engine->round_seconds[k];
  figures->throughput = wall / (double)(engine->timed * questions->rounds) * 1e6;
  return percentiles(engine, questions->rounds, figures);
}

static struct built_work count_work(const struct questions *questions) {
  struct built_work mean = {0, 0};
  const struct data *data = questions->data;
  const size_t count = questions->count < COUNTED_QUERIES ? questions->count : COUNTED_QUERIES;
  for (size_t i = 0; i < count; i++) {
    const size_t at = i * DATA_HASH_BYTES;
    const struct built_work work = built_count(questions->built, data->queries + at,
                                               data->unknown == NULL ? NULL : data->unknown + at, questions->radius);
    mean.probes += work.probes / (double)count;
    mean.entries += work.entries / (double)count;
  }
  return mean;
}

/* ---- Output ------------------------------------------------------------------------------------------------------ */

static void print_settings(const struct settings *settings, const struct built *built, struct built_work work,
                           FILE *json, FILE *table) {
  const char *kind = data_kind_names[settings->data.kind];
  fprintf(table,
          "%zu %s entries (%u distinct), radius %zu, %zu queries, %u bits unknown, %zu threads, %s\n"
          "built in %.2f s, opened in %.3f s, %.1f MB; a ring search probes %.0f buckets that hold %.0f rows\n"
          "%-12s%12s%12s%12s%12s%10s%10s%12s%12s\n",
          settings->data.entries, kind, built->rows->row_count, settings->radius, settings->data.queries,
          settings->data.unknown_bits, settings->threads, hashscan_cpu(), built->build_seconds, built->open_seconds,
          (double)built->info.bytes / 1e6, work.probes, work.entries, "engine", "mean us", "p50 us", "p99 us",
          "wall us", "queries", "hits", "bytes/entry", "times ring");
  if (json == NULL) return;
  fprintf(
      json,
      "{\"subject\":\"index\",\"data\":\"%s\",\"seed\":%llu,\"entries\":%zu,\"distinct\":%u,\"radius\":%zu,"
      "\"queries\":%zu,\"batch\":%zu,\"unknown\":%u,\"threads\":%zu,\"rounds\":%zu,\"cpu\":\"%s\",\"index_bytes\":%llu,"
      "\"probes_per_query\":%.1f,\"bucket_rows_per_query\":%.1f,\"engines\":[",
      kind, (unsigned long long)settings->data.seed, settings->data.entries, built->rows->row_count, settings->radius,
      settings->data.queries, settings->batch, settings->data.unknown_bits, settings->threads, settings->rounds,
      hashscan_cpu(), (unsigned long long)built->info.bytes, work.probes, work.entries);
}

static void print_engine(const struct engine *engine, const struct figures *figures, const struct questions *questions,
                         FILE *json, FILE *table, bool first) {
  fprintf(table, "%-12s%12.2f%12.2f%12.2f%12.2f%10zu%10llu%12.1f%12.1f\n", engine->name, figures->mean, figures->median,
          figures->p99, figures->throughput, engine->timed, (unsigned long long)figures->hits, figures->bytes_per_entry,
          figures->mean / figures->ring);
  if (json == NULL) return;
  fprintf(json,
          "%s\n {\"name\":\"%s\",\"mean_us\":%.3f,\"p50_us\":%.3f,\"p99_us\":%.3f,\"hits\":%llu,"
          "\"bytes_per_entry\":%.2f,\"build_seconds\":%.3f,\"open_seconds\":%.4f,\"queries\":%zu,"
          "\"wall_us_per_query\":%.3f,\"times_ring\":%.3f,\"round_wall_us_per_query\":[",
          first ? "" : ",", engine->name, figures->mean, figures->median, figures->p99,
          (unsigned long long)figures->hits, figures->bytes_per_entry, questions->built->build_seconds,
          questions->built->open_seconds, engine->timed, figures->throughput, figures->mean / figures->ring);
  for (size_t k = 0; k < questions->rounds; k++)
    fprintf(json, "%s%.3f", k == 0 ? "" : ",", engine->round_seconds[k] / (double)engine->timed * 1e6);
  fputs("]}", json);
}

static bool print_results(struct engine *engines, const struct questions *questions, const struct settings *settings,
                          FILE *json) {
  struct figures figures[ENGINES];
  FILE *const table = json == stdout ? stderr : stdout;
  for (size_t i = 0; i < ENGINES; i++) take_medians(&engines[i], questions->rounds);
  for (size_t i = 0; i < ENGINES; i++)
    if (!figures_of(&engines[i], &engines[0], questions, &figures[i])) return false;
  print_settings(settings, questions->built, count_work(questions), json, table);
  for (size_t i = 0; i < ENGINES; i++) print_engine(&engines[i], &figures[i], questions, json, table, i == 0);
  if (json != NULL) fputs("\n]}\n", json);
  return true;
}

/* ---- Measuring --------------------------------------------------------------------------------------------------- */

/* Whether every engine answered like `ring` what both were asked. */
static bool check(struct engine *engines, const struct questions *questions) {
  bool agree = true;
  for (size_t i = 1; i < ENGINES; i++) {
    if (engines_agree(&engines[0], &engines[i], questions->count)) continue;
    fprintf(stderr, "hashscan-bench: the result sets of %s and %s differ\n", engines[0].name, engines[i].name);
    agree = false;
  }
  return agree;
}

static bool measure(struct engine *engines, const struct questions *questions, const struct settings *settings) {
  for (size_t i = 0; i < ENGINES; i++) engine_prepare(&engines[i], questions, settings->seconds);
  for (size_t round = 0; round < questions->rounds; round++) {
    if (settings->paced)
      for (int c = 0; c != EOF && c != '\n';) c = getchar();
    for (size_t i = 0; i < ENGINES; i++) engine_round(&engines[i], questions, round);
    if (!check(engines, questions)) return false;
    if (settings->paced) {
      printf("round %zu\n", round + 1);
      fflush(stdout);
    }
  }
  for (size_t i = 0; i < ENGINES; i++) engine_answer_planted(&engines[i], questions);
  return check(engines, questions);
}

static bool dump(const struct settings *settings, const struct data *data) {
  FILE *file = fopen(settings->dump_path, "wb");
  bool written = file != NULL;
  if (written) {
    written = fwrite(data->rows, DATA_HASH_BYTES, settings->data.entries, file) == settings->data.entries &&
              fwrite(data->queries, DATA_HASH_BYTES, settings->data.queries, file) == settings->data.queries;
    written = fclose(file) == 0 && written;
  }
  if (!written) perror(settings->dump_path);
  return written;
}

static bool run(const struct settings *settings, FILE *json) {
  struct data data;
  struct built built = {0};
  struct engine engines[ENGINES] = {0};
  const struct questions questions = {.built = &built,
                                      .data = &data,
                                      .count = settings->data.queries,
                                      .radius = (unsigned)settings->radius,
                                      .threads = (unsigned)settings->threads,
                                      .rounds = settings->rounds,
                                      .batch = settings->batch};
  bool ok = data_make(&data, &settings->data);
  if (ok && settings->dump_path != NULL) {
    ok = dump(settings, &data);
  } else if (ok) {
    ok = built_open(&built, data.rows, settings->data.entries);
    free(data.rows);
    data.rows = NULL;
    ok = ok && engines_create(engines, &questions) && measure(engines, &questions, settings) &&
         print_results(engines, &questions, settings, json);
  }
  engines_destroy(engines);
  built_close(&built);
  data_free(&data);
  return ok;
}

static int run_index(const struct command *command, int argc, char **argv) {
  struct given given = {.entries = 1000000,
                        .radius = 31,
                        .queries = 1000,
                        .batch = 32768,
                        .threads = 1,
                        .seed = 1,
                        .rounds = 5,
                        .seconds = 5};
  struct operands operands;
  int exit_code;
  if (!options_parse(command, argc, argv, &given, &operands, &exit_code)) return exit_code;
  if (operands.count > 0) return options_misused(command, "'%s' is no option", operands.items[0]);
  const struct settings settings = settings_of(&given);
  FILE *json;
  if (!bench_open_json(settings.json_path, &json)) return 2;
  const bool ok = run(&settings, json);
  return bench_close_json(json, settings.json_path) && ok ? 0 : 1;
}

const struct command bench_index = {"index", "",
                                    "Searches 256-bit hashes within a radius: ring, flat and naive, single and batched",
                                    options, run_index};
