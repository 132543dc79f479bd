/* Alternate address spaces (SPARC V8 manual, appendix I; STP1012
 * microSPARC-II User's Manual, chapter 4). SPDX-License-Identifier: Apache-2.0
 *
 * Omitted: the control space of modules with a cache controller, where firmware looks
 * whether there is one; cache tags, cache data and TLB diagnostics, which read as zero. Breakpoint
 * registers are held and never hit.
 */
#include "core_sparc.h"
#include "sparc_insns.h"

enum asi {
    MODULE_CONTROL = 0x02, MMU_PROBE = 0x03, MMU_REGISTERS = 0x04, MMU_DIAGNOSTIC_FIRST = 0x05,
    MMU_DIAGNOSTIC_LAST = 0x07, USER_INSTRUCTION = 0x08, SUPERVISOR_INSTRUCTION = 0x09,
    USER_DATA = 0x0a, SUPERVISOR_DATA = 0x0b, CACHE_FIRST = 0x0c, CACHE_LAST = 0x1f,
    BYPASS_FIRST = 0x20, BYPASS_LAST = 0x2f, CACHE_CONTROL_FIRST = 0x30,
    CACHE_CONTROL_LAST = 0x37, BREAKPOINT = 0x38, CACHE_DIAGNOSTIC = 0x39,
    BREAKPOINT_ACTION = 0x4c,
};

static bool is_ignored(uint32_t asi)
{
    return (asi >= MMU_DIAGNOSTIC_FIRST && asi <= MMU_DIAGNOSTIC_LAST) ||
           (asi >= CACHE_FIRST && asi <= CACHE_LAST) ||
           (asi >= CACHE_CONTROL_FIRST && asi <= CACHE_CONTROL_LAST) ||
           asi == MODULE_CONTROL || asi == CACHE_DIAGNOSTIC || asi == BREAKPOINT_ACTION;
}

static bool is_memory(uint32_t asi)
{
    return asi >= USER_INSTRUCTION && asi <= SUPERVISOR_DATA;
}

static unsigned memory_flags(uint32_t asi)
{
    bool user = asi == USER_DATA || asi == USER_INSTRUCTION;
    return MB_MEM_SWAP | (user ? MB_MEM_USER : 0);
}

static bool is_bypass(uint32_t asi)
{
    return asi >= BYPASS_FIRST && asi <= BYPASS_LAST;
}

/* 36 bits: the low digit of the ASI is on top. */
static uint64_t bypass_address(uint32_t asi, uint32_t address)
{
    return (uint64_t)(asi & 15) << 32 | address;
}

static uint32_t *breakpoint_register(struct sparc_state *s, uint32_t address)
{
    return &s->breakpoint[address >> 8 & 3];
}

static _Noreturn void fail(struct sparc_state *s, uint32_t address, bool store,
                           uint32_t code)
{
    sparc_fault(&s->cpu, address, store ? MB_WRITE : MB_READ, code);
    mb_cpu_unwind(&s->cpu);
}

static void check_alignment(struct sparc_state *s, uint32_t address, uint32_t width)
{
    if (address & (width - 1))
        sparc_raise(s, SPARC_NOT_ALIGNED);
}

static uint64_t bypass_load(struct sparc_state *s, uint32_t address, uint32_t asi,
                            uint32_t width)
{
    uint64_t value, at = bypass_address(asi, address);
    if (!mb_cpu_bus_read(&s->cpu, at, &value, width, MB_MEM_SWAP))
        fail(s, address, false, MB_FAULT_BUS);
    return value;
}

static bool is_instruction(uint32_t asi)
{
    return asi == USER_INSTRUCTION || asi == SUPERVISOR_INSTRUCTION;
}

/* With the MMU off, instructions may come from elsewhere than data: from the PROM. */
static uint64_t instruction_load(struct sparc_state *s, uint32_t address, uint32_t asi,
                                 uint32_t width)
{
    struct mb_translation found;
    uint64_t value;
    if (s->mmu_control & SPARC_MMU_ENABLE)
        return mb_cpu_load(&s->cpu, address, width, memory_flags(asi));
    sparc_walk(&s->cpu, address, MB_FETCH, asi == SUPERVISOR_INSTRUCTION, &found);
    if (!mb_cpu_bus_read(&s->cpu, found.pa, &value, width, MB_MEM_SWAP))
        fail(s, address, false, MB_FAULT_BUS);
    return value;
}

uint64_t sparc_load_alternate(struct sparc_state *s, uint32_t address, uint32_t asi,
                              uint32_t width)
{
    check_alignment(s, address, width);
    if (is_instruction(asi))
        return instruction_load(s, address, asi, width);
    if (is_memory(asi))
        return mb_cpu_load(&s->cpu, address, width, memory_flags(asi));
    if (is_bypass(asi))
        return bypass_load(s, address, asi, width);
    if (asi == MMU_PROBE)
        return sparc_probe(s, address);
    if (asi == MMU_REGISTERS)
        return sparc_mmu_read(s, address);
    if (asi == BREAKPOINT)
        return *breakpoint_register(s, address);
    if (is_ignored(asi))
        return 0;
    fail(s, address, false, SPARC_FAULT_SPACE | SPARC_FAULT(0, SPARC_BUS_ERROR));
}

void sparc_store_alternate(struct sparc_state *s, uint32_t address, uint32_t asi,
                           uint32_t width, uint64_t value)
{
    check_alignment(s, address, width);
    if (is_memory(asi)) {
        mb_cpu_store(&s->cpu, address, value, width, memory_flags(asi));
    } else if (is_bypass(asi)) {
        if (!mb_cpu_bus_write(&s->cpu, bypass_address(asi, address), value, width,
                              MB_MEM_SWAP))
            fail(s, address, true, MB_FAULT_BUS);
    } else if (asi == MMU_PROBE) {
        sparc_flush(s, address);
    } else if (asi == MMU_REGISTERS) {
        sparc_mmu_write(s, address, (uint32_t)value);
    } else if (asi == BREAKPOINT) {
        *breakpoint_register(s, address) = (uint32_t)value;
    } else if (!is_ignored(asi)) {
        fail(s, address, true, SPARC_FAULT_SPACE | SPARC_FAULT(0, SPARC_BUS_ERROR));
    }
}
