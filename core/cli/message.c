/* SPDX-License-Identifier: Apache-2.0 */
/* Lines for people, on standard error: formatted whole and written at once, so that lines of several processes sharing
 * a terminal stay apart. */
#include "message.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "text.h"

/* In place, as none grows. The length that is left. */
static size_t replace_controls(char *line) {
  char *to = line;
  unsigned length, code;
  for (const char *from = line; *from != '\0'; from += length) {
    if (text_classify(from, &length, &code) == TEXT_PLAIN) {
      memmove(to, from, length);
      to += length;
    } else {
      *to++ = '?';
    }
  }
  return (size_t)(to - line);
}

void message(const char *format, ...) {
  char line[8192] = "hashscan: ";
  const size_t prefix = strlen(line);
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(line + prefix, sizeof line - prefix - 1, format, arguments);
  va_end(arguments);
  size_t used = replace_controls(line);
  line[used++] = '\n';
  fwrite(line, 1, used, stderr);
}
