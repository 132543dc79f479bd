/* Buses: windows and what is behind them; RAM as a memfd each; stubs logged by name.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Windows are added while the machine is built. Those of PCI functions and bridges move,
 * or lie over others, at the guest's command; view.c says what answers at an address. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "dev.h"
#include "view.h"
#include "api.h"

#define PAGE 4096ull
#define HUGE_PAGE (2ull << 20)

struct mb_bus {
    struct mb_machine *machine;
    struct mb_bus *next;
    char *name;
    uint64_t last;                       /* highest address */
    struct mb_region **regions;          /* as they were added */
    unsigned count, capacity;
    struct mb_view view;
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
    mb_view_init(&bus->view);
    return bus;
}

struct mb_bus *mb_bus_next(struct mb_bus *bus)
{
    return bus->next;
}

const char *mb_bus_name(const struct mb_bus *bus)
{
    return bus->name;
}

static uint64_t whole_pages(uint64_t size)
{
    return (size + PAGE - 1) & ~(PAGE - 1);
}

void mb_bus_free(struct mb_bus *bus)
{
    for (unsigned i = 0; i < bus->count; i++) {
        struct mb_region *region = bus->regions[i];
        if (region->memory && !region->offset)
            munmap(region->memory, whole_pages(region->mapped));
        free((char *)region->name);
        free(region);
    }
    mb_view_free(&bus->view);
    free(bus->regions);
    free(bus->name);
    free(bus);
}

/* ---- adding windows ---------------------------------------------------------------------- */
static void renew(struct mb_bus *bus)
{
    mb_view_renew(&bus->view, bus->regions, bus->count);
}

static bool meets(const struct mb_region *region, uint64_t address, uint64_t size)
{
    return region->layer == MB_LAYER_FIXED && address <= region->start + (region->size - 1) &&
           region->start <= address + (size - 1);
}

static bool is_free(struct mb_bus *bus, const char *name, uint64_t address, uint64_t size)
{
    if (!size || address > bus->last || size - 1 > bus->last - address) {
        mb_set_error("%s: 0x%" PRIx64 " bytes at 0x%" PRIx64 " are not within bus %s",
                     name, size, address, bus->name);
        return false;
    }
    for (unsigned i = 0; i < bus->count; i++)
        if (meets(bus->regions[i], address, size)) {
            mb_set_error("%s at 0x%" PRIx64 " overlaps %s", name, address,
                         bus->regions[i]->name);
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
    if (!mb_view_reserve(&bus->view, bus->count + 1))
        return false;
    bus->regions[bus->count++] = region;
    renew(bus);
    return true;
}

static struct mb_region *add_on(struct mb_bus *bus, const char *name, uint64_t address,
                                uint64_t size, enum mb_layer layer)
{
    if (layer == MB_LAYER_FIXED && !is_free(bus, name, address, size))
        return NULL;
    struct mb_region *region = calloc(1, sizeof *region);
    if (!region)
        return NULL;
    *region = (struct mb_region){
        .start = address, .size = size, .name = strdup(name), .machine = bus->machine,
        .bus = bus, .layer = layer, .placed = layer != MB_LAYER_MOVING, .shown = true,
    };
    if (region->name && insert(bus, region))
        return region;
    mb_set_error("%s: no memory", name);
    free((char *)region->name);
    free(region);
    return NULL;
}

static struct mb_region *add(struct mb_bus *bus, const char *name, uint64_t address,
                             uint64_t size)
{
    return add_on(bus, name, address, size, MB_LAYER_FIXED);
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

static void give_memory(struct mb_region *region, uint8_t *memory, bool writable)
{
    region->memory = region->host = memory;
    region->mapped = region->size;
    region->writable = writable;
    reserve_pages(region->bus, region);
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
    give_memory(region, host, writable);
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

static bool add_window(struct mb_bus *bus, struct mb_dev *dev, int region, uint64_t address,
                       uint64_t size, enum mb_layer layer, struct mb_region **added)
{
    struct mb_region *window = add_on(bus, mb_dev_name(dev), address, size, layer);
    if (!window)
        return false;
    window->dev = dev;
    window->index = (unsigned)region;
    *added = window;
    return mb_dev_add_window(dev, window);
}

int mb_bus_add_device(struct mb_bus *bus, struct mb_dev *dev, int region, uint64_t address,
                      uint64_t size)
{
    struct mb_region *window;
    return add_window(bus, dev, region, address, size, MB_LAYER_FIXED, &window) ? 0 : -1;
}

int mb_bus_add_flash(struct mb_bus *bus, struct mb_dev *dev, int region, uint64_t address,
                     uint64_t size)
{
    struct mb_region *window;
    if (!add_window(bus, dev, region, address, size, MB_LAYER_FIXED, &window))
        return -1;
    reserve_pages(bus, window);
    return 0;
}

int mb_bus_add_layer(struct mb_bus *bus, struct mb_dev *dev, int region, uint64_t address,
                     uint64_t size, int layer)
{
    struct mb_region *window;
    return add_window(bus, dev, region, address, size, (enum mb_layer)layer, &window) ? 0 : -1;
}

int mb_bus_add_memory(struct mb_bus *bus, struct mb_dev *dev, int region, uint64_t address,
                      uint64_t size, int layer, int writable, uint64_t step)
{
    uint8_t *memory = map_memory(mb_dev_name(dev), size);
    if (!memory)
        return -1;
    for (uint64_t offset = 0; offset < size; offset += step) {
        struct mb_region *window;
        if (!add_window(bus, dev, region, address + offset, step, (enum mb_layer)layer,
                        &window)) {
            if (!offset)
                munmap(memory, whole_pages(size));
            return -1;
        }
        give_memory(window, memory + offset, writable);
        window->offset = offset;
        window->mapped = size;
    }
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
bool mb_bus_find(struct mb_bus *bus, uint64_t address, struct mb_slice *slice)
{
    return mb_view_find(&bus->view, address, slice);
}

bool mb_bus_beneath(struct mb_region *region, uint64_t address, struct mb_slice *slice)
{
    struct mb_bus *bus = region->bus;
    struct mb_region *found = NULL;
    pthread_mutex_lock(&bus->view.lock);
    for (unsigned i = 0; i < bus->count; i++) {
        struct mb_region *window = bus->regions[i];
        if (window->placed && window->shown && window->layer < region->layer &&
            address - window->start < window->size &&
            (!found || window->layer > found->layer))
            found = window;
    }
    if (found)
        *slice = (struct mb_slice){
            .region = found, .offset = address - found->start,
            .room = found->size - (address - found->start),
        };
    pthread_mutex_unlock(&bus->view.lock);
    return found != NULL;
}

void mb_bus_each(struct mb_bus *bus, void (*visit)(void *opaque, uint64_t start,
                                                   const struct mb_slice *slice),
                 void *opaque)
{
    pthread_mutex_lock(&bus->view.lock);
    for (unsigned i = 0; i < bus->view.count; i++) {
        const struct mb_seen *seen = &bus->view.seen[i];
        struct mb_slice slice = {
            .region = seen->region, .offset = seen->offset,
            .room = seen->last - seen->start + 1,
        };
        visit(opaque, seen->start, &slice);
    }
    pthread_mutex_unlock(&bus->view.lock);
}

uint64_t mb_bus_touches(struct mb_bus *bus, uint64_t address)
{
    struct mb_slice slice;
    return mb_bus_find(bus, address, &slice) ? slice.region->touches : 0;
}

/* ---- windows that change at run time ------------------------------------------------------- */
/* Does `change` to every window of the region, and has the bus seen anew if that matters. */
static void change_windows(struct mb_dev *dev, unsigned index,
                           bool (*change)(struct mb_region *, const void *), const void *how)
{
    struct mb_bus *bus = NULL;
    bool changed = false;
    for (unsigned i = 0; i < dev->window_count; i++)
        if (dev->windows[i]->index == index)
            bus = dev->windows[i]->bus;
    if (!bus)
        return;
    pthread_mutex_lock(&bus->view.lock);
    for (unsigned i = 0; i < dev->window_count; i++)
        if (dev->windows[i]->index == index)
            changed |= change(dev->windows[i], how);
    if (changed)
        renew(bus);
    pthread_mutex_unlock(&bus->view.lock);
    if (changed && bus == bus->machine->memory && bus->machine->runtime)
        mb_runtime_remapped(bus->machine->runtime);
}

struct placing { uint64_t address; bool visible; };

static bool place(struct mb_region *window, const void *how)
{
    const struct placing *wanted = how;
    uint64_t start = wanted->address + window->offset;
    bool fits = start >= wanted->address && window->size - 1 <= window->bus->last - start &&
                start <= window->bus->last;
    bool visible = wanted->visible && fits;
    if (window->placed == visible && (!visible || window->start == start))
        return false;
    window->placed = visible;
    if (visible)
        window->start = start;
    return true;
}

void mb_dev_region_place(struct mb_dev *dev, unsigned region, uint64_t address, bool visible)
{
    change_windows(dev, region, place, &(struct placing){address, visible});
}

struct showing { uint64_t offset, size; unsigned how; };

static bool show(struct mb_region *window, const void *how)
{
    const struct showing *wanted = how;
    if (window->offset < wanted->offset ||
        window->offset - wanted->offset >= wanted->size || !window->memory)
        return false;
    bool shown = wanted->how != 0, writable = wanted->how & MB_SHOW_WRITE;
    uint8_t *host = wanted->how & MB_SHOW_READ ? window->memory : NULL;
    if (window->shown == shown && window->host == host && window->writable == writable)
        return false;
    window->shown = shown;
    window->writable = writable;
    __atomic_store_n(&window->host, host, __ATOMIC_RELEASE);
    return true;
}

void mb_dev_region_show(struct mb_dev *dev, unsigned region, uint64_t offset, uint64_t size,
                        unsigned how)
{
    change_windows(dev, region, show, &(struct showing){offset, size, how});
}

void *mb_dev_region_memory(struct mb_dev *dev, unsigned region)
{
    for (unsigned i = 0; i < dev->window_count; i++)
        if (dev->windows[i]->index == region && dev->windows[i]->memory)
            return dev->windows[i]->memory - dev->windows[i]->offset;
    return NULL;
}

bool mb_dev_beneath(struct mb_dev *dev, unsigned region, uint64_t offset, unsigned size,
                    uint64_t *value)
{
    for (unsigned i = 0; i < dev->window_count; i++) {
        struct mb_region *window = dev->windows[i];
        struct mb_slice slice;
        if (window->index == region && offset - window->offset < window->size &&
            mb_bus_beneath(window, window->start + (offset - window->offset), &slice) &&
            slice.room >= size)
            return mb_region_read(slice.region, slice.offset, size, -1, value);
    }
    return false;
}

/* ---- accesses ------------------------------------------------------------------------------ */
static uint64_t low_bytes(uint64_t value, unsigned size)
{
    return size >= 8 ? value : value & ((1ull << 8 * size) - 1);
}

/* Devices that read each other are not counted. */
static void count(uint64_t *accesses, int cpu)
{
    if (cpu >= 0)
        __atomic_fetch_add(accesses, 1, __ATOMIC_RELAXED);
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
    count(&dev->reads, cpu);
    *value = mb_dev_access_read(dev, region->index, offset + region->offset, size, cpu);
    *value = mb_dev_in_order(dev, low_bytes(*value, size), size);
    return true;
}

static void write_memory(struct mb_region *region, uint8_t *memory, uint64_t offset,
                         const void *data, size_t size)
{
    uint64_t first = offset / PAGE, last = (offset + size - 1) / PAGE;
    memcpy(memory + offset, data, size);
    mb_code_written(region->machine, region->ram_page + first, last - first + 1);
}

bool mb_region_write(struct mb_region *region, uint64_t offset, uint64_t value,
                     unsigned size, int cpu)
{
    struct mb_dev *dev = region->dev;
    uint8_t *host = __atomic_load_n(&region->host, __ATOMIC_ACQUIRE);
    if (host && region->writable) {
        write_memory(region, host, offset, &value, size);
        return true;
    }
    value = low_bytes(value, size);
    if (!dev) {
        touch(region, region->stub ? "not modelled, first write" : "write to ROM", offset);
        return true;
    }
    count(&dev->writes, cpu);
    value = mb_dev_in_order(dev, value, size);
    mb_dev_access_write(dev, region->index, offset + region->offset, value, size, cpu);
    return true;
}

/* ---- a CPU's accesses ---------------------------------------------------------------------- */
/* A window that lies over a part of another, such as the reset port in PCI's configuration
 * address, is not asked for what begins before it. */
static bool whole(const struct mb_slice *slice, unsigned size)
{
    const struct mb_region *region = slice->region;
    return slice->room >= size ||
           (!region->memory && region->size - slice->offset >= size);
}

bool mb_bus_load(struct mb_bus *bus, uint64_t address, unsigned size, int cpu,
                 uint64_t *value)
{
    struct mb_slice slice;
    *value = 0;
    if (!mb_bus_find(bus, address, &slice))
        return false;
    if (whole(&slice, size))
        return mb_region_read(slice.region, slice.offset, size, cpu, value);
    for (unsigned byte = 0; byte < size; byte++) {
        uint64_t part = 0xff;
        if (mb_bus_find(bus, address + byte, &slice))
            mb_region_read(slice.region, slice.offset, 1, cpu, &part);
        *value |= (part & 0xff) << 8 * byte;
    }
    return true;
}

bool mb_bus_store(struct mb_bus *bus, uint64_t address, uint64_t value, unsigned size,
                  int cpu)
{
    struct mb_slice slice;
    if (!mb_bus_find(bus, address, &slice))
        return false;
    if (whole(&slice, size))
        return mb_region_write(slice.region, slice.offset, value, size, cpu);
    for (unsigned byte = 0; byte < size; byte++)
        if (mb_bus_find(bus, address + byte, &slice))
            mb_region_write(slice.region, slice.offset, value >> 8 * byte & 0xff, 1, cpu);
    return true;
}

/* From outside the guest: any size, across windows; ROM too is written. */
typedef bool transfer(struct mb_bus *bus, struct mb_region *region, uint64_t offset,
                      uint8_t *data, size_t size);

static bool copy_out(struct mb_bus *bus, struct mb_region *region, uint64_t offset,
                     uint8_t *data, size_t size)
{
    (void)bus;
    const uint8_t *host = __atomic_load_n(&region->host, __ATOMIC_ACQUIRE);
    if (host) {
        memcpy(data, host + offset, size);
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
    (void)bus;
    if (region->memory) {
        write_memory(region, region->memory, offset, data, size);
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
        struct mb_slice slice;
        if (!mb_bus_find(bus, address, &slice)) {
            mb_set_error("nothing is at 0x%" PRIx64 " of bus %s", address, bus->name);
            return -1;
        }
        size_t part = size < slice.room ? size : slice.room;
        if (!move(bus, slice.region, slice.offset, data, part))
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
