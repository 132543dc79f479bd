/* The registers of virtio over MMIO (virtio 1.2 section 4.2.2); mmio.py declares them.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>
#include "virtio.h"
#include "virtio_mmio.h"

struct mmio {
    struct virtio_transport core;
    uint32_t causes, device_word, driver_word, queue;
};

static void raise(struct virtio_transport *transport, unsigned cause, unsigned queue)
{
    struct mmio *mmio = (struct mmio *)transport;
    mmio->causes = cause ? mmio->causes | cause : 0;
    mb_dev_out(transport->dev, MMIO_PORT_IRQ, 0, mmio->causes != 0);
}

/* The selected queue, or NULL if the device has no such queue. */
static struct virtio_queue *selected(struct mmio *mmio)
{
    const struct virtio *device = mmio->core.device;
    bool exists = device && mmio->queue < device->ops->queues;
    return exists ? &mmio->core.queues[mmio->queue] : NULL;
}

static uint32_t word_of(uint64_t value, uint32_t word)
{
    return word < 2 ? (uint32_t)(value >> 32 * word) : 0;
}

static uint32_t read_register(struct mmio *mmio, uint64_t offset)
{
    const struct virtio *device = mmio->core.device;
    const struct virtio_queue *queue = selected(mmio);
    switch (offset) {
    case MMIO_MAGIC: return MMIO_MAGIC_RESET;
    case MMIO_VERSION: return MMIO_VERSION_RESET;
    case MMIO_DEVICE_ID: return device ? device->ops->id : 0;
    case MMIO_VENDOR: return MMIO_VENDOR_RESET;
    case MMIO_DEVICE_FEATURES:
        return word_of(mb_virtio_features(&mmio->core), mmio->device_word);
    case MMIO_QUEUE_LARGEST: return queue ? device->ops->queue_size : 0;
    case MMIO_QUEUE_READY: return queue && queue->ready;
    case MMIO_INTERRUPT_STATUS: return mmio->causes;
    case MMIO_STATUS: return mmio->core.status;
    case MMIO_MEMORY_SIZE: case MMIO_MEMORY_SIZE + 4:
    case MMIO_MEMORY_BASE: case MMIO_MEMORY_BASE + 4: return MMIO_MEMORY_SIZE_RESET;
    case MMIO_GENERATION: return mmio->core.generation;
    }
    return 0;
}

static uint64_t mmio_read(void *state, unsigned region, uint64_t offset, unsigned size,
                          int cpu)
{
    struct mmio *mmio = state;
    pthread_mutex_lock(&mmio->core.lock);
    uint64_t value = 0;
    if (offset >= MMIO_CONFIG)
        value = mb_virtio_config(&mmio->core, offset - MMIO_CONFIG, size);
    else if (size == 4)
        value = read_register(mmio, offset);
    pthread_mutex_unlock(&mmio->core.lock);
    return value;
}

static void accept_features(struct mmio *mmio, uint32_t value)
{
    if (mmio->driver_word >= 2 || mmio->core.status & VIRTIO_FEATURES_OK)
        return;
    unsigned shift = 32 * mmio->driver_word;
    mmio->core.accepted &= ~(0xFFFFFFFFull << shift);
    mmio->core.accepted |= (uint64_t)value << shift;
}

static void set_half(uint64_t *address, bool high, uint32_t value)
{
    unsigned shift = high ? 32 : 0;
    *address = (*address & ~(0xFFFFFFFFull << shift)) | (uint64_t)value << shift;
}

/* The selected queue's registers, which are fixed while it is ready. */
static void configure_queue(struct mmio *mmio, uint64_t offset, uint32_t value)
{
    struct virtio_queue *queue = selected(mmio);
    if (!queue)
        return;
    if (offset == MMIO_QUEUE_READY)
        mb_virtio_set_ready(&mmio->core, mmio->queue, value & 1);
    if (queue->ready)
        return;
    bool high = offset & 4;
    switch (offset & ~4ull) {
    case MMIO_QUEUE_SIZE & ~4u:
        queue->size = value <= mmio->core.device->ops->queue_size ? (uint16_t)value : 0;
        break;
    case MMIO_QUEUE_DESCRIPTORS: set_half(&queue->descriptors, high, value); break;
    case MMIO_QUEUE_AVAILABLE: set_half(&queue->available, high, value); break;
    case MMIO_QUEUE_USED: set_half(&queue->used, high, value); break;
    }
}

static void write_register(struct mmio *mmio, uint64_t offset, uint32_t value)
{
    switch (offset) {
    case MMIO_QUEUE_NOTIFY: mb_virtio_notify(&mmio->core, value); break;
    case MMIO_INTERRUPT_ACKNOWLEDGE:
        mmio->causes &= ~value;
        mb_dev_out(mmio->core.dev, MMIO_PORT_IRQ, 0, mmio->causes != 0);
        break;
    case MMIO_STATUS: mb_virtio_set_status(&mmio->core, value & 0xFF); break;
    case MMIO_DEVICE_FEATURES_SELECTOR: mmio->device_word = value; break;
    case MMIO_DRIVER_FEATURES_SELECTOR: mmio->driver_word = value; break;
    case MMIO_DRIVER_FEATURES: accept_features(mmio, value); break;
    case MMIO_QUEUE_SELECTOR: mmio->queue = value; break;
    default: configure_queue(mmio, offset, value);
    }
}

static void mmio_write(void *state, unsigned region, uint64_t offset, uint64_t value,
                       unsigned size, int cpu)
{
    struct mmio *mmio = state;
    if (size != 4 || offset >= MMIO_CONFIG) {
        mb_dev_log(mmio->core.dev, "%u-byte write at 0x%x ignored", size,
                   (unsigned)offset);
        return;
    }
    pthread_mutex_lock(&mmio->core.lock);
    write_register(mmio, offset, (uint32_t)value);
    pthread_mutex_unlock(&mmio->core.lock);
}

static void mmio_reset(void *state)
{
    struct mmio *mmio = state;
    pthread_mutex_lock(&mmio->core.lock);
    mb_virtio_reset(&mmio->core);
    mmio->device_word = mmio->driver_word = mmio->queue = 0;
    pthread_mutex_unlock(&mmio->core.lock);
}

struct saved {
    struct virtio_saved core;
    uint32_t causes, device_word, driver_word, queue;
};

static size_t mmio_save(void *state, uint8_t *data, size_t size)
{
    struct mmio *mmio = state;
    struct saved saved = { .causes = 0 };
    if (!data || size < sizeof saved)
        return sizeof saved;
    pthread_mutex_lock(&mmio->core.lock);
    mb_virtio_save(&mmio->core, &saved.core);
    saved.causes = mmio->causes;
    saved.device_word = mmio->device_word;
    saved.driver_word = mmio->driver_word;
    saved.queue = mmio->queue;
    pthread_mutex_unlock(&mmio->core.lock);
    memcpy(data, &saved, sizeof saved);
    return sizeof saved;
}

static bool mmio_restore(void *state, const uint8_t *data, size_t size)
{
    struct mmio *mmio = state;
    struct saved saved;
    if (size != sizeof saved)
        return false;
    memcpy(&saved, data, size);
    pthread_mutex_lock(&mmio->core.lock);
    bool done = mb_virtio_restore(&mmio->core, &saved.core);
    raise(&mmio->core, 0, 0);
    if (done && saved.causes)
        raise(&mmio->core, saved.causes, 0);
    mmio->device_word = saved.device_word;
    mmio->driver_word = saved.driver_word;
    mmio->queue = saved.queue;
    pthread_mutex_unlock(&mmio->core.lock);
    return done;
}

static bool mmio_create(void *state, struct mb_dev *dev)
{
    struct virtio_transport *core = &((struct mmio *)state)->core;
    mb_virtio_init(core, dev, raise);
    for (unsigned i = 0; i < VIRTIO_QUEUES; i++)
        mb_virtio_bell(core, i, &(struct mb_doorbell){ 0, MMIO_QUEUE_NOTIFY, 4, i });
    return true;
}

static void mmio_destroy(void *state)
{
    mb_virtio_destroy(&((struct mmio *)state)->core);
}

const struct mb_chip mb_chip_virtio_mmio = {
    .abi = MB_CHIP_ABI, .model = "virtio.mmio", .state_size = sizeof(struct mmio),
    .create = mmio_create, .destroy = mmio_destroy, .reset = mmio_reset,
    .read = mmio_read, .write = mmio_write, .save = mmio_save, .restore = mmio_restore,
};
