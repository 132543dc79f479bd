# SPDX-License-Identifier: Apache-2.0
"""The plain-Python SPARC: pc and nPC, delay slots, register windows, traps.

The frame does here what translate.c, windows.c, traps.c and fp.c do for translated
code, for the same functions. The MMU is off.
"""

from __future__ import annotations

from typing import Any

from cores.sparc.formats import (
    ALWAYS,
    FP_EXCEPTION,
    ILLEGAL_INSTRUCTION,
    MEM_ADDRESS_NOT_ALIGNED,
    NEVER,
    PRIVILEGED_INSTRUCTION,
    WINDOW_OVERFLOW,
    WINDOW_UNDERFLOW,
    Trap,
)
from cores.sparc.insns.fp_state import EXCEPTIONS
from cores.sparc.state import WINDOWS
from machinebuilder.isa import GuestFault, Insn, Reference, Undefined, softfloat
from machinebuilder.isa.softfloat import DOUBLE, SINGLE, Env, Format

OUT, LOCAL, IN = 8, 16, 24
UNIMPLEMENTED_FPOP, IEEE_754_EXCEPTION = 3, 1


class ErrorMode(Exception):
    """A trap while traps are disabled."""


def choose_nan(fmt: Format, operands: list[int]) -> int:
    """N.2: a signalling operand before a quiet one, rs2 before rs1."""
    behind = [x for x in reversed(operands) if fmt.is_nan(x)]
    signalling = [x for x in behind if fmt.is_signalling(x)]
    return (signalling or behind)[0]


class SparcEnv(Env):
    """The arithmetic of these chips; their own NaN is all ones but the sign."""

    def __init__(self, rounding: int = softfloat.Rounding.NEAREST) -> None:
        super().__init__(rounding, choose_nan=choose_nan, tiny_before=False)

    def invalid(self, fmt: Format) -> int:
        """The result of an operation that has none."""
        super().invalid(fmt)
        return (1 << fmt.width - 1) - 1


class SparcReference(Reference):
    """One SPARC with flat memory."""

    big_endian = True

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fp = SparcEnv()
        self.cpu: Any = self
        self.after: tuple[int, int] | None = None  # pc and nPC after a transfer

    # -- pc and nPC --------------------------------------------------------------------
    @property
    def following(self) -> int:
        """nPC."""
        return int(self.cpu.npc) if self.cpu.delayed else self.pc + 4 & 0xFFFF_FFFF

    def continue_at(self, pc: int, npc: int) -> None:
        self.pc, self.cpu.npc = pc & 0xFFFF_FFFF, npc & 0xFFFF_FFFF
        self.cpu.delayed = int(self.cpu.npc != pc + 4 & 0xFFFF_FFFF)

    def transfer_to(self, condition: bool, target: int, annul: int) -> None:
        """What formats.transfer does."""
        following = self.following
        if condition and annul == ALWAYS:
            self.after = target, target + 4
        elif condition:
            self.after = following, target
        else:
            skipped = 0 if annul == NEVER else 4
            self.after = following + skipped, following + skipped + 4

    def advance(self, size: int) -> None:
        """To nPC, or where a transfer or a return from a trap goes."""
        self.branched = self.after is not None
        pc, npc = self.after or (self.following, self.following + 4)
        self.continue_at(pc, npc)

    # -- windows -----------------------------------------------------------------------
    def switch_window(self, window: int) -> None:
        """Put the current window away, and take another."""
        self._move(
            int(self.cpu.cwp), lambda where, at: _swap(self.cpu, where, at, True)
        )
        self._move(window, lambda where, at: _swap(self.cpu, where, at, False))
        self.cpu.cwp = window

    @staticmethod
    def _move(window: int, move: Any) -> None:
        """Windows overlap: outs are the ins of the window after."""
        for i in range(8):
            move(16 * window + i, LOCAL + i)
            move(16 * window + 8 + i, IN + i)
            move(16 * ((window - 1) % WINDOWS) + 8 + i, OUT + i)

    def rotate(self, by: int) -> None:
        """SAVE and RESTORE."""
        window = (int(self.cpu.cwp) + by) % WINDOWS
        if int(self.cpu.wim) >> window & 1:
            raise Trap(WINDOW_OVERFLOW if by < 0 else WINDOW_UNDERFLOW)
        self.switch_window(window)

    # -- traps -------------------------------------------------------------------------
    def enter_trap(self, number: int) -> None:
        """Chapter 7."""
        cpu = self.cpu
        if not cpu.et:
            raise ErrorMode(f"trap {number:#x} at {self.pc:#x}")
        following = self.following
        cpu.et, cpu.ps, cpu.supervisor = 0, cpu.supervisor, 1
        self.switch_window((int(cpu.cwp) - 1) % WINDOWS)
        cpu.r[LOCAL + 1], cpu.r[LOCAL + 2] = self.pc, following
        cpu.tt = number
        vector = int(cpu.tbr) | number << 4
        self.continue_at(vector, vector + 4)

    def return_from_trap(self, target: int) -> None:
        """RETT."""
        cpu = self.cpu
        if cpu.et:
            raise Trap(
                ILLEGAL_INSTRUCTION if cpu.supervisor else PRIVILEGED_INSTRUCTION
            )
        if target % 4:
            raise Trap(MEM_ADDRESS_NOT_ALIGNED)
        following = self.following
        self.rotate(1)
        cpu.et, cpu.supervisor = 1, int(cpu.ps)
        self.after = following, target

    # -- floating point ----------------------------------------------------------------
    def settle(self) -> None:
        """cexc of the last operation."""
        cpu = self.cpu
        if cpu.last_op:
            _, cpu.cexc = self.outcome(
                int(cpu.last_op), int(cpu.last_a), int(cpu.last_b)
            )
            cpu.last_op, cpu.ftt = 0, 0

    def outcome(self, opf: int, a: int, b: int) -> tuple[int, int]:
        """A result and its exceptions, as FSR has them."""
        env = SparcEnv(self.fp.rounding)
        value = _compute(env, opf, a, b)
        return value, sum(bit for bit, flag in EXCEPTIONS if env.flags & flag)

    def fp_exact(self, opf: int, rd: int, a: int, b: int) -> None:
        """An operation while FSR.TEM is not 0."""
        cpu = self.cpu
        value, exceptions = self.outcome(opf, a, b)
        cpu.last_op, cpu.cexc = 0, exceptions
        if exceptions & int(cpu.fsr_control) >> 23:
            self.queue(IEEE_754_EXCEPTION)
        cpu.ftt = 0
        self.fp.flags |= sum(flag for bit, flag in EXCEPTIONS if exceptions & bit)
        if 0x51 <= opf <= 0x56:
            cpu.fcc = value
        elif opf in WIDE:
            cpu.d[rd >> 1] = value
        else:
            cpu.fpr[rd ^ 1] = value

    def queue(self, kind: int) -> None:
        """The FPop goes into FQ; the trap is taken behind it."""
        cpu = self.cpu
        word = int.from_bytes(self.memory.read(self.pc, 4), "big")
        cpu.queue_address, cpu.queue_insn, cpu.qne, cpu.ftt = self.pc, word, 1, kind
        self.continue_at(self.following, self.following + 4)
        raise Trap(FP_EXCEPTION)

    # -- one instruction ---------------------------------------------------------------
    def step(self) -> Insn | None:
        """Fetch and execute the instruction at pc; a trap is entered."""
        word = int.from_bytes(self.memory.read(self.pc, 4), "big")
        self.after = None
        try:
            return self.step_word("v8", word, 4)
        except Trap as trap:
            self.enter_trap(trap.number)
        except Undefined:
            self.enter_trap(ILLEGAL_INSTRUCTION)
        except GuestFault as fault:
            if fault.why != "misaligned":
                raise
            self.enter_trap(MEM_ADDRESS_NOT_ALIGNED)
        return None


WIDE = (0x2A, 0x42, 0x46, 0x4A, 0x4E, 0x69, 0xC8, 0xC9)
ARITHMETIC = {
    0x41: softfloat.add,
    0x45: softfloat.sub,
    0x49: softfloat.mul,
    0x4D: softfloat.div,
}


def _swap(cpu: Any, where: int, at: int, away: bool) -> None:
    if away:
        cpu.windows[where] = cpu.r[at]
    else:
        cpu.r[at] = cpu.windows[where]


def _compute(env: Env, opf: int, a: int, b: int) -> int:
    fmt = SINGLE if opf & 3 == 1 else DOUBLE
    if opf & ~3 | 1 in ARITHMETIC and opf & 3 in (1, 2):
        return ARITHMETIC[opf & ~3 | 1](env, fmt, a, b)
    if opf in (0x29, 0x2A):
        return softfloat.sqrt(env, fmt, b)
    if opf == 0x69:
        return _multiplied(env, a, b)
    if 0x51 <= opf <= 0x56:
        return softfloat.compare(env, fmt, a, b, opf < 0x55)
    return _converted(env, opf, b)


def _multiplied(env: Env, a: int, b: int) -> int:
    """The product of singles as a double: a NaN is chosen among the singles."""
    nan = env.nan(SINGLE, [a, b])
    factors = (a, b) if nan is None else (nan, nan)
    wide = [softfloat.convert(env, SINGLE, DOUBLE, x) for x in factors]
    return softfloat.mul(env, DOUBLE, *wide)


def _converted(env: Env, opf: int, b: int) -> int:
    match opf:
        case 0xC4 | 0xC8:
            fmt = SINGLE if opf == 0xC4 else DOUBLE
            return softfloat.from_integer(env, fmt, softfloat.signed(b, 32))
        case 0xC6:
            return softfloat.convert(env, DOUBLE, SINGLE, b)
        case 0xC9:
            return softfloat.convert(env, SINGLE, DOUBLE, b)
        case 0xD1 | 0xD2:
            fmt = SINGLE if opf == 0xD1 else DOUBLE
            value = softfloat.to_integer(env, fmt, b, 32, True)
            return 0x7FFF_FFFF if fmt.is_nan(b) else value & 0xFFFF_FFFF
    return 0


__all__ = ["ErrorMode", "SparcReference"]
