/* Local rewriting while a unit is built: constants, identities, and flag arithmetic
 * that is really a compare. SPDX-License-Identifier: Apache-2.0 */
#include "ir_builder.h"

static const struct mb_op *op_of(const struct mb_ir *ir, mb_v v)
{
    return &ir->ops[v];
}

static bool is_op(const struct mb_ir *ir, mb_v v, unsigned code)
{
    return ir->ops[v].code == code;
}

static bool is_value(const struct mb_ir *ir, mb_v v, uint64_t value)
{
    return is_op(ir, v, MB_IR_CONST) && ir->ops[v].imm == value;
}

static uint64_t mask_of(unsigned type)
{
    return type == MB_I32 || type == MB_F32 ? UINT32_MAX : UINT64_MAX;
}

static unsigned bits_of(unsigned type)
{
    return type == MB_I32 ? 32 : 64;
}

static mb_v constant(struct mb_ir *ir, unsigned type, uint64_t value)
{
    return mb_ir_const(ir, (enum mb_type)type, value & mask_of(type));
}

static bool is_truth(const struct mb_ir *ir, mb_v v)
{
    return op_of(ir, v)->type == MB_I32 && mb_ir_bits(ir, v) <= 1;
}

/* The opposite of a truth value. */
static mb_v invert(struct mb_ir *ir, mb_v v)
{
    const struct mb_op op = *op_of(ir, v);
    switch (op.code) {
    case MB_IR_EQ: return mb_ir_ne(ir, op.in[0], op.in[1]);
    case MB_IR_NE: return mb_ir_eq(ir, op.in[0], op.in[1]);
    case MB_IR_LTU: return mb_ir_leu(ir, op.in[1], op.in[0]);
    case MB_IR_LEU: return mb_ir_ltu(ir, op.in[1], op.in[0]);
    case MB_IR_LTS: return mb_ir_les(ir, op.in[1], op.in[0]);
    case MB_IR_LES: return mb_ir_lts(ir, op.in[1], op.in[0]);
    default: return 0;
    }
}

/* ---- constants ---- */
mb_v mb_simplify_constants(struct mb_ir *ir, struct mb_op *op)
{
    uint64_t x[3] = {0}, out;
    for (unsigned i = 0; i < mb_ir_table[op->code].inputs; i++)
        x[i] = op_of(ir, op->in[i])->imm;
    unsigned bits = bits_of(op_of(ir, op->in[0])->type);
    return mb_ir_fold(op->code, bits, x[0], x[1], x[2], &out) ? constant(ir, op->type, out)
                                                               : 0;
}

/* ---- sums ---- */
mb_v mb_simplify_add(struct mb_ir *ir, struct mb_op *op)
{
    uint64_t c, d;
    if (!mb_ir_is_const(ir, op->in[1], &c))
        return 0;
    if (c == 0)
        return op->in[0];
    const struct mb_op *a = op_of(ir, op->in[0]);
    if ((a->code == MB_IR_ADD || a->code == MB_IR_SUB) &&
        mb_ir_is_const(ir, a->in[1], &d)) {
        mb_v x = a->in[0];
        return mb_ir_add(ir, x,
                         constant(ir, op->type, a->code == MB_IR_ADD ? c + d : c - d));
    }
    return 0;
}

mb_v mb_simplify_suboverflow(struct mb_ir *ir, struct mb_op *op)
{
    return is_value(ir, op->in[1], 0) ? constant(ir, MB_I32, 0) : 0;
}

mb_v mb_simplify_sub(struct mb_ir *ir, struct mb_op *op)
{
    if (op->in[0] == op->in[1])
        return constant(ir, op->type, 0);
    if (is_value(ir, op->in[1], 0))
        return op->in[0];
    if (is_value(ir, op->in[0], 0))
        return mb_ir_neg(ir, op->in[1]);
    return 0;
}

/* x if v is ~x (also for a constant), so that a + ~x + 1 is a - x. */
static mb_v complement(struct mb_ir *ir, mb_v v)
{
    uint64_t c;
    if (is_op(ir, v, MB_IR_NOT))
        return op_of(ir, v)->in[0];
    if (mb_ir_is_const(ir, v, &c))
        return constant(ir, op_of(ir, v)->type, ~c);
    return 0;
}

/* addc, carry and overflow whose carry-in is constant are sums, differences, compares.
 */
mb_v mb_simplify_addc(struct mb_ir *ir, struct mb_op *op)
{
    mb_v a = op->in[0], b = op->in[1], x;
    uint64_t carry;
    if (!mb_ir_is_const(ir, op->in[2], &carry))
        return 0;
    if (carry == 0) {
        if (op->code == MB_IR_ADDC)
            return mb_ir_add(ir, a, b);
        return op->code == MB_IR_CARRY ? mb_ir_ltu(ir, mb_ir_add(ir, a, b), a) : 0;
    }
    x = complement(ir, b);
    if (!x) {
        x = complement(ir, a);
        a = b;
    }
    if (!x || carry != 1)
        return 0;
    return op->code == MB_IR_ADDC ? mb_ir_sub(ir, a, x) :
           op->code == MB_IR_CARRY ? mb_ir_leu(ir, x, a) : mb_ir_suboverflow(ir, a, x);
}

/* ---- logic ---- */
/* Do two compares look at the same two values? `swapped` if the other way round. */
static bool same_pair(const struct mb_op *x, const struct mb_op *y, bool *swapped)
{
    *swapped = x->in[0] == y->in[1];
    return (x->in[0] == y->in[0] && x->in[1] == y->in[1]) ||
           (*swapped && x->in[1] == y->in[0]);
}

/* and(ne, le) is lt; or(eq, lt) is le. */
static mb_v join_compares(struct mb_ir *ir, unsigned code, mb_v v, mb_v w)
{
    const struct mb_op x = *op_of(ir, v), y = *op_of(ir, w);
    bool swapped;
    if (x.code != (code == MB_IR_AND ? MB_IR_NE : MB_IR_EQ) ||
        !same_pair(&x, &y, &swapped))
        return 0;
    mb_v a = y.in[0], b = y.in[1];
    switch (y.code) {
    case MB_IR_LEU: return code == MB_IR_AND ? mb_ir_ltu(ir, a, b) : w;
    case MB_IR_LES: return code == MB_IR_AND ? mb_ir_lts(ir, a, b) : w;
    case MB_IR_LTU: return code == MB_IR_AND ? w : mb_ir_leu(ir, a, b);
    case MB_IR_LTS: return code == MB_IR_AND ? w : mb_ir_les(ir, a, b);
    default: return 0;
    }
}

mb_v mb_simplify_and(struct mb_ir *ir, struct mb_op *op)
{
    mb_v a = op->in[0], b = op->in[1];
    uint64_t c, d;
    if (a == b)
        return a;
    if (mb_ir_is_const(ir, b, &c)) {
        unsigned bits = mb_ir_bits(ir, a);
        uint64_t possible = bits >= 64 ? UINT64_MAX : (1ull << bits) - 1;
        if ((possible & ~c) == 0)
            return a;
        if (c == 0)
            return b;
        const struct mb_op *inner = op_of(ir, a);
        if (inner->code == MB_IR_AND && mb_ir_is_const(ir, inner->in[1], &d)) {
            mb_v x = inner->in[0];
            return mb_ir_and(ir, x, constant(ir, op->type, c & d));
        }
    }
    mb_v joined = join_compares(ir, MB_IR_AND, a, b);
    return joined ? joined : join_compares(ir, MB_IR_AND, b, a);
}

mb_v mb_simplify_or(struct mb_ir *ir, struct mb_op *op)
{
    mb_v a = op->in[0], b = op->in[1];
    if (a == b || is_value(ir, b, 0))
        return a;
    if (is_value(ir, b, mask_of(op->type)))
        return b;
    mb_v joined = join_compares(ir, MB_IR_OR, a, b);
    return joined ? joined : join_compares(ir, MB_IR_OR, b, a);
}

mb_v mb_simplify_xor(struct mb_ir *ir, struct mb_op *op)
{
    mb_v a = op->in[0], b = op->in[1];
    if (a == b)
        return constant(ir, op->type, 0);
    if (is_value(ir, b, 0))
        return a;
    if (is_value(ir, b, mask_of(op->type)))
        return mb_ir_not(ir, a);
    return is_truth(ir, a) && is_truth(ir, b) ? mb_ir_ne(ir, a, b) : 0;
}

/* ---- compares ---- */
/* lts(a - b, 0) differs from suboverflow(a, b) exactly if a < b. */
static mb_v less_from_flags(struct mb_ir *ir, mb_v negative, mb_v overflow)
{
    const struct mb_op n = *op_of(ir, negative), v = *op_of(ir, overflow);
    if (n.code != MB_IR_LTS || v.code != MB_IR_SUBOVERFLOW || !is_value(ir, n.in[1], 0))
        return 0;
    const struct mb_op *difference = op_of(ir, n.in[0]);
    if (difference->code != MB_IR_SUB || difference->in[0] != v.in[0] ||
        difference->in[1] != v.in[1])
        return 0;
    return mb_ir_lts(ir, v.in[0], v.in[1]);
}

/* eq or ne of two truth values. */
static mb_v compare_truths(struct mb_ir *ir, const struct mb_op *op)
{
    mb_v a = op->in[0], b = op->in[1];
    bool equal = op->code == MB_IR_EQ;
    uint64_t c;
    if (mb_ir_is_const(ir, b, &c))
        return (c != 0) == equal ? a : invert(ir, a);
    mb_v less = less_from_flags(ir, a, b);
    if (!less)
        less = less_from_flags(ir, b, a);
    return less && equal ? mb_ir_eq(ir, less, constant(ir, MB_I32, 0)) : less;
}

/* a - b == 0 is a == b, and so on. */
static mb_v compare_zero(struct mb_ir *ir, const struct mb_op *op)
{
    const struct mb_op a = *op_of(ir, op->in[0]);
    mb_v b = a.in[1];
    uint64_t c;
    if (a.code == MB_IR_ADD) {
        if (!mb_ir_is_const(ir, b, &c))
            return 0;
        b = constant(ir, a.type, 0 - c);
    } else if (a.code != MB_IR_SUB && a.code != MB_IR_XOR)
        return 0;
    return op->code == MB_IR_EQ ? mb_ir_eq(ir, a.in[0], b) : mb_ir_ne(ir, a.in[0], b);
}

mb_v mb_simplify_equal(struct mb_ir *ir, struct mb_op *op)
{
    if (op->in[0] == op->in[1])
        return constant(ir, MB_I32, op->code == MB_IR_EQ);
    if (is_truth(ir, op->in[0]) && is_truth(ir, op->in[1])) {
        mb_v simple = compare_truths(ir, op);
        if (simple)
            return simple;
    }
    return is_value(ir, op->in[1], 0) ? compare_zero(ir, op) : 0;
}

mb_v mb_simplify_order(struct mb_ir *ir, struct mb_op *op)
{
    bool or_equal = op->code == MB_IR_LEU || op->code == MB_IR_LES;
    bool is_signed = op->code == MB_IR_LTS || op->code == MB_IR_LES;
    if (op->in[0] == op->in[1])
        return constant(ir, MB_I32, or_equal);
    if (is_signed)
        return 0;
    if (is_value(ir, op->in[0], 0))
        return or_equal ? constant(ir, MB_I32, 1) : mb_ir_ne(ir, op->in[1], op->in[0]);
    if (is_value(ir, op->in[1], 0))
        return or_equal ? mb_ir_eq(ir, op->in[0], op->in[1]) : constant(ir, MB_I32, 0);
    return 0;
}

/* ---- the rest ---- */
mb_v mb_simplify_shift(struct mb_ir *ir, struct mb_op *op)
{
    uint64_t count;
    unsigned bits = bits_of(op->type);
    if (!mb_ir_is_const(ir, op->in[1], &count))
        return 0;
    count &= bits - 1;
    if (count == 0)
        return op->in[0];
    if (op->code == MB_IR_SHR && mb_ir_bits(ir, op->in[0]) <= count)
        return constant(ir, op->type, 0);
    if (op->code == MB_IR_SHR && op->type == MB_I32 && count == 31)
        return mb_ir_lts(ir, op->in[0], constant(ir, MB_I32, 0));
    if (op->code == MB_IR_SAR && mb_ir_bits(ir, op->in[0]) < bits)
        return mb_ir_shr(ir, op->in[0], op->in[1]);
    return 0;
}

mb_v mb_simplify_select(struct mb_ir *ir, struct mb_op *op)
{
    uint64_t c;
    if (op->in[1] == op->in[2])
        return op->in[1];
    if (mb_ir_is_const(ir, op->in[0], &c))
        return op->in[c ? 1 : 2];
    if (op->type != MB_I32 || !is_truth(ir, op->in[0]))
        return 0;
    if (is_value(ir, op->in[1], 1) && is_value(ir, op->in[2], 0))
        return op->in[0];
    if (is_value(ir, op->in[1], 0) && is_value(ir, op->in[2], 1))
        return mb_ir_eq(ir, op->in[0], op->in[1]);
    return 0;
}

mb_v mb_simplify_unary(struct mb_ir *ir, struct mb_op *op)
{
    const struct mb_op *a = op_of(ir, op->in[0]);
    switch (op->code) {
    case MB_IR_NOT: case MB_IR_NEG: case MB_IR_BSWAP: case MB_IR_BITREV:
    case MB_IR_FNEG: case MB_IR_VNOT:
        return a->code == op->code ? a->in[0] : 0;
    case MB_IR_FABS: return a->code == MB_IR_FABS ? op->in[0] : 0;
    case MB_IR_BITS32: return a->code == MB_IR_FLOAT32 ? a->in[0] : 0;
    case MB_IR_BITS64: return a->code == MB_IR_FLOAT64 ? a->in[0] : 0;
    case MB_IR_FLOAT32: return a->code == MB_IR_BITS32 ? a->in[0] : 0;
    case MB_IR_FLOAT64: return a->code == MB_IR_BITS64 ? a->in[0] : 0;
    case MB_IR_VLOW: return a->code == MB_IR_VPAIR ? a->in[0] : 0;
    case MB_IR_VHIGH: return a->code == MB_IR_VPAIR ? a->in[1] : 0;
    case MB_IR_TRUNC:
        return a->code == MB_IR_ZEXT32 || a->code == MB_IR_SEXT32 ? a->in[0] : 0;
    case MB_IR_SEXT8: return mb_ir_bits(ir, op->in[0]) < 8 ? op->in[0] : 0;
    case MB_IR_SEXT16: return mb_ir_bits(ir, op->in[0]) < 16 ? op->in[0] : 0;
    default: return 0;
    }
}

/* Of numbers that fit in 32 bits, which hosts divide faster. */
mb_v mb_simplify_divide(struct mb_ir *ir, struct mb_op *op)
{
    mb_v a = op->in[0], b = op->in[1];
    if (op->type != MB_I64 || mb_ir_bits(ir, a) > 32 || mb_ir_bits(ir, b) > 32)
        return 0;
    a = mb_ir_trunc(ir, a);
    b = mb_ir_trunc(ir, b);
    return mb_ir_zext32(ir, op->code == MB_IR_DIVU ? mb_ir_divu(ir, a, b)
                                                   : mb_ir_remu(ir, a, b));
}

mb_v mb_simplify_mul(struct mb_ir *ir, struct mb_op *op)
{
    uint64_t c;
    if (!mb_ir_is_const(ir, op->in[1], &c))
        return 0;
    if (c == 0)
        return op->in[1];
    if (c & (c - 1))
        return 0;
    return mb_ir_shl(ir, op->in[0], constant(ir, MB_I32, (uint64_t)__builtin_ctzll(c)));
}
