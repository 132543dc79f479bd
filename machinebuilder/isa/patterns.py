# SPDX-License-Identifier: Apache-2.0
"""Encoding patterns: `"cond:4 000 0100 S:1 Rn:4 ..."`, most significant bit first.

`0` and `1` are fixed, `(0)` and `(1)` too (should-be bits: other values are undefined),
`x` is ignored, `name:width` is a piece of a field; pieces of one name concatenate in
the order written.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

TOKEN = re.compile(
    r"\s*(?:(?P<name>[A-Za-z_]\w*):(?P<width>\d+)"
    r"|\((?P<should>[01])\)|(?P<bit>[01x]))"
)


class PatternError(Exception):
    """The text is not a pattern; the caller knows the place."""


@dataclass(frozen=True)
class Piece:
    """Bits of a field: `width` of them, the lowest at bit `shift` of the word."""

    shift: int
    width: int


@dataclass(frozen=True)
class Pattern:
    """A parsed pattern: fixed bits as mask and value, fields as pieces, high to low."""

    text: str
    bits: int
    mask: int
    value: int
    fields: dict[str, tuple[Piece, ...]]

    def field_width(self, name: str) -> int:
        return sum(piece.width for piece in self.fields[name])

    def matches(self, word: int) -> bool:
        """Are the fixed bits right?"""
        return word & self.mask == self.value

    def extract(self, word: int) -> dict[str, int]:
        """The values of all fields."""
        return {name: self.field(name, word) for name in self.fields}

    def field(self, name: str, word: int) -> int:
        """The value of one field."""
        value = 0
        for piece in self.fields[name]:
            value = value << piece.width | word >> piece.shift & (
                (1 << piece.width) - 1
            )
        return value

    def insert(self, name: str, value: int) -> int:
        """The bits of a word that give a field this value."""
        word = 0
        for piece in reversed(self.fields[name]):
            word |= (value & ((1 << piece.width) - 1)) << piece.shift
            value >>= piece.width
        return word

    def meets(self, other: Pattern) -> bool:
        """Is there a word whose fixed bits suit both?"""
        return not self.mask & other.mask & (self.value ^ other.value)

    def refines(self, other: Pattern) -> bool:
        """Does it fix all that the other fixes, and more?"""
        return self.mask != other.mask and self.mask & other.mask == other.mask


def parse(text: str) -> Pattern:
    """Read a pattern; PatternError if it is none."""
    elements = _elements(text)
    total = sum(width for _, width in elements)
    if total not in (16, 32):
        raise PatternError(f"pattern has {total} bits, not 16 or 32: {text!r}")
    mask = value = 0
    fields: dict[str, tuple[Piece, ...]] = {}
    shift = total
    for what, width in elements:
        shift -= width
        if what in "01":
            mask |= 1 << shift
            value |= int(what) << shift
        elif what != "x":
            fields[what] = (*fields.get(what, ()), Piece(shift, width))
    return Pattern(text, total, mask, value, fields)


def _elements(text: str) -> list[tuple[str, int]]:
    """The text as ("0" | "1" | "x" | field name, width)."""
    elements = []
    at = 0
    stripped = text.rstrip()
    while at < len(stripped):
        token = TOKEN.match(stripped, at)
        if token is None:
            raise PatternError(f"not a pattern from {stripped[at:]!r} on: {text!r}")
        if token["name"]:
            if token["name"] == "x":
                raise PatternError(f"x is an ignored bit, not a field: {text!r}")
            elements.append((token["name"], int(token["width"])))
        else:
            elements.append((token["should"] or token["bit"], 1))
        at = token.end()
    return elements
