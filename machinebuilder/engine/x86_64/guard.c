/* Links that hold under a condition: to another virtual page, while it is mapped to where the
 * target was translated from; of an indirect jump, while it goes there.
 * SPDX-License-Identifier: Apache-2.0
 *
 *     cmp eax, pc                       of an indirect jump
 *     jne miss
 *     cmp dword [key], flags
 *     jne miss
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

static void check_jump(struct code *code, const struct mb_guard *guard, const uint8_t *miss)
{
    put8(code, 0x3d);           /* cmp eax, imm32 */
    put32(code, guard->pc);
    x_jcc_to(code, CC_NE, miss);
    x_rm(code, OP(0, 0, 0x81), 7, CPU(key));        /* cmp dword [key], imm32 */
    put32(code, guard->flags);
    x_jcc_to(code, CC_NE, miss);
}

/* Gives the rel32 of the literal. */
static uint8_t *check_page(struct code *code, const struct mb_check *check,
                           const uint8_t *miss)
{
    x_rm(code, X_LOAD | W64, RDX, at(RBX, (int32_t)(check->index * 8)));
    put8(code, 0x48);           /* cmp rdx, [rip + n] */
    put8(code, 0x3b);
    put8(code, 0x15);
    uint8_t *literal = code->p;
    put32(code, 0);
    x_jcc_to(code, CC_NE, miss);
    return literal;
}

size_t mb_codegen_guard(uint8_t *rw, const uint8_t *rx, size_t capacity,
                        const struct mb_guard *guard)
{
    struct code code = {.p = rw, .start = rw, .end = rw + capacity};
    uint8_t *literals[MB_CHECKS];
    const uint8_t *miss = alias(guard->miss ? guard->miss : mb_x86_thunks.miss, rw, rx);
    if (guard->indirect)
        check_jump(&code, guard, miss);
    for (unsigned i = 0; i < guard->count; i++)
        literals[i] = check_page(&code, &guard->checks[i], miss);
    x_jmp_to(&code, alias(guard->target, rw, rx));
    while ((uintptr_t)code.p & 7 && !code.full)
        put8(&code, 0xcc);
    for (unsigned i = 0; i < guard->count; i++) {
        if (!code.full)
            x_patch(&code, literals[i], code.p);
        put64(&code, guard->checks[i].expected);
    }
    return code.full ? 0 : (size_t)(code.p - rw);
}
