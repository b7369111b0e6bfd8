/* SPDX-License-Identifier: Apache-2.0 */
/* CSV fields after RFC 4180, with line feeds between records. */
#ifndef HASHSCAN_CLI_CSV_H
#define HASHSCAN_CLI_CSV_H

#include "output.h"

/* Writes the text, in quotes when it holds a comma, a quote or a line break. */
void csv_text(struct output *out, const char *text);

/* Writes labels, as in hashscan_entry, as one field, with semicolons between them. */
void csv_labels(struct output *out, const char *labels, size_t count);

#endif
