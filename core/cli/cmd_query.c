/* SPDX-License-Identifier: Apache-2.0 */
/* hashscan query: hashes in, from the command line or a stream of any length, and one answer each out, in order.
 * Queries are gathered into batches, which an index answers faster than one by one; a batch closes early when the
 * stream has nothing more at the moment, so that a program on the other end gets each answer as soon as it can. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "csv.h"
#include "fail_on.h"
#include "lines.h"
#include "message.h"
#include "progress.h"
#include "record.h"
#include "stop.h"

#define BATCH 32768 /* enough for an index to sweep its tables once for all of them */
/* A batch with more hits than this is answered in halves: wide radii over large indexes must not eat the memory. */
#define BATCH_HITS (1u << 20)

enum query_format { QUERY_JSONL, QUERY_CSV };

struct query_settings {
  uint64_t radius;
  int kind; /* hashscan_kind, or -1: told by the length */
  int format;
  struct fail_on fail_on;
  bool emit_hash;
};

static const struct option query_options[] = {
    {"radius", 0, OPTION_NUMBER, offsetof(struct query_settings, radius), "N",
     "Largest distance in bits that is a match, for PDQ. Default 31.", 0, 256},
    {"kind", 0, OPTION_KIND, offsetof(struct query_settings, kind), NULL,
     "What all the hashes are. Default: told by their length; 64 digits are pdq.", 0, 0},
    {"format", 0, OPTION_CHOICE, offsetof(struct query_settings, format), "jsonl|csv",
     "How the output is written. Default jsonl.", 0, 0},
    {"fail-on", 0, OPTION_FAIL_ON, offsetof(struct query_settings, fail_on), "LIST",
     "Verdicts, with commas between them, that make the exit status 1 (match) or 3 (all others). Default "
     "match,unexamined. With none, only errors and interruptions show in it.",
     0, 0},
    {"emit-hash", 0, OPTION_FLAG, offsetof(struct query_settings, emit_hash), NULL,
     "Repeat the hash in each answer. Hashes are sensitive, so they are left out otherwise.", 0, 0},
    {0}};

struct query {
  uint64_t number; /* from 1 */
  uint64_t line;   /* of standard input; 0 for one from the command line */
  hashscan_kind kind;
  uint8_t hash[HASHSCAN_MAX_HASH_BYTES];
  char reason[100]; /* why it cannot be answered, else empty */
};

struct hits {
  hashscan_hit *items; /* .query is the place in the batch */
  size_t count, capacity;
  const uint32_t *owners; /* place in the batch of each query of the search under way */
  bool may_overflow, overflowed, no_memory;
};

struct query_run {
  struct query_settings settings;
  hashscan_index *index;
  struct output out;
  struct query batch[BATCH];
  size_t batch_count;
  uint8_t hashes[BATCH * HASHSCAN_MAX_HASH_BYTES]; /* of the search under way */
  uint32_t owners[BATCH];                          /* places in the batch of its queries */
  struct hits hits;
  uint64_t by_outcome[HASHSCAN_OUTCOME_COUNT];
  uint64_t queries;
  bool interrupted; /* a signal came before the last query */
  hashscan_error error;
};

/* ---- Reading a query ---------------------------------------------------------------------------------------------*/

/* Reasons never repeat the text: it may be most of a hash. */
static void read_query(struct query *query, int kind, const char *text, size_t length) {
  hashscan_error error;
  query->reason[0] = '\0';
  query->kind = (hashscan_kind)kind;
  if (kind < 0 && hashscan_kind_guess(length, &query->kind, &error) != HASHSCAN_SUCCESS)
    snprintf(query->reason, sizeof query->reason, "%.99s", error.message);
  else if (hashscan_hex_decode(text, length, query->hash, hashscan_kind_bytes(query->kind), &error) != HASHSCAN_SUCCESS)
    snprintf(query->reason, sizeof query->reason, "%s: %.80s", hashscan_kind_name(query->kind), error.message);
}

static void add_query(struct query_run *run, uint64_t line, const char *text, size_t length) {
  struct query *query = &run->batch[run->batch_count++];
  query->number = ++run->queries;
  query->line = line;
  read_query(query, run->settings.kind, text, length);
}

/* ---- Searching ---------------------------------------------------------------------------------------------------*/

static bool grow(struct hits *hits) {
  const size_t capacity = hits->capacity > 0 ? 2 * hits->capacity : 1024;
  hashscan_hit *items = reallocarray(hits->items, capacity, sizeof *items);
  if (items == NULL) return false;
  hits->items = items;
  hits->capacity = capacity;
  return true;
}

static int on_hit(void *user, const hashscan_hit *hit) {
  struct hits *hits = user;
  hits->overflowed = hits->may_overflow && hits->count >= BATCH_HITS;
  if (hits->overflowed) return 1;
  hits->no_memory = hits->count == hits->capacity && !grow(hits);
  if (hits->no_memory) return 1;
  hits->items[hits->count] = *hit;
  hits->items[hits->count++].query = hits->owners[hit->query];
  return 0;
}

static hashscan_code search_kind(struct query_run *run, size_t first, size_t count, hashscan_kind kind) {
  const size_t bytes = hashscan_kind_bytes(kind);
  hashscan_search search = HASHSCAN_SEARCH_INIT;
  for (size_t i = first; i < first + count; i++) {
    const struct query *query = &run->batch[i];
    if (query->reason[0] != '\0' || query->kind != kind) continue;
    memcpy(run->hashes + search.count * bytes, query->hash, bytes);
    run->owners[search.count++] = (uint32_t)i;
  }
  if (search.count == 0) return HASHSCAN_SUCCESS;
  run->hits.owners = run->owners;
  search.kind = kind;
  search.queries = run->hashes;
  search.radius = (unsigned)run->settings.radius;
  return hashscan_index_search(run->index, &search, on_hit, &run->hits, &run->error);
}

static hashscan_code search_perceptual(struct query_run *run, size_t first, size_t count) {
  const hashscan_code code = search_kind(run, first, count, HASHSCAN_KIND_PDQ);
  return code == HASHSCAN_SUCCESS ? search_kind(run, first, count, HASHSCAN_KIND_HASH64) : code;
}

static hashscan_code search_digests(struct query_run *run, size_t first, size_t count) {
  for (size_t i = first; i < first + count; i++) {
    const struct query *query = &run->batch[i];
    if (query->reason[0] != '\0' || hashscan_kind_perceptual(query->kind)) continue;
    const uint32_t owner = (uint32_t)i;
    run->hits.owners = &owner;
    const hashscan_code code =
        hashscan_index_lookup(run->index, query->kind, query->hash, 1, on_hit, &run->hits, &run->error);
    if (code != HASHSCAN_SUCCESS) return code;
  }
  return HASHSCAN_SUCCESS;
}

static int by_query_distance_entry(const void *left, const void *right) {
  const hashscan_hit *a = left, *b = right;
  if (a->query != b->query) return a->query < b->query ? -1 : 1;
  if (a->distance != b->distance) return a->distance < b->distance ? -1 : 1;
  return a->entry < b->entry ? -1 : a->entry > b->entry;
}

/* ---- Writing an answer -------------------------------------------------------------------------------------------*/

static hashscan_outcome outcome_of(const struct query *query, size_t hit_count) {
  if (query->reason[0] != '\0') return HASHSCAN_OUTCOME_UNEXAMINED;
  return hit_count > 0 ? HASHSCAN_OUTCOME_MATCH : HASHSCAN_OUTCOME_NO_MATCH;
}

static void encode(const struct query *query, char hex[HASHSCAN_MAX_HEX]) {
  hashscan_hex_encode(query->hash, hashscan_kind_bytes(query->kind), hex);
}

static void write_jsonl(struct query_run *run, const struct query *query, const hashscan_hit *hits, size_t count) {
  struct json json = {&run->out, false};
  char hex[HASHSCAN_MAX_HEX];
  const bool readable = query->reason[0] == '\0';
  json_object_begin(&json, NULL);
  json_string(&json, "type", "query");
  json_integer(&json, "query", query->number);
  if (query->line > 0) json_integer(&json, "line", query->line);
  if (readable) json_string(&json, "kind", hashscan_kind_name(query->kind));
  encode(query, hex);
  if (readable && run->settings.emit_hash) json_string(&json, "hash", hex);
  json_string(&json, "verdict", hashscan_outcome_name(outcome_of(query, count)));
  if (!readable) json_string(&json, "reason", query->reason);
  json_array_begin(&json, "matches");
  for (size_t i = 0; i < count; i++) {
    hashscan_entry entry = HASHSCAN_ENTRY_INIT;
    if (hashscan_index_entry(run->index, hits[i].entry, &entry, NULL) == HASHSCAN_SUCCESS)
      record_match(&json, NULL, &entry, hits[i].distance, NULL, NULL);
  }
  json_array_end(&json);
  json_object_end(&json);
  json_line_end(&json);
}

/* One row a match; a query without one has a row with these fields empty. */
static void write_csv_row(struct query_run *run, const struct query *query, const hashscan_hit *hit) {
  struct output *out = &run->out;
  char hex[HASHSCAN_MAX_HEX];
  hashscan_entry entry = HASHSCAN_ENTRY_INIT;
  const bool readable = query->reason[0] == '\0';
  output_format(out, "%" PRIu64 ",%s", query->number, hashscan_outcome_name(outcome_of(query, hit != NULL)));
  if (hit != NULL && hashscan_index_entry(run->index, hit->entry, &entry, NULL) == HASHSCAN_SUCCESS) {
    output_format(out, ",%s,%u,", hashscan_kind_name(entry.kind), hit->distance);
    csv_text(out, entry.list);
    output_text(out, ",");
    csv_text(out, entry.version);
    output_text(out, ",");
    csv_text(out, entry.id);
    output_text(out, ",");
    csv_labels(out, entry.labels, entry.label_count);
    output_text(out, ",");
  } else {
    output_format(out, ",%s,,,,,,", readable ? hashscan_kind_name(query->kind) : "");
    csv_text(out, query->reason);
  }
  encode(query, hex);
  if (run->settings.emit_hash) output_format(out, ",%s", readable ? hex : "");
  output_text(out, "\n");
}

static void write_answer(struct query_run *run, const struct query *query, const hashscan_hit *hits, size_t count) {
  run->by_outcome[outcome_of(query, count)]++;
  if (run->settings.format == QUERY_JSONL) {
    write_jsonl(run, query, hits, count);
    return;
  }
  if (count == 0) write_csv_row(run, query, NULL);
  for (size_t i = 0; i < count; i++) write_csv_row(run, query, &hits[i]);
}

static void write_answers(struct query_run *run, size_t first, size_t count) {
  struct hits *hits = &run->hits;
  if (hits->count > 0) qsort(hits->items, hits->count, sizeof *hits->items, by_query_distance_entry);
  size_t next = 0;
  for (size_t i = first; i < first + count; i++) {
    const size_t begin = next;
    while (next < hits->count && hits->items[next].query == i) next++;
    write_answer(run, &run->batch[i], hits->items + begin, next - begin);
  }
}

static bool answer(struct query_run *run, size_t first, size_t count) {
  struct hits *hits = &run->hits;
  hits->count = 0;
  hits->may_overflow = count > 1;
  hits->overflowed = hits->no_memory = false;
  hashscan_code code = search_perceptual(run, first, count);
  if (code == HASHSCAN_SUCCESS) code = search_digests(run, first, count);
  if (hits->overflowed) return answer(run, first, count / 2) && answer(run, first + count / 2, count - count / 2);
  if (code != HASHSCAN_SUCCESS) {
    message("%s", hits->no_memory ? "out of memory" : run->error.message);
    return false;
  }
  write_answers(run, first, count);
  return run->out.failed_errno == 0;
}

static bool answer_batch(struct query_run *run) {
  const size_t count = run->batch_count;
  run->batch_count = 0;
  return count == 0 || answer(run, 0, count);
}

/* ---- Where queries come from -------------------------------------------------------------------------------------*/

static bool query_operands(struct query_run *run, const struct operands *operands) {
  for (size_t i = 1; i < operands->count; i++) {
    run->interrupted = stop_requested();
    if (run->interrupted) break;
    add_query(run, 0, operands->items[i], strlen(operands->items[i]));
    if (run->batch_count == BATCH && !answer_batch(run)) return false;
  }
  return answer_batch(run);
}

static bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

static void add_line(struct query_run *run, const struct lines *lines, const char *line, size_t length) {
  const char *comment = memchr(line, '#', length);
  if (comment != NULL) length = (size_t)(comment - line);
  while (length > 0 && is_space(line[length - 1])) length--;
  for (; length > 0 && is_space(*line); length--) line++;
  if (length > 0) add_query(run, lines->number, line, length);
}

static bool query_stream(struct query_run *run, struct lines *lines) {
  char *line;
  size_t length;
  enum lines_result result;
  while ((result = lines_next(lines, &line, &length)) == LINES_LINE) {
    add_line(run, lines, line, length);
    if (run->batch_count < BATCH && lines_ready(lines)) continue;
    if (!answer_batch(run) || (!lines_ready(lines) && !output_flush(&run->out))) return false;
  }
  run->interrupted = result == LINES_STOPPED;
  if (result == LINES_FAILED) message("standard input: %s", strerror(lines->failed_errno));
  return result != LINES_FAILED && answer_batch(run);
}

/* ---- The command -------------------------------------------------------------------------------------------------*/

static void write_summary(struct query_run *run, double seconds) {
  struct json json = {&run->out, false};
  json_object_begin(&json, NULL);
  json_string(&json, "type", "summary");
  json_integer(&json, "queries", run->queries);
  json_integer(&json, "match", run->by_outcome[HASHSCAN_OUTCOME_MATCH]);
  json_integer(&json, "no_match", run->by_outcome[HASHSCAN_OUTCOME_NO_MATCH]);
  json_integer(&json, "unexamined", run->by_outcome[HASHSCAN_OUTCOME_UNEXAMINED]);
  json_integer(&json, "radius", run->settings.radius);
  record_index(&json, NULL, run->index);
  json_real(&json, "seconds", seconds, 3);
  json_bool(&json, "interrupted", run->interrupted);
  json_object_end(&json);
  json_line_end(&json);
}

/* Returns the exit code. */
static int query_all(struct query_run *run, const struct operands *operands) {
  const double started = progress_clock();
  if (run->settings.format == QUERY_CSV)
    output_format(&run->out, "query,verdict,kind,distance,list,version,id,labels,reason%s\n",
                  run->settings.emit_hash ? ",hash" : "");
  bool finished;
  if (operands->count > 1) {
    finished = query_operands(run, operands);
  } else {
    struct lines lines;
    lines_open(&lines, STDIN_FILENO, '\n');
    finished = query_stream(run, &lines);
  }
  if (finished && run->settings.format == QUERY_JSONL) write_summary(run, progress_clock() - started);
  if (!output_finish(&run->out)) return EXIT_FATAL;
  struct fail_on_run end = {.interrupted = run->interrupted, .failed = !finished};
  for (unsigned i = 0; i < HASHSCAN_OUTCOME_COUNT; i++)
    if (run->by_outcome[i] > 0) end.seen.outcomes |= 1u << i;
  return fail_on_exit(&run->settings.fail_on, &end);
}

static int run_query(const struct command *command, int argc, char **argv) {
  struct query_run *run = calloc(1, sizeof *run);
  if (run == NULL) return EXIT_FATAL;
  run->settings = (struct query_settings){.radius = 31, .kind = -1, .fail_on = FAIL_ON_DEFAULT};
  struct operands operands;
  int exit_code;
  if (!options_parse(command, argc, argv, &run->settings, &operands, &exit_code)) goto done;
  exit_code = EXIT_FATAL;
  if (operands.count == 0) {
    options_misused(command, "no INDEX given");
    goto done;
  }
  stop_install();
  if (hashscan_index_open(operands.items[0], &run->index, &run->error) != HASHSCAN_SUCCESS) {
    message("%s", run->error.message);
    goto done;
  }
  hashscan_index_info info;
  hashscan_index_describe(run->index, &info);
  record_warn_of_readers(operands.items[0], &info);
  output_open_stdout(&run->out);
  exit_code = query_all(run, &operands);
done:
  hashscan_index_close(run->index);
  free(run->hits.items);
  free(run);
  return exit_code;
}

const struct command command_query = {"query", "INDEX [HASH]...",
                                      "Compares hashes, from the command line or standard input, with an index",
                                      query_options, run_query};
