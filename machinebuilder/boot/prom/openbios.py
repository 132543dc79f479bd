"""Starting OpenBIOS on a sun4m board, and kernels through it.

OpenBIOS is put in the board's PROM, where the CPU begins after reset. It asks the
firmware configuration device (qemu/docs/specs/fw_cfg.rst) what machine this is and what
to boot. A kernel (ELF, linked at 0xf0000000, or raw for 0x4000) and an initial RAM disk
lie in RAM already; the disk's place is noted in the kernel's own header ("HdrS",
linux/arch/sparc/kernel/head_32.S).

The image is `--firmware`, what `mb fetch openbios-sparc` got, or an installed one.
Without any, and nothing else to boot, the built-in monitor comes up.

Omitted: a.out kernels, saving OpenBIOS's variables from one run to the next.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from machinebuilder.board.describe import rows_by_bus
from machinebuilder.board.plan import Place
from machinebuilder.boot import BootError, Images, elf, guest, read_image
from machinebuilder.boot.memory import Ram, main_ram
from machinebuilder.device import Param
from machinebuilder.fetch import openbios_sparc

if TYPE_CHECKING:
    from machinebuilder.machine import Machine

PARAMS = {
    "machine": Param("integer", 32, "the number by which OpenBIOS knows the machine"),
    "console": Param(
        "choice", "serial", "what OpenBIOS talks through", choices=("serial", "screen")
    ),
}

EM_SPARC = 2
MIB = 1 << 20
PAGE = 0x1000
KERNEL_BASE = 0xF000_0000
"""Kernels are linked here and loaded at the beginning of RAM."""
RAW_KERNEL = 0x4000
"""Where a kernel begins, before that is its own page for traps."""
LOWEST_INITRD = 8 * MIB
MAP_TEXT = MIB
"""Where the monitor finds the memory map."""
OUT_0 = 8
"""The number of the register %o0."""
HEADER, HEADER_WITHIN = b"HdrS", 64 * PAGE
IMAGE_FIELD = 16
"""Offset of the RAM disk's address and size in the kernel's header."""

UUID, RAM_SIZE, NO_GRAPHIC, CPUS, MACHINE = 0x02, 0x03, 0x04, 0x05, 0x06
KERNEL_ADDRESS, KERNEL_SIZE, COMMAND_LINE = 0x07, 0x08, 0x09
INITRD_ADDRESS, INITRD_SIZE, BOOT_DEVICE, MAX_CPUS = 0x0A, 0x0B, 0x0C, 0x0F
COMMAND_LINE_SIZE, COMMAND_LINE_DATA = 0x14, 0x15
SCREEN_DEPTH, SCREEN_WIDTH, SCREEN_HEIGHT = 0x8000, 0x8001, 0x8002


@dataclass(frozen=True)
class Loaded:
    """Where things are in RAM; sizes are zero where there are none."""

    kernel: int = 0
    kernel_size: int = 0
    initrd: int = 0
    initrd_size: int = 0
    command_line: int = 0


def prepare(machine: Machine, images: Images) -> None:
    """Put the images in place; called after reset."""
    ram = main_ram(machine.plan)
    place = prom(machine)
    path = images.firmware or openbios_sparc.installed()
    if path is None and images.kernel is None:
        _start_monitor(machine, ram)
        return
    if path is None:
        raise BootError(
            "a kernel needs OpenBIOS on this board, and it is not installed; "
            f"get it with `{openbios_sparc.COMMAND}`, or give --firmware FILE"
        )
    _load_firmware(machine, path, place)
    loaded = _load_kernel(machine, images, ram)
    for device in machine.devices.values():
        if device.chip.takes_items:
            device.configure(items(machine, images, ram, loaded))


def prom(machine: Machine) -> Place:
    """The board's ROM for firmware: the first one there is."""
    for device in machine.plan.devices:
        if "image" in device.params and device.places:
            return device.places[0]
    raise BootError(f"board {machine.plan.name}: it has no ROM to hold the firmware")


def items(
    machine: Machine, images: Images, ram: Ram, loaded: Loaded
) -> dict[int | str, bytes]:
    """What OpenBIOS is told; numbers are little-endian."""
    boot = machine.plan.boot
    params = boot.params if boot else {}
    line = images.append.encode()
    words = {
        NO_GRAPHIC: (2, int(params.get("console") != "screen")),
        CPUS: (2, len(machine.cpus)),
        MAX_CPUS: (2, len(machine.cpus)),
        MACHINE: (2, int(str(params.get("machine", 32)))),
        BOOT_DEVICE: (2, ord("c")),
        RAM_SIZE: (8, ram.size),
        KERNEL_ADDRESS: (4, loaded.kernel),
        KERNEL_SIZE: (4, loaded.kernel_size),
        INITRD_ADDRESS: (4, loaded.initrd),
        INITRD_SIZE: (4, loaded.initrd_size),
        COMMAND_LINE: (4, loaded.command_line if line else 0),
        COMMAND_LINE_SIZE: (4, len(line) + 1 if line else 0),
        SCREEN_DEPTH: (2, 8),
        SCREEN_WIDTH: (2, 1024),
        SCREEN_HEIGHT: (2, 768),
    }
    numbers: dict[int | str, bytes] = {
        key: value.to_bytes(size, "little") for key, (size, value) in words.items()
    }
    return {UUID: bytes(16), COMMAND_LINE_DATA: line + b"\0", **numbers}


def _load_firmware(machine: Machine, path: Path, place: Place) -> None:
    """An ELF image as it is linked, from the PROM's beginning; or raw bytes."""
    image = read_image(path, "firmware", 16 * MIB)
    if not elf.is_elf(image):
        parts = [(0, image)]
    else:
        parsed = _parse("firmware", path, image)
        first = min(segment.virtual for segment in parsed.segments)
        parts = [(part.virtual - first, part.data) for part in parsed.segments]
    for offset, data in parts:
        if offset + len(data) > place.size:
            raise BootError(
                f"firmware {path}: it does not fit in the {place.size} bytes of PROM"
            )
        machine.memory.write(place.address + offset, data)


def _parse(what: str, path: Path, image: bytes) -> elf.Elf:
    try:
        parsed = elf.parse(image)
    except elf.ElfError as error:
        raise BootError(f"{what} {path}: {error}") from None
    if parsed.machine != EM_SPARC or parsed.bits != 32 or not parsed.big_endian:
        raise BootError(
            f"{what} {path}: an ELF file for another processor (e_machine "
            f"{parsed.machine}); this board wants 32-bit SPARC"
        )
    return parsed


def _load_kernel(machine: Machine, images: Images, ram: Ram) -> Loaded:
    """Kernel, RAM disk and command line."""
    if images.kernel is None:
        if images.initrd is not None:
            raise BootError(
                "--initrd: there is no kernel to use it; give --kernel FILE"
            )
        return _load_command_line(machine, images, Loaded(), ram.start + LOWEST_INITRD)
    kernel = read_image(images.kernel, "kernel", ram.size)
    end = ram.start
    for offset, data in _kernel_parts(images.kernel, kernel):
        if offset + len(data) > ram.size:
            raise BootError(
                f"kernel {images.kernel}: {offset + len(data)} bytes do not fit in the "
                f"{ram.size} bytes of RAM; give the board more (-o ram=...)"
            )
        machine.memory.write(ram.start + offset, data)
        end = max(end, ram.start + offset + len(data))
    place = max(ram.start + LOWEST_INITRD, -(-(end + MIB) // MIB) * MIB)
    initrd = _load_initrd(machine, images, ram, place)
    start = ram.start + RAW_KERNEL
    loaded = Loaded(start, end - start, place if initrd else 0, initrd)
    if initrd:
        _note_initrd(machine, images.kernel, start, loaded)
    return _load_command_line(machine, images, loaded, place)


def _kernel_parts(path: Path, kernel: bytes) -> list[tuple[int, bytes]]:
    """Bytes by their offset from the beginning of RAM."""
    if not elf.is_elf(kernel):
        return [(RAW_KERNEL, kernel)]
    parts = []
    for segment in _parse("kernel", path, kernel).segments:
        offset = segment.virtual - KERNEL_BASE
        if offset < 0:
            raise BootError(
                f"kernel {path}: it is linked at {segment.virtual:#x}; kernels for "
                f"this board are linked at {KERNEL_BASE:#x}"
            )
        parts.append((offset, segment.data + bytes(segment.size - len(segment.data))))
    return parts


def _load_initrd(machine: Machine, images: Images, ram: Ram, place: int) -> int:
    """The RAM disk; gives its size."""
    if images.initrd is None:
        return 0
    data = read_image(images.initrd, "initrd", max(ram.start + ram.size - place, 0))
    machine.memory.write(place, data)
    return len(data)


def _note_initrd(machine: Machine, path: Path, start: int, loaded: Loaded) -> None:
    """Tell the kernel where its RAM disk is, in its header."""
    head = machine.memory.read(start, min(HEADER_WITHIN, loaded.kernel_size))
    at = head.find(HEADER)
    if at < 0:
        raise BootError(f"kernel {path}: it has no header to say where the initrd is")
    field = struct.pack(">II", loaded.initrd, loaded.initrd_size)
    machine.memory.write(start + at + IMAGE_FIELD, field)


def _load_command_line(
    machine: Machine, images: Images, loaded: Loaded, below: int
) -> Loaded:
    line = images.append.encode() + b"\0"
    if len(line) > PAGE:
        raise BootError(
            f"--append: {len(line)} bytes are too long; {PAGE} are possible"
        )
    address = below - PAGE
    machine.memory.write(address, line)
    return Loaded(
        loaded.kernel, loaded.kernel_size, loaded.initrd, loaded.initrd_size, address
    )


def _start_monitor(machine: Machine, ram: Ram) -> None:
    """The monitor runs in RAM with the MMU off; %o0 is the memory map, as text."""
    if not machine.logged:
        machine.log(
            "prom", "OpenBIOS is not installed, here is the built-in monitor; "
            f"`{openbios_sparc.COMMAND}` gets it",
        )  # fmt: skip
    image = read_image(guest.image("monitor-sparc.bin"), "monitor", ram.size)
    rows = rows_by_bus(machine.plan).get("mmio", [])
    lines = (
        f"  0x{at:08x}-0x{at + size - 1:08x}  {name}\n" for at, size, name, _ in rows
    )
    machine.memory.write(ram.start + RAW_KERNEL, image)
    machine.memory.write(ram.start + MAP_TEXT, "".join(lines).encode() + b"\0")
    cpu = machine.cpus[0]
    cpu.set("mmu_control", 0)
    cpu.set("r", ram.start + MAP_TEXT, OUT_0)
    cpu.start_at(ram.start + RAW_KERNEL)
