/* Before generation: how long each value is needed, and where arms begin and end.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Written state stays in registers until something can see it, so a value is also
 * needed wherever its field may have to be stored: this pass follows the dirty fields
 * just as generation will. It may think more dirty than generation does, never less.
 */
#include "gen.h"

bool mb_dirty_overlaps(const struct dirty *x, uint32_t offset, unsigned width)
{
    return x->offset < offset + width && offset < x->offset + x->width;
}

bool mb_dirty_has(const struct dirty_set *set, const struct dirty *field)
{
    for (unsigned i = 0; i < set->count; i++) {
        const struct dirty *x = &set->field[i];
        if (x->offset == field->offset && x->width == field->width && x->v == field->v)
            return true;
    }
    return false;
}

struct dirty *mb_x86_dirty(struct gen *gen, const struct mb_op *op)
{
    struct dirty_set *set = &gen->dirty;
    uint8_t *hint = &gen->hints[op->imm % HINTS];
    for (unsigned i = 0, at = *hint; i <= set->count; at = i++) {
        struct dirty *field = &set->field[at];
        if (at < set->count && field->offset == op->imm && field->width == op->width) {
            *hint = (uint8_t)at;
            return field;
        }
    }
    return NULL;
}

static bool covers(const struct dirty *x, const struct dirty *y)
{
    return x->offset <= y->offset && y->offset + y->width <= x->offset + x->width;
}

/* Fields that `field` covers go; the caller has stored those it overlaps in part. */
void mb_dirty_put(struct dirty_set *set, struct dirty field)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < set->count; i++) {
        if (!covers(&field, &set->field[i]))
            set->field[kept++] = set->field[i];
    }
    set->count = kept;
    set->field[set->count++] = field;
}

bool mb_x86_killed(const struct gen *gen, uint32_t at_end, const struct dirty *field)
{
    for (uint32_t i = at_end + 1; i < gen->ir->count; i++) {
        const struct mb_op *op = &gen->ir->ops[i];
        struct dirty put = {(uint32_t)op->imm, op->width, op->in[0]};
        if (op->code == MB_IR_PUT && covers(&put, field))
            return true;
        if (op->code != MB_IR_PUT && op->code != MB_IR_PHI && op->code != MB_IR_NOP &&
            mb_ir_table[op->code].effect != MB_E_NONE)
            return false;
    }
    return false;
}

static void need(struct gen *gen, mb_v v, uint32_t at)
{
    struct value *value = &gen->values[v];
    if (value->last < at)
        value->last = at;
}

static void need_operand(struct gen *gen, mb_v v, uint32_t at)
{
    if (gen->values[v].operand < at)
        gen->values[v].operand = at;
    need(gen, v, at);
}

static void use(struct gen *gen, mb_v v)
{
    struct condition condition;
    gen->values[v].uses++;
    need_operand(gen, v, gen->at);
    if (!mb_x86_is_lazy(gen, v) || !mb_x86_condition(gen->ir, v, &condition))
        return;
    gen->values[condition.flags.a].uses++;
    gen->values[condition.flags.b].uses++;
    need_operand(gen, condition.flags.a, gen->at);
    need_operand(gen, condition.flags.b, gen->at);
}

static void use_field(struct gen *gen, const struct dirty *field, uint32_t at)
{
    struct condition condition;
    need(gen, field->v, at);
    if (!mb_x86_is_lazy(gen, field->v) ||
        !mb_x86_condition(gen->ir, field->v, &condition))
        return;
    need_operand(gen, condition.flags.a, at);
    need_operand(gen, condition.flags.b, at);
}

/* Something may look at every dirty field now. Each of them hears of it when it leaves the
 * set, of the last time only. */
static void see_all(struct gen *gen)
{
    gen->seen = gen->at;
}

static void settle(struct gen *gen, const struct dirty *field)
{
    if (field->since <= gen->seen)
        use_field(gen, field, gen->seen);
}

static void settle_all(struct gen *gen)
{
    for (unsigned i = 0; i < gen->dirty.count; i++)
        settle(gen, &gen->dirty.field[i]);
}

/* The parts of the dirty set that a get or put in another shape brings to memory. */
static void see_overlapping(struct gen *gen, const struct mb_op *op)
{
    struct dirty_set *set = &gen->dirty;
    struct dirty field = {(uint32_t)op->imm, op->width, 0};
    unsigned kept = 0;
    for (unsigned i = 0; i < set->count; i++) {
        struct dirty *x = &set->field[i];
        bool replaced = op->code == MB_IR_PUT && covers(&field, x);
        if (mb_dirty_overlaps(x, field.offset, field.width) && !replaced) {
            use_field(gen, x, gen->at);
        } else {
            if (replaced)
                settle(gen, x);
            set->field[kept++] = *x;
        }
    }
    set->count = kept;
}

static bool see_put(struct gen *gen, const struct mb_op *op)
{
    struct dirty now = {(uint32_t)op->imm, op->width, op->in[0], gen->at};
    struct dirty *old = mb_x86_dirty(gen, op);
    if (old) {
        settle(gen, old);
        *old = now;
        return true;
    }
    see_overlapping(gen, op);
    if (gen->dirty.count == DIRTY)
        return false;
    mb_dirty_put(&gen->dirty, now);
    return true;
}

/* ---- regions ---- */
static bool open_if(struct gen *gen)
{
    if (gen->region_count == REGIONS || gen->depth == 64)
        return false;
    struct region *region = &gen->regions[gen->region_count++];
    region->at_else = region->at_end = 0;
    region->then_ended = region->else_ended = region->flush_before = false;
    copy_set(&region->dirty, &gen->dirty);
    memcpy(region->current, gen->loop.current, sizeof region->current);
    gen->open[gen->depth++] = region;
    gen->ir->ops[gen->at].mark = (uint16_t)(region - gen->regions);
    return true;
}


/* Did the arm that ends before `at` leave? Only its last operation can tell. */
static bool arm_ended(const struct gen *gen, uint32_t at)
{
    while (gen->ir->ops[at - 1].code == MB_IR_NOP)
        at--;
    const struct mb_op *op = &gen->ir->ops[at - 1];
    switch (op->code) {
    case MB_IR_EXIT: case MB_IR_JUMP: case MB_IR_LEAVE:
        return true;
    case MB_IR_CALL:
        return ((const struct mb_helper *)(uintptr_t)op->imm)->effects & MB_EXITS;
    case MB_IR_ENDIF: {
        const struct region *inner = &gen->regions[op->mark];
        return inner->then_ended && inner->else_ended;
    }
    default:
        return false;
    }
}

static void open_else(struct gen *gen)
{
    struct region *region = gen->open[gen->depth - 1];
    region->at_else = gen->at;
    region->then_ended = arm_ended(gen, gen->at);
    copy_set(&region->then_dirty, &gen->dirty);
    memcpy(region->then_current, gen->loop.current, sizeof region->current);
    see_all(gen);               /* some may have to be stored here */
    settle_all(gen);
    copy_set(&gen->dirty, &region->dirty);
    memcpy(gen->loop.current, region->current, sizeof region->current);
}

/* What both arms leave in registers: fields dirty since before the if. A field that an
 * arm changed, and that is not written again at once, is stored before the if. */
static void merge(struct gen *gen, struct region *region,
                  const struct dirty_set *then_end, const struct dirty_set *else_end)
{
    struct dirty_set merged;
    merged.count = 0;
    for (unsigned i = 0; i < region->dirty.count; i++) {
        const struct dirty *field = &region->dirty.field[i];
        if (mb_x86_killed(gen, region->at_end, field))
            continue;
        if (!mb_dirty_has(then_end, field) || !mb_dirty_has(else_end, field))
            region->flush_before = true;
        merged.field[merged.count++] = *field;
    }
    if (region->flush_before)
        merged.count = 0;
    copy_set(&gen->dirty, &merged);
}

static void close_if(struct gen *gen, uint32_t at_if)
{
    struct region *region = gen->open[--gen->depth];
    struct dirty_set last;
    copy_set(&last, &gen->dirty);
    bool ended = arm_ended(gen, gen->at);
    region->at_end = gen->at;
    gen->ir->ops[gen->at].mark = (uint16_t)(region - gen->regions);
    see_all(gen);               /* some may have to be stored here */
    settle_all(gen);
    if (region->at_else) {
        region->else_ended = ended;
    } else {
        region->then_ended = ended;
        copy_set(&region->then_dirty, &last);
        copy_set(&last, &region->dirty);
        memcpy(region->then_current, gen->loop.current, sizeof region->current);
        memcpy(gen->loop.current, region->current, sizeof region->current);
    }
    if (region->else_ended)
        memcpy(gen->loop.current, region->then_current, sizeof region->current);
    else if (!region->then_ended)
        mb_x86_loop_merge(gen, region->then_current);
    if (region->then_ended)
        copy_set(&gen->dirty, &last);
    else if (region->else_ended)
        copy_set(&gen->dirty, &region->then_dirty);
    else
        merge(gen, region, &region->then_dirty, &last);
    if (!region->flush_before)
        return;
    for (unsigned i = 0; i < region->dirty.count; i++)
        use_field(gen, &region->dirty.field[i], at_if);
}

/* Whatever the loop's fields hold at a jump back. */
static void use_current(struct gen *gen)
{
    for (unsigned i = 0; i < gen->loop.count; i++) {
        if (gen->loop.current[i] && gen->loop.current[i] != gen->loop.field[i].get)
            use(gen, gen->loop.current[i]);
        else if (gen->loop.current[i])
            need_operand(gen, gen->loop.current[i], gen->at);
    }
}

static bool see_control(struct gen *gen, const struct mb_op *op, uint32_t *ifs)
{
    switch (op->code) {
    case MB_IR_IF:
        if (!open_if(gen))
            return false;
        ifs[gen->depth - 1] = gen->at;
        return true;
    case MB_IR_ELSE: open_else(gen); return true;
    case MB_IR_ENDIF: close_if(gen, ifs[gen->depth - 1]); return true;
    case MB_IR_EXIT:
        if (mb_x86_loop_edge(gen, op))
            use_current(gen);
        see_all(gen);
        return true;
    case MB_IR_JUMP: case MB_IR_LEAVE: see_all(gen); return true;
    default: return true;
    }
}

static bool see(struct gen *gen, struct mb_op *op, uint32_t *ifs)
{
    const struct mb_helper *helper;
    switch (mb_ir_table[op->code].effect) {
    case MB_E_READS:
        if (!mb_x86_is_loop_get(gen, gen->at))
            see_overlapping(gen, op);
        return true;
    case MB_E_WRITES:
        mb_x86_loop_put(gen, op);
        return see_put(gen, op);
    case MB_E_MEMORY:
        see_all(gen);
        mb_x86_join_group(gen, op);
        return true;
    case MB_E_CONTROL:
        if (op->code != MB_IR_INSN)
            mb_x86_close_groups(gen);
        return see_control(gen, op, ifs);
    case MB_E_CALL:
        mb_x86_close_groups(gen);
        mb_x86_loop_forget(gen);
        helper = (const struct mb_helper *)(uintptr_t)op->imm;
        for (unsigned i = 0; i < op->argc; i++)
            use(gen, gen->ir->args[op->in[0] + i]);
        if (helper->effects != MB_PURE) {
            see_all(gen);
            settle_all(gen);
            gen->dirty.count = 0;
        }
        return true;
    default: return true;
    }
}

/* A sum whose flags a compare may share is worth an `add`, not a `lea`. */
static void mark_sum(struct gen *gen, const struct mb_op *op)
{
    struct mb_op *sum = &gen->ir->ops[op->in[0]];
    if (sum->code == MB_IR_ADD)
        sum->mark = 1;
}

/* ---- shifts that an address does ---- */
static bool is_scale(const struct gen *gen, const struct mb_op *sum, unsigned side)
{
    const struct mb_op *shift = &gen->ir->ops[sum->in[side]];
    uint64_t count;
    return shift->code == MB_IR_SHL && shift->type == sum->type &&
           shift->mark == 1 &&
           mb_x86_const(gen, shift->in[1], &count) && count >= 1 && count <= 3;
}

/* x + (y << 1, 2 or 3), where nothing else wants the product: one lea. Before marks are
 * other things than numbers of uses. */
static void find_scales(struct gen *gen)
{
    for (uint32_t at = 1; at < gen->ir->count; at++) {
        struct mb_op *op = &gen->ir->ops[at];
        if (op->code == MB_IR_ADD)
            op->flags = is_scale(gen, op, 1) ? SCALED_SECOND :
                        is_scale(gen, op, 0) ? SCALED_FIRST : 0;
    }
}

static mb_v operand_of(const struct gen *gen, const struct mb_op *op, unsigned i)
{
    bool scaled = op->code == MB_IR_ADD && op->flags == i + SCALED_FIRST;
    return scaled ? gen->ir->ops[op->in[i]].in[0] : op->in[i];
}

static void use_operands(struct gen *gen, const struct mb_op *op)
{
    struct condition condition;
    for (unsigned i = 0; i < mb_ir_table[op->code].inputs; i++)
        use(gen, operand_of(gen, op, i));
    if (!mb_x86_is_compare(op) || !mb_x86_condition(gen->ir, gen->at, &condition))
        return;
    use(gen, condition.flags.a);
    if (condition.flags.b)
        use(gen, condition.flags.b);
}

bool mb_x86_live(struct gen *gen)
{
    uint32_t ifs[64];
    memset(gen->values, 0, gen->ir->count * sizeof *gen->values);
    gen->region_count = gen->depth = gen->group_count = 0;
    mb_x86_close_groups(gen);
    gen->dirty.count = 0;
    gen->seen = 0;
    find_scales(gen);
    mb_x86_loop_start(gen);
    for (gen->at = 1; gen->at < gen->ir->count; gen->at++) {
        struct mb_op *op = &gen->ir->ops[gen->at];
        gen->values[gen->at].reg = gen->values[gen->at].spill = NO_REG;
        op->mark = 0;
        if (op->code == MB_IR_NOP)
            continue;
        gen->values[gen->at].lazy =
            mb_x86_is_compare(op) && mb_x86_can_be_lazy(gen->ir, gen->at);
        if (gen->values[gen->at].lazy) {
            mark_sum(gen, op);
        } else if (op->code != MB_IR_CALL) {
            use_operands(gen, op);
        }
        if (!see(gen, op, ifs))
            return false;
    }
    settle_all(gen);
    gen->dirty.count = 0;
    return true;
}
