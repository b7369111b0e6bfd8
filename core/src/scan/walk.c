/* SPDX-License-Identifier: Apache-2.0 */
/* A depth-first walk with its own stack, so that a deep tree costs memory and never the C stack. Memory holds the names
 * of the folders between the root and here, and (device, inode) of every folder entered: that set is what ends loops of
 * symbolic links and keeps a folder that is reached twice from being walked twice. Only one folder is open at a time.
 * A path longer than the system allows is reported like any other folder or file that cannot be opened. */
#include "scan/walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/checked.h"
#include "scan/folder_set.h"

/* Bytes that grow. */
struct text {
  char *bytes;
  size_t size;
  size_t capacity;
};

static bool text_append(struct text *text, const char *bytes, size_t size) {
  size_t needed;
  if (!checked_add(text->size, size, &needed)) return false;
  if (needed > text->capacity) {
    size_t capacity;
    if (!checked_mul(needed, 2, &capacity)) return false;
    char *grown = realloc(text->bytes, capacity);
    if (grown == NULL) return false;
    text->bytes = grown;
    text->capacity = capacity;
  }
  memcpy(text->bytes + text->size, bytes, size);
  text->size = needed;
  return true;
}

/* One folder being walked. `names` point into `text`, each behind the byte that holds its d_type. */
struct frame {
  struct text text;
  const char **names;
  size_t count;
  size_t next;
  size_t path_length; /* of the folder's path in walk->path, with its final slash */
};

struct walk {
  struct walk_sink sink;
  struct text path;
  struct frame *frames;
  size_t depth;
  size_t frame_capacity;
  struct folder_set entered;
};

/* ---- Listing one folder ------------------------------------------------------------------------------------------ */

static void frame_free(struct frame *frame) {
  free(frame->text.bytes);
  free(frame->names);
  *frame = (struct frame){0};
}

/* In the order of strcmp, which compares unsigned bytes. */
static int by_name(const void *left, const void *right) {
  return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static bool is_self_or_parent(const char *name) {
  return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* 0, or what readdir failed with; ENOMEM also when a name cannot be kept. */
static int read_names(DIR *folder, struct frame *frame) {
  for (;;) {
    errno = 0;
    const struct dirent *item = readdir(folder);
    if (item == NULL) return errno;
    if (is_self_or_parent(item->d_name)) continue;
    const char type = (char)item->d_type;
    if (!text_append(&frame->text, &type, 1) || !text_append(&frame->text, item->d_name, strlen(item->d_name) + 1))
      return ENOMEM;
    frame->count++;
  }
}

static bool sort_names(struct frame *frame) {
  if (frame->count == 0) return true;
  frame->names = calloc(frame->count, sizeof *frame->names);
  if (frame->names == NULL) return false;
  const char *at = frame->text.bytes;
  for (size_t i = 0; i < frame->count; i++) {
    frame->names[i] = at + 1;
    at += strlen(at + 1) + 2;
  }
  qsort(frame->names, frame->count, sizeof *frame->names, by_name);
  return true;
}

/* Opens the folder at walk->path and reads its names into `frame`. An errno value; EEXIST: entered before. */
static int list_folder(struct walk *walk, struct frame *frame) {
  const int fd = open(walk->path.bytes, O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return errno;
  DIR *folder = fdopendir(fd);
  if (folder == NULL) {
    const int errnum = errno;
    close(fd);
    return errnum;
  }
  struct stat status;
  bool fresh;
  int errnum;
  if (fstat(fd, &status) != 0) errnum = errno;
  else if (!folder_set_add(&walk->entered, folder_id_of(&status), &fresh)) errnum = ENOMEM;
  else errnum = fresh ? read_names(folder, frame) : EEXIST;
  closedir(folder);
  return errnum;
}

/* ---- The walk ---------------------------------------------------------------------------------------------------- */

struct walk *walk_create(const struct walk_sink *sink) {
  struct walk *walk = calloc(1, sizeof *walk);
  if (walk != NULL) walk->sink = *sink;
  return walk;
}

void walk_destroy(struct walk *walk) {
  if (walk == NULL) return;
  for (size_t i = 0; i < walk->depth; i++) frame_free(&walk->frames[i]);
  free(walk->frames);
  free(walk->path.bytes);
  folder_set_free(&walk->entered);
  free(walk);
}

static bool push_frame(struct walk *walk, const struct frame *frame) {
  if (walk->depth == walk->frame_capacity) {
    const size_t capacity = walk->frame_capacity == 0 ? 16 : 2 * walk->frame_capacity;
    struct frame *frames = realloc(walk->frames, capacity * sizeof *frames);
    if (frames == NULL) return false;
    walk->frames = frames;
    walk->frame_capacity = capacity;
  }
  walk->frames[walk->depth++] = *frame;
  return true;
}

/* walk->path becomes the folder's path with one final slash, the start of every path below it. */
static bool end_with_slash(struct walk *walk) {
  const size_t length = walk->path.size - 1;
  if (length > 0 && walk->path.bytes[length - 1] == '/') return true;
  walk->path.size = length;
  return text_append(&walk->path, "/", 2);
}

/* walk->path is a folder: its names are what comes next. */
static enum walk_end enter_folder(struct walk *walk) {
  struct frame frame = {0};
  const int errnum = list_folder(walk, &frame);
  if (errnum == EEXIST) return WALK_DONE;
  enum walk_end end = WALK_DONE;
  const bool failed = errnum != 0 && errnum != ENOMEM;
  if (failed && !walk->sink.unreadable(walk->sink.user, walk->path.bytes, errnum)) end = WALK_STOPPED;
  else if (errnum == ENOMEM || !end_with_slash(walk) || !sort_names(&frame)) end = WALK_NO_MEMORY;
  frame.path_length = walk->path.size - 1;
  if (end == WALK_DONE && frame.count > 0) {
    if (push_frame(walk, &frame)) return WALK_DONE;
    end = WALK_NO_MEMORY;
  }
  frame_free(&frame);
  return end;
}

/* Links are followed. What cannot be looked at is left to whoever opens it as a file, and says why. */
static bool is_folder(const char *path, unsigned char type) {
  if (type == DT_DIR) return true;
  if (type != DT_LNK && type != DT_UNKNOWN) return false;
  struct stat status;
  return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static enum walk_end visit(struct walk *walk, unsigned char type) {
  if (is_folder(walk->path.bytes, type)) return enter_folder(walk);
  return walk->sink.file(walk->sink.user, walk->path.bytes) ? WALK_DONE : WALK_STOPPED;
}

static enum walk_end visit_next(struct walk *walk) {
  struct frame *frame = &walk->frames[walk->depth - 1];
  if (frame->next == frame->count) {
    frame_free(frame);
    walk->depth--;
    return WALK_DONE;
  }
  const char *name = frame->names[frame->next++];
  walk->path.size = frame->path_length;
  if (!text_append(&walk->path, name, strlen(name) + 1)) return WALK_NO_MEMORY;
  return visit(walk, (unsigned char)name[-1]);
}

enum walk_end walk_root(struct walk *walk, const char *root) {
  walk->path.size = 0;
  if (!text_append(&walk->path, root, strlen(root) + 1)) return WALK_NO_MEMORY;
  enum walk_end end = visit(walk, DT_UNKNOWN);
  while (end == WALK_DONE && walk->depth > 0) end = visit_next(walk);
  return end;
}
