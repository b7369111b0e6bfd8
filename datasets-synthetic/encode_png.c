/* SPDX-License-Identifier: Apache-2.0 */
/* PNG through libpng. Pixels beyond the canvas's 8-bit RGB are made up so that a reader who handles them rightly gets
 * the canvas back: alpha varies over unchanged colours, and the low half of 16-bit samples stays within the rounding of
 * a scaling to 8 bits. Only grey layouts and, above 256 colours, palettes lose anything. */
#include <stdlib.h>
#include <string.h>

#include <png.h>

#include "recipe.h"

struct png_target {
  struct output_bytes *bytes;
  struct failure *failure;
};

static void on_error(png_structp png, png_const_charp message) {
  struct png_target *target = png_get_error_ptr(png);
  failure_set(target->failure, "libpng: %s", message);
  png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp message) {
  (void)png;
  (void)message;
}

static void on_write(png_structp png, png_bytep data, size_t size) {
  struct png_target *target = png_get_io_ptr(png);
  if (!output_append(target->bytes, data, size)) png_error(png, "out of memory");
}

static void on_flush(png_structp png) {
  (void)png;
}

/* ---- Samples ---- */

static int channels_of(enum recipe_layout layout) {
  switch (layout) {
  case LAYOUT_RGBA:
    return 4;
  case LAYOUT_RGB:
  case LAYOUT_RGB16:
    return 3;
  case LAYOUT_GREYALPHA:
    return 2;
  default:
    return 1;
  }
}

static bool is_16_bit(enum recipe_layout layout) {
  return layout == LAYOUT_RGB16 || layout == LAYOUT_GREY16;
}

/* (v * 255 + 32895) >> 16 of the result, as libpng scales it, is `value` again. */
static void put_16_bit(uint8_t *out, uint8_t value, int x, int y) {
  int low = (x * 37 + y * 101) % 255 - 127;
  int wide = clamp_int(value * 257 + low, 0, 65535);
  out[0] = (uint8_t)(wide >> 8);
  out[1] = (uint8_t)wide;
}

static uint8_t alpha_at(int x, int y) {
  return (uint8_t)(255 - ((x >> 2) + (y >> 3)) % 160);
}

static void put_pixel(uint8_t *out, const uint8_t *pixel, enum recipe_layout layout, int x, int y) {
  switch (layout) {
  case LAYOUT_RGB:
    memcpy(out, pixel, 3);
    break;
  case LAYOUT_RGBA:
    memcpy(out, pixel, 3);
    out[3] = alpha_at(x, y);
    break;
  case LAYOUT_RGB16:
    for (int channel = 0; channel < 3; channel++) put_16_bit(out + 2 * channel, pixel[channel], x, y + channel);
    break;
  case LAYOUT_GREY16:
    put_16_bit(out, luma_of(pixel), x, y);
    break;
  case LAYOUT_GREYALPHA:
    out[0] = luma_of(pixel);
    out[1] = alpha_at(x, y);
    break;
  default:
    out[0] = luma_of(pixel);
    break;
  }
}

static void fill_samples(uint8_t *samples, const struct canvas *canvas, enum recipe_layout layout) {
  size_t step = (size_t)channels_of(layout) * (is_16_bit(layout) ? 2 : 1);
  for (int y = 0; y < canvas->height; y++) {
    const uint8_t *row = canvas_row(canvas, y);
    for (int x = 0; x < canvas->width; x++, samples += step) put_pixel(samples, row + x * 3, layout, x, y);
  }
}

/* ---- Palette ---- */

enum { COLOUR_SLOTS = 1024 };

/* The canvas's own colours when there are at most 256: an open-addressing table from colour to index. */
static int exact_palette(uint8_t *indices, const struct canvas *canvas, png_color *palette) {
  struct {
    uint32_t colour; /* 1 + RGB; 0 is free */
    uint8_t index;
  } slots[COLOUR_SLOTS] = {{0, 0}};
  int count = 0;
  size_t pixels = canvas_size(canvas) / 3;
  for (size_t i = 0; i < pixels; i++) {
    const uint8_t *pixel = canvas->pixels + 3 * i;
    uint32_t colour = 1 + ((uint32_t)pixel[0] << 16 | (uint32_t)pixel[1] << 8 | pixel[2]);
    uint32_t slot = (colour * 2654435761u) >> 22;
    while (slots[slot].colour != 0 && slots[slot].colour != colour) slot = (slot + 1) % COLOUR_SLOTS;
    if (slots[slot].colour == 0) {
      if (count == 256) return 0;
      slots[slot].colour = colour;
      slots[slot].index = (uint8_t)count;
      palette[count++] = (png_color){pixel[0], pixel[1], pixel[2]};
    }
    indices[i] = slots[slot].index;
  }
  return count;
}

/* 6 x 7 x 6 levels, dithered with Bayer's 4x4 matrix. */
static int dithered_palette(uint8_t *indices, const struct canvas *canvas, png_color *palette) {
  static const uint8_t bayer[16] = {0, 8, 2, 10, 12, 4, 14, 6, 3, 11, 1, 9, 15, 7, 13, 5};
  for (int i = 0; i < 252; i++) {
    palette[i] = (png_color){(png_byte)(i / 42 * 51), (png_byte)(i / 6 % 7 * 255 / 6), (png_byte)(i % 6 * 51)};
  }
  for (int y = 0; y < canvas->height; y++) {
    const uint8_t *pixel = canvas_row(canvas, y);
    for (int x = 0; x < canvas->width; x++, pixel += 3) {
      int threshold = bayer[(y & 3) * 4 + (x & 3)] * 16 + 8;
      int red = (pixel[0] * 5 * 256 / 255 + threshold) / 256, green = (pixel[1] * 6 * 256 / 255 + threshold) / 256;
      int blue = (pixel[2] * 5 * 256 / 255 + threshold) / 256;
      *indices++ = (uint8_t)(clamp_int(red, 0, 5) * 42 + clamp_int(green, 0, 6) * 6 + clamp_int(blue, 0, 5));
    }
  }
  return 252;
}

/* ---- File ---- */

static int colour_type_of(enum recipe_layout layout) {
  switch (layout) {
  case LAYOUT_RGB:
  case LAYOUT_RGB16:
    return PNG_COLOR_TYPE_RGB;
  case LAYOUT_RGBA:
    return PNG_COLOR_TYPE_RGB_ALPHA;
  case LAYOUT_GREYALPHA:
    return PNG_COLOR_TYPE_GRAY_ALPHA;
  case LAYOUT_PALETTE:
    return PNG_COLOR_TYPE_PALETTE;
  default:
    return PNG_COLOR_TYPE_GRAY;
  }
}

struct png_picture {
  uint8_t *samples;
  png_bytep *rows;
  png_color palette[256];
  int colours;
};

static bool prepare(struct png_picture *picture, const struct recipe *recipe, const struct canvas *canvas) {
  size_t row_bytes = (size_t)canvas->width * (size_t)channels_of(recipe->layout) * (is_16_bit(recipe->layout) ? 2 : 1);
  picture->samples = malloc(row_bytes * (size_t)canvas->height);
  picture->rows = malloc((size_t)canvas->height * sizeof *picture->rows);
  if (picture->samples == NULL || picture->rows == NULL) return false;
  for (int y = 0; y < canvas->height; y++) picture->rows[y] = picture->samples + (size_t)y * row_bytes;
  if (recipe->layout != LAYOUT_PALETTE) {
    fill_samples(picture->samples, canvas, recipe->layout);
    return true;
  }
  picture->colours = exact_palette(picture->samples, canvas, picture->palette);
  if (picture->colours == 0) picture->colours = dithered_palette(picture->samples, canvas, picture->palette);
  return true;
}

/* Apart, because nothing with an automatic object that changes may call setjmp. */
static bool write_png(png_structp png, png_infop info, struct png_picture *picture, const struct recipe *recipe,
                      const struct canvas *canvas, struct png_target *target) {
  if (setjmp(png_jmpbuf(png)) != 0) return false;
  png_set_write_fn(png, target, on_write, on_flush);
  png_set_compression_level(png, 4);
  png_set_IHDR(png, info, (png_uint_32)canvas->width, (png_uint_32)canvas->height, is_16_bit(recipe->layout) ? 16 : 8,
               colour_type_of(recipe->layout), recipe->interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  if (picture->colours > 0) png_set_PLTE(png, info, picture->palette, picture->colours);
  png_write_info(png, info);
  png_write_image(png, picture->rows);
  png_write_end(png, NULL);
  return true;
}

bool encode_png(const struct recipe *recipe, const struct canvas *canvas, struct output_bytes *bytes,
                struct failure *failure) {
  struct png_picture picture = {0};
  struct png_target target = {bytes, failure};
  failure_set(failure, "out of memory");
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &target, on_error, on_warning);
  png_infop info = png == NULL ? NULL : png_create_info_struct(png);
  bool done =
      info != NULL && prepare(&picture, recipe, canvas) && write_png(png, info, &picture, recipe, canvas, &target);
  png_destroy_write_struct(&png, &info);
  free(picture.samples);
  free(picture.rows);
  return done;
}
