/* TLB maintenance across CPUs: ask, kick, wait. SPDX-License-Identifier: Apache-2.0
 *
 * The CPU that asks waits, inside its instruction, until every other CPU has flushed or
 * is outside its run loop (it will flush before it runs again). It answers requests from
 * others meanwhile, so two that ask each other both get on.
 */
#include <sched.h>
#include "vcpu.h"

void mb_flush_ask(struct mb_vcpu *target, struct mb_flush flush)
{
    pthread_mutex_lock(&target->flush_lock);
    if (target->flush_count == MB_FLUSHES) {
        target->flush_count = 1;
        target->flushes[0] = (struct mb_flush){MB_FLUSH_ALL, 0};
    } else {
        target->flushes[target->flush_count++] = flush;
    }
    atomic_fetch_add(&target->flush_asked, 1);
    pthread_mutex_unlock(&target->flush_lock);
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

void mb_flush_everyone(struct mb_vcpu *vcpu, struct mb_flush flush)
{
    struct mb_runtime *runtime = vcpu->runtime;
    uint64_t asked[MB_MAX_CPUS];
    mb_spaces_flush(vcpu, flush);
    for (unsigned i = 0; i < runtime->count; i++)
        if (runtime->vcpus[i] != vcpu) {
            mb_flush_ask(runtime->vcpus[i], flush);
            asked[i] = atomic_load(&runtime->vcpus[i]->flush_asked);
        }
    for (unsigned i = 0; i < runtime->count; i++)
        if (runtime->vcpus[i] != vcpu)
            wait_for(vcpu, runtime->vcpus[i], asked[i]);
}

/* ---- what cores call ------------------------------------------------------------------- */
void mb_cpu_tlb_flush(struct mb_cpu *cpu)
{
    mb_spaces_flush(cpu->vcpu, (struct mb_flush){MB_FLUSH_ALL, 0});
}

void mb_cpu_tlb_flush_space(struct mb_cpu *cpu, uint64_t space)
{
    mb_spaces_flush(cpu->vcpu, (struct mb_flush){MB_FLUSH_SPACE, space});
}

void mb_cpu_tlb_flush_page(struct mb_cpu *cpu, uint64_t va)
{
    mb_spaces_flush(cpu->vcpu, (struct mb_flush){MB_FLUSH_PAGE, va});
}

void mb_cpu_tlb_flush_all_cpus(struct mb_cpu *cpu)
{
    mb_flush_everyone(cpu->vcpu, (struct mb_flush){MB_FLUSH_ALL, 0});
}

void mb_cpu_tlb_flush_page_all_cpus(struct mb_cpu *cpu, uint64_t va)
{
    mb_flush_everyone(cpu->vcpu, (struct mb_flush){MB_FLUSH_PAGE, va});
}

void mb_cpu_tlb_flush_space_all_cpus(struct mb_cpu *cpu, uint64_t space)
{
    mb_flush_everyone(cpu->vcpu, (struct mb_flush){MB_FLUSH_SPACE, space});
}
