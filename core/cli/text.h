/* SPDX-License-Identifier: Apache-2.0 */
/* Outside text, that is file names, list names, labels: what of it may go to a terminal as it is. */
#ifndef HASHSCAN_CLI_TEXT_H
#define HASHSCAN_CLI_TEXT_H

#include <stdbool.h>

#include "output.h"

enum text_class {
  TEXT_PLAIN,
  TEXT_CONTROL,  /* C0, DEL, C1; line and paragraph separators; what embeds, overrides or isolates a direction */
  TEXT_MALFORMED /* a byte that is no UTF-8: to an 8-bit terminal it may be a C1 control */
};

/* The class of the character at `text`, which is terminated and not empty. *length is its bytes, 1 when malformed, and
 * *code its code point, or the byte when malformed. */
enum text_class text_classify(const char *text, unsigned *length, unsigned *code);

/* Whether all of it is plain. */
bool text_is_plain(const char *text);

/* Writes the first character of the text, with a backslash before what is special: \\ for a backslash, \n and \r for
 * line breaks, and \xHH for each byte of another control and for a byte that is no UTF-8. Its bytes in `text`. Nothing
 * is lost: what was written can be read back. */
unsigned text_put_escaped(struct output *out, const char *text);

#endif
