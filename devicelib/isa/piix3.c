/* 82371SB, function 0; piix3.py declares it. SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include "pci.h"
#include "isa_piix3.h"

#define LINES 16
#define TIMER_PIN 2
/* Lines that PCI pins may not be routed to: timer, keyboard, cascade, clock, coprocessor. */
#define RESERVED 0x2107u

struct piix3 {
    struct mb_dev *dev;
    pthread_mutex_t lock;
    uint8_t config[256], reset_control;
    uint16_t isa;                  /* levels of the ISA lines */
    uint8_t pins;                  /* levels of the PCI pins */
};

static uint16_t routed(const struct piix3 *bridge)
{
    uint16_t lines = 0;
    for (unsigned pin = 0; pin < PIIX3_CONFIG_ROUTE_COUNT; pin++) {
        uint8_t route = bridge->config[PIIX3_CONFIG_ROUTE + pin];
        unsigned line = 1u << (route & PIIX3_CONFIG_ROUTE_LINE_MASK);
        if (bridge->pins >> pin & 1 && !(route & PIIX3_CONFIG_ROUTE_OFF_MASK))
            lines |= line & ~RESERVED;
    }
    return lines;
}

/* With the lock: lines that did not change cost nothing. */
static void drive(struct piix3 *bridge)
{
    uint16_t lines = bridge->isa | routed(bridge);
    for (unsigned line = 0; line < LINES; line++) {
        int level = lines >> line & 1;
        mb_dev_out(bridge->dev, PIIX3_PORT_PIC, line, level);
        if (line != TIMER_PIN)
            mb_dev_out(bridge->dev, PIIX3_PORT_GSI, line ? line : TIMER_PIN, level);
    }
}

static void piix3_input(void *state, unsigned port, unsigned index, int cpu, int level)
{
    struct piix3 *bridge = state;
    pthread_mutex_lock(&bridge->lock);
    if (port == PIIX3_PORT_IRQ)
        bridge->isa = (uint16_t)((bridge->isa & ~(1u << index)) | (unsigned)!!level << index);
    else
        bridge->pins = (uint8_t)((bridge->pins & ~(1u << index)) |
                                 (unsigned)!!level << index);
    drive(bridge);
    pthread_mutex_unlock(&bridge->lock);
}

/* ---- registers ------------------------------------------------------------------------------- */
/* 290550, section 2.5.5: the processor is reset when `now` goes from 0 to 1. */
static void write_reset(struct piix3 *bridge, uint8_t value)
{
    bool starts = value & ~bridge->reset_control & PIIX3_RESET_PORT_CONTROL_NOW_MASK;
    bridge->reset_control = value & (PIIX3_RESET_PORT_CONTROL_NOW_MASK |
                                     PIIX3_RESET_PORT_CONTROL_HARD_MASK);
    if (starts)
        mb_dev_restart(bridge->dev, "the guest asked for it at port 0xcf9");
}

static uint64_t piix3_read(void *state, unsigned region, uint64_t offset, unsigned size,
                           int cpu)
{
    struct piix3 *bridge = state;
    uint64_t value = 0;
    pthread_mutex_lock(&bridge->lock);
    if (region == PIIX3_REGION_RESET_PORT)
        value = bridge->reset_control;
    for (unsigned i = 0; region == PIIX3_REGION_CONFIG && i < size; i++)
        value |= (uint64_t)bridge->config[(offset + i) & 0xff] << 8 * i;
    pthread_mutex_unlock(&bridge->lock);
    return value;
}

static void piix3_write(void *state, unsigned region, uint64_t offset, uint64_t value,
                        unsigned size, int cpu)
{
    struct piix3 *bridge = state;
    pthread_mutex_lock(&bridge->lock);
    if (region == PIIX3_REGION_RESET_PORT)
        write_reset(bridge, (uint8_t)value);
    for (unsigned i = 0; region == PIIX3_REGION_CONFIG && i < size; i++)
        bridge->config[(offset + i) & 0xff] = (uint8_t)(value >> 8 * i);
    if (region == PIIX3_REGION_CONFIG)
        drive(bridge);
    pthread_mutex_unlock(&bridge->lock);
}

static void piix3_reset(void *state)
{
    struct piix3 *bridge = state;
    pthread_mutex_lock(&bridge->lock);
    memset(bridge->config, 0, sizeof bridge->config);
    memset(bridge->config + PIIX3_CONFIG_ROUTE, PIIX3_CONFIG_ROUTE_RESET,
           PIIX3_CONFIG_ROUTE_COUNT);
    bridge->reset_control = 0;
    drive(bridge);
    pthread_mutex_unlock(&bridge->lock);
}

static bool piix3_create(void *state, struct mb_dev *dev)
{
    struct piix3 *bridge = state;
    bridge->dev = dev;
    return pthread_mutex_init(&bridge->lock, NULL) == 0;
}

static void piix3_destroy(void *state)
{
    pthread_mutex_destroy(&((struct piix3 *)state)->lock);
}

const struct mb_chip mb_chip_isa_piix3 = {
    .abi = MB_CHIP_ABI, .model = "isa.piix3", .state_size = sizeof(struct piix3),
    .create = piix3_create, .destroy = piix3_destroy, .reset = piix3_reset,
    .read = piix3_read, .write = piix3_write, .input = piix3_input,
};
