/* GICv2: from lines and requests to the CPUs' interrupts (IHI 0048B chapter 3).
 * SPDX-License-Identifier: Apache-2.0
 *
 * Each CPU has a queue of ready interrupts sorted by priority: bitmaps of bitmaps, in
 * which the best one is three bit scans away however many wait.
 */
#include "gicv2_state.h"

static unsigned lowest(uint32_t bits)
{
    return (unsigned)__builtin_ctz(bits);
}

static unsigned intid_of(unsigned slot)
{
    return slot < GIC_PRIVATE ? slot % 32 : slot - GIC_PRIVATE + 32;
}

uint32_t mb_gic_existing(const struct gic *gic, unsigned word)
{
    if (word < GIC_CPUS)
        return word < gic->cpu_count ? UINT32_MAX : 0;
    unsigned first = (word - GIC_CPUS) * 32;
    if (first >= gic->spis)
        return 0;
    unsigned count = gic->spis - first;
    return count >= 32 ? UINT32_MAX : (1u << count) - 1;
}

static void queue_set(struct gic_queue *queue, unsigned level, unsigned intid, bool in)
{
    uint32_t *ids = &queue->ids[level][intid / 32];
    if (in) {
        *ids |= 1u << intid % 32;
        queue->words[level] |= 1u << intid / 32;
        queue->levels |= 1u << level;
        return;
    }
    *ids &= ~(1u << intid % 32);
    if (*ids)
        return;
    queue->words[level] &= ~(1u << intid / 32);
    if (!queue->words[level])
        queue->levels &= ~(1u << level);
}

/* Make `cpus` the CPUs in whose queue `slot` is. */
static unsigned put(struct gic *gic, unsigned slot, unsigned cpus)
{
    unsigned changed = gic->placed[slot] ^ cpus;
    unsigned level = gic->s.priority[slot] >> 3, intid = intid_of(slot);
    for (unsigned left = changed; left; left &= left - 1) {
        unsigned cpu = lowest(left);
        queue_set(&gic->queues[cpu], level, intid, cpus >> cpu & 1);
    }
    gic->placed[slot] = (uint8_t)cpus;
    return changed;
}

unsigned mb_gic_place(struct gic *gic, unsigned index, uint32_t bits)
{
    const struct gic_word *word = &gic->s.words[index];
    uint32_t open = (gic->s.control & GICV2_DIST_CONTROL_GROUP0_MASK ? ~word->group1 : 0) |
                    (gic->s.control & GICV2_DIST_CONTROL_GROUP1_MASK ? word->group1 : 0);
    uint32_t ready = word->enabled & gic_pending(word) & ~word->active & open;
    unsigned changed = 0;
    for (; bits; bits &= bits - 1) {
        unsigned bit = lowest(bits), slot = index * 32 + bit;
        unsigned cpus = index < GIC_CPUS ? 1u << index : gic->s.targets[slot];
        changed |= put(gic, slot, ready >> bit & 1 ? cpus : 0);
    }
    return changed;
}

unsigned mb_gic_place_all(struct gic *gic)
{
    unsigned changed = 0;
    for (unsigned index = 0; index < GIC_WORDS; index++) {
        const struct gic_word *word = &gic->s.words[index];
        changed |= mb_gic_place(gic, index, word->enabled & gic_pending(word));
    }
    return changed;
}

void mb_gic_set_priority(struct gic *gic, unsigned slot, uint8_t priority)
{
    unsigned cpus = gic->placed[slot];
    put(gic, slot, 0);
    gic->s.priority[slot] = priority & GIC_PRIORITY_MASK;
    put(gic, slot, cpus);
}

/* ---- the CPU interface ---- */

static bool is_group1(const struct gic *gic, unsigned slot)
{
    return gic->s.words[slot / 32].group1 >> slot % 32 & 1;
}

/* The bits of a priority that decide preemption. */
static unsigned group_mask(const struct gic_interface *cpu, bool group1)
{
    bool common = cpu->control & GICV2_CPU_INTERFACE_CONTROL_COMMON_POINT_MASK;
    unsigned shift = group1 && !common ? cpu->aliased_point : cpu->point + 1;
    return 0xFFu << shift & GIC_PRIORITY_MASK;
}

unsigned mb_gic_running(const struct gic_interface *cpu)
{
    return cpu->active_levels ? lowest(cpu->active_levels) << 3 : GIC_IDLE;
}

static bool group_enabled(const struct gic_interface *cpu, bool group1)
{
    return cpu->control & (group1 ? GICV2_CPU_INTERFACE_CONTROL_GROUP1_MASK
                                  : GICV2_CPU_INTERFACE_CONTROL_GROUP0_MASK);
}

/* The slot of the best ready interrupt; false if there is none. */
static bool best(const struct gic *gic, unsigned cpu, unsigned *slot)
{
    const struct gic_queue *queue = &gic->queues[cpu];
    if (!queue->levels)
        return false;
    unsigned level = lowest(queue->levels), word = lowest(queue->words[level]);
    *slot = gic_slot(word * 32 + lowest(queue->ids[level][word]), cpu);
    return true;
}

/* The slot of the interrupt that the CPU should take now; false if there is none. */
static bool deliverable(const struct gic *gic, unsigned index, unsigned *slot)
{
    const struct gic_interface *cpu = &gic->s.cpus[index];
    if (!best(gic, index, slot) || gic->s.priority[*slot] >= cpu->mask)
        return false;
    bool group1 = is_group1(gic, *slot);
    unsigned group = gic->s.priority[*slot] & group_mask(cpu, group1);
    return group_enabled(cpu, group1) && group < mb_gic_running(cpu);
}

static void drive(struct gic *gic, unsigned port, int8_t *told, unsigned cpu, int level)
{
    if (told[cpu] == level)
        return;
    told[cpu] = (int8_t)level;
    mb_dev_out(gic->dev, port, cpu, level);
}

void mb_gic_signal(struct gic *gic, unsigned cpus)
{
    for (; cpus; cpus &= cpus - 1) {
        unsigned cpu = lowest(cpus), slot;
        bool any = deliverable(gic, cpu, &slot);
        bool fiq = any && !is_group1(gic, slot) &&
                   gic->s.cpus[cpu].control & GICV2_CPU_INTERFACE_CONTROL_FIQ_MASK;
        drive(gic, GICV2_PORT_IRQ, gic->irq, cpu, any && !fiq);
        drive(gic, GICV2_PORT_FIQ, gic->fiq, cpu, fiq);
    }
}

/* What a CPU that asks through one group's register sees of `slot`. */
static unsigned shown(const struct gic *gic, unsigned cpu, unsigned slot, bool group1_view)
{
    bool group1 = is_group1(gic, slot);
    if (group1_view && !group1)
        return GIC_SPURIOUS;
    bool all = gic->s.cpus[cpu].control & GICV2_CPU_INTERFACE_CONTROL_ACKNOWLEDGE_ALL_MASK;
    if (!group1_view && group1 && !all)
        return GIC_OTHER_GROUP;
    unsigned intid = intid_of(slot);
    if (intid < 16 && gic->s.cpus[cpu].sources[intid])
        intid |= lowest(gic->s.cpus[cpu].sources[intid]) << 10;
    return intid;
}

unsigned mb_gic_highest(const struct gic *gic, unsigned cpu, bool group1_view)
{
    unsigned slot;
    return best(gic, cpu, &slot) ? shown(gic, cpu, slot, group1_view) : GIC_SPURIOUS;
}

/* It is pending no more, unless its line or another CPU's request keeps it so. */
static void take_request(struct gic *gic, unsigned cpu, unsigned slot)
{
    struct gic_word *word = &gic->s.words[slot / 32];
    unsigned intid = intid_of(slot);
    if (intid < 16) {
        uint8_t *sources = &gic->s.cpus[cpu].sources[intid];
        *sources &= (uint8_t)(*sources - 1);
        if (*sources)
            return;
    }
    word->latched &= ~(1u << slot % 32);
}

unsigned mb_gic_acknowledge(struct gic *gic, unsigned index, bool group1_view)
{
    unsigned slot;
    if (!deliverable(gic, index, &slot))
        return GIC_SPURIOUS;
    unsigned intid = shown(gic, index, slot, group1_view);
    if (intid == GIC_SPURIOUS || intid == GIC_OTHER_GROUP)
        return intid;
    struct gic_interface *cpu = &gic->s.cpus[index];
    unsigned group = gic->s.priority[slot] & group_mask(cpu, is_group1(gic, slot));
    cpu->active_levels |= 1u << (group >> 3);
    take_request(gic, index, slot);
    gic->s.words[slot / 32].active |= 1u << slot % 32;
    mb_gic_signal(gic, mb_gic_place(gic, slot / 32, 1u << slot % 32) | 1u << index);
    return intid;
}

static unsigned set_inactive(struct gic *gic, unsigned cpu, unsigned intid)
{
    unsigned slot = gic_slot(intid, cpu);
    uint32_t bit = 1u << slot % 32;
    if (!(gic->s.words[slot / 32].active & bit))
        return 0;
    gic->s.words[slot / 32].active &= ~bit;
    return mb_gic_place(gic, slot / 32, bit);
}

void mb_gic_end(struct gic *gic, unsigned index, unsigned intid)
{
    struct gic_interface *cpu = &gic->s.cpus[index];
    if (intid >= 32 + gic->spis)
        return;
    cpu->active_levels &= cpu->active_levels - 1;
    unsigned changed = 1u << index;
    if (!(cpu->control & GICV2_CPU_INTERFACE_CONTROL_SPLIT_END_MASK))
        changed |= set_inactive(gic, index, intid);
    mb_gic_signal(gic, changed);
}

void mb_gic_deactivate(struct gic *gic, unsigned index, unsigned intid)
{
    bool split = gic->s.cpus[index].control & GICV2_CPU_INTERFACE_CONTROL_SPLIT_END_MASK;
    if (split && intid < 32 + gic->spis)
        mb_gic_signal(gic, set_inactive(gic, index, intid));
}

unsigned mb_gic_send(struct gic *gic, unsigned intid, unsigned from, unsigned to)
{
    unsigned changed = 0;
    for (; to; to &= to - 1) {
        unsigned cpu = lowest(to);
        gic->s.cpus[cpu].sources[intid] |= (uint8_t)(1u << from);
        gic->s.words[cpu].latched |= 1u << intid;
        changed |= mb_gic_place(gic, cpu, 1u << intid);
    }
    return changed;
}
