/* SPDX-License-Identifier: Apache-2.0 */
/* JPEG through libjpeg-turbo, with the settings that PDQ's reference pictures were decoded with: the accurate integer
 * transform (ISLOW) and fancy upsampling. Grey files give grey rows, all others RGB.
 *
 * libjpeg reports errors by a hook that must not return, so everything that lives across a longjmp is in jpeg_state,
 * which belongs to the caller of the function that calls setjmp (C11 7.13.2.1: locals of that function would be
 * indeterminate). Its memory pools own every buffer; one jpeg_destroy_decompress gives all of it back. */
#include <limits.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

#include "image/color_profile.h"
#include "image/jpeg.h"
#include "image/jpeg_blocks.h"
#include "image/jpeg_planes.h"
#include "image/lanes_planes.h"

/* Rows given to the sink together: as many as the fast level weighs in one go. */
enum { ROWS_PER_READ = 16 };

/* Markers that libjpeg knows only as "unsupported". */
enum { MARKER_DHP = 0xde /* hierarchical */, MARKER_SOF55 = 0xf7 /* JPEG-LS */ };

struct jpeg_state {
  struct jpeg_decompress_struct decoder;
  struct jpeg_error_mgr errors;
  struct jpeg_progress_mgr progress;
  struct decode_job *job;
  bool other_colors;      /* the file has that view */
  size_t first_scan;      /* offset of its data, once reading of several scans begins */
  size_t failed_at;       /* offset, when libjpeg gave up before the sink heard of the picture */
  bool begun;             /* the sink has heard of it */
  hashscan_status status; /* how it ended, set before the jump */
  jmp_buf escape;
};

static hashscan_status status_of_error(const struct jpeg_error_mgr *errors) {
  switch (errors->msg_code) {
  case JERR_ARITH_NOTIMPL:
  case JERR_BAD_PRECISION:
  case JERR_CCIR601_NOTIMPL:
  case JERR_CONVERSION_NOTIMPL:
  case JERR_FRACT_SAMPLE_NOTIMPL:
  case JERR_NOTIMPL:
  case JERR_NOT_COMPILED:
  case JERR_SOF_UNSUPPORTED:
    return HASHSCAN_STATUS_UNSUPPORTED;
  case JERR_UNKNOWN_MARKER:
    return errors->msg_parm.i[0] == MARKER_DHP || errors->msg_parm.i[0] == MARKER_SOF55 ? HASHSCAN_STATUS_UNSUPPORTED
                                                                                        : HASHSCAN_STATUS_CORRUPT;
  case JERR_IMAGE_TOO_BIG:
  case JERR_NO_BACKING_STORE:
  case JERR_OUT_OF_MEMORY:
  case JERR_WIDTH_OVERFLOW:
    return HASHSCAN_STATUS_LIMIT;
  default:
    return HASHSCAN_STATUS_CORRUPT;
  }
}

/* Once: a stray second frame header changes libjpeg's numbers, but not what the sink was told. */
static void note_size(struct jpeg_state *state) {
  if (state->job->info->width != 0) return;
  state->job->info->width = state->decoder.image_width;
  state->job->info->height = state->decoder.image_height;
}

static hashscan_status check_size(struct jpeg_state *state) {
  return decode_check_size(state->job, state->job->limits->max_jpeg_side, "max_jpeg_side");
}

static _Noreturn void escape(struct jpeg_state *state, hashscan_status status) {
  state->status = status;
  longjmp(state->escape, 1);
}

/* How far the file is read; its size, when libjpeg is in the end marker that it puts behind a file without one. */
static size_t read_offset(const struct jpeg_state *state) {
  const uintptr_t start = (uintptr_t)state->job->bytes;
  const uintptr_t next = (uintptr_t)state->decoder.src->next_input_byte;
  return next >= start && next - start <= state->job->size ? (size_t)(next - start) : state->job->size;
}

static void on_error(j_common_ptr common) {
  struct jpeg_state *state = common->client_data;
  note_size(state);
  if (common->err->msg_code == JERR_NO_BACKING_STORE) escape(state, decode_over_memory(state->job));
  if (common->err->msg_code == JERR_IMAGE_TOO_BIG) {
    const hashscan_status status = check_size(state);
    if (status != HASHSCAN_STATUS_OK) escape(state, status);
  }
  char text[JMSG_LENGTH_MAX];
  common->err->format_message(common, text);
  if (state->first_scan != 0 && !state->begun) state->failed_at = read_offset(state);
  escape(state, decode_failed(state->job, status_of_error(common->err), text));
}

/* Levels of zero and above are traces. */
static void on_message(j_common_ptr common, int level) {
  struct jpeg_state *state = common->client_data;
  if (level >= 0) return;
  char text[JMSG_LENGTH_MAX] = "";
  if (state->job->warnings == 0) common->err->format_message(common, text);
  decode_warn(state->job, text);
}

static void on_output(j_common_ptr common) {
  (void)common;
}

/* Called for each row of blocks of each scan, so a progressive file cannot hide work between two rows of pixels. */
static void on_progress(j_common_ptr common) {
  struct jpeg_state *state = common->client_data;
  const uint32_t max_scans = state->job->limits->max_jpeg_scans;
  if (state->first_scan == 0) state->first_scan = read_offset(state);
  if (state->decoder.input_scan_number > 0 && (uint32_t)state->decoder.input_scan_number > max_scans)
    escape(state,
           decode_end(state->job, HASHSCAN_STATUS_LIMIT, "more than %u scans (max_jpeg_scans)", (unsigned)max_scans));
  const hashscan_status status = decode_check_time(state->job);
  if (status != HASHSCAN_STATUS_OK) escape(state, status);
}

static void open_decoder(struct jpeg_state *state) {
  struct jpeg_decompress_struct *decoder = &state->decoder;
  const struct decode_job *job = state->job;
  jpeg_create_decompress(decoder);
  /* After creation, where libjpeg reads JPEGMEM from the environment. */
  decoder->mem->max_memory_to_use =
      job->limits->max_decoder_bytes < LONG_MAX ? (long)job->limits->max_decoder_bytes : LONG_MAX;
  decoder->progress = &state->progress;
  jpeg_mem_src(decoder, job->bytes, (unsigned long)job->size);
}

static bool wants_other_colors(const struct jpeg_state *state) {
  return state->job->sink->view == HASHSCAN_VIEW_OTHER_COLORS;
}

/* JFIF says that three components are YCbCr, Adobe's transform 0 that they are RGB. libjpeg, and so every browser that
 * uses it, believes JFIF; other programs need not. */
static void resolve_contradiction(struct jpeg_state *state) {
  struct jpeg_decompress_struct *decoder = &state->decoder;
  if (decoder->num_components != 3 || !decoder->saw_JFIF_marker || !decoder->saw_Adobe_marker ||
      decoder->Adobe_transform != 0)
    return;
  state->other_colors = true;
  if (wants_other_colors(state)) decoder->jpeg_color_space = JCS_RGB;
}

/* Colour model of the file to that of the rows. */
static hashscan_status choose_output(struct jpeg_state *state) {
  struct jpeg_decompress_struct *decoder = &state->decoder;
  struct image_info *info = state->job->info;
  resolve_contradiction(state);
  info->channels = 3;
  switch (decoder->jpeg_color_space) {
  case JCS_GRAYSCALE:
    decoder->out_color_space = JCS_GRAYSCALE;
    info->channels = 1;
    break;
  case JCS_YCbCr:
  case JCS_RGB:
    decoder->out_color_space = JCS_RGB;
    break;
  case JCS_YCCK:
  case JCS_CMYK:
    decoder->out_color_space = JCS_CMYK;
    info->format = HASHSCAN_FORMAT_JPEG_CMYK;
    state->other_colors = true;
    break;
  default:
    info->channels = 0;
    return decode_end(state->job, HASHSCAN_STATUS_UNSUPPORTED, "colour model of %d components",
                      decoder->num_components);
  }
  decoder->dct_method = JDCT_ISLOW;
  decoder->do_fancy_upsampling = TRUE;
  return HASHSCAN_STATUS_OK;
}

/* libjpeg-turbo 3 reads the header of 12-bit files before it refuses their rows. */
static hashscan_status read_header(struct jpeg_state *state) {
  jpeg_read_header(&state->decoder, TRUE);
  note_size(state);
  if (state->decoder.data_precision != 8)
    return decode_end(state->job, HASHSCAN_STATUS_UNSUPPORTED, "%d bits a sample", state->decoder.data_precision);
  const hashscan_status status = check_size(state);
  return status == HASHSCAN_STATUS_OK ? choose_output(state) : status;
}

static uint8_t scale_product(unsigned a, unsigned b) {
  return (uint8_t)((a * b + 127) / 255);
}

/* Adobe stores inks inverted, which makes them light, and says so by its marker. Without the marker they ought to be as
 * they are; but browsers and Pillow take all of them for inverted, and some programs none. Hence the other view. */
static bool inks_are_inverted(const struct jpeg_state *state) {
  return (state->decoder.saw_Adobe_marker != 0) != wants_other_colors(state);
}

/* In place: three bytes are written where four were read. */
static void cmyk_to_rgb(uint8_t *row, size_t width, bool inverted) {
  const uint8_t flip = inverted ? 0 : 255;
  const uint8_t *cmyk = row;
  uint8_t *rgb = row;
  for (size_t x = 0; x < width; x++, cmyk += 4, rgb += 3) {
    const uint8_t key = cmyk[3] ^ flip;
    for (int i = 0; i < 3; i++) rgb[i] = scale_product(cmyk[i] ^ flip, key);
  }
}

/* libjpeg-turbo gives out what it has ready, a row or a few, so it is asked until the buffer is full. */
static JDIMENSION read_rows(struct jpeg_decompress_struct *decoder, JSAMPARRAY rows) {
  JDIMENSION count = 0;
  while (count < ROWS_PER_READ && decoder->output_scanline < decoder->output_height)
    count += jpeg_read_scanlines(decoder, rows + count, ROWS_PER_READ - count);
  return count;
}

static hashscan_status give_rows(struct jpeg_state *state) {
  struct jpeg_decompress_struct *decoder = &state->decoder;
  const size_t stride = (size_t)decoder->output_width * (size_t)decoder->output_components;
  uint8_t *pixels = decoder->mem->alloc_large((j_common_ptr)decoder, JPOOL_IMAGE, stride * ROWS_PER_READ);
  JSAMPROW rows[ROWS_PER_READ];
  for (size_t i = 0; i < ROWS_PER_READ; i++) rows[i] = pixels + i * stride;
  hashscan_status status = HASHSCAN_STATUS_OK;
  while (status == HASHSCAN_STATUS_OK && decoder->output_scanline < decoder->output_height) {
    const JDIMENSION count = read_rows(decoder, rows);
    for (JDIMENSION i = 0; decoder->out_color_space == JCS_CMYK && i < count; i++)
      cmyk_to_rgb(rows[i], decoder->output_width, inks_are_inverted(state));
    status = decode_rows(state->job, pixels, stride, count);
  }
  return status;
}

static bool has_room_for_rows(const struct jpeg_state *state) {
  const struct jpeg_decompress_struct *decoder = &state->decoder;
  uint64_t blocks = 0;
  for (int i = 0; i < decoder->num_components; i++) {
    const jpeg_component_info *component = &decoder->comp_info[i];
    blocks +=
        (uint64_t)(component->width_in_blocks + MAX_SAMP_FACTOR) * (component->height_in_blocks + MAX_SAMP_FACTOR);
  }
  return decode_has_room(state->job, decoder->image_width, blocks);
}

static bool wants_planes(const struct jpeg_state *state) {
  const struct image_sink *sink = state->job->sink;
  return sink->want_planes != NULL && sink->view == HASHSCAN_VIEW_STORED && jpeg_planes_fit(&state->decoder) &&
         has_room_for_rows(state) && sink->want_planes(sink->user, state->job->info);
}

static hashscan_status decode_all(struct jpeg_state *state) {
  open_decoder(state);
  hashscan_status status = read_header(state);
  if (status != HASHSCAN_STATUS_OK) return status;
  const bool planes = wants_planes(state);
  state->decoder.raw_data_out = planes;
  jpeg_start_decompress(&state->decoder);
  state->begun = true;
  status = planes ? decode_begin_planes(state->job) : decode_begin(state->job);
  if (status != HASHSCAN_STATUS_OK) return status;
  status = planes ? jpeg_planes_give(state->job, &state->decoder) : give_rows(state);
  if (status != HASHSCAN_STATUS_OK) return status;
  jpeg_finish_decompress(&state->decoder);
  return decode_finished(state->job);
}

static hashscan_status decode_or_escape(struct jpeg_state *state) {
  if (setjmp(state->escape) != 0) return state->status;
  return decode_all(state);
}

/* The last marker before `end` that is not part of a scan's data, behind the start of the first scan; 0: none. */
static size_t marker_before(const uint8_t *bytes, size_t end, size_t first_scan) {
  for (size_t i = end; i > first_scan + 1; i--) {
    const uint8_t code = bytes[i - 1];
    const bool in_data = code == 0 || code == 0xff || (code >= JPEG_RST0 && code <= JPEG_RST0 + 7);
    if (bytes[i - 2] == 0xff && !in_data) return i - 2;
  }
  return 0;
}

/* *end gets where the file may be cut to decode what is before an error, or 0. */
static hashscan_status decode_once(struct decode_job *job, bool *other_colors, size_t *end) {
  struct jpeg_state state = {.job = job};
  job->warnings = 0;
  state.decoder.err = jpeg_std_error(&state.errors);
  state.decoder.client_data = &state;
  state.errors.error_exit = on_error;
  state.errors.emit_message = on_message;
  state.errors.output_message = on_output;
  state.progress.progress_monitor = on_progress;
  const hashscan_status status = decode_or_escape(&state);
  jpeg_destroy_decompress(&state.decoder);
  *other_colors = state.other_colors;
  const bool broken = status == HASHSCAN_STATUS_CORRUPT || status == HASHSCAN_STATUS_UNSUPPORTED;
  *end = broken && state.failed_at != 0 ? marker_before(job->bytes, state.failed_at, state.first_scan) : 0;
  return status;
}

/* A picture in several scans is seen after the first of them, and browsers show it when a later one is broken. libjpeg
 * reads all scans before it gives a row, and an error between them ends it: so the file is decoded again up to the
 * broken marker, and a few markers further back if need be, since tables can hold bytes that look like one. */
static hashscan_status decode_pixels(struct decode_job *job, bool *other_colors) {
  enum { MAX_RETRIES = 4 };
  const size_t size = job->size;
  char text[HASHSCAN_REASON_SIZE];
  size_t end;
  const hashscan_status first = decode_once(job, other_colors, &end);
  hashscan_status status = first;
  memcpy(text, job->reason, sizeof text);
  for (int i = 0; i < MAX_RETRIES && end != 0; i++) {
    job->size = end;
    status = decode_once(job, other_colors, &end);
  }
  if (job->size == size || status == HASHSCAN_STATUS_LIMIT || status == HASHSCAN_STATUS_TIMEOUT) {
    job->size = size;
    return status;
  }
  job->size = size;
  if (status == HASHSCAN_STATUS_OK || status == HASHSCAN_STATUS_DAMAGED)
    return decode_end(job, HASHSCAN_STATUS_DAMAGED, "%s (after the first scan)", text);
  return decode_end(job, first, "%s", text);
}

static hashscan_status decode(struct decode_job *job) {
  const bool stored = job->sink->view == HASHSCAN_VIEW_STORED;
  const bool wants_blocks = stored && job->sink->want_blocks != NULL;
  const bool wants_planes_too = stored && job->sink->want_planes != NULL;
  hashscan_status status;
  bool other_colors = false;
  if (!(wants_blocks && jpeg_blocks_decode(job, &status)) &&
      !(wants_planes_too && lanes_planes_decode(job, &lanes_best_tuning, &status)))
    status = decode_pixels(job, &other_colors);
  if (status == HASHSCAN_STATUS_OK || status == HASHSCAN_STATUS_DAMAGED)
    decode_show(job, other_colors ? 1u << HASHSCAN_VIEW_OTHER_COLORS : 0, jpeg_profile_unseen(job->bytes, job->size));
  return status;
}

/* The start marker is all that libjpeg needs, and viewers that ask it: it skips garbage up to the next marker. */
static enum decoder_sniff sniff(const uint8_t *bytes, size_t size) {
  return decoder_sniff_signature(bytes, size, "\xff\xd8", 2);
}

static bool sniff_embedded(const uint8_t *bytes, size_t size) {
  return size >= 4 && memcmp(bytes, "\xff\xd8\xff", 3) == 0 && bytes[3] >= 0xc0;
}

const struct decoder decoder_jpeg = {.name = "JPEG",
                                     .format = HASHSCAN_FORMAT_JPEG,
                                     .more = {HASHSCAN_FORMAT_JPEG_CMYK},
                                     .sniff = sniff,
                                     .sniff_embedded = sniff_embedded,
                                     .decode = decode};
