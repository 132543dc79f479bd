# SPDX-License-Identifier: Apache-2.0
"""What a device author imports; docs/writing-a-chip.md is the guide."""

from machinebuilder.device.chip import Device
from machinebuilder.device.declare import (
    Alarm,
    Bus,
    IrqIn,
    IrqOut,
    Param,
    Region,
    State,
)
from machinebuilder.device.pci import PciFunction
from machinebuilder.device.picture import Picture
from machinebuilder.device.register import Bit, Bits, Reg

__all__ = [
    "Alarm",
    "Bit",
    "Bits",
    "Bus",
    "Device",
    "IrqIn",
    "IrqOut",
    "Param",
    "PciFunction",
    "Picture",
    "Reg",
    "Region",
    "State",
]
