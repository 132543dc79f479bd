"""What an ATA disk does with its image: its cache, and what the host cannot do."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from ide_disk import (
    FLUSH,
    READ,
    READ_DMA,
    READ_DMA_EXT,
    READ_EXT,
    READ_MULTIPLE,
    SECTORS,
    SET_FEATURES,
    SET_MULTIPLE,
    WRITE,
    WRITE_DMA,
    WRITE_EXT,
    Plug,
    sectors,
)
from ide_driver import (
    ABRT,
    ACTIVE,
    COUNT,
    DF,
    DRDY,
    ERR,
    ERROR,
    INTERRUPT,
    LOW,
    READY,
    STATUS,
    UNC,
    Channel,
    Ide,
)
from native_bench import bad_spot, flushes

# -- the write cache


@pytest.mark.parametrize("code", [FLUSH, 0xEA])
def test_flushing_reaches_the_hosts_disk(channel: Channel, code: int) -> None:
    channel.select()
    before = flushes()
    assert channel.command(code) == READY
    assert flushes() == before + 1


def test_the_write_cache_can_be_switched_off(channel: Channel, image: Path) -> None:
    assert channel.identify()[85] & 0x20
    channel.write(ERROR, 0x82)
    assert channel.command(SET_FEATURES) == READY
    assert not channel.identify()[85] & 0x20
    before = flushes()
    channel.address(1, 1)
    assert channel.pio_out(WRITE, b"x" * 512) == READY
    channel.address(2, 1)
    assert channel.dma_out(WRITE_DMA, b"y" * 512)[0] == READY
    assert flushes() == before + 2
    assert sectors(image, 1, 2) == b"x" * 512 + b"y" * 512


@pytest.mark.parametrize(("code", "through"), [(0x35, 0), (0x3D, 1)])
def test_forced_unit_access_flushes(channel: Channel, code: int, through: int) -> None:
    before = flushes()
    channel.address(1, 1, wide=True)
    assert channel.dma_out(code, bytes(512)) == (READY, INTERRUPT)
    assert flushes() == before + through


# -- the host's disk fails


@pytest.fixture
def bad_sector() -> Iterator[int]:
    bad_spot(100 * 512, 101 * 512)
    yield 100
    bad_spot(0, 0)


def test_sectors_before_a_bad_one_are_read(
    channel: Channel, image: Path, bad_sector: int
) -> None:
    channel.address(bad_sector - 2, 4)
    status, data = channel.pio_in(READ, 2048)
    assert (status, data) == (READY | ERR, sectors(image, bad_sector - 2, 2))
    assert (channel.read(ERROR), channel.read(LOW)) == (UNC, bad_sector)


def test_a_bad_sector_ends_dma(channel: Channel, bad_sector: int) -> None:
    channel.address(bad_sector, 1)
    assert channel.dma_in(READ_DMA, 512)[:2] == (READY | ERR, ACTIVE | INTERRUPT)
    assert channel.read(ERROR) == UNC
    channel.address(bad_sector, 1)
    assert channel.command(0x40) == READY | ERR


@pytest.mark.parametrize("way", ["pio", "dma"])
def test_a_write_that_fails_is_a_fault(
    channel: Channel, bad_sector: int, way: str
) -> None:
    channel.address(bad_sector, 1)
    if way == "pio":
        status = channel.pio_out(WRITE, bytes(512))
    else:
        status = channel.dma_out(WRITE_DMA, bytes(512))[0]
    assert status == DRDY | DF | ERR


def test_a_flush_that_fails_is_a_fault(channel: Channel) -> None:
    bad_spot(2**62, 2**63 - 1)
    channel.select()
    assert channel.command(FLUSH) == DRDY | DF | ERR
    bad_spot(0, 0)


# -- images


def test_a_read_only_image_aborts_writes(plug: Plug, image: Path) -> None:
    before = image.read_bytes()
    channel = plug(readonly=1).primary
    channel.address(0, 1)
    assert channel.pio_out(WRITE, bytes(512)) == READY | ERR
    assert (channel.read(ERROR), image.read_bytes() == before) == (ABRT, True)


def test_a_snapshot_leaves_the_image(plug: Plug, image: Path) -> None:
    before = image.read_bytes()
    channel = plug(snapshot=1).primary
    channel.address(0, 1)
    assert channel.pio_out(WRITE, b"w" * 512) == READY
    channel.address(0, 1)
    assert channel.pio_in(READ, 512)[1] == b"w" * 512
    assert image.read_bytes() == before


def test_two_disks_on_a_channel(tmp_path: Path, image: Path) -> None:
    other = tmp_path / "other.img"
    other.write_bytes(b"2" * 8192)
    ide = Ide({0: image, 1: other}, {})
    channel = ide.primary
    assert channel.identify(unit=1)[60] == 16
    assert channel.identify()[60] == SECTORS
    channel.address(2, 1, unit=1)
    assert channel.pio_in(READ, 512) == (READY, b"2" * 512)
    channel.address(2, 1)
    assert channel.pio_in(READ, 512)[1] == sectors(image, 2)
    ide.close()


def test_a_lone_second_drive(image: Path) -> None:
    ide = Ide({3: image}, {})
    channel = ide.secondary
    assert channel.read(STATUS) == 0
    channel.address(2, 1, unit=1)
    assert channel.pio_in(READ, 512)[1] == sectors(image, 2)
    ide.close()


def test_random_requests_agree_with_a_model(channel: Channel, image: Path) -> None:
    rand, model = random.Random(5), bytearray(image.read_bytes())
    channel.write(COUNT, 16)
    channel.command(SET_MULTIPLE)
    for _ in range(150):
        count = rand.randint(1, 40)
        first = rand.randrange(SECTORS - count)
        data = rand.randbytes(512 * count)
        expected = bytes(model[512 * first : 512 * (first + count)])
        channel.address(first, count, wide=(wide := rand.random() < 0.5))
        match rand.randrange(4):
            case 0:
                code, block = rand.choice([(READ, 512), (READ_MULTIPLE, 8192)])
                code = code if not wide else {READ: READ_EXT, READ_MULTIPLE: 0x29}[code]
                assert channel.pio_in(code, len(data), block)[1] == expected
            case 1:
                code = READ_DMA_EXT if wide else READ_DMA
                assert channel.dma_in(code, len(data))[2] == expected
            case 2:
                code = WRITE_EXT if wide else WRITE
                assert channel.pio_out(code, data) == READY
                model[512 * first : 512 * (first + count)] = data
            case 3:
                code = 0x35 if wide else WRITE_DMA
                assert channel.dma_out(code, data) == (READY, INTERRUPT)
                model[512 * first : 512 * (first + count)] = data
    assert image.read_bytes() == model
