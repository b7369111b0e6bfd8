/* SPDX-License-Identifier: Apache-2.0 */
/* What a decoder is, and what all decoders use: one job struct, the limit checks, the calls of the sink and the reason
 * line. A decoder never calls the sink or writes the reason itself, so the contract of image.h is kept in one place:
 * rows and status agree, whatever a codec library reports and when. */
#ifndef HASHSCAN_IMAGE_DECODER_H
#define HASHSCAN_IMAGE_DECODER_H

#include "image/image.h"

/* One decode. `deadline` is on clock_seconds()' scale. Everything below `deadline` is kept by the functions here. */
struct decode_job {
  const uint8_t *bytes;
  size_t size;
  const hashscan_limits *limits;
  const struct image_sink *sink;
  struct image_info *info;
  char *reason; /* HASHSCAN_REASON_SIZE chars */
  double deadline;
  hashscan_code ended; /* by the sink's control: STOPPED or TIMEOUT */
  uint32_t rows;       /* given to the sink */
  uint64_t warnings;   /* of the codec library */
  char first_warning[HASHSCAN_REASON_SIZE];
};

/* What the first bytes of an input say about a format. */
enum decoder_sniff {
  DECODER_NO,
  DECODER_YES,
  DECODER_CUT /* the input is shorter than the signature and agrees with it as far as it goes */
};

/* A row of the table of decoders (decoder_table.h). */
struct decoder {
  const char *name;        /* as messages have it */
  hashscan_format format;  /* what job->info->format is when decode() is called */
  hashscan_format more[2]; /* what decode() may refine it to; the rest is HASHSCAN_FORMAT_UNKNOWN */
  enum decoder_sniff (*sniff)(const uint8_t *bytes, size_t size);
  /* Whether a picture begins here although other bytes stand before it. Stricter than sniff(), since it is called at
   * every offset. */
  bool (*sniff_embedded)(const uint8_t *bytes, size_t size);
  hashscan_status (*decode)(struct decode_job *job);
};

/* Compares an input with a signature of `length` bytes at its beginning. */
enum decoder_sniff decoder_sniff_signature(const uint8_t *bytes, size_t size, const char *signature, size_t length);

/* Sets the reason (all but printable ASCII replaced) and returns `status`. */
__attribute__((format(printf, 3, 4))) hashscan_status decode_end(struct decode_job *job, hashscan_status status,
                                                                 const char *format, ...);

/* Checks width, height and pixel count of job->info against the limits; `limit_name` is the name of `max_side` in
 * hashscan_limits. HASHSCAN_STATUS_OK, or what decode_end gave. */
hashscan_status decode_check_size(struct decode_job *job, uint32_t max_side, const char *limit_name);

/* Whether rows of a JPEG would be within max_decoder_bytes. Planes need less; but where this could decide, rows do, so
 * that a picture is over the limit or not at every level alike. `blocks` is how many there are of all components, with
 * MCUs filled up. */
bool decode_has_room(const struct decode_job *job, uint32_t width, uint64_t blocks);

/* HASHSCAN_STATUS_OK, or timeout once the deadline is over or the sink's control ends the decode. */
hashscan_status decode_check_time(struct decode_job *job);

/* Status limit, naming max_decoder_bytes. */
hashscan_status decode_over_memory(struct decode_job *job);

/* Status limit: the sink refused. */
hashscan_status decode_refused(struct decode_job *job);

/* Announces job->info to the sink, or that planes follow. HASHSCAN_STATUS_OK, or limit when the sink refuses. */
hashscan_status decode_begin(struct decode_job *job);
hashscan_status decode_begin_planes(struct decode_job *job);

/* Gives the next `count` rows, `stride` bytes apart, to the sink. HASHSCAN_STATUS_OK, timeout, or limit when the sink
 * refuses. */
hashscan_status decode_rows(struct decode_job *job, const uint8_t *pixels, size_t stride, uint32_t count);

/* Gives the next row to the sink. HASHSCAN_STATUS_OK, timeout, or limit when the sink refuses. */
hashscan_status decode_row(struct decode_job *job, const uint8_t *pixels);

/* Gives planes of the next rows to the sink; likewise. */
hashscan_status decode_planes(struct decode_job *job, const struct image_planes *planes);

/* Tells the other views of the picture, unless this is one of them, and what is in none of them. When the status is ok
 * or damaged. */
void decode_show(struct decode_job *job, unsigned views, const char *unseen);

/* Notes a warning of the codec library: the picture is damaged, decoding goes on. */
void decode_warn(struct decode_job *job, const char *text);

/* The codec library gave up with `text`: `status`, or damaged when the sink already has every row. */
hashscan_status decode_failed(struct decode_job *job, hashscan_status status, const char *text);

/* Every row was given out and the file was read to its end: ok, or damaged when there were warnings. */
hashscan_status decode_finished(struct decode_job *job);

#endif
