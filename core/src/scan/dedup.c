/* SPDX-License-Identifier: Apache-2.0 */
/* A table from the bytes of inputs to their results.
 *
 * The key is XXH3-128 twice, under two secrets drawn at random for each scan. XXH3 is no cryptographic hash: with a
 * known secret, collisions can be made, and a colliding pair would pass a listed image off as a duplicate of a harmless
 * one. Nobody can prepare that against secrets that do not exist yet, and the second one squares what little chance is
 * left. Length is part of the key.
 *
 * Memory is bounded: past MAX_BYTES the oldest results are forgotten, and an input equal to a forgotten one is decoded
 * again. Results belong to one snapshot generation; a reload makes all earlier ones useless, and they are dropped. */
#include "scan/dedup.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/checked.h"
#include "base/error.h"
#include "base/random.h"
#include "match/verdict.h"

#define MAX_BYTES ((size_t)192 << 20) /* about 200,000 inputs without a match */
#define BUCKETS ((size_t)1 << 18)
#define SECRET_BYTES 192 /* XXH3's default size */

/* ---- Results --------------------------------------------------------------------------------------------------- */

struct result {
  atomic_uint references;
  bool reported;
  hashscan_verdict *verdict;
};

struct result *result_take(hashscan_verdict *verdict) {
  struct result *result = malloc(sizeof *result);
  if (result == NULL) return NULL;
  *result = (struct result){.verdict = verdict};
  atomic_init(&result->references, 1);
  return result;
}

static struct result *result_retain(struct result *result) {
  atomic_fetch_add_explicit(&result->references, 1, memory_order_relaxed);
  return result;
}

void result_release(struct result *result) {
  if (result == NULL || atomic_fetch_sub_explicit(&result->references, 1, memory_order_acq_rel) != 1) return;
  hashscan_verdict_destroy(result->verdict);
  free(result);
}

hashscan_verdict *result_verdict(const struct result *result) {
  return result->verdict;
}

bool result_was_reported(struct result *result) {
  const bool before = result->reported;
  result->reported = true;
  return before;
}

static size_t result_bytes(const struct result *result) {
  return sizeof *result + verdict_bytes(result->verdict);
}

/* ---- The table --------------------------------------------------------------------------------------------------- */

struct dedup_key {
  XXH128_hash_t first;
  XXH128_hash_t second;
  uint64_t size;
};

/* References: one of the owner, which the table inherits when it remembers the result, and one of each thread that
 * waits. */
struct dedup_node {
  struct dedup_key key;
  uint64_t generation;
  struct dedup_node *next;  /* in its bucket */
  struct dedup_node *newer; /* among the finished ones */
  struct result *result;
  unsigned references;
  bool pending;
};

struct dedup {
  uint8_t secrets[2][SECRET_BYTES];
  pthread_mutex_t lock; /* of everything below */
  pthread_cond_t ended;
  struct dedup_node **buckets;
  struct dedup_node *oldest;
  struct dedup_node *newest;
  uint64_t generation;
  size_t bytes; /* of the finished ones */
};

static int draw_secrets(struct dedup *dedup) {
  return random_draw(dedup->secrets, sizeof dedup->secrets) ? 0 : errno;
}

hashscan_code dedup_create(struct dedup **dedup, hashscan_error *error) {
  *dedup = NULL;
  struct dedup *made = calloc(1, sizeof *made);
  struct dedup_node **buckets = calloc(BUCKETS, sizeof(struct dedup_node *));
  const int errnum = made == NULL || buckets == NULL ? ENOMEM : draw_secrets(made);
  if (errnum != 0) {
    free(buckets);
    free(made);
    return errnum == ENOMEM ? error_memory(error) : error_set_errno(error, HASHSCAN_E_IO, errnum, "getrandom");
  }
  made->buckets = buckets;
  pthread_mutex_init(&made->lock, NULL);
  pthread_cond_init(&made->ended, NULL);
  *dedup = made;
  return HASHSCAN_SUCCESS;
}

static struct dedup_key key_of(const struct dedup *dedup, const void *bytes, size_t size) {
  return (struct dedup_key){.first = XXH3_128bits_withSecret(bytes, size, dedup->secrets[0], SECRET_BYTES),
                            .second = XXH3_128bits_withSecret(bytes, size, dedup->secrets[1], SECRET_BYTES),
                            .size = size};
}

static struct dedup_node **bucket_of(struct dedup *dedup, const struct dedup_key *key) {
  return &dedup->buckets[key->first.low64 % BUCKETS];
}

static bool same_key(const struct dedup_key *a, const struct dedup_key *b) {
  return a->size == b->size && XXH128_isEqual(a->first, b->first) && XXH128_isEqual(a->second, b->second);
}

static void node_release(struct dedup_node *node) {
  if (--node->references > 0) return;
  result_release(node->result);
  free(node);
}

/* Takes the node out of its bucket and releases the owner's reference. */
static void unlink_node(struct dedup *dedup, struct dedup_node *node) {
  struct dedup_node **link = bucket_of(dedup, &node->key);
  while (*link != node) link = &(*link)->next;
  *link = node->next;
  node_release(node);
}

static size_t node_bytes(const struct dedup_node *node) {
  return sizeof *node + result_bytes(node->result);
}

static void forget_oldest(struct dedup *dedup) {
  struct dedup_node *node = dedup->oldest;
  dedup->oldest = node->newer;
  if (dedup->oldest == NULL) dedup->newest = NULL;
  dedup->bytes -= node_bytes(node);
  unlink_node(dedup, node);
}

static void remember(struct dedup *dedup, struct dedup_node *node) {
  if (dedup->newest == NULL) dedup->oldest = node;
  else dedup->newest->newer = node;
  dedup->newest = node;
  dedup->bytes += node_bytes(node);
  while (dedup->bytes > MAX_BYTES) forget_oldest(dedup);
}

void dedup_destroy(struct dedup *dedup) {
  if (dedup == NULL) return;
  while (dedup->oldest != NULL) forget_oldest(dedup);
  pthread_cond_destroy(&dedup->ended);
  pthread_mutex_destroy(&dedup->lock);
  free(dedup->buckets);
  free(dedup);
}

static struct dedup_node *find(struct dedup *dedup, const struct dedup_key *key) {
  struct dedup_node *node = *bucket_of(dedup, key);
  while (node != NULL && (node->generation != dedup->generation || !same_key(&node->key, key))) node = node->next;
  return node;
}

static struct dedup_node *add_pending(struct dedup *dedup, const struct dedup_key *key) {
  struct dedup_node *node = malloc(sizeof *node);
  if (node == NULL) return NULL;
  struct dedup_node **bucket = bucket_of(dedup, key);
  *node = (struct dedup_node){
      .key = *key, .generation = dedup->generation, .next = *bucket, .references = 1, .pending = true};
  *bucket = node;
  return node;
}

static struct result *wait_for(struct dedup *dedup, struct dedup_node *node) {
  node->references++;
  while (node->pending) pthread_cond_wait(&dedup->ended, &dedup->lock);
  struct result *result = node->result == NULL ? NULL : result_retain(node->result);
  /* analyze: `result` has a reference of its own, beside that of the node. */
  node_release(node);
  return result;
}

/* With the lock held. A caller whose snapshot is older than the table's works for itself. */
static enum dedup_answer begin(struct dedup *dedup, const struct dedup_key *key, uint64_t generation,
                               struct dedup_node **node, struct result **result) {
  if (generation < dedup->generation) return DEDUP_ALONE;
  if (generation > dedup->generation) {
    while (dedup->oldest != NULL) forget_oldest(dedup);
    dedup->generation = generation;
  }
  struct dedup_node *known = find(dedup, key);
  if (known != NULL) {
    *result = wait_for(dedup, known);
    return *result == NULL ? DEDUP_ALONE : DEDUP_KNOWN;
  }
  *node = add_pending(dedup, key);
  return *node == NULL ? DEDUP_ALONE : DEDUP_OWNER;
}

enum dedup_answer dedup_begin(struct dedup *dedup, const void *bytes, size_t size, uint64_t generation,
                              struct dedup_node **node, struct result **result) {
  *node = NULL;
  *result = NULL;
  const struct dedup_key key = key_of(dedup, bytes, size);
  pthread_mutex_lock(&dedup->lock);
  const enum dedup_answer answer = begin(dedup, &key, generation, node, result);
  pthread_mutex_unlock(&dedup->lock);
  return answer;
}

void dedup_end(struct dedup *dedup, struct dedup_node *node, struct result *result) {
  pthread_mutex_lock(&dedup->lock);
  node->pending = false;
  node->result = result == NULL ? NULL : result_retain(result);
  pthread_cond_broadcast(&dedup->ended);
  if (result != NULL && node->generation == dedup->generation) remember(dedup, node);
  else unlink_node(dedup, node);
  pthread_mutex_unlock(&dedup->lock);
}
