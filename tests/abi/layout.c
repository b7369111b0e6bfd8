/* SPDX-License-Identifier: Apache-2.0 */
/* Compile-time checks of a header against the layout that a version had (ABI_LAYOUT, written by tests/abi/freeze).
 * Against the version's own header, ABI_KEPT, everything is equal. In today's header no field has moved or changed its
 * size, no value has changed, and only structs that may grow are larger. */
#include <stddef.h>

#include "hashscan.h"

#define FIELD(type, field, at, bytes)                                                                                  \
  _Static_assert(offsetof(type, field) == (at), #type "." #field " has moved");                                        \
  _Static_assert(sizeof(((type *)0)->field) == (bytes), #type "." #field " has another size");
#define FIXED(type, bytes) _Static_assert(sizeof(type) == (bytes), #type " has another size");
#ifdef ABI_KEPT
#define GROWS(type, bytes) FIXED(type, bytes)
#else
#define GROWS(type, bytes) _Static_assert(sizeof(type) >= (bytes), #type " has shrunk");
#endif
#define VALUE(name, number) _Static_assert((name) == (number), #name " has another value");

#include ABI_LAYOUT
