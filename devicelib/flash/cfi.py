# SPDX-License-Identifier: Apache-2.0
"""NOR flash with the Common Flash Interface and the Intel command set (JEDEC JESD68.01,
JEP137; Intel 28F320J5 data sheet): what Linux's cfi_cmdset_0001, U-Boot and EDK2 drive.

A bank of equal chips side by side that get the same commands: two 16-bit chips on a
32-bit bus by default. Erasing and programming take no time. CPUs read and run from the
contents directly; only while a command is under way do reads come here.

Omitted: suspending, the protection registers, lock-down; snapshots do not hold the
contents. Contents are lost with the machine unless `save` is set.
"""

from __future__ import annotations

import mmap
from pathlib import Path
from typing import Any

from machinebuilder.device import Device, Param, Region, State

READ_ARRAY, READ_ID, QUERY, READ_STATUS, CLEAR_STATUS = 0xFF, 0x90, 0x98, 0x70, 0x50
PROGRAM, PROGRAM_OLD, PROGRAM_BUFFER = 0x40, 0x10, 0xE8
ERASE, LOCK, CONFIRM = 0x20, 0x60, 0xD0

READY, ERASE_ERROR, PROGRAM_ERROR = 0x80, 0x20, 0x10
BAD_SEQUENCE = ERASE_ERROR | PROGRAM_ERROR
MAKER, PART = 0x89, 0x18
BUFFER_LOG = 11
ERASED = b"\xff"


class CfiFlash(Device):
    """A bank of flash chips, with an image in it or erased."""

    compatible = ("cfi-flash",)
    dt_name = "flash"

    window = Region(None, name="", memory="flash", doc="the whole bank")

    image = Param("path", doc="what is in it at first")
    save = Param("boolean", default=False, doc="write changes back to the image")
    width = Param("integer", default=4, min=1, max=4, doc="bytes across the bank")
    chip_width = Param("integer", default=2, min=1, max=4, doc="bytes across one chip")
    block = Param("size", default=256 << 10, doc="what is erased at once, of the bank")

    mode = State(READ_ARRAY, doc="what reads give: the command that chose it")
    pending = State(0, doc="a command that waits for its second write, or 0")
    status = State(READY, doc="the status register")
    left = State(0, doc="bytes that a buffered program still takes")
    buffer = State(list, doc="offset and data of a buffered program")

    def __init__(self) -> None:
        self.contents: mmap.mmap | None = None
        self.loaded = False

    def power_on(self) -> None:
        if not self.loaded and self.image:
            with Path(self.image).open("rb") as file:
                self.fill(0, file.read(self.window.size))
        self.loaded = True
        self.read_array()

    def close(self) -> None:
        self.window.hide()

    # -- contents; memory is taken from the host when there is something in it

    def fill(self, offset: int, data: bytes) -> None:
        if self.contents is None:
            self.contents = mmap.mmap(-1, self.window.size)
            for start in range(0, self.window.size, 1 << 20):
                end = min(start + (1 << 20), self.window.size)
                self.contents[start:end] = ERASED * (end - start)
        self.contents[offset : offset + len(data)] = data

    def part(self, offset: int, size: int) -> bytes:
        """Contents, erased where nothing was written."""
        if self.contents is None:
            return ERASED * size
        return self.contents[offset : offset + size]

    def change(self, offset: int, data: bytes) -> None:
        """Contents changed by the guest: also in the image, if that is to be."""
        self.fill(offset, data)
        if self.save and self.image:
            with Path(self.image).open("r+b") as file:
                file.seek(offset)
                file.write(data)

    def read_array(self) -> None:
        self.mode = READ_ARRAY
        self.pending = 0
        if self.contents is not None:
            self.window.show(self.contents)

    # -- reads

    @window.read
    def answer(self, offset: int, size: int) -> int:
        if self.mode == READ_ARRAY:
            return int.from_bytes(self.part(offset, size), "little")
        if self.mode == QUERY:
            byte = self.query_table().get(offset // self.width, 0)
        elif self.mode == READ_ID:
            word = offset % self.block // self.width
            byte = {0: MAKER, 1: PART}.get(word, 0)
        else:
            byte = self.status
        lanes = self.on_every_chip(byte) >> 8 * (offset % self.width)
        return lanes & (1 << 8 * size) - 1

    def on_every_chip(self, byte: int) -> int:
        chips = range(0, max(self.width, 8), self.chip_width)
        return sum(byte << 8 * lane for lane in chips)

    def query_table(self) -> dict[int, int]:
        """The CFI query structure of one chip, by word."""
        chips = max(self.width // self.chip_width, 1)
        size_log = (self.window.size // chips).bit_length() - 1
        blocks = self.window.size // self.block - 1
        unit = self.block // chips // 256
        table = bytearray(0x40)
        table[0x10:0x17] = b"QRY\x01\x00\x31\x00"
        table[0x1B:0x27] = bytes((0x45, 0x55, 0, 0, 7, 7, 10, 0, 4, 4, 4, 0))
        table[0x27:0x2D] = bytes((size_log, 2, 0, BUFFER_LOG, 0, 1))
        table[0x2D:0x31] = blocks.to_bytes(2, "little") + unit.to_bytes(2, "little")
        table[0x31:0x36] = b"PRI10"
        return dict(enumerate(table))

    # -- writes: commands, and the data they wait for

    @window.write
    def command(self, offset: int, value: int, size: int) -> None:
        byte = value & 0xFF
        if self.left:
            self.take_buffer(offset, value, size)
        elif self.pending:
            waiting, self.pending = self.pending, 0
            self.finish(waiting, offset, value, size)
        elif byte == READ_ARRAY:
            self.read_array()
        else:
            self.begin(byte, offset)

    def begin(self, byte: int, offset: int) -> None:
        """The first write of a command."""
        self.window.hide()
        if byte in (READ_ID, QUERY, READ_STATUS):
            self.mode = byte
        elif byte == CLEAR_STATUS:
            self.status = READY
        elif byte in (PROGRAM, PROGRAM_OLD, ERASE, LOCK, PROGRAM_BUFFER):
            self.mode, self.pending = READ_STATUS, byte
        elif byte not in (CONFIRM, 0, 0xF0):
            self.log(f"unknown command {byte:#x} at {offset:#x}")
            self.read_array()

    def finish(self, waiting: int, offset: int, value: int, size: int) -> None:
        """The second write of a command."""
        if waiting in (PROGRAM, PROGRAM_OLD):
            self.program(offset, value.to_bytes(size, "little"))
        elif waiting == PROGRAM_BUFFER and not self.buffer:
            words = (value & 0xFFFF if self.chip_width > 1 else value & 0xFF) + 1
            if words * self.chip_width > 1 << BUFFER_LOG:
                self.status |= BAD_SEQUENCE
            else:
                self.left = words * self.width
        elif waiting == PROGRAM_BUFFER:
            self.write_buffer(value & 0xFF)
        elif value & 0xFF == CONFIRM and waiting == ERASE:
            start = offset - offset % self.block
            self.change(start, ERASED * min(self.block, self.window.size - start))
        elif waiting == ERASE:
            self.status |= BAD_SEQUENCE

    def program(self, offset: int, data: bytes) -> None:
        """Programming can only clear bits."""
        old = self.part(offset, len(data))
        self.change(offset, bytes(a & b for a, b in zip(old, data, strict=True)))

    def take_buffer(self, offset: int, value: int, size: int) -> None:
        self.buffer.append((offset, value.to_bytes(size, "little")))
        self.left = max(self.left - size, 0)
        if not self.left:
            self.pending = PROGRAM_BUFFER

    def write_buffer(self, byte: int) -> None:
        if byte == CONFIRM:
            for offset, data in self.buffer:
                self.program(offset, data)
        else:
            self.status |= BAD_SEQUENCE
        self.buffer.clear()

    @classmethod
    def devicetree(cls, node: Any, view: Any) -> None:
        node["bank-width"] = view.device.params["width"]
