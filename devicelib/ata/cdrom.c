/* ATAPI CD-ROM drive: its task file and the packet protocol (ATA/ATAPI-6 clause 9.8);
 * cdrom.py declares it. SPDX-License-Identifier: Apache-2.0
 */
#include <errno.h>
#include <string.h>
#include "ata_cdrom.h"
#include "cdrom.h"

enum { REASON_COMMAND = 1, REASON_TO_HOST = 2 };   /* interrupt reason, in the count */
enum { FEATURE_DMA = 1, LIMIT_MAX = 0xFFFE };

static struct cdrom *cd_of(struct ata_drive *drive)
{
    return (struct cdrom *)drive;
}

/* ---- how packet commands end ---- */

static void end_good(struct cdrom *cd)
{
    cd->drive.count = REASON_COMMAND | REASON_TO_HOST;
    mb_ata_done(&cd->drive);
}

/* The error register has the sense key. */
static void end_check(struct cdrom *cd)
{
    enum { ABORTED = 0x0B };
    uint8_t key = cd->sense.key;
    cd->drive.count = REASON_COMMAND | REASON_TO_HOST;
    mb_ata_fail(&cd->drive, (uint8_t)(key << 4 | (key == ABORTED ? ATA_ABRT : 0)));
}

static void disc_failed(struct cdrom *cd)
{
    cd->sense = (struct cd_sense){ 0x03, 0x11, 0x00 };     /* unrecovered read error */
    mb_dev_log(cd->drive.dev, "the host's file cannot be read");
    end_check(cd);
}

/* ---- data to the host by PIO ---- */

static void offer(struct cdrom *cd);

static int read_disc(struct cdrom *cd, const struct iovec *to, int count)
{
    if (!cd->drive.disk)
        return EIO;
    mb_ata_unlock(&cd->drive);
    int error = mb_disk_read(cd->drive.disk, cd->position, to, count);
    mb_ata_lock(&cd->drive);
    return error;
}

static void fill_buffer(struct ata_drive *drive)
{
    struct cdrom *cd = cd_of(drive);
    size_t size = cd->left < ATA_BUFFER ? cd->left : ATA_BUFFER;
    struct iovec to = { drive->data, size };
    if (read_disc(cd, &to, 1)) {
        disc_failed(cd);
        return;
    }
    cd->position += size;
    cd->buffered = (unsigned)size;
    drive->at = 0;
    offer(cd);
}

static void was_read(struct ata_drive *drive)
{
    struct cdrom *cd = cd_of(drive);
    if (!cd->left)
        end_good(cd);
    else if (drive->at < cd->buffered)
        offer(cd);
    else
        mb_ata_work(drive, fill_buffer);
}

/* As much as the host takes at once; it finds the size in the byte count. */
static void offer(struct cdrom *cd)
{
    struct ata_drive *drive = &cd->drive;
    unsigned size = cd->buffered > drive->at ? cd->buffered - drive->at : 0;
    if (drive->resetting)
        return;
    size = size < cd->limit ? size : cd->limit;
    cd->left -= size;
    drive->count = REASON_TO_HOST;
    drive->mid = size & 0xFF;
    drive->high = (uint16_t)(size >> 8);
    mb_ata_send(drive, drive->at + size, was_read);
}

/* ---- by DMA ---- */

static int copy_buffer(struct cdrom *cd)
{
    const struct ata_master *master = &cd->drive.channel->master;
    for (unsigned i = 0; i < master->count; i++) {
        size_t size = master->pieces[i].iov_len;
        memcpy(master->pieces[i].iov_base, cd->drive.data + cd->drive.at, size);
        cd->drive.at += (unsigned)size;
    }
    return 0;
}

static void send_by_dma(struct ata_drive *drive)
{
    struct cdrom *cd = cd_of(drive);
    struct ata_master *master = &drive->channel->master;
    int error = 0;
    while (cd->left && !error && !drive->resetting) {
        size_t size = mb_ata_master_next(drive->channel, cd->left);
        if (!size)
            break;
        error = cd->from_disc ? read_disc(cd, master->pieces, (int)master->count)
                              : copy_buffer(cd);
        mb_ata_master_wrote(drive->channel);
        cd->position += size;
        cd->left -= size;
    }
    if (!error && mb_ata_master_end(drive, !cd->left))
        end_good(cd);
    else if (error)
        disc_failed(cd);
}

/* ---- PACKET ---- */

static void send(struct cdrom *cd)
{
    cd->drive.at = 0;
    cd->buffered = cd->from_disc ? 0 : (unsigned)cd->left;
    if (cd->by_dma)
        mb_ata_work_by_master(&cd->drive, send_by_dma);
    else if (cd->from_disc)
        mb_ata_work(&cd->drive, fill_buffer);
    else
        offer(cd);
}

static void packet_taken(struct ata_drive *drive)
{
    struct cdrom *cd = cd_of(drive);
    memcpy(cd->packet, drive->data, CD_PACKET);
    cd->left = 0;
    cd->from_disc = false;
    if (!mb_cd_execute(cd))
        end_check(cd);
    else if (cd->left)
        send(cd);
    else
        end_good(cd);
}

/* An odd limit would leave half a word, so that it is lowered; none means the largest. */
static unsigned byte_limit(const struct ata_drive *drive)
{
    unsigned limit = ((drive->mid & 0xFFu) | (drive->high & 0xFFu) << 8) & ~1u;
    return limit ? limit : LIMIT_MAX;
}

static void packet(struct ata_drive *drive)
{
    struct cdrom *cd = cd_of(drive);
    cd->by_dma = drive->feature & FEATURE_DMA;
    cd->limit = byte_limit(drive);
    drive->count = REASON_COMMAND;
    drive->at = 0;
    mb_ata_take(drive, CD_PACKET, packet_taken, false);
}

/* ---- the other commands ---- */

/* Table 33 of clause 8.16. */
static void identify_packet(struct ata_drive *drive)
{
    uint16_t words[256] = { 0 };
    words[0] = 0x85C0;             /* ATAPI, CD-ROM, removable, 50 us, 12-byte packets */
    mb_ata_put_text(&words[10], 10, mb_ata_serial(drive->dev));
    mb_ata_put_text(&words[23], 4, "1.0");
    mb_ata_put_text(&words[27], 20, "MB DVD-ROM");
    words[49] = 0x0F00;            /* IORDY, LBA, DMA */
    words[80] = 0x0070;            /* ATA/ATAPI-4 to -6 */
    words[82] = words[85] = 0x4210;    /* NOP, DEVICE RESET, PACKET */
    words[83] = words[84] = words[87] = 0x4000;
    mb_ata_identify_modes(drive, words);
    memcpy(drive->data, words, sizeof words);
    drive->at = 0;
    mb_ata_send(drive, sizeof words, mb_ata_idle);
}

static void set_features(struct ata_drive *drive)
{
    if ((drive->feature & 0xFF) == 0x03 && mb_ata_set_mode(drive))
        mb_ata_done(drive);
    else
        mb_ata_fail(drive, ATA_ABRT);
}

/* Those by which hosts look for disks get the signature with the error (8.15, 8.27). */
static void not_a_disk(struct ata_drive *drive)
{
    mb_ata_signature(drive);
    mb_ata_fail(drive, ATA_ABRT);
}

static void cdrom_command(struct ata_drive *drive, uint8_t code)
{
    switch (code) {
    case 0xA0: packet(drive); break;
    case 0xA1: identify_packet(drive); break;
    case 0xEF: set_features(drive); break;
    case 0x20: case 0xEC: not_a_disk(drive); break;
    case 0xE0: case 0xE1: case 0xE2: case 0xE3: case 0xE6: case 0xE7:
        mb_ata_done(drive);        /* power states, FLUSH CACHE */
        break;
    case 0xE5:
        drive->count = 0xFF;       /* active */
        mb_ata_done(drive);
        break;
    default: mb_ata_fail(drive, ATA_ABRT);
    }
}

static void cdrom_power_on(struct ata_drive *drive)
{
    struct cdrom *cd = cd_of(drive);
    cd->was_reset = true;
    cd->ejected = cd->locked = false;
    cd->sense = (struct cd_sense){ 0 };
}

/* ---- snapshots ---- */

struct saved {                     /* pure bytes */
    uint64_t position, left;
    uint32_t limit, buffered;
    struct cd_sense sense;
    uint8_t ejected, locked, was_reset, by_dma, from_disc;
};

static void save_cdrom(const struct ata_drive *drive, void *to)
{
    const struct cdrom *cd = (const struct cdrom *)drive;
    struct saved saved;
    memset(&saved, 0, sizeof saved);
    saved.position = cd->position;
    saved.left = cd->left;
    saved.limit = cd->limit;
    saved.buffered = cd->buffered;
    saved.sense = cd->sense;
    saved.ejected = cd->ejected;
    saved.locked = cd->locked;
    saved.was_reset = cd->was_reset;
    saved.by_dma = cd->by_dma;
    saved.from_disc = cd->from_disc;
    memcpy(to, &saved, sizeof saved);
}

/* The buffer has all that is left of an answer that is not on the disc. */
static bool is_state(const struct cdrom *cd, const struct saved *saved)
{
    return saved->limit <= LIMIT_MAX && saved->buffered <= ATA_BUFFER &&
           (saved->from_disc || saved->left <= ATA_BUFFER - cd->drive.at);
}

static bool restore_cdrom(struct ata_drive *drive, const void *from)
{
    struct cdrom *cd = cd_of(drive);
    struct saved saved;
    memcpy(&saved, from, sizeof saved);
    if (!is_state(cd, &saved))
        return false;
    cd->position = saved.position;
    cd->left = saved.left;
    cd->limit = saved.limit;
    cd->buffered = saved.buffered;
    cd->sense = saved.sense;
    cd->ejected = saved.ejected != 0;
    cd->locked = saved.locked != 0;
    cd->was_reset = saved.was_reset != 0;
    cd->by_dma = saved.by_dma != 0;
    cd->from_disc = saved.from_disc != 0;
    return true;
}

static void (*const steps[])(struct ata_drive *) = {
    mb_ata_idle, fill_buffer, was_read, send_by_dma, packet_taken, NULL,
};

static const struct ata_ops cdrom_ops = {
    .mid = 0x14, .high = 0xEB, .packet = true,
    .command = cdrom_command, .power_on = cdrom_power_on, .steps = steps,
    .saved_size = sizeof(struct saved), .save = save_cdrom, .restore = restore_cdrom,
};

/* ---- the chip ---- */

static bool cdrom_create(void *state, struct mb_dev *dev)
{
    struct cdrom *cd = state;
    const char *path = mb_dev_param_str(dev, CDROM_PARAM_IMAGE);
    if (path && *path) {
        if (!mb_ata_open(&cd->drive, dev, path))
            return false;
        uint64_t blocks = mb_disk_size(cd->drive.disk) / CD_BLOCK;
        cd->blocks = blocks < UINT32_MAX ? (uint32_t)blocks : UINT32_MAX;
    }
    return mb_ata_attach(&cd->drive, dev);
}

static void cdrom_destroy(void *state)
{
    struct cdrom *cd = state;
    mb_ata_detach(&cd->drive);
    if (cd->drive.disk)
        mb_disk_close(cd->drive.disk);
}

const struct mb_chip mb_chip_ata_cdrom = {
    .abi = MB_CHIP_ABI, .model = "ata.cdrom", .state_size = sizeof(struct cdrom),
    .create = cdrom_create, .destroy = cdrom_destroy, .save = mb_ata_save,
    .restore = mb_ata_restore, .bus_ops = &cdrom_ops,
};
