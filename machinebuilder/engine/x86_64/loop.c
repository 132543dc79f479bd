/* Units that jump back to their own start: state that is read at the top of the loop
 * stays in registers. SPDX-License-Identifier: Apache-2.0
 *
 * Fields that the unit reads before writing them are loaded once, before the loop's
 * label. A jump back stores what is dirty, as every exit does, but then brings the
 * current values of those fields to the registers where the top expects them, so that
 * no iteration waits for memory. It still counts instructions and looks at
 * exit_request.
 */
#include "gen.h"

static unsigned class_limit(unsigned type)
{
    return is_xmm_type(type) ? LOOP_XMMS : LOOP_GPRS;
}

static void add_field(struct loop *loop, const struct mb_op *op, mb_v get)
{
    unsigned same = 0;
    for (unsigned i = 0; i < loop->count; i++)
        same += is_xmm_type(loop->field[i].type) == is_xmm_type(op->type);
    if (same == class_limit(op->type))
        return;
    loop->field[loop->count++] = (struct loop_field){
        .get = get, .offset = (uint32_t)op->imm, .width = op->width, .type = op->type};
}

static bool overlaps(const struct loop_field *field, const struct mb_op *op)
{
    return field->offset < op->imm + op->width &&
           op->imm < field->offset + field->width;
}

static bool was_put(const struct gen *gen, uint32_t at)
{
    const struct mb_op *get = &gen->ir->ops[at];
    struct loop_field field = {.offset = (uint32_t)get->imm, .width = get->width};
    for (uint32_t i = 1; i < at; i++) {
        if (gen->ir->ops[i].code == MB_IR_PUT && overlaps(&field, &gen->ir->ops[i]))
            return true;
    }
    return false;
}

static bool has_back_edge(const struct mb_ir *ir)
{
    for (uint32_t i = 1; i < ir->count; i++) {
        if (ir->ops[i].code == MB_IR_EXIT && ir->ops[i].imm == ir->start)
            return true;
    }
    return false;
}

/* Fields read at the top level, before anything but this unit can have changed them. */
void mb_x86_find_loop(struct gen *gen)
{
    struct loop *loop = &gen->loop;
    unsigned depth = 0;
    loop->count = loop->edge_count = 0;
    loop->label = NULL;
    if (gen->ir->insns < 2 || !has_back_edge(gen->ir))    /* or it would spin unseen */
        return;
    for (uint32_t i = 1; i < gen->ir->count; i++) {
        const struct mb_op *op = &gen->ir->ops[i];
        if (op->code == MB_IR_CALL)
            return;
        depth += op->code == MB_IR_IF;
        depth -= op->code == MB_IR_ENDIF;
        if (op->code == MB_IR_GET && depth == 0 && !was_put(gen, i))
            add_field(loop, op, i);
    }
}

void mb_x86_loop_start(struct gen *gen)
{
    for (unsigned i = 0; i < gen->loop.count; i++)
        gen->loop.current[i] = gen->loop.field[i].get;
}

/* May the value that was put stand in for the get? It must look like what get gives. */
static bool stands_in(const struct gen *gen, const struct loop_field *field,
                      const struct mb_op *put)
{
    unsigned type = type_of(gen, put->in[0]);
    if (put->imm != field->offset || put->width != field->width || type != field->type)
        return false;
    unsigned bytes = type == MB_I32 || type == MB_F32 ? 4 : type == MB_V128 ? 16 : 8;
    return put->width == bytes || (type == MB_I32 && mb_x86_is_lazy(gen, put->in[0]));
}

/* While the liveness pass goes: what each field holds now, 0 if only memory knows. */
void mb_x86_loop_put(struct gen *gen, const struct mb_op *op)
{
    struct loop *loop = &gen->loop;
    for (unsigned i = 0; i < loop->count; i++) {
        if (overlaps(&loop->field[i], op))
            loop->current[i] = stands_in(gen, &loop->field[i], op) ? op->in[0] : 0;
    }
}

void mb_x86_loop_forget(struct gen *gen)
{
    for (unsigned i = 0; i < gen->loop.count; i++)
        gen->loop.current[i] = 0;
}

/* After two arms: what they agree on. */
void mb_x86_loop_merge(struct gen *gen, const mb_v *other)
{
    for (unsigned i = 0; i < gen->loop.count; i++) {
        if (gen->loop.current[i] != other[i])
            gen->loop.current[i] = 0;
    }
}

bool mb_x86_loop_edge(struct gen *gen, const struct mb_op *op)
{
    struct loop *loop = &gen->loop;
    if (op->imm != gen->ir->start || !loop->count || loop->edge_count == LOOP_EDGES)
        return false;
    struct loop_edge *edge = &loop->edge[loop->edge_count++];
    edge->at = gen->at;
    memcpy(edge->current, loop->current, sizeof edge->current);
    return true;
}

/* ---- while generating ---- */
static void load_field(struct gen *gen, const struct loop_field *field)
{
    const struct mb_op op = {.code = MB_IR_GET,
                             .type = field->type,
                             .width = field->width,
                             .imm = field->offset};
    mb_x86_load_field(gen, &op, field->reg);
}

/* Before the first operation: load the fields; the loop begins after that. */
void mb_x86_enter_loop(struct gen *gen)
{
    struct loop *loop = &gen->loop;
    if (!loop->edge_count)
        return;
    for (unsigned i = 0; i < loop->count; i++) {
        struct loop_field *field = &loop->field[i];
        if (!gen->values[field->get].uses)
            continue;
        field->reg = (uint8_t)mb_x86_define(gen, field->get);
        load_field(gen, field);
    }
    gen->locked = 0;
    loop->label = gen->code.p;
}

const struct loop_edge *mb_x86_edge_at(const struct gen *gen, uint32_t at)
{
    for (unsigned i = 0; i < gen->loop.edge_count; i++) {
        if (gen->loop.edge[i].at == at)
            return &gen->loop.edge[i];
    }
    return NULL;
}

/* All is stored and counted; go round again. */
void mb_x86_go_round(struct gen *gen, const struct loop_edge *edge)
{
    const struct loop *loop = &gen->loop;
    struct move moves[LOOP_GPRS + LOOP_XMMS];
    unsigned count = 0;
    for (unsigned i = 0; i < loop->count; i++) {
        if (gen->values[loop->field[i].get].uses && edge->current[i])
            moves[count++] = (struct move){loop->field[i].reg, edge->current[i]};
    }
    mb_x86_moves(gen, moves, count);
    for (unsigned i = 0; i < loop->count; i++) {
        if (gen->values[loop->field[i].get].uses && !edge->current[i])
            load_field(gen, &loop->field[i]);
    }
    x_jmp_to(&gen->code, loop->label);
}
