"""Pictures as PNG files: read back by hand."""

from __future__ import annotations

import struct
import zlib

from machinebuilder.device import Picture
from machinebuilder.host.screen import png


def chunks(data: bytes) -> dict[bytes, bytes]:
    """A PNG's chunks, each with a right check sum."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    found, at = {}, 8
    while at < len(data):
        (size,) = struct.unpack_from(">I", data, at)
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + size]
        (check,) = struct.unpack_from(">I", data, at + 8 + size)
        assert check == zlib.crc32(kind + body)
        found[kind] = body
        at += 12 + size
    return found


def test_a_picture_with_a_palette_keeps_its_indices() -> None:
    found = chunks(png(Picture(2, 2, b"\0\1\1\0", b"\0\0\0\xff\xff\xff")))
    assert list(found) == [b"IHDR", b"PLTE", b"IDAT", b"IEND"]
    assert found[b"IHDR"] == bytes([0, 0, 0, 2, 0, 0, 0, 2, 8, 3, 0, 0, 0])
    assert zlib.decompress(found[b"IDAT"]) == b"\0\0\1\0\1\0"


def test_a_picture_without_one_is_rgb() -> None:
    found = chunks(png(Picture(1, 2, b"abcdef")))
    assert b"PLTE" not in found
    assert found[b"IHDR"][9] == 2
    assert zlib.decompress(found[b"IDAT"]) == b"\0abc\0def"
