/* The code cache: memory for translations, the index of blocks, dropping them.
 * SPDX-License-Identifier: Apache-2.0
 *
 * One memfd is mapped twice, writable and executable; the first tier fills it from the bottom,
 * hot units a part at its end. Nothing is freed by itself: a block that dies is unlinked and
 * forgotten, its code may still be running on another CPU and stays until the cache is full;
 * then everything goes at once, while every CPU is outside translated code.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "vcpu.h"

#define CODE_KIB (128u << 10)
#define MAX_BLOCKS (256u << 10)
#define FIRST_BLOCKS (224u << 10)
#define HASH_BITS 17
#define TOUCHED (256u << 10)    /* at once */

static size_t code_size(void)
{
    const char *kib = getenv("MB_CODE_KIB");       /* small ones are for tests */
    unsigned long size = kib ? strtoul(kib, NULL, 10) : 0;
    if (size < 256 || size > 1u << 20)
        size = CODE_KIB;
    return (size_t)size << 10;
}

static void *lazy(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

static bool map_code(struct mb_cache *cache)
{
    int fd = memfd_create("mb-code", MFD_CLOEXEC);
    void *rw = MAP_FAILED, *rx = MAP_FAILED;
    cache->size = code_size();
    if (fd >= 0 && ftruncate(fd, (off_t)cache->size) == 0) {
        rw = mmap(NULL, cache->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        rx = mmap(NULL, cache->size, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
    }
    if (fd >= 0)
        close(fd);
    cache->rw = rw == MAP_FAILED ? NULL : rw;
    cache->rx = rx == MAP_FAILED ? NULL : rx;
    return cache->rw && cache->rx;
}

/* Memory a piece at a time: that is cheaper than a fault for each page. If the host cannot,
 * there will be faults. */
void mb_cache_touch(struct mb_cache *cache)
{
    if (cache->tables_touched - cache->code_touched < 2 * TOUCHED)
        return;
    if (cache->code_touched < cache->first.used + MB_ROOM) {
        madvise(cache->rw + cache->code_touched, TOUCHED, MADV_POPULATE_WRITE);
        madvise(cache->rx + cache->code_touched, TOUCHED, MADV_POPULATE_READ);
        cache->code_touched += TOUCHED;
    }
    if (cache->tables_touched + MB_ROOM > cache->first.end) {
        cache->tables_touched -= TOUCHED;
        madvise(cache->rw + cache->tables_touched, TOUCHED, MADV_POPULATE_WRITE);
    }
}

/* The thunks have been made at the start. A quarter of the code is for hot units. */
static void divide(struct mb_cache *cache, size_t thunks)
{
    size_t end = cache->size - cache->size / 4;
    cache->code_touched = 0;
    cache->tables_touched = end;
    cache->first = (struct mb_arena){.base = thunks, .used = thunks, .end = end,
                                     .limit = end, .blocks = cache->blocks,
                                     .capacity = FIRST_BLOCKS};
    cache->hot = (struct mb_arena){.base = end, .used = end, .end = cache->size,
                                   .limit = cache->size,
                                   .blocks = cache->blocks + FIRST_BLOCKS,
                                   .capacity = MAX_BLOCKS - FIRST_BLOCKS};
}

bool mb_cache_init(struct mb_cache *cache, uint64_t ram_pages)
{
    pthread_mutex_init(&cache->lock, NULL);
    cache->page_count = ram_pages;
    cache->watched_page = MB_NO_PAGE;
    cache->hash = lazy(sizeof *cache->hash << HASH_BITS);
    cache->blocks = lazy(sizeof *cache->blocks * MAX_BLOCKS);
    cache->pages = lazy(sizeof *cache->pages * (ram_pages + 1));
    cache->ir = mb_ir_new();
    if (!cache->hash || !cache->blocks || !cache->pages || !cache->ir || !map_code(cache)) {
        mb_set_error("not enough memory for the code cache");
        return false;
    }
    size_t thunks = mb_codegen_thunks(cache->rw, cache->rx, cache->size);
    divide(cache, (thunks + 63) & ~(size_t)63);
    return true;
}

static void free_blocks(struct mb_arena *arena)
{
    for (uint32_t i = 0; i < arena->count; i++)
        mb_ir_free(arena->blocks[i].ir);
}

void mb_cache_free(struct mb_cache *cache)
{
    free_blocks(&cache->first);
    free_blocks(&cache->hot);
    mb_ir_free(cache->ir);
    if (cache->rw)
        munmap(cache->rw, cache->size);
    if (cache->rx)
        munmap(cache->rx, cache->size);
    if (cache->hash)
        munmap(cache->hash, sizeof *cache->hash << HASH_BITS);
    if (cache->blocks)
        munmap(cache->blocks, sizeof *cache->blocks * MAX_BLOCKS);
    if (cache->pages)
        munmap(cache->pages, sizeof *cache->pages * (cache->page_count + 1));
    pthread_mutex_destroy(&cache->lock);
}

/* ---- pages --------------------------------------------------------------------------- */
static struct mb_block **next_on(struct mb_block *block, uint64_t ram_page)
{
    return &block->page_next[block->ram_page[0] == ram_page ? 0 : 1];
}

/* The part of page `ram_page` that the block was made from. */
static void extent(const struct mb_block *block, uint64_t ram_page, unsigned *first,
                   unsigned *last)
{
    uint64_t edge = (block->pc | MB_PAGE_MASK) + 1;
    if (block->ram_page[0] == ram_page) {
        *first = block->low & MB_PAGE_MASK;
        *last = block->high > edge ? MB_PAGE_MASK : (block->high - 1) & MB_PAGE_MASK;
    } else {
        *first = 0;
        *last = (block->high - 1) & MB_PAGE_MASK;
    }
}

uint64_t mb_block_chunks(const struct mb_block *block, uint64_t ram_page)
{
    unsigned first, last;
    extent(block, ram_page, &first, &last);
    return mb_chunks(first, last - first + 1);
}

static void publish(struct mb_cache *cache, uint64_t ram_page)
{
    struct mb_page *page = &cache->pages[ram_page];
    atomic_store(&page->chunks, ram_page == cache->watched_page ? ~0ull : page->held);
}

void mb_cache_remark(struct mb_cache *cache, uint64_t ram_page)
{
    struct mb_page *page = &cache->pages[ram_page];
    page->held = 0;
    for (struct mb_block *block = page->blocks; block; block = *next_on(block, ram_page))
        page->held |= mb_block_chunks(block, ram_page);
    publish(cache, ram_page);
    if (!page->held) {              /* what comes next may be other code */
        atomic_store(&page->hot, 0);
        atomic_store(&page->tables, 0);
    }
}

/* ---- the index ----------------------------------------------------------------------- */
static struct mb_block *_Atomic *bucket(struct mb_cache *cache, const uint8_t *host,
                                        uint64_t pc, uint32_t flags)
{
    uint64_t hash = ((uint64_t)host ^ pc << 7 ^ (uint64_t)flags << 32) *
                    0x9e3779b97f4a7c15ull;
    return &cache->hash[hash >> (64 - HASH_BITS)];
}

/* Without a lock: blocks stay readable until a flush, which waits for us. */
struct mb_block *mb_cache_lookup(struct mb_cache *cache, const struct mb_block *wanted)
{
    struct mb_block *block =
        atomic_load(bucket(cache, wanted->host, wanted->pc, wanted->flags));
    for (; block; block = atomic_load(&block->next))
        if (block->host == wanted->host && block->pc == wanted->pc &&
            block->flags == wanted->flags && block->kind == wanted->kind &&
            (!block->host2 || block->host2 == wanted->host2))
            return block;
    return NULL;
}

static void list_on_page(struct mb_cache *cache, struct mb_block *block, unsigned i)
{
    if (block->ram_page[i] == MB_NO_PAGE)
        return;
    struct mb_page *page = &cache->pages[block->ram_page[i]];
    block->page_next[i] = page->blocks;
    page->blocks = block;
    page->held |= mb_block_chunks(block, block->ram_page[i]);
    publish(cache, block->ram_page[i]);
}

void mb_cache_insert(struct mb_cache *cache, struct mb_block *block)
{
    struct mb_block *_Atomic *head = bucket(cache, block->host, block->pc, block->flags);
    list_on_page(cache, block, 0);
    list_on_page(cache, block, 1);
    atomic_store(&block->next, atomic_load(head));
    atomic_store(head, block);
    cache->blocks_made++;
    cache->block_bytes += block->code.size;
    cache->guest_bytes += block->high - block->low;
}

/* The block whose code holds the address: they lie in order. */
struct mb_block *mb_cache_block_at(struct mb_cache *cache, const void *code)
{
    bool is_hot = (const uint8_t *)code >= cache->rx + cache->hot.base;
    struct mb_arena *arena = is_hot ? &cache->hot : &cache->first;
    uint32_t low = 0, high = __atomic_load_n(&arena->count, __ATOMIC_ACQUIRE);
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if ((const uint8_t *)code < arena->blocks[middle].entry)
            high = middle;
        else
            low = middle + 1;
    }
    return low ? &arena->blocks[low - 1] : NULL;
}

/* ---- death --------------------------------------------------------------------------- */
static void leave_page(struct mb_cache *cache, struct mb_block *block, unsigned i)
{
    if (block->ram_page[i] == MB_NO_PAGE)
        return;
    struct mb_block **at = &cache->pages[block->ram_page[i]].blocks;
    while (*at != block)
        at = next_on(*at, block->ram_page[i]);
    *at = block->page_next[i];
}

static void leave_hash(struct mb_cache *cache, struct mb_block *block)
{
    struct mb_block *_Atomic *at = bucket(cache, block->host, block->pc, block->flags);
    while (atomic_load(at) != block)
        at = &atomic_load(at)->next;
    atomic_store(at, atomic_load(&block->next));    /* its own `next` stays for readers */
}

static void unlink_incoming(struct mb_cache *cache, struct mb_block *block)
{
    for (struct mb_edge *edge = block->incoming; edge; edge = edge->next) {
        struct mb_block *from = edge->from;
        mb_code_link(cache->rw + (from->entry - cache->rx), from->entry,
                     &from->code.links[edge->index], NULL);
        edge->to = NULL;
    }
    block->incoming = NULL;
}

static void unlink_outgoing(struct mb_block *block)
{
    for (uint32_t i = 0; block->edges && i < block->code.link_count; i++) {
        struct mb_edge *edge = &block->edges[i], **at;
        if (!edge->to)
            continue;
        for (at = &edge->to->incoming; *at != edge; at = &(*at)->next)
            ;
        *at = edge->next;
        edge->to = NULL;
    }
}

static void forget_jumps(struct mb_runtime *runtime, const struct mb_block *block)
{
    uint32_t owner = (uint32_t)(block - runtime->cache.blocks) + 1;
    for (unsigned i = 0; i < runtime->count; i++) {
        struct mb_jump *jumps = runtime->vcpus[i]->cpu->jumps,
                       *jump = &jumps[MB_JUMP_HASH(block->pc, block->flags)];
        if (__atomic_load_n(&jump->owner, __ATOMIC_SEQ_CST) == owner)
            __atomic_store_n(&jump->pc, UINT64_MAX, __ATOMIC_SEQ_CST);
    }
}

void mb_cache_remove(struct mb_runtime *runtime, struct mb_block *block)
{
    struct mb_cache *cache = &runtime->cache;
    atomic_store(&block->dead, true);
    leave_hash(cache, block);
    leave_page(cache, block, 0);
    leave_page(cache, block, 1);
    unlink_incoming(cache, block);
    unlink_outgoing(block);
    forget_jumps(runtime, block);
}

/* A CPU may be going round in a unit that is dead. */
void mb_cpus_leave_units(struct mb_runtime *runtime)
{
    for (unsigned i = 0; i < runtime->count; i++)
        __atomic_store_n(&runtime->vcpus[i]->cpu->exit_request, 1, __ATOMIC_SEQ_CST);
}

/* Drop what was translated from these bytes of the page. Any thread, no lock held. */
void mb_cache_written(struct mb_runtime *runtime, uint64_t ram_page, unsigned offset,
                      unsigned size)
{
    struct mb_cache *cache = &runtime->cache;
    pthread_mutex_lock(&cache->lock);
    if (ram_page == cache->watched_page)
        cache->watched_written |= mb_chunks(offset, size);
    struct mb_block *block = cache->pages[ram_page].blocks, *next;
    bool removed = false;
    for (; block; block = next) {
        unsigned first, last;
        next = *next_on(block, ram_page);
        extent(block, ram_page, &first, &last);
        if (offset <= last && offset + size > first) {
            mb_cache_remove(runtime, block);
            cache->invalidations++;
            removed = true;
        }
    }
    mb_cache_remark(cache, ram_page);
    pthread_mutex_unlock(&cache->lock);
    if (removed)
        mb_cpus_leave_units(runtime);
}

void mb_code_written(struct mb_machine *machine, uint64_t ram_page, uint64_t pages)
{
    struct mb_runtime *runtime = machine->runtime;
    if (!runtime || !runtime->prepared)
        return;
    atomic_thread_fence(memory_order_seq_cst);
    for (uint64_t page = ram_page; page < ram_page + pages; page++)
        if (page < runtime->cache.page_count && atomic_load(&runtime->cache.pages[page].chunks))
            mb_cache_written(runtime, page, 0, MB_PAGE_SIZE);
}

static void empty(struct mb_cache *cache, struct mb_arena *arena)
{
    for (uint32_t i = 0; i < arena->count; i++) {
        struct mb_block *block = &arena->blocks[i];
        for (unsigned side = 0; side < 2; side++)
            if (block->ram_page[side] != MB_NO_PAGE) {
                cache->pages[block->ram_page[side]].blocks = NULL;
                cache->pages[block->ram_page[side]].held = 0;
                atomic_store(&cache->pages[block->ram_page[side]].chunks, 0);
            }
        mb_ir_free(block->ir);
    }
    memset(arena->blocks, 0, sizeof *arena->blocks * arena->count);
    arena->count = 0;
    arena->used = arena->base;
    arena->end = arena->limit;
}

void mb_cache_flush(struct mb_runtime *runtime)
{
    struct mb_cache *cache = &runtime->cache;
    empty(cache, &cache->first);
    empty(cache, &cache->hot);
    memset((void *)cache->hash, 0, sizeof *cache->hash << HASH_BITS);
    for (unsigned i = 0; i < runtime->count; i++)
        mb_jumps_forget(runtime->vcpus[i]);
    cache->watched_written = ~0ull;
    cache->flushes++;
    atomic_fetch_add(&cache->generation, 1);
}

void mb_cache_renew(struct mb_vcpu *vcpu, uint32_t generation)
{
    struct mb_cache *cache = &vcpu->runtime->cache;
    mb_exclusive_begin(vcpu);
    pthread_mutex_lock(&cache->lock);
    if (generation == atomic_load(&cache->generation))
        mb_cache_flush(vcpu->runtime);
    pthread_mutex_unlock(&cache->lock);
    mb_exclusive_end(vcpu);
}
