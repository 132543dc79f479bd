/* Long-descriptor walks, the Large Physical Address Extension (DDI 0406C B3.6).
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core_arm.h"

/* FSR status: the kind, plus the level in bits 1:0. */
enum { TRANSLATION = 4, ACCESS = 8, PERMISSION = 12, WALK_ABORT = 0x14 };

#define ADDRESS_MASK 0xfffffff000ull

struct region { uint64_t ttbr; unsigned size; bool disabled, found; };

struct attributes { bool read_only, not_user, xn, pxn; };

/* TTBR0's or TTBR1's half of the address space. */
static struct region region_of(const struct arm_state *s, uint32_t va)
{
    struct region region = {0};
    unsigned t0 = s->ttbcr & 7, t1 = s->ttbcr >> 16 & 7;
    if (!t0 || !(va >> (32 - t0)))
        region = (struct region){s->ttbr0, t0, s->ttbcr >> 7 & 1, true};
    if (t1 ? va >> (32 - t1) == (1u << t1) - 1 : !region.found)
        region = (struct region){s->ttbr1, t1, s->ttbcr >> 23 & 1, true};
    return region;
}

static unsigned level_shift(unsigned level)
{
    return 39 - 9 * level;
}

/* Attributes of tables limit what is below them. */
static void limit(struct attributes *limits, uint64_t table)
{
    limits->pxn |= table >> 59 & 1;
    limits->xn |= table >> 60 & 1;
    limits->not_user |= table >> 61 & 1;
    limits->read_only |= table >> 62 & 1;
}

/* The final descriptor; false with a fault in *out. */
static bool find(struct arm_state *s, uint32_t va, struct attributes *limits,
                 unsigned *level, uint64_t *descriptor, struct mb_translation *out)
{
    struct region region = region_of(s, va);
    *level = region.size > 1 ? 2 : 1;
    if (!region.found || region.disabled) {
        out->fault = ARM_FAULT(TRANSLATION | 1, 0);
        return false;
    }
    unsigned low = 9 * *level - region.size - 4;
    uint64_t table = region.ttbr & ADDRESS_MASK & (~0ull << low);
    if (low < 12)       /* a first table may be smaller than a page */
        table = region.ttbr & 0xffffffffffull & (~0ull << low);
    uint32_t offset = va << region.size >> region.size;
    for (;; ++*level) {
        uint64_t index = offset >> level_shift(*level) & (*level == 1 ? 3 : 511);
        if (!arm_read_descriptor(s, table | index << 3, 8, descriptor)) {
            out->fault = ARM_FAULT(WALK_ABORT | *level, 0);
            return false;
        }
        if (!(*descriptor & 1) || (*level == 3 && !(*descriptor & 2))) {
            out->fault = ARM_FAULT(TRANSLATION | *level, 0);
            return false;
        }
        if (*level == 3 || !(*descriptor & 2))
            return true;
        limit(limits, *descriptor);
        table = *descriptor & ADDRESS_MASK;
    }
}

static void set_permissions(struct arm_state *s, struct attributes is, bool privileged,
                            struct mb_translation *out)
{
    bool user_writes = !is.read_only && !is.not_user;
    out->readable = privileged || !is.not_user;
    out->writable = privileged ? !is.read_only : user_writes;
    if (s->sctlr & ARM_SCTLR_WXN && out->writable)
        is.xn = true;
    if (s->sctlr & ARM_SCTLR_UWXN && user_writes)
        is.pxn = true;
    out->executable = out->readable && !is.xn && !(privileged && is.pxn);
}

void arm_walk_long(struct arm_state *s, uint32_t va, enum mb_access access, bool privileged,
                   struct mb_translation *out)
{
    struct attributes is = {0};
    unsigned level;
    uint64_t descriptor;
    if (!find(s, va, &is, &level, &descriptor, out))
        return;
    uint64_t offset = (1ull << level_shift(level)) - 1;
    unsigned attribute = descriptor >> 2 & 7;
    uint32_t mair = attribute < 4 ? s->mair0 : s->mair1;
    out->page_bits = (uint8_t)level_shift(level);
    out->pa = (descriptor & ADDRESS_MASK & ~offset) | (va & offset);
    out->global = !(descriptor >> 11 & 1);
    out->device = (mair >> (8 * (attribute & 3)) & 0xf0) == 0;
    is.not_user |= !(descriptor >> 6 & 1);
    is.read_only |= descriptor >> 7 & 1;
    is.pxn |= descriptor >> 53 & 1;
    is.xn |= descriptor >> 54 & 1;
    if (!(descriptor & 1u << 10)) {
        out->fault = ARM_FAULT(ACCESS | level, 0);
        return;
    }
    set_permissions(s, is, privileged, out);
    arm_check_access(out, access, ARM_FAULT(PERMISSION | level, 0));
}
