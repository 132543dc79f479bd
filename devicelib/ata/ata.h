/* ATA channels and drives (ATA/ATAPI-6, T13/1410D; bus masters: SFF-8038i rev. 1.0).
 * SPDX-License-Identifier: Apache-2.0
 *
 * A controller (ide.piix3) has channels; a drive (ata.disk, ata.cdrom) is a chip on its
 * bus "ata". The task file is here, for both drives of a channel; what commands do is the
 * drive's. One lock, the channel's, guards all of it. Files are read and written by the
 * channel's thread, without the lock, while the drive says that it is busy.
 */
#ifndef MB_ATA_H
#define MB_ATA_H

#include <pthread.h>
#include <sys/uio.h>
#include "device.h"
#include "disk.h"

enum {                         /* status */
    ATA_ERR = 0x01, ATA_DRQ = 0x08, ATA_DSC = 0x10, ATA_DF = 0x20, ATA_DRDY = 0x40,
    ATA_BSY = 0x80,
};
enum { ATA_ABRT = 0x04, ATA_IDNF = 0x10, ATA_UNC = 0x40 };      /* error */
enum { ATA_LBA = 0x40, ATA_UNIT = 0x10, ATA_OBSOLETE = 0xA0 };  /* device */
enum { ATA_NIEN = 0x02, ATA_SRST = 0x04, ATA_HOB = 0x80 };      /* device control */
enum { ATA_SECTOR = 512, ATA_BUFFER = 64 * 1024 };
enum { ATA_SLACK = 4 };                      /* for a last access that is too wide */
enum { ATA_COMMAND_BLOCK = 8 };                                 /* registers */

struct ata_channel;
struct ata_drive;

struct ata_ops {
    uint8_t mid, high;         /* the signature */
    bool packet;               /* knows DEVICE RESET */
    void (*command)(struct ata_drive *drive, uint8_t code);
    /* Settings of power-on; the drive does nothing at the moment. May be NULL. */
    void (*power_on)(struct ata_drive *drive);
    /* For snapshots: all functions that are ever `moved` or `job`, then NULL; and what a
     * kind of drive has besides. `restore` gives false for bytes that are no such state. */
    void (*const *steps)(struct ata_drive *drive);
    size_t saved_size;
    void (*save)(const struct ata_drive *drive, void *to);
    bool (*restore)(struct ata_drive *drive, const void *from);
};

struct ata_drive {             /* the head of a drive's state */
    struct mb_dev *dev;
    const struct ata_ops *ops;
    struct ata_channel *channel;       /* NULL: not attached */
    struct mb_disk *disk;

    uint16_t feature, count, low, mid, high;   /* high bytes: what was written before */
    uint8_t device, status, error;
    uint8_t mode;              /* of transfers, in the numbers of SET FEATURES */
    bool interrupt;            /* pending */

    /* The host moves data[at] up to data[end], then `moved` is called. */
    uint8_t data[ATA_BUFFER + ATA_SLACK];
    unsigned at, end;
    bool takes;                /* the host writes */
    void (*moved)(struct ata_drive *drive);

    void (*job)(struct ata_drive *drive);      /* for the channel's thread */
    bool by_master;            /* once the bus master is started */
    bool resetting;
};

/* ---- bus master ---- */

enum { MASTER_START = 1, MASTER_TO_MEMORY = 8 };                /* command */
enum {                                                          /* status */
    MASTER_ACTIVE = 1, MASTER_ERROR = 2, MASTER_INTERRUPT = 4, MASTER_CAPABLE = 0x60,
};
enum { ATA_PIECES = 256, ATA_PIECES_SIZE = 1 << 20, ATA_MASTER_BLOCK = 8 };

struct ata_master {
    uint8_t command, status;
    uint32_t table;            /* of physical regions, as the guest wrote it */
    uint32_t next, address, left;      /* the region under way, and the one after it */
    bool begun, last;
    unsigned count;            /* of pieces: memory to move next */
    struct iovec pieces[ATA_PIECES];
    uint64_t addresses[ATA_PIECES];
};

struct ata_channel {
    struct mb_dev *dev;        /* the controller: whose bus DMA is on */
    unsigned port, index;      /* its interrupt line */
    bool (*may_master)(struct mb_dev *controller);
    pthread_mutex_t lock;
    struct ata_drive *drives[2];
    unsigned selected;
    uint8_t control;
    bool line;
    struct ata_master master;

    pthread_t thread;
    bool has_thread, stopping;
    struct ata_drive *running; /* whose job is being done */
    unsigned waiting;          /* threads that wait until none is */
    pthread_cond_t work, idle;
};

struct ata_saved_channel {     /* what a snapshot has of it; pure bytes */
    uint32_t table, next, address, left;
    uint8_t command, status, begun, last, selected, control;
};

struct ata_controller {        /* the head of a controller's state */
    struct ata_channel channels[2];
};

/* ---- for controllers ---- */

/* In create. `may_master`: may the controller use the bus now? */
void mb_ata_channel_init(struct ata_channel *channel, struct mb_dev *controller,
                         unsigned port, unsigned index,
                         bool (*may_master)(struct mb_dev *controller));
void mb_ata_channel_destroy(struct ata_channel *channel);
void mb_ata_channel_reset(struct ata_channel *channel);         /* power-on */
/* The command block, offsets 0-7, and the control block's only register. */
uint64_t mb_ata_read(struct ata_channel *channel, uint64_t offset, unsigned size);
void mb_ata_write(struct ata_channel *channel, uint64_t offset, uint64_t value,
                  unsigned size);
uint8_t mb_ata_alternate_status(struct ata_channel *channel);
void mb_ata_control(struct ata_channel *channel, uint8_t value);
/* The channel's 8 bytes of the bus master. */
uint64_t mb_ata_master_read(struct ata_channel *channel, uint64_t offset, unsigned size);
void mb_ata_master_write(struct ata_channel *channel, uint64_t offset, uint64_t value,
                         unsigned size);

/* For snapshots, with CPUs that are stopped: what was begun is done first. */
void mb_ata_channel_save(struct ata_channel *channel, struct ata_saved_channel *saved);
void mb_ata_channel_restore(struct ata_channel *channel,
                            const struct ata_saved_channel *saved);

/* ---- for drives ---- */

/* In create: sit down on the parent. False after mb_dev_error. */
bool mb_ata_attach(struct ata_drive *drive, struct mb_dev *dev);
void mb_ata_detach(struct ata_drive *drive);
/* Open the image of the parameters `image`, `readonly` and `snapshot`. */
bool mb_ata_open(struct ata_drive *drive, struct mb_dev *dev, const char *path);

static inline void mb_ata_lock(struct ata_drive *drive)
{
    pthread_mutex_lock(&drive->channel->lock);
}

static inline void mb_ata_unlock(struct ata_drive *drive)
{
    pthread_mutex_unlock(&drive->channel->lock);
}

/* How commands go on; all with the lock. While a reset waits for the drive, they do
 * nothing. */
void mb_ata_done(struct ata_drive *drive);                      /* with an interrupt */
void mb_ata_idle(struct ata_drive *drive);                      /* without */
void mb_ata_fail(struct ata_drive *drive, uint8_t error);
void mb_ata_fault(struct ata_drive *drive);                     /* the host's disk failed */
/* The host reads (or writes) data up to `end`, then comes `moved`. */
void mb_ata_send(struct ata_drive *drive, unsigned end, void (*moved)(struct ata_drive *));
void mb_ata_take(struct ata_drive *drive, unsigned end, void (*moved)(struct ata_drive *),
                 bool interrupt);
/* `job` on the channel's thread, with the lock, which it may release. */
void mb_ata_work(struct ata_drive *drive, void (*job)(struct ata_drive *));
void mb_ata_work_by_master(struct ata_drive *drive, void (*job)(struct ata_drive *));

/* In such a job: the next memory of the transfer into master.pieces, at most `wanted`
 * bytes; gives how many, 0: there is no more. */
size_t mb_ata_master_next(struct ata_channel *channel, size_t wanted);
void mb_ata_master_wrote(struct ata_channel *channel);          /* into these pieces */
/* The transfer has ended. False: memory was missing, and the command ends accordingly. */
bool mb_ata_master_end(struct ata_drive *drive, bool moved_all);

/* What both kinds of drives do. The first two are `save` and `restore` of their chips. */
size_t mb_ata_save(void *drive, uint8_t *data, size_t size);
bool mb_ata_restore(void *drive, const uint8_t *data, size_t size);
bool mb_ata_set_mode(struct ata_drive *drive);                  /* SET FEATURES 03h */
void mb_ata_put_text(uint16_t *words, unsigned count, const char *text);
void mb_ata_identify_modes(const struct ata_drive *drive, uint16_t *words);
const char *mb_ata_serial(struct mb_dev *dev);
void mb_ata_signature(struct ata_drive *drive);

/* ---- between channel.c, thread.c, busmaster.c and snapshot.c; with the lock ---- */

/* Until the thread does nothing; it starts nothing new before the lock is let go. */
void mb_ata_channel_quiesce(struct ata_channel *channel);
/* Until it has nothing to do either. */
void mb_ata_channel_drain(struct ata_channel *channel);
void mb_ata_power_on(struct ata_drive *drive);
/* Once SRST is released, and the drive's work under way, if any, is done. */
void mb_ata_finish_reset(struct ata_drive *drive);
/* The line follows from what was restored. */
void mb_ata_channel_settle(struct ata_channel *channel);

static inline bool mb_ata_master_started(const struct ata_channel *channel)
{
    return channel->master.command & MASTER_START;
}

#endif
