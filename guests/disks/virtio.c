/* A virtio disk (virtio 1.2 sections 2.7 and 5.2), one request at a time.
 * SPDX-License-Identifier: Apache-2.0 */
#include "disks.h"

enum { NEXT = 1, DEVICE_WRITES = 2 };
enum { IN = 0, OUT = 1, FLUSH = 4 };

static struct { uint64_t address; uint32_t length; uint16_t flags, next; }
    descriptors[QUEUE_SIZE] __attribute__((aligned(16)));
static volatile struct { uint16_t flags, index, ring[QUEUE_SIZE], event; }
    available __attribute__((aligned(2)));
static volatile struct {
    uint16_t flags, index;
    struct { uint32_t id, length; } ring[QUEUE_SIZE];
    uint16_t event;
} used __attribute__((aligned(4)));
static struct { uint32_t type, reserved; uint64_t sector; } header;
static volatile uint8_t status;
static const struct virtio *bus;

struct queue_places virtio_queue(void)
{
    return (struct queue_places){ (uint32_t)descriptors, (uint32_t)&available,
                                  (uint32_t)&used };
}

static void describe(unsigned n, const volatile void *data, uint32_t length, uint16_t flags)
{
    descriptors[n].address = (uint32_t)data;
    descriptors[n].length = length;
    descriptors[n].flags = flags;
    descriptors[n].next = (uint16_t)(n + 1);
}

static bool request(uint32_t type, uint32_t sector, void *data, uint32_t size)
{
    unsigned n = 0;
    uint16_t done = used.index;
    header.type = type;
    header.sector = sector;
    status = 0xff;
    describe(n++, &header, sizeof header, NEXT);
    if (size)
        describe(n++, data, size, NEXT | (type == IN ? DEVICE_WRITES : 0));
    describe(n, &status, 1, DEVICE_WRITES);
    available.ring[available.index % QUEUE_SIZE] = 0;
    __asm__ volatile("" ::: "memory");
    available.index++;
    bus->notify();
    while (used.index == done) {
        sleep();
        bus->acknowledge();
    }
    return status == 0;
}

static bool move(uint32_t sector, unsigned count, void *data, bool write)
{
    return request(write ? OUT : IN, sector, data, count * SECTOR);
}

static bool flush(void)
{
    return request(FLUSH, 0, NULL, 0);
}

void virtio_ready(struct disk *disk, const struct virtio *transport, uint32_t sectors)
{
    bus = transport;
    *disk = (struct disk){ "virtio", sectors, move, flush };
}
