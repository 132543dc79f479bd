/* Guest memory through the flat table; everything else goes to the slow paths.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A misaligned access stays on the fast path, by way of cold code that checks that it
 * does not cross a page. Unprivileged accesses, big-endian vectors, and guests with
 * 64-bit addresses take the slow path always.
 */
#include "gen.h"

/* ---- where the access goes ---- */
static bool is_swapped(const struct mb_op *op)
{
    return op->flags & MB_MEM_SWAP && op->width > 1;
}

static bool is_fast(const struct gen *gen, const struct mb_op *op)
{
    return !(op->flags & MB_MEM_USER) && !(is_swapped(op) && op->width > 8) &&
           gen->core->address_bits == 32 && !is_wide(gen, op->in[0]);
}

/* A register's low bytes in the other order; of two bytes the rest becomes their sign.
 */
static void swap_bytes(struct gen *gen, const struct mb_op *op, unsigned reg)
{
    if (!is_swapped(op))
        return;
    uint32_t wide = op->width == 8 ? W64 : 0;
    bool is_signed = op->flags & MB_MEM_SIGNED;
    x_opcode(&gen->code, OP(0, 1, 0xc8 + (reg & 7)) | wide, 0, 0, reg, false);
    if (op->width == 2)
        x_shift_imm(&gen->code, false, is_signed ? SHIFT_SAR : SHIFT_SHR, reg, 16);
}

/* The group that an access belongs to, if it is worth one and there is a register. */
static struct group *group_of(struct gen *gen, const struct mb_op *op)
{
    struct group *group = op->mark ? &gen->groups[op->mark - 1] : NULL;
    if (!group || group->count < 2 || gen->window)
        return NULL;
    if (group->first != gen->at)
        return group->reg == NO_REG ? NULL : group;
    if (!mb_x86_has_free_register(gen))
        return NULL;
    group->reg = (uint8_t)mb_x86_temp(gen, false);
    gen->reserved |= 1u << group->reg;
    return group;
}

/* Operands of the address. */
static void use_address(struct gen *gen, const struct mb_op *op, struct cold *cold)
{
    uint64_t c;
    cold->disp = (int32_t)op->imm;
    cold->fixed = is_fast(gen, op) && mb_x86_const(gen, op->in[0], &c);
    if (cold->fixed)
        cold->disp = (int32_t)((uint32_t)c + (uint32_t)op->imm);
    else
        cold->address = (uint8_t)mb_x86_use(gen, op->in[0]);
}

/* The address in a register: its own if there is no displacement, else rcx. */
static unsigned add_disp(struct gen *gen, const struct mb_op *op, unsigned reg,
                         int32_t disp)
{
    if (!disp)
        return reg;
    x_rm(&gen->code, X_LEA | (is_wide(gen, op->in[0]) ? W64 : 0), RCX, at(reg, disp));
    return RCX;
}

void mb_x86_test_low_bits(struct gen *gen, unsigned reg, unsigned width)
{
    x_opcode(&gen->code, OP(0, 0, 0xf6) | BYTE, 0, 0, reg, true); /* test reg8, imm8 */
    put8(&gen->code, 0xc0 | (reg & 7));
    put8(&gen->code, width - 1u);
}

/* `to` becomes the table's addend for the page of `address`, or 0. */
static void read_table(struct gen *gen, unsigned to, unsigned address, bool write)
{
    int32_t first = write ? (int32_t)(MB_TABLE_WRITE * 8) : 0;
    x_mov_rr(&gen->code, false, RAX, address);
    x_shift_imm(&gen->code, false, SHIFT_SHR, RAX, 12);
    x_rm(&gen->code, X_LOAD | W64, to, at_index(RBX, RAX, 3, first));
    x_rr(&gen->code, X_TEST | W64, to, to);
}

static struct mem look_up(struct gen *gen, const struct mb_op *op, bool write,
                          struct cold *cold)
{
    unsigned address = add_disp(gen, op, cold->address, cold->disp);
    cold->address = (uint8_t)address;
    cold->disp = 0;
    if (op->width > 1) {
        mb_x86_test_low_bits(gen, address, op->width);
        cold->unaligned = x_jcc(&gen->code, CC_NE);
        cold->unaligned_back = gen->code.p;
    }
    read_table(gen, RAX, address, write);
    cold->slow = x_jcc(&gen->code, CC_E);
    return at_index(RAX, address, 0, 0);
}

/* A literal, or a variable at a known place: all but the table entry is known. */
static struct mem look_up_fixed(struct gen *gen, const struct mb_op *op, bool write,
                                struct cold *cold)
{
    uint32_t va = (uint32_t)cold->disp,
             entry = (va >> 12) + (write ? MB_TABLE_WRITE : 0);
    if (va % cold->alignment || (va & 0xfff) + op->width > 0x1000) {
        cold->slow = x_jmp(&gen->code);
        return at(RAX, 0);
    }
    x_rm(&gen->code, X_LOAD | W64, RAX, at(RBX, (int32_t)(entry * 8)));
    x_rr(&gen->code, X_TEST | W64, RAX, RAX);
    cold->slow = x_jcc(&gen->code, CC_E);
    if ((int32_t)va >= 0)
        return at(RAX, (int32_t)va);
    x_mov_imm(&gen->code, RCX, va);
    return at_index(RAX, RCX, 0, 0);
}

/* The first access of a group: its whole span must lie in one page. */
static void open_group(struct gen *gen, const struct mb_op *op,
                       const struct group *group, struct cold *cold)
{
    struct code *code = &gen->code;
    unsigned low = add_disp(gen, op, cold->address, group->low);
    if (group->align > 1) {
        mb_x86_test_low_bits(gen, low, group->align);
        cold->unaligned = x_jcc(code, CC_NE);
    }
    x_rm(code, X_LEA, RDX, at(cold->address, group->high - 1));
    x_rr(code, OP(0, 0, 0x31), low, RDX);
    x_rr(code, OP(0, 0, 0xf7), 0, RDX); /* test edx, imm32 */
    put32(code, ~0xfffu);
    cold->crossing = x_jcc(code, CC_NE);
    read_table(gen, group->reg, low, group->write);
    cold->slow = x_jcc(code, CC_E);
    x_rr(code, OP(0, 0, 0x01) | W64, low, group->reg);
    cold->group = group->reg;
}

static struct mem look_up_group(struct gen *gen, const struct mb_op *op,
                                const struct group *group, struct cold *cold)
{
    if (group->first == gen->at) {
        open_group(gen, op, group, cold);
    } else {
        x_rr(&gen->code, X_TEST | W64, group->reg, group->reg);
        cold->slow = x_jcc(&gen->code, CC_E);
    }
    if (group->last == gen->at)
        gen->reserved &= ~(1u << group->reg);
    return at(group->reg, (int32_t)op->imm - group->low);
}

/* Of accesses through one base the first that demands alignment is tested. */
static bool must_test(struct gen *gen, const struct mb_op *op, const struct cold *cold)
{
    struct group *group = op->mark ? &gen->groups[op->mark - 1] : NULL;
    if (cold->alignment == 1 || (group && group->tested >= cold->alignment))
        return false;
    if (group)
        group->tested = cold->alignment;
    return true;
}

/* Through the window nothing is looked up; only a demand for alignment is tested. A small
 * displacement that leaves the window's ends meets a guard. */
static struct mem look_through(struct gen *gen, const struct mb_op *op, struct cold *cold)
{
    bool small = cold->disp > -(int32_t)(MB_WINDOW_GUARD / 2) &&
                 cold->disp < (int32_t)(MB_WINDOW_GUARD / 2);
    bool tested = must_test(gen, op, cold);
    if (cold->fixed) {
        x_mov_imm(&gen->code, RCX, (uint32_t)cold->disp);
        if (tested && (uint32_t)cold->disp % cold->alignment)
            cold->slow = x_jmp(&gen->code);
        return at_index(RBX, RCX, 0, (int32_t)MB_WINDOW);
    }
    if (!small || tested) {
        cold->address = (uint8_t)add_disp(gen, op, cold->address, cold->disp);
        cold->disp = 0;
    }
    if (tested) {
        mb_x86_test_low_bits(gen, cold->address, cold->alignment);
        cold->slow = x_jcc(&gen->code, CC_NE);
    }
    return at_index(RBX, cold->address, 0, (int32_t)MB_WINDOW + cold->disp);
}

/* Makes the way to the slow path, and gives the host address for the fast one. */
static struct mem translate(struct gen *gen, const struct mb_op *op, bool write,
                            const struct group *group, struct cold *cold)
{
    struct mem host = at(RAX, 0);
    flags_lost(gen);
    if (group)
        host = look_up_group(gen, op, group, cold);
    else if (gen->window && is_fast(gen, op))
        host = look_through(gen, op, cold);
    else if (cold->fixed)
        host = look_up_fixed(gen, op, write, cold);
    else if (is_fast(gen, op))
        host = look_up(gen, op, write, cold);
    else
        cold->slow = x_jmp(&gen->code);
    return host;
}

/* Everything that may displace a value comes before the row is made. */
static struct cold *begin(struct gen *gen, const struct mb_op *op, enum cold_kind kind,
                          struct cold prepared)
{
    struct cold *cold = mb_x86_cold(gen, kind);
    prepared.kind = (uint8_t)kind;
    prepared.width = op->width;
    prepared.flags = op->flags;
    prepared.alignment = (uint8_t)mb_mem_alignment(op->width, op->flags);
    prepared.row = mb_x86_row(gen);
    *cold = prepared;
    return cold;
}

/* ---- loads and stores ---- */
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

static void load_swapped(struct gen *gen, const struct mb_op *op, unsigned to,
                         struct mem host)
{
    bool xmm = to >= 16;
    unsigned reg = xmm ? RAX : to;
    uint32_t wide = op->width == 8 ? W64 : 0;
    x_rm(&gen->code, op->width == 2 ? X_MOVZX16 : X_LOAD | wide, reg, host);
    swap_bytes(gen, op, reg);
    if (xmm)
        x_rr(&gen->code, X_MOVD_TO_XMM | wide, to & 15, reg);
    else if (op->flags & MB_MEM_SIGNED && op->type == MB_I64 && !wide)
        x_rr(&gen->code, X_MOVSXD, reg, reg);
}

static void load(struct gen *gen, const struct mb_op *op)
{
    struct cold prepared = {.b = op->type};
    use_address(gen, op, &prepared);
    unsigned to = mb_x86_target(gen, gen->at, op->in[0]);
    const struct group *group = group_of(gen, op);
    prepared.value = (uint8_t)(to & 15);
    prepared.xmm = to >= 16;
    struct cold *cold = begin(gen, op, COLD_LOAD, prepared);
    struct mem host = translate(gen, op, false, group, cold);
    mb_x86_unbind(gen, to);
    mb_x86_bind(gen, gen->at, to);
    cold->window = gen->window && is_fast(gen, op) ? gen->code.p : NULL;
    if (is_fast(gen, op) && is_swapped(op))
        load_swapped(gen, op, to, host);
    else if (is_fast(gen, op))
        x_rm(&gen->code, load_op(op), to & 15, host);
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

/* The bytes in the guest's order in rdx. */
static void swap_to_rdx(struct gen *gen, const struct mb_op *op, unsigned value)
{
    uint32_t wide = op->width == 8 ? W64 : 0;
    if (value >= 16)
        x_rr(&gen->code, X_MOVD_FROM_XMM | wide, value & 15, RDX);
    else
        x_mov_rr(&gen->code, true, RDX, value);
    swap_bytes(gen, op, RDX);
}

static void store(struct gen *gen, const struct mb_op *op)
{
    unsigned type = type_of(gen, op->in[1]), value = mb_x86_use(gen, op->in[1]);
    struct cold prepared = {.value = (uint8_t)(value & 15), .xmm = value >= 16};
    use_address(gen, op, &prepared);
    const struct group *group = group_of(gen, op);
    struct cold *cold = begin(gen, op, COLD_STORE, prepared);
    struct mem host = translate(gen, op, true, group, cold);
    if (is_fast(gen, op) && is_swapped(op)) {
        swap_to_rdx(gen, op, value);
        type = MB_I64;
        value = RDX;
    }
    cold->window = gen->window && is_fast(gen, op) ? gen->code.p : NULL;
    if (is_fast(gen, op))
        x_rm(&gen->code, store_op(type, op->width), value & 15, host);
    cold->back = gen->code.p;
}

/* ---- atomics ---- */
/* rcx becomes the host address; rax is then free for the value. */
static void resolve(struct gen *gen, const struct mb_op *op)
{
    struct cold prepared = {
        .disp = (int32_t)op->imm, .address = (uint8_t)mb_x86_use(gen, op->in[0])};
    struct cold *cold = begin(gen, op, COLD_ATOMIC, prepared);
    struct mem host = at(RAX, 0);
    flags_lost(gen);
    cold->alignment = op->width;
    if (is_fast(gen, op))
        host = look_up(gen, op, true, cold);
    else
        cold->slow = x_jmp(&gen->code);
    x_rm(&gen->code, X_LEA | W64, RCX, host);
    cold->back = gen->code.p;
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

/* `lock or dword [rsp], 0` orders as mfence does, in a fraction of the time. */
static void fence(struct gen *gen)
{
    put8(&gen->code, 0xf0);
    x_alu_mem_imm(&gen->code, false, ALU_OR, at(RSP, 0), 0);
    flags_lost(gen);
}

bool mb_x86_memory(struct gen *gen, const struct mb_op *op)
{
    switch (op->code) {
    case MB_IR_LOAD: load(gen, op); return true;
    case MB_IR_STORE: store(gen, op); return true;
    case MB_IR_CAS: compare_and_swap(gen, op); return true;
    case MB_IR_SWAP: exchange(gen, op); return true;
    case MB_IR_FENCE: fence(gen); return true;
    default: return false;
    }
}
