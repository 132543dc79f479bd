/* Between the parts of an ATA hard disk: disk.c (the chip, its commands), disk_transfer.c
 * (moving data) and disk_identify.c. SPDX-License-Identifier: Apache-2.0 */
#ifndef MB_ATA_HARD_DISK_H
#define MB_ATA_HARD_DISK_H

#include "ata.h"

enum { DISK_HEADS = 16, DISK_TRACK = 63, DISK_MULTIPLE_MAX = 16 };

enum {                             /* kinds of commands */
    DISK_EXTENDED = 1, DISK_BLOCKS = 2, DISK_WRITE = 4, DISK_UNIT_ACCESS = 8,
};

struct disk {
    struct ata_drive drive;
    uint64_t sectors;
    unsigned heads, track;        /* translation, as the host chose it */
    unsigned multiple;            /* sectors of a block; 0: not set */
    bool caches;                  /* writes are acknowledged before they are safe */

    uint64_t sector;              /* the command under way: what the file needs next */
    uint32_t left;                /* sectors that neither file nor buffer has seen */
    unsigned block, buffered;     /* sectors of a block, bytes in the buffer */
    bool writes, through;         /* flush when it is done */
};

static inline struct disk *mb_ata_disk(struct ata_drive *drive)
{
    return (struct disk *)drive;
}

/* Begin a command, whose registers the host has written. */
void mb_ata_disk_pio(struct ata_drive *drive, unsigned kind);
void mb_ata_disk_dma(struct ata_drive *drive, unsigned kind);
void mb_ata_disk_verify(struct ata_drive *drive, unsigned kind);
void mb_ata_disk_seek(struct ata_drive *drive, unsigned kind);
void mb_ata_disk_flush(struct ata_drive *drive, unsigned kind);
void mb_ata_disk_identify(struct ata_drive *drive, unsigned kind);
extern void (*const mb_ata_disk_steps[])(struct ata_drive *drive);

#endif
