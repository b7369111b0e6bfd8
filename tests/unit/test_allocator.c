/* SPDX-License-Identifier: Apache-2.0 */
/* The allocator of the process: all memory of hashers and decoders comes from it and goes back to it, none of it comes
 * from the C library beside it, and any allocation of it may fail. The linker sends malloc, calloc, realloc and
 * aligned_alloc of the library's objects through the wrappers below. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../support/expect.h"
#include "../support/fixture.h"
#include "base/memory.h"
#include "hashscan.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);

/* ---- The allocator ----------------------------------------------------------------------------------------------- */

/* In front of each piece; what lies behind it shows that it was not written past. */
struct head {
  uint64_t magic;
  uint64_t bytes;
};

#define MAGIC UINT64_C(0x68617368616c6c6f)
#define RELEASED UINT64_C(0x72656c6561736564)

static struct {
  size_t live;     /* pieces */
  size_t count;    /* ever */
  size_t fails_at; /* the number of the one that fails; 0: none */
  bool has_failed;
  size_t beside; /* allocations of the library's objects that did not come here */
  bool watches;
} world;

static void *allocate(void *user, size_t bytes) {
  assert_ptr_equal(user, &world);
  assert_true(bytes > 0);
  if (++world.count == world.fails_at) {
    world.has_failed = true;
    return NULL;
  }
  struct head *head = __real_malloc(sizeof *head + bytes + sizeof(uint64_t));
  assert_non_null(head);
  *head = (struct head){MAGIC, bytes};
  memset(head + 1, 0xa5, bytes); /* nobody may count on zeros */
  const uint64_t magic = MAGIC;
  memcpy((uint8_t *)(head + 1) + bytes, &magic, sizeof magic);
  world.live++;
  return head + 1;
}

static void release(void *user, void *memory) {
  assert_ptr_equal(user, &world);
  assert_non_null(memory);
  struct head *head = (struct head *)memory - 1;
  uint64_t behind;
  assert_int_equal(head->magic, MAGIC);
  memcpy(&behind, (uint8_t *)memory + head->bytes, sizeof behind);
  assert_int_equal(behind, MAGIC);
  head->magic = RELEASED;
  world.live--;
  free(head);
}

static void *resize(void *user, void *memory, size_t bytes) {
  void *moved = allocate(user, bytes);
  if (moved == NULL) return NULL;
  const uint64_t before = ((struct head *)memory - 1)->bytes;
  memcpy(moved, memory, before < bytes ? (size_t)before : bytes);
  release(user, memory);
  return moved;
}

static const hashscan_allocator counting = {sizeof counting, &world, allocate, resize, release};

void *__wrap_malloc(size_t size) {
  world.beside += world.watches;
  return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size) {
  world.beside += world.watches;
  return __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size) {
  world.beside += world.watches;
  return __real_realloc(old, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size) {
  world.beside += world.watches;
  return __real_aligned_alloc(alignment, size);
}

/* ---- Before it is set ------------------------------------------------------------------------------------------- */

/* What a process of its own ends with. */
static int in_a_process(int (*run)(void)) {
  const pid_t child = fork();
  if (child == 0) _exit(run());
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status));
  return WEXITSTATUS(status);
}

static int set_too_late(void) {
  hashscan_hasher *hasher;
  if (hashscan_hasher_create(NULL, &hasher, NULL) != HASHSCAN_SUCCESS) return 1;
  if (hashscan_set_allocator(&counting, NULL) != HASHSCAN_E_ARGUMENT) return 2;
  hashscan_hasher_destroy(hasher);
  return world.count == 0 ? 0 : 3;
}

static void refused_once_memory_was_allocated(void **state) {
  (void)state;
  assert_int_equal(in_a_process(set_too_late), 0);
}

static void refused_without_all_functions(void **state) {
  (void)state;
  hashscan_allocator bad = counting;
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_set_allocator(NULL, error));
  bad.allocate = NULL;
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_set_allocator(&bad, error));
  bad = counting;
  bad.resize = NULL;
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_set_allocator(&bad, error));
  bad = counting;
  bad.release = NULL;
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_set_allocator(&bad, error));
  bad = counting;
  bad.size = 3;
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_set_allocator(&bad, error));
}

/* ---- Once it is -------------------------------------------------------------------------------------------------- */

static struct fixture_picture picture;
static struct fixture_bytes jpeg, png;

static void set_once(void **state) {
  (void)state;
  assert_int_equal(hashscan_set_allocator(&counting, NULL), HASHSCAN_SUCCESS);
  EXPECT(HASHSCAN_E_ARGUMENT, hashscan_set_allocator(&counting, error));
}

static void lines_are_aligned(void **state) {
  (void)state;
  for (size_t bytes = 1; bytes < 300; bytes += 7) {
    uint8_t *line = memory_allocate_lines(bytes);
    assert_int_equal((uintptr_t)line % 64, 0);
    memset(line, 1, bytes);
    memory_release_lines(line);
    uint8_t *zeroed = memory_allocate_zeroed(bytes, 3);
    for (size_t i = 0; i < 3 * bytes; i++) assert_int_equal(zeroed[i], 0);
    memory_release(zeroed);
  }
  assert_null(memory_allocate_zeroed(SIZE_MAX / 2, 3));
  assert_null(memory_allocate_lines(SIZE_MAX - 8));
  memory_release(NULL);
  memory_release_lines(NULL);
  assert_int_equal(world.live, 0);
}

static const hashscan_level levels[] = {HASHSCAN_LEVEL_EXACT, HASHSCAN_LEVEL_FAST, HASHSCAN_LEVEL_BLOCKS};

static void start(hashscan_image_hash hashes[3]) {
  for (size_t i = 0; i < 3; i++) hashes[i] = (hashscan_image_hash)HASHSCAN_IMAGE_HASH_INIT;
}

/* A picture as a file of either format and as pixels. False when memory gave out; anything but that fails the test. */
static bool hash_all(hashscan_level level, hashscan_image_hash hashes[3]) {
  hashscan_hash_options options = HASHSCAN_HASH_OPTIONS_INIT;
  hashscan_hasher *hasher;
  hashscan_error error;
  options.level = level;
  hashscan_code code = hashscan_hasher_create(&options, &hasher, &error);
  if (code != HASHSCAN_SUCCESS) {
    assert_int_equal(code, HASHSCAN_E_MEMORY);
    assert_null(hasher);
    return false;
  }
  bool good = true;
  const struct fixture_bytes *const files[] = {&jpeg, &png};
  for (size_t i = 0; i < 2; i++) {
    assert_int_equal(hashscan_hash_image(hasher, files[i]->bytes, files[i]->size, &hashes[i], &error), 0);
    if (hashes[i].status == HASHSCAN_STATUS_OK) continue;
    assert_int_equal(hashes[i].status, HASHSCAN_STATUS_LIMIT);
    assert_int_equal(hashes[i].hash_count, 0);
    good = false;
  }
  code = hashscan_hash_pixels(hasher, picture.pixels, picture.width, picture.height, 3, (size_t)3 * picture.width,
                              &hashes[2], &error);
  if (code != HASHSCAN_SUCCESS) assert_int_equal(code, HASHSCAN_E_MEMORY);
  hashscan_hasher_destroy(hasher);
  return good && code == HASHSCAN_SUCCESS;
}

static void all_memory_comes_from_it_and_goes_back(void **state) {
  (void)state;
  for (size_t l = 0; l < 3; l++) {
    hashscan_image_hash hashes[3];
    start(hashes);
    const size_t before = world.count;
    world.beside = 0;
    world.watches = true;
    const bool good = hash_all(levels[l], hashes);
    world.watches = false;
    assert_true(good);
    assert_int_equal(world.beside, 0);
    assert_true(world.count >= before + 4);
    assert_int_equal(world.live, 0);
  }
}

static void any_of_it_may_fail(void **state) {
  (void)state;
  for (size_t l = 0; l < 3; l++) {
    hashscan_image_hash whole[3];
    start(whole);
    assert_true(hash_all(levels[l], whole));
    for (size_t k = 1;; k++) {
      hashscan_image_hash hashes[3];
      start(hashes);
      world.fails_at = world.count + k;
      world.has_failed = false;
      const bool good = hash_all(levels[l], hashes);
      world.fails_at = 0;
      assert_int_equal(world.live, 0);
      for (size_t i = 0; good && i < 3; i++)
        if (hashes[i].level == whole[i].level)
          assert_memory_equal(&hashes[i].hashes, &whole[i].hashes, sizeof whole->hashes);
      if (!world.has_failed) {
        assert_true(good);
        print_message("%s: %zu allocations, each failed once\n", hashscan_level_name(levels[l]), k - 1);
        break;
      }
    }
  }
}

static void a_control_too(void **state) {
  (void)state;
  hashscan_control *control;
  assert_int_equal(hashscan_control_create(&control, NULL), HASHSCAN_SUCCESS);
  assert_int_equal(world.live, 1);
  hashscan_control_destroy(control);
  assert_int_equal(world.live, 0);
  world.fails_at = world.count + 1;
  assert_int_equal(hashscan_control_create(&control, NULL), HASHSCAN_E_MEMORY);
  world.fails_at = 0;
  assert_null(control);
}

int main(void) {
  const struct CMUnitTest before[] = {
      cmocka_unit_test(refused_once_memory_was_allocated),
      cmocka_unit_test(refused_without_all_functions),
  };
  const struct CMUnitTest after[] = {
      cmocka_unit_test(set_once),           cmocka_unit_test(lines_are_aligned),
      cmocka_unit_test(a_control_too),      cmocka_unit_test(all_memory_comes_from_it_and_goes_back),
      cmocka_unit_test(any_of_it_may_fail),
  };
  picture = fixture_busy(7, 256, 200);
  jpeg = fixture_jpeg(&picture, 90);
  png = fixture_png(&picture);
  int failed = cmocka_run_group_tests_name("allocator, before", before, NULL, NULL);
  failed += cmocka_run_group_tests_name("allocator", after, NULL, NULL);
  fixture_picture_free(&picture);
  fixture_bytes_free(&jpeg);
  fixture_bytes_free(&png);
  return failed;
}
