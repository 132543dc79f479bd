# SPDX-License-Identifier: Apache-2.0
"""Random SPARC cases: words from the decode table, aimed so that memory answers.

Words are drawn in groups that belong together: what aims an access, and the access; a
branch with its delay slot. Branches go forward, to the beginning of a group.
"""

from __future__ import annotations

import random
import struct

from cores.sparc import core
from machinebuilder.isa.insns import Insn
from tests.lockstep.sparc.exclusions import PLAIN, USER, USER_MODULES, WORDS
from tests.lockstep.sparc.model import Case, Step
from tests.lockstep.sparc.program import (
    COMPARED,
    DATA,
    DATA_SIZE,
    F_IN,
    FSR_IN,
    LOG,
    LOG_AT,
    PAGE_SIZE,
    PSR_IN,
    R_IN,
    TABLE,
    TBR_IN,
    WIM_IN,
    WINDOWS,
    WINDOWS_IN,
    Y_IN,
    operate,
    set_register,
)

EDGES = (
    0,
    1,
    2,
    3,
    0x7F,
    0x80,
    0xFF,
    0x7FFF,
    0x8000,
    0xFFFF,
    0x7FFF_FFFF,
    0x8000_0000,
    0x8000_0001,
    0xFFFF_FFFC,
    0xFFFF_FFFE,
    0xFFFF_FFFF,
)
SINGLES = (
    0,
    1,
    0x7F_FFFF,
    0x80_0000,
    0x3F80_0000,
    0x4020_0000,
    0x7F7F_FFFF,
    0x7F80_0000,
    0x4F00_0000,
    0x4EFF_FFFF,
    0x3F00_0000,
)
DOUBLES = (
    0,
    1,
    0xF_FFFF_FFFF_FFFF,
    0x3FF0_0000_0000_0000,
    0x7FEF_FFFF_FFFF_FFFF,
    0x7FF0_0000_0000_0000,
    0x41E0_0000_0000_0000,
    0x36A0_0000_0000_0000,
    0x380F_FFFF_FFFF_FFFF,
)
NANS = (
    0x7FF8_0000_0000_0001,
    0x7FF0_0000_0000_0001,
    0xFFF4_0000_0000_0000,
    0x7FC0_0001_7F80_0001,
    0xFFC0_0002_FF80_0003,
)
SIZES = {
    "ldub": 1,
    "ldsb": 1,
    "stb": 1,
    "ldstub": 1,
    "lduh": 2,
    "ldsh": 2,
    "sth": 2,
    "ldd": 8,
    "std": 8,
    "lddf": 8,
    "stdf": 8,
}
DIVISIONS = ("udiv", "udivcc", "sdiv", "sdivcc")
BRANCH_SHARE, COUPLE_SHARE = 0.12, 0.1
EF, SUPERVISOR, ENABLE_TRAPS = 1 << 12, 1 << 7, 1 << 5


def edgy(rng: random.Random) -> int:
    """A random word, often one where things change."""
    return rng.choice(EDGES) if rng.random() < 0.3 else rng.getrandbits(32)


def random_pair(rng: random.Random, nans: bool) -> int:
    """Two registers as a double, as two singles, or anything that is no NaN."""
    kind = rng.random()
    if nans and kind < 0.1:
        return rng.choice(NANS)
    sign = rng.getrandbits(1) << 63
    if kind < 0.3:
        return sign | rng.choice(DOUBLES)
    if kind < 0.6:
        return sign | 1023 + rng.randrange(-60, 60) << 52 | rng.getrandbits(52)
    return _single(rng) << 32 | _single(rng)


def _single(rng: random.Random) -> int:
    sign = rng.getrandbits(1) << 31
    if rng.random() < 0.4:
        return sign | rng.choice(SINGLES)
    return sign | 127 + rng.randrange(-40, 40) << 23 | rng.getrandbits(23)


class Group:
    """Words that must be entered at the first; `branch` is the place of one to link."""

    def __init__(self, steps: list[Step], branch: int | None = None) -> None:
        self.steps, self.branch = steps, branch


class Generator:
    """Draws cases; `traps`: with window traps, misaligned accesses and the rest;
    `user`: what needs neither privilege nor FPU."""

    def __init__(self, traps: bool, user: bool, length: int) -> None:
        self.traps, self.user, self.length = traps, user, length
        self.decoder = core.decoders["v8"]
        self.insns = [insn for insn in self.decoder.insns if self._wants(insn)]

    def _wants(self, insn: Insn) -> bool:
        if insn.name in WORDS:
            return False
        if self.user and (
            insn.name in USER or insn.module.split(".")[-1] in USER_MODULES
        ):
            return False
        return self.traps or insn.name not in PLAIN or insn.name in DIVISIONS

    # -- state -------------------------------------------------------------------------
    def page(self, rng: random.Random) -> bytes:
        """A random state page."""
        page = bytearray(PAGE_SIZE)

        def put(at: int, value: int) -> None:
            struct.pack_into(">I", page, at, value)

        window = rng.randrange(WINDOWS)
        for r in range(32):
            put(R_IN + 4 * r, edgy(rng))
        for f in range(0, 32, 2):
            struct.pack_into(">Q", page, F_IN + 4 * f, random_pair(rng, self.traps))
        enables = rng.getrandbits(5) << 23 if self.traps and rng.random() < 0.4 else 0
        put(
            FSR_IN,
            rng.getrandbits(2) << 30
            | enables
            | rng.getrandbits(2) << 10
            | rng.getrandbits(10),
        )
        put(Y_IN, edgy(rng))
        put(
            PSR_IN,
            rng.getrandbits(4) << 20
            | EF
            | SUPERVISOR
            | window
            | (ENABLE_TRAPS if self.traps else 0),
        )
        put(WIM_IN, rng.getrandbits(8) & ~(1 << window) if self.traps else 0)
        put(COMPARED, edgy(rng))
        put(COMPARED + 4, edgy(rng))
        put(TBR_IN, TABLE)
        put(LOG_AT, LOG)
        for i in range(16 * WINDOWS):
            put(WINDOWS_IN + 4 * i, edgy(rng))
        return bytes(page)

    # -- words -------------------------------------------------------------------------
    def _word(self, rng: random.Random) -> tuple[Insn, int, dict[str, int]]:
        while True:
            insn = rng.choice(self.insns)
            word = self.decoder.random_word(insn, rng)
            if word is None:
                continue
            found = self.decoder.decode(word)
            if found is not None and found[0] is insn:
                return insn, word, found[1]

    def _plain(self, rng: random.Random) -> list[Step]:
        """One instruction, behind what aims it."""
        while True:
            insn, word, fields = self._word(rng)
            aims: list[int] | None = []
            if word >> 30 == 3 and insn.name != "coprocessor_memory":
                aims = self._aim(insn, word, fields, rng)
            elif insn.name in DIVISIONS and not (self.traps and rng.random() < 0.1):
                aims = self._divisor(fields)
            if aims is not None:
                return [*(Step("aim", aim) for aim in aims), Step(insn.name, word)]

    def _aim(
        self, insn: Insn, word: int, fields: dict[str, int], rng: random.Random
    ) -> list[int] | None:
        size = SIZES.get(insn.name, 4)
        address = DATA + 0x2000 + rng.randrange(0, DATA_SIZE - 0x4000, size)
        if self.traps and rng.random() < 0.05:
            address += rng.randrange(size)
        base, low = fields["rs1"], fields["low"]
        if base == 0:
            return None
        if fields["i"]:
            offset = (low ^ 0x1000) - 0x1000
            return set_register(base, address - offset & 0xFFFF_FFFF)
        index = low & 31
        if index == base:
            return None
        value = rng.randrange(0, 0x1000) if index else 0
        words = set_register(index, value) if index else []
        return [*words, *set_register(base, address - value)]

    @staticmethod
    def _divisor(fields: dict[str, int]) -> list[int] | None:
        if fields["i"]:
            return [] if fields["low"] else None
        register = fields["low"] & 31
        return [operate(0x02, register, register, 1)] if register else None

    # -- branches ----------------------------------------------------------------------
    def _branch(self, rng: random.Random) -> Group:
        """A transfer and its delay slot; the displacement is filled in later."""
        slot = self._plain(rng)
        kind = rng.randrange(4)
        if any(step.word >> 25 & 31 == 15 for step in slot[:-1]):
            kind = 1  # CALL would change %o7 under the slot
        annul = rng.getrandbits(1)
        if kind == 0:
            word = 1 << 30
        else:
            opcode = 2 if kind < 3 or self.user else 6
            word = annul << 29 | rng.randrange(16) << 25 | opcode << 22
        steps = [*slot[:-1], Step("branch", word)]
        if not self.user and rng.random() < COUPLE_SHARE:
            steps.append(Step("couple", rng.randrange(16) << 25 | 2 << 22))
            return Group(steps, len(slot) - 1)
        return Group([*steps, slot[-1]], len(slot) - 1)

    def case(self, seed: int) -> Case:
        """The case of this number."""
        rng = random.Random(seed)
        groups: list[Group] = []
        while sum(len(group.steps) for group in groups) < self.length:
            branching = rng.random() < BRANCH_SHARE
            groups.append(self._branch(rng) if branching else Group(self._plain(rng)))
        page = self.page(rng)
        return Case(page, tuple(self._linked(groups, rng)), seed, self.user)

    def _linked(self, groups: list[Group], rng: random.Random) -> list[Step]:
        """All words, with displacements to the beginnings of later groups."""
        starts, at = [], 0
        for group in groups:
            starts.append(at)
            at += len(group.steps)
        starts.append(at)
        steps: list[Step] = []
        for number, group in enumerate(groups):
            for place, step in enumerate(group.steps):
                if group.branch is not None and step.name in ("branch", "couple"):
                    target = starts[self._target(groups, number, step, rng)]
                    step = _link(step, target - starts[number] - place)
                steps.append(step)
        return steps

    @staticmethod
    def _target(
        groups: list[Group], number: int, step: Step, rng: random.Random
    ) -> int:
        """The group that a transfer leads to. A couple executes one word at its first
        target: a branch there could annul the first word at the second one.
        """
        later = list(range(number + 1, min(number + 4, len(groups) + 1)))
        coupled = any(other.name == "couple" for other in groups[number].steps)
        if coupled and step.name == "branch":
            later = [
                n for n in later if n == len(groups) or groups[n].branch is None
            ] or [len(groups)]
        return rng.choice(later)


def _link(step: Step, displacement: int) -> Step:
    if step.word >> 30 == 1:
        return Step("call", step.word | displacement)
    return Step(step.name, step.word | displacement & 0x3F_FFFF)
