/* The core's object, reset, and inputs. SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include "core_sparc.h"
#include "sparc_insns.h"

void sparc_translate(struct mb_tr *tr);
unsigned sparc_disassemble(const struct mb_cpu *cpu, uint64_t pc, const uint8_t *bytes,
                           unsigned available, char *text, size_t size);

/* Supervisor, traps off, at address 0, which boot mode takes from the PROM. */
static void reset(struct mb_cpu *cpu)
{
    struct sparc_state *s = (struct sparc_state *)cpu;
    memset(s->r, 0, sizeof s->r);
    memset(s->windows, 0, sizeof s->windows);
    memset(s->fpr, 0, sizeof s->fpr);
    memset(s->breakpoint, 0, sizeof s->breakpoint);
    s->n = s->z = s->v = s->c = s->et = 0;
    s->ps = 1;
    s->y = s->cwp = s->wim = s->tbr = s->tt = s->pil = s->npc = 0;
    s->ftt = s->qne = 0;
    sparc_mmu_reset(s);
    mb_cpu_set_flags(cpu, SPARC_FLAG_SUPERVISOR_MASK);
    sparc_fsr_write(s, 0);
    mb_cpu_tlb_flush(cpu);
    mb_cpu_mmu_changed(cpu);
    cpu->pc = 0;
}

/* Any thread. */
static void input(struct mb_cpu *cpu, unsigned port, int level)
{
    struct sparc_state *s = (struct sparc_state *)cpu;
    uint32_t bit = 1u << port;
    if (port >= SPARC_LINES)
        return;
    if (level) {
        __atomic_fetch_or(&s->lines, bit, __ATOMIC_SEQ_CST);
        mb_cpu_kick(cpu);
    } else {
        __atomic_fetch_and(&s->lines, ~bit, __ATOMIC_SEQ_CST);
    }
}

static const char *const inputs[] = {"irl", NULL};
static const char *const outputs[] = {NULL};

const struct mb_core mb_core_sparc = {
    .abi = MB_CORE_ABI,
    .name = "sparc",
    .state_size = sizeof(struct sparc_state),
    .fields = sparc_fields,
    .address_bits = 32,
    .mmu_modes = 2,
    .reset = reset,
    .translate = sparc_translate,
    .mmu_mode = sparc_mmu_mode,
    .address_space = sparc_address_space,
    .walk = sparc_walk,
    .fault = sparc_fault,
    .input = input,
    .inputs = inputs,
    .outputs = outputs,
    .wakes = sparc_wakes,
    .take_interrupt = sparc_take_interrupt,
    .nan64 = sparc_nan64,
    .nan32 = sparc_nan32,
    .disassemble = sparc_disassemble,
};
