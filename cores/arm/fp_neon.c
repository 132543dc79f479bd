/* Advanced SIMD's arithmetic on singles (DDI 0406C A2.7.7, A2.7.8): the helpers of
 * insns/simd_standard.py. SPDX-License-Identifier: Apache-2.0
 */
#include "fp.h"

#include <string.h>

#include "arm_insns.h"

enum { ONE_LANE = 32, HUGE_EXPONENT = 253 };   /* the biased exponent of 2**126 */
#define TWO 0x40000000u
#define THREE 0x40400000u
#define INFINITY_BITS 0x7f800000u
#define TRUE_LANE 0xffffffffu

typedef uint64_t binary(mb_fenv *env, mb_fmt fmt, uint64_t a, uint64_t b);

static uint32_t run2(struct arm_state *s, binary *operation, uint32_t a, uint32_t b)
{
    struct mb_float_env env = arm_fp_neon_env(s);
    uint64_t result = operation(&env, &mb_float_single, a, b);
    arm_fp_accrue(s, &env);
    return (uint32_t)result;
}

/* ---- the host's arithmetic where it does the same, flags in MXCSR too ---- */
static uint32_t exponent_of(uint32_t a) { return a >> 23 & 0xff; }

static bool is_usual(uint32_t a)
{
    return exponent_of(a) - 1 < 254 || !(a << 1);   /* normal, or zero */
}

static bool are_usual(const struct arm_state *s, uint32_t a, uint32_t b)
{
    return is_usual(a) && is_usual(b) && arm_fp_to_nearest(s);
}

static float number(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static uint32_t pattern(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* A product that surely neither overflows nor becomes subnormal. */
static bool is_far_from_limits(uint32_t a, uint32_t b)
{
    uint32_t sum = exponent_of(a) + exponent_of(b);
    return (sum > 127 + 1 && sum < 127 + 253) || !(a << 1) || !(b << 1);
}

/* ---- arithmetic ---- */
/* A subnormal sum is exact, so that the host raises no flag before it is flushed. */
uint32_t arm_neon_fadd(struct arm_state *s, uint32_t a, uint32_t b)
{
    if (are_usual(s, a, b)) {
        uint32_t sum = pattern(number(a) + number(b));
        if (is_usual(sum))
            return sum;
    }
    return run2(s, mb_float_add, a, b);
}

uint32_t arm_neon_fsub(struct arm_state *s, uint32_t a, uint32_t b)
{
    if (are_usual(s, a, b)) {
        uint32_t difference = pattern(number(a) - number(b));
        if (is_usual(difference))
            return difference;
    }
    return run2(s, mb_float_sub, a, b);
}

uint32_t arm_neon_fmul(struct arm_state *s, uint32_t a, uint32_t b)
{
    if (are_usual(s, a, b) && is_far_from_limits(a, b))
        return pattern(number(a) * number(b));
    return run2(s, mb_float_mul, a, b);
}

uint32_t arm_neon_fmax(struct arm_state *s, uint32_t a, uint32_t b)
{
    return run2(s, mb_float_max, a, b);
}

uint32_t arm_neon_fmin(struct arm_state *s, uint32_t a, uint32_t b)
{
    return run2(s, mb_float_min, a, b);
}

uint32_t arm_neon_fma(struct arm_state *s, uint32_t a, uint32_t b, uint32_t c)
{
    struct mb_float_env env = arm_fp_neon_env(s);
    uint64_t result = mb_float_fma(&env, &mb_float_single, a, b, c);
    arm_fp_accrue(s, &env);
    return (uint32_t)result;
}

/* ---- comparison ---- */
static int compare(struct arm_state *s, uint32_t a, uint32_t b, bool quiet)
{
    struct mb_float_env env = arm_fp_neon_env(s);
    int order = mb_float_compare(&env, &mb_float_single, a, b, quiet);
    arm_fp_accrue(s, &env);
    return order;
}

uint32_t arm_neon_fceq(struct arm_state *s, uint32_t a, uint32_t b)
{
    return compare(s, a, b, true) == MB_FLOAT_EQUAL ? TRUE_LANE : 0;
}

uint32_t arm_neon_fcge(struct arm_state *s, uint32_t a, uint32_t b)
{
    int order = compare(s, a, b, false);
    return order == MB_FLOAT_EQUAL || order == MB_FLOAT_GREATER ? TRUE_LANE : 0;
}

uint32_t arm_neon_fcgt(struct arm_state *s, uint32_t a, uint32_t b)
{
    return compare(s, a, b, false) == MB_FLOAT_GREATER ? TRUE_LANE : 0;
}

/* ---- conversion ---- */
static struct mb_fixed lane_shape(uint32_t is_unsigned, uint32_t fraction_bits)
{
    return (struct mb_fixed){ONE_LANE, is_unsigned != 0, (int)fraction_bits};
}

uint32_t arm_neon_to_fixed(struct arm_state *s, uint32_t is_unsigned, uint32_t fraction_bits,
                           uint32_t a)
{
    struct mb_float_env env = arm_fp_neon_env(s);
    uint64_t result = mb_float_to_fixed(&env, &mb_float_single, a,
                                        lane_shape(is_unsigned, fraction_bits),
                                        MB_FLOAT_ZERO);
    arm_fp_accrue(s, &env);
    return (uint32_t)result;
}

uint32_t arm_neon_from_fixed(struct arm_state *s, uint32_t is_unsigned,
                             uint32_t fraction_bits, uint32_t a)
{
    struct mb_float_env env = arm_fp_neon_env(s);
    uint64_t result = mb_float_from_fixed(&env, &mb_float_single, a,
                                          lane_shape(is_unsigned, fraction_bits),
                                          MB_FLOAT_NEAREST);
    arm_fp_accrue(s, &env);
    return (uint32_t)result;
}

static uint32_t convert(struct arm_state *s, mb_fmt from, mb_fmt to, uint32_t a)
{
    struct mb_float_env env = arm_fp_neon_env(s);
    uint64_t result = mb_float_convert(&env, from, to, a);
    arm_fp_accrue(s, &env);
    return (uint32_t)result;
}

uint32_t arm_neon_to_half(struct arm_state *s, uint32_t a)
{
    return convert(s, &mb_float_single, &mb_float_half, a);
}

uint32_t arm_neon_from_half(struct arm_state *s, uint32_t a)
{
    return convert(s, &mb_float_half, &mb_float_single, a);
}

/* ---- reciprocals: Newton-Raphson steps ---- */
static bool is_degenerate(uint32_t a, uint32_t b)
{
    return (a << 1) == (INFINITY_BITS << 1) && (b << 1) == 0;
}

/* start - a * b, which for infinity times zero is start. */
static uint64_t step(mb_fenv *env, mb_fmt fmt, uint64_t a, uint64_t b, uint64_t start)
{
    uint64_t nan, operands[2] = {a, b};
    a = mb_float_flush(env, fmt, a);
    b = mb_float_flush(env, fmt, b);
    if (mb_float_nan(env, fmt, operands, 2, &nan))
        return nan;
    if (is_degenerate((uint32_t)a, (uint32_t)b) || is_degenerate((uint32_t)b, (uint32_t)a))
        return start;
    return mb_float_sub(env, fmt, start, mb_float_mul(env, fmt, a, b));
}

static uint64_t reciprocal_step(mb_fenv *env, mb_fmt fmt, uint64_t a, uint64_t b)
{
    return step(env, fmt, a, b, TWO);
}

static uint64_t root_step(mb_fenv *env, mb_fmt fmt, uint64_t a, uint64_t b)
{
    return mb_float_div(env, fmt, step(env, fmt, a, b, THREE), TWO);
}

uint32_t arm_neon_frecps(struct arm_state *s, uint32_t a, uint32_t b)
{
    return run2(s, reciprocal_step, a, b);
}

uint32_t arm_neon_frsqrts(struct arm_state *s, uint32_t a, uint32_t b)
{
    return run2(s, root_step, a, b);
}

/* ---- reciprocals: estimates of nine bits ---- */
/* 256 / ((q + 1/2) / 512), rounded; q from 256 to 511, so is the result. */
static uint32_t reciprocal_estimate(uint32_t q)
{
    return (2 * 262144 + (2 * q + 1)) / (2 * (2 * q + 1));
}

/* 256 / sqrt((q + 1/2) / scale), rounded; q from 128 to 255, scale 256 or 512. */
static uint32_t root_estimate(uint32_t q, uint32_t scale)
{
    uint32_t square = (scale << 19) / (2 * q + 1), root = 0;
    for (uint32_t bit = 1024; bit; bit >>= 1)
        if ((root | bit) * (root | bit) <= square)
            root |= bit;
    return (root + 1) / 2;
}

/* What estimates have in common: NaNs and zeros. False: *x is to be estimated. */
static bool settled(mb_fenv *env, uint32_t *x, uint64_t *result)
{
    uint64_t operand = *x;
    *x = (uint32_t)mb_float_flush(env, &mb_float_single, *x);
    if (mb_float_nan(env, &mb_float_single, &operand, 1, result))
        return true;
    if (*x << 1)
        return false;
    env->flags |= MB_FP_DIVZERO;
    *result = *x | INFINITY_BITS;
    return true;
}

static uint64_t reciprocal(mb_fenv *env, uint32_t x)
{
    uint64_t result;
    if (settled(env, &x, &result))
        return result;
    uint32_t exponent = x >> 23 & 0xff, sign = x & 0x80000000;
    if (exponent >= HUGE_EXPONENT) {
        env->flags |= exponent == 0xff ? 0 : MB_FP_UNDERFLOW;
        return sign;
    }
    uint32_t estimate = reciprocal_estimate(256 | (x >> 15 & 0xff));
    return sign | (253 - exponent) << 23 | (estimate & 0xff) << 15;
}

static uint64_t reciprocal_root(mb_fenv *env, uint32_t x)
{
    uint64_t result;
    if (settled(env, &x, &result))
        return result;
    if (x >> 31) {
        env->flags |= MB_FP_INVALID;
        return mb_float_default_nan(&mb_float_single);
    }
    uint32_t exponent = x >> 23 & 0xff;
    if (exponent == 0xff)
        return 0;
    uint32_t estimate = root_estimate(128 | (x >> 16 & 0x7f), exponent & 1 ? 512 : 256);
    return (380 - exponent) / 2 << 23 | (estimate & 0xff) << 15;
}

static uint32_t run1(struct arm_state *s, uint64_t (*operation)(mb_fenv *, uint32_t),
                     uint32_t a)
{
    struct mb_float_env env = arm_fp_neon_env(s);
    uint64_t result = operation(&env, a);
    arm_fp_accrue(s, &env);
    return (uint32_t)result;
}

uint32_t arm_neon_frecpe(struct arm_state *s, uint32_t a)
{
    return run1(s, reciprocal, a);
}

uint32_t arm_neon_frsqrte(struct arm_state *s, uint32_t a)
{
    return run1(s, reciprocal_root, a);
}

uint32_t arm_neon_urecpe(struct arm_state *s, uint32_t a)
{
    (void)s;
    return a >> 31 ? reciprocal_estimate(a >> 23) << 23 : TRUE_LANE;
}

uint32_t arm_neon_ursqrte(struct arm_state *s, uint32_t a)
{
    (void)s;
    if (a >> 30 == 0)
        return TRUE_LANE;
    return (a >> 31 ? root_estimate(a >> 24, 256) : root_estimate(a >> 23, 512)) << 23;
}
