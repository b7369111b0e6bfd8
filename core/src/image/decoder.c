/* SPDX-License-Identifier: Apache-2.0 */
/* What the decoders share: limits, time, the sink's calls, warnings and the reason line. */
#include "image/decoder.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/control.h"
#include "base/utf8.h"

enum decoder_sniff decoder_sniff_signature(const uint8_t *bytes, size_t size, const char *signature, size_t length) {
  if (size >= length) return memcmp(bytes, signature, length) == 0 ? DECODER_YES : DECODER_NO;
  return memcmp(bytes, signature, size) == 0 ? DECODER_CUT : DECODER_NO;
}

/* Reasons are ASCII: whatever else a codec library quotes comes from the file. */
hashscan_status decode_end(struct decode_job *job, hashscan_status status, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  if (vsnprintf(job->reason, HASHSCAN_REASON_SIZE, format, arguments) < 0) job->reason[0] = '\0';
  va_end(arguments);
  utf8_make_ascii(job->reason);
  return status;
}

hashscan_status decode_check_size(struct decode_job *job, uint32_t max_side, const char *limit_name) {
  const uint32_t width = job->info->width;
  const uint32_t height = job->info->height;
  if (width > max_side || height > max_side)
    return decode_end(job, HASHSCAN_STATUS_LIMIT,
                      "picture is %" PRIu32 "x%" PRIu32 ", over the limit of %" PRIu32 " pixels a side (%s)", width,
                      height, max_side, limit_name);
  if ((uint64_t)width * height > job->limits->max_pixels)
    return decode_end(job, HASHSCAN_STATUS_LIMIT,
                      "picture is %" PRIu32 "x%" PRIu32 ", over the limit of %" PRIu64 " pixels (max_pixels)", width,
                      height, job->limits->max_pixels);
  return HASHSCAN_STATUS_OK;
}

/* The coefficients of all blocks, when they come in several scans, and a few dozen rows of samples. */
bool decode_has_room(const struct decode_job *job, uint32_t width, uint64_t blocks) {
  enum { ROW_BYTES_A_COLUMN = 1024, DECODER_BYTES = 1 << 20, BLOCK_BYTES = IMAGE_BLOCK_COEFFICIENTS * sizeof(int16_t) };
  return DECODER_BYTES + (uint64_t)ROW_BYTES_A_COLUMN * width + blocks * BLOCK_BYTES <= job->limits->max_decoder_bytes;
}

hashscan_status decode_check_time(struct decode_job *job) {
  if (job->ended == HASHSCAN_SUCCESS) job->ended = control_state(job->sink->control);
  if (job->ended != HASHSCAN_SUCCESS) return decode_end(job, HASHSCAN_STATUS_TIMEOUT, "ended by its caller");
  if (clock_seconds() <= job->deadline) return HASHSCAN_STATUS_OK;
  return decode_end(job, HASHSCAN_STATUS_TIMEOUT, "decoding took longer than %g seconds (max_seconds)",
                    job->limits->max_seconds);
}

hashscan_status decode_over_memory(struct decode_job *job) {
  return decode_end(job, HASHSCAN_STATUS_LIMIT, "decoding needs more than %" PRIu64 " bytes (max_decoder_bytes)",
                    job->limits->max_decoder_bytes);
}

hashscan_status decode_refused(struct decode_job *job) {
  return decode_end(job, HASHSCAN_STATUS_LIMIT, "out of memory");
}

hashscan_status decode_begin(struct decode_job *job) {
  return job->sink->begin(job->sink->user, job->info) ? HASHSCAN_STATUS_OK : decode_refused(job);
}

hashscan_status decode_begin_planes(struct decode_job *job) {
  return job->sink->begin_planes(job->sink->user, job->info) ? HASHSCAN_STATUS_OK : decode_refused(job);
}

static bool give_rows(struct decode_job *job, const uint8_t *pixels, size_t stride, uint32_t count) {
  const struct image_sink *sink = job->sink;
  if (sink->rows != NULL) return sink->rows(sink->user, pixels, stride, count);
  bool taken = true;
  for (uint32_t i = 0; taken && i < count; i++) taken = sink->row(sink->user, pixels + i * stride);
  return taken;
}

hashscan_status decode_rows(struct decode_job *job, const uint8_t *pixels, size_t stride, uint32_t count) {
  const hashscan_status status = decode_check_time(job);
  if (status != HASHSCAN_STATUS_OK) return status;
  if (!give_rows(job, pixels, stride, count)) return decode_refused(job);
  job->rows += count;
  return HASHSCAN_STATUS_OK;
}

hashscan_status decode_row(struct decode_job *job, const uint8_t *pixels) {
  return decode_rows(job, pixels, 0, 1);
}

hashscan_status decode_planes(struct decode_job *job, const struct image_planes *planes) {
  const hashscan_status status = decode_check_time(job);
  if (status != HASHSCAN_STATUS_OK) return status;
  if (!job->sink->planes(job->sink->user, planes)) return decode_refused(job);
  job->rows += planes->count;
  return HASHSCAN_STATUS_OK;
}

void decode_show(struct decode_job *job, unsigned views, const char *unseen) {
  job->info->views = job->sink->view == HASHSCAN_VIEW_STORED ? views : 0;
  job->info->unseen = unseen;
}

void decode_warn(struct decode_job *job, const char *text) {
  if (job->warnings++ == 0) snprintf(job->first_warning, sizeof job->first_warning, "%s", text);
}

hashscan_status decode_failed(struct decode_job *job, hashscan_status status, const char *text) {
  if (job->rows != 0 && job->rows == job->info->height)
    return decode_end(job, HASHSCAN_STATUS_DAMAGED, "%s (after the last row)", text);
  return decode_end(job, status, "%s", text);
}

hashscan_status decode_finished(struct decode_job *job) {
  if (job->warnings == 0) return HASHSCAN_STATUS_OK;
  if (job->warnings == 1) return decode_end(job, HASHSCAN_STATUS_DAMAGED, "%s", job->first_warning);
  return decode_end(job, HASHSCAN_STATUS_DAMAGED, "%s (the first of %" PRIu64 " warnings)", job->first_warning,
                    job->warnings);
}
