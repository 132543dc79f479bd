# SPDX-License-Identifier: Apache-2.0
"""IDE function of the 82371SB (PIIX3) PCI-ISA bridge (Intel 290550-002, sections 2.3
and 2.7): two ATA channels at the PC's addresses, each with a bus master.

Timings are kept and change nothing. Their decode bits count: a channel's ports answer
once firmware has enabled them, and I/O in the PCI command register.

Omitted: the bridge's own limits on what devices on ISA may be (PIO timing, prefetch).
"""

from __future__ import annotations

from machinebuilder.device import Bus, Device, IrqOut, PciFunction, Reg, Region


class PiixIde(Device):
    """Two channels of two drives."""

    native = True
    sits_on = "pci"
    pci = PciFunction(vendor=0x8086, device=0x7010, class_code=0x01_01_80)
    pci_setup = {0x40: (2, 0x8000), 0x42: (2, 0x8000)}

    command0 = Region(8, "primary channel", name="command0", on="io", at=0x1F0)
    control0 = Region(1, name="control0", on="io", at=0x3F6)
    command1 = Region(8, "secondary channel", name="command1", on="io", at=0x170)
    control1 = Region(1, name="control1", on="io", at=0x376)
    busmaster = Region(16, "8 bytes a channel", name="busmaster", on="io", bar=4)
    config = Region(0x100, name="config", on="config")

    irq = IrqOut(doc="INTRQ of the selected drives, in a PC to ISA 14 and 15", count=2)
    ata = Bus("ata", doc="the drives", channel=2, unit=2)

    primary_timing = Reg(
        0x40, width=16, region="config", doc="bit 15: its ports answer"
    )
    secondary_timing = Reg(
        0x42, width=16, region="config", doc="bit 15: its ports answer"
    )
    slave_timing = Reg(0x44, width=8, region="config")
