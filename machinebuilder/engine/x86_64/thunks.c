/* Shared entry points in the code cache: into translated code, out of it, and to the
 * slow paths in C. SPDX-License-Identifier: Apache-2.0
 *
 * Slow-path thunks are called from cold code with the arguments at [rsp] (address or
 * first operand), [rsp + 8] (value) and eax (width and flags, or operation); they save
 * every register into the frame's struct mb_saved, so that a fault can find each dirty
 * field, and leave a result at [rsp + 8].
 */
#include "gen.h"

struct thunks mb_x86_thunks;

/* Offsets in the frame as a thunk sees it, above its return address. */
enum { RETURN = 8, ARG = RETURN, VALUE = RETURN + 8, THIRD = RETURN + 16,
       SAVED = RETURN + FRAME_SAVED, XMM_SAVED = SAVED + 128,
       UNIT = FRAME_SIZE - 8 };

static const uint8_t *here(const struct gen *gen)
{
    return gen->rx + (gen->code.p - gen->code.start);
}

static void call_c(struct gen *gen, void *function)
{
    x_alu_imm(&gen->code, true, ALU_SUB, RSP, 8);
    x_mov_imm(&gen->code, RAX, (uint64_t)(uintptr_t)function);
    x_call_reg(&gen->code, RAX);
    x_alu_imm(&gen->code, true, ALU_ADD, RSP, 8);
}

static void save_all(struct gen *gen)
{
    for (unsigned reg = 0; reg < 16; reg++) {
        if (reg != RSP && reg != RAX)
            x_rm(&gen->code, X_STORE | W64, reg, at(RSP, SAVED + 8 * (int)reg));
    }
    for (unsigned xmm = 0; xmm < 16; xmm++)
        x_rm(&gen->code, X_MOVUPS_STORE, xmm, at(RSP, XMM_SAVED + 16 * (int)xmm));
}

/* What C may have changed. */
static void restore_all(struct gen *gen)
{
    for (unsigned reg = 0; reg < 12; reg++) {
        if (reg != RSP && reg != RAX && reg != RBX && reg != RBP)
            x_rm(&gen->code, X_LOAD | W64, reg, at(RSP, SAVED + 8 * (int)reg));
    }
    for (unsigned xmm = 0; xmm < 16; xmm++)
        x_rm(&gen->code, X_MOVUPS_LOAD, xmm, at(RSP, XMM_SAVED + 16 * (int)xmm));
}

static void state_pointer(struct gen *gen)
{
    x_rm(&gen->code, X_LEA | W64, RDI, at(RBP, -STATE_BIAS));
}

static void load_arg(struct gen *gen, unsigned reg, int32_t offset)
{
    x_rm(&gen->code, X_LOAD | W64, reg, at(RSP, offset));
}

static void lea_arg(struct gen *gen, unsigned reg, int32_t offset)
{
    x_rm(&gen->code, X_LEA | W64, reg, at(RSP, offset));
}

static void finish(struct gen *gen, bool result)
{
    if (result)
        x_rm(&gen->code, X_STORE | W64, RAX, at(RSP, VALUE));
    restore_all(gen);
    put8(&gen->code, 0xc3);
}

/* (cpu, va, width_flags, saved, retaddr[, data]) */
static const uint8_t *without_value(struct gen *gen, void *function, bool data)
{
    const uint8_t *entry = here(gen);
    save_all(gen);
    state_pointer(gen);
    load_arg(gen, RSI, ARG);
    x_mov_rr(&gen->code, false, RDX, RAX);
    lea_arg(gen, RCX, SAVED);
    load_arg(gen, R8, 0);
    if (data)
        lea_arg(gen, R9, VALUE);
    call_c(gen, function);
    finish(gen, !data);
    return entry;
}

/* (cpu, va, value, width_flags, saved, retaddr) */
static const uint8_t *with_value(struct gen *gen, void *function)
{
    const uint8_t *entry = here(gen);
    save_all(gen);
    state_pointer(gen);
    load_arg(gen, RSI, ARG);
    load_arg(gen, RDX, VALUE);
    x_mov_rr(&gen->code, false, RCX, RAX);
    lea_arg(gen, R8, SAVED);
    load_arg(gen, R9, 0);
    call_c(gen, function);
    finish(gen, false);
    return entry;
}

static uint64_t nan64(struct mb_cpu *cpu, int op, uint64_t a, uint64_t b, uint64_t c)
{
    return cpu->core->nan64(cpu, op, a, b, c);
}

static uint64_t nan32(struct mb_cpu *cpu, int op, uint64_t a, uint64_t b, uint64_t c)
{
    return cpu->core->nan32(cpu, op, (uint32_t)a, (uint32_t)b, (uint32_t)c);
}

static const uint8_t *nan_hook(struct gen *gen, void *function)
{
    const uint8_t *entry = here(gen);
    save_all(gen);
    state_pointer(gen);
    x_mov_rr(&gen->code, false, RSI, RAX);
    load_arg(gen, RDX, ARG);
    load_arg(gen, RCX, VALUE);
    load_arg(gen, R8, THIRD);
    call_c(gen, function);
    finish(gen, true);
    return entry;
}

static const uint8_t saved_by_us[] = {RBX, RBP, R12, R13, R14, R15};

static void push(struct gen *gen, unsigned reg)
{
    x_opcode(&gen->code, OP(0, 0, 0x50 + (reg & 7)), 0, 0, reg, false);
}

static void pop(struct gen *gen, unsigned reg)
{
    x_opcode(&gen->code, OP(0, 0, 0x58 + (reg & 7)), 0, 0, reg, false);
}

/* enter(cpu, code, &unit): on entry rsp is 8 off alignment, six pushes keep it so. */
static const uint8_t *enter(struct gen *gen)
{
    const uint8_t *entry = here(gen);
    for (unsigned i = 0; i < sizeof saved_by_us; i++)
        push(gen, saved_by_us[i]);
    x_alu_imm(&gen->code, true, ALU_SUB, RSP, FRAME_SIZE);
    x_rm(&gen->code, X_STORE | W64, RDX, at(RSP, UNIT));
    x_rm(&gen->code, X_LEA | W64, RBP, at(RDI, STATE_BIAS));
    x_rm(&gen->code, X_LOAD | W64, RBX, CPU(tables));
    x_rr(&gen->code, OP(0, 0, 0xff), 4, RSI);
    return entry;
}

/* Three ways to leave, one falling into the next: by a jump that missed (pc in rax),
 * with pc in state already, by a link (index in rax, unit in rdx). */
static void leave(struct gen *gen)
{
    mb_x86_thunks.miss = here(gen);
    x_rm(&gen->code, X_STORE | W64, RAX, CPU(pc));
    mb_x86_thunks.leave = here(gen);
    x_mov_imm(&gen->code, RAX, UINT64_MAX);
    mb_x86_thunks.leave_link = here(gen);
    x_rm(&gen->code, X_LOAD | W64, RCX, at(RSP, UNIT));
    x_rm(&gen->code, X_STORE | W64, RDX, at(RCX, 0));
    x_alu_imm(&gen->code, true, ALU_ADD, RSP, FRAME_SIZE);
    for (unsigned i = sizeof saved_by_us; i-- > 0;)
        pop(gen, saved_by_us[i]);
    put8(&gen->code, 0xc3);
}

/* What generated code assumes: x86-64-v3, of 2013. */
static bool host_is_able(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
           __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("fma") &&
           __builtin_cpu_supports("popcnt") && __builtin_cpu_supports("lzcnt");
}

size_t mb_codegen_thunks(uint8_t *rw, const uint8_t *rx, size_t capacity)
{
    struct gen gen = {.code = {rw, rw, rw + capacity, false}, .rx = rx};
    if (!host_is_able())
        return 0;
    mb_x86_thunks.enter = enter(&gen);
    leave(&gen);
    mb_x86_thunks.load = without_value(&gen, (void *)mb_slow_load, false);
    mb_x86_thunks.store = with_value(&gen, (void *)mb_slow_store);
    mb_x86_thunks.load128 = without_value(&gen, (void *)mb_slow_load128, true);
    mb_x86_thunks.store128 = without_value(&gen, (void *)mb_slow_store128, true);
    mb_x86_thunks.atomic = without_value(&gen, (void *)mb_slow_atomic, false);
    mb_x86_thunks.nan64 = nan_hook(&gen, (void *)nan64);
    mb_x86_thunks.nan32 = nan_hook(&gen, (void *)nan32);
    return gen.code.full ? 0 : (size_t)(gen.code.p - gen.code.start);
}

int64_t mb_code_enter(struct mb_cpu *cpu, const void *code, const void **unit)
{
    union {
        const uint8_t *bytes;
        int64_t (*call)(struct mb_cpu *, const void *, const void **);
    } enter = {mb_x86_thunks.enter};
    return enter.call(cpu, code, unit);
}
