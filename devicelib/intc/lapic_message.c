/* Whom an interrupt message reaches, and what it does there (SDM vol. 3, "Issuing
 * Interprocessor Interrupts" and "Local Interrupts"). SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include "lapic_state.h"

enum { EVERYBODY = 0xFF, FLAT = 0xF, ID_SHIFT = 24 };
enum { NO_SHORTHAND, SELF, ALL, OTHERS };

/* ---- who is meant ---- */

static bool is_in_cluster(uint8_t logical, uint8_t destination)
{
    return destination >> 4 == logical >> 4 && logical & destination & 0xF;
}

static bool is_meant(const struct lapic_cpu *cpu, uint8_t destination, bool logical)
{
    uint8_t name = (uint8_t)(cpu->s.ldr >> ID_SHIFT);
    if (destination == EVERYBODY)
        return true;
    if (!logical)
        return cpu->s.id >> ID_SHIFT == destination;
    if (cpu->s.dfr >> LAPIC_DESTINATION_FORMAT_MODEL_SHIFT == FLAT)
        return name & destination;
    return is_in_cluster(name, destination);
}

struct message {
    uint8_t destination, vector, shorthand;
    bool logical, level;
    enum apic_mode mode;
    const struct lapic_cpu *from;
};

static bool reaches(const struct message *message, const struct lapic_cpu *cpu)
{
    switch (message->shorthand) {
    case SELF: return cpu == message->from;
    case ALL: return true;
    case OTHERS: return cpu != message->from;
    }
    return is_meant(cpu, message->destination, message->logical);
}

/* Of those that are meant, the one that does the least urgent work. */
static struct lapic_cpu *least_urgent(struct lapic *chip, const struct message *message)
{
    struct lapic_cpu *best = NULL;
    for (unsigned i = 0; i < chip->count; i++) {
        struct lapic_cpu *cpu = &chip->cpus[i];
        if (reaches(message, cpu) && cpu->s.svr & LAPIC_SPURIOUS_ENABLE_MASK &&
            (!best || mb_lapic_priority(cpu) < mb_lapic_priority(best)))
            best = cpu;
    }
    return best;
}

/* ---- what it does ---- */

static void tell(struct lapic_cpu *cpu, enum mb_cpu_message_kind kind, uint8_t vector)
{
    mb_cpu_message(cpu->chip->dev, cpu->number, kind, vector);
}

static void take(struct lapic_cpu *cpu, enum apic_mode mode, uint8_t vector, bool level)
{
    switch (mode) {
    case APIC_FIXED: case APIC_LOWEST: mb_lapic_accept(cpu, vector, level); break;
    case APIC_SMI: tell(cpu, MB_CPU_SMI, 0); break;
    case APIC_NMI: tell(cpu, MB_CPU_NMI, 0); break;
    case APIC_STARTUP: tell(cpu, MB_CPU_STARTUP, vector); break;
    case APIC_INIT:
        mb_lapic_init(cpu);
        tell(cpu, MB_CPU_INIT, 0);
        break;
    case APIC_EXTINT:
        cpu->s.extint = true;
        mb_lapic_signal(cpu);
        break;
    }
}

static void send(struct lapic *chip, const struct message *message)
{
    if (message->mode == APIC_LOWEST) {
        struct lapic_cpu *cpu = least_urgent(chip, message);
        if (cpu)
            take(cpu, message->mode, message->vector, message->level);
        return;
    }
    for (unsigned i = 0; i < chip->count; i++)
        if (reaches(message, &chip->cpus[i]))
            take(&chip->cpus[i], message->mode, message->vector, message->level);
}

void mb_lapic_message(struct lapic *chip, uint64_t address, uint32_t data)
{
    struct message message = {
        .destination = apic_address_destination(address),
        .logical = address & APIC_ADDRESS_LOGICAL, .vector = (uint8_t)data,
        .mode = apic_data_mode(data), .level = data & APIC_DATA_LEVEL,
    };
    if (!message.level || data & APIC_DATA_ASSERT)
        send(chip, &message);
}

/* ---- from CPU to CPU ---- */

static bool has_vector(enum apic_mode mode)
{
    return mode == APIC_FIXED || mode == APIC_LOWEST;
}

/* What the manual's tables of valid combinations have. To deassert INIT does nothing but
 * exchange arbitration IDs. */
static bool is_valid(uint32_t command, const struct message *message)
{
    bool deassert = command & LAPIC_COMMAND_LEVEL_MASK &&
                    !(command & LAPIC_COMMAND_ASSERT_MASK);
    if (message->mode == APIC_INIT && deassert)
        return false;
    if (message->shorthand == SELF || message->shorthand == ALL)
        return message->mode == APIC_FIXED;
    return message->mode != APIC_EXTINT;
}

/* Interprocessor interrupts are edges, whatever the command says. */
void mb_lapic_command(struct lapic_cpu *cpu)
{
    uint32_t command = cpu->s.icr[0];
    struct message message = {
        .destination = (uint8_t)(cpu->s.icr[1] >> ID_SHIFT),
        .logical = command & LAPIC_COMMAND_LOGICAL_MASK, .vector = (uint8_t)command,
        .mode = apic_data_mode(command), .from = cpu,
        .shorthand = command >> LAPIC_COMMAND_SHORTHAND_SHIFT & 3,
    };
    if (has_vector(message.mode) && message.vector < 16)
        mb_lapic_error(cpu, LAPIC_ERROR_SEND_VECTOR_MASK);
    else if (is_valid(command, &message))
        send(cpu->chip, &message);
}

/* ---- local interrupts ---- */

void mb_lapic_local(struct lapic_cpu *cpu, enum lapic_local which)
{
    uint32_t local = cpu->s.local[which];
    bool fixed = which == LOCAL_TIMER || which == LOCAL_ERROR;
    if (!(local & LAPIC_LOCAL_MASKED_MASK))
        take(cpu, fixed ? APIC_FIXED : apic_data_mode(local), (uint8_t)local, false);
}

void mb_lapic_lint(struct lapic_cpu *cpu, enum lapic_local which, bool rises)
{
    uint32_t *local = &cpu->s.local[which];
    enum apic_mode mode = apic_data_mode(*local);
    bool level = mode == APIC_FIXED && *local & LAPIC_LOCAL_LEVEL_MASK;
    if (mode == APIC_EXTINT) {
        mb_lapic_signal(cpu);
    } else if (!level) {
        if (rises)
            mb_lapic_local(cpu, which);
    } else if (cpu->s.lint[which - LOCAL_LINT0] &&
               !(*local & (LAPIC_LOCAL_REMOTE_MASK | LAPIC_LOCAL_MASKED_MASK))) {
        *local |= LAPIC_LOCAL_REMOTE_MASK;
        mb_lapic_accept(cpu, (uint8_t)*local, true);
    }
}

void mb_lapic_init(struct lapic_cpu *cpu)
{
    struct lapic_saved old = cpu->s;
    memset(&cpu->s, 0, sizeof cpu->s);
    cpu->s.id = old.id;
    memcpy(cpu->s.lint, old.lint, sizeof old.lint);     /* who drives them keeps them */
    cpu->s.dfr = LAPIC_DESTINATION_FORMAT_RESET;
    cpu->s.svr = LAPIC_SPURIOUS_RESET;
    for (unsigned i = 0; i < LOCALS; i++)
        cpu->s.local[i] = LAPIC_LOCAL_MASKED_MASK;
    mb_lapic_timer_settle(cpu);
    mb_lapic_signal(cpu);
}
