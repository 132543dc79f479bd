/* The HPET's counter, comparators and lines. SPDX-License-Identifier: Apache-2.0 */
#include "hpet_state.h"

typedef unsigned __int128 u128;
#define NS_FS 1000000u
#define LEVEL HPET_CONTROL_LEVEL_MASK
#define ENABLE HPET_CONTROL_ENABLE_MASK
#define PERIODIC HPET_CONTROL_PERIODIC_MASK
#define NARROW HPET_CONTROL_NARROW_MASK
#define MESSAGE HPET_CONTROL_MESSAGE_MASK

/* ---- the counter ---- */

int64_t mb_hpet_now(const struct hpet *chip)
{
    return mb_clock_ns(mb_dev_machine(chip->dev));
}

uint64_t mb_hpet_ticks(const struct hpet *chip, int64_t ns)
{
    return (uint64_t)((u128)ns * NS_FS / chip->period_fs);
}

static int64_t ns_of(const struct hpet *chip, uint64_t ticks)
{
    u128 ns = ((u128)ticks * chip->period_fs + NS_FS - 1) / NS_FS;
    return ns < INT64_MAX ? (int64_t)ns : INT64_MAX;
}

uint64_t mb_hpet_counter(const struct hpet *chip, int64_t ns)
{
    return chip->s.offset + (hpet_is_running(chip) ? mb_hpet_ticks(chip, ns) : 0);
}

/* ---- lines ---- */

static bool is_legacy(const struct hpet *chip, unsigned n)
{
    return chip->s.configuration & HPET_CONFIGURATION_LEGACY_MASK && n < HPET_LEGACY_LINES;
}

/* The line of comparator n. */
static void line_of(const struct hpet *chip, unsigned n, unsigned *port, unsigned *index)
{
    bool legacy = is_legacy(chip, n);
    *port = legacy ? hpet_legacy_port(n) : HPET_PORT_IRQ;
    *index = legacy ? 0 : hpet_route(chip->s.timers[n].control);
}

static bool asserts(const struct hpet *chip, unsigned n, unsigned port, unsigned index)
{
    const struct hpet_timer_saved *timer = &chip->s.timers[n];
    unsigned its_port, its_index;
    line_of(chip, n, &its_port, &its_index);
    if (its_port != port || its_index != index || !(timer->control & ENABLE))
        return false;
    if (timer->control & MESSAGE && port == HPET_PORT_IRQ)
        return false;
    return timer->control & LEVEL ? chip->s.status >> n & 1 : timer->pulsed;
}

static bool level(const struct hpet *chip, unsigned port, unsigned index)
{
    for (unsigned n = 0; n < HPET_TIMERS; n++)
        if (asserts(chip, n, port, index))
            return true;
    bool replaced = chip->s.configuration & HPET_CONFIGURATION_LEGACY_MASK;
    return !replaced && ((port == HPET_PORT_TIMER_IRQ && chip->s.inputs & 1) ||
                         (port == HPET_PORT_RTC_IRQ && chip->s.inputs & 2));
}

void mb_hpet_tell(const struct hpet *chip, unsigned port, unsigned index)
{
    mb_dev_out(chip->dev, port, index, level(chip, port, index));
}

void mb_hpet_tell_all(const struct hpet *chip)
{
    for (unsigned i = 0; i < HPET_LINES; i++)
        mb_hpet_tell(chip, HPET_PORT_IRQ, i);
    for (unsigned n = 0; n < HPET_LEGACY_LINES; n++)
        mb_hpet_tell(chip, hpet_legacy_port(n), 0);
}

/* An edge is told as a low and a high level. */
static void interrupt(struct hpet *chip, unsigned n)
{
    struct hpet_timer_saved *timer = &chip->s.timers[n];
    unsigned port, index;
    line_of(chip, n, &port, &index);
    if (timer->control & LEVEL) {
        chip->s.status |= 1u << n;
    } else if (timer->control & MESSAGE && port == HPET_PORT_IRQ) {
        mb_msi(mb_dev_machine(chip->dev), timer->message >> 32, (uint32_t)timer->message);
    } else {
        timer->pulsed = false;
        mb_hpet_tell(chip, port, index);
        timer->pulsed = true;
    }
    mb_hpet_tell(chip, port, index);
}

/* ---- comparators ---- */

void mb_hpet_aim(const struct hpet *chip, struct hpet_timer_saved *timer, int64_t ns)
{
    uint64_t now = mb_hpet_counter(chip, ns);
    uint64_t ahead = hpet_narrowed(timer, timer->comparator - now);
    timer->next = now + ahead;
    timer->armed = ahead < HPET_NEVER;
}

/* A guest that is slow under us writes a comparator too late, which no hardware is known to
 * let happen, and would wait for a wrap of the counter. */
void mb_hpet_aim_late(const struct hpet *chip, struct hpet_timer_saved *timer, int64_t ns)
{
    uint64_t now = mb_hpet_counter(chip, ns), here = hpet_narrowed(timer, now);
    uint64_t behind = here - timer->comparator, second = HPET_SECOND_FS / chip->period_fs;
    mb_hpet_aim(chip, timer, ns);
    if (timer->comparator < here && behind <= second) {
        timer->next = now - behind;
        timer->armed = true;
    }
}

static uint64_t repetition(const struct hpet_timer_saved *timer)
{
    uint64_t period = timer->control & PERIODIC ? hpet_narrowed(timer, timer->period) : 0;
    return period || !(timer->control & NARROW) ? period : 1ull << 32;
}

/* Count the matches up to now, if there are any. */
static bool pass(const struct hpet *chip, struct hpet_timer_saved *timer, int64_t ns)
{
    uint64_t now = mb_hpet_counter(chip, ns), step = repetition(timer);
    if (!hpet_is_running(chip) || !timer->armed || (int64_t)(now - timer->next) < 0)
        return false;
    uint64_t passed = step ? (now - timer->next) / step + 1 : 1;
    timer->matches += passed;
    timer->next += passed * step;
    timer->armed = step && step < HPET_NEVER;
    if (timer->control & PERIODIC)
        timer->comparator = hpet_narrowed(timer, timer->comparator + passed * step);
    return true;
}

static int64_t period_ns(const struct hpet *chip, const struct hpet_timer_saved *timer)
{
    uint64_t step = repetition(timer);
    return step ? ns_of(chip, step) : INT64_MAX;
}

static int64_t deadline(const struct hpet *chip, const struct hpet_timer_saved *timer)
{
    bool awaited = hpet_is_running(chip) && timer->armed;
    return awaited ? ns_of(chip, timer->next - chip->s.offset) : INT64_MAX;
}

/* Is an interrupt to be made, if the comparator `matched`? A level has no need of those that
 * are owed: its status shows them. */
static bool is_time(struct hpet *chip, unsigned n, bool matched, int64_t ns)
{
    struct hpet_timer_saved *timer = &chip->s.timers[n];
    struct pace *pace = &chip->timers[n].pace;
    if (!(timer->control & PERIODIC))
        pace_rest(pace);
    pace_reach(pace, timer->matches, period_ns(chip, timer));
    if (!(timer->control & LEVEL))
        return pace_take(pace, ns);
    pace_start(pace, timer->matches);
    if (matched)
        pace->last = ns;
    return matched;
}

/* Without an interrupt to make, nobody need wake up: who looks calls this first. */
static void settle_timer(struct hpet *chip, unsigned n, int64_t ns)
{
    struct hpet_timer_saved *timer = &chip->s.timers[n];
    struct pace *pace = &chip->timers[n].pace;
    bool matched = pass(chip, timer, ns);
    if (!(timer->control & ENABLE)) {
        if (timer->control & LEVEL && matched)
            chip->s.status |= 1u << n;
        pace_start(pace, timer->matches);
        mb_timer_cancel(&chip->timers[n].alarm);
        return;
    }
    if (is_time(chip, n, matched, ns))
        interrupt(chip, n);
    mb_timer_set(&chip->timers[n].alarm, pace_deadline(pace, deadline(chip, timer)));
}

void mb_hpet_settle(struct hpet *chip, int64_t ns)
{
    for (unsigned n = 0; n < HPET_TIMERS; n++)
        settle_timer(chip, n, ns);
}

static void ring(void *opaque)
{
    struct hpet_timer *timer = opaque;
    struct hpet *chip = timer->chip;
    pthread_mutex_lock(&chip->lock);
    settle_timer(chip, (unsigned)(timer - chip->timers), mb_hpet_now(chip));
    pthread_mutex_unlock(&chip->lock);
}

void mb_hpet_create_timers(struct hpet *chip)
{
    for (unsigned n = 0; n < HPET_TIMERS; n++) {
        struct hpet_timer *timer = &chip->timers[n];
        timer->chip = chip;
        mb_timer_init(&timer->alarm, mb_dev_machine(chip->dev), ring, timer);
    }
}
