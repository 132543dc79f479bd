/* The IR: a superblock of typed SSA operations, and the builder that translators call.
 * SPDX-License-Identifier: Apache-2.0
 *
 * One unit has one entry, structured forward control flow (if/else/endif), side exits
 * and no loops. Operations, their types and meaning are the rows of opcodes.py; the
 * builder functions mb_ir_<op> are generated from it into ir_ops.h (see docs/ir.md).
 *
 * The builder optimises as it goes: constants fold, equal pure operations are shared,
 * state is forwarded from put and get to get, and flag arithmetic becomes compares. So
 * the value a builder function gives may belong to any earlier operation.
 *
 * Truth values and 8- and 16-bit things are held zero-extended in i32.
 */
#ifndef MB_IR_H
#define MB_IR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef uint32_t mb_v;          /* a value: the index of its operation; 0 is none */

enum mb_type { MB_VOID, MB_I32, MB_I64, MB_F32, MB_F64, MB_V128 };

/* C helpers of `call`. The first C argument is the state pointer, then up to
 * MB_MAX_ARGS values, i32 and i64 in order as integers, f32 and f64 as float and
 * double; no v128.
 * result: enum mb_type. Effects:
 *   MB_PURE    touches no state and no memory; may be dropped or shared
 *   MB_READS   reads state: every field is in memory when it runs
 *   MB_WRITES  reads and writes state; may also call mb_cpu_unwind
 *   MB_EXITS   like MB_WRITES, sets cpu->pc itself; the unit is left after it */
enum { MB_PURE = 0, MB_READS = 1, MB_WRITES = 2, MB_EXITS = 4 };
struct mb_helper { const char *name; void *function; uint8_t effects; uint8_t result; };
#define MB_MAX_ARGS 5

struct mb_op {
    uint16_t code;              /* enum mb_opcode */
    uint8_t type;               /* enum mb_type of the result, MB_VOID if none */
    uint8_t width;              /* bytes; of fp: the type of the operands */
    uint8_t flags;              /* MB_MEM_* */
    uint8_t argc;               /* of a call: ir->args[in[0]..] */
    uint16_t mark;              /* scratch of back ends; the passes leave the number of uses */
    mb_v in[3];
    uint64_t imm;               /* constant, offset, disp, pc or struct mb_helper * */
};

struct mb_builder;              /* ir.c's: state cache, sharing, open ifs */

struct mb_ir {
    struct mb_op *ops;          /* ops[0] is unused */
    uint32_t count, capacity;
    mb_v *args;                 /* of calls */
    uint32_t arg_count, arg_capacity;
    bool failed;                /* too large, or misused: the unit must not be run */
    bool optimized;
    bool round;                 /* an exit goes to the unit's own start */
    uint64_t start;             /* pc of the first insn op */
    uint32_t insns;             /* number of insn ops */
    struct mb_builder *builder;
};

#include "ir_ops.h"             /* generated: enum mb_opcode, mb_ir_<op> */

/* A unit can be built, run or turned into code, reset and built again. */
struct mb_ir *mb_ir_new(void);                      /* NULL: out of memory */
void mb_ir_free(struct mb_ir *ir);
void mb_ir_reset(struct mb_ir *ir);

/* `h` must outlive the translation. Gives 0 for a helper without result. */
mb_v mb_ir_call(struct mb_ir *ir, const struct mb_helper *h, unsigned argc,
                const mb_v *args);

/* What is known of a value while building. */
bool mb_ir_is_const(const struct mb_ir *ir, mb_v v, uint64_t *value);
enum mb_type mb_ir_type(const struct mb_ir *ir, mb_v v);

/* True once an exit, jump, leave or exiting call has ended the path being built:
 * further operations on that path are dropped until else or endif. */
bool mb_ir_ended(const struct mb_ir *ir);

/* Was nothing built since the innermost `if`, whose else has not come? Then that `if` can
 * be taken back. */
bool mb_ir_arm_is_empty(const struct mb_ir *ir);
void mb_ir_cancel_if(struct mb_ir *ir);

/* Run the passes; code generators do it themselves. */
void mb_ir_optimize(struct mb_ir *ir);

/* NULL if the unit is well formed, else why not (static buffer, for developers). */
const char *mb_ir_verify(const struct mb_ir *ir);
void mb_ir_print(const struct mb_ir *ir, FILE *out);

#endif
