# SPDX-License-Identifier: Apache-2.0
"""What a client has of the screen, and what of it changed: tile by tile."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from machinebuilder.device import Picture

TILE = 64
OPPOSITE = bytes(range(255, -1, -1))
"""Any pixel but the one that is there."""
BLACK = (640, 480)
"""Size of a screen on which nothing is shown."""


@dataclass(frozen=True)
class Rectangle:
    """A part of the screen."""

    x: int
    y: int
    width: int
    height: int

    def within(self, other: Rectangle) -> Rectangle:
        """What it has in common with another one; its size may be 0."""
        x, y = max(self.x, other.x), max(self.y, other.y)
        right = min(self.x + self.width, other.x + other.width)
        bottom = min(self.y + self.height, other.y + other.height)
        return Rectangle(x, y, max(right - x, 0), max(bottom - y, 0))

    def around(self, other: Rectangle) -> Rectangle:
        """The least one that holds both."""
        x, y = min(self.x, other.x), min(self.y, other.y)
        right = max(self.x + self.width, other.x + other.width)
        bottom = max(self.y + self.height, other.y + other.height)
        return Rectangle(x, y, right - x, bottom - y)

    def tiles(self) -> Iterator[Rectangle]:
        """The tiles it consists of, counted from its own corner."""
        for y in range(0, self.height, TILE):
            for x in range(0, self.width, TILE):
                tile = Rectangle(self.x + x, self.y + y, TILE, TILE)
                yield tile.within(self)


@dataclass(frozen=True)
class Frame:
    """The screen at one moment: red, green and blue, line by line."""

    width: int
    height: int
    rgb: bytes

    @classmethod
    def of(cls, picture: Picture | None) -> Frame:
        """Of a picture, which may be indexed; black if there is none."""
        if picture is None:
            return cls(*BLACK, bytes(3 * BLACK[0] * BLACK[1]))
        return cls(picture.width, picture.height, _rgb(picture))

    @property
    def all(self) -> Rectangle:
        """The whole screen."""
        return Rectangle(0, 0, self.width, self.height)

    def fitted(self, width: int, height: int) -> Frame:
        """For a client that cannot follow to another size: cut, or with black added."""
        if (width, height) == (self.width, self.height):
            return self
        have, want = 3 * self.width, 3 * width
        shown = min(have, want)
        rows = (self.rgb[y * have : y * have + shown] for y in range(self.height))
        rgb = b"".join(row.ljust(want, b"\0") for row in rows)
        return Frame(width, height, rgb[: want * height].ljust(want * height, b"\0"))

    def cut(self, part: Rectangle) -> bytes:
        """The pixels of a part."""
        stride, size = 3 * self.width, 3 * part.width
        first = part.y * stride + 3 * part.x
        starts = range(first, first + part.height * stride, stride)
        return b"".join([self.rgb[start : start + size] for start in starts])

    def sent(self, before: Frame | None, parts: list[Rectangle]) -> Frame:
        """What a client has that had `before`, and got these parts of this frame."""
        if parts == [self.all]:
            return self
        rgb = bytearray(before.rgb if before else self.rgb.translate(OPPOSITE))
        stride = 3 * self.width
        for part in parts:
            for y in range(part.y, part.y + part.height):
                start = y * stride + 3 * part.x
                end = start + 3 * part.width
                rgb[start:end] = self.rgb[start:end]
        return Frame(self.width, self.height, bytes(rgb))

    def changed(self, before: Frame, within: Rectangle) -> list[Rectangle]:
        """What in this part is not as before in a frame of the same size: tiles, joined
        in a row."""
        if self.rgb == before.rgb:
            return []
        found: list[Rectangle] = []
        for y in range(within.y, within.y + within.height, TILE):
            band = Rectangle(within.x, y, within.width, TILE).within(within)
            found += _joined(sorted(self._columns(before, band)), band)
        return found

    def _columns(self, before: Frame, band: Rectangle) -> set[int]:
        """Of a row of tiles, the numbers of those that changed."""
        stride, step = 3 * self.width, 3 * TILE
        found: set[int] = set()
        ours, theirs = self.rgb, before.rgb
        for y in range(band.y, band.y + band.height):
            start = y * stride + 3 * band.x
            end = start + 3 * band.width
            if ours[start:end] == theirs[start:end]:
                continue
            for column, at in enumerate(range(start, end, step)):
                stop = min(at + step, end)
                if column not in found and ours[at:stop] != theirs[at:stop]:
                    found.add(column)
        return found


def _joined(columns: list[int], band: Rectangle) -> list[Rectangle]:
    """Rectangles of neighbouring tiles."""
    spans: list[list[int]] = []
    for column in columns:
        if spans and spans[-1][1] == column:
            spans[-1][1] += 1
        else:
            spans.append([column, column + 1])
    tiles = [(band.x + start * TILE, (end - start) * TILE) for start, end in spans]
    return [Rectangle(x, band.y, w, band.height).within(band) for x, w in tiles]


def _rgb(picture: Picture) -> bytes:
    if not picture.palette:
        return picture.pixels
    out = bytearray(3 * len(picture.pixels))
    for part in range(3):
        table = picture.palette[part::3].ljust(256, b"\0")
        out[part::3] = picture.pixels.translate(table)
    return bytes(out)
