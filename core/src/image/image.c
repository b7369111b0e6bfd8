/* SPDX-License-Identifier: Apache-2.0 */
/* From bytes to a decoder: the format is recognised by the first bytes, never by a name, and the decoder's job is set
 * up with its deadline. container.c names what no decoder takes. */
#include "image/image.h"

#include <assert.h>

#include "base/clock.h"
#include "image/container.h"
#include "image/decoder_table.h"

/* Anything that could be shown as a picture is unsupported, by name; the rest is no image. */
static hashscan_status refuse(struct decode_job *job) {
  const struct container found = container_identify(job->bytes, job->size);
  char decoded[HASHSCAN_REASON_SIZE];
  if (found.embedded > 0)
    return decode_end(job, HASHSCAN_STATUS_UNSUPPORTED, "%s at byte %zu, behind something unknown", found.name,
                      found.embedded);
  if (found.image)
    return decode_end(job, HASHSCAN_STATUS_UNSUPPORTED, "%s%s is not decoded, only %s", found.name,
                      found.compressed ? " in gzip" : "", decoder_table_names(decoded));
  if (found.name != NULL) return decode_end(job, HASHSCAN_STATUS_NOT_IMAGE, "%s, not an image", found.name);
  return decode_end(job, HASHSCAN_STATUS_NOT_IMAGE, "begins like no image");
}

static bool has_format(const struct decoder *decoder, hashscan_format format) {
  return format == decoder->format || format == decoder->more[0] || format == decoder->more[1];
}

static hashscan_status decode(struct decode_job *job) {
  if (job->size == 0) return decode_end(job, HASHSCAN_STATUS_NOT_IMAGE, "empty file");
  bool cut;
  const struct decoder *decoder = decoder_table_find(job->bytes, job->size, &cut);
  if (decoder == NULL && cut) return decode_end(job, HASHSCAN_STATUS_CORRUPT, "cut within the signature of the format");
  if (decoder == NULL) return refuse(job);
  job->info->format = decoder->format;
  const hashscan_status status = decoder->decode(job);
  assert(has_format(decoder, job->info->format));
  return status;
}

hashscan_status image_decode(const uint8_t *bytes, size_t size, const hashscan_limits *limits,
                             const struct image_sink *sink, struct image_info *info,
                             char reason[HASHSCAN_REASON_SIZE]) {
  struct decode_job job = {
      .bytes = bytes, .size = size, .limits = limits, .sink = sink, .info = info, .reason = reason};
  job.deadline = clock_seconds() + limits->max_seconds;
  *info = (struct image_info){0};
  reason[0] = '\0';
  hashscan_status status = decode_check_time(&job);
  if (status == HASHSCAN_STATUS_OK) status = decode(&job);
  info->ended = job.ended;
  return status;
}
