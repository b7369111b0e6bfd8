/* SPDX-License-Identifier: Apache-2.0 */
/* Inputs on their way through a scan: one thread submits them in order, any number of threads work on them, one thread
 * gives them out in the same order. The ring is bounded, so a slow input holds the others up only once the ring is full
 * behind it, and memory does not grow with the number of inputs. */
#ifndef HASHSCAN_SCAN_RING_H
#define HASHSCAN_SCAN_RING_H

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
  struct result *result; /* owns what `verdict` points to, unless NULL: then the verdict owns it */
  hashscan_verdict verdict;
};

struct ring {
  pthread_mutex_t lock; /* of everything below; a slot's contents belong to the thread that its state names */
  pthread_cond_t space; /* the walker waits */
  pthread_cond_t work;  /* workers wait */
  pthread_cond_t head_done;
  struct slot *slots;
  size_t capacity;
  uint64_t head;    /* number of the next input to give out */
  uint64_t untaken; /* no input before this one waits for a worker */
  uint64_t tail;    /* inputs submitted */
  bool closed;      /* nothing more will be submitted */
  bool halted;      /* nothing more is taken or submitted; what is taken is finished and given out */
};

/* False when out of memory. */
bool ring_create(struct ring *ring, size_t capacity);
void ring_destroy(struct ring *ring);

/* Walker: adds an input, waiting for space. Copies *slot on success: `path` then belongs to the ring. With state
 * SLOT_DONE no worker sees it. False once halted. */
bool ring_submit(struct ring *ring, const struct slot *slot);
void ring_close(struct ring *ring);

/* Workers: the next input to work on, waiting for one; NULL at the end. Then ring_finish, always. */
struct slot *ring_take(struct ring *ring);
void ring_finish(struct ring *ring, struct slot *slot);

enum ring_head { HEAD_READY, HEAD_LATE, HEAD_END };

/* Emitter: waits at most `seconds` for the next input in order. HEAD_READY: *slot is finished; give it back with
 * ring_pop. HEAD_END: no input is left, or after ring_halt none that a worker had taken. */
enum ring_head ring_wait(struct ring *ring, double seconds, struct slot **slot);
void ring_pop(struct ring *ring);

/* Any thread. */
void ring_halt(struct ring *ring);

/* Inputs submitted so far; *closed tells whether that is all there are. */
uint64_t ring_submitted(struct ring *ring, bool *closed);

#endif
