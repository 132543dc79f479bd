/* Virtio over PCI (virtio 1.2 section 4.1), found by its capabilities.
 * SPDX-License-Identifier: Apache-2.0 */
#include "disks.h"

enum { BLOCK_DEVICE = 2, VENDOR = 0x1af4, SUBSYSTEM = 0x2c };
enum { CAPABILITIES = 0x34, VENDOR_SPECIFIC = 0x09, COMMON = 1, NOTIFY, ISR, DEVICE };
enum { INTERRUPT_LINE = 0x3c };
enum { MSIX = 0x11, ENABLE = 0x8000 };
#define MESSAGES_TO_CPU_0 0xfee00000u

struct common {                            /* 4.1.4.3 */
    uint32_t device_word, device_features, driver_word, driver_features;
    uint16_t config_vector, queues;
    uint8_t status, generation;
    uint16_t queue, size, vector, enable, notify_offset;
    uint32_t descriptors, descriptors_high, available, available_high, used, used_high;
};

static volatile uint8_t *structures[DEVICE + 1];
static uint32_t multiplier;
static volatile uint16_t *doorbell;
static unsigned messages;                  /* capability of MSI-X */

static void notify(void)
{
    *doorbell = 0;
}

static void acknowledge(void)
{
    (void)*structures[ISR];
}

static void find_structures(unsigned function)
{
    unsigned at = pci_read(function, CAPABILITIES) & 0xff;
    while (at) {
        uint32_t head = pci_read(function, at), type = head >> 24;
        if ((head & 0xff) == VENDOR_SPECIFIC && type <= DEVICE) {
            uint32_t window = pci_window(function, pci_read(function, at + 4) & 7);
            structures[type] = (uint8_t *)window + pci_read(function, at + 8);
            if (type == NOTIFY)
                multiplier = pci_read(function, at + 16);
        }
        if ((head & 0xff) == MSIX)
            messages = at;
        at = head >> 8 & 0xff;
    }
}

/* Vector 0 of the function is the queue's. */
static uint16_t send_messages(unsigned function)
{
    uint32_t table = pci_read(function, messages + 4);
    volatile uint32_t *entry =
        (volatile uint32_t *)(pci_window(function, table & 7) + (table & ~7u));
    entry[0] = MESSAGES_TO_CPU_0;
    entry[1] = 0;
    entry[2] = MESSAGE_VECTOR;
    entry[3] = 0;
    pci_write(function, messages, pci_read(function, messages) | (uint32_t)ENABLE << 16);
    return 0;
}

static void start(volatile struct common *common, uint16_t vector)
{
    struct queue_places places = virtio_queue();
    common->status = 0;
    common->status = 1;
    common->status = 3;
    common->driver_word = 0;
    common->driver_features = 1u << 9;     /* FLUSH */
    common->driver_word = 1;
    common->driver_features = 1;           /* VERSION_1 */
    common->status = 11;
    common->queue = 0;
    common->size = QUEUE_SIZE;
    common->vector = vector;
    common->descriptors = places.descriptors;
    common->available = places.available;
    common->used = places.used;
    common->enable = 1;
    doorbell = (volatile uint16_t *)(structures[NOTIFY] +
                                     multiplier * common->notify_offset);
    common->status = 15;
}

/* A block device, transitional (its subsystem tells) or modern. */
static bool find_function(unsigned *function)
{
    return pci_find(VENDOR | (0x1040u + BLOCK_DEVICE) << 16, 0xffffffffu, 0, function) ||
           pci_find(VENDOR | (uint32_t)BLOCK_DEVICE << 16, 0xffffffffu, SUBSYSTEM, function);
}

bool find_virtio_pci(struct disk *disk, bool by_messages)
{
    enum { NO_VECTOR = 0xffff };
    static const struct virtio transport = { notify, acknowledge };
    unsigned function;
    if (!find_function(&function))
        return false;
    pci_enable(function);
    find_structures(function);
    uint16_t vector = by_messages ? send_messages(function) : NO_VECTOR;
    start((volatile struct common *)structures[COMMON], vector);
    if (!by_messages)
        listen(pci_read(function, INTERRUPT_LINE) & 0xff);
    virtio_ready(disk, &transport, *(volatile uint32_t *)structures[DEVICE]);
    return true;
}
