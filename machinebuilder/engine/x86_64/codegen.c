/* From a unit of IR to x86-64: one pass forward, after one for liveness.
 * SPDX-License-Identifier: Apache-2.0 */
#include "gen.h"

#include <stdlib.h>

/* Kept per thread between units. */
static struct gen *workspace(struct mb_ir *ir)
{
    static _Thread_local struct gen *gen;
    if (!gen && !(gen = calloc(1, sizeof *gen)))
        return NULL;
    if (!gen->regions && !(gen->regions = malloc(REGIONS * sizeof *gen->regions)))
        return NULL;
    if (gen->value_capacity < ir->count) {
        free(gen->values);
        gen->value_capacity = 0;
        gen->values = malloc(2 * ir->count * sizeof *gen->values);
        if (!gen->values)
            return NULL;
        gen->value_capacity = 2 * ir->count;
    }
    memset(gen->where.reg, 0, sizeof gen->where.reg);
    gen->where.slots = 0;
    gen->locked = gen->bound = gen->reserved = gen->insn = gen->flushed_insns = 0;
    gen->next_end = UINT32_MAX;
    gen->cold_count = gen->row_count = gen->place_count = gen->link_count = 0;
    gen->site_count = 0;
    gen->pc = ir->start;
    gen->failed = gen->storing = false;
    flags_lost(gen);
    return gen;
}

/* Leave if someone asked for it, or the virtual clock's deadline has come. */
static void head(struct gen *gen, const struct mb_codegen_options *options)
{
    struct cold *cold = mb_x86_cold(gen, COLD_HEAD);
    x_alu_mem_imm(&gen->code, false, ALU_CMP, CPU(exit_request), 0);
    cold->slow = x_jcc(&gen->code, CC_NE);
    if (!options->count_deadline)
        return;
    x_rm(&gen->code, X_LOAD | W64, RAX, CPU(insns));
    x_rm(&gen->code, OP(0, 0, 0x3b) | W64, RAX, CPU(deadline));
    cold->unaligned = x_jcc(&gen->code, CC_AE);
}

static bool is_unused(const struct gen *gen, const struct mb_op *op)
{
    unsigned effect = mb_ir_table[op->code].effect;
    return op->code == MB_IR_CONST || op->code == MB_IR_FCONST ||
           ((effect == MB_E_NONE || effect == MB_E_READS) &&
            !gen->values[gen->at].uses);
}

static void generate(struct gen *gen, const struct mb_op *op)
{
    switch (mb_ir_table[op->code].effect) {
    case MB_E_READS: mb_x86_get(gen, op); return;
    case MB_E_WRITES: mb_x86_put(gen, op); return;
    case MB_E_CALL: mb_x86_call(gen, op); return;
    case MB_E_MEMORY: gen->failed |= !mb_x86_memory(gen, op); return;
    case MB_E_CONTROL: gen->failed |= !mb_x86_control(gen, op); return;
    default: break;
    }
    if (!mb_x86_integer(gen, op) && !mb_x86_float(gen, op) && !mb_x86_vector(gen, op))
        gen->failed = true;
}

static void generate_all(struct gen *gen)
{
    for (gen->at = 1; gen->at < gen->ir->count && !gen->failed; gen->at++) {
        const struct mb_op *op = &gen->ir->ops[gen->at];
        if (op->code == MB_IR_NOP || is_unused(gen, op))
            continue;
        if (gen->code.end - gen->code.p < 1024) {
            gen->failed = true;
            return;
        }
        generate(gen, op);
        mb_x86_expire(gen);
    }
    mb_x86_emit_cold(gen);
}

/* Those of the largest alignment come first. */
static bool hand_over(const struct gen *gen, size_t capacity, struct mb_code *out)
{
    size_t links = gen->link_count * sizeof *gen->links;
    size_t rows = gen->row_count * sizeof *gen->rows;
    size_t sites = gen->site_count * sizeof *gen->sites;
    size_t places = gen->place_count * sizeof *gen->places;
    size_t size = (size_t)(gen->code.p - gen->code.start);
    size_t tables = (links + rows + sites + places + 7) & ~(size_t)7;
    if (size + tables > capacity)
        return false;
    uint8_t *piece = gen->code.start + capacity - tables;
    *out = (struct mb_code){
        .size = (uint32_t)size, .table_size = (uint32_t)tables,
        .links = (struct mb_link *)piece, .link_count = gen->link_count,
        .rows = (struct mb_row *)(piece + links), .row_count = gen->row_count,
        .sites = (struct mb_window_site *)(piece + links + rows),
        .site_count = gen->site_count,
        .places = (union mb_place *)(piece + links + rows + sites),
        .start = gen->ir->start, .insn_count = gen->ir->insns,
    };
    memcpy(out->links, gen->links, links);
    memcpy(out->rows, gen->rows, rows);
    memcpy(out->sites, gen->sites, sites);
    memcpy(out->places, gen->places, places);
    return true;
}

bool mb_codegen_x86_64(struct mb_ir *ir, const struct mb_core *core,
                       const struct mb_codegen_options *options, uint8_t *rw,
                       const uint8_t *rx, size_t capacity, struct mb_code *out)
{
    mb_ir_optimize(ir);
    struct gen *gen = ir->failed ? NULL : workspace(ir);
    if (!gen)
        return false;
    gen->code = (struct code){rw, rw, rw + capacity, false};
    gen->ir = ir;
    gen->core = core;
    gen->flags_now = options->flags;
    gen->window = options->window && core->address_bits == 32;
    gen->link_jumps = options->link_jumps && core->address_bits == 32;
    gen->rx = rx;
    gen->loop.count = gen->loop.edge_count = 0;
    if (!options->count_deadline)
        mb_x86_find_loop(gen);
    if (!mb_x86_live(gen))
        return false;
    gen->at = 0;
    head(gen, options);
    mb_x86_enter_loop(gen);
    generate_all(gen);
    return !gen->failed && !gen->code.full && hand_over(gen, capacity, out);
}
