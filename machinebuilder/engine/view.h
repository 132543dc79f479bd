/* What is seen on a bus, of windows that may lie over each other and move: view.c.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MB_VIEW_H
#define MB_VIEW_H

#include <pthread.h>
#include "bus.h"

struct mb_seen { uint64_t start, last, offset; struct mb_region *region; };

struct mb_view {
    pthread_mutex_t lock;                /* who changes windows or the view */
    uint32_t sequence;                   /* odd while `seen` changes */
    unsigned count, room;
    struct mb_seen *seen;                /* by address, without overlaps */
    uint64_t *edges;                     /* scratch, where windows begin or end */
};

void mb_view_init(struct mb_view *view);
void mb_view_free(struct mb_view *view);
/* Room for the view of `windows` windows; while nobody looks. False: no memory. */
bool mb_view_reserve(struct mb_view *view, unsigned windows);
/* The windows changed; with the lock. */
void mb_view_renew(struct mb_view *view, struct mb_region *const *windows, unsigned count);
bool mb_view_find(struct mb_view *view, uint64_t address, struct mb_slice *slice);

#endif
