/* FPSCR, FPEXC and VFP's exact arithmetic (DDI 0406C A2.7, B4.1.56, B4.1.57).
 * SPDX-License-Identifier: Apache-2.0
 *
 * The helpers of insns/simd_fpscr.py, simd_exact.py and vfp_system.py. Rounding and sticky
 * flags of FPSCR live in the host's MXCSR, where the engine keeps them.
 */
#include "fp.h"

#include "arm_insns.h"
#include "ir.h"

enum { FPSCR_DN = 1 << 25, FPSCR_FZ = 1 << 24, FPSCR_AHP = 1 << 26,
       FPSCR_QC = 1 << 27, FPSCR_IDC = 1 << 7, FPSCR_RMODE_SHIFT = 22,
       FPSCR_VECTORS = 0x00370000,
       FPSCR_CONTROL = FPSCR_AHP | FPSCR_DN | FPSCR_FZ | 3 << FPSCR_RMODE_SHIFT
           | FPSCR_VECTORS,
       FPEXC_ENABLE = 1 << 30 };

/* FPSCR.RMode: nearest, plus infinity, minus infinity, zero. */
static const enum mb_rounding roundings[4] = {
    MB_ROUND_NEAREST, MB_ROUND_UP, MB_ROUND_DOWN, MB_ROUND_ZERO,
};

/* Cumulative bits, IOC DZC OFC UFC IXC, and the engine's names for them. */
static const struct { uint32_t bit; unsigned flag; } sticky[] = {
    {1, MB_FP_INVALID}, {2, MB_FP_DIVZERO}, {4, MB_FP_OVERFLOW}, {8, MB_FP_UNDERFLOW},
    {16, MB_FP_INEXACT},
};

static enum mb_rounding rounding(const struct arm_state *s)
{
    return roundings[s->fp_control >> FPSCR_RMODE_SHIFT & 3];
}

/* ---- FPSCR and FPEXC ---- */
uint32_t arm_fpscr_read(struct arm_state *s)
{
    uint32_t value = (uint32_t)s->fp_n << 31 | (uint32_t)s->fp_z << 30
        | (uint32_t)s->fp_c << 29 | (uint32_t)s->fp_v << 28
        | (s->fp_qc ? FPSCR_QC : 0) | (s->fp_idc ? FPSCR_IDC : 0) | s->fp_control;
    unsigned flags = mb_fp_flags(&s->cpu);
    for (unsigned i = 0; i < sizeof sticky / sizeof *sticky; i++)
        if (flags & sticky[i].flag)
            value |= sticky[i].bit;
    return value;
}

static uint32_t flag_if(bool condition, uint32_t mask) { return condition ? mask : 0; }

static void set_control(struct arm_state *s, uint32_t value)
{
    uint32_t flags = arm_flags(s) & ~(ARM_FLAG_FP_VECTORS_MASK | ARM_FLAG_FP_FLUSH_MASK
                                      | ARM_FLAG_FP_DEFAULT_NAN_MASK);
    flags |= flag_if(value & FPSCR_VECTORS, ARM_FLAG_FP_VECTORS_MASK);
    flags |= flag_if(value & FPSCR_FZ, ARM_FLAG_FP_FLUSH_MASK);
    flags |= flag_if(value & FPSCR_DN, ARM_FLAG_FP_DEFAULT_NAN_MASK);
    s->fp_control = value & FPSCR_CONTROL;
    mb_fp_set_rounding(&s->cpu, rounding(s));
    mb_cpu_set_flags(&s->cpu, flags);
}

void arm_fpscr_write(struct arm_state *s, uint32_t value)
{
    unsigned flags = 0;
    for (unsigned i = 0; i < sizeof sticky / sizeof *sticky; i++)
        if (value & sticky[i].bit)
            flags |= sticky[i].flag;
    s->fp_n = value >> 31;
    s->fp_z = value >> 30 & 1;
    s->fp_c = value >> 29 & 1;
    s->fp_v = value >> 28 & 1;
    s->fp_qc = (value & FPSCR_QC) != 0;
    s->fp_idc = (value & FPSCR_IDC) != 0;
    set_control(s, value);
    mb_fp_set_flags(&s->cpu, flags);
}

void arm_fpexc_write(struct arm_state *s, uint32_t value)
{
    s->fpexc = value & FPEXC_ENABLE;
    arm_refresh_flags(s);
}

/* ---- arithmetic modes ---- */
struct mb_float_env arm_fp_vfp_env(const struct arm_state *s)
{
    return (struct mb_float_env){
        .rounding = (int)rounding(s), .flush = s->fp_control & FPSCR_FZ,
        .default_nan = s->fp_control & FPSCR_DN,
        .half_without_inf = s->fp_control & FPSCR_AHP,
    };
}

struct mb_float_env arm_fp_neon_env(const struct arm_state *s)
{
    return (struct mb_float_env){
        .rounding = MB_FLOAT_NEAREST, .flush = true, .default_nan = true,
        .half_without_inf = s->fp_control & FPSCR_AHP,
    };
}

bool arm_fp_to_nearest(const struct arm_state *s)
{
    return rounding(s) == MB_ROUND_NEAREST;
}

void arm_fp_accrue(struct arm_state *s, const struct mb_float_env *env)
{
    unsigned flags = env->flags & ~(unsigned)MB_FLOAT_INPUT_DENORMAL;
    if (env->flags & MB_FLOAT_INPUT_DENORMAL)
        s->fp_idc = 1;
    if (flags)
        mb_fp_set_flags(&s->cpu, mb_fp_flags(&s->cpu) | flags);
}

static mb_fmt format(uint32_t size)
{
    return size == 16 ? &mb_float_half : size == 32 ? &mb_float_single : &mb_float_double;
}

/* ---- exact arithmetic ---- */
typedef uint64_t binary(mb_fenv *env, mb_fmt fmt, uint64_t a, uint64_t b);

static uint64_t run2(struct arm_state *s, binary *operation, mb_fmt fmt, uint64_t a,
                     uint64_t b)
{
    struct mb_float_env env = arm_fp_vfp_env(s);
    uint64_t result = operation(&env, fmt, a, b);
    arm_fp_accrue(s, &env);
    return result;
}

#define BINARY(name) \
    uint32_t arm_fp_##name##32(struct arm_state *s, uint32_t a, uint32_t b) \
    { \
        return (uint32_t)run2(s, mb_float_##name, &mb_float_single, a, b); \
    } \
    uint64_t arm_fp_##name##64(struct arm_state *s, uint64_t a, uint64_t b) \
    { \
        return run2(s, mb_float_##name, &mb_float_double, a, b); \
    }

BINARY(add)
BINARY(sub)
BINARY(mul)
BINARY(div)

static uint64_t square_root(struct arm_state *s, mb_fmt fmt, uint64_t a)
{
    struct mb_float_env env = arm_fp_vfp_env(s);
    uint64_t result = mb_float_sqrt(&env, fmt, a);
    arm_fp_accrue(s, &env);
    return result;
}

uint32_t arm_fp_sqrt32(struct arm_state *s, uint32_t a)
{
    return (uint32_t)square_root(s, &mb_float_single, a);
}

uint64_t arm_fp_sqrt64(struct arm_state *s, uint64_t a)
{
    return square_root(s, &mb_float_double, a);
}

static uint64_t fused(struct arm_state *s, mb_fmt fmt, uint64_t a, uint64_t b, uint64_t c)
{
    struct mb_float_env env = arm_fp_vfp_env(s);
    uint64_t result = mb_float_fma(&env, fmt, a, b, c);
    arm_fp_accrue(s, &env);
    return result;
}

uint32_t arm_fp_fma32(struct arm_state *s, uint32_t a, uint32_t b, uint32_t c)
{
    return (uint32_t)fused(s, &mb_float_single, a, b, c);
}

uint64_t arm_fp_fma64(struct arm_state *s, uint64_t a, uint64_t b, uint64_t c)
{
    return fused(s, &mb_float_double, a, b, c);
}

static uint32_t compare(struct arm_state *s, mb_fmt fmt, uint64_t a, uint64_t b, bool quiet)
{
    struct mb_float_env env = arm_fp_vfp_env(s);
    int order = mb_float_compare(&env, fmt, a, b, quiet);
    arm_fp_accrue(s, &env);
    return (uint32_t)order;
}

uint32_t arm_fp_compare32(struct arm_state *s, uint32_t a, uint32_t b, uint32_t quiet)
{
    return compare(s, &mb_float_single, a, b, quiet);
}

uint32_t arm_fp_compare64(struct arm_state *s, uint64_t a, uint64_t b, uint32_t quiet)
{
    return compare(s, &mb_float_double, a, b, quiet);
}

/* ---- conversions ---- */
uint64_t arm_fp_convert(struct arm_state *s, uint32_t from_size, uint32_t size, uint64_t value)
{
    struct mb_float_env env = arm_fp_vfp_env(s);
    uint64_t result = mb_float_convert(&env, format(from_size), format(size), value);
    arm_fp_accrue(s, &env);
    return result;
}

/* As fixed_shape in simd_exact.py packs it. */
static struct mb_fixed unpack_shape(uint32_t shape)
{
    return (struct mb_fixed){(int)(shape & 0xff), shape >> 8 & 1, (int)(shape >> 16)};
}

uint64_t arm_fp_to_fixed(struct arm_state *s, uint32_t size, uint32_t shape,
                         uint32_t toward_zero, uint64_t value)
{
    struct mb_float_env env = arm_fp_vfp_env(s);
    uint64_t result = mb_float_to_fixed(&env, format(size), value, unpack_shape(shape),
                                        toward_zero ? MB_FLOAT_ZERO : env.rounding);
    arm_fp_accrue(s, &env);
    return result;
}

uint64_t arm_fp_from_fixed(struct arm_state *s, uint32_t size, uint32_t shape,
                           uint32_t to_nearest, uint64_t value)
{
    struct mb_float_env env = arm_fp_vfp_env(s);
    uint64_t result = mb_float_from_fixed(&env, format(size), value, unpack_shape(shape),
                                          to_nearest ? MB_FLOAT_NEAREST : env.rounding);
    arm_fp_accrue(s, &env);
    return result;
}

/* ---- NaN results of IR arithmetic: computed again by ARM's rules ---- */
static uint64_t again(struct mb_cpu *cpu, int op, mb_fmt fmt, uint64_t a, uint64_t b,
                      uint64_t c)
{
    struct arm_state *s = (struct arm_state *)cpu;
    switch (op) {
    case MB_IR_FADD: return run2(s, mb_float_add, fmt, a, b);
    case MB_IR_FSUB: return run2(s, mb_float_sub, fmt, a, b);
    case MB_IR_FMUL: return run2(s, mb_float_mul, fmt, a, b);
    case MB_IR_FDIV: return run2(s, mb_float_div, fmt, a, b);
    case MB_IR_FSQRT: return square_root(s, fmt, a);
    case MB_IR_FMA: return fused(s, fmt, a, b, c);
    case MB_IR_F32TO64: return arm_fp_convert(s, 32, 64, a);
    case MB_IR_F64TO32: return arm_fp_convert(s, 64, 32, a);
    default: return mb_float_default_nan(fmt);
    }
}

uint64_t arm_nan64(struct mb_cpu *cpu, int op, uint64_t a, uint64_t b, uint64_t c)
{
    return again(cpu, op, &mb_float_double, a, b, c);
}

uint32_t arm_nan32(struct mb_cpu *cpu, int op, uint32_t a, uint32_t b, uint32_t c)
{
    return (uint32_t)again(cpu, op, &mb_float_single, a, b, c);
}
