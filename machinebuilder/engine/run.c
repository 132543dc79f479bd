/* The run loop of one vCPU. SPDX-License-Identifier: Apache-2.0
 *
 * Everything that wants a CPU's attention sets its exit_request; translated code looks at
 * that at the head of every block. Faults and helpers that do not return come back here
 * by longjmp, with the guest's state in memory.
 */
#include <immintrin.h>
#include "vcpu.h"

void mb_vcpu_enter_code(struct mb_vcpu *vcpu)
{
    vcpu->host_mxcsr = _mm_getcsr();
    _mm_setcsr(vcpu->cpu->mxcsr);
    vcpu->in_code = true;
}

void mb_vcpu_leave_code(struct mb_vcpu *vcpu)
{
    if (!vcpu->in_code)
        return;
    vcpu->in_code = false;
    vcpu->cpu->mxcsr = _mm_getcsr();
    _mm_setcsr(vcpu->host_mxcsr);
}

_Noreturn void mb_cpu_unwind(struct mb_cpu *cpu)
{
    _longjmp(cpu->vcpu->unwind, 1);
}

/* Something was written into code where no lock could be taken, or after code was dropped. */
void mb_finish_written(struct mb_vcpu *vcpu)
{
    if (vcpu->written_page == MB_NO_PAGE)
        return;
    mb_cache_written(vcpu->runtime, vcpu->written_page, vcpu->written_offset & ~7u, 16);
    vcpu->written_page = MB_NO_PAGE;
}

/* Between blocks: what others asked for. */
static void answer(struct mb_vcpu *vcpu)
{
    struct mb_runtime *runtime = vcpu->runtime;
    vcpu->stats.exits_irq++;
    if (__atomic_load_n(&runtime->exclusive, __ATOMIC_SEQ_CST)) {
        mb_vcpu_end(vcpu);
        mb_vcpu_begin(vcpu);
    }
    if (atomic_exchange(&runtime->forget_code, false))
        mb_cache_renew(vcpu, atomic_load(&runtime->cache.generation));
    mb_finish_written(vcpu);
    mb_hot_answer(vcpu);
    mb_flush_answer(vcpu);
    if (atomic_exchange(&vcpu->resync, false)) {
        mb_spaces_flush(vcpu, (struct mb_flush){.kind = MB_FLUSH_ALL});
        mb_cpu_mmu_changed(vcpu->cpu);
    }
}

/* Finding the target may have flushed the cache, and the block left with it. */
static void link_blocks(struct mb_vcpu *vcpu, const void *unit, uint32_t link)
{
    struct mb_cache *cache = &vcpu->runtime->cache;
    uint32_t generation = atomic_load(&cache->generation);
    struct mb_block *to = mb_block_find(vcpu);
    if (generation == atomic_load(&cache->generation))
        mb_block_link(vcpu, unit, link, to);
}

static void run_block(struct mb_vcpu *vcpu, struct mb_block *block)
{
    struct mb_cpu *cpu = vcpu->cpu;
    const void *unit = NULL;
    int64_t link;
    vcpu->single = block->kind & MB_BLOCK_SINGLE;
    vcpu->single_next = false;
    mb_vcpu_enter_code(vcpu);
    if (block->kind & MB_BLOCK_INTERPRETED) {
        vcpu->current = block;
        link = mb_interpret(block->ir, cpu);
        vcpu->current = NULL;
        mb_vcpu_leave_code(vcpu);
        vcpu->stats.exits_leave += link < 0;
        vcpu->stats.exits_link += link >= 0;
        return;
    }
    link = mb_code_enter(cpu, block->entry, &unit);
    mb_vcpu_leave_code(vcpu);
    if (link < 0) {
        vcpu->stats.exits_leave++;
        return;
    }
    vcpu->stats.exits_link++;
    if (!__atomic_load_n(&cpu->exit_request, __ATOMIC_RELAXED) && !vcpu->single)
        link_blocks(vcpu, unit, (uint32_t)link);
}

/* Why the CPU must not run a block now, if so. */
static bool must_pause(struct mb_vcpu *vcpu, enum mb_pause *why)
{
    struct mb_cpu *cpu = vcpu->cpu;
    if ((!atomic_load(&vcpu->runtime->go) && vcpu->steps < 0) ||
        __atomic_load_n(&vcpu->runtime->machine->event, __ATOMIC_SEQ_CST))
        *why = MB_PAUSE_STOP;
    else if (!atomic_load(&vcpu->powered))
        *why = MB_PAUSE_OFF;
    else if (cpu->halted && !vcpu->core->wakes(cpu))
        *why = MB_PAUSE_HALT;
    else if (vcpu->steps == 0)
        *why = MB_PAUSE_STEP;
    else if (vcpu->runtime->virtual_clock && cpu->insns >= cpu->deadline)
        *why = MB_PAUSE_DEADLINE;
    else
        return false;
    return true;
}

static void count_step(struct mb_vcpu *vcpu)
{
    if (vcpu->steps > 0)
        vcpu->steps--;
}

enum mb_pause mb_vcpu_run(struct mb_vcpu *vcpu)
{
    struct mb_cpu *cpu = vcpu->cpu;
    enum mb_pause why;
    mb_window_enter(vcpu);
    if (_setjmp(vcpu->unwind)) {
        mb_vcpu_leave_code(vcpu);
        vcpu->current = NULL;
        if (!vcpu->single_next)
            count_step(vcpu);
    }
    for (;;) {
        if (__atomic_exchange_n(&cpu->exit_request, 0, __ATOMIC_SEQ_CST))
            answer(vcpu);
        if (must_pause(vcpu, &why))
            return why;
        cpu->halted = 0;
        if (!vcpu->masked && vcpu->core->take_interrupt(cpu) && mb_trace & MB_TRACE_IRQ)
            mb_trace_text(vcpu, "interrupt taken, pc=%llx", (unsigned long long)cpu->pc);
        if (vcpu->runtime->breakpoint_count && mb_stops_here(vcpu))
            return MB_PAUSE_STOP;
        struct mb_block *block = mb_block_find(vcpu);
        if (mb_trace & (MB_TRACE_EXEC | MB_TRACE_STEP))
            mb_trace_exec(vcpu);
        uint64_t pc = cpu->pc, insns = cpu->insns;
        run_block(vcpu, block);
        if (cpu->pc != pc || cpu->insns != insns)   /* not if a request came first */
            count_step(vcpu);
    }
}
