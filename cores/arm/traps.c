/* Exceptions (DDI 0406C B1.8): entry, the aborts' registers, interrupts.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Omitted: Hyp and Monitor mode's vectors; asynchronous aborts (nothing makes them).
 */
#include <sched.h>
#include "core_arm.h"
#include "arm_insns.h"

struct trap { uint32_t vector, mode, masks; };

static const struct trap undefined = {0x04, ARM_UND, ARM_CPSR_I};
static const struct trap supervisor = {0x08, ARM_SVC, ARM_CPSR_I};
static const struct trap prefetch = {0x0c, ARM_ABT, ARM_CPSR_I | ARM_CPSR_A};
static const struct trap data_abort = {0x10, ARM_ABT, ARM_CPSR_I | ARM_CPSR_A};
static const struct trap irq = {0x18, ARM_IRQ, ARM_CPSR_I | ARM_CPSR_A};
static const struct trap fiq = {0x1c, ARM_FIQ, ARM_CPSR_I | ARM_CPSR_A | ARM_CPSR_F};

static void enter(struct arm_state *s, const struct trap *trap, uint32_t return_address)
{
    uint32_t old = arm_cpsr(s);
    uint32_t cpsr = (old & 0xf80f01c0) | trap->masks | trap->mode;
    if (s->sctlr & ARM_SCTLR_TE)
        cpsr |= ARM_CPSR_T;
    if (s->sctlr & ARM_SCTLR_EE)
        cpsr |= ARM_CPSR_E;
    arm_set_cpsr(s, cpsr);
    s->bank_spsr[arm_bank(trap->mode)] = old;
    s->r[14] = return_address;
    s->cpu.pc = (s->sctlr & ARM_SCTLR_V ? 0xffff0000u : s->vbar) + trap->vector;
}

/* ---- by instruction --------------------------------------------------------------------- */
void arm_undefined_trap(struct arm_state *s)
{
    enter(s, &undefined, (uint32_t)s->cpu.pc + (ARM_FLAG(s, THUMB) ? 2 : 4));
}

_Noreturn void arm_raise_undefined(struct arm_state *s)
{
    arm_undefined_trap(s);
    mb_cpu_unwind(&s->cpu);
}

/* The instruction is done when the call returns: IT goes on behind it. */
void arm_supervisor_call(struct arm_state *s)
{
    uint32_t length = ARM_FLAG(s, THUMB) ? 2 : 4;
    mb_cpu_set_flags(&s->cpu, arm_it_advanced(arm_flags(s)));
    enter(s, &supervisor, (uint32_t)s->cpu.pc + length);
}

void arm_firmware_call(struct arm_state *s, uint32_t conduit)
{
    if (!arm_psci_call(s, conduit)) {
        arm_undefined_trap(s);
        return;
    }
    mb_cpu_set_flags(&s->cpu, arm_it_advanced(arm_flags(s)));
    s->cpu.pc = (uint32_t)s->cpu.pc + 4;
}

void arm_breakpoint_hit(struct arm_state *s)
{
    s->ifsr = arm_debug_status(s);
    s->ifar = (uint32_t)s->cpu.pc;
    enter(s, &prefetch, (uint32_t)s->cpu.pc + 4);
}

void arm_wait_for_interrupt(struct arm_state *s, uint32_t length)
{
    s->cpu.pc = (uint32_t)(s->cpu.pc + length);
    s->cpu.halted = 1;
}

void arm_give_way(struct arm_state *s)
{
    sched_yield();
}

/* ---- aborts ------------------------------------------------------------------------------- */
static uint32_t status_of(const struct arm_state *s, uint32_t code)
{
    if (code == MB_FAULT_ALIGNMENT)
        return arm_alignment_status(s);
    if (code == MB_FAULT_BUS)
        return arm_bus_status(s);
    return ARM_FAULT_STATUS(code);
}

/* The fault status register: B4.1.51 (short), B4.1.52 (long descriptors). */
static uint32_t fault_status(const struct arm_state *s, uint32_t code)
{
    uint32_t status = status_of(s, code);
    if (s->ttbcr & ARM_TTBCR_EAE)
        return 1u << 9 | status;
    uint32_t domain = code < 0xff00 ? ARM_FAULT_DOMAIN(code) : 0;
    return (status & 15) | (status & 16) << 6 | domain << 4;
}

void arm_fault(struct mb_cpu *cpu, uint64_t va, enum mb_access access, uint32_t code)
{
    struct arm_state *s = (struct arm_state *)cpu;
    uint32_t status = fault_status(s, code), pc = (uint32_t)cpu->pc;
    if (access == MB_FETCH) {
        s->ifsr = status;
        s->ifar = (uint32_t)va;
        enter(s, &prefetch, pc + 4);
    } else {
        s->dfsr = status | (access == MB_WRITE ? 1u << 11 : 0);
        s->dfar = (uint32_t)va;
        enter(s, &data_abort, pc + 8);
    }
}

/* ---- interrupts ------------------------------------------------------------------------------ */
static uint32_t lines(const struct mb_cpu *cpu)
{
    return __atomic_load_n(&((const struct arm_state *)cpu)->lines, __ATOMIC_SEQ_CST);
}

bool arm_wakes(const struct mb_cpu *cpu)
{
    return lines(cpu) != 0;
}

bool arm_take_interrupt(struct mb_cpu *cpu)
{
    struct arm_state *s = (struct arm_state *)cpu;
    if (atomic_load_explicit(&arm_private(s)->start.pending, memory_order_acquire))
        arm_psci_start(s);
    uint32_t asserted = lines(cpu);
    if (asserted & 1u << ARM_INPUT_FIQ && !s->fiq_masked)
        enter(s, &fiq, (uint32_t)cpu->pc + 4);
    else if (asserted & 1u << ARM_INPUT_IRQ && !s->irq_masked)
        enter(s, &irq, (uint32_t)cpu->pc + 4);
    else
        return false;
    return true;
}
