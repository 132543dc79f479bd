# SPDX-License-Identifier: Apache-2.0
"""ELF kernels with a PVH entry (xen/include/public/arch-x86/hvm/start_info.h; Xen's
docs/misc/pvh.pandoc): 32-bit protected mode without paging, ebx = start information.

Omitted: Xen itself; nothing of a hypervisor is offered.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

from machinebuilder.boot import elf
from machinebuilder.boot.x86.memory_map import Range
from machinebuilder.boot.x86.modes import RBX, Entry
from machinebuilder.boot.x86.room import (
    COMMAND_LINE,
    COMMAND_LINE_SIZE,
    INFO,
    Request,
    Room,
)
from machinebuilder.boot.x86.start import MAP_ROWS, MAP_STRIDE, Late, Start

NOTE_OWNER, NOTE_ENTRY = b"Xen", 18
"""XEN_ELFNOTE_PHYS32_ENTRY: the physical address to begin at."""
MAGIC, VERSION = 0x336E_C578, 1
INFO_SIZE, MODULE_SIZE = 56, 32
RSDP_AT, COUNT_AT = 32, 48


def entry_point(image: elf.Elf) -> int | None:
    """Where the note says that it begins; None without such a note."""
    for note in image.notes:
        if note.owner == NOTE_OWNER and note.kind == NOTE_ENTRY:
            return int.from_bytes(note.data[:8], "little")
    return None


def prepare(request: Request, room: Room, image: elf.Elf, entry: int) -> Start:
    """Kernel, command line, modules and start information in their places."""
    room.put_segments(image, request.what)
    room.put(COMMAND_LINE, request.line_within(COMMAND_LINE_SIZE - 1), "--append")
    modules = INFO + INFO_SIZE
    table = modules + MODULE_SIZE * len(request.modules)
    rows = b"".join(_module(data, room) for data, _ in request.modules)
    ranges = () if request.firmware else request.ranges
    info = _start_info(request, modules, table, len(ranges))
    memory = _map(ranges).ljust(MAP_ROWS * MAP_STRIDE, b"\0")
    room.put(INFO, info + rows + memory, "start information")
    late = Late(table, 0, INFO + COUNT_AT, 1, INFO + RSDP_AT)
    return Start(tuple(room.pieces), Entry(entry, {RBX: INFO}), late)


def _module(data: bytes, room: Room) -> bytes:
    address = room.put_highest(data, 1 << 32, "initrd")
    return struct.pack("<QQQQ", address, len(data), 0, 0)


def _start_info(request: Request, modules: int, table: int, ranges: int) -> bytes:
    return struct.pack(
        "<IIIIQQQQII", MAGIC, VERSION, 0, len(request.modules),
        modules if request.modules else 0, COMMAND_LINE, request.rsdp, table, ranges, 0,
    )  # fmt: skip


def _map(ranges: Iterable[Range]) -> bytes:
    return b"".join(struct.pack("<QQII", r.start, r.size, r.kind, 0) for r in ranges)
