/* What cores ask of the engine: physical memory, power, lines, events, floating point.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <immintrin.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "dev.h"
#include "vcpu.h"

void mb_cpu_set_flags(struct mb_cpu *cpu, uint32_t flags)
{
    cpu->key = flags;
}

/* ---- physical memory: page tables live in RAM or ROM, never in a device ------------------ */
static uint8_t *memory_at(struct mb_cpu *cpu, uint64_t pa, unsigned size,
                          struct mb_slice *slice)
{
    if (!mb_bus_find(cpu->vcpu->runtime->machine->memory, pa, slice) || slice->room < size)
        return NULL;
    uint8_t *host = __atomic_load_n(&slice->region->host, __ATOMIC_ACQUIRE);
    return host ? host + slice->offset : NULL;
}

/* Aligned words in one piece: a guest's other CPU may be changing the tables. */
static void copy(void *to, const void *from, unsigned size)
{
    if (size == 4)
        memcpy(to, from, 4);
    else if (size == 8)
        memcpy(to, from, 8);
    else
        memcpy(to, from, size);
}

bool mb_cpu_phys_read(struct mb_cpu *cpu, uint64_t pa, void *data, unsigned size)
{
    struct mb_slice slice;
    const uint8_t *host = memory_at(cpu, pa, size, &slice);
    if (!host)
        return false;
    copy(data, host, size);
    return true;
}

bool mb_cpu_phys_write(struct mb_cpu *cpu, uint64_t pa, const void *data, unsigned size)
{
    struct mb_slice slice;
    struct mb_vcpu *vcpu = cpu->vcpu;
    uint8_t *host = memory_at(cpu, pa, size, &slice);
    if (!host || !slice.region->writable || !slice.region->memory)
        return false;
    copy(host, data, size);
    uint64_t ram_page = slice.region->ram_page + (slice.offset >> MB_PAGE_BITS);
    if (ram_page < vcpu->runtime->cache.page_count &&
        atomic_load(&vcpu->runtime->cache.pages[ram_page].chunks)) {
        if (vcpu->written_page != MB_NO_PAGE)
            atomic_store(&vcpu->runtime->forget_code, true);
        vcpu->written_page = ram_page;   /* dropped when no lock is held */
        vcpu->written_offset = pa & MB_PAGE_MASK;
        __atomic_store_n(&cpu->exit_request, 1, __ATOMIC_SEQ_CST);
    }
    return true;
}

/* ---- the board around the CPU --------------------------------------------------------------- */
struct mb_cpu *mb_cpu_peer(struct mb_cpu *cpu, unsigned index)
{
    return mb_runtime_cpu(cpu->vcpu->runtime, index);
}

unsigned mb_cpu_count(struct mb_cpu *cpu)
{
    return cpu->vcpu->runtime->count;
}

struct mb_machine *mb_cpu_machine(struct mb_cpu *cpu)
{
    return cpu->vcpu->runtime->machine;
}

uint64_t mb_cpu_clock_ns(struct mb_cpu *cpu)
{
    return (uint64_t)mb_clock_ns(mb_cpu_machine(cpu));
}

int mb_cpu_wire(struct mb_cpu *cpu, int output, struct mb_dev *target, int target_port,
                int target_index, int target_cpu)
{
    struct mb_cpu_wire *wire = calloc(1, sizeof *wire);
    if (!wire) {
        mb_set_error("not enough memory for a wire");
        return -1;
    }
    *wire = (struct mb_cpu_wire){
        .next = cpu->vcpu->wires, .output = (unsigned)output, .target = target,
        .port = (unsigned)target_port, .index = (unsigned)target_index, .cpu = target_cpu,
    };
    cpu->vcpu->wires = wire;
    return 0;
}

void mb_cpu_output(struct mb_cpu *cpu, unsigned port, int level)
{
    for (struct mb_cpu_wire *wire = cpu->vcpu->wires; wire; wire = wire->next)
        if (wire->output == port)
            mb_dev_input(wire->target, wire->port, wire->index, wire->cpu, level);
}

bool mb_cpu_is_off(struct mb_cpu *cpu)
{
    return !atomic_load(&cpu->vcpu->powered);
}

void mb_cpu_power_on(struct mb_cpu *target)
{
    target->halted = 0;
    atomic_store(&target->vcpu->resync, true);
    atomic_store(&target->vcpu->powered, true);
    mb_cpu_kick(target);
}

void mb_cpu_power_off(struct mb_cpu *cpu)
{
    atomic_store(&cpu->vcpu->powered, false);
    mb_cpu_kick(cpu);
}

void mb_cpu_machine_event(struct mb_cpu *cpu, enum mb_event event, const char *why)
{
    mb_machine_post(mb_cpu_machine(cpu), event, why);
}

void mb_cpu_log(struct mb_cpu *cpu, const char *format, ...)
{
    char name[24], text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    snprintf(name, sizeof name, "cpu.%u", cpu->index);
    mb_log_once(mb_cpu_machine(cpu), name, (const void *)(uintptr_t)cpu->pc, text);
}

/* ---- floating point: MXCSR holds the guest's mode and flags while its code runs -------------- */
static uint32_t mxcsr(const struct mb_cpu *cpu)
{
    return cpu->vcpu->in_code ? _mm_getcsr() : cpu->mxcsr;
}

static void set_mxcsr(struct mb_cpu *cpu, uint32_t value)
{
    cpu->mxcsr = value;
    if (cpu->vcpu->in_code)
        _mm_setcsr(value);
}

void mb_fp_set_rounding(struct mb_cpu *cpu, enum mb_rounding mode)
{
    set_mxcsr(cpu, (mxcsr(cpu) & ~0x6000u) | (uint32_t)mode << 13);
}

unsigned mb_fp_flags(struct mb_cpu *cpu)
{
    return mxcsr(cpu) & 0x3d;
}

void mb_fp_set_flags(struct mb_cpu *cpu, unsigned flags)
{
    set_mxcsr(cpu, (mxcsr(cpu) & ~0x3fu) | (flags & 0x3d));
}
