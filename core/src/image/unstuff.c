/* SPDX-License-Identifier: Apache-2.0 */
/* Runs of bytes from FF to FF. */
#include "image/unstuff.h"

#include <string.h>

enum { MARKER_RST0 = 0xd0 };

size_t unstuff_copy(struct unstuff *unstuff, uint8_t *out, size_t room) {
  const size_t wanted = room;
  while (room > 0 && !unstuff->whole) {
    const uint8_t *in = unstuff->bytes + unstuff->at;
    const size_t left = unstuff->size - unstuff->at;
    const size_t most = left < room ? left : room;
    const uint8_t *stop = memchr(in, 0xff, most);
    const size_t run = stop == NULL ? most : (size_t)(stop - in);
    memcpy(out, in, run);
    out += run;
    room -= run;
    unstuff->at += run;
    if (stop == NULL && left > most) continue;
    unstuff->whole = left - run < 2 || in[run + 1] != 0;
    if (unstuff->whole) break;
    *out++ = 0xff;
    room--;
    unstuff->at += 2;
  }
  return wanted - room;
}

bool unstuff_restart(struct unstuff *unstuff, unsigned number) {
  const uint8_t *bytes = unstuff->bytes;
  if (!unstuff->whole) return false;
  while (unstuff->size - unstuff->at >= 2 && bytes[unstuff->at + 1] == 0xff) unstuff->at++;
  if (unstuff->size - unstuff->at < 2 || bytes[unstuff->at + 1] != MARKER_RST0 + (number & 7)) return false;
  unstuff->at += 2;
  unstuff->whole = false;
  return true;
}
