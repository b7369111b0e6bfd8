/* SPDX-License-Identifier: Apache-2.0 */
/* Lines for people, on standard error. */
#ifndef HASHSCAN_CLI_MESSAGE_H
#define HASHSCAN_CLI_MESSAGE_H

/* Writes the program's name, a colon and the text as one line. Controls and bytes that are no UTF-8 (text.h) are
 * replaced by question marks: file names must not steer a terminal. */
__attribute__((format(printf, 1, 2))) void message(const char *format, ...);

#endif
