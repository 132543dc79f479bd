/* Guest memory as chips reach it, and windows that are memory at times.
 * SPDX-License-Identifier: Apache-2.0
 *
 * DMA reaches RAM and ROM only: the chip may hold its lock, and others would take theirs. */
#include <string.h>
#include "dev.h"
#include "api.h"

#define PAGE 4096ull

/* Through the chips whose buses `dev` sits on, up to memory. */
static uint8_t *memory_at(struct mb_dev *dev, uint64_t address, size_t *size, bool write,
                          struct mb_slice *slice)
{
    for (struct mb_dev *up = dev->parent; up; up = up->parent)
        if (up->chip && up->chip->translate &&
            !up->chip->translate(up->state, &address, size, write))
            return NULL;
    if (!mb_bus_find(dev->machine->memory, address, slice) || !slice->region->memory)
        return NULL;
    uint8_t *host = __atomic_load_n(&slice->region->host, __ATOMIC_ACQUIRE);
    if (*size > slice->room)
        *size = slice->room;
    return host ? host + slice->offset : NULL;
}

bool mb_dma_read(struct mb_dev *dev, uint64_t address, void *data, size_t size)
{
    for (uint8_t *to = data; size;) {
        size_t part = size;
        struct mb_slice slice;
        const uint8_t *host = memory_at(dev, address, &part, false, &slice);
        if (!host || !part)
            return false;
        memcpy(to, host, part);
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
    struct mb_slice slice;
    uint8_t *host = memory_at(dev, address, size, true, &slice);
    return host && slice.region->writable ? host : NULL;
}

void mb_dma_wrote(struct mb_dev *dev, uint64_t address, size_t size)
{
    while (size) {
        size_t part = size;
        struct mb_slice slice;
        if (!memory_at(dev, address, &part, true, &slice) || !part)
            return;
        uint64_t first = slice.offset / PAGE, last = (slice.offset + part - 1) / PAGE;
        mb_code_written(dev->machine, slice.region->ram_page + first, last - first + 1);
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
