/* Guest memory through the flat table; everything else goes to the slow paths.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A misaligned access stays on the fast path, by way of cold code that checks that it
 * does not cross a page. Big-endian and unprivileged accesses, and guests with 64-bit
 * addresses, take the slow path always.
 */
#include "gen.h"

/* The address in a register: its own if there is no displacement, else rcx. */
static unsigned address(struct gen *gen, const struct mb_op *op)
{
    mb_v v = op->in[0];
    bool wide = is_wide(gen, v);
    int32_t disp = (int32_t)op->imm;
    uint64_t c;
    if (mb_x86_const(gen, v, &c)) {
        uint64_t sum = c + (uint64_t)(int64_t)disp;
        x_mov_imm(&gen->code, RCX, wide ? sum : (uint32_t)sum);
        return RCX;
    }
    unsigned reg = mb_x86_use(gen, v);
    if (!disp)
        return reg;
    x_rm(&gen->code, X_LEA | (wide ? W64 : 0), RCX, at(reg, disp));
    return RCX;
}

static bool is_fast(const struct gen *gen, const struct mb_op *op)
{
    return !(op->flags & (MB_MEM_SWAP | MB_MEM_USER)) && gen->core->address_bits == 32 &&
           !is_wide(gen, op->in[0]);
}

/* rax becomes the table's addend for the page of `address`. */
static void look_up(struct gen *gen, unsigned address, bool write, struct cold *cold)
{
    struct code *code = &gen->code;
    flags_lost(gen);
    if (cold->width > 1) {
        x_opcode(code, OP(0, 0, 0xf6) | BYTE, 0, 0, address, true);     /* test reg8, imm8 */
        put8(code, 0xc0 | (address & 7));
        put8(code, cold->width - 1u);
        cold->unaligned = x_jcc(code, CC_NE);
        cold->unaligned_back = code->p;
    }
    x_mov_rr(code, false, RAX, address);
    x_shift_imm(code, false, SHIFT_SHR, RAX, 12);
    x_rm(code, X_LOAD | W64, RAX,
         at_index(RBX, RAX, 3, write ? (int32_t)(MB_TABLE_WRITE * 8) : 0));
    x_rr(code, X_TEST | W64, RAX, RAX);
    cold->slow = x_jcc(code, CC_E);
}

static struct cold *begin(struct gen *gen, const struct mb_op *op, enum cold_kind kind,
                          unsigned address)
{
    struct cold *cold = mb_x86_cold(gen, kind);
    cold->width = op->width;
    cold->flags = op->flags;
    cold->address = (uint8_t)address;
    cold->aligned_only = op->flags & MB_MEM_ALIGNED;
    cold->row = mb_x86_row(gen);
    return cold;
}

static void look_up_or_leave(struct gen *gen, const struct mb_op *op, unsigned address,
                             bool write, struct cold *cold)
{
    if (is_fast(gen, op))
        look_up(gen, address, write, cold);
    else
        cold->slow = x_jmp(&gen->code);
    flags_lost(gen);
}

static uint32_t load_op(const struct mb_op *op)
{
    bool is_signed = op->flags & MB_MEM_SIGNED;
    uint32_t wide = op->type == MB_I64 ? W64 : 0;
    switch (op->width) {
    case 1: return is_signed ? (X_MOVSX8 & ~BYTE) | wide : X_MOVZX8 & ~BYTE;
    case 2: return is_signed ? X_MOVSX16 | wide : X_MOVZX16;
    case 4:
        if (is_xmm_type(op->type))
            return X_MOVSS_LOAD;
        return is_signed && wide ? X_MOVSXD : X_LOAD;
    case 8: return is_xmm_type(op->type) ? X_MOVQ_LOAD : X_LOAD | W64;
    default: return X_MOVUPS_LOAD;
    }
}

/* The result's register is found before the row is made: it may displace a value. */
static void load(struct gen *gen, const struct mb_op *op)
{
    unsigned va = address(gen, op), to = mb_x86_target(gen, gen->at, op->in[0]);
    struct cold *cold = begin(gen, op, COLD_LOAD, va);
    look_up_or_leave(gen, op, va, false, cold);
    mb_x86_unbind(gen, to);
    mb_x86_bind(gen, gen->at, to);
    cold->value = (uint8_t)(to & 15);
    cold->xmm = to >= 16;
    cold->b = op->type;
    if (is_fast(gen, op))
        x_rm(&gen->code, load_op(op), to & 15, at_index(RAX, va, 0, 0));
    cold->back = gen->code.p;
}

static uint32_t store_op(unsigned type, unsigned width)
{
    if (is_xmm_type(type))
        return width == 4 ? X_MOVSS_STORE : width == 8 ? X_MOVQ_STORE : X_MOVUPS_STORE;
    switch (width) {
    case 1: return X_STORE8;
    case 2: return X_STORE16;
    case 4: return X_STORE;
    default: return X_STORE | W64;
    }
}

static void store(struct gen *gen, const struct mb_op *op)
{
    unsigned type = type_of(gen, op->in[1]);
    unsigned value = mb_x86_use(gen, op->in[1]), va = address(gen, op);
    struct cold *cold = begin(gen, op, COLD_STORE, va);
    cold->value = (uint8_t)(value & 15);
    cold->xmm = value >= 16;
    look_up_or_leave(gen, op, va, true, cold);
    if (is_fast(gen, op))
        x_rm(&gen->code, store_op(type, op->width), value & 15, at_index(RAX, va, 0, 0));
    cold->back = gen->code.p;
}

/* rcx becomes the host address; rax is then free for the value. */
static void resolve(struct gen *gen, const struct mb_op *op)
{
    unsigned va = address(gen, op);
    struct cold *cold = begin(gen, op, COLD_ATOMIC, va);
    cold->aligned_only = true;
    look_up_or_leave(gen, op, va, true, cold);
    if (is_fast(gen, op))
        x_rm(&gen->code, X_LEA | W64, RCX, at_index(RAX, va, 0, 0));
    cold->back = gen->code.p;
}

/* A register's low bytes in the other order, if memory is big-endian. */
static void swap_bytes(struct gen *gen, const struct mb_op *op, unsigned reg)
{
    if (!(op->flags & MB_MEM_SWAP) || op->width == 1)
        return;
    uint32_t wide = op->width == 8 ? W64 : 0;
    x_opcode(&gen->code, OP(0, 1, 0xc8 + (reg & 7)) | wide, 0, 0, reg, false);
    if (op->width == 2)
        x_shift_imm(&gen->code, false, SHIFT_SHR, reg, 16);
}

static void extend_result(struct gen *gen, const struct mb_op *op)
{
    static const uint32_t ops[9] = {
        [1] = X_MOVZX8, [2] = X_MOVZX16, [4] = X_LOAD, [8] = X_LOAD | W64};
    swap_bytes(gen, op, RAX);
    x_rr(&gen->code, ops[op->width], mb_x86_define(gen, gen->at), RAX);
}

static uint32_t sized(uint32_t op, unsigned width)
{
    return width == 1 ? (op - 1) | BYTE : width == 2 ? op | 0x66u << 16 :
           width == 8 ? op | W64 : op;
}

static void compare_and_swap(struct gen *gen, const struct mb_op *op)
{
    unsigned expected = mb_x86_use(gen, op->in[1]), value = mb_x86_use(gen, op->in[2]);
    resolve(gen, op);
    x_mov_rr(&gen->code, true, RAX, expected);
    x_mov_rr(&gen->code, true, RDX, value);
    swap_bytes(gen, op, RAX);
    swap_bytes(gen, op, RDX);
    put8(&gen->code, 0xf0);
    x_rm(&gen->code, sized(OP(0, 1, 0xb1), op->width), RDX, at(RCX, 0));
    flags_lost(gen);
    extend_result(gen, op);
}

static void exchange(struct gen *gen, const struct mb_op *op)
{
    unsigned value = mb_x86_use(gen, op->in[1]);
    resolve(gen, op);
    x_mov_rr(&gen->code, true, RAX, value);
    swap_bytes(gen, op, RAX);
    x_rm(&gen->code, sized(OP(0, 0, 0x87), op->width), RAX, at(RCX, 0));
    extend_result(gen, op);
}

bool mb_x86_memory(struct gen *gen, const struct mb_op *op)
{
    switch (op->code) {
    case MB_IR_LOAD: load(gen, op); return true;
    case MB_IR_STORE: store(gen, op); return true;
    case MB_IR_CAS: compare_and_swap(gen, op); return true;
    case MB_IR_SWAP: exchange(gen, op); return true;
    case MB_IR_FENCE:
        x_opcode(&gen->code, OP(0, 1, 0xae), 0, 0, 0, false);
        put8(&gen->code, 0xf0);                                     /* mfence */
        return true;
    default: return false;
    }
}
