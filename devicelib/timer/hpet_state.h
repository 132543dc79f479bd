/* The HPET's state and what changes it. SPDX-License-Identifier: Apache-2.0
 *
 * The counter follows from guest time. A comparator knows the value of the counter, without
 * the wrap of its 32-bit mode, at which it matches next. */
#ifndef MB_HPET_STATE_H
#define MB_HPET_STATE_H

#include <pthread.h>
#include "device.h"
#include "timer_hpet.h"
#include "pace.h"

enum { HPET_TIMERS = 3, HPET_LINES = 24, HPET_LEGACY_LINES = 2 };
#define HPET_SECOND_FS 1000000000000000ull
#define HPET_NEVER (1ull << 62)          /* ticks ahead: more than a lifetime */

struct hpet_timer_saved {
    uint64_t control;               /* the bits that are written */
    uint64_t comparator, period, message;
    uint64_t next;                  /* where the counter will be at the next match */
    uint64_t matches;
    uint64_t start;                 /* of a periodic one: the comparator as it was set */
    uint8_t started;                /* .. by the last write */
    uint8_t armed;                  /* there is a next one */
    uint8_t pulsed;                 /* its line is high after an edge */
};

struct hpet_saved {
    uint64_t configuration, status;
    uint64_t offset;                /* counter, less the ticks since power-on if it runs */
    struct hpet_timer_saved timers[HPET_TIMERS];
    uint8_t inputs;                 /* bit 0: 8254, bit 1: real-time clock */
};

struct hpet_timer {
    struct hpet *chip;
    struct mb_timer alarm;
    struct pace pace;
};

struct hpet {
    struct mb_dev *dev;
    pthread_mutex_t lock;
    uint64_t period_fs, writable;   /* writable bits of a control register */
    uint32_t routes;
    bool messages;
    struct hpet_timer timers[HPET_TIMERS];
    struct hpet_saved s;
};

static inline bool hpet_is_running(const struct hpet *chip)
{
    return chip->s.configuration & HPET_CONFIGURATION_ENABLE_MASK;
}

static inline unsigned hpet_route(uint64_t control)
{
    return (control & HPET_CONTROL_ROUTE_MASK) >> HPET_CONTROL_ROUTE_SHIFT;
}

/* Of comparators 0 and 1, if they replace the old timers. */
static inline unsigned hpet_legacy_port(unsigned n)
{
    return n ? HPET_PORT_RTC_IRQ : HPET_PORT_TIMER_IRQ;
}

/* A value as a comparator has it: in 32-bit mode the lower half. */
static inline uint64_t hpet_narrowed(const struct hpet_timer_saved *timer, uint64_t value)
{
    return timer->control & HPET_CONTROL_NARROW_MASK ? (uint32_t)value : value;
}

/* All of these are called with the lock held. */
void mb_hpet_create_timers(struct hpet *chip);
int64_t mb_hpet_now(const struct hpet *chip);
uint64_t mb_hpet_ticks(const struct hpet *chip, int64_t ns);        /* since power-on */
uint64_t mb_hpet_counter(const struct hpet *chip, int64_t ns);
/* Find a comparator's next match anew: behind the counter, it matches after a wrap. */
void mb_hpet_aim(const struct hpet *chip, struct hpet_timer_saved *timer, int64_t ns);
/* The same after a write, which may have come up to a second late: then it matches now. */
void mb_hpet_aim_late(const struct hpet *chip, struct hpet_timer_saved *timer, int64_t ns);
/* Give what is due by now, and set the alarms for what is next. */
void mb_hpet_settle(struct hpet *chip, int64_t ns);
/* Drive an output, or all of them, as the state says. */
void mb_hpet_tell(const struct hpet *chip, unsigned port, unsigned index);
void mb_hpet_tell_all(const struct hpet *chip);

#endif
