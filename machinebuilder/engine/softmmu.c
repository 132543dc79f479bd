/* Guest virtual to host addresses: walks, the secondary TLB, filling the flat tables.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A write entry is withheld from ROM and from pages that hold translated code, so that
 * such stores come to access.c. Who fills one and who marks a page as code may be two
 * threads: the filler stores, then looks at the mark; the marker marks, then takes back.
 */
#include <string.h>
#include "vcpu.h"

static unsigned accesses(const struct mb_translation *walk)
{
    return (unsigned)walk->readable << MB_READ | (unsigned)walk->writable << MB_WRITE |
           (unsigned)walk->executable << MB_FETCH;
}

/* What is at the physical page; false if nothing at all answers at `va`. */
static bool place(struct mb_vcpu *vcpu, struct mb_mapping *mapping, uint64_t va)
{
    struct mb_bus *bus = vcpu->runtime->machine->memory;
    struct mb_slice slice;
    mapping->region = NULL;
    mapping->host = NULL;
    mapping->ram_page = MB_NO_PAGE;
    if (!mb_bus_find(bus, mapping->pa, &slice) || slice.room < MB_PAGE_SIZE)
        return mb_bus_find(bus, mapping->pa | (va & MB_PAGE_MASK), &slice);
    struct mb_region *region = slice.region;
    uint8_t *host = __atomic_load_n(&region->host, __ATOMIC_ACQUIRE);
    mapping->region = region;
    mapping->offset = slice.offset;
    if (host) {
        mapping->host = host + slice.offset;
        uint64_t page = region->ram_page + (slice.offset >> MB_PAGE_BITS);
        if (region->memory && page < vcpu->runtime->cache.page_count)
            mapping->ram_page = page;
    }
    return true;
}

static void fill_write(struct mb_vcpu *vcpu, struct mb_mapping *mapping, unsigned bits)
{
    if (mapping->ram_page == MB_NO_PAGE || !mapping->region->writable)
        return;
    struct mb_page *page = &vcpu->runtime->cache.pages[mapping->ram_page];
    if (atomic_load(&page->chunks))
        return;
    mb_space_add_writer(vcpu, mapping->ram_page, mapping->va_page);
    mb_space_set(vcpu, MB_TABLE_KIND_WRITE, mapping->mode, mapping->va_page, mapping->host,
                 bits);
    atomic_thread_fence(memory_order_seq_cst);
    if (atomic_load(&page->chunks))
        mb_space_drop_writers(vcpu, mapping->ram_page);
}

static void fill(struct mb_vcpu *vcpu, struct mb_mapping *mapping, enum mb_access access,
                 unsigned bits)
{
    if (!mapping->host)
        return;
    if (access == MB_FETCH)
        mb_space_set(vcpu, MB_TABLE_KIND_EXEC, mapping->mode, mapping->va_page,
                     mapping->host, bits);
    else if (mapping->access & 1u << MB_READ)
        mb_space_set(vcpu, MB_TABLE_KIND_READ, mapping->mode, mapping->va_page,
                     mapping->host, bits);
    if (access == MB_WRITE)
        fill_write(vcpu, mapping, bits);
}

static struct mb_mapping *walk(struct mb_vcpu *vcpu, struct mb_mapping *mapping, uint64_t va,
                               enum mb_access access, unsigned mode, uint32_t *fault)
{
    struct mb_translation result = {0};
    vcpu->core->walk(vcpu->cpu, va, access, mode, &result);
    if (mb_trace & MB_TRACE_MMU)
        mb_trace_text(vcpu, "walk va=%llx access=%d mode=%u pa=%llx fault=%x",
                      (unsigned long long)va, access, mode,
                      (unsigned long long)result.pa, result.fault);
    mapping->epoch = 0;
    if (result.fault) {
        *fault = result.fault;
        return NULL;
    }
    *mapping = (struct mb_mapping){
        .va_page = va >> MB_PAGE_BITS, .mode = (uint8_t)mode,
        .access = (uint8_t)(accesses(&result) | 1u << access),
        .pa = result.pa & ~(uint64_t)MB_PAGE_MASK,
    };
    if (!place(vcpu, mapping, va)) {
        *fault = MB_FAULT_BUS;
        return NULL;
    }
    mapping->epoch = vcpu->space->epoch;
    mb_space_touch(vcpu, mapping->va_page, result.page_bits);
    fill(vcpu, mapping, access, result.page_bits);
    return mapping;
}

struct mb_mapping *mb_resolve(struct mb_vcpu *vcpu, uint64_t va, enum mb_access access,
                              unsigned mode, uint32_t *fault)
{
    uint64_t page = va >> MB_PAGE_BITS;
    struct mb_mapping *mapping = mb_mapping_of(vcpu, page, mode);
    if (mapping->va_page == page && mapping->epoch == vcpu->space->epoch &&
        mapping->mode == mode && mapping->access >> access & 1)
        /* Memory comes here when its flat entry is missing: fill it from a walk, which
         * knows the size of the page. Devices and pages with code are answered now. */
        if (!mapping->host || (access == MB_WRITE && mapping->ram_page != MB_NO_PAGE &&
                               vcpu->runtime->cache.pages[mapping->ram_page].chunks))
            return mapping;
    return walk(vcpu, mapping, va, access, mode, fault);
}

void mb_restore(struct mb_vcpu *vcpu, const struct mb_site *site)
{
    struct mb_block *block;
    if (!site->saved)
        return;
    block = mb_cache_block_at(&vcpu->runtime->cache, (const void *)site->retaddr);
    if (block)                  /* gives the instructions done but not yet counted */
        vcpu->cpu->insns +=
            mb_code_restore(vcpu->cpu, &block->code,
                            (uint32_t)(site->retaddr - (uint64_t)block->entry), site->saved);
}

_Noreturn void mb_raise(struct mb_vcpu *vcpu, const struct mb_site *site, uint64_t va,
                        enum mb_access access, uint32_t code)
{
    vcpu->stats.faults++;
    mb_restore(vcpu, site);
    if (mb_trace & MB_TRACE_MMU)
        mb_trace_text(vcpu, "fault va=%llx access=%d code=%x", (unsigned long long)va,
                      access, code);
    vcpu->core->fault(vcpu->cpu, va, access, code);
    mb_cpu_unwind(vcpu->cpu);
}
