/* Virtio console. SPDX-License-Identifier: Apache-2.0 */
#include "virtio.h"

enum { RECEIVE, TRANSMIT, CHUNK = 4096 };

struct console {
    struct virtio virtio;
    struct virtio_request in, out;
};

/* Bytes to the host, without the lock: it may take its time, or the GIL. */
static void send(struct console *console)
{
    const struct virtio_request *request = &console->out;
    for (size_t at = 0; at < request->readable_size;) {
        uint8_t data[CHUNK];
        size_t size = mb_request_read(request, at, data, sizeof data);
        mb_virtio_unlock(&console->virtio);
        mb_dev_send(console->virtio.dev, data, size);
        mb_virtio_lock(&console->virtio);
        if (console->virtio.transport->stopping)
            return;
        at += size;
    }
}

static void transmit(struct console *console, struct virtio_queue *queue)
{
    do {
        while (mb_virtqueue_pop(queue, &console->out)) {
            send(console);
            mb_virtqueue_push(queue, &console->out, 0);
        }
    } while (mb_virtqueue_listen(queue));
}

static void console_process(struct virtio *device, unsigned index)
{
    struct console *console = (struct console *)device;
    struct virtio_queue *queue = mb_virtio_queue(device, index);
    if (queue && index == TRANSMIT)
        transmit(console, queue);
    if (index == RECEIVE) {
        mb_virtio_unlock(device);
        mb_dev_receive_ready(device->dev);
        mb_virtio_lock(device);
    }
}

/* One buffer's worth at most; the host offers the rest again. */
static size_t fill(struct console *console, struct virtio_queue *queue,
                   const uint8_t *data, size_t size)
{
    if (!mb_virtqueue_pop(queue, &console->in) &&
        (!mb_virtqueue_listen(queue) || !mb_virtqueue_pop(queue, &console->in)))
        return 0;
    size_t taken = mb_request_write(&console->in, 0, data, size);
    mb_request_wrote(&console->in, console->virtio.transport->dev, taken);
    mb_virtqueue_push(queue, &console->in, taken);
    return taken;
}

static size_t console_receive(void *state, const uint8_t *data, size_t size)
{
    struct console *console = state;
    size_t done = 0, taken = 1;
    mb_virtio_lock(&console->virtio);
    struct virtio_queue *queue = mb_virtio_queue(&console->virtio, RECEIVE);
    while (queue && done < size && taken) {
        taken = fill(console, queue, data + done, size - done);
        done += taken;
    }
    mb_virtio_unlock(&console->virtio);
    return done;
}

static const struct virtio_ops console_ops = {
    .id = 3, .queues = 2, .queue_size = 128, .process = console_process,
};

static bool console_create(void *state, struct mb_dev *dev)
{
    return mb_virtio_attach(&((struct console *)state)->virtio, dev, 0, NULL, 0);
}

static void console_destroy(void *state)
{
    mb_virtio_detach(state);
}

const struct mb_chip mb_chip_virtio_console = {
    .abi = MB_CHIP_ABI, .model = "virtio.console", .state_size = sizeof(struct console),
    .create = console_create, .destroy = console_destroy, .receive = console_receive,
    .bus_ops = &console_ops,
};
