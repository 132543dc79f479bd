# SPDX-License-Identifier: Apache-2.0
"""Resource descriptors: what a device decodes and drives (ACPI 6.4, section 6.4).

Each function gives one descriptor; `template` joins them to the value of a `_CRS`.
"""

from __future__ import annotations

import struct

from machinebuilder.boot.acpi import aml

MEMORY, IO, BUS_NUMBERS = 0, 1, 2


def template(*descriptors: bytes) -> bytes:
    """`ResourceTemplate() {...}`; the checksum of zero means that there is none."""
    return aml.buffer(b"".join(descriptors) + b"\x79\x00")


def irq(*numbers: int) -> bytes:
    """`IRQNoFlags() {numbers}`: edge-triggered, active high (6.4.2.1)."""
    mask = sum(1 << number for number in numbers)
    return b"\x22" + struct.pack("<H", mask)


def dma(*channels: int) -> bytes:
    """`DMA(Compatibility, NotBusMaster, Transfer8, ) {channels}` (6.4.2.2)."""
    return b"\x2a" + bytes([sum(1 << channel for channel in channels), 0])


def io(address: int, size: int, align: int = 1) -> bytes:
    """`IO(Decode16, address, address, align, size)` (6.4.2.5)."""
    return b"\x47\x01" + struct.pack("<HHBB", address, address, align, size)


def memory32(address: int, size: int) -> bytes:
    """`Memory32Fixed(ReadWrite, address, size)` (6.4.3.4)."""
    return b"\x86" + struct.pack("<HBII", 9, 1, address, size)


def interrupts(*numbers: int, shared: bool = False) -> bytes:
    """`Interrupt(ResourceConsumer, Level, ActiveHigh, ...) {numbers}` (6.4.3.6)."""
    flags = 1 | shared << 3
    rows = struct.pack(f"<{len(numbers)}I", *numbers)
    head = struct.pack("<HBB", 2 + len(rows), flags, len(numbers))
    return b"\x89" + head + rows


def _range(tag: int, form: str, kind: int, details: int, start: int, end: int) -> bytes:
    """A range that a bridge passes on: fixed at both ends (6.4.3.5)."""
    numbers = (0, start, end, 0, end - start + 1)
    general = 0x0C  # minimum and maximum fixed; producer; positive decode
    body = struct.pack("<BBB5" + form, kind, general, details, *numbers)
    return bytes([tag]) + struct.pack("<H", len(body)) + body


def bus_numbers(first: int, last: int) -> bytes:
    """`WordBusNumber(...)`."""
    return _range(0x88, "H", BUS_NUMBERS, 0, first, last)


def io_range(first: int, last: int) -> bytes:
    """`WordIO(...)`, of the whole range."""
    return _range(0x88, "H", IO, 3, first, last)


def memory_range(first: int, last: int, cacheable: bool = False) -> bytes:
    """`DWordMemory(...)` or, above 4 GiB, `QWordMemory(...)`; read and write."""
    tag, form = (0x87, "I") if last < 1 << 32 else (0x8A, "Q")
    return _range(tag, form, MEMORY, 1 | (1 if cacheable else 0) << 1, first, last)
