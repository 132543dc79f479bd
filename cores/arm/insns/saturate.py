"""Saturating arithmetic (DDI 0406C A5.2.6, SSAT, USAT and their T32 twins)."""

from __future__ import annotations

from cores.arm.formats import (
    Cpu,
    Value,
    not_pc_dnm,
    plain_dn,
    plain_dnm,
    shifted,
)
from machinebuilder.isa import InsnSet, s16, s32, s64, select, u32

a32 = InsnSet("a32")
t32 = InsnSet("t32")


def clamp(value: Value, low: int, high: int) -> Value:
    """`value` kept within low..high."""
    return select(value < low, low, select(value > high, high, value))


def signed_clamp(value: Value, width: int) -> Value:
    """Within the range of a signed number of `width` bits."""
    return clamp(value, -(1 << (width - 1)), (1 << (width - 1)) - 1)


def saturate(cpu: Cpu, Rd: int, value: Value, low: int, high: int) -> None:
    """Rd = value clamped; Q if that changed it."""
    result = clamp(value, low, high)
    cpu.r[Rd] = u32(result)
    cpu.q = cpu.q | (result != value)


def q_add(cpu: Cpu, double: int, subtract: int, Rd: int, Rm: int, Rn: int) -> None:
    """QADD, QSUB, QDADD, QDSUB."""
    limit = 0x7FFF_FFFF
    other = s64(s32(cpu.r[Rn]))
    if double:
        twice = other + other
        other = clamp(twice, -limit - 1, limit)
        cpu.q = cpu.q | (other != twice)
    first = s64(s32(cpu.r[Rm]))
    if subtract:
        saturate(cpu, Rd, first - other, -limit - 1, limit)
    else:
        saturate(cpu, Rd, first + other, -limit - 1, limit)


def saturate_word(
    cpu: Cpu, unsigned: int, Rd: int, imm: int, Rn: int, right: int, amount: int
) -> None:
    """SSAT, USAT: a shifted register to a width."""
    value = s32(shifted(cpu, cpu.r[Rn], 2 if right else 0, amount))
    if unsigned:
        saturate(cpu, Rd, value, 0, (1 << imm) - 1)
    else:
        saturate(cpu, Rd, value, -(1 << imm), (1 << imm) - 1)


def saturate_halves(cpu: Cpu, unsigned: int, Rd: int, imm: int, Rn: int) -> None:
    """SSAT16, USAT16."""
    low = s32(s16(cpu.r[Rn]))
    high = s32(s16(cpu.r[Rn] >> 16))
    bottom = 0 if unsigned else -(1 << imm)
    top = (1 << imm) - 1
    kept_low = clamp(low, bottom, top)
    kept_high = clamp(high, bottom, top)
    cpu.q = cpu.q | (kept_low != low) | (kept_high != high)
    cpu.r[Rd] = (u32(kept_low) & 0xFFFF) | (u32(kept_high) << 16)


# -- A32 -------------------------------------------------------------------------------
@a32(
    "cond:4 00010 double:1 subtract:1 0 Rn:4 Rd:4 (0)(0)(0)(0) 0101 Rm:4",
    where=not_pc_dnm,
    asm="q{double:d}{subtract:add}{cond} {Rd}, {Rm}, {Rn}",
)
def qadd(cpu: Cpu, double: int, subtract: int, Rn: int, Rd: int, Rm: int) -> None:
    """QADD, QSUB, QDADD, QDSUB A1."""
    q_add(cpu, double, subtract, Rd, Rm, Rn)


@a32(
    "cond:4 01101 unsigned:1 1 imm:5 Rd:4 amount:5 right:1 01 Rn:4",
    where=lambda Rd, Rn: Rd != 15 and Rn != 15,
    asm="{unsigned:su}sat{cond} {Rd}, #{unsigned,imm:width}, "
    "{Rn}{amount,right:sat_shift}",
)
def ssat(
    cpu: Cpu, unsigned: int, imm: int, Rd: int, amount: int, right: int, Rn: int
) -> None:
    """SSAT, USAT A1."""
    saturate_word(cpu, unsigned, Rd, imm, Rn, right, amount)


@a32(
    "cond:4 01101 unsigned:1 10 imm4:4 Rd:4 (1)(1)(1)(1) 0011 Rn:4",
    where=lambda Rd, Rn: Rd != 15 and Rn != 15,
    asm="{unsigned:su}sat16{cond} {Rd}, #{unsigned,imm4:width}, {Rn}",
)
def ssat16(cpu: Cpu, unsigned: int, imm4: int, Rd: int, Rn: int) -> None:
    """SSAT16, USAT16 A1."""
    saturate_halves(cpu, unsigned, Rd, imm4, Rn)


# -- T32 -------------------------------------------------------------------------------
@t32(
    "11111010 1000 Rn:4 1111 Rd:4 10 subtract:1 double:1 Rm:4",
    where=plain_dnm,
    asm="q{double:d}{subtract:add}{it} {Rd}, {Rm}, {Rn}",
)
def t32_qadd(cpu: Cpu, Rn: int, Rd: int, subtract: int, double: int, Rm: int) -> None:
    """QADD, QSUB, QDADD, QDSUB T1."""
    q_add(cpu, double, subtract, Rd, Rm, Rn)


@t32(
    "11110 (0) 11 unsigned:1 0 right:1 0 Rn:4 0 amount:3 Rd:4 amount:2 (0) imm:5",
    where=lambda Rd, Rn, right, amount: (
        plain_dn(Rd, Rn) and (right == 0 or amount != 0)
    ),
    asm="{unsigned:su}sat{it} {Rd}, #{unsigned,imm:width}, "
    "{Rn}{amount,right:sat_shift}",
)
def t32_ssat(
    cpu: Cpu, unsigned: int, right: int, Rn: int, amount: int, Rd: int, imm: int
) -> None:
    """SSAT, USAT T1."""
    saturate_word(cpu, unsigned, Rd, imm, Rn, right, amount)


@t32(
    "11110 (0) 11 unsigned:1 010 Rn:4 0 000 Rd:4 00 (0)(0) imm4:4",
    where=plain_dn,
    asm="{unsigned:su}sat16{it} {Rd}, #{unsigned,imm4:width}, {Rn}",
)
def t32_ssat16(cpu: Cpu, unsigned: int, Rn: int, Rd: int, imm4: int) -> None:
    """SSAT16, USAT16 T1."""
    saturate_halves(cpu, unsigned, Rd, imm4, Rn)
