/* SPDX-License-Identifier: Apache-2.0 */
/* The formats that are decoded, one row each. Nothing else names them: the dispatcher, the search for pictures inside
 * other files and the messages that list what is decoded read this table, so that a decoder is added with its own files
 * and a row. */
#ifndef HASHSCAN_IMAGE_DECODER_TABLE_H
#define HASHSCAN_IMAGE_DECODER_TABLE_H

#include "image/decoder.h"

/* The decoder whose signature the input begins with, or NULL. *cut is set when the input ends inside a signature. */
const struct decoder *decoder_table_find(const uint8_t *bytes, size_t size, bool *cut);

/* The decoder of a picture that begins at `bytes` inside another file, or NULL. */
const struct decoder *decoder_table_find_embedded(const uint8_t *bytes, size_t size);

/* The names of all rows, such as "A, B and C", cut to HASHSCAN_REASON_SIZE. Returns `names`. */
const char *decoder_table_names(char names[HASHSCAN_REASON_SIZE]);

#endif
