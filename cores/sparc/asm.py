# SPDX-License-Identifier: Apache-2.0
"""How SPARC operands are written (SPARC V8 manual, appendix A)."""

from __future__ import annotations

from typing import Any

from cores.sparc.formats import REGISTERS, signed

Cpu = Any

rd = rs1 = rs2 = REGISTERS
annul = "", ",a"
icc = (
    "n",
    "e",
    "le",
    "l",
    "leu",
    "cs",
    "neg",
    "vs",
    "a",
    "ne",
    "g",
    "ge",
    "gu",
    "cc",
    "pos",
    "vc",
)
fcc = (
    "n",
    "ne",
    "lg",
    "ul",
    "l",
    "ug",
    "g",
    "u",
    "a",
    "e",
    "ue",
    "ge",
    "uge",
    "le",
    "ule",
    "o",
)


def operand(i: int, low: int) -> str:
    """A register or a signed constant."""
    return f"{signed(low, 13)}" if i else REGISTERS[low & 31]


def shift_count(i: int, low: int) -> str:
    """A register or five bits."""
    return f"{low & 31}" if i else REGISTERS[low & 31]


def sum(rs1: int, i: int, low: int) -> str:  # noqa: A001 (the template's word)
    """An address."""
    if i:
        number = signed(low, 13)
        if number == 0:
            return REGISTERS[rs1]
        return f"{REGISTERS[rs1]} + {number}"
    return f"{REGISTERS[rs1]} + {REGISTERS[low & 31]}" if low & 31 else REGISTERS[rs1]


def near(cpu: Cpu, disp22: int) -> str:
    """A branch's target."""
    return f"{cpu.pc + signed(disp22, 22) * 4 & 0xFFFF_FFFF:#010x}"


def far(cpu: Cpu, disp30: int) -> str:
    """A call's target."""
    return f"{cpu.pc + disp30 * 4 & 0xFFFF_FFFF:#010x}"


def high_part(imm22: int) -> str:
    """What SETHI sets."""
    return f"0x{imm22 << 10:x}"


def hexadecimal(number: int) -> str:
    return f"0x{number:x}"


def asi(asi: int) -> str:
    """An address space."""
    return f"0x{asi:x}"


def asr(number: int) -> str:
    """Y, or another ancillary register."""
    return f"%asr{number}" if number else "%y"


def freg(number: int) -> str:
    return f"%f{number}"
