"""CD-ROM drives on PIIX3's channels: the packet protocol and the commands."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from ide_driver import (
    ABRT,
    ACTIVE,
    BUFFER,
    COUNT,
    DRQ,
    ERR,
    ERROR,
    FAILED,
    HIGH,
    INTERRUPT,
    LOW,
    MID,
    READY,
    START,
    STATUS,
    TO_MEMORY,
    Channel,
    Ide,
)
from native_bench import bad_spot

BLOCKS = 300
TEST_READY, SENSE, INQUIRY = b"\x00", b"\x03\0\0\0\x12", b"\x12\0\0\0\x24"
CAPACITY = b"\x25"


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "disc.iso"
    path.write_bytes(random.Random(1).randbytes(2048 * BLOCKS + 100))
    return path


@pytest.fixture
def channel(image: Path) -> Iterator[Channel]:
    ide = Ide({}, {2: image})
    told_of_the_reset(ide.secondary)
    yield ide.secondary
    ide.close()


def told_of_the_reset(channel: Channel) -> None:
    assert channel.packet_in(TEST_READY) == (READY | ERR, b"")
    assert sense(channel) == (6, 0x29, 0)


def sense(channel: Channel) -> tuple[int, int, int]:
    status, data = channel.packet_in(SENSE)
    assert (status, len(data), data[0]) == (READY, 18, 0x70)
    return data[2], data[12], data[13]


def read_10(block: int, count: int) -> bytes:
    return struct.pack(">BBIBHB", 0x28, 0, block, 0, count, 0)


def blocks(image: Path, first: int, count: int) -> bytes:
    return image.read_bytes()[2048 * first : 2048 * (first + count)]


def test_a_packet_device_has_its_own_signature(channel: Channel) -> None:
    channel.soft_reset()
    files = [channel.read(n) for n in (ERROR, COUNT, LOW, MID, HIGH, STATUS)]
    assert files == [1, 1, 1, 0x14, 0xEB, 0]


@pytest.mark.parametrize("code", [0xEC, 0x20])
def test_what_looks_for_a_disk_finds_the_signature(channel: Channel, code: int) -> None:
    channel.select()
    channel.files(0, 0, 0, 0)
    assert channel.command(code) == READY | ERR
    assert [channel.read(n) for n in (ERROR, MID, HIGH)] == [ABRT, 0x14, 0xEB]


def test_identify_packet_device(channel: Channel) -> None:
    words = channel.identify(0xA1)
    assert words[0] == 0x85C0
    assert words[49] & 0x0300 == 0x0300


def test_a_device_can_be_reset_alone(channel: Channel) -> None:
    channel.packet(read_10(0, 1))
    channel.write(STATUS, 0x08)
    assert channel.wait() == 0
    assert (channel.read(MID), channel.line(ms=0)) == (0x14, 0)


def test_inquiry(channel: Channel) -> None:
    status, data = channel.packet_in(INQUIRY)
    assert (status, data[:5], data[8:16]) == (READY, b"\5\x80\0\x21\x1f", b"MB      ")


def test_capacity_counts_whole_blocks(channel: Channel) -> None:
    assert channel.packet_in(CAPACITY)[1] == struct.pack(">II", BLOCKS - 1, 2048)


@pytest.mark.parametrize("limit", [2048, 2047, 4096, 0xFFFE, 0, 130, 2])
def test_reading_in_pieces_that_the_host_chooses(
    channel: Channel, image: Path, limit: int
) -> None:
    status, data = channel.packet_in(read_10(5, 70 if limit > 999 else 2), limit)
    assert status == READY
    assert data == blocks(image, 5, len(data) // 2048)
    assert len(data) >= 4096


def test_the_byte_count_and_reason_tell_what_comes(channel: Channel) -> None:
    channel.packet(read_10(0, 3), limit=4096)
    assert channel.line() == 1
    assert channel.read(STATUS) & DRQ
    assert (channel.read(COUNT), channel.read(MID), channel.read(HIGH)) == (2, 0, 16)
    channel.words_in(4096)
    channel.wait()
    assert (channel.read(COUNT), channel.read(MID), channel.read(HIGH)) == (2, 0, 8)
    channel.words_in(2048)
    assert channel.wait() == READY
    assert (channel.read(COUNT), channel.line(ms=0)) == (3, 1)


def test_reading_by_dma(channel: Channel, image: Path) -> None:
    channel.prds([(BUFFER, 3 * 2048)])
    channel.master_write(2, INTERRUPT | FAILED)
    channel.packet(read_10(9, 3), by_dma=True)
    channel.master_write(0, START | TO_MEMORY)
    assert channel.wait() == READY
    assert channel.master_read(2) == INTERRUPT
    assert channel.peek(BUFFER, 6144) == blocks(image, 9, 3)


def test_answers_come_by_dma_too(channel: Channel) -> None:
    channel.prds([(BUFFER, 3), (BUFFER + 64, 60)])
    channel.packet(INQUIRY, by_dma=True)
    channel.master_write(0, START | TO_MEMORY)
    assert channel.wait() == READY
    assert channel.peek(BUFFER, 2) + channel.peek(BUFFER + 64, 3) == b"\5\x80\0\x21\x1f"
    assert channel.master_read(2) & ACTIVE


def test_read_12_and_read_cd(channel: Channel, image: Path) -> None:
    twelve = struct.pack(">BBIIBB", 0xA8, 0, 3, 2, 0, 0)
    assert channel.packet_in(twelve) == (READY, blocks(image, 3, 2))
    read_cd = struct.pack(">BBIBHBBB", 0xBE, 0, 3, 0, 2, 0x10, 0, 0)
    assert channel.packet_in(read_cd) == (READY, blocks(image, 3, 2))
    nothing = struct.pack(">BBIBHBBB", 0xBE, 0, 3, 0, 2, 0, 0, 0)
    assert channel.packet_in(nothing) == (READY, b"")
    raw = struct.pack(">BBIBHBBB", 0xBE, 0, 3, 0, 2, 0xF8, 0, 0)
    assert channel.packet_in(raw) == (READY | ERR, b"")
    assert sense(channel) == (5, 0x24, 0)


@pytest.mark.parametrize(
    ("block", "count"), [(BLOCKS, 1), (BLOCKS - 1, 2), (2**32 - 1, 9)]
)
def test_nothing_is_beyond_the_end(channel: Channel, block: int, count: int) -> None:
    assert channel.packet_in(read_10(block, count)) == (READY | ERR, b"")
    assert channel.read(ERROR) == 0x50
    assert sense(channel) == (5, 0x21, 0)
    assert sense(channel) == (0, 0, 0)


def test_what_cannot_be_read_is_a_medium_error(channel: Channel) -> None:
    bad_spot(2048 * 50, 2048 * 51)
    assert channel.packet_in(read_10(50, 1)) == (READY | ERR, b"")
    assert sense(channel) == (3, 0x11, 0)
    channel.prds([(BUFFER, 2048)])
    channel.packet(read_10(50, 1), by_dma=True)
    channel.master_write(0, START | TO_MEMORY)
    assert channel.wait() == READY | ERR
    assert channel.read(ERROR) == 0x30
    bad_spot(0, 0)


def test_unknown_packets_are_refused(channel: Channel) -> None:
    assert channel.packet_in(b"\xff") == (READY | ERR, b"")
    assert sense(channel) == (5, 0x20, 0)


def test_the_table_of_contents(channel: Channel) -> None:
    toc = bytes([0x43, 0, 0, 0, 0, 0, 0, 0, 64])
    data = channel.packet_in(toc)[1]
    assert data[:4] == b"\0\x12\1\1"
    assert data[4:12] == b"\0\x14\1\0" + bytes(4)
    assert data[12:] == b"\0\x14\xaa\0" + BLOCKS.to_bytes(4, "big")
    in_time = bytes([0x43, 2, 0, 0, 0, 0, 0xAA, 0, 64])
    assert channel.packet_in(in_time)[1][4:] == b"\0\x14\xaa\0" + bytes([0, 0, 6, 0])
    sessions = bytes([0x43, 0, 1, 0, 0, 0, 0, 0, 64])
    assert channel.packet_in(sessions)[1] == b"\0\x0a\1\1\0\x14\1\0" + bytes(4)
    lead_in = bytes([0x43, 2, 2, 0, 0, 0, 0, 0, 64])
    data = channel.packet_in(lead_in)[1]
    assert len(data) == 4 + 4 * 11
    assert [data[4 + 11 * n + 3] for n in range(4)] == [0xA0, 0xA1, 0xA2, 1]
    assert data[4 + 22 + 8 : 4 + 22 + 11] == bytes([0, 6, 0])


def test_no_more_is_sent_than_is_allowed(channel: Channel) -> None:
    assert channel.packet_in(b"\x12\0\0\0\5")[1] == b"\5\x80\0\x21\x1f"
    assert channel.packet_in(b"\x12\0\0\0\0") == (READY, b"")


def test_the_disc_is_a_cd_and_is_there(channel: Channel) -> None:
    configuration = bytes([0x46, 0, 0, 0, 0, 0, 0, 0, 255])
    data = channel.packet_in(configuration)[1]
    assert int.from_bytes(data[:4], "big") == len(data) - 4
    assert data[6:8] == b"\0\x08"
    one = bytes([0x46, 2, 0, 0x10, 0, 0, 0, 0, 255])
    assert channel.packet_in(one)[1][8:12] == b"\0\x10\1\x08"
    event = bytes([0x4A, 1, 0, 0, 0x10, 0, 0, 0, 8])
    assert channel.packet_in(event)[1] == bytes([0, 6, 4, 0x10, 0, 2, 0, 0])
    information = bytes([0x51, 0, 0, 0, 0, 0, 0, 0, 34])
    assert channel.packet_in(information)[1][:3] == b"\0\x20\x0e"


def test_mode_pages(channel: Channel) -> None:
    ten = bytes([0x5A, 0, 0x2A, 0, 0, 0, 0, 0, 128])
    data = channel.packet_in(ten)[1]
    assert (int.from_bytes(data[:2], "big"), data[2]) == (len(data) - 2, 1)
    assert data[8:10] == b"\x2a\x14"
    six = bytes([0x1A, 0, 0x3F, 0, 128])
    data = channel.packet_in(six)[1]
    assert (data[0], data[4], data[12]) == (len(data) - 1, 1, 0x2A)
    assert channel.packet_in(bytes([0x5A, 0, 0x0E, 0, 0, 0, 0, 0, 9]))[0] == READY | ERR
    assert channel.packet_in(bytes([0x5A, 0, 0xEA, 0, 0, 0, 0, 0, 9]))[0] == READY | ERR
    assert sense(channel) == (5, 0x39, 0)


def test_a_disc_is_ejected_and_loaded(channel: Channel) -> None:
    eject, load = b"\x1b\0\0\0\2", b"\x1b\0\0\0\3"
    assert channel.packet_in(b"\x1e\0\0\0\1") == (READY, b"")
    assert channel.packet_in(eject) == (READY | ERR, b"")
    assert sense(channel) == (5, 0x53, 2)
    assert channel.packet_in(b"\x1e") == (READY, b"")
    assert channel.packet_in(eject) == (READY, b"")
    assert channel.packet_in(TEST_READY)[0] == READY | ERR
    assert sense(channel) == (2, 0x3A, 0)
    mechanism = bytes([0xBD, 0, 0, 0, 0, 0, 0, 0, 0, 8])
    assert channel.packet_in(mechanism)[1] == b"\0\x10" + bytes(6)
    assert channel.packet_in(load) == (READY, b"")
    assert channel.packet_in(TEST_READY)[0] == READY


def test_a_drive_without_an_image_is_empty() -> None:
    ide = Ide({}, {0: ""})
    channel = ide.primary
    told_of_the_reset(channel)
    assert channel.packet_in(read_10(0, 1)) == (READY | ERR, b"")
    assert sense(channel) == (2, 0x3A, 0)
    ide.close()


def test_a_disk_and_a_disc_share_a_channel(image: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk.img"
    disk.write_bytes(b"d" * 8192)
    ide = Ide({0: disk}, {1: image})
    channel = ide.primary
    channel.packet(TEST_READY, unit=1)
    channel.wait()
    channel.address(0, 1)
    assert channel.line(0, 0) == 0, "the disk's line is not the drive's"
    assert channel.pio_in(0x20, 512) == (READY, b"d" * 512)
    channel.select(1)
    assert channel.line(ms=0) == 1
    assert channel.packet_in(read_10(1, 1), unit=1) == (READY, blocks(image, 1, 1))
    ide.close()
