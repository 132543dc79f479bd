/* Why a CPU came out of KVM_RUN, and what is done about it. SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "kvm.h"
#include "api.h"

/* ---- accesses --------------------------------------------------------------------------------- */
static bool whole(unsigned size)
{
    return size == 1 || size == 2 || size == 4 || size == 8;
}

/* What nobody answers reads as ones, as an open bus does. */
static void load(struct mb_bus *bus, uint64_t address, uint8_t *data, unsigned size, int cpu)
{
    unsigned step = whole(size) ? size : 1;
    for (unsigned at = 0; at < size; at += step) {
        uint64_t value;
        if (!bus || !mb_bus_load(bus, address + at, step, cpu, &value))
            value = UINT64_MAX;
        memcpy(data + at, &value, step);
    }
}

static void store(struct mb_bus *bus, uint64_t address, const uint8_t *data, unsigned size,
                  int cpu)
{
    unsigned step = whole(size) ? size : 1;
    for (unsigned at = 0; at < size; at += step) {
        uint64_t value = 0;
        memcpy(&value, data + at, step);
        if (bus)
            mb_bus_store(bus, address + at, value, step, cpu);
    }
}

static void do_ports(struct mb_kvm_cpu *cpu)
{
    struct kvm_run *run = cpu->run;
    uint8_t *data = (uint8_t *)run + run->io.data_offset;
    int number = (int)cpu->vcpu->cpu->index;
    bool out = run->io.direction == KVM_EXIT_IO_OUT;
    *(out ? &cpu->vcpu->stats.mmio_writes : &cpu->vcpu->stats.mmio_reads) += 1;
    for (uint32_t i = 0; i < run->io.count; i++, data += run->io.size)
        if (out)
            store(cpu->kvm->ports, run->io.port, data, run->io.size, number);
        else
            load(cpu->kvm->ports, run->io.port, data, run->io.size, number);
    cpu->unfinished = true;
}

static void do_memory(struct mb_kvm_cpu *cpu)
{
    struct kvm_run *run = cpu->run;
    struct mb_bus *memory = cpu->kvm->machine->memory;
    unsigned size = run->mmio.len <= sizeof run->mmio.data ? run->mmio.len : 0;
    int number = (int)cpu->vcpu->cpu->index;
    *(run->mmio.is_write ? &cpu->vcpu->stats.mmio_writes : &cpu->vcpu->stats.mmio_reads) += 1;
    if (run->mmio.is_write)
        store(memory, run->mmio.phys_addr, run->mmio.data, size, number);
    else
        load(memory, run->mmio.phys_addr, run->mmio.data, size, number);
    cpu->unfinished = true;
}

/* ---- the end ------------------------------------------------------------------------------------- */
static size_t add_bytes(struct mb_kvm_cpu *cpu, char *text, size_t size)
{
    uint8_t bytes[16];
    size_t used = 0;
    struct mb_cpu *state = cpu->vcpu->cpu;
    uint64_t linear = state->pc;
    if (state->core->linear)
        linear = state->core->linear(state);
    if (mb_cpu_read_memory(state, linear, bytes, sizeof bytes) < 0)
        return (size_t)snprintf(text, size, "no memory is mapped there");
    used += (size_t)snprintf(text, size, "instruction bytes:");
    for (unsigned i = 0; i < sizeof bytes && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, " %02x", bytes[i]);
    return used;
}

/* The run is over: cause, registers, the bytes of the instruction. */
static bool fail(struct mb_kvm_cpu *cpu, const char *cause)
{
    char text[2048];
    struct mb_cpu *state = cpu->vcpu->cpu;
    int used = snprintf(text, sizeof text, "CPU %u: %s\n", state->index, cause);
    if (mb_kvm_fetch(cpu->vcpu)) {
        cpu->kvm->core->describe(state, text + used, sizeof text - (size_t)used);
        used = (int)strlen(text);
        add_bytes(cpu, text + used, sizeof text - (size_t)used);
    }
    mb_machine_post(cpu->kvm->machine, MB_EVENT_ERROR, text);
    return false;
}

static bool internal_error(struct mb_kvm_cpu *cpu)
{
    char cause[160];
    unsigned code = cpu->run->internal.suberror;
    const char *what = code == KVM_INTERNAL_ERROR_EMULATION
        ? "KVM cannot emulate the instruction" : "KVM stopped with an internal error";
    snprintf(cause, sizeof cause, "%s (suberror %u)", what, code);
    return fail(cpu, cause);
}

static bool failed_entry(struct mb_kvm_cpu *cpu)
{
    char cause[160];
    snprintf(cause, sizeof cause,
             "the processor refused the guest's state (hardware reason 0x%" PRIx64 ")",
             (uint64_t)cpu->run->fail_entry.hardware_entry_failure_reason);
    return fail(cpu, cause);
}

static bool unknown(struct mb_kvm_cpu *cpu)
{
    char cause[96];
    snprintf(cause, sizeof cause, "KVM gave up for reason %u", cpu->run->exit_reason);
    return fail(cpu, cause);
}

static bool system_event(struct mb_kvm_cpu *cpu)
{
    bool off = cpu->run->system_event.type == KVM_SYSTEM_EVENT_SHUTDOWN;
    mb_machine_post(cpu->kvm->machine, off ? MB_EVENT_POWEROFF : MB_EVENT_RESET,
                    off ? "power off" : "reset");
    return false;
}

bool mb_kvm_exit(struct mb_kvm_cpu *cpu)
{
    switch (cpu->run->exit_reason) {
    case KVM_EXIT_IO: do_ports(cpu); return mb_kvm_debug_access(cpu);
    case KVM_EXIT_MMIO: do_memory(cpu); return mb_kvm_debug_access(cpu);
    case KVM_EXIT_INTR: case KVM_EXIT_IRQ_WINDOW_OPEN: return true;
    case KVM_EXIT_HLT: cpu->vcpu->cpu->halted = 1; return true;
    case KVM_EXIT_IOAPIC_EOI: mb_eoi(cpu->kvm->machine, cpu->run->eoi.vector); return true;
    case KVM_EXIT_DEBUG: return mb_kvm_debug_exit(cpu);
    case KVM_EXIT_SHUTDOWN:
        return fail(cpu, "triple fault: an exception could not be delivered, nor the double "
                         "fault that came of it");
    case KVM_EXIT_INTERNAL_ERROR: return internal_error(cpu);
    case KVM_EXIT_FAIL_ENTRY: return failed_entry(cpu);
    case KVM_EXIT_SYSTEM_EVENT: return system_event(cpu);
    default: return unknown(cpu);
    }
}
