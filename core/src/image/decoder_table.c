/* SPDX-License-Identifier: Apache-2.0 */
/* The table of decoders and its look-ups. */
#include "image/decoder_table.h"

#include <stdio.h>
#include <string.h>

#include "image/jpeg.h"
#include "image/png.h"

static const struct decoder *const table[] = {&decoder_jpeg, &decoder_png};

#define COUNT (sizeof table / sizeof *table)

const struct decoder *decoder_table_find(const uint8_t *bytes, size_t size, bool *cut) {
  *cut = false;
  for (size_t i = 0; i < COUNT; i++) {
    const enum decoder_sniff sniffed = table[i]->sniff(bytes, size);
    if (sniffed == DECODER_YES) return table[i];
    if (sniffed == DECODER_CUT) *cut = true;
  }
  return NULL;
}

const struct decoder *decoder_table_find_embedded(const uint8_t *bytes, size_t size) {
  for (size_t i = 0; i < COUNT; i++)
    if (table[i]->sniff_embedded(bytes, size)) return table[i];
  return NULL;
}

const char *decoder_table_names(char names[HASHSCAN_REASON_SIZE]) {
  size_t used = 0;
  names[0] = '\0';
  for (size_t i = 0; i < COUNT && used < HASHSCAN_REASON_SIZE; i++) {
    const char *const before = i == 0 ? "" : i + 1 < COUNT ? ", " : " and ";
    used += (size_t)snprintf(names + used, HASHSCAN_REASON_SIZE - used, "%s%s", before, table[i]->name);
  }
  return names;
}
