/* The runtime of a machine and its vCPUs: making, preparing, resetting, freeing.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "kvm/kvm.h"
#include "api.h"

#define MXCSR_DEFAULT 0x1f80    /* all exceptions masked, round to nearest */

struct mb_runtime *mb_runtime_new(struct mb_machine *machine)
{
    struct mb_runtime *runtime = calloc(1, sizeof *runtime);
    if (!runtime)
        return NULL;
    runtime->machine = machine;
    runtime->virtual_clock = machine->virtual_clock;
    runtime->shift = machine->ns_per_insn_shift & 31;
    pthread_mutex_init(&runtime->lock, NULL);
    pthread_cond_init(&runtime->changed, NULL);
    sem_init(&runtime->event, 0, 0);
    mb_trace_init();
    return runtime;
}

static void free_vcpu(struct mb_vcpu *vcpu)
{
    mb_kvm_free_cpu(vcpu);
    mb_spaces_free(vcpu);
    if (vcpu->cpu)
        free(vcpu->cpu->jumps);
    if (vcpu->writers)
        munmap(vcpu->writers, vcpu->writers_size);
    for (struct mb_cpu_wire *wire = vcpu->wires, *next; wire; wire = next) {
        next = wire->next;
        free(wire);
    }
    pthread_cond_destroy(&vcpu->wake);
    pthread_mutex_destroy(&vcpu->flush_lock);
    free(vcpu->cpu);
    free(vcpu);
}

void mb_runtime_free(struct mb_runtime *runtime)
{
    if (!runtime)
        return;
    mb_runtime_join(runtime);
    mb_promoter_free(runtime);
    if (runtime->prepared && !runtime->kvm)
        mb_cache_free(&runtime->cache);
    for (unsigned i = 0; i < runtime->count; i++)
        free_vcpu(runtime->vcpus[i]);
    mb_kvm_free(runtime->kvm);
    free(runtime->breakpoints);
    sem_destroy(&runtime->event);
    pthread_cond_destroy(&runtime->changed);
    pthread_mutex_destroy(&runtime->lock);
    free(runtime);
}

unsigned mb_runtime_cpu_count(struct mb_runtime *runtime)
{
    return runtime->count;
}

struct mb_cpu *mb_runtime_cpu(struct mb_runtime *runtime, unsigned index)
{
    return index < runtime->count ? runtime->vcpus[index]->cpu : NULL;
}

/* ---- CPUs ------------------------------------------------------------------------------ */
enum { TRANSLATED, INTERPRETED, KVM };

static bool check_core(const struct mb_machine *machine, const struct mb_core *core, int mode)
{
    if (core->abi != MB_CORE_ABI)
        mb_set_error("core %s has ABI %u, this engine has %u", core->name, core->abi,
                     MB_CORE_ABI);
    else if (mode != KVM && !core->translate)
        mb_set_error("there is no translator for %s yet: its CPUs run on KVM alone, on a "
                     "host of their own kind", core->name);
    else if (mode != KVM && core->address_bits != 32)
        mb_set_error("core %s: only 32-bit guests have address tables yet", core->name);
    else if (mode == KVM && machine->virtual_clock)
        mb_set_error("KVM cannot count instructions: a virtual clock needs --accel translate");
    else if (core->mmu_modes == 0 || core->mmu_modes > MB_MODES)
        mb_set_error("core %s has %u privilege indices", core->name, core->mmu_modes);
    else if (core->state_size > MB_PLACE_OFFSETS)
        mb_set_error("core %s: %u bytes of state, %u at most", core->name, core->state_size,
                     MB_PLACE_OFFSETS);
    else if (machine->runtime->count == MB_MAX_CPUS || machine->runtime->prepared)
        mb_set_error("no CPU can be added now");
    else
        return true;
    return false;
}

static bool init_state(struct mb_vcpu *vcpu, const struct mb_core *core)
{
    size_t size = ((size_t)core->state_size + 63) & ~(size_t)63;
    vcpu->cpu = aligned_alloc(64, size);
    if (!vcpu->cpu)
        return false;
    memset(vcpu->cpu, 0, size);
    vcpu->cpu->vcpu = vcpu;
    vcpu->cpu->core = core;
    vcpu->cpu->mxcsr = MXCSR_DEFAULT;
    vcpu->cpu->index = vcpu->runtime->count;
    vcpu->core = core;
    return true;
}

struct mb_cpu *mb_cpu_new(struct mb_machine *machine, const void *core, int mode)
{
    struct mb_runtime *runtime = machine->runtime;
    if (!check_core(machine, core, mode))
        return NULL;
    struct mb_vcpu *vcpu = calloc(1, sizeof *vcpu);
    if (!vcpu) {
        mb_set_error("not enough memory for a CPU");
        return NULL;
    }
    vcpu->runtime = runtime;
    vcpu->interpreted = mode == INTERPRETED;
    vcpu->steps = -1;
    vcpu->told_pc = UINT64_MAX;
    vcpu->written_page = MB_NO_PAGE;
    vcpu->starts_powered = true;
    pthread_cond_init(&vcpu->wake, NULL);
    pthread_mutex_init(&vcpu->flush_lock, NULL);
    mb_set_error("not enough memory for a CPU");
    if (!init_state(vcpu, core) ||
        !(mode == KVM ? mb_kvm_add_cpu(vcpu) : mb_spaces_init(vcpu) && mb_jumps_init(vcpu))) {
        free_vcpu(vcpu);
        return NULL;
    }
    runtime->vcpus[runtime->count++] = vcpu;
    return vcpu->cpu;
}

void mb_cpu_set_powered(struct mb_cpu *cpu, int on)
{
    cpu->vcpu->starts_powered = on;
    atomic_store(&cpu->vcpu->powered, on);
}

/* ---- before the first run, and at every reset ------------------------------------------- */
static bool map_writers(struct mb_vcpu *vcpu, uint64_t ram_pages)
{
    vcpu->writers_size = (ram_pages + 1) * sizeof *vcpu->writers;
    void *memory = mmap(NULL, vcpu->writers_size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
        mb_set_error("not enough memory for a CPU");
        return false;
    }
    vcpu->writers = memory;
    return true;
}

static bool prepare_kvm(struct mb_runtime *runtime)
{
    struct mb_kvm *kvm = runtime->kvm;
    for (struct mb_bus *bus = runtime->machine->buses; bus; bus = mb_bus_next(bus))
        if (!strcmp(mb_bus_name(bus), "io"))
            kvm->ports = bus;
    for (unsigned i = 0; i < runtime->count; i++)
        runtime->vcpus[i]->kvm->interrupts = mb_cpu_driver(runtime->vcpus[i]->cpu, 0);
    return mb_kvm_remap(kvm);
}

bool mb_runtime_prepare(struct mb_runtime *runtime)
{
    uint64_t pages = runtime->machine->ram_pages;
    if (!runtime->prepared && runtime->kvm) {
        if (!prepare_kvm(runtime))
            return false;
        runtime->prepared = true;
    }
    if (!runtime->prepared) {
        for (unsigned i = 0; i < runtime->count; i++)
            if (!runtime->vcpus[i]->writers && !map_writers(runtime->vcpus[i], pages))
                return false;
        if (!mb_cache_init(&runtime->cache, pages))
            return false;
        atomic_store(&runtime->windows, mb_windows_wanted());
        runtime->units = mb_units_wanted();
        if (mb_hot_wants_samples(runtime) && !mb_promoter_init(runtime))
            return false;
        runtime->prepared = true;
    }
    if (!runtime->was_reset)
        mb_runtime_reset(runtime);
    mb_window_install();
    return true;
}

static void reset_vcpu(struct mb_vcpu *vcpu)
{
    struct mb_cpu *cpu = vcpu->cpu;
    if (vcpu->kvm) {
        atomic_store(&vcpu->powered, vcpu->starts_powered);
        mb_kvm_reset(vcpu);
        return;
    }
    mb_spaces_flush(vcpu, (struct mb_flush){.kind = MB_FLUSH_ALL});
    cpu->halted = 0;
    cpu->mxcsr = MXCSR_DEFAULT;
    vcpu->single_next = false;
    atomic_store(&vcpu->powered, vcpu->starts_powered);
    vcpu->core->reset(cpu);
    mb_cpu_mmu_changed(cpu);
}

void mb_runtime_reset(struct mb_runtime *runtime)
{
    runtime->was_reset = true;
    if (runtime->kvm)
        runtime->kvm->core->reset(runtime->kvm);
    for (unsigned i = 0; i < runtime->count; i++)
        reset_vcpu(runtime->vcpus[i]);
}

/* Translations are dropped page by page as they are in RAM; code in a device's window is
 * in none, so all of it goes. */
void mb_runtime_remapped(struct mb_runtime *runtime)
{
    if (runtime->kvm) {
        if (runtime->prepared && !mb_kvm_remap(runtime->kvm))
            mb_machine_post(runtime->machine, MB_EVENT_ERROR, mb_error());
        return;
    }
    atomic_store(&runtime->forget_code, true);
    for (unsigned i = 0; i < runtime->count; i++) {
        mb_flush_ask(runtime->vcpus[i], (struct mb_flush){.kind = MB_FLUSH_ALL});
        mb_cpu_kick(runtime->vcpus[i]->cpu);
    }
}
