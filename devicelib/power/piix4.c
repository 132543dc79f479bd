/* 82371AB, function 3; piix4.py declares it. SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include "pci.h"
#include "power_piix4.h"

#define TIMER_HZ 3579545u
#define TIMER_HALF (1u << 23)      /* the status bit is set when bit 23 changes */
#define TIMER_MASK 0xffffffu
#define NS 1000000000u
enum { ACPI_OFF = 0xf0, ACPI_ON = 0xf1, SOFT_OFF = 0 };

struct piix4 {
    struct mb_dev *dev;
    pthread_mutex_t lock;
    struct mb_timer half;          /* rings when bit 23 of the timer changes */
    uint64_t halves;               /* changes of bit 23 that were noticed */
    uint8_t config[256];
    uint16_t status, enabled, control, gp_enable;
    uint8_t apm[2];
};

/* ---- the timer ---------------------------------------------------------------------------------- */
static uint64_t ticks(const struct piix4 *pm)
{
    return (uint64_t)((unsigned __int128)mb_clock_ns(mb_dev_machine(pm->dev)) * TIMER_HZ / NS);
}

static void notice_timer(struct piix4 *pm)
{
    uint64_t halves = ticks(pm) / TIMER_HALF;
    if (halves != pm->halves)
        pm->status |= PIIX4_PM_STATUS_TIMER_MASK;
    pm->halves = halves;
}

static void arm(struct piix4 *pm)
{
    if (!(pm->enabled & PIIX4_PM_ENABLED_TIMER_MASK) || !(pm->control & PIIX4_PM_CONTROL_SCI_MASK)) {
        mb_timer_cancel(&pm->half);
        return;
    }
    uint64_t next = (pm->halves + 1) * TIMER_HALF;
    mb_timer_set(&pm->half, (int64_t)((unsigned __int128)next * NS / TIMER_HZ) + 1);
}

/* With the lock, after anything changed: ACPI 1.0, section 4.7.2. */
static void settle(struct piix4 *pm)
{
    bool wanted = pm->status & pm->enabled &
                  (PIIX4_PM_ENABLED_TIMER_MASK | PIIX4_PM_ENABLED_BUTTON_MASK);
    arm(pm);
    mb_dev_out(pm->dev, PIIX4_PORT_IRQ, 0, wanted && pm->control & PIIX4_PM_CONTROL_SCI_MASK);
}

static void ring(void *opaque)
{
    struct piix4 *pm = opaque;
    pthread_mutex_lock(&pm->lock);
    notice_timer(pm);
    settle(pm);
    pthread_mutex_unlock(&pm->lock);
}

/* ---- registers ------------------------------------------------------------------------------------ */
static uint32_t read_pm(struct piix4 *pm, uint64_t offset)
{
    switch (offset) {
    case PIIX4_PM_STATUS: notice_timer(pm); return pm->status | (uint32_t)pm->enabled << 16;
    case PIIX4_PM_CONTROL: return pm->control;
    case PIIX4_PM_TIMER: return (uint32_t)(ticks(pm) & TIMER_MASK);
    case PIIX4_PM_GP_STATUS: return (uint32_t)pm->gp_enable << 16;
    default: return 0;
    }
}

static void write_control(struct piix4 *pm, uint16_t value)
{
    unsigned type = (value & PIIX4_PM_CONTROL_TYPE_MASK) >> PIIX4_PM_CONTROL_TYPE_SHIFT;
    pm->control = value & (uint16_t)~PIIX4_PM_CONTROL_SLEEP_MASK;
    if (!(value & PIIX4_PM_CONTROL_SLEEP_MASK))
        return;
    if (type == SOFT_OFF)
        mb_dev_shutdown(pm->dev, "power off");
    else
        mb_dev_log(pm->dev, "sleep state %u is not modelled, the guest stays awake", type);
}

/* The low half of a register of 32 bits, or a register of 16 bits. */
static void write_pm(struct piix4 *pm, uint64_t offset, uint16_t value)
{
    notice_timer(pm);
    switch (offset) {
    case PIIX4_PM_STATUS: pm->status &= (uint16_t)~value; break;
    case PIIX4_PM_ENABLED: pm->enabled = value; break;
    case PIIX4_PM_CONTROL: write_control(pm, value); break;
    case PIIX4_PM_GP_ENABLE: pm->gp_enable = value; break;
    }
}

static void write_pm_bytes(struct piix4 *pm, uint64_t offset, uint64_t value, unsigned size)
{
    if (size == 1) {               /* the other byte stays; no status bit is cleared by it */
        uint32_t word = read_pm(pm, offset & ~3ull) >> 8 * (offset & 2) & 0xffff;
        if ((offset & ~1ull) == PIIX4_PM_STATUS)
            word = 0;
        word = offset & 1 ? (word & 0xff) | (uint32_t)value << 8
                          : (word & 0xff00) | (uint32_t)value;
        write_pm(pm, offset & ~1ull, (uint16_t)word);
        return;
    }
    for (unsigned at = 0; at < size; at += 2)
        write_pm(pm, offset + at, (uint16_t)(value >> 8 * at));
}

static void write_apm(struct piix4 *pm, uint64_t offset, uint8_t value)
{
    pm->apm[offset & 1] = value;
    if (offset == PIIX4_APM_CONTROL && value == ACPI_ON)
        pm->control |= PIIX4_PM_CONTROL_SCI_MASK;
    else if (offset == PIIX4_APM_CONTROL && value == ACPI_OFF)
        pm->control &= (uint16_t)~PIIX4_PM_CONTROL_SCI_MASK;
}

/* ---- configuration -------------------------------------------------------------------------------- */
static uint64_t word_of(const uint8_t *bytes, uint64_t offset, unsigned size)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < size; i++)
        value |= (uint64_t)bytes[(offset + i) & 0xff] << 8 * i;
    return value;
}

static void place(struct piix4 *pm)
{
    uint64_t base = word_of(pm->config, PIIX4_CONFIG_BASE, 4) & PIIX4_CONFIG_BASE_ADDRESS_MASK;
    bool visible = pm->config[PIIX4_CONFIG_ENABLE] & PIIX4_CONFIG_ENABLE_IO_MASK;
    mb_dev_region_place(pm->dev, PIIX4_REGION_PM, base, visible && base);
}

static void write_config(struct piix4 *pm, uint64_t offset, uint64_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++)
        pm->config[(offset + i) & 0xff] = (uint8_t)(value >> 8 * i);
    pm->config[PIIX4_CONFIG_BASE] = (pm->config[PIIX4_CONFIG_BASE] & 0xc0) | 1;
    place(pm);
}

/* ---- the chip ------------------------------------------------------------------------------------- */
static uint64_t piix4_read(void *state, unsigned region, uint64_t offset, unsigned size,
                           int cpu)
{
    struct piix4 *pm = state;
    uint64_t value;
    pthread_mutex_lock(&pm->lock);
    if (region == PIIX4_REGION_PM)
        value = read_pm(pm, offset & ~3ull) >> 8 * (offset & 3);
    else if (region == PIIX4_REGION_APM)
        value = word_of(pm->apm, offset, offset + size <= 2 ? size : 1);
    else
        value = word_of(pm->config, offset, size);
    pthread_mutex_unlock(&pm->lock);
    return value;
}

static void piix4_write(void *state, unsigned region, uint64_t offset, uint64_t value,
                        unsigned size, int cpu)
{
    struct piix4 *pm = state;
    pthread_mutex_lock(&pm->lock);
    if (region == PIIX4_REGION_PM)
        write_pm_bytes(pm, offset, value, size);
    else if (region == PIIX4_REGION_APM)
        write_apm(pm, offset, (uint8_t)value);
    else
        write_config(pm, offset, value, size);
    settle(pm);
    pthread_mutex_unlock(&pm->lock);
}

static void piix4_input(void *state, unsigned port, unsigned index, int cpu, int level)
{
    struct piix4 *pm = state;
    if (!level)
        return;
    pthread_mutex_lock(&pm->lock);
    pm->status |= PIIX4_PM_STATUS_BUTTON_MASK;
    settle(pm);
    pthread_mutex_unlock(&pm->lock);
}

static void set_word(struct piix4 *pm, unsigned offset, uint32_t value)
{
    memcpy(pm->config + offset, &value, sizeof value);
}

static void piix4_reset(void *state)
{
    struct piix4 *pm = state;
    pthread_mutex_lock(&pm->lock);
    memset(pm->config, 0, sizeof pm->config);
    memset(pm->apm, 0, sizeof pm->apm);
    set_word(pm, PIIX4_CONFIG_BASE, PIIX4_CONFIG_BASE_RESET);
    set_word(pm, PIIX4_CONFIG_DEVICE_B, PIIX4_CONFIG_DEVICE_B_RESET);
    pm->status = pm->enabled = pm->control = pm->gp_enable = 0;
    pm->halves = ticks(pm) / TIMER_HALF;
    place(pm);
    settle(pm);
    pthread_mutex_unlock(&pm->lock);
}

static bool piix4_create(void *state, struct mb_dev *dev)
{
    struct piix4 *pm = state;
    pm->dev = dev;
    mb_timer_init(&pm->half, mb_dev_machine(dev), ring, pm);
    return pthread_mutex_init(&pm->lock, NULL) == 0;
}

static void piix4_destroy(void *state)
{
    struct piix4 *pm = state;
    mb_timer_cancel(&pm->half);
    pthread_mutex_destroy(&pm->lock);
}

const struct mb_chip mb_chip_power_piix4 = {
    .abi = MB_CHIP_ABI, .model = "power.piix4", .state_size = sizeof(struct piix4),
    .create = piix4_create, .destroy = piix4_destroy, .reset = piix4_reset,
    .read = piix4_read, .write = piix4_write, .input = piix4_input,
};
