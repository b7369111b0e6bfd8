/* SPDX-License-Identifier: Apache-2.0 */
/* Whole pictures are matched on several threads through a thousand reloads, one in five of an index that is damaged:
 * each is answered, from one valid version, and from one that was in use between its start and its end.
 *
 * The matcher's path is a symbolic link that is turned to a fresh folder by a rename for each version, so that nobody
 * sees a folder change, and the folders left behind are removed at once: what is still in use lives on as mappings. */
#include <dirent.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../support/entries.h"
#include "../support/expect.h"
#include "../support/fixture.h"
#include "../support/indexes.h"
#include "../support/random.h"

enum { RELOADS = 1000, MATCHING_THREADS = 4, PICTURES = 5, HELD = 3 };

static char folder[FIXTURE_PATH_SIZE];
static char link_path[FIXTURE_PATH_SIZE];
static hashscan_error error;

struct known {
  struct fixture_bytes jpeg;
  hashscan_pdq hash;
};

static struct known pictures[PICTURES];

/* ---- Versions ---------------------------------------------------------------------------------------------------- */

/* Damage comes in every fifth version. */
static bool is_valid(unsigned version) {
  return version % 5 != 4;
}

/* How far the entries of a version are from their pictures. */
static unsigned distance_in(unsigned version) {
  return version % 13 * 2;
}

static void put_entry(hashscan_updater *updater, unsigned version, const hashscan_pdq *hash, const char *id) {
  char text[16];
  snprintf(text, sizeof text, "%u", version);
  const hashscan_entry entry = entry_labelled(HASHSCAN_KIND_PDQ, hash->bytes, "live", text, id, ENTRY_LABELS("A1"));
  OK(hashscan_updater_add(updater, &entry, &error));
}

/* An entry for each picture, the first of them in a segment and, in two of three versions, the others in the log. */
static void write_version(const char *path, unsigned version) {
  hashscan_builder *builder = indexes_builder();
  hashscan_updater *updater;
  indexes_fill(builder, version % 7, version % 7 + 40);
  OK(hashscan_builder_write(builder, path, &error));
  hashscan_builder_destroy(builder);
  OK(hashscan_updater_open(path, &updater, &error));
  for (unsigned i = 0; i < PICTURES; i++) {
    char id[24];
    snprintf(id, sizeof id, "%u-%u", version, i);
    const hashscan_pdq hash = fixture_flip_bits(pictures[i].hash, distance_in(version), version);
    put_entry(updater, version, &hash, id);
    if (i == 0 && version % 3 > 0) OK(hashscan_updater_compact(updater, NULL, &error));
  }
  OK(version % 3 == 0 ? hashscan_updater_compact(updater, NULL, &error)
                      : hashscan_updater_commit(updater, NULL, &error));
  hashscan_updater_close(updater);
}

/* ---- Damage ------------------------------------------------------------------------------------------------------ */

/* The `chosen`th of the files that hold the index, counted around. */
static void choose_file(const char *path, unsigned chosen, char file[FIXTURE_PATH_SIZE]) {
  struct dirent **names;
  unsigned count = 0;
  unsigned kept[8] = {0};
  const int listed = scandir(path, &names, NULL, alphasort);
  assert_in_range(listed, 1, 8);
  for (int i = 0; i < listed; i++)
    if (names[i]->d_name[0] != '.' && strcmp(names[i]->d_name, "LOCK") != 0) kept[count++] = (unsigned)i;
  assert_in_range(count, 2, 3);
  fixture_join(file, path, names[kept[chosen % count]]->d_name);
  for (int i = 0; i < listed; i++) free(names[i]);
  free(names);
}

static void flip_byte(const char *file, uint64_t where) {
  FILE *stream = fopen(file, "r+b");
  assert_non_null(stream);
  assert_int_equal(fseek(stream, (long)where, SEEK_SET), 0);
  const int byte = fgetc(stream);
  assert_int_not_equal(byte, EOF);
  assert_int_equal(fseek(stream, (long)where, SEEK_SET), 0);
  assert_int_not_equal(fputc(byte ^ 0x10, stream), EOF);
  assert_int_equal(fclose(stream), 0);
}

/* Before anybody can see the folder: cuts a file, flips a byte of it, or removes it. */
static void damage(const char *path, unsigned version) {
  struct random_state random = random_seeded(version);
  char file[FIXTURE_PATH_SIZE];
  struct stat found;
  choose_file(path, (unsigned)random_next(&random) % 3, file);
  assert_int_equal(stat(file, &found), 0);
  const uint64_t where = random_next(&random) % (uint64_t)found.st_size;
  switch (version / 5 % 3) {
  case 0:
    assert_int_equal(truncate(file, (off_t)where), 0);
    break;
  case 1:
    flip_byte(file, where);
    break;
  default:
    assert_int_equal(unlink(file), 0);
  }
}

/* ---- Publishing -------------------------------------------------------------------------------------------------- */

static void version_path(char path[FIXTURE_PATH_SIZE], unsigned version) {
  char name[24];
  snprintf(name, sizeof name, "version-%u", version);
  fixture_join(path, folder, name);
}

static void publish(unsigned version) {
  char path[FIXTURE_PATH_SIZE];
  char fresh[FIXTURE_PATH_SIZE];
  version_path(path, version);
  write_version(path, version);
  if (!is_valid(version)) damage(path, version);
  assert_int_equal(symlink(path, fixture_join(fresh, folder, "fresh")), 0);
  assert_int_equal(rename(fresh, link_path), 0);
  if (version == 0) return;
  version_path(path, version - 1);
  fixture_remove(path);
}

/* ---- Matching ---------------------------------------------------------------------------------------------------- */

struct contest {
  hashscan_matcher *matcher;
  atomic_bool over;
  atomic_uint loaded;  /* the last version whose reload succeeded */
  atomic_uint loading; /* the version that may be in use as soon as this is set */
  atomic_uint asked;
  atomic_uint answers;
  atomic_uint wrong;
};

/* Whether the verdict is what one version says of the picture, and nothing else. */
static bool says(const hashscan_verdict *verdict, unsigned picture, unsigned *version) {
  char id[24];
  char text[16];
  if (verdict->outcome != HASHSCAN_OUTCOME_MATCH || verdict->status != HASHSCAN_STATUS_OK || verdict->match_count != 1)
    return false;
  const hashscan_match *match = verdict->matches[0];
  *version = (unsigned)strtoul(match->id, NULL, 10);
  snprintf(id, sizeof id, "%u-%u", *version, picture);
  snprintf(text, sizeof text, "%u", *version);
  return strcmp(match->id, id) == 0 && strcmp(match->version, text) == 0 && strcmp(match->list, "live") == 0 &&
         strcmp(match->labels[0], "A1") == 0 && match->distance == distance_in(*version) && is_valid(*version);
}

/* A verdict that is kept while others come, to be read again when its version is long gone. */
struct held {
  hashscan_verdict *verdict;
  unsigned picture;
  unsigned version;
  bool given;
};

static bool match_one(struct contest *contest, hashscan_hasher *hasher, struct held *held, unsigned picture) {
  const unsigned earliest = atomic_load(&contest->loaded);
  const struct fixture_bytes *jpeg = &pictures[picture].jpeg;
  unsigned version;
  if (held->given && (!says(held->verdict, held->picture, &version) || version != held->version)) return false;
  held->given = false;
  hashscan_verdict_destroy(held->verdict);
  if (hashscan_match_image(contest->matcher, hasher, jpeg->bytes, jpeg->size, &held->verdict, NULL) != HASHSCAN_SUCCESS)
    return false;
  if (!says(held->verdict, picture, &held->version)) return false;
  held->picture = picture;
  held->given = true;
  return held->version >= earliest && held->version <= atomic_load(&contest->loading);
}

static void *match_until_over(void *user) {
  struct contest *contest = user;
  struct held held[HELD] = {{.given = false}};
  hashscan_hasher *hasher;
  if (hashscan_matcher_hasher(contest->matcher, &hasher, NULL) != HASHSCAN_SUCCESS) abort();
  while (!atomic_load(&contest->over)) {
    const unsigned turn = atomic_fetch_add(&contest->asked, 1);
    if (!match_one(contest, hasher, &held[turn % HELD], turn % PICTURES)) atomic_fetch_add(&contest->wrong, 1);
    atomic_fetch_add(&contest->answers, 1);
  }
  for (unsigned i = 0; i < HELD; i++) hashscan_verdict_destroy(held[i].verdict);
  hashscan_hasher_destroy(hasher);
  return NULL;
}

/* ---- Reloading --------------------------------------------------------------------------------------------------- */

static void reload(struct contest *contest, unsigned version) {
  hashscan_index *before = hashscan_matcher_snapshot(contest->matcher, 0);
  publish(version);
  if (is_valid(version)) atomic_store(&contest->loading, version);
  memset(&error, 0, sizeof error);
  const hashscan_code code = hashscan_matcher_reload(contest->matcher, &error);
  hashscan_index *after = hashscan_matcher_snapshot(contest->matcher, 0);
  if (is_valid(version)) {
    if (code != HASHSCAN_SUCCESS) fail_msg("version %u: %s", version, error.message);
    assert_ptr_not_equal(before, after);
    atomic_store(&contest->loaded, version);
  } else {
    assert_true(code == HASHSCAN_E_FORMAT || code == HASHSCAN_E_IO || code == HASHSCAN_E_VERSION);
    assert_int_equal(error.code, code);
    assert_true(error.message[0] != '\0' && strchr(error.message, '\n') == NULL);
    assert_ptr_equal(before, after);
  }
  hashscan_index_close(before);
  hashscan_index_close(after);
}

/* Lets a match begin and end under the version that is in use now. */
static void wait_for_answer(const struct contest *contest) {
  const unsigned enough = atomic_load(&contest->answers) + MATCHING_THREADS + 1;
  while ((int)(atomic_load(&contest->answers) - enough) < 0) usleep(100);
}

static void test_matching_through_reloads(void **unused) {
  (void)unused;
  static struct contest contest; /* outlives a test that fails while threads run */
  publish(0);
  pthread_t threads[MATCHING_THREADS];
  OK(hashscan_matcher_create((const char *const[]){link_path}, 1, NULL, &contest.matcher, &error));
  for (size_t i = 0; i < MATCHING_THREADS; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, match_until_over, &contest), 0);
  for (unsigned version = 1; version <= RELOADS; version++) {
    reload(&contest, version);
    if (version % 4 == 0) wait_for_answer(&contest);
  }
  atomic_store(&contest.over, true);
  for (size_t i = 0; i < MATCHING_THREADS; i++) pthread_join(threads[i], NULL);
  print_message("%u pictures matched during %d reloads\n", atomic_load(&contest.answers), RELOADS);
  assert_int_equal(atomic_load(&contest.wrong), 0);
  assert_int_equal(atomic_load(&contest.answers), atomic_load(&contest.asked));
  assert_true(atomic_load(&contest.answers) >= RELOADS);
  hashscan_matcher_destroy(contest.matcher);
}

/* Several threads reload at once, of an index that changes under them: whoever succeeds gets a valid version, and in
 * the end it is the last. */
struct crowd {
  hashscan_matcher *matcher;
  atomic_bool over;
  atomic_uint failed;
};

static void *reload_until_over(void *user) {
  struct crowd *crowd = user;
  while (!atomic_load(&crowd->over))
    if (hashscan_matcher_reload(crowd->matcher, NULL) != HASHSCAN_SUCCESS) atomic_fetch_add(&crowd->failed, 1);
  return NULL;
}

static void test_reloads_at_once(void **unused) {
  (void)unused;
  enum { ROUNDS = 100 };
  char path[FIXTURE_PATH_SIZE];
  static struct crowd crowd;
  pthread_t threads[MATCHING_THREADS];
  hashscan_updater *updater;
  fixture_join(path, folder, "crowd");
  write_version(path, 0);
  OK(hashscan_matcher_create((const char *const[]){path}, 1, NULL, &crowd.matcher, &error));
  OK(hashscan_updater_open(path, &updater, &error));
  for (size_t i = 0; i < MATCHING_THREADS; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, reload_until_over, &crowd), 0);
  for (unsigned round = 1; round <= ROUNDS; round++) {
    put_entry(updater, round, &pictures[0].hash, "crowd");
    OK(round % 9 == 0 ? hashscan_updater_compact(updater, NULL, &error)
                      : hashscan_updater_commit(updater, NULL, &error));
  }
  atomic_store(&crowd.over, true);
  for (size_t i = 0; i < MATCHING_THREADS; i++) pthread_join(threads[i], NULL);
  OK(hashscan_matcher_reload(crowd.matcher, &error));
  hashscan_index *last = hashscan_matcher_snapshot(crowd.matcher, 0);
  hashscan_index *opened = indexes_open(path);
  hashscan_index_info in_use = HASHSCAN_INDEX_INFO_INIT, on_disk = HASHSCAN_INDEX_INFO_INIT;
  hashscan_index_describe(last, &in_use, NULL);
  hashscan_index_describe(opened, &on_disk, NULL);
  assert_int_equal(atomic_load(&crowd.failed), 0);
  assert_string_equal(in_use.digest, on_disk.digest);
  assert_int_equal(in_use.entries, 40 + PICTURES + ROUNDS);
  hashscan_index_close(last);
  hashscan_index_close(opened);
  hashscan_updater_close(updater);
  hashscan_matcher_destroy(crowd.matcher);
}

static void make_pictures(void) {
  for (unsigned i = 0; i < PICTURES; i++) {
    struct fixture_picture picture = fixture_busy(100 + i, 96 + 8 * i, 80);
    pictures[i].jpeg = fixture_jpeg(&picture, 90);
    fixture_picture_free(&picture);
    const hashscan_image_hash hash = fixture_hash(&pictures[i].jpeg);
    pictures[i].hash = hash.hashes[0];
  }
}

int main(void) {
  if (getenv("TMPDIR") == NULL && access("/dev/shm", W_OK) == 0) setenv("TMPDIR", "/dev/shm", 1);
  fixture_folder(folder);
  fixture_join(link_path, folder, "index");
  make_pictures();
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_matching_through_reloads),
                                     cmocka_unit_test(test_reloads_at_once)};
  const int failed = cmocka_run_group_tests_name("reload", tests, NULL, NULL);
  for (unsigned i = 0; i < PICTURES; i++) fixture_bytes_free(&pictures[i].jpeg);
  fixture_remove(folder);
  return failed;
}
