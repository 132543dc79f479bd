# SPDX-License-Identifier: Apache-2.0
"""Putting tables where a guest finds them: in memory, or in the hands of firmware.

Tables refer to each other by address and have checksums over that, so both are made
when the place is known: by `placed`, or by firmware that follows `loader_script`
("etc/table-loader": commands of 128 bytes, as SeaBIOS and OVMF know them).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

TABLES_FILE, ROOT_FILE = "etc/acpi/tables", "etc/acpi/rsdp"
HIGH_ZONE, F_SEGMENT_ZONE = 1, 2
ALLOCATE, ADD_POINTER, ADD_CHECKSUM = 1, 2, 3
FACS_ALIGN = 64


@dataclass(frozen=True)
class Pointer:
    """At `offset`, `size` bytes hold the address of what is at `target`."""

    offset: int
    size: int
    target: int


@dataclass(frozen=True)
class Checksum:
    """The byte at `offset` makes the `length` bytes from `start` on sum to zero."""

    offset: int
    start: int
    length: int


@dataclass
class Block:
    """Bytes that are moved as a whole, and what depends on where they are."""

    data: bytearray = field(default_factory=bytearray)
    pointers: list[Pointer] = field(default_factory=list)
    checksums: list[Checksum] = field(default_factory=list)

    def point(self, offset: int, size: int, target: int) -> None:
        """Bytes at `offset` are an address. Until that is known they hold the target's
        offset, to which firmware adds where it begins."""
        self.pointers.append(Pointer(offset, size, target))
        self.data[offset : offset + size] = target.to_bytes(size, "little")

    def placed(self, targets: int) -> bytes:
        """The bytes where what is pointed at begins at address `targets`."""
        data = bytearray(self.data)
        for pointer in self.pointers:
            end = pointer.offset + pointer.size
            address = targets + pointer.target
            data[pointer.offset : end] = address.to_bytes(pointer.size, "little")
        for check in self.checksums:
            data[check.offset] = 0
            part = data[check.start : check.start + check.length]
            data[check.offset] = -sum(part) & 0xFF
        return bytes(data)


class Tables:
    """A set of tables with its root (RSDP, XSDT and RSDT)."""

    def __init__(self) -> None:
        self.block = Block()
        self.root = Block()
        self.places: dict[str, tuple[int, int]] = {}
        """Offset and length of each table, by signature; the first of several."""

    def add(self, table: bytes, align: int = 8) -> int:
        """Append a table; gives its offset. All but FACS have a checksum at 9."""
        data = self.block.data
        data.extend(bytes(-len(data) % align))
        offset = len(data)
        data.extend(table)
        signature = table[:4].decode("ascii")
        self.places.setdefault(signature, (offset, len(table)))
        if signature != "FACS":
            self.block.checksums.append(Checksum(offset + 9, offset, len(table)))
        return offset

    def point(self, offset: int, size: int, target: int) -> None:
        """Bytes at `offset` are to hold the address of the table at `target`."""
        self.block.point(offset, size, target)

    @property
    def size(self) -> int:
        """Bytes that the tables take, without the RSDP."""
        return len(self.block.data)

    def placed(self, address: int) -> bytes:
        """All tables but the RSDP, for `address`."""
        return self.block.placed(address)

    def root_placed(self, address: int) -> bytes:
        """The RSDP, where the tables are at `address`; it may lie anywhere."""
        return self.root.placed(address)

    def each(self, address: int = 0) -> dict[str, bytes]:
        """The tables one by one, as they are at `address`."""
        whole = self.placed(address)
        found = {
            name: whole[at : at + size] for name, (at, size) in self.places.items()
        }
        return {**found, "RSDP": self.root_placed(address)}

    def files(self) -> dict[str, bytes]:
        """What firmware reads: tables, RSDP, and the script that joins them."""
        return {
            TABLES_FILE: bytes(self.block.data),
            ROOT_FILE: bytes(self.root.data),
            "etc/table-loader": self.loader_script(),
        }

    def loader_script(self) -> bytes:
        """Allocate both files, add addresses, add checksums."""
        rows = [
            _row(ALLOCATE, TABLES_FILE, struct.pack("<IB", FACS_ALIGN, HIGH_ZONE)),
            _row(ALLOCATE, ROOT_FILE, struct.pack("<IB", 16, F_SEGMENT_ZONE)),
        ]
        for file, block in ((TABLES_FILE, self.block), (ROOT_FILE, self.root)):
            for p in block.pointers:
                where = _file(TABLES_FILE) + struct.pack("<IB", p.offset, p.size)
                rows.append(_row(ADD_POINTER, file, where))
            for c in block.checksums:
                part = struct.pack("<III", c.offset, c.start, c.length)
                rows.append(_row(ADD_CHECKSUM, file, part))
        return b"".join(rows)


def _file(name: str) -> bytes:
    return name.encode().ljust(56, b"\0")


def _row(command: int, file: str, operands: bytes) -> bytes:
    return (struct.pack("<I", command) + _file(file) + operands).ljust(128, b"\0")
