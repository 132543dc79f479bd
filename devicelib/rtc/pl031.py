# SPDX-License-Identifier: Apache-2.0
"""PL031 -- ARM PrimeCell real-time clock (ARM DDI 0224): seconds, and one alarm.

Omitted: the integration-test registers at 0x080; they read zero and a write is logged.
"""

from __future__ import annotations

from typing import Any

from machinebuilder.device import Alarm, Bit, Device, IrqOut, Param, Reg, State

SECONDS = 0xFFFF_FFFF


class PL031(Device):
    """A 32-bit counter of seconds that can be set, and compared with a match value."""

    span = 0x1000
    compatible = ("arm,pl031", "arm,primecell")
    dt_name = "rtc"

    start = Param("time", default="host", doc="Unix time at power-on")
    irq = IrqOut(doc="alarm reached and not masked")
    alarm = Alarm(doc="rings when the counter reaches match")
    offset = State(0, doc="seconds that a load added to the counter")

    data = Reg(0x000, "ro", doc="the time now")
    match = Reg(0x004, doc="when to ring")
    load = Reg(0x008, doc="set the time")
    control = Reg(0x00C, "ro", enable=Bit(0, reset=1), doc="cannot be stopped")
    mask = Reg(0x010, alarm=Bit(0), doc="1: the line shows the alarm")
    raw = Reg(0x014, "ro", alarm=Bit(0), doc="the alarm rang")
    masked = Reg(0x018, "ro", alarm=Bit(0), doc="raw and mask")
    clear = Reg(0x01C, "wo", alarm=Bit(0), doc="1: acknowledge the alarm")
    ident = Reg(0xFE0, "ro", count=8, doc="PrimeCell identification")

    @data.read
    def now(self) -> int:
        return self.start + self.offset + self.clock.seconds & SECONDS

    @match.write
    def set_alarm(self, value: int) -> None:
        self.alarm.at(self.clock.seconds + (value - self.now() & SECONDS))

    @load.write
    def set_time(self, value: int) -> None:
        self.offset = value - self.start - self.clock.seconds
        self.set_alarm(self.match)

    @control.write
    def keep_running(self, value: int) -> None:
        """The counter runs from reset on; drivers write 1 again."""

    @alarm.rings
    def ring(self) -> None:
        self.raw.alarm = 1

    @masked.read
    def shown(self) -> int:
        return self.raw & self.mask

    @clear.write
    def acknowledge(self, value: int) -> None:
        if value:
            self.raw.alarm = 0

    @ident.read
    def identify(self, index: int) -> int:
        return (0x31, 0x10, 0x04, 0x00, 0x0D, 0xF0, 0x05, 0xB1)[index]

    @irq.level
    def line(self) -> int:
        return self.raw & self.mask

    @classmethod
    def devicetree(cls, node: Any, view: Any) -> None:
        node["clocks"] = view.clock(24_000_000)
        node["clock-names"] = "apb_pclk"
