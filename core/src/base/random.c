/* SPDX-License-Identifier: Apache-2.0 */
/* Random bytes from the system. */
#include "base/random.h"

#include <errno.h>
#include <stdint.h>
#include <sys/random.h>

bool random_draw(void *bytes, size_t size) {
  uint8_t *at = bytes;
  while (size > 0) {
    const ssize_t got = getrandom(at, size, 0);
    if (got < 0 && errno != EINTR) return false;
    if (got < 0) continue;
    at += got;
    size -= (size_t)got;
  }
  return true;
}
