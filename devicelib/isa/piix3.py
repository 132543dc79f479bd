# SPDX-License-Identifier: Apache-2.0
"""82371SB (Intel PIIX3, 290550), function 0: the bridge from PCI to ISA.

Lines of ISA cards and PCI's interrupt pins meet here, and go to the interrupt
controllers: to the 8259s as numbered, and to the I/O APIC with the timer's line 0 at
pin 2. A pin that is routed to a line is level-triggered there, and may be shared.

Omitted: the timing registers of ISA, of X-bus and of DMA (they keep what is written),
port 0x92 and the coprocessor's error port, which are chips of their own or not there.
"""

from __future__ import annotations

from typing import Any

from machinebuilder.device import (
    Bit,
    Bits,
    Device,
    IrqIn,
    IrqOut,
    PciFunction,
    Reg,
    Region,
)

FIRMWARE_ROUTES = (10, 10, 11, 11)
"""The lines to which firmware routes the PCI pins."""
ROUTABLE = (5, 10, 11)
SCI = 9
"""The line of system control interrupts, which is level-triggered too."""


class Piix3(Device):
    """Interrupt routing and the reset port."""

    native = True
    sits_on = "pci"
    pci = PciFunction(
        vendor=0x8086, device=0x7000, class_code=0x06_01_00, subsystem=(0x1AF4, 0x1100)
    )

    pci_setup = {0x60 + pin: (1, line) for pin, line in enumerate(FIRMWARE_ROUTES)}
    acpi_name = "ISA"

    config = Region(0x100, on="config")
    reset_port = Region(1, on="io", at=0xCF9, over=True, doc="reset control")

    irq = IrqIn(doc="lines of ISA cards", count=16)
    pirq = IrqIn(doc="PCI interrupt pins, to be routed", count=4)
    pic = IrqOut(doc="to the inputs of the 8259s", count=16)
    gsi = IrqOut(doc="to the pins of the I/O APIC", count=16)

    route = Reg(
        0x60, region="config", width=8, count=4, reset=0x80, line=Bits(3, 0), off=Bit(7)
    )
    control = Reg(0x0, region="reset_port", width=8, hard=Bit(1), now=Bit(2))

    @classmethod
    def acpi(cls, node: Any, view: Any) -> None:
        from machinebuilder.boot.acpi import pci, tables

        view.isa = node
        view.power.present.add("legacy")
        view.power.reset = (tables.Gas(0xCF9, 1), 6)
        view.interrupt_rows.append(tables.source_override(0, 2, level=False))
        for line in (*ROUTABLE, SCI):
            view.interrupt_rows.append(tables.source_override(line, line, level=True))
        pci.links(node, 0x60, ROUTABLE)

    @classmethod
    def acpi_interrupt(cls, port: str, index: int) -> int | None:
        return FIRMWARE_ROUTES[index] if port == "pirq" else index
