/* SPDX-License-Identifier: Apache-2.0 */
/* Changing an index under adverse conditions: killed at any moment, two writers, a disk that is full, a folder that is
 * read-only, and readers that reload all the while. */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../support/entries.h"
#include "../support/expect.h"
#include "../support/fixture.h"
#include "../support/indexes.h"
#include "../support/random.h"
#include "base/clock.h"
#include "index/update/changes.h"

static char folder[FIXTURE_PATH_SIZE];
static hashscan_error error;

static hashscan_updater *open_updater(const char *path) {
  hashscan_updater *updater;
  OK(hashscan_updater_open(path, &updater, &error));
  return updater;
}

static void build_empty(const char *path) {
  hashscan_builder *builder = indexes_builder();
  hashscan_index_close(indexes_write_and_open(builder, path));
  hashscan_builder_destroy(builder);
}

/* ---- What is in an index, as one number -------------------------------------------------------------------------- */

/* A sum over entries, so that their order does not matter. */
static uint64_t entry_sum(const hashscan_entry *entry) {
  uint64_t sum = (uint64_t)entry->kind;
  for (size_t i = 0; i < hashscan_kind_bytes(entry->kind); i++) sum = sum * 0x100000001b3u + entry->hash[i];
  const char *const strings[] = {entry->list, entry->version, entry->id};
  for (unsigned i = 0; i < 3; i++)
    for (const char *c = strings[i];; c++) {
      sum = sum * 0x100000001b3u + (uint8_t)*c;
      if (*c == '\0') break;
    }
  struct random_state mixed = random_seeded(sum);
  return random_next(&mixed);
}

static uint64_t index_sum(const hashscan_index *index) {
  hashscan_index_info info = HASHSCAN_INDEX_INFO_INIT;
  uint64_t sum = 0;
  hashscan_index_describe(index, &info, NULL);
  for (uint64_t i = 0; i < info.entries; i++) {
    hashscan_entry entry = HASHSCAN_ENTRY_INIT;
    OK(hashscan_index_entry(index, i, &entry, &error));
    sum += entry_sum(&entry);
  }
  return sum;
}

static uint64_t path_sum(const char *path) {
  hashscan_index *index = indexes_open(path);
  const uint64_t sum = index_sum(index);
  hashscan_index_close(index);
  return sum;
}

/* ---- An endless sequence of operations --------------------------------------------------------------------------- */

/* Operation n: four of eight add entries with the id n, one removes what was added two rounds before, one replaces a
 * list, two compact. */
enum { ROUND = 8, COPIES = 3, LISTED = 5 };

static void nth_entry(uint32_t n, unsigned copy, char id[16], uint8_t hash[HASHSCAN_MAX_HASH_BYTES],
                      hashscan_entry *entry) {
  const hashscan_kind kind = (hashscan_kind)(copy % HASHSCAN_KIND_COUNT);
  indexes_hash(kind, n % 5000 * 7 + copy, hash);
  snprintf(id, 16, "%u", n);
  *entry = entry_plain(kind, hash, "stream", "1", id);
}

static void list_text(uint32_t n, char version[16], char text[LISTED * 33 + 1]) {
  snprintf(version, 16, "%u", n);
  for (unsigned i = 0; i < LISTED; i++) snprintf(text + i * 33, 34, "%032x\n", (n / ROUND + i * 2) % 16);
}

static bool operate(hashscan_updater *updater, uint32_t n) {
  hashscan_code code = HASHSCAN_SUCCESS;
  const uint32_t step = n % ROUND;
  updater->log_max_entries = n % 3 == 0 ? 12 : UPDATE_LOG_MAX_ENTRIES;
  for (unsigned copy = 0; step < 4 && copy < COPIES && code == HASHSCAN_SUCCESS; copy++) {
    char id[16];
    uint8_t hash[HASHSCAN_MAX_HASH_BYTES];
    hashscan_entry entry = HASHSCAN_ENTRY_INIT;
    nth_entry(n, copy, id, hash, &entry);
    code = hashscan_updater_add(updater, &entry, NULL);
  }
  for (uint32_t back = 0; step == 4 && n >= 2 * ROUND && back < 4 && code == HASHSCAN_SUCCESS; back++) {
    char id[16];
    snprintf(id, sizeof id, "%u", n - 4 - 2 * ROUND + back);
    code = hashscan_updater_remove_id(updater, "stream", id, NULL);
  }
  if (step == 5) {
    char version[16];
    char text[LISTED * 33 + 1];
    hashscan_list_options options = HASHSCAN_LIST_OPTIONS_INIT;
    list_text(n, version, text);
    options.name = "replaced";
    options.version = version;
    code = hashscan_updater_replace_list_bytes(updater, "list", text, sizeof text - 1, &options, NULL, NULL);
  }
  if (code != HASHSCAN_SUCCESS) return false;
  code = step >= 6 ? hashscan_updater_compact(updater, NULL, NULL) : hashscan_updater_commit(updater, NULL, NULL);
  return code == HASHSCAN_SUCCESS;
}

/* What an index holds after the operations 0 to n - 1. */
static uint64_t expected_sum(uint32_t n) {
  uint64_t sum = 0;
  for (uint32_t i = n < 4 * ROUND ? 0 : n - 4 * ROUND; i < n; i++) {
    const uint32_t remover = i - i % ROUND + 2 * ROUND + 4;
    if (i % ROUND >= 4 || remover < n) continue;
    for (unsigned copy = 0; copy < COPIES; copy++) {
      char id[16];
      uint8_t hash[HASHSCAN_MAX_HASH_BYTES];
      hashscan_entry entry = HASHSCAN_ENTRY_INIT;
      nth_entry(i, copy, id, hash, &entry);
      sum += entry_sum(&entry);
    }
  }
  if (n < 6) return sum;
  const uint32_t replacer = (n - 6) / ROUND * ROUND + 5;
  char version[16];
  char text[LISTED * 33 + 1];
  list_text(replacer, version, text);
  for (unsigned i = 0; i < LISTED; i++) {
    uint8_t hash[16];
    assert_int_equal(hashscan_hex_decode(text + i * 33, 32, hash, 16, NULL), HASHSCAN_SUCCESS);
    const hashscan_entry entry = entry_plain(HASHSCAN_KIND_MD5, hash, "replaced", version, "");
    sum += entry_sum(&entry);
  }
  return sum;
}

/* The sequence does what is expected of it. */
static void test_sequence(void **unused) {
  (void)unused;
  char path[FIXTURE_PATH_SIZE];
  build_empty(fixture_join(path, folder, "sequence"));
  hashscan_updater *updater = open_updater(path);
  for (uint32_t n = 0; n < 100; n++) {
    assert_true(operate(updater, n));
    assert_true(path_sum(path) == expected_sum(n + 1));
  }
  hashscan_updater_close(updater);
}

/* ---- Killed at any moment ---------------------------------------------------------------------------------------- */

static _Noreturn void operate_forever(const char *path, uint32_t first, int acknowledged) {
  hashscan_updater *updater;
  if (hashscan_updater_open(path, &updater, &error) != HASHSCAN_SUCCESS) _exit(3);
  for (uint32_t n = first;; n++) {
    if (!operate(updater, n)) _exit(4);
    if (write(acknowledged, &n, sizeof n) != sizeof n) _exit(5);
  }
}

/* Runs a writer from operation `first` for a while; gives the operation after the last acknowledged one. */
static uint32_t run_and_kill(const char *path, uint32_t first, useconds_t after) {
  int ends[2];
  assert_int_equal(pipe(ends), 0);
  const pid_t writer = fork();
  assert_true(writer >= 0);
  if (writer == 0) operate_forever(path, first, ends[1]);
  close(ends[1]);
  usleep(after);
  kill(writer, SIGKILL);
  int status;
  assert_int_equal(waitpid(writer, &status, 0), writer);
  if (!WIFSIGNALED(status)) fail_msg("the writer ended with %d", WEXITSTATUS(status));
  uint32_t next = first;
  for (uint32_t n; read(ends[0], &n, sizeof n) == sizeof n;) {
    assert_int_equal(n, next);
    next = n + 1;
  }
  close(ends[0]);
  return next;
}

static void test_kill(void **unused) {
  (void)unused;
  char path[FIXTURE_PATH_SIZE];
  struct random_state random = random_seeded(11);
  build_empty(fixture_join(path, folder, "kill"));
  uint32_t next = 0;
  unsigned in_flight = 0;
  const double start = clock_seconds();
  unsigned round = 0;
  /* A slow or busy machine kills most writers before they have done anything: then there are more of them. */
  for (; round < 500 || (next <= 500 && round < 5000); round++) {
    next = run_and_kill(path, next, (useconds_t)(random_next(&random) % 12000));
    const uint64_t found = path_sum(path);
    /* The operation in flight is there entirely or not at all. */
    if (found == expected_sum(next)) continue;
    assert_true(found == expected_sum(next + 1));
    next++;
    in_flight++;
  }
  print_message("%u kills in %.1f s: %u operations, %u of them made and not acknowledged\n", round,
                clock_seconds() - start, next, in_flight);
  assert_true(next > 500);
}

/* ---- Writers in each other's way --------------------------------------------------------------------------------- */

static void assert_locked(const char *path) {
  hashscan_updater *second;
  hashscan_builder *builder = indexes_builder();
  assert_int_equal(hashscan_updater_open(path, &second, &error), HASHSCAN_E_IO);
  assert_null(second);
  assert_non_null(strstr(error.message, "another process is changing this index"));
  assert_int_equal(hashscan_builder_write(builder, path, &error), HASHSCAN_E_IO);
  assert_non_null(strstr(error.message, "another process is changing this index"));
  hashscan_builder_destroy(builder);
}

static void test_two_writers(void **unused) {
  (void)unused;
  char path[FIXTURE_PATH_SIZE];
  build_empty(fixture_join(path, folder, "two"));
  hashscan_updater *first = open_updater(path);
  assert_locked(path);
  assert_true(operate(first, 0));
  assert_locked(path);
  hashscan_updater_close(first);
  assert_true(path_sum(path) == expected_sum(1));

  /* A writer that dies gives its lock back. */
  int ends[2];
  assert_int_equal(pipe(ends), 0);
  const pid_t holder = fork();
  if (holder == 0) {
    hashscan_updater *held;
    if (hashscan_updater_open(path, &held, NULL) != HASHSCAN_SUCCESS || write(ends[1], "", 1) != 1) _exit(1);
    for (;;) pause();
  }
  char ready;
  assert_int_equal(read(ends[0], &ready, 1), 1);
  close(ends[0]);
  close(ends[1]);
  assert_locked(path);
  kill(holder, SIGKILL);
  waitpid(holder, NULL, 0);
  hashscan_updater *after = open_updater(path);
  assert_true(operate(after, 1));
  hashscan_updater_close(after);
  assert_true(path_sum(path) == expected_sum(2));
}

/* ---- No room, no right ------------------------------------------------------------------------------------------- */

static size_t count_files(const char *path) {
  char command[FIXTURE_PATH_SIZE + 32];
  snprintf(command, sizeof command, "ls -A '%s' | wc -l", path);
  FILE *pipe_end = popen(command, "r");
  size_t count = 0;
  assert_non_null(pipe_end);
  assert_int_equal(fscanf(pipe_end, "%zu", &count), 1);
  pclose(pipe_end);
  return count;
}

/* One operation with room for files of `limit` bytes: the file size limit stands for a full disk. */
static bool operate_within(const char *path, uint32_t n, rlim_t limit) {
  struct rlimit before;
  getrlimit(RLIMIT_FSIZE, &before);
  const struct rlimit small = {limit, before.rlim_max};
  hashscan_updater *updater = open_updater(path);
  const hashscan_index *base = updater->base;
  setrlimit(RLIMIT_FSIZE, &small);
  const bool done = operate(updater, n);
  setrlimit(RLIMIT_FSIZE, &before);
  if (!done) {
    assert_ptr_equal(updater->base, base);
    assert_int_equal(hashscan_updater_commit(updater, NULL, &error), HASHSCAN_E_ARGUMENT);
    assert_non_null(strstr(error.message, "can only be closed"));
  }
  hashscan_updater_close(updater);
  return done;
}

static void test_full_disk(void **unused) {
  (void)unused;
  char path[FIXTURE_PATH_SIZE];
  signal(SIGXFSZ, SIG_IGN);
  build_empty(fixture_join(path, folder, "full"));
  unsigned refused = 0;
  for (uint32_t n = 0; n < 48; n++) {
    for (rlim_t limit = 0;; limit = limit * 5 / 4 + 1) {
      const bool done = operate_within(path, n, limit);
      const uint64_t found = path_sum(path);
      /* An operation that changes nothing, or fails, leaves the index as it was. */
      assert_true(found == expected_sum(done ? n + 1 : n));
      if (done) break;
      assert_true(count_files(path) <= 10);
      refused++;
    }
  }
  assert_true(refused > 500);
  hashscan_updater *updater = open_updater(path);
  assert_true(operate(updater, 48));
  OK(hashscan_updater_compact(updater, NULL, &error));
  hashscan_updater_close(updater);
  assert_int_equal(count_files(path), 3); /* MANIFEST, LOCK, one segment: nothing of the failures is left */
}

/* As nobody, where this runs as root, whom no mode stops. */
static int try_read_only(const char *path) {
  hashscan_updater *updater;
  hashscan_index *index;
  if (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0) return 77;
  if (hashscan_index_open(path, &index, NULL) != HASHSCAN_SUCCESS) return 1;
  hashscan_index_close(index);
  const hashscan_code code = hashscan_updater_open(path, &updater, &error);
  if (code != HASHSCAN_E_IO || strstr(error.message, "cannot write to") == NULL) return 2;
  hashscan_builder *builder;
  if (hashscan_builder_create(&builder, NULL) != HASHSCAN_SUCCESS) return 3;
  const hashscan_code written = hashscan_builder_write(builder, path, &error);
  hashscan_builder_destroy(builder);
  return written == HASHSCAN_E_IO && strstr(error.message, "ermission denied") != NULL ? 0 : 4;
}

static void test_read_only(void **unused) {
  (void)unused;
  char path[FIXTURE_PATH_SIZE];
  char lock[FIXTURE_PATH_SIZE];
  build_empty(fixture_join(path, folder, "read-only"));
  hashscan_updater *updater = open_updater(path);
  OK(hashscan_updater_set_mode(updater, 0644, &error)); /* for whoever comes as nobody */
  OK(hashscan_updater_commit(updater, NULL, &error));
  hashscan_updater_close(updater);
  assert_int_equal(unlink(fixture_join(lock, path, "LOCK")), 0);
  assert_int_equal(chmod(folder, 0755), 0);
  assert_int_equal(chmod(path, 0555), 0);
  const pid_t reader = fork();
  if (reader == 0) _exit(try_read_only(path));
  int status;
  waitpid(reader, &status, 0);
  chmod(path, 0755);
  assert_true(WIFEXITED(status));
  if (WEXITSTATUS(status) == 77) skip();
  assert_int_equal(WEXITSTATUS(status), 0);
}

/* ---- Reloading all the while ------------------------------------------------------------------------------------- */

enum { RELOADS = 1000, READERS = 4, PER_VERSION = 6 };

struct contest {
  hashscan_matcher *matcher;
  atomic_bool over;
  atomic_uint_fast64_t answers;
  atomic_uint_fast64_t wrong;
};

struct answer {
  const hashscan_index *index;
  unsigned hits;
  char version[32];
  bool mixed;
};

static int on_hit(void *user, const hashscan_hit *hit) {
  struct answer *answer = user;
  hashscan_entry entry = HASHSCAN_ENTRY_INIT;
  if (hashscan_index_entry(answer->index, hit->entry, &entry, NULL) != HASHSCAN_SUCCESS) return 1;
  if (answer->hits++ == 0) snprintf(answer->version, sizeof answer->version, "%s", entry.version);
  answer->mixed = answer->mixed || strcmp(answer->version, entry.version) != 0;
  return 0;
}

/* Every version has PER_VERSION entries, and no answer holds entries of two versions. */
static void *ask(void *user) {
  struct contest *contest = user;
  const uint8_t query[32] = {0};
  while (!atomic_load(&contest->over)) {
    hashscan_index *snapshot = hashscan_matcher_snapshot(contest->matcher, 0);
    struct answer answer = {.index = snapshot};
    const hashscan_code code = indexes_search(snapshot, HASHSCAN_KIND_PDQ, query, NULL, 1, 256, on_hit, &answer, NULL);
    if (code != HASHSCAN_SUCCESS || answer.hits != PER_VERSION || answer.mixed) atomic_fetch_add(&contest->wrong, 1);
    atomic_fetch_add(&contest->answers, 1);
    hashscan_index_close(snapshot);
  }
  return NULL;
}

static void put_version(hashscan_updater *updater, uint32_t n) {
  char text[PER_VERSION * 65 + 1];
  char version[16];
  hashscan_list_options options = HASHSCAN_LIST_OPTIONS_INIT;
  for (unsigned i = 0; i < PER_VERSION; i++) snprintf(text + i * 65, 66, "%064x\n", (n + i) % 9);
  snprintf(version, sizeof version, "%u", n);
  options.name = "list";
  options.version = version;
  updater->log_max_entries = n % 7 == 0 ? 0 : UPDATE_LOG_MAX_ENTRIES;
  OK(hashscan_updater_replace_list_bytes(updater, "list", text, sizeof text - 1, &options, NULL, &error));
  OK(n % 11 == 0 ? hashscan_updater_compact(updater, NULL, &error) : hashscan_updater_commit(updater, NULL, &error));
}

/* Puts a damaged MANIFEST in place by renaming, as no mapped file may change. */
static void damage_manifest(const char *path, const struct manifest *manifest, uint32_t n, bool damaged) {
  struct manifest copy = *manifest;
  uint8_t bytes[INDEX_MANIFEST_MAX_BYTES];
  char temporary[FIXTURE_PATH_SIZE];
  char name[FIXTURE_PATH_SIZE];
  size_t size = manifest_encode(&copy, bytes);
  if (damaged && n % 2 == 0) bytes[n % size] ^= 1;
  else if (damaged) size = n % size;
  fixture_write(fixture_join(temporary, path, "MANIFEST.tmp"), bytes, size);
  assert_int_equal(rename(temporary, fixture_join(name, path, "MANIFEST")), 0);
}

static void test_reload(void **unused) {
  (void)unused;
  char path[FIXTURE_PATH_SIZE];
  struct contest contest = {0};
  pthread_t readers[READERS];
  build_empty(fixture_join(path, folder, "reload"));
  hashscan_updater *updater = open_updater(path);
  put_version(updater, 0);
  OK(hashscan_matcher_create((const char *const[]){path}, 1, NULL, &contest.matcher, &error));
  for (unsigned i = 0; i < READERS; i++) assert_int_equal(pthread_create(&readers[i], NULL, ask, &contest), 0);
  for (uint32_t n = 1; n <= RELOADS; n++) {
    const bool damaged = n % 5 == 0;
    if (!damaged) put_version(updater, n);
    else damage_manifest(path, &updater->base->manifest, n, true);
    const hashscan_code code = hashscan_matcher_reload(contest.matcher, &error);
    assert_int_equal(code == HASHSCAN_SUCCESS, !damaged);
    if (damaged) damage_manifest(path, &updater->base->manifest, n, false);
  }
  atomic_store(&contest.over, true);
  for (unsigned i = 0; i < READERS; i++) pthread_join(readers[i], NULL);
  print_message("%llu answers during %d reloads\n", (unsigned long long)contest.answers, RELOADS);
  assert_int_equal(contest.wrong, 0);
  assert_true(contest.answers >= RELOADS);
  hashscan_matcher_destroy(contest.matcher);
  hashscan_updater_close(updater);
}

int main(void) {
  /* Memory where there is some: a kill does not lose what the kernel holds, and more happens between two of them. */
  if (getenv("TMPDIR") == NULL && access("/dev/shm", W_OK) == 0) setenv("TMPDIR", "/dev/shm", 1);
  fixture_folder(folder);
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_sequence),    cmocka_unit_test(test_kill),
                                     cmocka_unit_test(test_two_writers), cmocka_unit_test(test_full_disk),
                                     cmocka_unit_test(test_read_only),   cmocka_unit_test(test_reload)};
  const int failed = cmocka_run_group_tests(tests, NULL, NULL);
  fixture_remove(folder);
  return failed;
}
