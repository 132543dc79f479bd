/* Snapshots of virtio transports. SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include "virtio.h"

static void save_queue(const struct virtio_queue *queue, struct virtio_saved_queue *saved)
{
    saved->descriptors = queue->descriptors;
    saved->available = queue->available;
    saved->used = queue->used;
    saved->size = queue->size;
    saved->next_avail = queue->next_avail;
    saved->next_used = queue->next_used;
    saved->signalled = queue->signalled;
    saved->ready = queue->ready;
}

void mb_virtio_save(struct virtio_transport *transport, struct virtio_saved *saved)
{
    mb_virtio_drain(transport);
    memset(saved, 0, sizeof *saved);
    saved->accepted = transport->accepted;
    saved->generation = transport->generation;
    saved->status = transport->status;
    saved->legacy = transport->legacy;
    for (unsigned i = 0; i < VIRTIO_QUEUES; i++)
        save_queue(&transport->queues[i], &saved->queues[i]);
}

static bool restore_queue(struct virtio_transport *transport, unsigned index,
                          const struct virtio_saved_queue *saved)
{
    const struct virtio *device = transport->device;
    struct virtio_queue *queue = &transport->queues[index];
    *queue = (struct virtio_queue){
        .transport = transport, .size = saved->size, .descriptors = saved->descriptors,
        .available = saved->available, .used = saved->used,
        .next_avail = saved->next_avail, .next_used = saved->next_used,
        .signalled = saved->signalled };
    if (!saved->ready)
        return true;
    return device && index < device->ops->queues && saved->size <= device->ops->queue_size &&
           mb_virtqueue_resume(queue);
}

bool mb_virtio_restore(struct virtio_transport *transport, const struct virtio_saved *saved)
{
    bool whole = true;
    mb_virtio_reset(transport);
    for (unsigned i = 0; i < VIRTIO_QUEUES; i++)
        whole = restore_queue(transport, i, &saved->queues[i]) && whole;
    if (!whole) {
        mb_virtio_reset(transport);
        return false;
    }
    transport->accepted = saved->accepted;
    transport->generation = saved->generation;
    transport->status = saved->status;
    transport->legacy = saved->legacy != 0;
    mb_virtio_quiesce(transport);          /* look for what waits */
    return true;
}
