# SPDX-License-Identifier: Apache-2.0
"""82078 -- Intel floppy disk controller (290475-005), with one drive, whose diskette is
an image: the format follows from its size.

A command is done as soon as its last byte is written, or its data was moved. Data goes
through the DMA channel it sits on, or through the data port if SPECIFY says so.

Omitted: a second drive, FM, sectors of other sizes than 512 bytes, deleted data marks
(sectors have none), gaps, the time that seeks and rotation take, power down; commands
to scan, to format and write, to save and restore, for options and drive specification.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from devicelib.floppy._transfer import (
    COMMAND,
    DMA_GATE,
    EXECUTION,
    LAST_CYLINDER,
    RATE,
    RESULT,
    SEEK_END,
    WHOLE_SECTORS,
    Transfers,
)
from machinebuilder.device import IrqOut, Param, Reg, Region, State

INVALID, NOT_POLLED, EQUIPMENT_CHECK = 0x80, 0xC0, 0x50
"""Status 0: no such command; the state of a drive changed; no track 0 was found."""
READY, TO_HOST, BY_PORT, BUSY = 0x80, 0x40, 0x20, 0x10
"""Main status register."""
SELECTED, NOT_RESET = 0x03, 0x04
"""Digital output register."""
SOFT_RESET = 0x80
"""Data rate select register."""
IMPLIED_SEEK, NO_FIFO = 0x40, 0x20
"""CONFIGURE."""
DRIVES_PERPENDICULAR, OVERWRITE = 0x3C, 0x80
VERSION, PART = 0x90, 0x41
DRIVES = 4
DISK_CHANGED = 0x80


class I82078(Transfers):
    """A floppy disk controller with drive A."""

    sits_on = "isa-dma"
    host = "floppy"
    acpi_hid = "PNP0700"

    registers = Region(6, on="io", at=0x3F0, doc="status and output, data, rate")
    change = Region(1, on="io", at=0x3F7, doc="the change line; rate when written")

    image = Param("path", doc="the diskette; none: the drive is empty")
    readonly = Param("boolean", default=False, doc="the diskette is write-protected")
    snapshot = Param("boolean", default=False, doc="writes are gone at the end")

    irq = IrqOut(doc="a command ended, or wants data through the port")

    status_a = Reg(0, "ro", width=8, region="registers", doc="SRA: lines of the drive")
    status_b = Reg(1, "ro", width=8, region="registers", doc="SRB: motors, selection")
    digital_output = Reg(
        2, width=8, region="registers", doc="DOR: drive, reset, DMA gate, motors"
    )
    tape = Reg(3, width=8, region="registers", doc="TDR: kept")
    main_status = Reg(4, width=8, region="registers", doc="MSR; DSR when written")
    data = Reg(5, width=8, region="registers", doc="commands, data and results")
    changed_line = Reg(0, width=8, region="change", doc="DIR; CCR when written")

    is_in_reset = State(1, doc="DOR holds the controller")
    rate = State(2, doc="of data, as DSR or CCR select it")
    specified = State(lambda: [0, 0], doc="SPECIFY")
    configured = State(lambda: [NO_FIFO, 0], doc="CONFIGURE")
    perpendicular = State(0)
    locked = State(0)
    positions = State(lambda: [0] * DRIVES, doc="cylinders as the controller counts")
    seeks = State(list, doc="status 0 of drives that came to where they were sent")
    is_changed = State(1, doc="a diskette came, and no step was made", kept=True)

    # -- registers

    @status_a.read
    def drive_lines(self) -> int:
        """INT, no second drive, TRK0, HDSEL, INDX, WP: the low ones active low."""
        lines = 0x40 | self.line() << 7 | self.head << 3 | 0x04
        at_zero = self.cylinder == 0
        return int(lines | (0 if at_zero else 0x10) | (0 if self.readonly else 0x02))

    @status_b.read
    def motors(self) -> int:
        return int(0xC0 | (self.digital_output & 1) << 5 | self.digital_output >> 4 & 3)

    @digital_output.write
    def output(self, value: int) -> None:
        if not value & NOT_RESET:
            self.abandon()
        elif self.is_in_reset:
            self.come_up()
        elif self.phase == EXECUTION:
            self.dma_ready()
        self.is_in_reset = int(not value & NOT_RESET)

    @main_status.read
    def state(self) -> int:
        if self.is_in_reset:
            return 0
        if self.phase == RESULT:
            return READY | TO_HOST | BUSY
        if self.phase == COMMAND:
            return READY | (BUSY if self.fifo else 0)
        if not self.without_dma:
            return BUSY
        return READY | BY_PORT | BUSY | (TO_HOST if self.kind == "read" else 0)

    @main_status.write
    def select_rate(self, value: int) -> None:
        self.rate = value & RATE
        if value & SOFT_RESET and not self.is_in_reset:
            self.abandon()
            self.come_up()

    @changed_line.read
    def look_at_change_line(self) -> int:
        if self.digital_output & SELECTED:
            return 0
        return DISK_CHANGED if self.disk is None or self.is_changed else 0

    @changed_line.write
    def control_rate(self, value: int) -> None:
        self.rate = value & RATE

    @data.read
    def read_data(self) -> int:
        if self.is_in_reset:
            return 0
        if self.phase == RESULT:
            return self.next_result()
        if self.phase == EXECUTION and self.without_dma and self.kind == "read":
            return self.give()
        return 0

    @data.write
    def write_data(self, value: int) -> None:
        if self.is_in_reset:
            return
        if self.phase == COMMAND:
            self.next_of_command(value)
        elif self.phase == EXECUTION and self.without_dma and self.kind != "read":
            self.take(value)

    @irq.level
    def line(self) -> int:
        return int(
            self.interrupt and self.digital_output & DMA_GATE and not self.is_in_reset
        )

    # -- reset

    def abandon(self) -> None:
        """Whatever is going on ends here."""
        self.phase, self.fifo = COMMAND, bytearray()
        self.interrupt, self.resets_to_sense = 0, 0
        self.seeks = []
        self.positions = [0] * DRIVES
        self.perpendicular &= DRIVES_PERPENDICULAR
        if not self.locked:
            self.configured = [NO_FIFO, 0]
        if self.parent is not None:
            self.parent.channel(self).request(False)

    def come_up(self) -> None:
        """All drives are found to have changed: four times to be sensed."""
        self.interrupt, self.resets_to_sense = 1, DRIVES

    # -- commands and results

    def next_of_command(self, byte: int) -> None:
        self.fifo.append(byte)
        found = find(self.fifo[0])
        if found is None:
            self.reply(INVALID)
        elif len(self.fifo) == found.length:
            self.perform(found)

    def perform(self, command: Command) -> None:
        self.sought = 0
        if command.length > 1:
            self.drive, self.head = self.fifo[1] & SELECTED, self.fifo[1] >> 2 & 1
        command.act(self)
        if self.phase == COMMAND:
            self.fifo = bytearray()

    def next_result(self) -> int:
        self.interrupt = int(bool(self.seeks))
        byte = self.fifo.pop(0)
        if not self.fifo:
            self.phase = COMMAND
        return int(byte)

    # -- the heads

    def seek(self, target: int) -> None:
        """Step by as much as the controller thinks it is away."""
        steps = target - self.positions[self.drive]
        self.positions[self.drive] = target & 0xFF
        self.step(steps)
        self.seek_ended(SEEK_END | self.head << 2 | self.drive)

    def step(self, steps: int) -> None:
        """The heads of drive 0 move, and with a diskette its change is forgotten."""
        if self.drive != 0:
            return
        self.cylinder = min(max(self.cylinder + steps, 0), LAST_CYLINDER)
        if steps and self.disk is not None:
            self.is_changed = 0

    def seek_ended(self, status: int) -> None:
        others = [seek for seek in self.seeks if (seek ^ status) & SELECTED]
        self.seeks = [*others, status]
        self.raise_interrupt()

    def recalibrate(self) -> None:
        self.positions[self.drive] = 0
        if self.drive == 0:
            self.step(-self.cylinder)
            self.seek_ended(SEEK_END)
        else:
            self.seek_ended(SEEK_END | EQUIPMENT_CHECK | self.drive)

    def seek_absolute(self) -> None:
        self.seek(self.fifo[2])

    def seek_relative(self) -> None:
        inwards = self.fifo[0] & 0x40
        here = self.positions[self.drive]
        self.seek(here + self.fifo[2] if inwards else max(here - self.fifo[2], 0))

    def seek_implied(self) -> None:
        """With CONFIGURE's leave, a transfer goes to its cylinder by itself."""
        if self.configured[0] & IMPLIED_SEEK and self.fifo[2] <= LAST_CYLINDER:
            self.step(self.fifo[2] - self.positions[self.drive])
            self.positions[self.drive] = self.fifo[2]
            self.sought = SEEK_END

    # -- commands that move data

    def transfer(
        self, kind: str, first: int | None = None, single: bool = False
    ) -> None:
        self.seek_implied()
        self.begin(kind, first, single)

    def read_id(self) -> None:
        trouble = self.trouble_with_track(self.fifo[0])
        if trouble is not None or self.format is None:
            self.end(0x40, *(trouble or (0, 0)))
            return
        self.passing = self.passing % self.format.sectors + 1
        self.place = [self.cylinder, self.head, self.passing, WHOLE_SECTORS]
        self.end(0)

    # -- commands that do not

    def specify(self) -> None:
        self.specified = list(self.fifo[1:])

    def sense_drive(self) -> None:
        """Status 3: ready and two-sided, at track 0, protected."""
        at_zero = self.drive != 0 or self.cylinder == 0
        lines = 0x28 | at_zero << 4 | self.readonly << 6
        self.reply(lines | self.head << 2 | self.drive)

    def sense_interrupt(self) -> None:
        self.interrupt = 0
        if self.resets_to_sense:
            drive = DRIVES - self.resets_to_sense
            self.resets_to_sense -= 1
            self.reply(NOT_POLLED | drive, self.positions[drive])
        elif self.seeks:
            status, *self.seeks = self.seeks
            self.reply(status, self.positions[status & SELECTED])
        else:
            self.reply(INVALID)

    def dump(self) -> None:
        modes = self.locked << 7 | self.perpendicular
        self.reply(*self.positions, *self.specified, self.last, modes, *self.configured)

    def configure_(self) -> None:
        self.configured = list(self.fifo[2:])

    def set_perpendicular(self) -> None:
        value = self.fifo[1]
        kept = self.perpendicular if not value & OVERWRITE else value
        self.perpendicular = kept & DRIVES_PERPENDICULAR | value & 3

    def lock(self) -> None:
        locked = self.fifo[0] >> 7
        self.locked = locked
        self.reply(locked << 4)


class Command(NamedTuple):
    """A command: the bits of its first byte, its length, and what it does."""

    mask: int
    code: int
    length: int
    act: Callable[[I82078], None]


COMMANDS = (
    Command(0xFF, 0x03, 3, I82078.specify),
    Command(0xFF, 0x04, 2, I82078.sense_drive),
    Command(0x3F, 0x05, 9, lambda chip: chip.transfer("write")),
    Command(0x1F, 0x06, 9, lambda chip: chip.transfer("read")),
    Command(0xFF, 0x07, 2, I82078.recalibrate),
    Command(0xFF, 0x08, 1, I82078.sense_interrupt),
    Command(0x3F, 0x09, 9, lambda chip: chip.transfer("write")),
    Command(0xBF, 0x0A, 2, I82078.read_id),
    Command(0x1F, 0x0C, 9, lambda chip: chip.transfer("read", single=True)),
    Command(0xBF, 0x0D, 6, I82078.begin_format),
    Command(0xFF, 0x0E, 1, I82078.dump),
    Command(0xFF, 0x0F, 3, I82078.seek_absolute),
    Command(0xFF, 0x10, 1, lambda chip: chip.reply(VERSION)),
    Command(0xFF, 0x12, 2, I82078.set_perpendicular),
    Command(0xFF, 0x13, 4, I82078.configure_),
    Command(0x7F, 0x14, 1, I82078.lock),
    Command(0x1F, 0x16, 9, lambda chip: chip.transfer("verify")),
    Command(0xFF, 0x18, 1, lambda chip: chip.reply(PART)),
    Command(0x9F, 0x02, 9, lambda chip: chip.transfer("read", first=1)),
    Command(0xBF, 0x8F, 3, I82078.seek_relative),
)


def find(first: int) -> Command | None:
    """The command that begins with that byte."""
    return next((c for c in COMMANDS if first & c.mask == c.code), None)
