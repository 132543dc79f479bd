/* Groups of memory accesses that share one look-up: register lists, stack frames,
 * fields of a structure. SPDX-License-Identifier: Apache-2.0
 *
 * The liveness pass gathers them; nothing may come between that could change mappings
 * or leave (calls, arms, exits).
 */
#include "gen.h"

void mb_x86_close_groups(struct gen *gen)
{
    for (unsigned i = 0; i < OPEN_GROUPS; i++)
        gen->open_groups[i] = GROUPS;
}

static bool can_share(const struct gen *gen, const struct mb_op *op)
{
    uint64_t c;
    return (op->code == MB_IR_LOAD || op->code == MB_IR_STORE) &&
           gen->core->address_bits == 32 && type_of(gen, op->in[0]) == MB_I32 &&
           !(op->flags & MB_MEM_USER) && !(op->flags & MB_MEM_SWAP && op->width > 8) &&
           !mb_x86_const(gen, op->in[0], &c);
}

static bool fits(const struct gen *gen, const struct group *group,
                 const struct mb_op *op, unsigned align)
{
    int64_t disp = (int32_t)op->imm;
    int64_t low = disp < group->low ? disp : group->low;
    int64_t high = disp + op->width > group->high ? disp + op->width : group->high;
    unsigned both = align > group->align ? align : group->align;
    return group->base == op->in[0] && group->write == (op->code == MB_IR_STORE) &&
           gen->at - group->last < GROUP_AGE && high - low <= GROUP_SPAN &&
           (disp - group->low) % both == 0;
}

static void join(struct gen *gen, struct group *group, const struct mb_op *op,
                 unsigned align)
{
    int32_t disp = (int32_t)op->imm;
    if (disp < group->low)
        group->low = disp;
    if (disp + op->width > group->high)
        group->high = disp + op->width;
    if (align > group->align)
        group->align = (uint8_t)align;
    group->last = gen->at;
    group->count++;
}

/* Opens a group in place of the one that has been quiet longest. */
static struct group *open_group(struct gen *gen, const struct mb_op *op)
{
    unsigned slot = 0;
    for (unsigned i = 0; i < OPEN_GROUPS && gen->open_groups[slot] < GROUPS; i++) {
        if (gen->open_groups[i] >= GROUPS ||
            gen->groups[gen->open_groups[i]].last <
                gen->groups[gen->open_groups[slot]].last)
            slot = i;
    }
    struct group *group = &gen->groups[gen->group_count];
    gen->open_groups[slot] = gen->group_count++;
    *group = (struct group){.base = op->in[0],
                            .write = op->code == MB_IR_STORE,
                            .reg = NO_REG,
                            .align = 1,
                            .low = (int32_t)op->imm,
                            .high = (int32_t)op->imm + op->width,
                            .first = gen->at};
    return group;
}

/* op->mark becomes the group's number + 1. */
void mb_x86_join_group(struct gen *gen, struct mb_op *op)
{
    unsigned align = mb_mem_alignment(op->width, op->flags);
    if (!can_share(gen, op))
        return;
    struct group *group = NULL;
    for (unsigned i = 0; i < OPEN_GROUPS && !group; i++) {
        unsigned number = gen->open_groups[i];
        if (number < GROUPS && fits(gen, &gen->groups[number], op, align))
            group = &gen->groups[number];
    }
    if (!group && gen->group_count == GROUPS)
        return;
    if (!group)
        group = open_group(gen, op);
    join(gen, group, op, align);
    op->mark = (uint16_t)(group - gen->groups + 1);
}
