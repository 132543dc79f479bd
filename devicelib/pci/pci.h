/* PCI functions (PCI Local Bus Specification 2.2): what bridges and chips on their buses
 * share. SPDX-License-Identifier: Apache-2.0
 *
 * A bridge's state begins with a struct mb_pci_bus, and its bus is called "bus". The
 * standard header of each function's configuration space, its base address registers and
 * the places of its windows are done here, from what the chip's declaration says; accesses
 * at 0x40 and up come to the chip's `config` window. */
#ifndef MB_PCI_H
#define MB_PCI_H

#include <pthread.h>
#include "device.h"

enum {
    PCI_SLOTS = 32, PCI_FUNCTIONS = 8, PCI_HEADER = 0x40, PCI_BARS = 7, PCI_ROM_BAR = 6,
};

enum { PCI_COMMAND_IO = 1, PCI_COMMAND_MEMORY = 2, PCI_COMMAND_MASTER = 4,
       PCI_COMMAND_INTX_OFF = 0x400 };

struct mb_pci_bar {
    unsigned kind;             /* 0: none; as in machinebuilder/device/pci.py */
    unsigned region;
    uint64_t size;
};

struct mb_pci_function {
    struct mb_dev *dev;
    struct mb_pci_bus *bus;
    bool hidden, has_config;
    unsigned config_region;
    struct mb_pci_bar bars[PCI_BARS];
    uint8_t config[PCI_HEADER], initial[PCI_HEADER], writable[PCI_HEADER];
};

struct mb_pci_bus {
    struct mb_dev *bridge;
    pthread_mutex_t lock;      /* of all headers on it */
    struct mb_pci_function *functions[PCI_SLOTS * PCI_FUNCTIONS];
};

/* ---- for chips that sit on a PCI bus, from their `create` on ---- */
struct mb_pci_function *mb_pci_function(struct mb_dev *dev);       /* NULL: on no PCI bus */
void mb_pci_set_id(struct mb_pci_function *function, uint16_t vendor, uint16_t device,
                   uint32_t class_code, uint16_t subsystem_vendor, uint16_t subsystem);
void mb_pci_set_revision(struct mb_pci_function *function, uint8_t revision);
void mb_pci_set_capabilities(struct mb_pci_function *function, uint8_t offset);
void mb_pci_hide(struct mb_pci_function *function);      /* as if nobody sat there */
uint16_t mb_pci_command(const struct mb_pci_function *function);

/* ---- for bridges ---- */
bool mb_pci_init(struct mb_pci_bus *bus, struct mb_dev *bridge);   /* it is function 0.0 */
void mb_pci_destroy(struct mb_pci_bus *bus);
void mb_pci_reset(struct mb_pci_bus *bus);
/* Configuration space: `number` is slot * 8 + function. Size 1, 2 or 4, within a word. */
uint32_t mb_pci_config_read(struct mb_pci_bus *bus, unsigned number, unsigned offset,
                            unsigned size, int cpu);
void mb_pci_config_write(struct mb_pci_bus *bus, unsigned number, unsigned offset,
                         uint32_t value, unsigned size, int cpu);

#endif
