/* Configuration space of PCI functions (PCI Local Bus Specification 2.2, chapter 6).
 * SPDX-License-Identifier: Apache-2.0
 *
 * Omitted: bridges to further buses, parity and abort bits of the status register, BIST. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "pci.h"

enum {
    VENDOR = 0x00, DEVICE = 0x02, COMMAND = 0x04, STATUS = 0x06, REVISION = 0x08,
    CLASS = 0x09, CACHE_LINE = 0x0C, LATENCY = 0x0D, HEADER_TYPE = 0x0E, BAR0 = 0x10,
    SUBSYSTEM_VENDOR = 0x2C, SUBSYSTEM = 0x2E, ROM = 0x30, CAPABILITIES = 0x34,
    INTERRUPT_LINE = 0x3C, INTERRUPT_PIN = 0x3D,
};
enum { KIND_IO = 1, KIND_MEMORY, KIND_WIDE, KIND_ROM };
enum { STATUS_CAPABILITIES = 0x10, MULTIFUNCTION = 0x80, ROM_ENABLE = 1 };
enum { BAR_IO = 1, BAR_64 = 4, BAR_PREFETCH = 8 };

#define COMMAND_WRITABLE 0x0547    /* I/O, memory, master, parity, SERR, INTx disable */

static void put(uint8_t *at, uint64_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++)
        at[i] = (uint8_t)(value >> 8 * i);
}

static uint64_t get(const uint8_t *at, unsigned size)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < size; i++)
        value |= (uint64_t)at[i] << 8 * i;
    return value;
}

/* ---- base address registers ------------------------------------------------------------------ */
static unsigned bar_offset(unsigned number)
{
    return number == PCI_ROM_BAR ? ROM : BAR0 + 4 * number;
}

static unsigned bar_width(const struct mb_pci_bar *bar)
{
    return bar->kind == KIND_WIDE ? 8 : 4;
}

/* The address that it holds; without the bits that say what it is. */
static uint64_t bar_address(const struct mb_pci_function *function, unsigned number)
{
    const struct mb_pci_bar *bar = &function->bars[number];
    return get(&function->config[bar_offset(number)], bar_width(bar)) & ~(bar->size - 1);
}

/* Nothing is decoded while software finds out the size, with all bits set. */
static bool bar_decodes(const struct mb_pci_function *function, unsigned number)
{
    const struct mb_pci_bar *bar = &function->bars[number];
    uint16_t command = mb_pci_command(function);
    uint64_t address = bar_address(function, number);
    uint64_t all = (bar->kind == KIND_WIDE ? UINT64_MAX : UINT32_MAX) & ~(bar->size - 1);
    if (function->hidden || address == all || address == 0)
        return false;
    if (bar->kind == KIND_ROM && !(function->config[ROM] & ROM_ENABLE))
        return false;
    return command & (bar->kind == KIND_IO ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY);
}

static void place_windows(struct mb_pci_function *function)
{
    for (unsigned n = 0; n < PCI_BARS; n++)
        if (function->bars[n].kind)
            mb_dev_region_place(function->dev, function->bars[n].region,
                                bar_address(function, n), bar_decodes(function, n));
}

static uint64_t bar_param(struct mb_dev *dev, unsigned number, const char *what)
{
    char name[32];
    snprintf(name, sizeof name, "pci.bar%u.%s", number, what);
    return mb_dev_param(dev, name);
}

static unsigned bar_type(unsigned kind, bool prefetchable)
{
    switch (kind) {
    case KIND_IO: return BAR_IO;
    case KIND_WIDE: return BAR_64 | (prefetchable ? BAR_PREFETCH : 0);
    case KIND_MEMORY: return prefetchable ? BAR_PREFETCH : 0;
    default: return 0;
    }
}

static void make_bar(struct mb_pci_function *function, unsigned number)
{
    struct mb_dev *dev = function->dev;
    struct mb_pci_bar *bar = &function->bars[number];
    uint64_t region = bar_param(dev, number, "region");
    if (!region)
        return;
    bar->region = (unsigned)region - 1;
    bar->kind = (unsigned)bar_param(dev, number, "kind");
    bar->size = bar_param(dev, number, "size");
    bool prefetchable = bar_param(dev, number, "prefetchable");
    unsigned offset = bar_offset(number);
    put(&function->initial[offset], bar_type(bar->kind, prefetchable), 4);
    put(&function->writable[offset], ~(bar->size - 1), bar_width(bar));
    if (bar->kind == KIND_ROM)
        function->writable[offset] |= ROM_ENABLE;
}

/* ---- functions --------------------------------------------------------------------------------- */
static void fill_header(struct mb_pci_function *function)
{
    struct mb_dev *dev = function->dev;
    uint8_t *header = function->initial;
    put(header + VENDOR, mb_dev_param(dev, "pci.vendor"), 2);
    put(header + DEVICE, mb_dev_param(dev, "pci.device"), 2);
    put(header + REVISION, mb_dev_param(dev, "pci.revision"), 1);
    put(header + CLASS, mb_dev_param(dev, "pci.class"), 3);
    put(header + SUBSYSTEM_VENDOR, mb_dev_param(dev, "pci.subsystem_vendor"), 2);
    put(header + SUBSYSTEM, mb_dev_param(dev, "pci.subsystem"), 2);
    header[INTERRUPT_PIN] = (uint8_t)mb_dev_param(dev, "pci.pin");
    put(function->writable + COMMAND, COMMAND_WRITABLE, 2);
    function->writable[CACHE_LINE] = function->writable[LATENCY] = 0xff;
    function->writable[INTERRUPT_LINE] = 0xff;
    for (unsigned n = 0; n < PCI_BARS; n++)
        make_bar(function, n);
    mb_pci_set_capabilities(function, (uint8_t)mb_dev_param(dev, "pci.capabilities"));
}

static bool add_function(struct mb_pci_bus *bus, struct mb_dev *dev, unsigned number)
{
    struct mb_pci_function *function = calloc(1, sizeof *function);
    if (!function)
        return false;
    uint64_t config = mb_dev_param(dev, "pci.config");
    function->dev = dev;
    function->bus = bus;
    function->has_config = config != 0;
    function->config_region = (unsigned)config - 1;
    bus->functions[number] = function;
    fill_header(function);
    memcpy(function->config, function->initial, PCI_HEADER);
    return true;
}

/* All functions of a device with several say so. */
static void mark_multifunction(struct mb_pci_bus *bus, unsigned slot)
{
    struct mb_pci_function **functions = &bus->functions[slot * PCI_FUNCTIONS];
    unsigned count = 0;
    for (unsigned n = 0; n < PCI_FUNCTIONS; n++)
        count += functions[n] != NULL;
    for (unsigned n = 0; count > 1 && n < PCI_FUNCTIONS; n++)
        if (functions[n])
            functions[n]->initial[HEADER_TYPE] = functions[n]->config[HEADER_TYPE] =
                MULTIFUNCTION;
}

bool mb_pci_init(struct mb_pci_bus *bus, struct mb_dev *bridge)
{
    bus->bridge = bridge;
    pthread_mutex_init(&bus->lock, NULL);
    for (unsigned number = 0; number < PCI_SLOTS * PCI_FUNCTIONS; number++) {
        struct mb_dev *dev = mb_dev_child(bridge, "bus", number);
        if (number == 0 && dev) {
            mb_dev_error(dev, "slot 0 function 0 is %s itself", mb_dev_name(bridge));
            return false;
        }
        if (number == 0)
            dev = bridge;
        if (dev && !add_function(bus, dev, number))
            return false;
    }
    for (unsigned slot = 0; slot < PCI_SLOTS; slot++)
        mark_multifunction(bus, slot);
    return true;
}

void mb_pci_destroy(struct mb_pci_bus *bus)
{
    for (unsigned number = 0; number < PCI_SLOTS * PCI_FUNCTIONS; number++)
        free(bus->functions[number]);
    pthread_mutex_destroy(&bus->lock);
}

void mb_pci_reset(struct mb_pci_bus *bus)
{
    pthread_mutex_lock(&bus->lock);
    for (unsigned number = 0; number < PCI_SLOTS * PCI_FUNCTIONS; number++) {
        struct mb_pci_function *function = bus->functions[number];
        if (!function)
            continue;
        memcpy(function->config, function->initial, PCI_HEADER);
        place_windows(function);
    }
    pthread_mutex_unlock(&bus->lock);
}

/* ---- what chips ask ------------------------------------------------------------------------------ */
struct mb_pci_function *mb_pci_function(struct mb_dev *dev)
{
    struct mb_dev *bridge = mb_dev_parent(dev);
    struct mb_pci_bus *bus = bridge ? mb_dev_state(bridge) : NULL;
    unsigned number = mb_dev_slot(dev);
    return bus && number < PCI_SLOTS * PCI_FUNCTIONS ? bus->functions[number] : NULL;
}

static void set(struct mb_pci_function *function, unsigned offset, uint64_t value,
                unsigned size)
{
    put(&function->initial[offset], value, size);
    put(&function->config[offset], value, size);
}

void mb_pci_set_id(struct mb_pci_function *function, uint16_t vendor, uint16_t device,
                   uint32_t class_code, uint16_t subsystem_vendor, uint16_t subsystem)
{
    set(function, VENDOR, vendor, 2);
    set(function, DEVICE, device, 2);
    set(function, CLASS, class_code, 3);
    set(function, SUBSYSTEM_VENDOR, subsystem_vendor, 2);
    set(function, SUBSYSTEM, subsystem, 2);
}

void mb_pci_set_revision(struct mb_pci_function *function, uint8_t revision)
{
    set(function, REVISION, revision, 1);
}

void mb_pci_set_capabilities(struct mb_pci_function *function, uint8_t offset)
{
    set(function, CAPABILITIES, offset, 1);
    set(function, STATUS, offset ? STATUS_CAPABILITIES : 0, 1);
}

void mb_pci_hide(struct mb_pci_function *function)
{
    function->hidden = true;
}

uint16_t mb_pci_command(const struct mb_pci_function *function)
{
    uint16_t command = __atomic_load_n(&function->config[COMMAND], __ATOMIC_RELAXED);
    return command |
           (uint16_t)(__atomic_load_n(&function->config[COMMAND + 1], __ATOMIC_RELAXED) << 8);
}

/* ---- configuration space ---------------------------------------------------------------------------- */
static struct mb_pci_function *present(struct mb_pci_bus *bus, unsigned number)
{
    struct mb_pci_function *function =
        number < PCI_SLOTS * PCI_FUNCTIONS ? bus->functions[number] : NULL;
    return function && !function->hidden ? function : NULL;
}

uint32_t mb_pci_config_read(struct mb_pci_bus *bus, unsigned number, unsigned offset,
                            unsigned size, int cpu)
{
    struct mb_pci_function *function = present(bus, number);
    if (!function)
        return size == 4 ? UINT32_MAX : (1u << 8 * size) - 1;
    if (offset >= PCI_HEADER)
        return function->has_config
            ? (uint32_t)mb_dev_access_read(function->dev, function->config_region, offset,
                                           size, cpu)
            : 0;
    pthread_mutex_lock(&bus->lock);
    uint32_t value = (uint32_t)get(&function->config[offset], size);
    pthread_mutex_unlock(&bus->lock);
    return value;
}

static bool moves_windows(unsigned offset)
{
    return offset < STATUS ? offset >= COMMAND
                           : (offset >= BAR0 && offset < BAR0 + 24) ||
                             (offset >= ROM && offset < ROM + 4);
}

static void write_header(struct mb_pci_function *function, unsigned offset, uint32_t value,
                         unsigned size)
{
    for (unsigned i = 0; i < size; i++) {
        uint8_t *byte = &function->config[offset + i];
        uint8_t mask = function->writable[offset + i];
        uint8_t merged = (uint8_t)((*byte & ~mask) | (value >> 8 * i & mask));
        __atomic_store_n(byte, merged, __ATOMIC_RELAXED);
    }
    if (moves_windows(offset))
        place_windows(function);
}

void mb_pci_config_write(struct mb_pci_bus *bus, unsigned number, unsigned offset,
                         uint32_t value, unsigned size, int cpu)
{
    struct mb_pci_function *function = present(bus, number);
    if (!function)
        return;
    if (offset >= PCI_HEADER) {
        if (function->has_config)
            mb_dev_access_write(function->dev, function->config_region, offset, value, size,
                                cpu);
        return;
    }
    pthread_mutex_lock(&bus->lock);
    write_header(function, offset, value, size);
    pthread_mutex_unlock(&bus->lock);
}
