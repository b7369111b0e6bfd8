/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a sanitizer slows this build, by 3 to 20 times. There, memory errors and races are what is looked for: tests
 * that go over very many cases of one kind take a part of them, and the plain build takes all. */
#ifndef HASHSCAN_TESTS_SANITIZED_H
#define HASHSCAN_TESTS_SANITIZED_H

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#endif
