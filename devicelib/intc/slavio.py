# SPDX-License-Identifier: Apache-2.0
"""Interrupt controller of sun4m (NCR89C105 SLAVIO Chip Specification, chapter 8 and
STP2001; Sun-4M System Architecture, chapter 6).

Devices raise bits of the system's pending register; those not masked go to the target
processor, at the level that belongs to the bit. Each processor also has software
interrupts and its own counter at level 14.

Omitted: processors 1 to 3, and the module, write and VME errors (nothing raises them).
"""

from __future__ import annotations

from machinebuilder.device import Bit, Bits, Device, IrqIn, IrqOut, Reg, Region


class SlavioInterrupts(Device):
    """32 system interrupts and 15 software interrupts become 15 levels."""

    native = True
    big_endian = True
    sits_on = ("mmio", "obio")

    cpu = Region(0x1000, at=0, doc="the registers of processor 0")
    system = Region(0x1000, at=0x1_0000, doc="the registers of the system")

    source = IrqIn(
        doc="system interrupts, by their bit in the pending register: 7-13 SBus levels "
        "1-7, 14 keyboard and mouse, 15 serial ports, 16 Ethernet, 17 audio, 18 SCSI, "
        "19 counter, 20 video, 21 module, 22 floppy, 27-30 errors",
        count=32,
    )
    timer = IrqIn(doc="the processor's counter, level 14")
    irl = IrqOut(doc="interrupt levels 1-15: line n is level n + 1", count=15)

    cpu_pending = Reg(
        0x0, "ro", region="cpu", hard=Bits(15, 1), soft=Bits(31, 17),
        doc="bit n: level n by hardware; bit 16 + n: level n by software",
    )  # fmt: skip
    cpu_clear = Reg(0x4, "wo", region="cpu", soft=Bits(31, 17), broadcast=Bit(15))
    cpu_set = Reg(0x8, "wo", region="cpu", soft=Bits(31, 17))
    pending = Reg(0x0, "ro", region="system", doc="levels of the sources")
    mask = Reg(0x4, "ro", region="system", all=Bit(31), doc="1: not delivered")
    mask_clear = Reg(0x8, "wo", region="system")
    mask_set = Reg(0xC, "wo", region="system")
    target = Reg(0x10, region="system", cpu_=Bits(1, 0), doc="where all sources go")
