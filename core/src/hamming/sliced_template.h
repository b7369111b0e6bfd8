/* SPDX-License-Identifier: Apache-2.0 */
/* Counting planes, for one vector type. Included once a tier by sliced.c, with these macros, undefined at the end:
 *
 *   VECTOR, TARGET              the type, the target attribute
 *   NAME(f)                     f with the tier's suffix
 *   LOAD(p), STORE(p, v)        aligned
 *   SPREAD(bit)                 all ones when `bit` is 1, all zeros when it is 0
 *   XOR, AND, NOT, XOR3         XOR3(a, b, c) = a ^ b ^ c
 *   MAJORITY(a, b, c)           the carry of a + b + c
 *
 * A counter is SLICED_LEVELS vectors, level k holding bit k of each row's number, two's complement. Planes are added by
 * a tree of full adders, 15 for 16 planes (R. Harley and D. Seal; see Mula, Kurz and Lemire, 2018). */

#define INLINE TARGET static inline __attribute__((always_inline))

/* Adds `a` and `b` to `sum` and returns the carry. */
INLINE VECTOR NAME(full_add)(VECTOR *sum, VECTOR a, VECTOR b) {
  const VECTOR carry = MAJORITY(*sum, a, b);
  *sum = XOR3(*sum, a, b);
  return carry;
}

INLINE VECTOR NAME(half_add)(VECTOR *sum, VECTOR a) {
  const VECTOR carry = AND(*sum, a);
  *sum = XOR(*sum, a);
  return carry;
}

INLINE VECTOR NAME(add2)(const uint8_t *planes, const uint16_t *list, VECTOR *level) {
  return NAME(full_add)(&level[0], LOAD(planes + list[0]), LOAD(planes + list[1]));
}

INLINE VECTOR NAME(add4)(const uint8_t *planes, const uint16_t *list, VECTOR *level) {
  const VECTOR first = NAME(add2)(planes, list, level);
  const VECTOR second = NAME(add2)(planes, list + 2, level);
  return NAME(full_add)(&level[1], first, second);
}

INLINE VECTOR NAME(add8)(const uint8_t *planes, const uint16_t *list, VECTOR *level) {
  const VECTOR first = NAME(add4)(planes, list, level);
  const VECTOR second = NAME(add4)(planes, list + 4, level);
  return NAME(full_add)(&level[2], first, second);
}

/* Adds the planes of a list, sixteen at a time as long as there are so many. */
INLINE void NAME(add_list)(const uint8_t *planes, const struct sliced_list *list, VECTOR *level) {
  unsigned i = 0;
  for (; i + 16 <= list->count; i += 16) {
    const VECTOR first = NAME(add8)(planes, list->plane + i, level);
    const VECTOR second = NAME(add8)(planes, list->plane + i + 8, level);
    VECTOR carry = NAME(full_add)(&level[3], first, second);
    carry = NAME(half_add)(&level[4], carry);
    carry = NAME(half_add)(&level[5], carry);
    carry = NAME(half_add)(&level[6], carry);
    level[7] = XOR(level[7], carry);
  }
  if (i < list->count) {
    VECTOR carry = NAME(half_add)(&level[3], NAME(add8)(planes, list->plane + i, level));
    carry = NAME(half_add)(&level[4], carry);
    carry = NAME(half_add)(&level[5], carry);
    carry = NAME(half_add)(&level[6], carry);
    level[7] = XOR(level[7], carry);
  }
}

/* Leaves set the rows for which (planes of `add`) - (planes of `subtract`) - preset - 1 is not negative, for ~(x + y) =
 * -x - y - 1. */
TARGET static void NAME(count)(const uint8_t *planes, const struct sliced_plan *plan, struct sliced_rows *within) {
  assert(is_aligned(planes, SLICED_PLANE_BYTES));
  assert(plan->subtract.count % SLICED_GROUP == 0 && plan->add.count % SLICED_GROUP == 0);
#define PRESET(k) level[k] = SPREAD(plan->preset >> (k)&1);
#define NEGATE(k) level[k] = NOT(level[k]);
  for (size_t lane = 0; lane < SLICED_PLANE_BYTES; lane += sizeof(VECTOR)) {
    VECTOR level[SLICED_LEVELS];
    EACH_LEVEL(PRESET)
    NAME(add_list)(planes + lane, &plan->subtract, level);
    EACH_LEVEL(NEGATE)
    NAME(add_list)(planes + lane, &plan->add, level);
    STORE(within->bytes + lane, NOT(level[SLICED_LEVELS - 1]));
  }
#undef PRESET
#undef NEGATE
}

#undef INLINE
#undef VECTOR
#undef TARGET
#undef NAME
#undef LOAD
#undef STORE
#undef SPREAD
#undef XOR
#undef AND
#undef NOT
#undef XOR3
#undef MAJORITY
