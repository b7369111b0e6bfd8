/* SPDX-License-Identifier: Apache-2.0 */
/* Digests through libcrypto: in one call, or piece by piece where the caller may want to end it. */
#include "hash/digest.h"

#include <stdbool.h>

#include <openssl/err.h>
#include <openssl/evp.h>

#include "base/control.h"
#include "base/error.h"

static const EVP_MD *algorithm(hashscan_kind kind) {
  switch (kind) {
  case HASHSCAN_KIND_MD5:
    return EVP_md5();
  case HASHSCAN_KIND_SHA1:
    return EVP_sha1();
  case HASHSCAN_KIND_SHA256:
    return EVP_sha256();
  case HASHSCAN_KIND_PDQ:
  case HASHSCAN_KIND_HASH64:
    break;
  }
  return NULL;
}

/* A millisecond or two. */
#define BYTES_AT_ONCE ((size_t)1 << 20)

/* *ended becomes what ended it. False when libcrypto fails. */
static bool compute_in_pieces(const EVP_MD *md, const uint8_t *bytes, size_t size, const hashscan_control *control,
                              uint8_t *digest, hashscan_code *ended) {
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  bool good = context != NULL && EVP_DigestInit_ex(context, md, NULL) == 1;
  for (size_t at = 0; good && at < size && *ended == HASHSCAN_SUCCESS; at += BYTES_AT_ONCE) {
    good = EVP_DigestUpdate(context, bytes + at, size - at < BYTES_AT_ONCE ? size - at : BYTES_AT_ONCE) == 1;
    *ended = control_state(control);
  }
  if (good && *ended == HASHSCAN_SUCCESS) good = EVP_DigestFinal_ex(context, digest, NULL) == 1;
  EVP_MD_CTX_free(context);
  return good;
}

static hashscan_code compute(hashscan_kind kind, const void *bytes, size_t size, const hashscan_control *control,
                             uint8_t *digest, hashscan_error *error) {
  const EVP_MD *md = algorithm(kind);
  const bool at_once = control == NULL || size <= BYTES_AT_ONCE;
  hashscan_code ended = control_state(control);
  if (ended != HASHSCAN_SUCCESS) return control_error(ended, error);
  const bool good = md != NULL && (at_once ? EVP_Digest(bytes, size, digest, NULL, md, NULL) == 1
                                           : compute_in_pieces(md, bytes, size, control, digest, &ended));
  if (ended != HASHSCAN_SUCCESS) return control_error(ended, error);
  if (good) return HASHSCAN_SUCCESS;
  ERR_clear_error(); /* the queue belongs to the host's thread */
  return error_set(error, HASHSCAN_E_MEMORY, "libcrypto cannot compute %s", hashscan_kind_name(kind));
}

/* 0 for a kind that is no digest; the struct begins with something else. */
static size_t offset_of(hashscan_kind kind) {
  switch (kind) {
  case HASHSCAN_KIND_MD5:
    return offsetof(hashscan_image_hash, md5);
  case HASHSCAN_KIND_SHA1:
    return offsetof(hashscan_image_hash, sha1);
  case HASHSCAN_KIND_SHA256:
    return offsetof(hashscan_image_hash, sha256);
  case HASHSCAN_KIND_PDQ:
  case HASHSCAN_KIND_HASH64:
    break;
  }
  return 0;
}

uint8_t *digest_of(hashscan_image_hash *hash, hashscan_kind kind) {
  const size_t offset = offset_of(kind);
  return offset == 0 ? NULL : (uint8_t *)hash + offset;
}

const uint8_t *digest_read(const hashscan_image_hash *hash, hashscan_kind kind) {
  const size_t offset = offset_of(kind);
  return offset == 0 ? NULL : (const uint8_t *)hash + offset;
}

hashscan_code digests_check(uint32_t digests, hashscan_error *error) {
  if ((digests & ~DIGEST_KINDS) == 0) return HASHSCAN_SUCCESS;
  return error_set(error, HASHSCAN_E_ARGUMENT, "digests 0x%x hold more than md5, sha1 and sha256", (unsigned)digests);
}

hashscan_code digests_compute(uint32_t digests, const void *bytes, size_t size, const hashscan_control *control,
                              hashscan_image_hash *hash, hashscan_error *error) {
  for (hashscan_kind kind = HASHSCAN_KIND_MD5; kind <= HASHSCAN_KIND_SHA256; kind++) {
    if ((digests >> kind & 1u) == 0) continue;
    const hashscan_code code = compute(kind, bytes, size, control, digest_of(hash, kind), error);
    if (code != HASHSCAN_SUCCESS) return code;
    hash->digests |= 1u << kind;
  }
  return HASHSCAN_SUCCESS;
}
