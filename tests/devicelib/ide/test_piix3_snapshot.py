"""Snapshots of IDE channels: whatever a drive is doing, it goes on after a restore."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from ide_driver import (
    BUFFER,
    BUSMASTER,
    CONFIG,
    COUNT,
    DRQ,
    INTERRUPT,
    READY,
    START,
    STATUS,
    TO_MEMORY,
    Ide,
)

DATA = random.Random(1).randbytes(1 << 18)


@pytest.fixture
def ide(tmp_path: Path) -> Iterator[Ide]:
    disk, disc = tmp_path / "disk", tmp_path / "disc"
    disk.write_bytes(DATA)
    disc.write_bytes(DATA)
    made = Ide({0: disk}, {2: disc})
    for _ in range(2):
        made.secondary.packet_in(b"\x00")
    yield made
    made.close()


def away_and_back(ide: Ide) -> None:
    """Save, do something else from power-on, and restore."""
    saved = ide.save()
    ide.chip.reset()
    ide.enable()
    ide.primary.address(50, 1)
    ide.primary.pio_in(0x20, 512)
    ide.secondary.packet_in(b"\x12\0\0\0\x24")
    assert ide.restore(saved)


def test_a_read_by_pio_goes_on(ide: Ide) -> None:
    channel = ide.primary
    channel.address(3, 4)
    channel.write(STATUS, 0x20)
    channel.wait()
    first = channel.words_in(700)
    away_and_back(ide)
    assert channel.line() == 1, "the second block was not acknowledged"
    rest = channel.words_in(324)
    for _ in range(2):
        assert channel.wait() == READY | DRQ
        rest += channel.words_in(512)
    assert (channel.wait(), first + rest) == (READY, DATA[1536 : 1536 + 2048])


def test_a_write_by_pio_goes_on(ide: Ide) -> None:
    channel, data = ide.primary, b"w" * 1024
    channel.address(3, 2)
    channel.write(STATUS, 0x30)
    channel.words_out(data[:600])
    away_and_back(ide)
    channel.words_out(data[600:])
    channel.wait()
    channel.address(3, 2)
    assert channel.pio_in(0x20, 1024) == (READY, data)


def test_a_drive_that_waits_for_the_bus_master_waits_on(ide: Ide) -> None:
    channel = ide.primary
    channel.address(5, 1)
    channel.prds([(BUFFER, 512)])
    channel.write(STATUS, 0xC8)
    away_and_back(ide)
    channel.master_write(0, START | TO_MEMORY)
    assert channel.wait() == READY
    assert channel.master_read(2) == INTERRUPT
    assert channel.peek(BUFFER, 512) == DATA[2560:3072]


def test_a_packet_goes_on(ide: Ide) -> None:
    channel = ide.secondary
    channel.packet(b"\x28\0\0\0\0\1\0\0\3", limit=2048)
    channel.wait()
    first = channel.words_in(1000)
    away_and_back(ide)
    rest = channel.words_in(1048)
    for _ in range(2):
        channel.wait()
        rest += channel.words_in(2048)
    assert (channel.wait(), channel.read(COUNT)) == (READY, 3)
    assert first + rest == DATA[2048 : 2048 * 4]


def test_settings_are_kept(ide: Ide) -> None:
    channel = ide.primary
    channel.select()
    for code, feature, count in [(0xEF, 0x82, 0), (0xEF, 3, 0x22), (0xC6, 0, 8)]:
        channel.write(1, feature)
        channel.write(COUNT, count)
        channel.command(code)
    channel.master_write(4, 0x1234_5678, 4)
    before = channel.identify()
    away_and_back(ide)
    assert channel.identify() == before
    assert channel.chip.read(BUSMASTER, 4, 4) == 0x1234_5678
    assert channel.chip.read(CONFIG, 0x40, 4) == 0x8000_8000


def test_bytes_that_are_no_snapshot_are_refused(ide: Ide) -> None:
    controller, disk, disc = ide.save()
    assert not ide.chip.restore(controller[:-1])
    assert not ide.drives[0].restore(disc)
    ends = bytearray(disk)
    ends[24:28] = (0x1_0001).to_bytes(4, "little")
    assert not ide.drives[0].restore(bytes(ends)), "more data than the buffer has"
    ide.primary.address(5, 1)
    assert ide.primary.pio_in(0x20, 512) == (READY, DATA[2560:3072])
