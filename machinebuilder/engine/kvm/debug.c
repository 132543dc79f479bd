/* Breakpoints and steps on KVM, which stops the CPU. SPDX-License-Identifier: Apache-2.0
 *
 * Guest memory is not touched: breakpoints are in the processor's debug registers, as many
 * as it has. With more, the CPU goes instruction by instruction and each place is looked
 * up: slow, but exact. They compare linear addresses. A CPU goes past the breakpoint that
 * it stopped at by a step. */
#include "kvm.h"

static bool too_many(const struct mb_kvm_cpu *cpu)
{
    return cpu->vcpu->runtime->breakpoint_count > cpu->kvm->core->breakpoints;
}

static uint64_t linear_pc(struct mb_kvm_cpu *cpu)
{
    const struct mb_cpu *state = cpu->vcpu->cpu;
    if (!mb_kvm_fetch(cpu->vcpu))
        return UINT64_MAX;
    return state->core->linear ? state->core->linear(state) : state->pc;
}

/* At the start of a run: is this where it stopped last, or a breakpoint it has reached
 * while another CPU was told of its own? */
bool mb_kvm_debug_begin(struct mb_kvm_cpu *cpu)
{
    struct mb_vcpu *vcpu = cpu->vcpu;
    cpu->passing = false;
    cpu->debug_changed = cpu->debugged || vcpu->steps >= 0 ||
                         vcpu->runtime->breakpoint_count;
    if (vcpu->steps < 0 && !vcpu->runtime->breakpoint_count)
        return true;
    cpu->step_pc = linear_pc(cpu);
    if (mb_stops_at(vcpu, cpu->step_pc))
        return false;
    cpu->passing = mb_is_breakpoint(vcpu->runtime, cpu->step_pc);
    return true;
}

bool mb_kvm_debug_enter(struct mb_kvm_cpu *cpu)
{
    struct mb_runtime *runtime = cpu->vcpu->runtime;
    if (!cpu->debug_changed)
        return true;
    struct mb_kvm_debug wanted = {
        .step = cpu->vcpu->steps > 0 || cpu->passing || too_many(cpu),
        .masked = cpu->vcpu->masked, .breakpoints = runtime->breakpoints,
        .count = runtime->breakpoint_count,
    };
    cpu->debug_changed = false;
    cpu->stepped = wanted.step;
    cpu->debugged = wanted.step || wanted.count;
    return cpu->kvm->core->debug && cpu->kvm->core->debug(cpu, &wanted);
}

static bool stopped(struct mb_kvm_cpu *cpu, uint64_t pc)
{
    struct mb_vcpu *vcpu = cpu->vcpu;
    cpu->debug_changed = true;
    cpu->step_pc = pc;
    if (vcpu->steps >= 0) {
        vcpu->steps -= vcpu->steps > 0;
        return true;
    }
    cpu->passing = false;
    vcpu->told_pc = UINT64_MAX;
    return !mb_stops_at(vcpu, pc);
}

bool mb_kvm_debug_exit(struct mb_kvm_cpu *cpu)
{
    return stopped(cpu, cpu->kvm->core->stopped_at(cpu));
}

/* Where KVM emulates an instruction that writes to a device, it forgets that this was a
 * step: the CPU is seen to have gone on. */
bool mb_kvm_debug_access(struct mb_kvm_cpu *cpu)
{
    if (!cpu->stepped)
        return true;
    mb_kvm_finish(cpu);
    if (cpu->debug_changed)                      /* it came out for the step */
        return true;
    uint64_t pc = linear_pc(cpu);
    return pc == cpu->step_pc || stopped(cpu, pc);
}
