/* Virtio 1.2 (OASIS): what transports, virtqueues and devices share.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A device (virtio.blk ...) is a chip on the bus "virtio" of a transport (virtio.mmio ...).
 * Its chip's bus_ops is a struct virtio_ops, its state begins with a struct virtio; a
 * transport's state begins with a struct virtio_transport. One lock, the transport's,
 * guards both. The device's work is done on a thread of its own, so that a vCPU that
 * notifies goes on at once.
 */
#ifndef MB_VIRTIO_H
#define MB_VIRTIO_H

#include <pthread.h>
#include <sys/uio.h>
#include "device.h"

enum {
    VIRTIO_QUEUES = 2,             /* the most that a device has */
    VIRTIO_SEGMENTS = 512,         /* the most pieces of one request */
    VIRTIO_REQUEST_MAX = 256 << 20,  /* bytes of one request */
};

enum {                             /* device status */
    VIRTIO_DRIVER = 2, VIRTIO_DRIVER_OK = 4, VIRTIO_FEATURES_OK = 8,
    VIRTIO_NEEDS_RESET = 64,
};

enum { VIRTIO_USED_BUFFER = 1, VIRTIO_CONFIG_CHANGE = 2 };    /* causes of interrupts */

#define VIRTIO_F_INDIRECT_DESC (1ull << 28)
#define VIRTIO_F_EVENT_IDX (1ull << 29)
#define VIRTIO_F_VERSION_1 (1ull << 32)

struct virtio;
struct virtio_transport;

struct virtio_queue {
    struct virtio_transport *transport;
    uint16_t size;                 /* entries, as the driver chose */
    bool ready;
    uint64_t descriptors, available, used;    /* guest addresses */
    uint8_t *desc, *avail, *done;  /* the same in host memory, while ready */
    uint16_t next_avail, next_used, signalled;
};

/* One request: the pieces of guest memory that the device reads, then those it writes. */
struct virtio_request {
    uint16_t head;
    unsigned readable, writable;   /* pieces */
    size_t readable_size, writable_size;
    struct iovec iov[VIRTIO_SEGMENTS];
    uint64_t address[VIRTIO_SEGMENTS];
};

struct virtio_ops {
    uint32_t id;                   /* virtio 1.2 chapter 5 */
    unsigned queues;
    uint16_t queue_size;           /* the largest */
    /* The driver notified `queue`: take its requests. On the device's thread, with the
     * lock, which may be released in between; never twice at once. */
    void (*process)(struct virtio *device, unsigned queue);
    void (*reset)(struct virtio *device);     /* may be NULL */
};

struct virtio {                    /* the head of a device's state */
    struct mb_dev *dev;
    const struct virtio_ops *ops;
    struct virtio_transport *transport;       /* NULL: not attached */
    uint64_t offered;              /* the device's own features */
    const void *config;
    size_t config_size;
};

struct virtio_transport {          /* the head of a transport's state */
    struct mb_dev *dev;
    /* Raise (for a used buffer, of `queue`) or, with cause 0, clear all interrupts. */
    void (*interrupt)(struct virtio_transport *transport, unsigned cause, unsigned queue);
    struct virtio *device;         /* NULL: nobody sits here */
    pthread_mutex_t lock;
    uint8_t status;
    bool legacy;                   /* the driver uses the interface of before 1.0 */
    uint32_t generation;           /* of the configuration */
    uint64_t accepted;             /* features the driver chose */
    struct virtio_queue queues[VIRTIO_QUEUES];

    pthread_t thread;
    bool has_thread, stopping, running;
    unsigned waiting;              /* threads that wait until it is not running */
    uint32_t notified;             /* queues */
    int wake;                      /* eventfd: the thread has something to look at */
    int bells[VIRTIO_QUEUES];      /* the same, when the driver notifies; -1: none */
    pthread_cond_t idle;
};

/* What a snapshot has of a transport and its queues; pure bytes. */
struct virtio_saved {
    uint64_t accepted;
    uint32_t generation;
    uint8_t status, legacy;
    struct virtio_saved_queue {
        uint64_t descriptors, available, used;
        uint16_t size, next_avail, next_used, signalled;
        uint64_t ready;
    } queues[VIRTIO_QUEUES];
};

/* ---- for devices ---- */

/* In create: sit down on the parent. False after mb_dev_error. */
bool mb_virtio_attach(struct virtio *device, struct mb_dev *dev, uint64_t features,
                      const void *config, size_t config_size);
void mb_virtio_detach(struct virtio *device);              /* in destroy */
void mb_virtio_config_changed(struct virtio *device);

static inline void mb_virtio_lock(struct virtio *device)
{
    pthread_mutex_lock(&device->transport->lock);
}

static inline void mb_virtio_unlock(struct virtio *device)
{
    pthread_mutex_unlock(&device->transport->lock);
}

static inline bool mb_virtio_has(const struct virtio *device, uint64_t feature)
{
    return device->transport->accepted & feature;
}

/* The driver has finished its preparations. A legacy one may use queues before it says so
 * (3.1.2). */
static inline bool mb_virtio_live(const struct virtio_transport *transport)
{
    unsigned enough = transport->legacy ? VIRTIO_DRIVER | VIRTIO_DRIVER_OK
                                        : VIRTIO_DRIVER_OK;
    return transport->status & enough;
}

/* The queue, ready for requests; NULL if the driver has not set it up. */
struct virtio_queue *mb_virtio_queue(struct virtio *device, unsigned index);

/* ---- virtqueues; all with the lock ---- */

bool mb_virtqueue_enable(struct virtio_queue *queue);
/* Find the rings of a queue that goes on where it was; false if they are not in RAM. */
bool mb_virtqueue_resume(struct virtio_queue *queue);
/* The next request; false if there is none, or the work must stop. */
bool mb_virtqueue_pop(struct virtio_queue *queue, struct virtio_request *request);
/* Give `heads` popped requests back as if they had not been taken. */
void mb_virtqueue_unpop(struct virtio_queue *queue, unsigned heads);
/* Note as used, not yet visible to the driver: `ahead` entries after the visible ones. */
void mb_virtqueue_fill(struct virtio_queue *queue, const struct virtio_request *request,
                       size_t written, unsigned ahead);
/* Make `count` filled entries visible, and interrupt if the driver wants it. */
void mb_virtqueue_publish(struct virtio_queue *queue, unsigned count);
void mb_virtqueue_push(struct virtio_queue *queue, const struct virtio_request *request,
                       size_t written);
/* Ask for a notification of the next request; true if one has come meanwhile. */
bool mb_virtqueue_listen(struct virtio_queue *queue);
/* The driver broke the rules: stop until it resets the device. */
void mb_virtio_fail(struct virtio_transport *transport, const char *why);

/* ---- bytes of a request; nothing is needed but the request itself ---- */

size_t mb_request_read(const struct virtio_request *request, size_t offset, void *data,
                       size_t size);
size_t mb_request_write(const struct virtio_request *request, size_t offset,
                        const void *data, size_t size);
/* Part of the readable (or writable) bytes as an iovec of up to VIRTIO_SEGMENTS; gives
 * the number of entries. */
int mb_request_slice(const struct virtio_request *request, bool writable, size_t offset,
                     size_t size, struct iovec *out);
/* The first `written` bytes were changed: code that was there is stale. */
void mb_request_wrote(const struct virtio_request *request, struct mb_dev *dev,
                      size_t written);

/* ---- for transports ---- */

void mb_virtio_init(struct virtio_transport *transport, struct mb_dev *dev,
                    void (*interrupt)(struct virtio_transport *, unsigned, unsigned));
void mb_virtio_destroy(struct virtio_transport *transport);
/* In create: a driver's write that notifies `queue` and does nothing else. */
void mb_virtio_bell(struct virtio_transport *transport, unsigned queue,
                    const struct mb_doorbell *what);
void mb_virtio_reset(struct virtio_transport *transport);  /* these with the lock */
/* Until the device's thread does nothing with the queues; it starts nothing new. What it
 * left undone it looks for again, once the caller lets go of the lock. */
void mb_virtio_quiesce(struct virtio_transport *transport);
/* Until all that the driver has notified of is done. */
void mb_virtio_drain(struct virtio_transport *transport);
void mb_virtio_set_status(struct virtio_transport *transport, uint32_t status);
void mb_virtio_set_ready(struct virtio_transport *transport, unsigned queue, bool ready);
void mb_virtio_notify(struct virtio_transport *transport, uint32_t queue);
/* For snapshots, with CPUs that are stopped: what was asked for is done first. False: these
 * bytes are no state of this device. */
void mb_virtio_save(struct virtio_transport *transport, struct virtio_saved *saved);
bool mb_virtio_restore(struct virtio_transport *transport, const struct virtio_saved *saved);
uint64_t mb_virtio_features(const struct virtio_transport *transport);
uint64_t mb_virtio_config(const struct virtio_transport *transport, uint64_t offset,
                          unsigned size);

#endif
