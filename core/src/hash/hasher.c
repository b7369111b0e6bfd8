/* SPDX-License-Identifier: Apache-2.0 */
/* One thread's hashing. What the decoder gives, or the caller's pixels, goes straight into the stream of its level:
 *
 *     exact    rows, or samples of video luma -> pdq_stream -> hash
 *     fast     the same, or planes of a JPEG -> pdq_fast -> hash and the bits that rounding may change
 *     blocks   luma blocks of a JPEG -> pdq_fast -> hash and the bits that what was not read may change
 *
 * What level blocks gets as rows, every PNG and each JPEG that its blocks were not read of, goes the way of fast; and
 * what fast brings nothing for goes the way of exact. */
#include "hash/hasher.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "base/control.h"
#include "base/cpu.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/options.h"
#include "hash/digest.h"
#include "image/image.h"
#include "pdq/certainty.h"
#include "pdq/fast.h"
#include "pdq/pdq.h"
#include "pdq/spectrum.h"

static hashscan_code check_options(const hashscan_hash_options *options, hashscan_error *error) {
  if (options->profile != HASHSCAN_PROFILE_FULL && options->profile != HASHSCAN_PROFILE_NN512)
    return error_set(error, HASHSCAN_E_ARGUMENT, "unknown profile %d", (int)options->profile);
  if (options->level != HASHSCAN_LEVEL_EXACT && options->level != HASHSCAN_LEVEL_FAST &&
      options->level != HASHSCAN_LEVEL_BLOCKS)
    return error_set(error, HASHSCAN_E_ARGUMENT, "unknown level %d", (int)options->level);
  return digests_check(options->digests, error);
}

hashscan_code hashscan_hasher_create(const hashscan_hash_options *options, hashscan_hasher **hasher,
                                     hashscan_error *error) {
  if (hasher == NULL) return error_set(error, HASHSCAN_E_ARGUMENT, "hasher is NULL");
  *hasher = NULL;
  hashscan_hash_options known = HASHSCAN_HASH_OPTIONS_INIT;
  hashscan_limits limits;
  hashscan_code code = options_copy(&known, sizeof known, options, "hashscan_hash_options", error);
  if (code == HASHSCAN_SUCCESS) code = check_options(&known, error);
  if (code == HASHSCAN_SUCCESS) code = limits_copy(&limits, known.limits, error);
  if (code == HASHSCAN_SUCCESS) code = cpu_check(error);
  if (code != HASHSCAN_SUCCESS) return code;

  hashscan_hasher *made = memory_allocate(sizeof *made);
  if (made == NULL) return error_memory(error);
  *made = (hashscan_hasher){.profile = known.profile,
                            .level = known.level,
                            .dihedral = known.dihedral != 0,
                            .digests = known.digests,
                            .limits = limits,
                            .stream = pdq_stream_create(),
                            .fast = known.level == HASHSCAN_LEVEL_EXACT ? NULL : pdq_fast_create()};
  if (made->stream == NULL || (known.level != HASHSCAN_LEVEL_EXACT && made->fast == NULL)) {
    hashscan_hasher_destroy(made);
    return error_memory(error);
  }
  *hasher = made;
  return HASHSCAN_SUCCESS;
}

void hashscan_hasher_destroy(hashscan_hasher *hasher) {
  if (hasher == NULL) return;
  pdq_stream_destroy(hasher->stream);
  pdq_fast_destroy(hasher->fast);
  memory_release(hasher);
}

hashscan_code hashscan_hasher_set_control(hashscan_hasher *hasher, const hashscan_control *control,
                                          hashscan_error *error) {
  if (hasher == NULL) return error_set(error, HASHSCAN_E_ARGUMENT, "hasher is NULL");
  hasher->control = control;
  return HASHSCAN_SUCCESS;
}

/* ---- Where a picture goes ---------------------------------------------------------------------------------------- */

/* Sides from which the fast level has something to win. Below, a picture costs little either way. */
#define MIN_FAST_SIDE 128
#define NN512_SIDE 512 /* nearest neighbours of larger pictures are no linear operator on blocks */

static bool is_worth_fast(const hashscan_hasher *hasher, uint32_t width, uint32_t height) {
  const uint32_t shorter = width < height ? width : height;
  const uint32_t longer = width < height ? height : width;
  return shorter >= MIN_FAST_SIDE && (hasher->profile == HASHSCAN_PROFILE_FULL || longer <= NN512_SIDE);
}

static bool begin_luma(hashscan_hasher *hasher, uint32_t width, uint32_t height, const struct pdq_luma_range *range) {
  hasher->to_fast = hasher->level != HASHSCAN_LEVEL_EXACT && is_worth_fast(hasher, width, height);
  return hasher->to_fast ? pdq_fast_begin_luma(hasher->fast, width, height, range)
                         : pdq_stream_begin_luma(hasher->stream, width, height, range, hasher->profile);
}

static bool begin(hashscan_hasher *hasher, hashscan_level level, uint32_t width, uint32_t height, unsigned channels) {
  hasher->to_fast = level != HASHSCAN_LEVEL_EXACT && is_worth_fast(hasher, width, height);
  return hasher->to_fast ? pdq_fast_begin(hasher->fast, width, height, channels)
                         : pdq_stream_begin(hasher->stream, width, height, channels, hasher->profile);
}

static void take_rows(hashscan_hasher *hasher, const uint8_t *pixels, size_t stride, uint32_t count) {
  if (hasher->to_fast) pdq_fast_rows(hasher->fast, pixels, stride, count);
  else
    for (uint32_t i = 0; i < count; i++) pdq_stream_row(hasher->stream, pixels + i * stride);
}

static bool on_begin_exact(void *user, const struct image_info *info) {
  return begin(user, HASHSCAN_LEVEL_EXACT, info->width, info->height, info->channels);
}

static bool on_begin_fast(void *user, const struct image_info *info) {
  return begin(user, HASHSCAN_LEVEL_FAST, info->width, info->height, info->channels);
}

static bool on_rows(void *user, const uint8_t *pixels, size_t stride, uint32_t count) {
  take_rows(user, pixels, stride, count);
  return true;
}

static bool want_planes(void *user, const struct image_info *info) {
  const hashscan_hasher *hasher = user;
  return is_worth_fast(hasher, info->width, info->height) && pdq_fast_wants_planes(hasher->fast, info->height);
}

static bool on_begin_planes(void *user, const struct image_info *info) {
  hashscan_hasher *hasher = user;
  hasher->to_fast = true;
  return pdq_fast_begin_planes(hasher->fast, info->width, info->height);
}

static bool on_planes(void *user, const struct image_planes *planes) {
  hashscan_hasher *hasher = user;
  pdq_fast_planes(hasher->fast, planes);
  return true;
}

static unsigned want_blocks(void *user, const struct image_info *info) {
  return is_worth_fast(user, info->width, info->height) ? pdq_fast_keep(info->width, info->height) : 0;
}

static enum image_answer on_begin_blocks(void *user, const struct image_info *info, const struct image_blocks *blocks) {
  hashscan_hasher *hasher = user;
  hasher->to_fast = true;
  if (!pdq_fast_begin_blocks(hasher->fast, info, blocks)) return IMAGE_REFUSED;
  return pdq_fast_misses_much(hasher->fast) ? IMAGE_DECLINED : IMAGE_TAKEN;
}

static bool on_blocks(void *user, const struct image_block_rows *rows) {
  hashscan_hasher *hasher = user;
  pdq_fast_blocks(hasher->fast, rows);
  return true;
}

/* ---- What it ends as --------------------------------------------------------------------------------------------- */

static void finish_fast(hashscan_hasher *hasher, hashscan_image_hash *out) {
  struct pdq_fast_result *result = &hasher->result;
  pdq_fast_finish(hasher->fast, result);
  float epsilon[PDQ_COEFFICIENTS * PDQ_COEFFICIENTS];
  pdq_epsilon(result, out->width, out->height, epsilon);
  pdq_hash_within(result->coefficients, epsilon, out->hash_count, out->hashes, out->unknown);
  out->quality = result->quality;
  out->quality_low = result->quality_low;
  out->quality_high = result->quality_high;
  out->level = result->path == PDQ_FAST_PIXELS ? HASHSCAN_LEVEL_FAST : HASHSCAN_LEVEL_BLOCKS;
}

static void finish(hashscan_hasher *hasher, hashscan_image_hash *out) {
  out->hash_count = hasher->dihedral ? HASHSCAN_MAX_HASHES : 1;
  out->picture_count = 1;
  if (hasher->to_fast) {
    finish_fast(hasher, out);
    return;
  }
  out->level = HASHSCAN_LEVEL_EXACT;
  pdq_stream_finish(hasher->stream, hasher->dihedral, out->hashes, &out->quality);
  out->quality_low = out->quality_high = out->quality;
}

/* A damaged picture has its own reason, which stays in front. */
static void note_unseen(const char *unseen, hashscan_image_hash *out) {
  if (unseen == NULL) return;
  out->unseen = 1;
  const size_t length = strlen(out->reason);
  snprintf(out->reason + length, sizeof out->reason - length, "%s%s", length == 0 ? "" : "; ", unseen);
}

static hashscan_image_hash new_hash(const hashscan_hasher *hasher, hashscan_level level) {
  hashscan_image_hash hash = HASHSCAN_IMAGE_HASH_INIT;
  hash.profile = hasher->profile;
  hash.level = level;
  return hash;
}

/* STOPPED or TIMEOUT when the control ended it. */
static hashscan_code hash_picture(hashscan_hasher *hasher, const void *bytes, size_t size, hashscan_image_hash *out) {
  static const struct image_sink sinks[] = {
      [HASHSCAN_LEVEL_EXACT] = {.begin = on_begin_exact, .rows = on_rows},
      [HASHSCAN_LEVEL_FAST] = {.begin = on_begin_fast,
                               .rows = on_rows,
                               .want_planes = want_planes,
                               .begin_planes = on_begin_planes,
                               .planes = on_planes},
      [HASHSCAN_LEVEL_BLOCKS] = {.begin = on_begin_fast,
                                 .rows = on_rows,
                                 .want_planes = want_planes,
                                 .begin_planes = on_begin_planes,
                                 .planes = on_planes,
                                 .want_blocks = want_blocks,
                                 .begin_blocks = on_begin_blocks,
                                 .blocks = on_blocks},
  };
  struct image_sink sink = sinks[out->level];
  sink.user = hasher;
  sink.view = out->view;
  sink.control = hasher->control;
  struct image_info info;
  out->status = image_decode(bytes, size, &hasher->limits, &sink, &info, out->reason);
  out->format = info.format;
  out->width = info.width;
  out->height = info.height;
  if (info.ended != HASHSCAN_SUCCESS) return info.ended;
  if (out->status != HASHSCAN_STATUS_OK && out->status != HASHSCAN_STATUS_DAMAGED) return HASHSCAN_SUCCESS;
  out->views = info.views;
  note_unseen(info.unseen, out);
  finish(hasher, out);
  return HASHSCAN_SUCCESS;
}

/* Leaves nothing in `out` that could be taken for an answer of a call that was ended. */
static hashscan_code end_early(const hashscan_hasher *hasher, hashscan_code code, hashscan_image_hash *out,
                               hashscan_error *error) {
  *out = new_hash(hasher, out->level);
  out->status = HASHSCAN_STATUS_TIMEOUT;
  snprintf(out->reason, sizeof out->reason, "ended by its caller");
  return control_error(code, error);
}

static bool is_ended(hashscan_code code) {
  return code == HASHSCAN_E_STOPPED || code == HASHSCAN_E_TIMEOUT;
}

hashscan_code hasher_hash(hashscan_hasher *hasher, const hashscan_hash_request *request, const void *bytes, size_t size,
                          hashscan_image_hash *out, hashscan_error *error) {
  *out = new_hash(hasher, request->level < hasher->level ? request->level : hasher->level);
  out->view = request->view;
  out->picture = request->picture;
  hashscan_code code = HASHSCAN_SUCCESS;
  if (request->picture == 0) {
    code = hash_picture(hasher, bytes, size, out);
  } else {
    out->status = HASHSCAN_STATUS_UNSUPPORTED;
    snprintf(out->reason, sizeof out->reason, "there is no picture %" PRIu32, request->picture);
  }
  /* What earlier attempts at decoding have left behind the end of the reason is no part of the answer. */
  const size_t length = strlen(out->reason);
  memset(out->reason + length, 0, sizeof out->reason - length);
  if (code == HASHSCAN_SUCCESS) code = digests_compute(request->digests, bytes, size, hasher->control, out, error);
  return is_ended(code) ? end_early(hasher, code, out, error) : code;
}

/* Hands out what there is to say: an answer, or that the call was ended. */
static hashscan_code fill(hashscan_code code, const hashscan_image_hash *hash, hashscan_image_hash *out,
                          hashscan_error *error) {
  if (code == HASHSCAN_SUCCESS) return options_fill(out, hash, sizeof *hash, "hashscan_image_hash", error);
  if (is_ended(code)) (void)options_fill(out, hash, sizeof *hash, "hashscan_image_hash", NULL);
  return code;
}

static hashscan_code check_request(const hashscan_hash_request *request, hashscan_error *error) {
  if ((unsigned)request->view >= HASHSCAN_VIEW_COUNT)
    return error_set(error, HASHSCAN_E_ARGUMENT, "unknown view %d", (int)request->view);
  if ((unsigned)request->level > HASHSCAN_LEVEL_BLOCKS)
    return error_set(error, HASHSCAN_E_ARGUMENT, "unknown level %d", (int)request->level);
  return digests_check(request->digests, error);
}

hashscan_code hashscan_hash_requested(hashscan_hasher *hasher, const hashscan_hash_request *request, const void *bytes,
                                      size_t size, hashscan_image_hash *out, hashscan_error *error) {
  if (hasher == NULL || request == NULL || out == NULL || (bytes == NULL && size > 0))
    return error_set(error, HASHSCAN_E_ARGUMENT, "hasher, request, bytes or out is NULL");
  hashscan_hash_request known = HASHSCAN_HASH_REQUEST_INIT;
  hashscan_image_hash hash;
  hashscan_code code = options_copy(&known, sizeof known, request, "hashscan_hash_request", error);
  if (code == HASHSCAN_SUCCESS) code = check_request(&known, error);
  if (code != HASHSCAN_SUCCESS) return code;
  code = hasher_hash(hasher, &known, bytes, size, &hash, error);
  return fill(code, &hash, out, error);
}

hashscan_code hashscan_hash_image(hashscan_hasher *hasher, const void *bytes, size_t size, hashscan_image_hash *out,
                                  hashscan_error *error) {
  if (hasher == NULL) return error_set(error, HASHSCAN_E_ARGUMENT, "hasher is NULL");
  hashscan_hash_request request = HASHSCAN_HASH_REQUEST_INIT;
  request.level = hasher->level;
  request.digests = hasher->digests;
  return hashscan_hash_requested(hasher, &request, bytes, size, out, error);
}

/* A picture of rows `stride` bytes apart, whose pixels are `pixel_bytes` long. */
static hashscan_code check_picture(const hashscan_limits *limits, uint32_t width, uint32_t height, unsigned pixel_bytes,
                                   size_t stride, hashscan_error *error) {
  if (width == 0 || height == 0) return error_set(error, HASHSCAN_E_ARGUMENT, "a picture without pixels");
  size_t row_bytes;
  size_t all_bytes;
  if (!checked_mul(width, pixel_bytes, &row_bytes) || stride < row_bytes || !checked_mul(stride, height, &all_bytes))
    return error_set(error, HASHSCAN_E_ARGUMENT, "a stride of %zu bytes for rows of %" PRIu32 " pixels of %u bytes",
                     stride, width, pixel_bytes);
  if (width > limits->max_jpeg_side || height > limits->max_jpeg_side)
    return error_set(error, HASHSCAN_E_LIMIT,
                     "picture is %" PRIu32 "x%" PRIu32 ", over the limit of %" PRIu32 " pixels a side (max_jpeg_side)",
                     width, height, limits->max_jpeg_side);
  if ((uint64_t)width * height > limits->max_pixels)
    return error_set(error, HASHSCAN_E_LIMIT,
                     "picture is %" PRIu32 "x%" PRIu32 ", over the limit of %" PRIu64 " pixels (max_pixels)", width,
                     height, limits->max_pixels);
  return HASHSCAN_SUCCESS;
}

/* With a control, rows are taken together as far as their pixels take a fraction of a millisecond. */
static hashscan_code take_all_rows(hashscan_hasher *hasher, const uint8_t *pixels, size_t stride, uint32_t width,
                                   uint32_t height) {
  enum { PIXELS_AT_ONCE = 1 << 20, ROWS_AT_LEAST = 16 };
  const uint32_t most = PIXELS_AT_ONCE / width;
  const uint32_t at_once = hasher->control == NULL ? height : most < ROWS_AT_LEAST ? ROWS_AT_LEAST : most;
  for (uint32_t row = 0; row < height;) {
    const hashscan_code code = control_state(hasher->control);
    if (code != HASHSCAN_SUCCESS) return code;
    const uint32_t count = height - row < at_once ? height - row : at_once;
    take_rows(hasher, pixels + row * stride, stride, count);
    row += count;
  }
  return HASHSCAN_SUCCESS;
}

/* A picture that came decoded. */
static hashscan_code hash_decoded(hashscan_hasher *hasher, const uint8_t *pixels, size_t stride, uint32_t width,
                                  uint32_t height, hashscan_image_hash *out, hashscan_error *error) {
  hashscan_image_hash hash = new_hash(hasher, hasher->level);
  hash.width = width;
  hash.height = height;
  hashscan_code code = take_all_rows(hasher, pixels, stride, width, height);
  if (code == HASHSCAN_SUCCESS) finish(hasher, &hash);
  else code = end_early(hasher, code, &hash, error);
  return fill(code, &hash, out, error);
}

hashscan_code hashscan_hash_pixels(hashscan_hasher *hasher, const uint8_t *pixels, uint32_t width, uint32_t height,
                                   unsigned channels, size_t stride, hashscan_image_hash *out, hashscan_error *error) {
  if (hasher == NULL || pixels == NULL || out == NULL)
    return error_set(error, HASHSCAN_E_ARGUMENT, "hasher, pixels or out is NULL");
  if (channels != 1 && channels != 3 && channels != 4)
    return error_set(error, HASHSCAN_E_ARGUMENT, "%u channels; known are 1, 3 and 4", channels);
  const hashscan_code code = check_picture(&hasher->limits, width, height, channels, stride, error);
  if (code != HASHSCAN_SUCCESS) return code;
  if (!begin(hasher, hasher->level, width, height, channels)) return error_memory(error);
  return hash_decoded(hasher, pixels, stride, width, height, out, error);
}

static hashscan_code check_luma(const hashscan_limits *limits, const hashscan_luma *luma, hashscan_error *error) {
  if (luma->samples == NULL) return error_set(error, HASHSCAN_E_ARGUMENT, "luma.samples is NULL");
  if (luma->bits < 8 || luma->bits > 16)
    return error_set(error, HASHSCAN_E_ARGUMENT, "luma of %u bits; known are 8 to 16", luma->bits);
  if (luma->range != HASHSCAN_LUMA_RANGE_FULL && luma->range != HASHSCAN_LUMA_RANGE_LIMITED)
    return error_set(error, HASHSCAN_E_ARGUMENT, "unknown range %d", (int)luma->range);
  const unsigned bytes = luma->bits == 8 ? 1 : 2;
  if ((uintptr_t)luma->samples % bytes != 0 || luma->stride % bytes != 0)
    return error_set(error, HASHSCAN_E_ARGUMENT, "luma of %u bits whose rows are not aligned to %u bytes", luma->bits,
                     bytes);
  return check_picture(limits, luma->width, luma->height, bytes, luma->stride, error);
}

hashscan_code hashscan_hash_luma(hashscan_hasher *hasher, const hashscan_luma *luma, hashscan_image_hash *out,
                                 hashscan_error *error) {
  if (hasher == NULL || luma == NULL || out == NULL)
    return error_set(error, HASHSCAN_E_ARGUMENT, "hasher, luma or out is NULL");
  hashscan_luma known = HASHSCAN_LUMA_INIT;
  hashscan_code code = options_copy(&known, sizeof known, luma, "hashscan_luma", error);
  if (code == HASHSCAN_SUCCESS) code = check_luma(&hasher->limits, &known, error);
  if (code != HASHSCAN_SUCCESS) return code;
  const struct pdq_luma_range range = pdq_luma_range(known.bits, known.range == HASHSCAN_LUMA_RANGE_LIMITED);
  if (!begin_luma(hasher, known.width, known.height, &range)) return error_memory(error);
  return hash_decoded(hasher, known.samples, known.stride, known.width, known.height, out, error);
}
