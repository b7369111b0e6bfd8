/* SPDX-License-Identifier: Apache-2.0 */
/* Error messages. */
#define HASHSCAN_ERROR_DEFINED_HERE
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

static void format_message(hashscan_error *error, hashscan_code code, const char *format, va_list arguments) {
  error->code = code;
  if (vsnprintf(error->message, sizeof error->message, format, arguments) < 0) error->message[0] = '\0';
  utf8_make_printable(error->message); /* it may hold file names and text of lists, cut anywhere */
}

hashscan_code error_set(hashscan_error *error, hashscan_code code, const char *format, ...) {
  if (error == NULL) return code;
  va_list arguments;
  va_start(arguments, format);
  format_message(error, code, format, arguments);
  va_end(arguments);
  return code;
}

const char *error_text(int errnum, char *buffer, size_t size) {
#if defined(__GLIBC__)
  return strerror_r(errnum, buffer, size); /* GNU's, which may leave the buffer alone */
#else
  return strerror_r(errnum, buffer, size) == 0 ? buffer : "unknown error"; /* POSIX's */
#endif
}

hashscan_code error_set_errno(hashscan_error *error, hashscan_code code, int errnum, const char *format, ...) {
  if (error == NULL) return code;
  va_list arguments;
  va_start(arguments, format);
  format_message(error, code, format, arguments);
  va_end(arguments);
  char buffer[ERROR_TEXT_BYTES];
  const size_t used = strlen(error->message);
  snprintf(error->message + used, sizeof error->message - used, ": %s", error_text(errnum, buffer, sizeof buffer));
  return code;
}

hashscan_code error_memory(hashscan_error *error) {
  return error_set(error, HASHSCAN_E_MEMORY, "out of memory");
}
