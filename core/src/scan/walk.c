/* SPDX-License-Identifier: Apache-2.0 */
/* A depth-first walk with its own stack, so that a deep tree costs memory and never the C stack. Memory holds the names
 * of the folders between the root and here, and (device, inode) of every folder entered: that set is what ends loops of
 * symbolic links and keeps a folder that is reached twice from being walked twice. Only one folder is open at a time.
 * A path longer than the system allows is reported like any other folder or file that cannot be opened.
 *
 * Unless all links are followed, nothing below a root is opened by its path alone: see place.h. */
#include "scan/walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/error.h"
#include "scan/folder_set.h"

/* One folder being walked. `names` point into `text`, each behind the byte that holds its d_type. */
struct frame {
  struct buffer text;
  const char **names;
  size_t count;
  size_t next;
  size_t path_length; /* of the folder's path in walk->path, with its final slash */
  struct folder_id id;
};

struct walk {
  struct walk_sink sink;
  hashscan_links links;
  struct buffer path; /* terminated */
  struct frame *frames;
  size_t depth;
  size_t frame_capacity;
  struct folder_set entered;
  struct folder_set roots; /* when links are followed within them */
};

static char *path_of(struct walk *walk) {
  return (char *)walk->path.bytes;
}

/* ---- Listing one folder ------------------------------------------------------------------------------------------ */

static void frame_free(struct frame *frame) {
  buffer_free(&frame->text);
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
    if (!buffer_append(&frame->text, &type, 1) || !buffer_append(&frame->text, item->d_name, strlen(item->d_name) + 1))
      return ENOMEM;
    frame->count++;
  }
}

static bool sort_names(struct frame *frame) {
  if (frame->count == 0) return true;
  frame->names = calloc(frame->count, sizeof *frame->names);
  if (frame->names == NULL) return false;
  const char *at = (const char *)frame->text.bytes;
  for (size_t i = 0; i < frame->count; i++) {
    frame->names[i] = at + 1;
    at += strlen(at + 1) + 2;
  }
  qsort(frame->names, frame->count, sizeof *frame->names, by_name);
  return true;
}

static int open_listed(struct walk *walk, const struct place *place) {
  int dirfd;
  if (!place_open(path_of(walk), place, &dirfd)) return -1;
  const bool no_link = place->rule == PLACE_NO_LINK;
  const int fd = openat(dirfd, path_of(walk) + place->name,
                        O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC | (no_link ? O_NOFOLLOW : 0));
  place_close(dirfd);
  if (fd < 0 && no_link && (errno == ELOOP || errno == ENOTDIR)) errno = ESTALE;
  return fd;
}

/* Remembers an open folder, a root as one. An errno value; EEXIST: entered before. */
static int note_folder(struct walk *walk, const struct place *place, int fd, struct frame *frame) {
  struct stat status;
  bool fresh;
  if (fstat(fd, &status) != 0) return errno;
  frame->id = folder_id_of(&status);
  if (place->rule == PLACE_LINK && !folder_id_equal(frame->id, place->target)) return ESTALE;
  const bool is_root = walk->depth == 0 && walk->links == HASHSCAN_LINKS_WITHIN;
  if (is_root && !folder_set_add(&walk->roots, frame->id, &fresh)) return ENOMEM;
  if (!folder_set_add(&walk->entered, frame->id, &fresh)) return ENOMEM;
  return fresh ? 0 : EEXIST;
}

/* Opens the folder at walk->path and reads its names into `frame`. An errno value; EEXIST: entered before; ESTALE: it
 * is not the one that was found. */
static int list_folder(struct walk *walk, const struct place *place, struct frame *frame) {
  const int fd = open_listed(walk, place);
  if (fd < 0) return errno;
  DIR *folder = fdopendir(fd);
  if (folder == NULL) {
    const int errnum = errno;
    close(fd);
    return errnum;
  }
  int errnum = note_folder(walk, place, fd, frame);
  if (errnum == 0) errnum = read_names(folder, frame);
  closedir(folder);
  return errnum;
}

/* ---- The walk ---------------------------------------------------------------------------------------------------- */

struct walk *walk_create(const struct walk_sink *sink, hashscan_links links) {
  struct walk *walk = calloc(1, sizeof *walk);
  if (walk == NULL) return NULL;
  walk->sink = *sink;
  walk->links = links;
  return walk;
}

void walk_destroy(struct walk *walk) {
  if (walk == NULL) return;
  for (size_t i = 0; i < walk->depth; i++) frame_free(&walk->frames[i]);
  free(walk->frames);
  buffer_free(&walk->path);
  folder_set_free(&walk->entered);
  folder_set_free(&walk->roots);
  free(walk);
}

static bool push_frame(struct walk *walk, const struct frame *frame) {
  struct frame *frames = array_reserve(walk->frames, &walk->frame_capacity, walk->depth + 1, sizeof *frames);
  if (frames == NULL) return false;
  walk->frames = frames;
  walk->frames[walk->depth++] = *frame;
  return true;
}

/* walk->path becomes the folder's path with one final slash, the start of every path below it. */
static bool end_with_slash(struct walk *walk) {
  const size_t length = walk->path.size - 1;
  if (length > 0 && walk->path.bytes[length - 1] == '/') return true;
  walk->path.size = length;
  return buffer_append(&walk->path, "/", 2);
}

static enum walk_end emit_unexamined(struct walk *walk, hashscan_status status, const char *reason) {
  return walk->sink.unexamined(walk->sink.user, path_of(walk), status, reason) ? WALK_DONE : WALK_STOPPED;
}

static enum walk_end emit_failed(struct walk *walk, int errnum) {
  char buffer[ERROR_TEXT_BYTES];
  if (errnum == ESTALE) return emit_unexamined(walk, HASHSCAN_STATUS_CHANGED, "was replaced while being scanned");
  return emit_unexamined(walk, HASHSCAN_STATUS_UNREADABLE, error_text(errnum, buffer, sizeof buffer));
}

/* walk->path is a folder: its names are what comes next. */
static enum walk_end enter_folder(struct walk *walk, const struct place *place) {
  struct frame frame = {0};
  const int errnum = list_folder(walk, place, &frame);
  if (errnum == EEXIST) return WALK_DONE;
  enum walk_end end = WALK_DONE;
  if (errnum != 0 && errnum != ENOMEM) end = emit_failed(walk, errnum);
  if (end == WALK_DONE && (errnum == ENOMEM || !end_with_slash(walk) || !sort_names(&frame))) end = WALK_NO_MEMORY;
  frame.path_length = walk->path.size - 1;
  if (end == WALK_DONE && frame.count > 0) {
    if (push_frame(walk, &frame)) return WALK_DONE;
    end = WALK_NO_MEMORY;
  }
  frame_free(&frame);
  return end;
}

static enum walk_end emit_file(struct walk *walk, const struct place *place) {
  return walk->sink.file(walk->sink.user, path_of(walk), place) ? WALK_DONE : WALK_STOPPED;
}

/* Links are followed. What cannot be looked at is left to whoever opens it as a file, and says why. */
static bool is_folder(const char *path, unsigned char type) {
  if (type == DT_DIR) return true;
  if (type != DT_LNK && type != DT_UNKNOWN) return false;
  struct stat status;
  return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static enum walk_end visit_as_given(struct walk *walk, unsigned char type) {
  const struct place place = {.rule = PLACE_AS_GIVEN};
  return is_folder(path_of(walk), type) ? enter_folder(walk, &place) : emit_file(walk, &place);
}

/* A link that leads nowhere is left to whoever opens it, as is a file that it leads to. */
static enum walk_end visit_link(struct walk *walk, struct place *place) {
  struct stat status = {0};
  if (walk->links == HASHSCAN_LINKS_SKIP)
    return emit_unexamined(walk, HASHSCAN_STATUS_UNREADABLE, "a symbolic link, not followed (links is skip)");
  switch (place_follow(path_of(walk), place, &walk->roots, &status)) {
  case LINK_OUTSIDE:
    return emit_unexamined(walk, HASHSCAN_STATUS_UNREADABLE,
                           "a symbolic link that leads outside the scanned paths (links is within)");
  case LINK_CHANGED:
    return emit_failed(walk, ESTALE);
  case LINK_FAILED:
    return emit_failed(walk, errno);
  case LINK_WITHIN:
  case LINK_NOWHERE:
    break;
  }
  return S_ISDIR(status.st_mode) ? enter_folder(walk, place) : emit_file(walk, place);
}

/* Some file systems do not say in their folders what a name is. */
static unsigned char look_up_type(const char *path) {
  struct stat status;
  if (lstat(path, &status) != 0) return DT_UNKNOWN;
  return S_ISLNK(status.st_mode) ? DT_LNK : S_ISDIR(status.st_mode) ? DT_DIR : DT_REG;
}

static enum walk_end visit_name(struct walk *walk, const struct frame *frame, unsigned char type) {
  struct place place = {.rule = PLACE_NO_LINK, .name = frame->path_length, .folder = frame->id};
  if (walk->links == HASHSCAN_LINKS_FOLLOW) return visit_as_given(walk, type);
  if (type == DT_UNKNOWN) type = look_up_type(path_of(walk));
  if (type == DT_LNK) return visit_link(walk, &place);
  return type == DT_DIR ? enter_folder(walk, &place) : emit_file(walk, &place);
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
  if (!buffer_append(&walk->path, name, strlen(name) + 1)) return WALK_NO_MEMORY;
  return visit_name(walk, frame, (unsigned char)name[-1]);
}

bool walk_announce(struct walk *walk, const char *root) {
  struct stat status;
  bool fresh;
  if (walk->links != HASHSCAN_LINKS_WITHIN || stat(root, &status) != 0) return true;
  return folder_set_add(&walk->roots, folder_id_of(&status), &fresh);
}

enum walk_end walk_root(struct walk *walk, const char *root) {
  walk->path.size = 0;
  if (!buffer_append(&walk->path, root, strlen(root) + 1)) return WALK_NO_MEMORY;
  enum walk_end end = visit_as_given(walk, DT_UNKNOWN);
  while (end == WALK_DONE && walk->depth > 0) end = visit_next(walk);
  return end;
}
