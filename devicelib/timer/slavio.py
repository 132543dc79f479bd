# SPDX-License-Identifier: Apache-2.0
"""Counters of sun4m (NCR89C105 SLAVIO Chip Specification, chapter 7; Sun-4M System
Architecture, chapter 7): one for the system, one for the processor.

A counter counts 500 ns units in bits 30 to 9; at its limit it starts over and says so
in bit 31, until the limit is read. A limit of zero counts freely and interrupts nobody.
The processor's counter can be a 64-bit timer instead, that the user may stop.

Omitted: the counters of processors 1 to 3.
"""

from __future__ import annotations

from machinebuilder.device import Bit, Bits, Device, IrqOut, Reg, Region


class SlavioCounters(Device):
    """The system's counter interrupts at level 10, the processor's at level 14."""

    native = True
    big_endian = True
    sits_on = ("mmio", "obio")

    cpu = Region(0x1000, at=0, doc="the counter of processor 0")
    system = Region(0x1000, at=0x1_0000, doc="the counter of the system")

    irq = IrqOut(doc="the system's counter reached its limit")
    cpu_irq = IrqOut(doc="the processor's counter reached its limit")

    cpu_limit = Reg(
        0x0, region="cpu", value_=Bits(30, 9), reached=Bit(31),
        doc="reading clears reached; writing starts over; of a timer: the high word",
    )  # fmt: skip
    cpu_count = Reg(0x4, "ro", region="cpu", doc="of a timer: the low word")
    cpu_limit_only = Reg(0x8, "wo", region="cpu", doc="the limit, not starting over")
    cpu_control = Reg(0xC, region="cpu", run=Bit(0), doc="of a timer: it counts")
    limit = Reg(0x0, region="system", value_=Bits(30, 9), reached=Bit(31))
    count = Reg(0x4, "ro", region="system", value_=Bits(30, 9), reached=Bit(31))
    limit_only = Reg(0x8, "wo", region="system")
    config = Reg(0x10, region="system", timer=Bit(0), doc="1: processor 0 has a timer")
