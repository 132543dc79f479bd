/* The 16550A; ns16550.py declares its registers. SPDX-License-Identifier: Apache-2.0
 *
 * The host's console is called without the lock: what it takes, it may take from another
 * thread that wants to give bytes at the same moment. */
#include <pthread.h>
#include <string.h>
#include "device.h"
#include "uart_ns16550.h"

enum { DEPTH = 16, SILENT_FRAMES = 4, MAX_DIVISOR = 0xFFFF };

/* IIR: causes by priority (table IV of the data sheet). */
enum { NO_CAUSE = 0x1, LINE_CAUSE = 0x6, RECEIVED_CAUSE = 0x4, TIMEOUT_CAUSE = 0xC,
       TRANSMITTER_CAUSE = 0x2, MODEM_CAUSE = 0x0, FIFOS_ON = 0xC0 };

#define LATCH NS16550_FRAME_LATCH_MASK
#define FIFOS NS16550_CAUSE_FIFOS_MASK
#define LOOPBACK NS16550_MODEM_LOOPBACK_MASK
#define RECEIVED NS16550_LINE_STATUS_RECEIVED_MASK
#define OVERRUN NS16550_LINE_STATUS_OVERRUN_MASK
#define IDLE (NS16550_LINE_STATUS_HOLDING_EMPTY_MASK | NS16550_LINE_STATUS_EMPTY_MASK)
#define CTS NS16550_MODEM_STATUS_CTS_MASK
#define DSR NS16550_MODEM_STATUS_DSR_MASK
#define RI NS16550_MODEM_STATUS_RI_MASK
#define DCD NS16550_MODEM_STATUS_DCD_MASK
#define CHANGES NS16550_MODEM_STATUS_CHANGES_MASK

/* What a snapshot holds. */
struct state {
    int64_t silence;                    /* when a receive timeout is due */
    uint16_t divisor;
    uint8_t enable, fifo_control, frame, modem, scratch;
    uint8_t line_status, modem_changes;
    uint8_t transmitter_pending;        /* the cause, until IIR is read */
    uint8_t timeout;                    /* likewise, until a byte is taken */
    uint8_t held;                       /* the byte received, without FIFOs */
    uint8_t count, fifo[DEPTH];         /* those received, then zeros */
};

struct uart {
    struct mb_dev *dev;
    pthread_mutex_t lock;
    struct mb_timer silence;
    unsigned shift;
    uint64_t clock;
    bool refused;                       /* the host has more than there was room for */
    struct state s;
};

/* What is left to do when the lock is released. */
struct aftermath {
    bool send, ready;
    uint8_t byte;
};

static bool fifos(const struct uart *uart)
{
    return uart->s.fifo_control & FIFOS;
}

static unsigned trigger(const struct uart *uart)
{
    static const uint8_t levels[] = { 1, 4, 8, 14 };
    return levels[uart->s.fifo_control >> NS16550_CAUSE_TRIGGER_SHIFT];
}

static unsigned cause(const struct uart *uart)
{
    const struct state *s = &uart->s;
    if (s->enable & NS16550_ENABLE_LINE_MASK && s->line_status & OVERRUN)
        return LINE_CAUSE;
    if (s->enable & NS16550_ENABLE_RECEIVED_MASK) {
        if (s->timeout)
            return TIMEOUT_CAUSE;
        if (s->line_status & RECEIVED && (!fifos(uart) || s->count >= trigger(uart)))
            return RECEIVED_CAUSE;
    }
    if (s->enable & NS16550_ENABLE_TRANSMITTER_MASK && s->transmitter_pending)
        return TRANSMITTER_CAUSE;
    if (s->enable & NS16550_ENABLE_MODEM_MASK && s->modem_changes)
        return MODEM_CAUSE;
    return NO_CAUSE;
}

static void settle(struct uart *uart)
{
    mb_dev_out(uart->dev, NS16550_PORT_IRQ, 0, cause(uart) != NO_CAUSE);
}

/* ---- receiving ---------------------------------------------------------------------------- */
static int64_t frame_ns(const struct uart *uart)
{
    const struct state *s = &uart->s;
    unsigned bits = 7 + (s->frame & NS16550_FRAME_LENGTH_MASK) +
                    !!(s->frame & NS16550_FRAME_STOPS_MASK) +
                    !!(s->frame & NS16550_FRAME_PARITY_MASK);
    uint64_t divisor = s->divisor ? s->divisor : MAX_DIVISOR;
    return (int64_t)(bits * 16 * divisor * 1000000000 / uart->clock);
}

static void await_silence(struct uart *uart)
{
    int64_t now = mb_clock_ns(mb_dev_machine(uart->dev));
    uart->s.silence = now + SILENT_FRAMES * frame_ns(uart);
    mb_timer_set(&uart->silence, uart->s.silence);
}

static void stop_waiting(struct uart *uart)
{
    uart->s.timeout = 0;
    uart->s.silence = INT64_MAX;
    mb_timer_cancel(&uart->silence);
}

static void ring(void *opaque)
{
    struct uart *uart = opaque;
    pthread_mutex_lock(&uart->lock);
    if (uart->s.count && uart->s.silence <= mb_clock_ns(mb_dev_machine(uart->dev))) {
        uart->s.timeout = 1;
        settle(uart);
    }
    pthread_mutex_unlock(&uart->lock);
}

/* A byte came in. Without room it is lost: of the FIFO's, the newest; else the one held. */
static void push(struct uart *uart, uint8_t byte)
{
    struct state *s = &uart->s;
    bool full = fifos(uart) ? s->count == DEPTH : s->line_status & RECEIVED;
    if (full)
        s->line_status |= OVERRUN;
    s->line_status |= RECEIVED;
    if (!fifos(uart)) {
        s->held = byte;
        return;
    }
    if (!full)
        s->fifo[s->count++] = byte;
    await_silence(uart);
}

static uint8_t take(struct uart *uart)
{
    struct state *s = &uart->s;
    uint8_t byte = fifos(uart) ? s->fifo[0] : s->held;
    s->timeout = 0;
    if (s->count) {
        memmove(s->fifo, s->fifo + 1, --s->count);
        s->fifo[s->count] = 0;
    }
    if (fifos(uart) && s->count) {
        await_silence(uart);
    } else {
        stop_waiting(uart);
        s->line_status &= (uint8_t)~RECEIVED;
    }
    return byte;
}

static size_t room(const struct uart *uart)
{
    if (uart->s.modem & LOOPBACK)
        return 0;
    return fifos(uart) ? DEPTH - uart->s.count : !(uart->s.line_status & RECEIVED);
}

static size_t uart_receive(void *state, const uint8_t *data, size_t size)
{
    struct uart *uart = state;
    pthread_mutex_lock(&uart->lock);
    size_t taken = room(uart) < size ? room(uart) : size;
    for (size_t i = 0; i < taken; i++)
        push(uart, data[i]);
    uart->refused = taken < size;
    settle(uart);
    pthread_mutex_unlock(&uart->lock);
    return taken;
}

/* ---- modem lines -------------------------------------------------------------------------- */
static unsigned modem_inputs(unsigned modem)
{
    if (!(modem & LOOPBACK))
        return DCD | DSR | CTS;
    return (modem & NS16550_MODEM_RTS_MASK ? CTS : 0) |
           (modem & NS16550_MODEM_DTR_MASK ? DSR : 0) |
           (modem & NS16550_MODEM_OUT1_MASK ? RI : 0) |
           (modem & NS16550_MODEM_OUT2_MASK ? DCD : 0);
}

/* Of RI only its end is noticed (TERI). */
static void set_modem(struct uart *uart, uint8_t value)
{
    unsigned before = modem_inputs(uart->s.modem), after = modem_inputs(value);
    unsigned changed = (before ^ after) & ~(after & RI);
    uart->s.modem = value;
    uart->s.modem_changes |= (uint8_t)(changed >> NS16550_MODEM_STATUS_CTS_SHIFT);
}

/* ---- registers ---------------------------------------------------------------------------- */
static uint8_t read_register(struct uart *uart, unsigned reg)
{
    struct state *s = &uart->s;
    uint8_t value = 0;
    switch (reg) {
    case NS16550_DATA:
        return s->frame & LATCH ? (uint8_t)s->divisor : take(uart);
    case NS16550_ENABLE:
        return s->frame & LATCH ? (uint8_t)(s->divisor >> 8) : s->enable;
    case NS16550_CAUSE:
        value = (uint8_t)cause(uart);
        if (value == TRANSMITTER_CAUSE)
            s->transmitter_pending = 0;
        return value | (fifos(uart) ? FIFOS_ON : 0);
    case NS16550_FRAME:
        return s->frame;
    case NS16550_MODEM:
        return s->modem;
    case NS16550_LINE_STATUS:
        value = s->line_status;
        s->line_status &= (uint8_t)~OVERRUN;
        return value;
    case NS16550_MODEM_STATUS:
        value = (uint8_t)(modem_inputs(s->modem) | s->modem_changes);
        s->modem_changes = 0;
        return value;
    }
    return s->scratch;
}

static void put(struct uart *uart, uint8_t byte, struct aftermath *after)
{
    if (uart->s.modem & LOOPBACK)
        push(uart, byte);
    else
        *after = (struct aftermath){ .send = true, .byte = byte };
    uart->s.transmitter_pending = 1;
}

/* Enabling the interrupt of an empty transmitter raises it, as the chip does. */
static void set_enable(struct uart *uart, uint8_t value)
{
    uint8_t transmitter = NS16550_ENABLE_TRANSMITTER_MASK;
    if ((value ^ uart->s.enable) & transmitter)
        uart->s.transmitter_pending = value & transmitter ? 1 : 0;
    uart->s.enable = value & 0xF;
}

static void empty_receiver(struct uart *uart)
{
    uart->s.count = 0;
    memset(uart->s.fifo, 0, DEPTH);
    uart->s.line_status &= (uint8_t)~RECEIVED;
    stop_waiting(uart);
}

static void set_fifos(struct uart *uart, uint8_t value)
{
    uint8_t changed = (value ^ uart->s.fifo_control) & FIFOS;
    if (changed || value & NS16550_CAUSE_RESET_RECEIVER_MASK)
        empty_receiver(uart);
    if (changed || value & NS16550_CAUSE_RESET_TRANSMITTER_MASK)
        uart->s.transmitter_pending = 1;
    uart->s.fifo_control = value & FIFOS ? value & (NS16550_CAUSE_TRIGGER_MASK | FIFOS) : 0;
}

static void set_divisor(struct uart *uart, unsigned shift, uint8_t value)
{
    unsigned kept = uart->s.divisor & ~(0xFFu << shift);
    uart->s.divisor = (uint16_t)(kept | (unsigned)value << shift);
}

static void write_register(struct uart *uart, unsigned reg, uint8_t value,
                           struct aftermath *after)
{
    struct state *s = &uart->s;
    switch (reg) {
    case NS16550_DATA:
        if (s->frame & LATCH)
            set_divisor(uart, 0, value);
        else
            put(uart, value, after);
        break;
    case NS16550_ENABLE:
        if (s->frame & LATCH)
            set_divisor(uart, 8, value);
        else
            set_enable(uart, value);
        break;
    case NS16550_CAUSE:
        set_fifos(uart, value);
        break;
    case NS16550_FRAME:
        s->frame = value;
        break;
    case NS16550_MODEM:
        set_modem(uart, value & 0x1F);
        break;
    case NS16550_SCRATCH:
        s->scratch = value;
    }
}

/* Has the host waited for room that is there now? */
static bool wanted(struct uart *uart)
{
    bool ready = uart->refused && room(uart);
    if (ready)
        uart->refused = false;
    return ready;
}

static void finish(struct uart *uart, const struct aftermath *after)
{
    if (after->send)
        mb_dev_send(uart->dev, &after->byte, 1);
    if (after->ready)
        mb_dev_receive_ready(uart->dev);
}

static unsigned read_at(struct uart *uart, uint64_t offset)
{
    struct aftermath after = { 0 };
    pthread_mutex_lock(&uart->lock);
    uint8_t value = read_register(uart, offset >> uart->shift & 7);
    settle(uart);
    after.ready = wanted(uart);
    pthread_mutex_unlock(&uart->lock);
    finish(uart, &after);
    return value;
}

static void write_at(struct uart *uart, uint64_t offset, uint8_t value)
{
    struct aftermath after = { 0 };
    pthread_mutex_lock(&uart->lock);
    write_register(uart, offset >> uart->shift & 7, value, &after);
    settle(uart);
    after.ready = wanted(uart);
    pthread_mutex_unlock(&uart->lock);
    finish(uart, &after);
}

/* Registers next to each other are each read or written by a wider access. */
static uint64_t uart_read(void *state, unsigned region, uint64_t offset, unsigned size,
                          int cpu)
{
    struct uart *uart = state;
    uint64_t value = 0;
    for (unsigned i = 0; i < size; i += 1u << uart->shift)
        value |= (uint64_t)read_at(uart, offset + i) << 8 * i;
    return value;
}

static void uart_write(void *state, unsigned region, uint64_t offset, uint64_t value,
                       unsigned size, int cpu)
{
    struct uart *uart = state;
    for (unsigned i = 0; i < size; i += 1u << uart->shift)
        write_at(uart, offset + i, (uint8_t)(value >> 8 * i));
}

/* ---- the chip ----------------------------------------------------------------------------- */
static bool uart_create(void *state, struct mb_dev *dev)
{
    struct uart *uart = state;
    uart->dev = dev;
    uart->shift = (unsigned)mb_dev_param(dev, NS16550_PARAM_SHIFT);
    uart->clock = mb_dev_param(dev, NS16550_PARAM_CLOCK);
    mb_timer_init(&uart->silence, mb_dev_machine(dev), ring, uart);
    return pthread_mutex_init(&uart->lock, NULL) == 0;
}

static void uart_destroy(void *state)
{
    struct uart *uart = state;
    mb_timer_cancel(&uart->silence);
    pthread_mutex_destroy(&uart->lock);
}

/* After a reset the divisor is undefined; 12 are the 9600 baud that firmware sets. */
static void uart_reset(void *state)
{
    struct uart *uart = state;
    pthread_mutex_lock(&uart->lock);
    uart->s = (struct state){ .line_status = IDLE, .divisor = 12 };
    stop_waiting(uart);
    settle(uart);
    pthread_mutex_unlock(&uart->lock);
}

static size_t uart_save(void *state, uint8_t *data, size_t size)
{
    struct uart *uart = state;
    if (data && size >= sizeof uart->s) {
        pthread_mutex_lock(&uart->lock);
        memcpy(data, &uart->s, sizeof uart->s);
        pthread_mutex_unlock(&uart->lock);
    }
    return sizeof uart->s;
}

static bool uart_restore(void *state, const uint8_t *data, size_t size)
{
    struct uart *uart = state;
    struct state saved;
    if (size != sizeof saved)
        return false;
    memcpy(&saved, data, size);
    if (saved.count > DEPTH)
        return false;
    pthread_mutex_lock(&uart->lock);
    uart->s = saved;
    mb_timer_set(&uart->silence, saved.silence);
    settle(uart);
    pthread_mutex_unlock(&uart->lock);
    return true;
}

const struct mb_chip mb_chip_uart_ns16550 = {
    .abi = MB_CHIP_ABI, .model = "uart.ns16550", .state_size = sizeof(struct uart),
    .create = uart_create, .destroy = uart_destroy, .reset = uart_reset,
    .read = uart_read, .write = uart_write, .receive = uart_receive,
    .save = uart_save, .restore = uart_restore,
};
