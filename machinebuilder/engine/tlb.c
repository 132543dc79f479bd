/* TLB maintenance across CPUs: ask, kick, wait. SPDX-License-Identifier: Apache-2.0
 *
 * A request is queued at each other CPU, which sees it before its next block. The one that
 * asked waits later (mb_cpu_tlb_wait), inside the barrier that the architecture wants,
 * until every other CPU has flushed or is outside its run loop: then it will flush before
 * it runs again. It answers requests from others meanwhile, so two that wait for each
 * other both get on. Pages asked for one after the other become one request.
 */
#include <sched.h>
#include "vcpu.h"

/* Lock held. */
static void enqueue(struct mb_vcpu *target, struct mb_flush flush)
{
    unsigned count = target->flush_count;
    struct mb_flush *last = count ? &target->flushes[count - 1] : NULL;
    if (last && last->kind == MB_FLUSH_ALL)
        return;
    if (last && flush.kind == MB_FLUSH_PAGES && last->kind == MB_FLUSH_PAGES &&
        flush.value == last->value + last->count)
        last->count += flush.count;
    else if (flush.kind == MB_FLUSH_ALL || count == MB_FLUSHES) {
        target->flush_count = 1;
        target->flushes[0] = (struct mb_flush){.kind = MB_FLUSH_ALL};
    } else {
        target->flushes[target->flush_count++] = flush;
    }
}

void mb_flush_ask(struct mb_vcpu *target, struct mb_flush flush)
{
    pthread_mutex_lock(&target->flush_lock);
    enqueue(target, flush);
    atomic_fetch_add(&target->flush_asked, 1);
    pthread_mutex_unlock(&target->flush_lock);
    if (!__atomic_load_n(&target->cpu->exit_request, __ATOMIC_SEQ_CST))
        __atomic_store_n(&target->cpu->exit_request, 1, __ATOMIC_SEQ_CST);
}

/* On the target's own thread. */
void mb_flush_answer(struct mb_vcpu *vcpu)
{
    struct mb_flush flushes[MB_FLUSHES];
    uint64_t asked = atomic_load(&vcpu->flush_asked);
    if (asked == atomic_load(&vcpu->flush_done))
        return;
    pthread_mutex_lock(&vcpu->flush_lock);
    unsigned count = vcpu->flush_count;
    asked = atomic_load(&vcpu->flush_asked);
    for (unsigned i = 0; i < count; i++)
        flushes[i] = vcpu->flushes[i];
    vcpu->flush_count = 0;
    pthread_mutex_unlock(&vcpu->flush_lock);
    for (unsigned i = 0; i < count; i++)
        mb_spaces_flush(vcpu, flushes[i]);
    atomic_store(&vcpu->flush_done, asked);
}

static void wait_for(struct mb_vcpu *vcpu, struct mb_vcpu *target, uint64_t asked)
{
    for (unsigned spins = 0; atomic_load(&target->running) &&
                             atomic_load(&target->flush_done) < asked; spins++) {
        mb_flush_answer(vcpu);
        if (spins > 200)
            sched_yield();
        else
            __builtin_ia32_pause();
    }
}

static void flush_everyone(struct mb_vcpu *vcpu, struct mb_flush flush)
{
    struct mb_runtime *runtime = vcpu->runtime;
    mb_spaces_flush(vcpu, flush);
    for (unsigned i = 0; i < runtime->count; i++)
        if (runtime->vcpus[i] != vcpu)
            mb_flush_ask(runtime->vcpus[i], flush);
}

/* ---- what cores call ------------------------------------------------------------------- */
void mb_cpu_tlb_wait(struct mb_cpu *cpu)
{
    struct mb_vcpu *vcpu = cpu->vcpu;
    struct mb_runtime *runtime = vcpu->runtime;
    for (unsigned i = 0; i < runtime->count; i++)
        if (runtime->vcpus[i] != vcpu)
            wait_for(vcpu, runtime->vcpus[i],
                     atomic_load(&runtime->vcpus[i]->flush_asked));
}

static struct mb_flush everything(void)
{
    return (struct mb_flush){.kind = MB_FLUSH_ALL};
}

static struct mb_flush space_of(uint64_t space)
{
    return (struct mb_flush){.kind = MB_FLUSH_SPACE, .value = space};
}

static struct mb_flush page_of(struct mb_cpu *cpu, uint64_t va)
{
    return (struct mb_flush){.kind = MB_FLUSH_PAGES, .count = 1,
                             .value = mb_va(cpu->vcpu, va) >> MB_PAGE_BITS};
}

void mb_cpu_tlb_flush(struct mb_cpu *cpu)
{
    mb_spaces_flush(cpu->vcpu, everything());
}

void mb_cpu_tlb_flush_space(struct mb_cpu *cpu, uint64_t space)
{
    mb_spaces_flush(cpu->vcpu, space_of(space));
}

void mb_cpu_tlb_flush_page(struct mb_cpu *cpu, uint64_t va)
{
    mb_spaces_flush(cpu->vcpu, page_of(cpu, va));
}

void mb_cpu_tlb_flush_all_cpus(struct mb_cpu *cpu)
{
    flush_everyone(cpu->vcpu, everything());
}

void mb_cpu_tlb_flush_space_all_cpus(struct mb_cpu *cpu, uint64_t space)
{
    flush_everyone(cpu->vcpu, space_of(space));
}

void mb_cpu_tlb_flush_page_all_cpus(struct mb_cpu *cpu, uint64_t va)
{
    flush_everyone(cpu->vcpu, page_of(cpu, va));
}
