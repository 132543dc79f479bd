# SPDX-License-Identifier: Apache-2.0
"""Media with our boot sector: disks, diskettes, and CDs by El Torito (Bootable CD-ROM
Format Specification 1.0; ECMA-119 for the volume)."""

from __future__ import annotations

import struct
from pathlib import Path

from machinebuilder.boot import guest

SECTOR, BLOCK = 512, 2048
TEXT = "the second sector of a {}\r\n"
SECTOR_FIELD = 4
CATALOG, IMAGE, TEXT_BLOCK = 19, 20, 21


def boot_sector(number: int) -> bytes:
    """Our boot sector, told which sector to read."""
    code = bytearray(guest.image("bootsector-x86.bin").read_bytes())
    struct.pack_into("<I", code, SECTOR_FIELD, number)
    return bytes(code)


def text(kind: str) -> bytes:
    """What the sector says that is read."""
    return TEXT.format(kind).encode() + b"\0"


def disk(path: Path, size: int = 16 << 20) -> Path:
    """A hard disk with nothing else on it."""
    return _plain(path, "disk", size)


def diskette(path: Path) -> Path:
    """A diskette of 1.44 MB."""
    return _plain(path, "floppy", 1440 * 1024)


def _plain(path: Path, kind: str, size: int) -> Path:
    data = boot_sector(1) + text(kind)
    path.write_bytes(data.ljust(size, b"\0"))
    return path


def compact_disc(path: Path) -> Path:
    """A CD whose boot image is not emulating any other medium."""
    blocks = {
        16: _volume(1, b"CD001", _primary()),
        17: b"\0CD001\x01" + b"EL TORITO SPECIFICATION".ljust(64, b"\0")
        + struct.pack("<I", CATALOG),
        18: b"\xffCD001\x01",
        CATALOG: _catalog(),
        IMAGE: boot_sector(TEXT_BLOCK),
        TEXT_BLOCK: text("cd"),
    }  # fmt: skip
    data = bytearray(BLOCK * 64)
    for number, block in blocks.items():
        data[BLOCK * number : BLOCK * number + len(block)] = block
    path.write_bytes(data)
    return path


def _volume(kind: int, name: bytes, body: bytes) -> bytes:
    return bytes([kind]) + name + b"\x01" + body


def _primary() -> bytes:
    """As much of a primary volume descriptor as anybody looks at here."""
    body = bytearray(BLOCK - 7)
    body[33:65] = b"MACHINEBUILDER".ljust(32)
    struct.pack_into("<I", body, 73, 64)
    struct.pack_into("<H", body, 121, BLOCK)
    return bytes(body)


def _catalog() -> bytes:
    """Validation entry, and the default entry: one block at 0x7c0."""
    check = bytearray(
        struct.pack("<BBH24sHBB", 1, 0, 0, b"machinebuilder", 0, 0x55, 0xAA)
    )
    total = sum(struct.unpack("<16H", check))
    struct.pack_into("<H", check, 28, -total & 0xFFFF)
    entry = struct.pack("<BBHBBHI20x", 0x88, 0, 0, 0, 0, 4, IMAGE)
    return bytes(check) + entry
