/* Exact IEEE 754 arithmetic on bit patterns, by ARM's rules: the slow path of VFP and the
 * arithmetic of Advanced SIMD. The twin of machinebuilder/isa/softfloat.py, to which the
 * tests hold it. SPDX-License-Identifier: Apache-2.0
 *
 * DDI 0406C A2.7. Flags are the engine's MB_FP_* and MB_FLOAT_INPUT_DENORMAL.
 */
#ifndef ARM_SOFTFLOAT_H
#define ARM_SOFTFLOAT_H

#include <stdbool.h>
#include <stdint.h>

enum { MB_FLOAT_INPUT_DENORMAL = 2 };
enum mb_float_rounding {   /* the first four as enum mb_rounding */
    MB_FLOAT_NEAREST, MB_FLOAT_DOWN, MB_FLOAT_UP, MB_FLOAT_ZERO,
};
enum mb_float_order { MB_FLOAT_EQUAL, MB_FLOAT_LESS, MB_FLOAT_GREATER, MB_FLOAT_UNORDERED };

struct mb_float_format { int exponent, fraction; };   /* widths of the fields */
extern const struct mb_float_format mb_float_half, mb_float_single, mb_float_double;

struct mb_float_env {
    int rounding;
    bool flush;              /* subnormal inputs and results become zero */
    bool default_nan;
    bool half_without_inf;   /* the alternative half precision */
    unsigned flags;
};

struct mb_fixed { int width; bool is_unsigned; int fraction_bits; };

typedef struct mb_float_env mb_fenv;
typedef const struct mb_float_format *mb_fmt;

uint64_t mb_float_add(mb_fenv *env, mb_fmt fmt, uint64_t a, uint64_t b);
uint64_t mb_float_sub(mb_fenv *env, mb_fmt fmt, uint64_t a, uint64_t b);
uint64_t mb_float_mul(mb_fenv *env, mb_fmt fmt, uint64_t a, uint64_t b);
uint64_t mb_float_div(mb_fenv *env, mb_fmt fmt, uint64_t a, uint64_t b);
uint64_t mb_float_sqrt(mb_fenv *env, mb_fmt fmt, uint64_t a);
uint64_t mb_float_fma(mb_fenv *env, mb_fmt fmt, uint64_t a, uint64_t b, uint64_t c);
int mb_float_compare(mb_fenv *env, mb_fmt fmt, uint64_t a, uint64_t b, bool quiet);
uint64_t mb_float_max(mb_fenv *env, mb_fmt fmt, uint64_t a, uint64_t b);
uint64_t mb_float_min(mb_fenv *env, mb_fmt fmt, uint64_t a, uint64_t b);

uint64_t mb_float_convert(mb_fenv *env, mb_fmt from, mb_fmt to, uint64_t a);
uint64_t mb_float_to_fixed(mb_fenv *env, mb_fmt fmt, uint64_t a, struct mb_fixed shape,
                           int rounding);
uint64_t mb_float_from_fixed(mb_fenv *env, mb_fmt fmt, uint64_t a, struct mb_fixed shape,
                             int rounding);

/* A NaN among the operands (in the order ARM looks at them) makes the result: true. */
bool mb_float_nan(mb_fenv *env, mb_fmt fmt, const uint64_t *operands, int count,
                  uint64_t *result);
uint64_t mb_float_flush(mb_fenv *env, mb_fmt fmt, uint64_t a);
uint64_t mb_float_default_nan(mb_fmt fmt);

static inline uint64_t mb_float_sign_bit(mb_fmt fmt)
{
    return 1ull << (fmt->exponent + fmt->fraction);
}

#endif
