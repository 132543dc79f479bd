/* Loads and stores that the flat tables do not answer: first touches, devices, ROM, pages
 * with translated code, page crossings, other privileges, big-endian data.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>
#include "vcpu.h"

static void swap_bytes(uint8_t *data, unsigned width)
{
    for (unsigned i = 0; i < width / 2; i++) {
        uint8_t byte = data[i];
        data[i] = data[width - 1 - i];
        data[width - 1 - i] = byte;
    }
}

/* Up to 8 bytes; in one piece where the width allows: other CPUs must not see halves. */
static void copy_word(void *to, const void *from, unsigned width)
{
    switch (width) {
    case 1: memcpy(to, from, 1); break;
    case 2: memcpy(to, from, 2); break;
    case 4: memcpy(to, from, 4); break;
    case 8: memcpy(to, from, 8); break;
    default: memcpy(to, from, width & 7);
    }
}

/* Up to 16. */
static void copy(void *to, const void *from, unsigned width)
{
    if (width <= 8)
        copy_word(to, from, width);
    else
        memcpy(to, from, width);
}

/* What translated code would find in its flat table, for other privileges and C. */
static uint8_t *direct(const struct mb_vcpu *vcpu, enum mb_table kind, unsigned mode,
                       uint64_t va)
{
    uint64_t entry = vcpu->space->tables[mode][(uint64_t)kind * MB_TABLE_ENTRIES +
                                               (va >> MB_PAGE_BITS)];
    return entry ? (uint8_t *)(entry + va) : NULL;
}

static unsigned mode_of(const struct mb_vcpu *vcpu, unsigned flags)
{
    return flags & MB_MEM_USER ? 0 : vcpu->mode;
}

static struct mb_mapping *must_resolve(struct mb_vcpu *vcpu, const struct mb_site *site,
                                       uint64_t va, enum mb_access access, unsigned mode)
{
    uint32_t fault = 0;
    struct mb_mapping *mapping = mb_resolve(vcpu, va, access, mode, &fault);
    if (!mapping)
        mb_raise(vcpu, site, va, access, fault);
    return mapping;
}

static struct mb_region *region_of(struct mb_vcpu *vcpu, const struct mb_site *site,
                                   const struct mb_mapping *mapping, uint64_t va,
                                   unsigned size, enum mb_access access, uint64_t *offset)
{
    uint64_t pa = mapping->pa | (va & MB_PAGE_MASK);
    struct mb_slice slice = {.region = mapping->region};
    if (slice.region)
        slice.offset = mapping->offset + (va & MB_PAGE_MASK);
    else if (!mb_bus_find(vcpu->runtime->machine->memory, pa, &slice) || slice.room < size)
        mb_raise(vcpu, site, va, access, MB_FAULT_BUS);
    *offset = slice.offset;
    return slice.region;
}

/* The largest naturally aligned piece at `va`. */
static unsigned piece_of(uint64_t va, unsigned left)
{
    unsigned size = 8;
    while (size > left || (va & (size - 1)))
        size /= 2;
    return size;
}

/* Devices run host code: with the host's floating-point mode. */
static bool device_read(struct mb_vcpu *vcpu, struct mb_region *region, uint64_t offset,
                        unsigned size, uint64_t *value)
{
    bool live = vcpu->in_code, ok;
    vcpu->stats.mmio_reads++;
    if (live)
        mb_vcpu_leave_code(vcpu);
    ok = mb_region_read(region, offset, size, (int)vcpu->cpu->index, value);
    if (live)
        mb_vcpu_enter_code(vcpu);
    return ok;
}

static bool device_write(struct mb_vcpu *vcpu, struct mb_region *region, uint64_t offset,
                         unsigned size, uint64_t value)
{
    bool live = vcpu->in_code, ok;
    vcpu->stats.mmio_writes++;
    if (live)
        mb_vcpu_leave_code(vcpu);
    ok = mb_region_write(region, offset, value, size, (int)vcpu->cpu->index);
    if (live)
        mb_vcpu_enter_code(vcpu);
    return ok;
}

static void bus_load(struct mb_vcpu *vcpu, const struct mb_site *site,
                     const struct mb_mapping *mapping, uint64_t va, uint8_t *data,
                     unsigned width)
{
    const struct mb_mapping at = *mapping;
    for (unsigned done = 0, size; done < width; done += size) {
        uint64_t offset, value = 0;
        size = piece_of(va + done, width - done);
        struct mb_region *region =
            region_of(vcpu, site, &at, va + done, size, MB_READ, &offset);
        const uint8_t *host = __atomic_load_n(&region->host, __ATOMIC_ACQUIRE);
        if (host)
            copy_word(&value, host + offset, size);
        else if (!device_read(vcpu, region, offset, size, &value))
            mb_raise(vcpu, site, va + done, MB_READ, MB_FAULT_BUS);
        memcpy(data + done, &value, size);
    }
}

/* RAM of less than a page is never direct nor translated from: plain writes will do. */
static void bus_store(struct mb_vcpu *vcpu, const struct mb_site *site,
                      const struct mb_mapping *mapping, uint64_t va, const uint8_t *data,
                      unsigned width)
{
    const struct mb_mapping at = *mapping;
    for (unsigned done = 0, size; done < width; done += size) {
        uint64_t offset, value = 0;
        size = piece_of(va + done, width - done);
        struct mb_region *region =
            region_of(vcpu, site, &at, va + done, size, MB_WRITE, &offset);
        memcpy(&value, data + done, size);
        uint8_t *host = __atomic_load_n(&region->host, __ATOMIC_ACQUIRE);
        if (host && region->writable)
            copy_word(host + offset, &value, size);
        else if (!device_write(vcpu, region, offset, size, value))
            mb_raise(vcpu, site, va + done, MB_WRITE, MB_FAULT_BUS);
    }
}

/* A store into the very block that does it: go back, and do that instruction alone. */
static void leave_own_block(struct mb_vcpu *vcpu, const struct mb_site *site,
                            const struct mb_mapping *mapping, uint64_t va, unsigned width)
{
    struct mb_block *block = vcpu->current;
    uint64_t first, last;
    if (vcpu->single)
        return;
    if (site->saved)
        block = mb_cache_block_at(&vcpu->runtime->cache, (const void *)site->retaddr);
    if (!block || !block->host)
        return;
    first = (uint64_t)mapping->host + (va & MB_PAGE_MASK);
    last = first + width;
    uint64_t low = (uint64_t)block->host - (block->pc - block->low);
    uint64_t high = low + (block->high - block->low);
    if (block->host2)                   /* on two pages: be coarse */
        high = 0, low = 0;
    if (high && (last <= low || first >= high))
        return;
    mb_restore(vcpu, site);
    vcpu->single_next = true;
    mb_cpu_unwind(vcpu->cpu);
}

static void ram_store(struct mb_vcpu *vcpu, const struct mb_site *site,
                      const struct mb_mapping *mapping, uint64_t va, const uint8_t *data,
                      unsigned width)
{
    unsigned offset = va & MB_PAGE_MASK;
    struct mb_runtime *runtime = vcpu->runtime;
    struct mb_page *page = &runtime->cache.pages[mapping->ram_page];
    uint64_t chunks = mb_chunks(offset, width);
    if (atomic_load(&page->chunks) & chunks)
        leave_own_block(vcpu, site, mapping, va, width);
    copy(mapping->host + offset, data, width);
    atomic_thread_fence(memory_order_seq_cst);
    if (atomic_load(&page->chunks) & chunks)
        mb_cache_written(runtime, mapping->ram_page, offset, width);
}

static void load_part(struct mb_vcpu *vcpu, const struct mb_site *site, uint64_t va,
                      uint8_t *data, unsigned width, unsigned mode)
{
    const uint8_t *host = direct(vcpu, MB_TABLE_KIND_READ, mode, va);
    if (host) {
        copy(data, host, width);
        return;
    }
    struct mb_mapping *mapping = must_resolve(vcpu, site, va, MB_READ, mode);
    if (mapping->host)
        copy(data, mapping->host + (va & MB_PAGE_MASK), width);
    else
        bus_load(vcpu, site, mapping, va, data, width);
}

static void store_part(struct mb_vcpu *vcpu, const struct mb_site *site, uint64_t va,
                       const uint8_t *data, unsigned width, unsigned mode)
{
    uint8_t *host = direct(vcpu, MB_TABLE_KIND_WRITE, mode, va);
    if (host) {
        copy(host, data, width);
        return;
    }
    struct mb_mapping *mapping = must_resolve(vcpu, site, va, MB_WRITE, mode);
    if (mapping->ram_page != MB_NO_PAGE && mapping->region->writable)
        ram_store(vcpu, site, mapping, va, data, width);
    else
        bus_store(vcpu, site, mapping, va, data, width);
}

/* Bytes of the access that lie on its first page. */
static unsigned on_first_page(uint64_t va, unsigned width)
{
    unsigned room = MB_PAGE_SIZE - (va & MB_PAGE_MASK);
    return room < width ? room : width;
}

static void check_alignment(struct mb_vcpu *vcpu, const struct mb_site *site, uint64_t va,
                            unsigned width, unsigned flags, enum mb_access access)
{
    if (va & (mb_mem_alignment(width, flags) - 1))
        mb_raise(vcpu, site, va, access, MB_FAULT_ALIGNMENT);
}

void mb_access_load(struct mb_vcpu *vcpu, const struct mb_site *site, uint64_t va,
                    void *data, unsigned width, unsigned flags)
{
    unsigned mode = mode_of(vcpu, flags), first;
    va = mb_va(vcpu, va);
    check_alignment(vcpu, site, va, width, flags, MB_READ);
    first = on_first_page(va, width);
    load_part(vcpu, site, va, data, first, mode);
    if (first < width)
        load_part(vcpu, site, mb_va(vcpu, va + first), (uint8_t *)data + first,
                  width - first, mode);
    if (flags & MB_MEM_SWAP)
        swap_bytes(data, width);
}

void mb_access_store(struct mb_vcpu *vcpu, const struct mb_site *site, uint64_t va,
                     const void *data, unsigned width, unsigned flags)
{
    uint8_t bytes[16];
    unsigned mode = mode_of(vcpu, flags), first;
    va = mb_va(vcpu, va);
    check_alignment(vcpu, site, va, width, flags, MB_WRITE);
    memcpy(bytes, data, width);
    if (flags & MB_MEM_SWAP)
        swap_bytes(bytes, width);
    first = on_first_page(va, width);
    if (first < width &&                /* both or neither: fault before the first byte */
        !direct(vcpu, MB_TABLE_KIND_WRITE, mode, mb_va(vcpu, va + first)))
        must_resolve(vcpu, site, mb_va(vcpu, va + first), MB_WRITE, mode);
    store_part(vcpu, site, va, bytes, first, mode);
    if (first < width)
        store_part(vcpu, site, mb_va(vcpu, va + first), bytes + first, width - first, mode);
}

/* ---- by physical address -------------------------------------------------------------------- */
static struct mb_region *physical(struct mb_cpu *cpu, uint64_t pa, unsigned width,
                                  uint64_t *offset)
{
    struct mb_slice slice;
    if (!mb_bus_find(cpu->vcpu->runtime->machine->memory, pa, &slice) || slice.room < width)
        return NULL;
    *offset = slice.offset;
    return slice.region;
}

bool mb_cpu_bus_read(struct mb_cpu *cpu, uint64_t pa, uint64_t *value, unsigned width,
                     unsigned flags)
{
    uint64_t offset;
    struct mb_region *region = physical(cpu, pa, width, &offset);
    *value = 0;
    if (!region)
        return false;
    if (region->host)
        copy_word(value, region->host + offset, width);
    else if (!device_read(cpu->vcpu, region, offset, width, value))
        return false;
    if (flags & MB_MEM_SWAP)
        swap_bytes((uint8_t *)value, width);
    return true;
}

bool mb_cpu_bus_write(struct mb_cpu *cpu, uint64_t pa, uint64_t value, unsigned width,
                      unsigned flags)
{
    uint64_t offset;
    struct mb_region *region = physical(cpu, pa, width, &offset);
    struct mb_runtime *runtime = cpu->vcpu->runtime;
    if (!region)
        return false;
    if (flags & MB_MEM_SWAP)
        swap_bytes((uint8_t *)&value, width);
    if (!region->host || !region->writable)
        return device_write(cpu->vcpu, region, offset, width, value);
    copy_word(region->host + offset, &value, width);
    uint64_t page = region->ram_page + (offset >> MB_PAGE_BITS);
    if (region->memory && page < runtime->cache.page_count &&
        atomic_load(&runtime->cache.pages[page].chunks))
        mb_cache_written(runtime, page, offset & MB_PAGE_MASK, width);
    return true;
}
