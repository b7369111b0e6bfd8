/* SPDX-License-Identifier: Apache-2.0 */
/* Temporary folders, synthetic pictures encoded with libjpeg and libpng, and small indexes. */
#include "fixture.h"

#include <ftw.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jpeglib.h>

#include "entries.h"
#include "random.h"

#define REQUIRE(condition)                                                                                             \
  do {                                                                                                                 \
    if (!(condition)) {                                                                                                \
      fprintf(stderr, "%s:%d: fixture failed: %s\n", __FILE__, __LINE__, #condition);                                  \
      abort();                                                                                                         \
    }                                                                                                                  \
  } while (0)

/* ---- Files ------------------------------------------------------------------------------------------------------- */

void fixture_folder(char path[FIXTURE_PATH_SIZE]) {
  const char *parent = getenv("TMPDIR");
  const int length = snprintf(path, FIXTURE_PATH_SIZE, "%s/hashscan-test-XXXXXX", parent == NULL ? "/tmp" : parent);
  REQUIRE(length > 0 && length < FIXTURE_PATH_SIZE);
  REQUIRE(mkdtemp(path) != NULL);
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *where) {
  (void)status;
  (void)type;
  (void)where;
  return remove(path);
}

void fixture_remove(const char *path) {
  REQUIRE(nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0);
}

const char *fixture_join(char path[FIXTURE_PATH_SIZE], const char *folder, const char *name) {
  const int length = snprintf(path, FIXTURE_PATH_SIZE, "%s/%s", folder, name);
  REQUIRE(length > 0 && length < FIXTURE_PATH_SIZE);
  return path;
}

void fixture_write(const char *path, const void *bytes, size_t size) {
  FILE *file = fopen(path, "wb");
  REQUIRE(file != NULL);
  REQUIRE(fwrite(bytes, 1, size, file) == size);
  REQUIRE(fclose(file) == 0);
}

/* ---- Pictures ---------------------------------------------------------------------------------------------------- */

static struct fixture_picture new_picture(uint32_t width, uint32_t height) {
  struct fixture_picture picture = {.width = width, .height = height};
  picture.pixels = malloc((size_t)width * height * 3);
  REQUIRE(picture.pixels != NULL);
  return picture;
}

static uint8_t *pixel_at(const struct fixture_picture *picture, uint32_t x, uint32_t y) {
  return picture->pixels + ((size_t)y * picture->width + x) * 3;
}

static void paint(struct fixture_picture *picture, uint32_t left, uint32_t top, uint32_t width, uint32_t height,
                  uint64_t colour) {
  for (uint32_t y = top; y < picture->height && y - top < height; y++)
    for (uint32_t x = left; x < picture->width && x - left < width; x++)
      for (unsigned c = 0; c < 3; c++) pixel_at(picture, x, y)[c] = (uint8_t)(colour >> 8 * c);
}

struct fixture_picture fixture_busy(uint64_t seed, uint32_t width, uint32_t height) {
  struct fixture_picture picture = new_picture(width, height);
  struct random_state random = random_seeded(seed);
  paint(&picture, 0, 0, width, height, random_next(&random));
  for (int i = 0; i < 60; i++) {
    const uint64_t place = random_next(&random);
    const uint64_t colour = random_next(&random);
    paint(&picture, (uint32_t)(place % width), (uint32_t)((place >> 16) % height),
          width / 16 + (uint32_t)((place >> 32) % (width / 3)), height / 16 + (uint32_t)((place >> 48) % (height / 3)),
          colour);
  }
  return picture;
}

struct fixture_picture fixture_flat(uint32_t width, uint32_t height) {
  struct fixture_picture picture = new_picture(width, height);
  for (uint32_t y = 0; y < height; y++)
    for (uint32_t x = 0; x < width; x++) memset(pixel_at(&picture, x, y), (int)(100 + x * 20 / width), 3);
  return picture;
}

/* Where the pixel at (x, y) of the picture comes from. Names as PDQ uses them; rotations are counter-clockwise. */
static const uint8_t *source_of(const struct fixture_picture *from, hashscan_transform transform, uint32_t x,
                                uint32_t y) {
  const uint32_t right = from->width - 1;
  const uint32_t bottom = from->height - 1;
  switch (transform) {
  case HASHSCAN_TRANSFORM_NONE:
    return pixel_at(from, x, y);
  case HASHSCAN_TRANSFORM_ROT90:
    return pixel_at(from, right - y, x);
  case HASHSCAN_TRANSFORM_ROT180:
    return pixel_at(from, right - x, bottom - y);
  case HASHSCAN_TRANSFORM_ROT270:
    return pixel_at(from, y, bottom - x);
  case HASHSCAN_TRANSFORM_FLIPX:
    return pixel_at(from, x, bottom - y);
  case HASHSCAN_TRANSFORM_FLIPY:
    return pixel_at(from, right - x, y);
  case HASHSCAN_TRANSFORM_FLIPPLUS1:
    return pixel_at(from, y, x);
  case HASHSCAN_TRANSFORM_FLIPMINUS1:
    return pixel_at(from, right - y, bottom - x);
  }
  return NULL;
}

static int swaps_sides(hashscan_transform transform) {
  return transform == HASHSCAN_TRANSFORM_ROT90 || transform == HASHSCAN_TRANSFORM_ROT270 ||
         transform == HASHSCAN_TRANSFORM_FLIPPLUS1 || transform == HASHSCAN_TRANSFORM_FLIPMINUS1;
}

struct fixture_picture fixture_transformed(const struct fixture_picture *picture, hashscan_transform transform) {
  const int swaps = swaps_sides(transform);
  struct fixture_picture out =
      new_picture(swaps ? picture->height : picture->width, swaps ? picture->width : picture->height);
  for (uint32_t y = 0; y < out.height; y++)
    for (uint32_t x = 0; x < out.width; x++) memcpy(pixel_at(&out, x, y), source_of(picture, transform, x, y), 3);
  return out;
}

void fixture_picture_free(struct fixture_picture *picture) {
  free(picture->pixels);
  *picture = (struct fixture_picture){0};
}

/* ---- Encoders ---------------------------------------------------------------------------------------------------- */

struct fixture_bytes fixture_jpeg(const struct fixture_picture *picture, int quality) {
  struct jpeg_compress_struct encoder;
  struct jpeg_error_mgr errors;
  unsigned char *bytes = NULL;
  unsigned long size = 0;
  encoder.err = jpeg_std_error(&errors);
  jpeg_create_compress(&encoder);
  jpeg_mem_dest(&encoder, &bytes, &size);
  encoder.image_width = picture->width;
  encoder.image_height = picture->height;
  encoder.input_components = 3;
  encoder.in_color_space = JCS_RGB;
  jpeg_set_defaults(&encoder);
  jpeg_set_quality(&encoder, quality, TRUE);
  jpeg_start_compress(&encoder, TRUE);
  while (encoder.next_scanline < encoder.image_height) {
    JSAMPROW row = pixel_at(picture, 0, encoder.next_scanline);
    jpeg_write_scanlines(&encoder, &row, 1);
  }
  jpeg_finish_compress(&encoder);
  jpeg_destroy_compress(&encoder);
  return (struct fixture_bytes){.bytes = bytes, .size = size};
}

struct fixture_bytes fixture_png(const struct fixture_picture *picture) {
  png_image image = {
      .version = PNG_IMAGE_VERSION, .width = picture->width, .height = picture->height, .format = PNG_FORMAT_RGB};
  png_alloc_size_t size = 0;
  REQUIRE(png_image_write_to_memory(&image, NULL, &size, 0, picture->pixels, 0, NULL));
  struct fixture_bytes out = {.bytes = malloc(size), .size = size};
  REQUIRE(out.bytes != NULL);
  REQUIRE(png_image_write_to_memory(&image, out.bytes, &size, 0, picture->pixels, 0, NULL));
  return out;
}

void fixture_bytes_free(struct fixture_bytes *bytes) {
  free(bytes->bytes);
  *bytes = (struct fixture_bytes){0};
}

/* ---- Hashes and indexes ------------------------------------------------------------------------------------------ */

hashscan_image_hash fixture_hash(const struct fixture_bytes *bytes) {
  hashscan_hash_options options = HASHSCAN_HASH_OPTIONS_INIT;
  options.dihedral = 1;
  hashscan_hasher *hasher;
  hashscan_image_hash hash = HASHSCAN_IMAGE_HASH_INIT;
  REQUIRE(hashscan_hasher_create(&options, &hasher, NULL) == HASHSCAN_SUCCESS);
  REQUIRE(hashscan_hash_image(hasher, bytes->bytes, bytes->size, &hash, NULL) == HASHSCAN_SUCCESS);
  hashscan_hasher_destroy(hasher);
  REQUIRE(hash.hash_count == HASHSCAN_TRANSFORM_COUNT);
  return hash;
}

void fixture_add(hashscan_builder *builder, hashscan_kind kind, const uint8_t *hash, const char *id) {
  const hashscan_entry entry = entry_labelled(kind, hash, "demo", "1", id, ENTRY_LABELS("A1", "B2"));
  REQUIRE(hashscan_builder_add(builder, &entry, NULL) == HASHSCAN_SUCCESS);
}

void fixture_index(const char *path, const hashscan_pdq *hashes, size_t count) {
  hashscan_builder *builder;
  REQUIRE(hashscan_builder_create(&builder, NULL) == HASHSCAN_SUCCESS);
  for (size_t i = 0; i < count; i++) {
    char id[24];
    snprintf(id, sizeof id, "%zu", i);
    fixture_add(builder, HASHSCAN_KIND_PDQ, hashes[i].bytes, id);
  }
  REQUIRE(hashscan_builder_write(builder, path, NULL) == HASHSCAN_SUCCESS);
  hashscan_builder_destroy(builder);
}

hashscan_pdq fixture_flip_bits(hashscan_pdq hash, unsigned count, uint64_t seed) {
  const hashscan_pdq before = hash;
  struct random_state random = random_seeded(seed);
  while (hashscan_pdq_distance(&before, &hash) < count) {
    const uint64_t bit = random_next(&random) % 256;
    const uint8_t mask = (uint8_t)(1u << bit % 8);
    if (((before.bytes[bit / 8] ^ hash.bytes[bit / 8]) & mask) == 0) hash.bytes[bit / 8] ^= mask;
  }
  return hash;
}
