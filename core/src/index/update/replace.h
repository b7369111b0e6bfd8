/* SPDX-License-Identifier: Apache-2.0 */
/* Staging the next version of a list. */
#ifndef HASHSCAN_INDEX_UPDATE_REPLACE_H
#define HASHSCAN_INDEX_UPDATE_REPLACE_H

#include "index/update/changes.h"

/* Stages that the list `name` of the base holds what `list` does, under `version`. Nothing of that list may be staged;
 * `list` gets sorted. On failure some of it is staged. Errors: MEMORY, LIMIT. */
hashscan_code update_replace(hashscan_updater *updater, hashscan_builder *list, const char *name, const char *version,
                             hashscan_error *error);

#endif
