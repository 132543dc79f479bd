/* The HPET's registers; hpet.py declares them. SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include "hpet_state.h"

enum { REVISION = 1, VENDOR = 0x8086 };
#define LEVEL HPET_CONTROL_LEVEL_MASK
#define ENABLE HPET_CONTROL_ENABLE_MASK
#define PERIODIC HPET_CONTROL_PERIODIC_MASK
#define NARROW HPET_CONTROL_NARROW_MASK
#define MESSAGE HPET_CONTROL_MESSAGE_MASK
#define ROUTE HPET_CONTROL_ROUTE_MASK
#define SET_VALUE HPET_CONTROL_SET_VALUE_MASK
#define CONFIGURATION (HPET_CONFIGURATION_ENABLE_MASK | HPET_CONFIGURATION_LEGACY_MASK)

/* ---- registers, 64 bits wide ---- */

static uint64_t capabilities(const struct hpet *chip)
{
    return chip->period_fs << HPET_CAPABILITIES_PERIOD_SHIFT | HPET_CAPABILITIES_WIDE_MASK |
           HPET_CAPABILITIES_LEGACY_MASK | (uint64_t)VENDOR << HPET_CAPABILITIES_VENDOR_SHIFT |
           (HPET_TIMERS - 1) << HPET_CAPABILITIES_TIMERS_SHIFT | REVISION;
}

static uint64_t control(const struct hpet *chip, const struct hpet_timer_saved *timer)
{
    uint64_t able = HPET_CONTROL_CAN_REPEAT_MASK | HPET_CONTROL_CAN_WIDE_MASK |
                    (chip->messages ? HPET_CONTROL_CAN_MESSAGE_MASK : 0);
    return (uint64_t)chip->routes << HPET_CONTROL_ROUTES_SHIFT | able |
           (timer->control & ~(uint64_t)SET_VALUE);
}

static uint64_t read_timer(const struct hpet *chip, unsigned n, uint64_t offset)
{
    const struct hpet_timer_saved *timer = &chip->s.timers[n];
    switch (offset) {
    case HPET_CONTROL: return control(chip, timer);
    case HPET_COMPARATOR: return timer->comparator;
    case HPET_MESSAGE: return chip->messages ? timer->message : 0;
    }
    return 0;
}

/* Which comparator's registers these are; HPET_TIMERS and more: none's. */
static unsigned timer_at(uint64_t offset)
{
    return offset < HPET_CONTROL ? HPET_TIMERS : (offset - HPET_CONTROL) / HPET_CONTROL_STEP;
}

static uint64_t read_register(const struct hpet *chip, uint64_t offset, int64_t ns)
{
    unsigned n = timer_at(offset);
    if (n < HPET_TIMERS)
        return read_timer(chip, n, offset - n * HPET_CONTROL_STEP);
    switch (offset) {
    case HPET_CAPABILITIES: return capabilities(chip);
    case HPET_CONFIGURATION: return chip->s.configuration;
    case HPET_STATUS: return chip->s.status;
    case HPET_COUNTER: return mb_hpet_counter(chip, ns);
    }
    return 0;
}

static void merge(uint64_t *old, uint64_t value, uint64_t mask)
{
    *old = (*old & ~mask) | (value & mask);
}

/* A route that the board does not have is not taken. */
static void write_control(struct hpet *chip, struct hpet_timer_saved *timer, uint64_t value,
                          uint64_t mask, int64_t ns)
{
    uint64_t before = timer->control, after = before;
    merge(&after, value, mask & chip->writable);
    if (!(chip->routes >> hpet_route(after) & 1))
        after = (after & ~(uint64_t)ROUTE) | (before & ROUTE);
    timer->control = after;
    if ((before ^ after) & (LEVEL | ENABLE | ROUTE | MESSAGE))
        timer->pulsed = false;
    if ((before ^ after) & (PERIODIC | NARROW)) {
        timer->comparator = hpet_narrowed(timer, timer->comparator);
        mb_hpet_aim(chip, timer, ns);
    }
    mb_hpet_tell_all(chip);
}

/* Of a periodic comparator, what is written is the period, and with SET_VALUE, which that
 * uses up, also where it starts. The period that follows a start counts from there, though
 * a match may have come between the two. */
static void write_comparator(struct hpet *chip, unsigned n, uint64_t value, uint64_t mask,
                             int64_t ns)
{
    struct hpet_timer_saved *timer = &chip->s.timers[n];
    bool starts = timer->control & SET_VALUE;
    if (timer->started)
        timer->comparator = timer->start;
    if (!(timer->control & PERIODIC) || starts)
        merge(&timer->comparator, value, mask);
    merge(&timer->period, value, mask);
    timer->control &= ~(uint64_t)SET_VALUE;
    timer->comparator = hpet_narrowed(timer, timer->comparator);
    timer->start = timer->comparator;
    timer->started = starts && timer->control & PERIODIC;
    mb_hpet_aim_late(chip, timer, ns);
    pace_rest(&chip->timers[n].pace);
}

static void write_timer(struct hpet *chip, unsigned n, uint64_t offset, uint64_t value,
                        uint64_t mask, int64_t ns)
{
    struct hpet_timer_saved *timer = &chip->s.timers[n];
    switch (offset) {
    case HPET_CONTROL: write_control(chip, timer, value, mask, ns); break;
    case HPET_COMPARATOR: write_comparator(chip, n, value, mask, ns); break;
    case HPET_MESSAGE: merge(&timer->message, value, mask); break;
    }
}

static void write_configuration(struct hpet *chip, uint64_t value, int64_t ns)
{
    uint64_t now = mb_hpet_counter(chip, ns), before = chip->s.configuration;
    chip->s.configuration = value & CONFIGURATION;
    chip->s.offset = hpet_is_running(chip) ? now - mb_hpet_ticks(chip, ns) : now;
    for (unsigned n = 0; n < HPET_TIMERS; n++) {
        if ((before ^ value) & HPET_CONFIGURATION_LEGACY_MASK)
            chip->s.timers[n].pulsed = false;
        if ((before ^ value) & HPET_CONFIGURATION_ENABLE_MASK)
            mb_hpet_aim(chip, &chip->s.timers[n], ns);
    }
    mb_hpet_tell_all(chip);
}

static void write_status(struct hpet *chip, uint64_t value)
{
    chip->s.status &= ~value;
    mb_hpet_tell_all(chip);
}

static void write_counter(struct hpet *chip, uint64_t value, uint64_t mask, int64_t ns)
{
    if (hpet_is_running(chip)) {
        mb_dev_log(chip->dev, "the counter is written while it runs");
        return;
    }
    merge(&chip->s.offset, value, mask);
    for (unsigned n = 0; n < HPET_TIMERS; n++)
        mb_hpet_aim(chip, &chip->s.timers[n], ns);
}

static void write_register(struct hpet *chip, uint64_t offset, uint64_t value, uint64_t mask,
                           int64_t ns)
{
    unsigned n = timer_at(offset);
    if (n < HPET_TIMERS) {
        write_timer(chip, n, offset - n * HPET_CONTROL_STEP, value, mask, ns);
        return;
    }
    switch (offset) {
    case HPET_CONFIGURATION:
        if (mask & 1)
            write_configuration(chip, value, ns);
        break;
    case HPET_STATUS: write_status(chip, value & mask); break;
    case HPET_COUNTER: write_counter(chip, value, mask, ns); break;
    }
}

/* ---- the chip ---- */

static uint64_t hpet_read(void *state, unsigned region, uint64_t offset, unsigned size,
                          int cpu)
{
    struct hpet *chip = state;
    pthread_mutex_lock(&chip->lock);
    int64_t ns = mb_hpet_now(chip);
    mb_hpet_settle(chip, ns);
    uint64_t value = read_register(chip, offset & ~7ull, ns);
    pthread_mutex_unlock(&chip->lock);
    value >>= 8 * (offset & 7);
    return size < 8 ? value & ((1ull << 8 * size) - 1) : value;
}

static void hpet_write(void *state, unsigned region, uint64_t offset, uint64_t value,
                       unsigned size, int cpu)
{
    struct hpet *chip = state;
    unsigned shift = 8 * (offset & 4);
    if (size < 4 || offset & (size - 1)) {
        mb_dev_log(chip->dev, "%u-byte write at 0x%x", size, (unsigned)offset);
        return;
    }
    uint64_t mask = (size < 8 ? 0xFFFFFFFFull : UINT64_MAX) << shift;
    pthread_mutex_lock(&chip->lock);
    int64_t ns = mb_hpet_now(chip);
    mb_hpet_settle(chip, ns);
    write_register(chip, offset & ~7ull, value << shift, mask, ns);
    mb_hpet_settle(chip, ns);
    pthread_mutex_unlock(&chip->lock);
}

static void hpet_input(void *state, unsigned port, unsigned index, int cpu, int level)
{
    struct hpet *chip = state;
    unsigned line = port == HPET_PORT_RTC, bit = 1u << line;
    pthread_mutex_lock(&chip->lock);
    chip->s.inputs = (uint8_t)(level ? chip->s.inputs | bit : chip->s.inputs & ~bit);
    mb_hpet_tell(chip, hpet_legacy_port(line), 0);
    pthread_mutex_unlock(&chip->lock);
}

static void hpet_reset(void *state)
{
    struct hpet *chip = state;
    pthread_mutex_lock(&chip->lock);
    chip->s = (struct hpet_saved){ .inputs = chip->s.inputs };   /* who drives one keeps it */
    for (unsigned n = 0; n < HPET_TIMERS; n++)
        chip->s.timers[n].comparator = UINT64_MAX;
    mb_hpet_settle(chip, mb_hpet_now(chip));
    mb_hpet_tell_all(chip);
    pthread_mutex_unlock(&chip->lock);
}

static bool hpet_create(void *state, struct mb_dev *dev)
{
    struct hpet *chip = state;
    chip->dev = dev;
    chip->period_fs = HPET_SECOND_FS / mb_dev_param(dev, HPET_PARAM_CLOCK);
    chip->routes = (uint32_t)mb_dev_param(dev, HPET_PARAM_ROUTES);
    chip->messages = mb_dev_param(dev, HPET_PARAM_MSI);
    chip->writable = LEVEL | ENABLE | PERIODIC | SET_VALUE | NARROW | ROUTE |
                     (chip->messages ? MESSAGE : 0);
    mb_hpet_create_timers(chip);
    return pthread_mutex_init(&chip->lock, NULL) == 0;
}

static void hpet_destroy(void *state)
{
    struct hpet *chip = state;
    for (unsigned n = 0; n < HPET_TIMERS; n++)
        mb_timer_cancel(&chip->timers[n].alarm);
    pthread_mutex_destroy(&chip->lock);
}

static size_t hpet_save(void *state, uint8_t *data, size_t size)
{
    struct hpet *chip = state;
    if (data && size >= sizeof chip->s) {
        pthread_mutex_lock(&chip->lock);
        mb_hpet_settle(chip, mb_hpet_now(chip));
        memcpy(data, &chip->s, sizeof chip->s);
        pthread_mutex_unlock(&chip->lock);
    }
    return sizeof chip->s;
}

/* Whatever the bytes say, leave a state that the rest of the code can rely on. */
static void sanitize(struct hpet *chip, int64_t ns)
{
    chip->s.configuration &= CONFIGURATION;
    chip->s.status &= (1u << HPET_TIMERS) - 1;
    for (unsigned n = 0; n < HPET_TIMERS; n++) {
        struct hpet_timer_saved *timer = &chip->s.timers[n];
        timer->control &= chip->writable;
        if (!(chip->routes >> hpet_route(timer->control) & 1))
            timer->control &= ~(uint64_t)ROUTE;
        if (timer->armed && timer->next - mb_hpet_counter(chip, ns) >= HPET_NEVER)
            mb_hpet_aim(chip, timer, ns);
        pace_start(&chip->timers[n].pace, timer->matches);
    }
}

static bool hpet_restore(void *state, const uint8_t *data, size_t size)
{
    struct hpet *chip = state;
    if (size != sizeof chip->s)
        return false;
    pthread_mutex_lock(&chip->lock);
    int64_t ns = mb_hpet_now(chip);
    memcpy(&chip->s, data, size);
    sanitize(chip, ns);
    mb_hpet_settle(chip, ns);
    mb_hpet_tell_all(chip);
    pthread_mutex_unlock(&chip->lock);
    return true;
}

const struct mb_chip mb_chip_timer_hpet = {
    .abi = MB_CHIP_ABI, .model = "timer.hpet", .state_size = sizeof(struct hpet),
    .create = hpet_create, .destroy = hpet_destroy, .reset = hpet_reset,
    .read = hpet_read, .write = hpet_write, .input = hpet_input,
    .save = hpet_save, .restore = hpet_restore,
};
