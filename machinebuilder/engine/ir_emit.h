/* What every builder function does: check, simplify, share or append.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Translating is mostly this. It is compiled into each builder function (generate.py), so
 * that what depends on the operation alone is decided when the engine is built.
 */
#ifndef MB_IR_EMIT_H
#define MB_IR_EMIT_H

#include "ir_builder.h"

#define MB_ALWAYS static inline __attribute__((always_inline))

/* ---- operands ---- */
/* `t`: the type of T and F so far. */
MB_ALWAYS bool mb_emit_fits(unsigned kind, unsigned type, unsigned *t)
{
    if (kind == MB_K_ANY)
        return type != MB_VOID;
    if (kind < MB_K_T)
        return type == kind;
    if (*t)
        return type == *t;
    *t = type;
    return kind == MB_K_T ? type == MB_I32 || type == MB_I64
                          : type == MB_F32 || type == MB_F64;
}

/* `any` operands of select, cas, swap and phi agree, and the result is like them. */
MB_ALWAYS bool mb_emit_check_any(const struct mb_ir *ir, struct mb_op *op, unsigned code,
                                 unsigned inputs)
{
    unsigned first = code == MB_IR_PHI ? 0 : 1;
    op->type = ir->ops[op->in[first]].type;
    for (unsigned i = first + 1; i < inputs; i++) {
        if (ir->ops[op->in[i]].type != op->type)
            return false;
    }
    return true;
}

/* Operands exist and fit the row; sets the type of the result. */
MB_ALWAYS bool mb_emit_check(const struct mb_ir *ir, struct mb_op *op, unsigned code,
                             const struct mb_op_info *info)
{
    unsigned t = MB_VOID;
#pragma GCC unroll 3
    for (unsigned i = 0; i < info->inputs; i++) {
        if (op->in[i] == 0 || op->in[i] >= ir->count)
            return false;
        if (!mb_emit_fits(info->in[i], ir->ops[op->in[i]].type, &t))
            return false;
    }
    if (info->out < MB_K_T)
        op->type = info->out;
    else if (code == MB_IR_GET || code == MB_IR_LOAD)
        return op->type != MB_VOID;
    else if (info->out == MB_K_ANY)
        return mb_emit_check_any(ir, op, code, info->inputs);
    else if (t && op->type == MB_VOID)
        op->type = (uint8_t)t;
    return op->type != MB_VOID || info->out == MB_VOID;
}

/* ---- values ---- */
MB_ALWAYS bool mb_emit_commutes(unsigned code)
{
    switch (code) {
    case MB_IR_ADD: case MB_IR_MUL: case MB_IR_MULHU: case MB_IR_MULHS: case MB_IR_AND:
    case MB_IR_OR: case MB_IR_XOR: case MB_IR_EQ: case MB_IR_NE: case MB_IR_ADDC:
    case MB_IR_CARRY: case MB_IR_OVERFLOW:
        return true;
    default:
        return false;
    }
}

/* One order for equal sums: constants right, else the older operand first. */
MB_ALWAYS void mb_emit_order(const struct mb_ir *ir, struct mb_op *op)
{
    mb_v a = op->in[0], b = op->in[1];
    bool a_const = ir->ops[a].code == MB_IR_CONST, b_const = ir->ops[b].code == MB_IR_CONST;
    if (a_const == b_const ? a > b : a_const) {
        op->in[0] = b;
        op->in[1] = a;
    }
}

MB_ALWAYS bool mb_emit_is_constant(const struct mb_ir *ir, const struct mb_op *op,
                                   unsigned inputs)
{
#pragma GCC unroll 3
    for (unsigned i = 0; i < inputs; i++)
        if (ir->ops[op->in[i]].code != MB_IR_CONST)
            return false;
    return inputs != 0;
}

MB_ALWAYS mb_v mb_emit_simplify(struct mb_ir *ir, struct mb_op *op, unsigned code)
{
    switch (code) {
    case MB_IR_ADD: return mb_simplify_add(ir, op);
    case MB_IR_SUB: return mb_simplify_sub(ir, op);
    case MB_IR_MUL: return mb_simplify_mul(ir, op);
    case MB_IR_DIVU: case MB_IR_REMU: return mb_simplify_divide(ir, op);
    case MB_IR_ADDC: case MB_IR_CARRY: case MB_IR_OVERFLOW: return mb_simplify_addc(ir, op);
    case MB_IR_SUBOVERFLOW: return mb_simplify_suboverflow(ir, op);
    case MB_IR_AND: return mb_simplify_and(ir, op);
    case MB_IR_OR: return mb_simplify_or(ir, op);
    case MB_IR_XOR: return mb_simplify_xor(ir, op);
    case MB_IR_EQ: case MB_IR_NE: return mb_simplify_equal(ir, op);
    case MB_IR_LTU: case MB_IR_LEU: case MB_IR_LTS: case MB_IR_LES:
        return mb_simplify_order(ir, op);
    case MB_IR_SHL: case MB_IR_SHR: case MB_IR_SAR: case MB_IR_ROR:
        return mb_simplify_shift(ir, op);
    case MB_IR_SELECT: return mb_simplify_select(ir, op);
    default: return mb_simplify_unary(ir, op);
    }
}

MB_ALWAYS mb_v mb_emit_value(struct mb_ir *ir, struct mb_op *op, unsigned code,
                             unsigned inputs)
{
    mb_v value = mb_emit_is_constant(ir, op, inputs) ? mb_simplify_constants(ir, op) : 0;
    if (value)
        return value;
    if (mb_emit_commutes(code))
        mb_emit_order(ir, op);
    value = mb_emit_simplify(ir, op, code);
    return value ? value : mb_ir_share(ir, op);
}

MB_ALWAYS mb_v mb_emit_constant(struct mb_ir *ir, struct mb_op *op)
{
    op->imm &= op->type == MB_I32 || op->type == MB_F32 ? UINT32_MAX : UINT64_MAX;
    return mb_ir_share(ir, op);
}

/* ---- everything ---- */
/* `code`, `info`: op->code and its row, as constants. Phis and constants may still come
 * between an endif and the compares that wait behind its phis. */
MB_ALWAYS mb_v mb_ir_emit_inline(struct mb_ir *ir, struct mb_op *op, unsigned code,
                                 const struct mb_op_info *info)
{
    if (code == MB_IR_CONST || code == MB_IR_FCONST)
        return mb_emit_constant(ir, op);
    if (ir->builder->waiting_count && code != MB_IR_PHI)
        mb_ir_put_waiting(ir);
    mb_v one = code == MB_IR_PHI ? mb_ir_only_arm(ir, op) : 0;
    if (one)
        return one;
    if (!mb_emit_check(ir, op, code, info))
        return mb_ir_mistake(ir, op);
    switch (info->effect) {
    case MB_E_NONE: return mb_emit_value(ir, op, code, info->inputs);
    case MB_E_READS: case MB_E_WRITES: return mb_ir_state(ir, op);
    case MB_E_MEMORY: return mb_ir_memory(ir, op);
    case MB_E_CONTROL: return mb_ir_control(ir, op);
    default:                    /* fp: what type its operands have */
        op->width = ir->ops[op->in[0]].type;
        return mb_ir_append(ir, op);
    }
}

#endif
