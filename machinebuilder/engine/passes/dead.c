/* Dead code: puts that are overwritten before anything could see them, and operations
 * without effect whose value nobody reads. SPDX-License-Identifier: Apache-2.0 */
#include "passes.h"

enum { FIELDS = 32 };

/* Fields that are written again before they can be seen. */
struct hidden {
    unsigned count;
    struct {
        uint32_t offset;
        uint8_t width;
    } field[FIELDS];
};

static bool is_hidden(const struct hidden *hidden, uint32_t offset, unsigned width)
{
    for (unsigned i = 0; i < hidden->count; i++) {
        if (hidden->field[i].offset <= offset &&
            offset + width <= hidden->field[i].offset + hidden->field[i].width)
            return true;
    }
    return false;
}

static void hide(struct hidden *hidden, uint32_t offset, uint8_t width)
{
    if (hidden->count == FIELDS)
        return;
    hidden->field[hidden->count].offset = offset;
    hidden->field[hidden->count++].width = width;
}

static void show(struct hidden *hidden, uint32_t offset, unsigned width)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < hidden->count; i++) {
        if (hidden->field[i].offset + hidden->field[i].width <= offset ||
            offset + width <= hidden->field[i].offset)
            hidden->field[kept++] = hidden->field[i];
    }
    hidden->count = kept;
}

/* Does the operation stay even if its value is not read? */
static bool is_needed(const struct mb_op *op, struct hidden *hidden)
{
    switch (mb_ir_table[op->code].effect) {
    case MB_E_NONE:
        return false;
    case MB_E_READS:
        return false;
    case MB_E_WRITES:
        if (is_hidden(hidden, (uint32_t)op->imm, op->width))
            return false;
        hide(hidden, (uint32_t)op->imm, op->width);
        return true;
    case MB_E_CALL:
        if (((const struct mb_helper *)(uintptr_t)op->imm)->effects == MB_PURE)
            return false;
        hidden->count = 0;
        return true;
    case MB_E_CONTROL:
        if (op->code == MB_IR_PHI)
            return false;
        if (op->code != MB_IR_INSN)
            hidden->count = 0;
        return true;
    case MB_E_MEMORY:           /* may fault: all state is seen */
        hidden->count = 0;
        return true;
    default:                    /* floating point raises sticky flags */
        return true;
    }
}

static void count_use(struct mb_op *op)
{
    if (op->mark < UINT16_MAX)
        op->mark++;
}

static void count_operands(struct mb_ir *ir, const struct mb_op *op)
{
    if (op->code == MB_IR_CALL) {
        for (unsigned i = 0; i < op->argc; i++)
            count_use(&ir->ops[ir->args[op->in[0] + i]]);
        return;
    }
    for (unsigned i = 0; i < mb_ir_table[op->code].inputs; i++)
        count_use(&ir->ops[op->in[i]]);
}

/* Leaves in `mark` how many uses an operation has. */
void mb_pass_dead(struct mb_ir *ir)
{
    struct hidden hidden = {.count = 0};
    for (uint32_t i = 1; i < ir->count; i++)
        ir->ops[i].mark = 0;
    for (uint32_t i = ir->count - 1; i > 0; i--) {
        struct mb_op *op = &ir->ops[i];
        bool needed = is_needed(op, &hidden) || op->mark;
        if (!needed) {
            *op = (struct mb_op){.code = MB_IR_NOP};
            continue;
        }
        if (op->code == MB_IR_GET)
            show(&hidden, (uint32_t)op->imm, op->width);
        count_operands(ir, op);
    }
}
