/* The reference MMU: tables, permissions, probe, flush, registers (SPARC V8 manual,
 * appendix H; STP1012 microSPARC-II User's Manual, chapter 5).
 * SPDX-License-Identifier: Apache-2.0
 *
 * Omitted: the TLB itself, which guests cannot tell from the tables, and its
 * diagnostic accesses.
 */
#include <endian.h>
#include "core_sparc.h"

enum entry_type { INVALID, POINTER, PTE, RESERVED };
enum { REFERENCED = 1 << 5, MODIFIED = 1 << 6 };
enum { CONTEXT_LEVEL = 0, PAGE_LEVEL = 3 };
enum { BOOT_SPACE = (1u << 19) - 1 };           /* what is fetched of the PROM */

/* Registers of ASI 4, by address bits 12:8. */
enum { CONTROL = 0, CONTEXT_TABLE = 1, CONTEXT = 2, FAULT_STATUS = 3, FAULT_ADDRESS = 4,
       REPLACEMENT = 0x10, FAULT_STATUS_WRITE = 0x13, FAULT_ADDRESS_WRITE = 0x14 };

/* ---- names ----------------------------------------------------------------------- */
unsigned sparc_mmu_mode(const struct mb_cpu *cpu)
{
    return SPARC_FLAG((const struct sparc_state *)cpu, SUPERVISOR);
}

uint64_t sparc_address_space(const struct mb_cpu *cpu)
{
    const struct sparc_state *s = (const struct sparc_state *)cpu;
    if (!(s->mmu_control & SPARC_MMU_ENABLE))
        return s->mmu_control & s->boot_mode ? UINT32_MAX : UINT32_MAX - 1;
    return s->context;
}

/* ---- tables ---------------------------------------------------------------------- */
struct entry {
    uint64_t pa;                /* where it is */
    uint32_t value;
    unsigned level;
};

/* Of the page at that level. */
static const unsigned level_bits[] = {32, 24, 18, 12};

static bool load(struct sparc_state *s, struct entry *entry)
{
    uint32_t raw = 0;
    bool there = mb_cpu_phys_read(&s->cpu, entry->pa, &raw, 4);
    entry->value = be32toh(raw);
    return there;
}

static uint64_t pointed(uint32_t pointer)
{
    return (uint64_t)(pointer & ~3u) << 4;
}

/* Bits of `va` that index the table whose entries are of `level`. */
static uint32_t index_of(uint32_t va, unsigned level)
{
    return level == 1 ? va >> 24 : va >> level_bits[level] & 63;
}

/* Down to the first entry that is no pointer, or to level `last`. False: a table is where
 * no memory is. */
static bool descend(struct sparc_state *s, uint32_t va, unsigned last,
                    struct entry *entry)
{
    *entry = (struct entry){
        .pa = ((uint64_t)s->context_table << 4) + 4 * s->context,
    };
    while (load(s, entry)) {
        if ((entry->value & 3) != POINTER || entry->level == last)
            return true;
        entry->level++;
        entry->pa = pointed(entry->value) + 4 * index_of(va, entry->level);
    }
    return false;
}

/* ---- permissions (table H-2) ----------------------------------------------------- */
struct rights { bool read, write, execute; };

static struct rights rights_of(unsigned access, bool supervisor)
{
    static const struct rights user[] = {
        {1, 0, 0}, {1, 1, 0}, {1, 0, 1}, {1, 1, 1},
        {0, 0, 1}, {1, 0, 0}, {0, 0, 0}, {0, 0, 0},
    };
    static const struct rights system[] = {
        {1, 0, 0}, {1, 1, 0}, {1, 0, 1}, {1, 1, 1},
        {0, 0, 1}, {1, 1, 0}, {1, 0, 1}, {1, 1, 1},
    };
    return supervisor ? system[access] : user[access];
}

static bool is_allowed(struct rights rights, enum mb_access access)
{
    return access == MB_READ ? rights.read : access == MB_WRITE ? rights.write
                                                                : rights.execute;
}

static void mark(struct sparc_state *s, const struct entry *entry, bool written)
{
    uint32_t value = entry->value | REFERENCED | (written ? MODIFIED : 0);
    uint32_t raw = htobe32(value);
    if (value != entry->value)
        mb_cpu_phys_write(&s->cpu, entry->pa, &raw, 4);
}

/* ---- the walk -------------------------------------------------------------------- */
static uint32_t find(struct sparc_state *s, uint32_t va, struct entry *entry)
{
    if (!descend(s, va, PAGE_LEVEL, entry))
        return SPARC_FAULT(entry->level, SPARC_TRANSLATION);
    switch (entry->value & 3) {
    case PTE: return 0;
    case INVALID: return SPARC_FAULT(entry->level, SPARC_INVALID_ADDRESS);
    default: return SPARC_FAULT(entry->level, SPARC_TRANSLATION);
    }
}

/* A page is only writable once it is marked as modified. */
static void walk_tables(struct sparc_state *s, uint32_t va, enum mb_access access,
                        bool supervisor, struct mb_translation *out)
{
    struct entry entry;
    out->fault = find(s, va, &entry);
    if (out->fault)
        return;
    unsigned kind = entry.value >> 2 & 7;
    struct rights rights = rights_of(kind, supervisor);
    if (!is_allowed(rights, access)) {
        bool privilege = !supervisor && kind >= 6;
        out->fault = SPARC_FAULT(entry.level, privilege ? SPARC_PRIVILEGE
                                                        : SPARC_PROTECTION);
        return;
    }
    mark(s, &entry, access == MB_WRITE);
    uint64_t offset = va & ((1ull << level_bits[entry.level]) - 1);
    out->pa = ((uint64_t)(entry.value & ~0xffu) << 4) + offset;
    out->page_bits = (uint8_t)level_bits[entry.level];
    out->readable = rights.read;
    out->writable = rights.write && (access == MB_WRITE || entry.value & MODIFIED);
    out->executable = rights.execute;
}

void sparc_walk(struct mb_cpu *cpu, uint64_t va, enum mb_access access,
                unsigned mmu_mode, struct mb_translation *out)
{
    struct sparc_state *s = (struct sparc_state *)cpu;
    *out = (struct mb_translation){.pa = (uint32_t)va, .page_bits = 12};
    if (s->mmu_control & SPARC_MMU_ENABLE) {
        walk_tables(s, (uint32_t)va, access, mmu_mode != 0, out);
        return;
    }
    out->readable = out->writable = access != MB_FETCH;
    out->executable = access == MB_FETCH;
    if (access == MB_FETCH && s->mmu_control & s->boot_mode)
        out->pa = s->prom + (va & BOOT_SPACE);
}

/* ---- probe and flush: bits 11:8 of the address say what of ----------------------- */
enum { OF_PAGE = 0, OF_SEGMENT = 1, OF_REGION = 2, OF_CONTEXT = 3, OF_ALL = 4 };

uint32_t sparc_probe(struct sparc_state *s, uint32_t va)
{
    struct entry entry;
    unsigned type = va >> 8 & 15;
    if (type > OF_ALL)
        return 0;
    bool entire = type == OF_ALL;
    if (!descend(s, va, entire ? PAGE_LEVEL : PAGE_LEVEL - type, &entry))
        return 0;
    unsigned kind = entry.value & 3;
    return kind == PTE || (kind == POINTER && !entire) ? entry.value : 0;
}

/* Segments and regions may be of supervisor pages, which belong to every context. */
void sparc_flush(struct sparc_state *s, uint32_t va)
{
    switch (va >> 8 & 15) {
    case OF_PAGE: mb_cpu_tlb_flush_page(&s->cpu, va & ~0xfffu); break;
    case OF_CONTEXT: mb_cpu_tlb_flush_space(&s->cpu, s->context); break;
    case OF_SEGMENT: case OF_REGION: case OF_ALL: mb_cpu_tlb_flush(&s->cpu); break;
    default: break;
    }
}

/* ---- registers ------------------------------------------------------------------- */
uint32_t sparc_mmu_read(struct sparc_state *s, uint32_t va)
{
    uint32_t value;
    switch (va >> 8 & 31) {
    case CONTROL: return s->mmu_id | s->mmu_control;
    case CONTEXT_TABLE: return s->context_table;
    case CONTEXT: return s->context;
    case FAULT_STATUS:
        value = s->fault_status;
        s->fault_status = 0;
        return value;
    case FAULT_STATUS_WRITE: return s->fault_status;
    case FAULT_ADDRESS: case FAULT_ADDRESS_WRITE: return s->fault_address;
    case REPLACEMENT: return s->replacement;
    default: return 0;
    }
}

static void write_control(struct sparc_state *s, uint32_t value)
{
    uint32_t old = s->mmu_control;
    s->mmu_control = value & 0x00ffffff;
    if ((old ^ s->mmu_control) & (SPARC_MMU_ENABLE | s->boot_mode))
        mb_cpu_mmu_changed(&s->cpu);
}

void sparc_mmu_write(struct sparc_state *s, uint32_t va, uint32_t value)
{
    uint32_t old = s->context_table;
    switch (va >> 8 & 31) {
    case CONTROL: write_control(s, value); break;
    case CONTEXT_TABLE:
        s->context_table = value & s->context_table_mask;
        if (old != s->context_table)
            mb_cpu_tlb_flush(&s->cpu);
        break;
    case CONTEXT:
        s->context = value & s->context_mask;
        mb_cpu_mmu_changed(&s->cpu);
        break;
    case FAULT_STATUS: case FAULT_ADDRESS: break;           /* read only */
    case FAULT_STATUS_WRITE: s->fault_status = value & s->fault_status_mask; break;
    case FAULT_ADDRESS_WRITE: s->fault_address = value; break;
    case REPLACEMENT: s->replacement = value & s->replacement_mask; break;
    default: mb_cpu_log(&s->cpu, "MMU register %#x written: %#x", va, value);
    }
}

void sparc_mmu_reset(struct sparc_state *s)
{
    s->mmu_control = s->boot_mode;
    s->context = s->context_table = s->fault_status = s->fault_address = 0;
    s->replacement = 0;
}
