# SPDX-License-Identifier: Apache-2.0
"""PL011 -- ARM PrimeCell UART (ARM DDI 0183G, r1p5): FIFOs, interrupts, loopback.

Bytes go out at once, also while the UART is disabled (early consoles rely on firmware
having enabled it), so the transmit FIFO is always empty.

Omitted: DMA requests, errors of parity, framing and break, IrDA, hardware flow control,
the integration-test registers. Baud rate and frame format are kept and change nothing;
the modem inputs read as a peer that is there and ready.
"""

from __future__ import annotations

from typing import Any

from machinebuilder.device import Alarm, Bit, Bits, Device, IrqOut, Param, Reg, State

DEPTH = 32
IDLE_FLAGS = 0x97
"""UARTFR with both FIFOs empty and a peer that is ready."""
RECEIVE_TRIGGERS = (4, 8, 16, 24, 28)
SILENCE_NS = 280_000
"""32 bit periods at 115,200 baud, after which a receive timeout is due."""


class PL011(Device):
    """A serial port, the console of ARM's boards."""

    span = 0x1000
    host = "console"
    compatible = ("arm,pl011", "arm,primecell")
    dt_name = "serial"

    frequency = Param("integer", default=24_000_000, min=1, doc="UARTCLK in hertz")
    irq = IrqOut(doc="UARTINTR: any interrupt raised and not masked")
    silence = Alarm(doc="nothing was received for 32 bit periods")
    fifo = State(list, doc="received bytes that were not read")

    data = Reg(0x000, doc="UARTDR: send, or take a received byte")
    errors = Reg(0x004, doc="UARTRSR, UARTECR: no error ever happens")
    flags = Reg(
        0x018,
        "ro",
        reset=IDLE_FLAGS,
        clear_to_send=Bit(0),
        data_set_ready=Bit(1),
        carrier=Bit(2),
        busy=Bit(3),
        receive_empty=Bit(4),
        transmit_full=Bit(5),
        receive_full=Bit(6),
        transmit_empty=Bit(7),
        ring=Bit(8),
        doc="UARTFR",
    )
    low_power = Reg(0x020, divisor=Bits(7, 0), doc="UARTILPR")
    baud = Reg(0x024, divisor=Bits(15, 0), doc="UARTIBRD")
    baud_fraction = Reg(0x028, divisor=Bits(5, 0), doc="UARTFBRD")
    line_control = Reg(
        0x02C,
        send_break=Bit(0),
        parity=Bits(2, 1),
        two_stops=Bit(3),
        fifos=Bit(4),
        length=Bits(6, 5),
        stick_parity=Bit(7),
        doc="UARTLCR_H",
    )
    control = Reg(
        0x030,
        enable=Bit(0),
        irda=Bits(2, 1),
        loopback=Bit(7),
        transmit=Bit(8, reset=1),
        receive_enable=Bit(9, reset=1),
        modem=Bits(13, 10),
        flow=Bits(15, 14),
        doc="UARTCR",
    )
    triggers = Reg(
        0x034,
        transmit=Bits(2, 0, reset=2),
        receive_level=Bits(5, 3, reset=2),
        doc="UARTIFLS",
    )
    mask = Reg(0x038, causes=Bits(10, 0), doc="UARTIMSC: 1 lets the interrupt through")
    raw = Reg(
        0x03C,
        "ro",
        received=Bit(4),
        transmitted=Bit(5),
        timeout=Bit(6),
        doc="UARTRIS",
    )
    masked = Reg(0x040, "ro", doc="UARTMIS: raw and mask")
    clear = Reg(0x044, "wo", causes=Bits(10, 0), doc="UARTICR")
    dma_control = Reg(0x048, enables=Bits(2, 0), doc="UARTDMACR")
    ident = Reg(0xFE0, "ro", count=8, doc="UARTPeriphID, UARTPCellID")

    @property
    def depth(self) -> int:
        return DEPTH if self.line_control.fifos else 1

    @property
    def trigger(self) -> int:
        level = min(self.triggers.receive_level, len(RECEIVE_TRIGGERS) - 1)
        return RECEIVE_TRIGGERS[level] if self.line_control.fifos else 1

    @data.read
    def take(self) -> int:
        byte = self.fifo.pop(0) if self.fifo else 0
        if len(self.fifo) < self.trigger:
            self.raw.received = 0
        if not self.fifo:
            self.raw.timeout = 0
        return int(byte)

    @data.write
    def put(self, value: int) -> None:
        byte = value & 0xFF
        if self.control.loopback:
            self.push(byte)
        else:
            self.send(bytes((byte,)))
        if not self.raw.transmitted:
            self.raw.transmitted = 1

    def receive(self, data: bytes) -> int:
        if not (self.control.enable and self.control.receive_enable):
            return 0
        taken = data[: max(self.depth - len(self.fifo), 0)]
        for byte in taken:
            self.push(byte)
        return len(taken)

    def push(self, byte: int) -> None:
        """A byte came in; it is lost if the FIFO is full."""
        if len(self.fifo) < self.depth:
            self.fifo.append(byte)
        if len(self.fifo) >= self.trigger:
            self.raw.received = 1
        self.silence.at_ns(self.clock.ns + SILENCE_NS)

    @silence.rings
    def time_out(self) -> None:
        if self.fifo:
            self.raw.timeout = 1

    @errors.write
    def clear_errors(self, value: int) -> None:
        self.errors = 0

    @flags.read
    def state(self) -> int:
        if not self.fifo:
            return IDLE_FLAGS
        full = len(self.fifo) >= self.depth
        return IDLE_FLAGS & ~0x10 | full << 6

    @line_control.write
    def set_frame(self, value: int) -> None:
        del self.fifo[self.depth :]

    @masked.read
    def shown(self) -> int:
        return self.raw & self.mask

    @clear.write
    def acknowledge(self, value: int) -> None:
        self.raw &= ~value

    @ident.read
    def identify(self, index: int) -> int:
        return (0x11, 0x10, 0x34, 0x00, 0x0D, 0xF0, 0x05, 0xB1)[index]

    @irq.level
    def line(self) -> int:
        return self.raw & self.mask

    @classmethod
    def devicetree(cls, node: Any, view: Any) -> None:
        clock = view.clock(view.device.params["frequency"])
        node["clocks"] = [clock, clock]
        node["clock-names"] = ["uartclk", "apb_pclk"]
