/* SPDX-License-Identifier: Apache-2.0 */
/* Hashing in one process and matching in another: the hashing one has the pictures and no index, the matching one the
 * index and no picture, and what goes between them are requests one way and written image hashes the other. The
 * verdicts are those of hashscan_match_image on the same pictures. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <png.h>

#include "../support/encode.h"
#include "../support/matching.h"

enum { MADE = 14, MAX_FILES = MADE + 400, MAX_IMAGES = 24 };

/* Those that are made here, then the conformance pictures where ../shared beside the checkout has them. */
static struct fixture_bytes files[MAX_FILES];
static uint32_t file_count;

/* A question to the hashing process: which file, and what of it. */
struct question {
  uint32_t file;
  uint32_t request[4]; /* picture, view, level, digests */
};

static void transfer(ssize_t (*move)(int, void *, size_t), int fd, void *bytes, size_t size) {
  for (size_t done = 0; done < size;) {
    const ssize_t moved = move(fd, (uint8_t *)bytes + done, size - done);
    if (moved <= 0) _exit(1);
    done += (size_t)moved;
  }
}

static ssize_t write_some(int fd, void *bytes, size_t size) {
  return write(fd, bytes, size);
}

/* ---- The process that hashes --------------------------------------------------------------------------------------*/

static _Noreturn void hash_until_closed(int questions, int answers) {
  hashscan_hash_options options = HASHSCAN_HASH_OPTIONS_INIT;
  options.level = HASHSCAN_LEVEL_FAST;
  options.dihedral = 1;
  hashscan_hasher *hasher;
  struct question question;
  if (hashscan_hasher_create(&options, &hasher, NULL) != HASHSCAN_SUCCESS) _exit(1);
  while (read(questions, &question, sizeof question) == sizeof question) {
    const uint32_t *wanted = question.request;
    const hashscan_hash_request request = {sizeof request, wanted[0], (hashscan_view)wanted[1],
                                           (hashscan_level)wanted[2], wanted[3]};
    const struct fixture_bytes *file = &files[question.file];
    hashscan_image_hash hash = HASHSCAN_IMAGE_HASH_INIT;
    uint8_t bytes[HASHSCAN_IMAGE_HASH_BYTES];
    if (hashscan_hash_requested(hasher, &request, file->bytes, file->size, &hash, NULL) != HASHSCAN_SUCCESS ||
        hashscan_image_hash_encode(&hash, bytes, sizeof bytes, NULL) != HASHSCAN_SUCCESS)
      _exit(1);
    transfer(write_some, answers, bytes, sizeof bytes);
  }
  hashscan_hasher_destroy(hasher);
  _exit(0);
}

/* ---- The process that matches -------------------------------------------------------------------------------------*/

static hashscan_image_hash hash_elsewhere(int questions, int answers, uint32_t file,
                                          const hashscan_hash_request *request) {
  struct question question = {file, {request->picture, request->view, request->level, request->digests}};
  uint8_t bytes[HASHSCAN_IMAGE_HASH_BYTES];
  hashscan_image_hash hash = HASHSCAN_IMAGE_HASH_INIT;
  transfer(write_some, questions, &question, sizeof question);
  transfer(read, answers, bytes, sizeof bytes);
  assert_int_equal(hashscan_image_hash_decode(bytes, sizeof bytes, &hash, NULL), HASHSCAN_SUCCESS);
  return hash;
}

/* Returns in how many rounds the verdict was final. */
static unsigned match_elsewhere(hashscan_matcher *matcher, int questions, int answers, uint32_t file,
                                hashscan_verdict **verdict) {
  hashscan_image_hash hashes[MAX_IMAGES];
  const hashscan_image_hash *images[MAX_IMAGES];
  const hashscan_hash_request first = {sizeof first, 0, HASHSCAN_VIEW_STORED, HASHSCAN_LEVEL_FAST, 0};
  hashes[0] = hash_elsewhere(questions, answers, file, &first);
  size_t count = 1;
  for (unsigned rounds = 1;; rounds++) {
    for (size_t i = 0; i < count; i++) images[i] = &hashes[i];
    assert_int_equal(hashscan_match_hashes(matcher, images, &count, 1, NULL, verdict, NULL), HASHSCAN_SUCCESS);
    if ((*verdict)->request_count == 0) return rounds;
    assert_true((*verdict)->outcome == HASHSCAN_OUTCOME_UNEXAMINED || (*verdict)->match_count > 0);
    for (size_t i = 0; i < (*verdict)->request_count; i++) {
      assert_true(count < MAX_IMAGES);
      hashes[count++] = hash_elsewhere(questions, answers, file, (*verdict)->requests[i]);
    }
    hashscan_verdict_destroy(*verdict);
  }
}

static void expect_same(const hashscan_verdict *verdict, const hashscan_verdict *expected) {
  assert_int_equal(verdict->outcome, expected->outcome);
  assert_int_equal(verdict->status, expected->status);
  assert_int_equal(verdict->method, expected->method);
  assert_string_equal(verdict->reason, expected->reason);
  assert_int_equal(verdict->match_count, expected->match_count);
  for (size_t i = 0; i < expected->match_count; i++) {
    assert_int_equal(verdict->matches[i]->entry, expected->matches[i]->entry);
    assert_int_equal(verdict->matches[i]->kind, expected->matches[i]->kind);
    assert_int_equal(verdict->matches[i]->distance, expected->matches[i]->distance);
    assert_int_equal(verdict->matches[i]->view, expected->matches[i]->view);
    assert_int_equal(verdict->matches[i]->transform, expected->matches[i]->transform);
  }
}

/* ---- Pictures ---------------------------------------------------------------------------------------------------- */

static struct fixture_bytes copy_of(const void *bytes, size_t size) {
  uint8_t *copy = malloc(size);
  assert_non_null(copy);
  memcpy(copy, bytes, size);
  return (struct fixture_bytes){copy, size};
}

/* Black ink on nothing: the picture is its alpha, and seen on a white page alone. */
static struct fixture_bytes ink(uint64_t seed) {
  enum { SIDE = 200 };
  const struct png_recipe recipe = {.width = SIDE, .height = SIDE, .color_type = PNG_COLOR_TYPE_GRAY_ALPHA, .depth = 8};
  struct fixture_picture picture = fixture_busy(seed, SIDE, SIDE);
  uint16_t *samples = calloc((size_t)SIDE * SIDE, 2 * sizeof *samples);
  assert_non_null(samples);
  for (size_t i = 0; i < (size_t)SIDE * SIDE; i++) samples[2 * i + 1] = picture.pixels[3 * i];
  const struct encoded png = encode_png(&recipe, samples);
  free(samples);
  fixture_picture_free(&picture);
  return (struct fixture_bytes){png.bytes, png.size};
}

static void make_files(void) {
  size_t count = 0;
  for (uint64_t seed = 1; seed <= 6; seed++) {
    struct fixture_picture picture = fixture_busy(seed, 300 + 40 * (uint32_t)seed, 260);
    files[count++] = seed % 2 == 0 ? fixture_png(&picture) : fixture_jpeg(&picture, 88);
    fixture_picture_free(&picture);
  }
  struct fixture_picture flat = fixture_flat(300, 300);
  files[count++] = fixture_jpeg(&flat, 90);
  fixture_picture_free(&flat);
  files[count++] = ink(11); /* listed as it is seen on white */
  files[count++] = ink(12);
  files[count++] = copy_of(files[0].bytes, files[0].size * 15 / 16); /* damaged */
  files[count++] = copy_of(files[1].bytes, 40);                      /* corrupt */
  files[count++] = copy_of("GIF89a", 6);
  files[count++] = copy_of("no image", 8);
  files[count++] = copy_of("listed by its digest", 20);
  assert_int_equal(count, MADE);
  file_count = MADE;
}

static void add_file(const char *path) {
  struct stat status;
  FILE *file = fopen(path, "rb");
  assert_non_null(file);
  assert_int_equal(fstat(fileno(file), &status), 0);
  uint8_t *bytes = malloc((size_t)status.st_size);
  assert_non_null(bytes);
  assert_int_equal(fread(bytes, 1, (size_t)status.st_size, file), status.st_size);
  fclose(file);
  files[file_count++] = (struct fixture_bytes){bytes, (size_t)status.st_size};
}

static void add_folder(const char *path) {
  struct dirent **names;
  const int count = scandir(path, &names, NULL, alphasort);
  for (int i = 0; i < count; i++) {
    char child[FIXTURE_PATH_SIZE];
    if (names[i]->d_name[0] != '.' && file_count < MAX_FILES) add_file(fixture_join(child, path, names[i]->d_name));
    free(names[i]);
  }
  if (count >= 0) free(names);
}

static void list_some(const char *path) {
  hashscan_hash_options options = HASHSCAN_HASH_OPTIONS_INIT;
  hashscan_hasher *hasher;
  hashscan_builder *builder;
  hashscan_image_hash hash = HASHSCAN_IMAGE_HASH_INIT;
  hashscan_hash_request request = HASHSCAN_HASH_REQUEST_INIT;
  assert_int_equal(hashscan_hasher_create(&options, &hasher, NULL), HASHSCAN_SUCCESS);
  assert_int_equal(hashscan_builder_create(&builder, NULL), HASHSCAN_SUCCESS);
  for (unsigned file = 0; file < 6; file += 2) { /* at distances 0, 16 and 32, of which the last is none */
    assert_int_equal(hashscan_hash_requested(hasher, &request, files[file].bytes, files[file].size, &hash, NULL),
                     HASHSCAN_SUCCESS);
    const hashscan_pdq entry = fixture_flip_bits(hash.hashes[0], 8 * file, file);
    fixture_add(builder, HASHSCAN_KIND_PDQ, entry.bytes, "picture");
  }
  request.view = HASHSCAN_VIEW_ON_WHITE;
  assert_int_equal(hashscan_hash_requested(hasher, &request, files[7].bytes, files[7].size, &hash, NULL),
                   HASHSCAN_SUCCESS);
  fixture_add(builder, HASHSCAN_KIND_PDQ, hash.hashes[0].bytes, "ink");
  request = (hashscan_hash_request)HASHSCAN_HASH_REQUEST_INIT;
  request.digests = 1u << HASHSCAN_KIND_SHA1;
  assert_int_equal(hashscan_hash_requested(hasher, &request, files[MADE - 1].bytes, files[MADE - 1].size, &hash, NULL),
                   HASHSCAN_SUCCESS);
  fixture_add(builder, HASHSCAN_KIND_SHA1, hash.sha1, "digest");
  assert_int_equal(hashscan_builder_write(builder, path, NULL), HASHSCAN_SUCCESS);
  hashscan_builder_destroy(builder);
  hashscan_hasher_destroy(hasher);
}

static void verdicts_are_those_of_one_process(void **state) {
  (void)state;
  int questions[2], answers[2];
  make_files();
  add_folder("../shared/conformance/jpeg");
  add_folder("../shared/conformance/png");
  assert_int_equal(pipe(questions), 0);
  assert_int_equal(pipe(answers), 0);
  const pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    close(questions[1]);
    close(answers[0]);
    hash_until_closed(questions[0], answers[1]);
  }
  close(questions[0]);
  close(answers[1]);
  list_some(matching.index);
  hashscan_matcher *matcher = matching_open(matching.index, NULL);
  unsigned outcomes[HASHSCAN_OUTCOME_COUNT] = {0};
  unsigned most_rounds = 0;
  for (uint32_t file = 0; file < file_count; file++) {
    hashscan_verdict *verdict;
    const unsigned rounds = match_elsewhere(matcher, questions[1], answers[0], file, &verdict);
    hashscan_verdict *expected = matching_verdict(matcher, files[file].bytes, files[file].size);
    expect_same(verdict, expected);
    if (file < MADE) outcomes[verdict->outcome]++;
    if (rounds > most_rounds) most_rounds = rounds;
    hashscan_verdict_destroy(expected);
    hashscan_verdict_destroy(verdict);
  }
  close(questions[1]);
  close(answers[0]);
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  printf("%u pictures of the conformance set\n", (unsigned)(file_count - MADE));
  assert_int_equal(outcomes[HASHSCAN_OUTCOME_MATCH], 5); /* two, one of them damaged too; the ink; the digest */
  assert_int_equal(outcomes[HASHSCAN_OUTCOME_UNEXAMINED], 2);
  assert_int_equal(outcomes[HASHSCAN_OUTCOME_NOT_IMAGE], 1);
  assert_int_equal(outcomes[HASHSCAN_OUTCOME_NO_MATCH], 6);
  assert_true(most_rounds >= 3); /* the stored view, the others, the exact hash of one of them */
  hashscan_matcher_destroy(matcher);
  for (size_t i = 0; i < file_count; i++) fixture_bytes_free(&files[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(verdicts_are_those_of_one_process)};
  return cmocka_run_group_tests(tests, matching_set_up, matching_tear_down);
}
