/* SPDX-License-Identifier: Apache-2.0 */
/* The library's version at run time, and those of the libraries under it. */
#include <stdio.h>

#include <jpeglib.h>
#include <libdeflate.h>
#include <openssl/crypto.h>
#include <png.h>
#include <xxhash.h>
#include <zlib.h>

#include "hashscan.h"

#define STRING_(x) #x
#define STRING(x) STRING_(x)

#ifdef LIBJPEG_TURBO_VERSION
#define JPEG_NAME "libjpeg-turbo"
#define JPEG_VERSION STRING(LIBJPEG_TURBO_VERSION)
#else
#define JPEG_NAME "libjpeg"
#define JPEG_VERSION STRING(JPEG_LIB_VERSION)
#endif

const char *hashscan_version(void) {
  return STRING(HASHSCAN_VERSION_MAJOR) "." STRING(HASHSCAN_VERSION_MINOR) "." STRING(HASHSCAN_VERSION_PATCH);
}

int hashscan_dependency(unsigned number, const char **name, const char **version) {
  const char *const dependencies[][2] = {
      {JPEG_NAME, JPEG_VERSION},
      {"libpng", png_get_libpng_ver(NULL)},
      {"libdeflate", LIBDEFLATE_VERSION_STRING},
      {"zlib", zlibVersion()},
      {"xxhash", STRING(XXH_VERSION_MAJOR) "." STRING(XXH_VERSION_MINOR) "." STRING(XXH_VERSION_RELEASE)},
      {"libcrypto", OpenSSL_version(OPENSSL_VERSION_STRING)},
  };
  if (number >= sizeof dependencies / sizeof *dependencies) return 0;
  *name = dependencies[number][0];
  *version = dependencies[number][1];
  return 1;
}
