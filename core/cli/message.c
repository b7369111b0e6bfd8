/* SPDX-License-Identifier: Apache-2.0 */
/* Lines for people, on standard error: formatted whole and written at once, so that lines of several processes sharing
 * a terminal stay apart. */
#include "message.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "hashscan.h"
#include "program.h"

void message(const char *format, ...) {
  char line[8192];
  const size_t prefix = (size_t)snprintf(line, sizeof line, "%s: ", program.name);
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(line + prefix, sizeof line - prefix - 1, format, arguments);
  va_end(arguments);
  hashscan_text_make_printable(line);
  size_t used = strlen(line);
  line[used++] = '\n';
  fwrite(line, 1, used, stderr);
}
