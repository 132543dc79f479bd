/* The bus master of a channel (Programming Interface for Bus Master IDE Controller,
 * SFF-8038i rev. 1.0): it moves a drive's data to and from the physical regions of a
 * table in guest memory. SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>
#include "ata.h"

enum { COMMAND = 0, STATUS = 2, TABLE = 4 };
enum { REGION = 8, BOUNDARY = 0x10000, WHOLE = 0x10000 };      /* bytes */
#define LAST_REGION 0x80000000u

/* ---- the walk through the table ---- */

static bool break_off(struct ata_master *master)
{
    master->status |= MASTER_ERROR;
    master->last = true;
    return false;
}

/* The next region; false if there is none. A table does not cross 64 KiB (2.0), so that
 * one without an end has one nevertheless, wherever it begins. */
static bool next_region(struct ata_channel *channel)
{
    struct ata_master *master = &channel->master;
    uint32_t entry[2];
    if (master->last)
        return false;
    bool crosses = master->begun && master->next % BOUNDARY < REGION;
    if (crosses || !channel->may_master(channel->dev) ||
        !mb_dma_read(channel->dev, master->next, entry, sizeof entry))
        return break_off(master);
    master->begun = true;
    master->next += REGION;
    master->address = entry[0] & ~1u;
    master->left = entry[1] & 0xFFFE ? entry[1] & 0xFFFE : WHOLE;
    master->last = entry[1] & LAST_REGION;
    return true;
}

static size_t add_piece(struct ata_channel *channel, size_t wanted)
{
    struct ata_master *master = &channel->master;
    size_t size = master->left < wanted ? master->left : wanted;
    size_t found = size;
    void *host = mb_dma_map(channel->dev, master->address, &found);
    if (!host || !found) {
        master->left = 0;
        break_off(master);
        return 0;
    }
    size = found < size ? found : size;
    master->pieces[master->count] = (struct iovec){ host, size };
    master->addresses[master->count++] = master->address;
    master->address += (uint32_t)size;
    master->left -= (uint32_t)size;
    return size;
}

size_t mb_ata_master_next(struct ata_channel *channel, size_t wanted)
{
    struct ata_master *master = &channel->master;
    size_t size = 0;
    wanted = wanted < ATA_PIECES_SIZE ? wanted : ATA_PIECES_SIZE;
    master->count = 0;
    while (size < wanted && master->count < ATA_PIECES) {
        if (!master->left && !next_region(channel))
            break;
        size_t part = add_piece(channel, wanted - size);
        if (!part)
            break;
        size += part;
    }
    return size;
}

void mb_ata_master_wrote(struct ata_channel *channel)
{
    const struct ata_master *master = &channel->master;
    for (unsigned i = 0; i < master->count; i++)
        mb_dma_wrote(channel->dev, master->addresses[i], master->pieces[i].iov_len);
}

/* Section 3.1: it stays active if the regions are larger than the transfer. Are they
 * smaller, there is no interrupt. */
bool mb_ata_master_end(struct ata_drive *drive, bool moved_all)
{
    struct ata_master *master = &drive->channel->master;
    if (!master->left && master->last)
        master->status &= (uint8_t)~MASTER_ACTIVE;
    if (moved_all)
        return true;
    if (master->status & MASTER_ERROR)
        mb_ata_fail(drive, ATA_ABRT);
    else
        mb_ata_idle(drive);
    return false;
}

/* ---- registers ---- */

static void start(struct ata_channel *channel)
{
    struct ata_master *master = &channel->master;
    master->next = master->table;
    master->left = 0;
    master->begun = master->last = false;
    master->status |= MASTER_ACTIVE;
    pthread_cond_signal(&channel->work);
}

/* A transfer under way ends first: after that the memory is the guest's again. */
static void stop(struct ata_channel *channel)
{
    while (channel->running && channel->running->by_master)
        mb_ata_channel_quiesce(channel);
    channel->master.status &= (uint8_t)~MASTER_ACTIVE;
}

static void write_command(struct ata_channel *channel, uint8_t value)
{
    struct ata_master *master = &channel->master;
    uint8_t changed = (master->command ^ value) & MASTER_START;
    if (changed && !(value & MASTER_START))
        stop(channel);
    master->command = value & (MASTER_START | MASTER_TO_MEMORY);
    if (changed && value & MASTER_START)
        start(channel);
}

static void write_status(struct ata_master *master, uint8_t value)
{
    uint8_t kept = master->status & (MASTER_ACTIVE | MASTER_ERROR | MASTER_INTERRUPT);
    kept &= (uint8_t)~(value & (MASTER_ERROR | MASTER_INTERRUPT));
    master->status = kept | (value & MASTER_CAPABLE);
}

static void write_byte(struct ata_channel *channel, uint64_t offset, uint8_t value)
{
    struct ata_master *master = &channel->master;
    unsigned shift = 8 * (offset % 4);
    if (offset == COMMAND)
        write_command(channel, value);
    else if (offset == STATUS)
        write_status(master, value);
    else if (offset >= TABLE)
        master->table = (master->table & ~(0xFFu << shift) & ~3u) |
                        ((uint32_t)value << shift & ~3u);
}

static uint8_t read_byte(const struct ata_master *master, uint64_t offset)
{
    if (offset == COMMAND)
        return master->command;
    if (offset == STATUS)
        return master->status;
    return offset >= TABLE ? (uint8_t)(master->table >> 8 * (offset % 4)) : 0;
}

uint64_t mb_ata_master_read(struct ata_channel *channel, uint64_t offset, unsigned size)
{
    uint64_t value = 0;
    pthread_mutex_lock(&channel->lock);
    for (unsigned i = 0; i < size && offset + i < ATA_MASTER_BLOCK; i++)
        value |= (uint64_t)read_byte(&channel->master, offset + i) << 8 * i;
    pthread_mutex_unlock(&channel->lock);
    return value;
}

void mb_ata_master_write(struct ata_channel *channel, uint64_t offset, uint64_t value,
                         unsigned size)
{
    pthread_mutex_lock(&channel->lock);
    for (unsigned i = 0; i < size && offset + i < ATA_MASTER_BLOCK; i++)
        write_byte(channel, offset + i, (uint8_t)(value >> 8 * i));
    pthread_mutex_unlock(&channel->lock);
}
