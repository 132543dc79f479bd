# SPDX-License-Identifier: Apache-2.0
"""System control port A of PCs (IBM PS/2 Technical Reference, 1987; Intel 82371SB,
section 2.5.5): fast reset and fast gate of address line 20.

Omitted: line 20 is never masked, the bit is only kept; the lights and locks of IBM's.
"""

from __future__ import annotations

from machinebuilder.device import Bit, Device, Reg


class Port92(Device):
    """A register of two bits."""

    sits_on = "io"
    span = 1

    control = Reg(0, width=8, reset_=Bit(0), a20=Bit(1, reset=1), doc="port 0x92")

    @control.write
    def act(self, value: int) -> None:
        if value & 1:
            self.restart("port 0x92")
