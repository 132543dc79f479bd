/* Virtio network card. SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include "virtio.h"
#include "virtio_net.h"

enum { RECEIVE, TRANSMIT, FRAME_MAX = 65535, HEADER = 12, LEGACY_HEADER = 10 };
enum { LINK_UP = 1 };
#define NET_F_MAC (1ull << 5)
#define NET_F_MRG_RXBUF (1ull << 15)
#define NET_F_STATUS (1ull << 16)

struct header {                /* before each frame; all zero but for the last */
    uint8_t flags, segmentation;
    uint16_t header_length, segment_size, checksum_start, checksum_offset, buffers;
};
_Static_assert(sizeof(struct header) == HEADER, "as the specification has it");

struct net {
    struct virtio virtio;
    struct __attribute__((packed)) { uint8_t mac[6]; uint16_t status; } config;
    struct virtio_request out, first, more;
    uint8_t frame[FRAME_MAX];
};

/* A legacy driver that does not merge buffers knows no count of them (5.1.6.1). */
static size_t header_size(const struct net *net)
{
    bool counts = mb_virtio_has(&net->virtio, VIRTIO_F_VERSION_1 | NET_F_MRG_RXBUF);
    return counts ? HEADER : LEGACY_HEADER;
}

/* ---- guest to host ---- */

static void transmit(struct net *net, struct virtio_queue *queue)
{
    do {
        while (mb_virtqueue_pop(queue, &net->out)) {
            size_t size = mb_request_read(&net->out, header_size(net), net->frame,
                                          FRAME_MAX);
            mb_virtio_unlock(&net->virtio);
            mb_dev_send(net->virtio.dev, net->frame, size);
            mb_virtio_lock(&net->virtio);
            mb_virtqueue_push(queue, &net->out, 0);
        }
    } while (mb_virtqueue_listen(queue));
}

static void net_process(struct virtio *device, unsigned index)
{
    struct virtio_queue *queue = mb_virtio_queue(device, index);
    if (queue && index == TRANSMIT)
        transmit((struct net *)device, queue);
    if (index == RECEIVE) {
        mb_virtio_unlock(device);
        mb_dev_receive_ready(device->dev);
        mb_virtio_lock(device);
    }
}

/* ---- host to guest ---- */

static bool take_buffer(struct virtio_queue *queue, struct virtio_request *request)
{
    return mb_virtqueue_pop(queue, request) ||
           (mb_virtqueue_listen(queue) && mb_virtqueue_pop(queue, request));
}

static void finish_buffer(struct net *net, struct virtio_queue *queue,
                          const struct virtio_request *request, size_t size, unsigned n)
{
    mb_request_wrote(request, net->virtio.transport->dev, size);
    mb_virtqueue_fill(queue, request, size, n);
}

/* The rest of a frame into further buffers; gives how many, -1 if there are too few. */
static int spill(struct net *net, struct virtio_queue *queue, const uint8_t *data,
                 size_t size)
{
    int n = 0;
    while (size) {
        if (n + 1 >= queue->size || !take_buffer(queue, &net->more)) {
            mb_virtqueue_unpop(queue, (unsigned)n);
            return -1;
        }
        size_t part = mb_request_write(&net->more, 0, data, size);
        finish_buffer(net, queue, &net->more, part, (unsigned)++n);
        data += part;
        size -= part;
    }
    return n;
}

/* False if the guest has too few buffers now. */
static bool deliver(struct net *net, struct virtio_queue *queue, const uint8_t *frame,
                    size_t size)
{
    if (!take_buffer(queue, &net->first))
        return false;
    bool merge = mb_virtio_has(&net->virtio, NET_F_MRG_RXBUF);
    size_t room = net->first.writable_size, head = header_size(net);
    if (room < head || (!merge && room < head + size)) {
        mb_virtqueue_push(queue, &net->first, 0);   /* too small: the frame is lost */
        return true;
    }
    size_t part = mb_request_write(&net->first, head, frame, size);
    int further = spill(net, queue, frame + part, size - part);
    if (further < 0) {
        mb_virtqueue_unpop(queue, 1);
        return false;
    }
    struct header header = { .buffers = (uint16_t)(1 + further) };
    mb_request_write(&net->first, 0, &header, head);
    finish_buffer(net, queue, &net->first, head + part, 0);
    mb_virtqueue_publish(queue, header.buffers);
    return true;
}

static size_t net_receive(void *state, const uint8_t *frame, size_t size)
{
    struct net *net = state;
    mb_virtio_lock(&net->virtio);
    struct virtio_queue *queue = mb_virtio_queue(&net->virtio, RECEIVE);
    bool taken = !queue || deliver(net, queue, frame, size);   /* down: frames are lost */
    mb_virtio_unlock(&net->virtio);
    return taken ? size : 0;
}

/* ---- the chip ---- */

static const struct virtio_ops net_ops = {
    .id = 1, .queues = 2, .queue_size = 256, .process = net_process,
};

/* A locally administered address that differs between the cards of a board. */
static void name_to_mac(const char *name, uint8_t mac[6])
{
    uint32_t hash = 2166136261u;    /* FNV-1a */
    for (; *name; name++)
        hash = (hash ^ (uint8_t)*name) * 16777619u;
    const uint8_t bytes[6] = { 0x52, 0x54, 0, (uint8_t)(hash >> 16), (uint8_t)(hash >> 8),
                               (uint8_t)hash };
    memcpy(mac, bytes, 6);
}

static bool parse_mac(const char *text, uint8_t mac[6])
{
    int end = 0;
    int n = sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &mac[0], &mac[1], &mac[2],
                   &mac[3], &mac[4], &mac[5], &end);
    return n == 6 && !text[end] && !(mac[0] & 1);
}

static bool net_create(void *state, struct mb_dev *dev)
{
    struct net *net = state;
    const char *mac = mb_dev_param_str(dev, NET_PARAM_MAC);
    name_to_mac(mb_dev_name(dev), net->config.mac);
    if (mac && *mac && !parse_mac(mac, net->config.mac)) {
        mb_dev_error(dev, "mac: '%s' is not an address such as 52:54:00:12:34:56", mac);
        return false;
    }
    net->config.status = LINK_UP;
    return mb_virtio_attach(&net->virtio, dev, NET_F_MAC | NET_F_STATUS | NET_F_MRG_RXBUF,
                            &net->config, sizeof net->config);
}

static void net_destroy(void *state)
{
    mb_virtio_detach(state);
}

const struct mb_chip mb_chip_virtio_net = {
    .abi = MB_CHIP_ABI, .model = "virtio.net", .state_size = sizeof(struct net),
    .create = net_create, .destroy = net_destroy, .receive = net_receive,
    .bus_ops = &net_ops,
};
