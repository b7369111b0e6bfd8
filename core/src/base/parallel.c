/* SPDX-License-Identifier: Apache-2.0 */
/* A counter of pieces that threads draw from. */
#include "base/parallel.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stddef.h>
#include <unistd.h>

#define MAX_THREADS 64

struct job {
  atomic_size_t next;
  size_t count;
  void (*run)(void *user, size_t piece);
  void *user;
};

unsigned parallel_cpus(void) {
  cpu_set_t cpus; /* has 1,024 of them; the system refuses it where there are more */
  const long count = sched_getaffinity(0, sizeof cpus, &cpus) == 0 ? CPU_COUNT(&cpus) : sysconf(_SC_NPROCESSORS_ONLN);
  return count < 1 ? 1 : (unsigned)count;
}

static void *work(void *user) {
  struct job *job = user;
  for (size_t piece; (piece = atomic_fetch_add(&job->next, 1)) < job->count;) job->run(job->user, piece);
  return NULL;
}

void parallel_for(unsigned threads, size_t count, void (*run)(void *user, size_t piece), void *user) {
  struct job job = {.count = count, .run = run, .user = user};
  pthread_t started[MAX_THREADS];
  unsigned helpers = 0;
  if (threads > MAX_THREADS) threads = MAX_THREADS;
  while (helpers + 1 < threads && helpers + 1 < count && pthread_create(&started[helpers], NULL, work, &job) == 0)
    helpers++;
  work(&job);
  while (helpers > 0) pthread_join(started[--helpers], NULL);
}
