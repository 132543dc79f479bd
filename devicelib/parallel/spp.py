# SPDX-License-Identifier: Apache-2.0
"""The standard parallel port of PCs (IBM PC/AT Technical Reference, 1984; IEEE 1284,
compatibility mode) with a printer that is always ready: its bytes go to a file.

Omitted: bidirectional transfers, EPP and ECP; the printer takes a byte at once.
"""

from __future__ import annotations

from machinebuilder.device import Bit, Device, IrqOut, Param, Reg, State

READY = 0xD8
"""Status: not busy, no acknowledge now, paper there, selected, no error."""


class ParallelPort(Device):
    """Three registers: data, the printer's lines, and the lines to it."""

    sits_on = "io"
    acpi_hid = "PNP0400"
    host = "log"
    span = 3

    path = Param("path", doc="the file that takes what is printed")
    irq = IrqOut(doc="the printer acknowledged a byte")

    acknowledged = State(0, doc="since the status was read")

    data = Reg(0, width=8, doc="what the next strobe prints")
    status = Reg(1, "ro", width=8, reset=READY, doc="the printer's lines")
    control = Reg(
        2, width=8, strobe=Bit(0), auto_feed=Bit(1), initialize=Bit(2, reset=1),
        select=Bit(3, reset=1), interrupt=Bit(4), input_=Bit(5),
        doc="lines to the printer; bits 7 and 6 read as ones",
    )  # fmt: skip

    strobed = State(0, doc="the strobe, as it was")

    @status.read
    def look(self) -> int:
        self.acknowledged = 0
        return READY

    @control.read
    def lines(self) -> int:
        return self.control | 0xC0

    @control.write
    def drive(self, value: int) -> None:
        """The end of a strobe is where the printer has taken the byte."""
        if self.control.strobe and not self.strobed:
            self.send(bytes((self.data,)))
            self.acknowledged = 0
        elif self.strobed and not self.control.strobe:
            self.acknowledged = 1
        self.strobed = self.control.strobe

    @irq.level
    def level(self) -> int:
        return self.acknowledged and self.control.interrupt
