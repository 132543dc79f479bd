/* Guest state: fields are read when first needed and written when something may look.
 * SPDX-License-Identifier: Apache-2.0 */
#include "gen.h"

#include <stdlib.h>

static void remove_field(struct dirty_set *set, unsigned i)
{
    memmove(&set->field[i], &set->field[i + 1],
            (--set->count - i) * sizeof set->field[0]);
}

/* Bring to memory what a get or put of another shape touches. */
static void store_overlapping(struct gen *gen, const struct mb_op *op)
{
    uint32_t offset = (uint32_t)op->imm;
    bool put = op->code == MB_IR_PUT;
    for (unsigned i = 0; i < gen->dirty.count;) {
        struct dirty field = gen->dirty.field[i];
        bool covered = offset <= field.offset &&
                       field.offset + field.width <= offset + op->width;
        if (mb_dirty_overlaps(&field, offset, op->width) && !(put && covered)) {
            mb_x86_store_field(gen, &field);
            remove_field(&gen->dirty, i);
        } else
            i++;
    }
}

static uint32_t load_op(const struct mb_op *op)
{
    switch (op->width) {
    case 1: return X_MOVZX8 & ~BYTE;
    case 2: return X_MOVZX16;
    case 4: return op->type == MB_F32 ? X_MOVSS_LOAD : X_LOAD;
    case 8: return op->type == MB_I64 ? X_LOAD | W64 : X_MOVQ_LOAD;
    default: return X_MOVUPS_LOAD;
    }
}

void mb_x86_load_field(struct gen *gen, const struct mb_op *get, unsigned reg)
{
    x_rm(&gen->code, load_op(get), reg & 15, state_at(get->imm));
}

void mb_x86_get(struct gen *gen, const struct mb_op *op)
{
    const struct value *value = &gen->values[gen->at];
    if (value->reg != NO_REG || value->spill != NO_REG)
        return;                 /* loaded before the loop */
    store_overlapping(gen, op);
    mb_x86_load_field(gen, op, mb_x86_define(gen, gen->at));
}

void mb_x86_put(struct gen *gen, const struct mb_op *op)
{
    struct dirty *old = mb_x86_dirty(gen, op);
    if (old) {
        old->v = op->in[0];
        return;
    }
    store_overlapping(gen, op);
    if (gen->dirty.count == DIRTY) {
        gen->failed = true;
        return;
    }
    mb_dirty_put(&gen->dirty, (struct dirty){(uint32_t)op->imm, op->width, op->in[0]});
}

static void store_const(struct gen *gen, const struct dirty *field, uint64_t value)
{
    struct mem m = state_at(field->offset);
    if (field->width == 8 && value != (uint64_t)(int64_t)(int32_t)value) {
        x_mov_imm(&gen->code, RAX, value);
        x_rm(&gen->code, X_STORE | W64, RAX, m);
        return;
    }
    uint32_t op = field->width == 1 ? OP(0, 0, 0xc6) :
                  field->width == 2 ? OP(0x66, 0, 0xc7) : OP(0, 0, 0xc7);
    x_rm(&gen->code, op | (field->width == 8 ? W64 : 0), 0, m);
    for (unsigned i = 0; i < (field->width < 4 ? field->width : 4u); i++)
        put8(&gen->code, value >> 8 * i & 0xff);
}

static uint32_t store_op(unsigned type, unsigned width)
{
    if (is_xmm_type(type))
        return width == 4 ? X_MOVSS_STORE : width == 8 ? X_MOVQ_STORE : X_MOVUPS_STORE;
    switch (width) {
    case 1: return X_STORE8;
    case 2: return X_STORE16;
    case 4: return X_STORE;
    default: return X_STORE | W64;
    }
}

static void store_field(struct gen *gen, const struct dirty *field)
{
    uint64_t c;
    unsigned type = type_of(gen, field->v), reg = gen->values[field->v].reg;
    if (mb_x86_const(gen, field->v, &c)) {
        store_const(gen, field, c);
        return;
    }
    if (reg == NO_REG && gen->values[field->v].spill == NO_REG && field->width == 1 &&
        mb_x86_is_lazy(gen, field->v)) {
        unsigned cc = mb_x86_test(gen, field->v);
        x_rm(&gen->code, OP(0, 1, 0x90 | cc), 0, state_at(field->offset));
        return;
    }
    if (reg == NO_REG) {
        reg = is_xmm_type(type) ? XMM(SCRATCH_XMM) : RAX;
        mb_x86_load_value(gen, reg, field->v);
    }
    x_rm(&gen->code, store_op(type, field->width), reg & 15, state_at(field->offset));
}

/* The caller walks the dirty set: what storing displaces must not be taken from it. */
void mb_x86_store_field(struct gen *gen, const struct dirty *field)
{
    bool storing = gen->storing;
    gen->storing = true;
    store_field(gen, field);
    gen->storing = storing;
}

/* First what leaves the host flags alone, or uses them as they are. */
void mb_x86_flush(struct gen *gen)
{
    struct dirty_set *set = &gen->dirty;
    unsigned later = 0, cc;
    for (unsigned i = 0; i < set->count; i++) {
        struct dirty field = set->field[i];
        if (mb_x86_is_lazy(gen, field.v) && gen->values[field.v].reg == NO_REG &&
            !mb_x86_flags_match(gen, field.v, &cc))
            set->field[later++] = field;
        else
            mb_x86_store_field(gen, &field);
    }
    for (unsigned i = 0; i < later; i++)
        mb_x86_store_field(gen, &set->field[i]);
    set->count = 0;
}

/* ---- rows of the side table ---- */
static void add(struct gen *gen, union mb_place place)
{
    if (gen->place_count == gen->place_capacity) {
        uint32_t capacity = gen->place_capacity ? 2 * gen->place_capacity : 256;
        union mb_place *places = realloc(gen->places, capacity * sizeof *places);
        if (!places) {
            gen->failed = true;
            return;
        }
        gen->places = places;
        gen->place_capacity = capacity;
    }
    gen->places[gen->place_count++] = place;
}

static void add_const(struct gen *gen, union mb_place place, uint64_t value)
{
    place.kind = MB_AT_CONST;
    place.index = value >> 32 ? 2 : value ? 1 : 0;
    add(gen, place);
    for (unsigned i = 0; i < place.index; i++)
        add(gen, (union mb_place){.word = (uint32_t)(value >> 32 * i)});
}

/* Where `v` is now, added to the field's place; false if it has to be worked out. */
static bool locate(struct gen *gen, mb_v v, union mb_place place)
{
    const struct value *value = &gen->values[v];
    const struct mb_op *op = &gen->ir->ops[v];
    if (op->code == MB_IR_CONST || op->code == MB_IR_FCONST) {
        add_const(gen, place, op->imm);
        return true;
    }
    if (value->reg != NO_REG) {
        place.kind = value->reg >= 16 ? MB_AT_XMM : MB_AT_REG;
        place.index = value->reg & 15;
    } else if (value->spill != NO_REG) {
        place.kind = MB_AT_SPILL;
        place.index = value->spill;
    } else
        return false;
    add(gen, place);
    return true;
}

static void add_operand(struct gen *gen, mb_v v)
{
    union mb_place nowhere = {0};
    if (!v)
        add_const(gen, nowhere, 0);
    else if (!locate(gen, v, nowhere))
        gen->failed = true;
}

/* Where a field's value is, or how it is made of others. */
static void add_place(struct gen *gen, const struct dirty *field)
{
    struct condition condition;
    union mb_place place = {{.offset = field->offset & (MB_PLACE_OFFSETS - 1),
                             .width = field->width & 31}};
    if (locate(gen, field->v, place))
        return;
    if (!mb_x86_is_lazy(gen, field->v) ||
        !mb_x86_condition(gen->ir, field->v, &condition)) {
        gen->failed = true;
        return;
    }
    place.kind = MB_AT_FLAGS;
    place.index = FLAGS_INDEX(condition.cc, condition.flags.kind, condition.flags.wide);
    add(gen, place);
    add_operand(gen, condition.flags.a);
    add_operand(gen, condition.flags.b);
}

/* Those of the last row and from `first` on. */
static bool same_places(const struct gen *gen, uint32_t last, uint32_t first)
{
    uint32_t count = gen->place_count - first;
    return count == first - last &&
           memcmp(&gen->places[last], &gen->places[first], count * sizeof gen->places[0]) == 0;
}

uint32_t mb_x86_row(struct gen *gen)
{
    uint32_t first = gen->place_count;
    if (gen->row_count == gen->row_capacity) {
        uint32_t capacity = gen->row_capacity ? 2 * gen->row_capacity : 64;
        struct mb_row *rows = realloc(gen->rows, capacity * sizeof *rows);
        if (!rows) {
            gen->failed = true;
            return 0;
        }
        gen->rows = rows;
        gen->row_capacity = capacity;
    }
    for (unsigned i = 0; i < gen->dirty.count; i++)
        add_place(gen, &gen->dirty.field[i]);
    struct mb_row *last = gen->row_count ? &gen->rows[gen->row_count - 1] : NULL;
    struct mb_row row = {
        .first = first, .count = (uint16_t)gen->dirty.count,
        .pc = (int32_t)(gen->pc - gen->ir->start),
        .insn = (uint16_t)(gen->insn ? gen->insn - 1 - gen->flushed_insns : 0),
    };
    if (last && same_places(gen, last->first, first)) {
        row.first = last->first;
        gen->place_count = first;
    }
    gen->rows[gen->row_count] = row;
    return gen->row_count++;
}

/* ---- pc and instruction count ---- */
/* The upper half of a 32-bit guest's pc is always 0. */
void mb_x86_store_pc(struct gen *gen, uint64_t pc)
{
    x_rm(&gen->code, OP(0, 0, 0xc7), 0, CPU(pc));
    put32(&gen->code, (uint32_t)pc);
    if (gen->core->address_bits == 32)
        return;
    x_rm(&gen->code, OP(0, 0, 0xc7), 0, state_at(offsetof(struct mb_cpu, pc) + 4));
    put32(&gen->code, (uint32_t)(pc >> 32));
}

/* Bring mb_cpu.insns to `total` instructions of this unit. */
void mb_x86_count_insns(struct gen *gen, unsigned total)
{
    if (total == gen->flushed_insns)
        return;
    x_alu_mem_imm(&gen->code, true, ALU_ADD, CPU(insns),
                  (int32_t)(total - gen->flushed_insns));
    gen->flushed_insns = total;
    flags_lost(gen);
}
