# SPDX-License-Identifier: Apache-2.0
"""16550A -- universal asynchronous receiver and transmitter with FIFOs (National
Semiconductor PC16550D data sheet, 1995), the serial port of PCs and of many boards.

A byte sent is on its way at once, so the transmitter is always empty. With `shift` the
registers of a memory-mapped one are 2^shift bytes apart.

Omitted: DMA modes, break and errors of parity and framing, since bytes always arrive
well; the peer is there and ready, so the modem inputs change in loopback alone; OUT2
does not gate the interrupt.
"""

from __future__ import annotations

from typing import Any

from machinebuilder.device import Bit, Bits, Device, IrqOut, Param, Reg, Region


class Ns16550(Device):
    """A serial port, joined to a console of the host."""

    native = True
    sits_on = ("mmio", "io")
    host = "console"
    compatible = ("ns16550a",)
    dt_name = "serial"
    acpi_hid = "PNP0501"

    window = Region(8, name="", scale="shift", doc="eight registers of a byte")

    clock = Param("integer", default=1_843_200, min=1, doc="of the divisor, in hertz")
    shift = Param("integer", default=0, min=0, max=3, doc="registers are 2^shift apart")
    irq = IrqOut(doc="an enabled cause is pending")

    data = Reg(0, width=8, doc="RBR, THR: receive, send; with the latch bit DLL")
    enable = Reg(
        1, width=8, received=Bit(0), transmitter=Bit(1), line=Bit(2), modem=Bit(3),
        doc="IER: causes that interrupt; with the latch bit DLM",
    )  # fmt: skip
    cause = Reg(
        2, width=8, fifos=Bit(0), reset_receiver=Bit(1), reset_transmitter=Bit(2),
        trigger=Bits(7, 6), doc="IIR when read: the cause; FCR when written",
    )  # fmt: skip
    frame = Reg(
        3, width=8, length=Bits(1, 0), stops=Bit(2), parity=Bit(3), latch=Bit(7),
        doc="LCR: the frame, and the latch bit",
    )  # fmt: skip
    modem = Reg(
        4, width=8, dtr=Bit(0), rts=Bit(1), out1=Bit(2), out2=Bit(3), loopback=Bit(4),
        doc="MCR: modem outputs",
    )  # fmt: skip
    line_status = Reg(
        5, "ro", width=8, received=Bit(0), overrun=Bit(1), holding_empty=Bit(5),
        empty=Bit(6), doc="LSR",
    )  # fmt: skip
    modem_status = Reg(
        6, "ro", width=8, changes=Bits(3, 0), cts=Bit(4), dsr=Bit(5), ri=Bit(6),
        dcd=Bit(7), doc="MSR: modem inputs, and which changed",
    )  # fmt: skip
    scratch = Reg(7, width=8, doc="SCR: a byte for the program")

    @classmethod
    def devicetree(cls, node: Any, view: Any) -> None:
        node["clock-frequency"] = view.device.params["clock"]
        node["reg-shift"] = view.device.params["shift"]

    @classmethod
    def acpi(cls, node: Any, view: Any) -> None:
        view.power.present.add("legacy")
