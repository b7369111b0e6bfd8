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

/* Length of the sequence at `bytes`, of which `left` (at least 1) can be looked at; 0 when it is malformed. Nothing is
 * looked at behind a NUL. */
size_t utf8_sequence_length(const uint8_t *bytes, size_t left);

/* Whether a sequence of that length steers a terminal or reorders what stands on it: U+0000 to U+001F, U+007F to
 * U+009F, U+061C, U+200E, U+200F, U+2028 to U+202E, U+2066 to U+2069. */
bool utf8_is_control(const uint8_t *bytes, size_t length);

/* Makes a terminated text fit for people and their terminals, in place: control characters (C0, DEL, C1), separators of
 * lines and paragraphs, what turns the direction of text, and bytes that are no UTF-8 become question marks. */
void utf8_make_printable(char *text);

/* The same, and everything that is not ASCII becomes question marks too, one a byte. */
void utf8_make_ascii(char *text);

#endif
