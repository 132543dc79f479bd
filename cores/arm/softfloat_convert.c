/* Conversions between formats and to fixed point: see softfloat.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "softfloat_exact.h"

static uint64_t convert_nan(mb_fenv *env, mb_fmt from, mb_fmt to, uint64_t a)
{
    bool no_nan = to == &mb_float_half && env->half_without_inf;
    if (no_nan || is_signalling(from, a))
        env->flags |= MB_FP_INVALID;
    if (no_nan)
        return zero(to, sign_of(from, a));
    if (env->default_nan)
        return mb_float_default_nan(to);
    int move = to->fraction - from->fraction;
    uint64_t fraction = fraction_of(from, a);
    fraction = move >= 0 ? fraction << move : fraction >> -move;
    return infinity(to, sign_of(from, a)) | fraction | quiet_bit(to);
}

uint64_t mb_float_convert(mb_fenv *env, mb_fmt from, mb_fmt to, uint64_t a)
{
    a = mb_float_flush(env, from, a);
    bool sign = sign_of(from, a);
    if (!(from == &mb_float_half && env->half_without_inf)) {
        if (is_nan(from, a))
            return convert_nan(env, from, to, a);
        if (is_infinite(from, a)) {
            if (!(to == &mb_float_half && env->half_without_inf))
                return infinity(to, sign);
            env->flags |= MB_FP_INVALID;
            return zero(to, sign) | (mb_float_sign_bit(to) - 1);
        }
    }
    struct number n = mb_float_exact(from, a);
    return n.magnitude ? mb_float_round_pack(env, to, n, env->rounding) : zero(to, sign);
}

/* The pattern of the integer, saturated to the shape; *saturated says so. */
static uint64_t saturate(bool sign, wide magnitude, struct mb_fixed shape, bool *saturated)
{
    wide most = ((wide)1 << (shape.width - !shape.is_unsigned)) - 1;
    wide least_magnitude = shape.is_unsigned ? 0 : most + 1;
    wide limit = sign ? least_magnitude : most;
    *saturated = magnitude > limit;
    uint64_t value = (uint64_t)(*saturated ? limit : magnitude);
    uint64_t mask = shape.width == 64 ? ~0ull : (1ull << shape.width) - 1;
    return (sign ? -value : value) & mask;
}

uint64_t mb_float_to_fixed(mb_fenv *env, mb_fmt fmt, uint64_t a, struct mb_fixed shape,
                           int rounding)
{
    a = mb_float_flush(env, fmt, a);
    if (is_nan(fmt, a)) {
        env->flags |= MB_FP_INVALID;
        return 0;
    }
    struct number n = mb_float_exact(fmt, a);
    int shift = -n.power - shape.fraction_bits;
    bool inexact = false, saturated;
    wide magnitude = ~(wide)0;   /* infinities, and what is beyond any integer */
    if (!is_infinite(fmt, a) && (shift > -70 || !n.magnitude))
        magnitude = mb_float_round_shift(rounding, n.sign, n.magnitude,
                                         shift < -70 ? 0 : shift, &inexact);
    uint64_t value = saturate(n.sign, magnitude, shape, &saturated);
    env->flags |= saturated ? MB_FP_INVALID : inexact ? MB_FP_INEXACT : 0;
    return value;
}

uint64_t mb_float_from_fixed(mb_fenv *env, mb_fmt fmt, uint64_t a, struct mb_fixed shape,
                             int rounding)
{
    uint64_t mask = shape.width == 64 ? ~0ull : (1ull << shape.width) - 1;
    bool sign = !shape.is_unsigned && a >> (shape.width - 1) & 1;
    uint64_t magnitude = (sign ? -a : a) & mask;
    if (!magnitude)
        return 0;
    struct number n = {sign, -shape.fraction_bits, magnitude};
    return mb_float_round_pack(env, fmt, n, rounding);
}
