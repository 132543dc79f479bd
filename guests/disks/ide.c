/* The first disk of an IDE controller: PIO and bus-master DMA in turn.
 * SPDX-License-Identifier: Apache-2.0 */
#include "disks.h"

enum { PORT = 0x1f0, CONTROL = 0x3f6, LINE = 14 };
enum { DATA, FEATURES, COUNT, LOW, MID, HIGH, DEVICE, COMMAND };
enum { BUSY = 0x80, REQUEST = 0x08, FAULT = 0x20, ERROR = 0x01, LBA = 0xe0 };
enum { IDENTIFY = 0xec, READ = 0x20, WRITE = 0x30, READ_DMA = 0xc8, WRITE_DMA = 0xca,
       FLUSH = 0xe7 };
enum { START = 1, TO_MEMORY = 8, MASTER_STATUS = 2, MASTER_TABLE = 4, MASTER_FAILED = 2,
       MASTER_INTERRUPT = 4 };
enum { CLASS = 0x08, IDE_CLASS = 0x0101, MASTER_BAR = 4 };
#define LAST 0x80000000u

static uint16_t master;
static struct { uint32_t address, size; } regions[2] __attribute__((aligned(64)));

static uint8_t alternate_status(void)
{
    return in8(CONTROL);
}

/* Until the command has come to its next step; the interrupt is acknowledged. */
static uint8_t wait(void)
{
    do
        sleep();
    while (alternate_status() & BUSY);
    return in8(PORT + COMMAND);
}

static void begin(uint32_t sector, unsigned count, uint8_t command)
{
    out8(PORT + DEVICE, (uint8_t)(LBA | sector >> 24));
    out8(PORT + COUNT, (uint8_t)count);
    out8(PORT + LOW, (uint8_t)sector);
    out8(PORT + MID, (uint8_t)(sector >> 8));
    out8(PORT + HIGH, (uint8_t)(sector >> 16));
    out8(PORT + COMMAND, command);
}

static void read_words(void *data)
{
    uint32_t count = SECTOR / 2;
    __asm__ volatile("rep insw" : "+D"(data), "+c"(count) : "d"(PORT) : "memory");
}

static void write_words(const void *data)
{
    uint32_t count = SECTOR / 2;
    __asm__ volatile("rep outsw" : "+S"(data), "+c"(count) : "d"(PORT) : "memory");
}

static bool read_pio(uint32_t sector, unsigned count, uint8_t *data)
{
    begin(sector, count, READ);
    for (; count; count--, data += SECTOR) {
        if ((wait() & (REQUEST | ERROR)) != REQUEST)
            return false;
        read_words(data);
    }
    return true;
}

static bool write_pio(uint32_t sector, unsigned count, const uint8_t *data)
{
    uint8_t status;
    begin(sector, count, WRITE);
    while ((status = alternate_status()) & BUSY)
        ;
    for (; count; count--, data += SECTOR) {
        if (!(status & REQUEST))
            return false;
        write_words(data);
        status = wait();
    }
    return !(status & (REQUEST | FAULT | ERROR));
}

/* In two regions, the first of which ends in the middle of a sector. */
static bool move_dma(uint32_t sector, unsigned count, uint8_t *data, bool write)
{
    uint8_t direction = write ? 0 : TO_MEMORY;
    uint32_t size = count * SECTOR, first = SECTOR / 2 + 2;
    regions[0].address = (uint32_t)data;
    regions[0].size = first;
    regions[1].address = (uint32_t)data + first;
    regions[1].size = (size - first) | LAST;
    out32(master + MASTER_TABLE, (uint32_t)regions);
    out8(master + MASTER_STATUS, MASTER_FAILED | MASTER_INTERRUPT);
    out8(master, direction);
    begin(sector, count, write ? WRITE_DMA : READ_DMA);
    out8(master, direction | START);
    uint8_t status = wait();
    uint8_t found = in8(master + MASTER_STATUS);
    out8(master, direction);
    found &= MASTER_FAILED | MASTER_INTERRUPT;
    return !(status & (FAULT | ERROR)) && found == MASTER_INTERRUPT;
}

static bool move(uint32_t sector, unsigned count, void *data, bool write)
{
    if (sector & 1)
        return move_dma(sector, count, data, write);
    return write ? write_pio(sector, count, data) : read_pio(sector, count, data);
}

static bool flush(void)
{
    begin(0, 0, FLUSH);
    return !(wait() & (FAULT | ERROR));
}

static uint32_t identify(void)
{
    static uint16_t words[SECTOR / 2];
    begin(0, 0, IDENTIFY);
    if (!(wait() & REQUEST))
        return 0;
    read_words(words);
    return words[60] | (uint32_t)words[61] << 16;
}

bool find_ide(struct disk *disk)
{
    unsigned function;
    if (!pci_find(IDE_CLASS << 16, 0xffff0000u, CLASS, &function))
        return false;
    pci_enable(function);
    master = (uint16_t)pci_window(function, MASTER_BAR);
    out8(CONTROL, 0);
    listen(LINE);
    *disk = (struct disk){ "ide", identify(), move, flush };
    return disk->sectors;
}
