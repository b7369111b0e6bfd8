/* SPDX-License-Identifier: Apache-2.0 */
/* Independent numbered jobs on several threads. */
#ifndef DATASET_WORK_H
#define DATASET_WORK_H

#include "failure.h"

/* Returns false with the reason when the job failed. */
typedef bool (*work_job)(void *user, uint64_t number, struct failure *failure);

/* Runs job(user, 0) to job(user, count - 1), each once, in any order on any of `threads` threads. The first failure
 * stops the rest from starting and is reported. */
bool work_run(uint64_t count, int threads, work_job job, void *user, struct failure *failure);

#endif
