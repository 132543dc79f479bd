/* A UNIX stream socket as the wire: each frame after its length, 4 bytes big-endian, as
 * QEMU's `-netdev stream` does it. SPDX-License-Identifier: Apache-2.0
 *
 *     socket,listen=PATH     wait for a peer (one at a time, the next when it leaves)
 *     socket,connect=PATH    join one who listens
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "net.h"

#define BUFFER (4 + NET_FRAME_MAX)

struct wire {
    struct mb_net *net;
    int listener, fd;              /* -1: none */
    int listener_poll, fd_poll;    /* where they are among the polls, -1 if nowhere */
    struct sockaddr_un address;    /* of the listener */
    size_t sent, to_send, received;
    uint8_t out[BUFFER], in[BUFFER];
};

static void hang_up(struct wire *wire)
{
    if (wire->fd >= 0)
        close(wire->fd);
    wire->fd = -1;
    wire->sent = wire->to_send = wire->received = 0;
}

/* ---- frames ---- */

static void flush(struct wire *wire)
{
    while (wire->sent < wire->to_send) {
        ssize_t n = send(wire->fd, wire->out + wire->sent, wire->to_send - wire->sent,
                         MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n > 0)
            wire->sent += (size_t)n;
        else if (n < 0 && errno == EINTR)
            continue;
        else {
            if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
                hang_up(wire);
            return;
        }
    }
    wire->sent = wire->to_send = 0;
}

static bool wire_send(void *peer, const uint8_t *frame, size_t size)
{
    struct wire *wire = peer;
    if (wire->fd < 0)
        return true;
    if (wire->to_send)
        return false;
    uint32_t length = htonl((uint32_t)size);
    memcpy(wire->out, &length, 4);
    memcpy(wire->out + 4, frame, size);
    wire->to_send = 4 + size;
    flush(wire);
    return true;
}

/* Give the guest the whole frames at the start of `in`; false: nonsense, hang up. */
static bool deliver(struct wire *wire)
{
    size_t at = 0;
    while (wire->received - at >= 4) {
        uint32_t length;
        memcpy(&length, wire->in + at, 4);
        length = ntohl(length);
        if (length > NET_FRAME_MAX)
            return false;
        if (wire->received - at - 4 < length)
            break;
        mb_net_receive(wire->net, wire->in + at + 4, length);
        at += 4 + length;
    }
    memmove(wire->in, wire->in + at, wire->received - at);
    wire->received -= at;
    return true;
}

static void take(struct wire *wire)
{
    ssize_t n = recv(wire->fd, wire->in + wire->received, BUFFER - wire->received,
                     MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return;
    if (n > 0)
        wire->received += (size_t)n;
    if (n <= 0 || !deliver(wire))
        hang_up(wire);
}

/* ---- descriptors ---- */

static void wire_prepare(void *peer, struct net_polls *polls, int *timeout_ms)
{
    struct wire *wire = peer;
    wire->listener_poll = wire->fd_poll = -1;
    if (wire->fd >= 0) {
        /* What is read may be a buffer full of frames: wait until they all fit. */
        short in = mb_net_has_room(wire->net) ? POLLIN : 0;
        short out = wire->to_send ? POLLOUT : 0;
        wire->fd_poll = mb_net_poll(polls, wire->fd, (short)(in | out));
    } else if (wire->listener >= 0) {
        wire->listener_poll = mb_net_poll(polls, wire->listener, POLLIN);
    }
}

static void wire_handle(void *peer, const struct net_polls *polls)
{
    struct wire *wire = peer;
    if (wire->listener_poll >= 0 && polls->fds[wire->listener_poll].revents)
        wire->fd = accept4(wire->listener, NULL, NULL, SOCK_CLOEXEC);
    if (wire->fd_poll < 0)
        return;
    short events = polls->fds[wire->fd_poll].revents;
    if (events & POLLOUT)
        flush(wire);
    if (wire->fd >= 0 && events & POLLIN)
        take(wire);
    else if (wire->fd >= 0 && events & (POLLHUP | POLLERR))
        hang_up(wire);
}

/* ---- opening ---- */

static bool fail(const char *what, const char *path)
{
    mb_set_error("network socket: cannot %s '%s': %s", what, path, strerror(errno));
    return false;
}

/* A socket file that nobody listens to any more is in the way: take it away. */
static void remove_stale(const struct sockaddr_un *address)
{
    struct stat status;
    if (lstat(address->sun_path, &status) || !S_ISSOCK(status.st_mode))
        return;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    if (connect(fd, (const struct sockaddr *)address, sizeof *address) &&
        errno == ECONNREFUSED)
        unlink(address->sun_path);
    close(fd);
}

static bool join(struct wire *wire, bool listens)
{
    const struct sockaddr *address = (const struct sockaddr *)&wire->address;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return fail("make a socket for", wire->address.sun_path);
    if (!listens) {
        wire->fd = fd;
        return !connect(fd, address, sizeof wire->address) ||
               fail("connect to", wire->address.sun_path);
    }
    remove_stale(&wire->address);
    if (bind(fd, address, sizeof wire->address) || listen(fd, 1)) {
        close(fd);
        return fail("listen on", wire->address.sun_path);
    }
    wire->listener = fd;
    return true;
}

static void wire_close(void *peer)
{
    struct wire *wire = peer;
    hang_up(wire);
    if (wire->listener >= 0) {
        close(wire->listener);
        unlink(wire->address.sun_path);
    }
    free(wire);
}

static void *wire_open(struct mb_net *net, const char *options)
{
    bool listens = !strncmp(options, "listen=", 7);
    const char *path = strchr(options, '=');
    if (!path++ || (!listens && strncmp(options, "connect=", 8))) {
        mb_set_error("network 'socket' wants listen=PATH or connect=PATH");
        return NULL;
    }
    struct wire *wire = calloc(1, sizeof *wire);
    if (!wire)
        return NULL;
    *wire = (struct wire){ .net = net, .listener = -1, .fd = -1 };
    wire->address.sun_family = AF_UNIX;
    bool fits = strlen(path) > 0 && strlen(path) < sizeof wire->address.sun_path;
    if (fits)
        strcpy(wire->address.sun_path, path);
    else
        mb_set_error("network socket: a path has 1 to %zu bytes",
                     sizeof wire->address.sun_path - 1);
    if (!fits || !join(wire, listens)) {
        wire_close(wire);
        return NULL;
    }
    return wire;
}

const struct net_kind mb_net_socket = {
    "socket", wire_open, wire_close, wire_prepare, wire_handle, wire_send,
};
