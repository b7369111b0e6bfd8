/* SPDX-License-Identifier: Apache-2.0 */
/* Matching of image hashes without bytes: what they settle, what they request, and that nothing is cleared before what
 * is requested is there. Whatever the way there, the final verdict is the one of hashscan_match_image. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <png.h>

#include "../support/encode.h"
#include "../support/matching.h"

enum { SIDE = 256 };

static const hashscan_match_options defaults = HASHSCAN_MATCH_OPTIONS_INIT;

static void list_nothing_near(void) {
  hashscan_pdq unrelated;
  memset(unrelated.bytes, 0x5a, sizeof unrelated.bytes);
  fixture_index(matching.index, &unrelated, 1);
}

static hashscan_image_hash hash_requested(hashscan_hasher *hasher, const hashscan_hash_request *request,
                                          const struct fixture_bytes *file) {
  hashscan_image_hash hash = HASHSCAN_IMAGE_HASH_INIT;
  assert_int_equal(hashscan_hash_requested(hasher, request, file->bytes, file->size, &hash, NULL), HASHSCAN_SUCCESS);
  return hash;
}

/* The image hashes of a file, as they are requested. */
struct hashes {
  hashscan_matcher *matcher;
  hashscan_hasher *hasher;
  hashscan_image_hash images[16];
  size_t count;
};

static struct hashes hashes_open(const hashscan_match_options *options) {
  struct hashes hashes = {.matcher = matching_open(matching.index, options)};
  assert_int_equal(hashscan_matcher_hasher(hashes.matcher, &hashes.hasher, NULL), HASHSCAN_SUCCESS);
  return hashes;
}

static void hashes_close(struct hashes *hashes) {
  hashscan_hasher_destroy(hashes->hasher);
  hashscan_matcher_destroy(hashes->matcher);
}

static void hashes_add(struct hashes *hashes, const hashscan_hash_request *request, const struct fixture_bytes *file) {
  assert_true(hashes->count < sizeof hashes->images / sizeof *hashes->images);
  hashes->images[hashes->count++] = hash_requested(hashes->hasher, request, file);
}

static void hashes_begin(struct hashes *hashes, const struct fixture_bytes *file) {
  hashscan_image_hash *first = &hashes->images[0];
  *first = (hashscan_image_hash)HASHSCAN_IMAGE_HASH_INIT;
  assert_int_equal(hashscan_hash_image(hashes->hasher, file->bytes, file->size, first, NULL), HASHSCAN_SUCCESS);
  hashes->count = 1;
}

static hashscan_code match(const struct hashes *hashes, hashscan_verdict **verdict) {
  const hashscan_image_hash *images[16];
  for (size_t i = 0; i < hashes->count; i++) images[i] = &hashes->images[i];
  return hashscan_match_hashes(hashes->matcher, images, &hashes->count, 1, NULL, verdict, NULL);
}

static hashscan_verdict *verdict_on(const struct hashes *hashes) {
  hashscan_verdict *verdict;
  assert_int_equal(match(hashes, &verdict), HASHSCAN_SUCCESS);
  return verdict;
}

static void expect_same(const hashscan_verdict *verdict, const hashscan_verdict *expected) {
  assert_int_equal(verdict->outcome, expected->outcome);
  assert_int_equal(verdict->status, expected->status);
  assert_int_equal(verdict->method, expected->method);
  assert_string_equal(verdict->reason, expected->reason);
  assert_memory_equal(verdict->image, expected->image, sizeof *expected->image);
  assert_int_equal(verdict->match_count, expected->match_count);
  for (size_t i = 0; i < expected->match_count; i++) {
    assert_int_equal(verdict->matches[i]->entry, expected->matches[i]->entry);
    assert_int_equal(verdict->matches[i]->distance, expected->matches[i]->distance);
    assert_int_equal(verdict->matches[i]->view, expected->matches[i]->view);
    assert_int_equal(verdict->matches[i]->transform, expected->matches[i]->transform);
  }
}

/* Hashes what is requested until nothing is; returns how many rounds that took. A verdict that requests something is
 * never a clean one. */
static unsigned expect_verdict_of_image(const hashscan_match_options *options, const struct fixture_bytes *file,
                                        hashscan_outcome outcome) {
  struct hashes hashes = hashes_open(options);
  hashes_begin(&hashes, file);
  hashscan_verdict *verdict = verdict_on(&hashes);
  unsigned rounds = 0;
  for (; verdict->request_count > 0; rounds++) {
    assert_true(verdict->outcome == HASHSCAN_OUTCOME_UNEXAMINED || verdict->match_count > 0);
    assert_non_null(strstr(verdict->reason, "needs the "));
    for (size_t i = 0; i < verdict->request_count; i++) hashes_add(&hashes, verdict->requests[i], file);
    hashscan_verdict_destroy(verdict);
    verdict = verdict_on(&hashes);
  }
  hashscan_verdict *expected = matching_verdict(hashes.matcher, file->bytes, file->size);
  assert_int_equal(expected->outcome, outcome);
  expect_same(verdict, expected);
  hashscan_verdict_destroy(expected);
  hashscan_verdict_destroy(verdict);
  hashes_close(&hashes);
  return rounds;
}

static void a_fast_hash_settles_what_is_far(void **state) {
  (void)state;
  list_nothing_near();
  assert_int_equal(expect_verdict_of_image(&defaults, &matching.busy, HASHSCAN_OUTCOME_NO_MATCH), 0);
}

static void a_candidate_needs_the_exact_hash(void **state) {
  (void)state;
  fixture_index(matching.index, matching.hash.hashes, 1);
  struct hashes hashes = hashes_open(&defaults);
  hashes_begin(&hashes, &matching.busy);
  assert_int_equal(hashes.images[0].level, HASHSCAN_LEVEL_FAST);
  hashscan_verdict *verdict = verdict_on(&hashes);
  assert_int_equal(verdict->outcome, HASHSCAN_OUTCOME_UNEXAMINED);
  assert_int_equal(verdict->match_count, 0);
  assert_int_equal(verdict->request_count, 1);
  assert_int_equal(verdict->requests[0]->size, sizeof(hashscan_hash_request));
  assert_int_equal(verdict->requests[0]->picture, 0);
  assert_int_equal(verdict->requests[0]->view, HASHSCAN_VIEW_STORED);
  assert_int_equal(verdict->requests[0]->level, HASHSCAN_LEVEL_EXACT);
  hashscan_verdict_destroy(verdict);
  hashes_close(&hashes);
  assert_int_equal(expect_verdict_of_image(&defaults, &matching.busy, HASHSCAN_OUTCOME_MATCH), 1);
  /* A candidate that the exact hash then dismisses. */
  hashscan_match_options options = HASHSCAN_MATCH_OPTIONS_INIT;
  const hashscan_pdq beyond = fixture_flip_bits(matching.hash.hashes[0], 32, 5);
  fixture_index(matching.index, &beyond, 1);
  expect_verdict_of_image(&options, &matching.busy, HASHSCAN_OUTCOME_NO_MATCH);
}

static void levels_of_less_than_the_policy_settle_nothing(void **state) {
  (void)state;
  list_nothing_near();
  struct hashes fast = hashes_open(&defaults);
  hashes_begin(&fast, &matching.busy);
  hashscan_match_options options = HASHSCAN_MATCH_OPTIONS_INIT;
  options.level = HASHSCAN_LEVEL_EXACT;
  struct hashes exact = hashes_open(&options);
  exact.images[0] = fast.images[0];
  exact.count = 1;
  hashscan_verdict *verdict = verdict_on(&exact);
  assert_int_equal(verdict->outcome, HASHSCAN_OUTCOME_UNEXAMINED);
  assert_int_equal(verdict->request_count, 1);
  assert_int_equal(verdict->requests[0]->level, HASHSCAN_LEVEL_EXACT);
  hashes_add(&exact, verdict->requests[0], &matching.busy);
  hashscan_verdict_destroy(verdict);
  verdict = verdict_on(&exact);
  assert_int_equal(verdict->outcome, HASHSCAN_OUTCOME_NO_MATCH);
  hashscan_verdict_destroy(verdict);
  hashes_close(&fast);
  hashes_close(&exact);
}

/* One hash where the policy compares eight: a flipped copy could not be found. */
static void one_transform_is_not_eight(void **state) {
  (void)state;
  list_nothing_near();
  hashscan_hash_options one = HASHSCAN_HASH_OPTIONS_INIT;
  hashscan_hasher *hasher;
  assert_int_equal(hashscan_hasher_create(&one, &hasher, NULL), HASHSCAN_SUCCESS);
  const hashscan_hash_request request = HASHSCAN_HASH_REQUEST_INIT;
  hashscan_match_options options = HASHSCAN_MATCH_OPTIONS_INIT;
  static const struct {
    hashscan_transforms transforms;
    hashscan_outcome outcome;
  } policies[] = {{HASHSCAN_TRANSFORMS_NONE, HASHSCAN_OUTCOME_NO_MATCH},
                  {HASHSCAN_TRANSFORMS_DIHEDRAL, HASHSCAN_OUTCOME_UNEXAMINED},
                  {HASHSCAN_TRANSFORMS_HASHED, HASHSCAN_OUTCOME_NO_MATCH}};
  for (size_t i = 0; i < sizeof policies / sizeof *policies; i++) {
    options.transforms = policies[i].transforms;
    struct hashes hashes = hashes_open(&options);
    hashes.images[hashes.count++] = hash_requested(hasher, &request, &matching.busy);
    hashscan_verdict *verdict = verdict_on(&hashes);
    assert_int_equal(verdict->outcome, policies[i].outcome);
    assert_int_equal(verdict->request_count, policies[i].outcome == HASHSCAN_OUTCOME_UNEXAMINED);
    hashscan_verdict_destroy(verdict);
    hashes_close(&hashes);
  }
  hashscan_hasher_destroy(hasher);
}

/* ---- Digests ----------------------------------------------------------------------------------------------------- */

static void list_a_digest(hashscan_kind kind, const uint8_t *digest) {
  hashscan_builder *builder;
  assert_int_equal(hashscan_builder_create(&builder, NULL), HASHSCAN_SUCCESS);
  fixture_add(builder, kind, digest, "digest");
  assert_int_equal(hashscan_builder_write(builder, matching.index, NULL), HASHSCAN_SUCCESS);
  hashscan_builder_destroy(builder);
}

static void digests_that_a_list_has_are_needed(void **state) {
  (void)state;
  list_nothing_near();
  struct hashes hashes = hashes_open(&defaults);
  hashes_begin(&hashes, &matching.busy);
  assert_int_equal(hashes.images[0].digests, 0);
  hashscan_hash_request request = HASHSCAN_HASH_REQUEST_INIT;
  request.digests = 1u << HASHSCAN_KIND_SHA256 | 1u << HASHSCAN_KIND_MD5;
  const hashscan_image_hash with_digests = hash_requested(hashes.hasher, &request, &matching.busy);
  assert_int_equal(with_digests.digests, request.digests);

  /* A list that comes later has a kind of digest that was not computed when the picture was hashed. */
  list_a_digest(HASHSCAN_KIND_SHA256, with_digests.sha256);
  assert_int_equal(hashscan_matcher_reload(hashes.matcher, NULL), HASHSCAN_SUCCESS);
  hashscan_verdict *verdict = verdict_on(&hashes);
  assert_int_equal(verdict->outcome, HASHSCAN_OUTCOME_UNEXAMINED);
  assert_int_equal(verdict->request_count, 1);
  assert_int_equal(verdict->requests[0]->digests, 1u << HASHSCAN_KIND_SHA256);
  hashes_add(&hashes, verdict->requests[0], &matching.busy);
  hashscan_verdict_destroy(verdict);
  verdict = verdict_on(&hashes);
  assert_int_equal(verdict->outcome, HASHSCAN_OUTCOME_MATCH);
  assert_int_equal(verdict->request_count, 0);
  assert_int_equal(verdict->matches[0]->kind, HASHSCAN_KIND_SHA256);
  hashscan_verdict_destroy(verdict);
  hashes_close(&hashes);
}

static void only_the_kinds_of_the_policy_are_compared(void **state) {
  (void)state;
  hashscan_match_options options = HASHSCAN_MATCH_OPTIONS_INIT;
  options.kinds = 1u << HASHSCAN_KIND_PDQ;
  static const uint8_t digest[32] = {1};
  list_a_digest(HASHSCAN_KIND_SHA256, digest);
  assert_int_equal(expect_verdict_of_image(&options, &matching.busy, HASHSCAN_OUTCOME_NO_MATCH), 0);
  fixture_index(matching.index, matching.hash.hashes, 1);
  options.kinds = 1u << HASHSCAN_KIND_SHA256;
  assert_int_equal(expect_verdict_of_image(&options, &matching.busy, HASHSCAN_OUTCOME_NO_MATCH), 0);
}

static void images_of_different_files_are_no_input(void **state) {
  (void)state;
  list_nothing_near();
  struct hashes hashes = hashes_open(&defaults);
  hashes_begin(&hashes, &matching.busy);
  hashscan_hash_request request = HASHSCAN_HASH_REQUEST_INIT;
  request.digests = 1u << HASHSCAN_KIND_MD5;
  const struct fixture_bytes other = {(uint8_t[]){'x'}, 1};
  hashes_add(&hashes, &request, &matching.busy);
  hashes_add(&hashes, &request, &other);
  hashscan_verdict *verdict = (hashscan_verdict *)&hashes;
  assert_int_equal(match(&hashes, &verdict), HASHSCAN_E_ARGUMENT);
  assert_null(verdict);
  hashes_close(&hashes);
}

/* ---- Views ------------------------------------------------------------------------------------------------------- */

/* Black ink whose opacity is the picture: people see it on a white page, and the stored pixels are flat. */
static struct fixture_bytes ink_on_nothing(void) {
  const struct png_recipe recipe = {.width = SIDE, .height = SIDE, .color_type = PNG_COLOR_TYPE_GRAY_ALPHA, .depth = 8};
  struct fixture_picture busy = fixture_busy(21, SIDE, SIDE);
  uint16_t *samples = calloc(SIDE * SIDE, 2 * sizeof *samples);
  assert_non_null(samples);
  for (size_t i = 0; i < SIDE * SIDE; i++) samples[2 * i + 1] = (uint16_t)(255 - busy.pixels[3 * i]);
  const struct encoded png = encode_png(&recipe, samples);
  free(samples);
  fixture_picture_free(&busy);
  return (struct fixture_bytes){png.bytes, png.size};
}

static void views_that_differ_are_needed(void **state) {
  (void)state;
  struct fixture_bytes file = ink_on_nothing();
  list_nothing_near();
  struct hashes hashes = hashes_open(&defaults);
  hashes_begin(&hashes, &file);
  hashscan_verdict *verdict = verdict_on(&hashes);
  assert_int_equal(verdict->outcome, HASHSCAN_OUTCOME_UNEXAMINED);
  assert_int_equal(verdict->request_count, 1);
  assert_int_equal(verdict->requests[0]->view, HASHSCAN_VIEW_ON_WHITE);
  hashscan_hash_request seen = *verdict->requests[0];
  hashscan_verdict_destroy(verdict);

  /* The other way about: a view without the stored one tells nothing of the stored one. */
  hashes.count = 0;
  hashes_add(&hashes, &seen, &file);
  verdict = verdict_on(&hashes);
  assert_int_equal(verdict->outcome, HASHSCAN_OUTCOME_UNEXAMINED);
  assert_int_equal(verdict->request_count, 1);
  assert_int_equal(verdict->requests[0]->view, HASHSCAN_VIEW_STORED);
  hashscan_verdict_destroy(verdict);

  assert_int_equal(expect_verdict_of_image(&defaults, &file, HASHSCAN_OUTCOME_NO_MATCH), 1);
  seen.level = HASHSCAN_LEVEL_EXACT;
  const hashscan_image_hash exact = hash_requested(hashes.hasher, &seen, &file);
  fixture_index(matching.index, exact.hashes, 1);
  assert_int_equal(expect_verdict_of_image(&defaults, &file, HASHSCAN_OUTCOME_MATCH), 2);
  hashes_close(&hashes);
  fixture_bytes_free(&file);
}

/* A turned copy of a view is not cleared because only the stored view was hashed in eight transforms. */
static void eight_transforms_are_of_all_views(void **state) {
  (void)state;
  struct fixture_bytes file = ink_on_nothing();
  hashscan_match_options options = HASHSCAN_MATCH_OPTIONS_INIT;
  options.transforms = HASHSCAN_TRANSFORMS_HASHED;
  list_nothing_near();
  struct hashes hashes = hashes_open(&options);
  hashes_begin(&hashes, &file);
  hashscan_hash_request seen = HASHSCAN_HASH_REQUEST_INIT;
  seen.view = HASHSCAN_VIEW_ON_WHITE;
  hashes_add(&hashes, &seen, &file);
  hashes_close(&hashes);
  fixture_index(matching.index, &hashes.images[1].hashes[HASHSCAN_TRANSFORM_ROT90], 1);
  hashes.matcher = matching_open(matching.index, &options);
  hashscan_verdict *verdict = verdict_on(&hashes);
  assert_int_equal(verdict->outcome, HASHSCAN_OUTCOME_MATCH);
  hashscan_verdict_destroy(verdict);

  const hashscan_hash_options one = HASHSCAN_HASH_OPTIONS_INIT;
  assert_int_equal(hashscan_hasher_create(&one, &hashes.hasher, NULL), HASHSCAN_SUCCESS);
  hashes.images[1] = hash_requested(hashes.hasher, &seen, &file);
  assert_int_equal(hashes.images[1].hash_count, 1);
  verdict = verdict_on(&hashes);
  assert_int_equal(verdict->outcome, HASHSCAN_OUTCOME_UNEXAMINED);
  assert_int_equal(verdict->request_count, 1);
  assert_int_equal(verdict->requests[0]->view, HASHSCAN_VIEW_ON_WHITE);
  hashscan_verdict_destroy(verdict);
  hashes_close(&hashes);
  fixture_bytes_free(&file);
}

/* Formats with several pictures come later; the seam knows them already. */
static void every_picture_is_needed(void **state) {
  (void)state;
  list_nothing_near();
  struct hashes hashes = hashes_open(&defaults);
  hashes_begin(&hashes, &matching.busy);
  hashes.images[0].picture_count = 3;
  hashscan_verdict *verdict = verdict_on(&hashes);
  assert_int_equal(verdict->outcome, HASHSCAN_OUTCOME_UNEXAMINED);
  assert_int_equal(verdict->request_count, 2);
  assert_int_equal(verdict->requests[0]->picture, 1);
  assert_int_equal(verdict->requests[1]->picture, 2);
  hashscan_verdict_destroy(verdict);
  for (; hashes.count < 3; hashes.count++) {
    hashes.images[hashes.count] = hashes.images[0];
    hashes.images[hashes.count].picture = (uint32_t)hashes.count;
  }
  verdict = verdict_on(&hashes);
  assert_int_equal(verdict->outcome, HASHSCAN_OUTCOME_NO_MATCH);
  hashscan_verdict_destroy(verdict);
  /* Billions of them, as a hostile sender may say, are requested a few at a time. */
  hashes.images[1].picture_count = UINT32_MAX;
  verdict = verdict_on(&hashes);
  assert_int_equal(verdict->outcome, HASHSCAN_OUTCOME_UNEXAMINED);
  assert_in_range(verdict->request_count, 1, 64);
  hashscan_verdict_destroy(verdict);
  /* This library decodes the first picture of an input alone, and says so. */
  const hashscan_hash_request second = {sizeof second, 1, HASHSCAN_VIEW_STORED, HASHSCAN_LEVEL_FAST, 0};
  assert_int_equal(hash_requested(hashes.hasher, &second, &matching.busy).status, HASHSCAN_STATUS_UNSUPPORTED);
  hashes_close(&hashes);
}

/* ---- Batches ----------------------------------------------------------------------------------------------------- */

/* Enough for the index to sweep: each input has the verdict that it has alone. Every third is listed. */
static void many_inputs_have_their_own_verdicts(void **state) {
  (void)state;
  enum { INPUTS = 400 };
  struct fixture_bytes *files = calloc(INPUTS, sizeof *files);
  hashscan_image_hash *images = calloc(INPUTS, sizeof *images);
  const hashscan_image_hash **pointers = calloc(INPUTS, sizeof(hashscan_image_hash *));
  hashscan_verdict **verdicts = calloc(INPUTS, sizeof(hashscan_verdict *));
  hashscan_pdq *listed = calloc(INPUTS, sizeof *listed);
  size_t listed_count = 0;
  for (unsigned i = 0; i < INPUTS; i++) {
    struct fixture_picture picture = fixture_busy(100 + i, 130, 130);
    files[i] = fixture_jpeg(&picture, 90);
    const hashscan_image_hash exact = fixture_hash(&files[i]);
    if (i % 3 == 0) listed[listed_count++] = fixture_flip_bits(exact.hashes[i % 8], i % 31, i);
    fixture_picture_free(&picture);
  }
  fixture_index(matching.index, listed, listed_count);
  struct hashes hashes = hashes_open(&defaults);
  for (unsigned i = 0; i < INPUTS; i++) {
    hashes_begin(&hashes, &files[i]);
    images[i] = hashes.images[0];
    pointers[i] = &images[i];
  }
  assert_int_equal(hashscan_match_hashes(hashes.matcher, pointers, NULL, INPUTS, NULL, verdicts, NULL),
                   HASHSCAN_SUCCESS);
  size_t open = 0;
  for (unsigned i = 0; i < INPUTS; i++) {
    hashes.images[0] = images[i];
    hashes.count = 1;
    hashscan_verdict *alone = verdict_on(&hashes);
    assert_int_equal(verdicts[i]->request_count, alone->request_count);
    expect_same(verdicts[i], alone);
    open += alone->request_count > 0;
    assert_true(alone->request_count > 0 || i % 3 != 0);
    hashscan_verdict_destroy(alone);
    hashscan_verdict_destroy(verdicts[i]);
    fixture_bytes_free(&files[i]);
  }
  assert_in_range(open, (INPUTS + 2) / 3, INPUTS / 2);
  hashes_close(&hashes);
  free(files);
  free(images);
  free(pointers);
  free(verdicts);
  free(listed);
}

static void bad_arguments_are_refused(void **state) {
  (void)state;
  list_nothing_near();
  struct hashes hashes = hashes_open(&defaults);
  hashes_begin(&hashes, &matching.busy);
  const hashscan_image_hash good = hashes.images[0];
  const hashscan_image_hash *image = &hashes.images[0];
  hashscan_verdict *verdict;
  const size_t none = 0;
  assert_int_equal(hashscan_match_hashes(NULL, &image, NULL, 1, NULL, &verdict, NULL), HASHSCAN_E_ARGUMENT);
  assert_int_equal(hashscan_match_hashes(hashes.matcher, NULL, NULL, 1, NULL, &verdict, NULL), HASHSCAN_E_ARGUMENT);
  assert_int_equal(hashscan_match_hashes(hashes.matcher, &image, NULL, 1, NULL, NULL, NULL), HASHSCAN_E_ARGUMENT);
  assert_int_equal(hashscan_match_hashes(hashes.matcher, &image, &none, 1, NULL, &verdict, NULL), HASHSCAN_E_ARGUMENT);
  assert_int_equal(hashscan_match_hashes(hashes.matcher, NULL, NULL, 0, NULL, NULL, NULL), HASHSCAN_SUCCESS);
  hashes.images[0].size = 4;
  assert_int_equal(match(&hashes, &verdict), HASHSCAN_E_ARGUMENT);
  /* What a size leaves out would read as hashes of zeros, or as bits that are known. */
  static const size_t cuts[] = {offsetof(hashscan_image_hash, hashes), offsetof(hashscan_image_hash, unknown),
                                offsetof(hashscan_image_hash, md5), offsetof(hashscan_image_hash, reason) - 1};
  for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
    uint8_t bytes[HASHSCAN_IMAGE_HASH_BYTES];
    hashes.images[0].size = cuts[i];
    assert_int_equal(match(&hashes, &verdict), HASHSCAN_E_ARGUMENT);
    assert_int_equal(hashscan_image_hash_encode(&hashes.images[0], bytes, sizeof bytes, NULL), HASHSCAN_E_ARGUMENT);
  }
  hashes.images[0].size = offsetof(hashscan_image_hash, reason); /* of a caller who knows no reasons */
  assert_int_equal(match(&hashes, &verdict), HASHSCAN_SUCCESS);
  hashscan_verdict_destroy(verdict);
  hashes.images[0] = good;
  hashes.images[0].profile = HASHSCAN_PROFILE_NN512;
  assert_int_equal(match(&hashes, &verdict), HASHSCAN_E_ARGUMENT);
  hashes.images[0] = (hashscan_image_hash)HASHSCAN_IMAGE_HASH_INIT; /* filled by nobody: ok, but not hashed */
  assert_int_equal(match(&hashes, &verdict), HASHSCAN_E_ARGUMENT);
  hashes.images[0] = good;
  hashes.images[0].quality_low = 101;
  assert_int_equal(match(&hashes, &verdict), HASHSCAN_E_ARGUMENT);
  assert_null(verdict);
  hashes.images[0] = good;
  hashes.images[0].level = HASHSCAN_LEVEL_BLOCKS;
  hashes.images[0].quality = hashes.images[0].quality_low = hashes.images[0].quality_high = 0;
  assert_int_equal(match(&hashes, &verdict), HASHSCAN_E_ARGUMENT); /* flat for certain, says what cannot know */
  hashes_close(&hashes);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_fast_hash_settles_what_is_far),
      cmocka_unit_test(a_candidate_needs_the_exact_hash),
      cmocka_unit_test(levels_of_less_than_the_policy_settle_nothing),
      cmocka_unit_test(one_transform_is_not_eight),
      cmocka_unit_test(digests_that_a_list_has_are_needed),
      cmocka_unit_test(only_the_kinds_of_the_policy_are_compared),
      cmocka_unit_test(images_of_different_files_are_no_input),
      cmocka_unit_test(views_that_differ_are_needed),
      cmocka_unit_test(eight_transforms_are_of_all_views),
      cmocka_unit_test(every_picture_is_needed),
      cmocka_unit_test(many_inputs_have_their_own_verdicts),
      cmocka_unit_test(bad_arguments_are_refused),
  };
  return cmocka_run_group_tests(tests, matching_set_up, matching_tear_down);
}
