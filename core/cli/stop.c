/* SPDX-License-Identifier: Apache-2.0 */
/* A signal may reach any thread, so a flag alone would not wake the one that is waiting for input: the handler also
 * writes to a pipe that nobody drains. These two are the program's only mutable globals, as handlers have no other
 * way to the rest of it. */
#include "stop.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

static atomic_int requested;
static int wake_pipe[2] = {-1, -1};

static void on_signal(int number) {
  (void)number;
  const int saved_errno = errno;
  atomic_store(&requested, 1);
  signal(SIGINT, SIG_DFL);
  signal(SIGTERM, SIG_DFL);
  if (write(wake_pipe[1], "", 1) < 0) errno = 0; /* a full pipe is readable too */
  errno = saved_errno;
}

static void catch_signal(int number) {
  struct sigaction action;
  if (sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN) return;
  memset(&action, 0, sizeof action);
  action.sa_handler = on_signal;
  sigemptyset(&action.sa_mask);
  sigaction(number, &action, NULL);
}

void stop_install(void) {
  if (pipe2(wake_pipe, O_CLOEXEC | O_NONBLOCK) != 0) wake_pipe[0] = wake_pipe[1] = -1;
  catch_signal(SIGINT);
  catch_signal(SIGTERM);
}

bool stop_requested(void) {
  return atomic_load(&requested) != 0;
}

int stop_fd(void) {
  return wake_pipe[0];
}
