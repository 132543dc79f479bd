/* The MMU: short-descriptor walks, permissions, the names of address spaces
 * (DDI 0406C B3.5-B3.9). SPDX-License-Identifier: Apache-2.0
 *
 * Omitted: secure and non-secure tables.
 */
#include <endian.h>
#include "core_arm.h"

/* FSR status of the short-descriptor format (B3-1412); the level is in bit 1. */
enum { TRANSLATION_1 = 5, TRANSLATION_2 = 7, ACCESS_1 = 3, ACCESS_2 = 6, DOMAIN_1 = 9,
       DOMAIN_2 = 11, PERMISSION_1 = 13, PERMISSION_2 = 15, WALK_ABORT_1 = 12,
       WALK_ABORT_2 = 14, ALIGNMENT = 1, DEBUG = 2, EXTERNAL = 8 };
enum { LONG_ALIGNMENT = 0x21, LONG_DEBUG = 0x22, LONG_EXTERNAL = 0x10 };
enum { DOMAIN_CLIENT = 1, DOMAIN_MANAGER = 3 };

uint32_t arm_alignment_status(const struct arm_state *s)
{
    return s->ttbcr & ARM_TTBCR_EAE ? LONG_ALIGNMENT : ALIGNMENT;
}

uint32_t arm_bus_status(const struct arm_state *s)
{
    return s->ttbcr & ARM_TTBCR_EAE ? LONG_EXTERNAL : EXTERNAL;
}

uint32_t arm_debug_status(const struct arm_state *s)
{
    return s->ttbcr & ARM_TTBCR_EAE ? 1u << 9 | LONG_DEBUG : DEBUG;
}

/* ---- names ------------------------------------------------------------------------------- */
unsigned arm_mmu_mode(const struct mb_cpu *cpu)
{
    return ((const struct arm_state *)cpu)->mode != ARM_USR;
}

/* Low half: the ASID, which maintenance by ASID names; high half: the domains, since
 * Linux opens and closes the user's with every copy. Tables may only change under one
 * ASID with a flush, so their base is not part of it. */
uint64_t arm_address_space(const struct mb_cpu *cpu)
{
    const struct arm_state *s = (const struct arm_state *)cpu;
    if (!(s->sctlr & ARM_SCTLR_M))
        return UINT32_MAX;
    if (s->ttbcr & ARM_TTBCR_EAE)
        return (s->ttbcr & 1u << 22 ? s->ttbr1 : s->ttbr0) >> 48 & 0xff;
    return (uint64_t)s->dacr << 32 | (s->contextidr & 0xff);
}

/* ---- permissions ------------------------------------------------------------------------------ */
void arm_check_access(struct mb_translation *out, enum mb_access access, uint32_t fault)
{
    bool allowed = access == MB_READ ? out->readable
                   : access == MB_WRITE ? out->writable : out->executable;
    if (!allowed)
        out->fault = fault;
}

/* AP[2:0]; with access flags AP[0] is taken as 1. */
static void set_permissions(struct arm_state *s, unsigned ap, bool xn, bool pxn,
                            bool privileged, struct mb_translation *out)
{
    bool user_writes = ap == 3, user_reads = user_writes || ap == 2 || ap >= 6;
    bool writes = ap >= 1 && ap <= 3, reads = ap != 0 && ap != 4;
    out->readable = privileged ? reads : user_reads;
    out->writable = privileged ? writes : user_writes;
    if (s->sctlr & ARM_SCTLR_WXN && out->writable)
        xn = true;
    if (s->sctlr & ARM_SCTLR_UWXN && user_writes)
        pxn = true;
    out->executable = out->readable && !xn && !(privileged && pxn);
}

static void allow_all(struct mb_translation *out)
{
    out->readable = out->writable = out->executable = true;
}

/* Strongly ordered or device: by TEX, C, B, or by PRRR where they are remapped. */
static bool is_device(const struct arm_state *s, unsigned tex, unsigned cb)
{
    if (s->sctlr & ARM_SCTLR_TRE)
        return (s->mair0 >> (2 * ((tex & 1) << 2 | cb)) & 3) < 2;
    return (tex == 0 && cb < 2) || (tex == 2 && cb == 0);
}

/* ---- short descriptors -------------------------------------------------------------------------- */
struct page {
    uint64_t pa;
    unsigned bits, ap, tex, cb, domain, level;
    bool xn, pxn, not_global;
};

bool arm_read_descriptor(struct arm_state *s, uint64_t pa, unsigned size, uint64_t *value)
{
    uint64_t raw = 0;
    if (!mb_cpu_phys_read(&s->cpu, pa, &raw, size))
        return false;
    *value = le64toh(raw);
    if (s->sctlr & ARM_SCTLR_EE)
        *value = size == 8 ? __builtin_bswap64(*value) : __builtin_bswap32((uint32_t)*value);
    return true;
}

/* The table for `va`, or 0 if TTBCR.PD0/PD1 forbids the walk. */
static bool first_table(const struct arm_state *s, uint32_t va, uint64_t *table)
{
    unsigned n = s->ttbcr & 7;
    if (n && va >> (32 - n)) {
        *table = (s->ttbr1 & 0xffffc000) | (va >> 20 << 2);
        return !(s->ttbcr & 1u << 5);
    }
    uint32_t base = (uint32_t)s->ttbr0 & ~((1u << (14 - n)) - 1);
    *table = base | (va << n >> n >> 20 << 2);
    return !(s->ttbcr & 1u << 4);
}

static void section(uint32_t descriptor, uint32_t va, struct page *page)
{
    bool super = descriptor & 1u << 18;
    page->level = 1;
    page->bits = super ? 24 : 20;
    page->pa = (descriptor & ~0u << page->bits) | (va & ~(~0u << page->bits));
    if (super) {
        page->pa |= (uint64_t)(descriptor >> 20 & 15) << 32;
        page->pa |= (uint64_t)(descriptor >> 5 & 15) << 36;
        page->domain = 0;
    }
    page->ap = (descriptor >> 10 & 3) | (descriptor >> 13 & 4);
    page->tex = descriptor >> 12 & 7;
    page->cb = descriptor >> 2 & 3;
    page->xn = descriptor >> 4 & 1;
    page->pxn = descriptor & 1;
    page->not_global = descriptor >> 17 & 1;
}

static void small_or_large(uint32_t descriptor, uint32_t va, struct page *page)
{
    bool large = !(descriptor & 2);
    page->level = 2;
    page->bits = large ? 16 : 12;
    page->pa = (descriptor & ~0u << page->bits) | (va & ~(~0u << page->bits));
    page->ap = (descriptor >> 4 & 3) | (descriptor >> 7 & 4);
    page->tex = descriptor >> (large ? 12 : 6) & 7;
    page->cb = descriptor >> 2 & 3;
    page->xn = descriptor >> (large ? 15 : 0) & 1;
    page->not_global = descriptor >> 11 & 1;
}

/* Find the descriptor; gives a fault code or 0. */
static uint32_t find(struct arm_state *s, uint32_t va, struct page *page)
{
    uint64_t table, descriptor;
    if (!first_table(s, va, &table))
        return ARM_FAULT(TRANSLATION_1, 0);
    if (!arm_read_descriptor(s, table, 4, &descriptor))
        return ARM_FAULT(WALK_ABORT_1, 0);
    page->domain = descriptor >> 5 & 15;
    if ((descriptor & 3) == 0)
        return ARM_FAULT(TRANSLATION_1, 0);
    if (descriptor & 2) {
        section((uint32_t)descriptor, va, page);
        return 0;
    }
    page->pxn = descriptor >> 2 & 1;
    table = (descriptor & 0xfffffc00) | (va >> 12 & 0xff) << 2;
    if (!arm_read_descriptor(s, table, 4, &descriptor))
        return ARM_FAULT(WALK_ABORT_2, page->domain);
    if ((descriptor & 3) == 0)
        return ARM_FAULT(TRANSLATION_2, page->domain);
    small_or_large((uint32_t)descriptor, va, page);
    return 0;
}

static uint32_t level_status(const struct page *page, uint32_t first, uint32_t second)
{
    return ARM_FAULT(page->level == 1 ? first : second, page->domain);
}

static void walk_short(struct arm_state *s, uint32_t va, enum mb_access access,
                       bool privileged, struct mb_translation *out)
{
    struct page page = {0};
    out->fault = find(s, va, &page);
    if (out->fault)
        return;
    out->pa = page.pa;
    out->page_bits = (uint8_t)page.bits;
    out->global = !page.not_global;
    out->device = is_device(s, page.tex, page.cb);
    if (s->sctlr & ARM_SCTLR_AFE) {
        if (!(page.ap & 1)) {
            out->fault = level_status(&page, ACCESS_1, ACCESS_2);
            return;
        }
        page.ap |= 1;
    }
    unsigned domain = s->dacr >> (2 * page.domain) & 3;
    if (domain == DOMAIN_MANAGER) {
        allow_all(out);
    } else if (domain != DOMAIN_CLIENT) {
        out->fault = level_status(&page, DOMAIN_1, DOMAIN_2);
    } else {
        set_permissions(s, page.ap, page.xn, page.pxn, privileged, out);
        arm_check_access(out, access, level_status(&page, PERMISSION_1, PERMISSION_2));
    }
}

void arm_walk(struct mb_cpu *cpu, uint64_t va, enum mb_access access, unsigned mmu_mode,
              struct mb_translation *out)
{
    struct arm_state *s = (struct arm_state *)cpu;
    if (!(s->sctlr & ARM_SCTLR_M)) {
        *out = (struct mb_translation){.pa = (uint32_t)va, .page_bits = 12};
        allow_all(out);
    } else if (s->ttbcr & ARM_TTBCR_EAE) {
        arm_walk_long(s, (uint32_t)va, access, mmu_mode != 0, out);
    } else {
        walk_short(s, (uint32_t)va, access, mmu_mode != 0, out);
    }
}
