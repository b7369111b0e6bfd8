/* SPDX-License-Identifier: Apache-2.0 */
/* A flag and a time, each an atomic of its own: whoever sets them and whoever reads them never waits. */
#include "base/control.h"

#include <stdatomic.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"

_Static_assert(ATOMIC_INT_LOCK_FREE == 2, "a signal handler may only touch atomics that are free of locks");

#define NO_DEADLINE UINT64_MAX

struct hashscan_control {
  atomic_int cancelled;
  _Atomic(uint64_t) deadline; /* nanoseconds on clock_seconds()' scale */
};

static uint64_t now(void) {
  return (uint64_t)(clock_seconds() * 1e9);
}

hashscan_code hashscan_control_create(hashscan_control **control, hashscan_error *error) {
  if (control == NULL) return error_set(error, HASHSCAN_E_ARGUMENT, "control is NULL");
  *control = memory_allocate(sizeof **control);
  if (*control == NULL) return error_memory(error);
  atomic_init(&(*control)->cancelled, 0);
  atomic_init(&(*control)->deadline, NO_DEADLINE);
  return HASHSCAN_SUCCESS;
}

void hashscan_control_destroy(hashscan_control *control) {
  memory_release(control);
}

void hashscan_control_cancel(hashscan_control *control) {
  if (control != NULL) atomic_store_explicit(&control->cancelled, 1, memory_order_relaxed);
}

/* What is no number counts as over, like what is negative: a mistake must not give a call all the time there is. */
void hashscan_control_set_deadline(hashscan_control *control, double seconds) {
  static const double most = 1e9; /* thirty years, which fit */
  if (control == NULL) return;
  uint64_t deadline = 0;
  if (seconds == 0.0 || seconds >= most) deadline = NO_DEADLINE;
  else if (seconds > 0.0) deadline = now() + (uint64_t)(seconds * 1e9);
  atomic_store_explicit(&control->deadline, deadline, memory_order_relaxed);
}

void hashscan_control_reset(hashscan_control *control) {
  if (control == NULL) return;
  atomic_store_explicit(&control->cancelled, 0, memory_order_relaxed);
  atomic_store_explicit(&control->deadline, NO_DEADLINE, memory_order_relaxed);
}

hashscan_code control_state(const hashscan_control *control) {
  if (control == NULL) return HASHSCAN_SUCCESS;
  if (atomic_load_explicit(&control->cancelled, memory_order_relaxed) != 0) return HASHSCAN_E_STOPPED;
  const uint64_t deadline = atomic_load_explicit(&control->deadline, memory_order_relaxed);
  if (deadline == NO_DEADLINE || now() < deadline) return HASHSCAN_SUCCESS;
  return HASHSCAN_E_TIMEOUT;
}

hashscan_code control_error(hashscan_code code, hashscan_error *error) {
  return error_set(error, code, code == HASHSCAN_E_TIMEOUT ? "the deadline of the call passed" : "cancelled");
}
