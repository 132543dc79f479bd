/* The local APICs' timers (SDM vol. 3, "APIC Timer"). SPDX-License-Identifier: Apache-2.0 */
#include "lapic_state.h"

#define SECOND_NS 1000000000ull
typedef unsigned __int128 u128;

static int64_t now_ns(const struct lapic_cpu *cpu)
{
    return mb_clock_ns(mb_dev_machine(cpu->chip->dev));
}

/* Bits 3, 1 and 0 together count from 0, division by 2, to 7, by 1. */
static unsigned divide_shift(const struct lapic_cpu *cpu)
{
    unsigned value = (cpu->s.divide & 3) | (cpu->s.divide >> 1 & 4);
    return (value + 1) % 8;
}

static uint64_t ticks_in(const struct lapic_cpu *cpu, uint64_t ns)
{
    return (uint64_t)((u128)ns * cpu->chip->clock / SECOND_NS >> divide_shift(cpu));
}

/* The time in which so many ticks pass. */
static int64_t ns_in(const struct lapic_cpu *cpu, uint64_t ticks)
{
    u128 units = ((u128)ticks << divide_shift(cpu)) * SECOND_NS;
    return (int64_t)((units + cpu->chip->clock - 1) / cpu->chip->clock);
}

static bool is_periodic(const struct lapic_cpu *cpu)
{
    return cpu->s.local[LOCAL_TIMER] & LAPIC_LOCAL_PERIODIC_MASK;
}

static uint64_t elapsed(const struct lapic_cpu *cpu, int64_t now)
{
    return now > cpu->s.start ? ticks_in(cpu, (uint64_t)(now - cpu->s.start)) : 0;
}

/* How often it reached zero by now. */
static uint64_t rounds(const struct lapic_cpu *cpu, int64_t now)
{
    if (!cpu->s.counting)
        return 0;
    uint64_t count = elapsed(cpu, now) / cpu->s.initial;
    return is_periodic(cpu) || !count ? count : 1;
}

static uint32_t current(const struct lapic_cpu *cpu, int64_t now)
{
    uint64_t ticks = elapsed(cpu, now);
    if (!cpu->s.counting || (!is_periodic(cpu) && ticks >= cpu->s.initial))
        return 0;
    return cpu->s.initial - (uint32_t)(ticks % cpu->s.initial);
}

uint32_t mb_lapic_timer_current(const struct lapic_cpu *cpu)
{
    return current(cpu, now_ns(cpu));
}

static int64_t next_round(const struct lapic_cpu *cpu, int64_t now)
{
    uint64_t round = rounds(cpu, now) + 1;
    if (!cpu->s.counting || (!is_periodic(cpu) && round > 1))
        return INT64_MAX;
    return cpu->s.start + ns_in(cpu, round * cpu->s.initial);
}

/* While it is masked it counts and nobody need wake up. */
void mb_lapic_timer_settle(struct lapic_cpu *cpu)
{
    int64_t now = now_ns(cpu);
    uint64_t due = rounds(cpu, now);
    if (!cpu->s.counting || cpu->s.local[LOCAL_TIMER] & LAPIC_LOCAL_MASKED_MASK) {
        pace_start(&cpu->pace, due);
        mb_timer_cancel(&cpu->timer);
        return;
    }
    pace_reach(&cpu->pace, due, ns_in(cpu, cpu->s.initial));
    if (pace_take(&cpu->pace, now))
        mb_lapic_local(cpu, LOCAL_TIMER);
    mb_timer_set(&cpu->timer, pace_deadline(&cpu->pace, next_round(cpu, now)));
}

void mb_lapic_timer_start(struct lapic_cpu *cpu, uint32_t initial)
{
    cpu->s.initial = initial;
    cpu->s.counting = initial != 0;
    cpu->s.start = now_ns(cpu);
    pace_start(&cpu->pace, 0);
    mb_lapic_timer_settle(cpu);
}

void mb_lapic_timer_resume(struct lapic_cpu *cpu)
{
    pace_start(&cpu->pace, rounds(cpu, now_ns(cpu)));
    mb_lapic_timer_settle(cpu);
}

/* With another divider or mode: the count goes on from where it is. */
static void change(struct lapic_cpu *cpu, uint32_t divide, uint32_t local)
{
    int64_t now = now_ns(cpu);
    uint32_t count = current(cpu, now);
    cpu->s.divide = divide;
    cpu->s.local[LOCAL_TIMER] = local;
    cpu->s.counting = count != 0;
    cpu->s.start = now - ns_in(cpu, cpu->s.initial - count);
    mb_lapic_timer_resume(cpu);
}

void mb_lapic_timer_divide(struct lapic_cpu *cpu, uint32_t divide)
{
    change(cpu, divide, cpu->s.local[LOCAL_TIMER]);
}

void mb_lapic_timer_local(struct lapic_cpu *cpu, uint32_t local)
{
    uint32_t before = cpu->s.local[LOCAL_TIMER];
    if ((before ^ local) & LAPIC_LOCAL_PERIODIC_MASK) {
        change(cpu, cpu->s.divide, local);
        return;
    }
    cpu->s.local[LOCAL_TIMER] = local;
    if (before & LAPIC_LOCAL_MASKED_MASK)
        mb_lapic_timer_resume(cpu);
    else
        mb_lapic_timer_settle(cpu);
}

static void ring(void *opaque)
{
    struct lapic_cpu *cpu = opaque;
    pthread_mutex_lock(&cpu->chip->lock);
    mb_lapic_timer_settle(cpu);
    pthread_mutex_unlock(&cpu->chip->lock);
}

void mb_lapic_timer_create(struct lapic_cpu *cpu)
{
    mb_timer_init(&cpu->timer, mb_dev_machine(cpu->chip->dev), ring, cpu);
}
