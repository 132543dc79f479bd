/* Interrupts as messages: a write of `data` to an address at 0xfee0_0000 (Intel SDM vol. 3,
 * "Message Signalled Interrupts"). SPDX-License-Identifier: Apache-2.0 */
#ifndef MB_APIC_H
#define MB_APIC_H

#include <stdint.h>

enum apic_mode { APIC_FIXED, APIC_LOWEST, APIC_SMI, APIC_NMI = 4, APIC_INIT, APIC_STARTUP,
                 APIC_EXTINT };

enum {
    APIC_ADDRESS_LOGICAL = 1 << 2, APIC_ADDRESS_HINT = 1 << 3, APIC_ADDRESS_SHIFT = 12,
    APIC_DATA_MODE_SHIFT = 8, APIC_DATA_ASSERT = 1 << 14, APIC_DATA_LEVEL = 1 << 15,
};

static const uint64_t apic_address_base = 0xFEE00000;

static inline enum apic_mode apic_data_mode(uint32_t data)
{
    return (enum apic_mode)(data >> APIC_DATA_MODE_SHIFT & 7);
}

static inline uint8_t apic_address_destination(uint64_t address)
{
    return (uint8_t)(address >> APIC_ADDRESS_SHIFT);
}

#endif
