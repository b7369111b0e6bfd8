/* SPDX-License-Identifier: Apache-2.0 */
/* The ordered ring of a scan: head <= untaken <= tail <= head + capacity. */
#include "scan/ring.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "scan/dedup.h"

bool ring_create(struct ring *ring, size_t capacity) {
  *ring = (struct ring){.capacity = capacity, .slots = calloc(capacity, sizeof *ring->slots)};
  if (ring->slots == NULL) return false;
  pthread_condattr_t monotonic;
  pthread_condattr_init(&monotonic);
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  pthread_mutex_init(&ring->lock, NULL);
  pthread_cond_init(&ring->space, NULL);
  pthread_cond_init(&ring->work, NULL);
  pthread_cond_init(&ring->head_done, &monotonic);
  pthread_condattr_destroy(&monotonic);
  return true;
}

static struct slot *slot_at(const struct ring *ring, uint64_t number) {
  return &ring->slots[number % ring->capacity];
}

static void slot_clear(struct slot *slot) {
  free(slot->path);
  if (slot->result != NULL) result_release(slot->result);
  else hashscan_verdict_clear(&slot->verdict);
  *slot = (struct slot){.state = SLOT_FREE};
}

void ring_destroy(struct ring *ring) {
  if (ring->slots == NULL) return;
  for (size_t i = 0; i < ring->capacity; i++) slot_clear(&ring->slots[i]);
  free(ring->slots);
  pthread_cond_destroy(&ring->head_done);
  pthread_cond_destroy(&ring->work);
  pthread_cond_destroy(&ring->space);
  pthread_mutex_destroy(&ring->lock);
}

bool ring_submit(struct ring *ring, const struct slot *slot) {
  pthread_mutex_lock(&ring->lock);
  while (!ring->halted && ring->tail - ring->head == ring->capacity) pthread_cond_wait(&ring->space, &ring->lock);
  const bool accepted = !ring->halted;
  if (accepted) {
    *slot_at(ring, ring->tail) = *slot;
    if (slot->state == SLOT_WAITING) pthread_cond_signal(&ring->work);
    else if (ring->tail == ring->head) pthread_cond_signal(&ring->head_done);
    ring->tail++;
  }
  pthread_mutex_unlock(&ring->lock);
  return accepted;
}

void ring_close(struct ring *ring) {
  pthread_mutex_lock(&ring->lock);
  ring->closed = true;
  pthread_cond_broadcast(&ring->work);
  pthread_cond_signal(&ring->head_done);
  pthread_mutex_unlock(&ring->lock);
}

static bool find_work(struct ring *ring) {
  while (ring->untaken < ring->tail && slot_at(ring, ring->untaken)->state != SLOT_WAITING) ring->untaken++;
  return ring->untaken < ring->tail;
}

struct slot *ring_take(struct ring *ring) {
  struct slot *slot = NULL;
  pthread_mutex_lock(&ring->lock);
  bool found;
  while (!(found = find_work(ring)) && !ring->closed && !ring->halted) pthread_cond_wait(&ring->work, &ring->lock);
  if (found && !ring->halted) {
    slot = slot_at(ring, ring->untaken++);
    slot->state = SLOT_TAKEN;
  }
  pthread_mutex_unlock(&ring->lock);
  return slot;
}

void ring_finish(struct ring *ring, struct slot *slot) {
  pthread_mutex_lock(&ring->lock);
  slot->state = SLOT_DONE;
  if (slot == slot_at(ring, ring->head)) pthread_cond_signal(&ring->head_done);
  pthread_mutex_unlock(&ring->lock);
}

static enum ring_head head_now(const struct ring *ring) {
  if (ring->head == ring->tail) return ring->closed || ring->halted ? HEAD_END : HEAD_LATE;
  const enum slot_state state = slot_at(ring, ring->head)->state;
  if (state == SLOT_DONE) return HEAD_READY;
  return ring->halted && state == SLOT_WAITING ? HEAD_END : HEAD_LATE;
}

static struct timespec deadline_after(double seconds) {
  struct timespec when;
  clock_gettime(CLOCK_MONOTONIC, &when);
  const long nanoseconds = when.tv_nsec + (long)(seconds * 1e9);
  when.tv_sec += nanoseconds / 1000000000;
  when.tv_nsec = nanoseconds % 1000000000;
  return when;
}

enum ring_head ring_wait(struct ring *ring, double seconds, struct slot **slot) {
  pthread_mutex_lock(&ring->lock);
  enum ring_head state = head_now(ring);
  if (state == HEAD_LATE) {
    const struct timespec deadline = deadline_after(seconds);
    while (state == HEAD_LATE && pthread_cond_timedwait(&ring->head_done, &ring->lock, &deadline) != ETIMEDOUT)
      state = head_now(ring);
    state = head_now(ring);
  }
  *slot = state == HEAD_READY ? slot_at(ring, ring->head) : NULL;
  /* Workers look for their next input from `untaken` on, and must not look at the slot while it is emptied. */
  if (state == HEAD_READY && ring->untaken == ring->head) ring->untaken++;
  pthread_mutex_unlock(&ring->lock);
  return state;
}

void ring_pop(struct ring *ring) {
  slot_clear(slot_at(ring, ring->head));
  pthread_mutex_lock(&ring->lock);
  ring->head++;
  pthread_cond_signal(&ring->space);
  pthread_mutex_unlock(&ring->lock);
}

void ring_halt(struct ring *ring) {
  pthread_mutex_lock(&ring->lock);
  ring->halted = true;
  pthread_cond_broadcast(&ring->work);
  pthread_cond_broadcast(&ring->space);
  pthread_cond_signal(&ring->head_done);
  pthread_mutex_unlock(&ring->lock);
}

uint64_t ring_submitted(struct ring *ring, bool *closed) {
  pthread_mutex_lock(&ring->lock);
  const uint64_t submitted = ring->tail;
  *closed = ring->closed;
  pthread_mutex_unlock(&ring->lock);
  return submitted;
}
