/* SPDX-License-Identifier: Apache-2.0 */
/* Digests through libcrypto's one-shot call. */
#include "hash/digest.h"

#include <openssl/err.h>
#include <openssl/evp.h>

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

hashscan_code digest_compute(hashscan_kind kind, const void *bytes, size_t size,
                             uint8_t digest[HASHSCAN_MAX_HASH_BYTES], hashscan_error *error) {
  const EVP_MD *md = algorithm(kind);
  if (md != NULL && EVP_Digest(bytes, size, digest, NULL, md, NULL) == 1) return HASHSCAN_SUCCESS;
  ERR_clear_error(); /* the queue belongs to the host's thread */
  return error_set(error, HASHSCAN_E_MEMORY, "libcrypto cannot compute %s", hashscan_kind_name(kind));
}
