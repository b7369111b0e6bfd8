/* SPDX-License-Identifier: Apache-2.0 */
/* The size of an entry's labels. */
#include "list/entry.h"

size_t list_labels_bytes(const struct list_entry *entry) {
  const char *end = entry->labels;
  for (size_t i = 0; i < entry->label_count; i++) end = list_next_string(end);
  return entry->label_count == 0 ? 0 : (size_t)(end - entry->labels);
}
