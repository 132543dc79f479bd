# SPDX-License-Identifier: Apache-2.0
"""The debug port of virtual PCs: a byte written to it is shown to the user (Bochs
"port E9 hack"; SeaBIOS and OVMF write to it at 0x402). A read gives 0xe9, by which
firmware knows that somebody listens.

Omitted: nothing.
"""

from __future__ import annotations

from machinebuilder.device import Device, Param, Reg


class DebugPort(Device):
    """What firmware says goes to a file, and is kept for who asks the machine."""

    native = True
    sits_on = "io"
    host = "log"
    span = 1

    path = Param("path", doc="the file that what is written goes to")

    data = Reg(0, width=8, reset=0xE9, doc="writes are shown; reads give 0xe9")
