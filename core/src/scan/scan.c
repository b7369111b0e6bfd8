/* SPDX-License-Identifier: Apache-2.0 */
/* A batch scan:
 *
 *     walker thread -> queue -> worker threads -> queue -> the calling thread
 *      paths, order            read, dedup, match          records, progress, stopping
 *
 * The walker submits every input in its final order and workers finish them in any order; the calling thread emits them
 * one by one, so that on_record, on_progress and should_stop never run at the same time. With on_progress a counting
 * thread runs the same walk ahead. Worker threads block signals: the host's handlers run on its own threads.
 *
 *     walk.c        paths -> files, in a stable order
 *     place.c       what a walk found, opened as what it was; links
 *     folder_set.c  the folders that a walk entered
 *     dedup.c       equal bytes are decoded once
 *     summary.c     what became of the inputs, counted
 *     queue.c       slots from the walker through the workers to the emitter, in order
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/control.h"
#include "base/error.h"
#include "base/file_read.h"
#include "base/options.h"
#include "base/parallel.h"
#include "match/match_image.h"
#include "match/matcher.h"
#include "match/verdict.h"
#include "scan/dedup.h"
#include "scan/queue.h"
#include "scan/summary.h"
#include "scan/walk.h"

#define MAX_THREADS 4096
#define SLOTS_PER_THREAD 64
#define POLL_SECONDS 0.1
#define PROGRESS_SECONDS 0.25
#define KEPT_BUFFER_BYTES ((size_t)64 << 20) /* a worker frees a larger read buffer after its file */

struct worker {
  struct scan *scan;
  pthread_t thread;
  hashscan_hasher *hasher;
  struct buffer buffer;
};

struct scan {
  hashscan_matcher *matcher;
  hashscan_scan_options options;
  struct queue queue;
  struct dedup *dedup;

  struct worker *workers;
  unsigned worker_count;
  unsigned workers_started;

  pthread_t walker;
  bool walker_started;
  hashscan_code walk_code; /* the walker's, until it is joined */
  hashscan_error walk_error;
  bool walk_complete;

  pthread_t counter;
  bool counter_started;
  atomic_bool count_cancelled;
  atomic_bool count_complete;
  atomic_uint_fast64_t counted;

  /* The calling thread's. */
  hashscan_summary summary;
  const char *stopped_by; /* the callback that returned nonzero while inputs are finished, or NULL */
  double began;
  double last_progress;
};

/* ---- Workers ----------------------------------------------------------------------------------------------------- */

/* An answer that the bytes alone decide. Time and memory may be there on the next try. */
static bool is_repeatable(hashscan_status status) {
  return status == HASHSCAN_STATUS_OK || status == HASHSCAN_STATUS_DAMAGED || status == HASHSCAN_STATUS_LOW_QUALITY ||
         status == HASHSCAN_STATUS_NOT_IMAGE || status == HASHSCAN_STATUS_UNSUPPORTED ||
         status == HASHSCAN_STATUS_CORRUPT;
}

/* One input that is too much for the memory there is never ends the scan. Where the scan's control ended the input, the
 * scan is about to end too, and the input has no record. */
static void match_read(struct worker *worker, struct snapshots *snapshots, struct slot *slot) {
  hashscan_error error;
  const hashscan_code code = match_bytes(&worker->scan->matcher->policy, snapshots, worker->hasher,
                                         worker->buffer.bytes, worker->buffer.size, &slot->verdict, &error);
  const bool ended = code == HASHSCAN_E_STOPPED || code == HASHSCAN_E_TIMEOUT;
  if (code != HASHSCAN_SUCCESS)
    slot->verdict = verdict_unexamined(ended ? HASHSCAN_STATUS_TIMEOUT : HASHSCAN_STATUS_LIMIT, error.message);
}

/* Matches what was read, or takes what is known of equal bytes. */
static void match_once(struct worker *worker, struct snapshots *snapshots, struct slot *slot) {
  struct dedup *dedup = worker->scan->dedup;
  struct dedup_node *node;
  const enum dedup_answer answer =
      dedup_begin(dedup, worker->buffer.bytes, worker->buffer.size, snapshots->generation, &node, &slot->result);
  if (answer == DEDUP_KNOWN) {
    slot->verdict = result_verdict(slot->result);
    return;
  }
  match_read(worker, snapshots, slot);
  if (answer != DEDUP_OWNER) return;
  if (is_repeatable(slot->verdict->status)) slot->result = result_take(slot->verdict);
  dedup_end(dedup, node, slot->result);
}

static hashscan_status read_slot(struct worker *worker, const struct slot *slot, char reason[HASHSCAN_REASON_SIZE]) {
  const struct place *place = &slot->place;
  const struct file_bound bound = {.no_link = place->rule == PLACE_NO_LINK,
                                   .known = place->rule == PLACE_LINK,
                                   .device = place->target.device,
                                   .inode = place->target.inode};
  char buffer[ERROR_TEXT_BYTES];
  int dirfd;
  if (!place_open(slot->path, place, &dirfd)) {
    const bool replaced = errno == ESTALE;
    snprintf(reason, HASHSCAN_REASON_SIZE, "%s",
             replaced ? "its folder was replaced while being scanned" : error_text(errno, buffer, sizeof buffer));
    return replaced ? HASHSCAN_STATUS_CHANGED : HASHSCAN_STATUS_UNREADABLE;
  }
  const hashscan_status status =
      file_read_bound(dirfd, slot->path + place->name, &bound, worker->scan->matcher->policy.limits.max_file_bytes,
                      &worker->buffer, reason);
  place_close(dirfd);
  return status;
}

static void examine(struct worker *worker, struct slot *slot) {
  char reason[HASHSCAN_REASON_SIZE] = "";
  const hashscan_status status = read_slot(worker, slot, reason);
  if (status != HASHSCAN_STATUS_OK) {
    slot->verdict = verdict_unexamined(status, reason);
    return;
  }
  slot->bytes = worker->buffer.size;
  struct snapshots *snapshots = matcher_current(worker->scan->matcher);
  match_once(worker, snapshots, slot);
  snapshots_release(snapshots);
  if (worker->buffer.capacity > KEPT_BUFFER_BYTES) buffer_free(&worker->buffer);
}

static void *worker_main(void *user) {
  struct worker *worker = user;
  struct queue *queue = &worker->scan->queue;
  struct slot *slot;
  while ((slot = queue_take(queue)) != NULL) {
    examine(worker, slot);
    queue_finish(queue, slot);
  }
  return NULL;
}

/* ---- Walker and counter ------------------------------------------------------------------------------------------ */

static bool submit(struct scan *scan, const char *path, struct slot *slot) {
  const size_t path_bytes = strlen(path) + 1;
  slot->path = malloc(path_bytes);
  if (slot->path == NULL) {
    scan->walk_code = error_memory(&scan->walk_error);
    return false;
  }
  memcpy(slot->path, path, path_bytes);
  if (queue_submit(&scan->queue, slot)) return true;
  free(slot->path);
  return false;
}

static bool submit_file(void *user, const char *path, const struct place *place) {
  struct slot slot = {.state = SLOT_WAITING, .place = *place};
  return submit(user, path, &slot);
}

static bool submit_unexamined(void *user, const char *path, hashscan_status status, const char *reason) {
  struct slot slot = {.state = SLOT_DONE, .verdict = verdict_unexamined(status, reason)};
  if (submit(user, path, &slot)) return true;
  hashscan_verdict_destroy(slot.verdict);
  return false;
}

static enum walk_end walk_paths(struct walk *walk, const hashscan_scan_options *options) {
  enum walk_end end = WALK_DONE;
  for (size_t i = 0; i < options->path_count; i++)
    if (!walk_announce(walk, options->paths[i])) return WALK_NO_MEMORY;
  for (size_t i = 0; i < options->path_count && end == WALK_DONE; i++) end = walk_root(walk, options->paths[i]);
  return end;
}

static enum walk_end walk_source(struct scan *scan, struct walk *walk) {
  if (scan->options.next_path == NULL) return WALK_DONE;
  for (;;) {
    const char *path = NULL;
    if (scan->options.next_path(scan->options.user, &path) != 0) {
      scan->walk_code = error_set(&scan->walk_error, HASHSCAN_E_STOPPED, "stopped by next_path");
      return WALK_STOPPED;
    }
    if (path == NULL) return WALK_DONE;
    const enum walk_end end = walk_root(walk, path);
    if (end != WALK_DONE) return end;
  }
}

static void *walker_main(void *user) {
  struct scan *scan = user;
  const struct walk_sink sink = {.user = scan, .file = submit_file, .unexamined = submit_unexamined};
  struct walk *walk = walk_create(&sink, scan->options.links);
  enum walk_end end = walk == NULL ? WALK_NO_MEMORY : walk_paths(walk, &scan->options);
  if (end == WALK_DONE) end = walk_source(scan, walk);
  walk_destroy(walk);
  if (end == WALK_NO_MEMORY) scan->walk_code = error_memory(&scan->walk_error);
  scan->walk_complete = end == WALK_DONE;
  queue_close(&scan->queue);
  return NULL;
}

static bool count_input(void *user, const char *path) {
  (void)path;
  struct scan *scan = user;
  atomic_fetch_add_explicit(&scan->counted, 1, memory_order_relaxed);
  return !atomic_load_explicit(&scan->count_cancelled, memory_order_relaxed);
}

static bool count_file(void *user, const char *path, const struct place *place) {
  (void)place;
  return count_input(user, path);
}

static bool count_unexamined(void *user, const char *path, hashscan_status status, const char *reason) {
  (void)status;
  (void)reason;
  return count_input(user, path);
}

static void *counter_main(void *user) {
  struct scan *scan = user;
  const struct walk_sink sink = {.user = scan, .file = count_file, .unexamined = count_unexamined};
  struct walk *walk = walk_create(&sink, scan->options.links);
  if (walk != NULL && walk_paths(walk, &scan->options) == WALK_DONE)
    atomic_store_explicit(&scan->count_complete, true, memory_order_release);
  walk_destroy(walk);
  return NULL;
}

/* ---- Records and progress ---------------------------------------------------------------------------------------- */

/* True while the caller wants more. */
static bool emit(struct scan *scan, struct slot *slot) {
  const hashscan_record record = {.number = scan->summary.inputs,
                                  .path = slot->path,
                                  .bytes = slot->bytes,
                                  .duplicate = slot->result != NULL && result_was_reported(slot->result),
                                  .verdict = slot->verdict};
  summary_count(&scan->summary, record.verdict, record.bytes, record.duplicate != 0);
  return scan->options.on_record(scan->options.user, &record) == 0;
}

/* A walk that is over knows the total best; files may have come and gone since they were counted. */
static hashscan_progress progress_of(struct scan *scan) {
  bool closed;
  const uint64_t submitted = queue_submitted(&scan->queue, &closed);
  const bool all_counted = scan->options.next_path == NULL && atomic_load(&scan->count_complete);
  const uint64_t counted = atomic_load(&scan->counted);
  return (hashscan_progress){.done = scan->summary.inputs,
                             .total = closed || submitted > counted ? submitted : counted,
                             .total_known = closed || all_counted,
                             .bytes = scan->summary.bytes,
                             .matches = scan->summary.by_outcome[HASHSCAN_OUTCOME_MATCH]};
}

static void note_stop(struct scan *scan, int answer, const char *callback) {
  if (answer != 0 && scan->stopped_by == NULL) scan->stopped_by = callback;
}

static void show_progress(struct scan *scan) {
  const hashscan_progress progress = progress_of(scan);
  note_stop(scan, scan->options.on_progress(scan->options.user, &progress), "on_progress");
}

static void show_progress_when_due(struct scan *scan) {
  if (scan->options.on_progress == NULL) return;
  const double now = clock_seconds();
  if (now - scan->last_progress < PROGRESS_SECONDS) return;
  scan->last_progress = now;
  show_progress(scan);
}

/* Asks until the answer is yes. */
static bool wants_stop(struct scan *scan) {
  if (scan->stopped_by == NULL && scan->options.should_stop != NULL)
    note_stop(scan, scan->options.should_stop(scan->options.user), "should_stop");
  return scan->stopped_by != NULL;
}

/* Emits records until there are no more. STOPPED when a callback returned nonzero, STOPPED or TIMEOUT when the control
 * ended the scan. That comes first: a worker that saw it before has left an input half done. */
static hashscan_code emit_all(struct scan *scan, hashscan_error *error) {
  for (;;) {
    show_progress_when_due(scan);
    if (wants_stop(scan)) queue_halt(&scan->queue);
    struct slot *slot;
    const enum queue_head head = queue_wait(&scan->queue, POLL_SECONDS, &slot);
    const hashscan_code ended = control_state(scan->options.control);
    if (head == QUEUE_END) return HASHSCAN_SUCCESS;
    if (ended != HASHSCAN_SUCCESS) return control_error(ended, error);
    if (head == QUEUE_LATE) continue;
    const bool wanted = emit(scan, slot);
    queue_pop(&scan->queue);
    if (!wanted) return error_set(error, HASHSCAN_E_STOPPED, "stopped by on_record");
  }
}

/* ---- Setting up and tearing down --------------------------------------------------------------------------------- */

static unsigned default_threads(void) {
  const unsigned cpus = parallel_cpus();
  return cpus > MAX_THREADS ? MAX_THREADS : cpus;
}

static hashscan_code read_options(const hashscan_scan_options *given, hashscan_scan_options *options,
                                  hashscan_error *error) {
  *options = (hashscan_scan_options)HASHSCAN_SCAN_OPTIONS_INIT;
  if (given == NULL) return error_set(error, HASHSCAN_E_ARGUMENT, "options is NULL");
  const hashscan_code code = options_copy(options, sizeof *options, given, "hashscan_scan_options", error);
  if (code != HASHSCAN_SUCCESS) return code;
  if (options->on_record == NULL) return error_set(error, HASHSCAN_E_ARGUMENT, "on_record is NULL");
  if (options->threads > MAX_THREADS)
    return error_set(error, HASHSCAN_E_ARGUMENT, "%u threads; at most %d", options->threads, MAX_THREADS);
  if ((unsigned)options->links > HASHSCAN_LINKS_SKIP)
    return error_set(error, HASHSCAN_E_ARGUMENT, "unknown links %d", (int)options->links);
  if (options->paths == NULL && options->path_count > 0) return error_set(error, HASHSCAN_E_ARGUMENT, "paths is NULL");
  for (size_t i = 0; i < options->path_count; i++)
    if (options->paths[i] == NULL) return error_set(error, HASHSCAN_E_ARGUMENT, "path %zu is NULL", i);
  if (options->threads == 0) options->threads = default_threads();
  return HASHSCAN_SUCCESS;
}

/* Everything that can run out of memory before the first thread starts. */
static hashscan_code set_up(struct scan *scan, hashscan_error *error) {
  const unsigned threads = scan->options.threads;
  if (!queue_create(&scan->queue, (size_t)threads * SLOTS_PER_THREAD)) return error_memory(error);
  hashscan_code code = dedup_create(&scan->dedup, error);
  if (code != HASHSCAN_SUCCESS) return code;
  scan->workers = calloc(threads, sizeof *scan->workers);
  if (scan->workers == NULL) return error_memory(error);
  for (; scan->worker_count < threads && code == HASHSCAN_SUCCESS; scan->worker_count++) {
    struct worker *worker = &scan->workers[scan->worker_count];
    worker->scan = scan;
    code = hashscan_matcher_hasher(scan->matcher, &worker->hasher, error);
    if (code == HASHSCAN_SUCCESS) code = hashscan_hasher_set_control(worker->hasher, scan->options.control, error);
  }
  return code;
}

static hashscan_code start_threads(struct scan *scan, hashscan_error *error) {
  int failed = 0;
  while (failed == 0 && scan->workers_started < scan->worker_count) {
    struct worker *worker = &scan->workers[scan->workers_started];
    failed = pthread_create(&worker->thread, NULL, worker_main, worker);
    if (failed == 0) scan->workers_started++;
  }
  if (failed == 0) failed = pthread_create(&scan->walker, NULL, walker_main, scan);
  if (failed != 0) return error_set_errno(error, HASHSCAN_E_MEMORY, failed, "cannot start a thread");
  scan->walker_started = true;
  /* Without a counter the scan is whole; only the total comes later. */
  scan->counter_started =
      scan->options.on_progress != NULL && pthread_create(&scan->counter, NULL, counter_main, scan) == 0;
  return HASHSCAN_SUCCESS;
}

static hashscan_code start(struct scan *scan, hashscan_error *error) {
  sigset_t blocked;
  sigset_t before;
  sigfillset(&blocked);
  /* Faults stay with the thread that causes them, and profilers see every thread. */
  const int kept[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGPROF};
  for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) sigdelset(&blocked, kept[i]);
  pthread_sigmask(SIG_BLOCK, &blocked, &before);
  const hashscan_code code = start_threads(scan, error);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return code;
}

static void join_threads(struct scan *scan) {
  atomic_store(&scan->count_cancelled, true);
  queue_halt(&scan->queue);
  for (unsigned i = 0; i < scan->workers_started; i++) pthread_join(scan->workers[i].thread, NULL);
  if (scan->walker_started) pthread_join(scan->walker, NULL);
  if (scan->counter_started) pthread_join(scan->counter, NULL);
}

static void tear_down(struct scan *scan) {
  queue_destroy(&scan->queue);
  for (unsigned i = 0; i < scan->worker_count; i++) {
    hashscan_hasher_destroy(scan->workers[i].hasher);
    buffer_free(&scan->workers[i].buffer);
  }
  free(scan->workers);
  dedup_destroy(scan->dedup);
}

/* A stop that comes when everything is done has ended nothing. A source of paths may see the same signal as should_stop
 * and just end: then nobody knows what it still had. */
static bool ended_early(struct scan *scan) {
  bool closed;
  if (!scan->walk_complete || scan->summary.inputs < queue_submitted(&scan->queue, &closed)) return true;
  return scan->options.next_path != NULL && wants_stop(scan);
}

static hashscan_code run(struct scan *scan, hashscan_error *error) {
  hashscan_code code = start(scan, error);
  if (code == HASHSCAN_SUCCESS) code = emit_all(scan, error);
  join_threads(scan);
  if (code != HASHSCAN_SUCCESS) return code;
  const bool early = ended_early(scan);
  if (scan->options.on_progress != NULL) show_progress(scan);
  if (scan->walk_code != HASHSCAN_SUCCESS) return error_set(error, scan->walk_code, "%s", scan->walk_error.message);
  if (!early) return HASHSCAN_SUCCESS;
  return error_set(error, HASHSCAN_E_STOPPED, "stopped by %s", scan->stopped_by);
}

hashscan_code hashscan_scan(hashscan_matcher *matcher, const hashscan_scan_options *options, hashscan_summary *summary,
                            hashscan_error *error) {
  struct scan scan = {.matcher = matcher, .began = clock_seconds()};
  hashscan_code code = read_options(options, &scan.options, error);
  if (code == HASHSCAN_SUCCESS && matcher == NULL) code = error_set(error, HASHSCAN_E_ARGUMENT, "matcher is NULL");
  if (code == HASHSCAN_SUCCESS) {
    code = set_up(&scan, error);
    if (code == HASHSCAN_SUCCESS) code = run(&scan, error);
    tear_down(&scan);
  }
  scan.summary.seconds = clock_seconds() - scan.began;
  scan.summary.stopped = code == HASHSCAN_E_STOPPED || code == HASHSCAN_E_TIMEOUT;
  hashscan_summary_add(summary, &scan.summary);
  return code;
}
