/* ATA hard disk: the chip, and commands that move no data; disk.py declares it.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>
#include "ata_disk.h"
#include "hard_disk.h"

/* ---- commands without data ---- */

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
    struct disk *disk = mb_ata_disk(drive);
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
    if (count > DISK_MULTIPLE_MAX || count & (count - 1)) {
        mb_ata_fail(drive, ATA_ABRT);
        return;
    }
    mb_ata_disk(drive)->multiple = count;
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
    struct disk *disk = mb_ata_disk(drive);
    if (!set_feature(disk))
        mb_ata_fail(drive, ATA_ABRT);
    else if (!disk->caches)
        mb_ata_disk_flush(drive, kind);    /* what the cache holds is written first */
    else
        mb_ata_done(drive);
}

/* ---- the table of commands ---- */

struct command {
    void (*begin)(struct ata_drive *drive, unsigned kind);
    unsigned kind;
};

static const struct command commands[256] = {
    [0x10 ... 0x1F] = { nothing, 0 },                      /* RECALIBRATE */
    [0x20 ... 0x21] = { mb_ata_disk_pio, 0 },              /* READ SECTORS */
    [0x24] = { mb_ata_disk_pio, DISK_EXTENDED },
    [0x25] = { mb_ata_disk_dma, DISK_EXTENDED },
    [0x29] = { mb_ata_disk_pio, DISK_EXTENDED | DISK_BLOCKS },
    [0x30 ... 0x31] = { mb_ata_disk_pio, DISK_WRITE },     /* WRITE SECTORS */
    [0x34] = { mb_ata_disk_pio, DISK_WRITE | DISK_EXTENDED },
    [0x35] = { mb_ata_disk_dma, DISK_WRITE | DISK_EXTENDED },
    [0x39] = { mb_ata_disk_pio, DISK_WRITE | DISK_EXTENDED | DISK_BLOCKS },
    [0x3D] = { mb_ata_disk_dma, DISK_WRITE | DISK_EXTENDED | DISK_UNIT_ACCESS },
    [0x40 ... 0x41] = { mb_ata_disk_verify, 0 },           /* READ VERIFY SECTORS */
    [0x42] = { mb_ata_disk_verify, DISK_EXTENDED },
    [0x70 ... 0x7F] = { mb_ata_disk_seek, 0 },
    [0x91] = { set_geometry, 0 },                          /* INITIALIZE DEVICE PARAMETERS */
    [0xC4] = { mb_ata_disk_pio, DISK_BLOCKS },             /* READ MULTIPLE */
    [0xC5] = { mb_ata_disk_pio, DISK_WRITE | DISK_BLOCKS },
    [0xC6] = { set_multiple, 0 },
    [0xC8 ... 0xC9] = { mb_ata_disk_dma, 0 },              /* READ DMA */
    [0xCA ... 0xCB] = { mb_ata_disk_dma, DISK_WRITE },
    [0xCE] = { mb_ata_disk_pio, DISK_WRITE | DISK_EXTENDED | DISK_BLOCKS | DISK_UNIT_ACCESS },
    [0xE0 ... 0xE3] = { nothing, 0 },                      /* STANDBY, IDLE */
    [0xE5] = { check_power, 0 },
    [0xE6] = { nothing, 0 },                               /* SLEEP */
    [0xE7] = { mb_ata_disk_flush, 0 },
    [0xEA] = { mb_ata_disk_flush, DISK_EXTENDED },
    [0xEC] = { mb_ata_disk_identify, 0 },
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
    struct disk *disk = mb_ata_disk(drive);
    disk->heads = DISK_HEADS;
    disk->track = DISK_TRACK;
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
    return saved->heads >= 1 && saved->heads <= DISK_HEADS && saved->track >= 1 &&
           saved->track <= 0xFF && saved->multiple <= DISK_MULTIPLE_MAX &&
           !(saved->multiple & (saved->multiple - 1)) && saved->block <= DISK_MULTIPLE_MAX &&
           saved->buffered <= ATA_BUFFER && saved->sector <= disk->sectors &&
           saved->left <= disk->sectors - saved->sector;
}

static bool restore_disk(struct ata_drive *drive, const void *from)
{
    struct disk *disk = mb_ata_disk(drive);
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

static const struct ata_ops disk_ops = {
    .command = disk_command, .power_on = disk_power_on, .steps = mb_ata_disk_steps,
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
