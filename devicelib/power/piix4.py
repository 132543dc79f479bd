# SPDX-License-Identifier: Apache-2.0
"""82371AB (Intel PIIX4, 290562), function 3: power management (chapter 7 and ACPI 1.0).

The timer that counts at 3.579545 MHz, the power button, the system control interrupt
and soft power off. Firmware chooses where the registers are, by PMBA. ACPI mode is
switched by the APM control port, as firmware would do it in system management mode.

Omitted: the SMBus, system management interrupts, general purpose and device monitors,
sleep states other than off, and throttling.
"""

from __future__ import annotations

from typing import Any

from machinebuilder.device import (
    Bit,
    Bits,
    Device,
    IrqIn,
    IrqOut,
    PciFunction,
    Reg,
    Region,
)

PM_BASE = 0x600
"""Where firmware puts the PM registers."""
SOFT_OFF = 0
"""The sleep type that powers off."""


class Piix4Pm(Device):
    """PM1, PM timer and APM ports."""

    native = True
    sits_on = "pci"
    pci = PciFunction(
        vendor=0x8086, device=0x7113, class_code=0x06_80_00, revision=3,
        subsystem=(0x1AF4, 0x1100),
    )  # fmt: skip

    pci_setup = {0x40: (4, PM_BASE | 1), 0x80: (1, 1)}
    acpi_name = "PM"

    config = Region(0x100, on="config")
    pm = Region(0x40, on="io", moves=True, doc="at PMBA")
    apm = Region(2, on="io", at=0xB2, doc="APM control and status")

    irq = IrqOut(doc="system control interrupt, to line 9")
    power_button = IrqIn(doc="pressed")

    device_b = Reg(0x58, region="config", reset=0x0200_0000, apm_smi=Bit(25))
    base = Reg(0x40, region="config", reset=0x1, address=Bits(15, 6), io=Bit(0))
    enable = Reg(0x80, region="config", width=8, io=Bit(0))

    status = Reg(
        0x00, region="pm", width=16, timer=Bit(0), button=Bit(8), wake=Bit(15),
        doc="write ones to clear",
    )  # fmt: skip
    enabled = Reg(0x02, region="pm", width=16, timer=Bit(0), button=Bit(8))
    control = Reg(
        0x04, region="pm", width=16, sci=Bit(0), type=Bits(12, 10), sleep=Bit(13)
    )
    timer = Reg(0x08, "ro", region="pm", doc="24 bits")
    gp_status = Reg(0x0C, region="pm", width=16)
    gp_enable = Reg(0x0E, region="pm", width=16)
    apm_control = Reg(
        0x0, region="apm", width=8, doc="0xf1: ACPI mode, 0xf0: not; else kept"
    )
    apm_status = Reg(0x1, region="apm", width=8)

    @classmethod
    def acpi(cls, node: Any, view: Any) -> None:
        power = view.power
        power.sci = next(iter(view.interrupts(view.device.name)), 9)
        power.pm1_event, power.pm1_control = PM_BASE, PM_BASE + 4
        power.pm_timer = PM_BASE + 8
        power.gpe0, power.gpe0_size = PM_BASE + 0xC, 4
        power.smi_command, power.acpi_enable, power.acpi_disable = 0xB2, 0xF1, 0xF0
        power.soft_off = SOFT_OFF
        power.power_button = True
