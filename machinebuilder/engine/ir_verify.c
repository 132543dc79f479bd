/* Is a unit well formed? For developers, between passes (MB_IR_VERIFY=1).
 * SPDX-License-Identifier: Apache-2.0
 *
 * Checked: operands are defined before use on every path that reaches the use, their
 * types fit the table, if/else/endif nest, phis stand directly after endif, every path
 * leaves.
 */
#include "ir.h"
#include "ir_table.h"

enum { DEPTH = 64 };

/* Values of ops[from, to) belong to an arm that is closed: not to be used from outside.
 */
struct closed { uint32_t from, to; };

struct verifier {
    const struct mb_ir *ir;
    uint32_t at;
    unsigned depth, closed_count;
    struct {
        uint32_t from, from_else;
        bool then_ended;
        struct closed hidden;
    } open[DEPTH];
    struct closed closed[1024];
    bool ended, may_phi;
    struct closed phi_then, phi_else;      /* arms that a phi may look into */
    const char *error;
};

static bool within(struct closed range, mb_v v)
{
    return v >= range.from && v < range.to;
}

static bool visible(const struct verifier *verifier, mb_v v)
{
    for (unsigned i = 0; i < verifier->closed_count; i++) {
        if (within(verifier->closed[i], v))
            return false;
    }
    return true;
}

static void check_operand(struct verifier *verifier, mb_v v, unsigned kind, unsigned *t)
{
    const struct mb_ir *ir = verifier->ir;
    if (v == 0 || v >= verifier->at || ir->ops[v].type == MB_VOID) {
        verifier->error = "operand is not a value defined earlier";
        return;
    }
    unsigned type = ir->ops[v].type;
    if (kind < MB_K_T ? type != kind : kind < MB_K_ANY && *t && type != *t)
        verifier->error = "operand has the wrong type";
    if (kind == MB_K_T || kind == MB_K_F)
        *t = type;
}

static void check_operands(struct verifier *verifier, const struct mb_op *op)
{
    const struct mb_op_info *info = &mb_ir_table[op->code];
    const struct mb_ir *ir = verifier->ir;
    unsigned count = op->code == MB_IR_CALL ? op->argc : info->inputs, t = MB_VOID;
    for (unsigned i = 0; i < count && !verifier->error; i++) {
        bool call = op->code == MB_IR_CALL;
        mb_v v = call ? ir->args[op->in[0] + i] : op->in[i];
        check_operand(verifier, v, call ? MB_K_ANY : info->in[i], &t);
        bool seen = visible(verifier, v);
        if (op->code == MB_IR_PHI)
            seen = seen || within(i ? verifier->phi_else : verifier->phi_then, v);
        if (!verifier->error && !seen)
            verifier->error = "operand is defined in an arm that may not have run";
    }
}

static void close_arm(struct verifier *verifier, uint32_t from, uint32_t to)
{
    if (verifier->closed_count < sizeof verifier->closed / sizeof verifier->closed[0])
        verifier->closed[verifier->closed_count++] = (struct closed){from, to};
}

static void open_if(struct verifier *verifier)
{
    if (verifier->depth == DEPTH) {
        verifier->error = "ifs are nested too deeply";
        return;
    }
    verifier->open[verifier->depth].from = verifier->at;
    verifier->open[verifier->depth].from_else = 0;
    verifier->open[verifier->depth++].then_ended = false;
}

static void open_else(struct verifier *verifier)
{
    if (!verifier->depth || verifier->open[verifier->depth - 1].from_else) {
        verifier->error = "else without if";
        return;
    }
    verifier->open[verifier->depth - 1].from_else = verifier->at;
    verifier->open[verifier->depth - 1].then_ended = verifier->ended;
    close_arm(verifier, verifier->open[verifier->depth - 1].from, verifier->at);
    verifier->ended = false;
}

/* An arm whose other arm left stays visible: only it can have come here. */
static void close_if(struct verifier *verifier)
{
    if (!verifier->depth) {
        verifier->error = "endif without if";
        return;
    }
    uint32_t from = verifier->open[--verifier->depth].from;
    uint32_t middle = verifier->open[verifier->depth].from_else;
    bool has_else = middle != 0, else_ended = has_else && verifier->ended;
    bool then_ended = has_else ? verifier->open[verifier->depth].then_ended
                               : verifier->ended;
    if (!has_else)
        middle = verifier->at;
    verifier->phi_then = (struct closed){from, middle};
    verifier->phi_else = (struct closed){middle, verifier->at};
    unsigned kept = 0;              /* close_arm at else may have to be taken back */
    for (unsigned i = 0; i < verifier->closed_count; i++) {
        if (verifier->closed[i].from != from || !else_ended)
            verifier->closed[kept++] = verifier->closed[i];
    }
    verifier->closed_count = kept;
    if (!has_else && !then_ended)
        close_arm(verifier, from, middle);
    if (has_else && !then_ended)
        close_arm(verifier, middle, verifier->at);
    verifier->ended = then_ended && else_ended;
    verifier->may_phi = true;
}

static void check_op(struct verifier *verifier, const struct mb_op *op)
{
    check_operands(verifier, op);
    switch (op->code) {
    case MB_IR_IF: open_if(verifier); break;
    case MB_IR_ELSE: open_else(verifier); break;
    case MB_IR_ENDIF: close_if(verifier); return;
    case MB_IR_INSN:
        if (verifier->depth)
            verifier->error = "insn inside an arm";
        break;
    case MB_IR_EXIT: case MB_IR_JUMP: case MB_IR_LEAVE: verifier->ended = true; break;
    case MB_IR_CALL:
        if (((const struct mb_helper *)(uintptr_t)op->imm)->effects & MB_EXITS)
            verifier->ended = true;
        break;
    case MB_IR_PHI:
        if (!verifier->may_phi)
            verifier->error = "phi not directly after endif";
        return;
    case MB_IR_PUT: case MB_IR_NOP: case MB_IR_CONST: return;
    default: break;
    }
    verifier->may_phi = false;
}

const char *mb_ir_verify(const struct mb_ir *ir)
{
    static _Thread_local char text[128];
    static _Thread_local struct verifier verifier;
    verifier = (struct verifier){.ir = ir};
    for (verifier.at = 1; verifier.at < ir->count && !verifier.error; verifier.at++) {
        const struct mb_op *op = &ir->ops[verifier.at];
        if (op->code >= MB_IR_COUNT)
            verifier.error = "no such operation";
        else
            check_op(&verifier, op);
    }
    if (!verifier.error && verifier.depth)
        verifier.error = "if without endif";
    if (!verifier.error)
        return NULL;
    uint32_t at = verifier.at - 1;
    snprintf(text, sizeof text, "%%%u (%s): %s", at, mb_ir_table[ir->ops[at].code].name,
             verifier.error);
    return text;
}
