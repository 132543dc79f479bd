/* The generic timer: two counters' comparators per CPU (DDI 0406C B8).
 * SPDX-License-Identifier: Apache-2.0
 *
 * Its lines: level = enabled, not masked, and the counter has reached the comparator.
 * Omitted: the secure and hypervisor timers, and event streams.
 */
#include "core_arm.h"
#include "timer_arm.h"

enum { ENABLE = 1, IMASK = 2, ISTATUS = 4 };
enum { PL0_PHYSICAL_COUNTER = 1, PL0_VIRTUAL_COUNTER = 2, PL0_VIRTUAL_TIMER = 1 << 8,
       PL0_PHYSICAL_TIMER = 1 << 9 };

#define NS_PER_S 1000000000ull

uint64_t arm_counter(struct arm_state *s)
{
    return (uint64_t)((unsigned __int128)mb_cpu_clock_ns(&s->cpu) * s->timer_frequency /
                      NS_PER_S);
}

/* When the counter reaches `count`, in ns; INT64_MAX if that is too far away. */
static int64_t time_of(const struct arm_state *s, uint64_t count)
{
    unsigned __int128 ns =
        ((unsigned __int128)count * NS_PER_S + s->timer_frequency - 1) / s->timer_frequency;
    return ns > INT64_MAX ? INT64_MAX : (int64_t)ns;
}

static bool reached(struct arm_timer *timer)
{
    return arm_counter(timer->owner) >= *timer->cval;
}

/* Drive the line, and be called when it next changes by itself. */
static void update_locked(struct arm_timer *timer)
{
    bool enabled = *timer->ctl & ENABLE, due = enabled && reached(timer);
    mb_cpu_output(&timer->owner->cpu, timer->output, due && !(*timer->ctl & IMASK));
    if (enabled && !due)
        mb_timer_set(&timer->alarm, time_of(timer->owner, *timer->cval));
    else
        mb_timer_cancel(&timer->alarm);
}

void arm_timer_update(struct arm_state *s, struct arm_timer *timer)
{
    struct arm_private *own = arm_private(s);
    pthread_mutex_lock(&own->lock);
    update_locked(timer);
    pthread_mutex_unlock(&own->lock);
}

static void ring(void *opaque)
{
    struct arm_timer *timer = opaque;
    arm_timer_update(timer->owner, timer);
}

static void init(struct arm_state *s, struct arm_timer *timer, uint64_t *cval, uint32_t *ctl,
                 enum arm_output output)
{
    *timer = (struct arm_timer){.owner = s, .cval = cval, .ctl = ctl, .output = output};
    mb_timer_init(&timer->alarm, mb_cpu_machine(&s->cpu), ring, timer);
}

void arm_timer_reset(struct arm_state *s)
{
    struct arm_private *own = arm_private(s);
    if (!own->ready) {
        pthread_mutex_init(&own->lock, NULL);
        init(s, &own->physical, &s->cntp_cval, &s->cntp_ctl, ARM_OUTPUT_TIMER_PHYSICAL);
        init(s, &own->virtual_, &s->cntv_cval, &s->cntv_ctl, ARM_OUTPUT_TIMER_VIRTUAL);
        own->ready = true;
    }
    if (!s->timer_frequency)
        s->timer_frequency = 62500000;
    s->cntfrq = s->timer_frequency;
    s->cntkctl = 0;
    s->cntp_ctl = s->cntv_ctl = 0;
    s->cntp_cval = s->cntv_cval = 0;
    arm_timer_update(s, &own->physical);
    arm_timer_update(s, &own->virtual_);
}

/* ---- registers ------------------------------------------------------------------------ */
static void set(struct arm_timer *timer, uint32_t ctl, uint64_t cval)
{
    struct arm_private *own = arm_private(timer->owner);
    pthread_mutex_lock(&own->lock);
    *timer->ctl = ctl;
    *timer->cval = cval;
    update_locked(timer);
    pthread_mutex_unlock(&own->lock);
}

static uint64_t control(struct arm_timer *timer)
{
    return *timer->ctl | (*timer->ctl & ENABLE && reached(timer) ? ISTATUS : 0);
}

static uint64_t value(struct arm_timer *timer)
{
    return (uint32_t)(*timer->cval - arm_counter(timer->owner));
}

static void set_value(struct arm_timer *timer, uint32_t ticks)
{
    set(timer, *timer->ctl, arm_counter(timer->owner) + (uint64_t)(int64_t)(int32_t)ticks);
}

bool arm_timer_user_may(const struct arm_state *s, enum arm_timer_right right)
{
    static const uint32_t bits[] = {
        [ARM_TIMER_FREQUENCY] = PL0_PHYSICAL_COUNTER | PL0_VIRTUAL_COUNTER,
        [ARM_TIMER_PHYSICAL_COUNTER] = PL0_PHYSICAL_COUNTER,
        [ARM_TIMER_VIRTUAL_COUNTER] = PL0_VIRTUAL_COUNTER,
        [ARM_TIMER_PHYSICAL] = PL0_PHYSICAL_TIMER,
        [ARM_TIMER_VIRTUAL] = PL0_VIRTUAL_TIMER,
    };
    return s->cntkctl & bits[right];
}

#define TIMER_REGISTERS(name, member) \
    uint64_t arm_read_##name##_ctl(struct arm_state *s) \
    { return control(&arm_private(s)->member); } \
    void arm_write_##name##_ctl(struct arm_state *s, uint64_t v) \
    { set(&arm_private(s)->member, v & (ENABLE | IMASK), s->name##_cval); } \
    uint64_t arm_read_##name##_tval(struct arm_state *s) \
    { return value(&arm_private(s)->member); } \
    void arm_write_##name##_tval(struct arm_state *s, uint64_t v) \
    { set_value(&arm_private(s)->member, (uint32_t)v); } \
    void arm_write_##name##_cval(struct arm_state *s, uint64_t v) \
    { set(&arm_private(s)->member, s->name##_ctl, v); }

TIMER_REGISTERS(cntp, physical)
TIMER_REGISTERS(cntv, virtual_)
