# SPDX-License-Identifier: Apache-2.0
"""SMBIOS tables: what dmidecode shows of a board (DMTF DSP0134 2.8).

Omitted: slots, ports, caches, on-board devices, asset tags.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from machinebuilder.board.plan import Plan
from machinebuilder.boot.x86.memory_map import MIB, usable

MAKER = "machinebuilder"
BIOS_SEGMENT = 0xE800
BIOS, SYSTEM, ENCLOSURE, PROCESSOR = 0x000, 0x100, 0x300, 0x400
ARRAY, DIMM, MAPPED, STATUS, END = 0x1000, 0x1100, 0x1300, 0x2000, 0x7F00
"""Handles: the type of a structure, and the number of the first in the low byte."""
NONE, UNKNOWN, OTHER = 0xFFFE, 2, 1
LARGEST_IN_MIB = 0x7FFF
ENTRY_SIZE = 31


@dataclass(frozen=True)
class Smbios:
    """The structures, and how many there are and the size of the largest."""

    structures: bytes
    count: int
    largest: int

    def entry(self, address: int) -> bytes:
        """The entry point, for structures at `address`."""
        inner = bytearray(
            struct.pack(
                "<5sBHIHB", b"_DMI_", 0, len(self.structures), address, self.count, 0x28
            )
        )
        inner[5] = -sum(inner) & 0xFF
        head = struct.pack(
            "<4sBBBBHB5s", b"_SM_", 0, ENTRY_SIZE, 2, 8, self.largest, 0, b""
        )
        outer = bytearray(head + inner)
        outer[4] = -sum(outer) & 0xFF
        return bytes(outer)

    def files(self) -> dict[str, bytes]:
        """What firmware reads; it sets the address itself."""
        return {
            "etc/smbios/smbios-tables": self.structures,
            "etc/smbios/smbios-anchor": self.entry(0),
        }


def build(plan: Plan) -> Smbios:
    """The structures of a board."""
    size = sum(r.size for r in usable(plan)) + 384 * 1024
    rows = [
        _bios(),
        _system(plan),
        _enclosure(),
        *(_processor(cpu.index, cpu.model) for cpu in plan.cpus),
        _array(size),
        _dimm(size),
        *_mapped(plan),
        _structure(32, STATUS, bytes(7)),
        _structure(127, END, b""),
    ]
    largest = max(len(row) for row in rows)
    return Smbios(b"".join(rows), len(rows), largest)


def _structure(kind: int, handle: int, body: bytes, *texts: str) -> bytes:
    """A header, the formatted part, and the texts, which are numbered from 1."""
    head = struct.pack("<BBH", kind, 4 + len(body), handle)
    strings = b"".join(text.encode("ascii", "replace") + b"\0" for text in texts)
    return head + body + (strings or b"\0") + b"\0"


def _bios() -> bytes:
    no_characteristics, has_acpi, virtual_machine = 1 << 3, 1, 0x14
    body = struct.pack(
        "<BBHBBQBBBBBB", 1, 2, BIOS_SEGMENT, 3, 0, no_characteristics,
        has_acpi, virtual_machine, 0, 0, 0xFF, 0xFF,
    )  # fmt: skip
    return _structure(0, BIOS, body, MAKER, "1", "01/01/2026")


def _system(plan: Plan) -> bytes:
    power_switch = 6
    body = struct.pack("<BBBB16sBBB", 1, 2, 3, 0, bytes(16), power_switch, 0, 4)
    texts = (MAKER, plan.summary[:64] or plan.name, "1", plan.name)
    return _structure(1, SYSTEM, body, *texts)


def _enclosure() -> bytes:
    safe = 3
    body = struct.pack("<BBBBBBBBBI5x", 1, OTHER, 0, 0, 0, safe, safe, safe, UNKNOWN, 0)
    return _structure(3, ENCLOSURE, body, MAKER)


def _processor(index: int, model: str) -> bytes:
    central, enabled, other = 3, 0x41, 1
    body = struct.pack(
        "<BBBB8sBBHHHBBHHHBBBBBBHH", 1, central, OTHER, 2, bytes(8), 3, 0, 0, 0, 0,
        enabled, other, 0xFFFF, 0xFFFF, 0xFFFF, 0, 0, 0, 1, 1, 1, 1 << 2, OTHER,
    )  # fmt: skip
    return _structure(4, PROCESSOR + index, body, f"CPU {index}", MAKER, model)


def _array(size: int) -> bytes:
    system_memory, multi_bit = 3, 6
    kib, extended = (size >> 10, 0) if size >> 10 < 1 << 31 else (1 << 31, size)
    body = struct.pack(
        "<BBBIHHQ", OTHER, system_memory, multi_bit, kib, NONE, 1, extended
    )
    return _structure(16, ARRAY, body)


def _dimm(size: int) -> bytes:
    dimm, ram = 9, 7
    mib = size // MIB
    short, extended = (mib, 0) if mib < LARGEST_IN_MIB else (LARGEST_IN_MIB, mib)
    body = struct.pack(
        "<HHHHHBBBBBHHBBBBIHHHH", ARRAY, NONE, 0xFFFF, 0xFFFF, short, dimm, 0, 1, 0,
        ram, OTHER << 1, 0, 2, 0, 0, 0, extended, 0, 0, 0, 0,
    )  # fmt: skip
    return _structure(17, DIMM, body, "DIMM 0", MAKER)


def _mapped(plan: Plan) -> list[bytes]:
    """Where memory is: up to 640 KiB and what follows are one range."""
    found = []
    for number, (start, end) in enumerate(_ranges(plan)):
        narrow = end <= 1 << 42
        kib = (start >> 10, (end - 1) >> 10) if narrow else (0xFFFF_FFFF,) * 2
        wide = (0, 0) if narrow else (start, end - 1)
        body = struct.pack("<IIHBQQ", *kib, ARRAY, 1, *wide)
        found.append(_structure(19, MAPPED + number, body))
    return found


def _ranges(plan: Plan) -> list[tuple[int, int]]:
    ends = [(r.start, r.end) for r in usable(plan)]
    if len(ends) > 1 and ends[0][0] == 0 and ends[1][0] == MIB:
        return [(0, ends[1][1]), *ends[2:]]
    return ends
