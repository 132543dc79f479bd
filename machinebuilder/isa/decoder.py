# SPDX-License-Identifier: Apache-2.0
"""Decoders: overlap checks, and a tree over the fixed bits of a set's patterns.

The Python decoder walks the tree; `decoder_c.py` prints the same tree as C.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from .errors import IsaError
from .insns import Insn
from .patterns import Pattern

LEAF_SIZE = 3
MAX_SWITCH_BITS = 6
EXHAUSTIVE_BITS = 14
SAMPLES = 4096


@dataclass(frozen=True)
class Leaf:
    """Candidates, the more specific first."""

    insns: tuple[Insn, ...]


@dataclass(frozen=True)
class Switch:
    """Take the branch that the bits (word >> shift) & mask name."""

    shift: int
    mask: int
    branches: tuple[Leaf | Switch, ...]


class Decoder:
    """The instructions of one set."""

    def __init__(self, name: str, insns: list[Insn]) -> None:
        self.name = name
        self.bits = insns[0].pattern.bits
        for insn in insns:
            if insn.pattern.bits != self.bits:
                raise IsaError(
                    insn.place,
                    f"{insn} has {insn.pattern.bits} bits, other "
                    f"patterns of the set {self.bits}",
                )
        self.insns = sorted(insns, key=_specificity, reverse=True)
        for one, other in _meeting(self.insns):
            _check_overlap(one, other)

    @cached_property
    def tree(self) -> Leaf | Switch:
        """The decision tree."""
        return _grow(self.insns, (1 << self.bits) - 1)

    def decode(self, word: int) -> tuple[Insn, dict[str, int]] | None:
        """The instruction and its fields."""
        node = self.tree
        while isinstance(node, Switch):
            node = node.branches[(word >> node.shift) & node.mask]
        for insn in node.insns:
            fields = insn.fields_of(word)
            if fields is not None:
                return insn, fields
        return None

    def random_word(self, insn: Insn, rng: random.Random) -> int | None:
        """A random word of this instruction; None if `where` refused a hundred."""
        pattern = insn.pattern
        for _ in range(100):
            word = rng.getrandbits(self.bits) & ~pattern.mask | pattern.value
            if insn.fields_of(word) is not None:
                return word
        return None


def _specificity(insn: Insn) -> tuple[int, bool]:
    return insn.pattern.mask.bit_count(), insn.where is not None


def _meeting(insns: list[Insn]) -> Iterator[tuple[Insn, Insn]]:
    """Pairs whose fixed bits suit a common word."""
    for i, one in enumerate(insns):
        for other in insns[i + 1 :]:
            if one.pattern.meets(other.pattern):
                yield one, other


def _check_overlap(one: Insn, other: Insn) -> None:
    """`one` has at least as many fixed bits: fine if it refines `other`."""
    a, b = one.pattern, other.pattern
    if a.refines(b) or (a.mask == b.mask and one.where and not other.where):
        return
    word = _common_word(one, other)
    if word is not None:
        digits = a.bits // 4
        raise IsaError(
            one.place,
            f"{one} and {other} ({other.place}) both match "
            f"{word:#0{digits + 2}x}: let one pattern refine the "
            "other, or separate them by where",
        )


def _common_word(one: Insn, other: Insn) -> int | None:
    """A word that both accept, None if `where` separates them."""
    fixed = one.pattern.mask | other.pattern.mask
    base = one.pattern.value | other.pattern.value
    free = [
        bit
        for bit in _looked_at(one.pattern, one) + _looked_at(other.pattern, other)
        if not fixed >> bit & 1
    ]
    for word in _fillings(base, sorted(set(free))):
        if one.fields_of(word) is not None and other.fields_of(word) is not None:
            return word
    return None


def _looked_at(pattern: Pattern, insn: Insn) -> list[int]:
    """The bits of the fields that `where` tests."""
    return [
        piece.shift + i
        for name in insn.where_fields
        for piece in pattern.fields[name]
        for i in range(piece.width)
    ]


def _fillings(base: int, bits: list[int]) -> Iterator[int]:
    """`base` with the bits filled in: every way, or many at random."""
    rng = random.Random(0)
    exhaustive = len(bits) <= EXHAUSTIVE_BITS
    for n in range(1 << len(bits) if exhaustive else SAMPLES):
        number = n if exhaustive else rng.getrandbits(len(bits))
        yield base | sum((number >> i & 1) << bit for i, bit in enumerate(bits))


def _grow(insns: list[Insn], open_bits: int) -> Leaf | Switch:
    if len(insns) <= LEAF_SIZE:
        return Leaf(tuple(insns))
    choice = _best_bits(insns, open_bits)
    if choice is None:
        return Leaf(tuple(insns))
    shift, width = choice
    mask = (1 << width) - 1
    branches = []
    for number in range(1 << width):
        fitting = [
            insn
            for insn in insns
            if not insn.pattern.mask
            & mask << shift
            & (insn.pattern.value ^ number << shift)
        ]
        branches.append(_grow(fitting, open_bits & ~(mask << shift)))
    return Switch(shift, mask, tuple(branches))


def _best_bits(insns: list[Insn], open_bits: int) -> tuple[int, int] | None:
    """The run of bits that most patterns fix, as (shift, width); None: none helps."""
    votes = [
        _vote(insns, bit) if open_bits >> bit & 1 else 0
        for bit in range(open_bits.bit_length())
    ]
    if not votes or max(votes) == 0:
        return None
    low = high = votes.index(max(votes))
    enough = max(votes) * 0.9
    while low > 0 and votes[low - 1] >= enough and high - low + 1 < MAX_SWITCH_BITS:
        low -= 1
    while (
        high + 1 < len(votes)
        and votes[high + 1] >= enough
        and high - low + 1 < MAX_SWITCH_BITS
    ):
        high += 1
    return low, high - low + 1


def _vote(insns: list[Insn], bit: int) -> int:
    """How many patterns fix the bit, 0 if all that do agree and so nothing is told."""
    fixed = [
        insn.pattern.value >> bit & 1 for insn in insns if insn.pattern.mask >> bit & 1
    ]
    return (
        len(fixed) + min(sum(fixed), len(fixed) - sum(fixed))
        if (fixed and len(set(fixed)) > 1 or len(fixed) < len(insns))
        else 0
    )
