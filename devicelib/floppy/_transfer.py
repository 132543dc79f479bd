# SPDX-License-Identifier: Apache-2.0
"""The execution phase of the floppy controller: commands that move data of a diskette,
sector by sector, through a DMA channel or, without DMA, through the data port.

What a command has in hand is one sector of 512 bytes, or the four bytes that say what
to format; after each the next one is looked for, until the DMA controller's terminal
count, or the last sector that the command names (data sheet, section 5.2).
"""

from __future__ import annotations

from typing import Any

from devicelib.floppy._format import SECTOR, Format, format_of
from machinebuilder.device import Device, State

COMMAND, EXECUTION, RESULT = "command", "execution", "result"
ABNORMAL, SEEK_END = 0x40, 0x20
"""Status 0."""
END_OF_CYLINDER, DATA_ERROR, NO_DATA, PROTECTED, NO_ADDRESS_MARK = (
    0x80, 0x20, 0x04, 0x02, 0x01,
)  # fmt: skip
"""Status 1."""
DELETED_MARK, DATA_ERROR_IN_DATA, WRONG_CYLINDER = 0x40, 0x20, 0x10
"""Status 2."""
MULTI_TRACK, MFM = 0x80, 0x40
"""In a command byte."""
WHOLE_SECTORS = 2
"""The size code of 512 bytes."""
DMA_GATE = 0x08
"""Digital output register."""
NO_DMA = 1
"""SPECIFY's last bit."""
RATE = 3
LAST_CYLINDER = 84

Trouble = tuple[int, int]
"""Status 1 and 2 of what went wrong."""


class Transfers(Device):
    """The diskette in drive 0, and the command that moves its data."""

    digital_output: Any
    specified: Any
    rate: Any
    readonly: Any

    phase = State(COMMAND, doc="what the data port is for")
    fifo = State(bytearray, doc="bytes of a command, or of its result")
    interrupt = State(0, doc="the line's level, if it may")
    resets_to_sense = State(0, doc="drives whose change of state no one asked for yet")
    cylinder = State(0, doc="where the heads of drive 0 are", kept=True)
    passing = State(0, doc="the sector that READ ID saw last")

    kind = State("", doc="of the command: read, write, format or verify")
    drive = State(0)
    head = State(0, doc="the head in use")
    place = State(lambda: [0, 0, 1, WHOLE_SECTORS], doc="cylinder, head, sector, size")
    last = State(0, doc="the last sector of a track")
    left = State(0, doc="sectors to format or verify")
    multi_track = State(0, doc="head 1 follows head 0")
    single = State(0, doc="end after one sector: its mark is not the one asked for")
    fill_byte = State(0, doc="what a formatted sector holds")
    sought = State(0, doc="the command began with a seek")
    buffer = State(bytearray, doc="the sector, or as much of it as there is")
    position = State(0, doc="bytes of it that were read")

    # -- the diskette

    @property
    def format(self) -> Format | None:
        """Of the diskette in the selected drive; None: there is none."""
        if self.drive != 0 or self.disk is None:
            return None
        return format_of(self.disk.size)

    def trouble_with_track(self, command: int) -> Trouble | None:
        """Why nothing can be read where the heads are."""
        found = self.format
        if found is None or not command & MFM or self.rate not in found.rates:
            return NO_ADDRESS_MARK, 0
        if self.cylinder >= found.tracks or self.head >= found.heads:
            return NO_ADDRESS_MARK, 0
        return None

    def trouble_with_sector(self) -> Trouble | None:
        """Why the sector at `place` is not under the heads."""
        cylinder, head, sector, size = self.place
        found = self.format
        if found is None or self.head >= found.heads:
            return NO_ADDRESS_MARK, 0
        if cylinder != self.cylinder:
            return NO_DATA, WRONG_CYLINDER
        if head != self.head or size != WHOLE_SECTORS:
            return NO_DATA, 0
        return None if 1 <= sector <= found.sectors else (NO_DATA, 0)

    @property
    def offset(self) -> int:
        """Where the sector is in the image."""
        assert self.format is not None
        return self.format.offset(self.cylinder, self.head, self.place[2])

    # -- a command begins

    def begin(self, kind: str, first: int | None = None, single: bool = False) -> None:
        """READ DATA and its like: nine bytes (section 5.1)."""
        command, select, *place, last, _, length = self.fifo
        if first is not None:
            command, place[2] = command & ~MULTI_TRACK, first
        self.kind, self.place, self.last = kind, place, last
        self.multi_track, self.single = command & MULTI_TRACK, int(single)
        self.left = length if kind == "verify" and select & 0x80 else 0
        self.start(command, self.trouble_with_track(command))

    def begin_format(self) -> None:
        """FORMAT TRACK: the size, how many sectors, the gap, the filler."""
        command, _, size, count, _, filler = self.fifo
        self.kind, self.left, self.fill_byte = "format", count, filler
        self.place = [self.cylinder, self.head, 1, size]
        trouble = self.trouble_with_track(command)
        if trouble is None and (size != WHOLE_SECTORS or count == 0):
            trouble = (NO_DATA, 0)
        self.start(command, trouble)

    def start(self, command: int, trouble: Trouble | None) -> None:
        """Go into the execution phase, if nothing is wrong."""
        if trouble is None and self.kind in ("write", "format") and self.readonly:
            trouble = (PROTECTED, 0)
        if trouble is not None:
            self.end(ABNORMAL, *trouble)
            return
        self.phase, self.fifo = EXECUTION, bytearray()
        if self.kind == "verify":
            self.verify()
        elif self.find():
            self.move()

    def verify(self) -> None:
        """Look at sectors without moving their data."""
        count = self.left
        while (trouble := self.trouble_with_sector()) is None:
            count -= 1
            if not self.advance() or count == 0:
                self.end(0)
                return
        self.end(ABNORMAL, *trouble)

    # -- sector by sector

    @property
    def without_dma(self) -> bool:
        return bool(self.specified[1] & NO_DMA)

    @property
    def piece(self) -> int:
        """Bytes that are moved at a time."""
        return 4 if self.kind == "format" else SECTOR

    def find(self) -> bool:
        """Have the next sector under the heads, and read it if it is to be read."""
        self.buffer, self.position = bytearray(), 0
        trouble = None if self.kind == "format" else self.trouble_with_sector()
        if trouble is None and self.kind == "read":
            trouble = self.read_sector()
        if trouble is not None:
            self.end(ABNORMAL, *trouble)
        return trouble is None

    def move(self) -> None:
        """Ask for the bytes of this sector to be moved."""
        if self.without_dma:
            self.interrupt = 1
        elif self.parent is not None:
            self.parent.channel(self).request(True)
            self.dma_ready()

    def dma_ready(self) -> None:
        """The DMA channel may transfer."""
        if self.without_dma or self.parent is None:
            return
        channel = self.parent.channel(self)
        moved = 1
        while moved and self.phase == EXECUTION and self.digital_output & DMA_GATE:
            if self.kind == "read":
                moved, ended = channel.store(bytes(self.buffer[self.position :]))
                self.position += moved
            else:
                data, ended = channel.fetch(self.piece - len(self.buffer))
                moved = len(data)
                self.buffer += data
            self.moved(ended)

    def give(self) -> int:
        """A byte to the data port."""
        byte = int(self.buffer[self.position])
        self.position += 1
        self.interrupt = 0
        self.moved(False)
        return byte

    def take(self, byte: int) -> None:
        """A byte from the data port."""
        self.buffer.append(byte)
        self.interrupt = 0
        self.moved(False)

    def moved(self, ended: bool) -> None:
        """Bytes were moved, the last of all if it ended: is the sector complete?"""
        count = self.position if self.kind == "read" else len(self.buffer)
        if count == self.piece or (ended and count):
            self.finish_sector(ended)

    def finish_sector(self, ended: bool) -> None:
        trouble = self.write_sector() if self.kind != "read" else None
        if trouble is not None:
            self.end(ABNORMAL, *trouble)
            return
        more = self.advance()
        if self.single:
            self.end(0, 0, DELETED_MARK)
        elif ended or (not more and self.kind == "format"):
            self.end(0)
        elif not more:
            self.end(ABNORMAL, END_OF_CYLINDER)
        elif self.find() and self.without_dma:
            self.interrupt = 1

    def advance(self) -> bool:
        """Go on to the next sector; False: the command names no more (table 5-10)."""
        if self.kind == "format":
            left = int(self.left) - 1
            self.left = left
            return left > 0
        if self.place[2] != self.last:
            self.place[2] = self.place[2] + 1 & 0xFF
            return True
        cylinder, head, _, size = self.place
        if self.multi_track and self.head == 0:
            self.head = 1
            self.place = [cylinder, head ^ 1, 1, size]
            return True
        head ^= 1 if self.multi_track else 0
        self.place = [cylinder + 1 & 0xFF, head, 1, size]
        return False

    # -- the image

    def read_sector(self) -> Trouble | None:
        assert self.disk is not None
        try:
            self.buffer = bytearray(self.disk.read(self.offset, SECTOR))
        except OSError as error:
            return self.broken(error)
        return None

    def write_sector(self) -> Trouble | None:
        """What is in the buffer: data, or the address of a sector to format."""
        data = bytes(self.buffer).ljust(SECTOR, b"\0")
        if self.kind == "format":
            self.place = list(self.buffer[:4].ljust(4, b"\0"))
            data = bytes((self.fill_byte,)) * SECTOR
        trouble = self.trouble_with_sector()
        if trouble is not None:
            return trouble
        assert self.disk is not None
        try:
            self.disk.write(self.offset, data)
        except OSError as error:
            return self.broken(error)
        return None

    def broken(self, error: OSError) -> Trouble:
        self.log(f"the image: {error.strerror or error}")
        return DATA_ERROR, DATA_ERROR_IN_DATA

    # -- a command ends

    def end(self, code: int, status1: int = 0, status2: int = 0) -> None:
        """The result phase: three status bytes, and where the command came to."""
        status0 = code | self.sought | self.head << 2 | self.drive
        self.reply(status0, status1, status2, *self.place)
        if self.parent is not None:
            self.parent.channel(self).request(False)
        self.raise_interrupt()

    def reply(self, *result: int) -> None:
        """Have bytes read from the data port."""
        self.fifo, self.phase = bytearray(result), RESULT

    def raise_interrupt(self) -> None:
        self.interrupt, self.resets_to_sense = 1, 0
