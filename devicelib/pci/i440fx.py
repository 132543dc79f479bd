# SPDX-License-Identifier: Apache-2.0
"""82441FX (Intel 440FX PCIset, 290549): the PC's host bridge and memory controller,
with configuration mechanism 1 (PCI Local Bus Specification 2.2, section 3.2.2.3.2).

It is function 0 of slot 0 of its bus. RAM at 0xa0000 to 0xfffff is its own: the PAM
registers show it piece by piece over what the bus has there, to be read, written or
both.

Omitted: DRAM timing and row registers (they keep what is written), error reporting,
AGP, and system management mode; SMRAM is seen while it is open.
"""

from __future__ import annotations

from typing import Any

from machinebuilder.device import (
    Bit,
    Bus,
    Device,
    IrqIn,
    IrqOut,
    PciFunction,
    Reg,
    Region,
)


class I440fx(Device):
    """Where the CPU meets PCI."""

    native = True
    sits_on = "io"
    pci = PciFunction(
        vendor=0x8086, device=0x1237, class_code=0x06_00_00, revision=2,
        subsystem=(0x1AF4, 0x1100),
    )  # fmt: skip

    acpi_hid, acpi_name = "PNP0A03", "PCI0"

    ports = Region(8, name="", at=0, doc="configuration address, and data at 4")
    config = Region(0x100, on="config")
    shadow = Region(
        0x6_0000, on="mmio", at=0xA_0000, memory="ram", over=True, step=0x4000,
        doc="RAM behind the holes for video, adapters and BIOS",
    )  # fmt: skip

    bus = Bus(
        "pci", doc="PCI bus 0", optional=("function",), swizzle="intx",
        slot=32, function=8,
    )  # fmt: skip
    intx = IrqIn(doc="interrupt pins of the slots, turned", count=4, shared=True)
    pirq = IrqOut(doc="the same lines, to the router", count=4)

    pam = Reg(
        0x59, region="config", width=8, count=7, doc="two nibbles: 1 read, 2 write"
    )
    smram = Reg(
        0x72, region="config", width=8, reset=0x02,
        open=Bit(6), closed=Bit(5), locked=Bit(4), enable=Bit(3),
    )  # fmt: skip

    @classmethod
    def acpi(cls, node: Any, view: Any) -> None:
        from machinebuilder.boot.acpi import pci

        lines = {w.index: w for w in view.wires(view.device.name) if w.port == "pirq"}

        def link(slot: int, pin: int) -> str:
            wire = lines[cls.pci_route(slot, pin)[1]]
            return f"{view.path(wire.target)}.{pci.LINKS[wire.target_index]}"

        pci.host_bridge(node, view, link)

    @classmethod
    def pci_route(cls, slot: int, pin: int) -> tuple[str, int]:
        return "pirq", (slot + pin - 1) % 4
