"""Starting a 32-bit ARM kernel (Linux, Documentation/arch/arm/booting.rst).

The CPU starts in SVC mode with the MMU off, r0 = 0, r1 = all ones (no machine number),
r2 = the device tree's address. Takes a zImage, a raw image meant for the 32 KiB offset,
or an ELF file, which is loaded where it says. Firmware instead of a kernel starts where
the board's reset vector is. With neither, the built-in monitor comes up.

Omitted: ATAGs, kernels appended to a device tree, big-endian kernels.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from machinebuilder.board.plan import Plan
from machinebuilder.boot import BootError, Images, devicetree, elf, guest, read_image
from machinebuilder.boot.entropy import entropy
from machinebuilder.boot.memory import Ram, main_ram

if TYPE_CHECKING:
    from machinebuilder.machine import Machine

PARAMS = {"devicetree": "generate", "compatible": "the root node's compatible string"}

ZIMAGE_MAGIC = 0x016F_2818
TEXT_OFFSET = 0x8000
EM_ARM = 40
MIB = 1 << 20
LOW_MEMORY = 512 * MIB
"""The kernel maps this much at once on any configuration: initrd and tree go below."""


@dataclass(frozen=True)
class Layout:
    """Where things go: physical addresses; `limit` is the end of usable low memory."""

    kernel: int
    tree: int
    initrd: int
    limit: int


def layout(ram: Ram, kernel_size: int) -> Layout:
    """Places for a compressed kernel, its tree and its initrd in `ram`.

    The kernel unpacks itself to the start of RAM and grows about fourfold; placed above
    that, it need not move itself out of the way first.
    """
    limit = ram.start + min(ram.size, LOW_MEMORY)
    room = max(32 * MIB, _round_up(kernel_size * 5, 2 * MIB))
    if ram.start + room + kernel_size + 4 * MIB > limit:
        room = _round_up(kernel_size // 2, MIB)
    kernel = ram.start + room
    tree = _round_up(kernel + kernel_size + 64 * 1024, 2 * MIB)
    return Layout(kernel, tree, tree + 2 * MIB, limit)


def prepare(machine: Machine, images: Images) -> None:
    """Put the images in memory and the boot CPU at their start; called after reset."""
    if images.firmware is not None:
        _load_firmware(machine, images)
        return
    ram = main_ram(machine.plan)
    path = images.kernel or guest.image("monitor-arm.bin")
    kernel = read_image(path, "kernel", ram.size)
    where = layout(ram, len(kernel))
    entry = _load_kernel(machine, path, kernel, ram, where)
    initrd = _load_initrd(machine, images, where)
    tree = _tree(machine.plan, images, initrd)
    machine.memory.write(where.tree, tree)
    cpu = machine.cpus[0]
    for register, value in enumerate((0, 0xFFFF_FFFF, where.tree)):
        cpu.set("r", value, register)
    cpu.start_at(entry)


def _load_kernel(
    machine: Machine, path: Path, kernel: bytes, ram: Ram, where: Layout
) -> int:
    """Load the kernel by its kind; gives the entry point."""
    if elf.is_elf(kernel):
        return _load_elf(machine, path, kernel)
    if is_zimage(kernel):
        start, end = struct.unpack_from("<II", kernel, 0x28)
        if end - start > len(kernel):
            raise BootError(
                f"kernel {path}: a zImage of {end - start} bytes, cut short at "
                f"{len(kernel)}; copy it again"
            )
        machine.memory.write(where.kernel, kernel)
        return where.kernel
    machine.memory.write(ram.start + TEXT_OFFSET, kernel)
    return ram.start + TEXT_OFFSET


def is_zimage(kernel: bytes) -> bool:
    """Does it carry the zImage magic number (at 0x24, little-endian)?"""
    return (
        len(kernel) > 0x30 and struct.unpack_from("<I", kernel, 0x24)[0] == ZIMAGE_MAGIC
    )


def _load_elf(machine: Machine, path: Path, kernel: bytes) -> int:
    try:
        image = elf.parse(kernel)
    except elf.ElfError as error:
        raise BootError(f"kernel {path}: {error}") from None
    if image.machine != EM_ARM or image.bits != 32 or image.big_endian:
        raise BootError(
            f"kernel {path}: an ELF file for another processor (e_machine "
            f"{image.machine}); this board wants 32-bit little-endian ARM"
        )
    for segment in image.segments:
        data = segment.data + bytes(segment.size - len(segment.data))
        try:
            machine.memory.write(segment.address, data)
        except ValueError:
            raise BootError(
                f"kernel {path}: its segment at {segment.address:#x} "
                f"({segment.size} bytes) is outside the board's RAM; `mb map` shows it"
            ) from None
    return image.physical_entry


def _load_initrd(
    machine: Machine, images: Images, where: Layout
) -> tuple[int, int] | None:
    if images.initrd is None:
        return None
    data = read_image(images.initrd, "initrd", where.limit - where.initrd)
    machine.memory.write(where.initrd, data)
    return where.initrd, where.initrd + len(data)


def _load_firmware(machine: Machine, images: Images) -> None:
    assert images.firmware is not None
    flash = next((d for d in machine.plan.devices if "image" in d.params), None)
    if flash is None or not flash.places:
        raise BootError("--firmware: this board has no flash or ROM to hold it")
    place = flash.places[0]
    data = read_image(images.firmware, "firmware", place.size)
    machine.memory.write(place.address, data)
    machine.cpus[0].start_at(place.address)


def _tree(plan: Plan, images: Images, initrd: tuple[int, int] | None) -> bytes:
    """The user's own device tree or the board's, with what was asked for in /chosen."""
    if images.dtb is not None:
        data = read_image(images.dtb, "device tree", 2 * MIB)
        try:
            return devicetree.choose(data, images.append, initrd)
        except devicetree.TreeError as error:
            raise BootError(f"--dtb {images.dtb}: {error}") from None
    root = devicetree.build(plan)
    chosen = root.child("chosen")
    chosen["bootargs"] = images.append
    chosen["rng-seed"] = entropy(plan, 32)
    if initrd is not None:
        chosen["linux,initrd-start"] = devicetree.cells(initrd[0])
        chosen["linux,initrd-end"] = devicetree.cells(initrd[1])
    return devicetree.blob(root)


def _round_up(value: int, step: int) -> int:
    return -(-value // step) * step
