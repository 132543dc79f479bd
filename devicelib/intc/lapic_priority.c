/* Which interrupt of a local APIC is next (SDM vol. 3, "Handling Interrupts").
 * SPDX-License-Identifier: Apache-2.0 */
#include "lapic_state.h"

#define ENABLED(cpu) ((cpu)->s.svr & LAPIC_SPURIOUS_ENABLE_MASK)
enum { LOWEST_VECTOR = 16, CLASS = 0xF0 };

static int highest(const uint32_t bits[8])
{
    for (int word = 7; word >= 0; word--)
        if (bits[word])
            return word * 32 + 31 - __builtin_clz(bits[word]);
    return -1;
}

static void set(uint32_t bits[8], unsigned vector, bool value)
{
    uint32_t bit = 1u << vector % 32;
    bits[vector / 32] = value ? bits[vector / 32] | bit : bits[vector / 32] & ~bit;
}

static bool get(const uint32_t bits[8], unsigned vector)
{
    return bits[vector / 32] >> vector % 32 & 1;
}

uint32_t mb_lapic_priority(const struct lapic_cpu *cpu)
{
    int served = highest(cpu->s.isr);
    uint32_t class = served < 0 ? 0 : (uint32_t)served & CLASS;
    return (cpu->s.tpr & CLASS) >= class ? cpu->s.tpr : class;
}

/* The vector that would interrupt, or -1. */
static int next(const struct lapic_cpu *cpu)
{
    int vector = highest(cpu->s.irr);
    if (vector < 0 || !ENABLED(cpu))
        return -1;
    return (vector & CLASS) > (int)(mb_lapic_priority(cpu) & CLASS) ? vector : -1;
}

static bool asks_outside(const struct lapic_cpu *cpu, enum lapic_local which)
{
    uint32_t local = cpu->s.local[which];
    return cpu->s.lint[which - LOCAL_LINT0] && apic_data_mode(local) == APIC_EXTINT &&
           !(local & LAPIC_LOCAL_MASKED_MASK);
}

int mb_lapic_external(const struct lapic_cpu *cpu)
{
    if (cpu->s.extint || asks_outside(cpu, LOCAL_LINT0))
        return LOCAL_LINT0;
    return asks_outside(cpu, LOCAL_LINT1) ? LOCAL_LINT1 : -1;
}

void mb_lapic_signal(struct lapic_cpu *cpu)
{
    bool level = mb_lapic_external(cpu) >= 0 || next(cpu) >= 0;
    mb_dev_out(cpu->chip->dev, LAPIC_PORT_INTR, cpu->number, level);
}

int mb_lapic_serve(struct lapic_cpu *cpu)
{
    int vector = next(cpu);
    if (vector >= 0) {
        set(cpu->s.irr, (unsigned)vector, false);
        set(cpu->s.isr, (unsigned)vector, true);
    }
    mb_lapic_signal(cpu);
    return vector;
}

/* A level that LINT0 or LINT1 still has interrupts again. */
static void end_lints(struct lapic_cpu *cpu, int vector)
{
    for (enum lapic_local which = LOCAL_LINT0; which <= LOCAL_LINT1; which++) {
        uint32_t *local = &cpu->s.local[which];
        if (!(*local & LAPIC_LOCAL_REMOTE_MASK) || (uint8_t)*local != vector)
            continue;
        *local &= ~(uint32_t)LAPIC_LOCAL_REMOTE_MASK;
        mb_lapic_lint(cpu, which, false);
    }
}

int mb_lapic_end(struct lapic_cpu *cpu)
{
    int vector = highest(cpu->s.isr);
    if (vector < 0)
        return -1;
    set(cpu->s.isr, (unsigned)vector, false);
    bool level = get(cpu->s.tmr, (unsigned)vector);
    end_lints(cpu, vector);
    mb_lapic_signal(cpu);
    return level ? vector : -1;
}

void mb_lapic_accept(struct lapic_cpu *cpu, uint8_t vector, bool level)
{
    if (vector < LOWEST_VECTOR) {
        mb_lapic_error(cpu, LAPIC_ERROR_RECEIVE_VECTOR_MASK);
    } else if (ENABLED(cpu)) {
        set(cpu->s.irr, vector, true);
        set(cpu->s.tmr, vector, level);
        mb_lapic_signal(cpu);
    }
}

/* An error interrupts once, until ESR is written: also if its own vector is an error. */
void mb_lapic_error(struct lapic_cpu *cpu, uint32_t bit)
{
    bool before = cpu->s.errors & bit;
    cpu->s.errors |= bit;
    if (!before)
        mb_lapic_local(cpu, LOCAL_ERROR);
}
