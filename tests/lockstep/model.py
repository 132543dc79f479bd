# SPDX-License-Identifier: Apache-2.0
"""What all engines of a lock-step run exchange: states, cases, the memory map."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

CODE = 0x5000_0000  # code is in the middle of this window
CODE_SIZE = 0x1_0000
START = CODE + CODE_SIZE // 2
DATA = 0x6000_0000
DATA_SIZE = 0x1_0000
LOW = 0x7100_0000  # vectors of the engine that has some
UDF = {
    False: bytes.fromhex("f000f0e7"),
    True: bytes.fromhex("dede"),
}  # fills the window
IF_THEN = "t16.if_then"
ENDED = "end"  # how a run ends that all engines finish

NZCVQ = 0xF800_0000
GE = 0x000F_0000
THUMB = 0x20
BIG_ENDIAN = 0x200
USER = 0x10
CPSR_COMPARED = NZCVQ | GE | THUMB | BIG_ENDIAN


@dataclass(frozen=True)
class CpuState:
    """User-level state of one CPU."""

    r: tuple[int, ...]  # r0-r14
    pc: int
    cpsr: int
    d: tuple[int, ...] = (0,) * 32
    fpscr: int = 0
    end: str = ENDED  # or the exception that stopped it

    def masked(self, fpscr_mask: int) -> CpuState:
        """The part that is compared."""
        return replace(
            self, cpsr=self.cpsr & CPSR_COMPARED, fpscr=self.fpscr & fpscr_mask
        )


@dataclass(frozen=True)
class Step:
    """One instruction of a case, as the generator drew it."""

    name: str
    code: bytes
    word: int


@dataclass(frozen=True)
class Case:
    """Code and the state before it; the last step may branch if `branches`."""

    before: CpuState
    steps: tuple[Step, ...]
    branches: bool = False
    thumb: bool = False
    seed: int = 0
    code: bytes = field(default=b"")

    @property
    def end_pc(self) -> int:
        """Where a run that does not branch ends."""
        return START + len(self.code)


def case_of(
    before: CpuState, steps: list[Step], branches: bool, thumb: bool, seed: int
) -> Case:
    """A case with its code put together."""
    return Case(
        before,
        tuple(steps),
        branches,
        thumb,
        seed,
        b"".join(step.code for step in steps),
    )


def inside_it_block(steps: tuple[Step, ...]) -> bool:
    """Do these steps end within an IT block?"""
    left = 0
    for step in steps:
        if step.name == IF_THEN:
            left = 4 - (step.word & -step.word & 15).bit_length() + 1
        else:
            left = max(0, left - 1)
    return left > 0


class CodeWindow:
    """The code of a case in memory, and UDF all around it."""

    def __init__(self, write: Callable[[int, bytes], None]) -> None:
        self.write = write
        self.thumb: bool | None = None
        self.longest = 0

    def load(self, case: Case) -> None:
        """Replace the case before."""
        udf = UDF[case.thumb]
        if self.thumb != case.thumb:
            self.write(CODE, udf * (CODE_SIZE // len(udf)))
            self.thumb = case.thumb
        self.longest = max(self.longest, len(case.code))
        padding = udf * ((self.longest - len(case.code)) // len(udf) + 2)
        self.write(START, case.code + padding)


def lands_in_memory(case: Case, after: CpuState) -> bool:
    """Did the last step branch to where other code or data is? Engines that run on
    until an exception would execute that."""
    if not case.branches:
        return False
    if (
        DATA <= after.pc < DATA + DATA_SIZE
        or after.pc >> 12 == LOW >> 12
        or START <= after.pc < case.end_pc
    ):
        return True
    misaligned = not case.thumb and after.pc % 4 != 0
    return CODE <= after.pc < CODE + CODE_SIZE and (
        misaligned or bool(after.cpsr & THUMB) != case.thumb
    )
