/* The interpreter's floating point, on the host's. SPDX-License-Identifier: Apache-2.0
 *
 * A NaN result is recomputed by the core's hook. f32to64 and f64to32 both use nan64,
 * with and for the plain bit patterns. NaN operands never reach a libm function.
 */
#include "interpret.h"

#include <fenv.h>
#include <math.h>

static double compute64(unsigned code, double a, double b, double c)
{
    switch (code) {
    case MB_IR_FADD: return a + b;
    case MB_IR_FSUB: return a - b;
    case MB_IR_FMUL: return a * b;
    case MB_IR_FDIV: return a / b;
    case MB_IR_FSQRT: return sqrt(a);
    default: return fma(a, b, c);
    }
}

static float compute32(unsigned code, float a, float b, float c)
{
    switch (code) {
    case MB_IR_FADD: return a + b;
    case MB_IR_FSUB: return a - b;
    case MB_IR_FMUL: return a * b;
    case MB_IR_FDIV: return a / b;
    case MB_IR_FSQRT: return sqrtf(a);
    default: return fmaf(a, b, c);
    }
}

static bool is_signalling(unsigned type, const union mb_value *a)
{
    if (type == MB_F32)
        return isnan(a->f32) && !(a->u32[0] & 1u << 22);
    return isnan(a->f64) && !(a->u64[0] & 1ull << 51);
}

static uint32_t compare(unsigned code, unsigned type, const union mb_value *a,
                        const union mb_value *b)
{
    double x = type == MB_F32 ? (double)a->f32 : a->f64;
    double y = type == MB_F32 ? (double)b->f32 : b->f64;
    if (isnan(x) || isnan(y)) {
        if (code == MB_IR_FCMPE || is_signalling(type, a) || is_signalling(type, b))
            feraiseexcept(FE_INVALID);
        return 3;
    }
    return x == y ? 0 : x < y ? 1 : 2;
}

static uint32_t to_integer(double x, double low, double high, uint32_t least,
                           uint32_t most)
{
    if (x > low && x < high)
        return low == -1 ? (uint32_t)x : (uint32_t)(int32_t)x;
    feraiseexcept(FE_INVALID);
    return isnan(x) ? 0 : x < 0 ? least : most;
}

static void convert(struct mb_cpu *cpu, const struct mb_op *op, const union mb_value *a,
                    union mb_value *out)
{
    switch (op->code) {
    case MB_IR_F32TO64:
        out->f64 = (double)a->f32;
        if (isnan(out->f64))
            out->u64[0] = cpu->core->nan64(cpu, op->code, a->u32[0], 0, 0);
        break;
    case MB_IR_F64TO32:
        out->f32 = (float)a->f64;
        if (isnan(out->f32))
            out->u64[0] = (uint32_t)cpu->core->nan64(cpu, op->code, a->u64[0], 0, 0);
        break;
    case MB_IR_S32TOF:
        if (op->type == MB_F32)
            out->f32 = (float)(int32_t)a->u32[0];
        else
            out->f64 = (int32_t)a->u32[0];
        break;
    case MB_IR_U32TOF:
        if (op->type == MB_F32)
            out->f32 = (float)a->u32[0];
        else
            out->f64 = a->u32[0];
        break;
    default:                    /* s64tof */
        if (op->type == MB_F32)
            out->f32 = (float)(int64_t)a->u64[0];
        else
            out->f64 = (double)(int64_t)a->u64[0];
    }
}

static void arithmetic(struct mb_cpu *cpu, const struct mb_op *op,
                       const union mb_value *a, const union mb_value *b,
                       const union mb_value *c, union mb_value *out)
{
    if (op->type == MB_F64) {
        out->f64 = compute64(op->code, a->f64, b->f64, c->f64);
        if (isnan(out->f64))
            out->u64[0] =
                cpu->core->nan64(cpu, op->code, a->u64[0], b->u64[0], c->u64[0]);
    } else {
        out->f32 = compute32(op->code, a->f32, b->f32, c->f32);
        if (isnan(out->f32))
            out->u32[0] =
                cpu->core->nan32(cpu, op->code, a->u32[0], b->u32[0], c->u32[0]);
    }
}

void mb_interpret_float(struct mb_cpu *cpu, const struct mb_op *op,
                        const union mb_value *a, const union mb_value *b,
                        const union mb_value *c, union mb_value *out)
{
    union mb_value result = {{0}};
    unsigned type = op->width; /* of the operand, where the result is an integer */
    double x;
    switch (op->code) {
    case MB_IR_FCMP: case MB_IR_FCMPE:
        result.u32[0] = compare(op->code, type, a, b);
        break;
    case MB_IR_FTOS32: case MB_IR_FTOU32:
        x = type == MB_F32 ? (double)a->f32 : a->f64;
        result.u32[0] = op->code == MB_IR_FTOS32 ?
            to_integer(x, -2147483649.0, 2147483648.0, 1u << 31, INT32_MAX) :
            to_integer(x, -1.0, 4294967296.0, 0, UINT32_MAX);
        break;
    case MB_IR_F32TO64: case MB_IR_F64TO32: case MB_IR_S32TOF: case MB_IR_U32TOF:
    case MB_IR_S64TOF:
        convert(cpu, op, a, &result);
        break;
    default:
        arithmetic(cpu, op, a, b, c, &result);
    }
    *out = result;
}
