/* PCI by configuration mechanism 1, as firmware or loader has set it up.
 * SPDX-License-Identifier: Apache-2.0 */
#include "disks.h"

enum { ADDRESS = 0xcf8, DATA = 0xcfc, FUNCTIONS = 32 * 8, COMMAND = 0x04, BARS = 0x10 };
enum { ALL = 7 };                          /* ports, memory, master */

uint32_t pci_read(unsigned function, unsigned offset)
{
    out32(ADDRESS, 0x80000000u | function << 8 | (offset & ~3u));
    return in32(DATA);
}

void pci_write(unsigned function, unsigned offset, uint32_t value)
{
    out32(ADDRESS, 0x80000000u | function << 8 | (offset & ~3u));
    out32(DATA, value);
}

bool pci_find(uint32_t wanted, uint32_t mask, unsigned offset, unsigned *function)
{
    for (*function = 0; *function < FUNCTIONS; ++*function)
        if (pci_read(*function, 0) != 0xffffffffu &&
            (pci_read(*function, offset) & mask) == wanted)
            return true;
    return false;
}

uint32_t pci_window(unsigned function, unsigned bar)
{
    uint32_t value = pci_read(function, BARS + 4 * bar);
    return value & 1 ? value & ~3u : value & ~15u;
}

void pci_enable(unsigned function)
{
    pci_write(function, COMMAND, (pci_read(function, COMMAND) & 0xffff) | ALL);
}
