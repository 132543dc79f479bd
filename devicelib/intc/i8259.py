# SPDX-License-Identifier: Apache-2.0
"""i8259 -- the two 8259A interrupt controllers of a PC, cascaded (Intel 8259A data
sheet, 231468), with the edge/level control registers of PIIX3 (82371SB, 2.5.4).

The slave's output is the master's input 2. In edge mode a request lasts while its line
is high and it is not yet acknowledged; if the line falls before that, the acknowledge
cycle gives the spurious interrupt 7 of that controller, as the data sheet has it.

Omitted: the MCS-80 mode of ICW4 (vectors are those of an x86 CPU), buffered mode, and
the LTIM bit of ICW1, whose place the edge/level registers take in PIIX3.
"""

from __future__ import annotations

from typing import Any

from machinebuilder.device import Bits, Device, IrqIn, IrqOut, Reg, Region


class I8259(Device):
    """Fifteen interrupt lines with priorities, and the vector of the next one."""

    native = True
    sits_on = "io"
    in_kernel = "pic"
    acpi_hid = "PNP0000"

    master = Region(2, at=0x000, doc="lines 0-7, at 0x20 in a PC")
    slave = Region(2, at=0x080, doc="lines 8-15, at 0xa0")
    elcr = Region(2, at=0x4B0, doc="edge or level, at 0x4d0")

    irq = IrqIn(doc="interrupt lines; 2 is the cascade, and not connected", count=16)
    intr = IrqOut(doc="an interrupt waits to be acknowledged")

    master_command = Reg(
        0, width=8, region="master", doc="ICW1, OCW2, OCW3; reads IRR or ISR"
    )
    master_data = Reg(1, width=8, region="master", doc="ICW2-4, OCW1; reads the mask")
    slave_command = Reg(0, width=8, region="slave", doc="as the master's")
    slave_data = Reg(1, width=8, region="slave", doc="as the master's")
    elcr_low = Reg(
        0, width=8, region="elcr", level_=Bits(7, 3), doc="1: level; 0-2 are edges"
    )
    elcr_high = Reg(
        1, width=8, region="elcr", level_=Bits(7, 0), doc="lines 8-15; 8, 13 are edges"
    )

    @classmethod
    def acpi(cls, node: Any, view: Any) -> None:
        view.dual_8259 = True

    @classmethod
    def acpi_interrupt(cls, port: str, index: int) -> int | None:
        return index
