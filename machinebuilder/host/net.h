/* What the network's back ends share. SPDX-License-Identifier: Apache-2.0
 *
 * One thread per network does all the outside work: it takes the guest's frames from
 * `out`, asks its peer (socket, user ...) to handle descriptors, and gives the guest what
 * waits in `in`. Peers run on that thread alone.
 */
#ifndef MB_NET_H
#define MB_NET_H

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include "bus.h"

#define NET_FRAME_MAX 65535

/* Frames in order; a frame that does not fit is not taken. */
struct net_frames {
    uint8_t *data;
    size_t head, used;
};

struct net_polls {
    struct pollfd *fds;
    size_t count, capacity;
};

struct mb_net;

struct net_kind {
    const char *name;
    /* `options`: what follows the name in the specification, or "". NULL: mb_error(). */
    void *(*open)(struct mb_net *net, const char *options);
    void (*close)(void *peer);
    /* Say which descriptors to wait for, and lower *timeout_ms if it must be called. */
    void (*prepare)(void *peer, struct net_polls *polls, int *timeout_ms);
    void (*handle)(void *peer, const struct net_polls *polls);
    /* A frame from the guest; false: not now, ask again after `handle`. */
    bool (*send)(void *peer, const uint8_t *frame, size_t size);
};

extern const struct net_kind mb_net_none, mb_net_socket, mb_net_user;

struct mb_net {
    struct mb_dev *dev;
    const struct net_kind *kind;
    void *peer;
    pthread_t thread;
    int wake;                       /* eventfd */
    atomic_bool stop, woken, starved;
    pthread_mutex_t lock;           /* of out */
    struct net_frames out;          /* from the guest */
    struct net_frames in;           /* for the guest; the thread's own */
    uint8_t *frame;                 /* the thread's scratch, NET_FRAME_MAX bytes */
    struct net_polls polls;
};

/* Add a descriptor to wait for; gives its index in polls->fds, -1 if there is no memory. */
int mb_net_poll(struct net_polls *polls, int fd, short events);

/* For peers: a frame for the guest; false if the queue is full. */
bool mb_net_receive(struct mb_net *net, const uint8_t *frame, size_t size);
/* Is there room for a frame of any size? */
bool mb_net_has_room(const struct mb_net *net);

#endif
