# SPDX-License-Identifier: Apache-2.0
"""Pixels as a client wants them (RFC 6143, section 7.4): true colour, 8 to 32 bits.

A pixel's byte is the union of what red, green and blue give to it, each by a table. The
bytes of a whole rectangle are looked up, united and put in their places at once, which
Python does at the speed of memory.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import cached_property

LAYOUT = struct.Struct(">BBBBHHHBBB3x")
MOST = 255
Table = bytes | None


@dataclass(frozen=True)
class PixelFormat:
    """A format; `maxima` and `shifts` are of red, green, blue."""

    bits: int = 32
    depth: int = 24
    big_endian: bool = False
    maxima: tuple[int, int, int] = (255, 255, 255)
    shifts: tuple[int, int, int] = (16, 8, 0)

    @classmethod
    def unpack(cls, data: bytes) -> PixelFormat:
        """A client's; ValueError if it is none that can be served."""
        bits, depth, big, true, *rest = LAYOUT.unpack(data)
        red, green, blue, *shifts = rest
        if bits not in (8, 16, 32) or not true:
            raise ValueError(f"pixels of {bits} bits, true colour {true}: not served")
        return cls(bits, depth, bool(big), (red, green, blue), tuple(shifts))

    def pack(self) -> bytes:
        """As the protocol has it."""
        head = (self.bits, self.depth, int(self.big_endian), 1)
        return LAYOUT.pack(*head, *self.maxima, *self.shifts)

    @property
    def size(self) -> int:
        """Bytes of a pixel."""
        return self.bits // 8

    @cached_property
    def tables(self) -> list[list[Table]]:
        """By byte of a pixel: what each colour gives to it; None: nothing."""
        return [[self._table(n, c) for c in range(3)] for n in range(self.size)]

    def _table(self, number: int, colour: int) -> Table:
        byte = self.size - 1 - number if self.big_endian else number
        most, shift = self.maxima[colour], self.shifts[colour]
        parts = ((value * most + MOST // 2) // MOST << shift for value in range(256))
        table = bytes(part >> 8 * byte & 0xFF for part in parts)
        return table if any(table) else None

    @cached_property
    def compact(self) -> list[list[Table]]:
        """The tables of a CPIXEL (section 7.7.5): three bytes, if all colours fit."""
        used = [n for n, tables in enumerate(self.tables) if any(tables)]
        if self.size == 4 and self.depth <= 24:
            low, high = ((1, 4), (0, 3)) if self.big_endian else ((0, 3), (1, 4))
            for start, end in (low, high):
                if all(start <= n < end for n in used):
                    return self.tables[start:end]
        return self.tables


def convert(rgb: bytes, tables: list[list[Table]]) -> bytes:
    """Pixels of three bytes as such of a format."""
    colours = (rgb[0::3], rgb[1::3], rgb[2::3])
    count, size = len(colours[0]), len(tables)
    out = bytearray(count * size)
    for number, byte in enumerate(tables):
        parts = [
            colour.translate(table)
            for colour, table in zip(colours, byte, strict=True)
            if table is not None
        ]
        if parts:
            out[number::size] = _union(parts, count)
    return bytes(out)


def _union(parts: list[bytes], count: int) -> bytes:
    if len(parts) == 1:
        return parts[0]
    union = 0
    for part in parts:
        union |= int.from_bytes(part, "little")
    return union.to_bytes(count, "little")
