/* The runtime of a machine and its vCPUs: making, preparing, resetting, freeing.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "vcpu.h"

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
    mb_spaces_free(vcpu);
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
    if (runtime->prepared)
        mb_cache_free(&runtime->cache);
    for (unsigned i = 0; i < runtime->count; i++)
        free_vcpu(runtime->vcpus[i]);
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
static bool check_core(const struct mb_machine *machine, const struct mb_core *core)
{
    if (core->abi != MB_CORE_ABI)
        mb_set_error("core %s has ABI %u, this engine has %u", core->name, core->abi,
                     MB_CORE_ABI);
    else if (core->address_bits != 32)
        mb_set_error("core %s: only 32-bit guests have address tables yet", core->name);
    else if (core->mmu_modes == 0 || core->mmu_modes > MB_MODES)
        mb_set_error("core %s has %u privilege indices", core->name, core->mmu_modes);
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
    return mb_spaces_init(vcpu);
}

struct mb_cpu *mb_cpu_new(struct mb_machine *machine, const void *core, int mode)
{
    struct mb_runtime *runtime = machine->runtime;
    if (!check_core(machine, core))
        return NULL;
    struct mb_vcpu *vcpu = calloc(1, sizeof *vcpu);
    if (!vcpu) {
        mb_set_error("not enough memory for a CPU");
        return NULL;
    }
    vcpu->runtime = runtime;
    vcpu->interpreted = mode == 1;
    vcpu->steps = -1;
    vcpu->told_pc = UINT64_MAX;
    vcpu->written_page = MB_NO_PAGE;
    vcpu->starts_powered = true;
    pthread_cond_init(&vcpu->wake, NULL);
    pthread_mutex_init(&vcpu->flush_lock, NULL);
    if (!init_state(vcpu, core)) {
        mb_set_error("not enough memory for a CPU");
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

bool mb_runtime_prepare(struct mb_runtime *runtime)
{
    uint64_t pages = runtime->machine->ram_pages;
    if (!runtime->prepared) {
        for (unsigned i = 0; i < runtime->count; i++)
            if (!runtime->vcpus[i]->writers && !map_writers(runtime->vcpus[i], pages))
                return false;
        if (!mb_cache_init(&runtime->cache, pages))
            return false;
        runtime->prepared = true;
    }
    if (!runtime->was_reset)
        mb_runtime_reset(runtime);
    return true;
}

static void reset_vcpu(struct mb_vcpu *vcpu)
{
    struct mb_cpu *cpu = vcpu->cpu;
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
    for (unsigned i = 0; i < runtime->count; i++)
        reset_vcpu(runtime->vcpus[i]);
}

/* Translations are dropped page by page as they are in RAM; code in a device's window is
 * in none, so all of it goes. */
void mb_runtime_remapped(struct mb_runtime *runtime)
{
    atomic_store(&runtime->forget_code, true);
    for (unsigned i = 0; i < runtime->count; i++) {
        mb_flush_ask(runtime->vcpus[i], (struct mb_flush){.kind = MB_FLUSH_ALL});
        mb_cpu_kick(runtime->vcpus[i]->cpu);
    }
}
