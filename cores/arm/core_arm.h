/* The C part of the ARM core, as its files see each other. SPDX-License-Identifier: Apache-2.0
 *
 * ARM DDI 0406C part B. Instructions are in insns/; what they cannot say is here:
 * status.c (CPSR, modes), traps.c, mmu.c, lpae.c, cp15.c, tlb.c, timer.c, pmu.c, psci.c.
 */
#ifndef CORE_ARM_H
#define CORE_ARM_H

#include <pthread.h>
#include <stdatomic.h>
#include "core.h"
#include "device.h"
#include "arm_state.h"

/* ---- numbers that Python has too (cores/arm/__init__.py, insns/) --------------------- */
enum arm_input { ARM_INPUT_IRQ, ARM_INPUT_FIQ };
enum arm_output { ARM_OUTPUT_TIMER_SECURE, ARM_OUTPUT_TIMER_PHYSICAL,
                  ARM_OUTPUT_TIMER_VIRTUAL, ARM_OUTPUT_TIMER_HYPERVISOR, ARM_OUTPUT_PMU };
enum arm_conduit { ARM_CONDUIT_NONE, ARM_CONDUIT_HVC, ARM_CONDUIT_SMC };

#define ARM_NOT_EXCLUSIVE 0xffffffffu

/* ---- modes ------------------------------------------------------------------------------ */
enum arm_mode { ARM_USR = 0x10, ARM_FIQ = 0x11, ARM_IRQ = 0x12, ARM_SVC = 0x13,
                ARM_ABT = 0x17, ARM_UND = 0x1b, ARM_SYS = 0x1f };
enum arm_bank { ARM_BANK_USR, ARM_BANK_FIQ, ARM_BANK_IRQ, ARM_BANK_SVC, ARM_BANK_ABT,
                ARM_BANK_UND, ARM_BANK_NONE };

enum { ARM_CPSR_T = 1u << 5, ARM_CPSR_F = 1u << 6, ARM_CPSR_I = 1u << 7,
       ARM_CPSR_A = 1u << 8, ARM_CPSR_E = 1u << 9 };

/* ---- system control bits ------------------------------------------------------------------ */
enum { ARM_SCTLR_M = 1u << 0, ARM_SCTLR_A = 1u << 1, ARM_SCTLR_V = 1u << 13,
       ARM_SCTLR_WXN = 1u << 19, ARM_SCTLR_UWXN = 1u << 20, ARM_SCTLR_EE = 1u << 25,
       ARM_SCTLR_TRE = 1u << 28, ARM_SCTLR_AFE = 1u << 29, ARM_SCTLR_TE = 1u << 30 };
#define ARM_TTBCR_EAE (1u << 31)

/* ---- the part of state that only C knows: ArmState.private ---------------------------------- */
struct arm_timer {
    struct arm_state *owner;
    struct mb_timer alarm;
    uint64_t *cval;
    uint32_t *ctl;
    enum arm_output output;
};

/* CPU_ON is asked by one CPU and done by the other, before its first block. */
struct arm_start { atomic_bool pending; uint32_t entry, context; };

struct arm_private {
    bool ready;
    struct arm_start start;
    pthread_mutex_t lock;      /* timer registers: written by the CPU, read when it rings */
    struct arm_timer physical, virtual_;
};

static inline struct arm_private *arm_private(struct arm_state *s)
{
    _Static_assert(sizeof(struct arm_private) <= sizeof s->private, "ArmState.private");
    return (struct arm_private *)(void *)s->private;
}

static inline uint32_t arm_flags(const struct arm_state *s)
{
    return (uint32_t)s->cpu.key;
}

/* One field of the translation flags: ARM_FLAG(s, THUMB). */
#define ARM_FLAG(s, name) ((arm_flags(s) & ARM_FLAG_##name##_MASK) >> ARM_FLAG_##name##_SHIFT)

/* ---- status.c ---------------------------------------------------------------------------- */
enum arm_bank arm_bank(uint32_t mode);          /* ARM_BANK_NONE: no such mode */
uint32_t arm_cpsr(const struct arm_state *s);   /* everything, IT and T too */
void arm_set_cpsr(struct arm_state *s, uint32_t value);     /* everything; mode must exist */
void arm_set_mode(struct arm_state *s, uint32_t mode);
/* After changing mode, SCTLR.A, CPACR or FPEXC: the translation flags that follow. */
void arm_refresh_flags(struct arm_state *s);
uint32_t arm_it_advanced(uint32_t flags);       /* flags after an instruction in IT */

/* ---- traps.c ------------------------------------------------------------------------------- */
void arm_undefined_trap(struct arm_state *s);   /* at cpu.pc; the caller unwinds or exits */
_Noreturn void arm_raise_undefined(struct arm_state *s);
void arm_fault(struct mb_cpu *cpu, uint64_t va, enum mb_access access, uint32_t code);
bool arm_take_interrupt(struct mb_cpu *cpu);
bool arm_wakes(const struct mb_cpu *cpu);

/* ---- mmu.c, lpae.c, tlb.c -------------------------------------------------------------------- */
/* Fault codes of walks: the FSR status field (5 or 6 bits), the domain, a mark. */
#define ARM_FAULT(status, domain) (0x1000u | (uint32_t)(domain) << 8 | (status))
#define ARM_FAULT_STATUS(code) ((code) & 0x3fu)
#define ARM_FAULT_DOMAIN(code) ((code) >> 8 & 15u)

void arm_walk(struct mb_cpu *cpu, uint64_t va, enum mb_access access, unsigned mmu_mode,
              struct mb_translation *out);
void arm_walk_long(struct arm_state *s, uint32_t va, enum mb_access access, bool privileged,
                   struct mb_translation *out);
uint64_t arm_address_space(const struct mb_cpu *cpu);
unsigned arm_mmu_mode(const struct mb_cpu *cpu);
/* Read a descriptor in the byte order of SCTLR.EE. */
bool arm_read_descriptor(struct arm_state *s, uint64_t pa, unsigned size, uint64_t *value);
/* Fail unless `access` is allowed; `status` is the permission fault's. */
void arm_check_access(struct mb_translation *out, enum mb_access access, uint32_t fault);
uint32_t arm_alignment_status(const struct arm_state *s);
uint32_t arm_bus_status(const struct arm_state *s);
uint32_t arm_debug_status(const struct arm_state *s);
void arm_tlb_operation(struct arm_state *s, uint32_t selector, uint32_t value);
void arm_translate_address(struct arm_state *s, uint32_t selector, uint32_t value);

/* ---- timer.c, pmu.c, psci.c ---------------------------------------------------------------------- */
void arm_timer_reset(struct arm_state *s);
uint64_t arm_counter(struct arm_state *s);
void arm_timer_update(struct arm_state *s, struct arm_timer *timer);
void arm_psci_start(struct arm_state *s);       /* what CPU_ON left to do */
bool arm_psci_call(struct arm_state *s, enum arm_conduit conduit);   /* false: undefined */
void arm_reset(struct mb_cpu *cpu);
/* fp.c: the mb_core hooks of those names. */
uint64_t arm_nan64(struct mb_cpu *cpu, int op, uint64_t a, uint64_t b, uint64_t c);
uint32_t arm_nan32(struct mb_cpu *cpu, int op, uint32_t a, uint32_t b, uint32_t c);
uint32_t arm_mpidr(const struct arm_state *s);

#endif
