/* Which units are worth more: samples. SPDX-License-Identifier: Apache-2.0
 *
 * A timer of each CPU's thread counts the time it spends, not the time that passes, so a
 * guest that idles is left alone. It interrupts translated code; a unit that is found at
 * work repeatedly is hot, and made again: longer, as it follows branches and goes round its
 * loop several times (translate.c), and, if it is not privileged, with windows (window.c).
 * Windows cost some microseconds for each page that comes and goes: a unit whose accesses
 * fault more often than its samples pay for is made once more, with tables, for good.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>
#include "vcpu.h"
#include "api.h"

enum {
    PERIOD_NS = 1000000,
    HOT = 2,                    /* samples that make a unit hot */
    PREPAID = 768,              /* faults, */
    PAID = 12,                  /* and more for each sample */
    NEAR = 512,                 /* bytes of code around a hot unit that are so too */
    HOPELESS = 32,              /* accesses that no window can answer */
};

static _Thread_local struct mb_vcpu *sampled;

static uint64_t chunk_of(const struct mb_block *block)
{
    return 1ull << (((uint64_t)block->host & MB_PAGE_MASK) >> 6);
}

static struct mb_page *page_of(struct mb_cache *cache, const struct mb_block *block)
{
    return block->ram_page[0] == MB_NO_PAGE ? NULL : &cache->pages[block->ram_page[0]];
}

bool mb_hot_is(struct mb_cache *cache, const struct mb_block *block)
{
    const struct mb_page *page = page_of(cache, block);
    return page && atomic_load(&page->hot) & chunk_of(block);
}

bool mb_hot_needs_tables(struct mb_cache *cache, const struct mb_block *block)
{
    const struct mb_page *page = page_of(cache, block);
    return page && atomic_load(&page->tables) & chunk_of(block);
}

enum mb_units mb_units_wanted(void)
{
    const char *wanted = getenv("MB_UNITS");
    if (wanted && !strcmp(wanted, "short"))
        return MB_UNITS_SHORT;
    return wanted && !strcmp(wanted, "long") ? MB_UNITS_LONG : MB_UNITS_HOT;
}

static void judge(struct mb_vcpu *vcpu, struct mb_block *block)
{
    vcpu->judged = block;
    vcpu->judged_user = vcpu->mode == 0;
    __atomic_store_n(&vcpu->cpu->exit_request, 1, __ATOMIC_SEQ_CST);
}

/* ---- from signal handlers and slow paths: only count ---- */
static bool is_too_costly(const struct mb_block *block)
{
    return block->faults > PREPAID + PAID * block->samples;
}

void mb_hot_fault(struct mb_vcpu *vcpu, struct mb_block *block)
{
    block->faults++;
    if (is_too_costly(block) && atomic_load(&vcpu->runtime->windows) == MB_WINDOWS_HOT)
        judge(vcpu, block);
}

void mb_hot_hopeless(struct mb_vcpu *vcpu, struct mb_block *block)
{
    block->faults += (PREPAID + PAID * block->samples) / HOPELESS;
    mb_hot_fault(vcpu, block);
}

/* The unit that runs, or that waits for a slow path. */
static struct mb_block *at_work(struct mb_vcpu *vcpu, const ucontext_t *context)
{
    struct mb_cache *cache = &vcpu->runtime->cache;
    uint64_t rip = (uint64_t)context->uc_mcontext.gregs[REG_RIP];
    if (rip - (uint64_t)cache->rx >= cache->size)
        rip = vcpu->slow_from;
    return rip ? mb_cache_block_at(cache, (const void *)(uintptr_t)rip) : NULL;
}

/* Again at twice as many, if nothing came of it. */
static bool is_time(uint32_t samples)
{
    return samples >= HOT && (samples & (samples - 1)) == 0;
}

static void on_sample(int number, siginfo_t *info, void *context)
{
    struct mb_vcpu *vcpu = sampled;
    struct mb_block *block =
        vcpu && vcpu->in_code ? at_work(vcpu, (const ucontext_t *)context) : NULL;
    if (vcpu && !block)
        vcpu->samples_elsewhere++;
    if (block && is_time(++block->samples) && !block->hot)
        judge(vcpu, block);
}

/* ---- between units ---- */
/* What is hot has hot neighbours: the rest of a loop, of a function. */
static unsigned around(unsigned offset, unsigned *size)
{
    unsigned first = offset > NEAR ? offset - NEAR : 0;
    unsigned end = offset + NEAR < MB_PAGE_SIZE ? offset + NEAR : MB_PAGE_SIZE;
    *size = end - first;
    return first;
}

bool mb_hot_wants_samples(const struct mb_runtime *runtime)
{
    return !runtime->virtual_clock && !runtime->kvm &&
           (atomic_load(&runtime->windows) == MB_WINDOWS_HOT ||
            runtime->units == MB_UNITS_HOT);
}

void mb_hot_answer(struct mb_vcpu *vcpu)
{
    struct mb_block *block = vcpu->judged;
    struct mb_page *page = block ? page_of(&vcpu->runtime->cache, block) : NULL;
    vcpu->judged = NULL;
    if (!page || atomic_load(&block->dead))
        return;
    unsigned first = (unsigned)((uint64_t)block->host & MB_PAGE_MASK), size = 1;
    if (is_too_costly(block)) {
        atomic_fetch_or(&page->tables, mb_chunks(first, size));
    } else {
        first = around(first, &size);
        atomic_fetch_or(&page->hot, mb_chunks(first, size));
    }
    mb_promote(vcpu->runtime, block->ram_page[0], first, size, vcpu->judged_user);
}

/* ---- what was seen ---- */
static uint64_t elsewhere_of(const struct mb_runtime *runtime)
{
    uint64_t samples = 0;
    for (unsigned i = 0; i < runtime->count; i++)
        samples += runtime->vcpus[i]->samples_elsewhere;
    return samples;
}

static size_t take_rows(const struct mb_arena *arena, struct mb_profile_row *rows,
                        size_t capacity, size_t found)
{
    for (uint32_t i = 0; i < arena->count; i++) {
        const struct mb_block *block = &arena->blocks[i];
        if (!block->samples)
            continue;
        if (found < capacity)
            rows[found] = (struct mb_profile_row){block->pc, block->samples,
                                                  mb_block_tier(block)};
        found++;
    }
    return found;
}

size_t mb_machine_profile(struct mb_machine *machine, struct mb_profile_row *rows,
                          size_t capacity, uint64_t *elsewhere)
{
    struct mb_cache *cache = &machine->runtime->cache;
    size_t found = 0;
    *elsewhere = elsewhere_of(machine->runtime);
    if (!machine->runtime->prepared || machine->runtime->kvm)
        return 0;
    pthread_mutex_lock(&cache->lock);
    found = take_rows(&cache->first, rows, capacity, found);
    found = take_rows(&cache->hot, rows, capacity, found);
    pthread_mutex_unlock(&cache->lock);
    return rows && found > capacity ? capacity : found;
}

/* ---- the timer ---- */
static bool start_timer(timer_t *timer)
{
    struct sigaction action = {.sa_sigaction = on_sample,
                               .sa_flags = SA_SIGINFO | SA_RESTART};
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID,
                             .sigev_signo = MB_SAMPLE_SIGNAL};
    struct itimerspec period = {{0, PERIOD_NS}, {0, PERIOD_NS}};
    event._sigev_un._tid = (int)syscall(SYS_gettid);
    sigemptyset(&action.sa_mask);
    if (sigaction(MB_SAMPLE_SIGNAL, &action, NULL) ||
        timer_create(CLOCK_THREAD_CPUTIME_ID, &event, timer))
        return false;
    timer_settime(*timer, 0, &period, NULL);
    return true;
}

void mb_hot_begin(struct mb_vcpu *vcpu)
{
    sampled = vcpu;
    vcpu->sampling = mb_hot_wants_samples(vcpu->runtime) && start_timer(&vcpu->sample_timer);
}

void mb_hot_end(struct mb_vcpu *vcpu)
{
    if (vcpu->sampling)
        timer_delete(vcpu->sample_timer);
    vcpu->sampling = false;
    sampled = NULL;
}
