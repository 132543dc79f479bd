# SPDX-License-Identifier: Apache-2.0
"""Random cases: words from the decode tables, aimed so that memory answers.

An instruction that accesses memory is preceded by moves that put an address of the data
window into its base, and a small number into its offset register.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from machinebuilder.isa.core import Core
from machinebuilder.isa.insns import Insn
from tests.lockstep.exclusions import rejected
from tests.lockstep.model import DATA, DATA_SIZE, USER, Case, CpuState, Step, case_of
from tests.lockstep.sets import ALWAYS, WordSet, a32_code, thumb_code

MEMORY = (
    "load_store",
    "load_store_thumb",
    "block",
    "exclusive",
    "vfp_memory",
    "neon_memory",
)
STACK = 13
MARGIN = 0x2000
NEAR = 0x1000
EDGES = (
    0,
    1,
    2,
    0x7F,
    0x80,
    0xFF,
    0x7FFF,
    0x8000,
    0xFFFF,
    0x7FFF_FFFF,
    0x8000_0000,
    0xFFFF_FFFE,
    0xFFFF_FFFF,
)


def edgy(rng: random.Random, bits: int) -> int:
    """A random number, often one where things change."""
    if rng.random() < 0.3:
        return rng.choice(EDGES) & ((1 << bits) - 1)
    return rng.getrandbits(bits)


def random_state(rng: random.Random, words: WordSet, pc: int) -> CpuState:
    """A random user-level state."""
    cpsr = USER | rng.getrandbits(5) << 27 | rng.getrandbits(4) << 16
    return CpuState(
        tuple(edgy(rng, 32) for _ in range(15)),
        pc,
        cpsr,
        tuple(words.random_double(rng) for _ in range(32)),
        words.random_fpscr(rng),
    )


# -- aiming ----------------------------------------------------------------------------
def move_to(register: int, value: int, thumb: bool) -> list[Step]:
    """MOVW and MOVT; in Thumb SP goes by way of R12."""
    if thumb and register == STACK:
        word = 0x46E5
        return [*move_to(12, value, thumb), Step("aim", thumb_code("t16", word), word)]
    steps = []
    for top, half in ((0, value & 0xFFFF), (1, value >> 16)):
        if thumb:
            word = (
                0xF240_0000
                | top << 23
                | (half >> 12) << 16
                | (half >> 11 & 1) << 26
                | (half >> 8 & 7) << 12
                | register << 8
                | half & 0xFF
            )
            steps.append(Step("aim", thumb_code("t32", word), word))
        else:
            word = (
                0xE300_0000
                | top << 22
                | (half >> 12) << 16
                | register << 12
                | half & 0xFFF
            )
            steps.append(Step("aim", a32_code("a32", word), word))
    return steps


def clear_exclusive(thumb: bool) -> Step:
    """CLREX: the judge's monitor would remember the case before."""
    word = 0xF3BF_8F2F if thumb else 0xF57F_F01F
    return Step(
        "aim", thumb_code("t32", word) if thumb else a32_code("a32", word), word
    )


def is_memory(insn: Insn) -> bool:
    """Does it access memory?"""
    return insn.module.rsplit(".", 1)[-1] in MEMORY or insn.name == "table_branch"


def needs_alignment(insn: Insn) -> bool:
    """Must its address be aligned, whatever SCTLR.A says?"""
    single = (
        "single",
        "extra",
        "t16_register",
        "t16_immediate",
        "t16_half",
        "t32_load",
        "t32_store",
        "table_branch",
        "t16_stack",
    )
    return not insn.name.startswith(single)


def base_register(insn: Insn, fields: dict[str, int]) -> int | None:
    """The register that holds the address."""
    if "Rn" in fields:
        return fields["Rn"]
    stack = insn.name in ("t16_stack", "push", "pop")
    return STACK if stack else None


def shifted_offset(fields: dict[str, int], value: int) -> int | None:
    """What the offset register adds to the address; None if that is not known."""
    amount, kind = fields.get("imm5", fields.get("amount", 0)), fields.get("type", 0)
    if kind == 3 and amount == 0:
        return None
    if kind == 0:
        return value << amount & 0xFFFF_FFFF
    if kind == 3:
        return (value >> amount | value << (32 - amount)) & 0xFFFF_FFFF
    return value >> amount if amount else 0


def aim(
    insn: Insn, fields: dict[str, int], thumb: bool, rng: random.Random
) -> list[Step] | None:
    """Moves that make the access hit the data window; None if it cannot be aimed."""
    base = base_register(insn, fields)
    if base == 15 or base is None:
        return aim_from_pc(insn, fields, thumb, rng)
    address = DATA + MARGIN + rng.randrange(0, DATA_SIZE - 2 * MARGIN, 16)
    if not needs_alignment(insn) and rng.random() < 0.3:
        address += rng.randrange(16)
    if insn.name == "double_immediate" and fields["P"]:
        address += -fields["imm"] if fields["U"] else fields["imm"]
    offset_register = fields.get("Rm")
    if offset_register is None or insn.module.endswith("neon_memory"):
        return move_to(base, address, thumb)
    value = rng.getrandbits(8)
    offset = shifted_offset(fields, value)
    if insn.name == "table_branch":
        offset = value << fields["half"]
    if offset is None or offset_register == base:
        return None
    if fields.get("P", 1) == 1:
        address += -offset if fields.get("U", 1) else offset
    return move_to(base, address & 0xFFFF_FFFF, thumb) + move_to(
        offset_register, value, thumb
    )


def aim_from_pc(
    insn: Insn, fields: dict[str, int], thumb: bool, rng: random.Random
) -> list[Step] | None:
    """The base is fixed: at least the offset register must be small."""
    register = fields.get("Rm")
    if register is None:
        return []
    value = rng.randrange(0, 256, 4)
    offset = (
        value << fields.get("half", 0)
        if insn.name == "table_branch"
        else (shifted_offset(fields, value))
    )
    if offset is None or offset > NEAR:
        return None
    return move_to(register, value, thumb)


# -- branches --------------------------------------------------------------------------
def branches(insn: Insn, fields: dict[str, int]) -> bool:
    """Does it write the pc?"""
    if insn.module.endswith(".branch") or insn.name in (
        "t16_branch_exchange",
        "t16_branch_link_exchange",
    ):
        return True
    if insn.name == "pop":
        return fields["P"] == 1
    if fields.get("registers", 0) >> 15 & fields.get("L", 1):
        return insn.name != "stm"
    if insn.name in ("single_immediate", "single_register"):
        return fields["Rt"] == 15 and fields["L"] == 1
    if insn.name.startswith("t32_load"):
        return fields["Rt"] == 15
    return fields.get("Rd") == 15


# CBZ is unpredictable there; after a barrier the judge forgets the IT state.
NOT_IN_IT = ("t16.compare_branch", "t32.t32_barrier")
IT_SHARE = 0.1


def moves_without_flags(step: Step) -> bool:
    """LSL #0 in T16 is MOVS, which is unpredictable in an IT block."""
    return step.name == "t16.shift_by_constant" and step.word >> 6 == 0


# -- cases -----------------------------------------------------------------------------
class Generator:
    """Draws cases of one set."""

    def __init__(self, core: Core, words: WordSet, length: int) -> None:
        self.words, self.length = words, length
        self.decoders = core.decoders
        self.insns = [
            insn
            for name in words.decoders
            for insn in core.decoders[name].insns
            if words.wants(insn)
        ]

    def cases(self, seed: int) -> Iterator[Case]:
        """Endless, and the same for the same seed."""
        number = seed
        while True:
            yield self.case(number)
            number += 1

    def case(self, seed: int) -> Case:
        """The case of this number."""
        from tests.lockstep.model import START

        rng = random.Random(seed)
        steps: list[Step] = []
        branching = False
        while len(steps) < self.length and not branching:
            drawn, branching = self._draw(rng)
            steps += drawn
        if any("strex" in step.name for step in steps):
            steps.insert(0, clear_exclusive(self.words.thumb))
        return case_of(
            random_state(rng, self.words, START),
            steps,
            branching,
            self.words.thumb,
            seed,
        )

    def _draw(self, rng: random.Random) -> tuple[list[Step], bool]:
        if self.words.thumb and rng.random() < IT_SHARE:
            return self._draw_it_block(rng), False
        return self._draw_one(rng, self.insns)

    def _draw_it_block(self, rng: random.Random) -> list[Step]:
        """IT and one to four instructions; only the first may need aiming."""
        condition, mask = rng.randrange(ALWAYS), rng.randrange(1, 16)
        word = 0xBF00 | condition << 4 | mask
        step = Step("t16.if_then", self.words.encode("t16", word), word)
        places = 4 - (mask & -mask).bit_length() + 1
        first, *rest = [self._draw_inside(rng, memory=i == 0) for i in range(places)]
        return [*first[:-1], step, first[-1], *(drawn[-1] for drawn in rest)]

    def _draw_inside(self, rng: random.Random, memory: bool) -> list[Step]:
        while True:
            steps, branching = self._draw_one(rng, self.insns)
            step = steps[-1]
            if (
                not branching
                and step.name not in NOT_IN_IT
                and (memory or len(steps) == 1)
                and not moves_without_flags(step)
            ):
                return steps

    def _draw_one(
        self, rng: random.Random, insns: list[Insn]
    ) -> tuple[list[Step], bool]:
        while True:
            insn = rng.choice(insns)
            word = self.decoders[insn.set].random_word(insn, rng)
            if word is None:
                continue
            if insn.set == "a32":
                word = self._condition(word, rng)
            elif insn.set == "vfp":
                word = word & 0x0FFF_FFFF | ALWAYS << 28
            found = self.decoders[insn.set].decode(word)
            if found is None or found[0] is not insn:
                continue
            fields = found[1]
            name = f"{insn.set}.{insn.name}"
            if rejected(name, fields) is not None:
                continue
            steps = self._aimed(insn, fields, rng)
            if steps is None:
                continue
            steps.append(Step(name, self.words.encode(insn.set, word), word))
            return steps, branches(insn, fields)

    def _condition(self, word: int, rng: random.Random) -> int:
        """Mostly always; a word of 1111 would be another instruction."""
        condition = ALWAYS if rng.random() < 0.6 else rng.randrange(15)
        return word & 0x0FFF_FFFF | condition << 28

    def _aimed(
        self, insn: Insn, fields: dict[str, int], rng: random.Random
    ) -> list[Step] | None:
        return aim(insn, fields, self.words.thumb, rng) if is_memory(insn) else []
