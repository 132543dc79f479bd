/* CPSR, SPSR, modes and banked registers (DDI 0406C B1.3). SPDX-License-Identifier: Apache-2.0
 */
#include "core_arm.h"
#include "arm_insns.h"

#define CPACR_ACCESS(cpacr, n) ((cpacr) >> (2 * (n)) & 3)
#define CPACR_ASEDIS (1u << 31)
#define FPEXC_EN (1u << 30)

enum arm_bank arm_bank(uint32_t mode)
{
    switch (mode) {
    case ARM_USR: case ARM_SYS: return ARM_BANK_USR;
    case ARM_FIQ: return ARM_BANK_FIQ;
    case ARM_IRQ: return ARM_BANK_IRQ;
    case ARM_SVC: return ARM_BANK_SVC;
    case ARM_ABT: return ARM_BANK_ABT;
    case ARM_UND: return ARM_BANK_UND;
    default: return ARM_BANK_NONE;
    }
}

/* ---- translation flags --------------------------------------------------------------------- */
static uint32_t with(uint32_t flags, uint32_t mask, unsigned shift, uint32_t value)
{
    return (flags & ~mask) | (value << shift & mask);
}

#define WITH(flags, name, value) \
    with(flags, ARM_FLAG_##name##_MASK, ARM_FLAG_##name##_SHIFT, value)

static bool vfp_allowed(const struct arm_state *s)
{
    uint32_t access = CPACR_ACCESS(s->cpacr, 10);
    return s->fpexc & FPEXC_EN && (access == 3 || (access == 1 && s->mode != ARM_USR));
}

void arm_refresh_flags(struct arm_state *s)
{
    uint32_t flags = arm_flags(s);
    flags = WITH(flags, PRIVILEGED, s->mode != ARM_USR);
    flags = WITH(flags, STRICT_ALIGNMENT, (s->sctlr & ARM_SCTLR_A) != 0);
    mb_cpu_set_flags(&s->cpu, flags);
    s->vfp = vfp_allowed(s);
    s->neon = s->vfp && !(s->cpacr & CPACR_ASEDIS);
}

uint32_t arm_it_advanced(uint32_t flags)
{
    uint32_t it = (flags & ARM_FLAG_ITSTATE_MASK) >> ARM_FLAG_ITSTATE_SHIFT;
    return WITH(flags, ITSTATE, it & 7 ? (it & 0xe0) | (it << 1 & 0x1f) : 0);
}

/* ---- modes ---------------------------------------------------------------------------------- */
static void swap_low(struct arm_state *s, const uint32_t *in, uint32_t *out)
{
    for (unsigned i = 0; i < 5; i++) {
        out[i] = s->r[8 + i];
        s->r[8 + i] = in[i];
    }
}

void arm_set_mode(struct arm_state *s, uint32_t mode)
{
    enum arm_bank from = arm_bank(s->mode), to = arm_bank(mode);
    bool privilege_changes = (s->mode == ARM_USR) != (mode == ARM_USR);
    if (to == ARM_BANK_NONE)
        return;
    if (from != to && from != ARM_BANK_NONE) {
        s->bank_r13[from] = s->r[13];
        s->bank_r14[from] = s->r[14];
        if (from == ARM_BANK_FIQ)
            swap_low(s, s->bank_low, s->bank_fiq);
        if (to == ARM_BANK_FIQ)
            swap_low(s, s->bank_fiq, s->bank_low);
        s->r[13] = s->bank_r13[to];
        s->r[14] = s->bank_r14[to];
    }
    s->mode = (uint8_t)mode;
    if (privilege_changes) {
        arm_refresh_flags(s);
        mb_cpu_mmu_changed(&s->cpu);
    }
}

/* ---- CPSR -------------------------------------------------------------------------------------- */
uint32_t arm_cpsr(const struct arm_state *s)
{
    uint32_t it = ARM_FLAG(s, ITSTATE);
    return (uint32_t)s->n << 31 | (uint32_t)s->z << 30 | (uint32_t)s->c << 29 |
           (uint32_t)s->v << 28 | (uint32_t)s->q << 27 | (it & 3) << 25 |
           (uint32_t)s->ge << 16 | (it & 0xfc) << 8 | ARM_FLAG(s, BIG_ENDIAN) << 9 |
           (uint32_t)s->abort_masked << 8 | (uint32_t)s->irq_masked << 7 |
           (uint32_t)s->fiq_masked << 6 | ARM_FLAG(s, THUMB) << 5 | s->mode;
}

static void set_condition_flags(struct arm_state *s, uint32_t value)
{
    s->n = value >> 31;
    s->z = value >> 30 & 1;
    s->c = value >> 29 & 1;
    s->v = value >> 28 & 1;
    s->q = value >> 27 & 1;
}

static void set_masks(struct arm_state *s, uint32_t value)
{
    s->abort_masked = value >> 8 & 1;
    s->irq_masked = value >> 7 & 1;
    s->fiq_masked = value >> 6 & 1;
    if (arm_wakes(&s->cpu))
        mb_cpu_kick(&s->cpu);
}

void arm_set_cpsr(struct arm_state *s, uint32_t value)
{
    uint32_t flags = arm_flags(s);
    flags = WITH(flags, THUMB, value >> 5 & 1);
    flags = WITH(flags, ITSTATE, (value >> 25 & 3) | (value >> 8 & 0xfc));
    flags = WITH(flags, BIG_ENDIAN, value >> 9 & 1);
    mb_cpu_set_flags(&s->cpu, flags);
    set_condition_flags(s, value);
    s->ge = value >> 16 & 15;
    set_masks(s, value);
    arm_set_mode(s, value & 31);
}

uint32_t arm_read_cpsr(struct arm_state *s)
{
    return arm_cpsr(s) & 0xf80f03df;    /* execution state bits read as zero */
}

/* Privileged: MSR of whole bytes. */
void arm_write_cpsr(struct arm_state *s, uint32_t value, uint32_t mask)
{
    uint32_t merged = (arm_cpsr(s) & ~mask) | (value & mask);
    if (mask >> 24)
        set_condition_flags(s, merged);
    s->ge = merged >> 16 & 15;
    mb_cpu_set_flags(&s->cpu, WITH(arm_flags(s), BIG_ENDIAN, merged >> 9 & 1));
    set_masks(s, merged);
    arm_set_mode(s, merged & 31);
}

void arm_change_state(struct arm_state *s, uint32_t enable, uint32_t masks, uint32_t mode)
{
    uint32_t bits = masks << 6, cpsr = arm_cpsr(s);
    if (enable == 2)
        set_masks(s, cpsr & ~bits);
    else if (enable == 3)
        set_masks(s, cpsr | bits);
    if (mode)
        arm_set_mode(s, mode);
}

/* ---- SPSR and the registers of other modes ---------------------------------------------------- */
static uint32_t *spsr(struct arm_state *s)
{
    enum arm_bank bank = arm_bank(s->mode);
    if (bank == ARM_BANK_USR)
        arm_raise_undefined(s);
    return &s->bank_spsr[bank];
}

uint32_t arm_read_spsr(struct arm_state *s)
{
    return *spsr(s);
}

uint32_t arm_saved_status(struct arm_state *s)
{
    return *spsr(s);
}

void arm_write_spsr(struct arm_state *s, uint32_t value, uint32_t mask)
{
    uint32_t *saved = spsr(s);
    *saved = (*saved & ~mask) | (value & mask);
}

static uint32_t *user_place(struct arm_state *s, uint32_t number)
{
    if (number < 13)
        return s->mode == ARM_FIQ ? &s->bank_low[number - 8] : &s->r[number];
    if (arm_bank(s->mode) == ARM_BANK_USR)
        return &s->r[number];
    return number == 13 ? &s->bank_r13[ARM_BANK_USR] : &s->bank_r14[ARM_BANK_USR];
}

uint32_t arm_user_register(struct arm_state *s, uint32_t number)
{
    return *user_place(s, number);
}

void arm_set_user_register(struct arm_state *s, uint32_t number, uint32_t value)
{
    *user_place(s, number) = value;
}

static uint32_t *stack_place(struct arm_state *s, uint32_t mode)
{
    enum arm_bank bank = arm_bank(mode);
    if (bank == ARM_BANK_NONE)
        arm_raise_undefined(s);
    return bank == arm_bank(s->mode) ? &s->r[13] : &s->bank_r13[bank];
}

uint32_t arm_stack_of_mode(struct arm_state *s, uint32_t mode)
{
    return *stack_place(s, mode);
}

void arm_set_stack_of_mode(struct arm_state *s, uint32_t mode, uint32_t value)
{
    *stack_place(s, mode) = value;
}

/* ---- returning from exceptions ---------------------------------------------------------------------- */
void arm_return_with_status(struct arm_state *s, uint32_t target, uint32_t status)
{
    arm_set_cpsr(s, status);
    s->cpu.pc = target & (status & ARM_CPSR_T ? ~1u : ~3u);
}

void arm_return_to(struct arm_state *s, uint32_t target)
{
    arm_return_with_status(s, target, *spsr(s));
}
