# SPDX-License-Identifier: Apache-2.0
"""The CMOS bytes that a BIOS reads."""

from __future__ import annotations

import pytest

from machinebuilder.boot.x86 import cmos
from tests.boot.x86.boards import BRIDGES, RAM_ONLY, plan_of


def number(found: dict[int, int], index: int, size: int = 2) -> int:
    return sum(found[index + n] << 8 * n for n in range(size))


def test_memory_sizes_are_in_kib_and_in_64_kib(tmp_path):
    found = cmos.contents(plan_of(BRIDGES, tmp_path))
    assert number(found, 0x15) == 640
    assert number(found, 0x30) == number(found, 0x17) == 0xFFFF
    assert number(found, 0x34) == (128 - 16) * 16


def test_memory_above_4_gib_is_counted_apart(tmp_path):
    found = cmos.contents(plan_of(RAM_ONLY, tmp_path))
    assert number(found, 0x30) == 63 * 1024
    assert number(found, 0x5B, 3) == 1 << 14


@pytest.mark.parametrize("first", cmos.CODES)
def test_what_is_to_boot_first_is_first_and_nothing_is_twice(first, tmp_path):
    found = cmos.contents(plan_of(BRIDGES, tmp_path), first)
    order = [found[0x3D] & 15, found[0x3D] >> 4, found[0x38] >> 4]
    assert order[0] == cmos.CODES[first]
    assert len(set(order)) == 3


def test_the_checksum_is_of_the_bytes_that_have_one(tmp_path):
    found = cmos.contents(plan_of(BRIDGES, tmp_path))
    total = sum(found.get(index, 0) for index in range(0x10, 0x2E))
    assert (found[0x2E] << 8 | found[0x2F]) == total


FLOPPY = """
  dma:    {model: dma.i8237, at: 0}
  floppy: {model: floppy.i82078, bus: dma, channel: 2, host: floppy, image: disk.ima}
"""


@pytest.mark.parametrize(
    ("kib", "drive"), [(360, 1), (1200, 2), (720, 4), (1440, 4), (2880, 5), (1, 4)]
)
def test_drive_a_is_one_for_its_diskette(kib, drive, tmp_path):
    (tmp_path / "disk.ima").write_bytes(bytes(kib * 1024))
    found = cmos.contents(plan_of(BRIDGES + FLOPPY, tmp_path))
    assert found[0x10] == drive << 4
    assert found[0x14] & 1


def test_without_a_controller_there_is_no_drive(tmp_path):
    found = cmos.contents(plan_of(BRIDGES, tmp_path))
    assert (found[0x10], found[0x14] & 1) == (0, 0)
