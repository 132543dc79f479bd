/* MSI-X (PCI Local Bus Specification 3.0, section 6.8.2): a function's table of messages.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The chip has it in its state, locks it with its own lock, and gives it the accesses to
 * the capability and to the window that holds table and pending bits. */
#ifndef MB_MSIX_H
#define MB_MSIX_H

#include "device.h"

enum {
    MSIX_VECTORS = 32,             /* the most */
    MSIX_ENTRY = 16, MSIX_PENDING = 0x800, MSIX_SPAN = 0x1000,     /* bytes */
    MSIX_CAPABILITY = 0x11, MSIX_CAPABILITY_SIZE = 12,
    MSIX_NO_VECTOR = 0xFFFF,
};

struct mb_msix {
    struct mb_dev *dev;
    unsigned count;                /* of vectors */
    uint16_t control;              /* bit 15: enabled, 14: all are masked */
    struct mb_msix_entry { uint32_t words[4]; } entries[MSIX_VECTORS];
    uint32_t pending;
};

struct mb_msix_saved {             /* what a snapshot has of it; pure bytes */
    uint32_t control, pending;
    struct mb_msix_entry entries[MSIX_VECTORS];
};

void mb_msix_init(struct mb_msix *msix, struct mb_dev *dev);
/* Power-on, with this many vectors. */
void mb_msix_reset(struct mb_msix *msix, unsigned count);
bool mb_msix_enabled(const struct mb_msix *msix);
/* Send the message of a vector, or keep it until it is not masked. */
void mb_msix_notify(struct mb_msix *msix, unsigned vector);
/* Write the capability's 12 bytes; the table is in the window of `bar`. */
void mb_msix_capability(const struct mb_msix *msix, uint8_t *at, uint8_t next, unsigned bar);
/* A byte of the capability's control word, 0 or 1, is written. */
void mb_msix_write_control(struct mb_msix *msix, unsigned byte, uint8_t value);
void mb_msix_save(const struct mb_msix *msix, struct mb_msix_saved *saved);
void mb_msix_restore(struct mb_msix *msix, const struct mb_msix_saved *saved);
/* The window: words and pairs of words. */
uint64_t mb_msix_read(const struct mb_msix *msix, uint64_t offset, unsigned size);
void mb_msix_write(struct mb_msix *msix, uint64_t offset, uint64_t value, unsigned size);

#endif
