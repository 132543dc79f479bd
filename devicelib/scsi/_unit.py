# SPDX-License-Identifier: Apache-2.0
"""What SCSI targets have in common: how a controller talks to them, and the commands of
all device types (ANSI SCSI-2, X3.131-1994, section 8; SPC-3).

A controller calls `begin` with a command, moves `left` bytes in the direction of
`sends` by `read` or `write`, and takes `status`.
"""

from __future__ import annotations

from collections.abc import Callable

from machinebuilder.device import Device, Param, State

GOOD, CHECK_CONDITION = 0x00, 0x02

Sense = tuple[int, int, int]
"""Sense key, additional code and qualifier."""

NO_SENSE: Sense = (0x0, 0x00, 0x00)
NOT_PRESENT: Sense = (0x2, 0x3A, 0x00)
MEDIUM_ERROR: Sense = (0x3, 0x11, 0x00)
WRITE_ERROR: Sense = (0x3, 0x0C, 0x00)
UNKNOWN_COMMAND: Sense = (0x5, 0x20, 0x00)
OUT_OF_RANGE: Sense = (0x5, 0x21, 0x00)
WRONG_FIELD: Sense = (0x5, 0x24, 0x00)
NO_SUCH_UNIT: Sense = (0x5, 0x25, 0x00)
WAS_RESET: Sense = (0x6, 0x29, 0x00)
PROTECTED: Sense = (0x7, 0x27, 0x00)

INQUIRY, REQUEST_SENSE, REPORT_LUNS = 0x12, 0x03, 0xA0
VENDOR = "MB"
REVISION = "1.0"


class Unit(Device):
    """A target with one logical unit; where it has no image, nobody answers."""

    sits_on = "scsi"
    host = "disk"

    image = Param("path", doc="raw image")
    readonly = Param("boolean", default=False, doc="the guest cannot write")
    snapshot = Param("boolean", default=False, doc="writes are gone when mb ends")

    sends = State(False, doc="the direction of the transfer")
    left = State(0, doc="bytes that are still to be moved")
    status = State(GOOD)
    reply = State(b"", doc="what is left to send, unless it is on the disk")
    position = State(0, doc="the next byte on the disk")
    on_disk = State(False, doc="the transfer is with the disk")
    sense = State(list(NO_SENSE).copy)
    attention = State(False, doc="a reset has not been reported yet")

    TYPE = 0
    REMOVABLE = False
    PRODUCT = ""
    COMMANDS: dict[int, str] = {}
    """Names of the methods for operation codes of this type of device."""

    def power_on(self) -> None:
        self.attention = True

    # -- what the controller calls

    @property
    def present(self) -> bool:
        """Does the target answer to its address?"""
        return self.disk is not None and self.disk.size > 0

    def bus_reset(self) -> None:
        """The bus's reset line."""
        self.left = 0
        self.attention = True

    def begin(self, unit: int, command: bytes) -> None:
        """A command for one of the target's logical units."""
        self.left, self.status, self.on_disk, self.reply = 0, GOOD, False, b""
        operation = command[0]
        if operation == REQUEST_SENSE:
            self._request_sense(command, unit)
            return
        self.sense = list(NO_SENSE)
        if operation == INQUIRY:
            self._inquiry(command, unit)
        elif unit:
            self.fail(NO_SUCH_UNIT)
        elif operation == REPORT_LUNS:
            self.answer(bytes([0, 0, 0, 8]) + bytes(12), number(command[6:10]))
        elif self.attention:
            self.attention = False
            self.fail(WAS_RESET)
        else:
            self._own(operation)(command)

    def read(self, size: int) -> bytes:
        """The next `size` bytes for the controller; it may have no more than `left`."""
        self.left -= size
        if not self.on_disk:
            data, self.reply = self.reply[:size], self.reply[size:]
            return data.ljust(size, b"\0")
        assert self.disk is not None
        try:
            data = self.disk.read(self.position, size)
        except OSError as error:
            self._broken(MEDIUM_ERROR, error)
            return bytes(size)
        self.position += size
        return data

    def write(self, data: bytes) -> None:
        """The next bytes from the controller."""
        self.left -= len(data)
        if not self.on_disk:
            return
        assert self.disk is not None
        try:
            self.disk.write(self.position, data)
        except OSError as error:
            self._broken(WRITE_ERROR, error)
        self.position += len(data)

    # -- how commands end

    def answer(self, data: bytes, allowed: int) -> None:
        """Send bytes, as many as the command allows."""
        self.reply = data[:allowed]
        self.left = len(self.reply)
        self.sends = True

    def take(self, size: int) -> None:
        """Take bytes that mean nothing to this device."""
        self.left = size
        self.sends = False

    def move(self, position: int, size: int, sends: bool) -> None:
        """Transfer bytes of the disk."""
        self.position, self.left, self.sends, self.on_disk = position, size, sends, True

    def fail(self, sense: Sense) -> None:
        """Check condition; the reason is kept for REQUEST SENSE."""
        self.left = 0
        self.status = CHECK_CONDITION
        self.sense = list(sense)

    def good(self, command: bytes) -> None:
        """Commands that have nothing to do."""

    def _broken(self, sense: Sense, error: OSError) -> None:
        self.log(f"the host's disk: {error.strerror or error}")
        self.fail(sense)

    # -- commands of all types

    def _own(self, operation: int) -> Callable[[bytes], None]:
        name = self.COMMANDS.get(operation)
        if name is None:
            return lambda command: self.fail(UNKNOWN_COMMAND)
        method: Callable[[bytes], None] = getattr(self, name)
        return method

    def _request_sense(self, command: bytes, unit: int) -> None:
        key, code, qualifier = NO_SUCH_UNIT if unit else self.sense
        data = bytes([0x70, 0, key, 0, 0, 0, 0, 10, 0, 0, 0, 0, code, qualifier])
        self.sense = list(NO_SENSE)
        self.answer(data + bytes(4), command[4])

    def _inquiry(self, command: bytes, unit: int) -> None:
        allowed = number(command[3:5])
        if command[1] & 1:
            self._vital_data(command[2], allowed)
            return
        if command[2]:
            self.fail(WRONG_FIELD)
            return
        kind = 0x7F if unit else self.TYPE
        removable = 0x80 if self.REMOVABLE else 0
        text = VENDOR.ljust(8) + self.PRODUCT.ljust(16) + REVISION.ljust(4)
        data = bytes([kind, removable, 5, 2, 31, 0, 0, 0])
        self.answer(data + text.encode("ascii"), allowed)

    def _vital_data(self, page: int, allowed: int) -> None:
        """Pages of vital product data: which there are, and the serial number."""
        pages = {0x00: bytes([0x00, 0x80]), 0x80: self.serial_number()}
        if page not in pages:
            self.fail(WRONG_FIELD)
            return
        data = pages[page]
        self.answer(bytes([self.TYPE, page, 0, len(data)]) + data, allowed)

    def serial_number(self) -> bytes:
        """Up to 20 characters."""
        return self.name.encode("ascii", "replace")[:20]


def number(data: bytes) -> int:
    """A number in a command, which is big-endian."""
    return int.from_bytes(data, "big")
