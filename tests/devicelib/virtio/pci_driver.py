"""Drivers for virtio over PCI on the bench: a modern one, which finds its registers by
capabilities, and one of before virtio 1.0."""

from __future__ import annotations

from typing import Any

from native_bench import RAM, Chip
from virtio_driver import VERSION_1, Driver, Queue

LEGACY, MSIX, MODERN, CONFIG = range(4)
"""Windows of the function."""
COMMON, NOTIFY, ISR, DEVICE, WINDOW = 1, 2, 3, 4, 5
NO_VECTOR = 0xFFFF
MESSAGE_ADDRESS = 0xFEE0_1000


class PciQueue(Queue):
    """A queue that modern registers set up."""

    def __init__(self, driver: PciDriver, index: int, size: int, base: int) -> None:
        super().__init__(driver.place, index, size, base)
        self.driver = driver
        self.vector = NO_VECTOR

    def enable(self) -> None:
        common = self.driver.write_common
        common(0x16, self.index, 2)
        common(0x18, self.size, 2)
        if self.vector != NO_VECTOR:
            common(0x1A, self.vector, 2)
        for register, address in [
            (0x20, self.desc),
            (0x28, self.avail),
            (0x30, self.used),
        ]:
            common(register, address & 0xFFFF_FFFF, 4)
            common(register + 4, address >> 32, 4)
        self.notify_offset = self.driver.read_common(0x1E, 2)
        common(0x1C, 1, 2)

    def notify(self) -> None:
        self.driver.notify(self.notify_offset, self.index)


class PciDriver(Driver):
    """Finds the structures of BAR 4 and brings the device up."""

    ram = RAM
    first_capability = 0x40

    def __init__(self, device: str, legacy: int = 1, **params: Any) -> None:
        self.place = Chip("virtio.pci", legacy=legacy)
        self.chip = Chip(device, parent=self.place, **params)
        self.place.reset()
        self.queues: list[Queue] = []
        self.capabilities = dict(self.find_capabilities())

    def find_capabilities(self) -> list[tuple[int, tuple[int, int, int]]]:
        """Type, and where in configuration space, in its window and how large."""
        found, at = [], self.first_capability
        while at:
            kind, at_next = self.config_space(at, 1), self.config_space(at + 1, 1)
            if kind == 0x09:
                where = (
                    at,
                    self.config_space(at + 8, 4),
                    self.config_space(at + 12, 4),
                )
                found.append((self.config_space(at + 3, 1), where))
            else:
                found.append((-kind, (at, 0, 0)))
            at = at_next
        return found

    def config_space(self, offset: int, size: int) -> int:
        return self.place.read(CONFIG, offset, size)

    def read_common(self, offset: int, size: int) -> int:
        return self.place.read(MODERN, self.capabilities[COMMON][1] + offset, size)

    def write_common(self, offset: int, value: int, size: int) -> None:
        self.place.write(MODERN, self.capabilities[COMMON][1] + offset, value, size)

    def notify(self, offset: int, queue: int) -> None:
        at, start, _ = self.capabilities[NOTIFY]
        multiplier = self.config_space(at + 16, 4)
        self.place.write(MODERN, start + offset * multiplier, queue, 2)

    def offered(self) -> int:
        features = 0
        for word in (0, 1):
            self.write_common(0x00, word, 4)
            features |= self.read_common(0x04, 4) << 32 * word
        return features

    def accept(self, features: int) -> None:
        for word in (0, 1):
            self.write_common(0x08, word, 4)
            self.write_common(0x0C, features >> 32 * word & 0xFFFF_FFFF, 4)

    def start(
        self, queues: int, features: int = 0, size: int = 16, vectors: bool = False
    ) -> None:
        self.write_common(0x14, 0, 1)
        self.write_common(0x14, 3, 1)
        self.accept(features | VERSION_1)
        self.write_common(0x14, 11, 1)
        assert self.status == 11
        made = [PciQueue(self, n, size, self.ram + (n << 22)) for n in range(queues)]
        self.queues = list(made)
        for queue in made:
            queue.vector = queue.index + 1 if vectors else NO_VECTOR
            queue.enable()
        self.write_common(0x14, 15, 1)

    @property
    def status(self) -> int:
        return self.read_common(0x14, 1)

    def interrupt(self, ms: int = 2000) -> int:
        if not self.place.level(0, 0, 1, ms):
            return 0
        return self.place.read(MODERN, self.capabilities[ISR][1], 1)

    def config(self, offset: int, size: int) -> bytes:
        start = self.capabilities[DEVICE][1]
        return bytes(
            self.place.read(MODERN, start + offset + n, 1) for n in range(size)
        )

    # -- messages

    def enable_messages(self, count: int, masked: int = 0) -> None:
        """Vector n sends 0x40 + n; those in the bits of `masked` are masked."""
        for n in range(count):
            words = (MESSAGE_ADDRESS, 0, 0x40 + n, masked >> n & 1)
            for word, value in enumerate(words):
                self.place.write(MSIX, 16 * n + 4 * word, value)
        at = self.capabilities[-0x11][0]
        self.place.write(CONFIG, at + 2, 0x8000, 2)


class LegacyQueue(Queue):
    """The layout of before virtio 1.0; its size is the device's."""

    def __init__(self, driver: LegacyDriver, index: int, base: int) -> None:
        driver.place.write(LEGACY, 0x0E, index, 2)
        size = driver.place.read(LEGACY, 0x0C, 2)
        super().__init__(driver.place, index, size, base)
        self.avail = base + 16 * size
        self.used = (self.avail + 2 * (3 + size) + 4095) & ~4095
        self.buffers = base + 0x1_0000
        self.poke(base, bytes(0x1_0000))

    def enable(self) -> None:
        self.place.write(LEGACY, 0x0E, self.index, 2)
        self.place.write(LEGACY, 0x08, self.base >> 12, 4)

    def notify(self) -> None:
        self.place.write(LEGACY, 0x10, self.index, 2)


class LegacyDriver(PciDriver):
    """Knows BAR 0 alone."""

    def offered(self) -> int:
        return self.place.read(LEGACY, 0x00, 4)

    def accept(self, features: int) -> None:
        self.place.write(LEGACY, 0x04, features & 0xFFFF_FFFF, 4)

    def start(
        self, queues: int, features: int = 0, size: int = 16, vectors: bool = False
    ) -> None:
        self.place.write(LEGACY, 0x12, 0, 1)
        self.place.write(LEGACY, 0x12, 3, 1)
        self.accept(features & self.offered())
        self.queues = [
            LegacyQueue(self, n, self.ram + (n << 22)) for n in range(queues)
        ]
        for queue in self.queues:
            queue.enable()
        self.place.write(LEGACY, 0x12, 7, 1)

    @property
    def status(self) -> int:
        return self.place.read(LEGACY, 0x12, 1)

    def interrupt(self, ms: int = 2000) -> int:
        if not self.place.level(0, 0, 1, ms):
            return 0
        return self.place.read(LEGACY, 0x13, 1)

    def config(self, offset: int, size: int) -> bytes:
        start = 0x14 + offset
        return bytes(self.place.read(LEGACY, start + n, 1) for n in range(size))


def header(place: Chip) -> tuple[int, int, int, int, int]:
    """Vendor, device, revision, class code and subsystem."""
    read = place.pci_header
    return read(0, 2), read(2, 2), read(8, 1), read(9, 3), read(0x2E, 2)
