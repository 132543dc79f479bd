# SPDX-License-Identifier: Apache-2.0
"""IOMMU and SBus controller of sun4m (STP1012 microSPARC-II User's Manual, chapter 8;
Sun-4M System Architecture, chapter 5).

SBus devices see 4 GiB of virtual addresses; a range at the top of them goes through a
table of one word a page. The window `sbus` is where the processor sees the slots.

Omitted: the TLB (tables are read at each access, so a flush has nothing to do), the
cacheability bit, SBus burst sizes (the slots' configuration is stored), parity.
"""

from __future__ import annotations

from machinebuilder.device import Bit, Bits, Bus, Device, IrqOut, Reg, Region

SLOT_SIZE = 0x1000_0000


class Sun4mIommu(Device):
    """Translates the addresses of SBus devices, and shows the processor their slots."""

    native = True
    big_endian = True

    registers = Region(0x4000, doc="the IOMMU's registers")
    slots = Region(6 * SLOT_SIZE, name="sbus", bus="sbus", doc="SBus, slot by slot")

    sbus = Bus("sbus", doc="expansion cards and the chips on board",
               slot=6, at=SLOT_SIZE)  # fmt: skip
    irq = IrqOut(doc="an access of an SBus device failed")

    control = Reg(
        0x00, region="registers", reset=0x0500_0000,
        enable=Bit(0), diagnostic=Bit(1), range_=Bits(4, 2),
        version=Bits(27, 24, "ro"), implementation=Bits(31, 28, "ro"),
        doc="range n: the last 16 << n MiB of addresses are translated",
    )  # fmt: skip
    base = Reg(0x04, region="registers", table=Bits(31, 10), doc="table's address / 16")
    flush = Reg(0x14, "wo", region="registers", doc="forget all translations")
    flush_page = Reg(0x18, "wo", region="registers", doc="forget that of an address")
    fault_status = Reg(0x1000, region="registers", doc="AFSR: of a failed access")
    fault_address = Reg(0x1004, region="registers", doc="AFAR: its physical address")
    slot_config = Reg(0x1010, region="registers", count=4, doc="of each slot")
    memory_status = Reg(0x1020, region="registers", doc="MFSR: of memory accesses")
    memory_address = Reg(0x1024, region="registers", doc="MFAR: its physical address")
    module = Reg(0x2000, region="registers", doc="MID: the bus module's number")
