/* Traps: entry, faults of memory accesses, interrupts (SPARC V8 manual, chapter 7).
 * SPDX-License-Identifier: Apache-2.0
 *
 * A trap while ET is 0 is error mode, which resets a sun4m.
 *
 * Omitted: late errors of buffered stores (the SBus controller's AFSR and its interrupt): a
 * store that nothing takes is a data_access_exception at once, as a load is.
 */
#include "core_sparc.h"
#include "sparc_insns.h"

enum { NON_MASKABLE = 15 };
/* SFSR: what was accessed, is the address right, was there another fault before. */
enum { STATUS_SUPERVISOR = 1 << 5, STATUS_FETCH = 1 << 6, STATUS_STORE = 1 << 7,
       STATUS_ADDRESS_VALID = 2, STATUS_OVERWRITE = 1, STATUS_CONTROL_SPACE = 1 << 16 };

/* ---- pc and nPC ------------------------------------------------------------------ */
void sparc_continue_at(struct sparc_state *s, uint32_t pc, uint32_t npc)
{
    s->cpu.pc = pc;
    s->npc = npc;
    SPARC_SET_FLAG(s, DELAYED, npc != pc + 4);
}

void sparc_advance(struct sparc_state *s)
{
    uint32_t next = sparc_npc(s);
    sparc_continue_at(s, next, next + 4);
}

/* ---- entry ----------------------------------------------------------------------- */
static void error_mode(struct sparc_state *s, uint32_t number)
{
    mb_cpu_log(&s->cpu, "trap %#x while traps are disabled: error mode, pc %#x", number,
               (uint32_t)s->cpu.pc);
    s->tt = number;
    mb_cpu_machine_event(&s->cpu, MB_EVENT_RESET, "the CPU is in error mode");
}

void sparc_enter_trap(struct sparc_state *s, uint32_t number)
{
    uint32_t pc = (uint32_t)s->cpu.pc, npc = sparc_npc(s);
    if (!s->et) {
        error_mode(s, number);
        return;
    }
    s->et = 0;
    s->ps = SPARC_FLAG(s, SUPERVISOR);
    sparc_enter_next_window(s);
    s->r[SPARC_LOCAL1] = pc;
    s->r[SPARC_LOCAL2] = npc;
    s->tt = number;
    uint32_t vector = s->tbr | number << 4;
    sparc_continue_at(s, vector, vector + 4);
    sparc_set_supervisor(s, true);
}

_Noreturn void sparc_raise(struct sparc_state *s, uint32_t number)
{
    sparc_enter_trap(s, number);
    mb_cpu_unwind(&s->cpu);
}

void sparc_trap(struct sparc_state *s, uint32_t number)
{
    sparc_enter_trap(s, number);
}

/* ---- faults ---------------------------------------------------------------------- */
static void record(struct sparc_state *s, uint32_t va, enum mb_access access,
                   uint32_t code)
{
    uint32_t status = STATUS_ADDRESS_VALID | SPARC_FAULT_BITS(code);
    if (SPARC_FLAG(s, SUPERVISOR))
        status |= STATUS_SUPERVISOR;
    if (access == MB_FETCH)
        status |= STATUS_FETCH;
    if (access == MB_WRITE)
        status |= STATUS_STORE;
    if (code & SPARC_FAULT_SPACE)
        status |= STATUS_CONTROL_SPACE;
    if (s->fault_status)
        status |= STATUS_OVERWRITE;
    s->fault_status = status & s->fault_status_mask;
    s->fault_address = va;
}

/* The access is not done: what it would have loaded is zero. */
static void skip(struct sparc_state *s)
{
    uint32_t word = (uint32_t)mb_cpu_load(&s->cpu, s->cpu.pc, 4, MB_MEM_SWAP);
    unsigned op3 = word >> 19 & 0x3f, rd = word >> 25 & 31;
    bool integer_load = word >> 30 == 3 && op3 < 0x20 && (op3 & 7) < 4;
    if (integer_load && rd)
        s->r[rd] = 0;
    if (integer_load && (op3 & 7) == 3)
        s->r[rd | 1] = 0;
    sparc_advance(s);
}

static bool is_ignored(const struct sparc_state *s, enum mb_access access, bool bus)
{
    if (access == MB_FETCH)
        return false;
    if (bus && !(s->mmu_control & SPARC_MMU_ENABLE))
        return true;
    return s->mmu_control & SPARC_MMU_NO_FAULT && SPARC_FLAG(s, SUPERVISOR);
}

void sparc_fault(struct mb_cpu *cpu, uint64_t va, enum mb_access access, uint32_t code)
{
    struct sparc_state *s = (struct sparc_state *)cpu;
    bool bus = code == MB_FAULT_BUS;
    if (code == MB_FAULT_ALIGNMENT) {
        sparc_enter_trap(s, SPARC_NOT_ALIGNED);
        return;
    }
    record(s, (uint32_t)va, access, bus ? SPARC_FAULT(0, SPARC_BUS_ERROR) : code);
    if (is_ignored(s, access, bus))
        skip(s);
    else
        sparc_enter_trap(s, access == MB_FETCH ? SPARC_INSTRUCTION_ACCESS
                                               : SPARC_DATA_ACCESS);
}

/* ---- interrupts ------------------------------------------------------------------ */
static uint32_t lines(const struct mb_cpu *cpu)
{
    return __atomic_load_n(&((const struct sparc_state *)cpu)->lines, __ATOMIC_SEQ_CST);
}

bool sparc_wakes(const struct mb_cpu *cpu)
{
    return lines(cpu) > 1;
}

bool sparc_take_interrupt(struct mb_cpu *cpu)
{
    struct sparc_state *s = (struct sparc_state *)cpu;
    uint32_t asserted = lines(cpu) & ~1u;
    if (!asserted || !s->et)
        return false;
    uint32_t level = 31 - (uint32_t)__builtin_clz(asserted);
    if (level <= s->pil && level != NON_MASKABLE)
        return false;
    sparc_enter_trap(s, SPARC_INTERRUPT + level);
    return true;
}
