# SPDX-License-Identifier: Apache-2.0
"""The power registers of a board that has hardware-reduced ACPI (ACPI 6.4, sections
4.8.3.7 and 4.8.3.6): sleep control and status, and a reset register as PCs have it.

Omitted: sleep states other than off, from which there is no waking.
"""

from __future__ import annotations

from typing import Any

from machinebuilder.device import Bit, Bits, Device, Reg, Region

SOFT_OFF = 5
"""The sleep type that powers off."""
RESET = 0x06


class ReducedPower(Device):
    """Off, and reset."""

    sits_on = "io"

    sleep = Region(2, doc="control and status")
    reset = Region(1, doc="reset control, at 0xcf9 in a PC")

    control = Reg(0, width=8, region="sleep", type=Bits(4, 2), enable=Bit(5))
    status = Reg(1, width=8, region="sleep", wake=Bit(7, "w1c"))
    reset_control = Reg(0, width=8, region="reset", hard=Bit(1), now=Bit(2))

    @control.write
    def fall_asleep(self, value: int) -> None:
        if not self.control.enable:
            return
        if self.control.type == SOFT_OFF:
            self.shutdown("power off")
        else:
            self.log(f"sleep state of type {self.control.type} is not modelled")

    @reset_control.write
    def reset_machine(self, value: int) -> None:
        if self.reset_control.now:
            self.restart("the guest asked for it at the reset register")

    @classmethod
    def acpi(cls, node: Any, view: Any) -> bool:
        from machinebuilder.boot.acpi import tables

        view.power.sleep = tables.Gas(view.place("sleep"), 1)
        view.power.soft_off = SOFT_OFF
        view.power.reset = (tables.Gas(view.place("reset"), 1), RESET)
        return False
