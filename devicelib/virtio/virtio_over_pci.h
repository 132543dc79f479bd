/* Between the parts of the PCI transport: pci.c (the function), pci_modern.c and
 * pci_legacy.c (the driver's registers). SPDX-License-Identifier: Apache-2.0 */
#ifndef MB_VIRTIO_OVER_PCI_H
#define MB_VIRTIO_OVER_PCI_H

#include "pci/msix.h"
#include "pci/pci.h"
#include "virtio.h"
#include "virtio_pci.h"

enum { VIRTIO_PCI_COMMON_SIZE = 0x38 };    /* of the common configuration */

struct virtio_pci {
    struct virtio_transport core;
    bool transitional;                     /* has the legacy interface */
    uint8_t causes;
    uint16_t queue;                        /* the selected one */
    uint32_t device_word, driver_word;     /* of features */
    uint16_t config_vector, vectors[VIRTIO_QUEUES];
    struct mb_msix msix;
    uint8_t config[0x100];                 /* capabilities */
};

/* All with the transport's lock. */
struct virtio_queue *mb_virtio_pci_selected(struct virtio_pci *pci);   /* may be NULL */
uint8_t mb_virtio_pci_causes(struct virtio_pci *pci);                  /* and clear them */
uint16_t mb_virtio_pci_vector(const struct virtio_pci *pci, uint64_t wanted);
void mb_virtio_pci_set_status(struct virtio_pci *pci, uint8_t status);
uint64_t mb_virtio_pci_read_modern(struct virtio_pci *pci, uint64_t offset, unsigned size);
void mb_virtio_pci_write_modern(struct virtio_pci *pci, uint64_t offset, uint64_t value,
                                unsigned size);
uint64_t mb_virtio_pci_read_legacy(struct virtio_pci *pci, uint64_t offset, unsigned size);
void mb_virtio_pci_write_legacy(struct virtio_pci *pci, uint64_t offset, uint64_t value,
                                unsigned size);

#endif
