/* Truth values as host flags. SPDX-License-Identifier: Apache-2.0
 *
 * A compare is not computed where it stands but where it is used, often as a branch or
 * a setcc to memory, and shares the flags that an earlier cmp, sub or add left.
 */
#include "gen.h"

static bool is_zero(const struct mb_ir *ir, mb_v v)
{
    return ir->ops[v].code == MB_IR_CONST && ir->ops[v].imm == 0;
}

static bool is_const(const struct mb_ir *ir, mb_v v)
{
    return ir->ops[v].code == MB_IR_CONST;
}

/* The condition after the operands of cmp are exchanged. */
static unsigned swapped(unsigned cc)
{
    switch (cc) {
    case CC_B: return CC_A;
    case CC_A: return CC_B;
    case CC_AE: return CC_BE;
    case CC_BE: return CC_AE;
    case CC_L: return CC_G;
    case CC_G: return CC_L;
    case CC_GE: return CC_LE;
    case CC_LE: return CC_GE;
    default: return cc;
    }
}

static bool can_swap(unsigned cc)
{
    return cc != CC_S && cc != CC_NS && cc != CC_O && cc != CC_NO;
}

static void compare(const struct mb_ir *ir, mb_v a, mb_v b, unsigned cc,
                    struct condition *out)
{
    if (is_const(ir, a) && !is_const(ir, b)) {
        mb_v t = a;
        a = b;
        b = t;
        cc = swapped(cc);
    }
    out->cc = (uint8_t)cc;
    out->flags = (struct flags){FLAGS_CMP, ir->ops[a].type == MB_I64, a, b};
    if (is_zero(ir, b) && cc != CC_B && cc != CC_AE && cc != CC_BE && cc != CC_A) {
        out->flags.kind = FLAGS_TEST;
        out->flags.b = 0;
        out->cc = cc == CC_L ? CC_S : cc == CC_GE ? CC_NS : (uint8_t)cc;
    }
}

/* lts(a - b, 0): the sign flag of cmp a, b. */
static bool sign_of_difference(const struct mb_ir *ir, const struct mb_op *op,
                               struct condition *out)
{
    const struct mb_op *difference = &ir->ops[op->in[0]];
    if (!is_zero(ir, op->in[1]) || difference->code != MB_IR_SUB)
        return false;
    out->flags = (struct flags){FLAGS_CMP, difference->type == MB_I64,
                                difference->in[0], difference->in[1]};
    out->cc = CC_S;
    return true;
}

bool mb_x86_condition(const struct mb_ir *ir, mb_v v, struct condition *out)
{
    const struct mb_op *op = &ir->ops[v];
    switch (op->code) {
    case MB_IR_EQ: compare(ir, op->in[0], op->in[1], CC_E, out); return true;
    case MB_IR_NE: compare(ir, op->in[0], op->in[1], CC_NE, out); return true;
    case MB_IR_LTU: compare(ir, op->in[0], op->in[1], CC_B, out); return true;
    case MB_IR_LEU: compare(ir, op->in[0], op->in[1], CC_BE, out); return true;
    case MB_IR_LES: compare(ir, op->in[0], op->in[1], CC_LE, out); return true;
    case MB_IR_LTS:
        if (!sign_of_difference(ir, op, out))
            compare(ir, op->in[0], op->in[1], CC_L, out);
        return true;
    case MB_IR_SUBOVERFLOW:
        out->flags = (struct flags){FLAGS_CMP, ir->ops[op->in[0]].type == MB_I64,
                                    op->in[0], op->in[1]};
        out->cc = CC_O;
        return true;
    case MB_IR_OVERFLOW:
        if (!is_zero(ir, op->in[2]))
            return false;
        out->flags = (struct flags){FLAGS_ADD, ir->ops[op->in[0]].type == MB_I64,
                                    op->in[0], op->in[1]};
        out->cc = CC_O;
        return true;
    default:
        return false;
    }
}

/* Compares of compares are computed where they stand: one level is enough. */
bool mb_x86_can_be_lazy(const struct mb_ir *ir, mb_v v)
{
    struct condition condition, inner;
    return mb_x86_condition(ir, v, &condition) &&
           !mb_x86_condition(ir, condition.flags.a, &inner) &&
           !mb_x86_condition(ir, condition.flags.b, &inner);
}

static bool same_operands(const struct flags *x, const struct flags *y)
{
    return x->a == y->a && x->b == y->b && x->wide == y->wide;
}

/* Do the flags of `add a, b` or of a logic operation or difference show x against 0? */
static bool shows_result(const struct gen *gen, mb_v x, unsigned cc)
{
    const struct mb_op *op = &gen->ir->ops[x];
    const struct flags *now = &gen->flags;
    bool simple = cc == CC_E || cc == CC_NE || cc == CC_S || cc == CC_NS;
    if (!simple || (now->kind != FLAGS_CMP && now->kind != FLAGS_ADD))
        return false;
    return op->code == (now->kind == FLAGS_CMP ? MB_IR_SUB : MB_IR_ADD) &&
           op->in[0] == now->a && op->in[1] == now->b;
}

/* ltu(a + b, a) is the carry of add a, b. */
static bool shows_carry(const struct gen *gen, const struct condition *wanted)
{
    const struct mb_op *sum = &gen->ir->ops[wanted->flags.a];
    const struct flags *now = &gen->flags;
    return now->kind == FLAGS_ADD && wanted->flags.kind == FLAGS_CMP &&
           (wanted->cc == CC_B || wanted->cc == CC_AE) && sum->code == MB_IR_ADD &&
           sum->in[0] == now->a && sum->in[1] == now->b &&
           (wanted->flags.b == now->a || wanted->flags.b == now->b);
}

static bool match(const struct gen *gen, const struct condition *wanted, unsigned *cc)
{
    const struct flags *now = &gen->flags, *w = &wanted->flags;
    *cc = wanted->cc;
    if (now->kind == FLAGS_NONE)
        return false;
    if (now->kind == w->kind && same_operands(now, w))
        return true;
    if (now->kind == FLAGS_CMP && w->kind == FLAGS_CMP && now->a == w->b &&
        now->b == w->a && now->wide == w->wide && can_swap(*cc)) {
        *cc = swapped(*cc);
        return true;
    }
    return (w->kind == FLAGS_TEST && shows_result(gen, w->a, *cc)) ||
           shows_carry(gen, wanted);
}

bool mb_x86_flags_match(const struct gen *gen, mb_v v, unsigned *cc)
{
    struct condition condition;
    return mb_x86_condition(gen->ir, v, &condition) && match(gen, &condition, cc);
}

/* The second operand of cmp or add: an immediate if it fits. */
static void with_operand(struct gen *gen, unsigned alu, unsigned a, mb_v b, bool wide)
{
    uint64_t c;
    if (mb_x86_const(gen, b, &c) && (!wide || c == (uint64_t)(int64_t)(int32_t)c))
        x_alu_imm(&gen->code, wide, alu, a, (int32_t)c);
    else
        x_rr(&gen->code, OP(0, 0, 8 * alu + 1) | (wide ? W64 : 0), mb_x86_use(gen, b),
             a);
}

static void make_flags(struct gen *gen, const struct flags *flags)
{
    uint32_t locked = gen->locked;
    uint64_t c;
    if (flags->b && !mb_x86_const(gen, flags->b, &c))
        mb_x86_use(gen, flags->b);      /* making it may take rax */
    unsigned a = mb_x86_use(gen, flags->a);
    if (flags->kind == FLAGS_TEST) {
        x_rr(&gen->code, X_TEST | (flags->wide ? W64 : 0), a, a);
    } else if (flags->kind == FLAGS_CMP) {
        with_operand(gen, ALU_CMP, a, flags->b, flags->wide);
    } else {
        x_mov_rr(&gen->code, flags->wide, RAX, a);
        with_operand(gen, ALU_ADD, RAX, flags->b, flags->wide);
    }
    gen->flags = *flags;
    gen->locked = locked;
}

unsigned mb_x86_compare(struct gen *gen, mb_v v)
{
    struct condition condition;
    mb_x86_condition(gen->ir, v, &condition);
    make_flags(gen, &condition.flags);
    return condition.cc;
}

unsigned mb_x86_test(struct gen *gen, mb_v v)
{
    struct condition condition;
    unsigned cc;
    if (mb_x86_is_lazy(gen, v) && gen->values[v].reg == NO_REG &&
        mb_x86_condition(gen->ir, v, &condition)) {
        if (match(gen, &condition, &cc))
            return cc;
        make_flags(gen, &condition.flags);
        return condition.cc;
    }
    struct flags test = {FLAGS_TEST, false, v, 0};
    if (gen->flags.kind != FLAGS_TEST || !same_operands(&gen->flags, &test))
        make_flags(gen, &test);
    return CC_NE;
}
