/* GICv2's state and what changes it. SPDX-License-Identifier: Apache-2.0 */
#ifndef MB_GICV2_STATE_H
#define MB_GICV2_STATE_H

#include <pthread.h>
#include "device.h"
#include "intc_gicv2.h"

/* Interrupts live in slots: 32 private ones for each CPU, then the shared ones, so that
 * banked and shared interrupts are the same to all code but `mb_gic_slot`. */
enum {
    GIC_CPUS = 8,
    GIC_WORDS = GIC_CPUS + 31,
    GIC_SLOTS = GIC_WORDS * 32,
    GIC_PRIVATE = GIC_CPUS * 32,    /* slots below are banked */
    GIC_LEVELS = 32,                /* five bits of priority are implemented */
    GIC_PRIORITY_MASK = 0xF8,
    GIC_IDLE = 0xFF,                /* running priority when nothing is active */
    GIC_SPURIOUS = 1023,
    GIC_OTHER_GROUP = 1022,
};

struct gic_word {                   /* 32 interrupts */
    uint32_t enabled, latched, line, active, edge, group1;
};

struct gic_interface {
    uint32_t control, mask, point, aliased_point;
    uint32_t active_levels;         /* bit n: group priority n << 3 is active */
    uint8_t sources[16];            /* of each SGI: CPUs whose request is pending */
};

struct gic_saved {                  /* all that a snapshot holds */
    uint32_t control;
    struct gic_word words[GIC_WORDS];
    struct gic_interface cpus[GIC_CPUS];
    uint8_t priority[GIC_SLOTS], targets[GIC_SLOTS];
};

/* Interrupts that are ready for one CPU, so that the best is found without a search. */
struct gic_queue {
    uint32_t levels;                /* bit n: priority level n is not empty */
    uint32_t words[GIC_LEVELS];     /* bit w: ids[n][w] is not 0 */
    uint32_t ids[GIC_LEVELS][32];   /* by INTID */
};

struct gic {
    pthread_mutex_t lock;
    struct mb_dev *dev;
    unsigned cpu_count, spis;
    struct gic_saved s;
    struct gic_queue queues[GIC_CPUS];
    uint8_t placed[GIC_SLOTS];      /* the CPUs in whose queue the slot is */
    int8_t irq[GIC_CPUS], fiq[GIC_CPUS];   /* levels told, -1 if unknown */
};

static inline unsigned gic_slot(unsigned intid, unsigned cpu)
{
    return intid < 32 ? cpu * 32 + intid : intid + GIC_PRIVATE - 32;
}

/* The interrupts of a word that exist. */
uint32_t mb_gic_existing(const struct gic *gic, unsigned word);

static inline uint32_t gic_pending(const struct gic_word *word)
{
    return word->latched | (word->line & ~word->edge);
}

/* After changing what decides whether `bits` of `word` are ready: put them into the
 * queues or take them out. Gives the CPUs whose queue changed. */
unsigned mb_gic_place(struct gic *gic, unsigned word, uint32_t bits);
unsigned mb_gic_place_all(struct gic *gic);

/* Evaluate the lines to these CPUs. */
void mb_gic_signal(struct gic *gic, unsigned cpus);

void mb_gic_set_priority(struct gic *gic, unsigned slot, uint8_t priority);
unsigned mb_gic_send(struct gic *gic, unsigned intid, unsigned from, unsigned to);

/* The best interrupt that is ready for `cpu`, as HPPIR shows it, or GIC_SPURIOUS. */
unsigned mb_gic_highest(const struct gic *gic, unsigned cpu, bool group1_view);
unsigned mb_gic_running(const struct gic_interface *cpu);
unsigned mb_gic_acknowledge(struct gic *gic, unsigned cpu, bool group1_view);
void mb_gic_end(struct gic *gic, unsigned cpu, unsigned intid);
void mb_gic_deactivate(struct gic *gic, unsigned cpu, unsigned intid);

#endif
