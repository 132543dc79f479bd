/* CPUs from outside, while stopped: state by name, memory by virtual address, one step,
 * disassembly, counts. SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>
#include <sys/types.h>
#include "kvm/kvm.h"
#include "api.h"

static const struct mb_field common[] = {
    {"pc", offsetof(struct mb_cpu, pc), 8, 1},
    {"flags", offsetof(struct mb_cpu, key), 4, 1},
    {"insns", offsetof(struct mb_cpu, insns), 8, 1},
    {"halted", offsetof(struct mb_cpu, halted), 4, 1},
    {"mxcsr", offsetof(struct mb_cpu, mxcsr), 4, 1},
    {NULL, 0, 0, 0},
};

static const struct mb_field *find_in(const struct mb_field *fields, const char *name)
{
    for (; fields && fields->name; fields++)
        if (!strcmp(fields->name, name))
            return fields;
    return NULL;
}

static uint8_t *element(struct mb_cpu *cpu, const char *name, int index, size_t size,
                        uint32_t *width)
{
    const struct mb_field *field = find_in(cpu->core->fields, name);
    if (!field)
        field = find_in(common, name);
    if (!field) {
        mb_set_error("core %s has no field \"%s\"", cpu->core->name, name);
        return NULL;
    }
    if (index < 0 || (uint32_t)index >= field->count) {
        mb_set_error("field %s has elements 0 to %u, not %d", name, field->count - 1, index);
        return NULL;
    }
    if (size < field->width) {
        mb_set_error("field %s is %u bytes wide, not %zu", name, field->width, size);
        return NULL;
    }
    if (cpu->vcpu->kvm && !mb_kvm_fetch(cpu->vcpu))
        return NULL;
    *width = field->width;
    return (uint8_t *)cpu + field->offset + (size_t)index * field->width;
}

int mb_cpu_read_field(struct mb_cpu *cpu, const char *field, int index, void *data,
                      size_t size)
{
    uint32_t width;
    const uint8_t *at = element(cpu, field, index, size, &width);
    if (!at)
        return -1;
    memset(data, 0, size);
    memcpy(data, at, width);
    return (int)width;
}

int mb_cpu_write_field(struct mb_cpu *cpu, const char *field, int index, const void *data,
                       size_t size)
{
    uint32_t width;
    uint8_t *at = element(cpu, field, index, size, &width);
    if (!at)
        return -1;
    memcpy(at, data, width);
    atomic_store(&cpu->vcpu->resync, true);
    return (int)width;
}

int mb_cpu_field(struct mb_cpu *cpu, int number, const char **name, int *width, int *count)
{
    const struct mb_field *field = cpu->core->fields;
    for (int i = 0; field && field->name; field++, i++)
        if (i == number) {
            *name = field->name;
            *width = (int)field->width;
            *count = (int)field->count;
            return 1;
        }
    return 0;
}

/* ---- memory as the CPU sees it now ------------------------------------------------------- */
static bool physical(struct mb_cpu *cpu, uint64_t va, enum mb_access access, uint64_t *pa)
{
    struct mb_translation walk = {0};
    if (cpu->vcpu->kvm) {
        if (mb_kvm_translate(cpu->vcpu, va, pa))
            return true;
        mb_set_error("nothing is mapped at 0x%llx", (unsigned long long)va);
        return false;
    }
    cpu->core->walk(cpu, va, access, cpu->core->mmu_mode(cpu), &walk);
    *pa = (walk.pa & ~(uint64_t)MB_PAGE_MASK) | (va & MB_PAGE_MASK);
    if (walk.fault)
        mb_set_error("nothing is mapped at 0x%llx", (unsigned long long)va);
    return !walk.fault;
}

static size_t in_page(uint64_t va, size_t left)
{
    size_t room = MB_PAGE_SIZE - (va & MB_PAGE_MASK);
    return left < room ? left : room;
}

int mb_cpu_read_memory(struct mb_cpu *cpu, uint64_t va, void *data, size_t size)
{
    struct mb_bus *bus = cpu->vcpu->runtime->machine->memory;
    for (size_t done = 0, part; done < size; done += part) {
        uint64_t pa, at = mb_va(cpu->vcpu, va + done);
        part = in_page(at, size - done);
        if (!physical(cpu, at, MB_READ, &pa) ||
            mb_bus_read(bus, pa, (uint8_t *)data + done, part) < 0)
            return -1;
    }
    return 0;
}

int mb_cpu_write_memory(struct mb_cpu *cpu, uint64_t va, const void *data, size_t size)
{
    struct mb_bus *bus = cpu->vcpu->runtime->machine->memory;
    for (size_t done = 0, part; done < size; done += part) {
        uint64_t pa, at = mb_va(cpu->vcpu, va + done);
        part = in_page(at, size - done);
        if (!physical(cpu, at, MB_READ, &pa) ||
            mb_bus_write(bus, pa, (const uint8_t *)data + done, part) < 0)
            return -1;
    }
    return 0;
}

int mb_cpu_disassemble(struct mb_cpu *cpu, uint64_t pc, char *text, size_t size)
{
    uint8_t bytes[16];
    unsigned available = 0;
    if (!cpu->core->disassemble || !size)
        return 0;
    for (; available < sizeof bytes; available++)
        if (mb_cpu_read_memory(cpu, pc + available, bytes + available, 1) < 0)
            break;
    text[0] = 0;
    return available ? (int)cpu->core->disassemble(cpu, pc, bytes, available, text, size) : 0;
}

static int step(struct mb_cpu *cpu, bool masked)
{
    struct mb_vcpu *vcpu = cpu->vcpu;
    struct mb_runtime *runtime = vcpu->runtime;
    if (!mb_runtime_prepare(runtime))
        return -1;
    vcpu->steps = 1;
    vcpu->masked = masked;
    cpu->deadline = UINT64_MAX;
    cpu->exit_request = 1;
    mb_vcpu_begin(vcpu);
    enum mb_pause why = vcpu->kvm ? mb_kvm_run(vcpu) : mb_vcpu_run(vcpu);
    mb_window_enter(NULL);
    mb_vcpu_end(vcpu);
    vcpu->steps = -1;
    vcpu->masked = false;
    if (why != MB_PAUSE_STEP)
        mb_set_error("CPU %u is halted or off", cpu->index);
    return why == MB_PAUSE_STEP ? 0 : -1;
}

int mb_cpu_step(struct mb_cpu *cpu)
{
    return step(cpu, false);
}

int mb_cpu_step_masked(struct mb_cpu *cpu)
{
    return step(cpu, true);
}

/* ---- counts ------------------------------------------------------------------------------ */
static void add_vcpu(struct mb_stats *sum, const struct mb_vcpu *vcpu)
{
    const struct mb_vcpu_stats *stats = &vcpu->stats;
    sum->insns += vcpu->cpu->insns;
    sum->exits_link += stats->exits_link;
    sum->exits_jump += stats->exits_jump;
    sum->exits_irq += stats->exits_irq;
    sum->exits_leave += stats->exits_leave;
    sum->slow_loads += stats->slow_loads;
    sum->slow_stores += stats->slow_stores;
    sum->mmio_reads += stats->mmio_reads;
    sum->mmio_writes += stats->mmio_writes;
    sum->faults += stats->faults;
    sum->tlb_flushes += stats->tlb_flushes;
    sum->run_ns += stats->run_ns;
    if (stats->run_since)
        sum->run_ns += (uint64_t)(mb_host_ns() - stats->run_since);
}

void mb_machine_stats(struct mb_machine *machine, struct mb_stats *stats)
{
    const struct mb_runtime *runtime = machine->runtime;
    const struct mb_cache *cache = &runtime->cache;
    *stats = (struct mb_stats){
        .blocks = cache->blocks_made, .block_bytes = cache->block_bytes,
        .guest_bytes = cache->guest_bytes, .flushes = cache->flushes,
        .invalidations = cache->invalidations, .translate_ns = cache->translate_ns,
    };
    for (unsigned i = 0; i < runtime->count; i++)
        add_vcpu(stats, runtime->vcpus[i]);
}
