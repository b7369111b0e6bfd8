/* SPDX-License-Identifier: Apache-2.0 */
/* Lines for people, on standard error. */
#ifndef HASHSCAN_CLI_MESSAGE_H
#define HASHSCAN_CLI_MESSAGE_H

/* Writes "hashscan: " and the text as one line. Control characters are replaced: file names must not steer a
 * terminal. */
__attribute__((format(printf, 1, 2))) void message(const char *format, ...);

#endif
