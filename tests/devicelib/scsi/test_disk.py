"""The SCSI disk's laws (SCSI-2, sections 8 and 9)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.devicelib.scsi.esp_driver import Bench, disk

REQUEST_SENSE = bytes([0x03, 0, 0, 0, 18, 0])


@pytest.fixture
def scsi(bench: Any, tmp_path: Path) -> Bench:
    return disk(bench, tmp_path / "disk.img")


def sense(scsi: Bench) -> tuple[int, int]:
    """Key and code of the last failure."""
    status, data = scsi.run(0, REQUEST_SENSE)
    assert (status, len(data), data[0]) == (0, 18, 0x70)
    return data[2], data[12]


def test_inquiry_tells_a_disk(scsi: Bench) -> None:
    status, data = scsi.run(0, bytes([0x12, 0, 0, 0, 36, 0]))
    assert (status, len(data), data[0], data[4]) == (0, 36, 0, 31)


def test_capacity_is_the_last_block_and_the_size(scsi: Bench) -> None:
    _, data = scsi.run(0, bytes([0x25]) + bytes(9))
    assert data == (127).to_bytes(4, "big") + (512).to_bytes(4, "big")


@pytest.mark.parametrize(
    ("write", "read"),
    [
        (bytes([0x0A, 0, 0, 3, 2, 0]), bytes([0x08, 0, 0, 3, 2, 0])),
        (
            bytes([0x2A, 0, 0, 0, 0, 3, 0, 0, 2, 0]),
            bytes([0x28, 0, 0, 0, 0, 3, 0, 0, 2, 0]),
        ),
    ],
)
def test_what_was_written_is_read(scsi: Bench, write: bytes, read: bytes) -> None:
    data = bytes(255 - n % 256 for n in range(1024))
    assert scsi.run(0, write, data)[0] == 0
    assert scsi.run(0, read) == (0, data)


def test_a_synchronized_cache_is_in_the_file(bench: Any, tmp_path: Path) -> None:
    scsi = disk(bench, tmp_path / "disk.img")
    scsi.run(0, bytes([0x0A, 0, 0, 0, 1, 0]), b"x" * 512)
    assert scsi.run(0, bytes([0x35]) + bytes(9))[0] == 0
    assert (tmp_path / "disk.img").read_bytes()[:513] == b"x" * 512 + b"\0"


def test_past_the_end_is_out_of_range(scsi: Bench) -> None:
    assert scsi.run(0, bytes([0x28, 0, 0, 0, 0, 127, 0, 0, 2, 0]))[0] == 2
    assert sense(scsi) == (5, 0x21)
    assert sense(scsi) == (0, 0), "sense is told once"


def test_an_unknown_command_fails(scsi: Bench) -> None:
    assert scsi.run(0, bytes([0x1D, 0, 0, 0, 0, 0]))[0] == 2
    assert sense(scsi) == (5, 0x20)


def test_a_readonly_disk_is_protected(bench: Any, tmp_path: Path) -> None:
    scsi = disk(bench, tmp_path / "disk.img", readonly=True)
    assert scsi.run(0, bytes([0x0A, 0, 0, 0, 1, 0]))[0] == 2
    assert sense(scsi) == (7, 0x27)
    _, mode = scsi.run(0, bytes([0x1A, 0, 0x3F, 0, 255, 0]))
    assert mode[2] == 0x80


def test_other_logical_units_are_not_there(scsi: Bench) -> None:
    assert scsi.select(0, bytes([0x12, 0, 0, 0, 36, 0]), unit=1) == 0x18
    scsi.transfer(0x10, 0x2000, 36, to_memory=True)
    assert scsi.bench.memory[0x2000] == 0x7F


@pytest.mark.parametrize("page", [3, 4, 8, 0x3F])
def test_mode_pages_have_the_length_they_tell(scsi: Bench, page: int) -> None:
    status, data = scsi.run(0, bytes([0x1A, 0, page, 0, 255, 0]))
    assert (status, data[0] + 1, data[3]) == (0, len(data), 8)
    pages, at = [], 12
    while at < len(data):
        pages.append(data[at])
        at += 2 + data[at + 1]
    assert at == len(data)
    assert pages == ([3, 4, 8] if page == 0x3F else [page])
    status, long = scsi.run(0, bytes([0x5A, 0, page, 0, 0, 0, 0, 1, 0, 0]))
    assert (status, int.from_bytes(long[:2], "big") + 2) == (0, len(long))


def test_saved_pages_are_not_there(scsi: Bench) -> None:
    assert scsi.run(0, bytes([0x1A, 0, 0xC8, 0, 255, 0]))[0] == 2


def test_report_luns_tells_one(scsi: Bench) -> None:
    status, data = scsi.run(0, bytes([0xA0]) + bytes(8) + bytes([64, 0, 0]))
    assert (status, data) == (0, bytes([0, 0, 0, 8]) + bytes(12))


def test_the_serial_number_is_a_page_of_vital_data(scsi: Bench) -> None:
    _, data = scsi.run(0, bytes([0x12, 1, 0x80, 0, 255, 0]))
    assert data == b"\0\x80\0\4disk"


def test_mode_select_takes_its_bytes(scsi: Bench) -> None:
    assert scsi.run(0, bytes([0x15, 0x10, 0, 0, 12, 0]), bytes(12))[0] == 0
