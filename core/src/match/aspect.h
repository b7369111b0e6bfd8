/* SPDX-License-Identifier: Apache-2.0 */
/* The image hashes of one input, sorted: each picture has aspects, one for each view of it, and each aspect is known at
 * one level or several, of which the most exact counts. */
#ifndef HASHSCAN_MATCH_ASPECT_H
#define HASHSCAN_MATCH_ASPECT_H

#include "match/policy.h"
#include "match/snapshots.h"

enum aspect_state {
  ASPECT_FAILED,   /* it could not be hashed */
  ASPECT_FLAT,     /* its quality is under the minimum: not compared */
  ASPECT_SCREENED, /* compared with wildcards, and settled unless `candidate` */
  ASPECT_EXACT,    /* compared by its exact hash */
  ASPECT_OPEN      /* it must be hashed at level `wanted` */
};

struct aspect {
  uint32_t picture;
  hashscan_view view;
  const hashscan_image_hash *image;     /* at the most exact level */
  const hashscan_image_hash *screening; /* at the next one that has hashes; NULL without */
  uint32_t hash_count;                  /* how many are to be compared; at first, the most of any image of the input */
  enum aspect_state state;
  hashscan_method method;
  hashscan_level wanted;
  bool candidate; /* a search with wildcards found something */
};

/* Sorts the images of an input into `aspects`, which has room for image_count, and returns how many there are, by
 * picture, then by view. Of two images of the same picture, view and level the later one counts. */
size_t aspects_sort(const hashscan_image_hash *const *images, size_t image_count, struct aspect *aspects);

/* Decides what each of them needs before anything is searched. */
void aspect_classify(const struct match_policy *policy, const struct snapshots *snapshots, struct aspect *aspect);

/* A search found a candidate of a screened aspect: once all searches are done, it is open after all. */
void aspect_open_candidate(struct aspect *aspect);

/* How many requests a verdict holds at most. */
#define MAX_REQUESTS 64

/* What must be hashed before the verdict is final: open aspects, stored views of pictures that are missing, and views
 * that a stored view says exist. Returns how many of `requests` were filled. */
size_t aspects_request(const struct match_policy *policy, const struct aspect *aspects, size_t count,
                       hashscan_hash_request requests[MAX_REQUESTS]);

#endif
