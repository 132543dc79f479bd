/* vCPU threads: starting, parking, sleeping, exclusive sections; mb_machine_run.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A kick is a store to exit_request; only a CPU that sleeps costs its waker a lock. Who
 * sleeps says so first and looks for kicks after; who kicks does it the other way round.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include "kvm/kvm.h"

void mb_vcpu_begin(struct mb_vcpu *vcpu)
{
    struct mb_runtime *runtime = vcpu->runtime;
    pthread_mutex_lock(&runtime->lock);
    while (runtime->exclusive)
        pthread_cond_wait(&runtime->changed, &runtime->lock);
    atomic_store(&vcpu->running, true);
    pthread_mutex_unlock(&runtime->lock);
}

void mb_vcpu_end(struct mb_vcpu *vcpu)
{
    struct mb_runtime *runtime = vcpu->runtime;
    pthread_mutex_lock(&runtime->lock);
    atomic_store(&vcpu->running, false);
    if (runtime->exclusive)
        pthread_cond_broadcast(&runtime->changed);
    pthread_mutex_unlock(&runtime->lock);
}

static bool anyone_runs(const struct mb_runtime *runtime)
{
    for (unsigned i = 0; i < runtime->count; i++)
        if (atomic_load(&runtime->vcpus[i]->running))
            return true;
    return false;
}

void mb_exclusive_begin(struct mb_vcpu *vcpu)
{
    struct mb_runtime *runtime = vcpu->runtime;
    pthread_mutex_lock(&runtime->lock);
    atomic_store(&vcpu->running, false);
    if (runtime->exclusive)
        pthread_cond_broadcast(&runtime->changed);
    while (runtime->exclusive)
        pthread_cond_wait(&runtime->changed, &runtime->lock);
    __atomic_store_n(&runtime->exclusive, true, __ATOMIC_SEQ_CST);
    for (unsigned i = 0; i < runtime->count; i++)
        __atomic_store_n(&runtime->vcpus[i]->cpu->exit_request, 1, __ATOMIC_SEQ_CST);
    while (anyone_runs(runtime))
        pthread_cond_wait(&runtime->changed, &runtime->lock);
    pthread_mutex_unlock(&runtime->lock);
}

void mb_exclusive_end(struct mb_vcpu *vcpu)
{
    struct mb_runtime *runtime = vcpu->runtime;
    pthread_mutex_lock(&runtime->lock);
    __atomic_store_n(&runtime->exclusive, false, __ATOMIC_SEQ_CST);
    atomic_store(&vcpu->running, true);
    pthread_cond_broadcast(&runtime->changed);
    pthread_mutex_unlock(&runtime->lock);
}

/* ---- kicks and sleep ------------------------------------------------------------------- */
static void wake_virtual(struct mb_runtime *runtime)
{
    atomic_store(&runtime->kicked, true);
    if (!atomic_load(&runtime->asleep))
        return;
    pthread_mutex_lock(&runtime->lock);
    pthread_cond_broadcast(&runtime->changed);
    pthread_mutex_unlock(&runtime->lock);
}

void mb_cpu_kick(struct mb_cpu *cpu)
{
    struct mb_vcpu *vcpu = cpu->vcpu;
    struct mb_runtime *runtime = vcpu->runtime;
    __atomic_store_n(&cpu->exit_request, 1, __ATOMIC_SEQ_CST);
    if (vcpu->kvm)
        mb_kvm_kick(vcpu);
    if (runtime->virtual_clock) {
        wake_virtual(runtime);
    } else if (atomic_load(&vcpu->sleeping)) {
        pthread_mutex_lock(&runtime->lock);
        pthread_cond_signal(&vcpu->wake);
        pthread_mutex_unlock(&runtime->lock);
    }
}

void mb_runtime_kick_all(struct mb_runtime *runtime)
{
    for (unsigned i = 0; i < runtime->count; i++)
        mb_cpu_kick(runtime->vcpus[i]->cpu);
    sem_post(&runtime->event);
}

static bool may_go(const struct mb_runtime *runtime)
{
    return atomic_load(&runtime->go) &&
           !__atomic_load_n(&runtime->machine->event, __ATOMIC_SEQ_CST);
}

static void doze(struct mb_vcpu *vcpu)
{
    struct mb_runtime *runtime = vcpu->runtime;
    pthread_mutex_lock(&runtime->lock);
    atomic_store(&vcpu->sleeping, true);
    while (!__atomic_load_n(&vcpu->cpu->exit_request, __ATOMIC_SEQ_CST) && may_go(runtime))
        pthread_cond_wait(&vcpu->wake, &runtime->lock);
    atomic_store(&vcpu->sleeping, false);
    pthread_mutex_unlock(&runtime->lock);
}

/* Wait for the next run; false: the machine is being freed. */
static bool park(struct mb_vcpu *vcpu)
{
    struct mb_runtime *runtime = vcpu->runtime;
    bool quit;
    pthread_mutex_lock(&runtime->lock);
    while (!may_go(runtime) && !runtime->quit) {
        if (!atomic_load(&runtime->go) && !vcpu->parked) {
            vcpu->parked = true;
            pthread_cond_broadcast(&runtime->changed);
        }
        pthread_cond_wait(&runtime->changed, &runtime->lock);
    }
    quit = runtime->quit;
    pthread_mutex_unlock(&runtime->lock);
    return !quit;
}

static void run_in_real_time(struct mb_vcpu *vcpu)
{
    vcpu->stats.run_since = mb_host_ns();
    mb_vcpu_begin(vcpu);
    enum mb_pause why = vcpu->kvm ? mb_kvm_run(vcpu) : mb_vcpu_run(vcpu);
    mb_vcpu_end(vcpu);
    vcpu->stats.run_ns += (uint64_t)(mb_host_ns() - vcpu->stats.run_since);
    vcpu->stats.run_since = 0;
    if (why == MB_PAUSE_HALT || why == MB_PAUSE_OFF)
        doze(vcpu);
}

static void *vcpu_thread(void *opaque)
{
    struct mb_vcpu *vcpu = opaque;
    mb_hot_begin(vcpu);
    while (park(vcpu))
        if (vcpu->runtime->virtual_clock)
            mb_virtual_loop(vcpu->runtime);
        else
            run_in_real_time(vcpu);
    mb_hot_end(vcpu);
    return NULL;
}

/* ---- the caller's side ------------------------------------------------------------------- */
/* Asynchronous signals are for the threads of the host program. */
static bool start(struct mb_vcpu *vcpu)
{
    sigset_t blocked, before;
    char name[16];
    if (vcpu->started)
        return true;
    sigfillset(&blocked);
    sigdelset(&blocked, SIGSEGV);
    sigdelset(&blocked, SIGBUS);
    sigdelset(&blocked, SIGFPE);
    sigdelset(&blocked, SIGILL);
    sigdelset(&blocked, SIGPROF);
    sigdelset(&blocked, MB_KICK_SIGNAL);
    sigdelset(&blocked, MB_SAMPLE_SIGNAL);
    pthread_sigmask(SIG_SETMASK, &blocked, &before);
    vcpu->started = pthread_create(&vcpu->thread, NULL, vcpu_thread, vcpu) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!vcpu->started) {
        mb_set_error("cannot start a thread for CPU %u", vcpu->cpu->index);
        return false;
    }
    snprintf(name, sizeof name, "mb cpu %u", vcpu->cpu->index);
    pthread_setname_np(vcpu->thread, name);
    return true;
}

static bool start_all(struct mb_runtime *runtime)
{
    unsigned threads = runtime->virtual_clock ? runtime->count > 0 : runtime->count;
    for (unsigned i = 0; i < threads; i++)
        if (!start(runtime->vcpus[i]))
            return false;
    return true;
}

static void set_go(struct mb_runtime *runtime, bool go)
{
    pthread_mutex_lock(&runtime->lock);
    for (unsigned i = 0; go && i < runtime->count; i++)
        runtime->vcpus[i]->parked = false;
    atomic_store(&runtime->go, go);
    pthread_cond_broadcast(&runtime->changed);
    pthread_mutex_unlock(&runtime->lock);
}

static void wait_until_parked(struct mb_runtime *runtime)
{
    mb_runtime_kick_all(runtime);
    pthread_mutex_lock(&runtime->lock);
    for (unsigned i = 0; i < runtime->count; i++)
        while (runtime->vcpus[i]->started && !runtime->vcpus[i]->parked)
            pthread_cond_wait(&runtime->changed, &runtime->lock);
    pthread_mutex_unlock(&runtime->lock);
}

enum { RUN_ERROR = 3, RUN_STOPPED = 4, RUN_TIMEOUT = 5, RUN_SIGNAL = 7 };

static int wait_for_event(struct mb_runtime *runtime, int64_t timeout_ms)
{
    int64_t until = mb_host_ns() + timeout_ms * 1000000;
    struct timespec at = {.tv_sec = until / 1000000000, .tv_nsec = until % 1000000000};
    for (;;) {
        int event = __atomic_load_n(&runtime->machine->event, __ATOMIC_SEQ_CST);
        if (event)
            return event;
        if (atomic_exchange(&runtime->stop, false))
            return RUN_STOPPED;
        int failed = timeout_ms > 0 ? sem_clockwait(&runtime->event, CLOCK_MONOTONIC, &at)
                                    : sem_wait(&runtime->event);
        if (failed && errno == ETIMEDOUT)
            return RUN_TIMEOUT;
        if (failed && errno == EINTR)
            return RUN_SIGNAL;
    }
}

int mb_machine_run(struct mb_machine *machine, int64_t timeout_ms)
{
    struct mb_runtime *runtime = machine->runtime;
    int event = RUN_ERROR;
    if (timeout_ms > 1000000000)
        timeout_ms = 1000000000;
    if (!mb_runtime_prepare(runtime))
        return RUN_ERROR;
    atomic_store(&runtime->broken, 0);
    set_go(runtime, true);
    if (start_all(runtime))
        event = wait_for_event(runtime, timeout_ms);
    set_go(runtime, false);
    wait_until_parked(runtime);
    pthread_mutex_lock(&machine->lock);
    machine->event = 0;
    pthread_mutex_unlock(&machine->lock);
    mb_deferred_drain(machine->deferred);       /* who reads the console finds all of it */
    return event;
}

void mb_machine_stop(struct mb_machine *machine)
{
    atomic_store(&machine->runtime->stop, true);
    sem_post(&machine->runtime->event);
}

void mb_runtime_join(struct mb_runtime *runtime)
{
    pthread_mutex_lock(&runtime->lock);
    atomic_store(&runtime->go, false);
    runtime->quit = true;
    pthread_cond_broadcast(&runtime->changed);
    pthread_mutex_unlock(&runtime->lock);
    mb_runtime_kick_all(runtime);
    for (unsigned i = 0; i < runtime->count; i++)
        if (runtime->vcpus[i]->started)
            pthread_join(runtime->vcpus[i]->thread, NULL);
}
