/* Buses: windows sorted by address; RAM as a memfd each; stubs that are logged by name.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Windows are added while the machine is built and never move afterwards, so looking one
 * up takes no lock. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "dev.h"
#include "api.h"

#define PAGE 4096ull
#define HUGE_PAGE (2ull << 20)

struct mb_bus {
    struct mb_machine *machine;
    struct mb_bus *next;
    char *name;
    uint64_t last;                       /* highest address */
    struct mb_region **regions;          /* by address */
    unsigned count, capacity;
};

struct mb_bus *mb_bus_new(struct mb_machine *machine, const char *name, int address_bits)
{
    if (address_bits < 1 || address_bits > 64) {
        mb_set_error("bus %s: %d address bits are not 1 to 64", name, address_bits);
        return NULL;
    }
    struct mb_bus *bus = calloc(1, sizeof *bus);
    if (!bus || !(bus->name = strdup(name))) {
        mb_set_error("bus %s: no memory", name);
        free(bus);
        return NULL;
    }
    bus->machine = machine;
    bus->last = address_bits == 64 ? UINT64_MAX : (1ull << address_bits) - 1;
    bus->next = machine->buses;
    machine->buses = bus;
    return bus;
}

struct mb_bus *mb_bus_next(struct mb_bus *bus)
{
    return bus->next;
}

static uint64_t whole_pages(uint64_t size)
{
    return (size + PAGE - 1) & ~(PAGE - 1);
}

void mb_bus_free(struct mb_bus *bus)
{
    for (unsigned i = 0; i < bus->count; i++) {
        struct mb_region *region = bus->regions[i];
        if (region->host && !region->dev)
            munmap(region->host, whole_pages(region->size));
        free((char *)region->name);
        free(region);
    }
    free(bus->regions);
    free(bus->name);
    free(bus);
}

/* ---- adding windows ---------------------------------------------------------------------- */
/* The first window that ends after `address`: where a new one would go. */
static unsigned position(const struct mb_bus *bus, uint64_t address)
{
    unsigned low = 0, high = bus->count;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        const struct mb_region *region = bus->regions[middle];
        if (region->start + (region->size - 1) < address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_free(struct mb_bus *bus, const char *name, uint64_t address, uint64_t size)
{
    if (!size || address > bus->last || size - 1 > bus->last - address) {
        mb_set_error("%s: 0x%" PRIx64 " bytes at 0x%" PRIx64 " are not within bus %s",
                     name, size, address, bus->name);
        return false;
    }
    unsigned at = position(bus, address);
    if (at < bus->count && bus->regions[at]->start <= address + (size - 1)) {
        mb_set_error("%s at 0x%" PRIx64 " overlaps %s", name, address,
                     bus->regions[at]->name);
        return false;
    }
    return true;
}

static bool insert(struct mb_bus *bus, struct mb_region *region)
{
    if (bus->count == bus->capacity) {
        unsigned capacity = bus->capacity ? 2 * bus->capacity : 32;
        void *regions = realloc(bus->regions, capacity * sizeof *bus->regions);
        if (!regions)
            return false;
        bus->regions = regions;
        bus->capacity = capacity;
    }
    unsigned at = position(bus, region->start);
    memmove(&bus->regions[at + 1], &bus->regions[at],
            (bus->count - at) * sizeof *bus->regions);
    bus->regions[at] = region;
    bus->count++;
    return true;
}

static struct mb_region *add(struct mb_bus *bus, const char *name, uint64_t address,
                             uint64_t size)
{
    if (!is_free(bus, name, address, size))
        return NULL;
    struct mb_region *region = calloc(1, sizeof *region);
    if (!region)
        return NULL;
    *region = (struct mb_region){.start = address, .size = size, .name = strdup(name),
                                 .machine = bus->machine};
    if (region->name && insert(bus, region))
        return region;
    mb_set_error("%s: no memory", name);
    free((char *)region->name);
    free(region);
    return NULL;
}

static void reserve_pages(struct mb_bus *bus, struct mb_region *region)
{
    region->ram_page = bus->machine->ram_pages;
    bus->machine->ram_pages += whole_pages(region->size) / PAGE;
}

/* Aligned so that the kernel can use huge pages. */
static void *map_aligned(int file, uint64_t size)
{
    uint64_t align = size >= HUGE_PAGE ? HUGE_PAGE : PAGE;
    uint8_t *room = mmap(NULL, size + align, PROT_NONE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (room == MAP_FAILED)
        return MAP_FAILED;
    uint8_t *start = (uint8_t *)(((uintptr_t)room + align - 1) & ~(uintptr_t)(align - 1));
    if (start > room)
        munmap(room, (size_t)(start - room));
    if (room + align > start)
        munmap(start + size, (size_t)(room + align - start));
    return mmap(start, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, 0);
}

static uint8_t *map_memory(const char *name, uint64_t bytes)
{
    uint64_t size = whole_pages(bytes);
    int file = size >= bytes ? memfd_create(name, MFD_CLOEXEC) : -1;
    void *host = MAP_FAILED;
    if (file >= 0 && ftruncate(file, (off_t)size) == 0)
        host = map_aligned(file, size);
    if (file >= 0)
        close(file);
    if (host == MAP_FAILED) {
        mb_set_error("%s: the host has no %" PRIu64 " bytes of memory for it", name, bytes);
        return NULL;
    }
    if (size >= HUGE_PAGE)
        madvise(host, size, MADV_HUGEPAGE);
    return host;
}

static void *add_memory(struct mb_bus *bus, const char *name, uint64_t address,
                        uint64_t size, bool writable)
{
    if (!is_free(bus, name, address, size))
        return NULL;
    uint8_t *host = map_memory(name, size);
    struct mb_region *region = host ? add(bus, name, address, size) : NULL;
    if (!region) {
        if (host)
            munmap(host, whole_pages(size));
        return NULL;
    }
    region->host = host;
    region->writable = writable;
    reserve_pages(bus, region);
    return host;
}

void *mb_bus_add_ram(struct mb_bus *bus, const char *name, uint64_t address, uint64_t size)
{
    return add_memory(bus, name, address, size, true);
}

void *mb_bus_add_rom(struct mb_bus *bus, const char *name, uint64_t address, uint64_t size)
{
    return add_memory(bus, name, address, size, false);
}

int mb_bus_add_device(struct mb_bus *bus, struct mb_dev *dev, int region, uint64_t address,
                      uint64_t size)
{
    struct mb_region *window = add(bus, mb_dev_name(dev), address, size);
    if (!window)
        return -1;
    window->dev = dev;
    window->index = (unsigned)region;
    return mb_dev_add_window(dev, window) ? 0 : -1;
}

int mb_bus_add_flash(struct mb_bus *bus, struct mb_dev *dev, int region, uint64_t address,
                     uint64_t size)
{
    if (mb_bus_add_device(bus, dev, region, address, size))
        return -1;
    reserve_pages(bus, mb_bus_lookup(bus, address));
    return 0;
}

int mb_bus_add_stub(struct mb_bus *bus, const char *name, uint64_t address, uint64_t size,
                    uint64_t value)
{
    struct mb_region *region = add(bus, name, address, size);
    if (!region)
        return -1;
    region->stub = true;
    region->value = value;
    return 0;
}

/* ---- looking up -------------------------------------------------------------------------- */
struct mb_region *mb_bus_lookup(struct mb_bus *bus, uint64_t address)
{
    unsigned at = position(bus, address);
    if (at == bus->count || bus->regions[at]->start > address)
        return NULL;
    return bus->regions[at];
}

uint64_t mb_bus_touches(struct mb_bus *bus, uint64_t address)
{
    struct mb_region *region = mb_bus_lookup(bus, address);
    return region ? region->touches : 0;
}

/* ---- accesses ------------------------------------------------------------------------------ */
static uint64_t low_bytes(uint64_t value, unsigned size)
{
    return size >= 8 ? value : value & ((1ull << 8 * size) - 1);
}

/* The first access to a stub, or write to a ROM, is logged. */
static void touch(struct mb_region *region, const char *what, uint64_t offset)
{
    if (__atomic_fetch_add(&region->touches, 1, __ATOMIC_RELAXED))
        return;
    char text[160];
    snprintf(text, sizeof text, "%s at offset 0x%" PRIx64, what, offset);
    mb_log_once(region->machine, region->name, region, text);
}

bool mb_region_read(struct mb_region *region, uint64_t offset, unsigned size, int cpu,
                    uint64_t *value)
{
    struct mb_dev *dev = region->dev;
    const uint8_t *host = __atomic_load_n(&region->host, __ATOMIC_ACQUIRE);
    if (host) {
        *value = 0;
        memcpy(value, host + offset, size);
        return true;
    }
    if (!dev) {
        touch(region, "not modelled, first read", offset);
        *value = low_bytes(region->value, size);
        return true;
    }
    if (dev->chip)
        *value = dev->chip->read
            ? dev->chip->read(dev->state, region->index, offset, size, cpu) : 0;
    else
        *value = mb_py_read(dev->handle, region->index, offset, size);
    *value = mb_dev_in_order(dev, low_bytes(*value, size), size);
    return true;
}

bool mb_region_write(struct mb_region *region, uint64_t offset, uint64_t value,
                     unsigned size, int cpu)
{
    struct mb_dev *dev = region->dev;
    value = low_bytes(value, size);
    if (dev)
        value = mb_dev_in_order(dev, value, size);
    if (!dev)
        touch(region, region->stub ? "not modelled, first write" : "write to ROM", offset);
    else if (!dev->chip)
        mb_py_write(dev->handle, region->index, offset, value, size);
    else if (dev->chip->write)
        dev->chip->write(dev->state, region->index, offset, value, size, cpu);
    return true;
}

/* From outside the guest: any size, across windows; ROM too is written. */
typedef bool transfer(struct mb_bus *bus, struct mb_region *region, uint64_t offset,
                      uint8_t *data, size_t size);

static bool copy_out(struct mb_bus *bus, struct mb_region *region, uint64_t offset,
                     uint8_t *data, size_t size)
{
    (void)bus;
    if (region->host) {
        memcpy(data, region->host + offset, size);
        return true;
    }
    for (size_t done = 0; done < size; done++) {
        uint64_t value;
        if (!mb_region_read(region, offset + done, 1, -1, &value))
            return false;
        data[done] = (uint8_t)value;
    }
    return true;
}

static bool copy_in(struct mb_bus *bus, struct mb_region *region, uint64_t offset,
                    uint8_t *data, size_t size)
{
    if (region->host && !region->dev) {
        uint64_t first = offset / PAGE, last = (offset + size - 1) / PAGE;
        memcpy(region->host + offset, data, size);
        mb_code_written(bus->machine, region->ram_page + first, last - first + 1);
        return true;
    }
    for (size_t done = 0; done < size; done++)
        if (!mb_region_write(region, offset + done, data[done], 1, -1))
            return false;
    return true;
}

static int across(struct mb_bus *bus, uint64_t address, uint8_t *data, size_t size,
                  transfer *move)
{
    while (size) {
        struct mb_region *region = mb_bus_lookup(bus, address);
        if (!region) {
            mb_set_error("nothing is at 0x%" PRIx64 " of bus %s", address, bus->name);
            return -1;
        }
        uint64_t offset = address - region->start, room = region->size - offset;
        size_t part = size < room ? size : room;
        if (!move(bus, region, offset, data, part))
            return -1;
        address += part;
        data += part;
        size -= part;
    }
    return 0;
}

int mb_bus_read(struct mb_bus *bus, uint64_t address, void *data, size_t size)
{
    return across(bus, address, data, size, copy_out);
}

int mb_bus_write(struct mb_bus *bus, uint64_t address, const void *data, size_t size)
{
    return across(bus, address, (uint8_t *)(uintptr_t)data, size, copy_in);
}
