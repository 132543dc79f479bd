# SPDX-License-Identifier: Apache-2.0
"""GICv2 -- ARM Generic Interrupt Controller, architecture version 2 (ARM IHI 0048B).

Up to 8 CPUs, 16 software-generated and 16 private interrupts a CPU, up to 988 shared
ones, 32 priorities. The behaviour is in gicv2.c and gicv2_state.c.

Omitted: the Security Extensions (every access has the one view of a GIC without them),
the virtual CPU interface and its hypervisor registers, interrupt bypass, and separate
active priorities for group 1 (NSAPR reads zero).
"""

from __future__ import annotations

from machinebuilder.device import Bit, Bits, Device, IrqIn, IrqOut, Param, Reg, Region


class GICv2(Device):
    """The distributor routes interrupts by priority to a banked interface per CPU."""

    native = True
    compatible = ("arm,cortex-a15-gic",)
    dt_name = "interrupt-controller"
    dt_interrupt_cells = 3
    dt_interrupt_root = True

    dist = Region(0x1000, doc="the distributor")
    cpu = Region(0x2000, doc="the CPU interface of the CPU that asks")

    spis = Param("integer", default=64, min=0, max=988, doc="shared interrupts")

    ppi = IrqIn(
        doc="private interrupts: index n is INTID 16 + n", count=16, per_cpu=True
    )
    spi = IrqIn(doc="shared interrupts: index n is INTID 32 + n", count="spis")
    irq = IrqOut(doc="an interrupt waits for the CPU", count="cpus")
    fiq = IrqOut(doc="a group 0 interrupt waits, with FIQEn set", count="cpus")

    control = Reg(0x000, region="dist", group0=Bit(0), group1=Bit(1), doc="GICD_CTLR")
    kind = Reg(
        0x004, "ro", region="dist", lines=Bits(4, 0), cpus=Bits(7, 5), doc="GICD_TYPER"
    )
    implementer = Reg(0x008, "ro", region="dist", reset=0x43B, doc="GICD_IIDR")
    group = Reg(0x080, region="dist", count=32, doc="GICD_IGROUPRn")
    set_enable = Reg(0x100, region="dist", count=32, doc="GICD_ISENABLERn")
    clear_enable = Reg(0x180, region="dist", count=32, doc="GICD_ICENABLERn")
    set_pending = Reg(0x200, region="dist", count=32, doc="GICD_ISPENDRn")
    clear_pending = Reg(0x280, region="dist", count=32, doc="GICD_ICPENDRn")
    set_active = Reg(0x300, region="dist", count=32, doc="GICD_ISACTIVERn")
    clear_active = Reg(0x380, region="dist", count=32, doc="GICD_ICACTIVERn")
    priority = Reg(0x400, region="dist", count=256, doc="GICD_IPRIORITYRn")
    target = Reg(0x800, region="dist", count=256, doc="GICD_ITARGETSRn")
    config = Reg(0xC00, region="dist", count=64, doc="GICD_ICFGRn")
    generate = Reg(
        0xF00,
        "wo",
        region="dist",
        intid=Bits(3, 0),
        targets=Bits(23, 16),
        filter=Bits(25, 24),
        doc="GICD_SGIR",
    )
    clear_sgi = Reg(0xF10, region="dist", count=4, doc="GICD_CPENDSGIRn")
    set_sgi = Reg(0xF20, region="dist", count=4, doc="GICD_SPENDSGIRn")
    identification = Reg(0xFD0, "ro", region="dist", count=12, doc="ICPIDRn, ICCIDRn")

    interface_control = Reg(
        0x0000,
        region="cpu",
        group0=Bit(0),
        group1=Bit(1),
        acknowledge_all=Bit(2, doc="AckCtl"),
        fiq=Bit(3, doc="FIQEn: group 0 is signalled as FIQ"),
        common_point=Bit(4, doc="CBPR"),
        split_end=Bit(9, doc="EOImode: end drops the priority, deactivate the rest"),
        doc="GICC_CTLR",
    )
    priority_mask = Reg(0x0004, region="cpu", doc="GICC_PMR")
    binary_point = Reg(0x0008, region="cpu", reset=2, doc="GICC_BPR")
    acknowledge = Reg(0x000C, "ro", region="cpu", reset=1023, doc="GICC_IAR")
    end = Reg(0x0010, "wo", region="cpu", doc="GICC_EOIR")
    running = Reg(0x0014, "ro", region="cpu", reset=0xFF, doc="GICC_RPR")
    highest = Reg(0x0018, "ro", region="cpu", reset=1023, doc="GICC_HPPIR")
    aliased_point = Reg(0x001C, region="cpu", reset=3, doc="GICC_ABPR")
    aliased_acknowledge = Reg(0x0020, "ro", region="cpu", reset=1023, doc="GICC_AIAR")
    aliased_end = Reg(0x0024, "wo", region="cpu", doc="GICC_AEOIR")
    aliased_highest = Reg(0x0028, "ro", region="cpu", reset=1023, doc="GICC_AHPPIR")
    active_priorities = Reg(0x00D0, region="cpu", count=4, doc="GICC_APRn")
    group1_active_priorities = Reg(0x00E0, region="cpu", count=4, doc="GICC_NSAPRn")
    interface_implementer = Reg(
        0x00FC, "ro", region="cpu", reset=0x0002_043B, doc="GICC_IIDR"
    )
    deactivate = Reg(0x1000, "wo", region="cpu", doc="GICC_DIR")

    @classmethod
    def dt_interrupt(cls, port: str, index: int) -> list[int]:
        """Kind, number and flags: level, active high; a private one for all CPUs."""
        return [1, index, 0xFF04] if port == "ppi" else [0, index, 4]
