# SPDX-License-Identifier: Apache-2.0
"""8237A -- Intel DMA controller (231466-005), twice, as the PC/AT has them, with their
page registers: channels 0 to 3 move bytes, 5 to 7 words; 4 joins the two.

A chip on channel n of the bus asks for its `Channel` and moves bytes through it. The
controllers are at 0x00 and 0xc0, the page registers at 0x81 to 0x8f.

Omitted: transfers from memory to memory, timing and the sense of lines, priorities;
requests by software are shown and move nothing; channel 4 always lets the others pass.
"""

from __future__ import annotations

from typing import Any

from machinebuilder.device import Bus, Device, Region, State

STATUS, REQUEST, MASK, MODE, CLEAR_POINTER, CLEAR, CLEAR_MASK, ALL_MASKS = range(8, 16)
"""Registers after those of the channels; STATUS is the command when written."""
DISABLED = 0x04
"""Command: the controller does nothing."""
TO_MEMORY, FROM_MEMORY = 1, 2
"""Mode bits 3 and 2; the other two verify."""
AUTO_INIT, DOWN, CASCADE = 0x10, 0x20, 0xC0
PAGES = (0x87, 0x83, 0x81, 0x82, 0x8F, 0x8B, 0x89, 0x8A)
"""Ports of the page registers, by channel."""
FIRST_PAGE = 0x81
CASCADED = 4
WRAP = 0x1_0000

Run = tuple[int, int]
"""An address and a length, in bytes or words."""


class I8237(Device):
    """Seven channels between memory and chips on the ISA bus."""

    sits_on = "io"
    acpi_hid = "PNP0200"

    low = Region(0x10, at=0x00, doc="channels 0 to 3")
    pages = Region(0x0F, at=FIRST_PAGE, doc="page registers")
    high = Region(0x20, at=0xC0, doc="channels 4 to 7, registers two ports apart")

    isa = Bus("isa-dma", doc="the channels", channel=8)

    addresses = State(lambda: [0] * 8, doc="now, in bytes or words")
    counts = State(lambda: [0] * 8, doc="transfers left, less one")
    base_addresses = State(lambda: [0] * 8, doc="as written")
    base_counts = State(lambda: [0] * 8, doc="as written")
    modes = State(lambda: [0] * 8, doc="of each channel")
    page = State(lambda: bytearray(0x10), doc="page registers by port, from 0x80 on")
    high_byte = State(lambda: [0, 0], doc="1: the high byte of a register is next")
    commands = State(lambda: [0, 0], doc="of each controller")
    masks = State(lambda: [0xF, 0xF], doc="channels that do nothing")
    ended = State(lambda: [0, 0], doc="channels that came to their end since asked")
    wanted = State(lambda: [0, 0], doc="channels that a chip or software requests")

    # -- the bus

    @low.read
    def load_low(self, offset: int, size: int) -> int:
        return self.load(0, offset)

    @low.write
    def store_low(self, offset: int, value: int, size: int) -> None:
        self.store(0, offset, value & 0xFF)

    @high.read
    def load_high(self, offset: int, size: int) -> int:
        return self.load(1, offset >> 1)

    @high.write
    def store_high(self, offset: int, value: int, size: int) -> None:
        self.store(1, offset >> 1, value & 0xFF)

    @pages.read
    def load_page(self, offset: int, size: int) -> int:
        return int(self.page[offset + 1])

    @pages.write
    def store_page(self, offset: int, value: int, size: int) -> None:
        self.page[offset + 1] = value & 0xFF

    def load(self, unit: int, register: int) -> int:
        """A register of a controller."""
        if register < STATUS:
            channel = unit * 4 + (register >> 1)
            values = self.counts if register & 1 else self.addresses
            return int(values[channel]) >> 8 * self.next_byte(unit) & 0xFF
        if register == STATUS:
            status = self.wanted[unit] << 4 | self.ended[unit]
            self.ended[unit] = 0
            return int(status)
        return int(self.masks[unit]) if register == ALL_MASKS else 0

    def store(self, unit: int, register: int, value: int) -> None:
        if register < STATUS:
            self.set_channel(unit, register, value)
            return
        bit = 1 << (value & 3)
        if register == STATUS:
            self.commands[unit] = value
        elif register == REQUEST:
            self.wanted[unit] = set_bit(self.wanted[unit], bit, value & 4)
        elif register == MASK:
            self.masks[unit] = set_bit(self.masks[unit], bit, value & 4)
        elif register == MODE:
            self.modes[unit * 4 + (value & 3)] = value
        elif register == CLEAR_POINTER:
            self.high_byte[unit] = 0
        elif register == CLEAR:
            self.clear(unit)
        else:
            self.masks[unit] = value & 0xF if register == ALL_MASKS else 0
        self.wake(unit)

    def clear(self, unit: int) -> None:
        """Master clear: as after a reset, but channels keep their registers."""
        self.high_byte[unit] = self.commands[unit] = 0
        self.ended[unit] = self.wanted[unit] = 0
        self.masks[unit] = 0xF

    def set_channel(self, unit: int, register: int, value: int) -> None:
        """A byte of an address or count; what is written is where it begins anew."""
        channel = unit * 4 + (register >> 1)
        base, now = (
            (self.base_counts, self.counts)
            if register & 1
            else (self.base_addresses, self.addresses)
        )
        shift = 8 * self.next_byte(unit)
        for values in (base, now):
            values[channel] = values[channel] & ~(0xFF << shift) | value << shift

    def next_byte(self, unit: int) -> int:
        """Which byte of a 16-bit register is next."""
        which = int(self.high_byte[unit])
        self.high_byte[unit] ^= 1
        return which

    # -- what chips ask

    def channel(self, chip: Any) -> Channel:
        """The channel that a chip sits on."""
        number = next(n for n, other in self.isa.items() if other is chip)
        return Channel(self, int(number))

    def is_ready(self, number: int) -> bool:
        """May that channel transfer?"""
        unit, bit = number >> 2, 1 << (number & 3)
        if self.masks[unit] & bit or self.commands[unit] & DISABLED:
            return False
        return bool(self.modes[number] & CASCADE != CASCADE)

    def request(self, number: int, level: bool) -> None:
        """A chip's request line."""
        unit, bit = number >> 2, 1 << (number & 3)
        self.wanted[unit] = set_bit(self.wanted[unit], bit, level)

    def wake(self, unit: int) -> None:
        """Chips whose channel may transfer now, and that wait for it, do so."""
        for number, chip in ((int(key), chip) for key, chip in self.isa.items()):
            waits = self.wanted[number >> 2] & 1 << (number & 3)
            if waits and self.is_ready(number):
                chip.dma_ready()

    def advance(self, number: int, size: int) -> tuple[list[Run], bool]:
        """Go on by `size` bytes or words at most: the runs of them, and whether the
        count came to its end. An address wraps within its page."""
        runs: list[Run] = []
        while size and self.is_ready(number):
            here = int(self.addresses[number])
            down = self.modes[number] & DOWN
            room = here + 1 if down else WRAP - here
            length = min(size, room, self.counts[number] + 1)
            runs.append((here - length + 1 if down else here, length))
            self.addresses[number] = (here - length if down else here + length) % WRAP
            self.counts[number] -= length
            if self.counts[number] < 0:
                self.finish(number)
                return runs, True
            size -= length
        return runs, False

    def finish(self, number: int) -> None:
        """Terminal count: begin anew, or stop."""
        unit, bit = number >> 2, 1 << (number & 3)
        self.ended[unit] |= bit
        self.counts[number] = 0xFFFF
        if self.modes[number] & AUTO_INIT:
            self.addresses[number] = self.base_addresses[number]
            self.counts[number] = self.base_counts[number]
        else:
            self.masks[unit] |= bit

    def place(self, number: int, address: int) -> int:
        """Where that is in memory."""
        page = int(self.page[PAGES[number] & 0xF])
        if number < CASCADED:
            return page << 16 | address
        return (page & 0xFE) << 16 | address << 1


class Channel:
    """A channel, as the chip on it sees it."""

    def __init__(self, controller: I8237, number: int) -> None:
        self._controller = controller
        self._number = number
        self._unit = 1 if number < CASCADED else 2

    @property
    def is_ready(self) -> bool:
        """Will bytes move?"""
        return self._controller.is_ready(self._number)

    def request(self, level: bool) -> None:
        """Ask for a transfer, or not any more. While it is asked for, `dma_ready` of
        the chip is called when the channel becomes ready."""
        self._controller.request(self._number, level)

    def fetch(self, size: int) -> tuple[bytes, bool]:
        """Up to `size` bytes from memory, and whether the count came to its end."""
        runs, ended = self._controller.advance(self._number, size // self._unit)
        return b"".join(self._read(*run) for run in runs), ended

    def store(self, data: bytes) -> tuple[int, bool]:
        """Bytes to memory: how many were taken, and whether the count ended."""
        runs, ended = self._controller.advance(self._number, len(data) // self._unit)
        done = 0
        for address, length in runs:
            size = length * self._unit
            self._write(address, data[done : done + size])
            done += size
        return done, ended

    @property
    def _mode(self) -> int:
        return int(self._controller.modes[self._number])

    def _read(self, address: int, length: int) -> bytes:
        """Bytes from memory; zeros where there is none, and when it verifies."""
        size, data = length * self._unit, None
        if self._mode >> 2 & 3 == FROM_MEMORY:
            place = self._controller.place(self._number, address)
            data = self._controller.dma.read(place, size)
        return bytes(size) if data is None else self._in_order(data)

    def _write(self, address: int, data: bytes) -> None:
        if self._mode >> 2 & 3 == TO_MEMORY:
            place = self._controller.place(self._number, address)
            self._controller.dma.write(place, self._in_order(data))

    def _in_order(self, data: bytes) -> bytes:
        """From memory's order to the transfer's, or back: down, the last is first."""
        if not self._mode & DOWN:
            return data
        if self._unit == 1:
            return data[::-1]
        words = [data[at : at + 2] for at in range(0, len(data), 2)]
        return b"".join(reversed(words))


def set_bit(value: int, bit: int, level: int | bool) -> int:
    """The value with that bit set or cleared."""
    return value | bit if level else value & ~bit
