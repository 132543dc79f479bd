/* 82441FX; i440fx.py declares it. SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include "pci.h"
#include "pci_i440fx.h"

#define SEGMENT 0x4000u            /* what a nibble of PAM1 to PAM6 is for */
#define ADAPTERS 0x20000u          /* 0xc0000, as an offset in the shadow RAM */
#define BIOS 0x50000u              /* 0xf0000 */
#define ENABLED 0x80000000u
#define PINS 4u

struct i440fx {
    struct mb_pci_bus bus;         /* first: pci.h */
    struct mb_dev *dev;
    pthread_mutex_t lock;
    uint32_t address;
    uint8_t config[256];
    uint8_t *shadow;
};

/* ---- shadow RAM: 290549, sections 3.2.18 and 3.2.19 ------------------------------------------- */
static unsigned shown(unsigned nibble)
{
    return (nibble & 1 ? MB_SHOW_READ : 0) | (nibble & 2 ? MB_SHOW_WRITE : 0);
}

static void show(struct i440fx *bridge, uint32_t offset, uint32_t size, unsigned how)
{
    mb_dev_region_show(bridge->dev, I440FX_REGION_SHADOW, offset, size, how);
}

static void apply_pam(struct i440fx *bridge, unsigned number)
{
    uint8_t value = bridge->config[I440FX_CONFIG_PAM + number];
    if (number == 0) {
        show(bridge, BIOS, 4 * SEGMENT, shown(value >> 4));
        return;
    }
    uint32_t low = ADAPTERS + 2 * (number - 1) * SEGMENT;
    show(bridge, low, SEGMENT, shown(value & 15));
    show(bridge, low + SEGMENT, SEGMENT, shown(value >> 4));
}

static void apply_smram(struct i440fx *bridge)
{
    uint8_t value = bridge->config[I440FX_CONFIG_SMRAM];
    bool open = value & I440FX_CONFIG_SMRAM_OPEN_MASK && value & I440FX_CONFIG_SMRAM_ENABLE_MASK;
    show(bridge, 0, ADAPTERS, open ? MB_SHOW_READ | MB_SHOW_WRITE : 0);
}

/* Once locked, it cannot be opened nor unlocked until reset. */
static uint8_t new_smram(uint8_t before, uint8_t value)
{
    if (before & I440FX_CONFIG_SMRAM_LOCKED_MASK)
        return (uint8_t)((before & ~I440FX_CONFIG_SMRAM_CLOSED_MASK) |
                         (value & I440FX_CONFIG_SMRAM_CLOSED_MASK));
    if (value & I440FX_CONFIG_SMRAM_LOCKED_MASK)
        value &= (uint8_t)~I440FX_CONFIG_SMRAM_OPEN_MASK;
    return (uint8_t)((value & 0x78) | I440FX_CONFIG_SMRAM_RESET);
}

static void write_config(struct i440fx *bridge, unsigned offset, uint8_t value)
{
    unsigned pam = offset - I440FX_CONFIG_PAM;
    if (offset == I440FX_CONFIG_SMRAM)
        value = new_smram(bridge->config[offset], value);
    bridge->config[offset] = value;
    if (pam < I440FX_CONFIG_PAM_COUNT)
        apply_pam(bridge, pam);
    else if (offset == I440FX_CONFIG_SMRAM)
        apply_smram(bridge);
}

/* ---- configuration mechanism 1 -------------------------------------------------------------------- */
/* Slot and function; out of range for another bus, or while it is not enabled. */
static unsigned selected(const struct i440fx *bridge)
{
    bool here = bridge->address & ENABLED && !(bridge->address >> 16 & 0xff);
    return here ? bridge->address >> 8 & 0xff : UINT32_MAX;
}

static uint64_t read_ports(struct i440fx *bridge, uint64_t offset, unsigned size, int cpu)
{
    pthread_mutex_lock(&bridge->lock);
    uint32_t address = bridge->address;
    unsigned number = selected(bridge);
    pthread_mutex_unlock(&bridge->lock);
    if (offset < 4)
        return offset == 0 && size == 4 ? address : UINT32_MAX;
    uint64_t value = 0;
    unsigned within = offset & 3, step = within + size <= 4 ? size : 1;
    for (unsigned at = 0; at < size; at += step)
        value |= (uint64_t)mb_pci_config_read(
                     &bridge->bus, number,
                     ((address & 0xfc) | ((within + at) & 3)), step, cpu) << 8 * at;
    return value;
}

static void write_ports(struct i440fx *bridge, uint64_t offset, uint64_t value,
                        unsigned size, int cpu)
{
    pthread_mutex_lock(&bridge->lock);
    uint32_t address = bridge->address;
    unsigned number = selected(bridge);
    if (offset == 0 && size == 4)
        bridge->address = (uint32_t)value & ~3u;
    pthread_mutex_unlock(&bridge->lock);
    unsigned within = offset & 3;
    if (offset >= 4 && within + size <= 4)
        mb_pci_config_write(&bridge->bus, number, (address & 0xfc) | within, (uint32_t)value,
                            size, cpu);
}

/* ---- the chip --------------------------------------------------------------------------------------- */
/* What is written there but not read is beneath: the BIOS that is being copied. */
static uint64_t read_shadow(struct i440fx *bridge, uint64_t offset, unsigned size)
{
    uint64_t value = 0;
    return mb_dev_beneath(bridge->dev, I440FX_REGION_SHADOW, offset, size, &value)
        ? value : UINT64_MAX;
}

static uint64_t read_own(struct i440fx *bridge, uint64_t offset, unsigned size)
{
    uint64_t value = 0;
    pthread_mutex_lock(&bridge->lock);
    for (unsigned i = 0; i < size; i++)
        value |= (uint64_t)bridge->config[(offset + i) & 0xff] << 8 * i;
    pthread_mutex_unlock(&bridge->lock);
    return value;
}

static uint64_t i440fx_read(void *state, unsigned region, uint64_t offset, unsigned size,
                            int cpu)
{
    struct i440fx *bridge = state;
    switch (region) {
    case I440FX_REGION_MAIN: return read_ports(bridge, offset, size, cpu);
    case I440FX_REGION_CONFIG: return read_own(bridge, offset, size);
    default: return read_shadow(bridge, offset, size);
    }
}

static void write_own(struct i440fx *bridge, uint64_t offset, uint64_t value, unsigned size)
{
    pthread_mutex_lock(&bridge->lock);
    for (unsigned i = 0; i < size; i++)
        write_config(bridge, (unsigned)(offset + i) & 0xff, (uint8_t)(value >> 8 * i));
    pthread_mutex_unlock(&bridge->lock);
}

/* Writes that the shadow RAM does not take itself: those to a piece that is only read are
 * lost; one that is only written takes them here. */
static void write_shadow(struct i440fx *bridge, uint64_t offset, uint64_t value,
                         unsigned size)
{
    uint64_t piece = offset / SEGMENT, bios = BIOS / SEGMENT;
    unsigned number = piece >= bios ? 0 : 1 + (unsigned)((piece - ADAPTERS / SEGMENT) / 2);
    if (offset < ADAPTERS || offset + size > I440FX_SHADOW_SPAN)
        return;
    unsigned pam = read_own(bridge, I440FX_CONFIG_PAM + number, 1);
    bool high = number == 0 || piece & 1;
    if ((high ? pam >> 4 : pam) & 2)
        memcpy(bridge->shadow + offset, &value, size);
}

static void i440fx_write(void *state, unsigned region, uint64_t offset, uint64_t value,
                         unsigned size, int cpu)
{
    struct i440fx *bridge = state;
    if (region == I440FX_REGION_MAIN)
        write_ports(bridge, offset, value, size, cpu);
    else if (region == I440FX_REGION_CONFIG)
        write_own(bridge, offset, value, size);
    else
        write_shadow(bridge, offset, value, size);
}

/* The first slot for cards is 1: boards with a PIIX wire its INTA to PIRQA, and BIOSes that
 * note the routing in the functions count on it. */
static void i440fx_input(void *state, unsigned port, unsigned index, int cpu, int level)
{
    mb_dev_out(((struct i440fx *)state)->dev, I440FX_PORT_PIRQ, (index + PINS - 1) % PINS, level);
}

static void i440fx_reset(void *state)
{
    struct i440fx *bridge = state;
    mb_pci_reset(&bridge->bus);
    pthread_mutex_lock(&bridge->lock);
    bridge->address = 0;
    memset(bridge->config, 0, sizeof bridge->config);
    bridge->config[I440FX_CONFIG_SMRAM] = I440FX_CONFIG_SMRAM_RESET;
    for (unsigned number = 0; number < I440FX_CONFIG_PAM_COUNT; number++)
        apply_pam(bridge, number);
    apply_smram(bridge);
    pthread_mutex_unlock(&bridge->lock);
}

static bool i440fx_create(void *state, struct mb_dev *dev)
{
    struct i440fx *bridge = state;
    bridge->dev = dev;
    bridge->shadow = mb_dev_region_memory(dev, I440FX_REGION_SHADOW);
    pthread_mutex_init(&bridge->lock, NULL);
    return mb_pci_init(&bridge->bus, dev);
}

static void i440fx_destroy(void *state)
{
    struct i440fx *bridge = state;
    mb_pci_destroy(&bridge->bus);
    pthread_mutex_destroy(&bridge->lock);
}

const struct mb_chip mb_chip_pci_i440fx = {
    .abi = MB_CHIP_ABI, .model = "pci.i440fx", .state_size = sizeof(struct i440fx),
    .create = i440fx_create, .destroy = i440fx_destroy, .reset = i440fx_reset,
    .read = i440fx_read, .write = i440fx_write, .input = i440fx_input,
};
