/* Building a unit: storage, type checks, sharing of equal operations.
 * SPDX-License-Identifier: Apache-2.0 */
#include "ir_emit.h"
#include "core.h"

#include <stdlib.h>
#include <string.h>

struct mb_ir *mb_ir_new(void)
{
    struct mb_ir *ir = calloc(1, sizeof *ir);
    if (!ir)
        return NULL;
    ir->capacity = 1024;
    ir->arg_capacity = 256;
    ir->ops = malloc(ir->capacity * sizeof *ir->ops);
    ir->args = malloc(ir->arg_capacity * sizeof *ir->args);
    ir->builder = calloc(1, sizeof *ir->builder);
    if (!ir->ops || !ir->args || !ir->builder) {
        mb_ir_free(ir);
        return NULL;
    }
    mb_ir_reset(ir);
    return ir;
}

void mb_ir_free(struct mb_ir *ir)
{
    if (!ir)
        return;
    free(ir->ops);
    free(ir->args);
    free(ir->builder);
    free(ir);
}

void mb_ir_reset(struct mb_ir *ir)
{
    struct mb_builder *builder = ir->builder;
    memset(&ir->ops[0], 0, sizeof ir->ops[0]);
    ir->count = 1;
    ir->arg_count = 0;
    ir->failed = ir->optimized = ir->round = false;
    ir->start = 0;
    ir->insns = 0;
    memset(builder->shared, 0, sizeof builder->shared);
    builder->cache.count = 0;
    builder->depth = builder->waiting_count = builder->settled_count = 0;
    builder->dropped = 0;
    builder->merge = MB_MERGE_PHI;
}

bool mb_ir_is_const(const struct mb_ir *ir, mb_v v, uint64_t *value)
{
    const struct mb_op *op = &ir->ops[v];
    if (op->code != MB_IR_CONST)
        return false;
    *value = op->imm;
    return true;
}

enum mb_type mb_ir_type(const struct mb_ir *ir, mb_v v)
{
    return ir->ops[v].type;
}

bool mb_ir_ended(const struct mb_ir *ir)
{
    return ir->builder->dropped != 0;
}

/* A failed unit goes on being built at its start, so that indices stay valid. */
static bool make_room(struct mb_ir *ir)
{
    if (ir->count < ir->capacity)
        return true;
    struct mb_op *ops = NULL;
    if (ir->capacity < MB_MAX_OPS)
        ops = realloc(ir->ops, 2 * ir->capacity * sizeof *ops);
    if (!ops) {
        ir->failed = true;
        return false;
    }
    ir->ops = ops;
    ir->capacity *= 2;
    return true;
}

mb_v mb_ir_append(struct mb_ir *ir, const struct mb_op *op)
{
    if (!make_room(ir))
        return ir->count - 1;
    ir->ops[ir->count] = *op;
    return ir->count++;
}

static unsigned hash(const struct mb_op *op)
{
    uint64_t inputs = (uint64_t)op->in[1] << 32 | op->in[0];
    uint64_t rest = op->imm ^ (uint64_t)op->in[2] << 24 ^ (uint64_t)(op->code << 3 | op->type) << 48;
    return (inputs * 0x9e3779b97f4a7c15u ^ rest * 0xc2b2ae3d27d4eb4fu) >> 56 & (MB_SHARED - 1);
}

static bool same(const struct mb_op *x, const struct mb_op *y)
{
    return x->code == y->code && x->type == y->type && x->in[0] == y->in[0] &&
           x->in[1] == y->in[1] && x->in[2] == y->in[2] && x->imm == y->imm;
}

mb_v mb_ir_share(struct mb_ir *ir, const struct mb_op *op)
{
    mb_v *slot = &ir->builder->shared[hash(op)];
    if (*slot && same(&ir->ops[*slot], op))
        return *slot;
    return *slot = mb_ir_append(ir, op);
}

void mb_ir_forget(struct mb_ir *ir, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++) {
        mb_v *slot = &ir->builder->shared[hash(&ir->ops[i])];
        if (*slot >= from)
            *slot = 0;
    }
}

/* load(x + c) is load(x) with a displacement: 32-bit addresses wrap either way. */
static void fold_address(struct mb_ir *ir, struct mb_op *op)
{
    const struct mb_op *address = &ir->ops[op->in[0]];
    uint64_t c;
    while ((address->code == MB_IR_ADD || address->code == MB_IR_SUB) &&
           mb_ir_is_const(ir, address->in[1], &c)) {
        int64_t sum = (int64_t)(op->imm + (address->code == MB_IR_ADD ? c : 0 - c));
        if (address->type == MB_I32)
            sum = (int32_t)sum;
        else if (sum != (int32_t)sum)
            return;
        op->imm = (uint64_t)sum;
        op->in[0] = address->in[0];
        address = &ir->ops[op->in[0]];
    }
}

mb_v mb_ir_memory(struct mb_ir *ir, struct mb_op *op)
{
    if (op->code != MB_IR_FENCE)
        fold_address(ir, op);
    return mb_ir_append(ir, op);
}

mb_v mb_ir_mistake(struct mb_ir *ir, const struct mb_op *op)
{
    if (!ir->builder->dropped)
        ir->failed = true;
    struct mb_op zero = {.code = MB_IR_CONST, .type = op->type ? op->type : MB_I32};
    return mb_ir_append(ir, &zero);
}

mb_v mb_ir_emit(struct mb_ir *ir, struct mb_op *op)
{
    return mb_ir_emit_inline(ir, op, op->code, &mb_ir_table[op->code]);
}

static bool make_arg_room(struct mb_ir *ir, unsigned argc)
{
    if (ir->arg_count + argc <= ir->arg_capacity)
        return true;
    mb_v *args = NULL;
    if (ir->arg_capacity < MB_MAX_OPS)
        args = realloc(ir->args, 2 * ir->arg_capacity * sizeof *args);
    if (!args)
        return false;
    ir->args = args;
    ir->arg_capacity *= 2;
    return true;
}

static bool check_args(const struct mb_ir *ir, unsigned argc, const mb_v *args)
{
    if (argc > MB_MAX_ARGS)
        return false;
    for (unsigned i = 0; i < argc; i++) {
        if (args[i] == 0 || args[i] >= ir->count)
            return false;
        unsigned type = ir->ops[args[i]].type;
        if (type == MB_VOID || type == MB_V128)
            return false;
    }
    return true;
}

mb_v mb_ir_call(struct mb_ir *ir, const struct mb_helper *h, unsigned argc,
                const mb_v *args)
{
    struct mb_op op = {
        .code = MB_IR_CALL, .type = h->result, .argc = (uint8_t)argc,
        .in = {ir->arg_count}, .imm = (uint64_t)(uintptr_t)h,
    };
    if (!check_args(ir, argc, args) || !make_arg_room(ir, argc))
        return mb_ir_mistake(ir, &op);
    mb_ir_put_waiting(ir);
    for (unsigned i = 0; i < argc; i++)
        ir->args[ir->arg_count++] = args[i];
    mb_v value = mb_ir_append(ir, &op);
    if (h->effects & (MB_WRITES | MB_EXITS))
        ir->builder->cache.count = 0;
    if (h->effects & MB_EXITS)
        mb_ir_end_path(ir);
    return h->result ? value : 0;
}
