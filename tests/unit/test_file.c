/* SPDX-License-Identifier: Apache-2.0 */
/* Files: what is no regular file, change during a read (by standing between the library and pread), streams, mappings,
 * and writes that fail half way; and UTF-8. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../support/fixture.h"
#include "base/file.h"
#include "base/file_read.h"
#include "base/utf8.h"

static char folder[FIXTURE_PATH_SIZE];
static struct buffer buffer;
static char reason[160];
static const struct file_access owner_only = {.mode = ACCESS_PRIVATE};

static const char *path_of(const char *name) {
  static char path[FIXTURE_PATH_SIZE];
  return fixture_join(path, folder, name);
}

static hashscan_status read_path(const char *path) {
  reason[0] = '\0';
  return file_read(AT_FDCWD, path, UINT64_MAX, &buffer, reason);
}

static void assert_read_fails(const char *path, hashscan_status outcome, const char *text) {
  assert_int_equal(read_path(path), outcome);
  assert_string_equal(reason, text);
  assert_int_equal(buffer.size, 0);
}

/* ---- A pread that tests can disturb; the library's calls end up here ------------------------------------------- */

static void (*before_pread)(int fd);
static size_t pread_most = SIZE_MAX;
static int pread_interruptions;

ssize_t pread(int fd, void *bytes, size_t size, off_t offset) {
  if (before_pread != NULL) before_pread(fd);
  if (pread_interruptions > 0) {
    pread_interruptions--;
    errno = EINTR;
    return -1;
  }
  return syscall(SYS_pread64, fd, bytes, size < pread_most ? size : pread_most, offset);
}

static int reset(void **unused) {
  (void)unused;
  before_pread = NULL;
  pread_most = SIZE_MAX;
  pread_interruptions = 0;
  return 0;
}

/* ---- Whole reads ----------------------------------------------------------------------------------------------- */

static void test_read(void **unused) {
  (void)unused;
  uint8_t bytes[10000];
  for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(i * 7);
  fixture_write(path_of("data"), bytes, sizeof bytes);
  pread_most = 999;
  pread_interruptions = 3;
  assert_int_equal(read_path(path_of("data")), HASHSCAN_STATUS_OK);
  assert_int_equal(buffer.size, sizeof bytes);
  assert_memory_equal(buffer.bytes, bytes, sizeof bytes);
  assert_int_equal(pread_interruptions, 0);

  fixture_write(path_of("empty"), "", 0);
  assert_int_equal(read_path(path_of("empty")), HASHSCAN_STATUS_OK);
  assert_int_equal(buffer.size, 0);

  assert_int_equal(symlink("data", path_of("link")), 0);
  assert_int_equal(read_path(path_of("link")), HASHSCAN_STATUS_OK);
  assert_int_equal(buffer.size, sizeof bytes);

  const int dirfd = open(folder, O_RDONLY | O_DIRECTORY);
  assert_int_equal(file_read(dirfd, "data", sizeof bytes, &buffer, reason), HASHSCAN_STATUS_OK);
  assert_int_equal(file_read(dirfd, "data", sizeof bytes - 1, &buffer, reason), HASHSCAN_STATUS_LIMIT);
  assert_string_equal(reason, "10000 bytes, more than max_file_bytes 9999");
  close(dirfd);
}

static void test_not_regular(void **unused) {
  (void)unused;
  assert_read_fails(folder, HASHSCAN_STATUS_UNSUPPORTED, "a folder, not a regular file");
  assert_int_equal(mkfifo(path_of("fifo"), 0600), 0);
  assert_read_fails(path_of("fifo"), HASHSCAN_STATUS_UNSUPPORTED, "a FIFO, not a regular file");
  assert_read_fails("/dev/zero", HASHSCAN_STATUS_UNSUPPORTED, "a character device, not a regular file");
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "%.100s", path_of("socket"));
  assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
  assert_read_fails(path_of("socket"), HASHSCAN_STATUS_UNSUPPORTED, "a socket, not a regular file");
  close(fd);
}

static void test_unreadable(void **unused) {
  (void)unused;
  assert_read_fails(path_of("missing"), HASHSCAN_STATUS_UNREADABLE, strerror(ENOENT));
  assert_int_equal(symlink("missing", path_of("dangling")), 0);
  assert_read_fails(path_of("dangling"), HASHSCAN_STATUS_UNREADABLE, "a dangling symbolic link");
  assert_int_equal(symlink("loop", path_of("loop")), 0);
  assert_read_fails(path_of("loop"), HASHSCAN_STATUS_UNREADABLE, strerror(ELOOP));
}

static void write_behind(int fd, const char *how) {
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  FILE *file = fopen(path, how);
  assert_non_null(file);
  fputs("x", file);
  assert_int_equal(fclose(file), 0);
}

static void shrink(int fd) {
  write_behind(fd, "w");
}

static void grow(int fd) {
  write_behind(fd, "a");
}

static void touch(int fd) {
  const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = 1234567}};
  assert_int_equal(futimens(fd, times), 0);
}

static void link_again(int fd) {
  assert_int_equal(fchmod(fd, 0640), 0);
}

static void test_changed(void **unused) {
  (void)unused;
  const struct {
    void (*change)(int fd);
    const char *text;
  } cases[] = {
      {shrink, "shrank while being read"}, {grow, "grew while being read"}, {touch, "was modified while being read"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    fixture_write(path_of("moving"), "0123456789", 10);
    before_pread = cases[i].change;
    assert_read_fails(path_of("moving"), HASHSCAN_STATUS_CHANGED, cases[i].text);
  }
  /* Other permissions leave the bytes alone. */
  fixture_write(path_of("moving"), "0123456789", 10);
  before_pread = link_again;
  assert_int_equal(read_path(path_of("moving")), HASHSCAN_STATUS_OK);
}

/* ---- Streams --------------------------------------------------------------------------------------------------- */

/* A pipe whose writer sends `size` bytes in two halves. */
static int start_writer(size_t size, pid_t *child) {
  int ends[2];
  assert_int_equal(pipe(ends), 0);
  *child = fork();
  if (*child == 0) {
    close(ends[0]);
    for (size_t i = 0; i < size; i++) {
      const uint8_t byte = (uint8_t)i;
      if (i == size / 2) usleep(20000);
      if (write(ends[1], &byte, 1) != 1) _exit(0);
    }
    _exit(0);
  }
  close(ends[1]);
  return ends[0];
}

static void test_stream(void **unused) {
  (void)unused;
  const size_t size = 150000;
  pid_t child;
  int fd = start_writer(size, &child);
  fcntl(fd, F_SETFL, O_NONBLOCK);
  assert_int_equal(file_read_stream(fd, size, &buffer, reason), HASHSCAN_STATUS_OK);
  assert_int_equal(buffer.size, size);
  for (size_t i = 0; i < size; i++) assert_int_equal(buffer.bytes[i], (uint8_t)i);
  close(fd);
  waitpid(child, NULL, 0);

  fd = start_writer(size, &child);
  assert_int_equal(file_read_stream(fd, size - 1, &buffer, reason), HASHSCAN_STATUS_LIMIT);
  assert_int_equal(buffer.size, 0);
  close(fd);
  waitpid(child, NULL, 0);

  fd = open("/dev/null", O_WRONLY);
  assert_int_equal(file_read_stream(fd, size, &buffer, reason), HASHSCAN_STATUS_UNREADABLE);
  assert_string_equal(reason, "Bad file descriptor");
  close(fd);
}

/* ---- Mappings -------------------------------------------------------------------------------------------------- */

static void assert_map_fails(int dirfd, const char *name, int errnum, bool missing) {
  struct file_map map;
  hashscan_error error;
  char message[sizeof error.message];
  snprintf(message, sizeof message, "f/%s: %s", name, strerror(errnum));
  assert_int_equal(file_map_open(dirfd, "f", name, &map, &error), HASHSCAN_E_IO);
  assert_string_equal(error.message, message);
  assert_int_equal(map.missing, missing);
  assert_null(map.bytes);
}

static void test_map(void **unused) {
  (void)unused;
  struct file_map map;
  const int dirfd = open(folder, O_RDONLY | O_DIRECTORY);
  fixture_write(path_of("map"), "abc", 3);
  assert_int_equal(file_map_open(dirfd, "f", "map", &map, NULL), HASHSCAN_SUCCESS);
  assert_int_equal(map.size, 3);
  assert_memory_equal(map.bytes, "abc", 3);
  file_map_close(&map);
  file_map_close(&map);

  fixture_write(path_of("none"), "", 0);
  assert_int_equal(file_map_open(dirfd, "f", "none", &map, NULL), HASHSCAN_SUCCESS);
  assert_null(map.bytes);
  assert_int_equal(map.size, 0);
  file_map_close(&map);

  assert_int_equal(symlink("map", path_of("map-link")), 0);
  assert_int_equal(mkfifo(path_of("map-fifo"), 0600), 0);
  assert_map_fails(dirfd, "map-link", ELOOP, false);
  assert_map_fails(dirfd, "map-fifo", EINVAL, false);
  assert_map_fails(dirfd, ".", EISDIR, false);
  assert_map_fails(dirfd, "absent", ENOENT, true);
  close(dirfd);
}

/* ---- Writes ---------------------------------------------------------------------------------------------------- */

static void assert_holds(const char *name, const char *text) {
  assert_int_equal(read_path(path_of(name)), HASHSCAN_STATUS_OK);
  assert_int_equal(buffer.size, strlen(text));
  assert_memory_equal(buffer.bytes, text, strlen(text));
}

static void test_write(void **unused) {
  (void)unused;
  const int dirfd = open(folder, O_RDONLY | O_DIRECTORY);
  struct file_writer writer;
  fixture_write(path_of("temporary"), "a leftover", 10);
  fixture_write(path_of("final"), "old", 3);
  assert_int_equal(file_writer_open(&writer, dirfd, "temporary", &owner_only, NULL), HASHSCAN_SUCCESS);
  file_writer_put(&writer, "0123", 4);
  file_writer_put(&writer, "456", 3);
  assert_int_equal(writer.offset, 7);
  file_writer_patch(&writer, 2, "ab", 2);
  file_writer_put(&writer, "789", 3);
  assert_holds("final", "old");
  assert_int_equal(file_writer_commit(&writer, "final", NULL), HASHSCAN_SUCCESS);
  assert_holds("final", "01ab456789");
  assert_int_not_equal(access(path_of("temporary"), F_OK), 0);

  assert_int_equal(file_writer_open(&writer, dirfd, "temporary", &owner_only, NULL), HASHSCAN_SUCCESS);
  file_writer_put(&writer, "gone", 4);
  file_writer_abort(&writer);
  assert_int_not_equal(access(path_of("temporary"), F_OK), 0);
  assert_holds("final", "01ab456789");
  close(dirfd);
}

static void test_large_write(void **unused) {
  (void)unused;
  const size_t size = 3 << 20;
  uint8_t *bytes = malloc(size);
  assert_non_null(bytes);
  for (size_t i = 0; i < size; i++) bytes[i] = (uint8_t)(i * i >> 7);
  const int dirfd = open(folder, O_RDONLY | O_DIRECTORY);
  struct file_writer writer;
  assert_int_equal(file_writer_open(&writer, dirfd, "temporary", &owner_only, NULL), HASHSCAN_SUCCESS);
  const size_t pieces[] = {0, 1, 700000, 1 << 20, 900000, 12345};
  size_t put = 0;
  for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
    file_writer_put(&writer, bytes + put, pieces[i]);
    put += pieces[i];
  }
  file_writer_put(&writer, bytes + put, size - put);
  assert_int_equal(writer.offset, size);
  assert_int_equal(file_writer_commit(&writer, "large", NULL), HASHSCAN_SUCCESS);
  assert_int_equal(read_path(path_of("large")), HASHSCAN_STATUS_OK);
  assert_int_equal(buffer.size, size);
  assert_memory_equal(buffer.bytes, bytes, size);
  close(dirfd);
  free(bytes);
}

static void test_full_disk(void **unused) {
  (void)unused;
  fixture_write(path_of("kept"), "old", 3);
  signal(SIGXFSZ, SIG_IGN);
  struct rlimit before;
  getrlimit(RLIMIT_FSIZE, &before);
  const struct rlimit small = {4096, before.rlim_max};
  const int dirfd = open(folder, O_RDONLY | O_DIRECTORY);
  struct file_writer writer;
  hashscan_error error;
  assert_int_equal(file_writer_open(&writer, dirfd, "temporary", &owner_only, NULL), HASHSCAN_SUCCESS);
  const uint8_t bytes[5000] = {0};
  file_writer_put(&writer, bytes, sizeof bytes);
  setrlimit(RLIMIT_FSIZE, &small);
  const hashscan_code code = file_writer_commit(&writer, "kept", &error);
  setrlimit(RLIMIT_FSIZE, &before);
  assert_int_equal(code, HASHSCAN_E_IO);
  assert_string_equal(error.message, "cannot write kept: File too large");
  assert_holds("kept", "old");
  assert_int_not_equal(access(path_of("temporary"), F_OK), 0);
  close(dirfd);
}

static void test_unwritable_folder(void **unused) {
  (void)unused;
  struct file_writer writer;
  hashscan_error error;
  const int dirfd = open("/proc/self", O_RDONLY | O_DIRECTORY);
  assert_int_equal(file_writer_open(&writer, dirfd, "temporary", &owner_only, &error), HASHSCAN_E_IO);
  close(dirfd);
}

/* ---- UTF-8 ----------------------------------------------------------------------------------------------------- */

/* By decoding to a code point and looking at its range, where the library compares bytes with a table. */
static bool naive_utf8(const uint8_t *bytes, size_t size) {
  static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  for (size_t i = 0; i < size;) {
    const uint8_t lead = bytes[i];
    const size_t length = lead < 0x80 ? 1 : lead >> 5 == 6 ? 2 : lead >> 4 == 14 ? 3 : lead >> 3 == 30 ? 4 : 0;
    if (length == 0 || length > size - i) return false;
    uint32_t point = length == 1 ? lead : lead & (0xffu >> (length + 1));
    for (size_t j = 1; j < length; j++) {
      if (bytes[i + j] >> 6 != 2) return false;
      point = point << 6 | (bytes[i + j] & 63u);
    }
    if (point < least[length] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return false;
    i += length;
  }
  return true;
}

static void test_utf8(void **unused) {
  (void)unused;
  assert_true(utf8_valid(NULL, 0));
  /* Every lead byte with boundary continuations, whole and cut, behind 0 and 33 ASCII bytes. */
  static const uint8_t next[] = {0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff};
  const size_t n = sizeof next;
  for (unsigned lead = 0; lead < 256; lead++) {
    for (size_t i = 0; i < n * n * n; i++) {
      const uint8_t sequence[4] = {(uint8_t)lead, next[i % n], next[i / n % n], next[i / n / n]};
      for (size_t size = 1; size <= 4; size++) {
        uint8_t text[40];
        memset(text, 'a', sizeof text);
        memcpy(text + 33, sequence, size);
        const bool expected = naive_utf8(sequence, size);
        assert_true(utf8_valid(sequence, size) == expected);
        assert_true(utf8_valid(text, 33 + size) == expected);
      }
    }
  }
}

int main(void) {
  fixture_folder(folder);
  const struct CMUnitTest tests[] = {cmocka_unit_test_teardown(test_read, reset),
                                     cmocka_unit_test_teardown(test_not_regular, reset),
                                     cmocka_unit_test_teardown(test_unreadable, reset),
                                     cmocka_unit_test_teardown(test_changed, reset),
                                     cmocka_unit_test(test_stream),
                                     cmocka_unit_test(test_map),
                                     cmocka_unit_test(test_write),
                                     cmocka_unit_test(test_large_write),
                                     cmocka_unit_test(test_full_disk),
                                     cmocka_unit_test(test_unwritable_folder),
                                     cmocka_unit_test(test_utf8)};
  const int failed = cmocka_run_group_tests(tests, NULL, NULL);
  buffer_free(&buffer);
  fixture_remove(folder);
  return failed;
}
