/* SPDX-License-Identifier: Apache-2.0 */
/* The ordered queue of a scan, a ring of slots: head <= untaken <= tail <= head + capacity. */
#include "scan/queue.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "scan/dedup.h"

bool queue_create(struct queue *queue, size_t capacity) {
  *queue = (struct queue){.capacity = capacity, .slots = calloc(capacity, sizeof *queue->slots)};
  if (queue->slots == NULL) return false;
  pthread_condattr_t monotonic;
  pthread_condattr_init(&monotonic);
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  pthread_mutex_init(&queue->lock, NULL);
  pthread_cond_init(&queue->space, NULL);
  pthread_cond_init(&queue->work, NULL);
  pthread_cond_init(&queue->head_done, &monotonic);
  pthread_condattr_destroy(&monotonic);
  return true;
}

static struct slot *slot_at(const struct queue *queue, uint64_t number) {
  return &queue->slots[number % queue->capacity];
}

static void slot_clear(struct slot *slot) {
  free(slot->path);
  if (slot->result != NULL) result_release(slot->result);
  else hashscan_verdict_destroy(slot->verdict);
  *slot = (struct slot){.state = SLOT_FREE};
}

void queue_destroy(struct queue *queue) {
  if (queue->slots == NULL) return;
  for (size_t i = 0; i < queue->capacity; i++) slot_clear(&queue->slots[i]);
  free(queue->slots);
  pthread_cond_destroy(&queue->head_done);
  pthread_cond_destroy(&queue->work);
  pthread_cond_destroy(&queue->space);
  pthread_mutex_destroy(&queue->lock);
}

bool queue_submit(struct queue *queue, const struct slot *slot) {
  pthread_mutex_lock(&queue->lock);
  while (!queue->halted && queue->tail - queue->head == queue->capacity) pthread_cond_wait(&queue->space, &queue->lock);
  const bool accepted = !queue->halted;
  if (accepted) {
    *slot_at(queue, queue->tail) = *slot;
    if (slot->state == SLOT_WAITING) pthread_cond_signal(&queue->work);
    else if (queue->tail == queue->head) pthread_cond_signal(&queue->head_done);
    queue->tail++;
  }
  pthread_mutex_unlock(&queue->lock);
  return accepted;
}

void queue_close(struct queue *queue) {
  pthread_mutex_lock(&queue->lock);
  queue->closed = true;
  pthread_cond_broadcast(&queue->work);
  pthread_cond_signal(&queue->head_done);
  pthread_mutex_unlock(&queue->lock);
}

static bool find_work(struct queue *queue) {
  while (queue->untaken < queue->tail && slot_at(queue, queue->untaken)->state != SLOT_WAITING) queue->untaken++;
  return queue->untaken < queue->tail;
}

struct slot *queue_take(struct queue *queue) {
  struct slot *slot = NULL;
  pthread_mutex_lock(&queue->lock);
  bool found;
  while (!(found = find_work(queue)) && !queue->closed && !queue->halted) pthread_cond_wait(&queue->work, &queue->lock);
  if (found && !queue->halted) {
    slot = slot_at(queue, queue->untaken++);
    slot->state = SLOT_TAKEN;
  }
  pthread_mutex_unlock(&queue->lock);
  return slot;
}

void queue_finish(struct queue *queue, struct slot *slot) {
  pthread_mutex_lock(&queue->lock);
  slot->state = SLOT_DONE;
  if (slot == slot_at(queue, queue->head)) pthread_cond_signal(&queue->head_done);
  pthread_mutex_unlock(&queue->lock);
}

static enum queue_head head_now(const struct queue *queue) {
  if (queue->head == queue->tail) return queue->closed || queue->halted ? QUEUE_END : QUEUE_LATE;
  const enum slot_state state = slot_at(queue, queue->head)->state;
  if (state == SLOT_DONE) return QUEUE_READY;
  return queue->halted && state == SLOT_WAITING ? QUEUE_END : QUEUE_LATE;
}

static struct timespec deadline_after(double seconds) {
  struct timespec when;
  clock_gettime(CLOCK_MONOTONIC, &when);
  const long nanoseconds = when.tv_nsec + (long)(seconds * 1e9);
  when.tv_sec += nanoseconds / 1000000000;
  when.tv_nsec = nanoseconds % 1000000000;
  return when;
}

enum queue_head queue_wait(struct queue *queue, double seconds, struct slot **slot) {
  pthread_mutex_lock(&queue->lock);
  enum queue_head state = head_now(queue);
  if (state == QUEUE_LATE) {
    const struct timespec deadline = deadline_after(seconds);
    while (state == QUEUE_LATE && pthread_cond_timedwait(&queue->head_done, &queue->lock, &deadline) != ETIMEDOUT)
      state = head_now(queue);
    state = head_now(queue);
  }
  *slot = state == QUEUE_READY ? slot_at(queue, queue->head) : NULL;
  /* Workers look for their next input from `untaken` on, and must not look at the slot while it is emptied. */
  if (state == QUEUE_READY && queue->untaken == queue->head) queue->untaken++;
  pthread_mutex_unlock(&queue->lock);
  return state;
}

void queue_pop(struct queue *queue) {
  slot_clear(slot_at(queue, queue->head));
  pthread_mutex_lock(&queue->lock);
  queue->head++;
  pthread_cond_signal(&queue->space);
  pthread_mutex_unlock(&queue->lock);
}

void queue_halt(struct queue *queue) {
  pthread_mutex_lock(&queue->lock);
  queue->halted = true;
  pthread_cond_broadcast(&queue->work);
  pthread_cond_broadcast(&queue->space);
  pthread_cond_signal(&queue->head_done);
  pthread_mutex_unlock(&queue->lock);
}

uint64_t queue_submitted(struct queue *queue, bool *closed) {
  pthread_mutex_lock(&queue->lock);
  const uint64_t submitted = queue->tail;
  *closed = queue->closed;
  pthread_mutex_unlock(&queue->lock);
  return submitted;
}
