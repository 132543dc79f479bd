# SPDX-License-Identifier: Apache-2.0
"""Multiboot kernels (Multiboot Specification 0.6.96): ELF, or any file with the address
fields in its header; 32-bit protected mode, eax = magic, ebx = information.

Omitted: the symbol table, drives, APM and video fields of the information; a video mode
that the header asks for is not set.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass

from machinebuilder.boot import BootError, elf
from machinebuilder.boot.x86.memory_map import USABLE, Range
from machinebuilder.boot.x86.modes import RAX, RBX, Entry
from machinebuilder.boot.x86.room import (
    COMMAND_LINE,
    COMMAND_LINE_SIZE,
    EXTENDED,
    INFO,
    Request,
    Room,
)
from machinebuilder.boot.x86.start import MAP_ROWS, MAP_STRIDE, Late, Start

HEADER_MAGIC, HEADER_WITHIN = 0x1BAD_B002, 8192
LOADER_MAGIC = 0x2BAD_B002
UNDERSTOOD = 0x1_0007
"""Flags: aligned modules, memory information, video (ignored); address fields."""
REQUIREMENTS = 0xFFFF
ADDRESS_FIELDS = 1 << 16
HAS_MEMORY, HAS_LINE, HAS_MODULES, HAS_MAP, HAS_NAME = 1, 4, 8, 64, 512
INFO_SIZE, MODULE_SIZE = 120, 16
MAP_LENGTH_AT = 44
LOADER_NAME = b"machinebuilder\0"


@dataclass(frozen=True)
class Header:
    """Where in the file it is, its flags and its address fields."""

    offset: int
    flags: int
    addresses: tuple[int, int, int, int, int] | None
    """Of the header, the load and its end, the end of bss, and the entry."""


def find(image: bytes) -> Header | None:
    """The header, in the first 8 KiB; None if there is none."""
    for offset in range(0, min(len(image), HEADER_WITHIN) - 11, 4):
        magic, flags, checksum = struct.unpack_from("<III", image, offset)
        if magic == HEADER_MAGIC and (magic + flags + checksum) & 0xFFFF_FFFF == 0:
            has = flags & ADDRESS_FIELDS and len(image) >= offset + 32
            fields = struct.unpack_from("<5I", image, offset + 12) if has else None
            return Header(offset, flags, fields)
    return None


def prepare(request: Request, room: Room, header: Header) -> Start:
    """Kernel, modules and information in their places."""
    unknown = header.flags & REQUIREMENTS & ~UNDERSTOOD
    if unknown:
        raise BootError(
            f"{request.what}: its multiboot header requires features {unknown:#x}, "
            "which are not known here"
        )
    entry = load(request, room, header.offset, header.addresses)
    room.put(COMMAND_LINE, request.line_within(COMMAND_LINE_SIZE - 1), "--append")
    info, late = _information(request, room)
    room.put(INFO, info, "multiboot information")
    registers = {RAX: LOADER_MAGIC, RBX: INFO}
    return Start(tuple(room.pieces), Entry(entry, registers), late)


def load(
    request: Request,
    room: Room,
    offset: int,
    addresses: tuple[int, int, int, int, int] | None,
) -> int:
    """Load by the address fields, or as ELF; gives the entry point."""
    if addresses is None:
        return _load_elf(request, room)
    header, start, end, bss_end, entry = addresses
    first = offset - (header - start)
    size = end - start if end else len(request.kernel) - first
    if first < 0 or size < 0 or first + size > len(request.kernel):
        raise BootError(
            f"{request.what}: the addresses in its multiboot header are outside of the "
            "file; is it cut short?"
        )
    data = request.kernel[first : first + size]
    room.put_zeroed(start, data, request.what, max(bss_end - start, 0))
    return entry


def _load_elf(request: Request, room: Room) -> int:
    if not elf.is_elf(request.kernel):
        raise BootError(
            f"{request.what}: its multiboot header has no addresses, and it is not ELF"
        )
    try:
        image = elf.parse(request.kernel)
    except elf.ElfError as error:
        raise BootError(f"{request.what}: {error}") from None
    room.put_segments(image, request.what)
    return image.physical_entry


def _information(request: Request, room: Room) -> tuple[bytes, Late]:
    """The information structure, with the module list, texts and map behind it."""
    modules = INFO + INFO_SIZE
    table = modules + MODULE_SIZE * len(request.modules)
    texts = table + MAP_ROWS * MAP_STRIDE
    rows, text = _modules(request, room, texts + len(LOADER_NAME))
    ranges = () if request.firmware else request.ranges
    memory = b"".join(_row(r) for r in ranges)
    known = HAS_MEMORY | HAS_LINE | HAS_MODULES | HAS_MAP | HAS_NAME
    info = bytearray(INFO_SIZE)
    struct.pack_into("<III", info, 0, known, *sizes(request.ranges))
    struct.pack_into("<III", info, 16, COMMAND_LINE, len(request.modules), modules)
    struct.pack_into("<II", info, MAP_LENGTH_AT, len(memory), table)
    struct.pack_into("<I", info, 64, texts)
    empty = _row(Range(0, 0, 0)) * (MAP_ROWS - len(ranges))
    whole = bytes(info) + rows + memory + empty + LOADER_NAME + text
    late = Late(table, 4, INFO + MAP_LENGTH_AT, MAP_STRIDE)
    return whole, late


def _modules(request: Request, room: Room, at: int) -> tuple[bytes, bytes]:
    """The module list, and the texts that it points to from address `at` on."""
    rows, texts = [], b""
    for data, text in request.modules:
        start = room.put_highest(data, 1 << 32, "initrd")
        rows.append(struct.pack("<4I", start, start + len(data), at + len(texts), 0))
        texts += text + b"\0"
    return b"".join(rows), texts


def _row(r: Range) -> bytes:
    return struct.pack("<IQQI", 20, r.start, r.size, r.kind)


def sizes(ranges: Iterable[Range]) -> tuple[int, int]:
    """KiB of memory from zero on, and from 1 MiB on, each up to the first hole."""
    free = [r for r in ranges if r.kind == USABLE]
    lower = next((r.end for r in free if r.start == 0), 0)
    upper = next((r.size for r in free if r.start == EXTENDED), 0)
    return min(lower, 640 << 10) >> 10, upper >> 10
