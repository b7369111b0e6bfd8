/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files, JPEG and PNG, through the matcher: the default has the verdict of exact against a list that holds the
 * exact hash or one near it, and the certain bits of a fast hash are those of the exact one. An index on disk is
 * written for each input that can be hashed; it lies in memory where the system has a place for that. */
#include <stdio.h>
#include <stdlib.h>

#include "../support/oracle.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static struct oracle oracle;

static void close_oracle(void) {
  oracle_close(&oracle);
}

/* No limit of time: it would be reached by one of the two and not by the other. */
static void open_oracle(void) {
  hashscan_limits limits = HASHSCAN_LIMITS_INIT;
  limits.max_pixels = 1 << 20;
  limits.max_jpeg_side = limits.max_side = 8192;
  limits.max_decoder_bytes = 64 << 20;
  limits.max_jpeg_scans = 30;
  limits.max_seconds = 1e6;
  oracle_open(&oracle, &limits);
  oracle.quick = true;
  atexit(close_oracle);
}

/* FNV-1a. */
static uint64_t seed_of(const uint8_t *bytes, size_t size) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (size_t i = 0; i < size; i++) hash = (hash ^ bytes[i]) * 0x100000001b3u;
  return hash;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  if (oracle.exact == NULL) open_oracle();
  if (oracle_agrees(&oracle, bytes, size, seed_of(bytes, size))) return 0;
  fprintf(stderr, "the default differs from exact: %s\n", oracle.text);
  abort();
}
