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

#endif
