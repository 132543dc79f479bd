/* The IR interpreter: the portable way to run a unit, and the check on code generators.
 * SPDX-License-Identifier: Apache-2.0
 *
 * State is always in memory, so a fault inside mb_cpu_load just unwinds. Scalar rows
 * run through the constant folder, lane-wise rows through generated loops; floating
 * point is the host's, in the rounding mode that is in force.
 */
#include "codegen.h"
#include "interpret.h"
#include "ir.h"
#include "ir_table.h"

#include <fenv.h>
#include <stdlib.h>
#include <string.h>

struct frame {
    struct mb_ir *ir;
    struct mb_cpu *cpu;
    union mb_value *values;
    uint32_t at;                /* operation under way */
    bool skipped[64];           /* per open if: its `then` arm did not run */
    unsigned depth;
    uint32_t insns;
    int64_t links;              /* exits passed over so far */
};

/* Kept between units, as a fault may unwind past this file. */
static union mb_value *values_for(uint32_t count)
{
    static _Thread_local union mb_value *values;
    static _Thread_local uint32_t capacity;
    if (capacity < count) {
        free(values);
        capacity = count * 2;
        values = malloc(capacity * sizeof *values);
        if (!values)
            abort();
    }
    return values;
}

static uint64_t cut(uint64_t value, unsigned type)
{
    return type == MB_I32 || type == MB_F32 ? (uint32_t)value : value;
}

/* ---- state and memory ---- */
static void get(const struct frame *frame, const struct mb_op *op, union mb_value *out)
{
    *out = (union mb_value){{0}};
    memcpy(out, (const char *)frame->cpu + op->imm, op->width);
}

static void put(const struct frame *frame, const struct mb_op *op,
                const union mb_value *a)
{
    memcpy((char *)frame->cpu + op->imm, a, op->width);
}

static uint64_t address(const struct frame *frame, const struct mb_op *op)
{
    uint64_t va = frame->values[op->in[0]].u64[0] + op->imm;
    return frame->ir->ops[op->in[0]].type == MB_I32 ? (uint32_t)va : va;
}

static void load(const struct frame *frame, const struct mb_op *op, union mb_value *out)
{
    uint64_t va = address(frame, op);
    *out = (union mb_value){{0}};
    if (op->width == 16)
        mb_slow_load128(frame->cpu, va, MB_WIDTH_FLAGS(16, op->flags), NULL, 0, out);
    else
        out->u64[0] = cut(mb_cpu_load(frame->cpu, va, op->width, op->flags), op->type);
}

static void store(const struct frame *frame, const struct mb_op *op)
{
    const union mb_value *value = &frame->values[op->in[1]];
    uint64_t va = address(frame, op);
    if (op->width == 16)
        mb_slow_store128(frame->cpu, va, MB_WIDTH_FLAGS(16, op->flags), NULL, 0, value);
    else
        mb_cpu_store(frame->cpu, va, value->u64[0], op->width, op->flags);
}

static uint64_t swapped(uint64_t value, const struct mb_op *op)
{
    return op->flags & MB_MEM_SWAP ? __builtin_bswap64(value) >> (64 - 8 * op->width)
                                   : value;
}

#define EXCHANGE(N) \
    case N / 8: { \
        uint##N##_t *at = host, old = (uint##N##_t)expected; \
        if (op->code == MB_IR_SWAP) \
            return __atomic_exchange_n(at, (uint##N##_t)value, __ATOMIC_SEQ_CST); \
        __atomic_compare_exchange_n(at, &old, (uint##N##_t)value, false, \
                                    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST); \
        return old; \
    }

static uint64_t exchange(const struct mb_op *op, void *host, uint64_t expected,
                         uint64_t value)
{
    switch (op->width) {
    EXCHANGE(8)
    EXCHANGE(16)
    EXCHANGE(32)
    default:
    EXCHANGE(64)
    }
}

static void atomic(const struct frame *frame, const struct mb_op *op,
                   union mb_value *out)
{
    const union mb_value *values = frame->values;
    void *host = mb_slow_atomic(frame->cpu, address(frame, op),
                                MB_WIDTH_FLAGS(op->width, op->flags), NULL, 0);
    uint64_t mask = op->width == 8 ? UINT64_MAX : (1ull << 8 * op->width) - 1;
    uint64_t expected = values[op->in[1]].u64[0] & mask;
    uint64_t value =
        op->code == MB_IR_SWAP ? expected : values[op->in[2]].u64[0] & mask;
    uint64_t old = exchange(op, host, swapped(expected, op), swapped(value, op));
    *out = (union mb_value){{swapped(old, op)}};
}

/* ---- calls ---- */
/* Integers and floating point travel in registers of their own, so one C type with room
 * for both fits every helper on the hosts we know (System V x86-64, AAPCS64). */
typedef uint64_t integer_helper(struct mb_cpu *, uint64_t, uint64_t, uint64_t, uint64_t,
                                uint64_t, double, double, double, double, double);
typedef double float_helper(struct mb_cpu *, uint64_t, uint64_t, uint64_t, uint64_t,
                            uint64_t, double, double, double, double, double);

static void call(const struct frame *frame, const struct mb_op *op, union mb_value *out)
{
    const struct mb_helper *helper = (const struct mb_helper *)(uintptr_t)op->imm;
    uint64_t x[MB_MAX_ARGS] = {0};
    double f[MB_MAX_ARGS] = {0};
    unsigned integers = 0, floats = 0;
    for (unsigned i = 0; i < op->argc; i++) {
        mb_v v = frame->ir->args[op->in[0] + i];
        if (frame->ir->ops[v].type <= MB_I64)
            x[integers++] = frame->values[v].u64[0];
        else
            memcpy(&f[floats++], &frame->values[v], 8);
    }
    *out = (union mb_value){{0}};
    if (helper->result == MB_F32 || helper->result == MB_F64) {
        double result = ((float_helper *)helper->function)(
            frame->cpu, x[0], x[1], x[2], x[3], x[4], f[0], f[1], f[2], f[3], f[4]);
        memcpy(out, &result, helper->result == MB_F32 ? 4 : 8);
    } else
        out->u64[0] = cut(((integer_helper *)helper->function)(
            frame->cpu, x[0], x[1], x[2], x[3], x[4], f[0], f[1], f[2], f[3], f[4]),
            helper->result);
}

/* ---- control ---- */
/* From an `if` or `else` to its else or endif. */
static uint32_t skip_arm(struct frame *frame, uint32_t at)
{
    for (unsigned depth = 0;; at++) {
        const struct mb_op *op = &frame->ir->ops[at + 1];
        if (op->code == MB_IR_EXIT)
            frame->links++;
        else if (op->code == MB_IR_IF)
            depth++;
        else if (depth == 0 && (op->code == MB_IR_ELSE || op->code == MB_IR_ENDIF))
            return at + 1;
        else if (op->code == MB_IR_ENDIF)
            depth--;
    }
}

static void branch(struct frame *frame, const struct mb_op *op)
{
    bool skipped = (uint32_t)frame->values[op->in[0]].u64[0] == 0;
    frame->skipped[frame->depth++] = skipped;
    if (!skipped)
        return;
    frame->at = skip_arm(frame, frame->at);
    if (frame->ir->ops[frame->at].code == MB_IR_ENDIF)
        frame->depth--;
}

/* The `then` arm has run up to its else. */
static void leave_arm(struct frame *frame)
{
    frame->at = skip_arm(frame, frame->at);
    frame->depth--;
}

static void begin_insn(struct frame *frame, const struct mb_op *op)
{
    frame->cpu->pc = op->imm;
    if (frame->insns++)
        frame->cpu->insns++;
}

enum { RUNNING = -2 };

/* Gives the way out, or RUNNING. */
static int64_t control(struct frame *frame, const struct mb_op *op)
{
    switch (op->code) {
    case MB_IR_IF: branch(frame, op); return RUNNING;
    case MB_IR_ELSE: leave_arm(frame); return RUNNING;
    case MB_IR_ENDIF: frame->depth--; return RUNNING;
    case MB_IR_PHI:
        frame->values[frame->at] =
            frame->values[op->in[frame->skipped[frame->depth] ? 1 : 0]];
        return RUNNING;
    case MB_IR_INSN: begin_insn(frame, op); return RUNNING;
    case MB_IR_EXIT: frame->cpu->pc = op->imm; break;
    case MB_IR_JUMP: frame->cpu->pc = frame->values[op->in[0]].u64[0]; break;
    default: break;             /* leave */
    }
    frame->cpu->insns++;
    return op->code == MB_IR_EXIT ? frame->links : -1;
}

/* ---- values ---- */
static bool lanes(const struct mb_op *op, const union mb_value *a,
                  const union mb_value *b, union mb_value *out)
{
    const union mb_value va = *a, vb = *b;
    uint64_t imm = op->imm;
    switch (op->code) {
#include "ir_interp.inc"
    default: return false;
    }
}

static void move(const struct mb_op *op, const union mb_value *a,
                 const union mb_value *b, const union mb_value *c, union mb_value *out)
{
    switch (op->code) {
    case MB_IR_CONST: case MB_IR_FCONST: *out = (union mb_value){{op->imm}}; break;
    case MB_IR_SELECT: *out = (uint32_t)a->u64[0] ? *b : *c; break;
    case MB_IR_BITS32: case MB_IR_BITS64: case MB_IR_FLOAT32: case MB_IR_FLOAT64:
        *out = *a; break;
    case MB_IR_FNEG: case MB_IR_FABS: {
        uint64_t sign = op->type == MB_F32 ? 1u << 31 : 1ull << 63;
        out->u64[0] = op->code == MB_IR_FNEG ? a->u64[0] ^ sign : a->u64[0] & ~sign;
        break;
    }
    case MB_IR_VPAIR: *out = (union mb_value){{a->u64[0], b->u64[0]}}; break;
    case MB_IR_VZERO: *out = (union mb_value){{0}}; break;
    case MB_IR_VLOW: *out = (union mb_value){{a->u64[0]}}; break;
    case MB_IR_VHIGH: *out = (union mb_value){{a->u64[1]}}; break;
    case MB_IR_VEXT: {
        uint8_t both[32];
        memcpy(both, a, 16);
        memcpy(both + 16, b, 16);
        memcpy(out, both + (op->imm <= 16 ? op->imm : 16), 16);
        break;
    }
    case MB_IR_VDUP8: memset(out, (int)(a->u64[0] & 0xff), 16); break;
    case MB_IR_VDUP16: out->u64[0] = out->u64[1] =
        (uint16_t)a->u64[0] * 0x0001000100010001u; break;
    case MB_IR_VDUP32: out->u64[0] = out->u64[1] =
        (uint32_t)a->u64[0] * 0x0000000100000001u; break;
    case MB_IR_VDUP64: out->u64[0] = out->u64[1] = a->u64[0]; break;
    default: break;
    }
}

static void compute(const struct frame *frame, const struct mb_op *op,
                    union mb_value *out)
{
    const union mb_value *a = &frame->values[op->in[0]], *b = &frame->values[op->in[1]],
                         *c = &frame->values[op->in[2]];
    const struct mb_op_info *info = &mb_ir_table[op->code];
    unsigned bits = frame->ir->ops[op->in[0]].type == MB_I32 ? 32 : 64;
    if (info->effect == MB_E_FP)
        mb_interpret_float(frame->cpu, op, a, b, c, out);
    else if (info->lanes ? !lanes(op, a, b, out)
                         : !mb_ir_fold(op->code, bits, a->u64[0], b->u64[0], c->u64[0],
                                       &out->u64[0]))
        move(op, a, b, c, out);
}

static int64_t step(struct frame *frame, const struct mb_op *op)
{
    union mb_value *out = &frame->values[frame->at];
    switch (mb_ir_table[op->code].effect) {
    case MB_E_READS: get(frame, op, out); return RUNNING;
    case MB_E_WRITES: put(frame, op, &frame->values[op->in[0]]); return RUNNING;
    case MB_E_CONTROL: return control(frame, op);
    case MB_E_CALL: {
        const struct mb_helper *helper = (const struct mb_helper *)(uintptr_t)op->imm;
        call(frame, op, out);
        if (!(helper->effects & MB_EXITS))
            return RUNNING;
        frame->cpu->insns++;
        return -1;
    }
    case MB_E_MEMORY:
        if (op->code == MB_IR_LOAD)
            load(frame, op, out);
        else if (op->code == MB_IR_STORE)
            store(frame, op);
        else if (op->code == MB_IR_FENCE)
            __atomic_thread_fence(__ATOMIC_SEQ_CST);
        else
            atomic(frame, op, out);
        return RUNNING;
    default:
        if (op->code != MB_IR_NOP)
            compute(frame, op, out);
        return RUNNING;
    }
}

int64_t mb_interpret(struct mb_ir *ir, struct mb_cpu *cpu)
{
    mb_ir_optimize(ir);
    struct frame frame = {.ir = ir, .cpu = cpu, .values = values_for(ir->count)};
    int64_t way = RUNNING;
    if (__atomic_load_n(&cpu->exit_request, __ATOMIC_RELAXED)) {
        cpu->pc = ir->start;
        return -1;
    }
    frame.values[0] = (union mb_value){{0}};
    for (frame.at = 1; frame.at < ir->count && way == RUNNING; frame.at++)
        way = step(&frame, &ir->ops[frame.at]);
    return way == RUNNING ? -1 : way;
}
