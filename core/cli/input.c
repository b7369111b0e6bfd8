/* SPDX-License-Identifier: Apache-2.0 */
/* Reads image files whole, and notices when one changes meanwhile. */
#include "input.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "stop.h"

#define STREAM_START ((size_t)64 * 1024)

static hashscan_status failed(char *reason, hashscan_status status, const char *text) {
  snprintf(reason, HASHSCAN_REASON_SIZE, "%s", text);
  return status;
}

static hashscan_status too_large(char *reason, uint64_t max_bytes) {
  snprintf(reason, HASHSCAN_REASON_SIZE, "larger than max-file-size (%" PRIu64 " bytes)", max_bytes);
  return HASHSCAN_STATUS_LIMIT;
}

static bool reserve(struct input *input, size_t capacity) {
  if (capacity <= input->capacity) return true;
  uint8_t *bytes = realloc(input->bytes, capacity);
  if (bytes == NULL) return false;
  input->bytes = bytes;
  input->capacity = capacity;
  return true;
}

/* Reads until the end of the file or until `wanted` bytes are there. False: errno says why. */
static bool read_up_to(struct input *input, int fd, size_t wanted) {
  while (input->size < wanted) {
    const ssize_t got = read(fd, input->bytes + input->size, wanted - input->size);
    if (got == 0) break;
    if (got < 0 && (errno != EINTR || stop_requested())) return false;
    if (got > 0) input->size += (size_t)got;
  }
  return true;
}

static bool same_version(const struct stat *a, const struct stat *b) {
  return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static hashscan_status read_regular(struct input *input, int fd, uint64_t max_bytes, char *reason) {
  struct stat before, after;
  if (fstat(fd, &before) != 0) return failed(reason, HASHSCAN_STATUS_UNREADABLE, strerror(errno));
  if (!S_ISREG(before.st_mode)) return failed(reason, HASHSCAN_STATUS_CHANGED, "replaced while being opened");
  if ((uint64_t)before.st_size > max_bytes) return too_large(reason, max_bytes);
  const size_t size = (size_t)before.st_size;
  if (!reserve(input, size + 1)) return failed(reason, HASHSCAN_STATUS_LIMIT, "not enough memory to read it");
  /* One byte more than there should be, to see growth. */
  if (!read_up_to(input, fd, size + 1) || fstat(fd, &after) != 0)
    return failed(reason, HASHSCAN_STATUS_UNREADABLE, strerror(errno));
  if (input->size != size || !same_version(&before, &after))
    return failed(reason, HASHSCAN_STATUS_CHANGED, "changed while being read");
  return HASHSCAN_STATUS_OK;
}

static const char *type_name(mode_t mode) {
  if (S_ISDIR(mode)) return "a folder, not a regular file";
  if (S_ISFIFO(mode)) return "a FIFO, not a regular file";
  if (S_ISSOCK(mode)) return "a socket, not a regular file";
  return "a device, not a regular file";
}

static hashscan_status read_file(struct input *input, const char *path, uint64_t max_bytes, char *reason) {
  struct stat status;
  if (stat(path, &status) != 0) return failed(reason, HASHSCAN_STATUS_UNREADABLE, strerror(errno));
  if (!S_ISREG(status.st_mode)) return failed(reason, HASHSCAN_STATUS_UNSUPPORTED, type_name(status.st_mode));
  const int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (fd < 0) return failed(reason, HASHSCAN_STATUS_UNREADABLE, strerror(errno));
  const hashscan_status result = read_regular(input, fd, max_bytes, reason);
  close(fd);
  return result;
}

static hashscan_status read_stdin(struct input *input, uint64_t max_bytes, char *reason) {
  const size_t most = max_bytes < SIZE_MAX ? (size_t)max_bytes + 1 : SIZE_MAX;
  for (;;) {
    const size_t room = input->size < STREAM_START ? STREAM_START : 2 * input->size;
    const size_t wanted = room < most ? room : most;
    if (!reserve(input, wanted)) return failed(reason, HASHSCAN_STATUS_LIMIT, "not enough memory to read it");
    if (!read_up_to(input, STDIN_FILENO, wanted)) return failed(reason, HASHSCAN_STATUS_UNREADABLE, strerror(errno));
    if (input->size < wanted) return HASHSCAN_STATUS_OK;
    if (input->size == most) return too_large(reason, max_bytes);
  }
}

hashscan_status input_read(struct input *input, const char *path, uint64_t max_bytes,
                           char reason[HASHSCAN_REASON_SIZE]) {
  input->size = 0;
  reason[0] = '\0';
  return strcmp(path, "-") == 0 ? read_stdin(input, max_bytes, reason) : read_file(input, path, max_bytes, reason);
}

void input_free(struct input *input) {
  free(input->bytes);
  *input = (struct input){0};
}
