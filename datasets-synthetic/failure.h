/* SPDX-License-Identifier: Apache-2.0 */
/* What went wrong, in one line for stderr. Functions that can fail fill it and return false:
 * `return failure_set(failure, "%s: not a number", text);` */
#ifndef DATASET_FAILURE_H
#define DATASET_FAILURE_H

#include <stdbool.h>
#include <stdint.h>

struct failure {
  char text[512];
};

/* Both return false. */
__attribute__((format(printf, 2, 3))) bool failure_set(struct failure *failure, const char *format, ...);
bool failure_errno(struct failure *failure, const char *path, int errnum);

#endif
