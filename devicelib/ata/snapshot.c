/* Snapshots of drives and channels. SPDX-License-Identifier: Apache-2.0
 *
 * What the thread of a channel could do is done before; what waits for the host, or for the
 * bus master, is kept by the number of its step.
 */
#include <string.h>
#include "ata.h"

struct saved {                 /* pure bytes; after it comes what the kind of drive has */
    uint16_t feature, count, low, mid, high;
    uint8_t device, status, error, mode, interrupt, takes, by_master, resetting;
    uint32_t at, end, moved, job;      /* steps: from 1, 0: none */
    uint8_t data[ATA_BUFFER];
};

typedef void (*step)(struct ata_drive *drive);

static uint32_t step_number(const struct ata_drive *drive, step wanted)
{
    const step *steps = drive->ops->steps;
    for (uint32_t i = 0; wanted && steps[i]; i++)
        if (steps[i] == wanted)
            return i + 1;
    return 0;
}

/* False: there is no such step. */
static bool find_step(const struct ata_drive *drive, uint32_t number, step *found)
{
    const step *steps = drive->ops->steps;
    uint32_t count = 0;
    while (steps[count])
        count++;
    *found = number && number <= count ? steps[number - 1] : NULL;
    return number <= count;
}

static void save_drive(const struct ata_drive *drive, struct saved *saved)
{
    *saved = (struct saved){
        .feature = drive->feature, .count = drive->count, .low = drive->low,
        .mid = drive->mid, .high = drive->high, .device = drive->device,
        .status = drive->status, .error = drive->error, .mode = drive->mode,
        .interrupt = drive->interrupt, .takes = drive->takes,
        .by_master = drive->by_master, .resetting = drive->resetting, .at = drive->at,
        .end = drive->end, .moved = step_number(drive, drive->moved),
        .job = step_number(drive, drive->job) };
    memcpy(saved->data, drive->data, ATA_BUFFER);
}

static bool is_state(const struct ata_drive *drive, const struct saved *saved)
{
    step moved, job;
    return find_step(drive, saved->moved, &moved) && find_step(drive, saved->job, &job) &&
           saved->at <= saved->end && saved->end <= ATA_BUFFER &&
           (moved || !(saved->status & ATA_DRQ));
}

static void restore_drive(struct ata_drive *drive, const struct saved *saved)
{
    drive->feature = saved->feature;
    drive->count = saved->count;
    drive->low = saved->low;
    drive->mid = saved->mid;
    drive->high = saved->high;
    drive->device = saved->device;
    drive->status = saved->status;
    drive->error = saved->error;
    drive->mode = saved->mode;
    drive->interrupt = saved->interrupt != 0;
    drive->takes = saved->takes != 0;
    drive->by_master = saved->by_master != 0;
    drive->resetting = saved->resetting != 0;
    drive->at = saved->at;
    drive->end = saved->end;
    find_step(drive, saved->moved, &drive->moved);
    find_step(drive, saved->job, &drive->job);
    memcpy(drive->data, saved->data, ATA_BUFFER);
}

size_t mb_ata_save(void *state, uint8_t *data, size_t size)
{
    struct ata_drive *drive = state;
    size_t needed = drive->channel ? sizeof(struct saved) + drive->ops->saved_size : 0;
    if (!needed || !data || size < needed)
        return needed;
    struct saved saved;
    mb_ata_lock(drive);
    mb_ata_channel_drain(drive->channel);
    save_drive(drive, &saved);
    memcpy(data, &saved, sizeof saved);
    drive->ops->save(drive, data + sizeof saved);
    mb_ata_unlock(drive);
    return needed;
}

bool mb_ata_restore(void *state, const uint8_t *data, size_t size)
{
    struct ata_drive *drive = state;
    if (!drive->channel)
        return size == 0;
    struct saved saved;
    if (size != sizeof saved + drive->ops->saved_size)
        return false;
    memcpy(&saved, data, sizeof saved);
    mb_ata_lock(drive);
    mb_ata_channel_quiesce(drive->channel);
    bool good = is_state(drive, &saved);
    if (good) {
        restore_drive(drive, &saved);
        good = drive->ops->restore(drive, data + sizeof saved);
    }
    if (!good)
        mb_ata_power_on(drive);
    mb_ata_channel_settle(drive->channel);
    mb_ata_unlock(drive);
    return good;
}

/* ---- channels ---- */

void mb_ata_channel_save(struct ata_channel *channel, struct ata_saved_channel *saved)
{
    pthread_mutex_lock(&channel->lock);
    mb_ata_channel_drain(channel);
    const struct ata_master *master = &channel->master;
    *saved = (struct ata_saved_channel){
        .table = master->table, .next = master->next, .address = master->address,
        .left = master->left, .command = master->command, .status = master->status,
        .begun = master->begun, .last = master->last,
        .selected = (uint8_t)channel->selected, .control = channel->control };
    pthread_mutex_unlock(&channel->lock);
}

void mb_ata_channel_restore(struct ata_channel *channel,
                            const struct ata_saved_channel *saved)
{
    pthread_mutex_lock(&channel->lock);
    mb_ata_channel_quiesce(channel);
    struct ata_master *master = &channel->master;
    master->table = saved->table;
    master->next = saved->next;
    master->address = saved->address;
    master->left = saved->left;
    master->command = saved->command & (MASTER_START | MASTER_TO_MEMORY);
    master->status = saved->status;
    master->begun = saved->begun != 0;
    master->last = saved->last != 0;
    channel->selected = saved->selected & 1;
    channel->control = saved->control;
    mb_ata_channel_settle(channel);
    pthread_mutex_unlock(&channel->lock);
}
