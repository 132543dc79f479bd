/* The rows of opcodes.py as data. SPDX-License-Identifier: Apache-2.0 */
#ifndef MB_IR_TABLE_H
#define MB_IR_TABLE_H

#include "ir.h"

/* Kinds of operands beside enum mb_type. */
enum { MB_K_T = 16, MB_K_F, MB_K_ANY, MB_K_ARGS };
enum mb_effect {
    MB_E_NONE,
    MB_E_READS,
    MB_E_WRITES,
    MB_E_MEMORY,
    MB_E_CONTROL,
    MB_E_CALL,
    MB_E_FP
};

struct mb_op_info {
    const char *name;
    uint8_t in[3], inputs, out, effect, lanes;
};
extern const struct mb_op_info mb_ir_table[MB_IR_COUNT];

/* An operation as its builder function makes it: ir_emit.h. `op` may be changed. */
mb_v mb_ir_emit(struct mb_ir *ir, struct mb_op *op);

/* The value of a scalar row in `bits` (32 or 64); false if it is not such a row. */
bool mb_ir_fold(unsigned code, unsigned bits, uint64_t a, uint64_t b, uint64_t c,
                uint64_t *out);

#endif
