/* Links to another virtual page: a jump through a check that the page is still mapped to
 * where the target was translated from. SPDX-License-Identifier: Apache-2.0
 *
 *     mov rdx, [tables + index * 8]     for each page of the target
 *     cmp rdx, [expected]
 *     jne miss
 *     jmp target
 *
 * At an exit every field is in memory, so rdx is free; rax is an indirect jump's pc.
 */
#include <string.h>
#include "gen.h"

/* The writable alias of an executable address. */
static const uint8_t *alias(const void *rx_address, const uint8_t *rw, const uint8_t *rx)
{
    return (const uint8_t *)((uintptr_t)rx_address + (uintptr_t)rw - (uintptr_t)rx);
}

size_t mb_codegen_guard(uint8_t *rw, const uint8_t *rx, size_t capacity,
                        const struct mb_check *checks, unsigned count, const void *target,
                        const void *miss)
{
    struct code code = {.p = rw, .start = rw, .end = rw + capacity};
    uint8_t *literals[MB_CHECKS];
    if (!miss)
        miss = mb_x86_thunks.miss;
    for (unsigned i = 0; i < count; i++) {
        x_rm(&code, X_LOAD | W64, RDX, at(RBX, (int32_t)(checks[i].index * 8)));
        put8(&code, 0x48);      /* cmp rdx, [rip + n] */
        put8(&code, 0x3b);
        put8(&code, 0x15);
        literals[i] = code.p;
        put32(&code, 0);
        x_jcc_to(&code, CC_NE, alias(miss, rw, rx));
    }
    x_jmp_to(&code, alias(target, rw, rx));
    while ((uintptr_t)code.p & 7 && !code.full)
        put8(&code, 0xcc);
    for (unsigned i = 0; i < count; i++) {
        if (!code.full)
            x_patch(&code, literals[i], code.p);
        put64(&code, checks[i].expected);
    }
    return code.full ? 0 : (size_t)(code.p - rw);
}
