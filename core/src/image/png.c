/* SPDX-License-Identifier: Apache-2.0 */
/* PNG: most files take the short way of png_fast.c; what it leaves goes through libpng's row interface, which is also
 * what decides about a file with errors. libpng gives the samples as they are stored; png_pixels.c makes pixels of
 * them, in the view that is wanted, and png_shown.c reads what changes a view. Of an APNG the IDAT image is decoded.
 *
 * Rows stream through one row's memory, except interlaced pictures, whose passes need the whole picture. Ancillary
 * chunks are skipped unread by libpng: a sloppy colour profile is no damage.
 *
 * An error after the first row is damage: the rows before it are given out, and those missing are transparent black.
 * That is what browsers show, and so are the blocks of the passes that an interlaced picture has got: a row of it is
 * missing only when not even the first pass reached it. Painting blocks takes longer than the pixels alone, which are
 * enough when every pass is there, so an interlaced picture is decoded with blocks only after it turned out broken. A
 * chunk of pixels with a wrong checksum is used all the same: programs disagree, and the rows are there.
 *
 * libpng's error hook must not return; what lives across the longjmp is in png_state, which belongs to the caller of
 * the function that calls setjmp. */
#include <inttypes.h>
#include <setjmp.h>
#include <string.h>

#include <png.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "base/memory.h"
#include "image/png.h"
#include "image/png_fast.h"
#include "image/png_pixels.h"
#include "image/png_shown.h"

struct png_state {
  png_structp decoder;
  png_infop header;
  struct decode_job *job;
  size_t offset;      /* bytes read */
  uint64_t allocated; /* bytes ever asked for; libpng asks once for each of its buffers */
  bool over_memory;
  bool out_of_memory;
  struct png_shown shown;
  struct png_pixels pixels;
  uint8_t *memory;        /* of `pixels` */
  uint8_t *samples;       /* one row as stored, or the picture when interlaced */
  size_t row_bytes;       /* of samples */
  bool interlaced;        /* and decoding has come to the samples */
  bool paint_blocks;      /* the second decode of an interlaced picture */
  uint32_t rows_read;     /* that have something to show */
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
  void *memory = memory_allocate(size);
  if (memory == NULL) state->out_of_memory = true;
  return memory;
}

static void *on_allocate(png_structp decoder, png_alloc_size_t size) {
  return allocate(png_get_mem_ptr(decoder), size);
}

static void on_free(png_structp decoder, void *memory) {
  (void)decoder;
  memory_release(memory);
}

/* libpng asks for as much of an IDAT chunk as its buffer holds, and where the file ends before that, what is left would
 * be lost. So an IDAT chunk that runs over the end is given out with the length that it has. */
static void shorten_cut_chunk(const struct png_state *state, uint8_t *out, size_t size) {
  const size_t at = state->shown.cut_idat_offset;
  for (size_t i = 0; at != 0 && i < 4; i++)
    if (at + i >= state->offset && at + i < state->offset + size)
      out[at + i - state->offset] = (uint8_t)(state->shown.cut_idat_bytes >> (24 - 8 * i));
}

static void on_read(png_structp decoder, png_bytep out, size_t size) {
  struct png_state *state = png_get_io_ptr(decoder);
  if (size > state->job->size - state->offset) png_error(decoder, "unexpected end of file");
  memcpy(out, state->job->bytes + state->offset, size);
  shorten_cut_chunk(state, out, size);
  state->offset += size;
}

/* Looks at the first chunk before libpng does, which refuses large sizes and Apple's variant as plain errors.
 * Signature, length, type, width and height are 24 bytes (PNG specification, 11.2.2). */
static hashscan_status check_first_chunk(struct decode_job *job) {
  if (job->size < 24) return HASHSCAN_STATUS_OK;
  if (memcmp(job->bytes + 12, "CgBI", 4) == 0)
    return decode_end(job, HASHSCAN_STATUS_UNSUPPORTED, "PNG variant of Apple devices (CgBI)");
  const uint32_t width = load_be32(job->bytes + 16);
  const uint32_t height = load_be32(job->bytes + 20);
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

/* Memory for `size` bytes, zeroed. */
static hashscan_status allocate_zeros(struct png_state *state, size_t size, uint8_t **memory) {
  *memory = allocate(state, size);
  if (*memory == NULL) return status_of_failure(state, "");
  memset(*memory, 0, size);
  return HASHSCAN_STATUS_OK;
}

static hashscan_status choose_pixels(struct png_state *state) {
  struct png_layout layout = {.width = png_get_image_width(state->decoder, state->header),
                              .depth = png_get_bit_depth(state->decoder, state->header),
                              .color_type = png_get_color_type(state->decoder, state->header)};
  png_colorp colors;
  int count = 0;
  if (layout.color_type == PNG_COLOR_TYPE_PALETTE) png_get_PLTE(state->decoder, state->header, &colors, &count);
  for (int i = 0; i < count; i++) {
    const uint8_t color[3] = {colors[i].red, colors[i].green, colors[i].blue};
    memcpy(layout.palette[i], color, sizeof color);
  }
  png_pixels_init(&state->pixels, &layout, &state->shown, state->job->sink->view);
  state->job->info->channels = state->pixels.channels;
  const hashscan_status status = allocate_zeros(state, png_pixels_bytes(&state->pixels), &state->memory);
  if (status == HASHSCAN_STATUS_OK) png_pixels_use(&state->pixels, state->memory);
  return status;
}

static hashscan_status choose_samples(struct png_state *state) {
  png_set_check_for_invalid_index(state->decoder, -1); /* entries that the palette lacks are black, and no damage */
  png_set_crc_action(state->decoder, PNG_CRC_WARN_USE, PNG_CRC_NO_CHANGE);
  state->interlaced = png_set_interlace_handling(state->decoder) > 1;
  png_read_update_info(state->decoder, state->header);
  state->row_bytes = png_get_rowbytes(state->decoder, state->header);
  size_t size;
  if (!checked_mul(state->row_bytes, state->interlaced ? state->job->info->height : 1, &size))
    return decode_over_memory(state->job);
  return allocate_zeros(state, size, &state->samples);
}

static hashscan_status give_row(struct png_state *state, uint32_t y) {
  if (y >= state->rows_read) return decode_row(state->job, png_pixels_missing_row(&state->pixels));
  const uint8_t *samples = state->samples + (state->interlaced ? y * state->row_bytes : 0);
  return decode_row(state->job, png_pixels_row(&state->pixels, samples));
}

static hashscan_status stream_rows(struct png_state *state) {
  hashscan_status status = HASHSCAN_STATUS_OK;
  for (uint32_t y = 0; y < state->job->info->height && status == HASHSCAN_STATUS_OK; y++) {
    png_read_row(state->decoder, state->samples, NULL);
    state->rows_read++;
    status = give_row(state, y);
  }
  return status;
}

/* Reading for display fills the pixels that later passes bring with those that are known. */
static hashscan_status read_pass(struct png_state *state, bool first) {
  for (uint32_t y = 0; y < state->job->info->height; y++) {
    const hashscan_status status = decode_check_time(state->job);
    if (status != HASHSCAN_STATUS_OK) return status;
    uint8_t *row = state->samples + y * state->row_bytes;
    png_read_row(state->decoder, state->paint_blocks ? NULL : row, state->paint_blocks ? row : NULL);
    if (first) state->rows_read++;
  }
  return HASHSCAN_STATUS_OK;
}

static hashscan_status give_rest(struct png_state *state) {
  hashscan_status status = HASHSCAN_STATUS_OK;
  while (state->job->rows < state->job->info->height && status == HASHSCAN_STATUS_OK)
    status = give_row(state, state->job->rows);
  return status;
}

static hashscan_status read_passes(struct png_state *state) {
  hashscan_status status = HASHSCAN_STATUS_OK;
  for (int pass = 0; pass < PNG_INTERLACE_ADAM7_PASSES && status == HASHSCAN_STATUS_OK; pass++)
    status = read_pass(state, pass == 0);
  return status == HASHSCAN_STATUS_OK ? give_rest(state) : status;
}

static hashscan_status give_rows(struct png_state *state) {
  hashscan_status status = choose_samples(state);
  if (status == HASHSCAN_STATUS_OK) status = choose_pixels(state);
  if (status == HASHSCAN_STATUS_OK && !state->paint_blocks) status = decode_begin(state->job);
  if (status != HASHSCAN_STATUS_OK) return status;
  return state->interlaced ? read_passes(state) : stream_rows(state);
}

/* libpng reads on after the last row before it returns that row: an error there leaves it whole in state->samples. */
static void count_last_row(struct png_state *state) {
  const uint32_t height = state->job->info->height;
  if (!state->interlaced && state->rows_read + 1 == height && png_get_current_row_number(state->decoder) == height)
    state->rows_read++;
}

/* After an error of libpng: what was read of the picture, if anything was, makes it damaged and not corrupt. */
static hashscan_status give_what_is_there(struct png_state *state) {
  struct decode_job *job = state->job;
  if (state->samples == NULL || job->rows == job->info->height) return HASHSCAN_STATUS_CORRUPT;
  count_last_row(state);
  if (state->rows_read == 0) return HASHSCAN_STATUS_CORRUPT;
  char text[HASHSCAN_REASON_SIZE];
  memcpy(text, job->reason, sizeof text);
  const hashscan_status status = give_rest(state);
  if (status != HASHSCAN_STATUS_OK) return status;
  if (state->interlaced) return decode_end(job, HASHSCAN_STATUS_DAMAGED, "%s (in an interlaced picture)", text);
  return decode_end(job, HASHSCAN_STATUS_DAMAGED, "%s (after row %" PRIu32 " of %" PRIu32 ")", text, state->rows_read,
                    job->info->height);
}

static hashscan_status decode_all(struct png_state *state) {
  hashscan_status status = check_first_chunk(state->job);
  if (status != HASHSCAN_STATUS_OK) return status;
  status = open_decoder(state);
  if (status != HASHSCAN_STATUS_OK) return status;
  status = read_header(state);
  if (status != HASHSCAN_STATUS_OK) return status;
  status = give_rows(state);
  if (status != HASHSCAN_STATUS_OK) return status;
  png_read_end(state->decoder, NULL);
  return decode_finished(state->job);
}

static hashscan_status decode_or_escape(struct png_state *state) {
  if (setjmp(state->escape) != 0) return state->status;
  return decode_all(state);
}

static void release(struct png_state *state) {
  png_destroy_read_struct(&state->decoder, &state->header, NULL);
  memory_release(state->samples);
  memory_release(state->memory);
}

/* Decodes a broken interlaced picture again, whose sink has been told of it and has no row yet. The deadline stays. */
static hashscan_status decode_with_blocks(struct png_state *state) {
  release(state);
  *state = (struct png_state){.job = state->job, .shown = state->shown, .paint_blocks = true};
  return decode_or_escape(state);
}

hashscan_status png_decode_libpng(struct decode_job *job) {
  struct png_state state = {.job = job};
  png_shown_read(job->bytes, job->size, &state.shown);
  hashscan_status status = decode_or_escape(&state);
  if (status == HASHSCAN_STATUS_CORRUPT && state.interlaced && state.rows_read > 0) status = decode_with_blocks(&state);
  if (status == HASHSCAN_STATUS_CORRUPT) status = give_what_is_there(&state);
  if (status == HASHSCAN_STATUS_OK || status == HASHSCAN_STATUS_DAMAGED)
    decode_show(job, png_pixels_views(&state.pixels), state.shown.unseen);
  release(&state);
  return status;
}

static hashscan_status decode(struct decode_job *job) {
  hashscan_status status;
  return png_fast_decode(job, &status) ? status : png_decode_libpng(job);
}

/* Four bytes of the eight: the rest of the signature tells how a transfer mangled the file, and libpng says so. */
static enum decoder_sniff sniff(const uint8_t *bytes, size_t size) {
  return decoder_sniff_signature(bytes, size, "\x89PNG", 4);
}

static bool sniff_embedded(const uint8_t *bytes, size_t size) {
  return sniff(bytes, size) == DECODER_YES;
}

const struct decoder decoder_png = {
    .name = "PNG", .format = HASHSCAN_FORMAT_PNG, .sniff = sniff, .sniff_embedded = sniff_embedded, .decode = decode};
