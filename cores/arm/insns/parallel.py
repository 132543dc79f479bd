"""Parallel addition and subtraction, SEL, USAD8 (DDI 0406C A5.4.1, A5.4.2, A6.3.14)."""

from __future__ import annotations

from cores.arm.formats import Cpu, Value, not_pc_dnm, plain, plain_dnm
from cores.arm.insns.saturate import clamp
from machinebuilder.isa import InsnSet, bits, s32, select, sext, u8, u32

a32 = InsnSet("a32")
t32 = InsnSet("t32")

# Kinds, as A32 numbers them; T32's numbers are translated.
ADD16, ASX, SAX, SUB16, ADD8, SUB8 = 0, 1, 2, 3, 4, 7
FROM_T32 = (ADD8, ADD16, ASX, -1, SUB8, SUB16, SAX, -1)
PLAIN, SATURATING, HALVING = 1, 2, 3
FROM_T32_PREFIX = (PLAIN, SATURATING, HALVING, -1)


def lane(value: Value, width: int, index: int, unsigned: int) -> Value:
    """One lane as s32."""
    part = value >> (index * width)
    if unsigned:
        return s32(part & ((1 << width) - 1))
    return s32(sext(part, width))


def adds(kind: int, index: int) -> bool:
    """Does this lane add, rather than subtract?"""
    if kind == ASX:
        return index == 1
    if kind == SAX:
        return index == 0
    return kind in (ADD16, ADD8)


def keep(total: Value, width: int, unsigned: int, prefix: int) -> Value:
    """What a lane keeps of a sum."""
    if prefix == HALVING:
        return total >> 1
    if prefix == SATURATING:
        if unsigned:
            return clamp(total, 0, (1 << width) - 1)
        return clamp(total, -(1 << (width - 1)), (1 << (width - 1)) - 1)
    return total


def greater_equal(total: Value, width: int, unsigned: int, add: int) -> Value:
    """The GE bit of a lane."""
    if unsigned and add:
        return total >= (1 << width)
    return total >= 0


def parallel(
    cpu: Cpu, unsigned: int, prefix: int, kind: int, Rd: int, Rn: int, Rm: int
) -> None:
    """All of SADD16 ... UHSUB8."""
    width = 8 if kind >= ADD8 else 16
    a = cpu.r[Rn]
    b = cpu.r[Rm]
    result = u32(0)
    ge = u32(0)
    for i in range(32 // width):
        other = 1 - i if kind in (ASX, SAX) else i
        if adds(kind, i):
            total = lane(a, width, i, unsigned) + lane(b, width, other, unsigned)
        else:
            total = lane(a, width, i, unsigned) - lane(b, width, other, unsigned)
        kept = u32(keep(total, width, unsigned, prefix)) & ((1 << width) - 1)
        result = result | (kept << (i * width))
        bits_of_lane = 1 << i if width == 8 else 3 << (i * 2)
        is_ge = greater_equal(total, width, unsigned, adds(kind, i))
        ge = ge | select(is_ge, u32(bits_of_lane), u32(0))
    cpu.r[Rd] = result
    if prefix == PLAIN:
        cpu.ge = u8(ge)


def select_bytes(cpu: Cpu, Rd: int, Rn: int, Rm: int) -> None:
    """SEL: by GE, a byte of Rn or of Rm."""
    mask = u32(0)
    for i in range(4):
        mask = mask | (bits(u32(cpu.ge), i, i) * (0xFF << (8 * i)))
    cpu.r[Rd] = (cpu.r[Rn] & mask) | (cpu.r[Rm] & ~mask)


def absolute_differences(cpu: Cpu, Rd: int, Rn: int, Rm: int, Ra: int) -> None:
    """USADA8; USAD8 where Ra is 15."""
    total = u32(0)
    for i in range(4):
        difference = lane(cpu.r[Rn], 8, i, 1) - lane(cpu.r[Rm], 8, i, 1)
        total = total + u32(select(difference < 0, -difference, difference))
    cpu.r[Rd] = total if Ra == 15 else total + cpu.r[Ra]


def parallel_kinds(prefix: int, kind: int, Rd: int, Rn: int, Rm: int) -> bool:
    """The kinds and prefixes that exist."""
    return prefix != 0 and kind != 5 and kind != 6 and not_pc_dnm(Rd, Rn, Rm)


@a32(
    "cond:4 01100 unsigned:1 prefix:2 Rn:4 Rd:4 (1)(1)(1)(1) kind:3 1 Rm:4",
    where=parallel_kinds,
    asm="{unsigned,prefix:lanes}{kind:lane_kind}{cond} {Rd}, {Rn}, {Rm}",
)
def a32_parallel(
    cpu: Cpu, unsigned: int, prefix: int, Rn: int, Rd: int, kind: int, Rm: int
) -> None:
    """Parallel addition and subtraction, A32."""
    parallel(cpu, unsigned, prefix, kind, Rd, Rn, Rm)


def t32_parallel_kinds(prefix: int, kind: int, Rd: int, Rn: int, Rm: int) -> bool:
    """The kinds and prefixes that exist."""
    return prefix != 3 and FROM_T32[kind] != -1 and plain_dnm(Rd, Rn, Rm)


@t32(
    "11111010 1 kind:3 Rn:4 1111 Rd:4 0 unsigned:1 prefix:2 Rm:4",
    where=t32_parallel_kinds,
    asm="{unsigned,prefix:t32_lanes}{kind:t32_lane_kind}{it} {Rd}, {Rn}, {Rm}",
)
def t32_parallel(
    cpu: Cpu, kind: int, Rn: int, Rd: int, unsigned: int, prefix: int, Rm: int
) -> None:
    """Parallel addition and subtraction, T32."""
    parallel(cpu, unsigned, FROM_T32_PREFIX[prefix], FROM_T32[kind], Rd, Rn, Rm)


@a32(
    "cond:4 01101000 Rn:4 Rd:4 (1)(1)(1)(1) 1011 Rm:4",
    where=not_pc_dnm,
    asm="sel{cond} {Rd}, {Rn}, {Rm}",
)
def sel(cpu: Cpu, Rn: int, Rd: int, Rm: int) -> None:
    """SEL A1."""
    select_bytes(cpu, Rd, Rn, Rm)


@t32(
    "11111010 1010 Rn:4 1111 Rd:4 1000 Rm:4",
    where=plain_dnm,
    asm="sel{it} {Rd}, {Rn}, {Rm}",
)
def t32_sel(cpu: Cpu, Rn: int, Rd: int, Rm: int) -> None:
    """SEL T1."""
    select_bytes(cpu, Rd, Rn, Rm)


@a32(
    "cond:4 01111000 Rd:4 Ra:4 Rm:4 0001 Rn:4",
    where=not_pc_dnm,
    asm="{Ra:usad8}{cond} {Rd}, {Rn}, {Rm}{Ra:optional}",
)
def usad8(cpu: Cpu, Rd: int, Ra: int, Rm: int, Rn: int) -> None:
    """USAD8, USADA8 A1."""
    absolute_differences(cpu, Rd, Rn, Rm, Ra)


@t32(
    "11111011 0111 Rn:4 Ra:4 Rd:4 0000 Rm:4",
    where=lambda Rn, Ra, Rd, Rm: plain(Rn) and plain(Rd) and plain(Rm) and Ra != 13,
    asm="{Ra:usad8}{it} {Rd}, {Rn}, {Rm}{Ra:optional}",
)
def t32_usad8(cpu: Cpu, Rn: int, Ra: int, Rd: int, Rm: int) -> None:
    """USAD8, USADA8 T1."""
    absolute_differences(cpu, Rd, Rn, Rm, Ra)
