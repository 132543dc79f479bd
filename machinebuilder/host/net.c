/* The network behind a guest's network card: a thread, two queues, and a peer.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Like a wire it drops what does not fit: frames that the guest sends faster than the
 * peer takes them, or that come while the guest offers no buffers.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "net.h"

#define QUEUE_BYTES (512u << 10)

/* ---- queues of frames: a ring of bytes, each frame after its 4-byte length ---- */

static size_t ring_copy_in(struct net_frames *frames, size_t at, const void *data,
                           size_t size)
{
    size_t first = QUEUE_BYTES - at < size ? QUEUE_BYTES - at : size;
    memcpy(frames->data + at, data, first);
    memcpy(frames->data, (const uint8_t *)data + first, size - first);
    return (at + size) % QUEUE_BYTES;
}

static size_t ring_copy_out(const struct net_frames *frames, size_t at, void *data,
                            size_t size)
{
    size_t first = QUEUE_BYTES - at < size ? QUEUE_BYTES - at : size;
    memcpy(data, frames->data + at, first);
    memcpy((uint8_t *)data + first, frames->data, size - first);
    return (at + size) % QUEUE_BYTES;
}

static bool frames_fit(const struct net_frames *frames, size_t size)
{
    return QUEUE_BYTES - frames->used >= size + sizeof(uint32_t);
}

static bool frames_put(struct net_frames *frames, const void *data, size_t size)
{
    if (size > NET_FRAME_MAX || !frames_fit(frames, size))
        return false;
    uint32_t length = (uint32_t)size;
    size_t at = (frames->head + frames->used) % QUEUE_BYTES;
    at = ring_copy_in(frames, at, &length, sizeof length);
    ring_copy_in(frames, at, data, size);
    frames->used += sizeof length + size;
    return true;
}

/* The first frame's bytes, and its size; 0 if there is none. */
static size_t frames_peek(const struct net_frames *frames, uint8_t *data)
{
    if (!frames->used)
        return 0;
    uint32_t length;
    size_t at = ring_copy_out(frames, frames->head, &length, sizeof length);
    ring_copy_out(frames, at, data, length);
    return length;
}

static void frames_drop(struct net_frames *frames, size_t size)
{
    size_t whole = sizeof(uint32_t) + size;
    frames->head = (frames->head + whole) % QUEUE_BYTES;
    frames->used -= whole;
}

/* ---- the guest's side: any thread ---- */

static void wake(struct mb_net *net)
{
    uint64_t one = 1;
    if (!atomic_exchange(&net->woken, true))
        while (write(net->wake, &one, sizeof one) < 0 && errno == EINTR)
            ;
}

static void from_guest(void *opaque, const void *data, size_t size)
{
    struct mb_net *net = opaque;
    if (size == 0)
        return;
    pthread_mutex_lock(&net->lock);
    bool put = frames_put(&net->out, data, size);
    pthread_mutex_unlock(&net->lock);
    if (put)
        wake(net);
}

static void guest_ready(void *opaque)
{
    struct mb_net *net = opaque;
    if (atomic_load(&net->starved))
        wake(net);
}

/* ---- the outside: the network's thread ---- */

bool mb_net_has_room(const struct mb_net *net)
{
    return frames_fit(&net->in, NET_FRAME_MAX);
}

bool mb_net_receive(struct mb_net *net, const uint8_t *frame, size_t size)
{
    return size == 0 || frames_put(&net->in, frame, size);
}

int mb_net_poll(struct net_polls *polls, int fd, short events)
{
    if (polls->count == polls->capacity) {
        size_t capacity = polls->capacity ? polls->capacity * 2 : 16;
        struct pollfd *fds = realloc(polls->fds, capacity * sizeof *fds);
        if (!fds)
            return -1;
        polls->fds = fds;
        polls->capacity = capacity;
    }
    polls->fds[polls->count] = (struct pollfd){ .fd = fd, .events = events };
    return (int)polls->count++;
}

static bool give_frames(struct mb_net *net)
{
    size_t size;
    while ((size = frames_peek(&net->in, net->frame))) {
        if (mb_dev_give(net->dev, net->frame, size) == 0)
            return false;
        frames_drop(&net->in, size);
    }
    return true;
}

/* Give the guest what waits. What it does not take now, guest_ready() asks for again:
 * the second try is for buffers that came before it could see `starved`. */
static void to_guest(struct mb_net *net)
{
    atomic_store(&net->starved, false);
    if (give_frames(net))
        return;
    atomic_store(&net->starved, true);
    give_frames(net);
}

static void to_peer(struct mb_net *net)
{
    for (;;) {
        pthread_mutex_lock(&net->lock);
        size_t size = frames_peek(&net->out, net->frame);
        pthread_mutex_unlock(&net->lock);
        if (!size || !net->kind->send(net->peer, net->frame, size))
            return;
        pthread_mutex_lock(&net->lock);
        frames_drop(&net->out, size);
        pthread_mutex_unlock(&net->lock);
    }
}

static void wait_for_work(struct mb_net *net)
{
    int timeout = -1;
    net->polls.count = 0;
    mb_net_poll(&net->polls, net->wake, POLLIN);
    net->kind->prepare(net->peer, &net->polls, &timeout);
    if (poll(net->polls.fds, net->polls.count, timeout) < 0)
        for (size_t i = 0; i < net->polls.count; i++)
            net->polls.fds[i].revents = 0;
    uint64_t count;
    if (net->polls.fds[0].revents & POLLIN)
        while (read(net->wake, &count, sizeof count) < 0 && errno == EINTR)
            ;
    atomic_store(&net->woken, false);
}

static void *run(void *opaque)
{
    struct mb_net *net = opaque;
    while (!atomic_load(&net->stop)) {
        to_peer(net);
        to_guest(net);
        wait_for_work(net);
        net->kind->handle(net->peer, &net->polls);
    }
    return NULL;
}

/* ---- opening and closing ---- */

static const struct net_kind *find_kind(const char *spec, const char **options)
{
    static const struct net_kind *const kinds[] = { &mb_net_none, &mb_net_socket,
                                                    &mb_net_user };
    size_t length = strcspn(spec, ",");
    *options = spec[length] ? spec + length + 1 : "";
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strlen(kinds[i]->name) == length && !memcmp(kinds[i]->name, spec, length))
            return kinds[i];
    mb_set_error("no network called '%.*s': choose none, user or socket", (int)length,
                 spec);
    return NULL;
}

static void release(struct mb_net *net)
{
    if (net->peer)
        net->kind->close(net->peer);
    if (net->wake >= 0)
        close(net->wake);
    pthread_mutex_destroy(&net->lock);
    free(net->polls.fds);
    free(net->out.data);
    free(net->in.data);
    free(net->frame);
    free(net);
}

/* Signals are for the main thread, which runs Python. */
static int start_thread(struct mb_net *net)
{
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int error = pthread_create(&net->thread, NULL, run, net);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return error;
}

static bool prepare(struct mb_net *net, const char *options)
{
    net->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    net->out.data = malloc(QUEUE_BYTES);
    net->in.data = malloc(QUEUE_BYTES);
    net->frame = malloc(NET_FRAME_MAX);
    if (net->wake < 0 || !net->out.data || !net->in.data || !net->frame ||
        mb_net_poll(&net->polls, net->wake, POLLIN) < 0) {
        mb_set_error("network: %s", strerror(errno));
        return false;
    }
    net->peer = net->kind->open(net, options);
    return net->peer != NULL;
}

struct mb_net *mb_net_open(struct mb_dev *dev, const char *spec)
{
    const char *options;
    const struct net_kind *kind = find_kind(spec, &options);
    struct mb_net *net = kind ? calloc(1, sizeof *net) : NULL;
    if (!net)
        return NULL;
    net->dev = dev;
    net->kind = kind;
    pthread_mutex_init(&net->lock, NULL);
    int error = prepare(net, options) ? start_thread(net) : -1;
    if (error) {
        if (error > 0)
            mb_set_error("network: no thread: %s", strerror(error));
        release(net);
        return NULL;
    }
    static const struct mb_host host = { .send = from_guest, .ready = guest_ready };
    mb_dev_set_host(dev, &host, net);
    return net;
}

void mb_net_close(struct mb_net *net)
{
    mb_dev_set_host(net->dev, NULL, NULL);
    atomic_store(&net->stop, true);
    wake(net);
    pthread_join(net->thread, NULL);
    release(net);
}

/* ---- the peer that is not there ---- */

static void *none_open(struct mb_net *net, const char *options)
{
    if (*options) {
        mb_set_error("network 'none' has no option '%s'", options);
        return NULL;
    }
    return net;
}

static void none_close(void *peer) {}
static void none_prepare(void *peer, struct net_polls *polls, int *timeout_ms) {}
static void none_handle(void *peer, const struct net_polls *polls) {}

static bool none_send(void *peer, const uint8_t *frame, size_t size)
{
    return true;
}

const struct net_kind mb_net_none = {
    "none", none_open, none_close, none_prepare, none_handle, none_send,
};
