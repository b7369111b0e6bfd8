/* SPDX-License-Identifier: Apache-2.0 */
/* PNG: most files take the short way of png_fast.c; what it leaves goes through libpng's row interface, which is also
 * what decides about a file with errors. Every colour type, depth and interlacing becomes 8-bit grey or RGB: palettes
 * and small depths are expanded, 16 bits scaled to 8, alpha dropped without compositing, gamma left alone. Of an APNG
 * the IDAT image is decoded.
 *
 * Rows stream through one row's memory, except interlaced pictures, whose passes need the whole picture. Chunks that do
 * not change pixels are skipped unread: nothing in them is inflated, and a sloppy colour profile is no damage.
 *
 * libpng's error hook must not return; what lives across the longjmp is in png_state, which belongs to the caller of
 * the function that calls setjmp. */
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

#include "base/checked.h"
#include "image/decoder.h"

struct png_state {
  png_structp decoder;
  png_infop header;
  struct decode_job *job;
  size_t offset;      /* bytes read */
  uint64_t allocated; /* bytes ever asked for; libpng asks once for each of its buffers */
  bool over_memory;
  bool out_of_memory;
  uint8_t *pixels;        /* one row, or the picture when interlaced */
  hashscan_status status; /* how it ended, set before the jump */
  jmp_buf escape;
};

static _Noreturn void escape(struct png_state *state, hashscan_status status) {
  state->status = status;
  longjmp(state->escape, 1);
}

static hashscan_status status_of_failure(struct png_state *state, const char *text) {
  if (state->over_memory) return decode_over_memory(state->job);
  if (state->out_of_memory) return decode_end(state->job, HASHSCAN_STATUS_LIMIT, "out of memory");
  return decode_failed(state->job, HASHSCAN_STATUS_CORRUPT, text);
}

static _Noreturn void on_error(png_structp decoder, png_const_charp text) {
  struct png_state *state = png_get_error_ptr(decoder);
  escape(state, status_of_failure(state, text));
}

static void on_warning(png_structp decoder, png_const_charp text) {
  struct png_state *state = png_get_error_ptr(decoder);
  decode_warn(state->job, text);
}

static void *allocate(struct png_state *state, size_t size) {
  if (!checked_add_u64(state->allocated, size, &state->allocated) ||
      state->allocated > state->job->limits->max_decoder_bytes) {
    state->over_memory = true;
    return NULL;
  }
  void *memory = malloc(size);
  if (memory == NULL) state->out_of_memory = true;
  return memory;
}

static void *on_allocate(png_structp decoder, png_alloc_size_t size) {
  return allocate(png_get_mem_ptr(decoder), size);
}

static void on_free(png_structp decoder, void *memory) {
  (void)decoder;
  free(memory);
}

static void on_read(png_structp decoder, png_bytep out, size_t size) {
  struct png_state *state = png_get_io_ptr(decoder);
  if (size > state->job->size - state->offset) png_error(decoder, "unexpected end of file");
  memcpy(out, state->job->bytes + state->offset, size);
  state->offset += size;
}

static uint32_t big_endian(const uint8_t *bytes) {
  return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* Looks at the first chunk before libpng does, which refuses large sizes and Apple's variant as plain errors.
 * Signature, length, type, width and height are 24 bytes (PNG specification, 11.2.2). */
static hashscan_status check_first_chunk(struct decode_job *job) {
  if (job->size < 24) return HASHSCAN_STATUS_OK;
  if (memcmp(job->bytes + 12, "CgBI", 4) == 0)
    return decode_end(job, HASHSCAN_STATUS_UNSUPPORTED, "PNG variant of Apple devices (CgBI)");
  const uint32_t width = big_endian(job->bytes + 16);
  const uint32_t height = big_endian(job->bytes + 20);
  if (memcmp(job->bytes + 12, "IHDR", 4) != 0 || width > PNG_UINT_31_MAX || height > PNG_UINT_31_MAX)
    return HASHSCAN_STATUS_OK;
  job->info->width = width;
  job->info->height = height;
  return decode_check_size(job, job->limits->max_side, "max_side");
}

/* What libpng read decides: it accepts other chunks before IHDR, where check_first_chunk saw none. */
static hashscan_status read_header(struct png_state *state) {
  struct image_info *info = state->job->info;
  png_read_info(state->decoder, state->header);
  info->width = png_get_image_width(state->decoder, state->header);
  info->height = png_get_image_height(state->decoder, state->header);
  return decode_check_size(state->job, state->job->limits->max_side, "max_side");
}

static void skip_chunks_beside_pixels(png_structp decoder) {
  png_set_keep_unknown_chunks(decoder, PNG_HANDLE_CHUNK_NEVER, NULL, -1); /* all but tRNS */
  png_set_keep_unknown_chunks(decoder, PNG_HANDLE_CHUNK_NEVER, (png_const_bytep) "tRNS", 1);
}

static hashscan_status open_decoder(struct png_state *state) {
  const hashscan_limits *limits = state->job->limits;
  state->decoder =
      png_create_read_struct_2(PNG_LIBPNG_VER_STRING, state, on_error, on_warning, state, on_allocate, on_free);
  if (state->decoder != NULL) state->header = png_create_info_struct(state->decoder);
  if (state->header == NULL) return status_of_failure(state, "libpng does not start");
  png_set_user_limits(state->decoder, limits->max_side, limits->max_side);
  png_set_chunk_malloc_max(state->decoder,
                           limits->max_decoder_bytes < PNG_SIZE_MAX ? (size_t)limits->max_decoder_bytes : PNG_SIZE_MAX);
  png_set_benign_errors(state->decoder, 1);
  /* Some old encoders wrote a smaller window into the zlib header than they used. */
  png_set_option(state->decoder, PNG_MAXIMUM_INFLATE_WINDOW, PNG_OPTION_ON);
  skip_chunks_beside_pixels(state->decoder);
  png_set_read_fn(state->decoder, state, on_read);
  return HASHSCAN_STATUS_OK;
}

/* Returns the number of interlacing passes. */
static int choose_output(struct png_state *state) {
  png_set_palette_to_rgb(state->decoder);
  png_set_expand_gray_1_2_4_to_8(state->decoder);
  png_set_scale_16(state->decoder);
  png_set_strip_alpha(state->decoder);
  const int passes = png_set_interlace_handling(state->decoder);
  png_read_update_info(state->decoder, state->header);
  state->job->info->channels = png_get_channels(state->decoder, state->header);
  return passes;
}

/* Memory for `rows` rows in state->pixels. */
static hashscan_status allocate_rows(struct png_state *state, size_t row_bytes, size_t rows) {
  size_t size;
  if (!checked_mul(row_bytes, rows, &size)) return decode_over_memory(state->job);
  state->pixels = allocate(state, size);
  return state->pixels != NULL ? HASHSCAN_STATUS_OK : status_of_failure(state, "");
}

static hashscan_status stream_rows(struct png_state *state) {
  hashscan_status status = HASHSCAN_STATUS_OK;
  for (uint32_t y = 0; y < state->job->info->height && status == HASHSCAN_STATUS_OK; y++) {
    png_read_row(state->decoder, state->pixels, NULL);
    status = decode_row(state->job, state->pixels);
  }
  return status;
}

static hashscan_status read_pass(struct png_state *state, size_t row_bytes) {
  for (uint32_t y = 0; y < state->job->info->height; y++) {
    const hashscan_status status = decode_check_time(state->job);
    if (status != HASHSCAN_STATUS_OK) return status;
    png_read_row(state->decoder, state->pixels + y * row_bytes, NULL);
  }
  return HASHSCAN_STATUS_OK;
}

static hashscan_status read_passes(struct png_state *state, size_t row_bytes, int passes) {
  hashscan_status status = HASHSCAN_STATUS_OK;
  for (int pass = 0; pass < passes && status == HASHSCAN_STATUS_OK; pass++) status = read_pass(state, row_bytes);
  for (uint32_t y = 0; y < state->job->info->height && status == HASHSCAN_STATUS_OK; y++)
    status = decode_row(state->job, state->pixels + y * row_bytes);
  return status;
}

static hashscan_status give_rows(struct png_state *state, int passes) {
  const size_t row_bytes = png_get_rowbytes(state->decoder, state->header);
  hashscan_status status = allocate_rows(state, row_bytes, passes > 1 ? state->job->info->height : 1);
  if (status == HASHSCAN_STATUS_OK) status = decode_begin(state->job);
  if (status != HASHSCAN_STATUS_OK) return status;
  return passes > 1 ? read_passes(state, row_bytes, passes) : stream_rows(state);
}

static hashscan_status decode_all(struct png_state *state) {
  hashscan_status status = check_first_chunk(state->job);
  if (status != HASHSCAN_STATUS_OK) return status;
  status = open_decoder(state);
  if (status != HASHSCAN_STATUS_OK) return status;
  status = read_header(state);
  if (status != HASHSCAN_STATUS_OK) return status;
  status = give_rows(state, choose_output(state));
  if (status != HASHSCAN_STATUS_OK) return status;
  png_read_end(state->decoder, NULL);
  return decode_finished(state->job);
}

static hashscan_status decode_or_escape(struct png_state *state) {
  if (setjmp(state->escape) != 0) return state->status;
  return decode_all(state);
}

hashscan_status png_decode_libpng(struct decode_job *job) {
  struct png_state state = {.job = job};
  job->info->format = HASHSCAN_FORMAT_PNG;
  const hashscan_status status = decode_or_escape(&state);
  png_destroy_read_struct(&state.decoder, &state.header, NULL);
  free(state.pixels);
  return status;
}

hashscan_status png_decode(struct decode_job *job) {
  hashscan_status status;
  job->info->format = HASHSCAN_FORMAT_PNG;
  return png_fast_decode(job, &status) ? status : png_decode_libpng(job);
}
