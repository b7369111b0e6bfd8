/* SPDX-License-Identifier: Apache-2.0 */
/* One thread's hashing: rows from the decoder, or from the caller's pixels, go straight into the PDQ stream. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/checked.h"
#include "base/cpu.h"
#include "base/error.h"
#include "base/options.h"
#include "image/image.h"
#include "pdq/pdq.h"
#include "scan/scan.h"

static hashscan_code check_options(const hashscan_hash_options *options, hashscan_error *error) {
  if (options->profile != HASHSCAN_PROFILE_FULL && options->profile != HASHSCAN_PROFILE_NN512)
    return error_set(error, HASHSCAN_E_ARGUMENT, "unknown profile %d", (int)options->profile);
  if (options->level != HASHSCAN_LEVEL_EXACT)
    return error_set(error, HASHSCAN_E_ARGUMENT, "unknown level %d", (int)options->level);
  return HASHSCAN_SUCCESS;
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

  hashscan_hasher *made = malloc(sizeof *made);
  if (made == NULL) return error_memory(error);
  *made = (hashscan_hasher){
      .profile = known.profile, .dihedral = known.dihedral != 0, .limits = limits, .stream = pdq_stream_create()};
  if (made->stream == NULL) {
    free(made);
    return error_memory(error);
  }
  *hasher = made;
  return HASHSCAN_SUCCESS;
}

void hashscan_hasher_destroy(hashscan_hasher *hasher) {
  if (hasher == NULL) return;
  pdq_stream_destroy(hasher->stream);
  free(hasher);
}

static bool on_begin(void *user, const struct image_info *info) {
  hashscan_hasher *hasher = user;
  return pdq_stream_begin(hasher->stream, info->width, info->height, info->channels, hasher->profile);
}

static bool on_row(void *user, const uint8_t *pixels) {
  hashscan_hasher *hasher = user;
  pdq_stream_row(hasher->stream, pixels);
  return true;
}

static void finish(hashscan_hasher *hasher, hashscan_image_hash *out) {
  pdq_stream_finish(hasher->stream, hasher->dihedral, out->hashes, &out->quality);
  out->hash_count = hasher->dihedral ? HASHSCAN_TRANSFORM_COUNT : 1;
}

hashscan_code hashscan_hash_image(hashscan_hasher *hasher, const void *bytes, size_t size, hashscan_image_hash *out,
                                  hashscan_error *error) {
  if (hasher == NULL || out == NULL || (bytes == NULL && size > 0))
    return error_set(error, HASHSCAN_E_ARGUMENT, "hasher, bytes or out is NULL");
  const struct image_sink sink = {.user = hasher, .begin = on_begin, .row = on_row};
  struct image_info info;
  *out = (hashscan_image_hash){.quality = -1};
  out->status = image_decode(bytes, size, &hasher->limits, &sink, &info, out->reason);
  out->format = info.format;
  out->width = info.width;
  out->height = info.height;
  if (out->status == HASHSCAN_STATUS_OK || out->status == HASHSCAN_STATUS_DAMAGED) finish(hasher, out);
  return HASHSCAN_SUCCESS;
}

static hashscan_code check_pixels(const hashscan_limits *limits, uint32_t width, uint32_t height, unsigned channels,
                                  size_t stride, hashscan_error *error) {
  if (channels != 1 && channels != 3 && channels != 4)
    return error_set(error, HASHSCAN_E_ARGUMENT, "%u channels; known are 1, 3 and 4", channels);
  if (width == 0 || height == 0) return error_set(error, HASHSCAN_E_ARGUMENT, "a picture without pixels");
  size_t row_bytes;
  size_t all_bytes;
  if (!checked_mul(width, channels, &row_bytes) || stride < row_bytes || !checked_mul(stride, height, &all_bytes))
    return error_set(error, HASHSCAN_E_ARGUMENT, "a stride of %zu bytes for rows of %" PRIu32 " pixels of %u bytes",
                     stride, width, channels);
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

hashscan_code hashscan_hash_pixels(hashscan_hasher *hasher, const uint8_t *pixels, uint32_t width, uint32_t height,
                                   unsigned channels, size_t stride, hashscan_image_hash *out, hashscan_error *error) {
  if (hasher == NULL || pixels == NULL || out == NULL)
    return error_set(error, HASHSCAN_E_ARGUMENT, "hasher, pixels or out is NULL");
  const hashscan_code code = check_pixels(&hasher->limits, width, height, channels, stride, error);
  if (code != HASHSCAN_SUCCESS) return code;
  if (!pdq_stream_begin(hasher->stream, width, height, channels, hasher->profile)) return error_memory(error);
  for (uint32_t row = 0; row < height; row++) pdq_stream_row(hasher->stream, pixels + row * stride);
  *out = (hashscan_image_hash){.status = HASHSCAN_STATUS_OK, .width = width, .height = height};
  finish(hasher, out);
  return HASHSCAN_SUCCESS;
}
