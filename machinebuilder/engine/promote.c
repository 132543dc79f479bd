/* The second tier: hot units are made again by a thread of their own, while the CPU goes on in
 * those it has. SPDX-License-Identifier: Apache-2.0
 *
 * Samples say which part of a page is hot (hot.c). The thread takes the units there, makes
 * each again without a lock, from the same bytes, into an arena that nobody else fills, and
 * puts all in the place of the old ones at once. Every byte of the page counts as code
 * meanwhile; if one that was read is written, what was made goes. CPUs then leave their units,
 * since one may be going round in an old one. Without work the thread sleeps.
 */
#include <signal.h>
#include <stdlib.h>
#include "vcpu.h"

enum { JOBS = 64, UNITS = 64 };

/* Bytes [first, first + size) of a page; user: run without privilege. */
struct job { uint64_t ram_page; unsigned first, size; bool user; };

struct mb_promoter {
    struct mb_runtime *runtime;
    pthread_t thread;
    bool started;
    pthread_mutex_t lock;       /* the queue */
    pthread_cond_t more;
    struct job jobs[JOBS];
    unsigned next, count;
    bool quit;
    pthread_mutex_t busy;       /* while guest code is read */
    struct mb_ir *ir;
    struct unit { struct mb_block *old; struct mb_block again; } units[UNITS];
    unsigned found;
    struct mb_arena arena;      /* as the cache's will be */
};

/* ---- the thread -------------------------------------------------------------------------- */
static bool is_wanted(struct mb_cache *cache, const struct mb_block *block, const struct job *job)
{
    unsigned offset = (unsigned)((uint64_t)block->host & MB_PAGE_MASK);
    bool again = block->code.site_count && mb_hot_needs_tables(cache, block);
    return !block->kind && !block->host2 && block->ram_page[0] == job->ram_page &&
           offset - job->first < job->size && (!block->hot || again);
}

/* What it is made from, copied: the old one goes when the cache is flushed. */
static struct unit unit_of(struct mb_block *old)
{
    return (struct unit){old, {
        .host = old->host, .pc = old->pc, .flags = old->flags, .hot = true,
        .ram_page = {old->ram_page[0], MB_NO_PAGE},
    }};
}

static void find_units(struct mb_promoter *promoter, const struct job *job)
{
    struct mb_cache *cache = &promoter->runtime->cache;
    promoter->found = 0;
    pthread_mutex_lock(&cache->lock);
    struct mb_block *block = cache->pages[job->ram_page].blocks;
    for (; block && promoter->found < UNITS;
         block = block->page_next[block->ram_page[0] == job->ram_page ? 0 : 1])
        if (is_wanted(cache, block, job))
            promoter->units[promoter->found++] = unit_of(block);
    if (promoter->found) {
        cache->watched_page = job->ram_page;
        cache->watched_written = 0;
        atomic_store(&cache->pages[job->ram_page].chunks, ~0ull);
        promoter->arena = cache->hot;
    }
    pthread_mutex_unlock(&cache->lock);
}

static bool may_use_window(struct mb_runtime *runtime, const struct mb_block *block,
                           const struct job *job)
{
    int windows = atomic_load(&runtime->windows);
    return windows == MB_WINDOWS_ALL || (windows == MB_WINDOWS_HOT && job->user &&
                                         !mb_hot_needs_tables(&runtime->cache, block));
}

/* Old ones whose bytes gave nothing new are left alone. */
static void make_units(struct mb_promoter *promoter, const struct job *job)
{
    struct mb_runtime *runtime = promoter->runtime;
    struct mb_arena *arena = &promoter->arena;
    unsigned made = 0;
    for (unsigned i = 0; i < promoter->found && !mb_arena_is_full(arena); i++) {
        struct mb_block *block = &arena->blocks[arena->count];
        *block = promoter->units[i].again;
        if (!mb_translate_again(runtime->vcpus[0], promoter->ir, arena,
                                may_use_window(runtime, block, job), block))
            continue;
        promoter->units[made++] = promoter->units[i];
        arena->count++;
    }
    promoter->found = made;
}

static bool is_disturbed(const struct mb_promoter *promoter, const struct job *job)
{
    const struct mb_arena *arena = &promoter->arena;
    uint64_t chunks = 0;
    for (unsigned i = 1; i <= promoter->found; i++)
        chunks |= mb_block_chunks(&arena->blocks[arena->count - i], job->ram_page);
    return chunks & promoter->runtime->cache.watched_written;
}

static void replace_units(struct mb_promoter *promoter)
{
    struct mb_cache *cache = &promoter->runtime->cache;
    uint32_t first = promoter->arena.count - promoter->found;
    cache->hot.used = promoter->arena.used;
    cache->hot.end = promoter->arena.end;
    __atomic_store_n(&cache->hot.count, promoter->arena.count, __ATOMIC_RELEASE);
    for (unsigned i = 0; i < promoter->found; i++) {
        mb_cache_insert(cache, &promoter->arena.blocks[first + i]);
        if (!atomic_load(&promoter->units[i].old->dead))
            mb_cache_remove(promoter->runtime, promoter->units[i].old);
    }
}

static void finish(struct mb_promoter *promoter, const struct job *job)
{
    struct mb_cache *cache = &promoter->runtime->cache;
    pthread_mutex_lock(&cache->lock);
    bool disturbed = is_disturbed(promoter, job);
    cache->watched_page = MB_NO_PAGE;
    if (promoter->found && !disturbed)
        replace_units(promoter);
    mb_cache_remark(cache, job->ram_page);
    pthread_mutex_unlock(&cache->lock);
}

static void promote(struct mb_promoter *promoter, const struct job *job)
{
    struct mb_runtime *runtime = promoter->runtime;
    if (runtime->breakpoint_count)
        return;
    find_units(promoter, job);
    if (!promoter->found)
        return;
    make_units(promoter, job);
    finish(promoter, job);
    if (mb_arena_is_full(&promoter->arena))
        atomic_store(&runtime->forget_code, true);
    mb_cpus_leave_units(runtime);
}

static bool next_job(struct mb_promoter *promoter, struct job *job)
{
    pthread_mutex_lock(&promoter->lock);
    while (!promoter->count && !promoter->quit)
        pthread_cond_wait(&promoter->more, &promoter->lock);
    bool found = !promoter->quit;
    if (found) {
        *job = promoter->jobs[promoter->next];
        promoter->next = (promoter->next + 1) % JOBS;
        promoter->count--;
    }
    pthread_mutex_unlock(&promoter->lock);
    return found;
}

static void *work(void *opaque)
{
    struct mb_promoter *promoter = opaque;
    struct job job;
    pthread_setname_np(pthread_self(), "mb tier 2");
    while (next_job(promoter, &job)) {
        pthread_mutex_lock(&promoter->busy);
        promote(promoter, &job);
        pthread_mutex_unlock(&promoter->busy);
    }
    return NULL;
}

/* ---- for others -------------------------------------------------------------------------- */
static bool start_thread(struct mb_promoter *promoter)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool started = pthread_create(&promoter->thread, NULL, work, promoter) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

bool mb_promoter_init(struct mb_runtime *runtime)
{
    struct mb_promoter *promoter = calloc(1, sizeof *promoter);
    mb_set_error("cannot start the thread of the second tier");
    if (!promoter)
        return false;
    promoter->runtime = runtime;
    pthread_mutex_init(&promoter->lock, NULL);
    pthread_mutex_init(&promoter->busy, NULL);
    pthread_cond_init(&promoter->more, NULL);
    promoter->ir = mb_ir_new();
    promoter->started = promoter->ir && start_thread(promoter);
    runtime->promoter = promoter;
    return promoter->started;
}

void mb_promoter_free(struct mb_runtime *runtime)
{
    struct mb_promoter *promoter = runtime->promoter;
    if (!promoter)
        return;
    pthread_mutex_lock(&promoter->lock);
    promoter->quit = true;
    pthread_cond_signal(&promoter->more);
    pthread_mutex_unlock(&promoter->lock);
    if (promoter->started)
        pthread_join(promoter->thread, NULL);
    pthread_mutex_destroy(&promoter->lock);
    pthread_mutex_destroy(&promoter->busy);
    pthread_cond_destroy(&promoter->more);
    mb_ir_free(promoter->ir);
    free(promoter);
    runtime->promoter = NULL;
}

void mb_promoter_pause(struct mb_runtime *runtime)
{
    if (runtime->promoter)
        pthread_mutex_lock(&runtime->promoter->busy);
}

void mb_promoter_resume(struct mb_runtime *runtime)
{
    if (runtime->promoter)
        pthread_mutex_unlock(&runtime->promoter->busy);
}

static bool is_queued(const struct mb_promoter *promoter, const struct job *job)
{
    for (unsigned i = 0; i < promoter->count; i++) {
        const struct job *other = &promoter->jobs[(promoter->next + i) % JOBS];
        if (other->ram_page == job->ram_page && other->user == job->user &&
            other->first <= job->first && job->first + job->size <= other->first + other->size)
            return true;
    }
    return false;
}

/* What finds the queue full is sampled again. */
void mb_promote(struct mb_runtime *runtime, uint64_t ram_page, unsigned first, unsigned size,
                bool user)
{
    struct mb_promoter *promoter = runtime->promoter;
    struct job job = {ram_page, first, size, user};
    if (!promoter)
        return;
    pthread_mutex_lock(&promoter->lock);
    if (promoter->count < JOBS && !is_queued(promoter, &job)) {
        promoter->jobs[(promoter->next + promoter->count++) % JOBS] = job;
        pthread_cond_signal(&promoter->more);
    }
    pthread_mutex_unlock(&promoter->lock);
}
