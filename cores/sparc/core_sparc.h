/* The C part of the SPARC core, as its files see each other.
 * SPDX-License-Identifier: Apache-2.0
 *
 * SPARC V8 manual. Instructions are in insns/; what they cannot say is here:
 * windows.c, status.c (PSR), traps.c, mmu.c, asi.c, fp.c.
 */
#ifndef CORE_SPARC_H
#define CORE_SPARC_H

#include "core.h"
#include "sparc_state.h"

#define SPARC_WINDOWS 8
#define SPARC_LINES 16          /* inputs: one for each interrupt level */

enum sparc_register { SPARC_OUT0 = 8, SPARC_LOCAL0 = 16, SPARC_LOCAL1, SPARC_LOCAL2,
                      SPARC_IN0 = 24 };

/* Trap types (table 7-1). */
enum sparc_trap {
    SPARC_INSTRUCTION_ACCESS = 0x01, SPARC_ILLEGAL_INSTRUCTION = 0x02,
    SPARC_PRIVILEGED_INSTRUCTION = 0x03, SPARC_WINDOW_OVERFLOW = 0x05,
    SPARC_WINDOW_UNDERFLOW = 0x06, SPARC_NOT_ALIGNED = 0x07, SPARC_FP_EXCEPTION = 0x08,
    SPARC_DATA_ACCESS = 0x09, SPARC_INTERRUPT = 0x10,
};

static inline uint32_t sparc_flags(const struct sparc_state *s)
{
    return (uint32_t)s->cpu.key;
}

/* One field of the translation flags: SPARC_FLAG(s, SUPERVISOR). */
#define SPARC_FLAG(s, name) \
    ((sparc_flags(s) & SPARC_FLAG_##name##_MASK) >> SPARC_FLAG_##name##_SHIFT)
#define SPARC_SET_FLAG(s, name, value) \
    mb_cpu_set_flags(&(s)->cpu, (sparc_flags(s) & ~SPARC_FLAG_##name##_MASK) | \
                     ((value) ? SPARC_FLAG_##name##_MASK : 0))

static inline uint32_t sparc_npc(const struct sparc_state *s)
{
    return SPARC_FLAG(s, DELAYED) ? s->npc : (uint32_t)s->cpu.pc + 4;
}

/* ---- windows.c, status.c --------------------------------------------------------- */
void sparc_switch_window(struct sparc_state *s, uint32_t window);
/* As SAVE, whatever WIM says. */
void sparc_enter_next_window(struct sparc_state *s);
void sparc_set_supervisor(struct sparc_state *s, bool supervisor);
void sparc_look_for_interrupts(struct sparc_state *s);      /* ET or PIL changed */

/* ---- traps.c --------------------------------------------------------------------- */
void sparc_continue_at(struct sparc_state *s, uint32_t pc, uint32_t npc);
void sparc_advance(struct sparc_state *s);                  /* past the instruction */
void sparc_enter_trap(struct sparc_state *s, uint32_t number);
_Noreturn void sparc_raise(struct sparc_state *s, uint32_t number);
void sparc_fault(struct mb_cpu *cpu, uint64_t va, enum mb_access access, uint32_t code);
bool sparc_take_interrupt(struct mb_cpu *cpu);
bool sparc_wakes(const struct mb_cpu *cpu);

/* ---- mmu.c, asi.c ---------------------------------------------------------------- */
enum { SPARC_MMU_ENABLE = 1, SPARC_MMU_NO_FAULT = 2 };
/* Fault types of SFSR. */
enum sparc_fault_type {
    SPARC_INVALID_ADDRESS = 1, SPARC_PROTECTION = 2, SPARC_PRIVILEGE = 3,
    SPARC_TRANSLATION = 4, SPARC_BUS_ERROR = 5,
};
/* Fault codes of walks: SFSR's level and fault type in place, and a mark; and that the
 * address space does not exist. */
#define SPARC_FAULT(level, type) \
    (0x1000u | (uint32_t)(level) << 8 | (uint32_t)(type) << 2)
#define SPARC_FAULT_BITS(code) ((code) & 0x31cu)
#define SPARC_FAULT_SPACE 0x2000u

void sparc_walk(struct mb_cpu *cpu, uint64_t va, enum mb_access access,
                unsigned mmu_mode, struct mb_translation *out);
uint64_t sparc_address_space(const struct mb_cpu *cpu);
unsigned sparc_mmu_mode(const struct mb_cpu *cpu);
uint32_t sparc_probe(struct sparc_state *s, uint32_t va);
void sparc_flush(struct sparc_state *s, uint32_t va);
uint32_t sparc_mmu_read(struct sparc_state *s, uint32_t va);
void sparc_mmu_write(struct sparc_state *s, uint32_t va, uint32_t value);
void sparc_mmu_reset(struct sparc_state *s);

/* ---- fp.c: and the mb_core hooks of those names ---------------------------------- */
uint64_t sparc_nan64(struct mb_cpu *cpu, int op, uint64_t a, uint64_t b, uint64_t c);
uint32_t sparc_nan32(struct mb_cpu *cpu, int op, uint32_t a, uint32_t b, uint32_t c);

#endif
