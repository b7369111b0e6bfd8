/* SPDX-License-Identifier: Apache-2.0 */
/* CSV fields after RFC 4180, with line feeds between records, fit for a terminal: a text with controls or bytes that
 * are no UTF-8 (text.h), or with a backslash at its start, is written as a backslash and then the escaped text. So a
 * field that begins with a backslash is an escaped one, and every other field is the text itself. Line feeds stay, in
 * quotes.
 */
#ifndef HASHSCAN_CLI_CSV_H
#define HASHSCAN_CLI_CSV_H

#include "output.h"

/* Writes the text, in quotes when it holds a comma, a quote or a line break. */
void csv_text(struct output *out, const char *text);

/* Writes labels, as in hashscan_entry, as one field, with semicolons between them. */
void csv_labels(struct output *out, const char *const *labels, size_t count);

#endif
