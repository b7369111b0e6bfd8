/* SPDX-License-Identifier: Apache-2.0 */
/* Outside text, that is file names, list names, labels: what of it goes to a terminal, and how
 * (hashscan_text_classify).
 */
#ifndef HASHSCAN_CLI_TEXT_H
#define HASHSCAN_CLI_TEXT_H

#include <stdbool.h>

#include "output.h"

/* Whether all of a terminated text is plain. */
bool text_is_plain(const char *text);

/* Whether it is UTF-8. */
bool text_is_utf8(const char *text);

/* Writes the first character of the text, with a backslash before what is special: \\ for a backslash, \n and \r for
 * line breaks, and \xHH for each byte of another control and for a byte that is no UTF-8. Its bytes in `text`. Nothing
 * is lost: what was written can be read back. */
size_t text_put_escaped(struct output *out, const char *text);

#endif
