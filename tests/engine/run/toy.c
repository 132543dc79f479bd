/* A toy ISA for the run loop's tests: 32-bit words `op:8 a:4 b:4 imm:16`, 16 registers, a
 * one-level page table, one interrupt line. toy.py assembles it.
 * SPDX-License-Identifier: Apache-2.0
 *
 * With `ttbr` not 0, virtual pages below 4 MiB go through a table of words there: bits
 * 31:12 physical page, bit 0 valid, 1 writable, 2 for user mode too, 3 executable; above
 * is identity, for mode 1 only.
 */
#include <string.h>
#include "translator.h"

struct toy {
    struct mb_cpu cpu;
    uint32_t r[16];
    uint32_t ttbr, vbar, epc, fault_va, fault_code, fault_access;
    uint32_t irq_on, irq_line;
    uint32_t wide[4];
};

enum { FLAG_SYSTEM = 1 };       /* translation flag: mode 1 */
enum { FAULT_UNMAPPED = 1, FAULT_DENIED = 2 };
enum { VECTOR_FAULT = 0, VECTOR_IRQ = 0x10, VECTOR_CALL = 0x20 };

#define TOY(cpu) ((struct toy *)(cpu))
#define R(i) ((uint32_t)(offsetof(struct toy, r) + 4 * (i)))

static const struct mb_field fields[] = {
    {"r", offsetof(struct toy, r), 4, 16},
    {"ttbr", offsetof(struct toy, ttbr), 4, 1},
    {"vbar", offsetof(struct toy, vbar), 4, 1},
    {"epc", offsetof(struct toy, epc), 4, 1},
    {"fault_va", offsetof(struct toy, fault_va), 4, 1},
    {"fault_code", offsetof(struct toy, fault_code), 4, 1},
    {"fault_access", offsetof(struct toy, fault_access), 4, 1},
    {"irq_on", offsetof(struct toy, irq_on), 4, 1},
    {"irq_line", offsetof(struct toy, irq_line), 4, 1},
    {NULL, 0, 0, 0},
};

static void reset(struct mb_cpu *cpu)
{
    struct toy *toy = TOY(cpu);
    memset(toy->r, 0, sizeof toy->r);
    toy->ttbr = toy->irq_on = 0;
    cpu->pc = 0x1000;
    mb_cpu_set_flags(cpu, FLAG_SYSTEM);
}

static unsigned mmu_mode(const struct mb_cpu *cpu)
{
    return (uint32_t)cpu->key & FLAG_SYSTEM;
}

static uint64_t address_space(const struct mb_cpu *cpu)
{
    return TOY(cpu)->ttbr;
}

static void walk(struct mb_cpu *cpu, uint64_t va, enum mb_access access, unsigned mode,
                 struct mb_translation *out)
{
    uint32_t entry = 0, ttbr = TOY(cpu)->ttbr;
    *out = (struct mb_translation){.pa = va, .page_bits = 12, .readable = true,
                                   .writable = true, .executable = true};
    if (!ttbr || (va >= 0x400000 && mode))
        return;
    out->fault = FAULT_UNMAPPED;
    if (va >= 0x400000 || !mb_cpu_phys_read(cpu, ttbr + (va >> 12) * 4, &entry, 4) ||
        !(entry & 1))
        return;
    out->pa = entry & ~0xfffu;
    out->readable = mode || entry & 4;
    out->writable = out->readable && entry & 2;
    out->executable = out->readable && entry & 8;
    bool ok = access == MB_READ ? out->readable
              : access == MB_WRITE ? out->writable : out->executable;
    out->fault = ok ? 0 : FAULT_DENIED;
}

static void enter(struct mb_cpu *cpu, uint32_t vector)
{
    struct toy *toy = TOY(cpu);
    toy->epc = (uint32_t)cpu->pc;
    toy->irq_on = 0;
    cpu->pc = toy->vbar + vector;
    mb_cpu_set_flags(cpu, FLAG_SYSTEM);
    mb_cpu_mmu_changed(cpu);
}

static void fault(struct mb_cpu *cpu, uint64_t va, enum mb_access access, uint32_t code)
{
    struct toy *toy = TOY(cpu);
    toy->fault_va = (uint32_t)va;
    toy->fault_code = code;
    toy->fault_access = access;
    enter(cpu, VECTOR_FAULT);
}

static void input(struct mb_cpu *cpu, unsigned port, int level)
{
    __atomic_store_n(&TOY(cpu)->irq_line, (uint32_t)level, __ATOMIC_SEQ_CST);
    mb_cpu_kick(cpu);
}

static bool wakes(const struct mb_cpu *cpu)
{
    return __atomic_load_n(&((const struct toy *)cpu)->irq_line, __ATOMIC_SEQ_CST);
}

static bool take_interrupt(struct mb_cpu *cpu)
{
    if (!TOY(cpu)->irq_on || !wakes(cpu))
        return false;
    enter(cpu, VECTOR_IRQ);
    return true;
}

/* ---- system instructions, numbered by imm ------------------------------------------------ */
static void sys(struct mb_cpu *cpu, uint32_t number, uint32_t arg, uint32_t arg2)
{
    struct toy *toy = TOY(cpu);
    struct mb_cpu *peer;
    cpu->pc += 4;
    switch (number) {
    case 0: mb_cpu_machine_event(cpu, MB_EVENT_POWEROFF, "toy off"); break;
    case 1: toy->ttbr = arg; mb_cpu_mmu_changed(cpu); break;
    case 2: mb_cpu_tlb_flush_all_cpus(cpu); mb_cpu_tlb_wait(cpu); break;
    case 3: mb_cpu_tlb_flush_page_all_cpus(cpu, arg); mb_cpu_tlb_wait(cpu); break;
    case 4: mb_cpu_tlb_flush_page(cpu, arg); break;
    case 5: toy->vbar = arg; break;
    case 6:                             /* return from an exception, to mode `arg` */
        cpu->pc = toy->epc;
        mb_cpu_set_flags(cpu, arg & FLAG_SYSTEM);
        mb_cpu_mmu_changed(cpu);
        break;
    case 7:
        peer = mb_cpu_peer(cpu, arg);
        if (peer && mb_cpu_is_off(peer)) {
            peer->pc = arg2;
            mb_cpu_power_on(peer);
        }
        break;
    case 8: toy->irq_on = arg; break;
    case 9: cpu->halted = 1; break;
    case 10: mb_cpu_power_off(cpu); break;
    case 11: toy->r[0] = cpu->index; break;
    case 12: toy->r[0] = toy->epc; break;
    case 13: toy->epc = arg; break;
    case 14: mb_fp_set_rounding(cpu, (enum mb_rounding)(arg & 3)); break;
    case 15: toy->r[0] = (uint32_t)mb_cpu_load(cpu, arg, 4, 0); break;
    case 16: mb_cpu_store(cpu, arg, arg2, 4, 0); break;
    case 17: toy->r[0] = toy->fault_va; break;
    default: enter(cpu, VECTOR_CALL);
    }
}

static const struct mb_helper sys_helper = {"sys", (void *)sys, MB_EXITS, MB_VOID};

/* ---- instructions -------------------------------------------------------------------------- */
static mb_v reg(struct mb_tr *tr, unsigned i)
{
    return mb_ir_get(tr->ir, MB_I32, R(i), 4);
}

static mb_v imm32(struct mb_tr *tr, uint32_t value)
{
    return mb_ir_const(tr->ir, MB_I32, value);
}

static void set(struct mb_tr *tr, unsigned i, mb_v value)
{
    mb_ir_put(tr->ir, R(i), 4, value);
}

static uint64_t target(const struct mb_tr *tr, uint32_t word)
{
    return (uint32_t)(tr->pc + (uint32_t)((int32_t)(int16_t)word * 4));
}

static void memory(struct mb_tr *tr, unsigned op, unsigned a, unsigned b, uint16_t disp)
{
    static const uint8_t widths[] = {4, 2, 1, 1, 4, 4};
    static const uint8_t flags[] = {0, 0, 0, MB_MEM_SIGNED, MB_MEM_ALIGNED, MB_MEM_SWAP};
    unsigned kind = op >> 1 & 7;
    uint64_t offset = (uint64_t)(int64_t)(int16_t)disp;
    if (op & 1)
        mb_ir_store(tr->ir, reg(tr, b), reg(tr, a), widths[kind], flags[kind], offset);
    else
        set(tr, a, mb_ir_load(tr->ir, MB_I32, reg(tr, b), widths[kind], flags[kind], offset));
}

static void exclusive(struct mb_tr *tr, unsigned op, unsigned a, unsigned b, unsigned c)
{
    if (op == 0x30)                     /* a = [b]; if it was r[c]: [b] = r[c + 1] */
        set(tr, a, mb_ir_cas(tr->ir, reg(tr, b), reg(tr, c), reg(tr, (c + 1) & 15), 4, 0, 0));
    else
        set(tr, a, mb_ir_swap(tr->ir, reg(tr, b), reg(tr, c), 4, 0, 0));
}

static void call_sys(struct mb_tr *tr, unsigned a, unsigned b, uint32_t number)
{
    mb_v args[] = {imm32(tr, number), reg(tr, a), reg(tr, b)};
    mb_ir_call(tr->ir, &sys_helper, 3, args);
    tr->ended = true;
}

static void branch_if(struct mb_tr *tr, mb_v condition, uint64_t to)
{
    struct mb_fork fork;
    tr->follow_forks = 1;
    mb_tr_if(tr, &fork, condition);
    mb_tr_branch(tr, to);
    if (tr->followed) {
        mb_tr_turn(tr, &fork, condition, (uint32_t)(tr->pc + 4));
        return;
    }
    mb_tr_else(tr, &fork);
    mb_tr_endif(tr, &fork);
}

static void insn(struct mb_tr *tr, uint32_t word)
{
    unsigned op = word >> 24, a = word >> 20 & 15, b = word >> 16 & 15, c = word & 15;
    struct mb_ir *ir = tr->ir;
    switch (op) {
    case 0x00: set(tr, a, imm32(tr, word & 0xffff)); break;
    case 0x01: set(tr, a, mb_ir_or(ir, mb_ir_and(ir, reg(tr, a), imm32(tr, 0xffff)),
                                   imm32(tr, word << 16))); break;
    case 0x02: set(tr, a, mb_ir_add(ir, reg(tr, b), reg(tr, c))); break;
    case 0x03: set(tr, a, mb_ir_sub(ir, reg(tr, b), reg(tr, c))); break;
    case 0x04: set(tr, a, mb_ir_add(ir, reg(tr, b),
                                    imm32(tr, (uint32_t)(int32_t)(int16_t)word))); break;
    case 0x05: set(tr, a, mb_ir_xor(ir, reg(tr, b), reg(tr, c))); break;
    case 0x10: mb_tr_branch(tr, target(tr, word)); break;
    case 0x11: branch_if(tr, mb_ir_ne(ir, reg(tr, a), imm32(tr, 0)), target(tr, word)); break;
    case 0x12: mb_tr_jump(tr, mb_ir_zext32(ir, reg(tr, a))); break;
    case 0x13: set(tr, 15, imm32(tr, (uint32_t)tr->pc + 4));
               mb_tr_branch(tr, target(tr, word)); break;
    case 0x30: case 0x31: exclusive(tr, op, a, b, c); break;
    case 0x40: call_sys(tr, a, b, word & 0xffff); break;
    default:
        if (op >= 0x20 && op < 0x2c)
            memory(tr, op, a, b, (uint16_t)word);
        else
            call_sys(tr, a, b, 255);
    }
}

static void translate(struct mb_tr *tr)
{
    while (!tr->ended && tr->insns < tr->max_insns) {
        uint32_t word;
        if (!mb_tr_fetch32(tr, tr->pc, &word)) {
            if (!tr->insns)
                return;
            break;
        }
        mb_ir_insn(tr->ir, tr->pc);
        tr->may_follow = true;
        tr->follow_forks = 0;
        insn(tr, word);
        tr->insns++;
        tr->pc = mb_tr_next(tr, (uint32_t)(tr->pc + 4));
    }
    mb_tr_branch(tr, tr->pc);
}

static unsigned disassemble(const struct mb_cpu *cpu, uint64_t pc, const uint8_t *bytes,
                            unsigned available, char *text, size_t size)
{
    if (available < 4)
        return 0;
    snprintf(text, size, "op %02x", bytes[3]);
    return 4;
}

static const char *const inputs[] = {"irq", NULL};
static const char *const outputs[] = {NULL};

const struct mb_core mb_core_toy = {
    .abi = MB_CORE_ABI, .name = "toy", .state_size = sizeof(struct toy), .fields = fields,
    .address_bits = 32, .mmu_modes = 2, .reset = reset, .translate = translate,
    .mmu_mode = mmu_mode, .address_space = address_space, .walk = walk, .fault = fault,
    .input = input, .inputs = inputs, .outputs = outputs, .wakes = wakes,
    .take_interrupt = take_interrupt, .disassemble = disassemble,
};
