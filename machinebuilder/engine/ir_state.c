/* State forwarding while a unit is built: a get gives what the last put or get of the
 * same field gave. Puts stay in the unit; the back end delays and merges them.
 * SPDX-License-Identifier: Apache-2.0 */
#include "ir_builder.h"

#include <string.h>

const struct mb_known *mb_cache_find(const struct mb_cache *cache, uint32_t offset,
                                     unsigned width)
{
    for (unsigned i = 0; i < cache->count; i++) {
        const struct mb_known *known = &cache->known[i];
        if (known->offset == offset && known->width == width)
            return known;
    }
    return NULL;
}

static bool overlap(const struct mb_known *x, const struct mb_known *y)
{
    return x->offset < y->offset + y->width && y->offset < x->offset + x->width;
}

bool mb_cache_overlaps(const struct mb_cache *cache, const struct mb_known *field)
{
    for (unsigned i = 0; i < cache->count; i++) {
        if (overlap(&cache->known[i], field))
            return true;
    }
    return false;
}

/* Enter a field in place of all that it overlaps. A full cache forgets its oldest. */
void mb_cache_set(struct mb_cache *cache, struct mb_known known)
{
    unsigned kept = 0;
    while (kept < cache->count && !overlap(&cache->known[kept], &known))
        kept++;
    if (kept < cache->count && cache->known[kept].offset == known.offset &&
        cache->known[kept].width == known.width) {
        cache->known[kept] = known;     /* no other overlaps it */
        return;
    }
    for (unsigned i = kept; i < cache->count; i++) {
        if (!overlap(&cache->known[i], &known))
            cache->known[kept++] = cache->known[i];
    }
    if (kept == MB_CACHE) {
        kept--;
        memmove(cache->known, cache->known + 1, kept * sizeof known);
    }
    cache->known[kept] = known;
    cache->count = kept + 1;
}

static bool width_fits(unsigned type, unsigned width)
{
    switch (type) {
    case MB_I32: return width == 1 || width == 2 || width == 4;
    case MB_I64: return width == 1 || width == 2 || width == 4 || width == 8;
    case MB_F32: return width == 4;
    case MB_F64: return width == 8;
    default: return width == 8 || width == 16;
    }
}

/* A put of `v` kept only `width` bytes: what a get of v's own type then gives. */
static mb_v cut(struct mb_ir *ir, mb_v v, unsigned width)
{
    unsigned type = mb_ir_type(ir, v);
    if (type == MB_V128)
        return width == 16 ? v : mb_ir_vpair(ir, mb_ir_vlow(ir, v),
                                             mb_ir_const(ir, MB_I64, 0));
    if (type > MB_I64 || mb_ir_bits(ir, v) <= 8 * width)
        return v;
    uint64_t mask = (1ull << 8 * width) - 1;
    return mb_ir_and(ir, v, mb_ir_const(ir, (enum mb_type)type, mask));
}

/* The same bytes seen as another type. */
static mb_v view(struct mb_ir *ir, mb_v v, unsigned type)
{
    unsigned from = mb_ir_type(ir, v);
    switch (from << 4 | type) {
    case MB_F32 << 4 | MB_I32: return mb_ir_bits32(ir, v);
    case MB_I32 << 4 | MB_F32: return mb_ir_float32(ir, v);
    case MB_F64 << 4 | MB_I64: return mb_ir_bits64(ir, v);
    case MB_I64 << 4 | MB_F64: return mb_ir_float64(ir, v);
    case MB_I64 << 4 | MB_I32: return mb_ir_trunc(ir, v);
    case MB_I32 << 4 | MB_I64: return mb_ir_zext32(ir, v);
    case MB_F32 << 4 | MB_I64: return mb_ir_zext32(ir, mb_ir_bits32(ir, v));
    case MB_I64 << 4 | MB_F32: return mb_ir_float32(ir, mb_ir_trunc(ir, v));
    case MB_V128 << 4 | MB_I64: return mb_ir_vlow(ir, v);
    case MB_V128 << 4 | MB_F64: return mb_ir_float64(ir, mb_ir_vlow(ir, v));
    case MB_F64 << 4 | MB_V128: v = mb_ir_bits64(ir, v); /* fall through */
    case MB_I64 << 4 | MB_V128:
        return mb_ir_vpair(ir, v, mb_ir_const(ir, MB_I64, 0));
    default: return v;
    }
}

/* As mb_cache_find for the builder's cache; looks first where the field was the last time. */
static struct mb_known *find(struct mb_ir *ir, uint32_t offset, unsigned width)
{
    struct mb_cache *cache = &ir->builder->cache;
    uint8_t *hint = &ir->builder->hints[offset % MB_HINTS];
    struct mb_known *known = &cache->known[*hint];
    if (*hint < cache->count && known->offset == offset && known->width == width)
        return known;
    known = (struct mb_known *)mb_cache_find(cache, offset, width);
    if (known)
        *hint = (uint8_t)(known - cache->known);
    return known;
}

/* What is known of a field, in the form that a get gives. */
static mb_v forward(struct mb_ir *ir, struct mb_known *known, unsigned type)
{
    if (known->raw) {
        known->value = cut(ir, known->value, known->width);
        known->raw = false;
    }
    return view(ir, known->value, type);
}

/* A field read in another shape than it was written is not remembered: what was written
 * is worth more. */
static mb_v get(struct mb_ir *ir, const struct mb_op *op)
{
    struct mb_cache *cache = &ir->builder->cache;
    struct mb_known field = {.offset = (uint32_t)op->imm, .width = op->width};
    struct mb_known *known = find(ir, field.offset, field.width);
    if (known)
        return forward(ir, known, op->type);
    field.value = mb_ir_append(ir, op);
    if (!mb_cache_overlaps(cache, &field))
        mb_cache_set(cache, field);
    return field.value;
}

static void put(struct mb_ir *ir, const struct mb_op *op)
{
    struct mb_cache *cache = &ir->builder->cache;
    uint32_t offset = (uint32_t)op->imm;
    struct mb_known *known = find(ir, offset, op->width);
    struct mb_known now = {.offset = offset, .width = op->width, .raw = true, .put = true,
                           .value = op->in[0]};
    if (known && known->value == now.value)
        return;
    mb_ir_append(ir, op);
    if (known)
        *known = now;           /* no other overlaps it */
    else
        mb_cache_set(cache, now);
}

mb_v mb_ir_state(struct mb_ir *ir, struct mb_op *op)
{
    unsigned type = op->code == MB_IR_GET ? op->type : mb_ir_type(ir, op->in[0]);
    if (!width_fits(type, op->width)) {
        ir->failed = true;
        return mb_ir_append(ir, &(struct mb_op){.code = MB_IR_CONST, .type = MB_I32});
    }
    if (op->code == MB_IR_GET)
        return get(ir, op);
    put(ir, op);
    return 0;
}
