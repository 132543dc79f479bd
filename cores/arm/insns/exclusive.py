"""Exclusive loads and stores (DDI 0406C A5.2.10, A6.3.6).

Omitted: SWP and SWPB, which SCTLR.SW disables at reset: undefined.
"""

from __future__ import annotations

from cores.arm.formats import Cpu, plain
from cores.arm.insns.memory import (
    BYTE,
    HALF,
    WORD,
    load_exclusive,
    load_exclusive_pair,
    store_exclusive,
    store_exclusive_pair,
)
from machinebuilder.isa import InsnSet

a32 = InsnSet("a32")
t32 = InsnSet("t32")

DOUBLE = 3
FROM_A32 = (WORD, DOUBLE, BYTE, HALF)


# -- A32 -------------------------------------------------------------------------------
def sensible_load(size: int, Rn: int, Rt: int) -> bool:
    """LDREXD needs an even register."""
    if Rn == 15 or Rt == 15:
        return False
    return size != 1 or (Rt % 2 == 0 and Rt != 14)


@a32(
    "cond:4 00011 size:2 1 Rn:4 Rt:4 (1)(1)(1)(1) 1001 (1)(1)(1)(1)",
    where=sensible_load,
    asm="ldrex{size:exclusive}{cond} {Rt}{size,Rt:second}, [{Rn}]",
)
def ldrex(cpu: Cpu, size: int, Rn: int, Rt: int) -> None:
    """LDREX, LDREXD, LDREXB, LDREXH A1."""
    if FROM_A32[size] == DOUBLE:
        load_exclusive_pair(cpu, Rt, Rt + 1, cpu.r[Rn])
    else:
        cpu.r[Rt] = load_exclusive(cpu, FROM_A32[size], cpu.r[Rn])


def sensible_store(size: int, Rn: int, Rd: int, Rt: int) -> bool:
    """The status register is none of the others."""
    if Rn == 15 or Rt == 15 or Rd == 15 or Rd in (Rn, Rt):
        return False
    return size != 1 or (Rt % 2 == 0 and Rt != 14 and Rd != Rt + 1)


@a32(
    "cond:4 00011 size:2 0 Rn:4 Rd:4 (1)(1)(1)(1) 1001 Rt:4",
    where=sensible_store,
    asm="strex{size:exclusive}{cond} {Rd}, {Rt}{size,Rt:second}, [{Rn}]",
)
def strex(cpu: Cpu, size: int, Rn: int, Rd: int, Rt: int) -> None:
    """STREX, STREXD, STREXB, STREXH A1."""
    if FROM_A32[size] == DOUBLE:
        store_exclusive_pair(cpu, Rd, Rt, Rt + 1, cpu.r[Rn])
    else:
        store_exclusive(cpu, FROM_A32[size], Rd, cpu.r[Rn], cpu.r[Rt])


# -- T32 -------------------------------------------------------------------------------
@t32(
    "1110 1000 0101 Rn:4 Rt:4 (1)(1)(1)(1) imm8:8",
    where=lambda Rn, Rt: Rn != 15 and plain(Rt),
    asm="ldrex{it} {Rt}, [{Rn}, #{imm8:words}]",
)
def t32_ldrex(cpu: Cpu, Rn: int, Rt: int, imm8: int) -> None:
    """LDREX T1."""
    cpu.r[Rt] = load_exclusive(cpu, WORD, cpu.r[Rn] + imm8 * 4)


@t32(
    "1110 1000 0100 Rn:4 Rt:4 Rd:4 imm8:8",
    where=lambda Rn, Rt, Rd: (
        Rn != 15 and plain(Rt) and plain(Rd) and Rd != Rn and Rd != Rt
    ),
    asm="strex{it} {Rd}, {Rt}, [{Rn}, #{imm8:words}]",
)
def t32_strex(cpu: Cpu, Rn: int, Rt: int, Rd: int, imm8: int) -> None:
    """STREX T1."""
    store_exclusive(cpu, WORD, Rd, cpu.r[Rn] + imm8 * 4, cpu.r[Rt])


@t32(
    "1110 1000 1101 Rn:4 Rt:4 (1)(1)(1)(1) 010 half:1 (1)(1)(1)(1)",
    where=lambda Rn, Rt: Rn != 15 and plain(Rt),
    asm="ldrex{half:bh}{it} {Rt}, [{Rn}]",
)
def t32_ldrex_small(cpu: Cpu, Rn: int, Rt: int, half: int) -> None:
    """LDREXB, LDREXH T1."""
    cpu.r[Rt] = load_exclusive(cpu, HALF if half else BYTE, cpu.r[Rn])


@t32(
    "1110 1000 1100 Rn:4 Rt:4 (1)(1)(1)(1) 010 half:1 Rd:4",
    where=lambda Rn, Rt, Rd: (
        Rn != 15 and plain(Rt) and plain(Rd) and Rd != Rn and Rd != Rt
    ),
    asm="strex{half:bh}{it} {Rd}, {Rt}, [{Rn}]",
)
def t32_strex_small(cpu: Cpu, Rn: int, Rt: int, half: int, Rd: int) -> None:
    """STREXB, STREXH T1."""
    store_exclusive(cpu, HALF if half else BYTE, Rd, cpu.r[Rn], cpu.r[Rt])


@t32(
    "1110 1000 1101 Rn:4 Rt:4 Rt2:4 0111 (1)(1)(1)(1)",
    where=lambda Rn, Rt, Rt2: Rn != 15 and plain(Rt) and plain(Rt2) and Rt != Rt2,
    asm="ldrexd{it} {Rt}, {Rt2}, [{Rn}]",
)
def t32_ldrexd(cpu: Cpu, Rn: int, Rt: int, Rt2: int) -> None:
    """LDREXD T1."""
    load_exclusive_pair(cpu, Rt, Rt2, cpu.r[Rn])


@t32(
    "1110 1000 1100 Rn:4 Rt:4 Rt2:4 0111 Rd:4",
    where=lambda Rn, Rt, Rt2, Rd: (
        Rn != 15
        and plain(Rt)
        and plain(Rt2)
        and plain(Rd)
        and Rd != Rn
        and Rd != Rt
        and Rd != Rt2
    ),
    asm="strexd{it} {Rd}, {Rt}, {Rt2}, [{Rn}]",
)
def t32_strexd(cpu: Cpu, Rn: int, Rt: int, Rt2: int, Rd: int) -> None:
    """STREXD T1."""
    store_exclusive_pair(cpu, Rd, Rt, Rt2, cpu.r[Rn])
