"""Disks on PIIX3's channels: who is there, PIO, features, resets."""

from __future__ import annotations

import random
import struct
import threading
import time
from pathlib import Path

import pytest
from ide_disk import (
    FLUSH,
    IDENTIFY,
    READ,
    READ_DMA,
    READ_DMA_EXT,
    READ_EXT,
    READ_MULTIPLE,
    SECTORS,
    SET_FEATURES,
    SET_MULTIPLE,
    SIZE,
    WRITE,
    WRITE_EXT,
    WRITE_MULTIPLE,
    Plug,
    sectors,
)
from ide_driver import (
    ABRT,
    BSY,
    BUFFER,
    CONFIG,
    COUNT,
    DEVICE,
    DRQ,
    ERR,
    ERROR,
    HIGH,
    IDNF,
    INTERRUPT,
    LOW,
    MID,
    READY,
    START,
    STATUS,
    TO_MEMORY,
    Channel,
)
from native_bench import held_disk

# -- who is there


def test_a_disk_posts_its_signature_after_a_reset(channel: Channel) -> None:
    channel.files(9, 9, 9, 9)
    channel.soft_reset()
    files = [channel.read(n) for n in (ERROR, COUNT, LOW, MID, HIGH, STATUS)]
    assert files == [1, 1, 1, 0, 0, READY]


def test_nobody_answers_for_a_missing_drive(channel: Channel) -> None:
    channel.select(1)
    channel.files(0x55, 0xAA)
    assert [channel.read(n) for n in (COUNT, LOW, STATUS)] == [0, 0, 0]
    channel.write(STATUS, IDENTIFY)
    assert channel.read(STATUS) == 0


def test_ports_answer_once_they_are_enabled(plug: Plug) -> None:
    ide = plug()
    ide.chip.write(CONFIG, 0x40, 0, 2)
    assert ide.primary.read(STATUS) == 0xFF
    ide.chip.write(CONFIG, 0x40, 0x8000, 2)
    assert (ide.primary.read(STATUS), ide.chip.read(CONFIG, 0x40, 4)) == (
        READY,
        0x8000_8000,
    )
    ide.chip.pci_command(4)
    assert ide.primary.read(STATUS) == 0xFF


def test_identify_tells_size_geometry_and_features(channel: Channel) -> None:
    words = channel.identify()
    assert words[1] * 16 * 63 <= SECTORS < (words[1] + 1) * 16 * 63
    assert (words[3], words[6]) == (16, 63)
    assert words[60] | words[61] << 16 == SECTORS
    assert struct.unpack("<Q", struct.pack("<4H", *words[100:104])) == (SECTORS,)
    assert words[49] & 0x0300 == 0x0300
    assert words[83] & 0xF400 == 0x7400
    text = b"".join(struct.pack(">H", word) for word in words[10:20])
    assert text == b"disk                "


def test_the_serial_number_is_the_boards(plug: Plug) -> None:
    words = plug(serial="S-1234").primary.identify()
    assert b"".join(struct.pack(">H", w) for w in words[10:13]) == b"S-1234"


# -- PIO


def test_sectors_are_read(channel: Channel, image: Path) -> None:
    channel.address(7, 3)
    assert channel.pio_in(READ, 1536) == (READY, sectors(image, 7, 3))


def test_a_count_of_zero_means_the_most(channel: Channel, image: Path) -> None:
    channel.address(0, 0)
    assert channel.pio_in(READ, 256 * 512) == (READY, sectors(image, 0, 256))


def test_sectors_are_written(channel: Channel, image: Path) -> None:
    data = random.Random(2).randbytes(300 * 512)
    channel.address(100, 300, wide=True)
    assert channel.pio_out(WRITE_EXT, data) == READY
    assert sectors(image, 100, 300) == data


def test_sectors_have_cylinders_and_heads(channel: Channel, image: Path) -> None:
    channel.select(0, 2)
    channel.files(1, 5, 1, 0)
    assert channel.pio_in(READ, 512)[1] == sectors(image, (1 * 16 + 2) * 63 + 4)


def test_the_translation_is_the_hosts_choice(channel: Channel, image: Path) -> None:
    channel.select(0, 3)
    channel.write(COUNT, 17)
    assert channel.command(0x91) == READY
    words = channel.identify()
    assert (words[55], words[56], words[54]) == (4, 17, SECTORS // 68)
    channel.select(0, 1)
    channel.files(1, 1, 2, 0)
    assert channel.pio_in(READ, 512)[1] == sectors(image, (2 * 4 + 1) * 17)


@pytest.mark.parametrize("files", [(1, 0, 0, 0), (1, 64, 0, 0), (1, 1, 0xFF, 0xFF)])
def test_there_are_places_that_do_not_exist(
    channel: Channel, files: tuple[int, ...]
) -> None:
    channel.select()
    channel.files(*files)
    assert channel.pio_in(READ, 512) == (READY | ERR, b"")
    assert channel.read(ERROR) == IDNF


@pytest.mark.parametrize("code", [READ, READ_EXT, READ_DMA, READ_DMA_EXT, WRITE, 0x40])
def test_nothing_is_beyond_the_end(channel: Channel, code: int) -> None:
    wide = code in (READ_EXT, READ_DMA_EXT)
    for first in (SECTORS - 1, SECTORS, (1 << (48 if wide else 28)) - 2):
        channel.address(first, 2, wide=wide)
        assert channel.command(code) == READY | ERR
        assert channel.read(ERROR) == IDNF


def test_blocks_of_sectors(channel: Channel, image: Path) -> None:
    channel.address(3, 8)
    assert channel.command(SET_MULTIPLE) == READY
    assert channel.identify()[59] == 0x108
    channel.address(3, 20)
    assert channel.pio_in(READ_MULTIPLE, 20 * 512, 8 * 512)[1] == sectors(image, 3, 20)
    channel.address(30, 20)
    data = random.Random(3).randbytes(20 * 512)
    assert channel.pio_out(WRITE_MULTIPLE, data, 8 * 512) == READY
    assert sectors(image, 30, 20) == data


def test_blocks_must_be_set_up(channel: Channel) -> None:
    channel.address(3, 20)
    assert channel.pio_in(READ_MULTIPLE, 512)[0] == READY | ERR
    for count in (3, 32):
        channel.write(COUNT, count)
        assert channel.command(SET_MULTIPLE) == READY | ERR


def test_each_block_interrupts(channel: Channel) -> None:
    channel.address(0, 2)
    channel.write(STATUS, READ)
    for _ in range(2):
        assert channel.line() == 1
        assert channel.read(STATUS) == READY | DRQ
        assert channel.line(0, 0) == 0
        channel.words_in(512)
    assert channel.wait() == READY
    assert channel.line(ms=0) == 0


def test_the_first_block_of_a_write_is_asked_for_quietly(channel: Channel) -> None:
    channel.address(0, 1)
    channel.write(STATUS, WRITE)
    assert channel.alternate() == READY | DRQ
    assert channel.line(ms=0) == 0
    channel.words_out(bytes(512))
    assert channel.line() == 1


def test_an_interrupt_can_be_masked_and_read_silently(channel: Channel) -> None:
    channel.control(2)
    channel.select()
    channel.write(STATUS, FLUSH)
    channel.wait()
    assert channel.line(ms=0) == 0
    channel.control(0)
    assert channel.line(ms=0) == 1
    assert (channel.alternate(), channel.line(ms=0)) == (READY, 1)
    assert (channel.read(STATUS), channel.line(ms=0)) == (READY, 0)


@pytest.mark.parametrize("size", [1, 2, 4])
def test_the_data_port_moves_words(channel: Channel, image: Path, size: int) -> None:
    channel.address(5, 1)
    channel.write(STATUS, READ)
    channel.wait()
    step = max(size, 2)
    data = b"".join(
        channel.read(0, size).to_bytes(step, "little") for _ in range(512 // step)
    )
    expected = sectors(image, 5)
    assert data[::2] == expected[::2]
    assert data == expected or size == 1
    assert channel.wait() == READY


# -- features, resets


@pytest.mark.parametrize(
    ("mode", "known"),
    [
        (0, 1),
        (0x0C, 1),
        (0x0D, 0),
        (0x22, 1),
        (0x23, 0),
        (0x45, 1),
        (0x46, 0),
        (0x80, 0),
    ],
)
def test_transfer_modes(channel: Channel, mode: int, known: int) -> None:
    channel.select()
    channel.write(ERROR, 3)
    channel.write(COUNT, mode)
    assert channel.command(SET_FEATURES) == READY | (0 if known else ERR)
    words = channel.identify()
    assert words[63] >> 8 == (1 << (mode & 7) if mode == 0x22 else 0)
    assert words[88] >> 8 == (1 << (mode & 7) if mode == 0x45 else 0)


@pytest.mark.parametrize("code", [0x00, 0x08, 0xA0, 0xA1, 0xB0, 0xFF])
def test_what_a_disk_does_not_know_is_aborted(channel: Channel, code: int) -> None:
    channel.select()
    assert channel.command(code) == READY | ERR
    assert channel.read(ERROR) == ABRT


@pytest.mark.parametrize("code", [0x10, 0x40, 0x70, 0x91, 0xE0, 0xE1, 0xE5, 0xE6])
def test_what_a_disk_accepts(channel: Channel, code: int) -> None:
    channel.address(1, 1)
    assert channel.command(code) == READY


def test_verifying_finds_the_end(channel: Channel) -> None:
    channel.address(SECTORS - 200, 200)
    assert channel.command(0x40) == READY
    channel.address(SECTORS - 200, 201)
    assert channel.command(0x40) == READY | ERR


def test_diagnosis_selects_and_answers_with_device_0(channel: Channel) -> None:
    channel.select(0, 0x4F)
    channel.write(STATUS, 0x90)
    assert channel.line() == 1
    assert [channel.read(n) for n in (ERROR, COUNT, MID, DEVICE)] == [1, 1, 0, 0xA0]


def test_a_reset_ends_what_was_under_way(channel: Channel, image: Path) -> None:
    channel.address(0, 100)
    channel.write(STATUS, READ)
    channel.control(4)
    assert channel.alternate() == 0x80
    channel.control(0)
    assert channel.wait() == READY
    assert channel.line(ms=0) == 0
    channel.address(4, 1)
    assert channel.pio_in(READ, 512) == (READY, sectors(image, 4))


def test_a_reset_in_the_middle_of_dma_leaves_the_channel_usable(
    channel: Channel, image: Path
) -> None:
    for _ in range(50):
        channel.address(0, SECTORS, wide=True)
        channel.prds([(BUFFER + 65536 * n, 65536) for n in range(SIZE // 65536)])
        channel.write(STATUS, READ_DMA_EXT)
        channel.master_write(0, START | TO_MEMORY)
        channel.soft_reset()
        channel.master_write(0, 0)
    channel.address(4, 1)
    assert channel.dma_in(READ_DMA, 512)[2] == sectors(image, 4)


def test_status_is_read_while_the_host_reads_its_file(channel: Channel) -> None:
    channel.address(0, 1)
    with held_disk():
        channel.write(STATUS, READ)
        assert (channel.alternate(), channel.read(STATUS)) == (BSY, BSY)
        channel.write(COUNT, 7)
        assert channel.read(COUNT) == 1
    assert channel.wait() == READY | DRQ


def test_a_reset_waits_for_the_hosts_file_and_drops_what_it_gave(
    channel: Channel, image: Path
) -> None:
    channel.address(9, 1)
    with held_disk():
        channel.write(STATUS, READ)
        time.sleep(0.02)
        channel.control(4)
        channel.control(0)
        assert channel.alternate() == BSY
    assert channel.wait() == READY
    assert (channel.line(ms=0), channel.read(LOW)) == (0, 1)
    channel.address(4, 1)
    assert channel.pio_in(READ, 512) == (READY, sectors(image, 4))


def test_stopping_the_master_waits_for_the_transfer(
    channel: Channel, image: Path
) -> None:
    channel.address(9, 1)
    channel.prds([(BUFFER, 512)])
    stop = threading.Thread(target=channel.master_write, args=(0, 0))
    with held_disk():
        channel.write(STATUS, READ_DMA)
        channel.master_write(0, START | TO_MEMORY)
        time.sleep(0.02)
        stop.start()
        time.sleep(0.05)
        assert stop.is_alive()
        assert channel.alternate() == BSY, "others are not held up"
    stop.join()
    assert channel.peek(BUFFER, 512) == sectors(image, 9)
    assert (channel.master_read(2), channel.alternate()) == (INTERRUPT, READY)


def test_power_on_in_the_middle_of_dma(plug: Plug, image: Path) -> None:
    ide = plug()
    channel = ide.primary
    channel.address(0, SECTORS, wide=True)
    channel.prds([(BUFFER + 65536 * n, 65536) for n in range(SIZE // 65536)])
    channel.write(STATUS, READ_DMA_EXT)
    channel.master_write(0, START | TO_MEMORY)
    ide.chip.reset()
    assert channel.read(STATUS) == 0xFF
    ide.enable()
    assert (channel.master_read(0, 4), channel.read(STATUS)) == (0, READY)
