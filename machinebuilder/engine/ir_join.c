/* Values that the two arms of an `if` made, as one. SPDX-License-Identifier: Apache-2.0
 *
 * That is a phi, or a select where both arms are done. Compares of the same kind become one
 * compare of joined operands: a flag that either arm set by a compare (ARM's conditional
 * compares) stays one, which costs nothing before it is used, and the four flags of a compare
 * share two phis.
 */
#include "ir_builder.h"

static mb_v leaf(struct mb_ir *ir, const struct mb_join *join, mb_v a, mb_v b)
{
    if (a == b)
        return a;
    if (join->condition)
        return mb_ir_select(ir, join->condition, a, b);
    for (uint32_t i = join->phis; i < ir->count; i++) {
        const struct mb_op *op = &ir->ops[i];
        if (op->code == MB_IR_PHI && op->in[0] == a && op->in[1] == b)
            return i;
    }
    return mb_ir_append(ir, &(struct mb_op){
        .code = MB_IR_PHI, .type = ir->ops[a].type, .in = {a, b}});
}

static bool is_compare(unsigned code)
{
    switch (code) {
    case MB_IR_EQ: case MB_IR_NE: case MB_IR_LTU: case MB_IR_LEU: case MB_IR_LTS:
    case MB_IR_LES: case MB_IR_SUBOVERFLOW:
        return true;
    default:
        return false;
    }
}

static bool are_alike(const struct mb_ir *ir, mb_v a, mb_v b)
{
    const struct mb_op *x = &ir->ops[a], *y = &ir->ops[b];
    return a != b && x->code == y->code &&
           ir->ops[x->in[0]].type == ir->ops[y->in[0]].type;
}

static mb_v pair(struct mb_ir *ir, const struct mb_join *join, mb_v a, mb_v b, bool deep);

/* The sign flag is a difference below 0, so differences are joined the same way. */
static mb_v operand(struct mb_ir *ir, const struct mb_join *join, mb_v a, mb_v b)
{
    bool differences = are_alike(ir, a, b) && ir->ops[a].code == MB_IR_SUB;
    return differences ? pair(ir, join, a, b, false) : leaf(ir, join, a, b);
}

static mb_v pair(struct mb_ir *ir, const struct mb_join *join, mb_v a, mb_v b, bool deep)
{
    struct mb_op op = ir->ops[a], other = ir->ops[b];
    for (unsigned i = 0; i < 2; i++)
        op.in[i] = deep ? operand(ir, join, op.in[i], other.in[i])
                        : leaf(ir, join, op.in[i], other.in[i]);
    return join->only_phis ? 0 : mb_ir_emit(ir, &op);
}

bool mb_ir_joins_compares(const struct mb_ir *ir, mb_v a, mb_v b)
{
    return are_alike(ir, a, b) && is_compare(ir->ops[a].code);
}

mb_v mb_ir_join(struct mb_ir *ir, const struct mb_join *join, mb_v a, mb_v b)
{
    return mb_ir_joins_compares(ir, a, b) ? pair(ir, join, a, b, true)
                                          : leaf(ir, join, a, b);
}
