/* The run loop of a CPU on KVM. SPDX-License-Identifier: Apache-2.0
 *
 * A kick must not be lost between the loop's last look and the guest: `immediate_exit`
 * makes KVM_RUN come back at once, and a signal brings a CPU out that is in already. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "kvm.h"
#include "api.h"

#define TICK_NS 10000000

void mb_kvm_kick(struct mb_vcpu *vcpu)
{
    struct mb_kvm_cpu *cpu = vcpu->kvm;
    __atomic_store_n(&cpu->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
    if (atomic_load(&cpu->inside))
        syscall(SYS_tgkill, getpid(), cpu->thread, MB_KICK_SIGNAL);
}

/* KVM finishes an access that it came out for when it is entered again, and may come out
 * at once for the rest of it. */
void mb_kvm_finish(struct mb_kvm_cpu *cpu)
{
    while (cpu->unfinished) {
        cpu->unfinished = false;
        __atomic_store_n(&cpu->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
        if (ioctl(cpu->fd, KVM_RUN, 0) == 0)
            mb_kvm_exit(cpu);
    }
}

bool mb_kvm_fetch(struct mb_vcpu *vcpu)
{
    struct mb_kvm_cpu *cpu = vcpu->kvm;
    if (!cpu->loaded)
        return true;
    mb_kvm_finish(cpu);
    if (!cpu->kvm->core->save(cpu))
        return false;
    cpu->loaded = false;
    return true;
}

/* What was changed from outside, or by reset, goes to KVM. */
static bool load(struct mb_kvm_cpu *cpu)
{
    if (cpu->loaded)
        return true;
    cpu->loaded = cpu->kvm->core->load(cpu);
    return cpu->loaded;
}

bool mb_kvm_translate(struct mb_vcpu *vcpu, uint64_t va, uint64_t *pa)
{
    struct kvm_translation translation = {.linear_address = va};
    if (!load(vcpu->kvm) || ioctl(vcpu->kvm->fd, KVM_TRANSLATE, &translation) < 0 ||
        !translation.valid)
        return false;
    *pa = translation.physical_address;
    return true;
}

void mb_kvm_reset(struct mb_vcpu *vcpu)
{
    struct mb_kvm_cpu *cpu = vcpu->kvm;
    mb_kvm_finish(cpu);
    cpu->loaded = cpu->unfinished = false;
    vcpu->cpu->halted = 0;
    vcpu->told_pc = UINT64_MAX;
    vcpu->core->reset(vcpu->cpu);
    cpu->kvm->core->reset_cpu(cpu);
}

/* KVM halts CPUs by itself if it has their local APICs. */
static bool halts_itself(const struct mb_vcpu *vcpu)
{
    return vcpu->kvm->kvm->chips != MB_KVM_CHIPS_OFF;
}

static bool must_pause(struct mb_vcpu *vcpu, enum mb_pause *why)
{
    struct mb_cpu *cpu = vcpu->cpu;
    bool in_kernel = halts_itself(vcpu);
    if ((!atomic_load(&vcpu->runtime->go) && vcpu->steps < 0) ||
        __atomic_load_n(&vcpu->runtime->machine->event, __ATOMIC_SEQ_CST))
        *why = MB_PAUSE_STOP;
    else if (!in_kernel && !atomic_load(&vcpu->powered))
        *why = MB_PAUSE_OFF;
    else if (!in_kernel && cpu->halted && !vcpu->core->wakes(cpu))
        *why = MB_PAUSE_HALT;
    else if (vcpu->steps == 0)
        *why = MB_PAUSE_STEP;
    else
        return false;
    return true;
}

static bool give_up(struct mb_vcpu *vcpu)
{
    mb_machine_post(vcpu->runtime->machine, MB_EVENT_ERROR, mb_error());
    return false;
}

/* A step of a CPU that halts in KVM would not come back: a tick brings it out to see. */
static bool begin_ticks(timer_t *timer)
{
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = MB_KICK_SIGNAL};
    struct itimerspec every = {{0, TICK_NS}, {0, TICK_NS}};
    event._sigev_un._tid = gettid();
    return timer_create(CLOCK_MONOTONIC, &event, timer) == 0 &&
           timer_settime(*timer, 0, &every, NULL) == 0;
}

static bool waits(struct mb_kvm_cpu *cpu)
{
    return halts_itself(cpu->vcpu) && mb_kvm_fetch(cpu->vcpu) && cpu->vcpu->cpu->halted;
}

/* Once into the guest and out; false: it was not for the guest's own sake. */
static bool enter(struct mb_kvm_cpu *cpu)
{
    struct mb_vcpu *vcpu = cpu->vcpu;
    if (atomic_exchange(&vcpu->resync, false))
        cpu->loaded = false;
    if (!load(cpu) || !mb_kvm_debug_enter(cpu))
        return give_up(vcpu);
    cpu->kvm->core->enter(cpu);
    atomic_store(&cpu->inside, true);
    if (__atomic_load_n(&vcpu->cpu->exit_request, __ATOMIC_SEQ_CST))
        __atomic_store_n(&cpu->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
    int failed = ioctl(cpu->fd, KVM_RUN, 0);
    int error = errno;
    atomic_store(&cpu->inside, false);
    cpu->unfinished = false;
    cpu->kvm->core->leave(cpu);
    vcpu->stats.exits_leave++;
    if (failed < 0 && (error == EINTR || error == EAGAIN))
        return false;
    if (failed < 0) {
        mb_set_error("KVM: running CPU %u failed: %s", vcpu->cpu->index, strerror(error));
        return give_up(vcpu);
    }
    return mb_kvm_exit(cpu);
}

static enum mb_pause run(struct mb_kvm_cpu *cpu)
{
    struct mb_vcpu *vcpu = cpu->vcpu;
    enum mb_pause why;
    for (;;) {
        __atomic_store_n(&cpu->run->immediate_exit, 0, __ATOMIC_SEQ_CST);
        __atomic_exchange_n(&vcpu->cpu->exit_request, 0, __ATOMIC_SEQ_CST);
        if (must_pause(vcpu, &why))
            return why;
        if (!halts_itself(vcpu))
            vcpu->cpu->halted = 0;
        if (!enter(cpu) && vcpu->steps > 0 && waits(cpu))
            return MB_PAUSE_HALT;
    }
}

enum mb_pause mb_kvm_run(struct mb_vcpu *vcpu)
{
    struct mb_kvm_cpu *cpu = vcpu->kvm;
    bool stepping = vcpu->steps >= 0;
    timer_t timer;
    cpu->thread = gettid();
    if (stepping && !begin_ticks(&timer))
        stepping = false;
    enum mb_pause why = mb_kvm_debug_begin(cpu) ? run(cpu) : MB_PAUSE_STOP;
    if (stepping)
        timer_delete(timer);
    mb_kvm_finish(cpu);
    return why;
}
