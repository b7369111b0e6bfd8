/* SPDX-License-Identifier: Apache-2.0 */
/* Random bytes from the system, for what outsiders must not be able to predict: the secrets of hash tables. */
#ifndef HASHSCAN_BASE_RANDOM_H
#define HASHSCAN_BASE_RANDOM_H

#include <stdbool.h>
#include <stddef.h>

/* False with errno set when the system has none. */
bool random_draw(void *bytes, size_t size);

#endif
