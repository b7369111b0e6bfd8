/* SPDX-License-Identifier: Apache-2.0 */
/* --fail-on, and the exit codes that it decides. The names are those of the library. */
#include "fail_on.h"

#include <stdio.h>
#include <string.h>

#include "commands.h"

static bool is_name(const char *name, const char *text, size_t length) {
  return strlen(name) == length && memcmp(name, text, length) == 0;
}

static bool add_name(struct fail_on *set, const char *text, size_t length, unsigned statuses) {
  for (unsigned i = 0; i < HASHSCAN_OUTCOME_COUNT; i++)
    if (is_name(hashscan_outcome_name((hashscan_outcome)i), text, length)) {
      set->outcomes |= 1u << i;
      return true;
    }
  for (unsigned i = 0; i < statuses; i++)
    if (is_name(hashscan_status_name((hashscan_status)i), text, length)) {
      set->statuses |= 1u << i;
      return true;
    }
  return false;
}

bool fail_on_parse(struct fail_on *fail_on, const char *text, unsigned statuses, const char **unknown, size_t *length) {
  struct fail_on set = {0, 0};
  for (const char *at = text;; at += *length + 1) {
    *unknown = at;
    *length = strcspn(at, ",");
    const bool none = at == text && strcmp(text, "none") == 0;
    if (!none && !add_name(&set, at, *length, statuses)) return false;
    if (at[*length] == '\0') break;
  }
  *fail_on = set;
  return true;
}

void fail_on_names(unsigned statuses, char *text, size_t size) {
  int used = snprintf(text, size, "none");
  for (unsigned i = 0; i < HASHSCAN_OUTCOME_COUNT && (size_t)used < size; i++)
    used += snprintf(text + used, size - (size_t)used, ", %s", hashscan_outcome_name((hashscan_outcome)i));
  for (unsigned i = 0; i < statuses && (size_t)used < size; i++)
    if (i != HASHSCAN_STATUS_NOT_IMAGE) /* an outcome too */
      used += snprintf(text + used, size - (size_t)used, ", %s", hashscan_status_name((hashscan_status)i));
}

/* A match outranks everything: whoever looks for 1 must not miss one because something else went wrong beside it. */
int fail_on_exit(const struct fail_on *fail_on, const struct fail_on_run *run) {
  const unsigned match = 1u << HASHSCAN_OUTCOME_MATCH;
  const unsigned outcomes = fail_on->outcomes & run->seen.outcomes;
  if ((outcomes & match) != 0) return EXIT_MATCH;
  if (run->failed) return EXIT_FATAL;
  if (run->interrupted) return EXIT_INTERRUPTED;
  return outcomes != 0 || (fail_on->statuses & run->seen.statuses) != 0 ? EXIT_UNEXAMINED : EXIT_COMPLETE;
}
