/* The IOMMU of sun4m; sun4m.py declares its registers. SPDX-License-Identifier: Apache-2.0
 *
 * The table is read through this chip's own DMA, which is physical. The lock is held for
 * registers only: a device's DMA takes their values in one go. */
#include <pthread.h>
#include <string.h>
#include "device.h"
#include "iommu_sun4m.h"
#include "words.h"

enum { PAGE_BITS = 12, PAGE = 1 << PAGE_BITS, SMALLEST_RANGE_BITS = 24, WORDS = 0x4000 / 4 };
enum { ENTRY_VALID = 2, ENTRY_WRITABLE = 4 };       /* IOPTE; the page is in bits 31:8 */
#define IDENTITY 0xff000000u

struct iommu {
    struct mb_dev *dev;
    pthread_mutex_t lock;
    uint32_t words[WORDS];
};

static uint32_t *word(struct iommu *iommu, uint64_t offset)
{
    return &iommu->words[offset / 4 % WORDS];
}

static uint64_t iommu_read(void *state, unsigned region, uint64_t offset, unsigned size,
                           int cpu)
{
    struct iommu *iommu = state;
    pthread_mutex_lock(&iommu->lock);
    uint32_t value = *word(iommu, offset);
    pthread_mutex_unlock(&iommu->lock);
    return word_part(value, offset, size);
}

static uint32_t kept(uint64_t offset, uint32_t value)
{
    switch (offset) {
    case SUN4M_REGISTERS_CONTROL: return (value & ~IDENTITY) | SUN4M_REGISTERS_CONTROL_RESET;
    case SUN4M_REGISTERS_BASE: return value & SUN4M_REGISTERS_BASE_TABLE_MASK;
    case SUN4M_REGISTERS_FLUSH: case SUN4M_REGISTERS_FLUSH_PAGE: return 0;
    }
    return value;
}

static void iommu_write(void *state, unsigned region, uint64_t offset, uint64_t value,
                        unsigned size, int cpu)
{
    struct iommu *iommu = state;
    uint64_t at = offset & ~3ull;
    pthread_mutex_lock(&iommu->lock);
    *word(iommu, at) = kept(at, word_from(value, offset, size));
    pthread_mutex_unlock(&iommu->lock);
}

static bool entry_of(struct iommu *iommu, uint32_t base, uint32_t page, uint32_t *entry)
{
    uint8_t bytes[4];
    uint64_t at = ((uint64_t)base << 4) + 4ull * page;
    if (!mb_dma_read(iommu->dev, at, bytes, sizeof bytes))
        return false;
    *entry = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
             bytes[3];
    return true;
}

static bool iommu_translate(void *state, uint64_t *address, size_t *size, bool write)
{
    struct iommu *iommu = state;
    uint32_t entry, virtual = (uint32_t)*address;
    pthread_mutex_lock(&iommu->lock);
    uint32_t control = iommu->words[SUN4M_REGISTERS_CONTROL / 4];
    uint32_t base = iommu->words[SUN4M_REGISTERS_BASE / 4];
    pthread_mutex_unlock(&iommu->lock);
    if (!(control & SUN4M_REGISTERS_CONTROL_ENABLE_MASK))
        return true;
    unsigned bits = SMALLEST_RANGE_BITS +
                    ((control & SUN4M_REGISTERS_CONTROL_RANGE_MASK) >>
                     SUN4M_REGISTERS_CONTROL_RANGE_SHIFT);
    uint32_t within = virtual & (uint32_t)((1ull << bits) - 1);
    if (*address >> 32 || !entry_of(iommu, base, within >> PAGE_BITS, &entry) ||
        !(entry & ENTRY_VALID) || (write && !(entry & ENTRY_WRITABLE))) {
        mb_dev_log(iommu->dev, "DMA to 0x%08x, which is not mapped", virtual);
        return false;
    }
    size_t room = PAGE - virtual % PAGE;
    *address = ((uint64_t)(entry & 0xffffff00u) << 4) | virtual % PAGE;
    if (*size > room)
        *size = room;
    return true;
}

static bool iommu_create(void *state, struct mb_dev *dev)
{
    struct iommu *iommu = state;
    iommu->dev = dev;
    return pthread_mutex_init(&iommu->lock, NULL) == 0;
}

static void iommu_destroy(void *state)
{
    pthread_mutex_destroy(&((struct iommu *)state)->lock);
}

static void iommu_reset(void *state)
{
    struct iommu *iommu = state;
    pthread_mutex_lock(&iommu->lock);
    for (unsigned i = 0; i < WORDS; i++)
        iommu->words[i] = 0;
    *word(iommu, SUN4M_REGISTERS_CONTROL) = SUN4M_REGISTERS_CONTROL_RESET;
    pthread_mutex_unlock(&iommu->lock);
}

static size_t iommu_save(void *state, uint8_t *data, size_t size)
{
    struct iommu *iommu = state;
    if (data && size >= sizeof iommu->words) {
        pthread_mutex_lock(&iommu->lock);
        memcpy(data, iommu->words, sizeof iommu->words);
        pthread_mutex_unlock(&iommu->lock);
    }
    return sizeof iommu->words;
}

static bool iommu_restore(void *state, const uint8_t *data, size_t size)
{
    struct iommu *iommu = state;
    if (size != sizeof iommu->words)
        return false;
    pthread_mutex_lock(&iommu->lock);
    memcpy(iommu->words, data, size);
    for (unsigned i = 0; i < WORDS; i++)
        iommu->words[i] = kept(4 * i, iommu->words[i]);
    pthread_mutex_unlock(&iommu->lock);
    return true;
}

const struct mb_chip mb_chip_iommu_sun4m = {
    .abi = MB_CHIP_ABI, .model = "iommu.sun4m", .state_size = sizeof(struct iommu),
    .create = iommu_create, .destroy = iommu_destroy, .reset = iommu_reset,
    .read = iommu_read, .write = iommu_write, .translate = iommu_translate,
    .save = iommu_save, .restore = iommu_restore,
};
