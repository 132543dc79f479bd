/* A channel: the task file of two drives, the data port, and how commands go on
 * (ATA/ATAPI-6, clauses 5, 7 and 9). SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>
#include "ata.h"

enum { DATA, FEATURE_ERROR, COUNT, LOW, MID, HIGH, DEVICE, COMMAND_STATUS };
enum { DEVICE_RESET = 0x08, EXECUTE_DEVICE_DIAGNOSTIC = 0x90 };
enum { PASSED = 0x01 };        /* diagnostic code */

static struct ata_drive *selected(const struct ata_channel *channel)
{
    return channel->drives[channel->selected];
}

/* Only the selected drive drives INTRQ (clause 5.2.9). */
static void update_line(struct ata_channel *channel)
{
    const struct ata_drive *drive = selected(channel);
    bool level = drive && drive->interrupt && !(channel->control & ATA_NIEN);
    if (level && !channel->line)
        channel->master.status |= MASTER_INTERRUPT;
    channel->line = level;
    mb_dev_out(channel->dev, channel->port, channel->index, level);
}

void mb_ata_channel_settle(struct ata_channel *channel)
{
    uint8_t status = channel->master.status;
    update_line(channel);
    channel->master.status = status;
}

static void interrupt(struct ata_drive *drive, bool pending)
{
    drive->interrupt = pending;
    update_line(drive->channel);
}

/* ---- how commands go on ---- */

static void set_status(struct ata_drive *drive, uint8_t status, uint8_t error)
{
    drive->status = status;
    drive->error = error;
    drive->moved = NULL;
}

void mb_ata_idle(struct ata_drive *drive)
{
    if (!drive->resetting)
        set_status(drive, ATA_DRDY | ATA_DSC, 0);
}

static void end_command(struct ata_drive *drive, uint8_t status, uint8_t error)
{
    if (drive->resetting)
        return;
    set_status(drive, status, error);
    interrupt(drive, true);
}

void mb_ata_done(struct ata_drive *drive)
{
    end_command(drive, ATA_DRDY | ATA_DSC, 0);
}

void mb_ata_fail(struct ata_drive *drive, uint8_t error)
{
    end_command(drive, ATA_DRDY | ATA_DSC | ATA_ERR, error);
}

void mb_ata_fault(struct ata_drive *drive)
{
    mb_dev_log(drive->dev, "the host's disk failed");
    end_command(drive, ATA_DRDY | ATA_DF | ATA_ERR, ATA_ABRT);
}

static void ask_host(struct ata_drive *drive, unsigned end,
                     void (*moved)(struct ata_drive *), bool takes)
{
    drive->status = ATA_DRDY | ATA_DSC | ATA_DRQ;
    drive->end = end;
    drive->takes = takes;
    drive->moved = moved;
}

void mb_ata_send(struct ata_drive *drive, unsigned end, void (*moved)(struct ata_drive *))
{
    if (drive->resetting)
        return;
    ask_host(drive, end, moved, false);
    interrupt(drive, true);
}

void mb_ata_take(struct ata_drive *drive, unsigned end, void (*moved)(struct ata_drive *),
                 bool asks)
{
    if (drive->resetting)
        return;
    ask_host(drive, end, moved, true);
    if (asks)
        interrupt(drive, true);
}

static void queue_job(struct ata_drive *drive, void (*job)(struct ata_drive *), bool by_master)
{
    if (drive->resetting)
        return;
    drive->status = ATA_BSY;
    drive->job = job;
    drive->by_master = by_master;
    pthread_cond_signal(&drive->channel->work);
}

void mb_ata_work(struct ata_drive *drive, void (*job)(struct ata_drive *))
{
    queue_job(drive, job, false);
}

void mb_ata_work_by_master(struct ata_drive *drive, void (*job)(struct ata_drive *))
{
    queue_job(drive, job, true);
}

/* ---- resets ---- */

/* Clause 9.12. A packet device is not ready, so that nobody takes it for a disk. */
void mb_ata_signature(struct ata_drive *drive)
{
    drive->count = drive->low = 1;
    drive->mid = drive->ops->mid;
    drive->high = drive->ops->high;
}

static void start_anew(struct ata_drive *drive)
{
    drive->resetting = false;
    mb_ata_signature(drive);
    set_status(drive, drive->ops->packet ? 0 : ATA_DRDY | ATA_DSC, PASSED);
}

static void begin_reset(struct ata_drive *drive)
{
    drive->resetting = true;
    drive->job = NULL;
    drive->interrupt = false;
    set_status(drive, ATA_BSY, 0);
}

void mb_ata_finish_reset(struct ata_drive *drive)
{
    struct ata_channel *channel = drive->channel;
    if (drive->resetting && drive != channel->running && !(channel->control & ATA_SRST))
        start_anew(drive);
}

static void for_each(struct ata_channel *channel, void (*act)(struct ata_drive *))
{
    for (unsigned unit = 0; unit < 2; unit++)
        if (channel->drives[unit])
            act(channel->drives[unit]);
}

static void select_device(struct ata_channel *channel, uint8_t value)
{
    channel->selected = value & ATA_UNIT ? 1 : 0;
    for (unsigned unit = 0; unit < 2; unit++)
        if (channel->drives[unit])
            channel->drives[unit]->device = value | ATA_OBSOLETE;
    update_line(channel);
}

static void software_reset(struct ata_channel *channel)
{
    for_each(channel, begin_reset);
    select_device(channel, 0);
}

void mb_ata_control(struct ata_channel *channel, uint8_t value)
{
    pthread_mutex_lock(&channel->lock);
    bool begins = value & ATA_SRST & ~channel->control;
    channel->control = value;
    if (begins)
        software_reset(channel);
    for_each(channel, mb_ata_finish_reset);
    update_line(channel);
    pthread_mutex_unlock(&channel->lock);
}

void mb_ata_power_on(struct ata_drive *drive)
{
    begin_reset(drive);
    drive->feature = drive->count = drive->low = drive->mid = drive->high = 0;
    drive->mode = 0;
    if (drive->ops->power_on)
        drive->ops->power_on(drive);
    start_anew(drive);
}

void mb_ata_channel_reset(struct ata_channel *channel)
{
    pthread_mutex_lock(&channel->lock);
    for_each(channel, begin_reset);
    mb_ata_channel_quiesce(channel);
    channel->control = 0;
    for_each(channel, mb_ata_power_on);
    channel->master.command = channel->master.status = 0;
    channel->master.table = 0;
    select_device(channel, 0);
    pthread_mutex_unlock(&channel->lock);
}

/* ---- commands ---- */

/* Both drives test themselves, device 0 answers (clause 8.11). */
static void diagnose(struct ata_channel *channel)
{
    software_reset(channel);
    for_each(channel, mb_ata_finish_reset);
    if (selected(channel))
        interrupt(selected(channel), true);
}

static void reset_device(struct ata_drive *drive)
{
    begin_reset(drive);
    update_line(drive->channel);
    mb_ata_finish_reset(drive);
}

static bool occupied(const struct ata_drive *drive)
{
    return drive->status & (ATA_BSY | ATA_DRQ);
}

static void start_command(struct ata_channel *channel, uint8_t code)
{
    struct ata_drive *drive = selected(channel);
    if (!drive || channel->control & ATA_SRST)
        return;
    if (code == DEVICE_RESET && drive->ops->packet && !drive->resetting) {
        reset_device(drive);
        return;
    }
    if (occupied(drive))
        return;
    interrupt(drive, false);
    drive->error = 0;
    if (code == EXECUTE_DEVICE_DIAGNOSTIC)
        diagnose(channel);
    else
        drive->ops->command(drive, code);
}

/* ---- registers ---- */

static uint8_t read_status(struct ata_drive *drive)
{
    interrupt(drive, false);
    return drive->status;
}

static uint8_t half(const struct ata_channel *channel, uint16_t value)
{
    return (uint8_t)(channel->control & ATA_HOB ? value >> 8 : value);
}

static uint8_t read_register(struct ata_channel *channel, unsigned number)
{
    struct ata_drive *drive = selected(channel);
    if (!drive)
        return 0;
    switch (number) {
    case FEATURE_ERROR: return drive->error;
    case COUNT: return half(channel, drive->count);
    case LOW: return half(channel, drive->low);
    case MID: return half(channel, drive->mid);
    case HIGH: return half(channel, drive->high);
    case DEVICE: return drive->device;
    default: return read_status(drive);
    }
}

static uint16_t *file_register(struct ata_drive *drive, unsigned number)
{
    switch (number) {
    case FEATURE_ERROR: return &drive->feature;
    case COUNT: return &drive->count;
    case LOW: return &drive->low;
    case MID: return &drive->mid;
    default: return &drive->high;
    }
}

static void write_register(struct ata_channel *channel, unsigned number, uint8_t value)
{
    channel->control &= (uint8_t)~ATA_HOB;
    if (number == COMMAND_STATUS) {
        start_command(channel, value);
        return;
    }
    if (selected(channel) && occupied(selected(channel)))
        return;
    if (number == DEVICE) {
        select_device(channel, value);
        return;
    }
    for (unsigned unit = 0; unit < 2; unit++)
        if (channel->drives[unit]) {
            uint16_t *file = file_register(channel->drives[unit], number);
            *file = (uint16_t)(*file << 8 | value);
        }
}

/* ---- the data port: a word at a time, or two ---- */

static uint8_t *data_window(struct ata_drive *drive, bool takes)
{
    bool open = drive && drive->status & ATA_DRQ && drive->takes == takes;
    return open ? drive->data + drive->at : NULL;
}

static void advance(struct ata_drive *drive, unsigned size)
{
    drive->at += size;
    if (drive->at < drive->end)
        return;
    drive->at = drive->end;
    drive->status = ATA_BSY;
    drive->moved(drive);
}

static uint32_t read_data(struct ata_channel *channel, unsigned size)
{
    struct ata_drive *drive = selected(channel);
    const uint8_t *from = data_window(drive, false);
    uint32_t value = 0;
    if (!from)
        return 0;
    memcpy(&value, from, size);
    advance(drive, size);
    return value;
}

static void write_data(struct ata_channel *channel, uint32_t value, unsigned size)
{
    struct ata_drive *drive = selected(channel);
    uint8_t *to = data_window(drive, true);
    if (!to)
        return;
    memcpy(to, &value, size);
    advance(drive, size);
}

static unsigned data_size(unsigned size)
{
    return size >= 4 ? 4 : 2;
}

uint64_t mb_ata_read(struct ata_channel *channel, uint64_t offset, unsigned size)
{
    uint64_t value = 0;
    pthread_mutex_lock(&channel->lock);
    if (offset == DATA)
        value = read_data(channel, data_size(size));
    else
        for (unsigned i = 0; i < size && offset + i < ATA_COMMAND_BLOCK; i++)
            value |= (uint64_t)read_register(channel, (unsigned)offset + i) << 8 * i;
    pthread_mutex_unlock(&channel->lock);
    return value;
}

void mb_ata_write(struct ata_channel *channel, uint64_t offset, uint64_t value,
                  unsigned size)
{
    pthread_mutex_lock(&channel->lock);
    if (offset == DATA)
        write_data(channel, (uint32_t)value, data_size(size));
    else
        for (unsigned i = 0; i < size && offset + i < ATA_COMMAND_BLOCK; i++)
            write_register(channel, (unsigned)offset + i, (uint8_t)(value >> 8 * i));
    pthread_mutex_unlock(&channel->lock);
}

uint8_t mb_ata_alternate_status(struct ata_channel *channel)
{
    pthread_mutex_lock(&channel->lock);
    const struct ata_drive *drive = selected(channel);
    uint8_t status = drive ? drive->status : 0;
    pthread_mutex_unlock(&channel->lock);
    return status;
}
