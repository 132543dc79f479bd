"""Disks: requests as Linux makes them, and images."""

from __future__ import annotations

import fcntl
import os
import random
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from native_bench import RAM, CreateError
from pci_driver import LegacyDriver, PciDriver
from virtio_driver import INDIRECT, NEEDS_RESET, Driver

IN, OUT, FLUSH, GET_ID, DISCARD, WRITE_ZEROES = 0, 1, 4, 8, 11, 13
OK, IO_ERROR, UNSUPPORTED = 0, 1, 2
F_RO, F_FLUSH = 1 << 5, 1 << 9
SIZE = 1 << 20

Open = Callable[..., Driver]


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "disk.img"
    path.write_bytes(random.Random(1).randbytes(SIZE))
    return path


@pytest.fixture(params=[Driver, PciDriver, LegacyDriver], ids=["mmio", "pci", "legacy"])
def plug(image: Path, request: pytest.FixtureRequest) -> Iterator[Open]:
    drivers: list[Driver] = []

    def plugged(**params: object) -> Driver:
        driver: Driver = request.param("virtio.blk", **{"image": image, **params})
        drivers.append(driver)
        driver.start(1, F_FLUSH | INDIRECT)
        return driver

    yield plugged
    for driver in drivers:
        driver.close()


def request(
    disk: Driver, kind: int, sector: int = 0, data: bytes = b"", room: int = 0
) -> tuple[int, bytes]:
    """One request: its status and what was read."""
    pieces = [(struct.pack("<IIQ", kind, 0, sector), 0)]
    pieces += [(data, 0)] if data else []
    pieces += [(b"", room)] if room else []
    _, parts = disk.queues[0].call([*pieces, (b"", 1)])
    return parts[-1][0], b"".join(parts[:-1])


def test_what_is_read_is_in_the_image(plug: Open, image: Path) -> None:
    disk = plug()
    assert disk.config(0, 8) == struct.pack("<Q", SIZE // 512)
    assert request(disk, IN, 5, room=4096) == (OK, image.read_bytes()[2560:6656])


def test_what_is_written_is_in_the_image(plug: Open, image: Path) -> None:
    disk = plug()
    assert request(disk, OUT, 3, b"x" * 1024) == (OK, b"")
    assert request(disk, FLUSH) == (OK, b"")
    assert image.read_bytes()[1536:2560] == b"x" * 1024


def test_a_request_in_many_pieces(plug: Open, image: Path) -> None:
    disk = plug()
    header = struct.pack("<IIQ", IN, 0, 0)
    pieces = [(header[:7], 0), (header[7:], 0)] + [(b"", 100)] * 10 + [(b"", 25)]
    length, parts = disk.queues[0].call(pieces, indirect=True)
    assert length == 1025
    joined = b"".join(parts)
    assert (joined[:1024], joined[1024]) == (image.read_bytes()[:1024], OK)


@pytest.mark.parametrize("kind", [IN, OUT])
@pytest.mark.parametrize("sector", [SIZE // 512, SIZE // 512 - 1, 2**55, 2**64 - 1])
def test_nothing_is_beyond_the_end(plug: Open, kind: int, sector: int) -> None:
    disk = plug()
    data, room = (b"", 1024) if kind == IN else (b"y" * 1024, 0)
    assert request(disk, kind, sector, data, room)[0] == IO_ERROR


def test_half_a_sector_is_refused(plug: Open) -> None:
    assert request(plug(), OUT, 0, b"z" * 100)[0] == IO_ERROR


def test_an_unknown_request_says_so(plug: Open) -> None:
    assert request(plug(), 99, 0, b"", 512)[0] == UNSUPPORTED


def test_a_request_without_a_header_breaks_the_device(plug: Open) -> None:
    disk = plug()
    disk.queues[0].chain([(b"", 512)])
    disk.queues[0].notify()
    assert disk.interrupt() == 2
    assert disk.status & NEEDS_RESET


def test_a_read_only_disk_cannot_be_written(plug: Open, image: Path) -> None:
    before = image.read_bytes()
    disk = plug(readonly=1)
    assert disk.offered() & F_RO
    assert request(disk, OUT, 0, b"x" * 512)[0] == IO_ERROR
    assert image.read_bytes() == before


def test_a_snapshot_reads_its_writes_and_leaves_the_image(
    plug: Open, image: Path
) -> None:
    before = image.read_bytes()
    disk, expected = plug(snapshot=1), bytearray(before)
    rand = random.Random(2)
    for _ in range(60):
        count, sector = rand.randint(1, 40), rand.randrange(SIZE // 512 - 40)
        data = rand.randbytes(512 * count)
        assert request(disk, OUT, sector, data) == (OK, b"")
        expected[512 * sector : 512 * (sector + count)] = data
    for sector in range(0, SIZE // 512, 128):
        part = expected[512 * sector : 512 * sector + 65536]
        assert request(disk, IN, sector, room=65536) == (OK, bytes(part))
    assert image.read_bytes() == before


@pytest.mark.parametrize("snapshot", [0, 1])
@pytest.mark.parametrize("kind", [DISCARD, WRITE_ZEROES])
def test_zeroed_ranges(plug: Open, image: Path, kind: int, snapshot: int) -> None:
    disk = plug(snapshot=snapshot)
    data = struct.pack("<QII", 8, 16, 0)
    assert request(disk, kind, 0, data) == (OK, b"")
    if kind == WRITE_ZEROES:
        assert request(disk, IN, 8, room=8192) == (OK, bytes(8192))
    assert request(disk, IN, 24, room=512)[1] == image.read_bytes()[12288:12800]


@pytest.mark.parametrize(
    "fields", [(0, 65537, 0), (SIZE // 512, 1, 0), (2**62, 1, 0), (0, 1, 4)]
)
def test_ranges_that_cannot_be_zeroed(plug: Open, fields: tuple[int, int, int]) -> None:
    assert request(plug(), WRITE_ZEROES, 0, struct.pack("<QII", *fields))[0] == IO_ERROR


def test_the_serial_number_is_the_boards(plug: Open) -> None:
    status, data = request(plug(serial="disk-1234567890-1234567890"), GET_ID, room=20)
    assert (status, data) == (OK, b"disk-1234567890-1234")


def test_a_snapshot_goes_on_where_it_was(plug: Open, image: Path) -> None:
    disk = plug()
    for sector in range(5):
        assert request(disk, OUT, sector, b"x" * 512) == (OK, b"")
    before, registers = disk.place.save(), disk.config(0, 20)
    disk.place.reset()
    assert disk.status == 0
    assert disk.place.restore(before)
    assert (disk.status & 4, disk.config(0, 20)) == (4, registers)
    assert request(disk, IN, 4, room=1024)[1] == image.read_bytes()[2048:3072]
    assert disk.interrupt() == 1


def test_bytes_that_are_no_snapshot_are_refused(plug: Open) -> None:
    disk = plug()
    before = disk.place.save()
    assert not disk.place.restore(before[:-1])
    nowhere = struct.pack("<Q", RAM)
    assert before.count(nowhere) == 1, "the descriptors"
    assert not disk.place.restore(before.replace(nowhere, bytes(8)))
    assert disk.status == 0


def test_a_size_that_is_not_whole_sectors_reads_zeros_at_the_end(
    plug: Open, tmp_path: Path
) -> None:
    odd = tmp_path / "odd.img"
    odd.write_bytes(b"a" * 700)
    disk = plug(image=odd)
    assert request(disk, IN, 1, room=512) == (OK, b"a" * 188 + bytes(324))


def test_an_image_is_one_machines_own(plug: Open, image: Path) -> None:
    plug()
    with pytest.raises(CreateError, match="in use by another"):
        plug()
    with pytest.raises(CreateError, match="in use by another"):
        plug(snapshot=1)


def test_readers_share_an_image(plug: Open, image: Path) -> None:
    plug(readonly=1)
    assert request(plug(snapshot=1), IN, room=512)[0] == OK


def test_an_image_that_is_let_go_is_free(image: Path) -> None:
    driver = Driver("virtio.blk", image=image)
    driver.close()
    with image.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda path: None, "No such file"),
        (lambda path: path.write_bytes(b""), "is empty: make it the size"),
        (lambda path: path.mkdir(), "Is a directory"),
        (lambda path: os.mkfifo(path), "neither a file nor a disk"),
        (lambda path: path.write_bytes(b"QFI\xfb" + bytes(600)), "qemu-img convert"),
    ],
    ids=["absent", "empty", "directory", "pipe", "qcow2"],
)
def test_what_cannot_be_a_disk_is_explained(
    tmp_path: Path, make: Callable[[Path], object], why: str
) -> None:
    path = tmp_path / "image"
    make(path)
    with pytest.raises(CreateError, match=why):
        Driver("virtio.blk", image=path)


def test_without_an_image_the_place_is_empty() -> None:
    driver = Driver("virtio.blk")
    assert driver.place.read(0, 0x008) == 0
    driver.close()
