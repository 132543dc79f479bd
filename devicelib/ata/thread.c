/* The thread of a channel, which does the drives' work; and drives that come and go.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <signal.h>
#include "ata.h"

static struct ata_drive *next_job(const struct ata_channel *channel)
{
    for (unsigned unit = 0; unit < 2; unit++) {
        struct ata_drive *drive = channel->drives[unit];
        if (drive && drive->job && (!drive->by_master || mb_ata_master_started(channel)))
            return drive;
    }
    return NULL;
}

static void run_job(struct ata_channel *channel, struct ata_drive *drive)
{
    void (*job)(struct ata_drive *) = drive->job;
    drive->job = NULL;
    channel->running = drive;
    job(drive);
    channel->running = NULL;
    mb_ata_finish_reset(drive);
    pthread_cond_broadcast(&channel->idle);
}

static void *work(void *opaque)
{
    struct ata_channel *channel = opaque;
    pthread_mutex_lock(&channel->lock);
    while (!channel->stopping) {
        struct ata_drive *drive = channel->waiting ? NULL : next_job(channel);
        if (drive)
            run_job(channel, drive);
        else
            pthread_cond_wait(&channel->work, &channel->lock);
    }
    pthread_mutex_unlock(&channel->lock);
    return NULL;
}

/* Signals are for the main thread, which runs Python. */
static bool start_thread(struct ata_channel *channel)
{
    if (channel->has_thread)
        return true;
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    channel->has_thread = !pthread_create(&channel->thread, NULL, work, channel);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return channel->has_thread;
}

static void stop_thread(struct ata_channel *channel)
{
    if (!channel->has_thread)
        return;
    pthread_mutex_lock(&channel->lock);
    channel->stopping = true;
    pthread_cond_broadcast(&channel->work);
    pthread_mutex_unlock(&channel->lock);
    pthread_join(channel->thread, NULL);
    channel->has_thread = channel->stopping = false;
}

void mb_ata_channel_quiesce(struct ata_channel *channel)
{
    channel->waiting++;
    while (channel->running)
        pthread_cond_wait(&channel->idle, &channel->lock);
    channel->waiting--;
    pthread_cond_signal(&channel->work);
}

void mb_ata_channel_drain(struct ata_channel *channel)
{
    while (channel->running || next_job(channel))
        pthread_cond_wait(&channel->idle, &channel->lock);
}

/* ---- sitting down and getting up ---- */

void mb_ata_channel_init(struct ata_channel *channel, struct mb_dev *controller,
                         unsigned port, unsigned index,
                         bool (*may_master)(struct mb_dev *controller))
{
    channel->dev = controller;
    channel->port = port;
    channel->index = index;
    channel->may_master = may_master;
    pthread_mutex_init(&channel->lock, NULL);
    pthread_cond_init(&channel->work, NULL);
    pthread_cond_init(&channel->idle, NULL);
}

void mb_ata_channel_destroy(struct ata_channel *channel)
{
    for (unsigned unit = 0; unit < 2; unit++)
        if (channel->drives[unit])
            mb_ata_detach(channel->drives[unit]);
    pthread_cond_destroy(&channel->idle);
    pthread_cond_destroy(&channel->work);
    pthread_mutex_destroy(&channel->lock);
}

/* A controller's places are numbered by channel and unit. */
bool mb_ata_attach(struct ata_drive *drive, struct mb_dev *dev)
{
    struct mb_dev *parent = mb_dev_parent(dev);
    struct ata_controller *controller = parent ? mb_dev_state(parent) : NULL;
    unsigned place = mb_dev_slot(dev);
    if (!controller || place >= 4) {
        mb_dev_error(dev, "an ATA drive needs a place on an ATA controller");
        return false;
    }
    struct ata_channel *channel = &controller->channels[place / 2];
    drive->dev = dev;
    drive->ops = mb_dev_chip(dev)->bus_ops;
    if (!start_thread(channel)) {
        mb_dev_error(dev, "no thread for the drive's channel");
        return false;
    }
    pthread_mutex_lock(&channel->lock);
    drive->channel = channel;
    channel->drives[place % 2] = drive;
    mb_ata_power_on(drive);
    pthread_mutex_unlock(&channel->lock);
    return true;
}

void mb_ata_detach(struct ata_drive *drive)
{
    struct ata_channel *channel = drive->channel;
    if (!channel)
        return;
    stop_thread(channel);
    for (unsigned unit = 0; unit < 2; unit++)
        if (channel->drives[unit] == drive)
            channel->drives[unit] = NULL;
    drive->channel = NULL;
}
