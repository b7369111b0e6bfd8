/* SPDX-License-Identifier: Apache-2.0 */
/* SIGINT and SIGTERM end a run cleanly; a second one kills. */
#ifndef HASHSCAN_CLI_STOP_H
#define HASHSCAN_CLI_STOP_H

#include <stdbool.h>

/* Catches the two signals from here on, each unless it was ignored when the program started (nohup, background
 * jobs of a shell script). */
void stop_install(void);

/* Whether one has arrived. Any thread. */
bool stop_requested(void);

/* Becomes readable, and stays so, when one arrives: for poll() in threads that wait for input. -1 when stop_install
 * was not called. */
int stop_fd(void);

#endif
