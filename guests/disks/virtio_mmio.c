/* Virtio over MMIO (virtio 1.2 section 4.2), at the places that the command line tells.
 * SPDX-License-Identifier: Apache-2.0 */
#include "disks.h"

enum { DEVICE_ID = 0x08 / 4, DRIVER_FEATURES = 0x20 / 4, DRIVER_WORD = 0x24 / 4,
       QUEUE = 0x30 / 4, SIZE = 0x38 / 4, READY = 0x44 / 4, NOTIFY = 0x50 / 4,
       CAUSES = 0x60 / 4, ACKNOWLEDGE = 0x64 / 4, STATUS = 0x70 / 4,
       DESCRIPTORS = 0x80 / 4, AVAILABLE = 0x90 / 4, USED = 0xa0 / 4, CONFIG = 0x100 / 4 };
enum { BLOCK_DEVICE = 2 };

static volatile uint32_t *registers;

static void notify(void)
{
    registers[NOTIFY] = 0;
}

static void acknowledge(void)
{
    registers[ACKNOWLEDGE] = registers[CAUSES];
}

static void start(void)
{
    struct queue_places places = virtio_queue();
    registers[STATUS] = 0;
    registers[STATUS] = 3;
    registers[DRIVER_WORD] = 0;
    registers[DRIVER_FEATURES] = 1u << 9;  /* FLUSH */
    registers[DRIVER_WORD] = 1;
    registers[DRIVER_FEATURES] = 1;        /* VERSION_1 */
    registers[STATUS] = 11;
    registers[QUEUE] = 0;
    registers[SIZE] = QUEUE_SIZE;
    registers[DESCRIPTORS] = places.descriptors;
    registers[AVAILABLE] = places.available;
    registers[USED] = places.used;
    registers[READY] = 1;
    registers[STATUS] = 15;
}

/* SIZE@ADDRESS:LINE, as Linux has it. */
bool find_virtio_mmio(struct disk *disk, const char *line)
{
    static const struct virtio transport = { notify, acknowledge };
    while ((line = word(line, "virtio_mmio.device"))) {
        number(&line);
        line++;
        registers = (volatile uint32_t *)number(&line);
        line++;
        uint32_t wire = number(&line);
        if (registers[DEVICE_ID] != BLOCK_DEVICE)
            continue;
        start();
        listen(wire);
        virtio_ready(disk, &transport, registers[CONFIG]);
        return true;
    }
    return false;
}
