/* The system registers: one table of coprocessors 14 and 15 (DDI 0406C B3.17, B4.1).
 * SPDX-License-Identifier: Apache-2.0
 *
 * Cache maintenance and thread pointers never come here (insns/coprocessor.py). Omitted:
 * the debug registers (all zero, and so ID_DFR0 says), performance events other than
 * the cycle counter, implementation-defined registers but for L2CTLR, L2ECTLR and CBAR.
 */
#include "core_arm.h"
#include "arm_insns.h"
#include "timer_arm.h"

enum { READ = 1, WRITE = 2, USER_READ = 4, USER_WRITE = 8, BOTH = READ | WRITE,
       USER_BOTH = USER_READ | USER_WRITE };

struct row {
    uint32_t key;
    uint8_t access;
    uint8_t width;                     /* of the field; 0: by functions alone */
    uint16_t offset;
    uint64_t (*read)(struct arm_state *s);
    void (*write)(struct arm_state *s, uint64_t value);
    bool (*user)(const struct arm_state *s);   /* a further condition for User mode */
};

/* Keys. 32-bit registers: CRn, opc1, CRm, opc2; 64-bit: opc1, CRm. */
#define CP15(crn, op1, crm, op2) ((crn) << 12 | (op1) << 8 | (crm) << 4 | (op2))
#define CP15_64(op1, crm) (0x10000 | (op1) << 4 | (crm))
#define CP14(crn, op1, crm, op2) (0x20000 | CP15(crn, op1, crm, op2))
#define CP14_64(op1, crm) (0x30000 | (op1) << 4 | (crm))
#define KEYS 0x30100

/* ---- identification ------------------------------------------------------------------- */
static uint64_t zero(struct arm_state *s)
{
    return 0;
}

static void ignore(struct arm_state *s, uint64_t value)
{
}

static uint64_t read_mpidr(struct arm_state *s)
{
    return arm_mpidr(s);
}

static uint64_t read_ccsidr(struct arm_state *s)
{
    return s->ccsidr[s->csselr & 7];
}

static void write_csselr(struct arm_state *s, uint64_t value)
{
    s->csselr = value & 15;
}

static uint64_t read_l2ctlr(struct arm_state *s)
{
    unsigned cpus = mb_cpu_count(&s->cpu);
    return s->l2ctlr | ((cpus > 4 ? 4 : cpus) - 1) << 24;
}

/* ---- memory system --------------------------------------------------------------------- */
static void write_sctlr(struct arm_state *s, uint64_t value)
{
    uint32_t changed = s->sctlr ^ (uint32_t)value;
    s->sctlr = (uint32_t)value;
    arm_refresh_flags(s);
    if (changed & (ARM_SCTLR_M | ARM_SCTLR_AFE | ARM_SCTLR_TRE | ARM_SCTLR_EE |
                   ARM_SCTLR_WXN | ARM_SCTLR_UWXN)) {
        mb_cpu_tlb_flush(&s->cpu);
        mb_cpu_mmu_changed(&s->cpu);
    }
}

#define CPACR_BITS 0xc0f00000u      /* ASEDIS, D32DIS, coprocessors 10 and 11 */

static void write_cpacr(struct arm_state *s, uint64_t value)
{
    s->cpacr = (uint32_t)value & CPACR_BITS;
    arm_refresh_flags(s);
}

static void write_ttbr0(struct arm_state *s, uint64_t value)
{
    s->ttbr0 = (s->ttbcr & ARM_TTBCR_EAE ? s->ttbr0 & ~0xffffffffull : 0) | value;
}

static void write_ttbr1(struct arm_state *s, uint64_t value)
{
    s->ttbr1 = (s->ttbcr & ARM_TTBCR_EAE ? s->ttbr1 & ~0xffffffffull : 0) | value;
    mb_cpu_tlb_flush(&s->cpu);
}

static void write_ttbr0_long(struct arm_state *s, uint64_t value)
{
    s->ttbr0 = value;
    mb_cpu_mmu_changed(&s->cpu);
}

static void write_ttbr1_long(struct arm_state *s, uint64_t value)
{
    s->ttbr1 = value;
    mb_cpu_tlb_flush(&s->cpu);
    mb_cpu_mmu_changed(&s->cpu);
}

static void write_ttbcr(struct arm_state *s, uint64_t value)
{
    s->ttbcr = (uint32_t)value;
    mb_cpu_tlb_flush(&s->cpu);
    mb_cpu_mmu_changed(&s->cpu);
}

static void write_dacr(struct arm_state *s, uint64_t value)
{
    if (s->dacr == value)
        return;
    s->dacr = (uint32_t)value;
    mb_cpu_mmu_changed(&s->cpu);
}

static void write_contextidr(struct arm_state *s, uint64_t value)
{
    s->contextidr = (uint32_t)value;
    mb_cpu_mmu_changed(&s->cpu);
}

static void write_vbar(struct arm_state *s, uint64_t value)
{
    s->vbar = (uint32_t)value & ~31u;
}

static void write_par(struct arm_state *s, uint64_t value)
{
    s->par = value;
}

static uint64_t read_isr(struct arm_state *s)
{
    uint32_t lines = __atomic_load_n(&s->lines, __ATOMIC_SEQ_CST);
    return (lines >> ARM_INPUT_IRQ & 1) << 7 | (lines >> ARM_INPUT_FIQ & 1) << 6;
}

/* ---- performance monitors: the cycle counter, at one cycle a nanosecond ------------------- */
enum { PMCR_E = 1, PMCR_C = 4, PMCR_STORED = 0x39 };
#define CYCLE_COUNTER 0x80000000u

static bool pmu_user(const struct arm_state *s)
{
    return s->pmuserenr & 1;
}

static bool counts(const struct arm_state *s)
{
    return s->pmcr & PMCR_E && s->pmcnten & CYCLE_COUNTER;
}

/* While stopped the base holds the count itself, while counting the time of zero. */
static uint64_t cycles(struct arm_state *s)
{
    return counts(s) ? mb_cpu_clock_ns(&s->cpu) - s->pmccntr_base : s->pmccntr_base;
}

static void set_cycles(struct arm_state *s, uint64_t count)
{
    s->pmccntr_base = counts(s) ? mb_cpu_clock_ns(&s->cpu) - count : count;
}

static uint64_t read_pmccntr(struct arm_state *s)
{
    return (uint32_t)cycles(s);
}

static uint64_t read_pmcr(struct arm_state *s)
{
    return s->pmcr_id | s->pmcr;
}

static void write_pmcr(struct arm_state *s, uint64_t value)
{
    uint64_t count = value & PMCR_C ? 0 : cycles(s);
    s->pmcr = value & PMCR_STORED;
    set_cycles(s, count);
}

static void enable_counters(struct arm_state *s, uint32_t enabled)
{
    uint64_t count = cycles(s);
    s->pmcnten = enabled & CYCLE_COUNTER;
    set_cycles(s, count);
}

static void write_pmcntenset(struct arm_state *s, uint64_t value)
{
    enable_counters(s, s->pmcnten | (uint32_t)value);
}

static void write_pmcntenclr(struct arm_state *s, uint64_t value)
{
    enable_counters(s, s->pmcnten & ~(uint32_t)value);
}

static void write_pmintenset(struct arm_state *s, uint64_t value)
{
    s->pminten |= (uint32_t)value & CYCLE_COUNTER;
}

static void write_pmintenclr(struct arm_state *s, uint64_t value)
{
    s->pminten &= ~(uint32_t)value;
}

static void write_pmovsr(struct arm_state *s, uint64_t value)
{
    s->pmovsr &= ~(uint32_t)value;
}

static void write_pmselr(struct arm_state *s, uint64_t value)
{
    s->pmselr = value & 31;
}

static void write_pmuserenr(struct arm_state *s, uint64_t value)
{
    s->pmuserenr = value & 1;
}

/* ---- generic timer --------------------------------------------------------------------------- */
#define TIMER_USER(name, right) \
    static bool name(const struct arm_state *s) { return arm_timer_user_may(s, right); }

TIMER_USER(frequency_user, ARM_TIMER_FREQUENCY)
TIMER_USER(physical_counter_user, ARM_TIMER_PHYSICAL_COUNTER)
TIMER_USER(virtual_counter_user, ARM_TIMER_VIRTUAL_COUNTER)
TIMER_USER(physical_timer_user, ARM_TIMER_PHYSICAL)
TIMER_USER(virtual_timer_user, ARM_TIMER_VIRTUAL)

/* ---- the table --------------------------------------------------------------------------------- */
#define FIELD(member) .offset = offsetof(struct arm_state, member), \
                      .width = sizeof(((struct arm_state *)0)->member)

static const struct row rows[] = {
    {CP15(0, 0, 0, 0), READ, FIELD(midr)},
    {CP15(0, 0, 0, 1), READ, FIELD(ctr)},
    {CP15(0, 0, 0, 2), READ, .read = zero},                     /* TCMTR */
    {CP15(0, 0, 0, 3), READ, .read = zero},                     /* TLBTR */
    {CP15(0, 0, 0, 4), READ, FIELD(midr)},
    {CP15(0, 0, 0, 5), READ, .read = read_mpidr},
    {CP15(0, 0, 0, 6), READ, .read = zero},                     /* REVIDR */
    {CP15(0, 0, 0, 7), READ, FIELD(midr)},
    {CP15(0, 0, 1, 0), READ, FIELD(id_pfr0)},
    {CP15(0, 0, 1, 1), READ, FIELD(id_pfr1)},
    {CP15(0, 0, 1, 2), READ, FIELD(id_dfr0)},
    {CP15(0, 0, 1, 3), READ, FIELD(id_afr0)},
    {CP15(0, 0, 1, 4), READ, FIELD(id_mmfr0)},
    {CP15(0, 0, 1, 5), READ, FIELD(id_mmfr1)},
    {CP15(0, 0, 1, 6), READ, FIELD(id_mmfr2)},
    {CP15(0, 0, 1, 7), READ, FIELD(id_mmfr3)},
    {CP15(0, 0, 2, 0), READ, FIELD(id_isar0)},
    {CP15(0, 0, 2, 1), READ, FIELD(id_isar1)},
    {CP15(0, 0, 2, 2), READ, FIELD(id_isar2)},
    {CP15(0, 0, 2, 3), READ, FIELD(id_isar3)},
    {CP15(0, 0, 2, 4), READ, FIELD(id_isar4)},
    {CP15(0, 0, 2, 5), READ, FIELD(id_isar5)},
    {CP15(0, 0, 2, 6), READ, .read = zero},
    {CP15(0, 0, 2, 7), READ, .read = zero},
    {CP15(0, 1, 0, 0), READ, .read = read_ccsidr},
    {CP15(0, 1, 0, 1), READ, FIELD(clidr)},
    {CP15(0, 1, 0, 7), READ, .read = zero},                     /* AIDR */
    {CP15(0, 2, 0, 0), BOTH, FIELD(csselr), .write = write_csselr},

    {CP15(1, 0, 0, 0), BOTH, FIELD(sctlr), .write = write_sctlr},
    {CP15(1, 0, 0, 1), BOTH, FIELD(actlr)},
    {CP15(1, 0, 0, 2), BOTH, FIELD(cpacr), .write = write_cpacr},
    {CP15(2, 0, 0, 0), BOTH, FIELD(ttbr0), .write = write_ttbr0},
    {CP15(2, 0, 0, 1), BOTH, FIELD(ttbr1), .write = write_ttbr1},
    {CP15(2, 0, 0, 2), BOTH, FIELD(ttbcr), .write = write_ttbcr},
    {CP15(3, 0, 0, 0), BOTH, FIELD(dacr), .write = write_dacr},
    {CP15(5, 0, 0, 0), BOTH, FIELD(dfsr)},
    {CP15(5, 0, 0, 1), BOTH, FIELD(ifsr)},
    {CP15(5, 0, 1, 0), BOTH, FIELD(adfsr)},
    {CP15(5, 0, 1, 1), BOTH, FIELD(aifsr)},
    {CP15(6, 0, 0, 0), BOTH, FIELD(dfar)},
    {CP15(6, 0, 0, 2), BOTH, FIELD(ifar)},
    {CP15(7, 0, 0, 4), WRITE, .write = ignore},                 /* once WFI */
    {CP15(7, 0, 4, 0), BOTH, FIELD(par), .write = write_par},

    {CP15(9, 1, 0, 2), BOTH, .read = read_l2ctlr, .write = ignore},
    {CP15(9, 1, 0, 3), BOTH, FIELD(l2ectlr)},
    {CP15(9, 0, 12, 0), BOTH | USER_BOTH, .read = read_pmcr, .write = write_pmcr,
     .user = pmu_user},
    {CP15(9, 0, 12, 1), BOTH | USER_BOTH, FIELD(pmcnten), .write = write_pmcntenset,
     .user = pmu_user},
    {CP15(9, 0, 12, 2), BOTH | USER_BOTH, FIELD(pmcnten), .write = write_pmcntenclr,
     .user = pmu_user},
    {CP15(9, 0, 12, 3), BOTH | USER_BOTH, FIELD(pmovsr), .write = write_pmovsr,
     .user = pmu_user},
    {CP15(9, 0, 12, 4), WRITE | USER_WRITE, .write = ignore, .user = pmu_user},
    {CP15(9, 0, 12, 5), BOTH | USER_BOTH, FIELD(pmselr), .write = write_pmselr,
     .user = pmu_user},
    {CP15(9, 0, 12, 6), READ | USER_READ, .read = zero, .user = pmu_user},
    {CP15(9, 0, 12, 7), READ | USER_READ, .read = zero, .user = pmu_user},
    {CP15(9, 0, 13, 0), BOTH | USER_BOTH, .read = read_pmccntr, .write = set_cycles,
     .user = pmu_user},
    {CP15(9, 0, 13, 1), BOTH | USER_BOTH, .read = zero, .write = ignore, .user = pmu_user},
    {CP15(9, 0, 13, 2), BOTH | USER_BOTH, .read = zero, .write = ignore, .user = pmu_user},
    {CP15(9, 0, 14, 0), BOTH | USER_READ, FIELD(pmuserenr), .write = write_pmuserenr},
    {CP15(9, 0, 14, 1), BOTH, FIELD(pminten), .write = write_pmintenset},
    {CP15(9, 0, 14, 2), BOTH, FIELD(pminten), .write = write_pmintenclr},

    {CP15(10, 0, 2, 0), BOTH, FIELD(mair0)},
    {CP15(10, 0, 2, 1), BOTH, FIELD(mair1)},
    {CP15(10, 0, 3, 0), BOTH, .read = zero, .write = ignore},   /* AMAIR0 */
    {CP15(10, 0, 3, 1), BOTH, .read = zero, .write = ignore},   /* AMAIR1 */
    {CP15(12, 0, 0, 0), BOTH, FIELD(vbar), .write = write_vbar},
    {CP15(12, 0, 1, 0), READ, .read = read_isr},
    {CP15(13, 0, 0, 0), BOTH, .read = zero, .write = ignore},   /* FCSEIDR */
    {CP15(13, 0, 0, 1), BOTH, FIELD(contextidr), .write = write_contextidr},
    {CP15(13, 0, 0, 2), BOTH | USER_BOTH, FIELD(tpidrurw)},
    {CP15(13, 0, 0, 3), BOTH | USER_READ, FIELD(tpidruro)},
    {CP15(13, 0, 0, 4), BOTH, FIELD(tpidrprw)},

    {CP15(14, 0, 0, 0), BOTH | USER_READ, FIELD(cntfrq), .user = frequency_user},
    {CP15(14, 0, 1, 0), BOTH, FIELD(cntkctl)},
    {CP15(14, 0, 2, 0), BOTH | USER_BOTH, .read = arm_read_cntp_tval,
     .write = arm_write_cntp_tval, .user = physical_timer_user},
    {CP15(14, 0, 2, 1), BOTH | USER_BOTH, .read = arm_read_cntp_ctl,
     .write = arm_write_cntp_ctl, .user = physical_timer_user},
    {CP15(14, 0, 3, 0), BOTH | USER_BOTH, .read = arm_read_cntv_tval,
     .write = arm_write_cntv_tval, .user = virtual_timer_user},
    {CP15(14, 0, 3, 1), BOTH | USER_BOTH, .read = arm_read_cntv_ctl,
     .write = arm_write_cntv_ctl, .user = virtual_timer_user},
    {CP15(15, 4, 0, 0), READ, FIELD(cbar)},

    {CP15_64(0, 2), BOTH, FIELD(ttbr0), .write = write_ttbr0_long},
    {CP15_64(1, 2), BOTH, FIELD(ttbr1), .write = write_ttbr1_long},
    {CP15_64(0, 7), BOTH, FIELD(par), .write = write_par},
    {CP15_64(0, 14), READ | USER_READ, .read = arm_counter, .user = physical_counter_user},
    {CP15_64(1, 14), READ | USER_READ, .read = arm_counter, .user = virtual_counter_user},
    {CP15_64(2, 14), BOTH | USER_BOTH, FIELD(cntp_cval), .write = arm_write_cntp_cval,
     .user = physical_timer_user},
    {CP15_64(3, 14), BOTH | USER_BOTH, FIELD(cntv_cval), .write = arm_write_cntv_cval,
     .user = virtual_timer_user},

    {CP14(0, 0, 0, 0), READ | USER_READ, FIELD(dbgdidr)},
    {CP14(0, 0, 1, 0), READ | USER_READ, .read = zero},         /* DBGDSCR */
    {CP14(1, 0, 0, 0), READ | USER_READ, .read = zero},         /* DBGDRAR */
    {CP14(2, 0, 0, 0), READ | USER_READ, .read = zero},         /* DBGDSAR */
    {CP14_64(0, 1), READ | USER_READ, .read = zero},
    {CP14_64(0, 2), READ | USER_READ, .read = zero},
};

#define ROWS (sizeof rows / sizeof *rows)
_Static_assert(ROWS < 255, "the index has bytes");

static uint8_t row_of[KEYS];       /* number + 1; 0: no such register */

__attribute__((constructor)) static void make_index(void)
{
    for (unsigned i = 0; i < ROWS; i++)
        row_of[rows[i].key] = (uint8_t)(i + 1);
}

/* ---- access --------------------------------------------------------------------------------------- */
static uint32_t key_of(uint32_t number, uint32_t selector, bool is_long)
{
    return selector | (is_long ? 0x10000u : 0) | (number == 14 ? 0x20000u : 0);
}

/* The row, if this access to it is allowed; else an undefined instruction. */
static const struct row *row(struct arm_state *s, uint32_t key, unsigned access)
{
    const struct row *found = key < KEYS && row_of[key] ? &rows[row_of[key] - 1] : NULL;
    bool user = s->mode == ARM_USR;
    if (!found || !(found->access & (user ? access << 2 : access)) ||
        (user && found->user && !found->user(s))) {
        if (!found)
            mb_cpu_log(&s->cpu, "unknown system register, key %05x", key);
        arm_raise_undefined(s);
    }
    return found;
}

static uint64_t read_row(struct arm_state *s, const struct row *row)
{
    const void *place = (const char *)s + row->offset;
    if (row->read)
        return row->read(s);
    return row->width == 8 ? *(const uint64_t *)place : *(const uint32_t *)place;
}

static void write_row(struct arm_state *s, const struct row *row, uint64_t value)
{
    void *place = (char *)s + row->offset;
    if (row->write)
        row->write(s, value);
    else if (row->width == 8)
        *(uint64_t *)place = value;
    else
        *(uint32_t *)place = (uint32_t)value;
}

uint32_t arm_coprocessor_read(struct arm_state *s, uint32_t number, uint32_t selector)
{
    return (uint32_t)read_row(s, row(s, key_of(number, selector, false), READ));
}

uint64_t arm_coprocessor_read64(struct arm_state *s, uint32_t number, uint32_t selector)
{
    return read_row(s, row(s, key_of(number, selector, true), READ));
}

/* Operations that are named by a register number. */
static bool operation(struct arm_state *s, uint32_t selector, uint32_t value)
{
    unsigned crm = selector >> 4 & 15, opc2 = selector & 15;
    if (selector >> 8 == 0x80 && opc2 < 4 && (crm == 3 || (crm >= 5 && crm <= 7)))
        arm_tlb_operation(s, selector, value);
    else if (selector >> 8 == 0x70 && crm == 8 && opc2 < 4)
        arm_translate_address(s, selector, value);
    else
        return false;
    return true;
}

void arm_coprocessor_write(struct arm_state *s, uint32_t number, uint32_t selector,
                           uint32_t value)
{
    if (number == 15 && s->mode != ARM_USR && operation(s, selector, value))
        return;
    write_row(s, row(s, key_of(number, selector, false), WRITE), value);
}

void arm_coprocessor_write64(struct arm_state *s, uint32_t number, uint32_t selector,
                             uint64_t value)
{
    write_row(s, row(s, key_of(number, selector, true), WRITE), value);
}
