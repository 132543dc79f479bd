/* The frame of every SPARC instruction: fetch, delay slots, nPC, end of the unit.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A unit begins where nPC is pc + 4. The instruction in the delay slot of a control
 * transfer is translated between the test of its condition and the exit, so nPC is
 * written only where a delay slot may trap: the flag `delayed` then says that it counts.
 *
 * What cannot be put into its branch's unit (another transfer, a write of PSR, the first
 * word of a page) is a unit of one instruction that begins with the flag set and goes on
 * where nPC says.
 */
#include <string.h>
#include "core_sparc.h"
#include "sparc_insns.h"

#define NPC offsetof(struct sparc_state, npc)
#define PAGE_MASK 0xfffu

enum { NEVER, UNLESS_TAKEN, ALWAYS };   /* skip the slot; as in formats.py */

/* ---- what an instruction may do, for delay slots --------------------------------- */
enum conduct { QUIET, MAY_TRAP, ALONE };

/* By op3 of arithmetic (op 2) and of memory (op 3). */
static const uint64_t quiet_arithmetic = 0x000101f31dff1dff;
static const uint64_t trapping_arithmetic = 0x3030000cc000c000;
static const uint64_t trapping_memory = 0x000000990000a6ff;

static enum conduct conduct_of(uint32_t word)
{
    uint64_t op3 = 1ull << (word >> 19 & 63);
    switch (word >> 30) {
    case 0: return (word >> 22 & 7) == 4 ? QUIET : ALONE;
    case 2: return op3 & quiet_arithmetic ? QUIET :
                   op3 & trapping_arithmetic ? MAY_TRAP : ALONE;
    case 3: return op3 & trapping_memory ? MAY_TRAP : ALONE;
    default: return ALONE;
    }
}

/* ---- pieces ---------------------------------------------------------------------- */
static bool fetch(struct mb_tr *tr, uint32_t pc, uint32_t *word)
{
    if (!mb_tr_fetch32(tr, pc, word))
        return false;
    *word = __builtin_bswap32(*word);
    return true;
}

static const struct mb_helper trap_helper = {
    "sparc_trap", (void *)sparc_trap, MB_EXITS, MB_VOID};

void sparc_undefined(struct mb_tr *tr)
{
    if (tr->ended)
        return;
    mb_v number = mb_ir_const(tr->ir, MB_I32, SPARC_ILLEGAL_INSTRUCTION);
    mb_ir_call(tr->ir, &trap_helper, 1, &number);
    tr->ended = true;
}

static void translate_word(struct mb_tr *tr, uint32_t word)
{
    mb_ir_insn(tr->ir, tr->pc);
    if (sparc_translate_v8(tr, word) == MB_INSN_UNDEFINED)
        sparc_undefined(tr);
}

static mb_v constant(struct mb_tr *tr, uint32_t value)
{
    return mb_ir_const(tr->ir, MB_I32, value);
}

static uint32_t after(const struct mb_tr *tr, unsigned words)
{
    return (uint32_t)tr->pc + 4 * words;
}

static bool is_delayed(const struct mb_tr *tr)
{
    return tr->flags & SPARC_FLAG_DELAYED_MASK;
}

/* A helper may have changed any flag: then only this one is ours to write. */
static void set_delayed(struct mb_tr *tr, bool delayed)
{
    if (tr->stop)
        tr->flags_unknown = ~0u;
    mb_tr_set_flag(tr, SPARC_FLAG_DELAYED_SHIFT, SPARC_FLAG_DELAYED_MASK, delayed);
}

static void set_npc(struct mb_tr *tr, mb_v npc)
{
    mb_ir_put(tr->ir, NPC, 4, npc);
    set_delayed(tr, true);
}

static void jump(struct mb_tr *tr, mb_v target)
{
    uint64_t known;
    if (mb_ir_is_const(tr->ir, target, &known))
        mb_tr_branch(tr, (uint32_t)known);
    else
        mb_tr_jump(tr, mb_ir_zext32(tr->ir, target));
}

/* ---- delay slots ----------------------------------------------------------------- */
/* Is the instruction behind the branch one that goes into its unit? */
static bool take_slot(struct mb_tr *tr, uint32_t *word, enum conduct *conduct)
{
    if (tr->insns + 1 >= tr->max_insns || !(after(tr, 1) & PAGE_MASK) ||
        !mb_tr_may_begin(tr, after(tr, 1)) || !fetch(tr, after(tr, 1), word))
        return false;
    *conduct = conduct_of(*word);
    return *conduct != ALONE;
}

/* Translate it; `npc` is what follows it, should it trap. */
static void translate_slot(struct mb_tr *tr, uint32_t word, enum conduct conduct,
                           mb_v npc)
{
    tr->pc = after(tr, 1);
    tr->insns++;
    mb_ir_insn(tr->ir, tr->pc);
    if (conduct == MAY_TRAP)
        set_npc(tr, npc);
    if (sparc_translate_v8(tr, word) == MB_INSN_UNDEFINED)
        sparc_undefined(tr);
    if (conduct == MAY_TRAP && !tr->ended)
        set_delayed(tr, false);
}

/* The slot is a unit of its own, which goes on at `npc`. */
static void leave_for_slot(struct mb_tr *tr, mb_v npc)
{
    tr->may_follow = false;
    set_npc(tr, npc);
    mb_tr_branch(tr, after(tr, 1));
}

/* Through the slot to `target`. */
static void always(struct mb_tr *tr, mb_v target)
{
    uint32_t word;
    enum conduct conduct;
    if (!take_slot(tr, &word, &conduct)) {
        leave_for_slot(tr, target);
        return;
    }
    translate_slot(tr, word, conduct, target);
    jump(tr, target);
}

/* The unit goes on with the slot of a branch that is taken. */
static void annulling(struct mb_tr *tr, mb_v condition, mb_v target)
{
    struct mb_fork fork;
    tr->may_follow = false;
    mb_tr_if(tr, &fork, mb_ir_eq(tr->ir, condition, constant(tr, 0)));
    mb_tr_branch(tr, after(tr, 2));
    mb_tr_else(tr, &fork);
    mb_tr_endif(tr, &fork);
    tr->may_follow = true;
    always(tr, target);
}

/* The unit goes on behind the slot of a branch that is not taken. */
static void conditional(struct mb_tr *tr, mb_v condition, mb_v target)
{
    uint32_t word;
    enum conduct conduct;
    struct mb_fork fork;
    mb_v behind = constant(tr, after(tr, 2));
    if (!take_slot(tr, &word, &conduct)) {
        leave_for_slot(tr, mb_ir_select(tr->ir, condition, target, behind));
        return;
    }
    mb_v npc = 0;
    if (conduct == MAY_TRAP)
        npc = mb_ir_select(tr->ir, condition, target, behind);
    translate_slot(tr, word, conduct, npc);
    if (tr->ended)
        return;
    uint64_t not_taken = after(tr, 1);
    tr->follow_forks = 1;
    mb_tr_if(tr, &fork, condition);
    jump(tr, target);
    if (tr->followed) {
        mb_tr_turn(tr, &fork, condition, not_taken);
        return;
    }
    mb_tr_else(tr, &fork);
    mb_tr_endif(tr, &fork);
}

/* ---- a transfer in the delay slot of another (B.21, B.25) ------------------------ */
static void take_couple(struct mb_tr *tr, mb_v next, mb_v target)
{
    set_npc(tr, target);
    mb_tr_jump(tr, mb_ir_zext32(tr->ir, next));
}

static void miss_couple(struct mb_tr *tr, mb_v next, bool annul)
{
    set_delayed(tr, false);
    if (annul)
        next = mb_ir_add(tr->ir, next, constant(tr, 4));
    mb_tr_jump(tr, mb_ir_zext32(tr->ir, next));
}

static void couple(struct mb_tr *tr, mb_v condition, mb_v target, int64_t annul)
{
    struct mb_fork fork;
    mb_v next = mb_ir_get(tr->ir, MB_I32, NPC, 4);
    uint64_t taken;
    if (!mb_ir_is_const(tr->ir, condition, &taken)) {
        mb_tr_if(tr, &fork, condition);
        take_couple(tr, next, target);
        mb_tr_else(tr, &fork);
        miss_couple(tr, next, annul != NEVER);
        mb_tr_endif(tr, &fork);
    } else if (!taken) {
        miss_couple(tr, next, annul != NEVER);
    } else if (annul == ALWAYS) {
        set_delayed(tr, false);
        jump(tr, target);
    } else {
        take_couple(tr, next, target);
    }
}

/* A conditional branch may turn out to be decided, by constants before it. */
static void decided(struct mb_tr *tr, bool taken, mb_v target, int64_t annul)
{
    if (taken && annul == ALWAYS)
        jump(tr, target);
    else if (taken)
        always(tr, target);
    else if (annul != NEVER)
        mb_tr_branch(tr, after(tr, 2));
}

void sparc_transfer(struct mb_tr *tr, mb_v condition, mb_v target, int64_t annul)
{
    uint64_t taken;
    if (tr->ended)
        return;
    if (is_delayed(tr))
        couple(tr, condition, target, annul);
    else if (mb_ir_is_const(tr->ir, condition, &taken))
        decided(tr, taken, target, annul);
    else if (annul == NEVER)
        conditional(tr, condition, target);
    else
        annulling(tr, condition, target);
}

/* ---- units ----------------------------------------------------------------------- */
static void translate_delayed(struct mb_tr *tr)
{
    uint32_t word;
    if (!fetch(tr, (uint32_t)tr->pc, &word))
        return;
    translate_word(tr, word);
    tr->insns++;
    if (tr->ended)
        return;
    mb_v next = mb_ir_get(tr->ir, MB_I32, NPC, 4);
    set_delayed(tr, false);
    mb_tr_jump(tr, mb_ir_zext32(tr->ir, next));
}

static void translate_sequence(struct mb_tr *tr)
{
    uint32_t word;
    while (tr->insns < tr->max_insns && fetch(tr, (uint32_t)tr->pc, &word)) {
        tr->may_follow = true;
        tr->follow_forks = 0;
        translate_word(tr, word);
        tr->pc = mb_tr_next(tr, after(tr, 1));
        tr->insns++;
        if (tr->ended || tr->stop || tr->flags_unknown)
            break;
    }
    if (tr->insns)
        mb_tr_branch(tr, tr->pc);
}

void sparc_translate(struct mb_tr *tr)
{
    if (is_delayed(tr))
        translate_delayed(tr);
    else
        translate_sequence(tr);
}

/* ---- disassembly ----------------------------------------------------------------- */
unsigned sparc_disassemble(const struct mb_cpu *cpu, uint64_t pc, const uint8_t *bytes,
                           unsigned available, char *text, size_t size)
{
    uint32_t word;
    if (available < 4)
        return 0;
    memcpy(&word, bytes, 4);
    word = __builtin_bswap32(word);
    if (!sparc_disassemble_v8(word, pc, (uint32_t)cpu->key, text, size))
        snprintf(text, size, "undefined %08x", word);
    return 4;
}
