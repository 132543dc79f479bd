# SPDX-License-Identifier: Apache-2.0
"""SLAVIO -- the on-board I/O of sun4m (NCR89C105 SLAVIO Chip Specification, chapters 4
and 9): the bus of the board's own chips, and the registers for lamps, power and reset.

What it holds that is a chip of its own elsewhere (serial ports, counters, interrupt
controller) sits on its bus `obio`.

Omitted: the floppy's lines in the auxiliary register, the watchdog, the power button.
"""

from __future__ import annotations

from machinebuilder.device import Bit, Bus, Device, Reg, Region

WINDOW = 0x100_0000


class Slavio(Device):
    """A bridge to slow chips, with a few registers of its own."""

    big_endian = True
    sits_on = ("mmio", "sbus")

    obio_window = Region(WINDOW, name="obio", bus="obio", at=0, doc="chips on board")
    lamps = Region(2, at=0x60_0000, doc="diagnostic LEDs")
    configuration = Region(1, at=0x80_0000, doc="how the chip is wired")
    auxiliary = Region(1, at=0x90_0000, doc="the lamp, and the floppy's lines")
    power = Region(1, at=0x91_0000, doc="the power supply")
    diagnostic = Region(1, at=0xA0_0000, doc="messages of the power-on self test")
    modem = Region(1, at=0xB0_0000, doc="modem lines of the serial ports")
    control = Region(4, at=0xF0_0000, doc="reset")

    obio = Bus("obio", doc="the board's own chips, by their offset", at=WINDOW)

    leds = Reg(0, width=16, region="lamps", doc="1: off")
    config = Reg(0, width=8, region="configuration", doc="stored")
    aux = Reg(
        0, width=8, region="auxiliary", reset=0xF0, lamp=Bit(0), floppy_count=Bit(1),
        floppy_density=Bit(5, "ro"), doc="AUX1; bits 7 and 6 read as one",
    )  # fmt: skip
    supply = Reg(0, width=8, region="power", off=Bit(0), doc="AUX2")
    message = Reg(0, width=8, region="diagnostic")
    lines = Reg(0, width=8, region="modem")
    reset_control = Reg(0, region="control", now=Bit(0), was=Bit(1), doc="SYS_RESET")

    @supply.write
    def switch(self, value: int) -> None:
        """The power supply obeys at once."""
        if value & 1:
            self.supply.off = 0
            self.shutdown("power off")

    @reset_control.write
    def reset_system(self, value: int) -> None:
        """A one starts the system over."""
        if value & 1:
            self.reset_control = 0
            self.restart("reset")
