/* Integer operations. SPDX-License-Identifier: Apache-2.0 */
#include "gen.h"

static uint32_t wide_op(uint32_t op, bool wide)
{
    return op | (wide ? W64 : 0);
}

/* The constant as an immediate of a `wide` operation. */
static bool immediate(const struct gen *gen, mb_v v, bool wide, int32_t *imm)
{
    uint64_t c;
    if (!mb_x86_const(gen, v, &c) || (wide && c != (uint64_t)(int64_t)(int32_t)c))
        return false;
    *imm = (int32_t)c;
    return true;
}

static bool in_dying_register(const struct gen *gen, mb_v v)
{
    return gen->values[v].reg != NO_REG && mb_x86_dies(gen, v);
}

/* A register for the result that starts out as a copy of `a`. */
static unsigned copy_of(struct gen *gen, mb_v a, bool wide)
{
    unsigned from = mb_x86_use(gen, a);
    unsigned to = mb_x86_redefine(gen, gen->at, a);
    x_mov_rr(&gen->code, wide, to, from);
    return to;
}

static void alu(struct gen *gen, const struct mb_op *op, unsigned alu, bool commutes)
{
    mb_v a = op->in[0], b = op->in[1];
    bool wide = op->type == MB_I64;
    int32_t imm;
    if (immediate(gen, b, wide, &imm)) {
        x_alu_imm(&gen->code, wide, alu, copy_of(gen, a, wide), imm);
        return;
    }
    if (commutes && !in_dying_register(gen, a) && in_dying_register(gen, b)) {
        mb_v t = a;
        a = b;
        b = t;
    }
    unsigned from = mb_x86_use(gen, b), to = copy_of(gen, a, wide);
    x_rr(&gen->code, wide_op(OP(0, 0, 8 * alu + 1), wide), from, to);
}

static void logic(struct gen *gen, const struct mb_op *op, unsigned number)
{
    alu(gen, op, number, true);
    gen->flags = (struct flags){FLAGS_TEST, op->type == MB_I64, gen->at, 0};
}

/* lea keeps the flags and both operands. */
static bool add_by_lea(struct gen *gen, const struct mb_op *op)
{
    bool wide = op->type == MB_I64;
    int32_t imm;
    if (op->mark || in_dying_register(gen, op->in[0]) ||
        in_dying_register(gen, op->in[1]))
        return false;
    unsigned a = mb_x86_use(gen, op->in[0]);
    struct mem m = at(a, 0);
    if (immediate(gen, op->in[1], wide, &imm))
        m.disp = imm;
    else
        m.index = (uint8_t)mb_x86_use(gen, op->in[1]);
    x_rm(&gen->code, wide_op(X_LEA, wide), mb_x86_define(gen, gen->at), m);
    return true;
}

/* Do the host's flags show `t` as carry, or as its contrary? They do if one compare can make
 * them so. */
static bool show_carry(struct gen *gen, mb_v t, unsigned *cc)
{
    struct condition condition;
    if (mb_x86_flags_match(gen, t, cc))
        return *cc == CC_B || *cc == CC_AE;
    if (!mb_x86_condition(gen->ir, t, &condition) ||
        (condition.cc != CC_B && condition.cc != CC_AE))
        return false;
    *cc = mb_x86_test(gen, t);
    return true;
}

/* x + t or x - t, where t is a carry. */
static bool with_host_carry(struct gen *gen, const struct mb_op *op, mb_v x, mb_v t,
                            bool minus)
{
    const struct value *truth = &gen->values[t];
    unsigned cc;
    if (!truth->lazy || truth->reg != NO_REG || truth->spill != NO_REG ||
        gen->values[x].reg == NO_REG || !show_carry(gen, t, &cc))
        return false;
    unsigned from = mb_x86_use(gen, x), to = mb_x86_redefine(gen, gen->at, x);
    bool wide = op->type == MB_I64, borrows = minus == (cc == CC_B);
    if (to != from)
        x_mov_rr(&gen->code, wide, to, from);
    x_alu_imm(&gen->code, wide, borrows ? ALU_SBB : ALU_ADC, to, cc == CC_B ? 0 : -1);
    flags_lost(gen);
    return true;
}

static bool add_scaled(struct gen *gen, const struct mb_op *op)
{
    uint64_t count;
    if (!op->flags)
        return false;
    bool second = op->flags == SCALED_SECOND;
    const struct mb_op *shift = &gen->ir->ops[op->in[second]];
    unsigned a = mb_x86_use(gen, op->in[!second]), b = mb_x86_use(gen, shift->in[0]);
    mb_x86_const(gen, shift->in[1], &count);
    x_rm(&gen->code, wide_op(X_LEA, op->type == MB_I64), mb_x86_define(gen, gen->at),
         at_index(a, b, (unsigned)count, 0));
    return true;
}

static void add(struct gen *gen, const struct mb_op *op)
{
    if (add_scaled(gen, op))
        return;
    if (with_host_carry(gen, op, op->in[0], op->in[1], false) ||
        with_host_carry(gen, op, op->in[1], op->in[0], false) || add_by_lea(gen, op))
        return;
    alu(gen, op, ALU_ADD, true);
    gen->flags = (struct flags){FLAGS_ADD, op->type == MB_I64, op->in[0], op->in[1]};
}

static void sub(struct gen *gen, const struct mb_op *op)
{
    if (with_host_carry(gen, op, op->in[0], op->in[1], true))
        return;
    alu(gen, op, ALU_SUB, false);
    gen->flags = (struct flags){FLAGS_CMP, op->type == MB_I64, op->in[0], op->in[1]};
}

static void mul(struct gen *gen, const struct mb_op *op)
{
    bool wide = op->type == MB_I64;
    int32_t imm;
    if (immediate(gen, op->in[1], wide, &imm)) {
        unsigned a = mb_x86_use(gen, op->in[0]);
        x_rr(&gen->code, wide_op(OP(0, 0, 0x69), wide),
             mb_x86_redefine(gen, gen->at, op->in[0]), a);
        put32(&gen->code, (uint32_t)imm);
        flags_lost(gen);
        return;
    }
    unsigned b = mb_x86_use(gen, op->in[1]), a = copy_of(gen, op->in[0], wide);
    x_rr(&gen->code, wide_op(X_IMUL, wide), a, b);
    flags_lost(gen);
}

static void mul_high(struct gen *gen, const struct mb_op *op)
{
    bool wide = op->type == MB_I64, is_signed = op->code == MB_IR_MULHS;
    unsigned a = mb_x86_use(gen, op->in[0]), b = mb_x86_use(gen, op->in[1]);
    flags_lost(gen);
    if (wide) {
        x_mov_rr(&gen->code, true, RAX, a);
        x_rr(&gen->code, OP(0, 0, 0xf7) | W64, is_signed ? 5 : 4, b);
        x_mov_rr(&gen->code, true, mb_x86_define(gen, gen->at), RDX);
        return;
    }
    uint32_t extend = is_signed ? X_MOVSXD : X_LOAD;
    x_rr(&gen->code, extend, RAX, a);
    x_rr(&gen->code, extend, RCX, b);
    x_rr(&gen->code, X_IMUL | W64, RAX, RCX);
    x_shift_imm(&gen->code, true, SHIFT_SHR, RAX, 32);
    x_mov_rr(&gen->code, false, mb_x86_define(gen, gen->at), RAX);
}

/* The host traps on division by 0 and on INT_MIN / -1: both go round the `div`. */
static void divide(struct gen *gen, const struct mb_op *op)
{
    bool wide = op->type == MB_I64;
    bool is_signed = op->code == MB_IR_DIVS || op->code == MB_IR_REMS;
    bool rest = op->code == MB_IR_REMU || op->code == MB_IR_REMS;
    unsigned a = mb_x86_use(gen, op->in[0]), b = mb_x86_use(gen, op->in[1]);
    unsigned to = mb_x86_define(gen, gen->at);
    struct code *code = &gen->code;
    uint8_t *minus_one = NULL, *done_minus_one = NULL;
    flags_lost(gen);
    x_rr(code, wide_op(X_TEST, wide), b, b);
    uint8_t *zero = x_jcc(code, CC_E);
    if (is_signed) {
        x_alu_imm(code, wide, ALU_CMP, b, -1);
        minus_one = x_jcc(code, CC_E);
    }
    x_mov_rr(code, wide, RAX, a);
    if (is_signed)
        x_opcode(code, wide_op(OP(0, 0, 0x99), wide), 0, 0, 0, false); /* cdq, cqo */
    else
        x_rr(code, OP(0, 0, 0x31), RDX, RDX);
    x_rr(code, wide_op(OP(0, 0, 0xf7), wide), is_signed ? 7 : 6, b);
    x_mov_rr(code, wide, to, rest ? RDX : RAX);
    uint8_t *done = x_jmp(code);
    if (is_signed) {
        x_patch(code, minus_one, code->p);
        if (rest)
            x_mov_imm(code, to, 0);
        else {
            x_mov_rr(code, wide, to, a);
            x_rr(code, wide_op(OP(0, 0, 0xf7), wide), 3, to);
        }
        done_minus_one = x_jmp(code);
    }
    x_patch(code, zero, code->p);
    if (rest)
        x_mov_rr(code, wide, to, a);
    else
        x_mov_imm(code, to, 0);
    x_patch(code, done, code->p);
    if (is_signed)
        x_patch(code, done_minus_one, code->p);
}

/* ---- shifts ---- */
static void shift_by(struct gen *gen, const struct mb_op *op, unsigned shift,
                     unsigned count)
{
    bool wide = op->type == MB_I64;
    unsigned a = mb_x86_use(gen, op->in[0]);
    bool dies = mb_x86_dies(gen, op->in[0]);
    if (shift == SHIFT_SHL && count <= 3 && !dies) {
        x_rm(&gen->code, wide_op(X_LEA, wide), mb_x86_define(gen, gen->at),
             count == 1 ? at_index(a, a, 0, 0) : at_index(NO_REG, a, count, 0));
        return;
    }
    if (shift == SHIFT_ROR && !dies) {
        x_vex(&gen->code, 3, 3, wide, 0xf0, mb_x86_define(gen, gen->at), 0,
              a); /* rorx */
        put8(&gen->code, count);
        return;
    }
    unsigned to = mb_x86_redefine(gen, gen->at, op->in[0]);
    x_mov_rr(&gen->code, wide, to, a);
    x_shift_imm(&gen->code, wide, shift, to, count);
    flags_lost(gen);
}

/* shlx, shrx and sarx keep the flags and take any register. */
static void shift(struct gen *gen, const struct mb_op *op, unsigned number)
{
    static const uint8_t prefix[8] = {
        [SHIFT_SHL] = 1, [SHIFT_SAR] = 2, [SHIFT_SHR] = 3};
    bool wide = op->type == MB_I64;
    uint64_t c;
    if (mb_x86_const(gen, op->in[1], &c)) {
        shift_by(gen, op, number, (unsigned)c & (wide ? 63 : 31));
        return;
    }
    unsigned count = mb_x86_use(gen, op->in[1]), a = mb_x86_use(gen, op->in[0]);
    if (number == SHIFT_ROR) {
        x_mov_rr(&gen->code, false, RCX, count);
        unsigned to = copy_of(gen, op->in[0], wide);
        x_rr(&gen->code, wide_op(OP(0, 0, 0xd3), wide), number, to);
        flags_lost(gen);
        return;
    }
    unsigned to = mb_x86_redefine(gen, gen->at, op->in[0]);
    x_vex(&gen->code, prefix[number], 2, wide, 0xf7, to, count, a);
}

/* ---- bits ---- */
static void unary(struct gen *gen, const struct mb_op *op, uint32_t code)
{
    unsigned a = mb_x86_use(gen, op->in[0]);
    x_rr(&gen->code, wide_op(code, op->type == MB_I64),
         mb_x86_redefine(gen, gen->at, op->in[0]), a);
}

static void bswap(struct gen *gen, const struct mb_op *op)
{
    bool wide = op->type == MB_I64;
    unsigned to = copy_of(gen, op->in[0], wide);
    x_opcode(&gen->code, wide_op(OP(0, 1, 0xc8 + (to & 7)), wide), 0, 0, to, false);
}

/* Bytes by bswap, then nibbles, pairs and bits by mask and shift, all in scratch. */
static void bitrev(struct gen *gen, const struct mb_op *op)
{
    static const uint64_t masks[] = {
        0x0f0f0f0f0f0f0f0fu, 0x3333333333333333u, 0x5555555555555555u};
    bool wide = op->type == MB_I64;
    struct code *code = &gen->code;
    x_mov_rr(code, wide, RAX, mb_x86_use(gen, op->in[0]));
    x_opcode(code, wide_op(OP(0, 1, 0xc8 + RAX), wide), 0, 0, RAX, false);
    for (unsigned i = 0; i < 3; i++) {
        x_mov_imm(code, RDX, wide ? masks[i] : (uint32_t)masks[i]);
        x_mov_rr(code, wide, RCX, RAX);
        x_shift_imm(code, wide, SHIFT_SHR, RCX, 4u >> i);
        x_rr(code, wide_op(OP(0, 0, 0x21), wide), RDX, RCX);
        x_rr(code, wide_op(OP(0, 0, 0x21), wide), RDX, RAX);
        x_shift_imm(code, wide, SHIFT_SHL, RAX, 4u >> i);
        x_rr(code, wide_op(OP(0, 0, 0x09), wide), RCX, RAX);
    }
    x_mov_rr(code, wide, mb_x86_define(gen, gen->at), RAX);
    flags_lost(gen);
}

/* i32 is kept zero-extended: a dying register just changes its name. */
static void extend(struct gen *gen, const struct mb_op *op)
{
    unsigned a = mb_x86_use(gen, op->in[0]);
    unsigned to = mb_x86_redefine(gen, gen->at, op->in[0]);
    if (op->code == MB_IR_TRUNC || to != a)
        x_rr(&gen->code, X_LOAD, to, a);
}

/* ---- carry ---- */
/* Host CF becomes the truth value c. */
static void load_carry(struct gen *gen, unsigned c)
{
    x_mov_rr(&gen->code, false, RAX, c);
    x_rr(&gen->code, OP(0, 0, 0xf7), 3, RAX);           /* neg */
    flags_lost(gen);
}

static void add_carry(struct gen *gen, const struct mb_op *op)
{
    bool wide = type_of(gen, op->in[0]) == MB_I64, sum = op->code == MB_IR_ADDC;
    unsigned c = mb_x86_use(gen, op->in[2]), b = mb_x86_use(gen, op->in[1]);
    unsigned a = mb_x86_use(gen, op->in[0]);
    x_mov_rr(&gen->code, wide, RCX, a);
    load_carry(gen, c);
    x_rr(&gen->code, wide_op(OP(0, 0, 8 * ALU_ADC + 1), wide), b, RCX);
    unsigned to = mb_x86_define(gen, gen->at);
    if (sum) {
        x_mov_rr(&gen->code, wide, to, RCX);
        return;
    }
    x_setcc(&gen->code, op->code == MB_IR_CARRY ? CC_B : CC_O, RAX);
    x_rr(&gen->code, X_MOVZX8, to, RAX);
}

static void truth(struct gen *gen)
{
    unsigned cc = mb_x86_compare(gen, gen->at);
    x_setcc(&gen->code, cc, RAX);
    x_rr(&gen->code, X_MOVZX8, mb_x86_define(gen, gen->at), RAX);
}

/* ---- select ---- */
static void select_xmm(struct gen *gen, const struct mb_op *op)
{
    unsigned a = mb_x86_use(gen, op->in[1]) - 16, b = mb_x86_use(gen, op->in[2]) - 16;
    unsigned cc = mb_x86_test(gen, op->in[0]);
    unsigned to = mb_x86_define(gen, gen->at) - 16;
    x_rr(&gen->code, X_MOVAPS, to, a);
    uint8_t *skip = x_jcc(&gen->code, cc);
    x_rr(&gen->code, X_MOVAPS, to, b);
    x_patch(&gen->code, skip, gen->code.p);
}

static void select(struct gen *gen, const struct mb_op *op)
{
    mb_v then = op->in[1], other = op->in[2];
    bool wide = op->type == MB_I64;
    unsigned a = mb_x86_use(gen, then), b = mb_x86_use(gen, other);
    unsigned cc = mb_x86_test(gen, op->in[0]);
    if (!in_dying_register(gen, other) && in_dying_register(gen, then)) {
        unsigned t = a;
        a = b;
        b = t;
        other = then;
        cc ^= 1;
    }
    unsigned to = mb_x86_redefine(gen, gen->at, other);
    x_mov_rr(&gen->code, wide, to, b);
    x_rr(&gen->code, wide_op(OP(0, 1, 0x40 | cc), wide), to, a);
}

bool mb_x86_integer(struct gen *gen, const struct mb_op *op)
{
    switch (op->code) {
    case MB_IR_ADD: add(gen, op); return true;
    case MB_IR_SUB: sub(gen, op); return true;
    case MB_IR_MUL: mul(gen, op); return true;
    case MB_IR_MULHU: case MB_IR_MULHS: mul_high(gen, op); return true;
    case MB_IR_DIVU: case MB_IR_DIVS: case MB_IR_REMU: case MB_IR_REMS:
        divide(gen, op); return true;
    case MB_IR_AND: logic(gen, op, ALU_AND); return true;
    case MB_IR_OR: logic(gen, op, ALU_OR); return true;
    case MB_IR_XOR: logic(gen, op, ALU_XOR); return true;
    case MB_IR_NOT: case MB_IR_NEG: {
        bool wide = op->type == MB_I64;
        unsigned to = copy_of(gen, op->in[0], wide);
        x_rr(&gen->code, wide_op(OP(0, 0, 0xf7), wide), op->code == MB_IR_NOT ? 2 : 3,
             to);
        if (op->code == MB_IR_NEG)
            flags_lost(gen);
        return true;
    }
    case MB_IR_SHL: shift(gen, op, SHIFT_SHL); return true;
    case MB_IR_SHR: shift(gen, op, SHIFT_SHR); return true;
    case MB_IR_SAR: shift(gen, op, SHIFT_SAR); return true;
    case MB_IR_ROR: shift(gen, op, SHIFT_ROR); return true;
    case MB_IR_CLZ: unary(gen, op, OP(0xf3, 1, 0xbd)); flags_lost(gen); return true;
    case MB_IR_CTZ: unary(gen, op, OP(0xf3, 1, 0xbc)); flags_lost(gen); return true;
    case MB_IR_POPCOUNT:
        unary(gen, op, OP(0xf3, 1, 0xb8));
        flags_lost(gen);
        return true;
    case MB_IR_BSWAP: bswap(gen, op); return true;
    case MB_IR_BITREV: bitrev(gen, op); return true;
    case MB_IR_SEXT8: unary(gen, op, X_MOVSX8); return true;
    case MB_IR_SEXT16: unary(gen, op, X_MOVSX16); return true;
    case MB_IR_SEXT32: unary(gen, op, X_MOVSXD); return true;
    case MB_IR_ZEXT32: case MB_IR_TRUNC: extend(gen, op); return true;
    case MB_IR_ADDC: case MB_IR_CARRY: add_carry(gen, op); return true;
    case MB_IR_OVERFLOW: case MB_IR_SUBOVERFLOW: case MB_IR_EQ: case MB_IR_NE:
    case MB_IR_LTU: case MB_IR_LEU: case MB_IR_LTS: case MB_IR_LES: {
        struct condition condition;
        if (!mb_x86_condition(gen->ir, gen->at, &condition))
            add_carry(gen, op);
        else if (!mb_x86_is_lazy(gen, gen->at))
            truth(gen);
        return true;
    }
    case MB_IR_SELECT:
        if (is_xmm_type(op->type))
            select_xmm(gen, op);
        else
            select(gen, op);
        return true;
    default: return false;
    }
}
