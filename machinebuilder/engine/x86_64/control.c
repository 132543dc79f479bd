/* Arms, merges and the ways out. SPDX-License-Identifier: Apache-2.0
 *
 * Values that live through an `if` have one place for both ways: where they were at the
 * `if`; the ends of the arms put them back there. A phi gets a register of its own,
 * preferably the one its `else` operand has anyway, so that an `if` without else costs
 * nothing on the way round.
 */
#include "gen.h"

static bool remade(const struct gen *gen, mb_v v)
{
    unsigned code = gen->ir->ops[v].code;
    return code == MB_IR_CONST || code == MB_IR_FCONST || mb_x86_is_lazy(gen, v);
}

static void save(const struct gen *gen, struct allocation *where)
{
    copy_allocation(where, &gen->where);
    for (unsigned reg = 0; reg < 32; reg++) {
        mb_v v = where->reg[reg];
        if (v && (remade(gen, v) || gen->values[v].last <= gen->at))
            where->reg[reg] = 0;
    }
    for (unsigned slot = 0; slot < where->slots; slot++) {
        mb_v v = where->slot[slot];
        if (v && (gen->values[v].spill != slot || gen->values[v].last <= gen->at))
            where->slot[slot] = 0;
    }
}

static void open_if(struct gen *gen, const struct mb_op *op)
{
    struct region *region = &gen->regions[op->mark];
    if (region->flush_before)
        mb_x86_flush(gen);
    unsigned cc = mb_x86_test(gen, op->in[0]);
    copy_set(&region->dirty, &gen->dirty);
    region->flags = gen->flags;
    region->flushed_insns = gen->flushed_insns;
    region->to_end = NULL;
    save(gen, &region->before);
    region->to_else = x_jcc(&gen->code, cc ^ 1);
    gen->open[gen->depth++] = region;
}

/* ---- where everything is after the endif ---- */
static uint32_t end_of_phis(const struct gen *gen, uint32_t at)
{
    for (;; at++) {
        unsigned code = gen->ir->ops[at + 1].code;
        if (code != MB_IR_PHI && code != MB_IR_PUT && code != MB_IR_CONST &&
            code != MB_IR_NOP)
            return at;
    }
}

static unsigned free_register(const struct allocation *where, bool xmm)
{
    uint32_t pool = xmm ? (uint32_t)XMM_POOL << 16 : GPR_POOL;
    for (; pool; pool &= pool - 1) {
        unsigned reg = (unsigned)__builtin_ctz(pool);
        if (!where->reg[reg])
            return reg;
    }
    return NO_REG;
}

static unsigned holder(const struct allocation *where, mb_v v)
{
    for (unsigned reg = 0; reg < 32; reg++) {
        if (where->reg[reg] == v)
            return reg;
    }
    return NO_REG;
}

static void place_phi(struct gen *gen, struct region *region, mb_v phi)
{
    const struct mb_op *op = &gen->ir->ops[phi];
    struct allocation *merged = &region->merged;
    unsigned reg = holder(&region->before, op->in[1]);
    if (reg == NO_REG || merged->reg[reg])
        reg = gen->values[op->in[0]].reg;
    if (reg == NO_REG || merged->reg[reg])
        reg = free_register(merged, is_xmm_type(op->type));
    if (reg != NO_REG)
        merged->reg[reg] = phi;
    else
        set_slot(merged, mb_x86_new_slot(gen, phi), phi);
}

static void plan_merge(struct gen *gen, struct region *region)
{
    uint32_t last = end_of_phis(gen, region->at_end);
    copy_allocation(&region->merged, &region->before);
    for (unsigned reg = 0; reg < 32; reg++) {
        mb_v v = region->merged.reg[reg];
        uint32_t end = v ? gen->values[v].last : 0;
        if (end <= region->at_end ||
            (end <= last && gen->ir->ops[end].code == MB_IR_PHI))
            region->merged.reg[reg] = 0;
    }
    for (uint32_t i = region->at_end + 1; i <= last; i++) {
        if (gen->ir->ops[i].code == MB_IR_PHI && gen->values[i].uses)
            place_phi(gen, region, i);
    }
}

/* Everything to its place, from the arm `arm` (0 then, 1 else). */
static unsigned merge_moves(const struct gen *gen, const struct region *region,
                            unsigned arm, struct move *moves)
{
    unsigned count = 0;
    for (unsigned place = 0; place < 32 + region->merged.slots; place++) {
        bool slot = place >= 32;
        mb_v v = slot ? region->merged.slot[place - 32] : region->merged.reg[place];
        if (!v || count == MOVES)
            continue;
        bool phi = v > region->at_end && gen->ir->ops[v].code == MB_IR_PHI;
        if (slot && !phi)
            continue;           /* what is spilled stays spilled */
        moves[count].to = (uint16_t)(slot ? PLACE_SLOT + place - 32 : place);
        moves[count++].v = phi ? gen->ir->ops[v].in[arm] : v;
    }
    return count;
}

static void move_to_merge(struct gen *gen, const struct region *region, unsigned arm)
{
    struct move moves[MOVES];
    mb_x86_moves(gen, moves, merge_moves(gen, region, arm, moves));
}

static bool is_in_place(const struct gen *gen, const struct region *region)
{
    struct move moves[MOVES];
    unsigned count = merge_moves(gen, region, 1, moves);
    for (unsigned i = 0; i < count; i++) {
        const struct value *value = &gen->values[moves[i].v];
        if (value->reg != moves[i].to)
            return false;
    }
    return true;
}

/* ---- ends of arms ---- */
/* Store what only this arm wrote, and count instructions as before the if. */
static void end_arm(struct gen *gen, const struct region *region)
{
    for (unsigned i = 0; i < gen->dirty.count; i++) {
        const struct dirty *field = &gen->dirty.field[i];
        if (!mb_dirty_has(&region->dirty, field) &&
            !mb_x86_killed(gen, region->at_end, field))
            mb_x86_store_field(gen, field);
    }
    if (gen->flushed_insns != region->flushed_insns)
        mb_x86_count_insns(gen, region->flushed_insns);
}

static void begin_other(struct gen *gen, const struct region *region)
{
    mb_x86_restore(gen, &region->before);
    copy_set(&gen->dirty, &region->dirty);
    gen->flags = region->flags;
    gen->flushed_insns = region->flushed_insns;
}

static void open_else(struct gen *gen)
{
    struct region *region = gen->open[gen->depth - 1];
    if (!region->then_ended && region->else_ended) {
        save(gen, &region->merged);
        copy_set(&region->then_dirty, &gen->dirty);
        if (gen->flushed_insns != region->flushed_insns)
            mb_x86_count_insns(gen, region->flushed_insns);
    } else if (!region->then_ended) {
        end_arm(gen, region);
        plan_merge(gen, region);
        move_to_merge(gen, region, 0);
    }
    if (!region->then_ended)
        region->to_end = x_jmp(&gen->code);
    x_patch(&gen->code, region->to_else, gen->code.p);
    region->to_else = NULL;
    begin_other(gen, region);
}

static void begin_merged(struct gen *gen, const struct region *region)
{
    mb_x86_restore(gen, &region->merged);
    gen->dirty.count = 0;
    for (unsigned i = 0; i < region->dirty.count; i++) {
        if (!mb_x86_killed(gen, region->at_end, &region->dirty.field[i]))
            gen->dirty.field[gen->dirty.count++] = region->dirty.field[i];
    }
    gen->flushed_insns = region->flushed_insns;
    flags_lost(gen);
}

/* No else: the way round may still have phis to move. */
static void close_then(struct gen *gen, struct region *region)
{
    struct code *code = &gen->code;
    if (region->then_ended) {
        x_patch(code, region->to_else, code->p);
        begin_other(gen, region);
        return;
    }
    end_arm(gen, region);
    plan_merge(gen, region);
    move_to_merge(gen, region, 0);
    mb_x86_restore(gen, &region->before);
    gen->flags = region->flags;
    if (is_in_place(gen, region)) {
        x_patch(code, region->to_else, code->p);
    } else {
        uint8_t *end = x_jmp(code);
        x_patch(code, region->to_else, code->p);
        move_to_merge(gen, region, 1);
        x_patch(code, end, code->p);
    }
    begin_merged(gen, region);
}

static void close_if(struct gen *gen)
{
    struct region *region = gen->open[gen->depth - 1];
    if (!region->at_else) {
        close_then(gen, region);
    } else if (region->then_ended) {
        if (!region->else_ended && gen->flushed_insns != region->flushed_insns)
            mb_x86_count_insns(gen, region->flushed_insns);
    } else if (region->else_ended) {
        mb_x86_restore(gen, &region->merged);
        copy_set(&gen->dirty, &region->then_dirty);
        gen->flushed_insns = region->flushed_insns;
        flags_lost(gen);
    } else {
        end_arm(gen, region);
        move_to_merge(gen, region, 1);
        begin_merged(gen, region);
    }
    if (region->to_end)
        x_patch(&gen->code, region->to_end, gen->code.p);
    gen->depth--;
}

/* ---- ways out ---- */
/* The displacement is patched while other threads run the code: it must not straddle.
 */
static void link_here(struct gen *gen, enum cold_kind kind, uint64_t pc)
{
    while (((uintptr_t)gen->code.p + 1) & 3 && !gen->code.full)
        put8(&gen->code, 0x90);
    struct cold *cold = mb_x86_cold(gen, kind);
    cold->slow = x_jmp(&gen->code);
    cold->row = gen->link_count;
    mb_x86_add_link(gen, pc, (uint32_t)(cold->slow - gen->code.start));
}

static void exit_to(struct gen *gen, const struct mb_op *op)
{
    const struct loop_edge *edge = mb_x86_edge_at(gen, gen->at);
    if (edge)
        mb_x86_go_round(gen, edge);
    mb_x86_flush(gen);
    mb_x86_count_insns(gen, gen->insn);
    link_here(gen, COLD_EXIT, op->imm);
}

/* Is the target's page mapped to what the entry was made from? */
static void check_page(struct gen *gen)
{
    struct code *code = &gen->code;
    x_mov_rr(code, true, RDX, RAX);
    x_shift_imm(code, true, SHIFT_SHR, RDX, 12);
    x_rm(code, X_LOAD | W64, RDX, at_index(RBX, RDX, 3, MB_TABLE_EXEC * 8));
    x_rm(code, OP(0, 0, 0x39) | W64, RDX, at(RCX, offsetof(struct mb_jump, page)));
    mb_x86_jcc_thunk(gen, CC_NE, mb_x86_thunks.miss);
}

/* In the jump cache, pc being in rax. */
static void look_up_jump(struct gen *gen)
{
    struct code *code = &gen->code;
    x_mov_rr(code, true, RCX, RAX);
    x_shift_imm(code, true, SHIFT_SHR, RCX, 1);
    x_mov_rr(code, true, RDX, RAX);
    x_shift_imm(code, true, SHIFT_SHR, RDX, 13);
    x_rr(code, OP(0, 0, 0x31), RDX, RCX);
    x_rm(code, X_LOAD, RDX, CPU(key));
    x_rr(code, OP(0, 0, 0x31), RDX, RCX);
    x_alu_imm(code, false, ALU_AND, RCX, (1 << MB_JUMP_BITS) - 1);
    x_shift_imm(code, false, SHIFT_SHL, RCX, 5);
    x_rm(code, OP(0, 0, 0x03) | W64, RCX, CPU(jumps));
    x_rm(code, OP(0, 0, 0x39) | W64, RAX, at(RCX, offsetof(struct mb_jump, pc)));
    mb_x86_jcc_thunk(gen, CC_NE, mb_x86_thunks.miss);
    x_rm(code, OP(0, 0, 0x39), RDX, at(RCX, offsetof(struct mb_jump, flags)));
    mb_x86_jcc_thunk(gen, CC_NE, mb_x86_thunks.miss);
    check_page(gen);
    x_rm(code, OP(0, 0, 0xff), 4, at(RCX, offsetof(struct mb_jump, code)));
}

static void jump(struct gen *gen, const struct mb_op *op)
{
    unsigned target = mb_x86_use(gen, op->in[0]);
    mb_x86_flush(gen);
    mb_x86_count_insns(gen, gen->insn);
    x_mov_rr(&gen->code, true, RAX, target);
    if (gen->link_jumps) {
        link_here(gen, COLD_JUMP, 0);
        if (!gen->failed)
            gen->links[gen->link_count - 1].look_up =
                (uint32_t)(gen->code.p - gen->code.start);
    }
    look_up_jump(gen);
}

static void leave(struct gen *gen)
{
    mb_x86_flush(gen);
    mb_x86_count_insns(gen, gen->insn);
    mb_x86_jmp_thunk(gen, mb_x86_thunks.leave, false);
}

bool mb_x86_control(struct gen *gen, const struct mb_op *op)
{
    switch (op->code) {
    case MB_IR_INSN:
        gen->insn++;
        gen->pc = op->imm;
        return true;
    case MB_IR_IF: open_if(gen, op); return true;
    case MB_IR_ELSE: open_else(gen); return true;
    case MB_IR_ENDIF: close_if(gen); return true;
    case MB_IR_PHI: return true;
    case MB_IR_EXIT: exit_to(gen, op); return true;
    case MB_IR_JUMP: jump(gen, op); return true;
    case MB_IR_LEAVE: leave(gen); return true;
    default: return false;
    }
}
