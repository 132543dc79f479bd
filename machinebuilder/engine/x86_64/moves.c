/* Several values to their places at once: at merges and calls.
 * SPDX-License-Identifier: Apache-2.0 */
#include "gen.h"

enum { FROM_CONST = 0xffff };

static unsigned source(const struct gen *gen, mb_v v)
{
    unsigned code = gen->ir->ops[v].code;
    if (gen->values[v].reg != NO_REG)
        return gen->values[v].reg;
    if (code == MB_IR_CONST || code == MB_IR_FCONST)
        return FROM_CONST;
    return PLACE_SLOT + gen->values[v].spill;
}

/* By way of rax: xmm15 and rcx may hold a value that breaks a cycle. */
static void move_to_slot(struct gen *gen, unsigned slot, unsigned from, mb_v v)
{
    unsigned type = type_of(gen, v);
    if (from == FROM_CONST) {
        x_mov_imm(&gen->code, RAX, gen->ir->ops[v].imm);
        mb_x86_store_slot(gen, MB_I64, RAX, slot);
    } else if (from >= PLACE_SLOT) {
        for (unsigned i = 0; i < (type == MB_V128 ? 2 : 1); i++) {
            mb_x86_load_slot(gen, MB_I64, RAX, from - PLACE_SLOT + i);
            mb_x86_store_slot(gen, MB_I64, RAX, slot + i);
        }
    } else
        mb_x86_store_slot(gen, type, from, slot);
}

static void move_one(struct gen *gen, unsigned to, unsigned from, mb_v v)
{
    unsigned type = type_of(gen, v);
    if (to >= PLACE_SLOT) {
        move_to_slot(gen, to - PLACE_SLOT, from, v);
    } else if (from == FROM_CONST) {
        mb_x86_load_value(gen, to, v);
    } else if (from >= PLACE_SLOT) {
        mb_x86_load_slot(gen, type, to, from - PLACE_SLOT);
    } else if (to >= 16) {
        x_rr(&gen->code, X_MOVAPS, to - 16, from - 16);
    } else {
        x_mov_rr(&gen->code, true, to, from);
    }
}

static bool blocked(const struct move *moves, const uint16_t *from, unsigned count,
                    unsigned i)
{
    for (unsigned j = 0; j < count; j++) {
        if (j != i && from[j] == moves[i].to)
            return true;
    }
    return false;
}

/* The destinations may be rcx (arguments of a call) or slots, but not both. */
static unsigned cycle_scratch(const struct move *moves, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (moves[i].to >= PLACE_SLOT)
            return RCX;
    }
    return RAX;
}

/* All that is left are cycles: take one value out of the way. */
static void break_cycle(struct gen *gen, const struct move *moves, uint16_t *from,
                        unsigned count)
{
    unsigned place = moves[0].to;
    for (unsigned j = 1; j < count; j++) {
        if (from[j] != place)
            continue;
        unsigned scratch = is_xmm_type(type_of(gen, moves[j].v)) ?
            XMM(SCRATCH_XMM) : cycle_scratch(moves, count);
        move_one(gen, scratch, place, moves[j].v);
        for (unsigned k = j; k < count; k++) {
            if (from[k] == place)
                from[k] = (uint16_t)scratch;
        }
        return;
    }
}

/* Lazy compares that move are made first. A few may hold registers, the rest wait in
 * slots, as making them needs registers too. */
void mb_x86_make_truths(struct gen *gen, const struct move *moves, unsigned count)
{
    unsigned held = 0;
    for (unsigned i = 0; i < count; i++) {
        const struct value *value = &gen->values[moves[i].v];
        if (value->reg == NO_REG || !mb_x86_is_lazy(gen, moves[i].v))
            continue;
        if (held++ < 4)
            gen->locked |= 1u << value->reg;
        else if (value->spill == NO_REG)
            mb_x86_store_slot(gen, MB_I32, value->reg,
                              mb_x86_new_slot(gen, moves[i].v));
    }
    for (unsigned i = 0; i < count; i++) {
        mb_v v = moves[i].v;
        const struct value *value = &gen->values[v];
        if (value->reg != NO_REG || value->spill != NO_REG || !mb_x86_is_lazy(gen, v))
            continue;
        if (held++ < 4 && mb_x86_has_free_register(gen)) {
            mb_x86_use(gen, v);
        } else {
            mb_x86_load_value(gen, RAX, v);
            mb_x86_store_slot(gen, MB_I32, RAX, mb_x86_new_slot(gen, v));
        }
    }
}

void mb_x86_moves(struct gen *gen, struct move *moves, unsigned count)
{
    uint16_t from[MOVES];
    unsigned left = 0;
    mb_x86_make_truths(gen, moves, count);
    for (unsigned i = 0; i < count; i++) {
        unsigned place = source(gen, moves[i].v);
        if (place == moves[i].to)
            continue;
        moves[left] = moves[i];
        from[left++] = (uint16_t)place;
    }
    while (left) {
        unsigned i = 0;
        while (i < left && blocked(moves, from, left, i))
            i++;
        if (i == left) {
            break_cycle(gen, moves, from, left);
            continue;
        }
        move_one(gen, moves[i].to, from[i], moves[i].v);
        moves[i] = moves[--left];
        from[i] = from[left];
    }
}
