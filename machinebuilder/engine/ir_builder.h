/* The builder's inside: shared by ir*.c, not by translators or back ends.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef MB_IR_BUILDER_H
#define MB_IR_BUILDER_H

#include <string.h>
#include "ir.h"
#include "ir_table.h"

enum { MB_CACHE = 48, MB_DEPTH = 16, MB_SHARED = 256, MB_SETTLED = 16, MB_HINTS = 128, MB_MAX_OPS = 1u << 16 };

/* What a state field holds: `value`, as read by get, or (raw) as written by a put that
 * kept only its low bytes. `put`: written since the start of the innermost open arm. */
struct mb_known {
    uint32_t offset;
    uint8_t width;
    bool raw, put;
    mb_v value;
};

struct mb_cache { unsigned count; struct mb_known known[MB_CACHE]; };

/* Most are nearly empty. */
static inline void mb_cache_copy(struct mb_cache *to, const struct mb_cache *from)
{
    to->count = from->count;
    memcpy(to->known, from->known, from->count * sizeof from->known[0]);
}

/* An `if` whose endif has not come. FOLDED: the condition is constant, so one arm goes
 * inline and the other is dropped. UNREACHED: the whole construct is dropped. */
enum mb_open_kind { MB_OPEN_REAL, MB_OPEN_FOLDED, MB_OPEN_UNREACHED };
struct mb_open {
    enum mb_open_kind kind;
    bool taken;                 /* of FOLDED: the condition */
    bool in_else, then_ended;
    mb_v condition, at, at_else;
    struct mb_cache before, then_end;
};

/* How the last endif ended: what its phis become. */
enum mb_merge { MB_MERGE_PHI, MB_MERGE_THEN, MB_MERGE_ELSE, MB_MERGE_SELECT };

/* A field that both arms made by compares: the phis are there, the compare of them waits,
 * since a translator may yet ask for phis of its own. `phis`: the first one. */
struct mb_waiting { struct mb_known merged; mb_v a, b; uint32_t phis; };

/* A condition known since an arm of its `if` left: on the path at this depth and inside. */
struct mb_settled { mb_v condition; bool truth; unsigned depth; };

struct mb_builder {
    struct mb_cache cache;
    uint8_t hints[MB_HINTS];    /* by offset: where in the cache the field was */
    struct mb_waiting waiting[MB_CACHE];
    unsigned waiting_count;
    mb_v shared[MB_SHARED];     /* pure operations by hash */
    struct mb_open open[MB_DEPTH];
    unsigned depth;
    struct mb_settled settled[MB_SETTLED];
    unsigned settled_count;
    uint32_t dropped;           /* not 0: operations from here on are not reached */
    enum mb_merge merge;
    mb_v merge_condition;
};

/* ir.c */
mb_v mb_ir_append(struct mb_ir *ir, const struct mb_op *op);
/* Append, or find an equal; and stop sharing those of a range. */
mb_v mb_ir_share(struct mb_ir *ir, const struct mb_op *op);
void mb_ir_forget(struct mb_ir *ir, uint32_t from, uint32_t to);
mb_v mb_ir_memory(struct mb_ir *ir, struct mb_op *op);
/* Something of the right type, so that a translator can go on after a mistake. On a path
 * that has ended it is none: the operands may have been cut off with an arm. */
mb_v mb_ir_mistake(struct mb_ir *ir, const struct mb_op *op);
/* ir_simplify.c, for ir_emit.h: an equal value without a new operation of this kind, or 0.
 * May change operands in place. */
typedef mb_v mb_simplify_fn(struct mb_ir *ir, struct mb_op *op);
mb_simplify_fn mb_simplify_constants, mb_simplify_add, mb_simplify_sub, mb_simplify_mul,
    mb_simplify_divide, mb_simplify_addc, mb_simplify_suboverflow, mb_simplify_and, mb_simplify_or,
    mb_simplify_xor, mb_simplify_equal, mb_simplify_order, mb_simplify_shift,
    mb_simplify_select, mb_simplify_unary;
unsigned mb_ir_bits(const struct mb_ir *ir, mb_v v);   /* significant bits */
/* ir_state.c */
mb_v mb_ir_state(struct mb_ir *ir, struct mb_op *op);         /* get and put */
void mb_cache_set(struct mb_cache *cache, struct mb_known known);
bool mb_cache_overlaps(const struct mb_cache *cache, const struct mb_known *field);
const struct mb_known *mb_cache_find(const struct mb_cache *cache, uint32_t offset,
                                     unsigned width);
/* ir_join.c: one value of those that the arms made, by a select under `condition`, or by phis
 * (`phis`: of this endif, from there on); or only those phis. */
struct mb_join { mb_v condition; uint32_t phis; bool only_phis; };
mb_v mb_ir_join(struct mb_ir *ir, const struct mb_join *join, mb_v a, mb_v b);
bool mb_ir_joins_compares(const struct mb_ir *ir, mb_v a, mb_v b);
/* ir_control.c */
void mb_ir_put_waiting(struct mb_ir *ir);
mb_v mb_ir_control(struct mb_ir *ir, struct mb_op *op);
/* A phi's value if only one arm reaches it: the other's was cut off. 0: both do. */
mb_v mb_ir_only_arm(const struct mb_ir *ir, const struct mb_op *op);
void mb_ir_end_path(struct mb_ir *ir);

#endif
