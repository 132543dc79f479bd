/* What is seen on a bus: the windows cut where they meet, so that each address has one
 * answer. SPDX-License-Identifier: Apache-2.0
 *
 * Guests move windows (PCI) and show others over them (shadow RAM), while other CPUs look
 * them up. Who looks takes no lock: it reads a sequence number before and after, and looks
 * again if that changed. The array never moves once the machine runs, so a torn read is
 * of memory that is there. */
#include <sched.h>
#include <stdlib.h>
#include "view.h"

void mb_view_init(struct mb_view *view)
{
    pthread_mutex_init(&view->lock, NULL);
}

void mb_view_free(struct mb_view *view)
{
    pthread_mutex_destroy(&view->lock);
    free(view->seen);
    free(view->edges);
}

bool mb_view_reserve(struct mb_view *view, unsigned windows)
{
    unsigned room = 2 * windows + 1;
    if (room <= view->room)
        return true;
    struct mb_seen *seen = realloc(view->seen, 2 * room * sizeof *seen);
    if (seen)
        view->seen = seen;
    uint64_t *edges = realloc(view->edges, 2 * room * sizeof *edges);
    if (edges)
        view->edges = edges;
    if (!seen || !edges)
        return false;
    view->room = 2 * room;
    return true;
}

/* ---- making it ---------------------------------------------------------------------------- */
static bool visible(const struct mb_region *window)
{
    return window->placed && window->shown;
}

static uint64_t last_of(const struct mb_region *window)
{
    return window->start + (window->size - 1);
}

static int by_value(const void *one, const void *two)
{
    uint64_t a = *(const uint64_t *)one, b = *(const uint64_t *)two;
    return (a > b) - (a < b);
}

/* Every address where some window begins, or the one after it. */
static unsigned find_edges(uint64_t *edges, struct mb_region *const *windows, unsigned count)
{
    unsigned found = 0;
    for (unsigned i = 0; i < count; i++) {
        if (!visible(windows[i]))
            continue;
        edges[found++] = windows[i]->start;
        if (last_of(windows[i]) != UINT64_MAX)
            edges[found++] = last_of(windows[i]) + 1;
    }
    qsort(edges, found, sizeof *edges, by_value);
    return found;
}

/* The window that answers at `address`: of the highest layer, the one added first. */
static struct mb_region *top(struct mb_region *const *windows, unsigned count,
                             uint64_t address)
{
    struct mb_region *best = NULL;
    for (unsigned i = 0; i < count; i++)
        if (visible(windows[i]) && windows[i]->start <= address &&
            address <= last_of(windows[i]) && (!best || windows[i]->layer > best->layer))
            best = windows[i];
    return best;
}

static void append(struct mb_view *view, unsigned *count, uint64_t start, uint64_t last,
                   struct mb_region *region)
{
    struct mb_seen *before = *count ? &view->seen[*count - 1] : NULL;
    if (before && before->region == region && before->last + 1 == start) {
        before->last = last;
        return;
    }
    view->seen[(*count)++] = (struct mb_seen){
        .start = start, .last = last, .offset = start - region->start, .region = region,
    };
}

void mb_view_renew(struct mb_view *view, struct mb_region *const *windows, unsigned count)
{
    unsigned edges = find_edges(view->edges, windows, count), made = 0;
    __atomic_fetch_add(&view->sequence, 1, __ATOMIC_SEQ_CST);
    for (unsigned i = 0; i < edges; i++) {
        uint64_t start = view->edges[i];
        uint64_t last = i + 1 < edges ? view->edges[i + 1] - 1 : UINT64_MAX;
        if (i + 1 < edges && view->edges[i + 1] == start)
            continue;
        struct mb_region *region = top(windows, count, start);
        if (region)
            append(view, &made, start, last, region);
    }
    __atomic_store_n(&view->count, made, __ATOMIC_RELAXED);
    __atomic_fetch_add(&view->sequence, 1, __ATOMIC_SEQ_CST);
}

/* ---- looking at it -------------------------------------------------------------------------- */
static bool search(const struct mb_view *view, uint64_t address, struct mb_slice *slice)
{
    unsigned low = 0, high = __atomic_load_n(&view->count, __ATOMIC_RELAXED);
    if (high > view->room)
        high = view->room;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (view->seen[middle].last < address)
            low = middle + 1;
        else
            high = middle;
    }
    if (low >= view->count || view->seen[low].start > address)
        return false;
    const struct mb_seen *seen = &view->seen[low];
    uint64_t skipped = address - seen->start;
    slice->region = seen->region;
    slice->offset = seen->offset + skipped;
    slice->room = seen->last - address + 1;
    return true;
}

bool mb_view_find(struct mb_view *view, uint64_t address, struct mb_slice *slice)
{
    for (;;) {
        uint32_t before = __atomic_load_n(&view->sequence, __ATOMIC_ACQUIRE);
        if (before & 1) {
            sched_yield();
            continue;
        }
        bool found = search(view, address, slice);
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        if (__atomic_load_n(&view->sequence, __ATOMIC_RELAXED) == before)
            return found;
    }
}
