/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF. */
#ifndef HASHSCAN_BASE_UTF8_H
#define HASHSCAN_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether `size` bytes are whole UTF-8 sequences. NUL counts as a character, so a pool of terminated strings is valid
 * exactly when each of its strings is. */
bool utf8_valid(const void *bytes, size_t size);

/* Makes a terminated text fit for people and their terminals, in place: control characters (C0, DEL, C1), separators of
 * lines and paragraphs, what turns the direction of text, and bytes that are no UTF-8 become question marks. */
void utf8_make_printable(char *text);

/* The same, and everything that is not ASCII becomes question marks too, one a byte. */
void utf8_make_ascii(char *text);

#endif
