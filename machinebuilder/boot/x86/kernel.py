# SPDX-License-Identifier: Apache-2.0
"""Kernels by their kind: which one a file is, and how it is started."""

from __future__ import annotations

from machinebuilder.boot import BootError, elf
from machinebuilder.boot.x86 import bzimage, multiboot, multiboot2, pvh
from machinebuilder.boot.x86.room import Request, Room
from machinebuilder.boot.x86.start import Start

EM_386, EM_X86_64 = 3, 62
TAKEN = (
    "taken are a Linux bzImage, an ELF kernel with a PVH note (Linux: CONFIG_PVH), and "
    "multiboot kernels"
)
SIGNS = {
    b"MZ": (0, "a DOS or EFI program"),
    b"\x1f\x8b": (0, "gzip-compressed data"),
    b"\xfd7zXZ": (0, "xz-compressed data"),
    b"\x28\xb5\x2f\xfd": (0, "zstd-compressed data"),
    b"070701": (0, "a cpio archive, as for --initrd"),
    b"\x27\x05\x19\x56": (0, "a U-Boot image"),
    b"CD001": (0x8001, "a CD image, as for --disk FILE,cdrom"),
    b"\x55\xaa": (510, "a disk image or boot sector, as for --disk"),
}
"""What a file may be instead, by bytes at an offset."""


def prepare(request: Request, room: Room) -> Start:
    """Everything for a start; BootError says what a file is that cannot be started."""
    if bzimage.recognises(request.kernel):
        return bzimage.prepare(request, room)
    if elf.is_elf(request.kernel):
        image = parse(request)
        entry = pvh.entry_point(image)
        if entry is not None:
            return pvh.prepare(request, room, image, entry)
    first = multiboot.find(request.kernel)
    if first is not None:
        return multiboot.prepare(request, room, first)
    second = multiboot2.find(request.kernel)
    if second is not None:
        return multiboot2.prepare(request, room, second)
    raise BootError(f"{request.what}: {_what_it_is(request.kernel)}; {TAKEN}")


def parse(request: Request) -> elf.Elf:
    """An executable for x86; BootError if it is for something else."""
    try:
        image = elf.parse(request.kernel)
    except elf.ElfError as error:
        raise BootError(f"{request.what}: {error}") from None
    if image.machine not in (EM_386, EM_X86_64) or image.big_endian:
        raise BootError(
            f"{request.what}: an ELF file for another processor (e_machine "
            f"{image.machine}); this board wants x86"
        )
    return image


def _what_it_is(image: bytes) -> str:
    if elf.is_elf(image):
        return "an ELF file without a PVH note or a multiboot header"
    for sign, (offset, name) in SIGNS.items():
        if image[offset : offset + len(sign)] == sign:
            return f"{name}, not a kernel"
    return "no kind of kernel that is known here"
