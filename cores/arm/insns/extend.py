"""Extension, packing, reversal, bit fields, CLZ, wide moves (DDI 0406C A5.4.3, A6.3.12,
A6.3.15, and BFC, BFI, SBFX, UBFX, MOVW, MOVT)."""

from __future__ import annotations

from cores.arm.formats import (
    Cpu,
    Value,
    not_pc_dm,
    not_pc_dnm,
    plain,
    plain_dm,
    plain_dnm,
    shifted,
)
from machinebuilder.isa import (
    InsnSet,
    bitrev,
    bits,
    bswap,
    clz,
    ror,
    s8,
    s16,
    s32,
    u8,
    u16,
    u32,
)

a32 = InsnSet("a32")
t16 = InsnSet("t16")
t32 = InsnSet("t32")

EXTEND16, EXTEND, EXTEND8 = 0, 3, 2  # kinds, by A32's bits 21:20


# -- shared meaning --------------------------------------------------------------------
def extended(kind: int, unsigned: int, value: Value) -> Value:
    """Both bytes to halves (EXTEND16), a byte or a half to a word."""
    if kind == EXTEND8:
        return u32(u8(value)) if unsigned else u32(s32(s8(value)))
    if kind == EXTEND:
        return u32(u16(value)) if unsigned else u32(s32(s16(value)))
    if unsigned:
        return value & 0x00FF_00FF
    low = u32(s32(s8(value))) & 0xFFFF
    return low | (u32(s32(s8(value >> 16))) << 16)


def extend_add(
    cpu: Cpu, kind: int, unsigned: int, Rd: int, Rn: int, Rm: int, rotate: int
) -> None:
    """SXTAB16 ... UXTAH; without the addition where Rn is 15."""
    value = extended(
        kind, unsigned, ror(cpu.r[Rm], rotate * 8) if rotate else cpu.r[Rm]
    )
    if Rn == 15:
        cpu.r[Rd] = value
    elif kind == EXTEND16:
        a = cpu.r[Rn]
        low = (a + value) & 0xFFFF
        cpu.r[Rd] = low | (((a >> 16) + (value >> 16)) << 16)
    else:
        cpu.r[Rd] = cpu.r[Rn] + value


def pack(cpu: Cpu, top: int, Rd: int, Rn: int, Rm: int, amount: int) -> None:
    """PKHBT, PKHTB."""
    operand = shifted(cpu, cpu.r[Rm], 2 if top else 0, amount)
    if top:
        cpu.r[Rd] = (cpu.r[Rn] & 0xFFFF_0000) | (operand & 0xFFFF)
    else:
        cpu.r[Rd] = (operand & 0xFFFF_0000) | (cpu.r[Rn] & 0xFFFF)


def reverse(value: Value, kind: int) -> Value:
    """REV (0), REV16 (1), RBIT (2), REVSH (3)."""
    if kind == 0:
        return bswap(value)
    if kind == 1:
        return ((value & 0x00FF_00FF) << 8) | ((value >> 8) & 0x00FF_00FF)
    if kind == 2:
        return bitrev(value)
    return u32(s32(s16(((value & 0xFF) << 8) | ((value >> 8) & 0xFF))))


def extract(cpu: Cpu, unsigned: int, Rd: int, Rn: int, lsb: int, widthm1: int) -> None:
    """SBFX, UBFX."""
    if unsigned:
        cpu.r[Rd] = bits(cpu.r[Rn], lsb + widthm1, lsb)
    else:
        left = 31 - lsb - widthm1
        cpu.r[Rd] = u32(s32(cpu.r[Rn] << left) >> (31 - widthm1))


def insert(cpu: Cpu, Rd: int, Rn: int, lsb: int, msb: int) -> None:
    """BFI; BFC where Rn is 15."""
    mask = ((1 << (msb - lsb + 1)) - 1) << lsb
    kept = cpu.r[Rd] & (mask ^ 0xFFFF_FFFF)
    cpu.r[Rd] = kept if Rn == 15 else kept | ((cpu.r[Rn] << lsb) & mask)


# -- A32 -------------------------------------------------------------------------------
@a32(
    "cond:4 01101 unsigned:1 kind:2 Rn:4 Rd:4 rotate:2 (0)(0) 0111 Rm:4",
    where=lambda kind, Rd, Rm: kind != 1 and Rd != 15 and Rm != 15,
    asm="{unsigned:su}xt{Rn:a}{kind:extend}{cond} {Rd}, {Rn:base}{Rm}{rotate:rotation}",
)
def extend(
    cpu: Cpu, unsigned: int, kind: int, Rn: int, Rd: int, rotate: int, Rm: int
) -> None:
    """SXTAB16, SXTB16, SXTAB, SXTB, SXTAH, SXTH and the unsigned ones, A1."""
    extend_add(cpu, kind, unsigned, Rd, Rn, Rm, rotate)


@a32(
    "cond:4 01101000 Rn:4 Rd:4 amount:5 top:1 01 Rm:4",
    where=not_pc_dnm,
    asm="pkh{top:bttb}{cond} {Rd}, {Rn}, {Rm}{amount,top:sat_shift}",
)
def pkh(cpu: Cpu, Rn: int, Rd: int, amount: int, top: int, Rm: int) -> None:
    """PKHBT, PKHTB A1."""
    pack(cpu, top, Rd, Rn, Rm, amount)


@a32(
    "cond:4 01101 sh:1 11 (1)(1)(1)(1) Rd:4 (1)(1)(1)(1) half:1 011 Rm:4",
    where=not_pc_dm,
    asm="{half,sh:reverse}{cond} {Rd}, {Rm}",
)
def rev(cpu: Cpu, sh: int, Rd: int, half: int, Rm: int) -> None:
    """REV, REV16, RBIT, REVSH A1."""
    cpu.r[Rd] = reverse(cpu.r[Rm], sh * 2 + half)


@a32(
    "cond:4 00010110 (1)(1)(1)(1) Rd:4 (1)(1)(1)(1) 0001 Rm:4",
    where=not_pc_dm,
    asm="clz{cond} {Rd}, {Rm}",
)
def count_leading_zeros(cpu: Cpu, Rd: int, Rm: int) -> None:
    """CLZ A1."""
    cpu.r[Rd] = clz(cpu.r[Rm])


@a32(
    "cond:4 01111 unsigned:1 1 widthm1:5 Rd:4 lsb:5 101 Rn:4",
    where=lambda widthm1, Rd, lsb, Rn: Rd != 15 and Rn != 15 and lsb + widthm1 <= 31,
    asm="{unsigned:su}bfx{cond} {Rd}, {Rn}, #{lsb}, #{widthm1:plus1}",
)
def sbfx(cpu: Cpu, unsigned: int, widthm1: int, Rd: int, lsb: int, Rn: int) -> None:
    """SBFX, UBFX A1."""
    extract(cpu, unsigned, Rd, Rn, lsb, widthm1)


@a32(
    "cond:4 0111110 msb:5 Rd:4 lsb:5 001 Rn:4",
    where=lambda msb, Rd, lsb: Rd != 15 and msb >= lsb,
    asm="{Rn:bfi}{cond} {Rd}, {Rn:base}#{lsb}, #{msb,lsb:field_width}",
)
def bfi(cpu: Cpu, msb: int, Rd: int, lsb: int, Rn: int) -> None:
    """BFI, BFC A1."""
    insert(cpu, Rd, Rn, lsb, msb)


@a32(
    "cond:4 00110 top:1 00 imm:4 Rd:4 imm:12",
    where=lambda Rd: Rd != 15,
    asm="mov{top:wt}{cond} {Rd}, #{imm}",
)
def move_half(cpu: Cpu, top: int, imm: int, Rd: int) -> None:
    """MOVW (MOV A2), MOVT A1."""
    if top:
        cpu.r[Rd] = (cpu.r[Rd] & 0xFFFF) | (imm << 16)
    else:
        cpu.r[Rd] = u32(imm)


# -- T16 -------------------------------------------------------------------------------
@t16(
    "1011 0010 unsigned:1 byte:1 Rm:3 Rd:3",
    asm="{unsigned:su}xt{byte:hb}{it} {Rd}, {Rm}",
)
def t16_extend(cpu: Cpu, unsigned: int, byte: int, Rm: int, Rd: int) -> None:
    """SXTH, SXTB, UXTH, UXTB T1."""
    cpu.r[Rd] = extended(EXTEND8 if byte else EXTEND, unsigned, cpu.r[Rm])


@t16(
    "1011 1010 kind:2 Rm:3 Rd:3",
    where=lambda kind: kind != 2,
    asm="{kind:t_reverse}{it} {Rd}, {Rm}",
)
def t16_rev(cpu: Cpu, kind: int, Rm: int, Rd: int) -> None:
    """REV, REV16, REVSH T1."""
    cpu.r[Rd] = reverse(cpu.r[Rm], kind)


# -- T32 -------------------------------------------------------------------------------
# SXTAH UXTAH SXTAB16 UXTAB16 SXTAB UXTAB
T32_EXTENDS = (EXTEND, EXTEND16, EXTEND8)


@t32(
    "11111010 0 kind:2 unsigned:1 Rn:4 1111 Rd:4 1 (0) rotate:2 Rm:4",
    where=lambda kind, Rn, Rd, Rm: kind != 3 and Rn != 13 and plain_dm(Rd, Rm),
    asm="{unsigned:su}xt{Rn:a}{kind:t32_extend}{it}.w {Rd}, "
    "{Rn:base}{Rm}{rotate:rotation}",
)
def t32_extend(
    cpu: Cpu, kind: int, unsigned: int, Rn: int, Rd: int, rotate: int, Rm: int
) -> None:
    """SXTAH, SXTH and so on, T32."""
    extend_add(cpu, T32_EXTENDS[kind], unsigned, Rd, Rn, Rm, rotate)


@t32(
    "11101 01 0110 0 Rn:4 (0) amount:3 Rd:4 amount:2 top:1 0 Rm:4",
    where=plain_dnm,
    asm="pkh{top:bttb}{it} {Rd}, {Rn}, {Rm}{amount,top:sat_shift}",
)
def t32_pkh(cpu: Cpu, Rn: int, amount: int, Rd: int, top: int, Rm: int) -> None:
    """PKHBT, PKHTB T1."""
    pack(cpu, top, Rd, Rn, Rm, amount)


@t32(
    "11111010 1001 Rm:4 1111 Rd:4 10 kind:2 Rm2:4",
    where=lambda Rm, Rd, Rm2: Rm == Rm2 and plain_dm(Rd, Rm),
    asm="{kind:t_reverse}{it}.w {Rd}, {Rm}",
)
def t32_rev(cpu: Cpu, Rm: int, Rd: int, kind: int) -> None:
    """REV, REV16 T2, RBIT T1, REVSH T2: Rm is encoded twice."""
    cpu.r[Rd] = reverse(cpu.r[Rm], kind)


@t32(
    "11111010 1011 Rm:4 1111 Rd:4 1000 Rm2:4",
    where=lambda Rm, Rd, Rm2: Rm == Rm2 and plain_dm(Rd, Rm),
    asm="clz{it} {Rd}, {Rm}",
)
def t32_clz(cpu: Cpu, Rm: int, Rd: int) -> None:
    """CLZ T1: Rm is encoded twice."""
    cpu.r[Rd] = clz(cpu.r[Rm])


@t32(
    "11110 (0) 11 unsigned:1 100 Rn:4 0 lsb:3 Rd:4 lsb:2 (0) widthm1:5",
    where=lambda Rn, lsb, Rd, widthm1: plain(Rn) and plain(Rd) and lsb + widthm1 <= 31,
    asm="{unsigned:su}bfx{it} {Rd}, {Rn}, #{lsb}, #{widthm1:plus1}",
)
def t32_sbfx(cpu: Cpu, unsigned: int, Rn: int, lsb: int, Rd: int, widthm1: int) -> None:
    """SBFX, UBFX T1."""
    extract(cpu, unsigned, Rd, Rn, lsb, widthm1)


@t32(
    "11110 (0) 11 0110 Rn:4 0 lsb:3 Rd:4 lsb:2 (0) msb:5",
    where=lambda Rn, lsb, Rd, msb: Rn != 13 and plain(Rd) and msb >= lsb,
    asm="{Rn:bfi}{it} {Rd}, {Rn:base}#{lsb}, #{msb,lsb:field_width}",
)
def t32_bfi(cpu: Cpu, Rn: int, lsb: int, Rd: int, msb: int) -> None:
    """BFI, BFC T1."""
    insert(cpu, Rd, Rn, lsb, msb)


@t32(
    "11110 imm:1 10 top:1 100 imm2:4 0 imm:3 Rd:4 imm:8",
    where=lambda Rd: plain(Rd),
    asm="mov{top:wt}{it} {Rd}, #{imm2,imm:wide}",
)
def t32_move_half(cpu: Cpu, imm: int, top: int, imm2: int, Rd: int) -> None:
    """MOVW (MOV T3), MOVT T1."""
    value = imm2 << 12 | imm
    if top:
        cpu.r[Rd] = (cpu.r[Rd] & 0xFFFF) | (value << 16)
    else:
        cpu.r[Rd] = u32(value)
