# SPDX-License-Identifier: Apache-2.0
"""Starting a kernel without firmware: memory, chips, tables as a BIOS leaves them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from machinebuilder.board.plan import Plan
from machinebuilder.boot import acpi
from machinebuilder.boot.x86 import cmos, kernel, modes, mptable, pci_setup, smbios
from machinebuilder.boot.x86.memory_map import (
    ACPI_TABLES,
    BIOS,
    EBDA,
    RESERVED,
    Range,
    high_end,
    usable,
    with_reserved,
)
from machinebuilder.boot.x86.ports import Ports
from machinebuilder.boot.x86.room import TABLES, Request, Room
from machinebuilder.device import registry

if TYPE_CHECKING:
    from machinebuilder.machine import Machine

KIB = 1 << 10
ACPI_STEP = 64 * KIB
EBDA_POINTER, BASE_MEMORY = 0x40E, 0x413
"""The BIOS data area: the segment of the extended one, KiB of memory below it."""
SMBIOS_ENTRY, SMBIOS_TABLES = BIOS + 0x40, BIOS + 0x100
MP_POINTER, MP_TABLE = EBDA + 0x100, BIOS + 0x8000
"""Kernels look for the pointer in the extended BIOS data area first."""


@dataclass(frozen=True)
class World:
    """What a kernel is told of the board, and the bytes that tell it."""

    ranges: tuple[Range, ...]
    reserve: int
    """Bytes at the end of low memory, which are the tables'."""
    rsdp: int
    root: bytes
    writes: tuple[tuple[int, bytes], ...]


def world(plan: Plan, with_acpi: bool) -> World:
    """The memory map, and the tables where they go."""
    free = usable(plan)
    tables = acpi.build(plan) if with_acpi else None
    reserve = -(-tables.size // ACPI_STEP) * ACPI_STEP if tables else 0
    where = high_end(plan) - reserve
    taken = [Range(EBDA, KIB, RESERVED), Range(BIOS, 64 * KIB, RESERVED)]
    bios = has_bios_area(plan)
    writes = [
        (EBDA_POINTER, (EBDA >> 4).to_bytes(2, "little")),
        (BASE_MEMORY, (EBDA // KIB).to_bytes(2, "little")),
    ]
    rsdp, root = (BIOS if bios else EBDA), b""
    if tables:
        taken.append(Range(where, reserve, ACPI_TABLES))
        root = tables.root_placed(where)
        writes += [(where, tables.placed(where)), (rsdp, root)]
    if bios:
        told = smbios.build(plan)
        writes.append((SMBIOS_ENTRY, told.entry(SMBIOS_TABLES)))
        writes.append((SMBIOS_TABLES, told.structures))
        writes += _multiprocessor(plan)
    ranges = tuple(with_reserved(free, taken))
    return World(ranges, reserve, rsdp if tables else 0, root, tuple(writes))


def _multiprocessor(plan: Plan) -> list[tuple[int, bytes]]:
    """The MP table and what points to it."""
    table = mptable.build(plan)
    if table is None:
        return []
    return [(MP_POINTER, mptable.pointer(MP_TABLE)), (MP_TABLE, table)]


def has_bios_area(plan: Plan) -> bool:
    """Is there memory, of whatever kind, where a BIOS would be?"""
    for device in plan.devices:
        regions = registry.find(device.model).regions
        for place in device.places:
            region = regions[place.region]
            here = range(place.address, place.address + place.size)
            if place.bus == "mmio" and BIOS in here and not region.over:
                return region.memory is not None
    return False


def start(machine: Machine, request: Request, told: World) -> None:
    """Load everything, and put the boot processor at the kernel's entry."""
    room = Room(told.ranges, told.reserve)
    ready = kernel.prepare(request, room)
    gdt, pages = TABLES, TABLES + modes.PAGE
    writes = [
        (gdt, modes.descriptor_table(ready.entry.long)),
        *((piece.address, piece.data) for piece in ready.pieces),
        *told.writes,
    ]
    if ready.entry.long:
        writes.append((pages, modes.page_tables(pages)))
    for address, data in writes:
        machine.memory.write(address, data)
    cmos.fill(Ports(machine), cmos.contents(machine.plan))
    pci_setup.set_up(machine)
    modes.enter(machine.cpus[0], ready.entry, gdt, pages)
