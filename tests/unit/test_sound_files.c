/* SPDX-License-Identifier: Apache-2.0 */
/* Photographs and the conformance pictures through the oracle, where ../shared beside the checkout has them. Only one
 * in a few of the photographs when a sanitizer makes everything slow. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../support/expect.h"
#include "../support/sanitized.h"
#include "../support/sound.h"

enum { EVERY = SANITIZED ? 4 : 1 };

/* The checkout's, from its root or from the build folder. */
static const char *shared_folder(char path[FIXTURE_PATH_SIZE], const char *name) {
  const char *source = __FILE__, *end = strstr(source, "tests/unit/");
  const char *given = getenv("HASHSCAN_SHARED");
  if (given != NULL) snprintf(path, FIXTURE_PATH_SIZE, "%s/%s", given, name);
  else snprintf(path, FIXTURE_PATH_SIZE, "%.*s../shared/%s", (int)(end - source), source, name);
  return path;
}

static void check_file(const char *kind, const char *path, size_t size) {
  FILE *file = fopen(path, "rb");
  assert_non_null(file);
  uint8_t *bytes = malloc(size);
  assert_non_null(bytes);
  assert_int_equal(fread(bytes, 1, size, file), size);
  fclose(file);
  sound_check(kind, bytes, size);
  free(bytes);
}

/* One file in `every`, in the order of their names. */
static void check_folder(const char *kind, const char *folder, unsigned every) {
  struct dirent **names;
  const int count = scandir(folder, &names, NULL, alphasort);
  assert_true(count > 0);
  for (int i = 0; i < count; i++) {
    char path[FIXTURE_PATH_SIZE];
    struct stat status;
    assert_int_equal(stat(fixture_join(path, folder, names[i]->d_name), &status), 0);
    if (S_ISREG(status.st_mode) && (unsigned)i % every == 0) check_file(kind, path, (size_t)status.st_size);
    free(names[i]);
  }
  free(names);
}

/* Skips the test when the folder is absent. */
static void check_shared(const char *kind, const char *name, unsigned every) {
  char path[FIXTURE_PATH_SIZE];
  struct stat status;
  if (stat(shared_folder(path, name), &status) != 0) {
    printf("\nSKIPPED: %s: there is no %s\n", kind, path);
    skip();
  }
  check_folder(kind, path, every);
  sound_expect_hashed();
  sound_end(kind);
}

static void conformance_pngs(void **state) {
  (void)state;
  check_shared("conformance PNGs", "conformance/png", EVERY);
}

static void conformance_jpegs(void **state) {
  (void)state;
  check_shared("conformance JPEGs", "conformance/jpeg", EVERY);
}

static void photos_of_1024(void **state) {
  (void)state;
  check_shared("photos j1024", "photos/j1024", EVERY);
}

static void photos_of_640(void **state) {
  (void)state;
  check_shared("photos j640", "photos/j640", EVERY);
}

static void progressive_photos(void **state) {
  (void)state;
  check_shared("photos prog1024", "photos/prog1024", EVERY);
}

static void small_photos(void **state) {
  (void)state;
  check_shared("photos c480-q60-420", "photos/c480-q60-420", EVERY);
}

static void photos_of_4_2_2(void **state) {
  (void)state;
  check_shared("photos c800-q95-422", "photos/c800-q95-422", EVERY);
}

static void photos_of_4_4_4(void **state) {
  (void)state;
  check_shared("photos c1600-q92-444", "photos/c1600-q92-444", EVERY);
}

static void large_photos(void **state) {
  (void)state;
  check_shared("photos c2048-q80-420", "photos/c2048-q80-420", EVERY);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(conformance_pngs), cmocka_unit_test(conformance_jpegs),  cmocka_unit_test(photos_of_1024),
      cmocka_unit_test(photos_of_640),    cmocka_unit_test(progressive_photos), cmocka_unit_test(small_photos),
      cmocka_unit_test(photos_of_4_2_2),  cmocka_unit_test(photos_of_4_4_4),    cmocka_unit_test(large_photos),
  };
  return cmocka_run_group_tests(tests, sound_set_up, sound_tear_down);
}
