/* SPDX-License-Identifier: Apache-2.0 */
/* Writing what an updater has staged. */
#ifndef HASHSCAN_INDEX_UPDATE_COMMIT_H
#define HASHSCAN_INDEX_UPDATE_COMMIT_H

#include "index/update/changes.h"

/* Writes what is staged as one commit. With `compact` the index ends as one segment. */
hashscan_code update_write(hashscan_updater *updater, bool compact, hashscan_error *error);

#endif
