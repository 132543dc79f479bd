/* How many low bits of a value can be ones: masks that do nothing fall away by it.
 * SPDX-License-Identifier: Apache-2.0 */
#include "ir_builder.h"

static unsigned bits_at(const struct mb_ir *ir, mb_v v, unsigned depth)
{
    const struct mb_op *op = &ir->ops[v];
    unsigned full = op->type == MB_I32 ? 32 : 64, x, y;
    uint64_t c;
    switch (op->code) {
    case MB_IR_CONST:
        return op->imm ? 64 - (unsigned)__builtin_clzll(op->imm) : 0;
    case MB_IR_CARRY: case MB_IR_OVERFLOW: case MB_IR_SUBOVERFLOW: case MB_IR_EQ:
    case MB_IR_NE: case MB_IR_LTU: case MB_IR_LEU: case MB_IR_LTS: case MB_IR_LES:
        return 1;
    case MB_IR_FCMP: case MB_IR_FCMPE:
        return 2;
    case MB_IR_CLZ: case MB_IR_CTZ: case MB_IR_POPCOUNT:
        return 7;
    case MB_IR_GET:
        return op->type <= MB_I64 && op->width * 8u < full ? op->width * 8u : full;
    case MB_IR_LOAD:
        return !(op->flags & 1) && op->width * 8u < full ? op->width * 8u : full;
    case MB_IR_ZEXT32:
        return depth ? bits_at(ir, op->in[0], depth - 1) : 32;
    case MB_IR_SHR:
        if (!mb_ir_is_const(ir, op->in[1], &c))
            return full;
        x = depth ? bits_at(ir, op->in[0], depth - 1) : full;
        c &= full - 1;
        return x > c ? x - (unsigned)c : 0;
    case MB_IR_AND: case MB_IR_OR: case MB_IR_XOR:
    case MB_IR_SELECT: case MB_IR_PHI:
        if (!depth)
            return full;
        x = bits_at(ir, op->in[op->code == MB_IR_SELECT ? 2 : 0], depth - 1);
        y = bits_at(ir, op->in[1], depth - 1);
        return op->code == MB_IR_AND ? (x < y ? x : y) : (x > y ? x : y);
    default:
        return full;
    }
}

unsigned mb_ir_bits(const struct mb_ir *ir, mb_v v)
{
    return bits_at(ir, v, 3);
}
