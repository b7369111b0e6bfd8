/* SPDX-License-Identifier: Apache-2.0 */
/* What tests of matching and scanning start from: a temporary folder, synthetic pictures, small indexes. Every function
 * aborts the test program when it fails, so that tests hold nothing but what they are about. */
#ifndef HASHSCAN_TESTS_FIXTURE_H
#define HASHSCAN_TESTS_FIXTURE_H

#include <stddef.h>
#include <stdint.h>

#include "hashscan.h"

#define FIXTURE_PATH_SIZE 512

/* A fresh folder under TMPDIR; fixture_remove deletes a folder with everything in it. */
void fixture_folder(char path[FIXTURE_PATH_SIZE]);
void fixture_remove(const char *path);

/* `folder`/`name` in `path`, returned. */
const char *fixture_join(char path[FIXTURE_PATH_SIZE], const char *folder, const char *name);
void fixture_write(const char *path, const void *bytes, size_t size);

/* RGB pixels, three bytes each. */
struct fixture_picture {
  uint8_t *pixels;
  uint32_t width;
  uint32_t height;
};

/* Overlapping rectangles: PDQ quality 100, and unrelated for different seeds. */
struct fixture_picture fixture_busy(uint64_t seed, uint32_t width, uint32_t height);
/* One colour with a faint slope: PDQ quality under 50. */
struct fixture_picture fixture_flat(uint32_t width, uint32_t height);
/* The picture after `transform`, made by moving pixels. */
struct fixture_picture fixture_transformed(const struct fixture_picture *picture, hashscan_transform transform);
void fixture_picture_free(struct fixture_picture *picture);

struct fixture_bytes {
  uint8_t *bytes;
  size_t size;
};

struct fixture_bytes fixture_jpeg(const struct fixture_picture *picture, int quality);
struct fixture_bytes fixture_png(const struct fixture_picture *picture);
void fixture_bytes_free(struct fixture_bytes *bytes);

/* Hash of encoded bytes under the default options, all eight. */
hashscan_image_hash fixture_hash(const struct fixture_bytes *bytes);

/* Adds one entry of list "demo", version "1" and labels "A1", "B2". */
void fixture_add(hashscan_builder *builder, hashscan_kind kind, const uint8_t *hash, const char *id);
/* Writes an index of `count` PDQ hashes with ids "0", "1", ... */
void fixture_index(const char *path, const hashscan_pdq *hashes, size_t count);

/* `hash` with `count` bits flipped, picked by `seed`. */
hashscan_pdq fixture_flip_bits(hashscan_pdq hash, unsigned count, uint64_t seed);

#endif
