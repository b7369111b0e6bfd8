/* SPDX-License-Identifier: Apache-2.0 */
/* hashscan hash: image files in, one hash line each out, in the order given. */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "csv.h"
#include "image_json.h"
#include "input.h"
#include "message.h"
#include "text.h"

enum hash_format { HASH_JSONL, HASH_CSV, HASH_HEX, HASH_BINARY };

struct hash_settings {
  int profile, level, format;
  const char *view, *digests;
  bool dihedral;
  struct limit_settings limits;
};

static const struct option hash_options[] = {
    {"profile", 0, OPTION_PROFILE, offsetof(struct hash_settings, profile), NULL,
     "What is hashed: every pixel, or the nearest-neighbour 512x512 sample of larger images. Default full.", 0, 0},
    {"level", 0, OPTION_LEVEL, offsetof(struct hash_settings, level), NULL,
     "With fast the same pixels are hashed cheaply; rounding may change a few bits, and JSON Lines say which. With "
     "blocks, "
     "JPEG is hashed from the low frequencies of its blocks, and which bits differ is an estimate. Neither is to be "
     "published. Default exact.",
     0, 0},
    {"dihedral", 0, OPTION_FLAG, offsetof(struct hash_settings, dihedral), NULL,
     "Also the hashes of the seven flips and rotations. Not with --format hex.", 0, 0},
    {"view", 0, OPTION_TEXT, offsetof(struct hash_settings, view), "VIEW",
     "What is hashed of a picture that people may see otherwise than it is stored: stored, on-white, on-black, gamma, "
     "gamma-on-white, gamma-on-black or other-colors. JSON Lines say which of them differ. Default stored, as PDQ's "
     "reference has it.",
     0, 0},
    {"digests", 0, OPTION_TEXT, offsetof(struct hash_settings, digests), "LIST",
     "Also digests of the file: md5, sha1, sha256, with commas between them. Only with --format jsonl or binary.", 0,
     0},
    {"format", 0, OPTION_CHOICE, offsetof(struct hash_settings, format), "jsonl|csv|hex|binary",
     "How the output is written. With binary, 800 bytes a file as FORMAT.md describes them, without its name, in the "
     "order of FILEs. Default jsonl.",
     0, 0},
    LIMIT_OPTIONS(struct hash_settings, limits),
    {0}};

struct hash_run {
  struct hash_settings settings;
  hashscan_limits limits;
  hashscan_hasher *hasher;
  hashscan_hash_request request;
  struct input input;
  struct output out;
  bool some_failed;
};

static void encode(const hashscan_pdq *hash, char hex[HASHSCAN_MAX_HEX]) {
  hashscan_hex_encode(hash->bytes, sizeof hash->bytes, hex);
}

static void write_jsonl(struct hash_run *run, const char *path, const hashscan_image_hash *image) {
  struct json json = {&run->out, false};
  json_object_begin(&json, NULL);
  json_string(&json, "type", "hash");
  json_path(&json, path);
  image_json_write(&json, image);
  json_object_end(&json);
  json_line_end(&json);
}

static void write_csv_header(struct hash_run *run) {
  output_text(&run->out, "file,profile,level,hash,quality");
  for (int i = 1; run->settings.dihedral && i < HASHSCAN_TRANSFORM_COUNT; i++)
    output_format(&run->out, ",%s", hashscan_transform_name((hashscan_transform)i));
  output_text(&run->out, "\n");
}

static void write_csv(struct hash_run *run, const char *path, const hashscan_image_hash *image) {
  char hex[HASHSCAN_MAX_HEX];
  encode(&image->hashes[HASHSCAN_TRANSFORM_NONE], hex);
  csv_text(&run->out, path);
  output_format(&run->out, ",%s,%s,%s,%d", hashscan_profile_name((hashscan_profile)run->settings.profile),
                hashscan_level_name(image->level), hex, image->quality);
  for (unsigned i = 1; i < image->hash_count; i++) {
    encode(&image->hashes[i], hex);
    output_format(&run->out, ",%s", hex);
  }
  output_text(&run->out, "\n");
}

/* As sha256sum does: a name with a line break, or with anything else that a terminal should not get, is escaped, and a
 * backslash at the start of the line says so. */
static void write_hex(struct hash_run *run, const char *path, const hashscan_image_hash *image) {
  char hex[HASHSCAN_MAX_HEX];
  encode(&image->hashes[HASHSCAN_TRANSFORM_NONE], hex);
  const bool escape = strchr(path, '\\') != NULL || !text_is_plain(path);
  output_format(&run->out, "%s%s  ", escape ? "\\" : "", hex);
  if (escape)
    while (*path != '\0') path += text_put_escaped(&run->out, path);
  else output_text(&run->out, path);
  output_text(&run->out, "\n");
}

/* False when there is no written form of it, which is said on stderr. */
static bool write_binary(struct hash_run *run, const char *path, const hashscan_image_hash *image) {
  uint8_t bytes[HASHSCAN_IMAGE_HASH_BYTES];
  hashscan_error error;
  if (hashscan_image_hash_encode(image, bytes, sizeof bytes, &error) != HASHSCAN_SUCCESS) {
    message("%s: %s", path, error.message);
    return false;
  }
  output_put(&run->out, bytes, sizeof bytes);
  return true;
}

/* False when the run cannot go on. */
static bool write_result(struct hash_run *run, const char *path, const hashscan_image_hash *image) {
  if (image->hash_count == 0 && image->status != HASHSCAN_STATUS_NOT_IMAGE) run->some_failed = true;
  if (run->settings.format == HASH_JSONL) {
    write_jsonl(run, path, image);
    return true;
  }
  if (image->reason[0] != '\0') message("%s: %s: %s", path, hashscan_status_name(image->status), image->reason);
  if (run->settings.format == HASH_BINARY) return write_binary(run, path, image);
  if (image->hash_count == 0) return true;
  if (run->settings.format == HASH_CSV) write_csv(run, path, image);
  else write_hex(run, path, image);
  return true;
}

/* False when the run cannot go on. */
static bool hash_one(struct hash_run *run, const char *path) {
  hashscan_image_hash image = HASHSCAN_IMAGE_HASH_INIT;
  hashscan_error error;
  image.status = input_read(&run->input, path, run->limits.max_file_bytes, image.reason);
  if (image.status == HASHSCAN_STATUS_OK &&
      hashscan_hash_requested(run->hasher, &run->request, run->input.bytes, run->input.size, &image, &error) !=
          HASHSCAN_SUCCESS) {
    message("%s: %s", path, error.message);
    return false;
  }
  return write_result(run, path, &image) && run->out.failed_errno == 0;
}

static bool hash_all(struct hash_run *run, const struct operands *files) {
  if (run->settings.format == HASH_CSV) write_csv_header(run);
  for (size_t i = 0; i < files->count; i++)
    if (!hash_one(run, files->items[i])) return false;
  return true;
}

/* False when a name is none of a digest. */
static bool read_digests(const char *text, uint32_t *digests) {
  while (text != NULL) {
    char name[16];
    hashscan_kind kind;
    const size_t length = strcspn(text, ",");
    if (snprintf(name, sizeof name, "%.*s", (int)(length < sizeof name ? length : sizeof name), text) >=
            (int)sizeof name ||
        hashscan_kind_parse(name, &kind, NULL) != HASHSCAN_SUCCESS || kind < HASHSCAN_KIND_MD5 ||
        kind > HASHSCAN_KIND_SHA256)
      return false;
    *digests |= 1u << kind;
    text = text[length] == '\0' ? NULL : text + length + 1;
  }
  return true;
}

static int run_hash(const struct command *command, int argc, char **argv) {
  struct hash_run run = {0};
  struct operands files;
  int exit_code;
  if (!options_parse(command, argc, argv, &run.settings, &files, &exit_code)) return exit_code;
  if (files.count == 0) return options_misused(command, "no FILE given");
  if (run.settings.dihedral && run.settings.format == HASH_HEX)
    return options_misused(command, "--dihedral needs --format jsonl, csv or binary");
  const bool whole = run.settings.format == HASH_JSONL || run.settings.format == HASH_BINARY;
  if (run.settings.digests != NULL && !whole)
    return options_misused(command, "--digests needs --format jsonl or binary");
  run.request = (hashscan_hash_request)HASHSCAN_HASH_REQUEST_INIT;
  run.request.level = (hashscan_level)run.settings.level;
  hashscan_error error;
  if (run.settings.view != NULL &&
      hashscan_view_parse(run.settings.view, &run.request.view, &error) != HASHSCAN_SUCCESS)
    return options_misused(command, "--view: %s", error.message);
  if (!read_digests(run.settings.digests, &run.request.digests))
    return options_misused(command, "--digests: '%.40s' is no list of md5, sha1, sha256", run.settings.digests);
  run.limits = limit_settings_apply(&run.settings.limits);
  hashscan_hash_options options = HASHSCAN_HASH_OPTIONS_INIT;
  options.profile = (hashscan_profile)run.settings.profile;
  options.level = (hashscan_level)run.settings.level;
  options.dihedral = run.settings.dihedral;
  options.limits = &run.limits;
  if (hashscan_hasher_create(&options, &run.hasher, &error) != HASHSCAN_SUCCESS) {
    message("%s", error.message);
    return EXIT_FATAL;
  }
  output_open_stdout(&run.out);
  const bool finished = hash_all(&run, &files);
  const bool written = output_finish(&run.out);
  hashscan_hasher_destroy(run.hasher);
  input_free(&run.input);
  if (!finished || !written) return EXIT_FATAL;
  return run.some_failed ? EXIT_UNEXAMINED : EXIT_COMPLETE;
}

const struct command command_hash = {"hash", "FILE...", "Prints the PDQ hash of image files", hash_options, run_hash};
