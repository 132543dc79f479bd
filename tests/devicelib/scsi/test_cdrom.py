"""The CD-ROM drive's laws (SCSI-2, section 14; MMC-2)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from devicelib.scsi.cdrom import ScsiCdrom
from tests.devicelib.scsi.esp_driver import Bench


@pytest.fixture
def scsi(bench: Any, tmp_path: Path) -> Bench:
    image = tmp_path / "disc.iso"
    image.write_bytes(b"".join(bytes([n]) * 2048 for n in range(8)))
    made = Bench(bench)
    made.put(ScsiCdrom, 2, image)
    made.ready(2)
    return made


def test_inquiry_tells_a_removable_cdrom(scsi: Bench) -> None:
    _, data = scsi.run(2, bytes([0x12, 0, 0, 0, 36, 0]))
    assert data[:2] == bytes([5, 0x80])


def test_blocks_have_2048_bytes(scsi: Bench) -> None:
    _, capacity = scsi.run(2, bytes([0x25]) + bytes(9))
    assert capacity == (7).to_bytes(4, "big") + (2048).to_bytes(4, "big")
    status, data = scsi.run(2, bytes([0x28, 0, 0, 0, 0, 3, 0, 0, 2, 0]))
    assert (status, data) == (0, b"\3" * 2048 + b"\4" * 2048)


def test_it_cannot_be_written(scsi: Bench) -> None:
    assert scsi.run(2, bytes([0x2A, 0, 0, 0, 0, 0, 0, 0, 1, 0]))[0] == 2


def test_the_table_of_contents_has_a_data_track_and_the_lead_out(scsi: Bench) -> None:
    status, data = scsi.run(2, bytes([0x43, 0, 0, 0, 0, 0, 0, 1, 0, 0]))
    assert (status, int.from_bytes(data[:2], "big") + 2) == (0, len(data))
    assert data[2:4] == b"\1\1"
    assert (data[5] & 4, data[6], data[14]) == (4, 1, 0xAA)
    assert int.from_bytes(data[16:20], "big") == 8


def test_times_count_from_two_seconds(scsi: Bench) -> None:
    _, data = scsi.run(2, bytes([0x43, 2, 0, 0, 0, 0, 0xAA, 1, 0, 0]))
    assert data[8:12] == bytes([0, 0, 2, 8])


def test_an_empty_place_does_not_answer(bench: Any) -> None:
    scsi = Bench(bench)
    bench.attach(ScsiCdrom, on=(scsi.esp, "scsi", 2))
    assert scsi.select(2, bytes(6)) == 0x20
