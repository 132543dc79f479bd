/* ATA hard disk: IDENTIFY DEVICE. SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include "hard_disk.h"

enum { CYLINDERS_MIN = 2, CYLINDERS_MAX = 16383 };
#define LBA28_SECTORS 0x0FFFFFFFull

/* A BIOS keeps the last one for itself, so that an image of few sectors has two. */
static unsigned cylinders(const struct disk *disk, unsigned heads, unsigned track)
{
    uint64_t count = disk->sectors / (heads * track);
    count = count > CYLINDERS_MIN ? count : CYLINDERS_MIN;
    return (unsigned)(count < CYLINDERS_MAX ? count : CYLINDERS_MAX);
}

static void put_number(uint16_t *words, uint64_t value, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        words[i] = (uint16_t)(value >> 16 * i);
}

static void identify_geometry(const struct disk *disk, uint16_t *words)
{
    unsigned now = cylinders(disk, disk->heads, disk->track);
    words[1] = (uint16_t)cylinders(disk, DISK_HEADS, DISK_TRACK);
    words[3] = DISK_HEADS;
    words[6] = DISK_TRACK;
    words[53] |= 1;                                /* words 54-58 are valid */
    words[54] = (uint16_t)now;
    words[55] = (uint16_t)disk->heads;
    words[56] = (uint16_t)disk->track;
    put_number(&words[57], (uint64_t)now * disk->heads * disk->track, 2);
    put_number(&words[60], disk->sectors < LBA28_SECTORS ? disk->sectors : LBA28_SECTORS, 2);
    put_number(&words[100], disk->sectors, 4);
}

/* Command sets: write cache and look-ahead; NOP; flushing; 48 bits; FUA. */
static void identify_features(const struct disk *disk, uint16_t *words)
{
    words[80] = 0x0070;                            /* ATA/ATAPI-4 to -6 */
    words[82] = 0x4060;
    words[83] = 0x7400;
    words[84] = words[87] = 0x4040;
    words[85] = (uint16_t)(0x4040 | (disk->caches ? 0x20 : 0));
    words[86] = 0x3400;
}

/* Table 27 of clause 8.15. */
void mb_ata_disk_identify(struct ata_drive *drive, unsigned kind)
{
    struct disk *disk = mb_ata_disk(drive);
    uint16_t words[256] = { 0 };
    words[0] = 0x0040;                             /* not removable */
    mb_ata_put_text(&words[10], 10, mb_ata_serial(drive->dev));
    mb_ata_put_text(&words[23], 4, "1.0");
    mb_ata_put_text(&words[27], 20, "MB HARDDISK");
    words[47] = 0x8000 | DISK_MULTIPLE_MAX;
    words[49] = 0x0F00;                            /* IORDY, LBA, DMA */
    words[50] = 0x4000;
    words[59] = (uint16_t)(disk->multiple ? 0x100 | disk->multiple : 0);
    words[93] = 0x6001 | (drive == drive->channel->drives[1] ? 0x4100 : 0x0002);
    mb_ata_identify_modes(drive, words);
    identify_geometry(disk, words);
    identify_features(disk, words);
    memcpy(drive->data, words, sizeof words);
    drive->at = 0;
    mb_ata_send(drive, sizeof words, mb_ata_idle);
}
