/* SPDX-License-Identifier: Apache-2.0 */
/* Options whose values are the names of an enumeration of the library: the words come from there alone. */
#ifndef HASHSCAN_CLI_ENUMERATIONS_H
#define HASHSCAN_CLI_ENUMERATIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "options.h"

/* Whether an option is one of those. */
bool enumeration_of(enum option_type type);

/* Sets *value to that of the name; false when there is none. */
bool enumeration_parse(enum option_type type, const char *name, int *value);

/* Writes the names with bars between them, "full|nn512", cut to fit. */
void enumeration_words(enum option_type type, char *words, size_t size);

#endif
