"""virtio.pci with a disk beside QEMU's virtio-blk-pci: the same driver, the same
answers and the same image.

Not compared: features beyond those that both have, the number of vectors, the order of
capabilities, and the length of a request that fails.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pci_driver import (
    COMMON,
    CONFIG,
    DEVICE,
    ISR,
    LEGACY,
    MODERN,
    MSIX,
    NOTIFY,
    WINDOW,
    LegacyDriver,
    PciDriver,
)
from qtest import Qemu, Width, needs_qemu
from virtio_driver import EVENT_IDX, INDIRECT, VERSION_1, Queue

pytestmark = needs_qemu

SECTORS = 256
IN, OUT, FLUSH, GET_ID = 0, 1, 4, 8
F_FLUSH = 1 << 9
SLOT = 5
WIDTHS: dict[int, Width] = {1: "b", 2: "w", 4: "l", 8: "q"}
BARS = {LEGACY: (0, 0xC000), MSIX: (1, 0xE000_0000), MODERN: (4, 0xE100_0000)}


class QemuPlace:
    """The function of QEMU's PC, with its windows placed: as a chip on the bench."""

    def __init__(self, qemu: Qemu) -> None:
        self.qemu = qemu
        self.poke, self.peek = qemu.write, qemu.read
        for bar, address in BARS.values():
            self.write(CONFIG, 0x10 + 4 * bar, address)
        self.write(CONFIG, 0x04, 7, 2)

    def read(self, region: int, offset: int, size: int = 4) -> int:
        if region == CONFIG:
            return self.qemu.inp(self._config(offset), WIDTHS[size])
        address = BARS[region][1] + offset
        if region == LEGACY:
            return self.qemu.inp(address, WIDTHS[size])
        return self.qemu.load(address, WIDTHS[size])

    def write(self, region: int, offset: int, value: int, size: int = 4) -> None:
        if region == CONFIG:
            self.qemu.out(self._config(offset), value, WIDTHS[size])
        elif region == LEGACY:
            self.qemu.out(BARS[region][1] + offset, value, WIDTHS[size])
        else:
            self.qemu.store(BARS[region][1] + offset, value, WIDTHS[size])

    def _config(self, offset: int) -> int:
        self.qemu.out(0xCF8, 1 << 31 | SLOT << 11 | offset & 0xFC, "l")
        return 0xCFC + (offset & 3)


def beside(driver: type[PciDriver]) -> type[PciDriver]:
    """The same driver, for QEMU's function."""

    class QemuDriver(driver):  # type: ignore[valid-type, misc]
        ram = 0x40_0000

        def __init__(self, image: Path) -> None:
            self.qemu = Qemu(
                "-drive",
                f"file={image},if=none,id=disk,format=raw",
                "-device",
                f"virtio-blk-pci,drive=disk,serial=12345678901234567890,addr={SLOT}",
            )
            self.place = QemuPlace(self.qemu)
            self.queues: list[Queue] = []
            self.first_capability = self.place.read(CONFIG, 0x34, 1)
            self.capabilities = dict(self.find_capabilities())

        def close(self) -> None:
            self.qemu.close()

    return QemuDriver


class Pair:
    """Our disk and QEMU's."""

    def __init__(self, folder: Path, kind: type[PciDriver]) -> None:
        self.images = [folder / "ours", folder / "theirs"]
        for image in self.images:
            image.write_bytes(random.Random(1).randbytes(512 * SECTORS))
        ours = kind("virtio.blk", image=self.images[0], serial="12345678901234567890")
        self.drivers = [ours, beside(kind)(self.images[1])]  # type: ignore[arg-type]

    def both(self, act: Callable[[PciDriver], object]) -> object:
        """Do it on both; the same comes of it."""
        ours, theirs = (act(driver) for driver in self.drivers)
        assert ours == theirs
        return ours

    def close(self) -> None:
        for driver in self.drivers:
            driver.close()


@pytest.fixture(params=[PciDriver, LegacyDriver], ids=["modern", "legacy"])
def pair(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Pair]:
    made = Pair(tmp_path, request.param)
    yield made
    made.close()


def draw(rand: random.Random) -> tuple[list[tuple[bytes, int]], bool]:
    """A request in pieces, and whether it goes by an indirect table."""
    kind = rand.choice([IN, IN, OUT, OUT, FLUSH, GET_ID, 99])
    sector = rand.choice([rand.randrange(SECTORS - 8), SECTORS - 1, SECTORS, 2**55])
    header = struct.pack("<IIQ", kind, 0, sector)
    count = rand.randint(1, 8)
    data = {
        IN: [(b"", 512)] * count,
        OUT: [(rand.randbytes(512), 0) for _ in range(count)],
        GET_ID: [(b"", 20)],
    }.get(kind, [])
    if kind == IN and rand.random() < 0.5:
        data = [(b"", 512 * count - 100), (b"", 100)]
    return [(header, 0), *data, (b"", 1)], rand.random() < 0.3


@pytest.mark.parametrize("seed", range(3))
def test_requests_agree(pair: Pair, seed: int) -> None:
    rand = random.Random(seed)
    features = F_FLUSH | INDIRECT | rand.choice([0, EVENT_IDX])
    for driver in pair.drivers:
        driver.start(1, features, size=64)
    for _ in range(60):
        pieces, indirect = draw(rand)

        def act(driver: PciDriver) -> object:
            driver.queues[0].want_event(driver.queues[0].seen)
            length, parts = driver.queues[0].call(pieces, indirect)  # noqa: B023
            causes = driver.place.read(MODERN, driver.capabilities[ISR][1], 1)
            good = parts[-1] == b"\0"
            return good and length, parts if good else parts[-1:], causes

        pair.both(act)
    pair.both(lambda driver: driver.status)
    ours, theirs = (image.read_bytes() for image in pair.images)
    assert ours == theirs


def test_registers_agree(pair: Pair) -> None:
    def header(driver: PciDriver) -> object:
        place = driver.place
        if isinstance(place, QemuPlace):
            read = [place.read(CONFIG, at, size) for at, size in HEADER]
        else:
            read = [place.pci_header(at, size) for at, size in HEADER]
        return read, [driver.capabilities[n][1] for n in (COMMON, ISR, DEVICE, NOTIFY)]

    pair.both(header)
    pair.both(lambda driver: WINDOW in driver.capabilities)
    pair.both(
        lambda driver: driver.offered() & (VERSION_1 | INDIRECT | EVENT_IDX | F_FLUSH)
    )
    pair.both(lambda driver: driver.config(0, 8))
    for status in (1, 3, 11, 0, 3):
        for driver in pair.drivers:
            driver.write_common(0x08, 1, 4)
            driver.write_common(0x0C, 1, 4)
            driver.write_common(0x14, status, 1)
        pair.both(lambda driver: driver.status)
    for driver in pair.drivers:
        driver.write_common(0x16, 0, 2)
        driver.write_common(0x18, 32, 2)
        driver.write_common(0x24, 0x1234_5678, 4)
    at = [(0x18, 2), (0x1C, 2), (0x1E, 2), (0x20, 4), (0x24, 4), (0x1A, 2), (0x10, 2)]
    pair.both(lambda driver: [driver.read_common(*where) for where in at])


HEADER = [(0x00, 2), (0x02, 2), (0x08, 1), (0x0A, 2), (0x2C, 2), (0x2E, 2)]
