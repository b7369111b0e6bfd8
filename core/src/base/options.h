/* SPDX-License-Identifier: Apache-2.0 */
/* Option structs that grow: each begins with its own size as the caller was compiled. */
#ifndef HASHSCAN_BASE_OPTIONS_H
#define HASHSCAN_BASE_OPTIONS_H

#include "hashscan.h"

/* Copies `given` (NULL: nothing) over `known`, which holds the defaults and is `known_size` bytes long. A shorter
 * struct leaves the defaults in the rest; a longer one is HASHSCAN_E_ARGUMENT unless its extra bytes are zero.
 * `name` is for the message. Afterwards *known begins with known_size. */
hashscan_code options_copy(void *known, size_t known_size, const void *given, const char *name, hashscan_error *error);

/* HASHSCAN_E_ARGUMENT unless the field `reserved` of the struct called `name` is zero. */
hashscan_code options_reserved(uint32_t reserved, const char *name, hashscan_error *error);

/* Fills `size` bytes at `given`, a struct as its caller knows it: from `defaults`, which is `known_size` bytes long,
 * and with zeros beyond. Afterwards *given begins with `size`. Nothing is written when `size` has no room for itself.
 */
void options_default(void *given, size_t size, const void *defaults, size_t known_size);

/* Fills `given`, a struct with results whose size its caller has set, from `known`, which is `known_size` bytes long:
 * as much as the caller has room for, and zeros beyond what this library knows. HASHSCAN_E_ARGUMENT when the size is
 * not one that such a struct can have; nothing is written then. */
hashscan_code options_fill(void *given, const void *known, size_t known_size, const char *name, hashscan_error *error);

/* Copies and checks limits: NULL gives the defaults, a field of zero is HASHSCAN_E_ARGUMENT. */
hashscan_code limits_copy(hashscan_limits *limits, const hashscan_limits *given, hashscan_error *error);

#endif
