"""The bus master of an IDE channel: regions of memory, and what ends in an error."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from ide_disk import (
    READ_DMA,
    READ_DMA_EXT,
    SECTORS,
    SIZE,
    WRITE_DMA,
    Plug,
    sectors,
)
from ide_driver import (
    ABRT,
    ACTIVE,
    BUFFER,
    BUSMASTER,
    ERR,
    ERROR,
    FAILED,
    INTERRUPT,
    READY,
    START,
    STATUS,
    TABLE,
    TO_MEMORY,
    Channel,
)
from native_bench import RAM

# -- DMA


def test_dma_reads(channel: Channel, image: Path) -> None:
    channel.address(9, 128)
    status, master, data = channel.dma_in(READ_DMA, 65536)
    assert (status, master, data) == (READY, INTERRUPT, sectors(image, 9, 128))


def test_dma_writes(channel: Channel, image: Path) -> None:
    channel.address(9, 16)
    data = random.Random(4).randbytes(8192)
    assert channel.dma_out(WRITE_DMA, data) == (READY, INTERRUPT)
    assert sectors(image, 9, 16) == data


def test_regions_may_have_odd_sizes(channel: Channel, image: Path) -> None:
    sizes = [2, 510, 1000, 6, 1024, 530]
    regions = [(BUFFER + 0x1001 * n & ~1, size) for n, size in enumerate(sizes)]
    channel.address(50, sum(sizes) // 512, wide=True)
    channel.prds(regions)
    assert channel.dma(READ_DMA_EXT, to_memory=True) == (READY, INTERRUPT)
    data = b"".join(channel.peek(address, size) for address, size in regions)
    assert data == sectors(image, 50, 6)


def test_a_large_transfer_of_many_regions(channel: Channel, image: Path) -> None:
    regions = [(BUFFER + 4096 * n, 4096) for n in range(512)]
    channel.address(0, SECTORS, wide=True)
    channel.prds(regions)
    assert channel.dma(READ_DMA_EXT, to_memory=True) == (READY, INTERRUPT)
    assert channel.peek(BUFFER, SIZE) == image.read_bytes()


def test_the_drive_waits_for_the_bus_master(channel: Channel, image: Path) -> None:
    channel.address(1, 1)
    channel.prds([(BUFFER, 512)])
    channel.master_write(0, START | TO_MEMORY)
    channel.write(STATUS, READ_DMA)
    assert channel.wait() == READY
    channel.master_write(0, 0)
    assert channel.peek(BUFFER, 512) == sectors(image, 1)


def test_memory_left_over_keeps_the_master_active(channel: Channel) -> None:
    channel.address(1, 1)
    channel.prds([(BUFFER, 1024)])
    status, master = channel.dma(READ_DMA, to_memory=True)
    assert (status, master) == (READY, ACTIVE | INTERRUPT)
    assert channel.master_read(2) & ACTIVE == 0


def test_too_little_memory_ends_without_an_interrupt(channel: Channel) -> None:
    channel.address(1, 2)
    channel.prds([(BUFFER, 512)])
    channel.master_write(2, FAILED | INTERRUPT)
    channel.write(STATUS, READ_DMA)
    channel.master_write(0, START | TO_MEMORY)
    channel.wait()
    assert channel.master_read(2) == 0
    assert channel.line(ms=0) == 0


@pytest.mark.parametrize(
    "regions",
    [
        [(0x1000, 512)],
        [(BUFFER, 2), (0xFFFF_FFF0, 510)],
        [(RAM + (16 << 20) - 256, 512)],
    ],
    ids=["below", "at the top", "across the end"],
)
@pytest.mark.parametrize("code", [READ_DMA, WRITE_DMA])
def test_memory_that_is_not_there_is_an_error(
    channel: Channel, regions: list[tuple[int, int]], code: int
) -> None:
    channel.address(1, 1)
    channel.prds(regions)
    status, master = channel.dma(code, to_memory=code == READ_DMA)
    assert (status, master) == (READY | ERR, FAILED | INTERRUPT)
    assert channel.read(ERROR) == ABRT
    channel.address(1, 1)
    assert channel.dma_in(READ_DMA, 512)[:2] == (READY, INTERRUPT)


@pytest.mark.parametrize("table", [0, 0xFFFF_FFFC, RAM + (16 << 20)])
def test_a_table_that_is_not_there_is_an_error(channel: Channel, table: int) -> None:
    channel.address(1, 1)
    channel.master_write(4, table, 4)
    assert channel.dma(READ_DMA, to_memory=True)[1] == FAILED | INTERRUPT


@pytest.mark.parametrize("start", [0, 4])
def test_a_table_ends_with_its_64_kib_at_the_latest(
    channel: Channel, start: int
) -> None:
    entries = [(BUFFER, 2)] * (0x10000 // 8)
    channel.table = TABLE + start
    channel.prds([*entries, (BUFFER, 512)])
    channel.address(0, len(entries) * 2 // 512 + 1, wide=True)
    status, master = channel.dma(READ_DMA_EXT, to_memory=True)
    assert (status, master) == (READY | ERR, FAILED | INTERRUPT)


def test_a_function_that_may_not_master_fails(plug: Plug) -> None:
    ide = plug()
    ide.chip.pci_command(1)
    ide.primary.address(1, 1)
    assert ide.primary.dma_in(READ_DMA, 512)[1] == FAILED | INTERRUPT


def test_the_masters_registers_are_bytes_or_wider(channel: Channel) -> None:
    channel.master_write(4, 0x1234_5677, 4)
    assert channel.master_read(4, 4) == 0x1234_5674
    channel.master_write(6, 0xABCD, 2)
    channel.master_write(2, 0x60)
    assert channel.master_read(0, 4) == 0x0060_0000
    assert channel.master_read(4, 4) == 0xABCD_5674
    channel.chip.write(BUSMASTER, 8, 0x0920_0008, 4)
    assert channel.chip.read(BUSMASTER, 8, 4) == 0x0020_0008
