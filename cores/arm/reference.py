# SPDX-License-Identifier: Apache-2.0
"""The plain-Python ARM: conditions, IT blocks, fetching, in User mode.

The frame does here what translate.c does for translated code, for the same functions.
"""

from __future__ import annotations

from typing import Any

from machinebuilder.isa import Insn, Reference

ALWAYS = 14
VFP_COPROCESSORS = 0x0000_0A00


class ArmReference(Reference):
    """One ARM CPU in User mode with flat memory."""

    def holds(self, condition: int) -> bool:
        """Does a condition code hold (A8.3)?"""
        cpu: Any = self
        test = (
            cpu.z,
            cpu.c,
            cpu.n,
            cpu.v,
            cpu.c and not cpu.z,
            cpu.n == cpu.v,
            cpu.n == cpu.v and not cpu.z,
            True,
        )[condition >> 1]
        return bool(test) != (condition & 1 == 1 and condition != 15)

    def condition(self, insn: Insn, fields: dict[str, int]) -> int:
        """The condition an instruction runs under."""
        cpu: Any = self
        itstate = int(cpu.itstate)
        if itstate and insn.name != "t16_bkpt":
            return itstate >> 4
        if insn.set in ("a32", "t16", "t32"):
            return fields.get("cond", ALWAYS)
        return self.outer_condition

    outer_condition = ALWAYS

    def execute(self, insn: Insn, fields: dict[str, int]) -> None:
        """Run it if its condition holds; then one IT place is used up."""
        cpu: Any = self
        before = int(cpu.itstate)
        if self.holds(self.condition(insn, fields)):
            super().execute(insn, fields)
        if before and self.next_pc is None:
            cpu.itstate = _next_itstate(before)

    def step(self) -> Insn | None:
        """Fetch and execute the instruction at pc."""
        cpu: Any = self
        if cpu.thumb:
            return self._step_thumb()
        word = self._fetch(self.pc, 4)
        self.outer_condition = word >> 28
        return self.step_word(a32_set(word), word, 4)

    def _step_thumb(self) -> Insn | None:
        first = self._fetch(self.pc, 2)
        if first >> 11 < 0b11101:
            return self.step_word("t16", first, 2)
        word = first << 16 | self._fetch(self.pc + 2, 2)
        self.outer_condition = ALWAYS
        name, word = t32_set(word)
        return self.step_word(name, word, 4)

    def _fetch(self, address: int, size: int) -> int:
        return int.from_bytes(self.memory.read(address, size), "little")


def a32_set(word: int) -> str:
    """The decoder of an A32 word."""
    if word >> 25 == 0b1111001 or word >> 24 == 0xF4 and not word & 1 << 20:
        return "neon"
    if word >> 28 == 15:
        return "a32_always"
    return "vfp" if is_vfp(word) else "a32"


def t32_set(word: int) -> tuple[str, int]:
    """The decoder of a T32 word, and the word it decodes."""
    if word >> 28 & 0xF == 0xE and is_vfp(word):
        return "vfp", word
    if word >> 24 & 0xEF == 0xEF:
        return "neon", 0xF200_0000 | word >> 28 << 24 & 1 << 24 | word & 0x00FF_FFFF
    if word >> 24 == 0xF9 and not word & 1 << 20:
        return "neon", 0xF400_0000 | word & 0x00FF_FFFF
    return "t32", word


def is_vfp(word: int) -> bool:
    """A coprocessor instruction for 10 or 11."""
    return word >> 24 & 0xF in (0xC, 0xD, 0xE) and word & 0xE00 == VFP_COPROCESSORS


def _next_itstate(itstate: int) -> int:
    """ITAdvance."""
    return itstate & 0xE0 | itstate << 1 & 0x1F if itstate & 7 else 0


__all__ = ["ArmReference", "a32_set", "t32_set"]
