/* Work for Python that came up under a chip's lock: done in order, by a thread of its own.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A chip that holds its lock must not wait for Python's (docs/architecture.md, 6). What
 * waits is bounded: a sender then waits for room, but not for ever, for what Python does
 * may need the sender's lock. Bytes of a device join those of it that wait last. */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "dev.h"

#define MOST_BYTES (8u << 20)
#define ROOM_TO_JOIN 1000          /* bytes, behind the first that a device sends */
#define GATHER_NS 1000000          /* how long they may wait for more after others went */

struct item {
    struct item *next;
    enum mb_deferred_kind kind;
    struct mb_dev *dev;
    unsigned port, index;
    int level;
    size_t size, room;
    char data[];
};

struct mb_deferred {
    struct mb_machine *machine;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct item *first, **last;
    size_t bytes;
    pthread_t thread;
    bool quit, busy;
    unsigned hurried;               /* who waits for it to be empty */
    struct timespec gathered;       /* when the last bytes went */
};

static void perform(struct mb_machine *machine, struct item *item)
{
    void *handle = item->dev ? item->dev->handle : machine->handle;
    if (!handle)
        return;
    if (item->kind == MB_DEFER_INPUT)
        mb_py_input(handle, item->port, item->index, item->level);
    else if (item->kind == MB_DEFER_SEND)
        mb_py_send(handle, item->data, item->size);
    else if (item->kind == MB_DEFER_READY)
        mb_py_ready(handle);
    else
        mb_py_log(handle, item->data, item->data + strlen(item->data) + 1);
}

static struct item *take(struct mb_deferred *deferred)
{
    struct item *item = deferred->first;
    deferred->first = item->next;
    if (!item->next)
        deferred->last = &deferred->first;
    deferred->bytes -= sizeof *item + item->room;
    pthread_cond_broadcast(&deferred->changed);
    return item;
}

/* The newest of what waits, or NULL. */
static struct item *newest(struct mb_deferred *deferred)
{
    return deferred->first ? (struct item *)deferred->last : NULL;
}

static struct timespec later(struct timespec time, long ns)
{
    time.tv_nsec += ns;
    time.tv_sec += time.tv_nsec / 1000000000;
    time.tv_nsec %= 1000000000;
    return time;
}

/* Bytes of a guest that goes on printing are handed over together: those that come soon
 * after others went wait a moment for more, if nothing else is to be done. */
static void gather(struct mb_deferred *deferred)
{
    struct item *item = deferred->first;
    struct timespec until = later(deferred->gathered, GATHER_NS);
    while (item->kind == MB_DEFER_SEND && newest(deferred) == item &&
           item->size < item->room && !deferred->quit && !deferred->hurried &&
           pthread_cond_timedwait(&deferred->changed, &deferred->lock, &until) == 0)
        ;
    if (item->kind == MB_DEFER_SEND)
        clock_gettime(CLOCK_MONOTONIC, &deferred->gathered);
}

static void *work(void *opaque)
{
    struct mb_deferred *deferred = opaque;
    pthread_mutex_lock(&deferred->lock);
    for (;;) {
        while (!deferred->first && !deferred->quit)
            pthread_cond_wait(&deferred->changed, &deferred->lock);
        if (!deferred->first)
            break;
        gather(deferred);
        struct item *item = take(deferred);
        deferred->busy = true;
        pthread_mutex_unlock(&deferred->lock);
        perform(deferred->machine, item);
        free(item);
        pthread_mutex_lock(&deferred->lock);
        deferred->busy = false;
        pthread_cond_broadcast(&deferred->changed);
    }
    pthread_mutex_unlock(&deferred->lock);
    return NULL;
}

struct mb_deferred *mb_deferred_new(struct mb_machine *machine)
{
    struct mb_deferred *deferred = calloc(1, sizeof *deferred);
    pthread_condattr_t attributes;
    if (!deferred)
        return NULL;
    deferred->machine = machine;
    deferred->last = &deferred->first;
    pthread_mutex_init(&deferred->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&deferred->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    if (pthread_create(&deferred->thread, NULL, work, deferred)) {
        free(deferred);
        return NULL;
    }
    return deferred;
}

void mb_deferred_stop(struct mb_deferred *deferred)
{
    if (!deferred)
        return;
    pthread_mutex_lock(&deferred->lock);
    deferred->quit = true;
    pthread_cond_broadcast(&deferred->changed);
    pthread_mutex_unlock(&deferred->lock);
    pthread_join(deferred->thread, NULL);
    pthread_cond_destroy(&deferred->changed);
    pthread_mutex_destroy(&deferred->lock);
    free(deferred);
}

static struct timespec in_a_second(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return later(now, 1000000000);
}

void mb_deferred_drain(struct mb_deferred *deferred)
{
    if (!deferred || pthread_equal(pthread_self(), deferred->thread))
        return;
    struct timespec until = in_a_second();
    pthread_mutex_lock(&deferred->lock);
    deferred->hurried++;
    pthread_cond_broadcast(&deferred->changed);
    while ((deferred->first || deferred->busy) &&
           pthread_cond_timedwait(&deferred->changed, &deferred->lock, &until) == 0)
        ;
    deferred->hurried--;
    pthread_mutex_unlock(&deferred->lock);
}

/* ---- handing over ------------------------------------------------------------------------- */
static void wait_for_room(struct mb_deferred *deferred)
{
    struct timespec until = in_a_second();
    while (deferred->bytes > MOST_BYTES && !deferred->quit &&
           pthread_cond_timedwait(&deferred->changed, &deferred->lock, &until) == 0)
        ;
}

static bool join(struct mb_deferred *deferred, struct mb_dev *dev, const void *data,
                 size_t size)
{
    if (!deferred)
        return false;
    pthread_mutex_lock(&deferred->lock);
    struct item *item = newest(deferred);
    bool fits = item && item->kind == MB_DEFER_SEND && item->dev == dev &&
                size <= item->room - item->size;
    if (fits) {
        memcpy(item->data + item->size, data, size);
        item->size += size;
    }
    pthread_mutex_unlock(&deferred->lock);
    return fits;
}

static void append(struct mb_deferred *deferred, struct item *item)
{
    if (!deferred) {                    /* the machine ends */
        free(item);
        return;
    }
    size_t bytes = sizeof *item + item->room;
    pthread_mutex_lock(&deferred->lock);
    if (deferred->bytes > MOST_BYTES && !pthread_equal(pthread_self(), deferred->thread))
        wait_for_room(deferred);
    item->next = NULL;
    *deferred->last = item;
    deferred->last = &item->next;
    deferred->bytes += bytes;
    pthread_cond_broadcast(&deferred->changed);
    pthread_mutex_unlock(&deferred->lock);
}

static struct item *new_item(enum mb_deferred_kind kind, struct mb_dev *dev, size_t size,
                             size_t room)
{
    struct item *item = calloc(1, sizeof *item + room);
    if (!item && dev)
        mb_machine_post(dev->machine, MB_EVENT_ERROR, "no memory");
    if (item) {
        item->kind = kind;
        item->dev = dev;
        item->size = size;
        item->room = room;
    }
    return item;
}

void mb_defer_input(struct mb_dev *dev, unsigned port, unsigned index, int level)
{
    struct item *item = new_item(MB_DEFER_INPUT, dev, 0, 0);
    if (!item)
        return;
    item->port = port;
    item->index = index;
    item->level = level;
    append(dev->machine->deferred, item);
}

void mb_defer_send(struct mb_dev *dev, const void *data, size_t size)
{
    if (join(dev->machine->deferred, dev, data, size))
        return;
    struct item *item = new_item(MB_DEFER_SEND, dev, size, size + ROOM_TO_JOIN);
    if (!item)
        return;
    memcpy(item->data, data, size);
    append(dev->machine->deferred, item);
}

void mb_defer_ready(struct mb_dev *dev)
{
    struct item *item = new_item(MB_DEFER_READY, dev, 0, 0);
    if (item)
        append(dev->machine->deferred, item);
}

void mb_defer_log(struct mb_machine *machine, const char *name, const char *text)
{
    size_t head = strlen(name) + 1, tail = strlen(text) + 1;
    struct item *item = new_item(MB_DEFER_LOG, NULL, head + tail, head + tail);
    if (!item)
        return;
    memcpy(item->data, name, head);
    memcpy(item->data + head, text, tail);
    append(machine->deferred, item);
}
