# SPDX-License-Identifier: Apache-2.0
"""x86-64 for gdb: core, segment bases, x87 and SSE registers under gdb's own names.

Real-mode code has a segment: rip is shown as the linear address, which is what memory
and breakpoints are given by.

Omitted: AVX registers, and control registers (`monitor` has none; the API does).
"""

from __future__ import annotations

from collections.abc import Callable

from cores.x86.state import SEGMENTS
from machinebuilder.isa.debug import Cpu, Description, Feature, Register, of_field

# In gdb's order, and their numbers in the state.
GENERAL = {
    "rax": 0, "rbx": 3, "rcx": 1, "rdx": 2, "rsi": 6, "rdi": 7, "rbp": 5, "rsp": 4,
    **{f"r{n}": n for n in range(8, 16)},
}  # fmt: skip
CS = SEGMENTS.index("cs")
MASK = (1 << 64) - 1

# An SSE register as its parts: gdb's name of them, their type, how many there are.
LANES = (
    ("v4_float", "ieee_single", 4), ("v2_double", "ieee_double", 2),
    ("v16_int8", "int8", 16), ("v8_int16", "int16", 8), ("v4_int32", "int32", 4),
    ("v2_int64", "int64", 2),
)  # fmt: skip
VEC128 = (
    "".join(f'<vector id="{n}" type="{kind}" count="{c}"/>' for n, kind, c in LANES)
    + '<union id="vec128">'
    + "".join(f'<field name="{name}" type="{name}"/>' for name, _, _ in LANES)
    + '<field name="uint128" type="uint128"/></union>'
)
EMPTY, SPECIAL, ZERO, VALID = 3, 2, 1, 0
EXPONENT, INTEGER_BIT = 0x7FFF, 1 << 63


def read_rip(cpu: Cpu) -> int:
    """The linear address of the next instruction."""
    return cpu.get("seg_base", CS) + cpu.get("pc") & MASK


def write_rip(cpu: Cpu, value: int) -> None:
    """Go on at a linear address of the code segment."""
    cpu.set("pc", value - cpu.get("seg_base", CS) & MASK)


def read_st(index: int) -> Callable[[Cpu], int]:
    """An x87 register of 80 bits: mantissa, then sign and exponent."""
    return lambda cpu: cpu.get("st", 2 * index) | cpu.get("st", 2 * index + 1) << 64


def write_st(index: int) -> Callable[[Cpu, int], None]:
    """Set one."""

    def write(cpu: Cpu, value: int) -> None:
        cpu.set("st", value & MASK, 2 * index)
        cpu.set("st", value >> 64, 2 * index + 1)

    return write


def read_xmm(index: int) -> Callable[[Cpu], int]:
    """An SSE register."""
    return lambda cpu: cpu.get("xmm", 2 * index) | cpu.get("xmm", 2 * index + 1) << 64


def write_xmm(index: int) -> Callable[[Cpu, int], None]:
    """Set one."""

    def write(cpu: Cpu, value: int) -> None:
        cpu.set("xmm", value & MASK, 2 * index)
        cpu.set("xmm", value >> 64, 2 * index + 1)

    return write


def tag(mantissa: int, exponent: int) -> int:
    """What the tag word says of a register in use (SDM volume 1, section 8.1.7)."""
    exponent &= EXPONENT
    if exponent == 0:
        return ZERO if mantissa == 0 else SPECIAL
    return VALID if exponent != EXPONENT and mantissa & INTEGER_BIT else SPECIAL


def read_ftag(cpu: Cpu) -> int:
    """The tag word: two bits for each physical register, of which the state has one."""
    top, word = cpu.get("fsw") >> 11 & 7, 0
    for physical in range(8):
        bits = EMPTY
        if cpu.get("ftw") >> physical & 1:
            index = physical - top & 7
            bits = tag(cpu.get("st", 2 * index), cpu.get("st", 2 * index + 1))
        word |= bits << 2 * physical
    return word


def write_ftag(cpu: Cpu, value: int) -> None:
    """Which registers are in use."""
    used = [value >> 2 * n & 3 != EMPTY for n in range(8)]
    cpu.set("ftw", sum(bit << n for n, bit in enumerate(used)))


def read_zero(cpu: Cpu) -> int:
    """Where the last x87 instruction was: not kept."""
    return 0


def write_nothing(cpu: Cpu, value: int) -> None:
    """A register that does not change."""


def _core() -> list[Register]:
    pointers = {"rbp": "data_ptr", "rsp": "data_ptr"}
    segments = ("cs", "ss", "ds", "es", "fs", "gs")
    return [
        *(of_field(name, 64, "r", number, pointers.get(name, "int64"))
          for name, number in GENERAL.items()),
        Register("rip", 64, read_rip, write_rip, "code_ptr"),
        of_field("eflags", 32, "rflags"),
        *(Register(name, 32, _selector(name), write_nothing) for name in segments),
        *(Register(f"st{n}", 80, read_st(n), write_st(n), "i387_ext")
          for n in range(8)),
        of_field("fctrl", 32, "fcw"),
        of_field("fstat", 32, "fsw"),
        Register("ftag", 32, read_ftag, write_ftag),
        *(Register(name, 32, read_zero, write_nothing)
          for name in ("fiseg", "fioff", "foseg", "fooff", "fop")),
    ]  # fmt: skip


def _selector(name: str) -> Callable[[Cpu], int]:
    return lambda cpu: cpu.get("seg_selector", SEGMENTS.index(name))


def _sse() -> list[Register]:
    registers = [
        Register(f"xmm{n}", 128, read_xmm(n), write_xmm(n), "vec128") for n in range(16)
    ]
    return [*registers, of_field("mxcsr", 32, "mxcsr_guest")]


gdb = Description(
    architecture="i386:x86-64",
    features=(
        Feature("org.gnu.gdb.i386.core", _core()),
        Feature("org.gnu.gdb.i386.sse", _sse(), types=VEC128),
        Feature(
            "org.gnu.gdb.i386.segments",
            [of_field(f"{name}_base", 64, "seg_base", SEGMENTS.index(name))
             for name in ("fs", "gs")],
        ),
    ),
    kinds=(1,),
)  # fmt: skip
