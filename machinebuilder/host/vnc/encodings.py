# SPDX-License-Identifier: Apache-2.0
"""How a rectangle's pixels are sent (RFC 6143, section 7.7): Raw, Zlib or ZRLE.

A client names the ones it knows; of ours the first one in `PREFERRED` is used.
"""

from __future__ import annotations

import struct
import zlib

from machinebuilder.host.vnc.frames import Frame, Rectangle
from machinebuilder.host.vnc.pixels import PixelFormat, convert

RAW, ZLIB, ZRLE = 0, 6, 16
PREFERRED = (ZRLE, ZLIB, RAW)
TILE_RAW, TILE_SOLID = 0, 1
QUICK = 1
"""Compression: screens are mostly of one colour."""


class Encoder:
    """Encodes for one client, whose streams of compressed data never end."""

    def __init__(self) -> None:
        self.format = PixelFormat()
        self.encoding = RAW
        self._streams = {ZLIB: zlib.compressobj(QUICK), ZRLE: zlib.compressobj(QUICK)}

    def choose(self, known: list[int]) -> None:
        """Of the encodings that the client knows."""
        self.encoding = next((e for e in PREFERRED if e in known), RAW)

    def encode(self, frame: Frame, part: Rectangle) -> bytes:
        """The rectangle's data."""
        if self.encoding == ZRLE:
            tiles = (self._tile(frame, tile) for tile in part.tiles())
            return self._compressed(b"".join(tiles))
        data = convert(frame.cut(part), self.format.tables)
        return self._compressed(data) if self.encoding == ZLIB else data

    def _tile(self, frame: Frame, tile: Rectangle) -> bytes:
        """Section 7.7.6; what repeats in a tile is left to the compression."""
        rgb = frame.cut(tile)
        if rgb == rgb[:3] * (len(rgb) // 3):
            return bytes((TILE_SOLID,)) + convert(rgb[:3], self.format.compact)
        return bytes((TILE_RAW,)) + convert(rgb, self.format.compact)

    def _compressed(self, data: bytes) -> bytes:
        stream = self._streams[self.encoding]
        packed = stream.compress(data) + stream.flush(zlib.Z_SYNC_FLUSH)
        return struct.pack(">I", len(packed)) + packed
