# SPDX-License-Identifier: Apache-2.0
"""i8254 -- the programmable interval timer of a PC (Intel 8254 data sheet, 231164),
with the port 0x61 beside it (82371SB data sheet, 2.5.3).

Three counters of 16 bits at 1.193182 MHz, in six modes, binary or BCD. Counter 0
interrupts; the gate of counter 2 and a look at its output are in port 0x61, with the
toggle that memory refresh makes every 15 us. Gates of counters 0 and 1 are high.

The line of counter 0 moves at most 10,000 times a second, whatever the guest programs.
Interrupts that the host was late for are made up for, at most at twice the rate.

Omitted: sound, and the errors that port 0x61 reports (there are none). Counts of 1 in
modes 2 and 3, which the data sheet forbids, leave the output high.
"""

from __future__ import annotations

from machinebuilder.device import Bit, Bits, Device, IrqOut, Reg, Region


class I8254(Device):
    """Three counters, and the port with the speaker's gate."""

    native = True
    sits_on = "io"
    acpi_hid = "PNP0100"
    in_kernel = "pit"

    counters = Region(4, at=0x00, doc="at 0x40 in a PC")
    control = Region(1, at=0x21, doc="system control port B, at 0x61")

    irq = IrqOut(doc="output of counter 0")

    count = Reg(0, width=8, region="counters", count=3, doc="low and high byte in turn")
    command = Reg(
        3,
        "wo",
        width=8,
        region="counters",
        counter=Bits(7, 6),
        bytes_=Bits(5, 4),
        mode_=Bits(3, 1),
        bcd=Bit(0),
        doc="control word; counter 3: read-back command",
    )
    port_b = Reg(
        0,
        width=8,
        region="control",
        gate=Bit(0, doc="of counter 2"),
        speaker=Bit(1),
        checks=Bits(3, 2, doc="parity and I/O channel check off"),
        refresh=Bit(4, "ro"),
        out2=Bit(5, "ro", doc="output of counter 2"),
    )
