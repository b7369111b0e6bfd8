/* SPDX-License-Identifier: Apache-2.0 */
/* AVX2 kernels of the inverse DCT: two blocks at a time, one in each half of a vector, eight 16-bit values of each.
 * Pairs of coefficients meet their pairs of constants in VPMADDWD, which adds up in 32 bits. Included by islow.c alone.
 */
#include <immintrin.h>

#define ISLOW_AVX2 __attribute__((target("avx2"))) static
#define ISLOW_AVX2_INLINE __attribute__((target("avx2"), always_inline)) static inline

/* Vectors stay in registers only where loops over them are written out. */
#if defined(__clang__)
#define ISLOW_UNROLL _Pragma("clang loop unroll(full)")
#else
#define ISLOW_UNROLL _Pragma("GCC unroll 8")
#endif

/* Of two blocks: eight rows or columns, and what would have left the range, as bits that should be zero. */
struct islow_pair {
  __m256i v[8];
  __m256i beyond;
};

ISLOW_AVX2_INLINE __m256i load_rows(const int16_t *a, const int16_t *b) {
  const __m256i low = _mm256_castsi128_si256(_mm_load_si128((const __m128i *)(const void *)a));
  return _mm256_inserti128_si256(low, _mm_load_si128((const __m128i *)(const void *)b), 1);
}

/* A product p is in range when the high half of 4 p is 0 or -1. */
ISLOW_AVX2_INLINE void dequantise(struct islow_pair *pair, const int16_t *a, const int16_t *b, const int16_t *steps,
                                  const int rows) {
  const __m256i one = _mm256_set1_epi16(1);
  __m256i beyond = _mm256_setzero_si256();
  ISLOW_UNROLL
  for (int y = 0; y < rows; y++) {
    const __m256i step = _mm256_broadcastsi128_si256(_mm_load_si128((const __m128i *)(const void *)(steps + 8 * y)));
    const __m256i coefficients = load_rows(a + 8 * y, b + 8 * y);
    const __m256i high = _mm256_mulhi_epi16(coefficients, _mm256_slli_epi16(step, 2));
    pair->v[y] = _mm256_mullo_epi16(coefficients, step);
    beyond = _mm256_or_si256(beyond, _mm256_add_epi16(high, one));
  }
  pair->beyond = _mm256_srli_epi16(beyond, 1);
}

ISLOW_AVX2_INLINE void clear(int16_t *block, const int rows) {
  ISLOW_UNROLL
  for (int y = 0; y < rows; y += 2) _mm256_storeu_si256((__m256i *)(void *)(block + 8 * y), _mm256_setzero_si256());
}

/* a * first + b * second, where `ab` has a and b in turn. */
ISLOW_AVX2_INLINE __m256i weigh(__m256i ab, const int first, const int second) {
  return _mm256_madd_epi16(ab, _mm256_set1_epi32((int)((uint32_t)second << 16 | ((uint32_t)first & 0xffff))));
}

/* Four of eight: outputs from those of the coefficients, in 32 bits. */
ISLOW_AVX2_INLINE void combine(const __m256i even[4], const __m256i odd[4], const int shift, __m256i out[8]) {
  ISLOW_UNROLL
  for (int n = 0; n < 4; n++) {
    out[n] = _mm256_srai_epi32(_mm256_add_epi32(even[n], odd[n]), shift);
    out[7 - n] = _mm256_srai_epi32(_mm256_sub_epi32(even[n], odd[n]), shift);
  }
}

ISLOW_AVX2_INLINE void transform_eight(__m256i v04, __m256i v26, __m256i v13, __m256i v57, const int shift,
                                       __m256i out[8]) {
  const __m256i round = _mm256_set1_epi32(1 << (shift - 1));
  const __m256i a = _mm256_add_epi32(weigh(v04, 1 << POINT, 1 << POINT), round);
  const __m256i c = _mm256_add_epi32(weigh(v04, 1 << POINT, -(1 << POINT)), round);
  const __m256i b = weigh(v26, B_2, B_6);
  const __m256i d = weigh(v26, D_2, D_6);
  const __m256i even[4] = {_mm256_add_epi32(a, b), _mm256_add_epi32(c, d), _mm256_sub_epi32(c, d),
                           _mm256_sub_epi32(a, b)};
  const __m256i odd[4] = {_mm256_add_epi32(weigh(v13, O_0_1, O_0_3), weigh(v57, O_0_5, O_0_7)),
                          _mm256_add_epi32(weigh(v13, O_1_1, O_1_3), weigh(v57, O_1_5, O_1_7)),
                          _mm256_add_epi32(weigh(v13, O_2_1, O_2_3), weigh(v57, O_2_5, O_2_7)),
                          _mm256_add_epi32(weigh(v13, O_3_1, O_3_3), weigh(v57, O_3_5, O_3_7))};
  combine(even, odd, shift, out);
}

/* The same where coefficients 4 to 7 are zero. */
ISLOW_AVX2_INLINE void transform_four(__m256i v02, __m256i v13, const int shift, __m256i out[8]) {
  const __m256i round = _mm256_set1_epi32(1 << (shift - 1));
  const __m256i even[4] = {
      _mm256_add_epi32(weigh(v02, 1 << POINT, B_2), round), _mm256_add_epi32(weigh(v02, 1 << POINT, D_2), round),
      _mm256_add_epi32(weigh(v02, 1 << POINT, -D_2), round), _mm256_add_epi32(weigh(v02, 1 << POINT, -B_2), round)};
  const __m256i odd[4] = {weigh(v13, O_0_1, O_0_3), weigh(v13, O_1_1, O_1_3), weigh(v13, O_2_1, O_2_3),
                          weigh(v13, O_3_1, O_3_3)};
  combine(even, odd, shift, out);
}

ISLOW_AVX2_INLINE void transform_whole(struct islow_pair *pair, const int shift) {
  const __m256i *v = pair->v;
  __m256i low[8], high[8];
  transform_eight(_mm256_unpacklo_epi16(v[0], v[4]), _mm256_unpacklo_epi16(v[2], v[6]),
                  _mm256_unpacklo_epi16(v[1], v[3]), _mm256_unpacklo_epi16(v[5], v[7]), shift, low);
  transform_eight(_mm256_unpackhi_epi16(v[0], v[4]), _mm256_unpackhi_epi16(v[2], v[6]),
                  _mm256_unpackhi_epi16(v[1], v[3]), _mm256_unpackhi_epi16(v[5], v[7]), shift, high);
  ISLOW_UNROLL
  for (int n = 0; n < 8; n++) pair->v[n] = _mm256_packs_epi32(low[n], high[n]);
}

/* Values that packing has clipped to 16 bits are as far out as others. */
ISLOW_AVX2_INLINE void check(struct islow_pair *pair, __m256i value, const int range) {
  const __m256i shifted = _mm256_add_epi16(value, _mm256_set1_epi16((short)range));
  pair->beyond = _mm256_or_si256(pair->beyond, _mm256_and_si256(shifted, _mm256_set1_epi16((short)(-2 * range))));
}

ISLOW_AVX2_INLINE void transpose(__m256i v[8]) {
  __m256i two[8], four[8];
  ISLOW_UNROLL
  for (int i = 0; i < 4; i++) {
    two[2 * i] = _mm256_unpacklo_epi16(v[2 * i], v[2 * i + 1]);
    two[2 * i + 1] = _mm256_unpackhi_epi16(v[2 * i], v[2 * i + 1]);
  }
  ISLOW_UNROLL
  for (int i = 0; i < 2; i++) {
    ISLOW_UNROLL
    for (int half = 0; half < 2; half++) {
      four[4 * i + 2 * half] = _mm256_unpacklo_epi32(two[4 * i + half], two[4 * i + 2 + half]);
      four[4 * i + 2 * half + 1] = _mm256_unpackhi_epi32(two[4 * i + half], two[4 * i + 2 + half]);
    }
  }
  ISLOW_UNROLL
  for (int i = 0; i < 4; i++) {
    v[2 * i] = _mm256_unpacklo_epi64(four[i], four[4 + i]);
    v[2 * i + 1] = _mm256_unpackhi_epi64(four[i], four[4 + i]);
  }
}

/* Eight rows of four 32-bit values become four columns of eight 16-bit ones. */
ISLOW_AVX2_INLINE void transpose_corner(const __m256i rows[8], __m256i columns[4]) {
  __m256i two[2][2];
  ISLOW_UNROLL
  for (int half = 0; half < 2; half++) {
    const __m256i r01 = _mm256_packs_epi32(rows[4 * half], rows[4 * half + 1]);
    const __m256i r23 = _mm256_packs_epi32(rows[4 * half + 2], rows[4 * half + 3]);
    const __m256i r02 = _mm256_unpacklo_epi16(r01, r23);
    const __m256i r13 = _mm256_unpackhi_epi16(r01, r23);
    two[half][0] = _mm256_unpacklo_epi16(r02, r13);
    two[half][1] = _mm256_unpackhi_epi16(r02, r13);
  }
  ISLOW_UNROLL
  for (int i = 0; i < 2; i++) {
    columns[2 * i] = _mm256_unpacklo_epi64(two[0][i], two[1][i]);
    columns[2 * i + 1] = _mm256_unpackhi_epi64(two[0][i], two[1][i]);
  }
}

ISLOW_AVX2_INLINE void store_rows(__m128i two_rows, uint8_t *out, size_t stride) {
  _mm_storel_epi64((__m128i *)(void *)out, two_rows);
  _mm_storeh_pd((double *)(void *)(out + stride), _mm_castsi128_pd(two_rows));
}

/* Columns of samples less 128. */
ISLOW_AVX2_INLINE void store(const __m256i columns[8], const struct islow_task *a, const struct islow_task *b,
                             size_t stride) {
  const __m256i c02 = _mm256_packs_epi16(columns[0], columns[2]), c13 = _mm256_packs_epi16(columns[1], columns[3]);
  const __m256i c46 = _mm256_packs_epi16(columns[4], columns[6]), c57 = _mm256_packs_epi16(columns[5], columns[7]);
  const __m256i c01 = _mm256_unpacklo_epi8(c02, c13), c23 = _mm256_unpackhi_epi8(c02, c13);
  const __m256i c45 = _mm256_unpacklo_epi8(c46, c57), c67 = _mm256_unpackhi_epi8(c46, c57);
  const __m256i left[2] = {_mm256_unpacklo_epi16(c01, c23), _mm256_unpackhi_epi16(c01, c23)};
  const __m256i right[2] = {_mm256_unpacklo_epi16(c45, c67), _mm256_unpackhi_epi16(c45, c67)};
  const __m256i half = _mm256_set1_epi8((char)0x80);
  ISLOW_UNROLL
  for (size_t i = 0; i < 2; i++) {
    const __m256i first = _mm256_xor_si256(_mm256_unpacklo_epi32(left[i], right[i]), half);
    const __m256i second = _mm256_xor_si256(_mm256_unpackhi_epi32(left[i], right[i]), half);
    store_rows(_mm256_castsi256_si128(first), a->out + 4 * i * stride, stride);
    store_rows(_mm256_castsi256_si128(second), a->out + (4 * i + 2) * stride, stride);
    store_rows(_mm256_extracti128_si256(first, 1), b->out + 4 * i * stride, stride);
    store_rows(_mm256_extracti128_si256(second, 1), b->out + (4 * i + 2) * stride, stride);
  }
}

ISLOW_AVX2_INLINE __m256i whole_pair(const struct islow_task *a, const struct islow_task *b, const int16_t *steps,
                                     size_t stride) {
  struct islow_pair pair;
  dequantise(&pair, a->block, b->block, steps, 8);
  clear(a->block, 8);
  clear(b->block, 8);
  transform_whole(&pair, COLUMN_SHIFT);
  ISLOW_UNROLL
  for (int n = 0; n < 8; n++) check(&pair, pair.v[n], ISLOW_RANGE);
  transpose(pair.v);
  transform_whole(&pair, ROW_SHIFT);
  ISLOW_UNROLL
  for (int n = 0; n < 8; n++) check(&pair, pair.v[n], ISLOW_CLIPS);
  store(pair.v, a, b, stride);
  return pair.beyond;
}

ISLOW_AVX2_INLINE __m256i corner_pair(const struct islow_task *a, const struct islow_task *b, const int16_t *steps,
                                      size_t stride) {
  struct islow_pair pair;
  __m256i low[8], high[8], columns[4];
  dequantise(&pair, a->block, b->block, steps, 4);
  clear(a->block, 4);
  clear(b->block, 4);
  transform_four(_mm256_unpacklo_epi16(pair.v[0], pair.v[2]), _mm256_unpacklo_epi16(pair.v[1], pair.v[3]), COLUMN_SHIFT,
                 low);
  transpose_corner(low, columns);
  ISLOW_UNROLL
  for (int n = 0; n < 4; n++) check(&pair, columns[n], ISLOW_RANGE);
  transform_four(_mm256_unpacklo_epi16(columns[0], columns[2]), _mm256_unpacklo_epi16(columns[1], columns[3]),
                 ROW_SHIFT, low);
  transform_four(_mm256_unpackhi_epi16(columns[0], columns[2]), _mm256_unpackhi_epi16(columns[1], columns[3]),
                 ROW_SHIFT, high);
  ISLOW_UNROLL
  for (int n = 0; n < 8; n++) {
    pair.v[n] = _mm256_packs_epi32(low[n], high[n]);
    check(&pair, pair.v[n], ISLOW_CLIPS);
  }
  store(pair.v, a, b, stride);
  return pair.beyond;
}

/* A block without a partner is its own. */
#define ISLOW_AVX2_PAIRS(pair_kernel)                                                                                  \
  __m256i beyond = _mm256_setzero_si256();                                                                             \
  for (size_t i = 0; i < count; i += 2)                                                                                \
    beyond = _mm256_or_si256(beyond, pair_kernel(&tasks[i], &tasks[i + 1 < count ? i + 1 : i], steps, stride));        \
  return _mm256_testz_si256(beyond, beyond)

ISLOW_AVX2 bool whole_avx2(const struct islow_task *tasks, size_t count, const int16_t *steps, size_t stride) {
  ISLOW_AVX2_PAIRS(whole_pair);
}

ISLOW_AVX2 bool corner_avx2(const struct islow_task *tasks, size_t count, const int16_t *steps, size_t stride) {
  ISLOW_AVX2_PAIRS(corner_pair);
}
