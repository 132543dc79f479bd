/* The bench's stand-in for a PCI bridge, and for places on buses: each device has a place,
 * and what it says of itself as a PCI function is kept. SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>
#include "pci/pci.h"

enum { DEVICES = 64, COMMAND = 4, ALL = PCI_COMMAND_IO | PCI_COMMAND_MEMORY |
       PCI_COMMAND_MASTER };

static struct place {
    struct mb_dev *dev;
    unsigned slot;
    struct mb_pci_function function;
} places[DEVICES];

static struct place *place_of(struct mb_dev *dev)
{
    struct place *empty = NULL;
    for (unsigned i = 0; i < DEVICES; i++) {
        if (places[i].dev == dev)
            return &places[i];
        if (!places[i].dev && !empty)
            empty = &places[i];
    }
    *empty = (struct place){ .dev = dev };
    empty->function.config[COMMAND] = ALL;
    return empty;
}

void bench_place(struct mb_dev *dev, unsigned slot)
{
    place_of(dev)->slot = slot;
}

void bench_unplace(struct mb_dev *dev)
{
    place_of(dev)->dev = NULL;
}

void bench_pci_command(struct mb_dev *dev, unsigned command)
{
    struct mb_pci_function *function = &place_of(dev)->function;
    function->config[COMMAND] = (uint8_t)command;
    function->config[COMMAND + 1] = (uint8_t)(command >> 8);
}

/* A byte of the header, 0xff of a hidden function. */
unsigned bench_pci_header(struct mb_dev *dev, unsigned offset)
{
    const struct mb_pci_function *function = &place_of(dev)->function;
    return function->hidden ? 0xFF : function->config[offset];
}

unsigned mb_dev_slot(struct mb_dev *dev) { return place_of(dev)->slot; }

struct mb_pci_function *mb_pci_function(struct mb_dev *dev)
{
    return &place_of(dev)->function;
}

static void put(struct mb_pci_function *function, unsigned offset, uint32_t value,
                unsigned size)
{
    for (unsigned i = 0; i < size; i++)
        function->config[offset + i] = (uint8_t)(value >> 8 * i);
}

void mb_pci_set_id(struct mb_pci_function *function, uint16_t vendor, uint16_t device,
                   uint32_t class_code, uint16_t subsystem_vendor, uint16_t subsystem)
{
    put(function, 0x00, vendor, 2);
    put(function, 0x02, device, 2);
    put(function, 0x09, class_code, 3);
    put(function, 0x2C, subsystem_vendor, 2);
    put(function, 0x2E, subsystem, 2);
}

void mb_pci_set_revision(struct mb_pci_function *function, uint8_t revision)
{
    put(function, 0x08, revision, 1);
}

void mb_pci_set_capabilities(struct mb_pci_function *function, uint8_t offset)
{
    put(function, 0x34, offset, 1);
}

void mb_pci_hide(struct mb_pci_function *function) { function->hidden = true; }

uint16_t mb_pci_command(const struct mb_pci_function *function)
{
    return (uint16_t)(function->config[COMMAND] | function->config[COMMAND + 1] << 8);
}
