/* Finding the block to run next, and linking blocks. SPDX-License-Identifier: Apache-2.0
 *
 * Three steps, each slower: the jump cache by (pc, flags), which translated code looks into by
 * itself; the hash by (host address of the code, pc, flags); translation. An entry of the jump
 * cache is right where pc's page is mapped as it was, in whatever address space.
 */
#include <stdlib.h>
#include <string.h>
#include "vcpu.h"

static uint64_t fetch_entry(const struct mb_vcpu *vcpu, uint64_t va)
{
    return vcpu->cpu->tables[MB_TABLE_EXEC + (mb_va(vcpu, va) >> MB_PAGE_BITS)];
}

static struct mb_block *cached(const struct mb_vcpu *vcpu)
{
    const struct mb_cpu *cpu = vcpu->cpu;
    const struct mb_jump *jump = &cpu->jumps[MB_JUMP_HASH(cpu->pc, cpu->key)];
    struct mb_block *block;
    if (jump->pc != cpu->pc || jump->flags != (uint32_t)cpu->key || !jump->owner ||
        jump->page != fetch_entry(vcpu, cpu->pc))
        return NULL;
    block = &vcpu->runtime->cache.blocks[jump->owner - 1];
    return block->host2 ? NULL : block;
}

static uint8_t *host_of(struct mb_vcpu *vcpu, uint64_t va)
{
    uint64_t ram_page, entry = fetch_entry(vcpu, va);
    uint32_t fault = MB_FAULT_BUS;
    struct mb_site site = {0};
    va = mb_va(vcpu, va);
    if (entry)
        return (uint8_t *)(entry + va);
    uint8_t *host = mb_code_host(vcpu, va, &ram_page, &fault);
    if (!host)
        mb_raise(vcpu, &site, va, MB_FETCH, fault);
    return host;
}

/* The second page only matters to blocks at the very end of the first one. */
static const uint8_t *second_page(struct mb_vcpu *vcpu, uint64_t pc)
{
    uint64_t next = mb_va(vcpu, (pc | MB_PAGE_MASK) + 1), ram_page;
    uint32_t fault;
    return mb_code_host(vcpu, next, &ram_page, &fault);
}

static unsigned kind_now(const struct mb_vcpu *vcpu)
{
    bool single = vcpu->single_next || vcpu->steps >= 0 || mb_trace & MB_TRACE_STEP ||
                  mb_is_breakpoint(vcpu->runtime, vcpu->cpu->pc);
    return (single ? MB_BLOCK_SINGLE : 0) | (vcpu->interpreted ? MB_BLOCK_INTERPRETED : 0);
}

static uint64_t page_of(const uint8_t *host)
{
    return (uint64_t)host & ~(uint64_t)MB_PAGE_MASK;
}

static struct mb_check check(uint64_t va_page, const uint8_t *host)
{
    return (struct mb_check){MB_TABLE_EXEC + (uint32_t)(va_page % MB_TABLE_ENTRIES),
                             page_of(host) - (va_page << MB_PAGE_BITS)};
}

/* Code that looks at a block's pages and more before it goes there; NULL: no room. Lock held. */
static const uint8_t *make_guard(struct mb_cache *cache, const struct mb_guard *guard)
{
    struct mb_arena *arena = &cache->first;
    const uint8_t *rx = cache->rx + arena->used;
    size_t used = mb_codegen_guard(cache->rw + arena->used, rx, arena->end - arena->used,
                                   guard);
    arena->used += (used + 15) & ~15u;
    return used ? rx : NULL;
}

/* Where indirect jumps enter a block on two pages: the jump cache compares the first, code
 * made here the second. Lock held. */
static const uint8_t *gate_of(struct mb_cache *cache, const struct mb_block *block)
{
    struct mb_guard guard = {
        .checks = {check((block->pc >> MB_PAGE_BITS) + 1, block->host2)}, .count = 1,
        .target = block->entry,
    };
    return make_guard(cache, &guard);
}

static const uint8_t *way_into(struct mb_vcpu *vcpu, struct mb_block *block)
{
    struct mb_cache *cache = &vcpu->runtime->cache;
    if (!block->host2 || block->kind)
        return block->entry;
    if (!block->gate) {
        pthread_mutex_lock(&cache->lock);
        block->gate = gate_of(cache, block);
        pthread_mutex_unlock(&cache->lock);
    }
    return block->gate;
}

/* Whoever kills the block meanwhile either finds the entry, or is seen here. */
static void remember(struct mb_vcpu *vcpu, struct mb_block *block)
{
    struct mb_jump *jump = &vcpu->cpu->jumps[MB_JUMP_HASH(block->pc, block->flags)];
    const uint8_t *way = way_into(vcpu, block);
    uint64_t page = fetch_entry(vcpu, block->pc);
    if (mb_trace & (MB_TRACE_EXEC | MB_TRACE_STEP) || !page || !way)
        return;
    __atomic_store_n(&jump->pc, UINT64_MAX, __ATOMIC_RELEASE);
    jump->page = page;
    jump->flags = block->flags;
    jump->code = way;
    __atomic_store_n(&jump->owner, (uint32_t)(block - vcpu->runtime->cache.blocks) + 1,
                     __ATOMIC_RELEASE);
    __atomic_store_n(&jump->pc, block->pc, __ATOMIC_SEQ_CST);
    if (atomic_load(&block->dead))
        __atomic_store_n(&jump->pc, UINT64_MAX, __ATOMIC_SEQ_CST);
}

struct mb_block *mb_block_find(struct mb_vcpu *vcpu)
{
    struct mb_cpu *cpu = vcpu->cpu;
    struct mb_block name = {.kind = kind_now(vcpu)}, *block = NULL;
    bool single = name.kind & MB_BLOCK_SINGLE;
    if (!single)
        block = cached(vcpu);
    if (block)
        return block;
    vcpu->stats.exits_jump++;
    name.pc = cpu->pc;
    name.flags = (uint32_t)cpu->key;
    name.host = host_of(vcpu, cpu->pc);
    if (mb_may_cross(cpu->pc))
        name.host2 = second_page(vcpu, cpu->pc);
    block = mb_cache_lookup(&vcpu->runtime->cache, &name);
    while (!block)
        block = mb_translate(vcpu, &name);
    if (!single)
        remember(vcpu, block);
    return block;
}

/* ---- the jump cache -------------------------------------------------------------------- */
bool mb_jumps_init(struct mb_vcpu *vcpu)
{
    vcpu->cpu->jumps = calloc((size_t)1 << MB_JUMP_BITS, sizeof *vcpu->cpu->jumps);
    if (vcpu->cpu->jumps)
        mb_jumps_forget(vcpu);
    return vcpu->cpu->jumps != NULL;
}

void mb_jumps_forget(struct mb_vcpu *vcpu)
{
    for (unsigned i = 0; i < 1u << MB_JUMP_BITS; i++)
        __atomic_store_n(&vcpu->cpu->jumps[i].pc, UINT64_MAX, __ATOMIC_RELAXED);
}

/* ---- links ----------------------------------------------------------------------------- */
/* A direct jump skips all look-ups. Within a page it stays right by itself: the page was
 * mapped when the block was entered, and a flush of it makes CPUs leave. */
static bool is_local(const struct mb_block *from, const struct mb_block *to)
{
    return from->pc >> MB_PAGE_BITS == to->pc >> MB_PAGE_BITS && !to->host2 &&
           page_of(from->host) == page_of(to->host);
}

/* Lock held. Where the jump may go: past a check of the target's pages, if it must. An
 * indirect one that cannot be linked looks up. */
static const void *way_to(struct mb_cache *cache, const struct mb_block *from,
                          uint32_t index, const struct mb_block *to)
{
    const struct mb_link *link = &from->code.links[index];
    uint64_t page = to->pc >> MB_PAGE_BITS;
    struct mb_guard guard = {
        .indirect = link->look_up, .pc = (uint32_t)to->pc, .flags = to->flags,
        .target = to->entry, .miss = from->entry + (link->look_up ? link->look_up : link->stub),
    };
    if (!is_local(from, to)) {
        guard.checks[guard.count++] = check(page, to->host);
        if (to->host2)
            guard.checks[guard.count++] = check(page + 1, to->host2);
    }
    if (!guard.count && !guard.indirect)
        return to->entry;
    const void *way = make_guard(cache, &guard);
    return way || !guard.indirect ? way : guard.miss;
}

static bool is_linkable(const struct mb_block *from, uint32_t index,
                        const struct mb_block *to)
{
    return !from->kind && !to->kind && index < from->code.link_count &&
           (from->code.links[index].look_up || from->code.links[index].pc == to->pc) &&
           !from->edges[index].to &&
           !atomic_load(&from->dead) && !atomic_load(&to->dead);
}

void mb_block_link(struct mb_vcpu *vcpu, const void *unit, uint32_t index,
                   struct mb_block *to)
{
    struct mb_cache *cache = &vcpu->runtime->cache;
    struct mb_block *from = ((const struct mb_unit_head *)unit - 1)->block;
    if (mb_trace & (MB_TRACE_EXEC | MB_TRACE_STEP) || !is_linkable(from, index, to))
        return;
    pthread_mutex_lock(&cache->lock);
    const void *way = is_linkable(from, index, to) ? way_to(cache, from, index, to) : NULL;
    if (way) {
        struct mb_edge *edge = &from->edges[index];
        edge->to = to;
        edge->next = to->incoming;
        to->incoming = edge;
        mb_code_link(cache->rw + (from->entry - cache->rx), from->entry,
                     &from->code.links[index], way);
    }
    pthread_mutex_unlock(&cache->lock);
}
