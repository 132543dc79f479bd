/* Virtual clock: one thread runs the CPUs in turn, and time is the count of instructions.
 * SPDX-License-Identifier: Apache-2.0
 *
 * In a round every CPU runs the same number of instructions, at most up to the next
 * timer; time then moves on by that many. When all CPUs wait, time jumps to the timer.
 */
#include "vcpu.h"

#define SLICE 20000             /* instructions a CPU runs in a round */

int64_t mb_runtime_virtual_ns(struct mb_runtime *runtime)
{
    uint64_t done = 0;
    if (runtime->turn)
        done = runtime->turn->cpu->insns - runtime->slice_start;
    return runtime->virtual_ns + (int64_t)(done << runtime->shift);
}

/* Instructions until the next timer, at least one. */
static uint64_t until_timer(struct mb_runtime *runtime, uint64_t most)
{
    int64_t next = mb_clock_next(runtime->machine);
    if (next == INT64_MAX)
        return most;
    int64_t left = next - runtime->virtual_ns;
    if (left <= 0)
        return 1;
    uint64_t insns = ((uint64_t)left + (1ull << runtime->shift) - 1) >> runtime->shift;
    return insns < most ? insns : most;
}

void mb_runtime_timer_changed(struct mb_runtime *runtime)
{
    struct mb_vcpu *vcpu = runtime->turn;
    if (!vcpu)
        return;
    uint64_t deadline = runtime->slice_start + until_timer(runtime, SLICE);
    if (deadline < vcpu->cpu->deadline)
        vcpu->cpu->deadline = deadline;
}

static bool can_run(const struct mb_vcpu *vcpu)
{
    return atomic_load(&vcpu->powered) &&
           (!vcpu->cpu->halted || vcpu->core->wakes(vcpu->cpu));
}

/* One CPU's share of the round; gives the instructions it ran. */
static uint64_t run_share(struct mb_runtime *runtime, struct mb_vcpu *vcpu, uint64_t insns)
{
    runtime->slice_start = vcpu->cpu->insns;
    vcpu->cpu->deadline = runtime->slice_start + insns;
    runtime->turn = vcpu;
    mb_vcpu_begin(vcpu);
    mb_flush_answer(vcpu);
    mb_vcpu_run(vcpu);
    mb_vcpu_end(vcpu);
    runtime->turn = NULL;
    return vcpu->cpu->insns - runtime->slice_start;
}

static void sleep_in_host_time(struct mb_runtime *runtime)
{
    pthread_mutex_lock(&runtime->lock);
    atomic_store(&runtime->asleep, true);
    while (atomic_load(&runtime->go) && !atomic_exchange(&runtime->kicked, false))
        pthread_cond_wait(&runtime->changed, &runtime->lock);
    atomic_store(&runtime->asleep, false);
    pthread_mutex_unlock(&runtime->lock);
}

/* Nobody can run: to the next timer, or wait for a device's host back end. */
static void idle(struct mb_runtime *runtime)
{
    int64_t next = mb_clock_next(runtime->machine);
    if (next == INT64_MAX)
        sleep_in_host_time(runtime);
    else if (next > runtime->virtual_ns)
        runtime->virtual_ns = next;
}

void mb_virtual_loop(struct mb_runtime *runtime)
{
    while (atomic_load(&runtime->go) &&
           !__atomic_load_n(&runtime->machine->event, __ATOMIC_SEQ_CST)) {
        uint64_t share = until_timer(runtime, SLICE), longest = 0;
        unsigned i = runtime->next < runtime->count ? runtime->next : 0;
        for (runtime->next = 0; i < runtime->count && atomic_load(&runtime->go); i++) {
            if (!can_run(runtime->vcpus[i]))
                continue;
            uint64_t ran = run_share(runtime, runtime->vcpus[i], share);
            if (ran > longest)
                longest = ran;
            if (atomic_load(&runtime->broken) == (int)i + 1)
                runtime->next = i + 1;
        }
        runtime->virtual_ns += (int64_t)(longest << runtime->shift);
        if (!longest)
            idle(runtime);
        mb_clock_ring(runtime->machine, runtime->virtual_ns);
    }
}
