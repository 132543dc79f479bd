/* ATA hard disk; disk.py declares it. SPDX-License-Identifier: Apache-2.0
 *
 * Data that the host moves by PIO goes through the drive's buffer: the file is read or
 * written a buffer at a time, whatever the size of the blocks that the host moves.
 */
#include <errno.h>
#include <string.h>
#include "ata.h"
#include "ata_disk.h"

enum { HEADS = 16, TRACK = 63, CYLINDERS_MIN = 2, CYLINDERS_MAX = 16383,
       MULTIPLE_MAX = 16 };
enum { BUFFERED = ATA_BUFFER / ATA_SECTOR };       /* sectors */
#define LBA28_SECTORS 0x0FFFFFFFull

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

static struct disk *disk_of(struct ata_drive *drive)
{
    return (struct disk *)drive;
}

/* ---- where a command wants to go ---- */

enum { EXTENDED = 1, BLOCKS = 2, WRITE = 4, UNIT_ACCESS = 8 };     /* kinds of commands */

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
    if (kind & EXTENDED)
        *sector = low_halves(drive) | (uint64_t)high_halves(drive) << 24;
    else if (drive->device & ATA_LBA)
        *sector = low_halves(drive) | (drive->device & 0x0Fu) << 24;
    else
        return translate(disk, sector);
    return true;
}

static uint32_t sector_count(const struct ata_drive *drive, unsigned kind)
{
    uint32_t most = kind & EXTENDED ? 0x10000 : 0x100;
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
    disk->writes = kind & WRITE;
    disk->through = disk->writes && (!disk->caches || kind & UNIT_ACCESS);
    disk->block = kind & BLOCKS ? disk->multiple : 1;
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
    struct disk *disk = disk_of(drive);
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
    struct disk *disk = disk_of(drive);
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
    struct disk *disk = disk_of(drive);
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
    struct disk *disk = disk_of(drive);
    if (drive->at < room(disk))
        mb_ata_take(drive, block_end(disk, room(disk)), block_was_written, true);
    else
        mb_ata_work(drive, empty_buffer);
}

static void move_by_pio(struct ata_drive *drive, unsigned kind)
{
    struct disk *disk = disk_of(drive);
    if (kind & BLOCKS && !disk->multiple)
        mb_ata_fail(drive, ATA_ABRT);
    else if (!locate(disk, kind))
        return;
    else if (kind & WRITE)
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
    struct disk *disk = disk_of(drive);
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

static void move_by_dma(struct ata_drive *drive, unsigned kind)
{
    if (locate(disk_of(drive), kind))
        mb_ata_work_by_master(drive, move_data);
}

/* ---- commands without data, and IDENTIFY DEVICE ---- */

static void read_to_verify(struct ata_drive *drive)
{
    struct disk *disk = disk_of(drive);
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

static void verify(struct ata_drive *drive, unsigned kind)
{
    if (locate(disk_of(drive), kind))
        mb_ata_work(drive, read_to_verify);
}

static void flush_job(struct ata_drive *drive)
{
    if (flush(disk_of(drive)))
        mb_ata_fault(drive);
    else
        mb_ata_done(drive);
}

static void flush_cache(struct ata_drive *drive, unsigned kind)
{
    mb_ata_work(drive, flush_job);
}

static void seek(struct ata_drive *drive, unsigned kind)
{
    uint64_t sector;
    struct disk *disk = disk_of(drive);
    if (find_sector(disk, kind, &sector) && sector < disk->sectors)
        mb_ata_done(drive);
    else
        mb_ata_fail(drive, ATA_IDNF);
}

static void nothing(struct ata_drive *drive, unsigned kind)
{
    mb_ata_done(drive);
}

static void check_power(struct ata_drive *drive, unsigned kind)
{
    drive->count = 0xFF;           /* active */
    mb_ata_done(drive);
}

/* The translation counts up to 16 heads, and as many sectors as a byte tells. */
static void set_geometry(struct ata_drive *drive, unsigned kind)
{
    struct disk *disk = disk_of(drive);
    if (!(drive->count & 0xFF)) {
        mb_ata_fail(drive, ATA_ABRT);
        return;
    }
    disk->track = drive->count & 0xFF;
    disk->heads = (drive->device & 0x0Fu) + 1;
    mb_ata_done(drive);
}

static void set_multiple(struct ata_drive *drive, unsigned kind)
{
    unsigned count = drive->count & 0xFF;
    if (count > MULTIPLE_MAX || count & (count - 1)) {
        mb_ata_fail(drive, ATA_ABRT);
        return;
    }
    disk_of(drive)->multiple = count;
    mb_ata_done(drive);
}

static bool set_feature(struct disk *disk)
{
    switch (disk->drive.feature & 0xFF) {
    case 0x02: disk->caches = true; return true;
    case 0x82: disk->caches = false; return true;
    case 0x03: return mb_ata_set_mode(&disk->drive);
    case 0x55: case 0xAA: case 0x66: case 0xCC: return true;   /* look-ahead, reverting */
    }
    return false;
}

static void set_features(struct ata_drive *drive, unsigned kind)
{
    struct disk *disk = disk_of(drive);
    if (!set_feature(disk))
        mb_ata_fail(drive, ATA_ABRT);
    else if (!disk->caches)
        mb_ata_work(drive, flush_job);     /* what the cache holds is written first */
    else
        mb_ata_done(drive);
}

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
    words[1] = (uint16_t)cylinders(disk, HEADS, TRACK);
    words[3] = HEADS;
    words[6] = TRACK;
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
static void identify(struct ata_drive *drive, unsigned kind)
{
    struct disk *disk = disk_of(drive);
    uint16_t words[256] = { 0 };
    words[0] = 0x0040;                             /* not removable */
    mb_ata_put_text(&words[10], 10, mb_ata_serial(drive->dev));
    mb_ata_put_text(&words[23], 4, "1.0");
    mb_ata_put_text(&words[27], 20, "MB HARDDISK");
    words[47] = 0x8000 | MULTIPLE_MAX;
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

/* ---- the table of commands ---- */

struct command {
    void (*begin)(struct ata_drive *drive, unsigned kind);
    unsigned kind;
};

static const struct command commands[256] = {
    [0x10 ... 0x1F] = { nothing, 0 },              /* RECALIBRATE */
    [0x20 ... 0x21] = { move_by_pio, 0 },          /* READ SECTORS */
    [0x24] = { move_by_pio, EXTENDED },
    [0x25] = { move_by_dma, EXTENDED },
    [0x29] = { move_by_pio, EXTENDED | BLOCKS },
    [0x30 ... 0x31] = { move_by_pio, WRITE },      /* WRITE SECTORS */
    [0x34] = { move_by_pio, WRITE | EXTENDED },
    [0x35] = { move_by_dma, WRITE | EXTENDED },
    [0x39] = { move_by_pio, WRITE | EXTENDED | BLOCKS },
    [0x3D] = { move_by_dma, WRITE | EXTENDED | UNIT_ACCESS },
    [0x40 ... 0x41] = { verify, 0 },               /* READ VERIFY SECTORS */
    [0x42] = { verify, EXTENDED },
    [0x70 ... 0x7F] = { seek, 0 },
    [0x91] = { set_geometry, 0 },                  /* INITIALIZE DEVICE PARAMETERS */
    [0xC4] = { move_by_pio, BLOCKS },              /* READ MULTIPLE */
    [0xC5] = { move_by_pio, WRITE | BLOCKS },
    [0xC6] = { set_multiple, 0 },
    [0xC8 ... 0xC9] = { move_by_dma, 0 },          /* READ DMA */
    [0xCA ... 0xCB] = { move_by_dma, WRITE },
    [0xCE] = { move_by_pio, WRITE | EXTENDED | BLOCKS | UNIT_ACCESS },
    [0xE0 ... 0xE3] = { nothing, 0 },              /* STANDBY, IDLE */
    [0xE5] = { check_power, 0 },
    [0xE6] = { nothing, 0 },                       /* SLEEP */
    [0xE7] = { flush_cache, 0 },
    [0xEA] = { flush_cache, EXTENDED },
    [0xEC] = { identify, 0 },
    [0xEF] = { set_features, 0 },
};

static void disk_command(struct ata_drive *drive, uint8_t code)
{
    const struct command *command = &commands[code];
    if (command->begin)
        command->begin(drive, command->kind);
    else
        mb_ata_fail(drive, ATA_ABRT);
}

static void disk_power_on(struct ata_drive *drive)
{
    struct disk *disk = disk_of(drive);
    disk->heads = HEADS;
    disk->track = TRACK;
    disk->multiple = 0;
    disk->caches = true;
}

/* ---- snapshots ---- */

struct saved {                                     /* pure bytes */
    uint64_t sector;
    uint32_t heads, track, multiple, left, block, buffered;
    uint8_t caches, writes, through;
};

static void save_disk(const struct ata_drive *drive, void *to)
{
    const struct disk *disk = (const struct disk *)drive;
    struct saved saved;
    memset(&saved, 0, sizeof saved);
    saved.sector = disk->sector;
    saved.heads = disk->heads;
    saved.track = disk->track;
    saved.multiple = disk->multiple;
    saved.left = disk->left;
    saved.block = disk->block;
    saved.buffered = disk->buffered;
    saved.caches = disk->caches;
    saved.writes = disk->writes;
    saved.through = disk->through;
    memcpy(to, &saved, sizeof saved);
}

static bool is_state(const struct disk *disk, const struct saved *saved)
{
    return saved->heads >= 1 && saved->heads <= HEADS && saved->track >= 1 &&
           saved->track <= 0xFF && saved->multiple <= MULTIPLE_MAX &&
           !(saved->multiple & (saved->multiple - 1)) && saved->block <= MULTIPLE_MAX &&
           saved->buffered <= ATA_BUFFER && saved->sector <= disk->sectors &&
           saved->left <= disk->sectors - saved->sector;
}

static bool restore_disk(struct ata_drive *drive, const void *from)
{
    struct disk *disk = disk_of(drive);
    struct saved saved;
    memcpy(&saved, from, sizeof saved);
    if (!is_state(disk, &saved))
        return false;
    disk->sector = saved.sector;
    disk->heads = saved.heads;
    disk->track = saved.track;
    disk->multiple = saved.multiple;
    disk->left = saved.left;
    disk->block = saved.block;
    disk->buffered = saved.buffered;
    disk->caches = saved.caches != 0;
    disk->writes = saved.writes != 0;
    disk->through = saved.through != 0;
    return true;
}

static void (*const steps[])(struct ata_drive *) = {
    mb_ata_idle, fill_buffer, block_was_read, empty_buffer, block_was_written, move_data,
    read_to_verify, flush_job, NULL,
};

static const struct ata_ops disk_ops = {
    .command = disk_command, .power_on = disk_power_on, .steps = steps,
    .saved_size = sizeof(struct saved), .save = save_disk, .restore = restore_disk,
};

/* ---- the chip ---- */

static bool disk_create(void *state, struct mb_dev *dev)
{
    struct disk *disk = state;
    const char *path = mb_dev_param_str(dev, DISK_PARAM_IMAGE);
    if (!path || !*path)
        return true;
    if (!mb_ata_open(&disk->drive, dev, path))
        return false;
    disk->sectors = (mb_disk_size(disk->drive.disk) + ATA_SECTOR - 1) / ATA_SECTOR;
    return mb_ata_attach(&disk->drive, dev);
}

static void disk_destroy(void *state)
{
    struct disk *disk = state;
    mb_ata_detach(&disk->drive);
    if (disk->drive.disk)
        mb_disk_close(disk->drive.disk);
}

const struct mb_chip mb_chip_ata_disk = {
    .abi = MB_CHIP_ABI, .model = "ata.disk", .state_size = sizeof(struct disk),
    .create = disk_create, .destroy = disk_destroy, .save = mb_ata_save,
    .restore = mb_ata_restore, .bus_ops = &disk_ops,
};
