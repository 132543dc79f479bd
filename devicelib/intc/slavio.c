/* The interrupt controller of sun4m; slavio.py declares its registers.
 * SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <string.h>
#include "device.h"
#include "intc_slavio.h"
#include "words.h"

enum { LEVELS = 16, SOURCES = 32, TIMER_LEVEL = 14 };
#define SOFT_BITS SLAVIO_CPU_CLEAR_SOFT_MASK
#define MASK_BITS 0xfe7fffffu               /* sources that can be masked, and all */
#define POWER_ON_MASK 0x7e7fffffu           /* each source; the mask of all is open */

/* Of each source, from SBus level or the fixed wiring of the chip set; 0: none. */
static const uint8_t level_of[SOURCES] = {
    2, 3, 5, 7, 9, 11, 13,  2, 3, 5, 7, 9, 11, 13,
    12, 12, 6, 13, 4, 10, 8, 9, 11, 0, 0, 0, 0, 15, 15, 15, 15, 0,
};

struct saved {
    uint32_t sources, mask, soft, target, timer;
};

struct slavio {
    struct mb_dev *dev;
    pthread_mutex_t lock;
    struct saved s;
};

static uint32_t hard_levels(const struct slavio *chip)
{
    uint32_t levels = chip->s.timer ? 1u << TIMER_LEVEL : 0;
    uint32_t waiting = chip->s.sources & ~chip->s.mask;
    if (chip->s.mask & SLAVIO_SYSTEM_MASK_ALL_MASK)
        return levels;
    for (unsigned source = 0; source < SOURCES; source++)
        if (waiting >> source & 1 && level_of[source])
            levels |= 1u << level_of[source];
    return levels;
}

static void settle(struct slavio *chip)
{
    uint32_t levels = hard_levels(chip) | chip->s.soft >> 16;
    for (unsigned level = 1; level < LEVELS; level++)
        mb_dev_out(chip->dev, SLAVIO_PORT_IRL, level - 1, levels >> level & 1);
}

static uint32_t read_word(const struct slavio *chip, unsigned region, uint64_t offset)
{
    if (region == SLAVIO_REGION_CPU)
        return offset == SLAVIO_CPU_PENDING ? hard_levels(chip) | chip->s.soft : 0;
    switch (offset) {
    case SLAVIO_SYSTEM_PENDING: return chip->s.sources;
    case SLAVIO_SYSTEM_MASK: return chip->s.mask;
    case SLAVIO_SYSTEM_TARGET: return chip->s.target;
    }
    return 0;
}

static void write_word(struct slavio *chip, unsigned region, uint64_t offset, uint32_t value)
{
    if (region == SLAVIO_REGION_CPU) {
        if (offset == SLAVIO_CPU_CLEAR)
            chip->s.soft &= ~value;
        else if (offset == SLAVIO_CPU_SET)
            chip->s.soft |= value & SOFT_BITS;
        return;
    }
    switch (offset) {
    case SLAVIO_SYSTEM_MASK_CLEAR: chip->s.mask &= ~(value & MASK_BITS); break;
    case SLAVIO_SYSTEM_MASK_SET: chip->s.mask |= value & MASK_BITS; break;
    case SLAVIO_SYSTEM_TARGET: chip->s.target = value & SLAVIO_SYSTEM_TARGET_CPU_MASK; break;
    }
}

static uint64_t slavio_read(void *state, unsigned region, uint64_t offset, unsigned size,
                            int cpu)
{
    struct slavio *chip = state;
    pthread_mutex_lock(&chip->lock);
    uint32_t word = read_word(chip, region, offset & ~3ull);
    pthread_mutex_unlock(&chip->lock);
    return word_part(word, offset, size);
}

static void slavio_write(void *state, unsigned region, uint64_t offset, uint64_t value,
                         unsigned size, int cpu)
{
    struct slavio *chip = state;
    pthread_mutex_lock(&chip->lock);
    write_word(chip, region, offset & ~3ull, word_from(value, offset, size));
    settle(chip);
    pthread_mutex_unlock(&chip->lock);
}

static void slavio_input(void *state, unsigned port, unsigned index, int cpu, int level)
{
    struct slavio *chip = state;
    if (index >= SOURCES)
        return;
    pthread_mutex_lock(&chip->lock);
    if (port == SLAVIO_PORT_TIMER)
        chip->s.timer = level != 0;
    else
        chip->s.sources = (chip->s.sources & ~(1u << index)) | (uint32_t)(level != 0) << index;
    settle(chip);
    pthread_mutex_unlock(&chip->lock);
}

static bool slavio_create(void *state, struct mb_dev *dev)
{
    struct slavio *chip = state;
    chip->dev = dev;
    return pthread_mutex_init(&chip->lock, NULL) == 0;
}

static void slavio_destroy(void *state)
{
    pthread_mutex_destroy(&((struct slavio *)state)->lock);
}

/* The inputs are what their drivers say: they stay. */
static void slavio_reset(void *state)
{
    struct slavio *chip = state;
    pthread_mutex_lock(&chip->lock);
    chip->s.mask = POWER_ON_MASK;
    chip->s.soft = chip->s.target = 0;
    settle(chip);
    pthread_mutex_unlock(&chip->lock);
}

static size_t slavio_save(void *state, uint8_t *data, size_t size)
{
    struct slavio *chip = state;
    if (data && size >= sizeof chip->s) {
        pthread_mutex_lock(&chip->lock);
        memcpy(data, &chip->s, sizeof chip->s);
        pthread_mutex_unlock(&chip->lock);
    }
    return sizeof chip->s;
}

static bool slavio_restore(void *state, const uint8_t *data, size_t size)
{
    struct slavio *chip = state;
    if (size != sizeof chip->s)
        return false;
    pthread_mutex_lock(&chip->lock);
    memcpy(&chip->s, data, size);
    chip->s.mask &= MASK_BITS;
    chip->s.soft &= SOFT_BITS;
    chip->s.target &= SLAVIO_SYSTEM_TARGET_CPU_MASK;
    chip->s.timer = chip->s.timer != 0;
    settle(chip);
    pthread_mutex_unlock(&chip->lock);
    return true;
}

const struct mb_chip mb_chip_intc_slavio = {
    .abi = MB_CHIP_ABI, .model = "intc.slavio", .state_size = sizeof(struct slavio),
    .create = slavio_create, .destroy = slavio_destroy, .reset = slavio_reset,
    .read = slavio_read, .write = slavio_write, .input = slavio_input,
    .save = slavio_save, .restore = slavio_restore,
};
