# SPDX-License-Identifier: Apache-2.0
"""The MP table (Intel MultiProcessor Specification 1.4, chapter 4): processors, I/O
APIC and interrupts, for kernels without ACPI, made of the same rows as ACPI's MADT.

A kernel that looks for one and finds none searches the whole BIOS area, which takes
some of them a good part of their start.

Omitted: compatibility bus addresses, buses behind bridges; processors say that they
have an APIC and floating point, and leave the rest to CPUID.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from machinebuilder.board.plan import Plan
from machinebuilder.boot.acpi.build import survey
from machinebuilder.boot.x86.pci_setup import Router
from machinebuilder.device import registry
from machinebuilder.device.pci import PINS

LOCAL_APIC, IO_APIC, OVERRIDE = 0, 1, 2
"""Rows of the MADT that are taken over."""
PROCESSOR, BUS, APIC, INTERRUPT, LOCAL_INTERRUPT = range(5)
INT, NMI, EXT_INT = 0, 1, 3
ENABLED, BOOT = 1, 2
APIC_VERSION, IO_APIC_VERSION = 0x14, 0x20
HAS_FPU_AND_APIC = 0x201
LEVEL_HIGH = 0x0D
PCI_BUS, ISA_BUS = 0, 1
ISA_LINES, CASCADE = 16, 2
EVERY_APIC = 0xFF


@dataclass(frozen=True)
class Controllers:
    """What the MADT says, by kind."""

    local_apics: int
    cpus: tuple[int, ...]
    io_apic: int
    """Its address."""
    pins: dict[int, int]
    """Of ISA lines that come to another pin."""
    levels: frozenset[int]
    """ISA lines that are level-triggered."""

    @property
    def io_apic_id(self) -> int:
        """One that no processor has."""
        return max(self.cpus) + 1


def build(plan: Plan) -> bytes | None:
    """The configuration table; None: there is no I/O APIC."""
    found = controllers(plan)
    if found is None:
        return None
    entries = [*_processors(found), *_buses(), _io_apic(found)]
    entries += [*_isa_interrupts(found), *_pci_interrupts(plan, found)]
    entries += [
        struct.pack("<BBHBBBB", LOCAL_INTERRUPT, EXT_INT, 0, ISA_BUS, 0, EVERY_APIC, 0),
        struct.pack("<BBHBBBB", LOCAL_INTERRUPT, NMI, 0, ISA_BUS, 0, EVERY_APIC, 1),
    ]
    body = b"".join(entries)
    head = struct.pack(
        "<4sHBB8s12sIHHIHBB", b"PCMP", 44 + len(body), 4, 0, b"MB      ",
        plan.name.encode()[:12].ljust(12), 0, 0, len(entries), found.local_apics,
        0, 0, 0,
    )  # fmt: skip
    return _summed(head + body, 7)


def pointer(where: int) -> bytes:
    """The floating pointer to a table at `where`: 16 bytes, at a multiple of 16."""
    return _summed(struct.pack("<4sIBBBB4s", b"_MP_", where, 1, 4, 0, 0, b""), 10)


def controllers(plan: Plan) -> Controllers | None:
    """The rows of the MADT; None without a processor or an I/O APIC."""
    view = survey(plan)
    rows = view.interrupt_rows
    cpus = tuple(row[3] for row in rows if row[0] == LOCAL_APIC)
    places = [struct.unpack_from("<I", row, 4)[0] for row in rows if row[0] == IO_APIC]
    if not cpus or not places:
        return None
    moved = [struct.unpack_from("<BIH", row, 3) for row in rows if row[0] == OVERRIDE]
    return Controllers(
        view.local_apics, cpus, places[0],
        {line: pin for line, pin, _ in moved},
        frozenset(line for line, _, flags in moved if flags == LEVEL_HIGH),
    )  # fmt: skip


def _processors(found: Controllers) -> Iterator[bytes]:
    for number in found.cpus:
        flags = ENABLED | (BOOT if number == found.cpus[0] else 0)
        yield struct.pack(
            "<BBBBIIII",
            PROCESSOR,
            number,
            APIC_VERSION,
            flags,
            0,
            HAS_FPU_AND_APIC,
            0,
            0,
        )


def _buses() -> Iterator[bytes]:
    for number, name in ((PCI_BUS, b"PCI   "), (ISA_BUS, b"ISA   ")):
        yield struct.pack("<BB6s", BUS, number, name)


def _io_apic(found: Controllers) -> bytes:
    number = found.io_apic_id
    return struct.pack("<BBBBI", APIC, number, IO_APIC_VERSION, ENABLED, found.io_apic)


def _interrupt(
    found: Controllers, flags: int, bus: int, source: int, pin: int
) -> bytes:
    to = found.io_apic_id
    return struct.pack("<BBHBBBB", INTERRUPT, INT, flags, bus, source, to, pin)


def _isa_interrupts(found: Controllers) -> Iterator[bytes]:
    for line in range(ISA_LINES):
        if line != CASCADE:
            flags = LEVEL_HIGH if line in found.levels else 0
            yield _interrupt(found, flags, ISA_BUS, line, found.pins.get(line, line))


def _pci_interrupts(plan: Plan, found: Controllers) -> Iterator[bytes]:
    """Of a device, its slot and the number of its pin say the source (table 4-11)."""
    router = Router(plan)
    for device in plan.devices:
        declared: Any = registry.find(device.model)
        if declared.pci is None or device.slot is None:
            continue
        line = router.line(device)
        pins = (n for n, pin in enumerate(PINS) if pin in declared.outs)
        if line is not None:
            source = device.slot.keys["slot"] << 2 | next(pins)
            pin = found.pins.get(line, line)
            yield _interrupt(found, LEVEL_HIGH, PCI_BUS, source, pin)


def _summed(table: bytes, at: int) -> bytes:
    """With the byte at `at` such that all bytes add up to 0."""
    return table[:at] + bytes([-sum(table) & 0xFF]) + table[at + 1 :]
