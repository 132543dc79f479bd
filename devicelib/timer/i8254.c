/* The 8254 and port 0x61 of a PC; i8254.py declares them.
 * SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <string.h>
#include "device.h"
#include "timer_i8254.h"
#include "i8254_counter.h"
#include "pace.h"

enum { CLOCK_HZ = 1193182, SECOND_NS = 1000000000, REFRESH_NS = 15085 };
enum { LATCH, LOW, HIGH, BOTH };            /* of a control word: which bytes */
enum { READ_BACK = 3, NO_COUNT = 0x20, NO_STATUS = 0x10 };

struct port {                       /* a counter as the bus sees it */
    struct i8254_counter counter;
    uint8_t control;                /* the lower six bits of the control word */
    uint8_t low;                    /* the first byte of two */
    uint8_t second_write, second_read;
    uint8_t latched;                /* bytes of `latch` still to be read */
    uint8_t status_latched, status;
    uint16_t latch;
};

struct saved {
    struct port ports[3];
    uint8_t port_b;
    struct pace pace;
};

struct i8254 {
    struct mb_dev *dev;
    pthread_mutex_t lock;
    struct mb_timer timer;
    struct saved s;
};

/* ---- time ---- */

static int64_t ticks_at(int64_t ns)
{
    return ns / SECOND_NS * CLOCK_HZ + ns % SECOND_NS * CLOCK_HZ / SECOND_NS;
}

static int64_t ns_of(int64_t ticks)
{
    if (ticks == INT64_MAX)
        return ticks;
    int64_t rest = ticks % CLOCK_HZ * SECOND_NS;
    return ticks / CLOCK_HZ * SECOND_NS + (rest + CLOCK_HZ - 1) / CLOCK_HZ;
}

static int64_t now_ns(const struct i8254 *chip)
{
    return mb_clock_ns(mb_dev_machine(chip->dev));
}

static int64_t now_ticks(const struct i8254 *chip)
{
    return ticks_at(now_ns(chip));
}

/* ---- the line of counter 0 ---- */

static int64_t period_ns(const struct i8254_counter *counter)
{
    return (int64_t)counter->initial * SECOND_NS / CLOCK_HZ;
}

/* The line follows the output. An edge is told as a low and a high level; what is high for
 * it stays so until the output changes again, that it can be acknowledged. */
static void settle(struct i8254 *chip)
{
    struct i8254_counter *counter = &chip->s.ports[0].counter;
    int64_t ns = now_ns(chip), now = ticks_at(ns);
    mb_i8254_advance(counter, now);
    pace_reach(&chip->s.pace, mb_i8254_rises(counter, now), period_ns(counter));
    if (pace_take(&chip->s.pace, ns)) {
        mb_dev_out(chip->dev, I8254_PORT_IRQ, 0, 0);
        mb_dev_out(chip->dev, I8254_PORT_IRQ, 0, 1);
    } else if (!chip->s.pace.owed) {
        mb_dev_out(chip->dev, I8254_PORT_IRQ, 0, mb_i8254_out(counter, now));
    }
    int64_t next = ns_of(mb_i8254_next_change(counter, now));
    mb_timer_set(&chip->timer, pace_deadline(&chip->s.pace, next));
}

static void ring(void *opaque)
{
    struct i8254 *chip = opaque;
    pthread_mutex_lock(&chip->lock);
    settle(chip);
    pthread_mutex_unlock(&chip->lock);
}

/* ---- control words ---- */

static void latch_count(struct port *port, int64_t now)
{
    if (port->latched)
        return;                     /* until it is read */
    port->latch = mb_i8254_count(&port->counter, now);
    port->latched = (port->control >> 4 & 3) == BOTH ? 2 : 1;
}

static void latch_status(struct port *port, int64_t now)
{
    if (port->status_latched)
        return;
    port->status_latched = true;
    port->status = (uint8_t)(mb_i8254_out(&port->counter, now) << 7 |
                             mb_i8254_null(&port->counter, now) << 6 | port->control);
}

static void read_back(struct i8254 *chip, uint8_t command, int64_t now)
{
    for (unsigned i = 0; i < 3; i++) {
        struct port *port = &chip->s.ports[i];
        if (!(command >> (i + 1) & 1))
            continue;
        mb_i8254_advance(&port->counter, now);
        if (!(command & NO_COUNT))
            latch_count(port, now);
        if (!(command & NO_STATUS))
            latch_status(port, now);
    }
}

static void program(struct port *port, uint8_t word, int64_t now)
{
    unsigned mode = word >> 1 & 7;
    mb_i8254_program(&port->counter, mode > 5 ? mode - 4 : mode, word & 1, now);
    port->control = word & 0x3F;
    port->second_write = port->second_read = false;
    port->latched = 0;
    port->status_latched = false;
}

static void write_command(struct i8254 *chip, uint8_t word, int64_t now)
{
    struct port *port = &chip->s.ports[word >> 6 & 3];
    if (word >> 6 == READ_BACK) {
        read_back(chip, word, now);
    } else if ((word >> 4 & 3) == LATCH) {
        mb_i8254_advance(&port->counter, now);
        latch_count(port, now);
    } else {
        program(port, word, now);
    }
}

/* ---- counts ---- */

static void write_count(struct port *port, uint8_t byte, int64_t now)
{
    switch (port->control >> 4 & 3) {
    case LATCH: return;             /* it was never programmed */
    case LOW: mb_i8254_write(&port->counter, byte, now); return;
    case HIGH: mb_i8254_write(&port->counter, (uint16_t)(byte << 8), now); return;
    }
    port->second_write = !port->second_write;
    if (port->second_write) {
        port->low = byte;
        mb_i8254_half_written(&port->counter, now);
    } else {
        mb_i8254_write(&port->counter, (uint16_t)(byte << 8 | port->low), now);
    }
}

static uint8_t byte_of(struct port *port, uint16_t count)
{
    bool high = (port->control >> 4 & 3) == HIGH;
    if ((port->control >> 4 & 3) == BOTH) {
        high = port->second_read;
        port->second_read = !port->second_read;
    }
    return (uint8_t)(high ? count >> 8 : count);
}

static uint8_t read_count(struct port *port, int64_t now)
{
    if (port->status_latched) {
        port->status_latched = false;
        return port->status;
    }
    mb_i8254_advance(&port->counter, now);
    if (!port->latched)
        return byte_of(port, mb_i8254_count(&port->counter, now));
    port->latched--;
    return byte_of(port, port->latch);
}

/* ---- ports ---- */

static uint8_t read_port_b(struct i8254 *chip)
{
    struct i8254_counter *counter = &chip->s.ports[2].counter;
    int64_t ns = now_ns(chip), now = ticks_at(ns);
    mb_i8254_advance(counter, now);
    bool out = mb_i8254_out(counter, now), refresh = ns / REFRESH_NS & 1;
    return (uint8_t)(chip->s.port_b | refresh << 4 | out << 5);
}

static uint8_t read_byte(struct i8254 *chip, unsigned region, unsigned offset)
{
    if (region == I8254_REGION_CONTROL)
        return read_port_b(chip);
    if (offset == I8254_COUNTERS_COMMAND)
        return 0xFF;                /* nobody drives the bus */
    return read_count(&chip->s.ports[offset], now_ticks(chip));
}

static void write_byte(struct i8254 *chip, unsigned region, unsigned offset, uint8_t value)
{
    int64_t now = now_ticks(chip);
    if (region == I8254_REGION_CONTROL) {
        chip->s.port_b = value & 0xF;
        mb_i8254_set_gate(&chip->s.ports[2].counter, value & 1, now);
    } else if (offset == I8254_COUNTERS_COMMAND) {
        write_command(chip, value, now);
    } else {
        write_count(&chip->s.ports[offset], value, now);
    }
    if (region == I8254_REGION_COUNTERS && offset == 0)
        pace_rest(&chip->s.pace);
}

static unsigned span(unsigned region)
{
    return region == I8254_REGION_CONTROL ? I8254_CONTROL_SPAN : I8254_COUNTERS_SPAN;
}

static uint64_t i8254_read(void *state, unsigned region, uint64_t offset, unsigned size,
                           int cpu)
{
    struct i8254 *chip = state;
    uint64_t value = 0;
    pthread_mutex_lock(&chip->lock);
    for (unsigned i = 0; i < size && offset + i < span(region); i++)
        value |= (uint64_t)read_byte(chip, region, (unsigned)offset + i) << 8 * i;
    pthread_mutex_unlock(&chip->lock);
    return value;
}

static void i8254_write(void *state, unsigned region, uint64_t offset, uint64_t value,
                        unsigned size, int cpu)
{
    struct i8254 *chip = state;
    pthread_mutex_lock(&chip->lock);
    for (unsigned i = 0; i < size && offset + i < span(region); i++)
        write_byte(chip, region, (unsigned)offset + i, (uint8_t)(value >> 8 * i));
    settle(chip);
    pthread_mutex_unlock(&chip->lock);
}

/* ---- the chip ---- */

static void i8254_reset(void *state)
{
    struct i8254 *chip = state;
    pthread_mutex_lock(&chip->lock);
    memset(&chip->s, 0, sizeof chip->s);
    chip->s.ports[0].counter.gate = chip->s.ports[1].counter.gate = true;
    pace_start(&chip->s.pace, 0);
    settle(chip);
    pthread_mutex_unlock(&chip->lock);
}

static bool i8254_create(void *state, struct mb_dev *dev)
{
    struct i8254 *chip = state;
    chip->dev = dev;
    mb_timer_init(&chip->timer, mb_dev_machine(dev), ring, chip);
    return pthread_mutex_init(&chip->lock, NULL) == 0;
}

static void i8254_destroy(void *state)
{
    struct i8254 *chip = state;
    mb_timer_cancel(&chip->timer);
    pthread_mutex_destroy(&chip->lock);
}

static size_t i8254_save(void *state, uint8_t *data, size_t size)
{
    struct i8254 *chip = state;
    if (data && size >= sizeof chip->s) {
        pthread_mutex_lock(&chip->lock);
        memcpy(data, &chip->s, sizeof chip->s);
        pthread_mutex_unlock(&chip->lock);
    }
    return sizeof chip->s;
}

static bool i8254_restore(void *state, const uint8_t *data, size_t size)
{
    struct i8254 *chip = state;
    if (size != sizeof chip->s)
        return false;
    pthread_mutex_lock(&chip->lock);
    memcpy(&chip->s, data, size);
    int64_t now = now_ticks(chip);
    for (unsigned i = 0; i < 3; i++)
        mb_i8254_sanitize(&chip->s.ports[i].counter, now);
    pace_start(&chip->s.pace, mb_i8254_rises(&chip->s.ports[0].counter, now));
    settle(chip);
    pthread_mutex_unlock(&chip->lock);
    return true;
}

const struct mb_chip mb_chip_timer_i8254 = {
    .abi = MB_CHIP_ABI, .model = "timer.i8254", .state_size = sizeof(struct i8254),
    .create = i8254_create, .destroy = i8254_destroy, .reset = i8254_reset,
    .read = i8254_read, .write = i8254_write,
    .save = i8254_save, .restore = i8254_restore,
};
