/* Breakpoints of a debugger: guest addresses where CPUs stop. SPDX-License-Identifier: Apache-2.0
 *
 * They are the run loop's, and guest memory is not touched: a unit ends before such an
 * address, and one that begins there is a single instruction that nothing links to, so
 * the loop sees every arrival. While there are none, nothing is compared. On KVM it is the
 * processor that stops (kvm/debug.c).
 */
#include <stdlib.h>
#include <string.h>
#include "vcpu.h"
#include "api.h"

enum { EVENT_BREAKPOINT = 6 };

static int by_address(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

bool mb_is_breakpoint(const struct mb_runtime *runtime, uint64_t pc)
{
    return runtime->breakpoint_count &&
           bsearch(&pc, runtime->breakpoints, runtime->breakpoint_count, sizeof pc, by_address);
}

/* Translations know where the breakpoints were: all go. */
static void forget_code(struct mb_runtime *runtime)
{
    if (!runtime->prepared || runtime->kvm)
        return;
    pthread_mutex_lock(&runtime->cache.lock);
    mb_cache_flush(runtime);
    pthread_mutex_unlock(&runtime->cache.lock);
}

int mb_machine_set_breakpoints(struct mb_machine *machine, const uint64_t *pcs, size_t count)
{
    struct mb_runtime *runtime = machine->runtime;
    uint64_t *copy = calloc(count + 1, sizeof *copy);
    if (!copy) {
        mb_set_error("not enough memory for %zu breakpoints", count);
        return -1;
    }
    if (count)
        memcpy(copy, pcs, count * sizeof *copy);
    qsort(copy, count, sizeof *copy, by_address);
    mb_promoter_pause(runtime);
    free(runtime->breakpoints);
    runtime->breakpoints = copy;
    runtime->breakpoint_count = count;
    forget_code(runtime);
    mb_promoter_resume(runtime);
    return 0;
}

int mb_machine_breakpoint_cpu(struct mb_machine *machine)
{
    return atomic_load(&machine->runtime->broken) - 1;
}

/* A CPU that was told of its breakpoint goes on past it; CPUs that arrive while another
 * one's is being told will be told at the next run. */
bool mb_stops_at(struct mb_vcpu *vcpu, uint64_t pc)
{
    struct mb_runtime *runtime = vcpu->runtime;
    struct mb_cpu *cpu = vcpu->cpu;
    int nobody = 0;
    if (vcpu->steps >= 0 || !mb_is_breakpoint(runtime, pc) ||
        (vcpu->told_pc == pc && vcpu->told_insns == cpu->insns))
        return false;
    if (atomic_compare_exchange_strong(&runtime->broken, &nobody, (int)cpu->index + 1)) {
        vcpu->told_pc = pc;
        vcpu->told_insns = cpu->insns;
        mb_machine_post(runtime->machine, EVENT_BREAKPOINT, "breakpoint");
    }
    return true;
}

bool mb_stops_here(struct mb_vcpu *vcpu)
{
    return mb_stops_at(vcpu, vcpu->cpu->pc);
}
