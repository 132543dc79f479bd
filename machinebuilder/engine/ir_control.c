/* Control flow while a unit is built: constant conditions vanish, small pure arms
 * become selects, and what both arms know of the state is merged by phis.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Operations after the end of a path are built and then taken away, so that translators
 * need not look. A field that only one arm of an `if` wrote is simply not known
 * afterwards: the back end brings it to memory at the end of the arm.
 */
#include "ir_builder.h"

enum { MAX_SELECTED = 8 };      /* operations, and puts, worth doing without a branch */

void mb_ir_end_path(struct mb_ir *ir)
{
    if (!ir->builder->dropped)
        ir->builder->dropped = ir->count;
}

static struct mb_open *innermost(struct mb_builder *builder)
{
    return builder->depth ? &builder->open[builder->depth - 1] : NULL;
}

/* Take away what was built since the path ended. Its values keep their types: a
 * translator may still hold some, and offer them to a phi. */
static void revive(struct mb_ir *ir)
{
    struct mb_builder *builder = ir->builder;
    mb_ir_forget(ir, builder->dropped, ir->count);
    for (uint32_t i = builder->dropped; i < ir->count; i++)
        ir->ops[i] = (struct mb_op){.code = MB_IR_NOP, .type = ir->ops[i].type};
    builder->dropped = 0;
}

/* ---- if ---- */
static void clear_put(struct mb_cache *cache)
{
    for (unsigned i = 0; i < cache->count; i++)
        cache->known[i].put = false;
}

/* ---- conditions that are settled ---- */
static void settle(struct mb_builder *builder, mb_v condition, bool truth)
{
    if (builder->settled_count < MB_SETTLED)
        builder->settled[builder->settled_count++] =
            (struct mb_settled){condition, truth, builder->depth};
}

/* What was settled in an arm does not hold behind it. */
static void unsettle(struct mb_builder *builder, unsigned depth)
{
    while (builder->settled_count && builder->settled[builder->settled_count - 1].depth > depth)
        builder->settled_count--;
}

static bool is_settled(const struct mb_ir *ir, mb_v condition, bool *truth)
{
    const struct mb_builder *builder = ir->builder;
    uint64_t c = 0;
    for (unsigned i = 0; i < builder->settled_count; i++)
        if (builder->settled[i].condition == condition) {
            *truth = builder->settled[i].truth;
            return true;
        }
    bool known = mb_ir_is_const(ir, condition, &c);
    *truth = c != 0;
    return known;
}

static void open_if(struct mb_ir *ir, const struct mb_op *op)
{
    struct mb_builder *builder = ir->builder;
    if (builder->depth == MB_DEPTH) {
        ir->failed = true;
        return;
    }
    struct mb_open *open = &builder->open[builder->depth++];
    open->in_else = open->then_ended = false;
    open->condition = op->in[0];
    open->at_else = 0;
    if (builder->dropped) {
        open->kind = MB_OPEN_UNREACHED;
    } else if (is_settled(ir, op->in[0], &open->taken)) {
        open->kind = MB_OPEN_FOLDED;
        mb_cache_copy(&open->before, &builder->cache);
        if (!open->taken)
            mb_ir_end_path(ir);
    } else {
        open->kind = MB_OPEN_REAL;
        mb_cache_copy(&open->before, &builder->cache);
        open->at = mb_ir_append(ir, op);
        clear_put(&builder->cache);
    }
}

static void open_else(struct mb_ir *ir, const struct mb_op *op)
{
    struct mb_builder *builder = ir->builder;
    struct mb_open *open = innermost(builder);
    if (!open || open->in_else) {
        ir->failed = true;
        return;
    }
    unsettle(builder, builder->depth - 1);
    open->in_else = true;
    open->then_ended = builder->dropped != 0;
    if (open->kind == MB_OPEN_UNREACHED)
        return;
    if (open->kind == MB_OPEN_FOLDED) {
        if (open->taken) {
            mb_cache_copy(&open->before, &builder->cache);
            mb_ir_end_path(ir);
        } else {
            revive(ir);
            mb_cache_copy(&builder->cache, &open->before);
        }
        return;
    }
    if (builder->dropped)
        revive(ir);
    else
        mb_cache_copy(&open->then_end, &builder->cache);
    mb_ir_forget(ir, open->at, ir->count);
    mb_cache_copy(&builder->cache, &open->before);
    clear_put(&builder->cache);
    open->at_else = mb_ir_append(ir, op);
}

bool mb_ir_arm_is_empty(const struct mb_ir *ir)
{
    const struct mb_builder *builder = ir->builder;
    if (!builder->depth || builder->dropped)
        return false;
    const struct mb_open *open = &builder->open[builder->depth - 1];
    if (open->kind != MB_OPEN_REAL || open->in_else)
        return false;
    for (uint32_t i = open->at + 1; i < ir->count; i++) {
        unsigned code = ir->ops[i].code;
        if (code != MB_IR_CONST && code != MB_IR_NOP)
            return false;
    }
    return true;
}

void mb_ir_cancel_if(struct mb_ir *ir)
{
    struct mb_open *open = innermost(ir->builder);
    ir->ops[open->at] = (struct mb_op){.code = MB_IR_NOP};
    mb_cache_copy(&ir->builder->cache, &open->before);
    ir->builder->depth--;
}

/* ---- small pure arms become selects ---- */
static bool is_cheap(unsigned code)
{
    switch (code) {
    case MB_IR_DIVU: case MB_IR_DIVS: case MB_IR_REMU: case MB_IR_REMS:
        return false;
    default:
        return mb_ir_table[code].effect == MB_E_NONE;
    }
}

static bool overlaps_other_shape(const struct mb_cache *cache,
                                 const struct mb_known *known)
{
    for (unsigned i = 0; i < cache->count; i++) {
        const struct mb_known *other = &cache->known[i];
        if (other->put && other->offset < known->offset + known->width &&
            known->offset < other->offset + other->width &&
            (other->offset != known->offset || other->width != known->width))
            return true;
    }
    return false;
}

/* Can the arm in ops[from, to) be done unconditionally? Counts its costs. Every put
 * must be the whole of what the arm knows of its bytes at the end, and a get of the
 * same field comes before it (or it would have been forwarded). */
static bool arm_is_pure(const struct mb_ir *ir, uint32_t from, uint32_t to,
                        const struct mb_cache *end, unsigned *cost)
{
    for (uint32_t i = from; i < to; i++) {
        const struct mb_op *op = &ir->ops[i];
        if (op->code == MB_IR_NOP || op->code == MB_IR_CONST)
            continue;
        struct mb_known field = {.offset = (uint32_t)op->imm, .width = op->width};
        if (op->code == MB_IR_PUT || op->code == MB_IR_GET) {
            const struct mb_known *known =
                mb_cache_find(end, field.offset, field.width);
            if (overlaps_other_shape(end, &field) ||
                (op->code == MB_IR_PUT && (!known || !known->put)))
                return false;
        } else if (!is_cheap(op->code))
            return false;
        *cost += op->code != MB_IR_GET;
    }
    return *cost <= MAX_SELECTED;
}

static bool shapes_agree(const struct mb_ir *ir, const struct mb_cache *x,
                         const struct mb_cache *y)
{
    for (unsigned i = 0; i < x->count; i++) {
        const struct mb_known *known = &x->known[i];
        if (!known->put)
            continue;
        if (overlaps_other_shape(y, known))
            return false;
        const struct mb_known *other = mb_cache_find(y, known->offset, known->width);
        if (other && mb_ir_type(ir, other->value) != mb_ir_type(ir, known->value))
            return false;
    }
    return true;
}

/* The arms' puts go; what they read is known from now on. */
static void flatten(struct mb_ir *ir, uint32_t from)
{
    struct mb_cache *cache = &ir->builder->cache;
    for (uint32_t i = from; i < ir->count; i++) {
        const struct mb_op *op = &ir->ops[i];
        struct mb_known field = {
            .offset = (uint32_t)op->imm, .width = op->width, .value = i};
        if (op->code == MB_IR_PUT)
            ir->ops[i] = (struct mb_op){.code = MB_IR_NOP};
        else if (op->code == MB_IR_GET && !mb_cache_overlaps(cache, &field))
            mb_cache_set(cache, field);
    }
}

/* The field after the arm: what it put there, or what was there before. */
static mb_v after_arm(struct mb_ir *ir, const struct mb_cache *arm,
                      const struct mb_known *field)
{
    const struct mb_known *known = mb_cache_find(arm, field->offset, field->width);
    if (known && known->put)
        return known->value;
    return mb_ir_get(ir, mb_ir_type(ir, field->value), field->offset, field->width);
}

static void select_field(struct mb_ir *ir, mb_v condition, const struct mb_known *field,
                         const struct mb_cache *then_end,
                         const struct mb_cache *else_end)
{
    const struct mb_join join = {.condition = condition};
    mb_v a = after_arm(ir, then_end, field), b = after_arm(ir, else_end, field);
    mb_ir_put(ir, field->offset, field->width, mb_ir_join(ir, &join, a, b));
}

static bool convert(struct mb_ir *ir, struct mb_open *open,
                    const struct mb_cache *then_end, const struct mb_cache *else_end)
{
    struct mb_builder *builder = ir->builder;
    uint32_t then_to = open->at_else ? open->at_else : ir->count;
    unsigned cost = 0;
    if (!arm_is_pure(ir, open->at + 1, then_to, then_end, &cost) ||
        (open->at_else &&
         !arm_is_pure(ir, open->at_else + 1, ir->count, else_end, &cost)) ||
        !shapes_agree(ir, then_end, else_end) || !shapes_agree(ir, else_end, then_end))
        return false;
    mb_cache_copy(&builder->cache, &open->before);
    flatten(ir, open->at);
    ir->ops[open->at] = (struct mb_op){.code = MB_IR_NOP};
    if (open->at_else)
        ir->ops[open->at_else] = (struct mb_op){.code = MB_IR_NOP};
    for (unsigned i = 0; i < then_end->count; i++) {
        if (then_end->known[i].put)
            select_field(ir, open->condition, &then_end->known[i], then_end, else_end);
    }
    for (unsigned i = 0; i < else_end->count; i++) {
        const struct mb_known *field = &else_end->known[i];
        const struct mb_known *done =
            mb_cache_find(then_end, field->offset, field->width);
        if (field->put && !(done && done->put))
            select_field(ir, open->condition, field, then_end, else_end);
    }
    builder->merge = MB_MERGE_SELECT;
    builder->merge_condition = open->condition;
    return true;
}

/* ---- merging the state of two arms ---- */
/* A put in an arm is one of the arm around it too. */
static bool was_put(const struct mb_cache *before, const struct mb_known *known)
{
    const struct mb_known *old = mb_cache_find(before, known->offset, known->width);
    return old && old->put;
}

static void put_merged(struct mb_ir *ir, struct mb_known merged)
{
    mb_ir_append(ir, &(struct mb_op){.code = MB_IR_PUT, .width = merged.width,
                                     .in = {merged.value}, .imm = merged.offset});
    mb_cache_set(&ir->builder->cache, merged);
}

void mb_ir_put_waiting(struct mb_ir *ir)
{
    struct mb_builder *builder = ir->builder;
    unsigned count = builder->waiting_count;
    builder->waiting_count = 0;
    for (unsigned i = 0; i < count; i++) {
        struct mb_waiting *waiting = &builder->waiting[i];
        const struct mb_join join = {.phis = waiting->phis};
        waiting->merged.value = mb_ir_join(ir, &join, waiting->a, waiting->b);
        put_merged(ir, waiting->merged);
    }
}

static void merge_field(struct mb_ir *ir, uint32_t phis, const struct mb_cache *before,
                        const struct mb_known *x, const struct mb_known *y)
{
    struct mb_builder *builder = ir->builder;
    struct mb_known merged = *x;
    struct mb_join join = {.phis = phis};
    merged.put = x->put || y->put || was_put(before, x);
    merged.raw = x->raw || y->raw;
    if (x->value == y->value) {
        mb_cache_set(&builder->cache, merged);
    } else if (!(x->put || y->put) ||
               mb_ir_type(ir, x->value) != mb_ir_type(ir, y->value)) {
        return;
    } else if (mb_ir_joins_compares(ir, x->value, y->value)) {
        join.only_phis = true;
        mb_ir_join(ir, &join, x->value, y->value);
        builder->waiting[builder->waiting_count++] =
            (struct mb_waiting){merged, x->value, y->value, phis};
    } else {
        merged.value = mb_ir_join(ir, &join, x->value, y->value);
        put_merged(ir, merged);
    }
}

static void merge(struct mb_ir *ir, const struct mb_open *open,
                  const struct mb_cache *then_end, const struct mb_cache *else_end)
{
    uint32_t phis = ir->count;
    ir->builder->cache.count = 0;
    for (unsigned i = 0; i < then_end->count; i++) {
        const struct mb_known *x = &then_end->known[i];
        const struct mb_known *y = mb_cache_find(else_end, x->offset, x->width);
        if (y)
            merge_field(ir, phis, &open->before, x, y);
    }
    ir->builder->merge = MB_MERGE_PHI;
}

/* After an arm that left, the state is the other arm's; its puts count for the outside. Most
 * fields are where they were before. */
static void keep_arm(struct mb_ir *ir, const struct mb_open *open, struct mb_cache *arm)
{
    const struct mb_cache *before = &open->before;
    for (unsigned i = 0; i < arm->count; i++) {
        struct mb_known *known = &arm->known[i];
        const struct mb_known *old = &before->known[i];
        if (i < before->count && old->offset == known->offset && old->width == known->width)
            known->put = known->put || old->put;
        else
            known->put = known->put || was_put(before, known);
    }
    mb_cache_copy(&ir->builder->cache, arm);
}

/* An arm with nothing in it is none. */
static void drop_empty_else(struct mb_ir *ir, struct mb_open *open)
{
    if (open->at_else && open->at_else == ir->count - 1) {
        ir->count--;
        open->at_else = 0;
    }
}

static void close_real(struct mb_ir *ir, struct mb_open *open, const struct mb_op *op)
{
    struct mb_builder *builder = ir->builder;
    bool last_ended = builder->dropped != 0;
    if (last_ended)
        revive(ir);
    drop_empty_else(ir, open);
    struct mb_cache last;
    mb_cache_copy(&last, &builder->cache);
    if (!open->in_else) {
        open->then_ended = last_ended;
        mb_cache_copy(&open->then_end, &last);
        mb_cache_copy(&last, &open->before);
        clear_put(&last);
        last_ended = false;
    }
    if (!open->then_ended && !last_ended && convert(ir, open, &open->then_end, &last))
        return;
    mb_ir_forget(ir, open->at, ir->count);
    mb_ir_append(ir, op);
    if (open->then_ended && last_ended)
        mb_ir_end_path(ir);
    else if (open->then_ended || last_ended)
        keep_arm(ir, open, open->then_ended ? &last : &open->then_end);
    else
        merge(ir, open, &open->then_end, &last);
    if (open->then_ended != last_ended)
        settle(builder, open->condition, last_ended);
    if (open->then_ended || last_ended)
        builder->merge = open->then_ended ? MB_MERGE_ELSE : MB_MERGE_THEN;
}

static void close_folded(struct mb_ir *ir, const struct mb_open *open)
{
    struct mb_builder *builder = ir->builder;
    bool in_dropped_arm = open->in_else ? open->taken : !open->taken;
    bool taken_ended = open->in_else && open->taken && open->then_ended;
    if (in_dropped_arm && !taken_ended) {
        revive(ir);
        mb_cache_copy(&builder->cache, &open->before);
    }
    builder->merge = open->taken ? MB_MERGE_THEN : MB_MERGE_ELSE;
}

static void close_if(struct mb_ir *ir, const struct mb_op *op)
{
    struct mb_builder *builder = ir->builder;
    struct mb_open *open = innermost(builder);
    if (!open) {
        ir->failed = true;
        return;
    }
    unsettle(builder, --builder->depth);
    if (open->kind == MB_OPEN_REAL)
        close_real(ir, open, op);
    else if (open->kind == MB_OPEN_FOLDED)
        close_folded(ir, open);
}

mb_v mb_ir_only_arm(const struct mb_ir *ir, const struct mb_op *op)
{
    const struct mb_builder *builder = ir->builder;
    mb_v a = op->in[0], b = op->in[1];
    if (a == b || builder->dropped || builder->merge == MB_MERGE_THEN)
        return a;
    return builder->merge == MB_MERGE_ELSE ? b : 0;
}

static mb_v phi(struct mb_ir *ir, const struct mb_op *op)
{
    const struct mb_builder *builder = ir->builder;
    return builder->merge != MB_MERGE_SELECT ? mb_ir_append(ir, op) :
        mb_ir_select(ir, builder->merge_condition, op->in[0], op->in[1]);
}

mb_v mb_ir_control(struct mb_ir *ir, struct mb_op *op)
{
    switch (op->code) {
    case MB_IR_IF: open_if(ir, op); return 0;
    case MB_IR_ELSE: open_else(ir, op); return 0;
    case MB_IR_ENDIF: close_if(ir, op); return 0;
    case MB_IR_PHI: return phi(ir, op);
    case MB_IR_INSN:
        if (!ir->builder->dropped && ir->insns++ == 0)
            ir->start = op->imm;
        mb_ir_append(ir, op);
        return 0;
    case MB_IR_EXIT:
        ir->round |= op->imm == ir->start && !ir->builder->dropped;
        /* fall through */
    default:                    /* jump, leave */
        mb_ir_append(ir, op);
        mb_ir_end_path(ir);
        return 0;
    }
}
