/* SPDX-License-Identifier: Apache-2.0 */
/* A picture that is made to be found: synthetic, harmless, the same bytes on every machine, and a list that holds it.
 * What EICAR's file is to virus scanners, it is to a pipeline around hashscan. */
#ifndef HASHSCAN_CLI_SELFTEST_PICTURE_H
#define HASHSCAN_CLI_SELFTEST_PICTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The list, as a CSV file: the PDQ hash of the picture, and MD5, SHA-1 and SHA-256 of its JPEG file. */
extern const char selftest_list[];

/* Bytes of a file in the making, and room for the largest of them. */
struct selftest_file {
  size_t size;
  uint8_t bytes[80000];
};

/* The picture, or with `known` false another one of the same kind, which is on no list, as a file. Both files hold the
 * same pixels: 256 x 256, grey. */
void selftest_jpeg(struct selftest_file *file, bool known);
void selftest_png(struct selftest_file *file, bool known);

#endif
