/* Values of the interpreter. SPDX-License-Identifier: Apache-2.0 */
#ifndef MB_INTERPRET_H
#define MB_INTERPRET_H

#include "core.h"
#include "ir.h"

union mb_value {
    uint64_t u64[2];
    uint32_t u32[4];
    uint16_t u16[8];
    uint8_t u8[16];
    float f32;
    double f64;
};

/* interpret_float.c: operations of effect "fp". */
void mb_interpret_float(struct mb_cpu *cpu, const struct mb_op *op,
                        const union mb_value *a, const union mb_value *b,
                        const union mb_value *c, union mb_value *out);

#endif
