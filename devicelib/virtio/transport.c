/* What all virtio transports do alike: status, features, queues, the device's thread.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "virtio.h"

#define OFFERED_TO_ALL (VIRTIO_F_VERSION_1 | VIRTIO_F_EVENT_IDX | VIRTIO_F_INDIRECT_DESC)

/* ---- the device's thread ---- */

static void wake(struct virtio_transport *transport)
{
    if (transport->has_thread)
        eventfd_write(transport->wake, 1);
}

/* Note that the driver notified `queue`; what it may not do yet is forgotten. */
static void note(struct virtio_transport *transport, uint32_t queue)
{
    if (transport->device && queue < transport->device->ops->queues &&
        mb_virtio_live(transport))
        transport->notified |= 1u << queue;
}

static void hear_bells(struct virtio_transport *transport)
{
    eventfd_t count;
    for (unsigned i = 0; i < VIRTIO_QUEUES; i++)
        if (transport->bells[i] >= 0 && eventfd_read(transport->bells[i], &count) == 0)
            note(transport, i);
}

/* Without the lock meanwhile. Eventfds stay signalled, so that nothing is missed. */
static void wait_for_work(struct virtio_transport *transport)
{
    struct pollfd fds[1 + VIRTIO_QUEUES] = {{ .fd = transport->wake, .events = POLLIN }};
    eventfd_t count;
    for (unsigned i = 0; i < VIRTIO_QUEUES; i++)
        fds[1 + i] = (struct pollfd){ .fd = transport->bells[i], .events = POLLIN };
    pthread_mutex_unlock(&transport->lock);
    poll(fds, 1 + VIRTIO_QUEUES, -1);
    pthread_mutex_lock(&transport->lock);
    eventfd_read(transport->wake, &count);
    hear_bells(transport);
}

static void *work(void *opaque)
{
    struct virtio_transport *transport = opaque;
    pthread_mutex_lock(&transport->lock);
    while (!transport->stopping) {
        if (!transport->notified || transport->waiting) {
            wait_for_work(transport);
            continue;
        }
        unsigned queue = (unsigned)__builtin_ctz(transport->notified);
        transport->notified &= transport->notified - 1;
        transport->running = true;
        transport->device->ops->process(transport->device, queue);
        transport->running = false;
        pthread_cond_broadcast(&transport->idle);
    }
    pthread_mutex_unlock(&transport->lock);
    return NULL;
}

/* Signals are for the main thread, which runs Python. */
static bool start_thread(struct virtio_transport *transport)
{
    sigset_t all, old;
    transport->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (transport->wake < 0)
        return false;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    transport->has_thread = !pthread_create(&transport->thread, NULL, work, transport);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (!transport->has_thread)
        close(transport->wake);
    return transport->has_thread;
}

static void stop_thread(struct virtio_transport *transport)
{
    if (!transport->has_thread)
        return;
    pthread_mutex_lock(&transport->lock);
    transport->stopping = true;
    wake(transport);
    pthread_mutex_unlock(&transport->lock);
    pthread_join(transport->thread, NULL);
    close(transport->wake);
    transport->has_thread = transport->stopping = false;
}

void mb_virtio_quiesce(struct virtio_transport *transport)
{
    transport->waiting++;
    while (transport->running)
        pthread_cond_wait(&transport->idle, &transport->lock);
    transport->waiting--;
    for (unsigned i = 0; i < VIRTIO_QUEUES; i++)
        if (transport->queues[i].ready)
            transport->notified |= 1u << i;
    if (transport->notified)
        wake(transport);
}

void mb_virtio_drain(struct virtio_transport *transport)
{
    hear_bells(transport);
    if (transport->notified)
        wake(transport);
    while (transport->running || transport->notified)
        pthread_cond_wait(&transport->idle, &transport->lock);
}

/* ---- sitting down and getting up ---- */

bool mb_virtio_attach(struct virtio *device, struct mb_dev *dev, uint64_t features,
                      const void *config, size_t config_size)
{
    struct mb_dev *parent = mb_dev_parent(dev);
    struct virtio_transport *transport = parent ? mb_dev_state(parent) : NULL;
    if (!transport || !transport->interrupt || transport->device) {
        mb_dev_error(dev, "a virtio device needs a free virtio transport to sit on");
        return false;
    }
    *device = (struct virtio){ .dev = dev, .ops = mb_dev_chip(dev)->bus_ops,
                               .transport = transport, .offered = features,
                               .config = config, .config_size = config_size };
    transport->device = device;
    if (start_thread(transport))
        return true;
    transport->device = NULL;
    device->transport = NULL;
    mb_dev_error(dev, "no thread for the device");
    return false;
}

void mb_virtio_detach(struct virtio *device)
{
    if (!device->transport)
        return;
    stop_thread(device->transport);
    device->transport->device = NULL;
    device->transport = NULL;
}

void mb_virtio_init(struct virtio_transport *transport, struct mb_dev *dev,
                    void (*interrupt)(struct virtio_transport *, unsigned, unsigned))
{
    transport->dev = dev;
    transport->interrupt = interrupt;
    pthread_mutex_init(&transport->lock, NULL);
    pthread_cond_init(&transport->idle, NULL);
    for (unsigned i = 0; i < VIRTIO_QUEUES; i++)
        transport->queues[i].transport = transport;
    for (unsigned i = 0; i < VIRTIO_QUEUES; i++)
        transport->bells[i] = -1;
}

void mb_virtio_bell(struct virtio_transport *transport, unsigned queue,
                    const struct mb_doorbell *what)
{
    transport->bells[queue] = mb_dev_doorbell(transport->dev, what);
}

void mb_virtio_destroy(struct virtio_transport *transport)
{
    if (transport->device)
        mb_virtio_detach(transport->device);
    for (unsigned i = 0; i < VIRTIO_QUEUES; i++)
        mb_dev_doorbell_free(transport->dev, transport->bells[i]);
    pthread_cond_destroy(&transport->idle);
    pthread_mutex_destroy(&transport->lock);
}

/* ---- status ---- */

uint64_t mb_virtio_features(const struct virtio_transport *transport)
{
    return transport->device ? transport->device->offered | OFFERED_TO_ALL : 0;
}

void mb_virtio_reset(struct virtio_transport *transport)
{
    mb_virtio_quiesce(transport);
    transport->status = 0;
    transport->legacy = false;
    transport->accepted = 0;
    transport->notified = 0;
    for (unsigned i = 0; i < VIRTIO_QUEUES; i++)
        transport->queues[i] = (struct virtio_queue){ .transport = transport };
    transport->interrupt(transport, 0, 0);
    if (transport->device && transport->device->ops->reset)
        transport->device->ops->reset(transport->device);
}

static bool acceptable(const struct virtio_transport *transport)
{
    return transport->accepted & VIRTIO_F_VERSION_1 &&
           !(transport->accepted & ~mb_virtio_features(transport));
}

void mb_virtio_set_status(struct virtio_transport *transport, uint32_t status)
{
    if (status == 0) {
        mb_virtio_reset(transport);
        return;
    }
    if (status & VIRTIO_FEATURES_OK && !acceptable(transport))
        status &= ~(uint32_t)VIRTIO_FEATURES_OK;
    if (!transport->legacy && !((status | transport->status) & VIRTIO_FEATURES_OK))
        status &= ~(uint32_t)VIRTIO_DRIVER_OK;
    transport->status |= (uint8_t)(status & ~(uint32_t)VIRTIO_NEEDS_RESET);
}

void mb_virtio_fail(struct virtio_transport *transport, const char *why)
{
    mb_dev_log(transport->dev, "%s; the device needs a reset", why);
    transport->status |= VIRTIO_NEEDS_RESET;
    if (transport->status & VIRTIO_DRIVER_OK)
        transport->interrupt(transport, VIRTIO_CONFIG_CHANGE, 0);
}

/* ---- queues and configuration ---- */

void mb_virtio_set_ready(struct virtio_transport *transport, unsigned index, bool ready)
{
    struct virtio_queue *queue = &transport->queues[index];
    if (ready == queue->ready)
        return;
    mb_virtio_quiesce(transport);
    if (ready)
        mb_virtqueue_enable(queue);
    else
        queue->ready = false;
}

struct virtio_queue *mb_virtio_queue(struct virtio *device, unsigned index)
{
    struct virtio_queue *queue = &device->transport->queues[index];
    return mb_virtio_live(device->transport) && queue->ready ? queue : NULL;
}

void mb_virtio_notify(struct virtio_transport *transport, uint32_t queue)
{
    bool idle = !transport->notified && !transport->running;
    note(transport, queue);
    if (idle && transport->notified)
        wake(transport);
}

void mb_virtio_config_changed(struct virtio *device)
{
    struct virtio_transport *transport = device->transport;
    transport->generation++;
    if (transport->status & VIRTIO_DRIVER_OK)
        transport->interrupt(transport, VIRTIO_CONFIG_CHANGE, 0);
}

uint64_t mb_virtio_config(const struct virtio_transport *transport, uint64_t offset,
                          unsigned size)
{
    const struct virtio *device = transport->device;
    uint64_t value = 0;
    if (!device || offset >= device->config_size)
        return 0;
    size_t left = device->config_size - offset;
    memcpy(&value, (const uint8_t *)device->config + offset, left < size ? left : size);
    return value;
}
