/* TLB maintenance and address translation operations (DDI 0406C B4.2.2, B4.2.4).
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core_arm.h"
#include "arm_insns.h"

enum scope { ALL, PAGE, ASID, PAGE_ALL_ASIDS };
#define INNER_SHAREABLE 3       /* CRm of the operations that all CPUs see */
#define PAGE_MASK 0xfffff000u

/* CRn 8: the selector's opc2 says what, its CRm whose. */
void arm_tlb_operation(struct arm_state *s, uint32_t selector, uint32_t value)
{
    struct mb_cpu *cpu = &s->cpu;
    bool everyone = (selector >> 4 & 15) == INNER_SHAREABLE;
    s->tlb_owed |= everyone;
    switch ((enum scope)(selector & 15)) {
    case ALL:
        everyone ? mb_cpu_tlb_flush_all_cpus(cpu) : mb_cpu_tlb_flush(cpu);
        break;
    case PAGE: case PAGE_ALL_ASIDS:
        if (everyone)
            mb_cpu_tlb_flush_page_all_cpus(cpu, value & PAGE_MASK);
        else
            mb_cpu_tlb_flush_page(cpu, value & PAGE_MASK);
        break;
    case ASID:
        if (everyone)
            mb_cpu_tlb_flush_space_all_cpus(cpu, value & 0xff);
        else
            mb_cpu_tlb_flush_space(cpu, value & 0xff);
        break;
    }
}

/* DSB. */
void arm_finish_tlb_operations(struct arm_state *s)
{
    s->tlb_owed = 0;
    mb_cpu_tlb_wait(&s->cpu);
}

/* ATS1CPR, ATS1CPW, ATS1CUR, ATS1CUW: walk, and leave the result in PAR. */
void arm_translate_address(struct arm_state *s, uint32_t selector, uint32_t value)
{
    struct mb_translation out = {0};
    enum mb_access access = selector & 1 ? MB_WRITE : MB_READ;
    bool is_long = s->ttbcr & ARM_TTBCR_EAE;
    arm_walk(&s->cpu, value, access, selector & 2 ? 0 : 1, &out);
    if (out.fault)
        s->par = (uint64_t)ARM_FAULT_STATUS(out.fault) << 1 | 1;
    else
        s->par = (out.pa & (is_long ? 0xfffffff000ull : PAGE_MASK));
    if (is_long)
        s->par |= 1u << 11;
}
