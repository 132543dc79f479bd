/* Exact IEEE 754 arithmetic on bit patterns: see softfloat.h.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Sums are made on 126 bits, where what a shift loses is kept as one sticky bit: with
 * operands of at most 106 bits that never decides more than a rounding, because after a
 * loss at most one leading bit can cancel. Conversions are in softfloat_convert.c.
 */
#include "softfloat_exact.h"

const struct mb_float_format mb_float_half = {5, 10};
const struct mb_float_format mb_float_single = {8, 23};
const struct mb_float_format mb_float_double = {11, 52};

uint64_t mb_float_default_nan(mb_fmt fmt)
{
    return infinity(fmt, false) | quiet_bit(fmt);
}

static uint64_t invalid(mb_fenv *env, mb_fmt fmt)
{
    env->flags |= MB_FP_INVALID;
    return mb_float_default_nan(fmt);
}

uint64_t mb_float_flush(mb_fenv *env, mb_fmt fmt, uint64_t a)
{
    if (!env->flush || fmt == &mb_float_half || biased_of(fmt, a) || is_zero(fmt, a))
        return a;
    env->flags |= MB_FLOAT_INPUT_DENORMAL;
    return zero(fmt, sign_of(fmt, a));
}

bool mb_float_nan(mb_fenv *env, mb_fmt fmt, const uint64_t *operands, int count,
                  uint64_t *result)
{
    int chosen = -1;
    for (int i = count - 1; i >= 0; i--)
        if (is_nan(fmt, operands[i]))
            chosen = i;
    if (chosen < 0)
        return false;
    for (int i = count - 1; i >= 0; i--)
        if (is_signalling(fmt, operands[i])) {
            env->flags |= MB_FP_INVALID;
            chosen = i;
        }
    *result = env->default_nan ? mb_float_default_nan(fmt)
                               : operands[chosen] | quiet_bit(fmt);
    return true;
}

/* ---- rounding ---- */
struct number mb_float_exact(mb_fmt fmt, uint64_t a)
{
    int biased = biased_of(fmt, a);
    wide magnitude = fraction_of(fmt, a);
    if (biased)
        magnitude |= (wide)1 << fmt->fraction;
    return (struct number){sign_of(fmt, a), least(fmt) + (biased ? biased - 1 : 0),
                           magnitude};
}

static int length(wide a)
{
    uint64_t high = (uint64_t)(a >> 64), low = (uint64_t)a;
    return high ? 128 - __builtin_clzll(high) : low ? 64 - __builtin_clzll(low) : 0;
}

/* a >> shift, the bits lost ored into the lowest. */
static wide shift_jam(wide a, int shift)
{
    if (shift <= 0)
        return a;
    if (shift > 127)
        return a != 0;
    return a >> shift | ((a & (((wide)1 << shift) - 1)) != 0);
}

wide mb_float_round_shift(int rounding, bool sign, wide a, int shift, bool *inexact)
{
    *inexact = false;
    if (shift <= 0)
        return a << -shift;
    a = shift_jam(a, shift - 2 > 0 ? shift - 2 : 0) << (shift < 2 ? 2 - shift : 0);
    unsigned rest = (unsigned)a & 3;
    wide kept = a >> 2;
    *inexact = rest != 0;
    switch (rounding) {
    case MB_FLOAT_NEAREST: return kept + (rest > 2 || (rest == 2 && (kept & 1)));
    case MB_FLOAT_DOWN: return kept + (rest && sign);
    case MB_FLOAT_UP: return kept + (rest && !sign);
    default: return kept;
    }
}

static uint64_t overflow(mb_fenv *env, mb_fmt fmt, bool sign, int rounding)
{
    env->flags |= MB_FP_OVERFLOW | MB_FP_INEXACT;
    bool to_infinity = rounding == MB_FLOAT_NEAREST
        || (rounding == MB_FLOAT_UP && !sign) || (rounding == MB_FLOAT_DOWN && sign);
    return infinity(fmt, sign) - !to_infinity;
}

uint64_t mb_float_round_pack(mb_fenv *env, mb_fmt fmt, struct number n, int rounding)
{
    int leading = length(n.magnitude) + n.power - 1;
    bool tiny = leading < least(fmt) + fmt->fraction;   /* detected before rounding */
    if (tiny && env->flush && fmt != &mb_float_half) {
        env->flags |= MB_FP_UNDERFLOW;
        return zero(fmt, n.sign);
    }
    int place = tiny ? least(fmt) : leading - fmt->fraction;
    bool inexact;
    uint64_t value = (uint64_t)mb_float_round_shift(rounding, n.sign, n.magnitude,
                                                    place - n.power, &inexact);
    int biased = value >> fmt->fraction ? place - least(fmt) + 1 : 0;
    if (value >> (fmt->fraction + 1)) {
        value >>= 1;
        biased++;
    }
    if (fmt == &mb_float_half && env->half_without_inf) {
        if (biased > top(fmt)) {
            env->flags |= MB_FP_INVALID;
            return zero(fmt, n.sign) | (mb_float_sign_bit(fmt) - 1);
        }
    } else if (biased >= top(fmt)) {
        return overflow(env, fmt, n.sign, rounding);
    }
    if (inexact)
        env->flags |= MB_FP_INEXACT | (tiny ? MB_FP_UNDERFLOW : 0);
    return zero(fmt, n.sign) | (uint64_t)biased << fmt->fraction | fraction_of(fmt, value);
}

/* ---- sums and products ---- */
/* Shift so that the leading one is bit 125. */
static struct number normalise(struct number n)
{
    int shift = 126 - length(n.magnitude);
    n.magnitude <<= shift;
    n.power -= shift;
    return n;
}

/* a + b rounded. Two zeros of one sign keep it; another exact zero is +0, or -0 when
 * rounding down. */
static uint64_t sum(mb_fenv *env, mb_fmt fmt, struct number a, struct number b)
{
    bool negative_zero = env->rounding == MB_FLOAT_DOWN;
    if (!a.magnitude && !b.magnitude)
        return zero(fmt, a.sign == b.sign ? a.sign : negative_zero);
    if (!a.magnitude || !b.magnitude)
        return mb_float_round_pack(env, fmt, a.magnitude ? a : b, env->rounding);
    a = normalise(a);
    b = normalise(b);
    if (a.power < b.power || (a.power == b.power && a.magnitude < b.magnitude)) {
        struct number swapped = a;
        a = b;
        b = swapped;
    }
    b.magnitude = shift_jam(b.magnitude, a.power - b.power);
    a.magnitude = a.sign == b.sign ? a.magnitude + b.magnitude : a.magnitude - b.magnitude;
    if (!a.magnitude)
        return zero(fmt, negative_zero);
    return mb_float_round_pack(env, fmt, a, env->rounding);
}

uint64_t mb_float_add(mb_fenv *env, mb_fmt fmt, uint64_t a, uint64_t b)
{
    uint64_t nan, operands[2] = {a, b};
    a = mb_float_flush(env, fmt, a);
    b = mb_float_flush(env, fmt, b);
    if (mb_float_nan(env, fmt, operands, 2, &nan))
        return nan;
    if (is_infinite(fmt, a))
        return is_infinite(fmt, b) && a != b ? invalid(env, fmt) : a;
    if (is_infinite(fmt, b))
        return b;
    return sum(env, fmt, mb_float_exact(fmt, a), mb_float_exact(fmt, b));
}

uint64_t mb_float_sub(mb_fenv *env, mb_fmt fmt, uint64_t a, uint64_t b)
{
    return mb_float_add(env, fmt, a, is_nan(fmt, b) ? b : b ^ mb_float_sign_bit(fmt));
}

static struct number product(mb_fmt fmt, uint64_t a, uint64_t b)
{
    struct number x = mb_float_exact(fmt, a), y = mb_float_exact(fmt, b);
    return (struct number){x.sign != y.sign, x.power + y.power, x.magnitude * y.magnitude};
}

uint64_t mb_float_mul(mb_fenv *env, mb_fmt fmt, uint64_t a, uint64_t b)
{
    uint64_t nan, operands[2] = {a, b};
    a = mb_float_flush(env, fmt, a);
    b = mb_float_flush(env, fmt, b);
    if (mb_float_nan(env, fmt, operands, 2, &nan))
        return nan;
    bool sign = sign_of(fmt, a) != sign_of(fmt, b);
    if (is_infinite(fmt, a) || is_infinite(fmt, b))
        return is_zero(fmt, a) || is_zero(fmt, b) ? invalid(env, fmt) : infinity(fmt, sign);
    struct number n = product(fmt, a, b);
    return n.magnitude ? mb_float_round_pack(env, fmt, n, env->rounding) : zero(fmt, sign);
}

uint64_t mb_float_fma(mb_fenv *env, mb_fmt fmt, uint64_t a, uint64_t b, uint64_t c)
{
    uint64_t nan, operands[3] = {c, a, b};
    a = mb_float_flush(env, fmt, a);
    b = mb_float_flush(env, fmt, b);
    c = mb_float_flush(env, fmt, c);
    bool bad = (is_infinite(fmt, a) && is_zero(fmt, b))
        || (is_zero(fmt, a) && is_infinite(fmt, b));
    bool any = mb_float_nan(env, fmt, operands, 3, &nan);
    if (bad && !(any && is_signalling(fmt, c)))
        return invalid(env, fmt);
    if (any)
        return nan;
    bool sign = sign_of(fmt, a) != sign_of(fmt, b);
    if (is_infinite(fmt, a) || is_infinite(fmt, b))
        return is_infinite(fmt, c) && sign_of(fmt, c) != sign ? invalid(env, fmt)
                                                             : infinity(fmt, sign);
    if (is_infinite(fmt, c))
        return c;
    return sum(env, fmt, product(fmt, a, b), mb_float_exact(fmt, c));
}

/* ---- quotients and roots ---- */
uint64_t mb_float_div(mb_fenv *env, mb_fmt fmt, uint64_t a, uint64_t b)
{
    uint64_t nan, operands[2] = {a, b};
    a = mb_float_flush(env, fmt, a);
    b = mb_float_flush(env, fmt, b);
    if (mb_float_nan(env, fmt, operands, 2, &nan))
        return nan;
    bool sign = sign_of(fmt, a) != sign_of(fmt, b);
    if (is_infinite(fmt, a))
        return is_infinite(fmt, b) ? invalid(env, fmt) : infinity(fmt, sign);
    if (is_infinite(fmt, b))
        return zero(fmt, sign);
    if (is_zero(fmt, b)) {
        if (is_zero(fmt, a))
            return invalid(env, fmt);
        env->flags |= MB_FP_DIVZERO;
        return infinity(fmt, sign);
    }
    if (is_zero(fmt, a))
        return zero(fmt, sign);
    struct number x = normalise(mb_float_exact(fmt, a)), y = mb_float_exact(fmt, b);
    wide quotient = x.magnitude / y.magnitude;
    bool rest = quotient * y.magnitude != x.magnitude;
    struct number n = {sign, x.power - y.power - 1, quotient << 1 | rest};
    return mb_float_round_pack(env, fmt, n, env->rounding);
}

/* floor(sqrt(a)), a below 2**126. */
static wide root_of(wide a)
{
    wide root = 0;
    for (int bit = 62; bit >= 0; bit--) {
        wide tried = root | (wide)1 << bit;
        if (tried * tried <= a)
            root = tried;
    }
    return root;
}

uint64_t mb_float_sqrt(mb_fenv *env, mb_fmt fmt, uint64_t a)
{
    uint64_t nan, operand = a;
    a = mb_float_flush(env, fmt, a);
    if (mb_float_nan(env, fmt, &operand, 1, &nan))
        return nan;
    if (is_zero(fmt, a))
        return a;
    if (sign_of(fmt, a))
        return invalid(env, fmt);
    if (is_infinite(fmt, a))
        return a;
    struct number n = normalise(mb_float_exact(fmt, a));
    if (n.power & 1) {
        n.magnitude >>= 1;   /* exact: its low bits are zeros */
        n.power++;
    }
    wide root = root_of(n.magnitude);
    bool rest = root * root != n.magnitude;
    n = (struct number){false, n.power / 2 - 1, root << 1 | rest};
    return mb_float_round_pack(env, fmt, n, env->rounding);
}

/* ---- comparison ---- */
int mb_float_compare(mb_fenv *env, mb_fmt fmt, uint64_t a, uint64_t b, bool quiet)
{
    a = mb_float_flush(env, fmt, a);
    b = mb_float_flush(env, fmt, b);
    if (is_nan(fmt, a) || is_nan(fmt, b)) {
        if (!quiet || is_signalling(fmt, a) || is_signalling(fmt, b))
            env->flags |= MB_FP_INVALID;
        return MB_FLOAT_UNORDERED;
    }
    if (a == b || (is_zero(fmt, a) && is_zero(fmt, b)))
        return MB_FLOAT_EQUAL;
    if (sign_of(fmt, a) != sign_of(fmt, b))
        return sign_of(fmt, a) ? MB_FLOAT_LESS : MB_FLOAT_GREATER;
    return (a < b) != sign_of(fmt, a) ? MB_FLOAT_LESS : MB_FLOAT_GREATER;
}

static uint64_t extreme(mb_fenv *env, mb_fmt fmt, uint64_t a, uint64_t b, bool smallest)
{
    uint64_t nan, operands[2] = {a, b};
    a = mb_float_flush(env, fmt, a);
    b = mb_float_flush(env, fmt, b);
    if (mb_float_nan(env, fmt, operands, 2, &nan))
        return nan;
    switch (mb_float_compare(env, fmt, a, b, true)) {
    case MB_FLOAT_EQUAL: return sign_of(fmt, a) == smallest ? a : b;
    case MB_FLOAT_GREATER: return smallest ? b : a;
    default: return smallest ? a : b;
    }
}

uint64_t mb_float_max(mb_fenv *env, mb_fmt fmt, uint64_t a, uint64_t b)
{
    return extreme(env, fmt, a, b, false);
}

uint64_t mb_float_min(mb_fenv *env, mb_fmt fmt, uint64_t a, uint64_t b)
{
    return extreme(env, fmt, a, b, true);
}
