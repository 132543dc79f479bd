/* Values in host registers and spill slots. SPDX-License-Identifier: Apache-2.0
 *
 * Local allocation: a value gets a register when it is defined or first needed; when
 * none is free, the one whose value is needed longest goes to its slot. Constants and
 * lazy compares are never spilled, but made again.
 */
#include "gen.h"

bool mb_x86_const(const struct gen *gen, mb_v v, uint64_t *value)
{
    return mb_ir_is_const(gen->ir, v, value);
}

bool mb_x86_dies(const struct gen *gen, mb_v v)
{
    return gen->values[v].last <= gen->at;
}

struct mem mb_x86_slot(unsigned slot)
{
    return at(RSP, FRAME_SPILL + 8 * (int32_t)slot);
}

static bool can_remake(const struct gen *gen, mb_v v)
{
    unsigned code = gen->ir->ops[v].code;
    return code == MB_IR_CONST || code == MB_IR_FCONST || mb_x86_is_lazy(gen, v);
}

void mb_x86_bind(struct gen *gen, mb_v v, unsigned reg)
{
    gen->where.reg[reg] = v;
    gen->bound |= 1u << reg;
    gen->values[v].reg = (uint8_t)reg;
    if (gen->values[v].last < gen->next_end)
        gen->next_end = gen->values[v].last;
}

void mb_x86_unbind(struct gen *gen, unsigned reg)
{
    mb_v v = gen->where.reg[reg];
    if (v)
        gen->values[v].reg = NO_REG;
    gen->bound &= ~(1u << reg);
    gen->where.reg[reg] = 0;
}

/* ---- slots ---- */
static bool slot_is_free(const struct gen *gen, unsigned slot)
{
    if (slot >= gen->where.slots)
        return true;
    mb_v v = gen->where.slot[slot];
    return v == 0 || gen->values[v].last < gen->at || gen->values[v].spill != slot;
}

unsigned mb_x86_new_slot(struct gen *gen, mb_v v)
{
    unsigned size = type_of(gen, v) == MB_V128 ? 2 : 1;
    for (unsigned slot = 0; slot + size <= SPILLS; slot++) {
        if (!slot_is_free(gen, slot) || (size == 2 && !slot_is_free(gen, slot + 1)))
            continue;
        if (slot && slot <= gen->where.slots && gen->where.slot[slot - 1] && !slot_is_free(gen, slot - 1) &&
            type_of(gen, gen->where.slot[slot - 1]) == MB_V128)
            continue;           /* the upper half of a vector */
        set_slot(&gen->where, slot, v);
        gen->values[v].spill = (uint8_t)slot;
        return slot;
    }
    gen->failed = true;
    return 0;
}

void mb_x86_store_slot(struct gen *gen, unsigned type, unsigned reg, unsigned slot)
{
    struct mem m = mb_x86_slot(slot);
    if (type == MB_V128)
        x_rm(&gen->code, X_MOVUPS_STORE, reg - 16, m);
    else if (is_xmm_type(type))
        x_rm(&gen->code, X_MOVQ_STORE, reg - 16, m);
    else
        x_rm(&gen->code, X_STORE | W64, reg, m);
}

void mb_x86_load_slot(struct gen *gen, unsigned type, unsigned reg, unsigned slot)
{
    struct mem m = mb_x86_slot(slot);
    if (type == MB_V128)
        x_rm(&gen->code, X_MOVUPS_LOAD, reg - 16, m);
    else if (is_xmm_type(type))
        x_rm(&gen->code, X_MOVQ_LOAD, reg - 16, m);
    else
        x_rm(&gen->code, X_LOAD | W64, reg, m);
}

void mb_x86_spill(struct gen *gen, mb_v v)
{
    if (gen->values[v].spill == NO_REG)
        mb_x86_store_slot(gen, type_of(gen, v), gen->values[v].reg,
                          mb_x86_new_slot(gen, v));
}

/* Only still needed because some field has to be stored: that can be done now, outside
 * of arms (where the other way round would not know of it). */
static bool only_dirty(const struct gen *gen, mb_v v)
{
    return gen->depth == 0 && !gen->storing && gen->values[v].operand < gen->at;
}

static void store_early(struct gen *gen, mb_v v)
{
    struct dirty_set *set = &gen->dirty;
    unsigned kept = 0;
    for (unsigned i = 0; i < set->count; i++) {
        if (set->field[i].v == v)
            mb_x86_store_field(gen, &set->field[i]);
        else
            set->field[kept++] = set->field[i];
    }
    set->count = kept;
}

void mb_x86_evict(struct gen *gen, unsigned reg)
{
    mb_v v = gen->where.reg[reg];
    if (!v)
        return;
    if (gen->values[v].last >= gen->at && !can_remake(gen, v)) {
        if (only_dirty(gen, v))
            store_early(gen, v);
        else
            mb_x86_spill(gen, v);
    }
    mb_x86_unbind(gen, reg);
}

/* ---- registers ---- */
static unsigned victim(const struct gen *gen, uint32_t pool)
{
    unsigned best = NO_REG;
    uint32_t furthest = 0;
    for (unsigned reg = 0; reg < 32; reg++) {
        if (!(pool >> reg & 1))
            continue;
        mb_v v = gen->where.reg[reg];
        uint32_t last = gen->values[v].last;
        if (can_remake(gen, v) || gen->values[v].spill != NO_REG)
            last += 1000;
        else if (only_dirty(gen, v))
            last += 100000;
        if (best == NO_REG || last > furthest) {
            best = reg;
            furthest = last;
        }
    }
    return best;
}

static unsigned allocate(struct gen *gen, bool xmm)
{
    uint32_t pool = (xmm ? (uint32_t)XMM_POOL << 16 : GPR_POOL) &
                    ~(gen->locked | gen->reserved);
    if (pool & ~gen->bound) {
        unsigned reg = (unsigned)__builtin_ctz(pool & ~gen->bound);
        gen->locked |= 1u << reg;
        return reg;
    }
    unsigned reg = victim(gen, pool);
    if (reg == NO_REG) {
        gen->failed = true;
        return xmm ? XMM(0) : R8;
    }
    mb_x86_evict(gen, reg);
    gen->locked |= 1u << reg;
    return reg;
}

bool mb_x86_has_free_register(const struct gen *gen)
{
    return GPR_POOL & ~(gen->locked | gen->reserved | gen->bound);
}

unsigned mb_x86_temp(struct gen *gen, bool xmm)
{
    return allocate(gen, xmm);
}

unsigned mb_x86_define(struct gen *gen, mb_v v)
{
    unsigned reg = allocate(gen, is_xmm_type(type_of(gen, v)));
    mb_x86_bind(gen, v, reg);
    return reg;
}

unsigned mb_x86_redefine(struct gen *gen, mb_v v, mb_v old)
{
    unsigned reg = gen->values[old].reg;
    if (reg == NO_REG || !mb_x86_dies(gen, old) ||
        is_xmm_type(type_of(gen, v)) != is_xmm_type(type_of(gen, old)))
        return mb_x86_define(gen, v);
    mb_x86_unbind(gen, reg);
    mb_x86_bind(gen, v, reg);
    gen->locked |= 1u << reg;
    return reg;
}

unsigned mb_x86_target(struct gen *gen, mb_v v, mb_v old)
{
    unsigned reg = gen->values[old].reg;
    bool xmm = is_xmm_type(type_of(gen, v));
    if (reg != NO_REG && mb_x86_dies(gen, old) && xmm == is_xmm_type(type_of(gen, old)))
        return reg;
    return allocate(gen, xmm);
}

static void load_float_const(struct gen *gen, unsigned type, unsigned reg,
                             uint64_t bits)
{
    if (bits == 0) {
        x_rr(&gen->code, OP(0, 1, 0x57), reg - 16, reg - 16);       /* xorps */
        return;
    }
    x_mov_imm(&gen->code, RAX, bits);
    x_rr(&gen->code, X_MOVD_TO_XMM | (type == MB_F64 ? W64 : 0), reg - 16, RAX);
}

void mb_x86_load_value(struct gen *gen, unsigned reg, mb_v v)
{
    const struct mb_op *op = &gen->ir->ops[v];
    const struct value *value = &gen->values[v];
    if (value->reg != NO_REG) {
        if (value->reg >= 16 && value->reg != reg)
            x_rr(&gen->code, X_MOVAPS, reg - 16, value->reg - 16u);
        else if (value->reg < 16)
            x_mov_rr(&gen->code, op->type == MB_I64, reg, value->reg);
    } else if (op->code == MB_IR_CONST) {
        x_mov_imm(&gen->code, reg, op->imm);
    } else if (op->code == MB_IR_FCONST) {
        load_float_const(gen, op->type, reg, op->imm);
    } else if (value->spill != NO_REG) {
        mb_x86_load_slot(gen, op->type, reg, value->spill);
    } else if (mb_x86_is_lazy(gen, v)) {
        unsigned cc = mb_x86_test(gen, v);
        x_setcc(&gen->code, cc, RAX);
        x_rr(&gen->code, X_MOVZX8, reg, RAX);
    } else {
        gen->failed = true;
    }
}

unsigned mb_x86_use(struct gen *gen, mb_v v)
{
    struct value *value = &gen->values[v];
    if (value->reg == NO_REG) {
        unsigned reg = allocate(gen, is_xmm_type(type_of(gen, v)));
        mb_x86_load_value(gen, reg, v);
        mb_x86_bind(gen, v, reg);
    }
    gen->locked |= 1u << value->reg;
    return value->reg;
}

void mb_x86_expire(struct gen *gen)
{
    gen->locked = 0;
    if (gen->at < gen->next_end)
        return;
    gen->next_end = UINT32_MAX;
    for (uint32_t rest = gen->bound; rest; rest &= rest - 1) {
        unsigned reg = (unsigned)__builtin_ctz(rest);
        uint32_t last = gen->values[gen->where.reg[reg]].last;
        if (last <= gen->at)
            mb_x86_unbind(gen, reg);
        else if (last < gen->next_end)
            gen->next_end = last;
    }
}

/* Forget where values are now; they are where they were then, if still needed. */
void mb_x86_restore(struct gen *gen, const struct allocation *where)
{
    for (uint32_t rest = gen->bound; rest; rest &= rest - 1)
        mb_x86_unbind(gen, (unsigned)__builtin_ctz(rest));
    for (unsigned slot = 0; slot < gen->where.slots; slot++) {
        mb_v v = gen->where.slot[slot];
        if (v && gen->values[v].spill == slot)
            gen->values[v].spill = NO_REG;
    }
    for (unsigned slot = 0; slot < gen->where.slots; slot++)
        gen->where.slot[slot] = 0;
    for (unsigned slot = 0; slot < where->slots; slot++) {
        mb_v v = where->slot[slot];
        set_slot(&gen->where, slot, v);
        if (v)
            gen->values[v].spill = (uint8_t)slot;
    }
    for (unsigned reg = 0; reg < 32; reg++) {
        mb_v v = where->reg[reg];
        if (v && gen->values[v].last >= gen->at)
            mb_x86_bind(gen, v, reg);
    }
}
