/* The registers of drivers of before virtio 1.0 (virtio 1.2 section 4.1.4.10), where the
 * guest's byte order is little-endian. SPDX-License-Identifier: Apache-2.0
 */
#include "virtio_over_pci.h"

enum { PAGE = 4096, CONFIG_VECTOR = 0x14, QUEUE_VECTOR = 0x16 };
enum { CONFIG = 0x14, CONFIG_AFTER_VECTORS = 0x18 };
#define ANY_LAYOUT (1u << 27)      /* requests may lie in pieces as the driver likes */

static uint64_t config_start(const struct virtio_pci *pci)
{
    return mb_msix_enabled(&pci->msix) ? CONFIG_AFTER_VECTORS : CONFIG;
}

/* ---- reading ---- */

static uint32_t read_queue(struct virtio_pci *pci, uint64_t offset)
{
    const struct virtio_queue *queue = mb_virtio_pci_selected(pci);
    if (!queue)
        return offset == QUEUE_VECTOR ? MSIX_NO_VECTOR : 0;
    switch (offset) {
    case PCI_REGISTERS_QUEUE_PAGE:
        return queue->ready ? (uint32_t)(queue->descriptors / PAGE) : 0;
    case PCI_REGISTERS_QUEUE_ENTRIES: return pci->core.device->ops->queue_size;
    default: return pci->vectors[pci->queue];
    }
}

static uint32_t read_register(struct virtio_pci *pci, uint64_t offset)
{
    switch (offset) {
    case PCI_REGISTERS_HOST_FEATURES:
        return (uint32_t)mb_virtio_features(&pci->core) | ANY_LAYOUT;
    case PCI_REGISTERS_GUEST_FEATURES: return (uint32_t)pci->core.accepted;
    case PCI_REGISTERS_SELECTOR: return pci->queue;
    case PCI_REGISTERS_DEVICE_STATUS: return pci->core.status;
    case PCI_REGISTERS_ISR: return mb_virtio_pci_causes(pci);
    case CONFIG_VECTOR: return pci->config_vector;
    case PCI_REGISTERS_QUEUE_PAGE: case PCI_REGISTERS_QUEUE_ENTRIES: case QUEUE_VECTOR:
        return read_queue(pci, offset);
    }
    return 0;
}

uint64_t mb_virtio_pci_read_legacy(struct virtio_pci *pci, uint64_t offset, unsigned size)
{
    if (!pci->transitional)
        return ~0ull >> (64 - 8 * size);
    if (offset >= config_start(pci))
        return mb_virtio_config(&pci->core, offset - config_start(pci), size);
    return read_register(pci, offset) & (~0ull >> (64 - 8 * size));
}

/* ---- writing ---- */

/* 2.7.2: descriptors, then what is available; what was used begins a page. Meanwhile
 * another CPU may select another queue: taking one back lets go of the lock. */
static void set_page(struct virtio_pci *pci, uint32_t page)
{
    struct virtio_queue *queue = mb_virtio_pci_selected(pci);
    unsigned index = pci->queue;
    if (!queue)
        return;
    uint64_t size = pci->core.device->ops->queue_size, start = (uint64_t)page * PAGE;
    mb_virtio_set_ready(&pci->core, index, false);
    queue->size = (uint16_t)size;
    queue->descriptors = start;
    queue->available = start + 16 * size;
    queue->used = (queue->available + 2 * (3 + size) + PAGE - 1) / PAGE * PAGE;
    if (page)
        mb_virtio_set_ready(&pci->core, index, true);
}

static void set_vector(struct virtio_pci *pci, uint64_t value)
{
    if (mb_virtio_pci_selected(pci))
        pci->vectors[pci->queue] = mb_virtio_pci_vector(pci, value);
}

static void write_register(struct virtio_pci *pci, uint64_t offset, uint64_t value)
{
    switch (offset) {
    case PCI_REGISTERS_GUEST_FEATURES:
        pci->core.accepted = (uint32_t)value & ((uint32_t)mb_virtio_features(&pci->core) |
                                                ANY_LAYOUT);
        break;
    case PCI_REGISTERS_QUEUE_PAGE: set_page(pci, (uint32_t)value); break;
    case PCI_REGISTERS_SELECTOR: pci->queue = (uint16_t)value; break;
    case PCI_REGISTERS_NOTIFICATION: mb_virtio_notify(&pci->core, (uint16_t)value); break;
    case PCI_REGISTERS_DEVICE_STATUS: mb_virtio_pci_set_status(pci, (uint8_t)value); break;
    case CONFIG_VECTOR: pci->config_vector = mb_virtio_pci_vector(pci, value); break;
    case QUEUE_VECTOR: set_vector(pci, value); break;
    }
}

/* A driver that writes here is a legacy one, until the next reset. */
void mb_virtio_pci_write_legacy(struct virtio_pci *pci, uint64_t offset, uint64_t value,
                                unsigned size)
{
    if (!pci->transitional || offset >= config_start(pci))
        return;
    bool modern = pci->core.status & VIRTIO_FEATURES_OK;
    pci->core.legacy = !modern;
    if (!modern || offset == PCI_REGISTERS_DEVICE_STATUS)
        write_register(pci, offset, value);
}
