/* Guest time and timers: a heap, and in real time a thread that rings.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Real time is the host's monotonic clock from the machine's making. With a virtual clock
 * the run loop says what time it is and calls mb_clock_ring. A timer rings once,
 * without any lock of the clock held, so it may set itself again. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>
#include "dev.h"

#define NOT_IN_HEAP SIZE_MAX

struct mb_clock {
    struct mb_machine *machine;
    int64_t base;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct mb_timer **heap;
    size_t count, capacity;
    pthread_t thread;
    bool threaded, quit;
};

static int64_t host_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000ll + now.tv_nsec;
}

int64_t mb_clock_ns(struct mb_machine *machine)
{
    if (machine->virtual_clock)
        return mb_runtime_virtual_ns(machine->runtime);
    return host_ns() - machine->clock->base;
}

int64_t mb_machine_clock_ns(struct mb_machine *machine)
{
    return mb_clock_ns(machine);
}

/* ---- the heap: earliest first; lock held --------------------------------------------- */
static void place(struct mb_clock *clock, size_t at, struct mb_timer *timer)
{
    clock->heap[at] = timer;
    timer->position = at;
}

static void sift_up(struct mb_clock *clock, size_t at)
{
    struct mb_timer *timer = clock->heap[at];
    for (; at && clock->heap[(at - 1) / 2]->deadline > timer->deadline; at = (at - 1) / 2)
        place(clock, at, clock->heap[(at - 1) / 2]);
    place(clock, at, timer);
}

static void sift_down(struct mb_clock *clock, size_t at)
{
    struct mb_timer *timer = clock->heap[at];
    for (;;) {
        size_t child = 2 * at + 1;
        if (child + 1 < clock->count &&
            clock->heap[child + 1]->deadline < clock->heap[child]->deadline)
            child++;
        if (child >= clock->count || clock->heap[child]->deadline >= timer->deadline)
            break;
        place(clock, at, clock->heap[child]);
        at = child;
    }
    place(clock, at, timer);
}

static void take_out(struct mb_clock *clock, struct mb_timer *timer)
{
    size_t at = timer->position;
    if (at == NOT_IN_HEAP)
        return;
    timer->position = NOT_IN_HEAP;
    timer->deadline = INT64_MAX;
    struct mb_timer *last = clock->heap[--clock->count];
    if (last == timer)
        return;
    place(clock, at, last);
    sift_down(clock, at);
    sift_up(clock, last->position);
}

static bool put_in(struct mb_clock *clock, struct mb_timer *timer)
{
    if (clock->count == clock->capacity) {
        size_t capacity = clock->capacity ? 2 * clock->capacity : 64;
        void *heap = realloc(clock->heap, capacity * sizeof *clock->heap);
        if (!heap)
            return false;
        clock->heap = heap;
        clock->capacity = capacity;
    }
    place(clock, clock->count++, timer);
    sift_up(clock, timer->position);
    return true;
}

/* ---- timers --------------------------------------------------------------------------- */
void mb_timer_init(struct mb_timer *timer, struct mb_machine *machine,
                   void (*ring)(void *opaque), void *opaque)
{
    *timer = (struct mb_timer){.machine = machine, .ring = ring, .opaque = opaque,
                               .deadline = INT64_MAX, .position = NOT_IN_HEAP};
}

static void tell_run_loop(struct mb_machine *machine)
{
    if (machine->virtual_clock && machine->runtime)
        mb_runtime_timer_changed(machine->runtime);
}

void mb_timer_set(struct mb_timer *timer, int64_t deadline_ns)
{
    struct mb_clock *clock = timer->machine->clock;
    pthread_mutex_lock(&clock->lock);
    take_out(clock, timer);
    timer->deadline = deadline_ns;
    bool full = deadline_ns != INT64_MAX && !put_in(clock, timer);
    if (clock->threaded && clock->count && clock->heap[0] == timer)
        pthread_cond_signal(&clock->changed);
    pthread_mutex_unlock(&clock->lock);
    if (full)
        mb_machine_post(timer->machine, MB_EVENT_ERROR, "no memory for a timer");
    tell_run_loop(timer->machine);
}

void mb_timer_cancel(struct mb_timer *timer)
{
    struct mb_clock *clock = timer->machine->clock;
    pthread_mutex_lock(&clock->lock);
    take_out(clock, timer);
    pthread_mutex_unlock(&clock->lock);
    tell_run_loop(timer->machine);
}

int64_t mb_clock_next(struct mb_machine *machine)
{
    struct mb_clock *clock = machine->clock;
    pthread_mutex_lock(&clock->lock);
    int64_t next = clock->count ? clock->heap[0]->deadline : INT64_MAX;
    pthread_mutex_unlock(&clock->lock);
    return next;
}

bool mb_clock_is_virtual(struct mb_machine *machine, int *ns_per_insn_shift)
{
    *ns_per_insn_shift = machine->ns_per_insn_shift;
    return machine->virtual_clock;
}

/* Rings the first timer if it is due; lock held, released while it rings. */
static bool ring_first(struct mb_clock *clock, int64_t now)
{
    if (clock->quit || !clock->count || clock->heap[0]->deadline > now)
        return false;
    struct mb_timer *timer = clock->heap[0];
    void (*ring)(void *) = timer->ring;
    void *opaque = timer->opaque;
    take_out(clock, timer);
    pthread_mutex_unlock(&clock->lock);
    ring(opaque);
    pthread_mutex_lock(&clock->lock);
    return true;
}

void mb_clock_ring(struct mb_machine *machine, int64_t now)
{
    pthread_mutex_lock(&machine->clock->lock);
    while (ring_first(machine->clock, now))
        ;
    pthread_mutex_unlock(&machine->clock->lock);
}

/* ---- the thread ------------------------------------------------------------------------ */
static void wait_until(struct mb_clock *clock, int64_t deadline)
{
    if (deadline > INT64_MAX - clock->base)
        deadline = INT64_MAX - clock->base;
    int64_t at = clock->base + deadline;
    struct timespec until = {.tv_sec = at / 1000000000, .tv_nsec = at % 1000000000};
    pthread_cond_timedwait(&clock->changed, &clock->lock, &until);
}

static void *ring_in_real_time(void *opaque)
{
    struct mb_clock *clock = opaque;
    prctl(PR_SET_TIMERSLACK, 1);       /* wake on time, not within the default 50 us */
    pthread_mutex_lock(&clock->lock);
    while (!clock->quit) {
        if (ring_first(clock, mb_clock_ns(clock->machine)))
            continue;
        if (clock->count)
            wait_until(clock, clock->heap[0]->deadline);
        else
            pthread_cond_wait(&clock->changed, &clock->lock);
    }
    pthread_mutex_unlock(&clock->lock);
    return NULL;
}

struct mb_clock *mb_clock_new(struct mb_machine *machine)
{
    struct mb_clock *clock = calloc(1, sizeof *clock);
    if (!clock)
        return NULL;
    clock->machine = machine;
    clock->base = host_ns();
    pthread_mutex_init(&clock->lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&clock->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (machine->virtual_clock)
        return clock;
    machine->clock = clock;            /* the thread asks for the time at once */
    clock->threaded = !pthread_create(&clock->thread, NULL, ring_in_real_time, clock);
    if (!clock->threaded) {
        machine->clock = NULL;
        mb_clock_free(clock);
        return NULL;
    }
    return clock;
}

void mb_clock_stop(struct mb_clock *clock)
{
    pthread_mutex_lock(&clock->lock);
    clock->quit = true;
    pthread_cond_broadcast(&clock->changed);
    pthread_mutex_unlock(&clock->lock);
    if (clock->threaded)
        pthread_join(clock->thread, NULL);
    clock->threaded = false;
}

void mb_clock_free(struct mb_clock *clock)
{
    if (!clock)
        return;
    mb_clock_stop(clock);
    pthread_cond_destroy(&clock->changed);
    pthread_mutex_destroy(&clock->lock);
    free(clock->heap);
    free(clock);
}
