/* Drives view.c alone: windows by number, and readers that race with a mover.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "view.h"

#define WINDOWS 64

static struct mb_view view;
static struct mb_region windows[WINDOWS], *list[WINDOWS];

void driver_begin(void)
{
    mb_view_init(&view);
    mb_view_reserve(&view, WINDOWS);
    for (unsigned i = 0; i < WINDOWS; i++)
        list[i] = &windows[i];
}

void driver_end(void)
{
    mb_view_free(&view);
    memset(&view, 0, sizeof view);
}

void driver_set(unsigned number, uint64_t start, uint64_t size, int layer, bool visible)
{
    windows[number] = (struct mb_region){
        .start = start, .size = size, .layer = (enum mb_layer)layer,
        .placed = true, .shown = visible, .index = number,
    };
}

void driver_renew(unsigned count)
{
    pthread_mutex_lock(&view.lock);
    mb_view_renew(&view, list, count);
    pthread_mutex_unlock(&view.lock);
}

/* The window's number, or -1. */
int driver_find(uint64_t address, uint64_t *offset, uint64_t *room)
{
    struct mb_slice slice;
    if (!mb_view_find(&view, address, &slice))
        return -1;
    *offset = slice.offset;
    *room = slice.room;
    return (int)slice.region->index;
}

/* ---- a race: window 0 goes between two places, window 1 lies over a part of it at times,
 * window 2 is always seen; a crowd before them comes and goes, so that all move in the array */
#define SIZE 0x1000ull
static const uint64_t places[2] = {0x10000, 0x40000};
#define STAYS 0x80000ull

static atomic_bool done;
static atomic_long wrong, looked;

static void judge(uint64_t address)
{
    uint64_t offset = 0, room = 0;
    int found = driver_find(address, &offset, &room);
    bool good = found < 0 ? address < STAYS
        : found == 0 ? offset == (address & (SIZE - 1)) && room <= SIZE - offset
        : found == 1 ? offset == (address & (SIZE - 1)) - 0x400 && room <= 0x400 - offset
        : address >= STAYS && offset == address - STAYS && room == SIZE - offset;
    atomic_fetch_add(&wrong, !good);
    atomic_fetch_add(&looked, 1);
}

static void *look(void *opaque)
{
    unsigned seed = (unsigned)(uintptr_t)opaque;
    while (!atomic_load(&done)) {
        seed = seed * 1103515245u + 12345u;
        uint64_t within = seed >> 8 & (SIZE - 1);
        judge(places[seed >> 4 & 1] + within);
        judge(STAYS + within);
    }
    return NULL;
}

static void move(unsigned step)
{
    uint64_t at = places[step & 1];
    pthread_mutex_lock(&view.lock);
    windows[0].start = at;
    windows[1].start = at + 0x400;
    windows[1].shown = step & 2;
    for (unsigned i = 3; i < WINDOWS; i++)
        windows[i].shown = step & 1;
    mb_view_renew(&view, list, WINDOWS);
    pthread_mutex_unlock(&view.lock);
}

int main(int argc, char **argv)
{
    unsigned steps = argc > 1 ? (unsigned)atoi(argv[1]) : 1000;
    pthread_t threads[3];
    driver_begin();
    driver_set(0, places[0], SIZE, MB_LAYER_FIXED, true);
    driver_set(1, places[0] + 0x400, 0x400, MB_LAYER_OVER, true);
    driver_set(2, STAYS, SIZE, MB_LAYER_FIXED, true);
    for (unsigned i = 3; i < WINDOWS; i++)
        driver_set(i, 0x100 * i, 0x80, MB_LAYER_FIXED, true);
    driver_renew(WINDOWS);
    for (uintptr_t i = 0; i < 3; i++)
        pthread_create(&threads[i], NULL, look, (void *)(i + 1));
    for (unsigned step = 0; step < steps; step++)
        move(step);
    atomic_store(&done, true);
    for (unsigned i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    driver_end();
    printf("%ld looked, %ld wrong\n", atomic_load(&looked), atomic_load(&wrong));
    return atomic_load(&wrong) != 0;
}
