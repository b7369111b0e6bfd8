/* SPDX-License-Identifier: Apache-2.0 */
/* A program that uses all of hashscan.h: every function, struct and callback. It stands for those that were built
 * against a version and meet the library of another: each kept version has its copy, which is compiled against that
 * version's header and run with the library of the day (tests/abi/freeze, tests/cli/test_abi.py).
 *
 *     program FOLDER SELFTEST      FOLDER is empty; SELFTEST holds what `hashscan selftest --write` writes
 *
 * Built against the header of a later version (grow.py, ABI_ADDED), it also expects that the library refuses what it
 * does not know. Whatever the library fills lies before bytes that must stay. It uses nothing but POSIX. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hashscan.h"

static hashscan_error error;
static int failures;

#define CHECK(condition)                                                                                               \
  do {                                                                                                                 \
    if (condition) break;                                                                                              \
    printf("%s:%d: %s: %s\n", __FILE__, __LINE__, #condition, error.message);                                          \
    failures++;                                                                                                        \
  } while (0)

/* What follows makes no sense without this. */
#define NEED(call)                                                                                                     \
  do {                                                                                                                 \
    if ((call) == HASHSCAN_SUCCESS) break;                                                                             \
    printf("%s:%d: %s: %s\n", __FILE__, __LINE__, #call, error.message);                                               \
    exit(1);                                                                                                           \
  } while (0)

/* An option that the library does not know is refused unless it is zero. */
#ifdef ABI_ADDED
#define FORGET(options) ((options).abi_added = 0)
#define CHECK_ADDED_IS_ZERO(filled) CHECK((filled).abi_added == 0)
#define OLDER_REFUSES(options, call)                                                                                   \
  do {                                                                                                                 \
    CHECK((call) == HASHSCAN_E_ARGUMENT);                                                                              \
    FORGET(options);                                                                                                   \
  } while (0)
#else
#define FORGET(options) ((void)0)
#define CHECK_ADDED_IS_ZERO(filled) ((void)0)
#define OLDER_REFUSES(options, call) ((void)0)
#endif

enum { CANARY = 64, FILLER = 0x5a };

/* A struct of type `type` called `name`.value, and bytes behind it. */
#define GUARDED(type, name)                                                                                            \
  struct {                                                                                                             \
    type value;                                                                                                        \
    unsigned char canary[CANARY];                                                                                      \
  } name;                                                                                                              \
  memset(&name, FILLER, sizeof name)

#define CHECK_CANARY(name) CHECK(is_filler(name.canary))

static int is_filler(const unsigned char canary[CANARY]) {
  for (int i = 0; i < CANARY; i++)
    if (canary[i] != FILLER) return 0;
  return 1;
}

static const char *joined(const char *folder, const char *name) {
  static char paths[8][4096];
  static unsigned next;
  char *path = paths[next++ % 8];
  snprintf(path, sizeof paths[0], "%s/%s", folder, name);
  return path;
}

static size_t read_file(const char *path, unsigned char **bytes) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) exit(printf("%s: cannot be opened\n", path) > 0);
  *bytes = malloc(1 << 22);
  const size_t size = fread(*bytes, 1, 1 << 22, file);
  fclose(file);
  return size;
}

/* ---- What needs no files ----------------------------------------------------------------------------------------- */

/* Each name leads back to its value. */
#define CHECK_NAMES(type, count)                                                                                       \
  for (int i = 0; i < (count); i++) {                                                                                  \
    hashscan_##type value;                                                                                             \
    CHECK(hashscan_##type##_parse(hashscan_##type##_name((hashscan_##type)i), &value, &error) == HASHSCAN_SUCCESS &&   \
          (int)value == i);                                                                                            \
  }

static void names(void) {
  const char *name, *version;
  CHECK(hashscan_version()[0] != '\0' && hashscan_cpu()[0] != '\0');
  CHECK(hashscan_dependency(0, &name, &version) && name[0] != '\0' && version[0] != '\0');
  CHECK_NAMES(code, HASHSCAN_CODE_COUNT)
  CHECK_NAMES(kind, HASHSCAN_KIND_COUNT)
  CHECK_NAMES(profile, HASHSCAN_PROFILE_COUNT)
  CHECK_NAMES(level, HASHSCAN_LEVEL_COUNT)
  CHECK_NAMES(transform, HASHSCAN_TRANSFORM_COUNT)
  CHECK_NAMES(transforms, HASHSCAN_TRANSFORMS_COUNT)
  CHECK_NAMES(status, HASHSCAN_STATUS_COUNT)
  CHECK_NAMES(format, HASHSCAN_FORMAT_COUNT)
  CHECK_NAMES(view, HASHSCAN_VIEW_COUNT)
  CHECK_NAMES(list_format, HASHSCAN_LIST_FORMAT_COUNT)
  CHECK_NAMES(outcome, HASHSCAN_OUTCOME_COUNT)
  CHECK_NAMES(method, HASHSCAN_METHOD_COUNT)
  CHECK_NAMES(links, HASHSCAN_LINKS_COUNT)
  CHECK_NAMES(luma_range, HASHSCAN_LUMA_RANGE_COUNT)
}

static void text_and_hex(void) {
  const uint8_t bytes[2] = {0x0f, 0xa0};
  uint8_t back[2];
  char hex[HASHSCAN_MAX_HEX], json[40], text[] = "a\x1b";
  size_t length;
  uint32_t code;
  hashscan_kind kind;
  const hashscan_pdq a = {{0}}, b = {{3}};
  hashscan_hex_encode(bytes, 2, hex);
  CHECK(strcmp(hex, "0fa0") == 0);
  CHECK(hashscan_hex_decode(hex, 4, back, 2, &error) == HASHSCAN_SUCCESS && memcmp(back, bytes, 2) == 0);
  CHECK(hashscan_kind_guess(64, &kind, &error) == HASHSCAN_SUCCESS && kind == HASHSCAN_KIND_PDQ);
  CHECK(hashscan_kind_bytes(kind) == 32 && hashscan_kind_perceptual(kind));
  CHECK(hashscan_pdq_distance(&a, &b) == 2);
  CHECK(hashscan_text_classify("\x1b", 1, &length, &code) == HASHSCAN_TEXT_CONTROL && length == 1 && code == 0x1b);
  CHECK(hashscan_json_escape("\"\x1b", 2, json, sizeof json) == 8 && strcmp(json, "\\\"\\u001b") == 0);
  hashscan_text_make_printable(text);
  CHECK(strcmp(text, "a?") == 0);
}

#define CHECK_DEFAULT(type, init, function)                                                                            \
  do {                                                                                                                 \
    GUARDED(type, filled);                                                                                             \
    type expected = init;                                                                                              \
    FORGET(expected);                                                                                                  \
    function(&filled.value, sizeof filled.value);                                                                      \
    CHECK(memcmp(&filled.value, &expected, sizeof expected) == 0);                                                     \
    CHECK_CANARY(filled);                                                                                              \
  } while (0)

static void defaults(void) {
  CHECK_DEFAULT(hashscan_limits, HASHSCAN_LIMITS_INIT, hashscan_limits_default);
  CHECK_DEFAULT(hashscan_image_hash, HASHSCAN_IMAGE_HASH_INIT, hashscan_image_hash_default);
  CHECK_DEFAULT(hashscan_hash_request, HASHSCAN_HASH_REQUEST_INIT, hashscan_hash_request_default);
  CHECK_DEFAULT(hashscan_allocator, HASHSCAN_ALLOCATOR_INIT, hashscan_allocator_default);
  CHECK_DEFAULT(hashscan_hash_options, HASHSCAN_HASH_OPTIONS_INIT, hashscan_hash_options_default);
  CHECK_DEFAULT(hashscan_luma, HASHSCAN_LUMA_INIT, hashscan_luma_default);
  CHECK_DEFAULT(hashscan_list_options, HASHSCAN_LIST_OPTIONS_INIT, hashscan_list_options_default);
  CHECK_DEFAULT(hashscan_list_report, HASHSCAN_LIST_REPORT_INIT, hashscan_list_report_default);
  CHECK_DEFAULT(hashscan_update_report, HASHSCAN_UPDATE_REPORT_INIT, hashscan_update_report_default);
  CHECK_DEFAULT(hashscan_index_info, HASHSCAN_INDEX_INFO_INIT, hashscan_index_info_default);
  CHECK_DEFAULT(hashscan_search, HASHSCAN_SEARCH_INIT, hashscan_search_default);
  CHECK_DEFAULT(hashscan_match_options, HASHSCAN_MATCH_OPTIONS_INIT, hashscan_match_options_default);
  CHECK_DEFAULT(hashscan_scan_options, HASHSCAN_SCAN_OPTIONS_INIT, hashscan_scan_options_default);
}

/* The empty strings of the macro are the program's, those of the function the library's. */
static void default_entry(void) {
  GUARDED(hashscan_entry, entry);
  hashscan_entry_default(&entry.value, sizeof entry.value);
  CHECK_CANARY(entry);
  CHECK(entry.value.size == sizeof entry.value && entry.value.kind == HASHSCAN_KIND_PDQ && entry.value.hash == NULL);
  CHECK(entry.value.list[0] == '\0' && entry.value.version[0] == '\0' && entry.value.id[0] == '\0');
  CHECK(entry.value.labels == NULL && entry.value.label_count == 0 && entry.value.number == 0);
}

static _Atomic uint64_t allocations;

static void *allocate(void *user, size_t bytes) {
  CHECK(user == &allocations);
  allocations++;
  return malloc(bytes);
}

static void *resize(void *user, void *memory, size_t bytes) {
  CHECK(user == &allocations);
  return realloc(memory, bytes);
}

static void release(void *user, void *memory) {
  CHECK(user == &allocations);
  free(memory);
}

static void set_allocator(void) {
  hashscan_allocator allocator = HASHSCAN_ALLOCATOR_INIT;
  allocator.user = (void *)&allocations;
  allocator.allocate = allocate;
  allocator.resize = resize;
  allocator.release = release;
  OLDER_REFUSES(allocator, hashscan_set_allocator(&allocator, &error));
  NEED(hashscan_set_allocator(&allocator, &error));
}

/* ---- Hashing ----------------------------------------------------------------------------------------------------- */

static hashscan_hasher *new_hasher(const hashscan_limits *limits) {
  hashscan_hasher *hasher = NULL;
  hashscan_hash_options options = HASHSCAN_HASH_OPTIONS_INIT;
  options.limits = limits;
  options.dihedral = 1;
  OLDER_REFUSES(options, hashscan_hasher_create(&options, &hasher, &error));
  NEED(hashscan_hasher_create(&options, &hasher, &error));
  return hasher;
}

static void write_and_read(const hashscan_image_hash *image) {
  uint8_t bytes[HASHSCAN_IMAGE_HASH_BYTES];
  GUARDED(hashscan_image_hash, read);
  hashscan_image_hash_default(&read.value, sizeof read.value);
  NEED(hashscan_image_hash_encode(image, bytes, sizeof bytes, &error));
  NEED(hashscan_image_hash_decode(bytes, sizeof bytes, &read.value, &error));
  CHECK_CANARY(read);
  CHECK(memcmp(&read.value, image, sizeof *image) == 0);
}

static void hash_files(const char *selftest, hashscan_pdq *known) {
  hashscan_limits limits = HASHSCAN_LIMITS_INIT;
  hashscan_hasher *hasher = NULL;
#ifdef ABI_ADDED
  hashscan_hash_options options = HASHSCAN_HASH_OPTIONS_INIT;
  FORGET(options);
  options.limits = &limits;
#endif
  OLDER_REFUSES(limits, hashscan_hasher_create(&options, &hasher, &error));
  hasher = new_hasher(&limits);
  unsigned char *bytes;
  const size_t size = read_file(joined(selftest, "selftest.png"), &bytes);
  GUARDED(hashscan_image_hash, image);
  hashscan_image_hash_default(&image.value, sizeof image.value);
  NEED(hashscan_hash_image(hasher, bytes, size, &image.value, &error));
  CHECK_CANARY(image);
  CHECK(image.value.status == HASHSCAN_STATUS_OK && image.value.format == HASHSCAN_FORMAT_PNG);
  CHECK(image.value.hash_count == HASHSCAN_TRANSFORM_COUNT && image.value.level == HASHSCAN_LEVEL_EXACT);
  CHECK(image.value.width > 0 && image.value.quality == image.value.quality_low);
  CHECK_ADDED_IS_ZERO(image.value);
  *known = image.value.hashes[HASHSCAN_TRANSFORM_NONE];
  write_and_read(&image.value);
  free(bytes);

  static uint8_t pixels[64 * 64];
  for (int i = 0; i < 64 * 64; i++) pixels[i] = (uint8_t)(i * i / 7);
  NEED(hashscan_hash_pixels(hasher, pixels, 64, 64, 1, 64, &image.value, &error));
  CHECK_CANARY(image);
  CHECK(image.value.width == 64 && image.value.quality >= 0);

  hashscan_luma luma = HASHSCAN_LUMA_INIT;
  const hashscan_pdq of_pixels = image.value.hashes[HASHSCAN_TRANSFORM_NONE];
  luma.samples = pixels;
  luma.stride = luma.width = luma.height = 64;
  luma.range = HASHSCAN_LUMA_RANGE_FULL;
  OLDER_REFUSES(luma, hashscan_hash_luma(hasher, &luma, &image.value, &error));
  NEED(hashscan_hash_luma(hasher, &luma, &image.value, &error));
  CHECK_CANARY(image);
  CHECK(memcmp(&image.value.hashes[HASHSCAN_TRANSFORM_NONE], &of_pixels, sizeof of_pixels) == 0);
  hashscan_hasher_destroy(hasher);
}

/* ---- Building, changing and reading an index --------------------------------------------------------------------- */

static hashscan_list_options list_options(const char *name) {
  hashscan_list_options options = HASHSCAN_LIST_OPTIONS_INIT;
  options.name = name;
  options.version = "1";
  return options;
}

struct text {
  const char *bytes;
  size_t left;
};

static int read_text(void *user, void *bytes, size_t capacity, size_t *size) {
  struct text *text = user;
  *size = text->left < capacity ? text->left : capacity;
  memcpy(bytes, text->bytes, *size);
  text->bytes += *size;
  text->left -= *size;
  return 0;
}

/* Through one run of bytes. */
static void copy_index(const hashscan_index *index) {
  size_t size;
  hashscan_index *copy;
  GUARDED(hashscan_index_info, info);
  hashscan_index_info_default(&info.value, sizeof info.value);
  NEED(hashscan_index_write_bytes(index, NULL, 0, &size, &error));
  void *bytes = malloc(size);
  NEED(hashscan_index_write_bytes(index, bytes, size, &size, &error));
  NEED(hashscan_index_open_bytes(bytes, size, &copy, &error));
  NEED(hashscan_index_describe(copy, &info.value, &error));
  CHECK_CANARY(info);
  CHECK(info.value.entries > 0 && info.value.mode == 0);
  hashscan_index_close(copy);
  free(bytes);
}

static void build(const char *index, const char *selftest) {
  static const char text[] = "00112233445566778899aabbccddeeff\n";
  hashscan_builder *builder;
  hashscan_list_options options = list_options("selftest");
  GUARDED(hashscan_list_report, report);
  hashscan_list_report_default(&report.value, sizeof report.value);
  NEED(hashscan_builder_create(&builder, &error));
  OLDER_REFUSES(options, hashscan_builder_add_list(builder, joined(selftest, "selftest.csv"), &options, NULL, &error));
  NEED(hashscan_builder_add_list(builder, joined(selftest, "selftest.csv"), &options, &report.value, &error));
  CHECK_CANARY(report);
  CHECK(report.value.entries > 0 && report.value.lines > 0 && report.value.first_bad.code == HASHSCAN_SUCCESS);
  struct text source = {"20112233445566778899aabbccddeeff\n", 33};
  options.name = "reader";
  NEED(hashscan_builder_add_list_from(builder, "reader", read_text, &source, &options, &report.value, &error));
  options.name = "bytes";
  NEED(hashscan_builder_add_list_bytes(builder, "bytes", text, strlen(text), &options, &report.value, &error));
  CHECK_CANARY(report);
  const uint8_t hash[32] = {1};
  static const char *const labels[] = {"a", "b"};
  hashscan_entry entry = HASHSCAN_ENTRY_INIT;
  entry.hash = hash;
  entry.list = "entries";
  entry.version = "1";
  entry.id = "e";
  entry.labels = labels;
  entry.label_count = 2;
  entry.number = 7;
  OLDER_REFUSES(entry, hashscan_builder_add(builder, &entry, &error));
  NEED(hashscan_builder_add(builder, &entry, &error));
  NEED(hashscan_builder_set_mode(builder, 0600, &error));
  NEED(hashscan_builder_write(builder, index, &error));
  hashscan_index *in_memory;
  NEED(hashscan_builder_index(builder, &in_memory, &error));
  copy_index(in_memory);
  hashscan_index_close(in_memory);
  hashscan_builder_destroy(builder);
}

static void update(const char *index, const char *selftest) {
  static const char text[] = "ffeeddccbbaa99887766554433221100\n";
  const uint8_t digest[16] = {0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
                              0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff};
  hashscan_updater *updater;
  hashscan_list_options options = list_options("more");
  FORGET(options);
  GUARDED(hashscan_update_report, report);
  GUARDED(hashscan_list_report, read);
  hashscan_update_report_default(&report.value, sizeof report.value);
  hashscan_list_report_default(&read.value, sizeof read.value);
  NEED(hashscan_updater_open(index, &updater, &error));
  NEED(hashscan_updater_set_mode(updater, 0600, &error));
  NEED(hashscan_updater_remove_hash(updater, HASHSCAN_KIND_MD5, digest, &error));
  NEED(hashscan_updater_remove_id(updater, "entries", "e", &error));
  NEED(hashscan_updater_remove_list(updater, "none", &error));
  NEED(hashscan_updater_add_list_bytes(updater, "more", text, strlen(text), &options, &read.value, &error));
  NEED(hashscan_updater_commit(updater, &report.value, &error));
  CHECK_CANARY(report);
  CHECK(report.value.added == 1 && report.value.removed == 2);
  hashscan_entry entry = HASHSCAN_ENTRY_INIT;
  FORGET(entry);
  entry.kind = HASHSCAN_KIND_MD5;
  entry.hash = digest;
  entry.list = "entries";
  entry.version = "2";
  entry.number = 9;
  NEED(hashscan_updater_add(updater, &entry, &error));
  NEED(hashscan_updater_replace_list_bytes(updater, "more", text, strlen(text), &options, &read.value, &error));
  CHECK_CANARY(read);
  NEED(hashscan_updater_commit(updater, &report.value, &error));
  CHECK(report.value.added == 1 && report.value.kept == 1);
  struct text source = {text, strlen(text)};
  NEED(hashscan_updater_add_list_from(updater, "more", read_text, &source, &options, NULL, &error));
  source = (struct text){text, strlen(text)};
  NEED(hashscan_updater_replace_list_from(updater, "more", read_text, &source, &options, NULL, &error));
  options.name = "selftest";
  NEED(hashscan_updater_add_list(updater, joined(selftest, "selftest.csv"), &options, NULL, &error));
  NEED(hashscan_updater_replace_list(updater, joined(selftest, "selftest.csv"), &options, NULL, &error));
  NEED(hashscan_updater_compact(updater, &report.value, &error));
  hashscan_updater_close(updater);
}

static int count_list(void *user, const char *name, const char *version, uint64_t entries) {
  *(uint64_t *)user += name[0] != '\0' && version[0] != '\0' ? entries : 0;
  return 0;
}

struct hits {
  uint64_t count;
  hashscan_hit last;
  int stop;
};

static int on_hit(void *user, const hashscan_hit *hit) {
  struct hits *hits = user;
  hits->count++;
  hits->last = *hit;
  return hits->stop;
}

static void search_into_arrays(hashscan_index *index, const hashscan_search *search, size_t expected) {
  struct hits hits = {0};
  hashscan_searcher *searcher;
  size_t count = 0;
  GUARDED(hashscan_hit, found);
  NEED(hashscan_index_search_hits(index, search, &found.value, 1, &count, &error));
  CHECK(count == expected && found.value.distance <= 31);
  NEED(hashscan_searcher_create(index, &searcher, &error));
  NEED(hashscan_searcher_search(searcher, search, on_hit, &hits, &error));
  CHECK(hits.count == expected);
  NEED(hashscan_searcher_search_hits(searcher, search, &found.value, 1, &count, &error));
  CHECK(count == expected);
  CHECK_CANARY(found);
  hashscan_searcher_destroy(searcher);
}

static void search(hashscan_index *index, const hashscan_pdq *known) {
  static const hashscan_pdq unknown = {{0}};
  struct hits hits = {0};
  hashscan_search search = HASHSCAN_SEARCH_INIT;
  search.queries = known->bytes;
  search.unknown = unknown.bytes;
  search.count = 1;
  OLDER_REFUSES(search, hashscan_index_search(index, &search, on_hit, &hits, &error));
  NEED(hashscan_index_search(index, &search, on_hit, &hits, &error));
  CHECK(hits.count > 0 && hits.last.query == 0 && hits.last.distance <= 31);
  GUARDED(hashscan_entry, entry);
  hashscan_entry_default(&entry.value, sizeof entry.value);
  NEED(hashscan_index_entry(index, hits.last.entry, &entry.value, &error));
  CHECK_CANARY(entry);
  CHECK(entry.value.kind == HASHSCAN_KIND_PDQ && strcmp(entry.value.list, "selftest") == 0);
  search_into_arrays(index, &search, hits.count);
  hashscan_control *control;
  NEED(hashscan_control_create(&control, &error));
  search.control = control;
  hashscan_control_set_deadline(control, 1e6);
  hashscan_control_cancel(control);
  CHECK(hashscan_index_search(index, &search, on_hit, &hits, &error) == HASHSCAN_E_STOPPED);
  hashscan_control_reset(control);
  NEED(hashscan_index_search(index, &search, on_hit, &hits, &error));
  search.control = NULL;
  hashscan_control_destroy(control);
  hits.stop = 1;
  CHECK(hashscan_index_search(index, &search, on_hit, &hits, &error) == HASHSCAN_E_STOPPED);
}

/* Two digests, both there; the second has the number 9. */
static void look_up(const hashscan_index *index) {
  const uint8_t digests[32] = {0xff, 0xee, 0xdd, 0xcc, 0xbb, 0xaa, 0x99, 0x88, 0x77, 0x66, 0x55,
                               0x44, 0x33, 0x22, 0x11, 0x00, 0x00, 0x11, 0x22, 0x33, 0x44, 0x55,
                               0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff};
  struct hits hits = {0};
  NEED(hashscan_index_lookup(index, HASHSCAN_KIND_MD5, digests, 2, on_hit, &hits, &error));
  CHECK(hits.count == 2 && hits.last.distance == 0);
  GUARDED(hashscan_hit, found);
  size_t count = 0;
  uint64_t number = 0;
  NEED(hashscan_index_lookup_hits(index, HASHSCAN_KIND_MD5, digests + 16, 1, &found.value, 1, &count, &error));
  CHECK_CANARY(found);
  CHECK(count == 1 && found.value.query == 0);
  NEED(hashscan_index_numbers(index, &found.value, 1, &number, &error));
  CHECK(number == 9);
}

static void read_index(const char *path, const hashscan_pdq *known) {
  hashscan_index *index;
  GUARDED(hashscan_index_info, info);
  hashscan_index_info_default(&info.value, sizeof info.value);
  uint64_t listed = 0, entries = 0;
  NEED(hashscan_index_read_info(path, &info.value, count_list, &listed, &error));
  CHECK_CANARY(info);
  CHECK(info.value.entries > 0 && info.value.entries == listed && info.value.segments > 0);
  const int descriptor = open(path, O_RDONLY);
  NEED(hashscan_index_open_descriptor(descriptor, path, &index, &error));
  hashscan_index_close(index);
  close(descriptor);
  NEED(hashscan_index_open(path, &index, &error));
  hashscan_index_close(hashscan_index_retain(index));
  NEED(hashscan_index_describe(index, &info.value, &error));
  CHECK_ADDED_IS_ZERO(info.value);
  CHECK_CANARY(info);
  CHECK(info.value.entries == listed && strlen(info.value.digest) == 32);
  const char *name, *version;
  NEED(hashscan_index_list(index, 0, &name, &version, &entries, &error));
  CHECK(name[0] != '\0' && version[0] != '\0' && entries > 0);
  search(index, known);
  look_up(index);
  hashscan_index_close(index);
}

/* ---- Matching and scanning --------------------------------------------------------------------------------------- */

static hashscan_matcher *new_matcher(const char *index) {
  hashscan_matcher *matcher = NULL;
  hashscan_match_options options = HASHSCAN_MATCH_OPTIONS_INIT;
  OLDER_REFUSES(options, hashscan_matcher_create(&index, 1, &options, &matcher, &error));
  NEED(hashscan_matcher_create(&index, 1, &options, &matcher, &error));
  NEED(hashscan_matcher_reload(matcher, &error));
  hashscan_index *snapshot = hashscan_matcher_snapshot(matcher, 0);
  CHECK(snapshot != NULL);
  hashscan_index_close(snapshot);
  return matcher;
}

static void count_verdict(const hashscan_verdict *verdict) {
  hashscan_summary *summary, *all;
  NEED(hashscan_summary_create(&summary, &error));
  NEED(hashscan_summary_create(&all, &error));
  NEED(hashscan_summary_count(summary, verdict, 100, 1, &error));
  hashscan_summary_add(all, summary);
  hashscan_summary_add(all, summary);
  CHECK(hashscan_summary_inputs(all) == 2 && hashscan_summary_bytes(all) == 200);
  CHECK(hashscan_summary_duplicates(all) == 2 && hashscan_summary_method(all, verdict->method) == 2);
  CHECK(hashscan_summary_outcome(all, HASHSCAN_OUTCOME_MATCH) == 2);
  CHECK(hashscan_summary_status(all, HASHSCAN_STATUS_OK) == 2);
  uint8_t bytes[1024];
  const size_t size = hashscan_summary_encode(all, bytes, sizeof bytes);
  hashscan_summary_destroy(summary);
  NEED(hashscan_summary_decode(bytes, size, &summary, &error));
  CHECK(hashscan_summary_inputs(summary) == 2);
  hashscan_summary_destroy(summary);
  hashscan_summary_destroy(all);
}

/* The exact hash of the same bytes, written and read on the way, has the matches that the bytes have. */
static void match_hash(hashscan_matcher *matcher, hashscan_hasher *hasher, const unsigned char *bytes, size_t size,
                       const hashscan_verdict *expected) {
  hashscan_hash_request request = HASHSCAN_HASH_REQUEST_INIT;
  hashscan_image_hash image = HASHSCAN_IMAGE_HASH_INIT;
  const hashscan_image_hash *images[] = {&image};
  hashscan_verdict *verdict;
  uint8_t written[HASHSCAN_IMAGE_HASH_BYTES];
  OLDER_REFUSES(request, hashscan_hash_requested(hasher, &request, bytes, size, &image, &error));
  request.digests = 1u << HASHSCAN_KIND_MD5 | 1u << HASHSCAN_KIND_SHA1 | 1u << HASHSCAN_KIND_SHA256;
  NEED(hashscan_hash_requested(hasher, &request, bytes, size, &image, &error));
  CHECK(image.digests == request.digests && image.picture_count == 1 && image.view == HASHSCAN_VIEW_STORED);
  NEED(hashscan_image_hash_encode(&image, written, sizeof written, &error));
  NEED(hashscan_image_hash_decode(written, sizeof written, &image, &error));
  NEED(hashscan_match_hashes(matcher, images, NULL, 1, NULL, &verdict, &error));
  CHECK(verdict->outcome == expected->outcome && verdict->match_count == expected->match_count);
  CHECK(verdict->request_count == 0 && verdict->index_count == 1 && verdict->indexes[0] != NULL);
  hashscan_verdict_destroy(verdict);
}

static void match(hashscan_matcher *matcher, const char *selftest) {
  hashscan_hasher *hasher;
  unsigned char *bytes;
  const size_t size = read_file(joined(selftest, "selftest.jpg"), &bytes);
  hashscan_verdict *verdict;
  NEED(hashscan_matcher_hasher(matcher, &hasher, &error));
  NEED(hashscan_match_image(matcher, hasher, bytes, size, &verdict, &error));
  CHECK(verdict->outcome == HASHSCAN_OUTCOME_MATCH && verdict->match_count > 0);
  CHECK(verdict->status == HASHSCAN_STATUS_OK && verdict->image->status == HASHSCAN_STATUS_OK);
  if (verdict->match_count > 0) {
    const hashscan_match *first = verdict->matches[0];
    CHECK(strcmp(first->list, "selftest") == 0 && strcmp(first->version, "1") == 0);
    CHECK(first->distance <= 31 && first->view == HASHSCAN_VIEW_STORED);
  }
  match_hash(matcher, hasher, bytes, size, verdict);
  count_verdict(verdict);
  hashscan_verdict_destroy(verdict);
  hashscan_hasher_destroy(hasher);
  free(bytes);
}

struct scan {
  uint64_t records, matches, done;
  const char *more; /* the path that next_path has still to give */
  int stop;
};

static int next_path(void *user, const char **path) {
  struct scan *scan = user;
  *path = scan->more;
  scan->more = NULL;
  return 0;
}

static int on_record(void *user, const hashscan_record *record) {
  struct scan *scan = user;
  CHECK(record->number == scan->records && record->bytes > 0 && strstr(record->path, "selftest.") != NULL);
  scan->records++;
  scan->matches += record->verdict->outcome == HASHSCAN_OUTCOME_MATCH;
  CHECK(scan->records <= 3 || record->duplicate);
  return 0;
}

static int on_progress(void *user, const hashscan_progress *progress) {
  struct scan *scan = user;
  scan->done = progress->done;
  CHECK(progress->done <= progress->total && progress->matches == scan->matches);
  CHECK((progress->bytes > 0) == (progress->done > 0) && (progress->total_known == 0 || progress->total_known == 1));
  return 0;
}

static int should_stop(void *user) {
  return ((struct scan *)user)->stop;
}

static void scan_folder(hashscan_matcher *matcher, const char *selftest) {
  struct scan scan = {.more = joined(selftest, "selftest.jpg")};
  hashscan_summary *summary;
  hashscan_scan_options options = HASHSCAN_SCAN_OPTIONS_INIT;
  NEED(hashscan_summary_create(&summary, &error));
  options.paths = &selftest;
  options.path_count = 1;
  options.next_path = next_path;
  options.threads = 2;
  options.on_record = on_record;
  options.on_progress = on_progress;
  options.should_stop = should_stop;
  options.user = &scan;
  options.links = HASHSCAN_LINKS_SKIP;
  OLDER_REFUSES(options, hashscan_scan(matcher, &options, NULL, &error));
  NEED(hashscan_scan(matcher, &options, summary, &error));
  CHECK(scan.records == 4 && scan.matches == 3 && scan.done == 4 && scan.more == NULL);
  CHECK(hashscan_summary_inputs(summary) == 4 && hashscan_summary_seconds(summary) > 0);
  CHECK(!hashscan_summary_stopped(summary));
  scan = (struct scan){.stop = 1};
  CHECK(hashscan_scan(matcher, &options, summary, &error) == HASHSCAN_E_STOPPED);
  CHECK(hashscan_summary_stopped(summary));
  hashscan_summary_destroy(summary);
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  setvbuf(stdout, NULL, _IONBF, 0); /* a sanitizer may end the program before anything is flushed */
  char index[4096];
  snprintf(index, sizeof index, "%s/index", argv[1]);
  hashscan_pdq known = {{0}};
  set_allocator();
  names();
  text_and_hex();
  defaults();
  default_entry();
  hash_files(argv[2], &known);
  build(index, argv[2]);
  update(index, argv[2]);
  read_index(index, &known);
  hashscan_matcher *matcher = new_matcher(index);
  match(matcher, argv[2]);
  scan_folder(matcher, argv[2]);
  hashscan_matcher_destroy(matcher);
  CHECK(allocations > 0);
  printf("%s\n", failures == 0 ? "all as it was" : "differs");
  return failures != 0;
}
