/* The core's object, reset, and inputs. SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include "core_arm.h"
#include "arm_insns.h"

#define MULTIPROCESSING 0x80000000u
#define CPUS_PER_CLUSTER 4

void arm_translate(struct mb_tr *tr);
unsigned arm_disassemble(const struct mb_cpu *cpu, uint64_t pc, const uint8_t *bytes,
                         unsigned available, char *text, size_t size);

/* As devicetree.py's mpidr(). */
uint32_t arm_mpidr(const struct arm_state *s)
{
    unsigned index = s->cpu.index;
    return MULTIPROCESSING | s->mpidr | (index / CPUS_PER_CLUSTER) << 8 |
           index % CPUS_PER_CLUSTER;
}

static void reset_system(struct arm_state *s)
{
    s->sctlr = s->reset_sctlr;
    s->actlr = s->reset_actlr;
    s->cpacr = s->fpexc = 0;
    s->ttbr0 = s->ttbr1 = s->par = 0;
    s->ttbcr = s->dacr = s->dfsr = s->ifsr = s->adfsr = s->aifsr = s->dfar = s->ifar = 0;
    s->mair0 = s->mair1 = s->vbar = s->contextidr = s->csselr = s->l2ectlr = 0;
    s->tpidrurw = s->tpidruro = s->tpidrprw = 0;
    s->pmcr = s->pmcnten = s->pmovsr = s->pmselr = s->pmuserenr = s->pminten = 0;
}

void arm_reset(struct mb_cpu *cpu)
{
    struct arm_state *s = (struct arm_state *)cpu;
    memset(s->r, 0, sizeof s->r);
    memset(s->d, 0, sizeof s->d);
    reset_system(s);
    s->exclusive_address = ARM_NOT_EXCLUSIVE;
    s->mode = ARM_SVC;
    mb_cpu_set_flags(cpu, 0);
    arm_set_cpsr(s, ARM_SVC | ARM_CPSR_A | ARM_CPSR_I | ARM_CPSR_F |
                 (s->sctlr & ARM_SCTLR_TE ? ARM_CPSR_T : 0));
    arm_fpscr_write(s, 0);
    arm_refresh_flags(s);
    mb_cpu_tlb_flush(cpu);
    mb_cpu_mmu_changed(cpu);
    arm_timer_reset(s);
    atomic_store(&arm_private(s)->start.pending, false);
    cpu->pc = s->sctlr & ARM_SCTLR_V ? 0xffff0000u : 0;
}

/* Any thread. */
static void input(struct mb_cpu *cpu, unsigned port, int level)
{
    struct arm_state *s = (struct arm_state *)cpu;
    uint32_t bit = 1u << port;
    if (port > ARM_INPUT_FIQ)
        return;
    if (level) {
        __atomic_fetch_or(&s->lines, bit, __ATOMIC_SEQ_CST);
        mb_cpu_kick(cpu);
    } else {
        __atomic_fetch_and(&s->lines, ~bit, __ATOMIC_SEQ_CST);
    }
}

static const char *const inputs[] = {"irq", "fiq", NULL};
static const char *const outputs[] = {"timer.secure", "timer.physical", "timer.virtual",
                                      "timer.hypervisor", "pmu", NULL};

const struct mb_core mb_core_arm = {
    .abi = MB_CORE_ABI,
    .name = "arm",
    .state_size = sizeof(struct arm_state),
    .fields = arm_fields,
    .address_bits = 32,
    .mmu_modes = 2,
    .reset = arm_reset,
    .translate = arm_translate,
    .mmu_mode = arm_mmu_mode,
    .address_space = arm_address_space,
    .walk = arm_walk,
    .fault = arm_fault,
    .input = input,
    .inputs = inputs,
    .outputs = outputs,
    .wakes = arm_wakes,
    .take_interrupt = arm_take_interrupt,
    .nan64 = arm_nan64,
    .nan32 = arm_nan32,
    .disassemble = arm_disassemble,
};
