/* SPDX-License-Identifier: Apache-2.0 */
/* Cancelling calls, and their deadline: what loops look at between pieces of work of bounded size. */
#ifndef HASHSCAN_BASE_CONTROL_H
#define HASHSCAN_BASE_CONTROL_H

#include <stdbool.h>

#include "hashscan.h"

/* SUCCESS to go on, STOPPED once it was cancelled, TIMEOUT once its deadline passed. Without a control it is SUCCESS.
 * Takes a clock reading where there is a deadline, else two loads. */
hashscan_code control_state(const hashscan_control *control);

static inline bool control_ended(const hashscan_control *control) {
  return control != NULL && control_state(control) != HASHSCAN_SUCCESS;
}

/* The error of a call that its control ended with `code`, STOPPED or TIMEOUT. */
hashscan_code control_error(hashscan_code code, hashscan_error *error);

#endif
