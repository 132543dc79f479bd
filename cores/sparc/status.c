/* PSR (SPARC V8 manual, 4.2). SPDX-License-Identifier: Apache-2.0
 */
#include "core_sparc.h"
#include "sparc_insns.h"

enum { CWP = 31, ET_SHIFT = 5, PS_SHIFT = 6, S_SHIFT = 7, PIL_SHIFT = 8, EF_SHIFT = 12,
       C_SHIFT = 20, V_SHIFT = 21, Z_SHIFT = 22, N_SHIFT = 23 };

void sparc_look_for_interrupts(struct sparc_state *s)
{
    if (sparc_wakes(&s->cpu))
        mb_cpu_kick(&s->cpu);
}

void sparc_set_supervisor(struct sparc_state *s, bool supervisor)
{
    if (SPARC_FLAG(s, SUPERVISOR) == supervisor)
        return;
    SPARC_SET_FLAG(s, SUPERVISOR, supervisor);
    mb_cpu_mmu_changed(&s->cpu);
}

uint32_t sparc_read_psr(struct sparc_state *s)
{
    return s->psr_id | (uint32_t)s->n << N_SHIFT | (uint32_t)s->z << Z_SHIFT |
           (uint32_t)s->v << V_SHIFT | (uint32_t)s->c << C_SHIFT |
           (uint32_t)s->fpu << EF_SHIFT | s->pil << PIL_SHIFT |
           SPARC_FLAG(s, SUPERVISOR) << S_SHIFT | (uint32_t)s->ps << PS_SHIFT |
           (uint32_t)s->et << ET_SHIFT | s->cwp;
}

void sparc_write_psr(struct sparc_state *s, uint32_t value)
{
    if ((value & CWP) >= SPARC_WINDOWS)
        sparc_raise(s, SPARC_ILLEGAL_INSTRUCTION);
    s->n = value >> N_SHIFT & 1;
    s->z = value >> Z_SHIFT & 1;
    s->v = value >> V_SHIFT & 1;
    s->c = value >> C_SHIFT & 1;
    s->pil = value >> PIL_SHIFT & 15;
    s->ps = value >> PS_SHIFT & 1;
    s->et = value >> ET_SHIFT & 1;
    s->fpu = value >> EF_SHIFT & 1;
    sparc_switch_window(s, value & CWP);
    sparc_set_supervisor(s, value >> S_SHIFT & 1);
    sparc_look_for_interrupts(s);
}
