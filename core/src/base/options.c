/* SPDX-License-Identifier: Apache-2.0 */
/* Reading option structs of callers compiled against an older or newer header. */
#include "base/options.h"

#include <string.h>

#include "base/error.h"

hashscan_code options_copy(void *known, size_t known_size, const void *given, const char *name, hashscan_error *error) {
  if (given == NULL) return HASHSCAN_SUCCESS;
  size_t given_size;
  memcpy(&given_size, given, sizeof given_size);
  if (given_size < sizeof given_size || given_size > 4096)
    return error_set(error, HASHSCAN_E_ARGUMENT, "%s.size is %zu; set it to sizeof(%s)", name, given_size, name);
  const unsigned char *bytes = given;
  for (size_t i = known_size; i < given_size; i++)
    if (bytes[i] != 0)
      return error_set(error, HASHSCAN_E_ARGUMENT, "%s has options that hashscan %s does not know", name,
                       hashscan_version());
  memcpy(known, given, given_size < known_size ? given_size : known_size);
  memcpy(known, &known_size, sizeof known_size);
  return HASHSCAN_SUCCESS;
}

hashscan_code limits_copy(hashscan_limits *limits, const hashscan_limits *given, hashscan_error *error) {
  *limits = (hashscan_limits)HASHSCAN_LIMITS_INIT;
  const hashscan_code code = options_copy(limits, sizeof *limits, given, "hashscan_limits", error);
  if (code != HASHSCAN_SUCCESS) return code;
  if (limits->max_pixels == 0 || limits->max_jpeg_side == 0 || limits->max_side == 0 || limits->max_jpeg_scans == 0 ||
      limits->max_decoder_bytes == 0 || limits->max_file_bytes == 0 || !(limits->max_seconds > 0))
    return error_set(error, HASHSCAN_E_ARGUMENT, "a limit of zero");
  return HASHSCAN_SUCCESS;
}
