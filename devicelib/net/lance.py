# SPDX-License-Identifier: Apache-2.0
"""LANCE, the Am7990 Ethernet controller (AMD Am7990 data sheet), as sun4m has it: two
16-bit registers, memory through a DMA controller that gives the high address byte.

Rings are looked at when the guest writes CSR0 and when a frame comes. A frame that
finds no buffer waits a little, instead of being missed.

Omitted: collisions, loss of carrier and the other troubles of a cable; loopback is
internal always; the byte control and ALE bits of CSR3 (kept, without effect).
"""

from __future__ import annotations

import zlib
from typing import Literal

from machinebuilder.device import Alarm, Device, IrqOut, Reg, Region, State

INIT, STRT, STOP, TDMD, TXON, RXON, INEA, INTR = (1 << n for n in range(8))
IDON, TINT, RINT, MERR, MISS, CERR, BABL, ERR = (1 << n for n in range(8, 16))
CAUSES = BABL | MISS | MERR | RINT | TINT | IDON
CLEARED = CAUSES | CERR
BYTE_SWAP = 4

PROMISCUOUS, LOOPBACK, NO_TRANSMIT, NO_RECEIVE = 0x8000, 0x0004, 0x0002, 0x0001
OWN = 0x80
START, END = 0x02, 0x01

SHORTEST, LONGEST = 60, 1518
MOST_CHAINED = 4096
BLOCK_SIZE, DESCRIPTOR_SIZE = 24, 8
RETRY_NS = 2_000_000


class Lance(Device):
    """A network card, joined to the network that `--net` names."""

    sits_on = "net-dma"
    host = "net"
    big_endian = True

    registers = Region(4, name="", at=0, doc="data and address port")
    irq = IrqOut(doc="a cause in CSR0, and INEA")
    retry = Alarm(doc="look again for a receive buffer")

    data = Reg(0, width=16, doc="RDP: the control register that RAP names")
    number = Reg(2, width=16, doc="RAP")

    csr0 = State(STOP)
    csr = State(lambda: [0, 0, 0, 0], doc="CSR1 to CSR3; 0 is not used")
    mode = State(0)
    address = State(b"", doc="the card's own")
    filter = State(0, doc="multicast hashes")
    receive_ring = State(lambda: [0, 1, 0], doc="address, descriptors, the next one")
    transmit_ring = State(lambda: [0, 1, 0])
    chained = State(bytearray, doc="the beginning of a frame to send")

    # -- registers

    @data.read
    def read_data(self) -> int:
        which = self.number & 3
        if which:
            return int(self.csr[which]) if self.csr0 & STOP else 0
        return self._with_summary()

    @data.write
    def write_data(self, value: int) -> None:
        which = self.number & 3
        if which == 0:
            self._control(value)
        elif self.csr0 & STOP:
            self.csr[which] = value & {1: 0xFFFE, 2: 0x00FF, 3: 0x0007}[which]

    def _with_summary(self) -> int:
        value: int = self.csr0
        if value & (BABL | CERR | MISS | MERR):
            value |= ERR
        return value | (INTR if value & CAUSES else 0)

    @irq.level
    def level(self) -> bool:
        return bool(self.csr0 & INEA and self.csr0 & CAUSES)

    def _control(self, value: int) -> None:
        if value & STOP:
            self.hardware_reset()
            return
        kept: int = self.csr0 & ~(value & CLEARED) & ~INEA
        self.csr0 = kept | value & INEA
        if value & INIT and not kept & (RXON | TXON):
            self._initialize()
        if value & STRT:
            self._start()
        if self._is_on(TXON):
            self._transmit()
        if self._is_on(RXON):
            self.receive_ready()

    def _is_on(self, bit: int) -> bool:
        return bool(self.csr0 & bit)

    def hardware_reset(self) -> None:
        """The reset line, or STOP."""
        self.csr0 = STOP
        self.csr[3] = 0
        self.chained.clear()
        self.receive_ready()

    def _start(self) -> None:
        on = (0 if self.mode & NO_TRANSMIT else TXON) | (
            0 if self.mode & NO_RECEIVE else RXON
        )
        self.csr0 = self.csr0 & ~STOP | STRT | on

    def _initialize(self) -> None:
        """Read the initialization block."""
        at = self.csr[2] << 16 | self.csr[1]
        words = self._words(at, BLOCK_SIZE)
        if words is None:
            return
        self.mode = words[0]
        self.address = b"".join(word.to_bytes(2, "little") for word in words[1:4])
        self.filter = sum(word << 16 * n for n, word in enumerate(words[4:8]))
        self.receive_ring = _ring(words[8], words[9])
        self.transmit_ring = _ring(words[10], words[11])
        self.csr0 = self.csr0 & ~STOP | INIT | IDON

    # -- memory

    def _words(self, at: int, size: int) -> list[int] | None:
        """16-bit words, as CSR3 says; None, with MERR, if there is no memory."""
        data = self.parent.read_at(at, size) if self.parent else None
        if data is None:
            self._memory_error()
            return None
        order = self._order()
        return [int.from_bytes(data[n : n + 2], order) for n in range(0, size, 2)]

    def _order(self) -> Literal["big", "little"]:
        return "big" if self.csr[3] & BYTE_SWAP else "little"

    def _memory_error(self) -> None:
        self.csr0 = (self.csr0 | MERR) & ~(RXON | TXON)

    def _put_word(self, at: int, value: int) -> None:
        data = value.to_bytes(2, self._order())
        if not (self.parent and self.parent.write_at(at, data)):
            self._memory_error()

    def _descriptor(self, ring: list[int]) -> tuple[int, list[int]] | None:
        """Where the ring's next descriptor is, and its words, if it is the card's."""
        at = ring[0] + ring[2] * DESCRIPTOR_SIZE
        words = self._words(at, DESCRIPTOR_SIZE)
        return (at, words) if words is not None and words[1] >> 8 & OWN else None

    # -- to the network

    def _transmit(self) -> None:
        """Send what the guest gave, at most one round of the ring."""
        ring = self.transmit_ring
        for _ in range(ring[1]):
            found = self._descriptor(ring)
            if found is None:
                return
            at, words = found
            ring[2] = (ring[2] + 1) % ring[1]
            self._send_part(words)
            if self.csr0 & MERR:
                return
            self._put_word(at + 2, words[1] & ~(OWN << 8))
            self.csr0 |= TINT

    def _send_part(self, words: list[int]) -> None:
        flags = words[1] >> 8
        at = (words[1] & 0xFF) << 16 | words[0]
        size = -words[2] & 0xFFF
        if flags & START:
            self.chained.clear()
        data = self.parent.read_at(at, size) if size else b""
        if data is None:
            self._memory_error()
            return
        self.chained.extend(data[: MOST_CHAINED - len(self.chained)])
        if flags & END:
            frame = bytes(self.chained)
            self.chained.clear()
            self._put_on_wire(frame)

    def _put_on_wire(self, frame: bytes) -> None:
        if len(frame) > LONGEST:
            self.csr0 |= BABL
        elif self.mode & LOOPBACK:
            self._deliver(frame)
        elif frame:
            self.send(frame)

    # -- from the network

    def receive(self, data: bytes) -> int:
        if not self.csr0 & RXON or self.mode & LOOPBACK or not self._is_wanted(data):
            return len(data)
        if len(data) > LONGEST or self._deliver(data):
            return len(data)
        self.retry.at_ns(self.clock.ns + RETRY_NS)
        return 0

    @retry.rings
    def look_again(self) -> None:
        self.receive_ready()

    def _is_wanted(self, frame: bytes) -> bool:
        target = frame[:6]
        if self.mode & PROMISCUOUS or target in (self.address, b"\xff" * 6):
            return True
        if len(target) < 6 or not target[0] & 1:
            return False
        remainder = zlib.crc32(target) ^ 0xFFFF_FFFF
        return bool(self.filter >> (remainder >> 26) & 1)

    def _deliver(self, frame: bytes) -> bool:
        """Put a frame into the guest's buffers; False if there are too few now."""
        frame = frame.ljust(SHORTEST, b"\0")
        left = frame + zlib.crc32(frame).to_bytes(4, "little")
        whole, flags = len(left), START
        buffers = self._buffers(whole)
        for number, (at, words) in enumerate(buffers):
            room = -words[2] & 0xFFF
            part, left = left[:room], left[room:]
            last = number == len(buffers) - 1
            if not self._fill(at, words, part, flags | (END if last else 0), whole):
                return True
            flags = 0
        if buffers:
            self.csr0 |= RINT
        return bool(buffers)

    def _buffers(self, size: int) -> list[tuple[int, list[int]]]:
        """Descriptors for so many bytes, or none; the ring moves past them."""
        ring, room = list(self.receive_ring), 0
        found: list[tuple[int, list[int]]] = []
        while room < size and len(found) < ring[1]:
            descriptor = self._descriptor(ring)
            if descriptor is None:
                return []
            found.append(descriptor)
            room += -descriptor[1][2] & 0xFFF
            ring[2] = (ring[2] + 1) % ring[1]
        if room < size:
            return []
        self.receive_ring[2] = ring[2]
        return found

    def _fill(
        self, at: int, words: list[int], part: bytes, flags: int, whole: int
    ) -> bool:
        buffer = (words[1] & 0xFF) << 16 | words[0]
        if part and not self.parent.write_at(buffer, part):
            self._memory_error()
            return False
        if flags & END:
            self._put_word(at + 6, whole & 0xFFF)
        self._put_word(at + 2, flags << 8 | words[1] & 0xFF)
        return not self.csr0 & MERR


def _ring(low: int, high: int) -> list[int]:
    """A ring's address, its number of descriptors, and the first of them."""
    return [(high & 0xFF) << 16 | low & 0xFFF8, 1 << (high >> 13), 0]
