# SPDX-License-Identifier: Apache-2.0
"""82093AA -- the I/O APIC (Intel 82093AA data sheet, 290566), and the EOI register that
version 0x20 has (Intel 82801 data sheets).

Each of 24 pins has an entry in a table, which says what message a change of the pin
sends to the local APICs. A level-triggered pin waits for the end of its interrupt
before it sends again.

Omitted: the APIC bus and its arbitration; a message is accepted when it is sent, so
that the delivery status is always idle. Lines are asserted or not: the polarity of an
entry is kept and means nothing.
"""

from __future__ import annotations

from typing import Any

from machinebuilder.device import Bits, Device, IrqIn, Param, Reg


class IOApic(Device):
    """Lines become interrupt messages."""

    native = True
    in_kernel = "ioapic"

    span = 0x1000
    version = Param(
        "integer", default=0x20, min=0x11, max=0x20, doc="0x20 has the EOI register"
    )
    irq = IrqIn(doc="the pins", count=24, shared=True)

    select = Reg(0x00, index=Bits(7, 0), doc="IOREGSEL: the register in the window")
    window = Reg(0x10, doc="IOWIN: 0 ID, 1 version, 2 arbitration, from 0x10 the table")
    eoi = Reg(0x40, "wo", vector=Bits(7, 0), doc="ends interrupts of that vector")

    @classmethod
    def acpi(cls, node: Any, view: Any) -> bool:
        from machinebuilder.boot.acpi import tables

        view.interrupt_rows.append(tables.io_apic(0, view.place(), 0))
        for line, pin in view.elsewhere(view.device.name):
            view.interrupt_rows.append(tables.source_override(line, pin, level=False))
        return False

    @classmethod
    def acpi_interrupt(cls, port: str, index: int) -> int | None:
        return index
