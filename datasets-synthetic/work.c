/* SPDX-License-Identifier: Apache-2.0 */
/* Threads take the next number from a shared counter until none is left. */
#include "work.h"

#include <pthread.h>
#include <stdatomic.h>

#include "output.h"

enum { WORK_THREADS = 256 };

struct work {
  uint64_t count;
  work_job job;
  void *user;
  atomic_uint_fast64_t next;
  atomic_bool failed;
  pthread_mutex_t lock; /* guards failure */
  struct failure *failure;
};

static void *work_thread(void *argument) {
  struct work *work = argument;
  while (!atomic_load(&work->failed)) {
    uint64_t number = atomic_fetch_add(&work->next, 1);
    if (number >= work->count) break;
    struct failure failure = {""};
    if (work->job(work->user, number, &failure)) continue;
    pthread_mutex_lock(&work->lock);
    if (!atomic_exchange(&work->failed, true)) *work->failure = failure;
    pthread_mutex_unlock(&work->lock);
  }
  return NULL;
}

/* The calling thread works too, so that the jobs get done even where no further thread can be had. */
bool work_run(uint64_t count, int threads, work_job job, void *user, struct failure *failure) {
  struct work work = {.count = count, .job = job, .user = user, .failure = failure};
  pthread_t helpers[WORK_THREADS];
  int started = 0;
  pthread_mutex_init(&work.lock, NULL);
  while (started < threads - 1 && started < WORK_THREADS) {
    if (pthread_create(&helpers[started], NULL, work_thread, &work) != 0) break;
    started++;
  }
  work_thread(&work);
  for (int i = 0; i < started; i++) pthread_join(helpers[i], NULL);
  pthread_mutex_destroy(&work.lock);
  return !atomic_load(&work.failed);
}
