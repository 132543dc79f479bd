/* The modes of the 8254's counters (data sheet 231164, "Mode Definitions").
 * SPDX-License-Identifier: Apache-2.0 */
#include "i8254_counter.h"

/* A count of 0 is the largest one. A BCD digit over 9 counts for what it says. */
static uint32_t from_register(uint16_t value, bool bcd)
{
    if (!bcd)
        return value ? value : 0x10000;
    uint32_t count = 0;
    for (int shift = 12; shift >= 0; shift -= 4)
        count = count * 10 + (value >> shift & 0xF);
    return count ? count : 10000;
}

static uint16_t to_register(uint64_t count, bool bcd)
{
    if (!bcd)
        return (uint16_t)count;
    unsigned value = 0;
    for (int shift = 0; shift < 16; shift += 4, count /= 10)
        value |= (unsigned)(count % 10) << shift;
    return (uint16_t)value;
}

static bool is_periodic(const struct i8254_counter *counter)
{
    return counter->mode == 2 || counter->mode == 3;
}

static bool is_triggered(const struct i8254_counter *counter)
{
    return counter->mode == 1 || counter->mode == 5;
}

/* Ticks since it was loaded; negative before. */
static int64_t elapsed(const struct i8254_counter *counter, int64_t now)
{
    return counter->phase == PAUSED ? -counter->start : now - counter->start;
}

static bool is_held(const struct i8254_counter *counter, int64_t now)
{
    return counter->phase == STOPPED || elapsed(counter, now) < 0;
}

/* ---- the output ---- */

static uint32_t high_part(uint32_t initial)     /* of a square wave */
{
    return (initial + 1) / 2;
}

bool mb_i8254_out(const struct i8254_counter *counter, int64_t now)
{
    if (is_held(counter, now))
        return counter->held_out;
    int64_t ticks = elapsed(counter, now), n = counter->initial;
    switch (counter->mode) {
    case 0: case 1: return ticks >= n;
    case 2: return n == 1 || ticks % n != n - 1;
    case 3: return ticks % n < high_part(counter->initial);
    default: return ticks != n;
    }
}

uint64_t mb_i8254_rises(const struct i8254_counter *counter, int64_t now)
{
    if (is_held(counter, now))
        return counter->rises;
    int64_t ticks = elapsed(counter, now), n = counter->initial;
    switch (counter->mode) {
    case 0: case 1: return counter->rises + (ticks >= n);
    case 2: case 3: return counter->rises + (n > 1 ? (uint64_t)(ticks / n) : 0);
    default: return counter->rises + (ticks > n);
    }
}

static int64_t next_half(const struct i8254_counter *counter, int64_t now)
{
    int64_t n = counter->initial, ticks = elapsed(counter, now);
    int64_t period = counter->start + ticks / n * n, half = high_part(counter->initial);
    return ticks % n < half ? period + half : period + n;
}

int64_t mb_i8254_next_change(const struct i8254_counter *counter, int64_t now)
{
    int64_t n = counter->initial, ticks = elapsed(counter, now);
    if (counter->phase != RUNNING || (is_periodic(counter) && n == 1))
        return INT64_MAX;
    if (ticks < 0)
        return counter->start;
    switch (counter->mode) {
    case 0: case 1: return ticks < n ? counter->start + n : INT64_MAX;
    case 2: return counter->start + (ticks / n + 1) * n;
    case 3: return next_half(counter, now);
    default: return ticks <= n ? counter->start + n + 1 : INT64_MAX;
    }
}

/* ---- the count ---- */

/* A square wave counts by twos, twice in a period; of an odd count, from one less. */
static int64_t square_count(uint32_t initial, int64_t ticks)
{
    int64_t half = high_part(initial), place = ticks % initial;
    int64_t into = place < half ? place : place - half;
    return (int64_t)(initial & ~1u) - 2 * into;
}

uint16_t mb_i8254_count(const struct i8254_counter *counter, int64_t now)
{
    if (is_held(counter, now))
        return counter->held;
    int64_t ticks = elapsed(counter, now), n = counter->initial, count;
    int64_t range = counter->bcd ? 10000 : 0x10000;
    switch (counter->mode) {
    case 2: count = n - ticks % n; break;
    case 3: count = square_count(counter->initial, ticks); break;
    default: count = (n - ticks) % range + range; break;
    }
    return to_register((uint64_t)(count % range), counter->bcd);
}

bool mb_i8254_null(const struct i8254_counter *counter, int64_t now)
{
    bool waits = counter->fresh && counter->phase == RUNNING && elapsed(counter, now) < 0;
    return counter->next || !counter->initial || waits;
}

/* ---- loading ---- */

static void hold(struct i8254_counter *counter, bool out, int64_t now)
{
    counter->rises = mb_i8254_rises(counter, now);
    counter->held = mb_i8254_count(counter, now);
    counter->rises += out && !mb_i8254_out(counter, now);
    counter->held_out = out;
}

static void load(struct i8254_counter *counter, uint32_t count, bool out, int64_t now)
{
    hold(counter, out, now);
    counter->fresh = counter->next != 0;
    counter->initial = count;
    counter->next = 0;
    counter->start = now + 1;       /* with the next pulse of the clock */
    counter->phase = RUNNING;
}

static void stop(struct i8254_counter *counter, bool out, int64_t now)
{
    hold(counter, out, now);
    counter->phase = STOPPED;
}

/* A count that was written while another one runs is loaded at the end of the period, or of
 * the half of a square wave. */
void mb_i8254_advance(struct i8254_counter *counter, int64_t now)
{
    if (!counter->next || counter->phase != RUNNING || !is_periodic(counter))
        return;
    int64_t n = counter->initial, ticks = counter->written - counter->start;
    int64_t end = counter->start + (ticks < 0 ? 0 : (ticks / n + 1) * n);
    int64_t start = end;
    if (counter->mode == 3 && ticks >= 0 && ticks % n < high_part(counter->initial)) {
        end = next_half(counter, counter->written);
        start = end - high_part(counter->next);
    }
    if (now < end)
        return;
    counter->rises = mb_i8254_rises(counter, end);
    counter->initial = counter->next;
    counter->start = start;
    counter->next = 0;
}

/* ---- what the guest does ---- */

void mb_i8254_program(struct i8254_counter *counter, unsigned mode, bool bcd, int64_t now)
{
    mb_i8254_advance(counter, now);
    stop(counter, mode != 0, now);
    counter->mode = (uint8_t)mode;
    counter->bcd = bcd;
    counter->initial = counter->next = 0;
}

void mb_i8254_half_written(struct i8254_counter *counter, int64_t now)
{
    if (counter->mode == 0)
        stop(counter, false, now);
}

static void pause(struct i8254_counter *counter, int64_t now)
{
    int64_t ticks = now - counter->start;
    counter->phase = PAUSED;
    counter->start = ticks < 0 ? 0 : -ticks;
}

void mb_i8254_write(struct i8254_counter *counter, uint16_t value, int64_t now)
{
    uint32_t count = from_register(value, counter->bcd);
    mb_i8254_advance(counter, now);
    counter->next = count;
    counter->written = now;
    if (is_triggered(counter)) {
        if (counter->phase == RUNNING && now < counter->start)
            load(counter, count, counter->held_out, now);
    } else if (!is_periodic(counter)) {
        load(counter, count, counter->mode != 0, now);
        if (!counter->gate)
            pause(counter, now);
    } else if (counter->phase == STOPPED && counter->gate) {
        load(counter, count, true, now);
    }
}

static void gate_rises(struct i8254_counter *counter, int64_t now)
{
    uint32_t count = counter->next ? counter->next : counter->initial;
    if (counter->phase == PAUSED) {
        counter->start += now;
        counter->phase = RUNNING;
    } else if (count && (is_periodic(counter) || is_triggered(counter))) {
        load(counter, count, mb_i8254_out(counter, now), now);
    }
}

static void gate_falls(struct i8254_counter *counter, int64_t now)
{
    if (counter->phase != RUNNING || is_triggered(counter))
        return;
    if (is_periodic(counter))
        stop(counter, true, now);
    else
        pause(counter, now);
}

void mb_i8254_set_gate(struct i8254_counter *counter, bool gate, int64_t now)
{
    if (counter->gate == gate)
        return;
    mb_i8254_advance(counter, now);
    counter->gate = gate;
    if (gate)
        gate_rises(counter, now);
    else
        gate_falls(counter, now);
}

/* ---- snapshots ---- */

static int64_t within(int64_t value, int64_t low, int64_t high)
{
    return value < low ? low : value > high ? high : value;
}

void mb_i8254_sanitize(struct i8254_counter *counter, int64_t now)
{
    int64_t ever = INT64_MAX / 4;
    counter->mode %= 6;
    counter->phase %= RUNNING + 1;
    counter->initial = (uint32_t)within(counter->initial, 0, 0x10000);
    counter->next = (uint32_t)within(counter->next, 0, 0x10000);
    if (!counter->initial)
        counter->phase = STOPPED;
    if (counter->phase == PAUSED)
        counter->start = within(counter->start, -ever, 0);
    else
        counter->start = within(counter->start, -ever, now + 1);
    counter->written = within(counter->written, counter->start - 1, now);
}
