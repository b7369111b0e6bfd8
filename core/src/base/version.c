/* SPDX-License-Identifier: Apache-2.0 */
/* The library's version at run time. */
#include "hashscan.h"

#define STRING_(x) #x
#define STRING(x) STRING_(x)

const char *hashscan_version(void) {
  return STRING(HASHSCAN_VERSION_MAJOR) "." STRING(HASHSCAN_VERSION_MINOR) "." STRING(HASHSCAN_VERSION_PATCH);
}
