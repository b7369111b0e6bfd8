/* SPDX-License-Identifier: Apache-2.0 */
/* `hashscan-bench png`: PNG files to hashes at level fast and exact, against libpng decoding them alone, to rows of RGB
 * (grey files to grey), no hash. */
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

#include "bench.h"
#include "image_bench.h"

struct source {
  const uint8_t *bytes;
  size_t left;
};

static void on_read(png_structp decoder, png_bytep out, size_t size) {
  struct source *source = png_get_io_ptr(decoder);
  if (size > source->left) png_error(decoder, "unexpected end of file");
  memcpy(out, source->bytes, size);
  source->bytes += size;
  source->left -= size;
}

struct decode {
  png_structp decoder;
  png_infop header;
  uint8_t *pixels;
};

static bool decode_picture(struct decode *decode, struct source *source) {
  if (setjmp(png_jmpbuf(decode->decoder)) != 0) return false;
  png_set_read_fn(decode->decoder, source, on_read);
  png_read_info(decode->decoder, decode->header);
  png_set_palette_to_rgb(decode->decoder);
  png_set_expand_gray_1_2_4_to_8(decode->decoder);
  png_set_scale_16(decode->decoder);
  png_set_strip_alpha(decode->decoder);
  const int passes = png_set_interlace_handling(decode->decoder);
  png_read_update_info(decode->decoder, decode->header);
  const size_t row_bytes = png_get_rowbytes(decode->decoder, decode->header);
  const uint32_t height = png_get_image_height(decode->decoder, decode->header);
  decode->pixels = malloc(row_bytes * (passes > 1 ? height : 1));
  if (decode->pixels == NULL) return false;
  for (int pass = 0; pass < passes; pass++)
    for (uint32_t y = 0; y < height; y++)
      png_read_row(decode->decoder, decode->pixels + (passes > 1 ? y * row_bytes : 0), NULL);
  png_read_end(decode->decoder, NULL);
  return true;
}

static bool run_libpng(void *context, const uint8_t *bytes, size_t size) {
  (void)context;
  struct source source = {bytes, size};
  struct decode decode = {.decoder = png_create_read_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL)};
  if (decode.decoder != NULL) decode.header = png_create_info_struct(decode.decoder);
  const bool good = decode.header != NULL && decode_picture(&decode, &source);
  png_destroy_read_struct(&decode.decoder, &decode.header, NULL);
  free(decode.pixels);
  return good;
}

static int run_png(const struct command *command, int argc, char **argv) {
  const struct image_bench_way libpng = {"libpng-rgb", run_libpng, NULL};
  return image_bench_run(command, argc, argv, &libpng, 1);
}

const struct command bench_png = {
    "png", "FILE...", "Takes PNG files to hashes at levels fast, blocks and exact, and with libpng alone to pixels",
    image_bench_options, run_png};
