/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures through libjpeg's and libpng's writers; their errors end the test program. */
#include "encode.h"

#include <png.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "random.h"

enum { AC_COEFFICIENTS = 63, AC_STEPS = 8, MAX_SCANS = 1 + AC_COEFFICIENTS * AC_STEPS };
enum { SIGNATURE_BYTES = 8, CHUNK_FRAME_BYTES = 12 /* length, type and checksum */ };

static void *checked_malloc(size_t size) {
  void *memory = malloc(size);
  if (memory == NULL && size > 0) abort();
  return memory;
}

/* ---- Files ------------------------------------------------------------------------------------------------------- */

struct encoded encoded_read(const char *folder, const char *name) {
  char path[1024];
  const int length = snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = length > 0 && (size_t)length < sizeof path ? fopen(path, "rb") : NULL;
  if (file == NULL || fseek(file, 0, SEEK_END) != 0) abort();
  struct encoded encoded = {.size = (size_t)ftell(file)};
  rewind(file);
  encoded.bytes = malloc(encoded.size);
  if (encoded.bytes == NULL || fread(encoded.bytes, 1, encoded.size, file) != encoded.size) abort();
  fclose(file);
  return encoded;
}

/* ---- JPEG -------------------------------------------------------------------------------------------------------- */

static void set_up_jpeg(struct jpeg_compress_struct *encoder, const struct jpeg_recipe *recipe) {
  encoder->image_width = recipe->width;
  encoder->image_height = recipe->height;
  encoder->in_color_space = recipe->pixels;
  encoder->input_components = recipe->pixels == JCS_GRAYSCALE ? 1 : recipe->pixels == JCS_CMYK ? 4 : 3;
  jpeg_set_defaults(encoder);
  jpeg_set_colorspace(encoder, recipe->stored);
  jpeg_set_quality(encoder, recipe->quality > 0 ? recipe->quality : 75, TRUE);
  for (int i = 0; i < encoder->num_components; i++) {
    const bool full = i == 0 || i == 3;
    encoder->comp_info[i].h_samp_factor = full && recipe->h > 0 ? recipe->h : 1;
    encoder->comp_info[i].v_samp_factor = full && recipe->v > 0 ? recipe->v : 1;
  }
  if (recipe->progressive) jpeg_simple_progression(encoder);
  if (recipe->scans != NULL) {
    encoder->scan_info = recipe->scans;
    encoder->num_scans = recipe->scan_count;
  }
  encoder->arith_code = recipe->arithmetic;
  encoder->optimize_coding = recipe->optimised;
  encoder->restart_interval = recipe->restart;
  encoder->restart_in_rows = recipe->restart_rows;
  if (recipe->no_adobe_marker) encoder->write_Adobe_marker = FALSE;
}

struct encoded encode_jpeg(const struct jpeg_recipe *recipe, const uint8_t *pixels) {
  struct jpeg_compress_struct encoder;
  struct jpeg_error_mgr errors;
  encoder.err = jpeg_std_error(&errors);
  jpeg_create_compress(&encoder);
  unsigned char *bytes = NULL;
  unsigned long size = 0;
  jpeg_mem_dest(&encoder, &bytes, &size);
  set_up_jpeg(&encoder, recipe);
  jpeg_start_compress(&encoder, TRUE);
  const size_t row_bytes = (size_t)recipe->width * (size_t)encoder.input_components;
  uint8_t *row = checked_malloc(row_bytes);
  for (uint32_t y = 0; y < recipe->height; y++) {
    memcpy(row, pixels + y * row_bytes, row_bytes);
    jpeg_write_scanlines(&encoder, &row, 1);
  }
  jpeg_finish_compress(&encoder);
  jpeg_destroy_compress(&encoder);
  free(row);
  return (struct encoded){bytes, size};
}

static uint8_t texel(enum texture texture, size_t x, size_t y, size_t c, struct random_state *state) {
  if (texture == TEXTURE_FLAT) return 90;
  if (texture == TEXTURE_BLACK_AND_WHITE) return random_next(state) % 5 == 0 || (x / 4 + y / 3) % 2 == 0 ? 255 : 0;
  const unsigned noise = (x / 20 + y / 12) % 3 == 0 ? 90 : 6;
  return (uint8_t)((x * (3 + 2 * c) + y * (7 - c)) % 160 + random_next(state) % noise);
}

struct encoded encode_textured_jpeg(const struct jpeg_recipe *recipe, enum texture texture) {
  const size_t channels = recipe->pixels == JCS_GRAYSCALE ? 1 : recipe->pixels == JCS_CMYK ? 4 : 3;
  uint8_t *pixels = checked_malloc((size_t)recipe->width * recipe->height * channels);
  struct random_state state = random_seeded(recipe->width + 1000 * recipe->height);
  uint8_t *next = pixels;
  for (size_t y = 0; y < recipe->height; y++)
    for (size_t x = 0; x < recipe->width; x++)
      for (size_t c = 0; c < channels; c++) *next++ = texel(texture, x, y, c, &state);
  const struct encoded jpeg = encode_jpeg(recipe, pixels);
  free(pixels);
  return jpeg;
}

/* The DC first, then each AC coefficient alone, one bit a scan. */
struct encoded encode_many_scans(uint32_t width, uint32_t height, int scans) {
  if (scans < 1 || scans > MAX_SCANS) abort();
  jpeg_scan_info *script = checked_malloc(sizeof *script * MAX_SCANS);
  memset(script, 0, sizeof *script * MAX_SCANS);
  for (int i = 0; i < MAX_SCANS; i++) script[i].comps_in_scan = 1;
  for (int i = 1; i < MAX_SCANS; i++) {
    const int step = (i - 1) % AC_STEPS;
    script[i].Ss = script[i].Se = 1 + (i - 1) / AC_STEPS;
    script[i].Ah = step == 0 ? 0 : AC_STEPS - step;
    script[i].Al = AC_STEPS - 1 - step;
  }
  uint8_t *pixels = checked_malloc((size_t)width * height);
  for (size_t i = 0; i < (size_t)width * height; i++) pixels[i] = (uint8_t)(i * i >> 3);
  const struct jpeg_recipe recipe = {.width = width,
                                     .height = height,
                                     .pixels = JCS_GRAYSCALE,
                                     .stored = JCS_GRAYSCALE,
                                     .scans = script,
                                     .scan_count = scans};
  const struct encoded encoded = encode_jpeg(&recipe, pixels);
  free(pixels);
  free(script);
  return encoded;
}

/* ---- PNG --------------------------------------------------------------------------------------------------------- */

static void on_write(png_structp encoder, png_bytep bytes, size_t size) {
  struct encoded *out = png_get_io_ptr(encoder);
  out->bytes = realloc(out->bytes, out->size + size);
  if (out->bytes == NULL) abort();
  memcpy(out->bytes + out->size, bytes, size);
  out->size += size;
}

static void on_flush(png_structp encoder) {
  (void)encoder;
}

static size_t channels_of(int color_type) {
  switch (color_type) {
  case PNG_COLOR_TYPE_GRAY_ALPHA:
    return 2;
  case PNG_COLOR_TYPE_RGB:
    return 3;
  case PNG_COLOR_TYPE_RGB_ALPHA:
    return 4;
  default:
    return 1;
  }
}

static void pack_row(uint8_t *row, const uint16_t *samples, size_t count, int depth) {
  memset(row, 0, (count * (size_t)depth + 7) / 8);
  for (size_t i = 0; i < count; i++) {
    const size_t bit = i * (size_t)depth;
    if (depth == 16) row[2 * i] = (uint8_t)(samples[i] >> 8), row[2 * i + 1] = (uint8_t)samples[i];
    else row[bit / 8] = (uint8_t)(row[bit / 8] | samples[i] << (8 - depth - (int)(bit % 8)));
  }
}

static void set_palette(png_structp encoder, png_infop header, const struct png_recipe *recipe) {
  png_color colors[256];
  const int count = 1 << recipe->depth;
  for (int i = 0; i < count; i++)
    colors[i] = (png_color){recipe->palette[i][0], recipe->palette[i][1], recipe->palette[i][2]};
  png_set_PLTE(encoder, header, colors, count);
}

static void set_transparency(png_structp encoder, png_infop header, const struct png_recipe *recipe) {
  const uint8_t alpha[2] = {0, 128};
  const png_color_16 color = {.red = 1, .green = 1, .blue = 1, .gray = 1};
  if (recipe->color_type == PNG_COLOR_TYPE_PALETTE) png_set_tRNS(encoder, header, alpha, 2, NULL);
  else png_set_tRNS(encoder, header, NULL, 0, &color);
}

struct encoded encode_png(const struct png_recipe *recipe, const uint16_t *samples) {
  struct encoded out = {0};
  png_structp encoder = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
  png_infop header = png_create_info_struct(encoder);
  png_set_write_fn(encoder, &out, on_write, on_flush);
  png_set_IHDR(encoder, header, recipe->width, recipe->height, recipe->depth, recipe->color_type,
               recipe->interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
               PNG_FILTER_TYPE_DEFAULT);
  if (recipe->color_type == PNG_COLOR_TYPE_PALETTE) set_palette(encoder, header, recipe);
  if (recipe->transparent) set_transparency(encoder, header, recipe);
  if (recipe->plain) png_set_filter(encoder, PNG_FILTER_TYPE_BASE, PNG_FILTER_NONE);
  /* Looking for the longest matches takes longer than what most tests do with the picture. */
  png_set_compression_level(encoder, recipe->plain ? 0 : 1);
  png_write_info(encoder, header);
  const size_t count = recipe->width * channels_of(recipe->color_type);
  const int passes = png_set_interlace_handling(encoder);
  uint8_t *row = checked_malloc(count * 2);
  for (int pass = 0; pass < passes; pass++)
    for (uint32_t y = 0; y < recipe->height; y++) {
      pack_row(row, samples + y * count, count, recipe->depth);
      png_write_row(encoder, row);
    }
  png_write_end(encoder, NULL);
  png_destroy_write_struct(&encoder, &header);
  free(row);
  return out;
}

/* PNG specification, annex D. */
static uint32_t checksum(const uint8_t *bytes, size_t size) {
  uint32_t crc = 0xffffffffu;
  for (size_t i = 0; i < size; i++) {
    crc ^= bytes[i];
    for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
  }
  return ~crc;
}

struct encoded encode_png_with_chunk(const struct encoded *png, size_t offset, const char *type, const uint8_t *data,
                                     size_t size) {
  struct encoded out = {.size = png->size + size + CHUNK_FRAME_BYTES};
  out.bytes = checked_malloc(out.size);
  uint8_t *chunk = out.bytes + offset;
  memcpy(out.bytes, png->bytes, offset);
  store_be32(chunk, (uint32_t)size);
  memcpy(chunk + 4, type, 4);
  if (size > 0) memcpy(chunk + 8, data, size);
  store_be32(chunk + 8 + size, checksum(chunk + 4, size + 4));
  memcpy(chunk + size + CHUNK_FRAME_BYTES, png->bytes + offset, png->size - offset);
  return out;
}

/* Bytes of the chunk at `offset`; 0 when it does not lie whole in `bytes`. */
static size_t chunk_bytes(const uint8_t *bytes, size_t size, size_t offset) {
  if (size < offset || size - offset < CHUNK_FRAME_BYTES) return 0;
  const size_t data = load_be32(bytes + offset);
  return data <= size - offset - CHUNK_FRAME_BYTES ? data + CHUNK_FRAME_BYTES : 0;
}

size_t encode_png_find(const struct encoded *png, const char *type) {
  size_t offset = SIGNATURE_BYTES;
  for (size_t size; (size = chunk_bytes(png->bytes, png->size, offset)) > 0; offset += size)
    if (memcmp(png->bytes + offset + 4, type, 4) == 0) return offset;
  abort();
}

void encode_png_seal(uint8_t *bytes, size_t size) {
  size_t offset = SIGNATURE_BYTES;
  for (size_t chunk; (chunk = chunk_bytes(bytes, size, offset)) > 0; offset += chunk)
    store_be32(bytes + offset + chunk - 4, checksum(bytes + offset + 4, chunk - 8));
}
