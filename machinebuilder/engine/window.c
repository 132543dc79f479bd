/* Windows: guest memory where the host's MMU finds it. SPDX-License-Identifier: Apache-2.0
 *
 * Behind each flat table lie 4 GiB of reserved addresses. Hot code reaches
 * guest memory at a fixed distance from its table, without looking anything up. A page
 * is mapped there when it is first touched: the access faults, the handler here finds
 * the flat table's entry and maps what it says; without an entry the code goes on at its
 * slow path. A page leaves the window when its entry leaves the table, never later, so a
 * window shows no more than its table allows.
 *
 * Pages are second views of guest RAM (mremap of a shared mapping). ROM has none, nor do
 * devices and stores to pages with code: units that meet those often are made again
 * without windows (hot.c).
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include "vcpu.h"

/* Of all CPUs: each may cost the kernel two areas, of which a process has 65530. */
enum { BUDGET = 24000, CLEARS = 64 };

static _Thread_local struct mb_vcpu *running;
static struct sigaction before;

/* After a table, in its window's shadow: which pages are mapped. */
struct mapped {
    uint64_t bits[MB_TABLE_ENTRIES / 64];
    unsigned count;
};

static struct mapped *mapped_of(const uint64_t *tables)
{
    return (struct mapped *)((char *)(uintptr_t)tables + MB_WINDOW_BITS);
}

static char *window_of(const uint64_t *tables)
{
    return (char *)(uintptr_t)tables + MB_WINDOW;
}

static void lock(struct mb_vcpu *vcpu)
{
    while (atomic_exchange_explicit(&vcpu->window_lock, true, memory_order_acquire))
        __builtin_ia32_pause();
}

static void unlock(struct mb_vcpu *vcpu)
{
    atomic_store_explicit(&vcpu->window_lock, false, memory_order_release);
}

static bool is_mapped(const uint64_t *tables, uint64_t va_page)
{
    return __atomic_load_n(&mapped_of(tables)->bits[va_page >> 6], __ATOMIC_SEQ_CST) >>
           (va_page & 63) & 1;
}

/* Lock held. */
static void set_mapped(struct mb_vcpu *vcpu, const uint64_t *tables, uint64_t va_page,
                       bool mapped)
{
    struct mapped *all = mapped_of(tables);
    uint64_t *word = &all->bits[va_page >> 6], bit = 1ull << (va_page & 63);
    if (is_mapped(tables, va_page) == mapped)
        return;
    __atomic_store_n(word, *word ^ bit, __ATOMIC_SEQ_CST);
    vcpu->window_pages += mapped ? 1 : -1u;
    all->count += mapped ? 1 : -1u;
}

static void reserve(char *at, size_t size)
{
    if (mmap(at, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED,
             -1, 0) == MAP_FAILED)
        abort();                /* a page that should be gone would stay */
}

/* ---- pages come ---- */
/* A second view of the host's page; one that may not be written is made so. */
static bool view(char *at, const char *host, bool writable)
{
    if (mremap((void *)(uintptr_t)host, 0, MB_PAGE_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED,
               at) == MAP_FAILED)
        return false;
    return writable || mprotect(at, MB_PAGE_SIZE, PROT_READ) == 0;
}

static uint64_t entry_of(const uint64_t *tables, uint64_t va_page, bool write)
{
    return __atomic_load_n(&tables[va_page + (write ? MB_TABLE_WRITE : 0)],
                           __ATOMIC_SEQ_CST);
}

/* The bit comes before the look at the entry, as whoever empties the entry looks at the
 * bit after that. */
static bool map_locked(struct mb_vcpu *vcpu, const uint64_t *tables, uint64_t va_page,
                       bool write)
{
    bool was_mapped = is_mapped(tables, va_page);
    set_mapped(vcpu, tables, va_page, true);
    uint64_t entry = entry_of(tables, va_page, write);
    char *at = window_of(tables) + (va_page << MB_PAGE_BITS);
    if (!entry) {
        set_mapped(vcpu, tables, va_page, was_mapped);
        return false;
    }
    if (view(at, (const char *)(entry + (va_page << MB_PAGE_BITS)),
             entry_of(tables, va_page, true) == entry))
        return true;
    reserve(at, MB_PAGE_SIZE);
    return false;
}

static bool map(struct mb_vcpu *vcpu, const uint64_t *tables, uint64_t va_page, bool write)
{
    if (vcpu->window_pages >= BUDGET / vcpu->runtime->count)
        return false;
    lock(vcpu);
    bool mapped = map_locked(vcpu, tables, va_page, write);
    unlock(vcpu);
    return mapped;
}

/* ---- pages go ---- */
void mb_window_drop(struct mb_vcpu *vcpu, const uint64_t *tables, uint64_t va_page)
{
    if (!is_mapped(tables, va_page))
        return;
    lock(vcpu);
    if (is_mapped(tables, va_page)) {
        reserve(window_of(tables) + (va_page << MB_PAGE_BITS), MB_PAGE_SIZE);
        set_mapped(vcpu, tables, va_page, false);
    }
    unlock(vcpu);
}

void mb_window_clear(struct mb_vcpu *vcpu, const uint64_t *tables)
{
    struct mapped *all = mapped_of(tables);
    if (!vcpu->window_pages || !all->count)
        return;
    lock(vcpu);
    for (unsigned i = 0; i < MB_TABLE_ENTRIES / 64; i++)
        if (all->bits[i])
            all->bits[i] = 0;
    reserve(window_of(tables), MB_WINDOW_SIZE);
    vcpu->window_pages -= all->count;
    all->count = 0;
    unlock(vcpu);
}

/* More pages than the host has areas for: begin anew; if that is of no use, do without. */
static void clear_all(struct mb_vcpu *vcpu)
{
    for (unsigned i = 0; i < MB_SPACES; i++)
        for (unsigned mode = 0; mode < vcpu->core->mmu_modes; mode++)
            if (vcpu->spaces[i].tables[0])
                mb_window_clear(vcpu, vcpu->spaces[i].tables[mode]);
    if (++vcpu->window_clears < CLEARS)
        return;
    atomic_store(&vcpu->runtime->windows, MB_WINDOWS_NONE);
    atomic_store(&vcpu->runtime->forget_code, true);
    __atomic_store_n(&vcpu->cpu->exit_request, 1, __ATOMIC_SEQ_CST);
}

/* ---- the slow path, after an access through a window missed ---- */
void mb_window_missed(struct mb_vcpu *vcpu, uint64_t va, bool write, uint64_t retaddr)
{
    struct mb_block *block;
    vcpu->window_missed = false;
    if (vcpu->window_pages >= BUDGET / vcpu->runtime->count)
        clear_all(vcpu);
    if (map(vcpu, vcpu->cpu->tables, va >> MB_PAGE_BITS, write))
        return;
    block = mb_cache_block_at(&vcpu->runtime->cache, (const void *)(uintptr_t)retaddr);
    if (block)
        mb_hot_hopeless(vcpu, block);
}

/* ---- the fault ---- */
static const struct mb_window_site *site_at(const struct mb_code *code, uint32_t host)
{
    uint32_t low = 0, high = code->site_count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (code->sites[middle].host < host)
            low = middle + 1;
        else
            high = middle;
    }
    return low < code->site_count && code->sites[low].host == host ? &code->sites[low]
                                                                   : NULL;
}

/* False: it is none of ours. */
static bool answer(struct mb_vcpu *vcpu, const siginfo_t *info, greg_t *regs)
{
    struct mb_cache *cache = &vcpu->runtime->cache;
    uint64_t rip = (uint64_t)regs[REG_RIP];
    if (rip - (uint64_t)cache->rx >= cache->size)
        return false;
    const uint64_t *tables = (const uint64_t *)regs[REG_RBX];
    struct mb_block *block = mb_cache_block_at(cache, (const void *)rip);
    const struct mb_window_site *site =
        block ? site_at(&block->code, (uint32_t)(rip - (uint64_t)block->entry)) : NULL;
    if (!site)
        return false;
    mb_hot_fault(vcpu, block);
    uint64_t va = (uint64_t)info->si_addr - (uint64_t)window_of(tables);
    bool write = regs[REG_ERR] & 2;
    if (va < MB_WINDOW_SIZE && map(vcpu, tables, va >> MB_PAGE_BITS, write))
        return true;
    vcpu->window_missed = true;
    regs[REG_RIP] = (greg_t)((uint64_t)block->entry + site->cold);
    return true;
}

static void pass_on(int number, siginfo_t *info, void *context)
{
    if (before.sa_flags & SA_SIGINFO)
        before.sa_sigaction(number, info, context);
    else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN)
        before.sa_handler(number);
    else
        signal(number, SIG_DFL);        /* it happens again, and ends the process */
}

static void on_fault(int number, siginfo_t *info, void *context)
{
    struct mb_vcpu *vcpu = running;
    if (!vcpu || !vcpu->in_code ||
        !answer(vcpu, info, ((ucontext_t *)context)->uc_mcontext.gregs))
        pass_on(number, info, context);
}

/* Others may take the signal over between two runs. */
void mb_window_install(void)
{
    struct sigaction ours = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO}, now;
    sigemptyset(&ours.sa_mask);
    if (sigaction(SIGSEGV, NULL, &now) || now.sa_sigaction == on_fault)
        return;
    before = now;
    sigaction(SIGSEGV, &ours, NULL);
}

enum mb_windows mb_windows_wanted(void)
{
    const char *wanted = getenv("MB_WINDOWS");
    if (wanted && !strcmp(wanted, "none"))
        return MB_WINDOWS_NONE;
    return wanted && !strcmp(wanted, "all") ? MB_WINDOWS_ALL : MB_WINDOWS_HOT;
}

void mb_window_enter(struct mb_vcpu *vcpu)
{
    running = vcpu;
}
