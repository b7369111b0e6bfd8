/* SPDX-License-Identifier: Apache-2.0 */
/* The layout of public structs on 64-bit systems with gcc's or clang's C ABI, as compiled programs and bindings rely on
 * it. A field that moves here breaks them: new fields of option structs go to the end or take the place of `reserved`.
 * No struct has padding, so that equal fields are equal bytes and no later field can take bytes that an older caller
 * left undefined. tests/abi checks the same of all structs against the headers of released versions. */
#include <stddef.h>

#include "hashscan.h"

#if defined(__LP64__)

#define FIELD(type, field, at) _Static_assert(offsetof(type, field) == (at), #type "." #field " moved")
#define SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), #type " has another size")

SIZE(hashscan_code, 4); /* and with it every enumeration */

SIZE(hashscan_error, 504);
FIELD(hashscan_error, message, 4);

SIZE(hashscan_pdq, 32);

SIZE(hashscan_hit, 16);
FIELD(hashscan_hit, query, 8);
FIELD(hashscan_hit, distance, 12);

SIZE(hashscan_allocator, 40);
FIELD(hashscan_allocator, user, 8);
FIELD(hashscan_allocator, allocate, 16);
FIELD(hashscan_allocator, resize, 24);
FIELD(hashscan_allocator, release, 32);

SIZE(hashscan_limits, 56);
FIELD(hashscan_limits, max_pixels, 8);
FIELD(hashscan_limits, max_jpeg_side, 16);
FIELD(hashscan_limits, max_side, 20);
FIELD(hashscan_limits, max_jpeg_scans, 24);
FIELD(hashscan_limits, reserved, 28);
FIELD(hashscan_limits, max_decoder_bytes, 32);
FIELD(hashscan_limits, max_file_bytes, 40);
FIELD(hashscan_limits, max_seconds, 48);

SIZE(hashscan_hash_options, 32);
FIELD(hashscan_hash_options, profile, 8);
FIELD(hashscan_hash_options, level, 12);
FIELD(hashscan_hash_options, dihedral, 16);
FIELD(hashscan_hash_options, digests, 20);
FIELD(hashscan_hash_options, limits, 24);

SIZE(hashscan_luma, 40);
FIELD(hashscan_luma, samples, 8);
FIELD(hashscan_luma, stride, 16);
FIELD(hashscan_luma, width, 24);
FIELD(hashscan_luma, height, 28);
FIELD(hashscan_luma, bits, 32);
FIELD(hashscan_luma, range, 36);

SIZE(hashscan_hash_request, 24);
FIELD(hashscan_hash_request, picture, 8);
FIELD(hashscan_hash_request, view, 12);
FIELD(hashscan_hash_request, level, 16);
FIELD(hashscan_hash_request, digests, 20);

SIZE(hashscan_image_hash, 816);
FIELD(hashscan_image_hash, status, 8);
FIELD(hashscan_image_hash, format, 12);
FIELD(hashscan_image_hash, profile, 16);
FIELD(hashscan_image_hash, level, 20);
FIELD(hashscan_image_hash, view, 24);
FIELD(hashscan_image_hash, picture, 28);
FIELD(hashscan_image_hash, picture_count, 32);
FIELD(hashscan_image_hash, width, 36);
FIELD(hashscan_image_hash, height, 40);
FIELD(hashscan_image_hash, quality, 44);
FIELD(hashscan_image_hash, quality_low, 48);
FIELD(hashscan_image_hash, quality_high, 52);
FIELD(hashscan_image_hash, views, 56);
FIELD(hashscan_image_hash, unseen, 60);
FIELD(hashscan_image_hash, hash_count, 64);
FIELD(hashscan_image_hash, digests, 68);
FIELD(hashscan_image_hash, reserved, 72);
FIELD(hashscan_image_hash, hashes, 76);
FIELD(hashscan_image_hash, unknown, 332);
FIELD(hashscan_image_hash, md5, 588);
FIELD(hashscan_image_hash, sha1, 604);
FIELD(hashscan_image_hash, sha256, 624);
FIELD(hashscan_image_hash, reason, 656);

SIZE(hashscan_list_options, 40);
FIELD(hashscan_list_options, name, 8);
FIELD(hashscan_list_options, version, 16);
FIELD(hashscan_list_options, format, 24);
FIELD(hashscan_list_options, has_kind, 28);
FIELD(hashscan_list_options, kind, 32);
FIELD(hashscan_list_options, skip_bad_lines, 36);

SIZE(hashscan_entry, 72);
FIELD(hashscan_entry, kind, 8);
FIELD(hashscan_entry, reserved, 12);
FIELD(hashscan_entry, hash, 16);
FIELD(hashscan_entry, list, 24);
FIELD(hashscan_entry, version, 32);
FIELD(hashscan_entry, id, 40);
FIELD(hashscan_entry, labels, 48);
FIELD(hashscan_entry, label_count, 56);
FIELD(hashscan_entry, number, 64);

SIZE(hashscan_list_report, 536);
FIELD(hashscan_list_report, lines, 8);
FIELD(hashscan_list_report, entries, 16);
FIELD(hashscan_list_report, bad_lines, 24);
FIELD(hashscan_list_report, first_bad, 32);

SIZE(hashscan_update_report, 32);
FIELD(hashscan_update_report, added, 8);
FIELD(hashscan_update_report, removed, 16);
FIELD(hashscan_update_report, kept, 24);

_Static_assert(HASHSCAN_KIND_COUNT <= HASHSCAN_MAX_KINDS, "arrays by kind have room for all kinds");
SIZE(hashscan_index_info, 168);
FIELD(hashscan_index_info, entries, 8);
FIELD(hashscan_index_info, entries_by_kind, 16);
FIELD(hashscan_index_info, distinct_pdq, 80);
FIELD(hashscan_index_info, bytes, 88);
FIELD(hashscan_index_info, log_bytes, 96);
FIELD(hashscan_index_info, dead, 104);
FIELD(hashscan_index_info, format_version, 112);
FIELD(hashscan_index_info, lists, 116);
FIELD(hashscan_index_info, segments, 120);
FIELD(hashscan_index_info, mode, 124);
FIELD(hashscan_index_info, digest, 128);

SIZE(hashscan_search, 48);
FIELD(hashscan_search, kind, 8);
FIELD(hashscan_search, radius, 12);
FIELD(hashscan_search, queries, 16);
FIELD(hashscan_search, unknown, 24);
FIELD(hashscan_search, count, 32);
FIELD(hashscan_search, control, 40);

SIZE(hashscan_match_options, 40);
FIELD(hashscan_match_options, radius, 8);
FIELD(hashscan_match_options, transforms, 12);
FIELD(hashscan_match_options, min_quality, 16);
FIELD(hashscan_match_options, profile, 20);
FIELD(hashscan_match_options, level, 24);
FIELD(hashscan_match_options, kinds, 28);
FIELD(hashscan_match_options, limits, 32);

SIZE(hashscan_scan_options, 80);
FIELD(hashscan_scan_options, paths, 8);
FIELD(hashscan_scan_options, path_count, 16);
FIELD(hashscan_scan_options, next_path, 24);
FIELD(hashscan_scan_options, threads, 32);
FIELD(hashscan_scan_options, links, 36);
FIELD(hashscan_scan_options, on_record, 40);
FIELD(hashscan_scan_options, on_progress, 48);
FIELD(hashscan_scan_options, should_stop, 56);
FIELD(hashscan_scan_options, user, 64);
FIELD(hashscan_scan_options, control, 72);

#endif
