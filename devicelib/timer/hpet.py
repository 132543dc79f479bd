# SPDX-License-Identifier: Apache-2.0
"""hpet -- the high precision event timers (IA-PC HPET Specification 1.0a).

A 64-bit counter and three comparators, one-shot or periodic, whose interrupts are edges
or levels. With legacy replacement, comparators 0 and 1 take the place of the 8254 and
of the real-time clock, whose lines pass through here: a board with an HPET wires those
to `pit` and `rtc`.

A line that signals edges is high until shortly before the next one. A periodic
comparator interrupts at most 10,000 times a second; see pace.h.

Omitted: writing the counter while it runs (it is ignored, and logged).
"""

from __future__ import annotations

from typing import Any

from machinebuilder.device import Bit, Bits, Device, IrqIn, IrqOut, Param, Reg

IDENTITY = 0x8086_A201
"""The low half of the capabilities register."""


class Hpet(Device):
    """A counter, and three comparators that interrupt."""

    native = True
    acpi_hid = "PNP0103"

    span = 0x400
    clock = Param(
        "integer", default=100_000_000, min=10_000_000, max=1_000_000_000, doc="in Hz"
    )
    routes = Param(
        "integer",
        default=0x00F0_0000,
        min=0,
        max=0x00FF_FFFF,
        doc="lines that comparators may use: bit n is `irq` n",
    )
    msi = Param("boolean", default=False, doc="comparators may send messages")

    pit = IrqIn(doc="output of the 8254")
    rtc = IrqIn(doc="interrupt of the real-time clock")
    irq = IrqOut(doc="pins of the I/O APIC", count=24)
    timer_irq = IrqOut(doc="the 8254 or comparator 0, for line 0")
    rtc_irq = IrqOut(doc="the real-time clock or comparator 1, for line 8")

    capabilities = Reg(
        0x000,
        "ro",
        width=64,
        revision=Bits(7, 0),
        timers=Bits(12, 8),
        wide=Bit(13),
        legacy=Bit(15),
        vendor=Bits(31, 16),
        period=Bits(63, 32, doc="in femtoseconds"),
    )
    configuration = Reg(0x010, width=64, enable=Bit(0), legacy=Bit(1))
    status = Reg(0x020, "w1c", width=64, level_=Bits(2, 0))
    counter = Reg(0x0F0, width=64)
    control = Reg(
        0x100,
        width=64,
        count=3,
        step=0x20,
        level_=Bit(1),
        enable=Bit(2),
        periodic=Bit(3),
        can_repeat=Bit(4, "ro"),
        can_wide=Bit(5, "ro"),
        set_value=Bit(6, "wo"),
        narrow=Bit(8),
        route=Bits(13, 9),
        message=Bit(14),
        can_message=Bit(15, "ro"),
        routes_=Bits(63, 32, "ro"),
        doc="of a comparator",
    )
    comparator = Reg(0x108, width=64, count=3, step=0x20)
    message = Reg(0x110, width=64, count=3, step=0x20, doc="address and data")

    @classmethod
    def acpi(cls, node: Any, view: Any) -> None:
        from machinebuilder.boot.acpi import resources, tables

        view.tables.append(tables.hpet(view.place(), IDENTITY))
        window = resources.memory32(view.place(), 0x400)
        node.say("_CRS", resources.template(window))

    @classmethod
    def acpi_interrupt(cls, port: str, index: int) -> int | None:
        """What passes through keeps the number that it has in a PC."""
        return {"pit": 0, "rtc": 8}[port]
