/* Flat tables of 32-bit guests: a small pool of address spaces per vCPU.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A space has one table per privilege, of read, write and fetch entries: 24 MiB of sparse
 * memory, and a window behind it (window.c). A context switch is a change of pointer. Spaces are found by the core's name
 * for them and recycled, least recently used first. A flush that empties a space gives it a new
 * epoch, which the slow paths' mappings compare.
 *
 * Omitted: 64-bit guests, which need an inline TLB in place of the flat table.
 */
#include <string.h>
#include <sys/mman.h>
#include "vcpu.h"

#define MODE_BYTES (MB_WINDOW + MB_WINDOW_SIZE + MB_WINDOW_GUARD)
#define USED_BYTES (MB_WINDOW_BITS + MB_WINDOW_GUARD)   /* the rest is reserved */

static uint32_t new_epoch(struct mb_vcpu *vcpu)
{
    if (++vcpu->last_epoch == 0) {      /* 2^32 flushes: forget all by hand, once */
        memset(vcpu->mappings, 0, sizeof vcpu->mappings);
        vcpu->last_epoch = 1;
    }
    return vcpu->last_epoch;
}

/* Code was fetched through what is gone: links within the page must not go on with it. */
static void leave_code(struct mb_vcpu *vcpu, const struct mb_space *space)
{
    if (space == vcpu->space)
        __atomic_store_n(&vcpu->cpu->exit_request, 1, __ATOMIC_RELAXED);
}

static bool is_touched(const struct mb_space *space, unsigned mode, unsigned kind,
                       uint64_t va_page)
{
    uint64_t chunk = va_page >> 9;
    return space->touched[mode][kind][chunk >> 6] >> (chunk & 63) & 1;
}

/* Empty one entry; true if there was something. */
static bool drop(struct mb_vcpu *vcpu, struct mb_space *space, unsigned mode, unsigned kind,
                 uint64_t va_page)
{
    if (!is_touched(space, mode, kind, va_page))
        return false;
    uint64_t *entry = &space->tables[mode][(uint64_t)kind * MB_TABLE_ENTRIES + va_page];
    if (!__atomic_load_n(entry, __ATOMIC_SEQ_CST))
        return false;
    __atomic_store_n(entry, 0, __ATOMIC_SEQ_CST);
    if (kind != MB_TABLE_KIND_EXEC)
        mb_window_drop(vcpu, space->tables[mode], va_page);
    return true;
}

/* Empty all entries of one page; true if code may have been fetched through it. */
static bool drop_page(struct mb_vcpu *vcpu, struct mb_space *space, uint64_t va_page)
{
    bool code = false;
    for (unsigned mode = 0; mode < vcpu->core->mmu_modes; mode++) {
        drop(vcpu, space, mode, MB_TABLE_KIND_READ, va_page);
        drop(vcpu, space, mode, MB_TABLE_KIND_WRITE, va_page);
        code |= drop(vcpu, space, mode, MB_TABLE_KIND_EXEC, va_page);
    }
    return code;
}

static void drop_touched(struct mb_vcpu *vcpu, struct mb_space *space)
{
    for (unsigned mode = 0; mode < vcpu->core->mmu_modes; mode++)
        for (unsigned kind = 0; kind < MB_KINDS; kind++)
            for (unsigned chunk = 0; chunk < MB_TABLE_ENTRIES / 512; chunk++)
                if (is_touched(space, mode, kind, (uint64_t)chunk << 9))
                    memset(space->tables[mode] + (uint64_t)kind * MB_TABLE_ENTRIES +
                           ((uint64_t)chunk << 9), 0, 512 * sizeof(uint64_t));
}

static void empty(struct mb_vcpu *vcpu, struct mb_space *space)
{
    for (unsigned mode = 0; mode < vcpu->core->mmu_modes; mode++)
        mb_window_clear(vcpu, space->tables[mode]);
    if (space->log_count <= MB_SPACE_LOG)
        for (unsigned i = 0; i < space->log_count; i++)
            drop_page(vcpu, space, space->log[i]);
    else
        drop_touched(vcpu, space);
    space->log_count = 0;
    memset(space->large, 0, sizeof space->large);
    space->large_bits = 0;
    space->epoch = new_epoch(vcpu);
    leave_code(vcpu, space);
}

/* A page flush reaches the whole of the large page that the address is in. */
static bool drop_large(struct mb_vcpu *vcpu, struct mb_space *space, uint64_t va_page)
{
    bool code = false;
    unsigned mebibytes = space->large_bits > 20 ? 1u << (space->large_bits - 20) : 1;
    uint64_t first = (va_page >> 8) & ~(uint64_t)(mebibytes - 1);
    for (uint64_t mib = first; mib < first + mebibytes && mib < 4096; mib++) {
        if (!(space->large[mib >> 6] >> (mib & 63) & 1))
            continue;
        for (unsigned page = 0; page < 256; page++)
            code |= drop_page(vcpu, space, mib << 8 | page);
        space->large[mib >> 6] &= ~(1ull << (mib & 63));
    }
    return code;
}

static void flush_page_of(struct mb_vcpu *vcpu, struct mb_space *space, uint64_t va_page)
{
    bool code = drop_page(vcpu, space, va_page);
    if (space->large_bits)
        code |= drop_large(vcpu, space, va_page);
    if (code)
        leave_code(vcpu, space);
}

static void flush_page(struct mb_vcpu *vcpu, uint64_t va_page)
{
    for (unsigned i = 0; i < MB_SPACES; i++)
        if (vcpu->spaces[i].used)
            flush_page_of(vcpu, &vcpu->spaces[i], va_page);
    for (unsigned mode = 0; mode < vcpu->core->mmu_modes; mode++)
        mb_mapping_of(vcpu, va_page, mode)->epoch = 0;
}

static bool is_set(const uint64_t *bits, uint64_t chunk)
{
    return bits[chunk >> 6] >> (chunk & 63) & 1;
}

/* Guests flush whole ranges of kernel memory page by page: what no table ever saw costs
 * next to nothing, by chunks of 512 pages. */
static void flush_pages(struct mb_vcpu *vcpu, uint64_t va_page, uint64_t count)
{
    uint64_t end = va_page + count;
    if (end > MB_TABLE_ENTRIES)
        end = MB_TABLE_ENTRIES;
    while (va_page < end) {
        uint64_t chunk = va_page >> 9;
        if (!is_set(vcpu->touched, chunk)) {
            va_page = (chunk + 1) << 9;
            continue;
        }
        if (is_set(vcpu->large, chunk))     /* any of them may be a part of one */
            memset(vcpu->mappings, 0, sizeof vcpu->mappings);
        flush_page(vcpu, va_page++);
    }
}

static void flush_spaces(struct mb_vcpu *vcpu, struct mb_flush flush)
{
    for (unsigned i = 0; i < MB_SPACES; i++) {
        struct mb_space *space = &vcpu->spaces[i];
        if (space->used && (flush.kind == MB_FLUSH_ALL ||
                            (uint32_t)space->name == (uint32_t)flush.value))
            empty(vcpu, space);
    }
    if (flush.kind == MB_FLUSH_ALL) {
        memset(vcpu->touched, 0, sizeof vcpu->touched);
        memset(vcpu->large, 0, sizeof vcpu->large);
    }
}

void mb_spaces_flush(struct mb_vcpu *vcpu, struct mb_flush flush)
{
    vcpu->stats.tlb_flushes++;
    if (mb_trace & MB_TRACE_MMU)
        mb_trace_text(vcpu, "flush kind=%d value=%llx", flush.kind,
                      (unsigned long long)flush.value);
    if (flush.kind == MB_FLUSH_PAGES)
        flush_pages(vcpu, flush.value, flush.count);
    else
        flush_spaces(vcpu, flush);
}

/* Remember that something of this page is cached: in a table, or in `mappings`. */
void mb_space_touch(struct mb_vcpu *vcpu, uint64_t va_page, unsigned page_bits)
{
    uint64_t chunk = va_page >> 9, pages = 1;
    vcpu->touched[chunk >> 6] |= 1ull << (chunk & 63);
    if (page_bits <= MB_PAGE_BITS)
        return;
    if (page_bits > MB_PAGE_BITS + 9)       /* a flush may name any part of it */
        pages = 1ull << (page_bits > 32 ? 11 : page_bits - MB_PAGE_BITS - 9);
    for (chunk &= ~(pages - 1); pages-- > 0; chunk++) {
        vcpu->touched[chunk >> 6] |= 1ull << (chunk & 63);
        vcpu->large[chunk >> 6] |= 1ull << (chunk & 63);
    }
}

static void log_page(struct mb_space *space, uint64_t va_page)
{
    if (space->log_count < MB_SPACE_LOG)
        space->log[space->log_count++] = (uint32_t)va_page;
    else
        space->log_count = MB_SPACE_LOG + 1;
}

void mb_space_set(struct mb_vcpu *vcpu, enum mb_table kind, unsigned mode, uint64_t va_page,
                  uint8_t *host, unsigned page_bits)
{
    struct mb_space *space = vcpu->space;
    uint64_t chunk = va_page >> 9;
    space->touched[mode][kind][chunk >> 6] |= 1ull << (chunk & 63);
    if (page_bits > MB_PAGE_BITS) {
        space->large[va_page >> 14] |= 1ull << (va_page >> 8 & 63);
        if (page_bits > space->large_bits)
            space->large_bits = page_bits > 32 ? 32 : page_bits;
    }
    log_page(space, va_page);
    mb_space_touch(vcpu, va_page, page_bits);
    uint64_t *at = &space->tables[mode][(uint64_t)kind * MB_TABLE_ENTRIES + va_page];
    uint64_t entry = (uint64_t)host - (va_page << MB_PAGE_BITS);
    if (__atomic_exchange_n(at, entry, __ATOMIC_SEQ_CST) != entry &&
        kind != MB_TABLE_KIND_EXEC)
        mb_window_drop(vcpu, space->tables[mode], va_page);
}

/* Take back every write entry for the virtual page. */
static bool drop_writer(struct mb_vcpu *vcpu, uint64_t va_page)
{
    bool dropped = false;
    for (unsigned i = 0; i < MB_SPACES; i++)
        for (unsigned mode = 0; mode < vcpu->core->mmu_modes; mode++)
            dropped |= drop(vcpu, &vcpu->spaces[i], mode, MB_TABLE_KIND_WRITE, va_page);
    return dropped;
}

/* Called by the vCPU itself before it fills a write entry. */
void mb_space_add_writer(struct mb_vcpu *vcpu, uint64_t ram_page, uint64_t va_page)
{
    uint32_t *slots = vcpu->writers[ram_page], name = (uint32_t)va_page + 1;
    for (unsigned i = 0; i < MB_WRITERS; i++)
        if (slots[i] == name)
            return;
    for (unsigned i = 0; i < MB_WRITERS; i++)
        if (!slots[i]) {
            __atomic_store_n(&slots[i], name, __ATOMIC_SEQ_CST);
            return;
        }
    unsigned victim = va_page % MB_WRITERS;
    drop_writer(vcpu, slots[victim] - 1);
    __atomic_store_n(&slots[victim], name, __ATOMIC_SEQ_CST);
}

/* Called by anyone, with the cache lock: the page is about to hold translated code. */
bool mb_space_drop_writers(struct mb_vcpu *vcpu, uint64_t ram_page)
{
    bool dropped = false;
    for (unsigned i = 0; i < MB_WRITERS; i++) {
        uint32_t slot = __atomic_load_n(&vcpu->writers[ram_page][i], __ATOMIC_SEQ_CST);
        if (slot)
            dropped |= drop_writer(vcpu, slot - 1);
    }
    return dropped;
}

static size_t space_bytes(const struct mb_vcpu *vcpu)
{
    return vcpu->core->mmu_modes * MODE_BYTES;
}

static bool open_up(void *memory, size_t size)
{
    madvise(memory, size, MADV_NOHUGEPAGE);
    return mprotect(memory, size, PROT_READ | PROT_WRITE) == 0;
}

static bool map_tables(struct mb_vcpu *vcpu, struct mb_space *space)
{
    if (space->tables[0])
        return true;
    char *memory = mmap(NULL, space_bytes(vcpu), PROT_NONE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    bool opened = memory != MAP_FAILED;
    for (unsigned mode = 0; opened && mode < vcpu->core->mmu_modes; mode++)
        opened = open_up(memory + mode * MODE_BYTES, USED_BYTES);
    for (unsigned mode = 0; opened && mode < vcpu->core->mmu_modes; mode++)
        space->tables[mode] = (uint64_t *)(memory + mode * MODE_BYTES);
    if (!opened && memory != MAP_FAILED)
        munmap(memory, space_bytes(vcpu));
    return opened;
}

static struct mb_space *oldest(struct mb_vcpu *vcpu)
{
    struct mb_space *best = NULL;
    for (unsigned i = 0; i < MB_SPACES; i++) {
        struct mb_space *space = &vcpu->spaces[i];
        if (!space->used)
            return space;
        if (!best || space->last_used < best->last_used)
            best = space;
    }
    return best;
}

static struct mb_space *known(struct mb_vcpu *vcpu, uint64_t name)
{
    uint8_t *hint = &vcpu->hints[(name * 0x9e3779b97f4a7c15ull) >> 58];
    struct mb_space *space = &vcpu->spaces[*hint];
    if (space->used && space->name == name)
        return space;
    for (unsigned i = 0; i < MB_SPACES; i++)
        if (vcpu->spaces[i].used && vcpu->spaces[i].name == name) {
            *hint = (uint8_t)i;
            return &vcpu->spaces[i];
        }
    return NULL;
}

static struct mb_space *find(struct mb_vcpu *vcpu, uint64_t name)
{
    struct mb_space *space = known(vcpu, name);
    if (space)
        return space;
    space = oldest(vcpu);
    if (!map_tables(vcpu, space)) {
        if (!vcpu->space)
            return NULL;
        space = vcpu->space;            /* no memory for one more: share this one */
    }
    if (space->used)
        empty(vcpu, space);
    else
        space->epoch = new_epoch(vcpu);
    space->used = true;
    space->name = name;
    return space;
}

void mb_cpu_mmu_changed(struct mb_cpu *cpu)
{
    struct mb_vcpu *vcpu = cpu->vcpu;
    uint64_t name = vcpu->core->address_space(cpu);
    unsigned mode = vcpu->core->mmu_mode(cpu);
    const uint64_t *before = cpu->tables;
    if (!vcpu->space || vcpu->space->name != name)
        vcpu->space = find(vcpu, name);
    vcpu->space->last_used = ++vcpu->uses;
    vcpu->mode = mode;
    cpu->tables = vcpu->space->tables[mode];
    /* Links within the page stay right only if the page is the same here. */
    uint64_t at = MB_TABLE_EXEC + (mb_va(vcpu, cpu->pc) >> MB_PAGE_BITS);
    if (!before || !cpu->tables[at] || before[at] != cpu->tables[at])
        __atomic_store_n(&cpu->exit_request, 1, __ATOMIC_RELAXED);
}

bool mb_spaces_init(struct mb_vcpu *vcpu)
{
    vcpu->space = find(vcpu, 0);
    if (!vcpu->space)
        return false;
    vcpu->cpu->tables = vcpu->space->tables[0];
    return true;
}

void mb_spaces_free(struct mb_vcpu *vcpu)
{
    for (unsigned i = 0; i < MB_SPACES; i++)
        if (vcpu->spaces[i].tables[0])
            munmap(vcpu->spaces[i].tables[0], space_bytes(vcpu));
}
