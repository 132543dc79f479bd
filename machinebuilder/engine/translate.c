/* Translating one block: fetching its code, marking its pages, generating host code.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Before code is read its page is marked, and write entries for it are taken back from
 * every CPU; if another CPU had one, it may be between reading the entry and storing,
 * so we wait until it has left translated code once.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "vcpu.h"

#define CALL_SIZE 8             /* bytes of a call at most, with its delay slot */
#define MAX_CALLS 8             /* within one another, in one unit */
#define MAX_COPIES 8            /* of a loop in one unit */

struct fetch {
    struct mb_vcpu *vcpu;
    struct mb_block *block;
    uint64_t first_page;        /* virtual page of the block's pc */
    const uint8_t *host[2];     /* pages */
    bool wait;                  /* another CPU could write to the second page */
    bool long_unit;             /* follow branches */
    bool window;                /* reach memory through the window */
    bool second_tier;           /* on another thread than the CPU's: its MMU is not to be asked */
    unsigned copies;            /* of the unit's own loop, so far */
    struct { uint64_t target; uint32_t flags; } returns[MAX_CALLS];
    unsigned calls;             /* followed and not returned from */
    uint64_t seen[MB_PAGE_SIZE / 64];   /* bit for each byte where an instruction began */
    uint32_t fault;             /* of the second page */
};

int64_t mb_host_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000ll + now.tv_nsec;
}

/* Where code at `va` is in host memory; NULL with a fault code if it cannot be fetched. */
uint8_t *mb_code_host(struct mb_vcpu *vcpu, uint64_t va, uint64_t *ram_page,
                      uint32_t *fault)
{
    struct mb_mapping *mapping = mb_resolve(vcpu, va, MB_FETCH, vcpu->mode, fault);
    if (!mapping)
        return NULL;
    *fault = MB_FAULT_BUS;      /* devices do not give code */
    *ram_page = mapping->ram_page;
    return mapping->host ? mapping->host + (va & MB_PAGE_MASK) : NULL;
}

/* Lock held. True if another CPU had a way to write there without us noticing. */
static bool mark(struct mb_vcpu *vcpu, uint64_t ram_page)
{
    struct mb_runtime *runtime = vcpu->runtime;
    bool others = false;
    if (ram_page == MB_NO_PAGE || atomic_exchange(&runtime->cache.pages[ram_page].chunks, ~0ull))
        return false;
    for (unsigned i = 0; i < runtime->count; i++)
        if (mb_space_drop_writers(runtime->vcpus[i], ram_page))
            others |= runtime->vcpus[i] != vcpu;
    return others;
}

static bool enter_second_page(struct fetch *fetch, uint64_t va)
{
    struct mb_block *block = fetch->block;
    uint64_t ram_page;
    if (fetch->second_tier)
        return false;
    if (!fetch->host[1]) {
        const uint8_t *host = mb_code_host(fetch->vcpu, va, &ram_page, &fetch->fault);
        if (!host)
            return false;
        fetch->host[1] = block->host2 =
            (const uint8_t *)((uint64_t)host & ~(uint64_t)MB_PAGE_MASK);
        block->ram_page[1] = ram_page;
        fetch->wait |= mark(fetch->vcpu, ram_page);
    }
    return true;
}

static void widen(struct mb_block *block, uint64_t va, unsigned size)
{
    if (va < block->low)
        block->low = va;
    if (va + size > block->high)
        block->high = va + size;
}

/* A unit ends before a breakpoint. */
bool mb_tr_may_begin(const struct mb_tr *tr, uint64_t va)
{
    struct fetch *fetch = tr->fetch;
    va = mb_va(fetch->vcpu, va);
    return va == fetch->block->pc || !mb_is_breakpoint(fetch->vcpu->runtime, va);
}

static bool was_seen(const struct fetch *fetch, uint64_t va)
{
    return fetch->seen[(va & MB_PAGE_MASK) / 64] >> va % 64 & 1;
}

static void see(struct fetch *fetch, uint64_t va)
{
    fetch->seen[(va & MB_PAGE_MASK) / 64] |= 1ull << va % 64;
}

/* Round once more, if there is room for all of it. */
static bool goes_round(struct fetch *fetch, const struct mb_tr *tr)
{
    unsigned insns = tr->insns + 1, length = insns / fetch->copies;
    if (tr->flags != fetch->block->flags || fetch->copies == MAX_COPIES ||
        insns + length > tr->max_insns)
        return false;
    fetch->copies++;
    return true;
}

/* A loop is unrolled where it is entered, at the start of a unit: to go round in the middle of
 * one would make others begin at every stage of the loop. */
bool mb_tr_follows(struct mb_tr *tr, uint64_t target, bool conditional)
{
    struct fetch *fetch = tr->fetch;
    uint64_t va = mb_va(fetch->vcpu, target);
    if (!fetch->long_unit || va >> MB_PAGE_BITS != fetch->first_page)
        return false;
    if (va == fetch->block->pc)
        return goes_round(fetch, tr);
    if (fetch->calls && va == mb_va(fetch->vcpu, fetch->returns[fetch->calls - 1].target))
        fetch->calls--;
    return !conditional && !was_seen(fetch, va) && tr->insns + 1 < tr->max_insns &&
           mb_tr_may_begin(tr, va);
}

/* Did the instruction under way, which stands before `behind`, put its own address or the next
 * one's somewhere? That is what calls do. */
static bool is_call(const struct mb_ir *ir, uint64_t behind)
{
    uint64_t value;
    for (uint32_t i = ir->count; --i && ir->ops[i].code != MB_IR_INSN;) {
        const struct mb_op *op = &ir->ops[i];
        if (op->code == MB_IR_PUT && op->width >= 4 && mb_ir_is_const(ir, op->in[0], &value) &&
            value - (behind - CALL_SIZE) <= CALL_SIZE + 1)
            return true;
    }
    return false;
}

void mb_tr_called(struct mb_tr *tr, uint64_t behind)
{
    struct fetch *fetch = tr->fetch;
    if (fetch->calls == MAX_CALLS || tr->target == behind || !is_call(tr->ir, behind))
        return;
    fetch->returns[fetch->calls].target = behind;
    fetch->returns[fetch->calls++].flags = tr->flags;
}

bool mb_tr_foretells(struct mb_tr *tr, uint64_t *target, uint32_t *flags)
{
    struct fetch *fetch = tr->fetch;
    if (!fetch->calls || tr->insns + 1 >= tr->max_insns)
        return false;
    *target = fetch->returns[--fetch->calls].target;
    *flags = fetch->returns[fetch->calls].flags;
    return mb_va(fetch->vcpu, *target) >> MB_PAGE_BITS == fetch->first_page;
}

/* Only an instruction that begins on the first page may end on the next. */
static bool fetch_byte(struct mb_tr *tr, uint64_t va, uint8_t *out)
{
    struct fetch *fetch = tr->fetch;
    uint64_t page = va >> MB_PAGE_BITS, insn_page = mb_va(fetch->vcpu, tr->pc) >> MB_PAGE_BITS;
    if (insn_page != fetch->first_page)
        return false;
    if (page == fetch->first_page)
        *out = fetch->host[0][va & MB_PAGE_MASK];
    else if (page == fetch->first_page + 1 && mb_may_cross(fetch->block->pc) &&
             enter_second_page(fetch, va))
        *out = fetch->host[1][va & MB_PAGE_MASK];
    else
        return false;
    widen(fetch->block, va, 1);
    return true;
}

static bool fetch_bytes(struct mb_tr *tr, uint64_t va, void *out, unsigned size)
{
    struct fetch *fetch = tr->fetch;
    if (va == tr->pc && !mb_tr_may_begin(tr, va))
        return false;
    va = mb_va(fetch->vcpu, va);
    if (fetch->long_unit)
        see(fetch, va);
    if (va >> MB_PAGE_BITS == fetch->first_page &&
        (va + size - 1) >> MB_PAGE_BITS == fetch->first_page) {
        memcpy(out, fetch->host[0] + (va & MB_PAGE_MASK), size);
        widen(fetch->block, va, size);
        return true;
    }
    for (unsigned i = 0; i < size; i++)
        if (!fetch_byte(tr, mb_va(fetch->vcpu, va + i), (uint8_t *)out + i))
            return false;
    return true;
}

bool mb_tr_fetch8(struct mb_tr *tr, uint64_t va, uint8_t *out)
{
    return fetch_bytes(tr, va, out, sizeof *out);
}

bool mb_tr_fetch16(struct mb_tr *tr, uint64_t va, uint16_t *out)
{
    return fetch_bytes(tr, va, out, sizeof *out);
}

bool mb_tr_fetch32(struct mb_tr *tr, uint64_t va, uint32_t *out)
{
    return fetch_bytes(tr, va, out, sizeof *out);
}

static void build_ir(struct fetch *fetch, struct mb_ir *ir, unsigned max_insns)
{
    struct mb_block *block = fetch->block;
    struct mb_tr tr = {
        .ir = ir, .cpu = fetch->vcpu->cpu, .pc = block->pc, .flags = block->flags,
        .max_insns = max_insns, .fetch = fetch,
    };
    block->low = block->high = block->pc;
    fetch->copies = 1;
    fetch->calls = 0;
    if (fetch->long_unit)
        memset(fetch->seen, 0, sizeof fetch->seen);
    mb_ir_reset(ir);
    fetch->vcpu->core->translate(&tr);
    if (mb_trace & MB_TRACE_UNIT)
        mb_ir_print(ir, stderr);
}

/* The block's code with its head, its tables, and beneath them its edges. */
static bool keep(struct mb_cache *cache, struct mb_arena *arena, struct mb_block *block)
{
    size_t used = arena->used + sizeof(struct mb_unit_head) + ((block->code.size + 15) & ~15u);
    size_t tables = block->code.table_size + block->code.link_count * sizeof *block->edges;
    if (used + tables > arena->end)
        return false;
    ((struct mb_unit_head *)(cache->rw + arena->used))->block = block;
    arena->used = used;
    arena->end -= tables;
    block->edges = (struct mb_edge *)(cache->rw + arena->end);
    for (uint32_t i = 0; i < block->code.link_count; i++)
        block->edges[i] = (struct mb_edge){.from = block, .index = i};
    return true;
}

static bool generate(struct fetch *fetch, struct mb_arena *arena, struct mb_ir *ir)
{
    struct mb_vcpu *vcpu = fetch->vcpu;
    struct mb_block *block = fetch->block;
    struct mb_cache *cache = &vcpu->runtime->cache;
    struct mb_codegen_options options = {
        .count_deadline = vcpu->runtime->virtual_clock,
        .window = fetch->window,
        .link_jumps = fetch->long_unit,
        .flags = block->flags,
    };
    size_t start = arena->used + sizeof(struct mb_unit_head);
    block->entry = cache->rx + start;
    if (ir->failed)
        return false;
    if (block->kind & MB_BLOCK_INTERPRETED) {
        mb_ir_optimize(ir);
        block->ir = ir;
        return true;
    }
    return mb_codegen_x86_64(ir, vcpu->core, &options, cache->rw + start, block->entry,
                             arena->end - start, &block->code) &&
           keep(cache, arena, block);
}

/* Where the unit's first loop begins, that is not at its start; UINT64_MAX: there is none. */
static uint64_t loop_head(const struct mb_ir *ir)
{
    uint64_t pc = ir->start, head = UINT64_MAX;
    for (uint32_t i = 1; i < ir->count; i++) {
        const struct mb_op *op = &ir->ops[i];
        if (op->code == MB_IR_INSN)
            pc = op->imm;
        else if (op->code == MB_IR_EXIT && op->imm > ir->start && op->imm <= pc && op->imm < head)
            head = op->imm;
    }
    return head;
}

/* A loop will have a unit of its own. Not to make most of it twice, the unit that leads to it
 * ends before it: after so many instructions, 0 if it does not. */
static unsigned insns_before_loop(const struct mb_ir *ir)
{
    uint64_t head = loop_head(ir);
    unsigned before = 0;
    if (head == UINT64_MAX)
        return 0;
    for (uint32_t i = 1; i < ir->count; i++)
        if (ir->ops[i].code == MB_IR_INSN && ir->ops[i].imm == head)
            return 2 * before <= ir->insns ? before : 0;
        else if (ir->ops[i].code == MB_IR_INSN)
            before++;
    return 0;
}

/* One attempt. False: the unit is too large, empty, or `wait` is set. */
static bool attempt(struct fetch *fetch, unsigned max_insns)
{
    struct mb_block *block = fetch->block;
    struct mb_cache *cache = &fetch->vcpu->runtime->cache;
    struct mb_ir *ir = block->kind & MB_BLOCK_INTERPRETED ? mb_ir_new() : cache->ir;
    if (!ir)
        return false;
    mb_cache_touch(cache);
    build_ir(fetch, ir, max_insns);
    unsigned before = fetch->long_unit || block->host2 ? 0 : insns_before_loop(ir);
    if (before)
        build_ir(fetch, ir, before);
    if (!fetch->wait && ir->insns && generate(fetch, &cache->first, ir))
        return true;
    if (ir != cache->ir)
        mb_ir_free(ir);
    return false;
}

static void rendezvous(struct mb_vcpu *vcpu)
{
    mb_exclusive_begin(vcpu);
    mb_exclusive_end(vcpu);
}

static unsigned most_insns(const struct fetch *fetch)
{
    return fetch->long_unit ? MB_LONG_UNIT_INSNS : MB_UNIT_INSNS;
}

/* Lock held. The marks stay wide if we must wait for other CPUs and come back. */
static bool make(struct fetch *fetch)
{
    struct mb_block *block = fetch->block;
    struct mb_cache *cache = &fetch->vcpu->runtime->cache;
    struct mb_runtime *runtime = fetch->vcpu->runtime;
    fetch->long_unit = runtime->units == MB_UNITS_LONG && !runtime->virtual_clock && !block->kind;
    fetch->window = atomic_load(&runtime->windows) == MB_WINDOWS_ALL;
    unsigned insns = block->kind & MB_BLOCK_SINGLE ? 1 : most_insns(fetch);
    bool made = false;
    while (insns && !made && !fetch->wait && !(made = attempt(fetch, insns)))
        insns = fetch->fault ? 0 : insns / 2;
    if (made) {
        mb_cache_insert(cache, block);
        if (mb_hot_is(cache, block))
            mb_promote(runtime, block->ram_page[0], block->pc & MB_PAGE_MASK, 1,
                       fetch->vcpu->mode == 0);
        __atomic_store_n(&cache->first.count, cache->first.count + 1, __ATOMIC_RELEASE);
    } else if (!fetch->wait) {
        for (unsigned side = 0; side < 2; side++)
            if (block->ram_page[side] != MB_NO_PAGE)
                mb_cache_remark(cache, block->ram_page[side]);
    }
    return made;
}

/* What could not be made: wait for others, or a fetch fault, or an engine error. */
static struct mb_block *recover(struct fetch *fetch, uint64_t pc)
{
    struct mb_site site = {0};
    struct mb_vcpu *vcpu = fetch->vcpu;
    if (fetch->wait) {
        rendezvous(vcpu);
        return NULL;
    }
    if (fetch->fault)
        mb_raise(vcpu, &site, mb_va(vcpu, (pc | MB_PAGE_MASK) + 1), MB_FETCH, fetch->fault);
    mb_machine_post(vcpu->runtime->machine, MB_EVENT_ERROR,
                    "an instruction could not be translated");
    mb_cpu_unwind(vcpu->cpu);
}

static struct mb_block *locked(struct fetch *fetch, const struct mb_block *name,
                               uint64_t ram_page)
{
    struct mb_cache *cache = &fetch->vcpu->runtime->cache;
    struct mb_block *block = mb_cache_lookup(cache, name);
    if (block)
        return block;
    if (mark(fetch->vcpu, ram_page)) {
        fetch->wait = true;
        return NULL;
    }
    fetch->block = block = &cache->first.blocks[cache->first.count];
    *block = (struct mb_block){
        .host = name->host, .pc = name->pc, .flags = name->flags, .kind = name->kind,
        .ram_page = {ram_page, MB_NO_PAGE},
    };
    return make(fetch) ? block : NULL;
}

static void trace(struct mb_vcpu *vcpu, const struct mb_block *block)
{
    if (mb_trace & MB_TRACE_BLOCKS)
        mb_trace_block(vcpu, block);
    if (mb_trace & MB_TRACE_PERF)
        mb_trace_perf(block);
}

struct mb_block *mb_translate(struct mb_vcpu *vcpu, const struct mb_block *name)
{
    struct mb_cache *cache = &vcpu->runtime->cache;
    struct fetch fetch = {.vcpu = vcpu, .first_page = name->pc >> MB_PAGE_BITS};
    int64_t start = mb_host_ns();
    uint64_t ram_page = MB_NO_PAGE;
    uint32_t fault;
    fetch.host[0] = (const uint8_t *)((uint64_t)name->host & ~(uint64_t)MB_PAGE_MASK);
    if (!mb_code_host(vcpu, name->pc, &ram_page, &fault))
        return NULL;
    pthread_mutex_lock(&cache->lock);
    bool full = mb_arena_is_full(&cache->first);
    uint32_t generation = atomic_load(&cache->generation);
    struct mb_block *block = full ? NULL : locked(&fetch, name, ram_page);
    cache->translate_ns += (uint64_t)(mb_host_ns() - start);
    pthread_mutex_unlock(&cache->lock);
    if (full)
        mb_cache_renew(vcpu, generation);
    else if (!block)
        return recover(&fetch, name->pc);
    if (block)
        trace(vcpu, block);
    return block;
}

bool mb_translate_again(struct mb_vcpu *vcpu, struct mb_ir *ir, struct mb_arena *arena,
                        bool window, struct mb_block *block)
{
    struct fetch fetch = {
        .vcpu = vcpu, .block = block, .first_page = block->pc >> MB_PAGE_BITS,
        .long_unit = vcpu->runtime->units != MB_UNITS_SHORT, .window = window,
        .second_tier = true,
    };
    fetch.host[0] = (const uint8_t *)((uint64_t)block->host & ~(uint64_t)MB_PAGE_MASK);
    for (unsigned insns = most_insns(&fetch); insns; insns /= 2) {
        build_ir(&fetch, ir, insns);
        if (ir->insns && generate(&fetch, arena, ir)) {
            trace(vcpu, block);
            return true;
        }
    }
    return false;
}
