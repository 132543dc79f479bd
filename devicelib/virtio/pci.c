/* Virtio over PCI (virtio 1.2 section 4.1): the function, its capabilities and windows;
 * pci.py declares it. SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>
#include "virtio_over_pci.h"

enum { VENDOR = 0x1AF4, MODERN = 0x1040, SUBSYSTEM = 0x1100 };
enum { MODERN_BAR = 4, MSIX_BAR = 1, NOTIFY_MULTIPLIER = 4 };

/* ---- identity (4.1.2; class codes as the PCI SIG has them) ---- */

static const struct identity {
    uint16_t transitional;             /* device id; 0: there is none */
    uint32_t class_code;
} identities[] = {
    [1] = { 0x1000, 0x020000 },        /* network card */
    [2] = { 0x1001, 0x010000 },        /* block device, as if SCSI */
    [3] = { 0x1003, 0x078000 },        /* console */
    [4] = { 0x1005, 0xFF0000 },        /* entropy source */
};

static void identify(struct virtio_pci *pci)
{
    static const struct identity unknown = { 0, 0xFF0000 };
    struct mb_pci_function *function = mb_pci_function(pci->core.dev);
    uint32_t id = pci->core.device->ops->id;
    bool known = id < sizeof identities / sizeof *identities;
    const struct identity *found = known ? &identities[id] : &unknown;
    bool legacy = mb_dev_param(pci->core.dev, PCI_PARAM_LEGACY) && found->transitional;
    pci->transitional = legacy;
    mb_pci_set_id(function, VENDOR, legacy ? found->transitional : (uint16_t)(MODERN + id),
                  found->class_code, VENDOR, legacy ? (uint16_t)id : SUBSYSTEM);
    mb_pci_set_revision(function, legacy ? 0 : 1);
}

/* ---- interrupts ---- */

static void update_line(struct virtio_pci *pci)
{
    uint16_t command = mb_pci_command(mb_pci_function(pci->core.dev));
    bool level = pci->causes && !mb_msix_enabled(&pci->msix) &&
                 !(command & PCI_COMMAND_INTX_OFF);
    mb_dev_out(pci->core.dev, PCI_PORT_INTA, 0, level);
}

static void raise(struct virtio_transport *transport, unsigned cause, unsigned queue)
{
    struct virtio_pci *pci = (struct virtio_pci *)transport;
    if (!cause)
        pci->causes = 0;
    else if (!mb_msix_enabled(&pci->msix))
        pci->causes |= (uint8_t)cause;
    else
        mb_msix_notify(&pci->msix, cause & VIRTIO_CONFIG_CHANGE ? pci->config_vector
                                                                : pci->vectors[queue]);
    update_line(pci);
}

uint8_t mb_virtio_pci_causes(struct virtio_pci *pci)
{
    uint8_t causes = pci->causes;
    pci->causes = 0;
    update_line(pci);
    return causes;
}

/* The vector that the driver chose, or that it cannot have it (4.1.5.1.2.1). */
uint16_t mb_virtio_pci_vector(const struct virtio_pci *pci, uint64_t wanted)
{
    return (uint16_t)wanted < pci->msix.count ? (uint16_t)wanted : MSIX_NO_VECTOR;
}

void mb_virtio_pci_set_status(struct virtio_pci *pci, uint8_t status)
{
    mb_virtio_set_status(&pci->core, status);
    if (status)
        return;
    pci->queue = pci->device_word = pci->driver_word = 0;
    pci->config_vector = MSIX_NO_VECTOR;
    for (unsigned i = 0; i < VIRTIO_QUEUES; i++)
        pci->vectors[i] = MSIX_NO_VECTOR;
}

struct virtio_queue *mb_virtio_pci_selected(struct virtio_pci *pci)
{
    const struct virtio *device = pci->core.device;
    bool exists = device && pci->queue < device->ops->queues;
    return exists ? &pci->core.queues[pci->queue] : NULL;
}

/* ---- capabilities (4.1.4) ---- */

enum { VENDOR_SPECIFIC = 0x09, COMMON = 1, NOTIFY, ISR, DEVICE, WINDOW };
enum { AT_MSIX = 0x40, AT_COMMON = 0x50, AT_ISR = 0x60, AT_DEVICE = 0x70, AT_NOTIFY = 0x80,
       AT_WINDOW = 0x98, CAPABILITY = 16 };
enum { WINDOW_BAR = AT_WINDOW + 4, WINDOW_OFFSET = AT_WINDOW + 8,
       WINDOW_LENGTH = AT_WINDOW + 12, WINDOW_DATA = AT_WINDOW + 16,
       WINDOW_END = WINDOW_DATA + 4 };

static void put_capability(uint8_t *config, unsigned at, uint8_t next, uint8_t size,
                           uint8_t type, uint32_t offset, uint32_t length)
{
    const uint8_t head[8] = { VENDOR_SPECIFIC, next, size, type,
                              type == WINDOW ? 0 : MODERN_BAR };
    memcpy(config + at, head, sizeof head);
    memcpy(config + at + 8, &offset, 4);
    memcpy(config + at + 12, &length, 4);
}

static void make_capabilities(struct virtio_pci *pci)
{
    uint8_t *config = pci->config;
    const uint32_t multiplier = NOTIFY_MULTIPLIER;
    mb_msix_capability(&pci->msix, config + AT_MSIX, AT_COMMON, MSIX_BAR);
    put_capability(config, AT_COMMON, AT_ISR, CAPABILITY, COMMON, 0, VIRTIO_PCI_COMMON_SIZE);
    put_capability(config, AT_ISR, AT_DEVICE, CAPABILITY, ISR, PCI_MODERN_INTERRUPT_STATUS,
                   1);
    put_capability(config, AT_DEVICE, AT_NOTIFY, CAPABILITY, DEVICE,
                   PCI_MODERN_DEVICE_CONFIG, 4 * PCI_MODERN_DEVICE_CONFIG_COUNT);
    put_capability(config, AT_NOTIFY, AT_WINDOW, CAPABILITY + 4, NOTIFY, PCI_MODERN_NOTIFY,
                   NOTIFY_MULTIPLIER * PCI_MODERN_NOTIFY_COUNT);
    memcpy(config + AT_NOTIFY + CAPABILITY, &multiplier, 4);
    put_capability(config, AT_WINDOW, 0, CAPABILITY + 4, WINDOW, 0, 0);
}

/* ---- the window through configuration space (4.1.4.9): registers without a BAR ---- */

struct aim { unsigned region; uint32_t offset, size; };

static uint64_t read_region(struct virtio_pci *pci, unsigned region, uint64_t offset,
                            unsigned size)
{
    switch (region) {
    case PCI_REGION_MSIX: return mb_msix_read(&pci->msix, offset, size);
    case PCI_REGION_MODERN: return mb_virtio_pci_read_modern(pci, offset, size);
    default: return mb_virtio_pci_read_legacy(pci, offset, size);
    }
}

static void write_region(struct virtio_pci *pci, unsigned region, uint64_t offset,
                         uint64_t value, unsigned size)
{
    switch (region) {
    case PCI_REGION_MSIX: mb_msix_write(&pci->msix, offset, value, size); break;
    case PCI_REGION_MODERN: mb_virtio_pci_write_modern(pci, offset, value, size); break;
    default: mb_virtio_pci_write_legacy(pci, offset, value, size);
    }
}

static bool aim(const struct virtio_pci *pci, struct aim *at)
{
    static const struct { uint8_t bar; unsigned region, span; } bars[] = {
        { 0, PCI_REGION_REGISTERS, PCI_REGISTERS_SPAN },
        { MSIX_BAR, PCI_REGION_MSIX, PCI_MSIX_SPAN },
        { MODERN_BAR, PCI_REGION_MODERN, PCI_MODERN_SPAN } };
    memcpy(&at->offset, pci->config + WINDOW_OFFSET, 4);
    memcpy(&at->size, pci->config + WINDOW_LENGTH, 4);
    for (unsigned i = 0; i < sizeof bars / sizeof *bars; i++)
        if (bars[i].bar == pci->config[WINDOW_BAR] && at->offset < bars[i].span) {
            at->region = bars[i].region;
            return (at->size == 1 || at->size == 2 || at->size == 4) &&
                   at->offset % at->size == 0;
        }
    return false;
}

static uint64_t read_config(struct virtio_pci *pci, uint64_t offset, unsigned size)
{
    struct aim at;
    if (offset == WINDOW_DATA && aim(pci, &at))
        return read_region(pci, at.region, at.offset, at.size);
    mb_msix_capability(&pci->msix, pci->config + AT_MSIX, AT_COMMON, MSIX_BAR);
    uint64_t value = 0;
    for (unsigned i = 0; i < size && offset + i < sizeof pci->config; i++)
        value |= (uint64_t)pci->config[offset + i] << 8 * i;
    return value;
}

static void write_config_byte(struct virtio_pci *pci, uint64_t offset, uint8_t value)
{
    if (offset == AT_MSIX + 2 || offset == AT_MSIX + 3)
        mb_msix_write_control(&pci->msix, (unsigned)offset - AT_MSIX - 2, value);
    else if (offset == WINDOW_BAR || (offset >= WINDOW_OFFSET && offset < WINDOW_END))
        pci->config[offset] = value;
}

static void write_config(struct virtio_pci *pci, uint64_t offset, uint64_t value,
                         unsigned size)
{
    struct aim at;
    for (unsigned i = 0; i < size; i++)
        write_config_byte(pci, offset + i, (uint8_t)(value >> 8 * i));
    if (offset == WINDOW_DATA && aim(pci, &at))
        write_region(pci, at.region, at.offset, value & (~0ull >> (64 - 8 * at.size)),
                     at.size);
    update_line(pci);
}

/* ---- the chip ---- */

static uint64_t pci_read(void *state, unsigned region, uint64_t offset, unsigned size,
                         int cpu)
{
    struct virtio_pci *pci = state;
    pthread_mutex_lock(&pci->core.lock);
    uint64_t value = region == PCI_REGION_CONFIG ? read_config(pci, offset, size)
                                                 : read_region(pci, region, offset, size);
    pthread_mutex_unlock(&pci->core.lock);
    return value;
}

static void pci_write(void *state, unsigned region, uint64_t offset, uint64_t value,
                      unsigned size, int cpu)
{
    struct virtio_pci *pci = state;
    pthread_mutex_lock(&pci->core.lock);
    if (region == PCI_REGION_CONFIG)
        write_config(pci, offset, value, size);
    else
        write_region(pci, region, offset, value, size);
    pthread_mutex_unlock(&pci->core.lock);
}

static void pci_reset(void *state)
{
    struct virtio_pci *pci = state;
    const struct virtio *device = pci->core.device;
    pthread_mutex_lock(&pci->core.lock);
    mb_virtio_pci_set_status(pci, 0);
    mb_msix_reset(&pci->msix, device ? device->ops->queues + 1 : 1);
    make_capabilities(pci);
    if (device)
        identify(pci);
    else
        mb_pci_hide(mb_pci_function(pci->core.dev));
    update_line(pci);
    pthread_mutex_unlock(&pci->core.lock);
}

/* What the driver has set, but for the transport's own. */
struct saved {
    struct virtio_saved core;
    uint32_t device_word, driver_word;
    uint16_t queue, config_vector, vectors[VIRTIO_QUEUES];
    struct mb_msix_saved msix;
    uint8_t causes, window[WINDOW_END - AT_WINDOW];
};

static size_t pci_save(void *state, uint8_t *data, size_t size)
{
    struct virtio_pci *pci = state;
    struct saved saved;
    if (!data || size < sizeof saved)
        return sizeof saved;
    memset(&saved, 0, sizeof saved);
    pthread_mutex_lock(&pci->core.lock);
    mb_virtio_save(&pci->core, &saved.core);
    saved.device_word = pci->device_word;
    saved.driver_word = pci->driver_word;
    saved.queue = pci->queue;
    saved.config_vector = pci->config_vector;
    memcpy(saved.vectors, pci->vectors, sizeof saved.vectors);
    mb_msix_save(&pci->msix, &saved.msix);
    saved.causes = pci->causes;
    memcpy(saved.window, pci->config + AT_WINDOW, sizeof saved.window);
    pthread_mutex_unlock(&pci->core.lock);
    memcpy(data, &saved, sizeof saved);
    return sizeof saved;
}

/* Registers that a driver could have written are written; the rest is not the bytes'. */
static void restore_registers(struct virtio_pci *pci, const struct saved *saved)
{
    pci->device_word = saved->device_word;
    pci->driver_word = saved->driver_word;
    pci->queue = saved->queue;
    pci->config_vector = mb_virtio_pci_vector(pci, saved->config_vector);
    for (unsigned i = 0; i < VIRTIO_QUEUES; i++)
        pci->vectors[i] = mb_virtio_pci_vector(pci, saved->vectors[i]);
    for (unsigned i = 0; i < sizeof saved->window; i++)
        write_config_byte(pci, AT_WINDOW + i, saved->window[i]);
    pci->causes = saved->causes & (VIRTIO_USED_BUFFER | VIRTIO_CONFIG_CHANGE);
}

static bool pci_restore(void *state, const uint8_t *data, size_t size)
{
    struct virtio_pci *pci = state;
    struct saved saved;
    if (size != sizeof saved)
        return false;
    memcpy(&saved, data, size);
    pthread_mutex_lock(&pci->core.lock);
    mb_msix_restore(&pci->msix, &saved.msix);
    bool done = mb_virtio_restore(&pci->core, &saved.core);
    restore_registers(pci, &saved);
    update_line(pci);
    pthread_mutex_unlock(&pci->core.lock);
    return done;
}

static bool pci_create(void *state, struct mb_dev *dev)
{
    struct virtio_pci *pci = state;
    mb_virtio_init(&pci->core, dev, raise);
    for (unsigned i = 0; i < VIRTIO_QUEUES; i++)
        mb_virtio_bell(&pci->core, i, &(struct mb_doorbell){
            PCI_REGION_MODERN, PCI_MODERN_NOTIFY + i * PCI_MODERN_NOTIFY_STEP, 2, i });
    mb_msix_init(&pci->msix, dev);
    return true;
}

static void pci_destroy(void *state)
{
    mb_virtio_destroy(&((struct virtio_pci *)state)->core);
}

const struct mb_chip mb_chip_virtio_pci = {
    .abi = MB_CHIP_ABI, .model = "virtio.pci", .state_size = sizeof(struct virtio_pci),
    .create = pci_create, .destroy = pci_destroy, .reset = pci_reset,
    .read = pci_read, .write = pci_write, .save = pci_save, .restore = pci_restore,
};
