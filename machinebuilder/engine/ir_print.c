/* A unit as text, for developers. SPDX-License-Identifier: Apache-2.0 */
#include "ir.h"
#include "ir_table.h"

static const char *const type_names[] = {"", "i32", "i64", "f32", "f64", "v128"};

static void print_operands(const struct mb_ir *ir, const struct mb_op *op, FILE *out)
{
    unsigned count = op->code == MB_IR_CALL ? op->argc : mb_ir_table[op->code].inputs;
    const mb_v *in = op->code == MB_IR_CALL ? &ir->args[op->in[0]] : op->in;
    for (unsigned i = 0; i < count; i++) {
        const struct mb_op *operand = &ir->ops[in[i]];
        if (operand->code == MB_IR_CONST)
            fprintf(out, " %#llx", (unsigned long long)operand->imm);
        else
            fprintf(out, " %%%u", in[i]);
    }
}

static void print_immediates(const struct mb_op *op, FILE *out)
{
    unsigned long long imm = op->imm;
    switch (op->code) {
    case MB_IR_GET: case MB_IR_PUT:
        fprintf(out, " [%llu:%u]", imm, op->width);
        return;
    case MB_IR_LOAD: case MB_IR_STORE: case MB_IR_CAS: case MB_IR_SWAP:
        fprintf(out, " width %u flags %u disp %lld", op->width, op->flags,
                (long long)imm);
        return;
    case MB_IR_CALL:
        fprintf(out, " %s", ((const struct mb_helper *)(uintptr_t)imm)->name);
        return;
    default:
        if (imm)
            fprintf(out, " %#llx", imm);
    }
}

void mb_ir_print(const struct mb_ir *ir, FILE *out)
{
    unsigned depth = 1;
    for (uint32_t i = 1; i < ir->count; i++) {
        const struct mb_op *op = &ir->ops[i];
        if (op->code == MB_IR_NOP || op->code == MB_IR_CONST)
            continue;
        if (op->code == MB_IR_ELSE || op->code == MB_IR_ENDIF)
            depth--;
        fprintf(out, "%*s", (int)(2 * depth), "");
        if (op->type)
            fprintf(out, "%%%u:%s = ", i, type_names[op->type]);
        fputs(mb_ir_table[op->code].name, out);
        print_operands(ir, op, out);
        print_immediates(op, out);
        fputc('\n', out);
        if (op->code == MB_IR_IF || op->code == MB_IR_ELSE)
            depth++;
    }
}
