/* Encoding of x86-64 instructions. SPDX-License-Identifier: Apache-2.0
 *
 * An opcode is a number: OP(prefix, map, byte), with W64 for 64-bit operands and BYTE
 * for 8-bit ones (which need REX to mean sil, dil). Maps: 0 plain, 1 0F, 2 0F38, 3
 * 0F3A.
 */
#ifndef MB_X86_ASM_H
#define MB_X86_ASM_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15,
       NO_REG = 0xff };

/* Condition codes as in jcc, setcc, cmovcc. The lowest bit negates. */
enum { CC_O, CC_NO, CC_B, CC_AE, CC_E, CC_NE, CC_BE, CC_A, CC_S, CC_NS, CC_P, CC_NP,
       CC_L, CC_GE, CC_LE, CC_G };

#define OP(prefix, map, byte) ((uint32_t)(prefix) << 16 | (map) << 8 | (byte))
#define W64 (1u << 24)
#define BYTE (1u << 25)

/* The two-operand ALU group by its number: `op rm, reg` is 8 * n + 1, immediates /n. */
enum { ALU_ADD, ALU_OR, ALU_ADC, ALU_SBB, ALU_AND, ALU_SUB, ALU_XOR, ALU_CMP };
enum { SHIFT_ROR = 1, SHIFT_SHL = 4, SHIFT_SHR = 5, SHIFT_SAR = 7 };

#define X_LOAD OP(0, 0, 0x8b)
#define X_STORE OP(0, 0, 0x89)
#define X_STORE8 (OP(0, 0, 0x88) | BYTE)
#define X_STORE16 OP(0x66, 0, 0x89)
#define X_LEA OP(0, 0, 0x8d)
#define X_TEST OP(0, 0, 0x85)
#define X_MOVZX8 (OP(0, 1, 0xb6) | BYTE)
#define X_MOVZX16 OP(0, 1, 0xb7)
#define X_MOVSX8 (OP(0, 1, 0xbe) | BYTE)
#define X_MOVSX16 OP(0, 1, 0xbf)
#define X_MOVSXD (OP(0, 0, 0x63) | W64)
#define X_IMUL OP(0, 1, 0xaf)
#define X_MOVAPS OP(0, 1, 0x28)
#define X_MOVUPS_LOAD OP(0, 1, 0x10)
#define X_MOVUPS_STORE OP(0, 1, 0x11)
#define X_MOVSS_LOAD OP(0xf3, 1, 0x10)
#define X_MOVSS_STORE OP(0xf3, 1, 0x11)
#define X_MOVQ_LOAD OP(0xf3, 1, 0x7e)       /* low half, upper half zero */
#define X_MOVQ_STORE OP(0x66, 1, 0xd6)
#define X_MOVD_TO_XMM OP(0x66, 1, 0x6e)     /* with W64: movq from a register */
#define X_MOVD_FROM_XMM OP(0x66, 1, 0x7e)

struct mem { uint8_t base, index, scale; int32_t disp; };

struct code {
    uint8_t *p, *start, *end;
    bool full;                  /* ran out of room: what was written is useless */
};

static inline void put8(struct code *code, unsigned byte)
{
    if (code->p < code->end)
        *code->p++ = (uint8_t)byte;
    else
        code->full = true;
}

static inline void put32(struct code *code, uint32_t word)
{
    if (code->end - code->p < 4) {
        code->full = true;
        return;
    }
    memcpy(code->p, &word, 4);
    code->p += 4;
}

static inline void put64(struct code *code, uint64_t word)
{
    put32(code, (uint32_t)word);
    put32(code, (uint32_t)(word >> 32));
}

static inline struct mem at(unsigned base, int32_t disp)
{
    return (struct mem){(uint8_t)base, NO_REG, 0, disp};
}

static inline struct mem at_index(unsigned base, unsigned index, unsigned scale,
                                  int32_t disp)
{
    return (struct mem){(uint8_t)base, (uint8_t)index, (uint8_t)scale, disp};
}

static inline void x_opcode(struct code *code, uint32_t op, unsigned reg,
                            unsigned index, unsigned base, bool byte_rm)
{
    unsigned rex = (op & W64 ? 8 : 0) | (reg >> 3 & 1) << 2 | (index >> 3 & 1) << 1 |
                   (base >> 3 & 1);
    unsigned prefix = op >> 16 & 0xff, map = op >> 8 & 0xff;
    if (prefix)
        put8(code, prefix);
    if (rex || ((op & BYTE) && ((reg >= 4 && reg < 8) || (byte_rm && base >= 4))))
        put8(code, 0x40 | rex);
    if (map)
        put8(code, 0x0f);
    if (map > 1)
        put8(code, map == 2 ? 0x38 : 0x3a);
    put8(code, op & 0xff);
}

static inline void x_modrm_mem(struct code *code, unsigned reg, struct mem m)
{
    unsigned base = m.base & 7, mode;
    bool sib = m.index != NO_REG || base == 4;
    if (m.base == NO_REG) {     /* only a scaled index: a mode with disp32 */
        put8(code, (reg & 7) << 3 | 4);
        put8(code, (unsigned)m.scale << 6 | (m.index & 7) << 3 | 5);
        put32(code, (uint32_t)m.disp);
        return;
    }
    if (m.disp == 0 && base != 5)
        mode = 0;
    else
        mode = m.disp == (int8_t)m.disp ? 1 : 2;
    put8(code, mode << 6 | (reg & 7) << 3 | (sib ? 4 : base));
    if (sib)
        put8(code, (unsigned)m.scale << 6 | (m.index == NO_REG ? 4 : m.index & 7) << 3 |
                       base);
    if (mode == 1)
        put8(code, (uint8_t)m.disp);
    else if (mode == 2)
        put32(code, (uint32_t)m.disp);
}

static inline void x_rr(struct code *code, uint32_t op, unsigned reg, unsigned rm)
{
    x_opcode(code, op, reg, 0, rm, true);
    put8(code, 0xc0 | (reg & 7) << 3 | (rm & 7));
}

static inline void x_rm(struct code *code, uint32_t op, unsigned reg, struct mem m)
{
    x_opcode(code, op, reg, m.index == NO_REG ? 0 : m.index,
             m.base == NO_REG ? 0 : m.base, false);
    x_modrm_mem(code, reg, m);
}

/* VEX with three operands: reg = vvvv op rm. prefix 0..3: none, 66, F3, F2. */
static inline void x_vex(struct code *code, unsigned prefix, unsigned map, bool wide,
                         unsigned byte, unsigned reg, unsigned vvvv, unsigned rm)
{
    put8(code, 0xc4);
    put8(code, (reg < 8) << 7 | 1 << 6 | (rm < 8) << 5 | map);
    put8(code, (unsigned)wide << 7 | (~vvvv & 15) << 3 | prefix);
    put8(code, byte);
    put8(code, 0xc0 | (reg & 7) << 3 | (rm & 7));
}

static inline void x_mov_rr(struct code *code, bool wide, unsigned to, unsigned from)
{
    if (to != from)
        x_rr(code, X_LOAD | (wide ? W64 : 0), to, from);
}

/* Never touches the flags. */
static inline void x_mov_imm(struct code *code, unsigned reg, uint64_t value)
{
    if (value == (uint32_t)value) {
        x_opcode(code, OP(0, 0, 0xb8 + (reg & 7)), 0, 0, reg, false);
        put32(code, (uint32_t)value);
    } else if (value == (uint64_t)(int32_t)value) {
        x_rr(code, OP(0, 0, 0xc7) | W64, 0, reg);
        put32(code, (uint32_t)value);
    } else {
        x_opcode(code, OP(0, 0, 0xb8 + (reg & 7)) | W64, 0, 0, reg, false);
        put64(code, value);
    }
}

static inline bool fits8(int64_t value)
{
    return value == (int8_t)value;
}

static inline void x_alu_imm(struct code *code, bool wide, unsigned alu, unsigned reg,
                             int32_t imm)
{
    x_rr(code, OP(0, 0, fits8(imm) ? 0x83 : 0x81) | (wide ? W64 : 0), alu, reg);
    if (fits8(imm))
        put8(code, (uint8_t)imm);
    else
        put32(code, (uint32_t)imm);
}

static inline void x_alu_mem_imm(struct code *code, bool wide, unsigned alu,
                                 struct mem m, int32_t imm)
{
    x_rm(code, OP(0, 0, fits8(imm) ? 0x83 : 0x81) | (wide ? W64 : 0), alu, m);
    if (fits8(imm))
        put8(code, (uint8_t)imm);
    else
        put32(code, (uint32_t)imm);
}

static inline void x_shift_imm(struct code *code, bool wide, unsigned shift,
                               unsigned reg, unsigned count)
{
    x_rr(code, OP(0, 0, 0xc1) | (wide ? W64 : 0), shift, reg);
    put8(code, count);
}

/* Jumps give the place of their rel32, for x_patch. */
static inline uint8_t *x_jcc(struct code *code, unsigned cc)
{
    put8(code, 0x0f);
    put8(code, 0x80 | cc);
    put32(code, 0);
    return code->p - 4;
}

static inline uint8_t *x_jmp(struct code *code)
{
    put8(code, 0xe9);
    put32(code, 0);
    return code->p - 4;
}

static inline void x_patch(const struct code *code, uint8_t *rel32,
                           const uint8_t *target)
{
    int32_t distance = (int32_t)(target - (rel32 + 4));
    if (!code->full)
        memcpy(rel32, &distance, 4);
}

static inline void x_jmp_to(struct code *code, const uint8_t *target)
{
    uint8_t *rel32 = x_jmp(code);
    x_patch(code, rel32, target);
}

static inline void x_jcc_to(struct code *code, unsigned cc, const uint8_t *target)
{
    uint8_t *rel32 = x_jcc(code, cc);
    x_patch(code, rel32, target);
}

static inline void x_setcc(struct code *code, unsigned cc, unsigned reg)
{
    x_rr(code, OP(0, 1, 0x90 | cc) | BYTE, 0, reg);
}

static inline void x_call_reg(struct code *code, unsigned reg)
{
    x_rr(code, OP(0, 0, 0xff), 2, reg);
}

#endif
