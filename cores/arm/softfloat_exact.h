/* What the parts of the exact arithmetic share: formats, exact numbers, rounding.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A finite number is magnitude * 2**power.
 */
#ifndef ARM_SOFTFLOAT_EXACT_H
#define ARM_SOFTFLOAT_EXACT_H

#include "softfloat.h"

#include "core.h"

typedef unsigned __int128 wide;

struct number { bool sign; int power; wide magnitude; };

/* ---- formats ---- */
static inline int top(mb_fmt fmt) { return (1 << fmt->exponent) - 1; }

/* Exponent of the last place of a subnormal number. */
static inline int least(mb_fmt fmt)
{
    return 2 - (1 << (fmt->exponent - 1)) - fmt->fraction;
}

static inline bool sign_of(mb_fmt fmt, uint64_t a)
{
    return a >> (fmt->exponent + fmt->fraction) & 1;
}

static inline int biased_of(mb_fmt fmt, uint64_t a)
{
    return (int)(a >> fmt->fraction) & top(fmt);
}

static inline uint64_t fraction_of(mb_fmt fmt, uint64_t a)
{
    return a & ((1ull << fmt->fraction) - 1);
}

static inline uint64_t zero(mb_fmt fmt, bool sign)
{
    return sign ? mb_float_sign_bit(fmt) : 0;
}

static inline uint64_t infinity(mb_fmt fmt, bool sign)
{
    return zero(fmt, sign) | (uint64_t)top(fmt) << fmt->fraction;
}

static inline uint64_t quiet_bit(mb_fmt fmt) { return 1ull << (fmt->fraction - 1); }

static inline bool is_nan(mb_fmt fmt, uint64_t a)
{
    return biased_of(fmt, a) == top(fmt) && fraction_of(fmt, a) != 0;
}

static inline bool is_signalling(mb_fmt fmt, uint64_t a)
{
    return is_nan(fmt, a) && !(a & quiet_bit(fmt));
}

static inline bool is_infinite(mb_fmt fmt, uint64_t a)
{
    return biased_of(fmt, a) == top(fmt) && fraction_of(fmt, a) == 0;
}

static inline bool is_zero(mb_fmt fmt, uint64_t a)
{
    return !(a & (mb_float_sign_bit(fmt) - 1));
}

/* ---- softfloat.c ---- */
struct number mb_float_exact(mb_fmt fmt, uint64_t a);
/* magnitude / 2**shift as an integer. */
wide mb_float_round_shift(int rounding, bool sign, wide magnitude, int shift,
                          bool *inexact);
/* The number, which is not zero, in `fmt`. */
uint64_t mb_float_round_pack(mb_fenv *env, mb_fmt fmt, struct number n, int rounding);

#endif
