"""A driver for virtio devices on the bench, written from the specification alone."""

from __future__ import annotations

import struct
import time
from typing import Any

from native_bench import RAM, Chip

VERSION_1, EVENT_IDX, INDIRECT = 1 << 32, 1 << 29, 1 << 28
NEXT, WRITE, IS_INDIRECT = 1, 2, 4
STATUS, NEEDS_RESET = 0x070, 64

Piece = tuple[bytes, int]
"""What the device reads, and how many bytes it may write: one of the two is empty."""


class Queue:
    """A virtqueue in the bench's RAM, one page for each part and buffers after it."""

    def __init__(self, place: Chip, index: int, size: int, base: int) -> None:
        self.place, self.index, self.size, self.base = place, index, size, base
        self.poke, self.peek = place.poke, place.peek
        self.desc, self.avail, self.used = base, base + 0x2000, base + 0x3000
        self.buffers = base + 0x4000
        self.free, self.next, self.seen = 0, 0, 0
        self.event_index = False
        for start in (self.desc, self.avail, self.used):
            self.poke(start, bytes(0x1000))

    def enable(self) -> None:
        self.place.write(0, 0x030, self.index)
        self.place.write(0, 0x038, self.size)
        for register, address in [
            (0x080, self.desc),
            (0x090, self.avail),
            (0x0A0, self.used),
        ]:
            self.place.write(0, register, address & 0xFFFF_FFFF)
            self.place.write(0, register + 4, address >> 32)
        self.place.write(0, 0x044, 1)

    def describe(
        self, at: int, address: int, length: int, flags: int, then: int
    ) -> None:
        self.poke(at, struct.pack("<QIHH", address, length, flags, then))

    def chain(self, pieces: list[Piece], indirect: bool = False) -> list[int]:
        """Put a chain of descriptors in place and offer it; gives the buffers."""
        table = self.buffers if indirect else self.desc
        if indirect:
            self.buffers += 16 * len(pieces)
        head = self.free % self.size
        first = 0 if indirect else head
        places = []
        for n, (data, room) in enumerate(pieces):
            flags = (NEXT if n + 1 < len(pieces) else 0) | (WRITE if room else 0)
            index = (first + n) if indirect else (first + n) % self.size
            then = index + 1 if indirect else (index + 1) % self.size
            size = len(data) or room
            self.describe(table + 16 * index, self.buffers, size, flags, then)
            if data:
                self.poke(self.buffers, data)
            places.append(self.buffers)
            self.buffers += size + 15 & ~15
        if indirect:
            length = 16 * len(pieces)
            self.describe(self.desc + 16 * head, table, length, IS_INDIRECT, 0)
        self.free += 1 if indirect else len(pieces)
        self.offer(head)
        return places

    def offer(self, head: int) -> None:
        self.poke(self.avail + 4 + 2 * (self.next % self.size), struct.pack("<H", head))
        self.next += 1
        self.poke(self.avail + 2, struct.pack("<H", self.next & 0xFFFF))

    def want_event(self, at: int) -> None:
        self.poke(self.avail + 4 + 2 * self.size, struct.pack("<H", at & 0xFFFF))

    def notify(self) -> None:
        self.place.write(0, 0x050, self.index)

    def used_index(self) -> int:
        return int(struct.unpack("<H", self.peek(self.used + 2, 2))[0])

    def wait(self, count: int = 1, seconds: float = 5.0) -> list[tuple[int, int]]:
        """The next `count` used entries: head and length."""
        deadline = time.monotonic() + seconds
        wanted = (self.seen + count) & 0xFFFF
        while self.used_index() != wanted:
            assert time.monotonic() < deadline, "the device did not answer"
            time.sleep(0.0005)
        entries = []
        for n in range(self.seen, self.seen + count):
            at = self.used + 4 + 8 * (n % self.size)
            entries.append(struct.unpack("<II", self.peek(at, 8)))
        self.seen += count
        return entries

    def call(
        self, pieces: list[Piece], indirect: bool = False
    ) -> tuple[int, list[bytes]]:
        """One request from start to end: the used length and all writable pieces."""
        places = self.chain(pieces, indirect)
        self.notify()
        ((_, length),) = self.wait()
        rooms = [(at, p[1]) for at, p in zip(places, pieces, strict=True) if p[1]]
        self.buffers = self.base + 0x4000
        return length, [self.peek(at, room) for at, room in rooms]


class Driver:
    """Brings a device up as Linux does."""

    def __init__(self, device: str, **params: Any) -> None:
        self.place = Chip("virtio.mmio")
        self.chip = Chip(device, parent=self.place, **params)
        self.place.reset()
        self.queues: list[Queue] = []

    def offered(self) -> int:
        features = 0
        for word in (0, 1):
            self.place.write(0, 0x014, word)
            features |= self.place.read(0, 0x010) << 32 * word
        return features

    def accept(self, features: int) -> None:
        for word in (0, 1):
            self.place.write(0, 0x024, word)
            self.place.write(0, 0x020, features >> 32 * word & 0xFFFF_FFFF)

    def start(self, queues: int, features: int = 0, size: int = 16) -> None:
        self.place.write(0, STATUS, 0)
        self.place.write(0, STATUS, 3)
        self.accept(features | VERSION_1)
        self.place.write(0, STATUS, 11)
        assert self.place.read(0, STATUS) == 11
        self.queues = [
            Queue(self.place, n, size, RAM + (n << 22)) for n in range(queues)
        ]
        for queue in self.queues:
            queue.enable()
        self.place.write(0, STATUS, 15)

    @property
    def status(self) -> int:
        return self.place.read(0, STATUS)

    def interrupt(self, ms: int = 2000) -> int:
        """Wait for the line; gives the causes and acknowledges them."""
        if not self.place.level(0, 0, 1, ms):
            return 0
        causes = self.place.read(0, 0x060)
        self.place.write(0, 0x064, causes)
        return causes

    def config(self, offset: int, size: int) -> bytes:
        return bytes(self.place.read(0, 0x100 + offset + n, 1) for n in range(size))

    def close(self) -> None:
        self.chip.close()
        self.place.close()
