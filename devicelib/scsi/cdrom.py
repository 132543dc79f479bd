# SPDX-License-Identifier: Apache-2.0
"""SCSI CD-ROM drive (ANSI SCSI-2, X3.131-1994, section 14; MMC-2): an ISO image as a
disc of one data track, in 2048-byte blocks.

Without an image nobody answers at the target's address.

A last block that is not whole is left out.

Omitted: audio, several sessions, 512-byte blocks, raw sectors, changing the disc.
"""

from __future__ import annotations

from devicelib.scsi._pages import mode_sense
from devicelib.scsi._unit import OUT_OF_RANGE, PROTECTED, WRONG_FIELD, Unit, number

BLOCK = 2048
LEAD_OUT = 0xAA
DATA_TRACK = 0x14
FRAMES, SECONDS, PREGAP = 75, 60, 150
SPEED = 4 * 176
"""In kB/s, as mode pages tell it."""
PROFILES = bytes([0x00, 0x08, 0x01, 0x00])
"""Feature: the drive reads CD-ROMs, one is in."""


class ScsiCdrom(Unit):
    """A disc that is in a file of the host."""

    host = "cdrom"
    default_for = "cdrom"

    TYPE = 5
    REMOVABLE = True
    PRODUCT = "CD-ROM"
    COMMANDS = {
        0x00: "good", 0x01: "good", 0x0B: "good", 0x1B: "good", 0x1E: "good",
        0x08: "read6", 0x28: "read10", 0xA8: "read12",
        0x0A: "protected", 0x2A: "protected",
        0x15: "mode_select6", 0x55: "mode_select10",
        0x1A: "mode_sense6", 0x5A: "mode_sense10",
        0x25: "read_capacity", 0x43: "read_toc", 0x4A: "events",
        0x46: "configuration", 0x51: "disc_information",
    }  # fmt: skip

    @property
    def blocks(self) -> int:
        """How many blocks there are."""
        assert self.disk is not None
        return max(self.disk.size // BLOCK, 1)

    # -- blocks

    def read6(self, command: bytes) -> None:
        self._transfer(number(command[1:4]) & 0x1F_FFFF, command[4] or 256)

    def read10(self, command: bytes) -> None:
        self._transfer(number(command[2:6]), number(command[7:9]))

    def read12(self, command: bytes) -> None:
        self._transfer(number(command[2:6]), number(command[6:10]))

    def _transfer(self, block: int, count: int) -> None:
        if block + count > self.blocks:
            self.fail(OUT_OF_RANGE)
        else:
            self.move(block * BLOCK, count * BLOCK, sends=True)

    def protected(self, command: bytes) -> None:
        self.fail(PROTECTED)

    def read_capacity(self, command: bytes) -> None:
        self.answer((self.blocks - 1).to_bytes(4, "big") + BLOCK.to_bytes(4, "big"), 8)

    # -- the disc

    def read_toc(self, command: bytes) -> None:
        """Table of contents: track 1 and the lead-out; or the one session."""
        in_time, form = command[1] & 2, command[2] & 0x0F or command[9] >> 6
        first, allowed = command[6], number(command[7:9])
        if form > 1 or (form == 0 and first not in (0, 1, LEAD_OUT)):
            self.fail(WRONG_FIELD)
            return
        tracks = [] if form == 0 and first == LEAD_OUT else [(1, 0)]
        tracks += [(LEAD_OUT, self.blocks)] if form == 0 else []
        entries = b"".join(
            bytes([0, DATA_TRACK, track, 0]) + _place(block, bool(in_time))
            for track, block in tracks
        )
        self.answer((len(entries) + 2).to_bytes(2, "big") + b"\1\1" + entries, allowed)

    def events(self, command: bytes) -> None:
        """GET EVENT STATUS NOTIFICATION: the disc is in, nothing happened."""
        if not command[1] & 1:
            self.fail(WRONG_FIELD)
        elif command[4] & 0x10:
            self.answer(bytes([0, 6, 4, 0x10, 0, 2, 0, 0]), number(command[7:9]))
        else:
            self.answer(bytes([0, 2, 0x80, 0x10]), number(command[7:9]))

    def configuration(self, command: bytes) -> None:
        """GET CONFIGURATION: the profile list alone."""
        feature = bytes([0, 0, 3, len(PROFILES)]) + PROFILES
        header = (len(feature) + 4).to_bytes(4, "big") + bytes([0, 0, 0, 8])
        self.answer(header + feature, number(command[7:9]))

    def disc_information(self, command: bytes) -> None:
        """READ DISC INFORMATION: finished, one session of one track."""
        data = bytes([0, 32, 0x0E, 1, 1, 1, 1]) + bytes(27)
        self.answer(data, number(command[7:9]))

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
        capabilities = bytearray(20)
        capabilities[4] = 0x29
        capabilities[6:8] = capabilities[12:14] = SPEED.to_bytes(2, "big")
        pages = {0x01: bytes(6), 0x2A: bytes(capabilities)}
        data = mode_sense(command, pages, 0, b"")
        if data is None:
            self.fail(WRONG_FIELD)
        else:
            self.answer(data, allowed)


def _place(block: int, in_time: bool) -> bytes:
    """A block's address: a number, or minutes, seconds and frames."""
    if not in_time:
        return block.to_bytes(4, "big")
    frames = block + PREGAP
    minutes = min(frames // FRAMES // SECONDS, 255)
    return bytes([0, minutes, frames // FRAMES % SECONDS, frames % FRAMES])
