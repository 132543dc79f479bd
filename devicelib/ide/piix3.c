/* PIIX3's IDE function; piix3.py declares it. SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include "ata/ata.h"
#include "ide_piix3.h"
#include "pci/pci.h"

enum { DECODE = 0x8000 };          /* in a channel's timing: its ports answer */
enum { MAY_USE_PORTS = 1, MAY_MASTER = 4 };    /* of the command register */
enum { SLAVE_TIMING = 4, TIMINGS = 5 };        /* bytes at 0x40 */

struct piix {
    struct ata_controller controller;
    struct mb_dev *dev;
    uint8_t timing[TIMINGS];
};

static bool may_master(struct mb_dev *dev)
{
    return mb_pci_command(mb_pci_function(dev)) & MAY_MASTER;
}

static bool decodes(const struct piix *piix, unsigned number)
{
    uint8_t high = __atomic_load_n(&piix->timing[2 * number + 1], __ATOMIC_RELAXED);
    return high & DECODE >> 8 && mb_pci_command(mb_pci_function(piix->dev)) & MAY_USE_PORTS;
}

/* ---- timing registers: kept, and of no effect but for the decode bits ---- */

static uint64_t read_config(const struct piix *piix, uint64_t offset, unsigned size)
{
    uint64_t value = 0, first = offset - PIIX3_CONFIG_PRIMARY_TIMING;
    for (unsigned i = 0; i < size && first + i < TIMINGS; i++)
        value |= (uint64_t)__atomic_load_n(&piix->timing[first + i], __ATOMIC_RELAXED)
                 << 8 * i;
    return value;
}

static void write_config(struct piix *piix, uint64_t offset, uint64_t value, unsigned size)
{
    uint64_t first = offset - PIIX3_CONFIG_PRIMARY_TIMING;
    for (unsigned i = 0; i < size && first + i < TIMINGS; i++)
        __atomic_store_n(&piix->timing[first + i], (uint8_t)(value >> 8 * i),
                         __ATOMIC_RELAXED);
}

/* ---- ports ---- */

/* The channel of one of its windows; NULL if it does not answer. */
static struct ata_channel *channel_of(struct piix *piix, unsigned region)
{
    unsigned number = region == PIIX3_REGION_COMMAND1 || region == PIIX3_REGION_CONTROL1;
    return decodes(piix, number) ? &piix->controller.channels[number] : NULL;
}

static struct ata_channel *master_of(struct piix *piix, uint64_t offset)
{
    return &piix->controller.channels[offset / ATA_MASTER_BLOCK % 2];
}

static uint64_t nobody(unsigned size)
{
    return ~0ull >> (64 - 8 * size);
}

static uint64_t piix_read(void *state, unsigned region, uint64_t offset, unsigned size,
                          int cpu)
{
    struct piix *piix = state;
    if (region == PIIX3_REGION_CONFIG)
        return read_config(piix, offset, size);
    if (region == PIIX3_REGION_BUSMASTER)
        return mb_ata_master_read(master_of(piix, offset), offset % ATA_MASTER_BLOCK, size);
    struct ata_channel *channel = channel_of(piix, region);
    if (!channel)
        return nobody(size);
    if (region == PIIX3_REGION_CONTROL0 || region == PIIX3_REGION_CONTROL1)
        return mb_ata_alternate_status(channel);
    return mb_ata_read(channel, offset, size);
}

static void piix_write(void *state, unsigned region, uint64_t offset, uint64_t value,
                       unsigned size, int cpu)
{
    struct piix *piix = state;
    if (region == PIIX3_REGION_CONFIG) {
        write_config(piix, offset, value, size);
        return;
    }
    if (region == PIIX3_REGION_BUSMASTER) {
        mb_ata_master_write(master_of(piix, offset), offset % ATA_MASTER_BLOCK, value, size);
        return;
    }
    struct ata_channel *channel = channel_of(piix, region);
    if (!channel)
        return;
    if (region == PIIX3_REGION_CONTROL0 || region == PIIX3_REGION_CONTROL1)
        mb_ata_control(channel, (uint8_t)value);
    else
        mb_ata_write(channel, offset, value, size);
}

/* ---- the chip ---- */

static void piix_reset(void *state)
{
    struct piix *piix = state;
    for (unsigned i = 0; i < TIMINGS; i++)
        __atomic_store_n(&piix->timing[i], 0, __ATOMIC_RELAXED);
    for (unsigned number = 0; number < 2; number++)
        mb_ata_channel_reset(&piix->controller.channels[number]);
}

struct saved {                     /* pure bytes */
    struct ata_saved_channel channels[2];
    uint8_t timing[TIMINGS];
};

static size_t piix_save(void *state, uint8_t *data, size_t size)
{
    struct piix *piix = state;
    struct saved saved;
    if (!data || size < sizeof saved)
        return sizeof saved;
    memset(&saved, 0, sizeof saved);
    for (unsigned number = 0; number < 2; number++)
        mb_ata_channel_save(&piix->controller.channels[number], &saved.channels[number]);
    for (unsigned i = 0; i < TIMINGS; i++)
        saved.timing[i] = __atomic_load_n(&piix->timing[i], __ATOMIC_RELAXED);
    memcpy(data, &saved, sizeof saved);
    return sizeof saved;
}

static bool piix_restore(void *state, const uint8_t *data, size_t size)
{
    struct piix *piix = state;
    struct saved saved;
    if (size != sizeof saved)
        return false;
    memcpy(&saved, data, size);
    for (unsigned number = 0; number < 2; number++)
        mb_ata_channel_restore(&piix->controller.channels[number], &saved.channels[number]);
    for (unsigned i = 0; i < TIMINGS; i++)
        __atomic_store_n(&piix->timing[i], saved.timing[i], __ATOMIC_RELAXED);
    return true;
}

static bool piix_create(void *state, struct mb_dev *dev)
{
    struct piix *piix = state;
    piix->dev = dev;
    for (unsigned number = 0; number < 2; number++)
        mb_ata_channel_init(&piix->controller.channels[number], dev, PIIX3_PORT_IRQ, number,
                            may_master);
    return true;
}

static void piix_destroy(void *state)
{
    struct piix *piix = state;
    for (unsigned number = 0; number < 2; number++)
        mb_ata_channel_destroy(&piix->controller.channels[number]);
}

const struct mb_chip mb_chip_ide_piix3 = {
    .abi = MB_CHIP_ABI, .model = "ide.piix3", .state_size = sizeof(struct piix),
    .create = piix_create, .destroy = piix_destroy, .reset = piix_reset,
    .read = piix_read, .write = piix_write, .save = piix_save, .restore = piix_restore,
};
