/* Floating point on SSE, under the guest's MXCSR. SPDX-License-Identifier: Apache-2.0
 *
 * A NaN result goes to cold code, where the core's hook makes it by the guest's rules
 * from the operands, which therefore keep their registers until the guard has passed.
 */
#include "gen.h"

static bool is_double(unsigned type)
{
    return type == MB_F64;
}

/* The prefix of scalar operations in VEX: F2 for double, F3 for single. */
static unsigned scalar(unsigned type)
{
    return is_double(type) ? 3 : 2;
}

static void compare(struct gen *gen, unsigned type, unsigned byte, unsigned a,
                    unsigned b)
{
    x_vex(&gen->code, is_double(type) ? 1 : 0, 1, false, byte, a, 0, b);
    flags_lost(gen);
}

enum { UCOMI = 0x2e, COMI = 0x2f };

static void guard(struct gen *gen, const struct mb_op *op, unsigned to, unsigned a,
                  unsigned b, unsigned c)
{
    compare(gen, op->type, UCOMI, to, to);
    struct cold *cold = mb_x86_cold(gen, COLD_NAN);
    cold->code = op->code;
    cold->width = op->code == MB_IR_F32TO64 || op->code == MB_IR_F64TO32 ||
                  is_double(op->type) ? 8 : 4;
    cold->value = (uint8_t)to;
    cold->address = (uint8_t)a;
    cold->b = (uint8_t)b;
    cold->c = (uint8_t)c;
    cold->slow = x_jcc(&gen->code, CC_P);
    cold->back = gen->code.p;
}

static void binary(struct gen *gen, const struct mb_op *op, unsigned byte)
{
    unsigned a = mb_x86_use(gen, op->in[0]) - 16, b = mb_x86_use(gen, op->in[1]) - 16;
    unsigned to = mb_x86_define(gen, gen->at) - 16;
    x_vex(&gen->code, scalar(op->type), 1, false, byte, to, a, b);
    guard(gen, op, to, a, b, NO_REG);
}

/* Square root and the conversions between formats. */
static void unary(struct gen *gen, const struct mb_op *op, unsigned byte)
{
    unsigned a = mb_x86_use(gen, op->in[0]) - 16;
    unsigned to = mb_x86_define(gen, gen->at) - 16;
    x_vex(&gen->code, scalar(type_of(gen, op->in[0])), 1, false, byte, to, a, a);
    guard(gen, op, to, a, NO_REG, NO_REG);
}

static void multiply_add(struct gen *gen, const struct mb_op *op)
{
    unsigned a = mb_x86_use(gen, op->in[0]) - 16, b = mb_x86_use(gen, op->in[1]) - 16;
    unsigned c = mb_x86_use(gen, op->in[2]) - 16;
    unsigned to = mb_x86_define(gen, gen->at) - 16;
    x_rr(&gen->code, X_MOVAPS, to, c);
    x_vex(&gen->code, 1, 2, is_double(op->type), 0xb9, to, a, b);   /* vfmadd231 */
    guard(gen, op, to, a, b, c);
}

static void load_bits(struct gen *gen, unsigned type, unsigned xmm, uint64_t bits)
{
    x_mov_imm(&gen->code, RAX, bits);
    x_rr(&gen->code, X_MOVD_TO_XMM | (is_double(type) ? W64 : 0), xmm, RAX);
}

static void sign(struct gen *gen, const struct mb_op *op)
{
    bool negate = op->code == MB_IR_FNEG;
    uint64_t bit = is_double(op->type) ? 1ull << 63 : 1u << 31;
    unsigned a = mb_x86_use(gen, op->in[0]) - 16;
    unsigned to = mb_x86_define(gen, gen->at) - 16;
    load_bits(gen, op->type, SCRATCH_XMM, negate ? bit : bit - 1);
    x_vex(&gen->code, 0, 1, false, negate ? 0x57 : 0x54, to, a, SCRATCH_XMM);
}

/* 0 equal, 1 less, 2 greater, 3 unordered: CF + 2 * (above or parity). */
static void order(struct gen *gen, const struct mb_op *op)
{
    unsigned a = mb_x86_use(gen, op->in[0]) - 16, b = mb_x86_use(gen, op->in[1]) - 16;
    unsigned to = mb_x86_define(gen, gen->at);
    compare(gen, type_of(gen, op->in[0]), op->code == MB_IR_FCMP ? UCOMI : COMI, a, b);
    x_setcc(&gen->code, CC_B, RAX);
    x_setcc(&gen->code, CC_A, RCX);
    x_setcc(&gen->code, CC_P, RDX);
    x_rr(&gen->code, OP(0, 0, 0x08) | BYTE, RDX, RCX);
    x_rr(&gen->code, X_MOVZX8, RAX, RAX);
    x_rr(&gen->code, X_MOVZX8, RCX, RCX);
    x_rm(&gen->code, X_LEA, to, at_index(RAX, RCX, 1, 0));
}

/* Unsigned 32-bit sources are non-negative as 64-bit ones. */
static void from_integer(struct gen *gen, const struct mb_op *op)
{
    unsigned a = mb_x86_use(gen, op->in[0]), to = mb_x86_define(gen, gen->at) - 16;
    uint32_t wide = op->code == MB_IR_S32TOF ? 0 : W64;
    x_rr(&gen->code, OP(0, 1, 0x57), to, to);
    x_rr(&gen->code, OP(is_double(op->type) ? 0xf2 : 0xf3, 1, 0x2a) | wide, to, a);
}

static uint32_t truncate_op(unsigned type)
{
    return OP(is_double(type) ? 0xf2 : 0xf3, 1, 0x2c);
}

/* The host gives INT_MIN for all that does not fit, and raises invalid. */
static void to_signed(struct gen *gen, const struct mb_op *op)
{
    unsigned type = type_of(gen, op->in[0]);
    unsigned a = mb_x86_use(gen, op->in[0]) - 16, to = mb_x86_define(gen, gen->at);
    struct code *code = &gen->code;
    x_rr(code, truncate_op(type), to, a);
    x_alu_imm(code, false, ALU_CMP, to, INT32_MIN);
    uint8_t *fits = x_jcc(code, CC_NE);
    x_rr(code, OP(0, 1, 0x57), SCRATCH_XMM, SCRATCH_XMM);
    compare(gen, type, UCOMI, a, SCRATCH_XMM);
    uint8_t *negative = x_jcc(code, CC_B);      /* or unordered */
    x_mov_imm(code, to, INT32_MAX);
    uint8_t *positive = x_jmp(code);
    x_patch(code, negative, code->p);
    uint8_t *ordered = x_jcc(code, CC_NP);
    x_mov_imm(code, to, 0);
    x_patch(code, ordered, code->p);
    x_patch(code, positive, code->p);
    x_patch(code, fits, code->p);
}

/* The range is checked first, or the host would raise inexact instead of invalid. */
static void to_unsigned(struct gen *gen, const struct mb_op *op)
{
    unsigned type = type_of(gen, op->in[0]);
    unsigned a = mb_x86_use(gen, op->in[0]) - 16, to = mb_x86_define(gen, gen->at);
    struct code *code = &gen->code;
    load_bits(gen, type, SCRATCH_XMM,
              is_double(type) ? 0x41f0000000000000u : 0x4f800000u);         /* 2^32 */
    x_mov_imm(code, to, UINT32_MAX);
    compare(gen, type, UCOMI, a, SCRATCH_XMM);
    uint8_t *high = x_jcc(code, CC_AE);
    load_bits(gen, type, SCRATCH_XMM,
              is_double(type) ? 0xbff0000000000000u : 0xbf800000u);         /* -1 */
    x_mov_imm(code, to, 0);
    compare(gen, type, UCOMI, a, SCRATCH_XMM);
    uint8_t *low = x_jcc(code, CC_BE);          /* or unordered */
    x_rr(code, truncate_op(type) | W64, to, a);
    uint8_t *done = x_jmp(code);
    x_patch(code, high, code->p);
    x_patch(code, low, code->p);
    x_rr(code, OP(0, 1, 0x57), SCRATCH_XMM, SCRATCH_XMM);
    x_vex(code, 2, 1, false, 0x5e, SCRATCH_XMM, SCRATCH_XMM, SCRATCH_XMM);  /* 0 / 0 */
    x_patch(code, done, code->p);
}

static void copy_bits(struct gen *gen, const struct mb_op *op)
{
    unsigned a = mb_x86_use(gen, op->in[0]), to = mb_x86_define(gen, gen->at);
    bool from = op->code == MB_IR_BITS32 || op->code == MB_IR_BITS64;
    bool wide = op->code == MB_IR_BITS64 || op->code == MB_IR_FLOAT64;
    if (from)
        x_rr(&gen->code, X_MOVD_FROM_XMM | (wide ? W64 : 0), a - 16, to);
    else
        x_rr(&gen->code, X_MOVD_TO_XMM | (wide ? W64 : 0), to - 16, a);
}

bool mb_x86_float(struct gen *gen, const struct mb_op *op)
{
    switch (op->code) {
    case MB_IR_FADD: binary(gen, op, 0x58); return true;
    case MB_IR_FMUL: binary(gen, op, 0x59); return true;
    case MB_IR_FSUB: binary(gen, op, 0x5c); return true;
    case MB_IR_FDIV: binary(gen, op, 0x5e); return true;
    case MB_IR_FSQRT: unary(gen, op, 0x51); return true;
    case MB_IR_F32TO64: case MB_IR_F64TO32: unary(gen, op, 0x5a); return true;
    case MB_IR_FMA: multiply_add(gen, op); return true;
    case MB_IR_FNEG: case MB_IR_FABS: sign(gen, op); return true;
    case MB_IR_FCMP: case MB_IR_FCMPE: order(gen, op); return true;
    case MB_IR_S32TOF:
    case MB_IR_U32TOF:
    case MB_IR_S64TOF: from_integer(gen, op); return true;
    case MB_IR_FTOS32: to_signed(gen, op); return true;
    case MB_IR_FTOU32: to_unsigned(gen, op); return true;
    case MB_IR_BITS32: case MB_IR_BITS64: case MB_IR_FLOAT32: case MB_IR_FLOAT64:
        copy_bits(gen, op); return true;
    default: return false;
    }
}
