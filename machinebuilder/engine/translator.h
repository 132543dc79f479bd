/* What translators generated from cores/<isa>/insns call, and their hand-written frames
 * may. SPDX-License-Identifier: Apache-2.0
 *
 * Translation flags: tr->flags is what the code being translated may rely on; state's key
 * holds the same at every exit. Bits in tr->flags_unknown were written with a run-time
 * value: from then on the unit leaves by jumps, which look the flags up.
 */
#ifndef MB_TRANSLATOR_H
#define MB_TRANSLATOR_H

#include <stdarg.h>
#include <stdio.h>

#include "core.h"
#include "ir.h"

enum mb_insn_result { MB_INSN_OK, MB_INSN_UNDEFINED };

#define MB_FLAGS_OFFSET ((uint32_t)offsetof(struct mb_cpu, key))   /* little-endian host */

/* ---- control --------------------------------------------------------------------------- */
/* May the branch that is built be followed? Under a condition only if its arm does nothing
 * else, so that the `if` can be turned round. */
static inline bool mb_tr_can_follow(const struct mb_tr *tr)
{
    return tr->may_follow && !tr->followed && tr->forks == tr->follow_forks &&
           (tr->forks == 0 || mb_ir_arm_is_empty(tr->ir));
}

/* Leave for a constant pc, or go on there. */
static inline void mb_tr_branch(struct mb_tr *tr, uint64_t pc)
{
    if (tr->ended)
        return;
    if (!tr->flags_unknown && !tr->stop && mb_tr_can_follow(tr) &&
        mb_tr_follows(tr, pc, tr->forks != 0)) {
        tr->followed = true;
        tr->target = pc;
    } else if (tr->flags_unknown || tr->stop)
        mb_ir_jump(tr->ir, mb_ir_const(tr->ir, MB_I64, pc));
    else
        mb_ir_exit(tr->ir, pc);
    tr->ended = true;
}

/* Go on at the return that was foretold, if pc and flags are as they should be. */
static inline void mb_tr_return(struct mb_tr *tr, mb_v pc, uint64_t target, uint32_t flags)
{
    struct mb_ir *ir = tr->ir;
    mb_v other = mb_ir_ne(ir, pc, mb_ir_const(ir, MB_I64, target));
    if (tr->flags_unknown || tr->flags != flags) {
        mb_v now = mb_ir_get(ir, MB_I32, MB_FLAGS_OFFSET, 4);
        other = mb_ir_or(ir, other, mb_ir_ne(ir, now, mb_ir_const(ir, MB_I32, flags)));
    }
    mb_ir_if(ir, other);
    mb_ir_jump(ir, pc);
    mb_ir_endif(ir);
    tr->flags = flags;
    tr->flags_unknown = 0;
    tr->followed = true;
    tr->target = target;
}

static inline void mb_tr_jump(struct mb_tr *tr, mb_v pc)
{
    uint64_t target;
    uint32_t flags;
    if (tr->ended)
        return;
    if (mb_ir_is_const(tr->ir, pc, &target)) {
        mb_tr_branch(tr, target);
        return;
    }
    if (!tr->stop && tr->may_follow && !tr->followed && !tr->forks &&
        mb_tr_foretells(tr, &target, &flags))
        mb_tr_return(tr, pc, target, flags);
    else
        mb_ir_jump(tr->ir, pc);
    tr->ended = true;
}

/* Run-time conditions: what each arm did to flags and whether it ended is joined. The frame
 * uses it around conditional instructions. */
struct mb_fork { uint32_t flags, unknown, other_flags, other_unknown; bool ended, first_ended; };

static inline void mb_tr_if(struct mb_tr *tr, struct mb_fork *fork, mb_v condition)
{
    *fork = (struct mb_fork){.flags = tr->flags, .unknown = tr->flags_unknown,
                             .other_flags = tr->flags,
                             .other_unknown = tr->flags_unknown, .ended = tr->ended};
    tr->forks++;
    mb_ir_if(tr->ir, condition);
}

static inline void mb_tr_else(struct mb_tr *tr, struct mb_fork *fork)
{
    bool was_ended = fork->ended;
    fork->other_flags = tr->flags;
    fork->other_unknown = tr->flags_unknown;
    fork->first_ended = tr->ended;
    tr->flags = fork->flags;
    tr->flags_unknown = fork->unknown;
    tr->ended = was_ended;
    mb_ir_else(tr->ir);
}

/* Call mb_tr_else first: every fork has two arms. */
static inline void mb_tr_endif(struct mb_tr *tr, struct mb_fork *fork)
{
    bool first_ended = fork->first_ended;
    mb_ir_endif(tr->ir);
    tr->forks--;
    if (tr->ended) {
        tr->flags = fork->other_flags;
        tr->flags_unknown = fork->other_unknown;
    } else if (!first_ended) {
        tr->flags_unknown |= fork->other_unknown | (tr->flags ^ fork->other_flags);
    }
    tr->ended = fork->ended || (tr->ended && first_ended);
}

/* The branch in the first arm of `fork` is followed: turn the `if` round, to leave for
 * `behind` when its condition does not hold. In place of mb_tr_else and mb_tr_endif. */
static inline void mb_tr_turn(struct mb_tr *tr, struct mb_fork *fork, mb_v condition,
                              uint64_t behind)
{
    mb_ir_cancel_if(tr->ir);
    tr->forks--;
    tr->ended = false;
    mb_tr_if(tr, fork, mb_ir_eq(tr->ir, condition, mb_ir_const(tr->ir, MB_I32, 0)));
    mb_ir_exit(tr->ir, behind);
    tr->ended = true;
    mb_tr_else(tr, fork);
    mb_tr_endif(tr, fork);
}

/* Where the instruction goes on that stands behind the one just translated. */
static inline uint64_t mb_tr_next(struct mb_tr *tr, uint64_t behind)
{
    if (!tr->followed)
        return behind;
    mb_tr_called(tr, behind);
    tr->followed = tr->ended = false;
    return tr->target;
}

/* ---- translation flags -------------------------------------------------------------------- */
static inline int64_t mb_tr_flag(const struct mb_tr *tr, unsigned shift, uint32_t mask)
{
    return (tr->flags & mask) >> shift;
}

static inline void mb_tr_set_flag(struct mb_tr *tr, unsigned shift, uint32_t mask,
                                  int64_t value)
{
    uint32_t flags = (tr->flags & ~mask) | (((uint32_t)value << shift) & mask);
    if (tr->ended || (flags == tr->flags && !(tr->flags_unknown & mask)))
        return;
    mb_v word = mb_ir_const(tr->ir, MB_I32, flags);
    tr->flags_unknown &= ~mask;
    if (tr->flags_unknown) {
        mb_v old = mb_ir_get(tr->ir, MB_I32, MB_FLAGS_OFFSET, 4);
        mb_v kept = mb_ir_and(tr->ir, old, mb_ir_const(tr->ir, MB_I32, tr->flags_unknown));
        word = mb_ir_or(tr->ir, kept,
                        mb_ir_const(tr->ir, MB_I32, flags & ~tr->flags_unknown));
    }
    mb_ir_put(tr->ir, MB_FLAGS_OFFSET, 4, word);
    tr->flags = flags;
}

static inline void mb_tr_set_flag_value(struct mb_tr *tr, unsigned shift, uint32_t mask,
                                        mb_v value)
{
    uint64_t known;
    if (mb_ir_is_const(tr->ir, value, &known)) {
        mb_tr_set_flag(tr, shift, mask, (int64_t)known);
        return;
    }
    if (tr->ended)
        return;
    mb_v old = tr->flags_unknown ? mb_ir_get(tr->ir, MB_I32, MB_FLAGS_OFFSET, 4)
                                 : mb_ir_const(tr->ir, MB_I32, tr->flags);
    mb_v moved = mb_ir_shl(tr->ir, value, mb_ir_const(tr->ir, MB_I32, shift));
    mb_v put = mb_ir_and(tr->ir, moved, mb_ir_const(tr->ir, MB_I32, mask));
    mb_v kept = mb_ir_and(tr->ir, old, mb_ir_const(tr->ir, MB_I32, ~mask));
    mb_ir_put(tr->ir, MB_FLAGS_OFFSET, 4, mb_ir_or(tr->ir, kept, put));
    tr->flags_unknown |= mask;
}

/* ---- static arithmetic, as Python's ---------------------------------------------------------- */
static inline int64_t mb_s_shl(int64_t a, int64_t n)
{
    return (uint64_t)n < 64 ? (int64_t)((uint64_t)a << n) : 0;
}

static inline int64_t mb_s_shr(int64_t a, int64_t n)
{
    return (uint64_t)n < 64 ? a >> n : a < 0 ? -1 : 0;
}

static inline int64_t mb_s_div(int64_t a, int64_t b)
{
    if (b == 0 || b == -1)
        return b ? (int64_t)(0 - (uint64_t)a) : 0;
    return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

static inline int64_t mb_s_mod(int64_t a, int64_t b)
{
    if (b == 0 || b == -1)
        return 0;
    return a % b + (a % b != 0 && (a < 0) != (b < 0) ? b : 0);
}

static inline int64_t mb_s_sext(int64_t a, int64_t bits)
{
    if ((uint64_t)(bits - 1) >= 63)
        return a;
    return (int64_t)((uint64_t)a << (64 - bits)) >> (64 - bits);
}

static inline int64_t mb_s_bits(int64_t a, int64_t high, int64_t low)
{
    return mb_s_shr(a, low) & (mb_s_shl(1, high - low + 1) - 1);
}

/* An index that the description got wrong must not reach memory; after an undefined
 * instruction was raised, statics may be nonsense and what they index is not emitted. */
static inline int64_t mb_s_index(const struct mb_tr *tr, int64_t index, int64_t count)
{
    if ((uint64_t)index < (uint64_t)count)
        return index;
    if (!tr->ended)
        __builtin_trap();
    return 0;
}

static inline void mb_s_assert(const struct mb_tr *tr, int64_t condition)
{
    if (!condition && !tr->ended)
        __builtin_trap();
}

/* ---- shifts by static and by dynamic counts: >= width gives 0, or the sign -------------------- */
static inline mb_v mb_d_zero(struct mb_ir *ir, unsigned width)
{
    return mb_ir_const(ir, width == 64 ? MB_I64 : MB_I32, 0);
}

static inline mb_v mb_d_count(struct mb_ir *ir, int64_t n)
{
    return mb_ir_const(ir, MB_I32, (uint32_t)n);
}

static inline mb_v mb_d_shl(struct mb_ir *ir, unsigned width, mb_v a, int64_t n)
{
    if ((uint64_t)n >= width)
        return mb_d_zero(ir, width);
    return n ? mb_ir_shl(ir, a, mb_d_count(ir, n)) : a;
}

static inline mb_v mb_d_shr(struct mb_ir *ir, unsigned width, mb_v a, int64_t n)
{
    if ((uint64_t)n >= width)
        return mb_d_zero(ir, width);
    return n ? mb_ir_shr(ir, a, mb_d_count(ir, n)) : a;
}

static inline mb_v mb_d_sar(struct mb_ir *ir, unsigned width, mb_v a, int64_t n)
{
    if ((uint64_t)n >= width)
        n = width - 1;
    return n ? mb_ir_sar(ir, a, mb_d_count(ir, n)) : a;
}

static inline mb_v mb_d_shl_by(struct mb_ir *ir, unsigned width, mb_v a, mb_v n)
{
    mb_v inside = mb_ir_ltu(ir, n, mb_d_count(ir, width));
    return mb_ir_select(ir, inside, mb_ir_shl(ir, a, n), mb_d_zero(ir, width));
}

static inline mb_v mb_d_shr_by(struct mb_ir *ir, unsigned width, mb_v a, mb_v n)
{
    mb_v inside = mb_ir_ltu(ir, n, mb_d_count(ir, width));
    return mb_ir_select(ir, inside, mb_ir_shr(ir, a, n), mb_d_zero(ir, width));
}

static inline mb_v mb_d_sar_by(struct mb_ir *ir, unsigned width, mb_v a, mb_v n)
{
    mb_v inside = mb_ir_ltu(ir, n, mb_d_count(ir, width));
    return mb_ir_sar(ir, a, mb_ir_select(ir, inside, n, mb_d_count(ir, width - 1)));
}

static inline mb_v mb_d_sext(struct mb_ir *ir, unsigned width, mb_v a, int64_t bits)
{
    if (bits == 8)
        return mb_ir_sext8(ir, a);
    if (bits == 16)
        return mb_ir_sext16(ir, a);
    if (bits <= 0 || bits >= width)
        return a;
    return mb_d_sar(ir, width, mb_d_shl(ir, width, a, width - bits), width - bits);
}

/* ---- disassembly ------------------------------------------------------------------------------- */
struct mb_text { char *at; size_t left; };   /* left counts the closing NUL's byte */
#define MB_TEXT_SIZE 128                     /* of a part that is put together first */

__attribute__((format(printf, 2, 3)))
static inline void mb_text_add(struct mb_text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int wanted = vsnprintf(text->at, text->left, format, arguments);
    va_end(arguments);
    size_t used = wanted < 0 ? 0 : (size_t)wanted;
    if (text->left && used >= text->left)
        used = text->left - 1;
    text->at += used;
    text->left -= used;
}

#endif
