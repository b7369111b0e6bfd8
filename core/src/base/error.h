/* SPDX-License-Identifier: Apache-2.0 */
/* How functions of this library fail: fill the caller's optional hashscan_error and return its code, in one
 * expression: `return error_set(error, HASHSCAN_E_FORMAT, "%s: truncated", path);` */
#ifndef HASHSCAN_BASE_ERROR_H
#define HASHSCAN_BASE_ERROR_H

#include "hashscan.h"

/* What the system calls `errnum`, in `buffer` or in static storage. Any thread: strerror is not safe for that, and
 * strerror_r is one function with glibc and another with other C libraries. */
#define ERROR_TEXT_BYTES 128
const char *error_text(int errnum, char *buffer, size_t size);

/* Formats the message (cut to fit, control characters replaced) and returns `code`. `error` may be NULL. */
__attribute__((format(printf, 3, 4))) hashscan_code error_set(hashscan_error *error, hashscan_code code,
                                                              const char *format, ...);

/* The same with ": " and the text of `errnum` at the end. */
__attribute__((format(printf, 4, 5))) hashscan_code error_set_errno(hashscan_error *error, hashscan_code code,
                                                                    int errnum, const char *format, ...);

/* HASHSCAN_E_MEMORY with the usual message. */
hashscan_code error_memory(hashscan_error *error);

#if defined(__clang_analyzer__) && !defined(HASHSCAN_ERROR_DEFINED_HERE)
/* The analyzer looks into no function of another file: it has to be told that these return the code that they are
 * called with. */
void error_noted(hashscan_error *error, ...);
#define error_set(error, code, ...) (error_noted(error, __VA_ARGS__), (code))
#define error_set_errno(error, code, errnum, ...) (error_noted(error, errnum, __VA_ARGS__), (code))
#define error_memory(error) (error_noted(error), HASHSCAN_E_MEMORY)
#endif

#endif
