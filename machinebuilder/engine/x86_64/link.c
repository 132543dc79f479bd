/* What is done to generated code afterwards: linking units, and finding the state at a
 * fault. SPDX-License-Identifier: Apache-2.0 */
#include "gen.h"

void mb_code_link(uint8_t *rw, const uint8_t *rx, const struct mb_link *link,
                  const void *target)
{
    const uint8_t *to = target ? target : rx + link->stub;
    int32_t distance = (int32_t)(to - (rx + link->patch + 4));
    __atomic_store_n((int32_t *)(rw + link->patch), distance, __ATOMIC_RELEASE);
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

static uint64_t read_const(const union mb_place *place)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < place->index; i++)
        value |= (uint64_t)place[1 + i].word << 32 * i;
    return value;
}

/* The bytes of a value; gives the place behind. */
static const union mb_place *read_place(const union mb_place *place,
                                        const struct mb_saved *saved, uint64_t out[2])
{
    const union mb_place *next = place + 1;
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
        next = read_place(read_place(next, saved, a), saved, b);
        out[0] = holds(FLAGS_INDEX_CC(place->index), FLAGS_INDEX_KIND(place->index),
                       FLAGS_INDEX_WIDE(place->index), a[0], b[0]);
        break;
    default:
        out[0] = read_const(place);
        next += place->index;
    }
    return next;
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
    const union mb_place *place = &code->places[row->first], *next;
    for (unsigned i = 0; i < row->count; i++, place = next) {
        uint64_t value[2];
        next = read_place(place, saved, value);
        memcpy((uint8_t *)cpu + place->offset, value, place->width);
    }
    cpu->pc = code->start + (uint64_t)(int64_t)row->pc;
    return row->insn;
}
