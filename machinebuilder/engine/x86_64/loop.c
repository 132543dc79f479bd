/* Units that jump back to their own start: state that is read at the top of the loop
 * stays in registers. SPDX-License-Identifier: Apache-2.0
 *
 * Fields that the unit reads before writing them are loaded once, before the loop's
 * label. A jump back brings the current values of those fields to the registers where
 * the top expects them, and stores what else is dirty. Those fields themselves stay
 * unstored from round to round: whichever of them the unit writes is dirty from the top
 * on. It still counts instructions and looks at exit_request.
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

/* Calls that come back may change what the top has read. */
static bool comes_back(const struct mb_op *op)
{
    const struct mb_helper *helper = (const struct mb_helper *)(uintptr_t)op->imm;
    return op->code == MB_IR_CALL && helper->effects != MB_PURE &&
           !(helper->effects & MB_EXITS);
}

static bool writes_key(const struct mb_op *op)
{
    return op->code == MB_IR_PUT && op->imm < offsetof(struct mb_cpu, key) + 8 &&
           op->imm + op->width > offsetof(struct mb_cpu, key);
}

/* With other translation flags the unit's start is another unit. What one arm alone does
 * to set them right again does not count. */
static bool after_key(const struct gen *gen, const struct mb_op *op, unsigned depth,
                      bool changed)
{
    uint64_t value;
    if (!writes_key(op))
        return changed;
    bool same = op->imm == offsetof(struct mb_cpu, key) && op->width == 4 &&
                mb_x86_const(gen, op->in[0], &value) && (uint32_t)value == gen->flags_now;
    return same ? changed && depth : true;
}

static bool can_loop(const struct gen *gen)
{
    const struct mb_ir *ir = gen->ir;
    bool back = false, changed = false;
    unsigned depth = 0;
    for (uint32_t i = 1; i < ir->count; i++) {
        const struct mb_op *op = &ir->ops[i];
        bool round = op->code == MB_IR_EXIT && op->imm == ir->start;
        depth += op->code == MB_IR_IF;
        depth -= op->code == MB_IR_ENDIF;
        changed = after_key(gen, op, depth, changed);
        if (comes_back(op) || (round && changed))
            return false;
        back |= round;
    }
    return back && ir->insns > 1;       /* or it would spin unseen */
}

static bool overlaps(const struct loop_field *field, const struct mb_op *op)
{
    return field->offset < op->imm + op->width &&
           op->imm < field->offset + field->width;
}

/* The fields that the unit has written so far. */
struct written { unsigned count; bool too_many; struct { uint32_t offset, width; } put[DIRTY]; };

static bool is_written(const struct written *written, uint32_t offset, uint32_t width)
{
    for (unsigned i = 0; i < written->count; i++) {
        if (written->put[i].offset < offset + width &&
            offset < written->put[i].offset + written->put[i].width)
            return true;
    }
    return written->too_many;
}

static void write(struct written *written, uint32_t offset, uint32_t width)
{
    for (unsigned i = 0; i < written->count; i++) {
        if (written->put[i].offset == offset && written->put[i].width == width)
            return;
    }
    written->too_many |= written->count == DIRTY;
    if (written->too_many)
        return;
    written->put[written->count].offset = offset;
    written->put[written->count++].width = width;
}

/* Read in one shape only, or storing one would change the other. */
static bool is_alone(const struct gen *gen, const struct loop_field *field)
{
    unsigned same = 0;
    for (unsigned i = 0; i < gen->loop.count; i++)
        same += overlaps(field, &gen->ir->ops[gen->loop.field[i].get]);
    return same == 1;
}

static void mark_written(struct gen *gen, const struct written *written)
{
    for (unsigned i = 0; i < gen->loop.count; i++) {
        struct loop_field *field = &gen->loop.field[i];
        field->written =
            is_written(written, field->offset, field->width) && is_alone(gen, field);
    }
}

/* Fields read at the top level, before anything but this unit can have changed them. */
void mb_x86_find_loop(struct gen *gen)
{
    struct loop *loop = &gen->loop;
    struct written written = {.count = 0};
    unsigned depth = 0;
    loop->count = loop->edge_count = 0;
    loop->label = NULL;
    if (!gen->ir->round || !can_loop(gen))
        return;
    for (uint32_t i = 1; i < gen->ir->count; i++) {
        const struct mb_op *op = &gen->ir->ops[i];
        depth += op->code == MB_IR_IF;
        depth -= op->code == MB_IR_ENDIF;
        if (op->code == MB_IR_PUT)
            write(&written, (uint32_t)op->imm, op->width);
        else if (op->code == MB_IR_GET && depth == 0 &&
                 !is_written(&written, (uint32_t)op->imm, op->width))
            add_field(loop, op, i);
    }
    mark_written(gen, &written);
}

/* What a round before may have left unstored. */
static void start_dirty(struct gen *gen, bool generating)
{
    const struct loop *loop = &gen->loop;
    for (unsigned i = 0; i < loop->count; i++) {
        const struct loop_field *field = &loop->field[i];
        if (field->written && (!generating || gen->values[field->get].uses))
            mb_dirty_put(&gen->dirty,
                         (struct dirty){field->offset, field->width, field->get});
    }
}

void mb_x86_loop_start(struct gen *gen)
{
    for (unsigned i = 0; i < gen->loop.count; i++)
        gen->loop.current[i] = gen->loop.field[i].get;
    start_dirty(gen, false);
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

/* Was it read before the loop began? */
bool mb_x86_is_loop_get(const struct gen *gen, mb_v v)
{
    for (unsigned i = 0; i < gen->loop.count; i++) {
        if (gen->loop.field[i].get == v)
            return true;
    }
    return false;
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
    start_dirty(gen, true);
}

const struct loop_edge *mb_x86_edge_at(const struct gen *gen, uint32_t at)
{
    for (unsigned i = 0; i < gen->loop.edge_count; i++) {
        if (gen->loop.edge[i].at == at)
            return &gen->loop.edge[i];
    }
    return NULL;
}

/* Does the next round take this field over as it is? */
static bool carried(const struct gen *gen, const struct loop_edge *edge,
                    const struct dirty *dirty)
{
    for (unsigned i = 0; i < gen->loop.count; i++) {
        const struct loop_field *field = &gen->loop.field[i];
        if (field->written && field->offset == dirty->offset &&
            field->width == dirty->width)
            return edge->current[i] == dirty->v;
    }
    return false;
}

/* Only what the next round does not take over; that is left dirty. */
static void store_others(struct gen *gen, const struct loop_edge *edge)
{
    struct dirty_set all = gen->dirty, kept = {.count = 0};
    gen->dirty.count = 0;
    for (unsigned i = 0; i < all.count; i++) {
        struct dirty_set *set =
            carried(gen, edge, &all.field[i]) ? &kept : &gen->dirty;
        set->field[set->count++] = all.field[i];
    }
    mb_x86_flush(gen);
    gen->dirty = kept;
}

static void reload(struct gen *gen, const struct loop_edge *edge)
{
    for (unsigned i = 0; i < gen->loop.count; i++) {
        if (gen->values[gen->loop.field[i].get].uses && !edge->current[i])
            load_field(gen, &gen->loop.field[i]);
    }
}

/* Go round again unless somebody asks for the CPU. What follows is the way out, where
 * all values are as before the moves. */
void mb_x86_go_round(struct gen *gen, const struct loop_edge *edge)
{
    struct move moves[LOOP_GPRS + LOOP_XMMS];
    unsigned count = 0;
    for (unsigned i = 0; i < gen->loop.count; i++) {
        if (gen->values[gen->loop.field[i].get].uses && edge->current[i])
            moves[count++] = (struct move){gen->loop.field[i].reg, edge->current[i]};
    }
    store_others(gen, edge);
    mb_x86_make_truths(gen, moves, count);
    mb_x86_count_insns(gen, gen->insn);
    x_alu_mem_imm(&gen->code, false, ALU_CMP, CPU(exit_request), 0);
    flags_lost(gen);
    uint8_t *out = x_jcc(&gen->code, CC_NE);
    mb_x86_moves(gen, moves, count);
    reload(gen, edge);
    x_jmp_to(&gen->code, gen->loop.label);
    x_patch(&gen->code, out, gen->code.p);
}
