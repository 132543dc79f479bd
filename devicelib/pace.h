/* Interrupts of a timer at a rate that the host can bear. SPDX-License-Identifier: Apache-2.0
 *
 * A guest may ask for more interrupts in a second than the host's timers give: those closer
 * than PACE_NS become one. Those that the host was merely late for are owed, and given at
 * up to twice the timer's rate, for guests that keep time by counting them. */
#ifndef MB_PACE_H
#define MB_PACE_H

#include <stdbool.h>
#include <stdint.h>

enum { PACE_NS = 100000, PACE_OWED = 32 };

struct pace {
    uint64_t due;           /* as counted by the timer */
    uint32_t owed;
    int64_t last, spacing;  /* the time of the last one given; until the next one, at least */
};

/* The timer counts `due` interrupts by now: from here on, none is owed. */
static inline void pace_start(struct pace *pace, uint64_t due)
{
    *pace = (struct pace){ .due = due, .last = INT64_MIN / 2, .spacing = PACE_NS };
}

/* The next one is the guest's own doing: it need not keep its distance from the last. */
static inline void pace_rest(struct pace *pace)
{
    pace->last = INT64_MIN / 2;
}

static inline void pace_reach(struct pace *pace, uint64_t due, int64_t period_ns)
{
    uint64_t limit = period_ns < PACE_NS ? 1 : PACE_OWED;
    uint64_t owed = pace->owed + (due - pace->due);
    pace->due = due;
    pace->owed = (uint32_t)(owed < limit ? owed : limit);
    pace->spacing = period_ns / 2 < PACE_NS ? PACE_NS : period_ns / 2;
}

/* Is it time for one that is owed? It is given with that. */
static inline bool pace_take(struct pace *pace, int64_t now)
{
    if (!pace->owed || now - pace->last < pace->spacing)
        return false;
    pace->owed--;
    pace->last = now;
    return true;
}

/* When to look again, if the timer does something at `next`. */
static inline int64_t pace_deadline(const struct pace *pace, int64_t next)
{
    if (pace->owed && next > pace->last + pace->spacing)
        next = pace->last + pace->spacing;
    return next > pace->last + PACE_NS ? next : pace->last + PACE_NS;
}

#endif
