# SPDX-License-Identifier: Apache-2.0
"""VGA (IBM PS/2 Hardware Interface Technical Reference, video subsystem; FreeVGA) with
the Bochs VBE extension (VBE_DISPI, version 5) and 16 MiB of memory, as a PCI function.

The standard display adapter of virtual PCs: firmware starts it in text mode, systems
without a driver use its VGA and VESA modes, bochs-drm the registers of BAR 2. The
image of its ROM is SeaBIOS's (`mb fetch seabios`, or an installed one), unless the
board names another; without any the screen stays dark until a driver comes.

In chain-4 and doubleword modes memory is packed: address A is byte A, as on every SVGA,
where the original spreads the bytes of a plane four apart. Pixels are those of the
active display: with halved dot clocks and 256 colours each is shown twice.

Omitted: the border, cursor skew, shift loads of two or four characters, and so modes
that count addresses by two or four; light pen, interrupts at the vertical retrace,
EDID, the switch of subsystems at 0x3c3 (it keeps what is written).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from machinebuilder.device import Device, Param, PciFunction, Region
from machinebuilder.fetch import seabios

MIB = 1 << 20


class Vga(Device):
    """Text, 16 and 256 colours as VGA has; beyond that up to 4096 pixels a line."""

    native = True
    screen = True
    sits_on = "pci"
    pci = PciFunction(
        vendor=0x1234,
        device=0x1111,
        class_code=0x03_00_00,
        revision=2,
        subsystem=(0x1AF4, 0x1100),
        prefetchable=(0,),
    )

    ports = Region(0x30, on="io", at=0x3B0, doc="the VGA's registers")
    extension = Region(
        4, on="io", at=0x1CE, doc="VBE: index, and data one or two after"
    )
    window = Region(
        2 * 0x1_0000, on="mmio", at=0xA_0000, doc="memory as the VGA has it"
    )
    vram = Region(16 * MIB, bar=0, memory="ram", doc="all the memory")
    registers = Region(
        0x1000,
        bar=2,
        doc="ports 0x3c0-0x3df at 0x400, VBE at 0x500, byte order at 0x604",
    )
    code = Region(0x1_0000, bar=6, memory="rom", doc="the video BIOS")

    rom = Param("path", doc="image of the video BIOS")

    @classmethod
    def acpi(cls, node: Any, view: Any) -> bool:
        view.power.present.add("vga")
        return False

    @classmethod
    def from_host(cls) -> Mapping[str, object]:
        return {"rom": seabios.installed(seabios.DISPLAY_IMAGE)}
