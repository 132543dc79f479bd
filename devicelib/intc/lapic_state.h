/* The local APICs' state and what changes it. SPDX-License-Identifier: Apache-2.0 */
#ifndef MB_LAPIC_STATE_H
#define MB_LAPIC_STATE_H

#include <pthread.h>
#include "device.h"
#include "intc_lapic.h"
#include "apic.h"
#include "pace.h"

enum lapic_local { LOCAL_TIMER, LOCAL_THERMAL, LOCAL_PERFORMANCE, LOCAL_LINT0, LOCAL_LINT1,
                   LOCAL_ERROR, LOCALS };

struct lapic_saved {                /* all that a snapshot holds of a CPU's */
    uint32_t id, tpr, ldr, dfr, svr, esr, icr[2], local[LOCALS];
    uint32_t irr[8], isr[8], tmr[8];
    uint32_t errors;                /* since ESR was written */
    uint32_t initial, divide;
    uint8_t lint[2];                /* levels */
    uint8_t extint;                 /* a message asks for an acknowledge cycle at LINT0 */
    uint8_t counting;
    int64_t start;                  /* ns: when the timer was at `initial` */
};

struct lapic_cpu {
    struct lapic *chip;
    unsigned number;
    struct mb_timer timer;
    struct pace pace;
    struct lapic_saved s;
};

struct lapic {
    struct mb_dev *dev;
    pthread_mutex_t lock;
    uint64_t clock;
    unsigned count;
    struct lapic_cpu *cpus;
};

/* All of these are called with the lock held. */

/* ---- priorities (lapic_priority.c) ---- */
uint32_t mb_lapic_priority(const struct lapic_cpu *cpu);        /* PPR */
/* Evaluate the line to the CPU. */
void mb_lapic_signal(struct lapic_cpu *cpu);
/* The input, LOCAL_LINT0 or LOCAL_LINT1, where an acknowledge cycle is to be made; or -1. */
int mb_lapic_external(const struct lapic_cpu *cpu);
/* The vector that is next, which is in service from then on; or -1. */
int mb_lapic_serve(struct lapic_cpu *cpu);
/* Ends what is in service: the vector, if others have to be told, or -1. */
int mb_lapic_end(struct lapic_cpu *cpu);
void mb_lapic_accept(struct lapic_cpu *cpu, uint8_t vector, bool level);
void mb_lapic_error(struct lapic_cpu *cpu, uint32_t bit);

/* ---- messages and local interrupts (lapic_message.c) ---- */
void mb_lapic_message(struct lapic *chip, uint64_t address, uint32_t data);
void mb_lapic_command(struct lapic_cpu *cpu);
void mb_lapic_local(struct lapic_cpu *cpu, enum lapic_local which);
/* LINT0 or LINT1 changed, or what it does: `rises` if that is an edge. */
void mb_lapic_lint(struct lapic_cpu *cpu, enum lapic_local which, bool rises);
/* The state after INIT; the APIC keeps its ID. */
void mb_lapic_init(struct lapic_cpu *cpu);

/* ---- timers (lapic_timer.c) ---- */
void mb_lapic_timer_create(struct lapic_cpu *cpu);
/* Give what is due, and set the alarm for what is next. */
void mb_lapic_timer_settle(struct lapic_cpu *cpu);
void mb_lapic_timer_start(struct lapic_cpu *cpu, uint32_t initial);
uint32_t mb_lapic_timer_current(const struct lapic_cpu *cpu);
void mb_lapic_timer_divide(struct lapic_cpu *cpu, uint32_t divide);
void mb_lapic_timer_local(struct lapic_cpu *cpu, uint32_t local);   /* its local vector */
/* After its state was restored. */
void mb_lapic_timer_resume(struct lapic_cpu *cpu);

#endif
