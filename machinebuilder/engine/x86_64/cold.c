/* Code that is rarely run, behind the unit's exits: slow paths, NaNs, unlinked exits.
 * SPDX-License-Identifier: Apache-2.0 */
#include "gen.h"

#include <stdlib.h>

struct cold *mb_x86_cold(struct gen *gen, enum cold_kind kind)
{
    if (gen->cold_count == gen->cold_capacity) {
        uint32_t capacity = gen->cold_capacity ? 2 * gen->cold_capacity : 64;
        struct cold *cold = realloc(gen->cold, capacity * sizeof *cold);
        if (!cold) {
            gen->failed = true;
            gen->cold_count = 0;
            cold = gen->cold;
            capacity = gen->cold_capacity;
        }
        gen->cold = cold;
        gen->cold_capacity = capacity;
    }
    struct cold *cold = &gen->cold[gen->cold_count++];
    *cold = (struct cold){.kind = (uint8_t)kind};
    return cold;
}

void mb_x86_add_link(struct gen *gen, uint64_t pc, uint32_t patch)
{
    if (gen->link_count == gen->link_capacity) {
        uint32_t capacity = gen->link_capacity ? 2 * gen->link_capacity : 16;
        struct mb_link *links = realloc(gen->links, capacity * sizeof *links);
        if (!links) {
            gen->failed = true;
            return;
        }
        gen->links = links;
        gen->link_capacity = capacity;
    }
    gen->links[gen->link_count++] = (struct mb_link){.pc = pc, .patch = patch};
}

/* Thunks are rx addresses, the code is written elsewhere: distances count in rx. */
static void patch_thunk(struct gen *gen, uint8_t *rel32, const uint8_t *thunk)
{
    const uint8_t *next = gen->rx + (rel32 + 4 - gen->code.start);
    x_patch(&gen->code, rel32, rel32 + 4 + (thunk - next));
}

void mb_x86_jmp_thunk(struct gen *gen, const uint8_t *thunk, bool call)
{
    put8(&gen->code, call ? 0xe8 : 0xe9);
    put32(&gen->code, 0);
    patch_thunk(gen, gen->code.p - 4, thunk);
}

void mb_x86_jcc_thunk(struct gen *gen, unsigned cc, const uint8_t *thunk)
{
    patch_thunk(gen, x_jcc(&gen->code, cc), thunk);
}

/* Misaligned, but within its page and enough for what is demanded: back to the fast path. */
static void check_crossing(struct gen *gen, const struct cold *cold)
{
    struct code *code = &gen->code;
    uint8_t *misaligned = NULL;
    if (!cold->unaligned)
        return;
    x_patch(code, cold->unaligned, code->p);
    if (cold->alignment == cold->width || !cold->unaligned_back)
        return;
    if (cold->alignment > 1) {
        mb_x86_test_low_bits(gen, cold->address, cold->alignment);
        misaligned = x_jcc(code, CC_NE);
    }
    x_rm(code, X_LEA, RAX, at(cold->address, cold->width - 1));
    x_rr(code, OP(0, 0, 0x31), cold->address, RAX);
    x_opcode(code, OP(0, 0, 0xa9), 0, 0, 0, false); /* test eax, imm32 */
    put32(code, 0x1000);
    x_jcc_to(code, CC_E, cold->unaligned_back);
    if (misaligned)
        x_patch(code, misaligned, code->p);
}

/* A fault at the access in the window goes on here. */
static void add_site(struct gen *gen, const struct cold *cold)
{
    if (gen->site_count == gen->site_capacity) {
        uint32_t capacity = gen->site_capacity ? 2 * gen->site_capacity : 64;
        struct mb_window_site *sites = realloc(gen->sites, capacity * sizeof *sites);
        if (!sites) {
            gen->failed = true;
            return;
        }
        gen->sites = sites;
        gen->site_capacity = capacity;
    }
    gen->sites[gen->site_count++] = (struct mb_window_site){
        .host = (uint32_t)(cold->window - gen->code.start),
        .cold = (uint32_t)(gen->code.p - gen->code.start)};
}

/* The jumps to here, and the address where the thunk finds it. */
static void pass_address(struct gen *gen, const struct cold *cold)
{
    struct code *code = &gen->code;
    unsigned address = cold->address;
    if (cold->window)
        add_site(gen, cold);
    if (cold->slow)
        x_patch(code, cold->slow, code->p);
    if (cold->crossing)
        x_patch(code, cold->crossing, code->p);
    if (cold->fixed)
        x_mov_imm(code, address = RCX, (uint32_t)cold->disp);
    else if (cold->disp)
        x_rm(code, X_LEA | (gen->core->address_bits == 64 ? W64 : 0), RCX,
             at(address, cold->disp));
    x_rm(code, X_STORE | W64, cold->disp ? RCX : address, at(RSP, 0));
}

static void call_thunk(struct gen *gen, const struct cold *cold, const uint8_t *thunk)
{
    x_mov_imm(&gen->code, RAX, MB_WIDTH_FLAGS(cold->width, cold->flags));
    mb_x86_jmp_thunk(gen, thunk, true);
    gen->rows[cold->row].host = (uint32_t)(gen->code.p - gen->code.start);
    if (cold->group)            /* the others of the group find their own way too */
        x_rr(&gen->code, OP(0, 0, 0x31), cold->group, cold->group);
}

static void slow_load(struct gen *gen, const struct cold *cold)
{
    static const uint32_t ops[] = {
        [MB_I32] = X_LOAD, [MB_I64] = X_LOAD | W64, [MB_F32] = X_MOVSS_LOAD,
        [MB_F64] = X_MOVQ_LOAD, [MB_V128] = X_MOVQ_LOAD};
    bool whole = cold->width == 16;
    pass_address(gen, cold);
    call_thunk(gen, cold, whole ? mb_x86_thunks.load128 : mb_x86_thunks.load);
    x_rm(&gen->code, whole ? X_MOVUPS_LOAD : ops[cold->b], cold->value, at(RSP, 8));
}

static void slow_store(struct gen *gen, const struct cold *cold)
{
    bool whole = cold->width == 16;
    pass_address(gen, cold);
    x_rm(&gen->code, cold->xmm ? X_MOVUPS_STORE : X_STORE | W64, cold->value,
         at(RSP, 8));
    call_thunk(gen, cold, whole ? mb_x86_thunks.store128 : mb_x86_thunks.store);
}

/* An operand of the NaN hook; those that the operation has not are 0. */
static void pass_operand(struct gen *gen, unsigned xmm, int32_t offset)
{
    if (xmm != NO_REG) {
        x_rm(&gen->code, X_MOVQ_STORE, xmm, at(RSP, offset));
        return;
    }
    x_rm(&gen->code, OP(0, 0, 0xc7) | W64, 0, at(RSP, offset));
    put32(&gen->code, 0);
}

static void slow_nan(struct gen *gen, const struct cold *cold)
{
    struct code *code = &gen->code;
    x_patch(code, cold->slow, code->p);
    pass_operand(gen, cold->address, 0);
    pass_operand(gen, cold->b, 8);
    pass_operand(gen, cold->c, 16);
    x_mov_imm(code, RAX, cold->code);
    mb_x86_jmp_thunk(gen, cold->width == 8 ? mb_x86_thunks.nan64 : mb_x86_thunks.nan32,
                     true);
    x_rm(code, X_MOVQ_LOAD, cold->value, at(RSP, 8));
}

/* Tell the run loop which link of which unit it was. */
static void unlinked_exit(struct gen *gen, const struct cold *cold)
{
    struct code *code = &gen->code;
    struct mb_link *link = &gen->links[cold->row];
    link->stub = (uint32_t)(code->p - code->start);
    x_patch(code, cold->slow, code->p);
    if (cold->kind == COLD_JUMP)
        x_rm(code, X_STORE | W64, RAX, CPU(pc));
    else
        mb_x86_store_pc(gen, link->pc);
    x_mov_imm(code, RAX, cold->row);
    x_opcode(code, X_LEA | W64, RDX, 0, 0, false); /* lea rdx, [rip - n] */
    put8(code, 0x15);
    put32(code, (uint32_t)(code->start - (code->p + 4)));
    mb_x86_jmp_thunk(gen, mb_x86_thunks.leave_link, false);
}

static void emit(struct gen *gen, const struct cold *cold)
{
    struct code *code = &gen->code;
    switch (cold->kind) {
    case COLD_LOAD: check_crossing(gen, cold); slow_load(gen, cold); break;
    case COLD_STORE: check_crossing(gen, cold); slow_store(gen, cold); break;
    case COLD_ATOMIC:
        check_crossing(gen, cold);
        pass_address(gen, cold);
        call_thunk(gen, cold, mb_x86_thunks.atomic);
        x_rm(code, X_LOAD | W64, RCX, at(RSP, 8));
        break;
    case COLD_NAN: slow_nan(gen, cold); break;
    case COLD_EXIT: case COLD_JUMP: unlinked_exit(gen, cold); return;
    default:                    /* at the head: the run loop wants something */
        x_patch(code, cold->slow, code->p);
        if (cold->unaligned)
            x_patch(code, cold->unaligned, code->p);
        mb_x86_store_pc(gen, gen->ir->start);
        mb_x86_jmp_thunk(gen, mb_x86_thunks.leave, false);
        return;
    }
    x_jmp_to(code, cold->back);
}

void mb_x86_emit_cold(struct gen *gen)
{
    for (uint32_t i = 0; i < gen->cold_count && !gen->code.full && !gen->failed; i++) {
        if (gen->code.end - gen->code.p < 256)
            gen->code.full = true;
        else
            emit(gen, &gen->cold[i]);
    }
}
