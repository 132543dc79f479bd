# SPDX-License-Identifier: Apache-2.0
"""What SPARC instructions share: operands, condition codes, traps, control transfers
(SPARC V8 manual, chapters 4-7 and appendix B).

All instructions are in one set, `v8`. translate.c is their frame: it keeps pc and nPC,
and puts the instruction of a delay slot into the unit of its branch.
"""

from __future__ import annotations

from typing import Any

from machinebuilder.isa import extern, s32, sext, sub_overflow, u1, u32
from machinebuilder.isa.reference import Leave

Cpu = Any  # the compiler's or the reference's view of SparcState
Value = Any  # a u32, dynamic or static

REGISTERS = (
    "%g0",
    "%g1",
    "%g2",
    "%g3",
    "%g4",
    "%g5",
    "%g6",
    "%g7",
    "%o0",
    "%o1",
    "%o2",
    "%o3",
    "%o4",
    "%o5",
    "%sp",
    "%o7",
    "%l0",
    "%l1",
    "%l2",
    "%l3",
    "%l4",
    "%l5",
    "%l6",
    "%l7",
    "%i0",
    "%i1",
    "%i2",
    "%i3",
    "%i4",
    "%i5",
    "%fp",
    "%i7",
)

# Trap types (table 7-1).
ILLEGAL_INSTRUCTION, PRIVILEGED_INSTRUCTION, FP_DISABLED, CP_DISABLED = 2, 3, 4, 0x24
WINDOW_OVERFLOW, WINDOW_UNDERFLOW, MEM_ADDRESS_NOT_ALIGNED, FP_EXCEPTION = 5, 6, 7, 8
TAG_OVERFLOW, DIVISION_BY_ZERO, TRAP_INSTRUCTION = 0x0A, 0x2A, 0x80


# -- traps -----------------------------------------------------------------------------
class Trap(Exception):
    """The reference stops here: trap entry is the C part's."""

    def __init__(self, number: int) -> None:
        super().__init__(f"trap {number:#x}")
        self.number = number


@extern(effects="exits")
def trap(cpu: Cpu, number: u32) -> None:
    """The instruction traps, with pc and nPC as they are."""
    raise Trap(int(number))


def check_supervisor(cpu: Cpu) -> None:
    """Privileged instructions."""
    if not cpu.supervisor:
        trap(cpu, PRIVILEGED_INSTRUCTION)


# -- control transfer ------------------------------------------------------------------
@extern(effects="frame")
def transfer(cpu: Cpu, condition: u1, target: u32, annul: int) -> None:
    """Continue at `target` after the delay slot, if the condition holds. `annul` says
    when the slot is skipped. The instruction ends here.

    translate.c does this when translating.
    """
    cpu.transfer_to(bool(condition), int(target), annul)
    raise Leave


NEVER, UNLESS_TAKEN, ALWAYS = 0, 1, 2  # skip the slot; as in translate.c


def annulment(a: int, cond: int) -> int:
    """An annulling branch skips its slot if it is not taken, or is unconditional."""
    if not a:
        return NEVER
    return UNLESS_TAKEN if cond & 7 else ALWAYS


# -- registers and operands ------------------------------------------------------------
def read(cpu: Cpu, n: int) -> Value:
    """Register n; %g0 is zero."""
    if n == 0:
        return u32(0)
    return cpu.r[n]


def write(cpu: Cpu, n: int, value: Value) -> None:
    """Register n; writes to %g0 vanish."""
    if n != 0:
        cpu.r[n] = value


def operand2(cpu: Cpu, i: int, low: int) -> Value:
    """The second operand: a signed 13-bit number, or a register; `low` is bits 12:0."""
    if i:
        return u32(sext(low, 13) & 0xFFFF_FFFF)
    return read(cpu, low & 31)


def address_of(cpu: Cpu, rs1: int, i: int, low: int) -> Value:
    """rs1 plus the second operand."""
    return read(cpu, rs1) + operand2(cpu, i, low)


def signed(value: int, width: int) -> int:
    """A field as a two's complement number."""
    return (value ^ (1 << (width - 1))) - (1 << (width - 1))


# -- condition codes -------------------------------------------------------------------
def set_nz(cpu: Cpu, result: Value) -> None:
    """N and Z of a result."""
    cpu.n = s32(result) < 0
    cpu.z = result == 0


def set_logic(cpu: Cpu, result: Value) -> None:
    """Logical and multiply instructions clear V and C."""
    set_nz(cpu, result)
    cpu.v = 0
    cpu.c = 0


def set_subtract(cpu: Cpu, a: Value, b: Value, result: Value) -> None:
    """icc of a - b: C is a borrow."""
    set_nz(cpu, result)
    cpu.v = sub_overflow(a, b)
    cpu.c = a < b


def integer_condition(cpu: Cpu, cond: int) -> Value:
    """Bicc and Ticc (table 5-14)."""
    base = cond & 7
    if base == 0:
        holds = u1(0)
    elif base == 1:
        holds = cpu.z
    elif base == 2:
        holds = cpu.z | (cpu.n != cpu.v)
    elif base == 3:
        holds = cpu.n != cpu.v
    elif base == 4:
        holds = cpu.c | cpu.z
    elif base == 5:
        holds = cpu.c
    elif base == 6:
        holds = cpu.n
    else:
        holds = cpu.v
    if cond & 8:
        return holds == 0
    return holds


def float_condition(cpu: Cpu, cond: int) -> Value:
    """FBfcc (table 5-15); fcc is 0 equal, 1 less, 2 greater, 3 unordered."""
    fcc = u32(cpu.fcc)
    base = cond & 7
    if base == 0:
        holds = u1(0)
    elif base == 1:
        holds = fcc != 0
    elif base == 2:
        holds = fcc - 1 < 2
    elif base == 3:
        holds = (fcc & 1) != 0
    elif base == 4:
        holds = fcc == 1
    elif base == 5:
        holds = fcc > 1
    elif base == 6:
        holds = fcc == 2
    else:
        holds = fcc == 3
    if cond & 8:
        return holds == 0
    return holds


def double_register(n: int) -> int:
    """The number of a pair in `d`; these chips ignore the low bit."""
    return n >> 1
