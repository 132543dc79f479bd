/* GICv2's registers and lines (IHI 0048B chapter 4); gicv2.py declares them.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>
#include "gicv2_state.h"

#define SGIS 0xFFFFu    /* of a CPU's private word */
#define GROUPS (GICV2_DIST_CONTROL_GROUP0_MASK | GICV2_DIST_CONTROL_GROUP1_MASK)

/* ---- distributor: registers of one bit an interrupt ---- */

enum bits { GROUP, SET_ENABLE, CLEAR_ENABLE, SET_PENDING, CLEAR_PENDING, SET_ACTIVE,
            CLEAR_ACTIVE };

static unsigned word_index(unsigned n, unsigned cpu)
{
    return n ? GIC_CPUS - 1 + n : cpu;
}

static uint32_t read_bits(const struct gic *gic, enum bits which, unsigned index)
{
    const struct gic_word *word = &gic->s.words[index];
    switch (which) {
    case GROUP: return word->group1;
    case SET_ENABLE: case CLEAR_ENABLE: return word->enabled;
    case SET_PENDING: case CLEAR_PENDING: return gic_pending(word);
    default: return word->active;
    }
}

static void write_bits(struct gic *gic, enum bits which, unsigned index, uint32_t value)
{
    struct gic_word *word = &gic->s.words[index];
    uint32_t bits = value & mb_gic_existing(gic, index);
    uint32_t settable = index < GIC_CPUS ? bits & ~SGIS : bits;  /* SGIs: always enabled */
    switch (which) {
    case GROUP: word->group1 = bits; bits = mb_gic_existing(gic, index); break;
    case SET_ENABLE: word->enabled |= settable; break;
    case CLEAR_ENABLE: word->enabled &= ~settable; break;
    case SET_PENDING: word->latched |= settable; break;
    case CLEAR_PENDING: word->latched &= ~settable; break;
    case SET_ACTIVE: word->active |= bits; break;
    case CLEAR_ACTIVE: word->active &= ~bits; break;
    }
    mb_gic_signal(gic, mb_gic_place(gic, index, bits));
}

/* ---- distributor: registers of one byte an interrupt ---- */

static uint8_t read_target(const struct gic *gic, unsigned intid, unsigned cpu)
{
    if (gic->cpu_count == 1)
        return 0;   /* a GIC for one CPU has no target registers */
    return intid < 32 ? (uint8_t)(1u << cpu) : gic->s.targets[gic_slot(intid, cpu)];
}

static void write_target(struct gic *gic, unsigned intid, uint8_t value)
{
    if (gic->cpu_count == 1 || intid < 32)
        return;
    unsigned slot = gic_slot(intid, 0);
    gic->s.targets[slot] = (uint8_t)(value & ((1u << gic->cpu_count) - 1));
    mb_gic_signal(gic, mb_gic_place(gic, slot / 32, 1u << slot % 32));
}

static void write_priority(struct gic *gic, unsigned intid, unsigned cpu, uint8_t value)
{
    unsigned slot = gic_slot(intid, cpu);
    mb_gic_set_priority(gic, slot, value);
    mb_gic_signal(gic, gic->placed[slot]);
}

static void clear_sgi(struct gic *gic, unsigned intid, unsigned cpu, uint8_t sources)
{
    uint8_t *pending = &gic->s.cpus[cpu].sources[intid];
    *pending &= (uint8_t)~sources;
    if (!*pending)
        gic->s.words[cpu].latched &= ~(1u << intid);
    mb_gic_signal(gic, mb_gic_place(gic, cpu, 1u << intid));
}

static void set_sgi(struct gic *gic, unsigned intid, unsigned cpu, uint8_t sources)
{
    for (unsigned from = 0; from < gic->cpu_count; from++)
        if (sources >> from & 1)
            mb_gic_signal(gic, mb_gic_send(gic, intid, from, 1u << cpu));
}

static bool within(uint64_t offset, unsigned first, unsigned size)
{
    return offset >= first && offset - first < size;
}

static bool is_sgi_byte(uint64_t offset)
{
    return within(offset, GICV2_DIST_CLEAR_SGI, 16) ||
           within(offset, GICV2_DIST_SET_SGI, 16);
}

static bool is_byte_register(uint64_t offset)
{
    return within(offset, GICV2_DIST_PRIORITY, 0x800) || is_sgi_byte(offset);
}

static uint8_t read_byte(const struct gic *gic, unsigned offset, unsigned cpu)
{
    if (is_sgi_byte(offset))
        return gic->s.cpus[cpu].sources[offset % 16];
    unsigned intid = offset % 0x400;
    if (intid >= 32 + gic->spis)
        return 0;
    if (offset >= GICV2_DIST_TARGET)
        return read_target(gic, intid, cpu);
    return gic->s.priority[gic_slot(intid, cpu)];
}

static void write_byte(struct gic *gic, unsigned offset, uint8_t value, unsigned cpu)
{
    unsigned intid = offset % 0x400;
    if (within(offset, GICV2_DIST_SET_SGI, 16))
        set_sgi(gic, offset % 16, cpu, value);
    else if (within(offset, GICV2_DIST_CLEAR_SGI, 16))
        clear_sgi(gic, offset % 16, cpu, value);
    else if (intid >= 32 + gic->spis)
        return;
    else if (offset >= GICV2_DIST_TARGET)
        write_target(gic, intid, value);
    else
        write_priority(gic, intid, cpu, value);
}

/* ---- distributor: the other registers ---- */

/* Two bits an interrupt, of which the upper one says: edge. */
static uint32_t read_config(const struct gic *gic, unsigned n, unsigned cpu)
{
    uint32_t half = gic->s.words[word_index(n / 2, cpu)].edge >> n % 2 * 16;
    uint32_t value = 0;
    for (unsigned i = 0; i < 16; i++)
        value |= (half >> i & 1) << (2 * i + 1);
    return value;
}

static void write_config(struct gic *gic, unsigned n, unsigned cpu, uint32_t value)
{
    if (n == 0)
        return;     /* SGIs are edges */
    unsigned index = word_index(n / 2, cpu), shift = n % 2 * 16;
    struct gic_word *word = &gic->s.words[index];
    uint32_t half = 0;
    for (unsigned i = 0; i < 16; i++)
        half |= (value >> (2 * i + 1) & 1) << i;
    word->edge = (word->edge & ~(0xFFFFu << shift)) | half << shift;
    word->edge &= mb_gic_existing(gic, index);
    mb_gic_signal(gic, mb_gic_place(gic, index, 0xFFFFu << shift));
}

static void send_sgi(struct gic *gic, uint32_t value, unsigned cpu)
{
    unsigned all = (1u << gic->cpu_count) - 1, to = 0;
    switch (value >> GICV2_DIST_GENERATE_FILTER_SHIFT & 3) {
    case 0: to = value >> GICV2_DIST_GENERATE_TARGETS_SHIFT & 0xFF; break;
    case 1: to = all & ~(1u << cpu); break;
    case 2: to = 1u << cpu; break;
    }
    unsigned intid = value & GICV2_DIST_GENERATE_INTID_MASK;
    mb_gic_signal(gic, mb_gic_send(gic, intid, cpu, to & all));
}

static uint32_t identification(unsigned n)
{
    static const uint8_t bytes[12] = { 0x04, 0, 0, 0, 0x90, 0xB4, 0x2B, 0,
                                       0x0D, 0xF0, 0x05, 0xB1 };
    return bytes[n];
}

static uint32_t read_dist(struct gic *gic, unsigned offset, unsigned cpu)
{
    unsigned lines = (32 + gic->spis + 31) / 32 - 1;
    if (within(offset, GICV2_DIST_GROUP, 7 * 0x80))
        return read_bits(gic, (enum bits)((offset - GICV2_DIST_GROUP) / 0x80),
                         word_index(offset % 0x80 / 4, cpu));
    if (within(offset, GICV2_DIST_CONFIG, 0x100))
        return read_config(gic, offset % 0x100 / 4, cpu);
    if (within(offset, GICV2_DIST_IDENTIFICATION, 48))
        return identification((offset - GICV2_DIST_IDENTIFICATION) / 4);
    switch (offset) {
    case GICV2_DIST_CONTROL: return gic->s.control;
    case GICV2_DIST_KIND:
        return lines | (gic->cpu_count - 1) << GICV2_DIST_KIND_CPUS_SHIFT;
    case GICV2_DIST_IMPLEMENTER: return GICV2_DIST_IMPLEMENTER_RESET;
    }
    return 0;
}

static void write_dist(struct gic *gic, unsigned offset, uint32_t value, unsigned cpu)
{
    if (within(offset, GICV2_DIST_GROUP, 7 * 0x80))
        write_bits(gic, (enum bits)((offset - GICV2_DIST_GROUP) / 0x80),
                   word_index(offset % 0x80 / 4, cpu), value);
    else if (within(offset, GICV2_DIST_CONFIG, 0x100))
        write_config(gic, offset % 0x100 / 4, cpu, value);
    else if (offset == GICV2_DIST_GENERATE)
        send_sgi(gic, value, cpu);
    else if (offset == GICV2_DIST_CONTROL) {
        gic->s.control = value & GROUPS;
        mb_gic_signal(gic, mb_gic_place_all(gic));
    }
}

/* ---- CPU interface ---- */

static uint32_t read_interface(struct gic *gic, unsigned offset, unsigned index)
{
    const struct gic_interface *cpu = &gic->s.cpus[index];
    switch (offset) {
    case GICV2_CPU_ACKNOWLEDGE: return mb_gic_acknowledge(gic, index, false);
    case GICV2_CPU_ALIASED_ACKNOWLEDGE: return mb_gic_acknowledge(gic, index, true);
    case GICV2_CPU_HIGHEST: return mb_gic_highest(gic, index, false);
    case GICV2_CPU_ALIASED_HIGHEST: return mb_gic_highest(gic, index, true);
    case GICV2_CPU_RUNNING: return mb_gic_running(cpu);
    case GICV2_CPU_INTERFACE_CONTROL: return cpu->control;
    case GICV2_CPU_PRIORITY_MASK: return cpu->mask;
    case GICV2_CPU_BINARY_POINT: return cpu->point;
    case GICV2_CPU_ALIASED_POINT: return cpu->aliased_point;
    case GICV2_CPU_ACTIVE_PRIORITIES: return cpu->active_levels;
    case GICV2_CPU_INTERFACE_IMPLEMENTER: return GICV2_CPU_INTERFACE_IMPLEMENTER_RESET;
    }
    return 0;
}

static uint32_t at_least(uint32_t value, uint32_t floor)
{
    return value < floor ? floor : value;
}

static void configure_interface(struct gic *gic, unsigned offset, uint32_t value,
                                unsigned index)
{
    struct gic_interface *cpu = &gic->s.cpus[index];
    switch (offset) {
    case GICV2_CPU_INTERFACE_CONTROL: cpu->control = value & 0x21F; break;
    case GICV2_CPU_PRIORITY_MASK: cpu->mask = value & GIC_PRIORITY_MASK; break;
    case GICV2_CPU_BINARY_POINT:
        cpu->point = at_least(value & 7, GICV2_CPU_BINARY_POINT_RESET);
        break;
    case GICV2_CPU_ALIASED_POINT:
        cpu->aliased_point = at_least(value & 7, GICV2_CPU_ALIASED_POINT_RESET);
        break;
    case GICV2_CPU_ACTIVE_PRIORITIES: cpu->active_levels = value; break;
    default: return;
    }
    mb_gic_signal(gic, 1u << index);
}

static void write_interface(struct gic *gic, unsigned offset, uint32_t value,
                            unsigned index)
{
    if (offset == GICV2_CPU_END || offset == GICV2_CPU_ALIASED_END)
        mb_gic_end(gic, index, value & 0x3FF);
    else if (offset == GICV2_CPU_DEACTIVATE)
        mb_gic_deactivate(gic, index, value & 0x3FF);
    else
        configure_interface(gic, offset, value, index);
}

/* ---- the chip ---- */

static uint64_t read_word(struct gic *gic, unsigned region, unsigned offset, unsigned cpu)
{
    if (region == GICV2_REGION_CPU)
        return read_interface(gic, offset, cpu);
    if (!is_byte_register(offset))
        return read_dist(gic, offset, cpu);
    uint32_t value = 0;
    for (unsigned i = 0; i < 4; i++)
        value |= (uint32_t)read_byte(gic, offset + i, cpu) << 8 * i;
    return value;
}

/* The CPU whose bank is meant; the host sees CPU 0's. */
static unsigned bank(const struct gic *gic, int cpu)
{
    return cpu >= 0 && (unsigned)cpu < gic->cpu_count ? (unsigned)cpu : 0;
}

static uint64_t size_mask(unsigned size)
{
    return size >= 8 ? UINT64_MAX : (1ull << size * 8) - 1;
}

static uint64_t gic_read(void *state, unsigned region, uint64_t offset, unsigned size,
                         int cpu)
{
    struct gic *gic = state;
    unsigned word = (unsigned)offset & ~3u, asking = bank(gic, cpu);
    pthread_mutex_lock(&gic->lock);
    uint64_t value = read_word(gic, region, word, asking);
    if (size == 8)
        value |= read_word(gic, region, word + 4, asking) << 32;
    pthread_mutex_unlock(&gic->lock);
    return value >> 8 * (offset & 3) & size_mask(size);
}

static void write_some(struct gic *gic, unsigned region, unsigned offset, uint64_t value,
                       unsigned size, unsigned cpu)
{
    if (region == GICV2_REGION_DIST && is_byte_register(offset)) {
        for (unsigned i = 0; i < size; i++)
            write_byte(gic, offset + i, (uint8_t)(value >> 8 * i), cpu);
    } else if (size == 4 && region == GICV2_REGION_CPU) {
        write_interface(gic, offset, (uint32_t)value, cpu);
    } else if (size == 4) {
        write_dist(gic, offset, (uint32_t)value, cpu);
    } else {
        mb_dev_log(gic->dev, "%u-byte write to a word register at 0x%x", size, offset);
    }
}

static void gic_write(void *state, unsigned region, uint64_t offset, uint64_t value,
                      unsigned size, int cpu)
{
    struct gic *gic = state;
    unsigned half = size == 8 ? 4 : size, asking = bank(gic, cpu);
    pthread_mutex_lock(&gic->lock);
    for (unsigned done = 0; done < size; done += half)
        write_some(gic, region, (unsigned)offset + done, value >> 8 * done, half, asking);
    pthread_mutex_unlock(&gic->lock);
}

static void gic_input(void *state, unsigned port, unsigned index, int cpu, int level)
{
    struct gic *gic = state;
    if (index >= (port == GICV2_PORT_PPI ? 16 : gic->spis))
        return;
    unsigned slot = port == GICV2_PORT_PPI ? bank(gic, cpu) * 32 + 16 + index
                                           : GIC_PRIVATE + index;
    uint32_t bit = 1u << slot % 32;
    pthread_mutex_lock(&gic->lock);
    struct gic_word *word = &gic->s.words[slot / 32];
    if (level)
        word->latched |= bit & word->edge & ~word->line;
    word->line = level ? word->line | bit : word->line & ~bit;
    mb_gic_signal(gic, mb_gic_place(gic, slot / 32, bit));
    pthread_mutex_unlock(&gic->lock);
}

/* Evaluate everything anew, telling all lines. */
static void settle(struct gic *gic)
{
    memset(gic->queues, 0, sizeof gic->queues);
    memset(gic->placed, 0, sizeof gic->placed);
    memset(gic->irq, -1, sizeof gic->irq);
    memset(gic->fiq, -1, sizeof gic->fiq);
    mb_gic_place_all(gic);
    mb_gic_signal(gic, (1u << gic->cpu_count) - 1);
}

static void gic_reset(void *state)
{
    struct gic *gic = state;
    pthread_mutex_lock(&gic->lock);
    struct gic_saved old = gic->s;
    memset(&gic->s, 0, sizeof gic->s);
    for (unsigned i = 0; i < GIC_WORDS; i++)
        gic->s.words[i].line = old.words[i].line;   /* who drives it keeps it */
    for (unsigned i = 0; i < gic->cpu_count; i++) {
        gic->s.words[i].enabled = gic->s.words[i].edge = SGIS;
        gic->s.cpus[i].point = GICV2_CPU_BINARY_POINT_RESET;
        gic->s.cpus[i].aliased_point = GICV2_CPU_ALIASED_POINT_RESET;
    }
    memset(gic->s.targets, gic->cpu_count == 1, sizeof gic->s.targets);
    settle(gic);
    pthread_mutex_unlock(&gic->lock);
}

static bool gic_create(void *state, struct mb_dev *dev)
{
    struct gic *gic = state;
    gic->dev = dev;
    gic->spis = (unsigned)mb_dev_param(dev, "spis");
    gic->cpu_count = mb_dev_cpu_count(dev);
    if (gic->cpu_count < 1 || gic->cpu_count > GIC_CPUS) {
        mb_dev_error(dev, "a GICv2 serves 1 to %d CPUs, not %u", GIC_CPUS, gic->cpu_count);
        return false;
    }
    if (gic->spis > 988) {
        mb_dev_error(dev, "spis must be at most 988, not %u", gic->spis);
        return false;
    }
    pthread_mutex_init(&gic->lock, NULL);
    gic_reset(gic);
    return true;
}

static void gic_destroy(void *state)
{
    pthread_mutex_destroy(&((struct gic *)state)->lock);
}

static size_t gic_save(void *state, uint8_t *data, size_t size)
{
    struct gic *gic = state;
    if (data && size >= sizeof gic->s) {
        pthread_mutex_lock(&gic->lock);
        memcpy(data, &gic->s, sizeof gic->s);
        pthread_mutex_unlock(&gic->lock);
    }
    return sizeof gic->s;
}

/* Whatever the bytes say, leave a state that the rest of the code can rely on. */
static void sanitize(struct gic *gic)
{
    unsigned cpus = (1u << gic->cpu_count) - 1;
    for (unsigned i = 0; i < GIC_WORDS; i++) {
        struct gic_word *word = &gic->s.words[i];
        uint32_t real = mb_gic_existing(gic, i);
        word->enabled &= real;
        word->edge &= real;
    }
    for (unsigned i = 0; i < GIC_SLOTS; i++) {
        gic->s.priority[i] &= GIC_PRIORITY_MASK;
        gic->s.targets[i] &= (uint8_t)cpus;
    }
    for (unsigned i = 0; i < GIC_CPUS; i++) {
        struct gic_interface *cpu = &gic->s.cpus[i];
        cpu->point = at_least(cpu->point & 7, GICV2_CPU_BINARY_POINT_RESET);
        cpu->aliased_point =
            at_least(cpu->aliased_point & 7, GICV2_CPU_ALIASED_POINT_RESET);
        for (unsigned n = 0; n < 16; n++)
            cpu->sources[n] &= (uint8_t)cpus;
    }
}

static bool gic_restore(void *state, const uint8_t *data, size_t size)
{
    struct gic *gic = state;
    if (size != sizeof gic->s)
        return false;
    pthread_mutex_lock(&gic->lock);
    memcpy(&gic->s, data, size);
    sanitize(gic);
    settle(gic);
    pthread_mutex_unlock(&gic->lock);
    return true;
}

const struct mb_chip mb_chip_intc_gicv2 = {
    .abi = MB_CHIP_ABI, .model = "intc.gicv2", .state_size = sizeof(struct gic),
    .create = gic_create, .destroy = gic_destroy, .reset = gic_reset,
    .read = gic_read, .write = gic_write, .input = gic_input,
    .save = gic_save, .restore = gic_restore,
};
