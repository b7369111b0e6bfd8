/* SPDX-License-Identifier: Apache-2.0 */
/* `hashscan-bench jpeg`: JPEG files to hashes at level fast and exact, against what others pay: the naive PDQ on
 * libjpeg-turbo's RGB, and libjpeg-turbo decoding alone, no hash: to RGB as PDQ's reference has it, to full grey, and
 * at an eighth of the size to grey with the fastest transform. */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h>

#include "../tests/oracles/naive_pdq.h"
#include "bench.h"
#include "image_bench.h"

struct settings {
  J_COLOR_SPACE color;
  unsigned scale; /* eighths */
  J_DCT_METHOD transform;
};

/* What must outlive a longjmp. `pixels` is one row, or the whole picture when `keep`. */
struct decode {
  struct jpeg_decompress_struct decoder;
  struct jpeg_error_mgr errors;
  jmp_buf escape;
  const struct settings *settings;
  bool keep;
  uint8_t *pixels;
};

static void on_error(j_common_ptr decoder) {
  struct decode *decode = decoder->client_data;
  longjmp(decode->escape, 1);
}

static void on_message(j_common_ptr decoder) {
  (void)decoder;
}

static bool decode_rows(struct decode *decode) {
  struct jpeg_decompress_struct *decoder = &decode->decoder;
  const size_t row_bytes = (size_t)decoder->output_width * (size_t)decoder->output_components;
  decode->pixels = malloc(row_bytes * (decode->keep ? decoder->output_height : 1));
  if (decode->pixels == NULL) return false;
  while (decoder->output_scanline < decoder->output_height) {
    JSAMPROW row = decode->pixels + (decode->keep ? row_bytes * decoder->output_scanline : 0);
    jpeg_read_scanlines(decoder, &row, 1);
  }
  jpeg_finish_decompress(decoder);
  return true;
}

static bool decode_or_escape(struct decode *decode, const uint8_t *bytes, size_t size) {
  struct jpeg_decompress_struct *decoder = &decode->decoder;
  decoder->err = jpeg_std_error(&decode->errors);
  decode->errors.error_exit = on_error;
  decode->errors.output_message = on_message;
  decoder->client_data = decode;
  if (setjmp(decode->escape) != 0) return false;
  jpeg_create_decompress(decoder);
  jpeg_mem_src(decoder, bytes, size);
  jpeg_read_header(decoder, TRUE);
  decoder->out_color_space = decode->settings->color;
  decoder->dct_method = decode->settings->transform;
  decoder->scale_num = decode->settings->scale;
  decoder->scale_denom = 8;
  jpeg_start_decompress(decoder);
  return decode_rows(decode);
}

static void decode_close(struct decode *decode) {
  jpeg_destroy_decompress(&decode->decoder);
  free(decode->pixels);
}

static bool run_decode(void *context, const uint8_t *bytes, size_t size) {
  struct decode decode = {.settings = context};
  const bool good = decode_or_escape(&decode, bytes, size);
  decode_close(&decode);
  return good;
}

static bool run_naive(void *context, const uint8_t *bytes, size_t size) {
  struct decode decode = {.settings = context, .keep = true};
  hashscan_pdq hash;
  int quality;
  const bool good =
      decode_or_escape(&decode, bytes, size) &&
      naive_pdq(decode.pixels, decode.decoder.output_width, decode.decoder.output_height, 3, false, &hash, &quality);
  decode_close(&decode);
  return good;
}

static int run_jpeg(const struct command *command, int argc, char **argv) {
  struct settings rgb = {JCS_RGB, 8, JDCT_ISLOW};
  struct settings grey = {JCS_GRAYSCALE, 8, JDCT_ISLOW};
  struct settings grey_eighth = {JCS_GRAYSCALE, 1, JDCT_IFAST};
  const struct image_bench_way others[] = {{"naive-reference", run_naive, &rgb},
                                           {"libjpeg-gray-1/8", run_decode, &grey_eighth},
                                           {"libjpeg-gray-8/8", run_decode, &grey},
                                           {"libjpeg-rgb", run_decode, &rgb}};
  return image_bench_run(command, argc, argv, others, sizeof others / sizeof *others);
}

const struct command bench_jpeg = {
    "jpeg", "FILE...",
    "Takes JPEG files to hashes at levels fast, blocks and exact, and with libjpeg-turbo alone to pixels",
    image_bench_options, run_jpeg};
