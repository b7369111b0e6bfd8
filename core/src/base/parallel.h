/* SPDX-License-Identifier: Apache-2.0 */
/* Independent pieces of one job on several threads. */
#ifndef HASHSCAN_BASE_PARALLEL_H
#define HASHSCAN_BASE_PARALLEL_H

#include <stddef.h>

/* CPUs that this process may run on, at least 1. */
unsigned parallel_cpus(void);

/* Calls run(user, 0) to run(user, count - 1), each once, in any order, on at most `threads` threads of which the
 * caller's is one. Returns when all are done. Threads that cannot be started are done without. */
void parallel_for(unsigned threads, size_t count, void (*run)(void *user, size_t piece), void *user);

#endif
