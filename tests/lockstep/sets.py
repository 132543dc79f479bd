# SPDX-License-Identifier: Apache-2.0
"""What a lock-step run draws: decoders by set, and how a word becomes code."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from machinebuilder.isa.insns import Insn
from tests.lockstep.exclusions import WORDS
from tests.lockstep.floats import FPSCR_ALL, FPSCR_NONE, random_double, random_fpscr

ALWAYS = 14


@dataclass(frozen=True)
class WordSet:
    """Instructions to draw from, and the code of a word."""

    decoders: tuple[str, ...]
    thumb: bool
    encode: Callable[[str, int], bytes]
    fpscr_mask: int = FPSCR_NONE
    random_fpscr: Callable[[random.Random], int] = lambda rng: 0
    random_double: Callable[[random.Random], int] = lambda rng: rng.getrandbits(64)

    def wants(self, insn: Insn) -> bool:
        """Is the instruction drawn at all?"""
        return (
            insn.set in self.decoders
            and f"{insn.set}.{insn.name}" not in WORDS
            and f"*.{insn.name}" not in WORDS
        )


def a32_code(decoder: str, word: int) -> bytes:
    """A32 words are little-endian."""
    return word.to_bytes(4, "little")


def thumb_word(decoder: str, word: int) -> int:
    """The T32 word of what `vfp` and `neon` decode in its A32 form (A7.2)."""
    if decoder != "neon":
        return word
    if word >> 24 == 0xF4:
        return word & 0x00FF_FFFF | 0xF900_0000
    return word & 0x00FF_FFFF | 0xEF00_0000 | (word >> 24 & 1) << 28


def thumb_code(decoder: str, word: int) -> bytes:
    """One halfword, or two with the first on top."""
    if decoder == "t16":
        return word.to_bytes(2, "little")
    word = thumb_word(decoder, word)
    return (word >> 16).to_bytes(2, "little") + (word & 0xFFFF).to_bytes(2, "little")


SETS: dict[str, WordSet] = {
    "a32": WordSet(("a32", "a32_always"), False, a32_code),
    "t32": WordSet(("t16", "t32"), True, thumb_code),
    "vfp": WordSet(("vfp",), False, a32_code, FPSCR_ALL, random_fpscr, random_double),
    "neon": WordSet(("neon",), False, a32_code, FPSCR_ALL, random_fpscr, random_double),
    "vfp_t32": WordSet(
        ("vfp",), True, thumb_code, FPSCR_ALL, random_fpscr, random_double
    ),
    "neon_t32": WordSet(
        ("neon",), True, thumb_code, FPSCR_ALL, random_fpscr, random_double
    ),
}
