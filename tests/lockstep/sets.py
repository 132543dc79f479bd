# SPDX-License-Identifier: Apache-2.0
"""What a lock-step run draws: for each set the decoders, and how a word becomes code."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from machinebuilder.isa.insns import Insn
from tests.lockstep.exclusions import WORDS

ALWAYS = 14
FPSCR_NONE = 0


@dataclass(frozen=True)
class WordSet:
    """Instructions to draw from, and the code of a word."""

    decoders: tuple[str, ...]
    thumb: bool
    encode: Callable[[str, int], bytes]
    fpscr_mask: int = FPSCR_NONE
    random_fpscr: Callable[[random.Random], int] = lambda rng: 0

    def wants(self, insn: Insn) -> bool:
        """Is the instruction drawn at all?"""
        return (insn.set in self.decoders and f"{insn.set}.{insn.name}" not in WORDS
                and f"*.{insn.name}" not in WORDS)


def a32_code(decoder: str, word: int) -> bytes:
    """A32 words are little-endian."""
    return word.to_bytes(4, "little")


def thumb_code(decoder: str, word: int) -> bytes:
    """One halfword, or two with the first on top."""
    if decoder == "t16":
        return word.to_bytes(2, "little")
    return (word >> 16).to_bytes(2, "little") + (word & 0xFFFF).to_bytes(2, "little")


SETS: dict[str, WordSet] = {
    "a32": WordSet(("a32", "a32_always"), False, a32_code),
    "t32": WordSet(("t16", "t32"), True, thumb_code),
}
