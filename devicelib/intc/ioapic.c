/* The I/O APIC; ioapic.py declares it. SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <string.h>
#include "device.h"
#include "intc_ioapic.h"
#include "apic.h"

enum { PINS = 24, ID = 0, VERSION = 1, ARBITRATION = 2, TABLE = 0x10, WITH_EOI = 0x20 };
enum { ID_MASK = 0x0F000000 };

/* An entry of the table. Its low half is laid out as the data of a message. */
enum { LOGICAL = 1 << 11, STATUS = 1 << 12, REMOTE_IRR = 1 << 14, LEVEL = 1 << 15,
       MASKED = 1 << 16 };
enum { WRITABLE_LOW = 0x1FFFF & ~(STATUS | REMOTE_IRR), DESTINATION_SHIFT = 56 };
static const uint64_t writable = WRITABLE_LOW | 0xFFull << DESTINATION_SHIFT;

struct saved {
    uint64_t table[PINS];
    uint32_t lines, id;
    uint8_t select;
};

struct ioapic {
    struct mb_dev *dev;
    pthread_mutex_t lock;
    unsigned version;
    struct saved s;
};

/* Only these have an end, for which a level waits; the others are edges, whatever they say. */
static bool has_end(uint64_t entry)
{
    enum apic_mode mode = apic_data_mode((uint32_t)entry);
    return entry & LEVEL && (mode == APIC_FIXED || mode == APIC_LOWEST);
}

static void send(struct ioapic *chip, uint64_t entry)
{
    uint64_t address = apic_address_base |
        (entry >> DESTINATION_SHIFT) << APIC_ADDRESS_SHIFT;
    if (entry & LOGICAL)
        address |= APIC_ADDRESS_LOGICAL;
    if (apic_data_mode((uint32_t)entry) == APIC_LOWEST)
        address |= APIC_ADDRESS_HINT;
    uint32_t data = (uint32_t)entry & 0x7FF;
    if (has_end(entry))
        data |= APIC_DATA_LEVEL;
    mb_msi(mb_dev_machine(chip->dev), address, data | APIC_DATA_ASSERT);
}

/* A level-triggered pin sends while its line is high, if it is not waiting. */
static void service(struct ioapic *chip, unsigned pin)
{
    uint64_t *entry = &chip->s.table[pin];
    if (!(chip->s.lines >> pin & 1) || !has_end(*entry) || *entry & (MASKED | REMOTE_IRR))
        return;
    *entry |= REMOTE_IRR;
    send(chip, *entry);
}

static void ioapic_input(void *state, unsigned port, unsigned pin, int cpu, int level)
{
    struct ioapic *chip = state;
    if (pin >= PINS)
        return;
    pthread_mutex_lock(&chip->lock);
    uint32_t bit = 1u << pin;
    uint64_t entry = chip->s.table[pin];
    bool rises = level && !(chip->s.lines & bit);
    chip->s.lines = level ? chip->s.lines | bit : chip->s.lines & ~bit;
    if (has_end(entry))
        service(chip, pin);
    else if (rises && !(entry & MASKED))
        send(chip, entry);
    pthread_mutex_unlock(&chip->lock);
}

static void end(struct ioapic *chip, uint8_t vector)
{
    for (unsigned pin = 0; pin < PINS; pin++) {
        uint64_t *entry = &chip->s.table[pin];
        if (!(*entry & REMOTE_IRR) || (uint8_t)*entry != vector)
            continue;
        *entry &= ~(uint64_t)REMOTE_IRR;
        service(chip, pin);
    }
}

static void hear_eoi(void *opaque, uint8_t vector)
{
    struct ioapic *chip = opaque;
    pthread_mutex_lock(&chip->lock);
    end(chip, vector);
    pthread_mutex_unlock(&chip->lock);
}

/* ---- registers ---- */

/* To make an entry an edge ends it: the way to do that without an EOI register. */
static void write_entry(struct ioapic *chip, unsigned pin, bool high, uint32_t value)
{
    uint64_t *entry = &chip->s.table[pin];
    uint64_t half = 0xFFFFFFFFull << (high ? 32 : 0);
    uint64_t changed = half & writable;
    *entry = (*entry & ~changed) | ((uint64_t)value << (high ? 32 : 0) & changed);
    if (!has_end(*entry))
        *entry &= ~(uint64_t)REMOTE_IRR;
    service(chip, pin);
}

static uint32_t read_window(const struct ioapic *chip)
{
    unsigned index = chip->s.select;
    if (index == ID || index == ARBITRATION)
        return chip->s.id;
    if (index == VERSION)
        return chip->version | (PINS - 1) << 16;
    if (index < TABLE || index >= TABLE + 2 * PINS)
        return 0;
    return (uint32_t)(chip->s.table[(index - TABLE) / 2] >> (index % 2 ? 32 : 0));
}

static void write_window(struct ioapic *chip, uint32_t value)
{
    unsigned index = chip->s.select;
    if (index == ID)
        chip->s.id = value & ID_MASK;
    else if (index >= TABLE && index < TABLE + 2 * PINS)
        write_entry(chip, (index - TABLE) / 2, index % 2, value);
}

static uint32_t read_register(const struct ioapic *chip, uint64_t offset)
{
    switch (offset) {
    case IOAPIC_SELECT: return chip->s.select;
    case IOAPIC_WINDOW: return read_window(chip);
    }
    return 0;
}

static void write_register(struct ioapic *chip, uint64_t offset, uint32_t value)
{
    switch (offset) {
    case IOAPIC_SELECT: chip->s.select = (uint8_t)value; break;
    case IOAPIC_WINDOW: write_window(chip, value); break;
    case IOAPIC_EOI:
        if (chip->version >= WITH_EOI)
            end(chip, (uint8_t)value);
        break;
    }
}

static uint64_t ioapic_read(void *state, unsigned region, uint64_t offset, unsigned size,
                            int cpu)
{
    struct ioapic *chip = state;
    pthread_mutex_lock(&chip->lock);
    uint64_t value = read_register(chip, offset & ~3ull);
    pthread_mutex_unlock(&chip->lock);
    value >>= 8 * (offset & 3);
    return size < 4 ? value & ((1u << 8 * size) - 1) : value;
}

static void ioapic_write(void *state, unsigned region, uint64_t offset, uint64_t value,
                         unsigned size, int cpu)
{
    struct ioapic *chip = state;
    if (offset & 3 || (size < 4 && offset != IOAPIC_SELECT)) {
        mb_dev_log(chip->dev, "%u-byte write at 0x%x", size, (unsigned)offset);
        return;
    }
    pthread_mutex_lock(&chip->lock);
    write_register(chip, offset, (uint32_t)value);
    pthread_mutex_unlock(&chip->lock);
}

/* ---- the chip ---- */

static void ioapic_reset(void *state)
{
    struct ioapic *chip = state;
    pthread_mutex_lock(&chip->lock);
    chip->s = (struct saved){ .lines = chip->s.lines };   /* who drives one keeps it */
    for (unsigned pin = 0; pin < PINS; pin++)
        chip->s.table[pin] = MASKED;
    pthread_mutex_unlock(&chip->lock);
}

static bool ioapic_create(void *state, struct mb_dev *dev)
{
    struct ioapic *chip = state;
    chip->dev = dev;
    chip->version = (unsigned)mb_dev_param(dev, IOAPIC_PARAM_VERSION);
    if (!mb_eoi_listen(mb_dev_machine(dev), hear_eoi, chip)) {
        mb_dev_error(dev, "too many I/O APICs");
        return false;
    }
    return pthread_mutex_init(&chip->lock, NULL) == 0;
}

static void ioapic_destroy(void *state)
{
    pthread_mutex_destroy(&((struct ioapic *)state)->lock);
}

static size_t ioapic_save(void *state, uint8_t *data, size_t size)
{
    struct ioapic *chip = state;
    if (data && size >= sizeof chip->s) {
        pthread_mutex_lock(&chip->lock);
        memcpy(data, &chip->s, sizeof chip->s);
        pthread_mutex_unlock(&chip->lock);
    }
    return sizeof chip->s;
}

static bool ioapic_restore(void *state, const uint8_t *data, size_t size)
{
    struct ioapic *chip = state;
    if (size != sizeof chip->s)
        return false;
    pthread_mutex_lock(&chip->lock);
    memcpy(&chip->s, data, size);
    chip->s.id &= ID_MASK;
    for (unsigned pin = 0; pin < PINS; pin++) {
        uint64_t *entry = &chip->s.table[pin];
        *entry &= writable | (has_end(*entry) ? REMOTE_IRR : 0);
    }
    pthread_mutex_unlock(&chip->lock);
    return true;
}

const struct mb_chip mb_chip_intc_ioapic = {
    .abi = MB_CHIP_ABI, .model = "intc.ioapic", .state_size = sizeof(struct ioapic),
    .create = ioapic_create, .destroy = ioapic_destroy, .reset = ioapic_reset,
    .read = ioapic_read, .write = ioapic_write, .input = ioapic_input,
    .save = ioapic_save, .restore = ioapic_restore,
};
