/* SPDX-License-Identifier: Apache-2.0 */
/* Structs of callers compiled against an older or newer header: options read and set to defaults, outputs filled. */
#include "base/options.h"

#include <string.h>

#include "base/error.h"

static hashscan_code read_size(const void *given, size_t *size, const char *name, hashscan_error *error) {
  memcpy(size, given, sizeof *size);
  if (*size >= sizeof *size && *size <= 4096) return HASHSCAN_SUCCESS;
  return error_set(error, HASHSCAN_E_ARGUMENT, "%s.size is %zu; set it to sizeof(%s)", name, *size, name);
}

hashscan_code options_copy(void *known, size_t known_size, const void *given, const char *name, hashscan_error *error) {
  if (given == NULL) return HASHSCAN_SUCCESS;
  size_t given_size;
  const hashscan_code code = read_size(given, &given_size, name, error);
  if (code != HASHSCAN_SUCCESS) return code;
  const unsigned char *bytes = given;
  for (size_t i = known_size; i < given_size; i++)
    if (bytes[i] != 0)
      return error_set(error, HASHSCAN_E_ARGUMENT, "%s has options that hashscan %s does not know", name,
                       hashscan_version());
  memcpy(known, given, given_size < known_size ? given_size : known_size);
  memcpy(known, &known_size, sizeof known_size);
  return HASHSCAN_SUCCESS;
}

hashscan_code options_reserved(uint32_t reserved, const char *name, hashscan_error *error) {
  if (reserved == 0) return HASHSCAN_SUCCESS;
  return error_set(error, HASHSCAN_E_ARGUMENT, "%s.reserved is not 0", name);
}

void options_default(void *given, size_t size, const void *defaults, size_t known_size) {
  if (given == NULL || size < sizeof size) return;
  memset(given, 0, size);
  memcpy(given, defaults, size < known_size ? size : known_size);
  memcpy(given, &size, sizeof size);
}

hashscan_code options_fill(void *given, const void *known, size_t known_size, const char *name, hashscan_error *error) {
  size_t size;
  const hashscan_code code = read_size(given, &size, name, error);
  if (code == HASHSCAN_SUCCESS) options_default(given, size, known, known_size);
  return code;
}

hashscan_code limits_copy(hashscan_limits *limits, const hashscan_limits *given, hashscan_error *error) {
  *limits = (hashscan_limits)HASHSCAN_LIMITS_INIT;
  hashscan_code code = options_copy(limits, sizeof *limits, given, "hashscan_limits", error);
  if (code == HASHSCAN_SUCCESS) code = options_reserved(limits->reserved, "hashscan_limits", error);
  if (code != HASHSCAN_SUCCESS) return code;
  if (limits->max_pixels == 0 || limits->max_jpeg_side == 0 || limits->max_side == 0 || limits->max_jpeg_scans == 0 ||
      limits->max_decoder_bytes == 0 || limits->max_file_bytes == 0 || !(limits->max_seconds > 0))
    return error_set(error, HASHSCAN_E_ARGUMENT, "a limit of zero");
  return HASHSCAN_SUCCESS;
}

void hashscan_limits_default(hashscan_limits *limits, size_t size) {
  const hashscan_limits defaults = HASHSCAN_LIMITS_INIT;
  options_default(limits, size, &defaults, sizeof defaults);
}

void hashscan_hash_options_default(hashscan_hash_options *options, size_t size) {
  const hashscan_hash_options defaults = HASHSCAN_HASH_OPTIONS_INIT;
  options_default(options, size, &defaults, sizeof defaults);
}

void hashscan_luma_default(hashscan_luma *luma, size_t size) {
  const hashscan_luma defaults = HASHSCAN_LUMA_INIT;
  options_default(luma, size, &defaults, sizeof defaults);
}

void hashscan_image_hash_default(hashscan_image_hash *hash, size_t size) {
  const hashscan_image_hash defaults = HASHSCAN_IMAGE_HASH_INIT;
  options_default(hash, size, &defaults, sizeof defaults);
}

void hashscan_hash_request_default(hashscan_hash_request *request, size_t size) {
  const hashscan_hash_request defaults = HASHSCAN_HASH_REQUEST_INIT;
  options_default(request, size, &defaults, sizeof defaults);
}

void hashscan_list_options_default(hashscan_list_options *options, size_t size) {
  const hashscan_list_options defaults = HASHSCAN_LIST_OPTIONS_INIT;
  options_default(options, size, &defaults, sizeof defaults);
}

void hashscan_entry_default(hashscan_entry *entry, size_t size) {
  const hashscan_entry defaults = HASHSCAN_ENTRY_INIT;
  options_default(entry, size, &defaults, sizeof defaults);
}

void hashscan_list_report_default(hashscan_list_report *report, size_t size) {
  const hashscan_list_report defaults = HASHSCAN_LIST_REPORT_INIT;
  options_default(report, size, &defaults, sizeof defaults);
}

void hashscan_update_report_default(hashscan_update_report *report, size_t size) {
  const hashscan_update_report defaults = HASHSCAN_UPDATE_REPORT_INIT;
  options_default(report, size, &defaults, sizeof defaults);
}

void hashscan_index_info_default(hashscan_index_info *info, size_t size) {
  const hashscan_index_info defaults = HASHSCAN_INDEX_INFO_INIT;
  options_default(info, size, &defaults, sizeof defaults);
}

void hashscan_allocator_default(hashscan_allocator *allocator, size_t size) {
  const hashscan_allocator defaults = HASHSCAN_ALLOCATOR_INIT;
  options_default(allocator, size, &defaults, sizeof defaults);
}

void hashscan_search_default(hashscan_search *search, size_t size) {
  const hashscan_search defaults = HASHSCAN_SEARCH_INIT;
  options_default(search, size, &defaults, sizeof defaults);
}

void hashscan_match_options_default(hashscan_match_options *options, size_t size) {
  const hashscan_match_options defaults = HASHSCAN_MATCH_OPTIONS_INIT;
  options_default(options, size, &defaults, sizeof defaults);
}

void hashscan_scan_options_default(hashscan_scan_options *options, size_t size) {
  const hashscan_scan_options defaults = HASHSCAN_SCAN_OPTIONS_INIT;
  options_default(options, size, &defaults, sizeof defaults);
}
