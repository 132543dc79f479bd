# SPDX-License-Identifier: Apache-2.0
"""Starting SeaBIOS, or other firmware for a PC, and kernels through it.

The image is put where the board has ROM that ends at 4 GiB or at 1 MiB: the processor
begins 16 bytes below 4 GiB. It asks the firmware configuration device for memory map,
tables and boot order (qemu/docs/specs/fw_cfg.rst; SeaBIOS's docs/Runtime_config.md). A
kernel is started by an option ROM of ours (guests/loader), which SeaBIOS runs first.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import TYPE_CHECKING

from machinebuilder.board.plan import Place, Plan
from machinebuilder.boot import BootError, Images, acpi, guest, read_image
from machinebuilder.boot.x86 import cmos, kernel, smbios
from machinebuilder.boot.x86.memory_map import MIB, packed, usable
from machinebuilder.boot.x86.modes import RAX, RBX
from machinebuilder.boot.x86.ports import Ports
from machinebuilder.boot.x86.room import Request, Room
from machinebuilder.boot.x86.start import MAP_ROWS, Start
from machinebuilder.device import registry
from machinebuilder.fetch import seabios

if TYPE_CHECKING:
    from machinebuilder.machine import Machine

UUID, RAM_SIZE, CPUS, BOOT_MENU, MAX_CPUS = 0x02, 0x03, 0x05, 0x0E, 0x0F
LARGEST = 16 * MIB
ENDS = (1 << 32, MIB)
LOADER, LOADER_FILE = "loader-x86.bin", "genroms/machinebuilder-loader.bin"
START_FILE = "opt/machinebuilder/start"
RESERVE = MIB
"""Firmware keeps less than this of the end of low memory for itself and the tables."""
Items = dict[int | str, bytes]
MENU = "menu"
DISPLAY = 0x03
"""A class of PCI functions."""
FAIL_WAIT_MS = 5_000
"""With nothing to boot SeaBIOS waits this long before it tries again."""


def rom_windows(plan: Plan) -> list[Place]:
    """Where the board has ROM for firmware."""
    return [
        place
        for device in plan.devices
        for place in device.places
        if place.bus == "mmio"
        and place.address + place.size in ENDS
        and registry.find(device.model).regions[place.region].memory == "rom"
    ]


def start(
    machine: Machine, path: Path, images: Images, request: Request | None
) -> None:
    """Put firmware in its ROM, and what it asks for in the configuration device."""
    windows = rom_windows(machine.plan)
    if not windows:
        raise BootError(f"firmware {path}: board {machine.plan.name} has no ROM for it")
    room = max(place.size for place in windows)
    image = read_image(path, "firmware", LARGEST)
    if len(image) > room:
        raise BootError(
            f"firmware {path}: {len(image)} bytes do not fit in the {room} bytes of ROM"
        )
    for place in windows:
        end = image[-place.size :]
        machine.memory.write(place.address + place.size - len(end), end)
    found = items(machine.plan, images.boot)
    if request is not None:
        found |= loader_items(machine.plan, request)
    for device in machine.devices.values():
        if device.chip.takes_items:
            device.configure(found)
    first = "" if images.boot == MENU else images.boot
    cmos.fill(Ports(machine), cmos.contents(machine.plan, first))


def items(plan: Plan, boot: str) -> Items:
    """What firmware is told, by number or by name."""
    ranges = usable(plan)
    cpus = len(plan.cpus).to_bytes(2, "little")
    size = sum(r.size for r in ranges if r.end <= 1 << 32)
    found: Items = {
        UUID: bytes(16),
        RAM_SIZE: size.to_bytes(8, "little"),
        CPUS: cpus,
        MAX_CPUS: cpus,
        BOOT_MENU: int(boot == MENU).to_bytes(2, "little"),
        "etc/e820": packed(ranges),
        "etc/boot-fail-wait": FAIL_WAIT_MS.to_bytes(4, "little"),
    }
    found.update(display_roms(plan))
    found.update(acpi.build(plan).files())
    found.update(smbios.build(plan).files())
    return found


def display_roms(plan: Plan) -> Items:
    """The BIOS of displays whose board names none, by the name SeaBIOS looks for."""
    path = seabios.installed(seabios.DISPLAY_IMAGE)
    bare = (d for d in plan.devices if d.params.get("rom", "") is None)
    functions = (registry.find(device.model).pci for device in bare)
    return {
        f"pci{function.vendor:04x},{function.device:04x}.rom": path.read_bytes()
        for function in functions
        if path and function and function.class_code >> 16 == DISPLAY
    }


def loader_items(plan: Plan, request: Request) -> Items:
    """The option ROM that starts a kernel, and what it loads."""
    room = Room(usable(plan), RESERVE)
    rom = guest.image(LOADER).read_bytes()
    return {
        LOADER_FILE: rom,
        START_FILE: packed_start(kernel.prepare(request, room)),
        "bootorder": f"/rom@{LOADER_FILE}\0".encode(),
    }


def packed_start(start: Start) -> bytes:
    """What the option ROM reads: a header, rows for the pieces, and their bytes.

    The header (48 bytes): how many pieces there are, entry, eax, ebx; the memory map's
    address, skip, room and the address and unit of its count; where the RSDP goes;
    whether the entry is in real mode. A row: address and size.
    """
    late, registers = start.late, start.entry.registers
    header = struct.pack(
        "<12I", len(start.pieces), start.entry.address,
        registers.get(RAX, 0), registers.get(RBX, 0),
        late.map, late.skip, MAP_ROWS, late.count, late.unit, late.rsdp,
        int(start.real), 0,
    )  # fmt: skip
    rows = (struct.pack("<II", p.address, len(p.data)) for p in start.pieces)
    return header + b"".join(rows) + b"".join(piece.data for piece in start.pieces)
