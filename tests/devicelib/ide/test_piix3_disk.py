"""Disks on PIIX3's channels: commands, transfers, what ends in an error."""

from __future__ import annotations

import random
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ide_driver import (
    ABRT,
    ACTIVE,
    BSY,
    BUFFER,
    BUSMASTER,
    CONFIG,
    COUNT,
    DEVICE,
    DF,
    DRDY,
    DRQ,
    ERR,
    ERROR,
    FAILED,
    HIGH,
    IDNF,
    INTERRUPT,
    LOW,
    MID,
    READY,
    START,
    STATUS,
    TABLE,
    TO_MEMORY,
    UNC,
    Channel,
    Ide,
)
from native_bench import RAM, bad_spot, flushes, held_disk

SECTORS = 4096
SIZE = 512 * SECTORS
READ, READ_EXT, READ_MULTIPLE, READ_DMA, READ_DMA_EXT = 0x20, 0x24, 0xC4, 0xC8, 0x25
WRITE, WRITE_EXT, WRITE_MULTIPLE, WRITE_DMA = 0x30, 0x34, 0xC5, 0xCA
IDENTIFY, FLUSH, SET_FEATURES, SET_MULTIPLE = 0xEC, 0xE7, 0xEF, 0xC6

Plug = Callable[..., Ide]


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "disk.img"
    path.write_bytes(random.Random(1).randbytes(SIZE))
    return path


@pytest.fixture
def plug(image: Path) -> Iterator[Plug]:
    plugged: list[Ide] = []

    def plug_in(**params: object) -> Ide:
        plugged.append(Ide({0: image}, {}, **params))
        return plugged[-1]

    yield plug_in
    for ide in plugged:
        ide.close()


@pytest.fixture
def channel(plug: Plug) -> Channel:
    return plug().primary


def sectors(image: Path, first: int, count: int = 1) -> bytes:
    return image.read_bytes()[512 * first : 512 * (first + count)]


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


def test_a_table_ends_with_its_64_kib_at_the_latest(channel: Channel) -> None:
    entries = [(BUFFER, 2)] * (0x10000 // 8)
    channel.table = TABLE
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
