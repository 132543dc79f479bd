/* The frame of every ARM instruction: fetch, decode, condition, IT, pc, end of the unit.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A unit goes on behind a conditional branch that is not taken. It ends at a branch that
 * is not followed, at the end of the page, or when it has max_insns instructions.
 */
#include <string.h>
#include "core_arm.h"
#include "arm_insns.h"

enum { ALWAYS = 14 };

/* One fetched instruction. */
struct insn {
    uint32_t word;
    unsigned length;
    unsigned condition;
    enum mb_insn_result (*translate)(struct mb_tr *tr, uint32_t word);
    bool (*disassemble)(uint32_t word, uint64_t pc, uint32_t flags, char *text, size_t size);
};

#define DECODER(insn, set) \
    ((insn)->translate = arm_translate_##set, (insn)->disassemble = arm_disassemble_##set)

/* ---- which decoder ------------------------------------------------------------------------ */
static bool is_coprocessor_10_or_11(uint32_t word)
{
    unsigned group = word >> 24 & 15;
    return group >= 12 && group <= 14 && (word >> 9 & 7) == 5;
}

static void choose_a32(struct insn *insn)
{
    uint32_t word = insn->word;
    insn->condition = word >> 28;
    if (word >> 25 == 0x79 || (word >> 24 == 0xf4 && !(word & 1u << 20)))
        DECODER(insn, neon);
    else if (insn->condition == 15)
        DECODER(insn, a32_always);
    else if (is_coprocessor_10_or_11(word))
        DECODER(insn, vfp);
    else
        DECODER(insn, a32);
    if (insn->condition == 15)
        insn->condition = ALWAYS;
}

/* VFP and Advanced SIMD are described by their A32 words. */
static void choose_t32(struct insn *insn)
{
    uint32_t word = insn->word;
    insn->condition = ALWAYS;
    DECODER(insn, t32);
    if (word >> 28 == 14 && is_coprocessor_10_or_11(word)) {
        DECODER(insn, vfp);
    } else if ((word >> 24 & 0xef) == 0xef) {
        insn->word = 0xf2000000u | (word >> 28 & 1) << 24 | (word & 0x00ffffff);
        DECODER(insn, neon);
    } else if (word >> 24 == 0xf9 && !(word & 1u << 20)) {
        insn->word = 0xf4000000u | (word & 0x00ffffff);
        DECODER(insn, neon);
    } else if ((word & 0xf800d000) == 0xf0008000 && (word >> 22 & 15) < ALWAYS) {
        insn->condition = word >> 22 & 15;
    }
}

static void choose_t16(struct insn *insn)
{
    insn->condition = ALWAYS;
    if (insn->word >> 12 == 13 && (insn->word >> 8 & 15) < ALWAYS)
        insn->condition = insn->word >> 8 & 15;
    DECODER(insn, t16);
}

static bool is_wide(uint32_t first)
{
    return first >> 11 >= 0x1d;
}

static bool fetch_thumb(struct mb_tr *tr, struct insn *insn)
{
    uint16_t first, second;
    if (!mb_tr_fetch16(tr, tr->pc, &first))
        return false;
    if (is_wide(first)) {
        if (!mb_tr_fetch16(tr, (uint32_t)(tr->pc + 2), &second))
            return false;
        *insn = (struct insn){.word = (uint32_t)first << 16 | second, .length = 4};
        choose_t32(insn);
    } else {
        *insn = (struct insn){.word = first, .length = 2};
        choose_t16(insn);
    }
    return true;
}

static bool fetch(struct mb_tr *tr, struct insn *insn)
{
    if (tr->flags & ARM_FLAG_THUMB_MASK)
        return fetch_thumb(tr, insn);
    *insn = (struct insn){.length = 4};
    if (!mb_tr_fetch32(tr, tr->pc, &insn->word))
        return false;
    choose_a32(insn);
    return true;
}

/* ---- conditions ------------------------------------------------------------------------------- */
#define FLAG(tr, name) mb_ir_get((tr)->ir, MB_I32, offsetof(struct arm_state, name), 1)

static mb_v condition_value(struct mb_tr *tr, unsigned condition)
{
    struct mb_ir *ir = tr->ir;
    mb_v zero = mb_ir_const(ir, MB_I32, 0), value;
    switch (condition >> 1) {
    case 0: value = FLAG(tr, z); break;
    case 1: value = FLAG(tr, c); break;
    case 2: value = FLAG(tr, n); break;
    case 3: value = FLAG(tr, v); break;
    case 4: value = mb_ir_and(ir, FLAG(tr, c), mb_ir_eq(ir, FLAG(tr, z), zero)); break;
    case 5: value = mb_ir_eq(ir, FLAG(tr, n), FLAG(tr, v)); break;
    default:
        value = mb_ir_and(ir, mb_ir_eq(ir, FLAG(tr, z), zero),
                          mb_ir_eq(ir, FLAG(tr, n), FLAG(tr, v)));
    }
    return condition & 1 ? mb_ir_eq(ir, value, zero) : value;
}

/* ---- undefined --------------------------------------------------------------------------------- */
static const struct mb_helper undefined_helper = {
    "arm_undefined_trap", (void *)arm_undefined_trap, MB_EXITS, MB_VOID};

void arm_undefined(struct mb_tr *tr)
{
    if (tr->ended)
        return;
    mb_ir_call(tr->ir, &undefined_helper, 0, NULL);
    tr->ended = true;
}

/* ---- one instruction ----------------------------------------------------------------------------- */
static void translate_body(struct mb_tr *tr, const struct insn *insn)
{
    if (insn->translate(tr, insn->word) == MB_INSN_UNDEFINED)
        arm_undefined(tr);
}

static void translate_conditional(struct mb_tr *tr, const struct insn *insn)
{
    struct mb_fork fork;
    tr->follow_forks = insn->condition != ALWAYS;
    if (insn->condition == ALWAYS) {
        translate_body(tr, insn);
        return;
    }
    mb_v condition = condition_value(tr, insn->condition);
    mb_tr_if(tr, &fork, condition);
    translate_body(tr, insn);
    if (tr->followed) {
        mb_tr_turn(tr, &fork, condition, (uint32_t)(tr->pc + insn->length));
        return;
    }
    mb_tr_else(tr, &fork);
    mb_tr_endif(tr, &fork);
}

static unsigned it_state(uint32_t flags)
{
    return (flags & ARM_FLAG_ITSTATE_MASK) >> ARM_FLAG_ITSTATE_SHIFT;
}

/* BKPT is unconditional in an IT block. */
static bool is_breakpoint(const struct insn *insn)
{
    return insn->length == 2 && insn->word >> 8 == 0xbe;
}

/* A helper may have changed any flag: then only IT's bits are ours to write. */
static void advance_it(struct mb_tr *tr, unsigned old)
{
    unsigned it = it_state(arm_it_advanced(old << ARM_FLAG_ITSTATE_SHIFT));
    if (tr->stop)
        tr->flags_unknown = ~0u;
    mb_tr_set_flag(tr, ARM_FLAG_ITSTATE_SHIFT, ARM_FLAG_ITSTATE_MASK, it);
}

static void translate_one(struct mb_tr *tr, struct insn *insn)
{
    unsigned it = it_state(tr->flags);
    mb_ir_insn(tr->ir, tr->pc);
    if (it && !is_breakpoint(insn))
        insn->condition = it >> 4 == 15 ? ALWAYS : it >> 4;
    tr->may_follow = !it;
    translate_conditional(tr, insn);
    if (it && !tr->ended)
        advance_it(tr, it);
    tr->pc = mb_tr_next(tr, (uint32_t)(tr->pc + insn->length));
    tr->insns++;
}

void arm_translate(struct mb_tr *tr)
{
    struct insn insn;
    while (tr->insns < tr->max_insns && fetch(tr, &insn)) {
        translate_one(tr, &insn);
        if (tr->ended || tr->stop || tr->flags_unknown)
            break;
    }
    if (tr->insns)
        mb_tr_branch(tr, tr->pc);
}

/* ---- disassembly ------------------------------------------------------------------------------------ */
static bool parse(const struct mb_cpu *cpu, const uint8_t *bytes, unsigned available,
                  struct insn *insn)
{
    uint16_t halves[2] = {0};
    if (available < 4 && !((uint32_t)cpu->key & ARM_FLAG_THUMB_MASK))
        return false;
    if (available < 2)
        return false;
    memcpy(halves, bytes, available < 4 ? 2 : 4);
    if (!((uint32_t)cpu->key & ARM_FLAG_THUMB_MASK)) {
        *insn = (struct insn){.word = (uint32_t)halves[1] << 16 | halves[0], .length = 4};
        choose_a32(insn);
    } else if (is_wide(halves[0])) {
        *insn = (struct insn){.word = (uint32_t)halves[0] << 16 | halves[1], .length = 4};
        choose_t32(insn);
    } else {
        *insn = (struct insn){.word = halves[0], .length = 2};
        choose_t16(insn);
    }
    return insn->length <= available;
}

unsigned arm_disassemble(const struct mb_cpu *cpu, uint64_t pc, const uint8_t *bytes,
                         unsigned available, char *text, size_t size)
{
    struct insn insn;
    if (!parse(cpu, bytes, available, &insn))
        return 0;
    if (!insn.disassemble(insn.word, pc, (uint32_t)cpu->key, text, size))
        snprintf(text, size, "undefined %0*x", (int)insn.length * 2, insn.word);
    return insn.length;
}
