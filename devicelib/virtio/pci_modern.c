/* The modern registers of virtio over PCI (virtio 1.2 sections 4.1.4.3 to 4.1.4.6).
 * SPDX-License-Identifier: Apache-2.0
 */
#include "virtio_over_pci.h"

static uint32_t half(uint64_t value, uint64_t offset)
{
    return (uint32_t)(value >> (offset & 4 ? 32 : 0));
}

static uint32_t feature_word(uint64_t features, uint32_t word)
{
    return word < 2 ? half(features, 4 * word) : 0;
}

static uint16_t size_of(const struct virtio_pci *pci, const struct virtio_queue *queue)
{
    return queue->size ? queue->size : pci->core.device->ops->queue_size;
}

/* ---- reading: as aligned words, of which the access sees a part ---- */

static uint32_t queue_word(struct virtio_pci *pci, uint64_t offset)
{
    const struct virtio_queue *queue = mb_virtio_pci_selected(pci);
    if (!queue)
        return 0;
    switch (offset) {
    case PCI_MODERN_QUEUE_SIZE:
        return size_of(pci, queue) | (uint32_t)pci->vectors[pci->queue] << 16;
    case PCI_MODERN_QUEUE_ENABLE: return queue->ready | (uint32_t)pci->queue << 16;
    case PCI_MODERN_QUEUE_DESCRIPTORS: case PCI_MODERN_QUEUE_DESCRIPTORS + 4:
        return half(queue->descriptors, offset);
    case PCI_MODERN_QUEUE_AVAILABLE: case PCI_MODERN_QUEUE_AVAILABLE + 4:
        return half(queue->available, offset);
    default: return half(queue->used, offset);
    }
}

static uint32_t common_word(struct virtio_pci *pci, uint64_t offset)
{
    const struct virtio_transport *core = &pci->core;
    switch (offset) {
    case PCI_MODERN_DEVICE_FEATURES_SELECTOR: return pci->device_word;
    case PCI_MODERN_DEVICE_FEATURES:
        return feature_word(mb_virtio_features(core), pci->device_word);
    case PCI_MODERN_DRIVER_FEATURES_SELECTOR: return pci->driver_word;
    case PCI_MODERN_DRIVER_FEATURES: return feature_word(core->accepted, pci->driver_word);
    case PCI_MODERN_CONFIG_VECTOR:
        return pci->config_vector | (core->device ? core->device->ops->queues : 0) << 16;
    case PCI_MODERN_STATUS:
        return core->status | (core->generation & 0xFF) << 8 | (uint32_t)pci->queue << 16;
    }
    return offset < VIRTIO_PCI_COMMON_SIZE ? queue_word(pci, offset) : 0;
}

static uint64_t read_common(struct virtio_pci *pci, uint64_t offset, unsigned size)
{
    uint64_t word = common_word(pci, offset & ~3ull);
    if (size == 8)
        return word | (uint64_t)common_word(pci, (offset & ~3ull) + 4) << 32;
    return (word >> 8 * (offset & 3)) & (~0ull >> (64 - 8 * size));
}

uint64_t mb_virtio_pci_read_modern(struct virtio_pci *pci, uint64_t offset, unsigned size)
{
    if (offset < VIRTIO_PCI_COMMON_SIZE)
        return read_common(pci, offset, size);
    if (offset == PCI_MODERN_INTERRUPT_STATUS)
        return mb_virtio_pci_causes(pci);
    if (offset >= PCI_MODERN_DEVICE_CONFIG && offset < PCI_MODERN_NOTIFY)
        return mb_virtio_config(&pci->core, offset - PCI_MODERN_DEVICE_CONFIG, size);
    return 0;
}

/* ---- writing: a register at a time ---- */

static void accept_features(struct virtio_pci *pci, uint32_t value)
{
    if (pci->driver_word >= 2 || pci->core.status & VIRTIO_FEATURES_OK)
        return;
    unsigned shift = 32 * pci->driver_word;
    pci->core.accepted &= ~(0xFFFFFFFFull << shift);
    pci->core.accepted |= (uint64_t)value << shift;
}

static void set_half(uint64_t *address, uint64_t offset, uint32_t value)
{
    unsigned shift = offset & 4 ? 32 : 0;
    *address = (*address & ~(0xFFFFFFFFull << shift)) | (uint64_t)value << shift;
}

static void set_size(struct virtio_pci *pci, struct virtio_queue *queue, uint16_t value)
{
    queue->size = value <= pci->core.device->ops->queue_size ? value : 0;
}

static void enable(struct virtio_pci *pci, struct virtio_queue *queue, uint16_t value)
{
    queue->size = size_of(pci, queue);
    if (value == 1)
        mb_virtio_set_ready(&pci->core, pci->queue, true);
}

/* The selected queue's registers, which are fixed while it is enabled. */
static void write_queue(struct virtio_pci *pci, uint64_t offset, uint32_t value)
{
    struct virtio_queue *queue = mb_virtio_pci_selected(pci);
    if (!queue)
        return;
    if (offset == PCI_MODERN_QUEUE_VECTOR)
        pci->vectors[pci->queue] = mb_virtio_pci_vector(pci, value);
    if (queue->ready)
        return;
    switch (offset) {
    case PCI_MODERN_QUEUE_SIZE: set_size(pci, queue, (uint16_t)value); break;
    case PCI_MODERN_QUEUE_ENABLE: enable(pci, queue, (uint16_t)value); break;
    case PCI_MODERN_QUEUE_DESCRIPTORS: case PCI_MODERN_QUEUE_DESCRIPTORS + 4:
        set_half(&queue->descriptors, offset, value);
        break;
    case PCI_MODERN_QUEUE_AVAILABLE: case PCI_MODERN_QUEUE_AVAILABLE + 4:
        set_half(&queue->available, offset, value);
        break;
    case PCI_MODERN_QUEUE_USED: case PCI_MODERN_QUEUE_USED + 4:
        set_half(&queue->used, offset, value);
        break;
    }
}

static void write_common(struct virtio_pci *pci, uint64_t offset, uint32_t value)
{
    switch (offset) {
    case PCI_MODERN_DEVICE_FEATURES_SELECTOR: pci->device_word = value; break;
    case PCI_MODERN_DRIVER_FEATURES_SELECTOR: pci->driver_word = value; break;
    case PCI_MODERN_DRIVER_FEATURES: accept_features(pci, value); break;
    case PCI_MODERN_CONFIG_VECTOR:
        pci->config_vector = mb_virtio_pci_vector(pci, value);
        break;
    case PCI_MODERN_STATUS: mb_virtio_pci_set_status(pci, (uint8_t)value); break;
    case PCI_MODERN_QUEUE_SELECTOR: pci->queue = (uint16_t)value; break;
    default: write_queue(pci, offset, value);
    }
}

void mb_virtio_pci_write_modern(struct virtio_pci *pci, uint64_t offset, uint64_t value,
                                unsigned size)
{
    if (offset >= PCI_MODERN_NOTIFY) {
        mb_virtio_notify(&pci->core,
                         (uint32_t)(offset - PCI_MODERN_NOTIFY) / PCI_MODERN_NOTIFY_STEP);
    } else if (offset < VIRTIO_PCI_COMMON_SIZE) {
        write_common(pci, offset, (uint32_t)value);
        if (size == 8)
            write_common(pci, offset + 4, (uint32_t)(value >> 32));
    } else
        mb_dev_log(pci->core.dev, "a write at 0x%x is ignored", (unsigned)offset);
}
