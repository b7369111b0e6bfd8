/* SPDX-License-Identifier: Apache-2.0 */
/* Where results go: standard output or a file, through one large buffer. The first write that fails is remembered and
 * later ones are dropped; output_finish tells. */
#ifndef HASHSCAN_CLI_OUTPUT_H
#define HASHSCAN_CLI_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

struct output {
  int fd;
  int failed_errno;
  char *target;  /* final name of a file that is written under a temporary one, else NULL */
  char *partial; /* the temporary name */
  size_t used;
  char buffer[64 * 1024];
};

void output_open_stdout(struct output *out);

/* Opens PATH.partial beside the final name, which output_finish gives it. An existing file is replaced only when it is
 * empty or holds results of this program, so that a slip such as `--output *.jpg` destroys no input; the same holds
 * for PATH.partial, which moreover must not be in use. With `secret` nobody but the owner may read the file. Devices
 * and pipes are written directly. False: said on stderr, nothing to close. */
bool output_open_file(struct output *out, const char *path, bool secret);

void output_put(struct output *out, const void *bytes, size_t size);
void output_text(struct output *out, const char *text);
__attribute__((format(printf, 2, 3))) void output_format(struct output *out, const char *format, ...);

/* Hands what is buffered to the system. False when any write has failed so far. */
bool output_flush(struct output *out);

/* Flushes, and gives a file its final name, durably. False: said on stderr; a partial file keeps its temporary name. */
bool output_finish(struct output *out);

#endif
