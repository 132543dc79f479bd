/* What is done to generated code afterwards: linking units, and finding the state at a
 * fault. SPDX-License-Identifier: Apache-2.0 */
#include "gen.h"

#include <stdlib.h>

void mb_code_link(uint8_t *rw, const uint8_t *rx, const struct mb_link *link,
                  const void *target)
{
    const uint8_t *to = target ? target : rx + link->stub;
    int32_t distance = (int32_t)(to - (rx + link->patch + 4));
    __atomic_store_n((int32_t *)(rw + link->patch), distance, __ATOMIC_RELEASE);
}

void mb_code_free(struct mb_code *code)
{
    free(code->links);          /* rows and places are in the same piece */
    *code = (struct mb_code){0};
}

/* ---- precise state ---- */
/* Truth of condition `cc` after cmp a, b; test a, a; or add a, b; in 64 bits, narrower
 * operands being shifted to the top. */
static bool holds(unsigned cc, unsigned kind, bool wide, uint64_t a, uint64_t b)
{
    unsigned shift = wide ? 0 : 32;
    a <<= shift;
    b <<= shift;
    uint64_t result = kind == FLAGS_CMP ? a - b : kind == FLAGS_ADD ? a + b : a;
    uint64_t overflows = kind == FLAGS_CMP ? (a ^ b) & (a ^ result) :
                         kind == FLAGS_ADD ? ~(a ^ b) & (a ^ result) : 0;
    bool zero = result == 0, sign = result >> 63, overflow = overflows >> 63;
    bool carry = kind == FLAGS_CMP ? a < b : kind == FLAGS_ADD && result < a;
    bool truth;
    switch (cc & ~1u) {
    case CC_O: truth = overflow; break;
    case CC_B: truth = carry; break;
    case CC_E: truth = zero; break;
    case CC_BE: truth = carry || zero; break;
    case CC_S: truth = sign; break;
    case CC_L: truth = sign != overflow; break;
    default: truth = zero || sign != overflow; break;       /* CC_LE */
    }
    return truth != (cc & 1);
}

/* The bytes of a value; a lazy compare is made from the two places that follow. */
static void read_place(const struct mb_place *place, const struct mb_saved *saved,
                       uint64_t out[2])
{
    uint64_t a[2], b[2];
    out[1] = 0;
    switch (place->kind) {
    case MB_AT_REG: out[0] = saved->reg[place->index]; break;
    case MB_AT_XMM: memcpy(out, saved->xmm[place->index], 16); break;
    case MB_AT_SPILL:
        out[0] = saved->spill[place->index];
        if (place->width == 16)
            out[1] = saved->spill[place->index + 1];
        break;
    case MB_AT_FLAGS:
        read_place(place + 1, saved, a);
        read_place(place + 2, saved, b);
        out[0] =
            holds(place->index, place->value & 0xff, place->value >> 8, a[0], b[0]);
        break;
    default: out[0] = place->value;
    }
}

static const struct mb_row *find_row(const struct mb_code *code, uint32_t host)
{
    uint32_t low = 0, high = code->row_count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (code->rows[middle].host < host)
            low = middle + 1;
        else
            high = middle;
    }
    return low < code->row_count && code->rows[low].host == host ? &code->rows[low]
                                                                 : NULL;
}

unsigned mb_code_restore(struct mb_cpu *cpu, const struct mb_code *code, uint32_t host,
                         const struct mb_saved *saved)
{
    const struct mb_row *row = find_row(code, host);
    if (!row)
        return 0;
    for (uint32_t i = 0; i < row->count; i++) {
        const struct mb_place *place = &code->places[row->first + i];
        uint64_t value[2];
        read_place(place, saved, value);
        memcpy((uint8_t *)cpu + place->offset, value, place->width);
        if (place->kind == MB_AT_FLAGS)
            i += 2;
    }
    cpu->pc = row->pc;
    return row->insn;
}
