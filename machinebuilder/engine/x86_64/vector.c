/* Vectors on AVX2's 128-bit forms. SPDX-License-Identifier: Apache-2.0 */
#include "gen.h"

/* Rows that one instruction does: map (1 0F, 2 0F38) and opcode, all with prefix 66. */
static const struct { uint8_t map, byte;
} simple[MB_IR_COUNT] = {
    [MB_IR_VADD8] = {1, 0xfc},   [MB_IR_VADD16] = {1, 0xfd},
    [MB_IR_VADD32] = {1, 0xfe},  [MB_IR_VADD64] = {1, 0xd4},
    [MB_IR_VSUB8] = {1, 0xf8},   [MB_IR_VSUB16] = {1, 0xf9},
    [MB_IR_VSUB32] = {1, 0xfa},  [MB_IR_VSUB64] = {1, 0xfb},
    [MB_IR_VMUL16] = {1, 0xd5},  [MB_IR_VMUL32] = {2, 0x40},
    [MB_IR_VAND] = {1, 0xdb},    [MB_IR_VOR] = {1, 0xeb},
    [MB_IR_VXOR] = {1, 0xef},    [MB_IR_VEQ8] = {1, 0x74},
    [MB_IR_VEQ16] = {1, 0x75},   [MB_IR_VEQ32] = {1, 0x76},
    [MB_IR_VGTS8] = {1, 0x64},   [MB_IR_VGTS16] = {1, 0x65},
    [MB_IR_VGTS32] = {1, 0x66},  [MB_IR_VMINS8] = {2, 0x38},
    [MB_IR_VMINS16] = {1, 0xea}, [MB_IR_VMINS32] = {2, 0x39},
    [MB_IR_VMAXS8] = {2, 0x3c},  [MB_IR_VMAXS16] = {1, 0xee},
    [MB_IR_VMAXS32] = {2, 0x3d}, [MB_IR_VMINU8] = {1, 0xda},
    [MB_IR_VMINU16] = {2, 0x3a}, [MB_IR_VMINU32] = {2, 0x3b},
    [MB_IR_VMAXU8] = {1, 0xde},  [MB_IR_VMAXU16] = {2, 0x3e},
    [MB_IR_VMAXU32] = {2, 0x3f},
};

/* VEX.128.66 dst, a, b. */
static void avx(struct gen *gen, unsigned map, unsigned byte, unsigned to, unsigned a,
                unsigned b)
{
    x_vex(&gen->code, 1, map, false, byte, to, a, b);
}

static void by_row(struct gen *gen, unsigned row, unsigned to, unsigned a, unsigned b)
{
    avx(gen, simple[row].map, simple[row].byte, to, a, b);
}

static unsigned use(struct gen *gen, mb_v v)
{
    return mb_x86_use(gen, v) - 16;
}

static unsigned define(struct gen *gen)
{
    return mb_x86_define(gen, gen->at) - 16;
}

static void all_ones(struct gen *gen, unsigned xmm)
{
    by_row(gen, MB_IR_VEQ32, xmm, xmm, xmm);
}

/* The same byte or word everywhere. */
static void fill(struct gen *gen, unsigned xmm, uint32_t word)
{
    x_mov_imm(&gen->code, RAX, word);
    x_rr(&gen->code, X_MOVD_TO_XMM, xmm, RAX);
    avx(gen, 2, 0x58, xmm, 0, xmm);                     /* vpbroadcastd */
}

/* ge(a, b) is max(a, b) == a; a > b unsigned is not max(a, b) == b. */
static void compare(struct gen *gen, const struct mb_op *op, unsigned max,
                    unsigned equal, bool greater)
{
    unsigned a = use(gen, op->in[0]), b = use(gen, op->in[1]), to = define(gen);
    by_row(gen, max, to, a, b);
    by_row(gen, equal, to, to, greater ? b : a);
    if (greater) {
        all_ones(gen, SCRATCH_XMM);
        by_row(gen, MB_IR_VXOR, to, to, SCRATCH_XMM);
    }
}

/* Without bytes to multiply: the even and the odd ones as words. */
static void multiply_bytes(struct gen *gen, const struct mb_op *op)
{
    unsigned a = use(gen, op->in[0]), b = use(gen, op->in[1]), to = define(gen);
    unsigned odd = mb_x86_temp(gen, true) - 16;
    avx(gen, 1, 0x71, 2, odd, a);                       /* vpsrlw odd, a, 8 */
    put8(&gen->code, 8);
    avx(gen, 1, 0x71, 2, SCRATCH_XMM, b);
    put8(&gen->code, 8);
    by_row(gen, MB_IR_VMUL16, odd, odd, SCRATCH_XMM);
    avx(gen, 1, 0x71, 6, odd, odd);                     /* vpsllw */
    put8(&gen->code, 8);
    by_row(gen, MB_IR_VMUL16, to, a, b);
    fill(gen, SCRATCH_XMM, 0x00ff00ff);
    by_row(gen, MB_IR_VAND, to, to, SCRATCH_XMM);
    by_row(gen, MB_IR_VOR, to, to, odd);
}

/* ---- shifts by immediates ---- */
enum { LEFT = 6, RIGHT = 2, ARITHMETIC = 4 };

static void shift_lanes(struct gen *gen, unsigned bits, unsigned kind, unsigned to,
                        unsigned a, unsigned count)
{
    avx(gen, 1, bits == 16 ? 0x71 : bits == 32 ? 0x72 : 0x73, kind, to, a);
    put8(&gen->code, count);
}

/* Bytes as words, the strangers' bits masked off; then the sign spread by (x ^ m) - m.
 */
static void shift_bytes(struct gen *gen, unsigned kind, unsigned to, unsigned a,
                        unsigned count)
{
    uint32_t kept = kind == LEFT ? 0xffu << count & 0xff : 0xffu >> count;
    shift_lanes(gen, 16, kind == LEFT ? LEFT : RIGHT, to, a, count);
    fill(gen, SCRATCH_XMM, kept * 0x01010101u);
    by_row(gen, MB_IR_VAND, to, to, SCRATCH_XMM);
    if (kind != ARITHMETIC)
        return;
    fill(gen, SCRATCH_XMM, (0x80u >> count) * 0x01010101u);
    by_row(gen, MB_IR_VXOR, to, to, SCRATCH_XMM);
    by_row(gen, MB_IR_VSUB8, to, to, SCRATCH_XMM);
}

static void shift_right_signed64(struct gen *gen, unsigned to, unsigned a,
                                 unsigned count)
{
    if (count == 0) {
        x_rr(&gen->code, X_MOVAPS, to, a);
        return;
    }
    by_row(gen, MB_IR_VXOR, SCRATCH_XMM, SCRATCH_XMM, SCRATCH_XMM);
    avx(gen, 2, 0x37, SCRATCH_XMM, SCRATCH_XMM, a);     /* vpcmpgtq: 0 > a */
    shift_lanes(gen, 64, LEFT, SCRATCH_XMM, SCRATCH_XMM, 64 - count);
    shift_lanes(gen, 64, RIGHT, to, a, count);
    by_row(gen, MB_IR_VOR, to, to, SCRATCH_XMM);
}

static void shift(struct gen *gen, const struct mb_op *op, unsigned bits, unsigned kind)
{
    unsigned a = use(gen, op->in[0]), to = define(gen);
    unsigned count = op->imm < bits ? (unsigned)op->imm : bits;
    if (count == bits && kind != ARITHMETIC) {
        by_row(gen, MB_IR_VXOR, to, to, to);
        return;
    }
    if (count == bits)
        count = bits - 1;
    if (bits == 8)
        shift_bytes(gen, kind, to, a, count);
    else if (bits == 64 && kind == ARITHMETIC)
        shift_right_signed64(gen, to, a, count);
    else
        shift_lanes(gen, bits, kind, to, a, count);
}

/* ---- between general and vector registers ---- */
static void duplicate(struct gen *gen, const struct mb_op *op, unsigned byte)
{
    unsigned a = mb_x86_use(gen, op->in[0]), to = define(gen);
    x_rr(&gen->code, X_MOVD_TO_XMM | W64, to, a);
    avx(gen, 2, byte, to, 0, to);
}

static void pair(struct gen *gen, const struct mb_op *op)
{
    uint64_t c;
    bool low_only = mb_x86_const(gen, op->in[1], &c) && c == 0;
    unsigned low = mb_x86_use(gen, op->in[0]);
    unsigned high = low_only ? 0 : mb_x86_use(gen, op->in[1]), to = define(gen);
    x_rr(&gen->code, X_MOVD_TO_XMM | W64, to, low);
    if (low_only)
        return;
    x_rr(&gen->code, OP(0x66, 3, 0x22) | W64, to, high);            /* pinsrq */
    put8(&gen->code, 1);
}

static void half(struct gen *gen, const struct mb_op *op)
{
    unsigned a = use(gen, op->in[0]), to = mb_x86_define(gen, gen->at);
    if (op->code == MB_IR_VLOW) {
        x_rr(&gen->code, X_MOVD_FROM_XMM | W64, a, to);
        return;
    }
    x_rr(&gen->code, OP(0x66, 3, 0x16) | W64, a, to);               /* pextrq */
    put8(&gen->code, 1);
}

static void extract(struct gen *gen, const struct mb_op *op)
{
    unsigned a = use(gen, op->in[0]), b = use(gen, op->in[1]), to = define(gen);
    x_vex(&gen->code, 1, 3, false, 0x0f, to, b, a);                 /* vpalignr */
    put8(&gen->code, op->imm <= 16 ? (unsigned)op->imm : 16);
}

static void complement(struct gen *gen, const struct mb_op *op)
{
    unsigned a = use(gen, op->in[0]), to;
    if (op->code == MB_IR_VANDN) {
        unsigned b = use(gen, op->in[1]);
        avx(gen, 1, 0xdf, define(gen), b, a);                       /* vpandn: ~b & a */
        return;
    }
    unsigned inverted = op->code == MB_IR_VNOT ? a : use(gen, op->in[1]);
    to = define(gen);
    all_ones(gen, SCRATCH_XMM);
    by_row(gen, MB_IR_VXOR, to, inverted, SCRATCH_XMM);
    if (op->code == MB_IR_VORN)
        by_row(gen, MB_IR_VOR, to, to, a);
}

bool mb_x86_vector(struct gen *gen, const struct mb_op *op)
{
    if (simple[op->code].map) {
        unsigned a = use(gen, op->in[0]), b = use(gen, op->in[1]);
        by_row(gen, op->code, define(gen), a, b);
        return true;
    }
    switch (op->code) {
    case MB_IR_VZERO: {
        unsigned to = define(gen);
        by_row(gen, MB_IR_VXOR, to, to, to);
        return true;
    }
    case MB_IR_VPAIR: pair(gen, op); return true;
    case MB_IR_VLOW: case MB_IR_VHIGH: half(gen, op); return true;
    case MB_IR_VMUL8: multiply_bytes(gen, op); return true;
    case MB_IR_VANDN:
    case MB_IR_VORN:
    case MB_IR_VNOT: complement(gen, op); return true;
    case MB_IR_VGTU8: compare(gen, op, MB_IR_VMAXU8, MB_IR_VEQ8, true); return true;
    case MB_IR_VGTU16: compare(gen, op, MB_IR_VMAXU16, MB_IR_VEQ16, true); return true;
    case MB_IR_VGTU32: compare(gen, op, MB_IR_VMAXU32, MB_IR_VEQ32, true); return true;
    case MB_IR_VGES8: compare(gen, op, MB_IR_VMAXS8, MB_IR_VEQ8, false); return true;
    case MB_IR_VGES16: compare(gen, op, MB_IR_VMAXS16, MB_IR_VEQ16, false); return true;
    case MB_IR_VGES32: compare(gen, op, MB_IR_VMAXS32, MB_IR_VEQ32, false); return true;
    case MB_IR_VGEU8: compare(gen, op, MB_IR_VMAXU8, MB_IR_VEQ8, false); return true;
    case MB_IR_VGEU16: compare(gen, op, MB_IR_VMAXU16, MB_IR_VEQ16, false); return true;
    case MB_IR_VGEU32: compare(gen, op, MB_IR_VMAXU32, MB_IR_VEQ32, false); return true;
    case MB_IR_VDUP8: duplicate(gen, op, 0x78); return true;
    case MB_IR_VDUP16: duplicate(gen, op, 0x79); return true;
    case MB_IR_VDUP32: duplicate(gen, op, 0x58); return true;
    case MB_IR_VDUP64: duplicate(gen, op, 0x59); return true;
    case MB_IR_VSHL8: shift(gen, op, 8, LEFT); return true;
    case MB_IR_VSHL16: shift(gen, op, 16, LEFT); return true;
    case MB_IR_VSHL32: shift(gen, op, 32, LEFT); return true;
    case MB_IR_VSHL64: shift(gen, op, 64, LEFT); return true;
    case MB_IR_VSHR8: shift(gen, op, 8, RIGHT); return true;
    case MB_IR_VSHR16: shift(gen, op, 16, RIGHT); return true;
    case MB_IR_VSHR32: shift(gen, op, 32, RIGHT); return true;
    case MB_IR_VSHR64: shift(gen, op, 64, RIGHT); return true;
    case MB_IR_VSAR8: shift(gen, op, 8, ARITHMETIC); return true;
    case MB_IR_VSAR16: shift(gen, op, 16, ARITHMETIC); return true;
    case MB_IR_VSAR32: shift(gen, op, 32, ARITHMETIC); return true;
    case MB_IR_VSAR64: shift(gen, op, 64, ARITHMETIC); return true;
    case MB_IR_VEXT: extract(gen, op); return true;
    default: return false;
    }
}
