/* Guest memory as chips reach it, and windows that are memory at times.
 * SPDX-License-Identifier: Apache-2.0
 *
 * DMA reaches RAM and ROM only: the chip may hold its lock, and others would take theirs. */
#include <string.h>
#include "dev.h"
#include "api.h"

#define PAGE 4096ull

/* Through the chips whose buses `dev` sits on, up to memory: `*address` becomes physical. */
static struct mb_region *memory_at(struct mb_dev *dev, uint64_t *address, size_t *size,
                                   bool write)
{
    for (struct mb_dev *up = dev->parent; up; up = up->parent)
        if (up->chip && up->chip->translate &&
            !up->chip->translate(up->state, address, size, write))
            return NULL;
    struct mb_region *region = mb_bus_lookup(dev->machine->memory, *address);
    if (!region || region->dev || !region->host)
        return NULL;
    uint64_t room = region->size - (*address - region->start);
    if (*size > room)
        *size = room;
    return region;
}

bool mb_dma_read(struct mb_dev *dev, uint64_t address, void *data, size_t size)
{
    for (uint8_t *to = data; size;) {
        size_t part = size;
        uint64_t at = address;
        struct mb_region *region = memory_at(dev, &at, &part, false);
        if (!region || !part)
            return false;
        memcpy(to, region->host + (at - region->start), part);
        to += part;
        address += part;
        size -= part;
    }
    return true;
}

bool mb_dma_write(struct mb_dev *dev, uint64_t address, const void *data, size_t size)
{
    for (const uint8_t *from = data; size;) {
        size_t part = size;
        uint8_t *host = mb_dma_map(dev, address, &part);
        if (!host || !part)
            return false;
        memcpy(host, from, part);
        mb_dma_wrote(dev, address, part);
        from += part;
        address += part;
        size -= part;
    }
    return true;
}

void *mb_dma_map(struct mb_dev *dev, uint64_t address, size_t *size)
{
    struct mb_region *region = memory_at(dev, &address, size, true);
    if (!region || !region->writable)
        return NULL;
    return region->host + (address - region->start);
}

void mb_dma_wrote(struct mb_dev *dev, uint64_t address, size_t size)
{
    while (size) {
        size_t part = size;
        uint64_t at = address;
        struct mb_region *region = memory_at(dev, &at, &part, true);
        if (!region || !part)
            return;
        uint64_t first = (at - region->start) / PAGE;
        uint64_t last = (at - region->start + part - 1) / PAGE;
        mb_code_written(dev->machine, region->ram_page + first, last - first + 1);
        address += part;
        size -= part;
    }
}

/* ---- windows that are memory at times -------------------------------------------------------- */
void mb_dev_region_rom(struct mb_dev *dev, unsigned index, const void *host)
{
    for (unsigned i = 0; i < dev->window_count; i++) {
        struct mb_region *region = dev->windows[i];
        uint8_t *at = host ? (uint8_t *)(uintptr_t)host + region->offset : NULL;
        if (region->index == index)
            __atomic_store_n(&region->host, at, __ATOMIC_RELEASE);
    }
    if (dev->machine->runtime)
        mb_runtime_remapped(dev->machine->runtime);
}
