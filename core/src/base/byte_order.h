/* SPDX-License-Identifier: Apache-2.0 */
/* The one place that says which byte order hashscan is written for. Whoever reads several bytes as one integer of the
 * machine includes it. */
#ifndef HASHSCAN_BASE_BYTE_ORDER_H
#define HASHSCAN_BASE_BYTE_ORDER_H

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "hashscan needs a little-endian machine, because it reads the tables of an index where they lie in the file."
#endif

#endif
