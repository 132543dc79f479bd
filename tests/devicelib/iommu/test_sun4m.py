"""The IOMMU of sun4m: pages of SBus addresses."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from native_bench import RAM, Chip, ram

CONTROL, BASE = 0x0, 0x4
ENABLE, RANGE_32_MB = 1, 1 << 2
TABLE = RAM
FIRST = 0xFE00_0000
"""The first address of the last 32 MiB."""
VALID, WRITABLE = 2, 4


@pytest.fixture
def iommu() -> Iterator[Chip]:
    chip = Chip("iommu.sun4m")
    chip.reset()
    chip.write(0, BASE, TABLE >> 4)
    chip.write(0, CONTROL, ENABLE | RANGE_32_MB)
    yield chip
    chip.close()


def map_page(number: int, physical: int, flags: int) -> None:
    entry = physical >> 12 << 8 | flags
    ram()[4 * number : 4 * number + 4] = entry.to_bytes(4, "big")


def test_addresses_are_the_same_while_it_is_off(iommu: Chip) -> None:
    iommu.write(0, CONTROL, 0)
    assert iommu.translate(0x1234_5678, 100, True) == (0x1234_5678, 100)


def test_a_page_of_the_table_is_where_dma_goes(iommu: Chip) -> None:
    map_page(3, 0x4_0012_3000, VALID | WRITABLE)
    assert iommu.translate(FIRST + 0x3010, 16, True) == (0x4_0012_3010, 16)


def test_an_access_is_cut_at_the_end_of_the_page(iommu: Chip) -> None:
    map_page(3, 0x12_3000, VALID)
    assert iommu.translate(FIRST + 0x3FF0, 100, False) == (0x12_3FF0, 16)


def test_pages_that_are_not_valid_or_not_writable_are_refused(iommu: Chip) -> None:
    map_page(3, 0x12_3000, VALID)
    map_page(4, 0x12_3000, WRITABLE)
    assert iommu.translate(FIRST + 0x3000, 4, True) is None
    assert iommu.translate(FIRST + 0x4000, 4, False) is None
    assert iommu.logs()


def test_identification_cannot_be_written(iommu: Chip) -> None:
    iommu.write(0, CONTROL, 0xFFFF_FFFF)
    assert iommu.read(0, CONTROL) >> 24 == 0x05


def test_a_snapshot_translates_as_before(iommu: Chip) -> None:
    map_page(3, 0x12_3000, VALID)
    saved = iommu.save()
    iommu.reset()
    assert iommu.translate(FIRST + 0x3000, 4, False) == (FIRST + 0x3000, 4)
    assert iommu.restore(saved)
    assert iommu.translate(FIRST + 0x3000, 4, False) == (0x12_3000, 4)
    assert iommu.read(0, BASE) == TABLE >> 4
    assert not iommu.restore(saved[1:])
    assert iommu.restore(b"\xff" * len(saved))
    assert iommu.read(0, CONTROL) >> 24 == 0x05
