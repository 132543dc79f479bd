/* The user's own network: libslirp turns the guest's traffic into ordinary sockets.
 * SPDX-License-Identifier: Apache-2.0
 *
 *     user[,restrict][,forward=tcp:HOST_PORT:GUEST_PORT]...
 *
 * The guest is 10.0.2.15 (by DHCP), the gateway 10.0.2.2, the name server 10.0.2.3;
 * forwarded ports listen on 127.0.0.1. With `restrict` nothing but them passes.
 *
 * The library is loaded when it is asked for: `mb` runs without it.
 */
#include "net.h"

#if __has_include(<slirp/libslirp.h>)

#include <dlfcn.h>
#include <limits.h>
#include <slirp/libslirp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LIBRARY "libslirp.so.0"

struct user {
    struct mb_net *net;
    void *library;
    Slirp *slirp;
    struct net_polls *polls;     /* those in force during a callback */
    __typeof__(slirp_new) *new;
    __typeof__(slirp_cleanup) *cleanup;
    __typeof__(slirp_pollfds_fill) *fill;
    __typeof__(slirp_pollfds_poll) *poll;
    __typeof__(slirp_input) *input;
    __typeof__(slirp_add_hostfwd) *add_forward;
};

/* ---- what libslirp asks for ---- */

static ssize_t send_packet(const void *data, size_t size, void *opaque)
{
    struct user *user = opaque;
    mb_net_receive(user->net, data, size);
    return (ssize_t)size;
}

static void guest_error(const char *text, void *opaque)
{
    mb_dev_log(((struct user *)opaque)->net->dev, "%s", text);
}

static int64_t clock_ns(void *opaque)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/* Timers are for IPv6 router advertisements, which are off. */
static void *timer_new(SlirpTimerCb ring, void *ring_opaque, void *opaque)
{
    return opaque;
}
static void timer_free(void *timer, void *opaque) {}
static void timer_mod(void *timer, int64_t expire_ms, void *opaque) {}
static void register_fd(int fd, void *opaque) {}
static void unregister_fd(int fd, void *opaque) {}
static void notify(void *opaque) {}

static const SlirpCb callbacks = {
    .send_packet = send_packet, .guest_error = guest_error, .clock_get_ns = clock_ns,
    .timer_new = timer_new, .timer_free = timer_free, .timer_mod = timer_mod,
    .register_poll_fd = register_fd, .unregister_poll_fd = unregister_fd,
    .notify = notify,
};

static const struct { int slirp; short poll; } events[] = {
    { SLIRP_POLL_IN, POLLIN }, { SLIRP_POLL_OUT, POLLOUT }, { SLIRP_POLL_PRI, POLLPRI },
    { SLIRP_POLL_ERR, POLLERR }, { SLIRP_POLL_HUP, POLLHUP },
};

static int add_poll(int fd, int wanted, void *opaque)
{
    short bits = 0;
    for (size_t i = 0; i < sizeof events / sizeof *events; i++)
        if (wanted & events[i].slirp)
            bits |= events[i].poll;
    return mb_net_poll(((struct user *)opaque)->polls, fd, bits);
}

static int polled(int index, void *opaque)
{
    const struct net_polls *polls = ((struct user *)opaque)->polls;
    if (index < 0 || (size_t)index >= polls->count)
        return 0;
    int bits = 0;
    for (size_t i = 0; i < sizeof events / sizeof *events; i++)
        if (polls->fds[index].revents & events[i].poll)
            bits |= events[i].slirp;
    return bits;
}

/* ---- the peer ---- */

static void user_prepare(void *peer, struct net_polls *polls, int *timeout_ms)
{
    struct user *user = peer;
    uint32_t timeout = *timeout_ms < 0 ? UINT32_MAX : (uint32_t)*timeout_ms;
    user->polls = polls;
    user->fill(user->slirp, &timeout, add_poll, user);
    *timeout_ms = timeout > INT_MAX ? -1 : (int)timeout;
}

static void user_handle(void *peer, const struct net_polls *polls)
{
    struct user *user = peer;
    user->poll(user->slirp, 0, polled, user);
}

static bool user_send(void *peer, const uint8_t *frame, size_t size)
{
    struct user *user = peer;
    user->input(user->slirp, frame, (int)size);
    return true;
}

static void user_close(void *peer)
{
    struct user *user = peer;
    if (user->slirp)
        user->cleanup(user->slirp);
    if (user->library)
        dlclose(user->library);
    free(user);
}

static bool load(struct user *user)
{
    user->library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (!user->library) {
        mb_set_error("network 'user' needs %s (Debian: apt install libslirp0)", LIBRARY);
        return false;
    }
    const struct { const char *name; void *function; } needed[] = {
        { "slirp_new", &user->new }, { "slirp_cleanup", &user->cleanup },
        { "slirp_pollfds_fill", &user->fill }, { "slirp_pollfds_poll", &user->poll },
        { "slirp_input", &user->input }, { "slirp_add_hostfwd", &user->add_forward },
    };
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
        void *found = dlsym(user->library, needed[i].name);
        if (!found) {
            mb_set_error("%s has no %s", LIBRARY, needed[i].name);
            return false;
        }
        memcpy(needed[i].function, &found, sizeof found);
    }
    return true;
}

static bool start(struct user *user, bool restricted)
{
    SlirpConfig config = { .version = 1, .restricted = restricted, .in_enabled = true };
    inet_pton(AF_INET, "10.0.2.0", &config.vnetwork);
    inet_pton(AF_INET, "255.255.255.0", &config.vnetmask);
    inet_pton(AF_INET, "10.0.2.2", &config.vhost);
    inet_pton(AF_INET, "10.0.2.3", &config.vnameserver);
    inet_pton(AF_INET, "10.0.2.15", &config.vdhcp_start);
    user->slirp = user->new(&config, &callbacks, user);
    if (!user->slirp)
        mb_set_error("network 'user': libslirp refused its configuration");
    return user->slirp != NULL;
}

static bool forward(struct user *user, const char *text)
{
    char protocol[4];
    unsigned from, to;
    int end = 0;
    int found = sscanf(text, "%3[a-z]:%5u:%5u%n", protocol, &from, &to, &end);
    bool udp = found == 3 && !strcmp(protocol, "udp");
    if (found != 3 || text[end] || (!udp && strcmp(protocol, "tcp")) || from > 65535 ||
        to < 1 || to > 65535) {
        mb_set_error("network 'user': forward=%s is not tcp:HOST_PORT:GUEST_PORT", text);
        return false;
    }
    struct in_addr host, guest;
    inet_pton(AF_INET, "127.0.0.1", &host);
    inet_pton(AF_INET, "10.0.2.15", &guest);
    if (user->add_forward(user->slirp, udp, host, (int)from, guest, (int)to)) {
        mb_set_error("network 'user': port %u of this host is taken", from);
        return false;
    }
    return true;
}

/* Start it with `options`, which strtok_r may cut up. */
static bool configure(struct user *user, char *options, const char *original)
{
    bool restricted = strstr(original, "restrict") != NULL;
    char *rest;
    if (!start(user, restricted))
        return false;
    for (char *o = strtok_r(options, ",", &rest); o; o = strtok_r(NULL, ",", &rest)) {
        if (!strncmp(o, "forward=", 8)) {
            if (!forward(user, o + 8))
                return false;
        } else if (strcmp(o, "restrict")) {
            mb_set_error("network 'user' has no option '%s'", o);
            return false;
        }
    }
    return true;
}

static void *user_open(struct mb_net *net, const char *options)
{
    struct user *user = calloc(1, sizeof *user);
    char *copy = strdup(options);
    bool opened = false;
    if (user && copy) {
        user->net = net;
        opened = load(user) && configure(user, copy, options);
    }
    free(copy);
    if (user && !opened)
        user_close(user);
    return opened ? user : NULL;
}

#else

static void *user_open(struct mb_net *net, const char *options)
{
    mb_set_error("this mb was built without libslirp (Debian: apt install libslirp-dev)");
    return NULL;
}
static void user_close(void *peer) {}
static void user_prepare(void *peer, struct net_polls *polls, int *timeout_ms) {}
static void user_handle(void *peer, const struct net_polls *polls) {}
static bool user_send(void *peer, const uint8_t *frame, size_t size)
{
    return true;
}

#endif

const struct net_kind mb_net_user = {
    "user", user_open, user_close, user_prepare, user_handle, user_send,
};
