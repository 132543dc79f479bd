/* What translated code calls when a flat-table entry is missing: codegen.h's mb_slow_*.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>
#include "vcpu.h"

#define WIDTH(width_flags) ((width_flags) & 0xff)
#define FLAGS(width_flags) ((width_flags) >> 8)

static uint64_t extend(uint64_t value, unsigned width, unsigned flags)
{
    unsigned unused = 64 - 8 * width;
    if (flags & MB_MEM_SIGNED)
        return (uint64_t)((int64_t)(value << unused) >> unused);
    return value;
}

static void begin(struct mb_vcpu *vcpu, const struct mb_site *site)
{
    vcpu->slow_from = site->retaddr;
}

static void end(struct mb_vcpu *vcpu, const struct mb_site *site, uint64_t va, bool write)
{
    vcpu->slow_from = 0;
    if (vcpu->window_missed)
        mb_window_missed(vcpu, mb_va(vcpu, va), write, site->retaddr);
}

uint64_t mb_slow_load(struct mb_cpu *cpu, uint64_t va, uint32_t width_flags,
                      const struct mb_saved *saved, uint64_t retaddr)
{
    struct mb_site site = {saved, retaddr};
    uint64_t value = 0;
    cpu->vcpu->stats.slow_loads++;
    begin(cpu->vcpu, &site);
    mb_access_load(cpu->vcpu, &site, va, &value, WIDTH(width_flags), FLAGS(width_flags));
    end(cpu->vcpu, &site, va, false);
    return extend(value, WIDTH(width_flags), FLAGS(width_flags));
}

void mb_slow_store(struct mb_cpu *cpu, uint64_t va, uint64_t value, uint32_t width_flags,
                   const struct mb_saved *saved, uint64_t retaddr)
{
    struct mb_site site = {saved, retaddr};
    cpu->vcpu->stats.slow_stores++;
    begin(cpu->vcpu, &site);
    mb_access_store(cpu->vcpu, &site, va, &value, WIDTH(width_flags), FLAGS(width_flags));
    end(cpu->vcpu, &site, va, true);
}

void mb_slow_load128(struct mb_cpu *cpu, uint64_t va, uint32_t width_flags,
                     const struct mb_saved *saved, uint64_t retaddr, void *data)
{
    struct mb_site site = {saved, retaddr};
    uint8_t bytes[16] = {0};
    cpu->vcpu->stats.slow_loads++;
    begin(cpu->vcpu, &site);
    mb_access_load(cpu->vcpu, &site, va, bytes, WIDTH(width_flags), FLAGS(width_flags));
    end(cpu->vcpu, &site, va, false);
    memcpy(data, bytes, sizeof bytes);
}

void mb_slow_store128(struct mb_cpu *cpu, uint64_t va, uint32_t width_flags,
                      const struct mb_saved *saved, uint64_t retaddr, const void *data)
{
    struct mb_site site = {saved, retaddr};
    cpu->vcpu->stats.slow_stores++;
    begin(cpu->vcpu, &site);
    mb_access_store(cpu->vcpu, &site, va, data, WIDTH(width_flags), FLAGS(width_flags));
    end(cpu->vcpu, &site, va, true);
}

/* The operation itself happens after this returns: translations of code that it
 * overwrites are dropped now, and once more before the CPU runs another block. */
static void *atomic_host(struct mb_vcpu *vcpu, struct mb_mapping *mapping, uint64_t va,
                         unsigned width)
{
    unsigned offset = va & MB_PAGE_MASK;
    struct mb_page *page = &vcpu->runtime->cache.pages[mapping->ram_page];
    if (atomic_load(&page->chunks) & mb_chunks(offset, width)) {
        mb_finish_written(vcpu);
        mb_cache_written(vcpu->runtime, mapping->ram_page, offset, width);
        vcpu->written_page = mapping->ram_page;
        vcpu->written_offset = offset;
        __atomic_store_n(&vcpu->cpu->exit_request, 1, __ATOMIC_SEQ_CST);
    }
    return mapping->host + offset;
}

void *mb_slow_atomic(struct mb_cpu *cpu, uint64_t va, uint32_t width_flags,
                     const struct mb_saved *saved, uint64_t retaddr)
{
    struct mb_vcpu *vcpu = cpu->vcpu;
    struct mb_site site = {saved, retaddr};
    unsigned width = WIDTH(width_flags), flags = FLAGS(width_flags);
    uint32_t fault = MB_FAULT_BUS;
    va = mb_va(vcpu, va);
    vcpu->stats.slow_stores++;
    if (va & (width - 1))
        mb_raise(vcpu, &site, va, MB_WRITE, MB_FAULT_ALIGNMENT);
    struct mb_mapping *mapping =
        mb_resolve(vcpu, va, MB_WRITE, flags & MB_MEM_USER ? 0 : vcpu->mode, &fault);
    if (!mapping)
        mb_raise(vcpu, &site, va, MB_WRITE, fault);
    if (mapping->ram_page == MB_NO_PAGE || !mapping->region->writable)
        mb_raise(vcpu, &site, va, MB_WRITE, MB_FAULT_BUS);
    return atomic_host(vcpu, mapping, va, width);
}

/* ---- for helpers and the interpreter: state is in memory, faults unwind -------------- */
uint64_t mb_cpu_load(struct mb_cpu *cpu, uint64_t va, unsigned width, unsigned flags)
{
    struct mb_site site = {0};
    uint64_t value = 0;
    mb_access_load(cpu->vcpu, &site, va, &value, width, flags);
    return extend(value, width, flags);
}

void mb_cpu_store(struct mb_cpu *cpu, uint64_t va, uint64_t value, unsigned width,
                  unsigned flags)
{
    struct mb_site site = {0};
    mb_access_store(cpu->vcpu, &site, va, &value, width, flags);
}
