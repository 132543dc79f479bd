/* The counters of sun4m; slavio.py declares their registers.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Time is counted in ticks of 500 ns since power-on. A counter holds the tick at which it
 * was last at zero; the moment of its next limit follows from that. */
#include <pthread.h>
#include <string.h>
#include "device.h"
#include "timer_slavio.h"
#include "words.h"

enum { TICK_NS = 500, UNIT_SHIFT = 9 };
#define REACHED SLAVIO_SYSTEM_LIMIT_REACHED_MASK
#define COUNT_MASK SLAVIO_SYSTEM_LIMIT_VALUE_MASK
#define FULL_PERIOD (COUNT_MASK >> UNIT_SHIFT)

struct slavio;

struct counter {
    struct slavio *chip;
    struct mb_timer timer;
    unsigned port;
    uint32_t limit;                 /* as written */
    int64_t since;                  /* tick of the last zero */
    bool reached;
};

struct slavio {
    struct mb_dev *dev;
    pthread_mutex_t lock;
    struct counter counters[2];     /* by region */
    bool user, running;             /* the processor's is a timer; it counts */
    uint64_t user_ticks;            /* of the timer, until `since` or while it stands */
};

static int64_t ticks_now(const struct slavio *chip)
{
    return mb_clock_ns(mb_dev_machine(chip->dev)) / TICK_NS;
}

static int64_t period(const struct counter *counter)
{
    uint32_t limit = counter->limit >> UNIT_SHIFT;
    return limit ? limit : FULL_PERIOD;
}

static bool is_user(const struct counter *counter)
{
    return counter->chip->user && counter == &counter->chip->counters[SLAVIO_REGION_CPU];
}

static void settle(struct counter *counter)
{
    bool level = counter->reached && counter->limit && !is_user(counter);
    mb_dev_out(counter->chip->dev, counter->port, 0, level);
}

static void arm(struct counter *counter)
{
    if (is_user(counter) || !counter->limit)
        mb_timer_cancel(&counter->timer);
    else
        mb_timer_set(&counter->timer, (counter->since + period(counter)) * TICK_NS);
}

/* Let pass the limits up to now. */
static void catch_up(struct counter *counter)
{
    int64_t passed = ticks_now(counter->chip) - counter->since;
    if (is_user(counter) || passed < period(counter))
        return;
    counter->since += passed / period(counter) * period(counter);
    counter->reached = true;
    arm(counter);
    settle(counter);
}

static void ring(void *opaque)
{
    struct counter *counter = opaque;
    pthread_mutex_lock(&counter->chip->lock);
    catch_up(counter);
    pthread_mutex_unlock(&counter->chip->lock);
}

static void start_over(struct counter *counter)
{
    counter->since = ticks_now(counter->chip);
    counter->reached = false;
}

/* ---- the processor's counter as a timer ---------------------------------------------------- */
static uint64_t user_time(const struct slavio *chip)
{
    int64_t since = chip->counters[SLAVIO_REGION_CPU].since;
    uint64_t more = chip->running ? (uint64_t)(ticks_now(chip) - since) : 0;
    return (chip->user_ticks + more) << UNIT_SHIFT;
}

static void set_user_time(struct slavio *chip, uint64_t value)
{
    chip->user_ticks = value >> UNIT_SHIFT;
    chip->counters[SLAVIO_REGION_CPU].since = ticks_now(chip);
}

static void set_running(struct slavio *chip, bool running)
{
    set_user_time(chip, user_time(chip));
    chip->running = running;
}

static void set_user(struct slavio *chip, bool user)
{
    struct counter *counter = &chip->counters[SLAVIO_REGION_CPU];
    if (chip->user == user)
        return;
    chip->user = user;
    counter->limit = 0;
    chip->user_ticks = 0;
    chip->running = false;
    start_over(counter);
    arm(counter);
    settle(counter);
}

static uint32_t read_user(const struct slavio *chip, uint64_t offset)
{
    switch (offset) {
    case SLAVIO_CPU_LIMIT: return (uint32_t)(user_time(chip) >> 32);
    case SLAVIO_CPU_COUNT: return (uint32_t)user_time(chip);
    case SLAVIO_CPU_CONTROL: return chip->running;
    }
    return 0;
}

static void write_user(struct slavio *chip, uint64_t offset, uint32_t value)
{
    uint64_t now = user_time(chip);
    switch (offset) {
    case SLAVIO_CPU_LIMIT:
        set_user_time(chip, (uint64_t)value << 32 | (uint32_t)now);
        break;
    case SLAVIO_CPU_COUNT:
        set_user_time(chip, (now >> 32 << 32) | value);
        break;
    case SLAVIO_CPU_CONTROL:
        set_running(chip, value & SLAVIO_CPU_CONTROL_RUN_MASK);
        break;
    }
}

/* ---- registers -------------------------------------------------------------------------------- */
static uint32_t read_counter(struct counter *counter, uint64_t offset)
{
    uint32_t flag;
    catch_up(counter);
    flag = counter->reached ? REACHED : 0;
    switch (offset) {
    case SLAVIO_SYSTEM_LIMIT:
        counter->reached = false;
        settle(counter);
        return flag | counter->limit;
    case SLAVIO_SYSTEM_COUNT: {
        uint64_t ticks = (uint64_t)(ticks_now(counter->chip) - counter->since);
        return flag | (uint32_t)(ticks << UNIT_SHIFT & COUNT_MASK);
    }
    }
    return 0;
}

static void write_counter(struct counter *counter, uint64_t offset, uint32_t value)
{
    catch_up(counter);
    if (offset == SLAVIO_SYSTEM_LIMIT) {
        counter->limit = value & COUNT_MASK;
        start_over(counter);
    } else if (offset == SLAVIO_SYSTEM_LIMIT_ONLY) {
        counter->limit = value & COUNT_MASK;
    }
    arm(counter);
    settle(counter);
}

static uint64_t slavio_read(void *state, unsigned region, uint64_t offset, unsigned size,
                            int cpu)
{
    struct slavio *chip = state;
    uint64_t at = offset & ~3ull;
    uint32_t word;
    pthread_mutex_lock(&chip->lock);
    if (region == SLAVIO_REGION_SYSTEM && at == SLAVIO_SYSTEM_CONFIG)
        word = chip->user;
    else if (is_user(&chip->counters[region]))
        word = read_user(chip, at);
    else
        word = read_counter(&chip->counters[region], at);
    pthread_mutex_unlock(&chip->lock);
    return word_part(word, offset, size);
}

static void slavio_write(void *state, unsigned region, uint64_t offset, uint64_t value,
                         unsigned size, int cpu)
{
    struct slavio *chip = state;
    uint64_t at = offset & ~3ull;
    uint32_t word = word_from(value, offset, size);
    pthread_mutex_lock(&chip->lock);
    if (region == SLAVIO_REGION_SYSTEM && at == SLAVIO_SYSTEM_CONFIG)
        set_user(chip, word & SLAVIO_SYSTEM_CONFIG_TIMER_MASK);
    else if (is_user(&chip->counters[region]))
        write_user(chip, at, word);
    else
        write_counter(&chip->counters[region], at, word);
    pthread_mutex_unlock(&chip->lock);
}

static bool slavio_create(void *state, struct mb_dev *dev)
{
    static const unsigned ports[] = {
        [SLAVIO_REGION_CPU] = SLAVIO_PORT_CPU_IRQ, [SLAVIO_REGION_SYSTEM] = SLAVIO_PORT_IRQ,
    };
    struct slavio *chip = state;
    chip->dev = dev;
    for (unsigned i = 0; i < 2; i++) {
        struct counter *counter = &chip->counters[i];
        counter->chip = chip;
        counter->port = ports[i];
        mb_timer_init(&counter->timer, mb_dev_machine(dev), ring, counter);
    }
    return pthread_mutex_init(&chip->lock, NULL) == 0;
}

static void slavio_destroy(void *state)
{
    struct slavio *chip = state;
    for (unsigned i = 0; i < 2; i++)
        mb_timer_cancel(&chip->counters[i].timer);
    pthread_mutex_destroy(&chip->lock);
}

static void slavio_reset(void *state)
{
    struct slavio *chip = state;
    pthread_mutex_lock(&chip->lock);
    set_user(chip, false);
    for (unsigned i = 0; i < 2; i++) {
        chip->counters[i].limit = 0;
        start_over(&chip->counters[i]);
        arm(&chip->counters[i]);
        settle(&chip->counters[i]);
    }
    pthread_mutex_unlock(&chip->lock);
}

/* ---- snapshots -------------------------------------------------------------------------------- */
struct saved {
    int64_t since[2];
    uint64_t user_ticks;
    uint32_t limit[2], reached[2], user, running;
};

static void save_all(const struct slavio *chip, struct saved *saved)
{
    saved->user_ticks = chip->user_ticks;
    saved->user = chip->user;
    saved->running = chip->running;
    for (unsigned i = 0; i < 2; i++) {
        saved->since[i] = chip->counters[i].since;
        saved->limit[i] = chip->counters[i].limit;
        saved->reached[i] = chip->counters[i].reached;
    }
}

/* No counter was at zero in the future, whatever the bytes say. */
static void restore_counter(struct counter *counter, int64_t since, uint32_t limit,
                            bool reached)
{
    int64_t now = ticks_now(counter->chip);
    counter->since = since < 0 ? 0 : since > now ? now : since;
    counter->limit = limit & COUNT_MASK;
    counter->reached = reached;
    arm(counter);
    settle(counter);
}

static size_t slavio_save(void *state, uint8_t *data, size_t size)
{
    struct slavio *chip = state;
    struct saved saved = {0};
    if (data && size >= sizeof saved) {
        pthread_mutex_lock(&chip->lock);
        save_all(chip, &saved);
        pthread_mutex_unlock(&chip->lock);
        memcpy(data, &saved, sizeof saved);
    }
    return sizeof saved;
}

static bool slavio_restore(void *state, const uint8_t *data, size_t size)
{
    struct slavio *chip = state;
    struct saved saved;
    if (size != sizeof saved)
        return false;
    memcpy(&saved, data, size);
    pthread_mutex_lock(&chip->lock);
    chip->user_ticks = saved.user_ticks;
    chip->user = saved.user;
    chip->running = saved.running;
    for (unsigned i = 0; i < 2; i++)
        restore_counter(&chip->counters[i], saved.since[i], saved.limit[i],
                        saved.reached[i]);
    pthread_mutex_unlock(&chip->lock);
    return true;
}

const struct mb_chip mb_chip_timer_slavio = {
    .abi = MB_CHIP_ABI, .model = "timer.slavio", .state_size = sizeof(struct slavio),
    .create = slavio_create, .destroy = slavio_destroy, .reset = slavio_reset,
    .read = slavio_read, .write = slavio_write,
    .save = slavio_save, .restore = slavio_restore,
};
