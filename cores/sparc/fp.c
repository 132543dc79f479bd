/* FSR, its traps and its queue; NaN results; arithmetic with its exceptions one by one
 * (SPARC V8 manual, 4.4, appendix N).
 * SPDX-License-Identifier: Apache-2.0
 *
 * An FPop that traps goes into FQ, and the trap is taken before the next instruction: a
 * queue of one entry that software finds as the manual describes.
 *
 * Omitted: nonstandard mode (FSR.NS is held, without effect).
 */
#include <immintrin.h>
#include <string.h>
#include "core_sparc.h"
#include "sparc_insns.h"
#include "ir.h"

enum { CONTROL = (int)0xcfc00000, ROUNDING_SHIFT = 30, TRAPS_SHIFT = 23,
       VERSION_SHIFT = 17, KIND_SHIFT = 14, QUEUED_SHIFT = 13, FCC_SHIFT = 10,
       ACCRUED_SHIFT = 5 };
enum trap_kind { NONE, IEEE_754, UNFINISHED, UNIMPLEMENTED, SEQUENCE };
enum { NX = 1, DZ = 2, UF = 4, OF = 8, NV = 16 };

/* FSR.RD: nearest, zero, plus infinity, minus infinity. */
static const enum mb_rounding roundings[4] = {
    MB_ROUND_NEAREST, MB_ROUND_ZERO, MB_ROUND_UP, MB_ROUND_DOWN,
};

static const struct { uint32_t bit; unsigned flag; } exceptions[] = {
    {NX, MB_FP_INEXACT}, {DZ, MB_FP_DIVZERO}, {UF, MB_FP_UNDERFLOW},
    {OF, MB_FP_OVERFLOW}, {NV, MB_FP_INVALID},
};
#define EXCEPTIONS (sizeof exceptions / sizeof *exceptions)

static uint32_t bits_of(unsigned flags)
{
    uint32_t bits = 0;
    for (unsigned i = 0; i < EXCEPTIONS; i++)
        if (flags & exceptions[i].flag)
            bits |= exceptions[i].bit;
    return bits;
}

static unsigned flags_of(uint32_t bits)
{
    unsigned flags = 0;
    for (unsigned i = 0; i < EXCEPTIONS; i++)
        if (bits & exceptions[i].bit)
            flags |= exceptions[i].flag;
    return flags;
}

/* ---- patterns -------------------------------------------------------------------- */
typedef union { uint64_t bits; double number; } wide;
typedef union { uint32_t bits; float number; } narrow;

static double as_double(uint64_t bits)
{
    return (wide){.bits = bits}.number;
}

static uint64_t of_double(double number)
{
    return (wide){.number = number}.bits;
}

static float as_single(uint64_t bits)
{
    return (narrow){.bits = (uint32_t)bits}.number;
}

static uint32_t of_single(float number)
{
    return (narrow){.number = number}.bits;
}

static bool is_nan64(uint64_t bits)
{
    return (bits & INT64_MAX) > 0x7ff0000000000000;
}

static bool is_nan32(uint32_t bits)
{
    return (bits & INT32_MAX) > 0x7f800000;
}

/* ---- NaN results (N.2): a signalling operand before a quiet one, rs2 before rs1 -- */
enum { DEFAULT_NAN32 = 0x7fffffff, QUIET32 = 1 << 22 };
static const uint64_t default_nan64 = INT64_MAX, quiet64 = 1ull << 51;

static uint32_t choose32(uint32_t a, uint32_t b)
{
    if (is_nan32(b) && !(b & QUIET32))
        return b | QUIET32;
    if (is_nan32(a) && !(a & QUIET32))
        return a | QUIET32;
    return is_nan32(b) ? b : is_nan32(a) ? a : DEFAULT_NAN32;
}

static uint64_t choose64(uint64_t a, uint64_t b)
{
    if (is_nan64(b) && !(b & quiet64))
        return b | quiet64;
    if (is_nan64(a) && !(a & quiet64))
        return a | quiet64;
    return is_nan64(b) ? b : is_nan64(a) ? a : default_nan64;
}

static uint64_t widened(uint32_t nan)
{
    return (uint64_t)(nan >> 31) << 63 | 0x7ff0000000000000 | quiet64 |
           (uint64_t)(nan & 0x7fffff) << 29;
}

static uint32_t narrowed(uint64_t nan)
{
    return (uint32_t)(nan >> 63) << 31 | 0x7f800000 | QUIET32 |
           ((uint32_t)(nan >> 29) & 0x7fffff);
}

uint64_t sparc_nan64(struct mb_cpu *cpu, int op, uint64_t a, uint64_t b, uint64_t c)
{
    if (op == MB_IR_F32TO64)
        return widened((uint32_t)a);
    if (op == MB_IR_F64TO32)
        return narrowed(a);
    if (op == MB_IR_FSQRT)
        b = a;
    return choose64(a, b);
}

uint32_t sparc_nan32(struct mb_cpu *cpu, int op, uint32_t a, uint32_t b, uint32_t c)
{
    if (op == MB_IR_FSQRT)
        b = a;
    return choose32(a, b);
}

/* ---- one operation, alone on the host's unit ------------------------------------- */
struct outcome { uint64_t value; uint32_t exceptions; };

/* The compiler must not move arithmetic across reads and writes of MXCSR. */
#define STAY(x) __asm__ volatile("" : "+x"(x))

static int32_t truncated(double number)
{
    if (number != number)
        return INT32_MAX;
    if (number >= 2147483648.0 || number <= -2147483649.0)
        return number < 0 ? INT32_MIN : INT32_MAX;
    return (int32_t)number;
}

static uint64_t compared(double a, double b)
{
    return a == b ? 0 : a < b ? 1 : a > b ? 2 : 3;
}

/* Does a comparison raise invalid? */
static bool signals(uint32_t opf, uint64_t a, uint64_t b)
{
    bool single = (opf & 3) == 1, any = opf & 4;
    bool nan_a = single ? is_nan32((uint32_t)a) : is_nan64(a);
    bool nan_b = single ? is_nan32((uint32_t)b) : is_nan64(b);
    bool quiet_a = single ? a & QUIET32 : a & quiet64;
    bool quiet_b = single ? b & QUIET32 : b & quiet64;
    return (nan_a && (any || !quiet_a)) || (nan_b && (any || !quiet_b));
}

static uint64_t arithmetic32(uint32_t opf, float a, float b)
{
    STAY(a);
    STAY(b);
    float result = opf == 0x29 ? _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(b))) :
                   opf == 0x41 ? a + b : opf == 0x45 ? a - b :
                   opf == 0x49 ? a * b : a / b;
    STAY(result);
    if (result != result)
        return choose32(opf == 0x29 ? of_single(b) : of_single(a), of_single(b));
    return of_single(result);
}

static uint64_t arithmetic64(uint32_t opf, double a, double b)
{
    STAY(a);
    STAY(b);
    __m128d second = _mm_set_sd(b);
    double result = opf == 0x2a ? _mm_cvtsd_f64(_mm_sqrt_sd(second, second)) :
                    opf == 0x42 ? a + b : opf == 0x46 ? a - b :
                    opf == 0x4a ? a * b : a / b;
    STAY(result);
    if (result != result)
        return choose64(opf == 0x2a ? of_double(b) : of_double(a), of_double(b));
    return of_double(result);
}

static uint64_t multiplied(float a, float b)
{
    STAY(a);
    STAY(b);
    double result = (double)a * (double)b;
    STAY(result);
    if (result != result) {
        uint32_t x = of_single(a), y = of_single(b), nan = choose32(x, y);
        return is_nan32(x) || is_nan32(y) ? widened(nan) : default_nan64;
    }
    return of_double(result);
}

static uint64_t to_single(uint64_t b)
{
    double from = as_double(b);
    STAY(from);
    float result = (float)from;
    STAY(result);
    return is_nan64(b) ? narrowed(b) : of_single(result);
}

static uint64_t to_double(uint64_t b)
{
    float from = as_single(b);
    STAY(from);
    double result = (double)from;
    STAY(result);
    return is_nan32((uint32_t)b) ? widened((uint32_t)b) : of_double(result);
}

static uint64_t from_integer(uint32_t b)
{
    int32_t from = (int32_t)b;
    __asm__ volatile("" : "+r"(from));
    float result = (float)from;
    STAY(result);
    return of_single(result);
}

static uint64_t run(uint32_t opf, uint64_t a, uint64_t b)
{
    switch (opf) {
    case 0x29: case 0x41: case 0x45: case 0x49: case 0x4d:
        return arithmetic32(opf, as_single(a), as_single(b));
    case 0x2a: case 0x42: case 0x46: case 0x4a: case 0x4e:
        return arithmetic64(opf, as_double(a), as_double(b));
    case 0x69: return multiplied(as_single(a), as_single(b));
    case 0xc4: return from_integer((uint32_t)b);
    case 0xc6: return to_single(b);
    case 0xc8: return of_double((int32_t)(uint32_t)b);
    case 0xc9: return to_double(b);
    default: return 0;
    }
}

/* Conversions to integers and compares: exceptions by looking. */
static struct outcome to_integer(double from)
{
    int32_t result = truncated(from);
    bool out = from != from || from >= 2147483648.0 || from <= -2147483649.0;
    return (struct outcome){(uint32_t)result, out ? NV : result != from ? NX : 0};
}

static struct outcome compare(uint32_t opf, uint64_t a, uint64_t b)
{
    bool single = (opf & 3) == 1;
    double x = single ? as_single(a) : as_double(a);
    double y = single ? as_single(b) : as_double(b);
    return (struct outcome){compared(x, y), signals(opf, a, b) ? NV : 0};
}

static struct outcome execute(const struct sparc_state *s, uint32_t opf, uint64_t a,
                              uint64_t b)
{
    struct outcome outcome;
    unsigned before = _mm_getcsr();
    unsigned rounding = (unsigned)roundings[s->fsr_control >> ROUNDING_SHIFT];
    _mm_setcsr(0x1f80 | rounding << 13);
    if (opf >= 0x51 && opf <= 0x56)
        outcome = compare(opf, a, b);
    else if (opf == 0xd1 || opf == 0xd2)
        outcome = to_integer(opf == 0xd1 ? as_single(b) : as_double(b));
    else {
        outcome.value = run(opf, a, b);
        outcome.exceptions = bits_of(_mm_getcsr() & 0x3f);
    }
    _mm_setcsr(before);
    return outcome;
}

/* ---- traps and the queue --------------------------------------------------------- */
static void enqueue(struct sparc_state *s, enum trap_kind kind)
{
    s->queue_address = (uint32_t)s->cpu.pc;
    s->queue_insn = (uint32_t)mb_cpu_load(&s->cpu, s->cpu.pc, 4, MB_MEM_SWAP);
    s->qne = 1;
    s->ftt = kind;
    sparc_advance(s);
}

void sparc_fp_unimplemented(struct sparc_state *s)
{
    enqueue(s, UNIMPLEMENTED);
    sparc_enter_trap(s, SPARC_FP_EXCEPTION);
}

uint64_t sparc_queue_front(struct sparc_state *s)
{
    if (!s->qne) {
        s->ftt = SEQUENCE;
        sparc_raise(s, SPARC_FP_EXCEPTION);
    }
    return (uint64_t)s->queue_address << 32 | s->queue_insn;
}

void sparc_queue_pop(struct sparc_state *s)
{
    s->qne = 0;
}

/* Operations with a double as their result. */
static bool is_wide(uint32_t opf)
{
    return opf == 0x69 || opf == 0xc8 || opf == 0xc9 || opf == 0x2a ||
           (opf < 0x50 && (opf & 3) == 2);
}

void sparc_fp_exact(struct sparc_state *s, uint32_t opf, uint32_t rd, uint64_t a,
                    uint64_t b)
{
    struct outcome outcome = execute(s, opf, a, b);
    s->last_op = 0;
    s->cexc = outcome.exceptions;
    if (outcome.exceptions & s->fsr_control >> TRAPS_SHIFT) {
        enqueue(s, IEEE_754);
        sparc_raise(s, SPARC_FP_EXCEPTION);
    }
    s->ftt = NONE;
    mb_fp_set_flags(&s->cpu, mb_fp_flags(&s->cpu) | flags_of(outcome.exceptions));
    if (opf >= 0x51 && opf <= 0x56)
        s->fcc = (uint8_t)outcome.value;
    else if (is_wide(opf))
        memcpy(&s->fpr[rd & ~1u], &outcome.value, sizeof outcome.value);
    else
        s->fpr[rd ^ 1] = (uint32_t)outcome.value;
}

/* ---- FSR ------------------------------------------------------------------------- */
uint32_t sparc_fsr_read(struct sparc_state *s)
{
    if (s->last_op) {
        s->cexc = execute(s, s->last_op, s->last_a, s->last_b).exceptions;
        s->last_op = 0;
        s->ftt = NONE;
    }
    return s->fsr_control | s->fsr_ver << VERSION_SHIFT | s->ftt << KIND_SHIFT |
           (uint32_t)s->qne << QUEUED_SHIFT | (uint32_t)s->fcc << FCC_SHIFT |
           bits_of(mb_fp_flags(&s->cpu)) << ACCRUED_SHIFT | s->cexc;
}

void sparc_fsr_write(struct sparc_state *s, uint32_t value)
{
    s->fsr_control = value & (uint32_t)CONTROL;
    s->fcc = value >> FCC_SHIFT & 3;
    s->cexc = value & 31;
    s->last_op = 0;
    mb_fp_set_rounding(&s->cpu, roundings[value >> ROUNDING_SHIFT]);
    mb_fp_set_flags(&s->cpu, flags_of(value >> ACCRUED_SHIFT & 31));
    SPARC_SET_FLAG(s, FP_TRAPS, value >> TRAPS_SHIFT & 31);
}
