/* The local APICs' registers; lapic.py declares them. SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include "lapic_state.h"

enum { MAX_CPUS = 255, ID_SHIFT = 24 };
enum { ESR_BITS = 0xFF, ICR_WRITABLE = 0xCCFFF, SVR_WRITABLE = 0x3FF, DIVIDE_WRITABLE = 0xB };

/* Bits of local vectors that exist; LINT0 and LINT1 have all. */
static const uint32_t local_writable[LOCALS] = {
    [LOCAL_TIMER] = 0x300FF, [LOCAL_THERMAL] = 0x107FF, [LOCAL_PERFORMANCE] = 0x107FF,
    [LOCAL_LINT0] = 0x1A7FF, [LOCAL_LINT1] = 0x1A7FF, [LOCAL_ERROR] = 0x100FF,
};

static bool is_enabled(const struct lapic_cpu *cpu)
{
    return cpu->s.svr & LAPIC_SPURIOUS_ENABLE_MASK;
}

/* ---- reading ---- */

static bool within(uint64_t offset, unsigned first, unsigned count)
{
    return offset >= first && offset < first + count * 0x10;
}

static uint32_t read_counted(const struct lapic_cpu *cpu, uint64_t offset)
{
    unsigned n = offset / 0x10 % 8;
    if (within(offset, LAPIC_IN_SERVICE, LAPIC_IN_SERVICE_COUNT))
        return cpu->s.isr[n];
    if (within(offset, LAPIC_TRIGGER_MODE, LAPIC_TRIGGER_MODE_COUNT))
        return cpu->s.tmr[n];
    if (within(offset, LAPIC_REQUESTED, LAPIC_REQUESTED_COUNT))
        return cpu->s.irr[n];
    return cpu->s.local[(offset - LAPIC_LOCAL) / LAPIC_LOCAL_STEP];
}

static bool is_counted(uint64_t offset)
{
    return within(offset, LAPIC_IN_SERVICE, 3 * LAPIC_IN_SERVICE_COUNT) ||
           within(offset, LAPIC_LOCAL, LAPIC_LOCAL_COUNT);
}

static uint32_t read_register(struct lapic_cpu *cpu, uint64_t offset)
{
    if (is_counted(offset))
        return read_counted(cpu, offset);
    switch (offset) {
    case LAPIC_ID: return cpu->s.id;
    case LAPIC_VERSION: return LAPIC_VERSION_RESET;
    case LAPIC_TASK_PRIORITY: return cpu->s.tpr;
    case LAPIC_PROCESSOR_PRIORITY: return mb_lapic_priority(cpu);
    case LAPIC_LOGICAL_DESTINATION: return cpu->s.ldr;
    case LAPIC_DESTINATION_FORMAT: return cpu->s.dfr;
    case LAPIC_SPURIOUS: return cpu->s.svr;
    case LAPIC_ERROR: return cpu->s.esr;
    case LAPIC_COMMAND: return cpu->s.icr[0];
    case LAPIC_COMMAND_HIGH: return cpu->s.icr[1];
    case LAPIC_INITIAL_COUNT: return cpu->s.initial;
    case LAPIC_CURRENT_COUNT: return mb_lapic_timer_current(cpu);
    case LAPIC_DIVIDE: return cpu->s.divide;
    case LAPIC_END: return 0;
    }
    mb_lapic_error(cpu, LAPIC_ERROR_ADDRESS_MASK);
    return 0;
}

/* ---- writing ---- */

/* While software disables the APIC, its local vectors are masked. */
static void write_local(struct lapic_cpu *cpu, enum lapic_local which, uint32_t value)
{
    uint32_t remote = cpu->s.local[which] & LAPIC_LOCAL_REMOTE_MASK;
    value &= local_writable[which];
    if (!is_enabled(cpu))
        value |= LAPIC_LOCAL_MASKED_MASK;
    if (which == LOCAL_TIMER) {
        mb_lapic_timer_local(cpu, value);
        return;
    }
    cpu->s.local[which] = value | (value & LAPIC_LOCAL_LEVEL_MASK ? remote : 0);
    if (which == LOCAL_LINT0 || which == LOCAL_LINT1) {
        mb_lapic_lint(cpu, which, false);
        mb_lapic_signal(cpu);
    }
}

static void write_spurious(struct lapic_cpu *cpu, uint32_t value)
{
    bool before = is_enabled(cpu);
    cpu->s.svr = value & SVR_WRITABLE;
    for (unsigned i = 0; before && !is_enabled(cpu) && i < LOCALS; i++)
        write_local(cpu, i, cpu->s.local[i]);
    mb_lapic_signal(cpu);
}

static void write_error(struct lapic_cpu *cpu)
{
    cpu->s.esr = cpu->s.errors;
    cpu->s.errors = 0;
}

static void write_command(struct lapic_cpu *cpu, uint32_t value)
{
    cpu->s.icr[0] = value & ICR_WRITABLE;
    mb_lapic_command(cpu);
}

static bool is_read_only(uint64_t offset)
{
    return within(offset, LAPIC_IN_SERVICE, 3 * LAPIC_IN_SERVICE_COUNT) ||
           offset == LAPIC_VERSION || offset == LAPIC_PROCESSOR_PRIORITY ||
           offset == LAPIC_CURRENT_COUNT;
}

static void write_register(struct lapic_cpu *cpu, uint64_t offset, uint32_t value)
{
    if (within(offset, LAPIC_LOCAL, LAPIC_LOCAL_COUNT)) {
        write_local(cpu, (enum lapic_local)((offset - LAPIC_LOCAL) / LAPIC_LOCAL_STEP), value);
        return;
    }
    switch (offset) {
    case LAPIC_ID: cpu->s.id = value & 0xFF000000; break;
    case LAPIC_TASK_PRIORITY:
        cpu->s.tpr = value & 0xFF;
        mb_lapic_signal(cpu);
        break;
    case LAPIC_LOGICAL_DESTINATION: cpu->s.ldr = value & 0xFF000000; break;
    case LAPIC_DESTINATION_FORMAT: cpu->s.dfr = value | 0x0FFFFFFF; break;
    case LAPIC_SPURIOUS: write_spurious(cpu, value); break;
    case LAPIC_ERROR: write_error(cpu); break;
    case LAPIC_COMMAND: write_command(cpu, value); break;
    case LAPIC_COMMAND_HIGH: cpu->s.icr[1] = value & 0xFF000000; break;
    case LAPIC_INITIAL_COUNT: mb_lapic_timer_start(cpu, value); break;
    case LAPIC_DIVIDE:
        mb_lapic_timer_divide(cpu, value & DIVIDE_WRITABLE);
        break;
    default:
        if (!is_read_only(offset))
            mb_lapic_error(cpu, LAPIC_ERROR_ADDRESS_MASK);
    }
}

/* ---- the chip ---- */

/* The CPU whose registers are meant; the host sees CPU 0's. */
static struct lapic_cpu *bank(struct lapic *chip, int cpu)
{
    return &chip->cpus[cpu >= 0 && (unsigned)cpu < chip->count ? cpu : 0];
}

static uint64_t lapic_read(void *state, unsigned region, uint64_t offset, unsigned size,
                           int number)
{
    struct lapic *chip = state;
    if (offset & 0xC)
        return 0;                   /* a register takes 4 bytes of each 16 */
    pthread_mutex_lock(&chip->lock);
    uint64_t value = read_register(bank(chip, number), offset & ~0xFull);
    pthread_mutex_unlock(&chip->lock);
    value >>= 8 * (offset & 3);
    return size < 4 ? value & ((1u << 8 * size) - 1) : value;
}

static void lapic_write(void *state, unsigned region, uint64_t offset, uint64_t value,
                        unsigned size, int number)
{
    struct lapic *chip = state;
    int ended = -1;
    if (offset & 0xF || size < 4) {
        mb_dev_log(chip->dev, "%u-byte write at 0x%x", size, (unsigned)offset);
        return;
    }
    pthread_mutex_lock(&chip->lock);
    if (offset == LAPIC_END)
        ended = mb_lapic_end(bank(chip, number));
    else
        write_register(bank(chip, number), offset, (uint32_t)value);
    pthread_mutex_unlock(&chip->lock);
    if (ended >= 0)
        mb_eoi(mb_dev_machine(chip->dev), (uint8_t)ended);
}

static void lapic_input(void *state, unsigned port, unsigned index, int cpu, int level)
{
    struct lapic *chip = state;
    unsigned n = port == LAPIC_PORT_LINT1;
    pthread_mutex_lock(&chip->lock);
    for (unsigned i = 0; i < chip->count; i++) {
        struct lapic_cpu *each = &chip->cpus[i];
        bool rises = level && !each->s.lint[n];
        each->s.lint[n] = level != 0;
        mb_lapic_lint(each, n ? LOCAL_LINT1 : LOCAL_LINT0, rises);
    }
    pthread_mutex_unlock(&chip->lock);
}

/* An acknowledge cycle at a LINT goes to another chip, which may be telling us of its line
 * at this moment: without our lock. */
static int acknowledge_outside(struct lapic *chip, struct lapic_cpu *cpu)
{
    pthread_mutex_lock(&chip->lock);
    int where = mb_lapic_external(cpu);
    cpu->s.extint = false;
    mb_lapic_signal(cpu);
    pthread_mutex_unlock(&chip->lock);
    if (where < 0)
        return -1;
    unsigned port = where == LOCAL_LINT1 ? LAPIC_PORT_LINT1 : LAPIC_PORT_LINT0;
    return mb_dev_acknowledge(chip->dev, port, 0);
}

static int lapic_acknowledge(void *state, int number)
{
    struct lapic *chip = state;
    struct lapic_cpu *cpu = bank(chip, number);
    int vector = acknowledge_outside(chip, cpu);
    if (vector >= 0)
        return vector;
    pthread_mutex_lock(&chip->lock);
    vector = mb_lapic_serve(cpu);
    pthread_mutex_unlock(&chip->lock);
    return vector;
}

static void sink(void *opaque, uint64_t address, uint32_t data)
{
    struct lapic *chip = opaque;
    pthread_mutex_lock(&chip->lock);
    mb_lapic_message(chip, address, data);
    pthread_mutex_unlock(&chip->lock);
}

static void lapic_reset(void *state)
{
    struct lapic *chip = state;
    pthread_mutex_lock(&chip->lock);
    for (unsigned i = 0; i < chip->count; i++) {
        chip->cpus[i].s.id = i << ID_SHIFT;
        mb_lapic_init(&chip->cpus[i]);
    }
    if (mb_dev_param(chip->dev, LAPIC_PARAM_VIRTUAL_WIRE)) {
        chip->cpus[0].s.local[LOCAL_LINT0] = APIC_EXTINT << APIC_DATA_MODE_SHIFT;
        mb_lapic_signal(&chip->cpus[0]);
    }
    pthread_mutex_unlock(&chip->lock);
}

static bool lapic_create(void *state, struct mb_dev *dev)
{
    struct lapic *chip = state;
    chip->dev = dev;
    chip->clock = mb_dev_param(dev, LAPIC_PARAM_CLOCK);
    chip->count = mb_dev_cpu_count(dev);
    if (chip->count < 1 || chip->count > MAX_CPUS) {
        mb_dev_error(dev, "local APICs serve 1 to %d CPUs, not %u", MAX_CPUS, chip->count);
        return false;
    }
    chip->cpus = calloc(chip->count, sizeof *chip->cpus);
    if (!chip->cpus || pthread_mutex_init(&chip->lock, NULL)) {
        mb_dev_error(dev, "no memory for local APICs");
        free(chip->cpus);
        return false;
    }
    for (unsigned i = 0; i < chip->count; i++) {
        chip->cpus[i].chip = chip;
        chip->cpus[i].number = i;
        mb_lapic_timer_create(&chip->cpus[i]);
    }
    mb_msi_sink(mb_dev_machine(dev), sink, chip);
    return true;
}

static void lapic_destroy(void *state)
{
    struct lapic *chip = state;
    for (unsigned i = 0; i < chip->count; i++)
        mb_timer_cancel(&chip->cpus[i].timer);
    pthread_mutex_destroy(&chip->lock);
    free(chip->cpus);
}

/* ---- snapshots ---- */

static size_t lapic_save(void *state, uint8_t *data, size_t size)
{
    struct lapic *chip = state;
    const size_t each = sizeof chip->cpus->s;
    if (data && size >= chip->count * each) {
        pthread_mutex_lock(&chip->lock);
        for (unsigned i = 0; i < chip->count; i++)
            memcpy(data + i * each, &chip->cpus[i].s, each);
        pthread_mutex_unlock(&chip->lock);
    }
    return chip->count * each;
}

/* Whatever the bytes say, leave a state that the rest of the code can rely on. */
static void sanitize(struct lapic_saved *s, int64_t now)
{
    s->id &= 0xFF000000;
    s->tpr &= 0xFF;
    s->ldr &= 0xFF000000;
    s->dfr |= 0x0FFFFFFF;
    s->svr &= SVR_WRITABLE;
    s->errors &= ESR_BITS;
    s->divide &= DIVIDE_WRITABLE;
    s->irr[0] &= 0xFFFF0000;
    s->isr[0] &= 0xFFFF0000;
    for (unsigned i = 0; i < LOCALS; i++)
        s->local[i] &= local_writable[i] | LAPIC_LOCAL_REMOTE_MASK;
    s->counting = s->counting && s->initial;
    if (s->start > now || s->start < -(INT64_MAX / 16))
        s->start = now;
}

static bool lapic_restore(void *state, const uint8_t *data, size_t size)
{
    struct lapic *chip = state;
    const size_t each = sizeof chip->cpus->s;
    if (size != chip->count * each)
        return false;
    pthread_mutex_lock(&chip->lock);
    for (unsigned i = 0; i < chip->count; i++) {
        struct lapic_cpu *cpu = &chip->cpus[i];
        memcpy(&cpu->s, data + i * each, each);
        sanitize(&cpu->s, mb_clock_ns(mb_dev_machine(chip->dev)));
        mb_lapic_timer_resume(cpu);
        mb_lapic_signal(cpu);
    }
    pthread_mutex_unlock(&chip->lock);
    return true;
}

const struct mb_chip mb_chip_intc_lapic = {
    .abi = MB_CHIP_ABI, .model = "intc.lapic", .state_size = sizeof(struct lapic),
    .create = lapic_create, .destroy = lapic_destroy, .reset = lapic_reset,
    .read = lapic_read, .write = lapic_write, .input = lapic_input,
    .acknowledge = lapic_acknowledge, .save = lapic_save, .restore = lapic_restore,
};
