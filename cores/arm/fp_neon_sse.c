/* Advanced SIMD sums and products of singles, all lanes of an instruction at once on the
 * host's SSE. SPDX-License-Identifier: Apache-2.0
 *
 * That is right where no operand and no result is special (see fp_neon.c) and FPSCR rounds
 * to nearest; the flags then are the host's, in MXCSR. Else the lanes go one by one.
 */
#include "fp.h"

#include <emmintrin.h>
#include "arm_insns.h"

typedef uint32_t lane_operation(struct arm_state *s, uint32_t a, uint32_t b);

struct vector { uint32_t lane[4]; };

static __m128i read_lanes(const struct arm_state *s, uint32_t Q, uint32_t n)
{
    const void *at = &s->d[n];
    return Q ? _mm_loadu_si128((const __m128i *)at) : _mm_loadl_epi64((const __m128i *)at);
}

static void write_lanes(struct arm_state *s, uint32_t Q, uint32_t d, __m128i x)
{
    void *at = &s->d[d];
    if (Q)
        _mm_storeu_si128((__m128i *)at, x);
    else
        _mm_storel_epi64((__m128i *)at, x);
}

static __m128i is_zero(__m128i x)
{
    return _mm_cmpeq_epi32(_mm_slli_epi32(x, 1), _mm_setzero_si128());
}

/* Is every lane normal or zero? */
static bool are_usual(__m128i x)
{
    __m128i top = _mm_set1_epi32(0x7f800000), exponent = _mm_and_si128(x, top);
    __m128i small = _mm_cmpeq_epi32(exponent, _mm_setzero_si128());
    __m128i bad = _mm_or_si128(_mm_cmpeq_epi32(exponent, top),
                               _mm_andnot_si128(is_zero(x), small));
    return !_mm_movemask_epi8(bad);
}

/* Does surely no product overflow or become subnormal? */
static bool are_far_from_limits(__m128i a, __m128i b)
{
    __m128i mask = _mm_set1_epi32(0xff);
    __m128i sum = _mm_add_epi32(_mm_and_si128(_mm_srli_epi32(a, 23), mask),
                                _mm_and_si128(_mm_srli_epi32(b, 23), mask));
    __m128i inside = _mm_and_si128(_mm_cmpgt_epi32(sum, _mm_set1_epi32(127 + 1)),
                                   _mm_cmplt_epi32(sum, _mm_set1_epi32(127 + 253)));
    __m128i fine = _mm_or_si128(inside, _mm_or_si128(is_zero(a), is_zero(b)));
    return _mm_movemask_epi8(fine) == 0xffff;
}

static __m128i one_by_one(struct arm_state *s, uint32_t Q, lane_operation *operation,
                          __m128i x, __m128i y)
{
    struct vector a, b;
    _mm_storeu_si128((__m128i *)(void *)&a, x);
    _mm_storeu_si128((__m128i *)(void *)&b, y);
    for (unsigned i = 0; i < 2 * (Q + 1); i++)
        a.lane[i] = operation(s, a.lane[i], b.lane[i]);
    return _mm_loadu_si128((const __m128i *)(const void *)&a);
}

static __m128i sums(struct arm_state *s, uint32_t Q, __m128i x, __m128i y)
{
    if (are_usual(x) && are_usual(y) && arm_fp_to_nearest(s)) {
        __m128 sum = _mm_add_ps(_mm_castsi128_ps(x), _mm_castsi128_ps(y));
        if (are_usual(_mm_castps_si128(sum)))
            return _mm_castps_si128(sum);
    }
    return one_by_one(s, Q, arm_neon_fadd, x, y);
}

static __m128i differences(struct arm_state *s, uint32_t Q, __m128i x, __m128i y)
{
    if (are_usual(x) && are_usual(y) && arm_fp_to_nearest(s)) {
        __m128 difference = _mm_sub_ps(_mm_castsi128_ps(x), _mm_castsi128_ps(y));
        if (are_usual(_mm_castps_si128(difference)))
            return _mm_castps_si128(difference);
    }
    return one_by_one(s, Q, arm_neon_fsub, x, y);
}

static __m128i products(struct arm_state *s, uint32_t Q, __m128i x, __m128i y)
{
    if (are_usual(x) && are_usual(y) && are_far_from_limits(x, y) && arm_fp_to_nearest(s))
        return _mm_castps_si128(_mm_mul_ps(_mm_castsi128_ps(x), _mm_castsi128_ps(y)));
    return one_by_one(s, Q, arm_neon_fmul, x, y);
}

void arm_neon_sums(struct arm_state *s, uint32_t Q, uint32_t d, uint32_t n, uint32_t m)
{
    write_lanes(s, Q, d, sums(s, Q, read_lanes(s, Q, n), read_lanes(s, Q, m)));
}

void arm_neon_differences(struct arm_state *s, uint32_t Q, uint32_t d, uint32_t n, uint32_t m)
{
    write_lanes(s, Q, d, differences(s, Q, read_lanes(s, Q, n), read_lanes(s, Q, m)));
}

void arm_neon_products(struct arm_state *s, uint32_t Q, uint32_t d, uint32_t n, uint32_t m)
{
    write_lanes(s, Q, d, products(s, Q, read_lanes(s, Q, n), read_lanes(s, Q, m)));
}

void arm_neon_products_added(struct arm_state *s, uint32_t Q, uint32_t d, uint32_t n,
                             uint32_t m)
{
    __m128i product = products(s, Q, read_lanes(s, Q, n), read_lanes(s, Q, m));
    write_lanes(s, Q, d, sums(s, Q, read_lanes(s, Q, d), product));
}
