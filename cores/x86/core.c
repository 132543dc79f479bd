/* The core's object, reset, inputs and messages. SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include "core_x86.h"
#include "device.h"

#define REAL_MODE_LIMIT 0xffffu
#define DATA 0x93u                 /* present, writable, accessed */
#define CODE 0x9bu
#define LDT 0x82u
#define BUSY_TSS 0x8bu
#define CR0_RESET 0x60000010ull    /* CD, NW, ET */
#define FCW_RESET 0x37f
#define MXCSR_RESET 0x1f80
#define APIC_ENABLED 0xfee00800ull
#define APIC_BSP 0x100ull

/* ---- reset: SDM 3A, table 9-1 ------------------------------------------------------------------ */
static void set_segment(struct x86_state *s, enum x86_segment segment, uint16_t selector,
                        uint64_t base, uint32_t flags)
{
    s->seg_selector[segment] = selector;
    s->seg_base[segment] = base;
    s->seg_limit[segment] = REAL_MODE_LIMIT;
    s->seg_flags[segment] = flags;
}

static void reset_segments(struct x86_state *s)
{
    for (enum x86_segment segment = ES; segment <= GS; segment++)
        set_segment(s, segment, 0, 0, DATA);
    set_segment(s, CS, 0xf000, 0xffff0000, CODE);
    set_segment(s, LDTR, 0, 0, LDT);
    set_segment(s, TR, 0, 0, BUSY_TSS);
    s->gdt_base = s->idt_base = 0;
    s->gdt_limit = s->idt_limit = REAL_MODE_LIMIT;
}

static void reset_floating_point(struct x86_state *s)
{
    memset(s->xmm, 0, sizeof s->xmm);
    memset(s->st, 0, sizeof s->st);
    s->fcw = FCW_RESET;
    s->fsw = s->ftw = 0;
    s->mxcsr_guest = MXCSR_RESET;
}

void x86_reset(struct x86_state *s, bool init)
{
    memset(s->r, 0, sizeof s->r);
    s->r[RDX] = s->signature;
    s->rflags = RFLAGS_FIXED;
    s->cpu.pc = 0xfff0;
    s->cr0 = init ? CR0_RESET | (s->cr0 & 0x60000000) : CR0_RESET;
    s->cr2 = s->cr3 = s->cr4 = s->cr8 = s->efer = 0;
    s->cpu.halted = 0;
    reset_segments(s);
    if (!init)
        reset_floating_point(s);
}

static void reset(struct mb_cpu *cpu)
{
    struct x86_state *s = (struct x86_state *)cpu;
    x86_reset(s, false);
    s->apic_base = APIC_ENABLED | (cpu->index ? 0 : APIC_BSP);
    s->nmi = s->startup = s->init = 0;
}

void x86_start_at(struct x86_state *s, unsigned vector)
{
    set_segment(s, CS, (uint16_t)(vector << 8), (uint64_t)vector << 12, CODE);
    s->cpu.pc = 0;
}

/* ---- what comes from outside: any thread ---------------------------------------------------------- */
static void input(struct mb_cpu *cpu, unsigned port, int level)
{
    struct x86_state *s = (struct x86_state *)cpu;
    uint32_t bit = 1u << port;
    if (!level) {
        __atomic_fetch_and(&s->lines, ~bit, __ATOMIC_SEQ_CST);
        return;
    }
    uint32_t before = __atomic_fetch_or(&s->lines, bit, __ATOMIC_SEQ_CST);
    if (port == X86_LINE_NMI && !(before & bit))
        __atomic_store_n(&s->nmi, 1, __ATOMIC_SEQ_CST);
    mb_cpu_kick(cpu);
}

/* A start-up message is for a CPU that waits for one since INIT. */
static void message(struct mb_cpu *cpu, int kind, unsigned vector)
{
    struct x86_state *s = (struct x86_state *)cpu;
    if (kind == MB_CPU_NMI)
        __atomic_store_n(&s->nmi, 1, __ATOMIC_SEQ_CST);
    else if (kind == MB_CPU_INIT)
        __atomic_store_n(&s->init, 1, __ATOMIC_SEQ_CST);
    else if (kind == MB_CPU_STARTUP)
        __atomic_store_n(&s->startup, 1 + (vector & 0xff), __ATOMIC_SEQ_CST);
    if (kind == MB_CPU_STARTUP && mb_cpu_is_off(cpu))
        mb_cpu_power_on(cpu);
    else
        mb_cpu_kick(cpu);
}

static bool wakes(const struct mb_cpu *cpu)
{
    const struct x86_state *s = (const struct x86_state *)cpu;
    bool interrupt = s->rflags & RFLAGS_IF && s->lines & 1u << X86_LINE_INTR;
    return interrupt || s->nmi || s->init;
}

static uint64_t linear(const struct mb_cpu *cpu)
{
    const struct x86_state *s = (const struct x86_state *)cpu;
    return s->seg_base[CS] + cpu->pc;
}

static const char *const inputs[] = {"intr", "nmi", NULL};
static const char *const outputs[] = {NULL};

const struct mb_core mb_core_x86 = {
    .abi = MB_CORE_ABI,
    .name = "x86",
    .state_size = sizeof(struct x86_state),
    .fields = x86_fields,
    .address_bits = 64,
    .mmu_modes = 2,
    .reset = reset,
    .input = input,
    .inputs = inputs,
    .outputs = outputs,
    .wakes = wakes,
    .message = message,
    .linear = linear,
    .kvm = &x86_kvm,
};
