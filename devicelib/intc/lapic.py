# SPDX-License-Identifier: Apache-2.0
"""lapic -- the local APICs of all CPUs, in xAPIC mode (Intel Software Developer's
Manual, volume 3, chapter "Advanced Programmable Interrupt Controller").

One chip, whose registers are those of the CPU that asks. It takes interrupt messages
from I/O APICs, devices and other CPUs by physical and logical destinations, sends
messages between CPUs, and has a timer for each, one-shot or periodic. Levels at LINT0
in ExtINT mode are acknowledged at the chip that drives it: the 8259s.

A periodic timer interrupts at most 10,000 times a second; see pace.h.

Omitted: x2APIC mode, the TSC deadline, the base address register (an executor's), APR
and remote read, the focus processor, suppressed EOI broadcasts, and thermal and
performance interrupts (nobody raises them; their registers keep what is written). The
spurious vector is never given: an acknowledge cycle looks and takes in one.
"""

from __future__ import annotations

from typing import Any

from machinebuilder.device import Bit, Bits, Device, IrqIn, IrqOut, Param, Reg


class LocalApic(Device):
    """Interrupts of each CPU by priority, messages between CPUs, and their timers."""

    native = True
    in_kernel = "lapic"

    span = 0x1000
    clock = Param(
        "integer",
        default=1_000_000_000,
        min=1_000_000,
        max=4_000_000_000,
        doc="of the timers, before it is divided, in Hz",
    )
    virtual_wire = Param(
        "boolean",
        default=True,
        doc="CPU 0 hears the 8259s before software sets LINT0, as firmware leaves it",
    )

    lint0 = IrqIn(doc="local interrupt 0 of all CPUs: the 8259s")
    lint1 = IrqIn(doc="local interrupt 1 of all CPUs: NMI")
    intr = IrqOut(doc="an interrupt waits for the CPU", count="cpus")

    id = Reg(0x020, number=Bits(31, 24))
    version = Reg(0x030, "ro", reset=0x5_0014, doc="six local vectors")
    task_priority = Reg(0x080, value_=Bits(7, 0), doc="TPR")
    processor_priority = Reg(0x0A0, "ro", value_=Bits(7, 0), doc="PPR")
    end = Reg(0x0B0, "wo", doc="EOI")
    logical_destination = Reg(0x0D0, id_=Bits(31, 24), doc="LDR")
    destination_format = Reg(
        0x0E0, reset=0xFFFF_FFFF, model_=Bits(31, 28), doc="DFR: 15 flat, 0 cluster"
    )
    spurious = Reg(
        0x0F0, reset=0xFF, vector=Bits(7, 0), enable=Bit(8), focus=Bit(9), doc="SVR"
    )
    in_service = Reg(0x100, "ro", count=8, step=0x10, doc="ISR")
    trigger_mode = Reg(0x180, "ro", count=8, step=0x10, doc="TMR: 1 level")
    requested = Reg(0x200, "ro", count=8, step=0x10, doc="IRR")
    error = Reg(
        0x280,
        send_vector=Bit(5),
        receive_vector=Bit(6),
        address=Bit(7),
        doc="ESR: a write shows the errors since the last write",
    )
    command = Reg(
        0x300,
        vector=Bits(7, 0),
        mode_=Bits(10, 8),
        logical=Bit(11),
        assert_=Bit(14),
        level=Bit(15),
        shorthand=Bits(19, 18),
        doc="ICR, low: sends",
    )
    command_high = Reg(0x310, destination=Bits(31, 24), doc="ICR, high")
    local = Reg(
        0x320,
        count=6,
        step=0x10,
        vector=Bits(7, 0),
        mode_=Bits(10, 8),
        remote=Bit(14, "ro"),
        level=Bit(15),
        masked=Bit(16),
        periodic=Bit(17),
        doc="LVT: timer, thermal, performance, LINT0, LINT1, error",
    )
    initial_count = Reg(0x380, doc="starts the timer; 0 stops it")
    current_count = Reg(0x390, "ro")
    divide = Reg(0x3E0, doc="bits 3, 1, 0: divide by 2, 4, .. 128, 1")

    @classmethod
    def acpi(cls, node: Any, view: Any) -> bool:
        from machinebuilder.boot.acpi import tables

        view.local_apics = view.place()
        view.interrupt_rows.append(tables.local_nmi(1))
        return False
