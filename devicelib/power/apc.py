# SPDX-License-Identifier: Apache-2.0
"""APC, the power management chip of the SPARCstation 4 and 5 (linux/arch/sparc/kernel/
apc.c): it stops the processor's clock until the next interrupt.

Omitted: the fan, the power button and what else its other registers control.
"""

from __future__ import annotations

from machinebuilder.device import Bit, Device, Reg, Region


class Apc(Device):
    """An idle processor writes here, instead of spinning."""

    native = True
    sits_on = ("mmio", "sbus")
    big_endian = True

    registers = Region(16, name="", at=0, doc="the idle register alone")
    idle = Reg(0x0, width=8, stop=Bit(0), doc="stop the clock of the CPU that writes")
