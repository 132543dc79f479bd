/* Calls of C helpers, by the System V ABI. SPDX-License-Identifier: Apache-2.0 */
#include "gen.h"

static const uint8_t integer_args[MB_MAX_ARGS] = {RSI, RDX, RCX, R8, R9};

static void move_args(struct gen *gen, const struct mb_op *op)
{
    struct move moves[MB_MAX_ARGS];
    unsigned integers = 0, floats = 0;
    for (unsigned i = 0; i < op->argc; i++) {
        mb_v v = gen->ir->args[op->in[0] + i];
        moves[i].v = v;
        moves[i].to =
            (uint16_t)(is_xmm_type(type_of(gen, v)) ? XMM(floats++)
                                                    : integer_args[integers++]);
    }
    mb_x86_moves(gen, moves, op->argc);
}

static const uint32_t caller_saved = (GPR_POOL & ~CALLEE_SAVED) | (uint32_t)XMM_POOL
                                                                      << 16;

/* What outlives the call and sits in a register that it destroys. */
static void spill_live(struct gen *gen)
{
    for (uint32_t rest = caller_saved; rest; rest &= rest - 1) {
        mb_v v = gen->where.reg[__builtin_ctz(rest)];
        unsigned code = v ? gen->ir->ops[v].code : 0;
        if (v && gen->values[v].last > gen->at && code != MB_IR_CONST &&
            code != MB_IR_FCONST && !mb_x86_is_lazy(gen, v))
            mb_x86_spill(gen, v);
    }
}

static void forget_destroyed(struct gen *gen)
{
    for (uint32_t rest = caller_saved; rest; rest &= rest - 1)
        mb_x86_unbind(gen, (unsigned)__builtin_ctz(rest));
    gen->locked = 0;
    flags_lost(gen);
}

static void take_result(struct gen *gen, const struct mb_op *op)
{
    if (op->type == MB_VOID || !gen->values[gen->at].uses)
        return;
    unsigned to = mb_x86_define(gen, gen->at);
    if (to < 16)
        x_mov_rr(&gen->code, op->type == MB_I64, to, RAX);
    else if (to != XMM(0))
        x_rr(&gen->code, X_MOVAPS, to - 16, 0);
}

void mb_x86_call(struct gen *gen, const struct mb_op *op)
{
    const struct mb_helper *helper = (const struct mb_helper *)(uintptr_t)op->imm;
    bool changes = helper->effects & (MB_WRITES | MB_EXITS);
    if (helper->effects != MB_PURE) {
        mb_x86_flush(gen);
        mb_x86_store_pc(gen, gen->pc);
    }
    if (changes && gen->insn)
        mb_x86_count_insns(gen, gen->insn - 1);
    spill_live(gen);
    move_args(gen, op);
    x_rm(&gen->code, X_LEA | W64, RDI, at(RBP, -STATE_BIAS));
    x_mov_imm(&gen->code, RAX, (uint64_t)(uintptr_t)helper->function);
    x_call_reg(&gen->code, RAX);
    forget_destroyed(gen);
    if (helper->effects & MB_EXITS) {
        mb_x86_count_insns(gen, gen->insn);
        mb_x86_jmp_thunk(gen, mb_x86_thunks.leave, false);
        return;
    }
    if (changes)
        x_rm(&gen->code, X_LOAD | W64, RBX, CPU(tables));
    take_result(gen, op);
}
