/* SPDX-License-Identifier: Apache-2.0 */
/* hashscan query: hashes in, from the command line or a stream of any length, and one answer each out, in order. What
 * begins with a brace is an image hash as JSON (image_json.h), which is compared as a picture is: with its unknown bits
 * as wildcards, and unanswered where only a more exact hash tells.
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
#include "image_json.h"
#include "lines.h"
#include "message.h"
#include "progress.h"
#include "record.h"
#include "stop.h"

#define BATCH 32768 /* enough for an index to sweep its tables once for all of them */
/* A batch with more hits than this is answered in halves: wide radii over large indexes must not eat the memory. */
#define BATCH_HITS (1u << 20)
#define BATCH_IMAGES 4096 /* image hashes of a batch, about a kilobyte each and as much for their verdicts */

enum query_format { QUERY_JSONL, QUERY_CSV };

struct query_settings {
  uint64_t radius, min_quality;
  int transforms, profile, level;
  int kind; /* hashscan_kind, or -1: told by the length */
  int format;
  struct fail_on fail_on;
  bool emit_hash;
};

static const struct option query_options[] = {
    {"radius", 0, OPTION_NUMBER, offsetof(struct query_settings, radius), "N",
     "Largest distance in bits that is a match, for PDQ. Default 31.", 0, 256},
    {"kind", 0, OPTION_KIND, offsetof(struct query_settings, kind), NULL,
     "What all the hashes are. Default: told by their length; 64 digits are pdq. Of an image hash as JSON only this "
     "kind "
     "is compared; default all that it has.",
     0, 0},
    {"transforms", 0, OPTION_TRANSFORMS, offsetof(struct query_settings, transforms), NULL,
     "Which hashes of an image hash as JSON are compared: the picture as it is, also its seven flips and rotations, or "
     "those that are there. Default hashed.",
     0, 0},
    {"min-quality", 0, OPTION_NUMBER, offsetof(struct query_settings, min_quality), "N",
     "PDQ hashes of image hashes as JSON are not compared when their quality is lower. Default 50.", 0, 100},
    {"profile", 0, OPTION_PROFILE, offsetof(struct query_settings, profile), NULL,
     "What the image hashes as JSON were hashed with. Default full.", 0, 0},
    {"level", 0, OPTION_LEVEL, offsetof(struct query_settings, level), NULL,
     "The least exact level at which an image hash as JSON is believed. Default fast.", 0, 0},
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
  char reason[100];           /* why it cannot be answered, else empty */
  hashscan_image_hash *image; /* of JSON; then there is neither kind nor hash */
  hashscan_verdict *verdict;  /* on the image, once it is matched */
};

struct hits {
  hashscan_hit *items; /* .query is the place in the batch */
  size_t count, capacity;
  const uint32_t *owners; /* place in the batch of each query of the search under way */
  bool may_overflow, overflowed, no_memory;
};

struct query_run {
  struct query_settings settings;
  hashscan_matcher *matcher;
  hashscan_index *index; /* what the matcher has */
  struct output out;
  struct query batch[BATCH];
  size_t batch_count, image_count;
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

static void read_image(const struct query_settings *settings, struct query *query, const char *text, size_t length) {
  if (settings->kind == HASHSCAN_KIND_HASH64) {
    snprintf(query->reason, sizeof query->reason, "an image hash, which has no hash64");
    return;
  }
  query->image = malloc(sizeof *query->image);
  if (query->image == NULL) snprintf(query->reason, sizeof query->reason, "out of memory");
  else if (image_json_read(text, length, query->image, query->reason, sizeof query->reason) &&
           query->image->hash_count > 0 && query->image->profile != (hashscan_profile)settings->profile)
    snprintf(query->reason, sizeof query->reason, "an image hash of profile %s, and --profile is %s",
             hashscan_profile_name(query->image->profile), hashscan_profile_name((hashscan_profile)settings->profile));
}

static void add_query(struct query_run *run, uint64_t line, const char *text, size_t length) {
  struct query *query = &run->batch[run->batch_count++];
  *query = (struct query){.number = ++run->queries, .line = line};
  if (length > 0 && text[0] == '{') read_image(&run->settings, query, text, length);
  else read_query(query, run->settings.kind, text, length);
  run->image_count += query->image != NULL;
}

/* A hash in hex that can be answered. */
static bool is_hash(const struct query *query) {
  return query->reason[0] == '\0' && query->image == NULL;
}

static bool batch_is_full(const struct query_run *run) {
  return run->batch_count == BATCH || run->image_count == BATCH_IMAGES;
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
    if (!is_hash(query) || query->kind != kind) continue;
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
    if (!is_hash(query) || hashscan_kind_perceptual(query->kind)) continue;
    const uint32_t owner = (uint32_t)i;
    run->hits.owners = &owner;
    const hashscan_code code =
        hashscan_index_lookup(run->index, query->kind, query->hash, 1, on_hit, &run->hits, &run->error);
    if (code != HASHSCAN_SUCCESS) return code;
  }
  return HASHSCAN_SUCCESS;
}

/* All image hashes of the batch in one call. False: said on stderr. */
static bool match_images(struct query_run *run) {
  const hashscan_image_hash **images = calloc(run->image_count + 1, sizeof(hashscan_image_hash *));
  hashscan_verdict **verdicts = calloc(run->image_count + 1, sizeof(hashscan_verdict *));
  bool matched = images != NULL && verdicts != NULL;
  if (!matched) message("out of memory");
  size_t count = 0;
  for (size_t i = 0; i < run->batch_count && matched; i++)
    if (run->batch[i].image != NULL && run->batch[i].reason[0] == '\0') images[count++] = run->batch[i].image;
  if (matched &&
      hashscan_match_hashes(run->matcher, images, NULL, count, NULL, verdicts, &run->error) != HASHSCAN_SUCCESS) {
    message("%s", run->error.message);
    matched = false;
  }
  size_t next = 0;
  for (size_t i = 0; i < run->batch_count && matched; i++)
    if (run->batch[i].image != NULL && run->batch[i].reason[0] == '\0') run->batch[i].verdict = verdicts[next++];
  free(images);
  free(verdicts);
  return matched;
}

static void clear_batch(struct query_run *run) {
  for (size_t i = 0; i < run->batch_count; i++) {
    free(run->batch[i].image);
    hashscan_verdict_destroy(run->batch[i].verdict);
  }
  run->batch_count = run->image_count = 0;
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
  if (query->verdict != NULL) return query->verdict->outcome;
  return hit_count > 0 ? HASHSCAN_OUTCOME_MATCH : HASHSCAN_OUTCOME_NO_MATCH;
}

static void encode(const struct query *query, char hex[HASHSCAN_MAX_HEX]) {
  hex[0] = '\0';
  if (is_hash(query)) hashscan_hex_encode(query->hash, hashscan_kind_bytes(query->kind), hex);
  else if (query->verdict != NULL && query->image->hash_count > 0)
    hashscan_hex_encode(query->image->hashes[0].bytes, sizeof *query->image->hashes, hex);
}

/* What must be hashed, and compared with the rest, before the verdict on an image hash is final. */
static void write_needs(struct json *json, const hashscan_verdict *verdict) {
  if (verdict->request_count == 0) return;
  json_array_begin(json, "needs");
  for (size_t i = 0; i < verdict->request_count; i++) {
    const hashscan_hash_request *request = verdict->requests[i];
    json_object_begin(json, NULL);
    json_integer(json, "picture", request->picture);
    json_string(json, "view", hashscan_view_name(request->view));
    json_string(json, "level", hashscan_level_name(request->level));
    if (request->digests != 0) {
      json_array_begin(json, "digests");
      for (unsigned kind = 0; kind < HASHSCAN_KIND_COUNT; kind++)
        if ((request->digests >> kind & 1u) != 0) json_string(json, NULL, hashscan_kind_name((hashscan_kind)kind));
      json_array_end(json);
    }
    json_object_end(json);
  }
  json_array_end(json);
}

static void write_image_answer(struct json *json, const hashscan_verdict *verdict) {
  json_string(json, "status", hashscan_status_name(verdict->status));
  if (verdict->reason[0] != '\0') json_string(json, "reason", verdict->reason);
  write_needs(json, verdict);
  record_matches(json, verdict);
}

static const char *kind_of(const struct query *query) {
  return query->image != NULL ? "image" : hashscan_kind_name(query->kind);
}

static void write_hits(struct query_run *run, struct json *json, const hashscan_hit *hits, size_t count) {
  json_array_begin(json, "matches");
  for (size_t i = 0; i < count; i++) {
    hashscan_entry entry = HASHSCAN_ENTRY_INIT;
    if (hashscan_index_entry(run->index, hits[i].entry, &entry, NULL) == HASHSCAN_SUCCESS)
      record_match(json, NULL, &entry, hits[i].distance, NULL, NULL);
  }
  json_array_end(json);
}

static void write_jsonl(struct query_run *run, const struct query *query, const hashscan_hit *hits, size_t count) {
  struct json json = {&run->out, false};
  char hex[HASHSCAN_MAX_HEX];
  const bool readable = query->reason[0] == '\0';
  json_object_begin(&json, NULL);
  json_string(&json, "type", "query");
  json_integer(&json, "query", query->number);
  if (query->line > 0) json_integer(&json, "line", query->line);
  if (readable) json_string(&json, "kind", kind_of(query));
  encode(query, hex);
  if (hex[0] != '\0' && run->settings.emit_hash) json_string(&json, "hash", hex);
  json_string(&json, "verdict", hashscan_outcome_name(outcome_of(query, count)));
  if (!readable) json_string(&json, "reason", query->reason);
  if (query->verdict != NULL) write_image_answer(&json, query->verdict);
  else write_hits(run, &json, hits, count);
  json_object_end(&json);
  json_line_end(&json);
}

/* One row a match; a query without one has a row with these fields empty, and `entry` is NULL. */
static void write_csv_row(struct query_run *run, const struct query *query, const hashscan_entry *entry,
                          unsigned distance) {
  struct output *out = &run->out;
  char hex[HASHSCAN_MAX_HEX];
  const bool readable = query->reason[0] == '\0';
  output_format(out, "%" PRIu64 ",%s", query->number, hashscan_outcome_name(outcome_of(query, entry != NULL)));
  if (entry != NULL) {
    output_format(out, ",%s,%u,", hashscan_kind_name(entry->kind), distance);
    csv_text(out, entry->list);
    output_text(out, ",");
    csv_text(out, entry->version);
    output_text(out, ",");
    csv_text(out, entry->id);
    output_text(out, ",");
    csv_labels(out, entry->labels, entry->label_count);
    output_text(out, ",");
  } else {
    output_format(out, ",%s,,,,,,", readable ? kind_of(query) : "");
    csv_text(out, query->verdict != NULL ? query->verdict->reason : query->reason);
  }
  encode(query, hex);
  if (run->settings.emit_hash) output_format(out, ",%s", hex);
  output_text(out, "\n");
}

static void write_csv(struct query_run *run, const struct query *query, const hashscan_hit *hits, size_t count) {
  const size_t match_count = query->verdict != NULL ? query->verdict->match_count : 0;
  hashscan_entry entry = HASHSCAN_ENTRY_INIT;
  for (size_t i = 0; i < match_count; i++) {
    entry = record_entry(query->verdict->matches[i]);
    write_csv_row(run, query, &entry, query->verdict->matches[i]->distance);
  }
  for (size_t i = 0; i < count; i++)
    if (hashscan_index_entry(run->index, hits[i].entry, &entry, NULL) == HASHSCAN_SUCCESS)
      write_csv_row(run, query, &entry, hits[i].distance);
  if (match_count + count == 0) write_csv_row(run, query, NULL, 0);
}

static void write_answer(struct query_run *run, const struct query *query, const hashscan_hit *hits, size_t count) {
  run->by_outcome[outcome_of(query, count)]++;
  if (run->settings.format == QUERY_JSONL) write_jsonl(run, query, hits, count);
  else write_csv(run, query, hits, count);
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
  const bool answered = run->batch_count == 0 || (match_images(run) && answer(run, 0, run->batch_count));
  clear_batch(run);
  return answered;
}

/* ---- Where queries come from -------------------------------------------------------------------------------------*/

static bool query_operands(struct query_run *run, const struct operands *operands) {
  for (size_t i = 1; i < operands->count; i++) {
    run->interrupted = stop_requested();
    if (run->interrupted) break;
    add_query(run, 0, operands->items[i], strlen(operands->items[i]));
    if (batch_is_full(run) && !answer_batch(run)) return false;
  }
  return answer_batch(run);
}

static bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

static void add_line(struct query_run *run, const struct lines *lines, const char *line, size_t length) {
  for (; length > 0 && is_space(*line); length--) line++;
  const char *comment = length > 0 && *line == '{' ? NULL : memchr(line, '#', length); /* JSON has none */
  if (comment != NULL) length = (size_t)(comment - line);
  while (length > 0 && is_space(line[length - 1])) length--;
  if (length > 0) add_query(run, lines->number, line, length);
}

static bool query_stream(struct query_run *run, struct lines *lines) {
  char *line;
  size_t length;
  enum lines_result result;
  while ((result = lines_next(lines, &line, &length)) == LINES_LINE) {
    add_line(run, lines, line, length);
    if (!batch_is_full(run) && lines_ready(lines)) continue;
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
  json_integer(&json, "not_image", run->by_outcome[HASHSCAN_OUTCOME_NOT_IMAGE]);
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

static hashscan_code open_index(struct query_run *run, const char *path) {
  const struct query_settings *settings = &run->settings;
  hashscan_match_options options = HASHSCAN_MATCH_OPTIONS_INIT;
  options.radius = (unsigned)settings->radius;
  options.transforms = (hashscan_transforms)settings->transforms;
  options.min_quality = (int)settings->min_quality;
  options.profile = (hashscan_profile)settings->profile;
  options.level = (hashscan_level)settings->level;
  /* No image hash is compared when all hashes are hash64 (read_image). */
  if (settings->kind >= 0 && settings->kind != HASHSCAN_KIND_HASH64) options.kinds = 1u << settings->kind;
  const hashscan_code code =
      hashscan_matcher_create((const char *const[]){path}, 1, &options, &run->matcher, &run->error);
  if (code == HASHSCAN_SUCCESS) run->index = hashscan_matcher_snapshot(run->matcher, 0);
  return code;
}

static int run_query(const struct command *command, int argc, char **argv) {
  struct query_run *run = calloc(1, sizeof *run);
  if (run == NULL) return EXIT_FATAL;
  run->settings = (struct query_settings){.radius = 31,
                                          .min_quality = 50,
                                          .transforms = HASHSCAN_TRANSFORMS_HASHED,
                                          .level = HASHSCAN_LEVEL_FAST,
                                          .kind = -1,
                                          .fail_on = FAIL_ON_DEFAULT};
  struct operands operands;
  int exit_code;
  if (!options_parse(command, argc, argv, &run->settings, &operands, &exit_code)) goto done;
  exit_code = EXIT_FATAL;
  if (operands.count == 0) {
    options_misused(command, "no INDEX given");
    goto done;
  }
  stop_install();
  if (open_index(run, operands.items[0]) != HASHSCAN_SUCCESS) {
    message("%s", run->error.message);
    goto done;
  }
  hashscan_index_info info = HASHSCAN_INDEX_INFO_INIT;
  hashscan_index_describe(run->index, &info, NULL);
  record_warn_of_readers(operands.items[0], &info);
  output_open_stdout(&run->out);
  exit_code = query_all(run, &operands);
done:
  clear_batch(run);
  hashscan_index_close(run->index);
  hashscan_matcher_destroy(run->matcher);
  free(run->hits.items);
  free(run);
  return exit_code;
}

const struct command command_query = {"query", "INDEX [HASH]...",
                                      "Compares hashes, from the command line or standard input, with an index",
                                      query_options, run_query};
