# SPDX-License-Identifier: Apache-2.0
"""A guest's screen as a PNG (ISO/IEC 15948): 8 bits deep, RGB or with a palette."""

from __future__ import annotations

import struct
import zlib

from machinebuilder.device import Picture

SIGNATURE = b"\x89PNG\r\n\x1a\n"
RGB, INDEXED = 2, 3
QUICK = 1
"""Compression: screens are mostly of one colour."""


def png(picture: Picture) -> bytes:
    """The picture as a file's bytes."""
    indexed = bool(picture.palette)
    stride = picture.width * (1 if indexed else 3)
    kind = INDEXED if indexed else RGB
    head = struct.pack(">IIBBBBB", picture.width, picture.height, 8, kind, 0, 0, 0)
    rows = (
        b"\0" + picture.pixels[row * stride : (row + 1) * stride]
        for row in range(picture.height)
    )
    palette = _chunk(b"PLTE", picture.palette) if indexed else b""
    data = zlib.compress(b"".join(rows), QUICK)
    return SIGNATURE + b"".join(
        (_chunk(b"IHDR", head), palette, _chunk(b"IDAT", data), _chunk(b"IEND", b""))
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    check = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)
