/* ATA hard disk: moving data. SPDX-License-Identifier: Apache-2.0
 *
 * Data that the host moves by PIO goes through the drive's buffer: the file is read or
 * written a buffer at a time, whatever the size of the blocks that the host moves.
 */
#include <errno.h>
#include "hard_disk.h"

enum { BUFFERED = ATA_BUFFER / ATA_SECTOR };       /* sectors */

/* ---- where a command wants to go ---- */

static uint32_t low_halves(const struct ata_drive *drive)
{
    return (drive->low & 0xFFu) | (drive->mid & 0xFFu) << 8 | (drive->high & 0xFFu) << 16;
}

static uint32_t high_halves(const struct ata_drive *drive)
{
    return (drive->low >> 8) | (drive->mid >> 8) << 8 | (uint32_t)(drive->high >> 8) << 16;
}

/* Clause 6.2: cylinder, head and sector, which count from 1. False: no such place. */
static bool translate(const struct disk *disk, uint64_t *sector)
{
    const struct ata_drive *drive = &disk->drive;
    unsigned number = drive->low & 0xFF, head = drive->device & 0x0F;
    unsigned cylinder = (drive->mid & 0xFFu) | (drive->high & 0xFFu) << 8;
    *sector = ((uint64_t)cylinder * disk->heads + head) * disk->track + number - 1;
    return number >= 1 && number <= disk->track && head < disk->heads;
}

static bool find_sector(const struct disk *disk, unsigned kind, uint64_t *sector)
{
    const struct ata_drive *drive = &disk->drive;
    if (kind & DISK_EXTENDED)
        *sector = low_halves(drive) | (uint64_t)high_halves(drive) << 24;
    else if (drive->device & ATA_LBA)
        *sector = low_halves(drive) | (drive->device & 0x0Fu) << 24;
    else
        return translate(disk, sector);
    return true;
}

static uint32_t sector_count(const struct ata_drive *drive, unsigned kind)
{
    uint32_t most = kind & DISK_EXTENDED ? 0x10000 : 0x100;
    uint32_t count = drive->count & (most - 1);
    return count ? count : most;
}

static void put_sector(struct disk *disk, uint64_t sector)
{
    struct ata_drive *drive = &disk->drive;
    drive->low = (uint16_t)((sector & 0xFF) | (sector >> 24 & 0xFF) << 8);
    drive->mid = (uint16_t)((sector >> 8 & 0xFF) | (sector >> 32 & 0xFF) << 8);
    drive->high = (uint16_t)((sector >> 16 & 0xFF) | (sector >> 40 & 0xFF) << 8);
    drive->device = (uint8_t)((drive->device & 0xF0) | (sector >> 24 & 0x0F));
}

static bool locate(struct disk *disk, unsigned kind)
{
    uint32_t count = sector_count(&disk->drive, kind);
    if (!find_sector(disk, kind, &disk->sector) || disk->sector >= disk->sectors ||
        count > disk->sectors - disk->sector) {
        mb_ata_fail(&disk->drive, ATA_IDNF);
        return false;
    }
    disk->left = count;
    disk->writes = kind & DISK_WRITE;
    disk->through = disk->writes && (!disk->caches || kind & DISK_UNIT_ACCESS);
    disk->block = kind & DISK_BLOCKS ? disk->multiple : 1;
    disk->buffered = disk->drive.at = 0;
    return true;
}

/* ---- files, on the channel's thread ---- */

static int file_access(struct disk *disk, uint64_t offset, const struct iovec *iov, int n)
{
    return disk->writes ? mb_disk_write(disk->drive.disk, offset, iov, n)
                        : mb_disk_read(disk->drive.disk, offset, iov, n);
}

static int file_buffer(struct disk *disk, uint32_t sectors)
{
    struct iovec iov = { disk->drive.data, (size_t)sectors * ATA_SECTOR };
    mb_ata_unlock(&disk->drive);
    int error = file_access(disk, disk->sector * ATA_SECTOR, &iov, 1);
    mb_ata_lock(&disk->drive);
    return error;
}

static void report(struct disk *disk, int error)
{
    if (disk->drive.resetting)
        return;
    put_sector(disk, disk->sector);
    if (error == EROFS)
        mb_ata_fail(&disk->drive, ATA_ABRT);
    else if (disk->writes)
        mb_ata_fault(&disk->drive);
    else
        mb_ata_fail(&disk->drive, ATA_UNC);
}

static int flush(struct disk *disk)
{
    mb_ata_unlock(&disk->drive);
    int error = mb_disk_flush(disk->drive.disk);
    mb_ata_lock(&disk->drive);
    return error;
}

/* Everything was moved. */
static void finish(struct disk *disk)
{
    if (disk->through && flush(disk))
        mb_ata_fault(&disk->drive);
    else
        mb_ata_done(&disk->drive);
}

/* ---- PIO ---- */

static unsigned block_end(const struct disk *disk, uint32_t room)
{
    unsigned size = disk->block * ATA_SECTOR;
    unsigned left = room > disk->drive.at ? room - disk->drive.at : 0;
    return disk->drive.at + (size < left ? size : left);
}

static void fill_buffer(struct ata_drive *drive);

static void block_was_read(struct ata_drive *drive)
{
    struct disk *disk = mb_ata_disk(drive);
    if (drive->at < disk->buffered)
        mb_ata_send(drive, block_end(disk, disk->buffered), block_was_read);
    else if (disk->left)
        mb_ata_work(drive, fill_buffer);
    else
        mb_ata_idle(drive);
}

/* After an error a single block is tried, so that the sectors before the bad one arrive. */
static void fill_buffer(struct ata_drive *drive)
{
    struct disk *disk = mb_ata_disk(drive);
    uint32_t sectors = disk->left < BUFFERED ? disk->left : BUFFERED;
    int error = file_buffer(disk, sectors);
    if (error && sectors > disk->block) {
        sectors = disk->block;
        error = file_buffer(disk, sectors);
    }
    if (error) {
        report(disk, error);
        return;
    }
    disk->sector += sectors;
    disk->left -= sectors;
    disk->buffered = sectors * ATA_SECTOR;
    drive->at = 0;
    mb_ata_send(drive, block_end(disk, disk->buffered), block_was_read);
}

static void block_was_written(struct ata_drive *drive);

static unsigned room(const struct disk *disk)
{
    return disk->left < BUFFERED ? disk->left * ATA_SECTOR : ATA_BUFFER;
}

static void empty_buffer(struct ata_drive *drive)
{
    struct disk *disk = mb_ata_disk(drive);
    uint32_t sectors = drive->at / ATA_SECTOR;
    int error = file_buffer(disk, sectors);
    if (error) {
        report(disk, error);
        return;
    }
    disk->sector += sectors;
    disk->left -= sectors;
    drive->at = 0;
    if (disk->left)
        mb_ata_take(drive, block_end(disk, room(disk)), block_was_written, true);
    else
        finish(disk);
}

static void block_was_written(struct ata_drive *drive)
{
    struct disk *disk = mb_ata_disk(drive);
    if (drive->at < room(disk))
        mb_ata_take(drive, block_end(disk, room(disk)), block_was_written, true);
    else
        mb_ata_work(drive, empty_buffer);
}

void mb_ata_disk_pio(struct ata_drive *drive, unsigned kind)
{
    struct disk *disk = mb_ata_disk(drive);
    if (kind & DISK_BLOCKS && !disk->multiple)
        mb_ata_fail(drive, ATA_ABRT);
    else if (!locate(disk, kind))
        return;
    else if (kind & DISK_WRITE)
        mb_ata_take(drive, block_end(disk, room(disk)), block_was_written, false);
    else
        mb_ata_work(drive, fill_buffer);
}

/* ---- DMA ---- */

static int move_pieces(struct disk *disk, uint64_t offset)
{
    struct ata_channel *channel = disk->drive.channel;
    const struct ata_master *master = &channel->master;
    mb_ata_unlock(&disk->drive);
    int error = file_access(disk, offset, master->pieces, (int)master->count);
    mb_ata_lock(&disk->drive);
    if (!disk->writes)
        mb_ata_master_wrote(channel);
    return error;
}

static void move_data(struct ata_drive *drive)
{
    struct disk *disk = mb_ata_disk(drive);
    uint64_t offset = disk->sector * ATA_SECTOR;
    uint64_t end = offset + (uint64_t)disk->left * ATA_SECTOR;
    int error = 0;
    while (offset < end && !error && !drive->resetting) {
        size_t size = mb_ata_master_next(drive->channel, end - offset);
        if (!size)
            break;
        error = move_pieces(disk, offset);
        disk->sector = offset / ATA_SECTOR;
        offset += size;
    }
    if (!error && mb_ata_master_end(drive, offset == end))
        finish(disk);
    else if (error)
        report(disk, error);
}

void mb_ata_disk_dma(struct ata_drive *drive, unsigned kind)
{
    if (locate(mb_ata_disk(drive), kind))
        mb_ata_work_by_master(drive, move_data);
}

/* ---- verifying, flushing, seeking ---- */

static void read_to_verify(struct ata_drive *drive)
{
    struct disk *disk = mb_ata_disk(drive);
    int error = 0;
    while (disk->left && !error && !drive->resetting) {
        uint32_t sectors = disk->left < BUFFERED ? disk->left : BUFFERED;
        error = file_buffer(disk, sectors);
        disk->sector += error ? 0 : sectors;
        disk->left -= sectors;
    }
    if (error)
        report(disk, error);
    else
        mb_ata_done(drive);
}

void mb_ata_disk_verify(struct ata_drive *drive, unsigned kind)
{
    if (locate(mb_ata_disk(drive), kind))
        mb_ata_work(drive, read_to_verify);
}

static void flush_job(struct ata_drive *drive)
{
    if (flush(mb_ata_disk(drive)))
        mb_ata_fault(drive);
    else
        mb_ata_done(drive);
}

void mb_ata_disk_flush(struct ata_drive *drive, unsigned kind)
{
    mb_ata_work(drive, flush_job);
}

void mb_ata_disk_seek(struct ata_drive *drive, unsigned kind)
{
    uint64_t sector;
    struct disk *disk = mb_ata_disk(drive);
    if (find_sector(disk, kind, &sector) && sector < disk->sectors)
        mb_ata_done(drive);
    else
        mb_ata_fail(drive, ATA_IDNF);
}

/* All that a drive may have to go on with. */
void (*const mb_ata_disk_steps[])(struct ata_drive *) = {
    mb_ata_idle, fill_buffer, block_was_read, empty_buffer, block_was_written, move_data,
    read_to_verify, flush_job, NULL,
};
