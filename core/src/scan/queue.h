/* SPDX-License-Identifier: Apache-2.0 */
/* Inputs on their way through a scan: one thread submits them in order, any number of threads work on them, one thread
 * takes them off in the same order. The queue is bounded, so a slow input holds the others up only once the queue is
 * full behind it, and memory does not grow with the number of inputs. */
#ifndef HASHSCAN_SCAN_QUEUE_H
#define HASHSCAN_SCAN_QUEUE_H

#include <pthread.h>
#include <stdbool.h>

#include "hashscan.h"
#include "scan/place.h"

struct result;

enum slot_state { SLOT_FREE, SLOT_WAITING, SLOT_TAKEN, SLOT_DONE };

/* One input. */
struct slot {
  enum slot_state state;
  char *path;
  struct place place; /* of the path */
  uint64_t bytes;
  struct result *result; /* owns the verdict unless NULL: then the slot does */
  hashscan_verdict *verdict;
};

struct queue {
  pthread_mutex_t lock; /* of everything below; a slot's contents belong to the thread that its state names */
  pthread_cond_t space; /* the walker waits */
  pthread_cond_t work;  /* workers wait */
  pthread_cond_t head_done;
  struct slot *slots;
  size_t capacity;
  uint64_t head;    /* number of the next input that the emitter takes */
  uint64_t untaken; /* no input before this one waits for a worker */
  uint64_t tail;    /* inputs submitted */
  bool closed;      /* nothing more will be submitted */
  bool halted;      /* nothing more is taken or submitted; what is taken is finished and emitted */
};

/* False when out of memory. */
bool queue_create(struct queue *queue, size_t capacity);
void queue_destroy(struct queue *queue);

/* For the walker. Adds an input, waiting for space. Copies *slot on success: `path` then belongs to the queue. With
 * state SLOT_DONE no worker sees it. False once halted. */
bool queue_submit(struct queue *queue, const struct slot *slot);
void queue_close(struct queue *queue);

/* For workers. Waits for the next input to work on; NULL at the end. Each input must be finished with queue_finish. */
struct slot *queue_take(struct queue *queue);
void queue_finish(struct queue *queue, struct slot *slot);

enum queue_head { QUEUE_READY, QUEUE_LATE, QUEUE_END };

/* For the emitter. Waits at most `seconds` for the next input in order. QUEUE_READY: *slot is finished, and queue_pop
 * frees it. QUEUE_END: no input is left, or after queue_halt none that a worker had taken. */
enum queue_head queue_wait(struct queue *queue, double seconds, struct slot **slot);
void queue_pop(struct queue *queue);

/* Any thread. */
void queue_halt(struct queue *queue);

/* Inputs submitted so far; *closed tells whether that is all there are. */
uint64_t queue_submitted(struct queue *queue, bool *closed);

#endif
