# SPDX-License-Identifier: Apache-2.0
"""Loops of random instructions, for what only a second round shows.

The top of the loop counts in memory, out of reach of the instructions between; ways
back to the top leave its middle under random conditions, other branches skip a few
instructions.

    start: counter = count
    top:   if (--counter == 0) goto end;  ...  b<cond> top  ...  b<cond> on  ...  b top
    end:
"""

from __future__ import annotations

import random

from tests.lockstep.generate import Generator, clear_exclusive, move_to, random_state
from tests.lockstep.model import DATA, START, Case, Step, case_of
from tests.lockstep.sets import ALWAYS

COUNTER, COUNT = 12, 11
"""Registers: of the counter's address, of its value."""
ROUNDS = range(3, 14)
BACK, SKIP = 0.15, 0.15
"""Shares of branches to the top, and over the next instruction."""
EQ = 0


def branch(thumb: bool, condition: int, distance: int) -> bytes:
    """B to this many bytes from itself (ARM ARM A8.8.18: A1, T3, T4)."""
    if not thumb:
        word = condition << 28 | 0x0A00_0000 | (distance - 8) // 4 & 0xFF_FFFF
        return word.to_bytes(4, "little")
    offset = (distance - 4) // 2
    sign = offset >> 31 & 1
    if condition == ALWAYS:
        i1, i2 = offset >> 22 & 1, offset >> 21 & 1
        first = 0xF000 | sign << 10 | offset >> 11 & 0x3FF
        second = 0x9000 | (1 ^ i1 ^ sign) << 13 | (1 ^ i2 ^ sign) << 11
    else:
        j1, j2 = offset >> 17 & 1, offset >> 18 & 1
        first = 0xF000 | sign << 10 | condition << 6 | offset >> 11 & 0x3F
        second = 0x8000 | j1 << 13 | j2 << 11
    return (first | (second | offset & 0x7FF) << 16).to_bytes(4, "little")


def words(thumb: bool, *pairs: tuple[int, int]) -> list[Step]:
    """Instructions by their A32 and T32 words."""
    steps = []
    for a32, t32 in pairs:
        swapped = (t32 >> 16 | t32 << 16) & 0xFFFF_FFFF
        code = (swapped if thumb else a32).to_bytes(4, "little")
        steps.append(Step("loop", code, t32 if thumb else a32))
    return steps


STORE = (0xE58C_B000, 0xF8CC_B000)  # str r11, [r12]
LOAD = (0xE59C_B000, 0xF8DC_B000)  # ldr r11, [r12]
LESS = (0xE25B_B001, 0xF1BB_0B01)  # subs r11, r11, #1


def size(steps: list[Step]) -> int:
    """Of their code, in bytes."""
    return sum(len(step.code) for step in steps)


class LoopGenerator(Generator):
    """Draws loops of one set; `length` instructions are about one round."""

    def case(self, seed: int) -> Case:
        """The loop of this number."""
        rng = random.Random(seed)
        thumb = self.words.thumb
        before = move_to(COUNT, rng.choice(ROUNDS), thumb) + move_to(
            COUNTER, DATA, thumb
        )
        before = [clear_exclusive(thumb), *before, *words(thumb, STORE)]
        top = move_to(COUNTER, DATA, thumb) + words(thumb, LOAD, LESS, STORE)
        body = self._body(rng, size(top) + 4)
        around = -size(top) - 4 - size(body)
        top.append(self._branch(EQ, -around + 4 - size(top)))
        body.append(self._branch(ALWAYS, around))
        return case_of(
            random_state(rng, self.words, START),
            [*before, *top, *body],
            False,
            thumb,
            seed,
        )

    def _branch(self, condition: int, distance: int) -> Step:
        return Step("loop", branch(self.words.thumb, condition, distance), 0)

    def _body(self, rng: random.Random, behind_top: int) -> list[Step]:
        body: list[Step] = []
        while len(body) < self.length:
            drawn, branching = self._draw(rng)
            if branching:
                continue
            kind = rng.random()
            condition = rng.randrange(ALWAYS)
            if kind < BACK:
                body.append(self._branch(condition, -behind_top - size(body)))
            elif kind < BACK + SKIP:
                body.append(self._branch(condition, 4 + size(drawn)))
            body += drawn
        return body
