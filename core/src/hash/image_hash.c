/* SPDX-License-Identifier: Apache-2.0 */
/* What an image hash may hold. Others compute and store them, so nothing about one that comes in is taken for granted;
 * what this cannot tell is whether it is the hash of the picture. */
#include "hash/image_hash.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/error.h"
#include "base/options.h"
#include "base/utf8.h"
#include "hash/digest.h"

static bool all_zero(const void *bytes, size_t size) {
  const unsigned char *at = bytes;
  for (size_t i = 0; i < size; i++)
    if (at[i] != 0) return false;
  return true;
}

static bool was_decoded(const hashscan_image_hash *hash) {
  return hash->status == HASHSCAN_STATUS_OK || hash->status == HASHSCAN_STATUS_DAMAGED;
}

/* The status low_quality is a verdict's: it comes from a policy, which an image hash does not know. */
static const char *wrong_name(const hashscan_image_hash *hash) {
  if ((unsigned)hash->status >= HASHSCAN_STATUS_COUNT || hash->status == HASHSCAN_STATUS_LOW_QUALITY) return "status";
  if ((unsigned)hash->format > HASHSCAN_FORMAT_PNG) return "format";
  if ((unsigned)hash->profile > HASHSCAN_PROFILE_NN512) return "profile";
  if ((unsigned)hash->level > HASHSCAN_LEVEL_BLOCKS) return "level";
  if ((unsigned)hash->view >= HASHSCAN_VIEW_COUNT) return "view";
  if ((hash->digests & ~DIGEST_KINDS) != 0) return "digests";
  return hash->reserved != 0 ? "reserved" : NULL;
}

/* Blocks tell nothing for sure of the quality: bounds that do would dismiss a picture as flat that no one looked at. */
static const char *wrong_quality(const hashscan_image_hash *hash) {
  const bool blocks = hash->level == HASHSCAN_LEVEL_BLOCKS;
  if (hash->quality_low < 0 || hash->quality_low > (blocks ? 0 : hash->quality)) return "quality_low";
  if (hash->quality_high > 100 || hash->quality_high < (blocks ? 100 : hash->quality)) return "quality_high";
  if (hash->level == HASHSCAN_LEVEL_EXACT && hash->quality_low != hash->quality_high) return "quality";
  return NULL;
}

/* Of a picture that was hashed. */
static const char *wrong_picture(const hashscan_image_hash *hash) {
  const uint32_t other_views = ((1u << HASHSCAN_VIEW_COUNT) - 1) & ~(1u << HASHSCAN_VIEW_STORED);
  if (hash->hash_count != 1 && hash->hash_count != HASHSCAN_MAX_HASHES) return "hash_count";
  if (hash->width == 0) return "width";
  if (hash->height == 0) return "height";
  if (hash->picture >= hash->picture_count) return "picture";
  if ((hash->views & ~other_views) != 0 || (hash->views != 0 && hash->view != HASHSCAN_VIEW_STORED)) return "views";
  if (hash->unseen > 1) return "unseen";
  if (hash->level == HASHSCAN_LEVEL_EXACT && !all_zero(hash->unknown, sizeof hash->unknown)) return "unknown";
  return wrong_quality(hash);
}

/* Of what was not hashed. */
static const char *wrong_failure(const hashscan_image_hash *hash) {
  if (hash->hash_count != 0) return "hash_count";
  if (hash->quality != -1 || hash->quality_low != -1 || hash->quality_high != -1) return "quality";
  if (hash->views != 0) return "views";
  return hash->unseen != 0 ? "unseen" : NULL;
}

/* What is not there is zero, so that equal answers are equal in their written form. */
static const char *wrong_rest(const hashscan_image_hash *hash) {
  const size_t rest = (HASHSCAN_MAX_HASHES - hash->hash_count) * sizeof(hashscan_pdq);
  if (!all_zero(hash->hashes + hash->hash_count, rest)) return "hashes";
  if (!all_zero(hash->unknown + hash->hash_count, rest)) return "unknown";
  for (hashscan_kind kind = HASHSCAN_KIND_MD5; kind <= HASHSCAN_KIND_SHA256; kind++)
    if ((hash->digests >> kind & 1u) == 0 && !all_zero(digest_read(hash, kind), hashscan_kind_bytes(kind)))
      return hashscan_kind_name(kind);
  return NULL;
}

/* It ends up in verdicts and on terminals. */
static const char *wrong_reason(const hashscan_image_hash *hash) {
  char printable[HASHSCAN_REASON_SIZE];
  if (memchr(hash->reason, '\0', sizeof hash->reason) == NULL) return "reason";
  memcpy(printable, hash->reason, sizeof printable);
  utf8_make_printable(printable);
  return strcmp(printable, hash->reason) == 0 ? NULL : "reason";
}

hashscan_code image_hash_check(const hashscan_image_hash *hash, hashscan_error *error) {
  const char *wrong = wrong_name(hash);
  if (wrong == NULL) wrong = was_decoded(hash) ? wrong_picture(hash) : wrong_failure(hash);
  if (wrong == NULL) wrong = wrong_rest(hash);
  if (wrong == NULL) wrong = wrong_reason(hash);
  if (wrong == NULL) return HASHSCAN_SUCCESS;
  return error_set(error, HASHSCAN_E_ARGUMENT, "an image hash with an impossible %s", wrong);
}

hashscan_code image_hash_copy(hashscan_image_hash *known, const hashscan_image_hash *given, hashscan_error *error) {
  const hashscan_code code = options_copy(known, sizeof *known, given, "hashscan_image_hash", error);
  if (code != HASHSCAN_SUCCESS || given->size >= offsetof(hashscan_image_hash, reason)) return code;
  return error_set(error, HASHSCAN_E_ARGUMENT, "hashscan_image_hash.size is %zu, which leaves out part of the hashes",
                   given->size);
}
