# SPDX-License-Identifier: Apache-2.0
"""SCSI hard disk (ANSI SCSI-2, X3.131-1994, section 9; SBC-2): a raw image as a disk.

Without an image nobody answers at the target's address.

Omitted: disconnection, command queues, synchronous transfer, reservations by other
initiators, FORMAT UNIT's defect lists, 16-byte commands.
"""

from __future__ import annotations

from devicelib.scsi._pages import mode_sense
from devicelib.scsi._unit import (
    OUT_OF_RANGE,
    PROTECTED,
    WRITE_ERROR,
    WRONG_FIELD,
    Unit,
    number,
)
from machinebuilder.device import Param

BLOCK = 512
HEADS, SECTORS, ROTATION = 16, 63, 5400


class ScsiDisk(Unit):
    """A disk in a file of the host, which is locked while the machine exists."""

    default_for = "disk"
    serial = Param("string", doc="up to 20 characters; by default the device's name")

    PRODUCT = "DISK"
    COMMANDS = {
        0x00: "good", 0x01: "good", 0x0B: "good",           # ready, rezero, seek
        0x08: "read6", 0x0A: "write6", 0x28: "read10", 0x2A: "write10",
        0x15: "mode_select6", 0x55: "mode_select10",
        0x16: "good", 0x17: "good", 0x1B: "good", 0x1E: "good",  # reserve ... prevent
        0x1A: "mode_sense6", 0x5A: "mode_sense10",
        0x25: "read_capacity", 0x2B: "good", 0x2F: "verify", 0x35: "synchronize",
    }  # fmt: skip

    @property
    def blocks(self) -> int:
        """How many blocks there are."""
        assert self.disk is not None
        return (self.disk.size + BLOCK - 1) // BLOCK

    def serial_number(self) -> bytes:
        text = self.serial or self.name
        return str(text).encode("ascii", "replace")[:20]

    # -- blocks

    def read6(self, command: bytes) -> None:
        self._transfer(number(command[1:4]) & 0x1F_FFFF, command[4] or 256, sends=True)

    def write6(self, command: bytes) -> None:
        self._transfer(number(command[1:4]) & 0x1F_FFFF, command[4] or 256, sends=False)

    def read10(self, command: bytes) -> None:
        self._transfer(number(command[2:6]), number(command[7:9]), sends=True)

    def write10(self, command: bytes) -> None:
        self._transfer(number(command[2:6]), number(command[7:9]), sends=False)

    def _transfer(self, block: int, count: int, sends: bool) -> None:
        if block + count > self.blocks:
            self.fail(OUT_OF_RANGE)
        elif not sends and self.readonly:
            self.fail(PROTECTED)
        else:
            self.move(block * BLOCK, count * BLOCK, sends)

    def verify(self, command: bytes) -> None:
        if number(command[2:6]) + number(command[7:9]) > self.blocks:
            self.fail(OUT_OF_RANGE)
        elif command[1] & 0x02:
            self.take(number(command[7:9]) * BLOCK)

    def synchronize(self, command: bytes) -> None:
        assert self.disk is not None
        try:
            self.disk.flush()
        except OSError as error:
            self._broken(WRITE_ERROR, error)

    def read_capacity(self, command: bytes) -> None:
        last = min(self.blocks - 1, 0xFFFF_FFFF)
        self.answer(last.to_bytes(4, "big") + BLOCK.to_bytes(4, "big"), 8)

    # -- modes

    def mode_sense6(self, command: bytes) -> None:
        self._mode_sense(command, command[4])

    def mode_sense10(self, command: bytes) -> None:
        self._mode_sense(command, number(command[7:9]))

    def mode_select6(self, command: bytes) -> None:
        self.take(command[4])

    def mode_select10(self, command: bytes) -> None:
        self.take(number(command[7:9]))

    def _mode_sense(self, command: bytes, allowed: int) -> None:
        count = min(self.blocks, 0xFF_FFFF).to_bytes(3, "big")
        descriptor = b"\0" + count + BLOCK.to_bytes(4, "big")
        flags = 0x80 if self.readonly else 0
        data = mode_sense(command, self._pages(), flags, descriptor)
        if data is None:
            self.fail(WRONG_FIELD)
        else:
            self.answer(data, allowed)

    def _pages(self) -> dict[int, bytes]:
        """Format, geometry and cache: a write cache that SYNCHRONIZE CACHE empties."""
        cylinders = min(self.blocks // (HEADS * SECTORS), 0xFF_FFFF)
        form = bytearray(22)
        form[8:10] = SECTORS.to_bytes(2, "big")
        form[10:12] = BLOCK.to_bytes(2, "big")
        form[18] = 0x40
        geometry = bytearray(22)
        geometry[0:3] = cylinders.to_bytes(3, "big")
        geometry[3] = HEADS
        geometry[18:20] = ROTATION.to_bytes(2, "big")
        cache = bytearray(18)
        cache[0] = 0x04
        return {3: bytes(form), 4: bytes(geometry), 8: bytes(cache)}
