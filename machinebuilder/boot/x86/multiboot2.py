# SPDX-License-Identifier: Apache-2.0
"""Multiboot2 kernels (Multiboot2 Specification 2.0): as multiboot.py, with information
in tags.

Omitted: EFI, framebuffers, APM, the ELF section headers, and relocatable images, which
are loaded where they are linked.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from machinebuilder.boot import BootError
from machinebuilder.boot.x86.memory_map import Range
from machinebuilder.boot.x86.modes import RAX, RBX, Entry
from machinebuilder.boot.x86.multiboot import LOADER_NAME, load, sizes
from machinebuilder.boot.x86.room import INFO, Request, Room
from machinebuilder.boot.x86.start import MAP_ROWS, MAP_STRIDE, Late, Start

HEADER_MAGIC, HEADER_WITHIN, I386 = 0xE852_50D6, 32768, 0
LOADER_MAGIC = 0x36D7_6289
END, WANTED, ADDRESSES, ENTRY, CONSOLE, FRAMEBUFFER, ALIGNED = 0, 1, 2, 3, 4, 5, 6
RELOCATABLE = 10
OPTIONAL = 1
TELLS = {0, 1, 2, 3, 4, 6, 15}
"""Kinds of information that are given."""
LINE, NAME, MODULE, MEMORY, MAP, NEW_RSDP = 1, 2, 3, 4, 6, 15
HEAD = 8
"""Of the information, and of each tag."""


@dataclass(frozen=True)
class Header:
    """Where in the file it is, and its tags: content by kind."""

    offset: int
    tags: dict[int, tuple[int, bytes]]
    """Flags and content, by kind."""


def find(image: bytes) -> Header | None:
    """The header, in the first 32 KiB; None if there is none."""
    for offset in range(0, min(len(image), HEADER_WITHIN) - 15, 8):
        magic, kind, size, checksum = struct.unpack_from("<4I", image, offset)
        summed = (magic + kind + size + checksum) & 0xFFFF_FFFF
        if magic == HEADER_MAGIC and kind == I386 and summed == 0:
            content = image[offset + 16 : offset + size]
            return Header(offset, dict(_tags(content)))
    return None


def _tags(content: bytes) -> Iterator[tuple[int, tuple[int, bytes]]]:
    at = 0
    while at + HEAD <= len(content):
        kind, flags, size = struct.unpack_from("<HHI", content, at)
        if kind == END or size < HEAD:
            return
        yield kind, (flags, content[at + HEAD : at + size])
        at += -(-size // 8) * 8


def prepare(request: Request, room: Room, header: Header) -> Start:
    """Kernel, modules and information in their places."""
    _check(request, header)
    entry = load(request, room, header.offset, _addresses(header))
    if ENTRY in header.tags:
        (entry,) = struct.unpack_from("<I", header.tags[ENTRY][1])
    info, late = _information(request, room)
    room.put(INFO, info, "multiboot information")
    registers = {RAX: LOADER_MAGIC, RBX: INFO}
    return Start(tuple(room.pieces), Entry(entry, registers), late)


def _check(request: Request, header: Header) -> None:
    """Refuse what the header cannot do without and is not given."""
    for kind, size in ((ADDRESSES, 16), (ENTRY, 4)):
        if kind in header.tags and len(header.tags[kind][1]) < size:
            raise BootError(f"{request.what}: its multiboot2 header is malformed")
    known = {WANTED, ADDRESSES, ENTRY, CONSOLE, FRAMEBUFFER, ALIGNED, RELOCATABLE}
    for kind, (flags, content) in header.tags.items():
        missing = {kind} - known
        if kind == WANTED:
            words = content[: len(content) // 4 * 4]
            missing = {word for (word,) in struct.iter_unpack("<I", words)} - TELLS
        if missing and not flags & OPTIONAL:
            raise BootError(
                f"{request.what}: its multiboot2 header requires tags that are not "
                f"known here: {', '.join(map(str, sorted(missing)))}"
            )


def _addresses(header: Header) -> tuple[int, int, int, int, int] | None:
    if ADDRESSES not in header.tags:
        return None
    at, start, end, bss_end = struct.unpack_from("<4I", header.tags[ADDRESSES][1])
    return at, start, end, bss_end, start


def _information(request: Request, room: Room) -> tuple[bytes, Late]:
    """The tags; the memory map comes first, where firmware finds it."""
    ranges = () if request.firmware else request.ranges
    rows = b"".join(_row(r) for r in ranges).ljust(MAP_ROWS * MAP_STRIDE, b"\0")
    tags = [
        _tag(MAP, struct.pack("<II", MAP_STRIDE, 0) + rows),
        _tag(MEMORY, struct.pack("<II", *sizes(request.ranges))),
        _tag(LINE, request.line + b"\0"),
        _tag(NAME, LOADER_NAME),
        *(_module(data, text, room) for data, text in request.modules),
    ]
    if request.rsdp:
        tags.append(_tag(NEW_RSDP, request.root))
    body = b"".join(tags) + _tag(END, b"")
    late = Late(INFO + HEAD + HEAD + 8)
    return struct.pack("<II", HEAD + len(body), 0) + body, late


def _tag(kind: int, content: bytes) -> bytes:
    size = HEAD + len(content)
    return (struct.pack("<II", kind, size) + content).ljust(-(-size // 8) * 8, b"\0")


def _row(r: Range) -> bytes:
    return struct.pack("<QQII", r.start, r.size, r.kind, 0)


def _module(data: bytes, text: bytes, room: Room) -> bytes:
    start = room.put_highest(data, 1 << 32, "initrd")
    where = struct.pack("<II", start, start + len(data))
    return _tag(MODULE, where + text + b"\0")
