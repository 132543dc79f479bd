# SPDX-License-Identifier: Apache-2.0
"""Z8530 -- Zilog serial communications controller (SCC and ESCC User Manual, chapters 4
and 5), in the asynchronous modes, as Sun wires it: B before A, control before data, two
bytes apart.

With `keyboard` the channels have Sun's keyboard (type 5) and mouse at their ends.

Omitted: synchronous modes, baud rate (bytes move at once), parity and framing errors,
DMA, the local loopback of channels that have no receiver; the keyboard's bell, click
and lights.
"""

from __future__ import annotations

from devicelib.uart import _sun_keyboard as sun
from machinebuilder.device import Device, IrqOut, Param, Region, State

B, A = 0, 1
DEPTH = 3
"""Bytes that the receiver holds."""
RECEIVED, SENT, STATUS = 4, 2, 1
"""Causes of an interrupt: as in the lower half of RR3."""
RX_AVAILABLE, TX_EMPTY, CARRIER, CLEAR_TO_SEND = 0x01, 0x04, 0x08, 0x20
ALL_SENT = 0x07
"""RR1: sent, with the residue code of whole bytes."""
RX_ENABLE, LOOPBACK, MASTER_ENABLE = 0x01, 0x10, 0x08
STATUS_HIGH = 0x10
"""WR9: the vector's status is in bits 6 to 4."""
ON_FIRST_BYTE, ON_EVERY_BYTE = 1, 2
"""WR1 bits 4 and 3."""
LINE_ROOM = 256
"""Bytes that keyboard or mouse keep until the receiver has room."""


class Z8530(Device):
    """Two serial ports; channel A is the host's console."""

    big_endian = True
    host = "console"
    sits_on = ("mmio", "obio")

    window = Region(8, name="", at=0, doc="control and data of B, then of A")

    keyboard = Param("boolean", default=False, doc="A has Sun's keyboard, B its mouse")
    irq = IrqOut(doc="a channel wants attention, and the master enable is set")

    pointers = State(
        lambda: [0, 0], doc="the register that the next control access takes"
    )
    written = State(lambda: [[0] * 16, [0] * 16], doc="write registers of B and A")
    fifos = State(lambda: [[], []], doc="bytes received")
    causes = State(lambda: [0, 0], doc="interrupts pending")
    lines = State(lambda: [b"", b""], doc="what keyboard and mouse have not sent yet")
    held = State(list, doc="keys that are down")
    argument = State(False, doc="the keyboard's next byte says which lights are on")
    first = State(lambda: [True, True], doc="the next byte is the first of a message")

    # -- the bus

    @window.read
    def load(self, offset: int, size: int) -> int:
        channel, data = offset >> 2 & 1, offset >> 1 & 1
        return self.take(channel) if data else self.read_control(channel)

    @window.write
    def store(self, offset: int, value: int, size: int) -> None:
        channel, data = offset >> 2 & 1, offset >> 1 & 1
        byte = value & 0xFF
        if data:
            self.put(channel, byte)
        else:
            self.write_control(channel, byte)

    def read_control(self, channel: int) -> int:
        number = self.pointers[channel]
        self.pointers[channel] = 0
        return self.status(channel, number)

    def write_control(self, channel: int, value: int) -> None:
        number = self.pointers[channel]
        self.pointers[channel] = 0
        if number == 0:
            self.pointers[channel] = value & 7
            self.command(channel, value >> 3 & 7)
        elif number == 8:
            self.put(channel, value)
        else:
            self.set_register(channel, number, value)

    # -- read registers

    def status(self, channel: int, number: int) -> int:
        """A read register; those that only have a write side mirror it."""
        registers = self.written[channel]
        if number in (0, 4):
            return self.line_status(channel)
        if number in (1, 5):
            return ALL_SENT
        if number == 2:
            return int(registers[2]) if channel == A else self.vector()
        if number == 3:
            return self.causes[A] << 3 | self.causes[B] if channel == A else 0
        if number == 8:
            return self.take(channel)
        if number in (12, 13):
            return int(registers[number])
        if number == 15:
            return int(registers[15]) & 0xFA
        return 0

    def line_status(self, channel: int) -> int:
        peer = TX_EMPTY | CARRIER | CLEAR_TO_SEND
        return peer | (RX_AVAILABLE if self.fifos[channel] else 0)

    def vector(self) -> int:
        """WR2 with the highest cause in it: 3 bits, in either of two places."""
        code = 0b011
        for channel, cause, number in (
            (A, RECEIVED, 6), (A, SENT, 4), (A, STATUS, 5),
            (B, RECEIVED, 2), (B, SENT, 0), (B, STATUS, 1),
        ):  # fmt: skip
            if self.causes[channel] & cause:
                code = number
                break
        base = int(self.written[A][2])
        if self.written[A][9] & STATUS_HIGH:
            mirrored = (code & 1) << 2 | code & 2 | code >> 2
            return base & ~0x70 | mirrored << 4
        return base & ~0x0E | code << 1

    # -- write registers

    def command(self, channel: int, code: int) -> None:
        """WR0 bits 5 to 3."""
        if code == 1:
            self.pointers[channel] |= 8
        elif code == 2:
            self.causes[channel] &= ~STATUS
        elif code == 4:
            self.first[channel] = True
        elif code == 5:
            self.causes[channel] &= ~SENT

    def set_register(self, channel: int, number: int, value: int) -> None:
        if number in (2, 9):
            self.written[A][number] = self.written[B][number] = value
        else:
            self.written[channel][number] = value
        if number == 9:
            self.reset_channels(value >> 6)
        if number == 1:
            self.notice(channel)

    def reset_channels(self, which: int) -> None:
        """WR9 bits 7 and 6: B, A or both; both also take back the master enable."""
        for channel in (B, A):
            if which & (1 << channel):
                self.causes[channel] = 0
                self.fifos[channel] = []
                self.lines[channel] = b""
                self.written[channel][1] = 0
                self.written[channel][15] = 0xF8
        if which == 3:
            self.written[A][9] = self.written[B][9] = 0

    # -- bytes

    def put(self, channel: int, byte: int) -> None:
        """The guest sends; the transmitter is empty again at once."""
        if self.written[channel][14] & LOOPBACK:
            self.arrive(channel, bytes((byte,)))
        elif self.keyboard and channel == A:
            self.command_keyboard(byte)
        elif channel == A and not self.keyboard:
            self.send(bytes((byte,)))
        if self.written[channel][1] & SENT:
            self.causes[channel] |= SENT

    def take(self, channel: int) -> int:
        fifo = self.fifos[channel]
        byte = int(fifo.pop(0)) if fifo else 0
        if self.lines[channel]:
            self.refill(channel)
        if not fifo:
            self.causes[channel] &= ~RECEIVED
        return byte

    def command_keyboard(self, byte: int) -> None:
        """The guest sends the keyboard a command, or the argument of one."""
        if not self.argument:
            self.queue(A, sun.answer(byte))
        self.argument = not self.argument and byte == sun.LIGHTS

    def key(self, code: int, down: bool) -> bool:
        """Also while the receiver is off: OpenBIOS never switches it on."""
        if self.keyboard:
            self.queue(A, sun.key_bytes(code, down, self.held))
        return self.keyboard

    def pointer(self, dx: int, dy: int, wheel: int, buttons: int) -> bool:
        if self.keyboard and self.written[B][3] & RX_ENABLE:
            self.queue(B, sun.mouse_bytes(dx, dy, buttons))
        return self.keyboard

    def queue(self, channel: int, data: bytes) -> None:
        """Keyboard or mouse send when the receiver has room; all of it or nothing."""
        if len(self.lines[channel]) + len(data) <= LINE_ROOM:
            self.lines[channel] += data
        self.refill(channel)

    def refill(self, channel: int) -> None:
        room = DEPTH - len(self.fifos[channel])
        sent, self.lines[channel] = (
            self.lines[channel][:room],
            self.lines[channel][room:],
        )
        if sent:
            self.arrive(channel, sent)

    def receive(self, data: bytes) -> int:
        """From the console, for channel A."""
        if self.keyboard or not self.written[A][3] & RX_ENABLE:
            return 0
        taken = data[: DEPTH - len(self.fifos[A])]
        self.arrive(A, taken)
        return len(taken)

    def arrive(self, channel: int, data: bytes) -> None:
        self.fifos[channel] += data
        self.notice(channel)

    def notice(self, channel: int) -> None:
        """Bytes that wait raise an interrupt, if the channel is to."""
        mode = self.written[channel][1] >> 3 & 3
        wanted = mode == ON_EVERY_BYTE or mode == ON_FIRST_BYTE and self.first[channel]
        if self.fifos[channel] and wanted:
            self.causes[channel] |= RECEIVED
            self.first[channel] = False

    @irq.level
    def line(self) -> bool:
        if not self.written[A][9] & MASTER_ENABLE:
            return False
        return bool(self.causes[A] | self.causes[B])
