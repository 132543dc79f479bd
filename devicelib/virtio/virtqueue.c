/* Split virtqueues (virtio 1.2 section 2.7). SPDX-License-Identifier: Apache-2.0
 *
 * The rings are guest memory, used in place; the guest may change them at any moment, so
 * everything is read once and checked after that. Chains are bounded in descriptors,
 * pieces and bytes, and all of a piece must be RAM.
 */
#include <string.h>
#include "virtio.h"

enum { DESC_NEXT = 1, DESC_WRITE = 2, DESC_INDIRECT = 4 };
enum { RING_HEAD = 4, USED_ENTRY = 8, DESC_SIZE = 16 };   /* bytes */
enum { NO_NOTIFY = 1, NO_INTERRUPT = 1 };                 /* flags of the rings */

struct descriptor {
    uint64_t address;
    uint32_t length;
    uint16_t flags, next;
};
_Static_assert(sizeof(struct descriptor) == DESC_SIZE, "as the specification has it");

/* ---- shared memory: little-endian, like the hosts that mb runs on ---- */

static uint16_t load16(const uint8_t *at)
{
    return __atomic_load_n((const uint16_t *)at, __ATOMIC_ACQUIRE);
}

static void store16(uint8_t *at, uint16_t value)
{
    __atomic_store_n((uint16_t *)at, value, __ATOMIC_RELEASE);
}

static struct descriptor load_descriptor(const uint8_t *at)
{
    struct descriptor copy;
    memcpy(&copy, at, sizeof copy);
    __asm__ volatile("" ::: "memory");    /* checks see the copy, never a second read */
    return copy;
}

static uint8_t *avail_index(const struct virtio_queue *queue) { return queue->avail + 2; }
static uint8_t *used_index(const struct virtio_queue *queue) { return queue->done + 2; }

static uint8_t *used_event(const struct virtio_queue *queue)
{
    return queue->avail + RING_HEAD + 2 * queue->size;
}

static uint8_t *avail_event(const struct virtio_queue *queue)
{
    return queue->done + RING_HEAD + USED_ENTRY * queue->size;
}

static bool has_event_index(const struct virtio_queue *queue)
{
    return queue->transport->accepted & VIRTIO_F_EVENT_IDX;
}

/* ---- setting up ---- */

static uint8_t *map(const struct virtio_queue *queue, uint64_t address, size_t size,
                    unsigned alignment)
{
    size_t found = size;
    uint8_t *host = mb_dma_map(queue->transport->dev, address, &found);
    if (!host || found < size || (address | (uintptr_t)host) % alignment)
        return NULL;
    return host;
}

static size_t used_bytes(const struct virtio_queue *queue)
{
    return RING_HEAD + USED_ENTRY * (size_t)queue->size + 2;
}

bool mb_virtqueue_resume(struct virtio_queue *queue)
{
    size_t size = queue->size;
    bool usable = size && !(size & (size - 1));
    queue->desc = usable ? map(queue, queue->descriptors, size * DESC_SIZE, 16) : NULL;
    queue->avail = usable ? map(queue, queue->available, RING_HEAD + 2 * size + 2, 2) : NULL;
    queue->done = usable ? map(queue, queue->used, used_bytes(queue), 4) : NULL;
    queue->ready = queue->desc && queue->avail && queue->done;
    return queue->ready;
}

bool mb_virtqueue_enable(struct virtio_queue *queue)
{
    queue->next_avail = queue->next_used = queue->signalled = 0;
    if (!mb_virtqueue_resume(queue))
        mb_virtio_fail(queue->transport, "a queue's size, alignment or place is wrong");
    return queue->ready;
}

/* ---- taking requests ---- */

static const char *add_piece(struct virtio_queue *queue, struct virtio_request *request,
                             const struct descriptor *desc)
{
    uint64_t address = desc->address, left = desc->length;
    while (left) {
        unsigned n = request->readable + request->writable;
        size_t size = left;
        void *host = mb_dma_map(queue->transport->dev, address, &size);
        if (!host || !size)
            return "a buffer is not in RAM";
        if (n == VIRTIO_SEGMENTS)
            return "a request has too many pieces";
        size = size < left ? size : left;
        request->iov[n] = (struct iovec){ host, size };
        request->address[n] = address;
        *(desc->flags & DESC_WRITE ? &request->writable : &request->readable) += 1;
        address += size;
        left -= size;
    }
    return NULL;
}

static const char *add_descriptor(struct virtio_queue *queue,
                                  struct virtio_request *request,
                                  const struct descriptor *desc)
{
    if (desc->flags & DESC_WRITE)
        request->writable_size += desc->length;
    else if (request->writable_size)
        return "a buffer to read follows one to write";
    else
        request->readable_size += desc->length;
    if (request->readable_size + request->writable_size > VIRTIO_REQUEST_MAX)
        return "a request is too large";
    return add_piece(queue, request, desc);
}

/* The chain in `table` (of `count` descriptors) from `index` on. A loop ends at the
 * bound, which no chain without one reaches. */
static const char *add_chain(struct virtio_queue *queue, struct virtio_request *request,
                             const uint8_t *table, uint32_t count, uint32_t index)
{
    for (uint32_t seen = 0; seen < count && seen < VIRTIO_SEGMENTS; seen++) {
        struct descriptor desc = load_descriptor(table + DESC_SIZE * (size_t)index);
        if (desc.flags & DESC_INDIRECT)
            return "an indirect descriptor is where none may be";
        const char *why = add_descriptor(queue, request, &desc);
        if (why || !(desc.flags & DESC_NEXT))
            return why;
        if (desc.next >= count)
            return "a descriptor's next is outside the table";
        index = desc.next;
    }
    return "a chain of descriptors is too long, or a loop";
}

static const char *add_indirect(struct virtio_queue *queue, struct virtio_request *request,
                                const struct descriptor *desc)
{
    if (!(queue->transport->accepted & VIRTIO_F_INDIRECT_DESC) || desc->flags & DESC_NEXT ||
        desc->length == 0 || desc->length % DESC_SIZE)
        return "an indirect descriptor is wrong";
    const uint8_t *table = map(queue, desc->address, desc->length, 1);
    if (!table)
        return "an indirect table is not in RAM";
    return add_chain(queue, request, table, desc->length / DESC_SIZE, 0);
}

static const char *collect(struct virtio_queue *queue, struct virtio_request *request)
{
    if (request->head >= queue->size)
        return "an available entry is outside the table";
    struct descriptor first =
        load_descriptor(queue->desc + DESC_SIZE * (size_t)request->head);
    if (first.flags & DESC_INDIRECT)
        return add_indirect(queue, request, &first);
    return add_chain(queue, request, queue->desc, queue->size, request->head);
}

static bool must_stop(const struct virtio_queue *queue)
{
    const struct virtio_transport *transport = queue->transport;
    return !queue->ready || transport->stopping || transport->waiting ||
           transport->status & VIRTIO_NEEDS_RESET;
}

bool mb_virtqueue_pop(struct virtio_queue *queue, struct virtio_request *request)
{
    if (must_stop(queue))
        return false;
    uint16_t waiting = (uint16_t)(load16(avail_index(queue)) - queue->next_avail);
    if (!waiting)
        return false;
    unsigned at = queue->next_avail & (queue->size - 1u);
    request->head = load16(queue->avail + RING_HEAD + 2 * at);
    request->readable = request->writable = 0;
    request->readable_size = request->writable_size = 0;
    const char *why = waiting > queue->size ? "more requests are available than fit"
                                            : collect(queue, request);
    if (why) {
        mb_virtio_fail(queue->transport, why);
        return false;
    }
    queue->next_avail++;
    return true;
}

void mb_virtqueue_unpop(struct virtio_queue *queue, unsigned heads)
{
    queue->next_avail = (uint16_t)(queue->next_avail - heads);
}

bool mb_virtqueue_listen(struct virtio_queue *queue)
{
    if (must_stop(queue))
        return false;
    if (has_event_index(queue))
        store16(avail_event(queue), queue->next_avail);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return load16(avail_index(queue)) != queue->next_avail;
}

/* ---- giving them back ---- */

void mb_virtqueue_fill(struct virtio_queue *queue, const struct virtio_request *request,
                       size_t written, unsigned ahead)
{
    unsigned at = (queue->next_used + ahead) & (queue->size - 1u);
    uint32_t entry[2] = { request->head, (uint32_t)written };
    memcpy(queue->done + RING_HEAD + USED_ENTRY * at, entry, sizeof entry);
}

static bool wants_interrupt(const struct virtio_queue *queue)
{
    if (!has_event_index(queue))
        return !(load16(queue->avail) & NO_INTERRUPT);
    uint16_t passed = (uint16_t)(queue->next_used - queue->signalled);
    return (uint16_t)(queue->next_used - load16(used_event(queue)) - 1) < passed;
}

void mb_virtqueue_publish(struct virtio_queue *queue, unsigned count)
{
    struct virtio_transport *transport = queue->transport;
    queue->next_used = (uint16_t)(queue->next_used + count);
    store16(used_index(queue), queue->next_used);
    mb_dma_wrote(transport->dev, queue->used, used_bytes(queue));
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (wants_interrupt(queue))
        transport->interrupt(transport, VIRTIO_USED_BUFFER,
                             (unsigned)(queue - transport->queues));
    queue->signalled = queue->next_used;
}

void mb_virtqueue_push(struct virtio_queue *queue, const struct virtio_request *request,
                       size_t written)
{
    mb_virtqueue_fill(queue, request, written, 0);
    mb_virtqueue_publish(queue, 1);
}
