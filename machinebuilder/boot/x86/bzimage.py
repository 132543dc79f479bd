# SPDX-License-Identifier: Apache-2.0
"""Linux's bzImage (Documentation/arch/x86/boot.rst).

Without firmware it is entered in 64-bit mode where it can be, else in 32-bit mode,
with the boot parameters ("zero page") made here; after firmware in real mode, where it
asks the BIOS itself.

Omitted: kernels older than protocol 2.04 (Linux 2.6.14), zImage, EFI entry points,
command lines above 64 KiB, initial RAM disks above 4 GiB.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from machinebuilder.boot import BootError
from machinebuilder.boot.x86.memory_map import packed
from machinebuilder.boot.x86.modes import RSI, Entry
from machinebuilder.boot.x86.room import (
    COMMAND_LINE,
    COMMAND_LINE_SIZE,
    EXTENDED,
    INFO,
    Request,
    Room,
)
from machinebuilder.boot.x86.start import Start

MAGIC, MAGIC_AT = b"HdrS", 0x202
SECTOR = 512
OLDEST = 0x204
LOADED_HIGH, CAN_USE_HEAP = 1, 0x80
KERNEL_64 = 1
"""xloadflags: it has the 64-bit entry point, 0x200 into the protected-mode part."""
ENTRY_64 = 0x200
UNKNOWN_LOADER = 0xFF
HEAP_END = 0xE000
MAP_ENTRIES = 128
ZERO_PAGE = 0x1000
RSDP_AT, MAP_COUNT_AT, HEADER_AT, MAP_AT = 0x070, 0x1E8, 0x1F1, 0x2D0


@dataclass(frozen=True)
class Setup:
    """The setup header's fields that matter here."""

    sectors: int
    version: int
    initrd_max: int
    alignment: int
    relocatable: bool
    flags: int
    line_size: int
    preferred: int
    init_size: int
    header_end: int

    @property
    def size(self) -> int:
        """Bytes of the real-mode part; the rest is the kernel."""
        return (self.sectors + 1) * SECTOR

    @property
    def long(self) -> bool:
        """Does it have a 64-bit entry point?"""
        return bool(self.flags & KERNEL_64)


def recognises(image: bytes) -> bool:
    """Does the file have a setup header?"""
    return image[MAGIC_AT : MAGIC_AT + 4] == MAGIC


def parse(image: bytes, what: str) -> Setup:
    """The setup header; BootError if it is too old or the file is cut short."""
    head = image[: 16 * SECTOR].ljust(16 * SECTOR, b"\0")
    (version,) = struct.unpack_from("<H", head, 0x206)
    if version < OLDEST or not head[0x211] & LOADED_HIGH:
        raise BootError(
            f"{what}: a Linux image of boot protocol {version >> 8}.{version & 255:02}"
            f"{'' if head[0x211] & LOADED_HIGH else ', a zImage'}; a bzImage of 2.04 "
            "or later is wanted"
        )
    newer = {
        0x205: struct.unpack_from("<IB", head, 0x230),
        0x206: struct.unpack_from("<I", head, 0x238),
        0x20A: struct.unpack_from("<QI", head, 0x258),
        0x20C: struct.unpack_from("<H", head, 0x236),
    }
    alignment, relocatable = newer[0x205] if version >= 0x205 else (1, 0)
    preferred, init_size = newer[0x20A] if version >= 0x20A else (EXTENDED, 0)
    setup = Setup(
        sectors=head[0x1F1] or 4,
        version=version,
        initrd_max=struct.unpack_from("<I", head, 0x22C)[0],
        alignment=max(alignment, 1),
        relocatable=bool(relocatable),
        flags=newer[0x20C][0] if version >= 0x20C else 0,
        line_size=newer[0x206][0] if version >= 0x206 else 255,
        preferred=preferred,
        init_size=init_size,
        header_end=MAGIC_AT + head[0x201],
    )
    (paragraphs,) = struct.unpack_from("<I", head, 0x1F4)
    _check_length(image, setup.size + 16 * paragraphs, what)
    return setup


def _check_length(image: bytes, size: int, what: str) -> None:
    # The size is in paragraphs, and the last one may be incomplete.
    if len(image) + 15 < size:
        raise BootError(
            f"{what}: a bzImage of {size} bytes, cut short at {len(image)}; copy it "
            "again"
        )


def prepare(request: Request, room: Room) -> Start:
    """Kernel, command line, initial RAM disk and parameters in their places."""
    setup = parse(request.kernel, request.what)
    code = request.kernel[setup.size :]
    where = _load_address(setup, room, len(code), request.firmware)
    room.put(where, code, request.what, setup.init_size)
    limit = min(setup.line_size, COMMAND_LINE_SIZE - 1)
    room.put(COMMAND_LINE, request.line_within(limit), "--append")
    header = bytearray(request.kernel[: setup.size])
    _fill_header(header, setup, where, _initrd(request, setup, room))
    if request.firmware:
        room.put(INFO, bytes(header), request.what, 0x1_0000)
        return Start(tuple(room.pieces), Entry(INFO >> 4), real=True)
    room.put(INFO, _zero_page(header, setup, request), "boot parameters")
    entry = where + (ENTRY_64 if setup.long else 0)
    return Start(tuple(room.pieces), Entry(entry, {RSI: INFO}, setup.long))


def _load_address(setup: Setup, room: Room, size: int, firmware: bool) -> int:
    """Where it would move to anyway, if it can be anywhere and there is room."""
    if firmware or not setup.relocatable:
        return EXTENDED
    if room.fits(setup.preferred, max(size, setup.init_size)):
        return setup.preferred
    return -(-EXTENDED // setup.alignment) * setup.alignment


def _initrd(request: Request, setup: Setup, room: Room) -> tuple[int, int]:
    """Address and size of the initial RAM disk; zeros without one."""
    if not request.modules:
        return 0, 0
    data = request.modules[0][0]
    below = setup.initrd_max + 1
    return room.put_highest(data, below, "initrd"), len(data)


def _fill_header(
    header: bytearray, setup: Setup, where: int, initrd: tuple[int, int]
) -> None:
    """The fields of the setup header that a boot loader writes."""
    header[0x210] = UNKNOWN_LOADER
    header[0x211] |= CAN_USE_HEAP
    struct.pack_into("<I", header, 0x214, where)
    struct.pack_into("<II", header, 0x218, *initrd)
    struct.pack_into("<H", header, 0x224, HEAP_END - 0x200)
    struct.pack_into("<I", header, 0x228, COMMAND_LINE)


def _zero_page(header: bytearray, setup: Setup, request: Request) -> bytes:
    """`struct boot_params`: the setup header and the memory map."""
    page = bytearray(ZERO_PAGE)
    page[HEADER_AT : setup.header_end] = header[HEADER_AT : setup.header_end]
    struct.pack_into("<Q", page, RSDP_AT, request.rsdp)
    ranges = request.ranges[:MAP_ENTRIES]
    page[MAP_COUNT_AT] = len(ranges)
    rows = packed(ranges)
    page[MAP_AT : MAP_AT + len(rows)] = rows
    return bytes(page)
