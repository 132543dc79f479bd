"""The floppy controller: commands, transfers, the change line."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from floppy_driver import (
    DIR,
    DOR,
    FIFO,
    FORMAT,
    FROM_MEMORY,
    MSR,
    READ,
    READ_ID,
    RUNNING,
    TO_MEMORY,
    WRITE,
    Board,
    Driver,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from devicelib.floppy._format import FORMATS, format_of
from machinebuilder.device.testing import Bench

SECTOR = 512
SIZE = 1_474_560
PATTERN = random.Random(1).randbytes(SIZE)
BUFFER = 0x1000


@pytest.fixture
def image(tmp_path):
    path = tmp_path / "disk.ima"
    path.write_bytes(PATTERN)
    return path


@pytest.fixture
def board(bench, image):
    return Board(bench, image=str(image))


@pytest.fixture
def driver(board):
    made = Driver(board)
    made.start()
    return made


def at(cylinder, head, sector):
    return ((cylinder * 2 + head) * 18 + sector - 1) * SECTOR


def test_coming_out_of_reset_interrupts_and_is_sensed_four_times(board):
    driver = Driver(board)
    assert board.inp(MSR) == 0
    board.out(DOR, RUNNING)
    assert board.irq
    assert board.inp(MSR) == 0x80
    assert [driver.ask(8) for _ in range(5)] == [
        [0xC0, 0], [0xC1, 0], [0xC2, 0], [0xC3, 0], [0x80],
    ]  # fmt: skip
    assert not board.irq


def test_a_command_that_is_none_is_told_at_once(driver):
    assert driver.ask(0x1E) == [0x80]
    assert not driver.board.irq


def test_it_says_what_it_is(driver):
    assert driver.ask(0x10) == [0x90]
    assert driver.ask(0x18) == [0x41]


def test_seek_and_recalibrate_interrupt_and_are_sensed(driver):
    driver.command(15, 0, 40)
    assert driver.board.irq
    assert driver.ask(8) == [0x20, 40]
    driver.command(7, 0)
    assert driver.ask(8) == [0x20, 0]
    driver.command(7, 1)
    assert driver.ask(8) == [0x71, 0]


def test_seeks_may_be_relative(driver):
    driver.seek(10)
    driver.command(0xCF, 0, 5)
    assert driver.ask(8) == [0x20, 15]
    driver.command(0x8F, 0, 20)
    assert driver.ask(8) == [0x20, 0]


def test_drive_status_shows_track_0_and_head(driver):
    assert driver.ask(4, 4) == [0x28 | 0x10 | 4]
    driver.seek(1)
    assert driver.ask(4, 0) == [0x28]


def test_a_read_goes_to_memory_by_dma(driver):
    driver.seek(3, 1)
    driver.set_dma(TO_MEMORY, BUFFER, 2 * SECTOR)
    result = driver.sectors(READ, 3, 1, 5, 18)
    assert result == [0x04, 0, 0, 3, 1, 7, 2]
    data = driver.board.get(BUFFER, 2 * SECTOR)
    assert data == PATTERN[at(3, 1, 5) : at(3, 1, 7)]


def test_the_interrupt_ends_when_the_result_is_read(driver):
    driver.set_dma(TO_MEMORY, BUFFER, SECTOR)
    driver.command(READ, 0, 0, 0, 1, 2, 18, 0x1B, 0xFF)
    assert driver.board.irq
    assert driver.board.inp(MSR) == 0xD0
    driver.board.inp(FIFO)
    assert not driver.board.irq
    driver.result()
    assert driver.board.inp(MSR) == 0x80


def test_a_whole_cylinder_ends_where_the_next_begins(driver):
    driver.set_dma(TO_MEMORY, BUFFER, 20 * SECTOR)
    result = driver.sectors(READ, 0, 0, 17, 18)
    assert result == [0x04, 0, 0, 1, 0, 1, 2]


def test_multi_track_crosses_to_head_1(driver):
    driver.set_dma(TO_MEMORY, BUFFER, 4 * SECTOR)
    assert driver.sectors(READ, 0, 0, 17, 18) == [0x04, 0, 0, 0, 1, 3, 2]
    data = driver.board.get(BUFFER, 4 * SECTOR)
    assert data == PATTERN[at(0, 0, 17) : at(0, 1, 3)]


def test_without_multi_track_the_last_sector_ends_it(driver):
    driver.set_dma(TO_MEMORY, BUFFER, 4 * SECTOR)
    assert driver.sectors(READ & 0x7F, 0, 0, 17, 18) == [0x40, 0x80, 0, 1, 0, 1, 2]
    data = driver.board.get(BUFFER, 3 * SECTOR)
    assert data == PATTERN[at(0, 0, 17) : at(0, 1, 1)] + bytes(SECTOR)


def test_a_write_changes_the_image(driver, image):
    data = random.Random(2).randbytes(3 * SECTOR)
    driver.board.put(BUFFER, data)
    driver.seek(79, 0)
    driver.set_dma(FROM_MEMORY, BUFFER, len(data))
    assert driver.sectors(WRITE, 79, 0, 1, 18) == [0, 0, 0, 79, 0, 4, 2]
    driver.board.fdc.device.disk.flush()
    written = image.read_bytes()
    assert written[at(79, 0, 1) : at(79, 0, 4)] == data
    assert written[: at(79, 0, 1)] == PATTERN[: at(79, 0, 1)]


def test_a_protected_diskette_is_not_written(bench, image):
    driver = Driver(Board(bench, image=str(image), readonly=True))
    driver.start()
    driver.set_dma(FROM_MEMORY, BUFFER, SECTOR)
    assert driver.sectors(WRITE, 0, 0, 1, 18)[:3] == [0x40, 0x02, 0]
    assert driver.ask(4, 0) == [0x28 | 0x10 | 0x40]


def test_a_transfer_waits_until_its_channel_may(driver):
    driver.set_dma(TO_MEMORY, BUFFER, SECTOR)
    driver.board.out(0x0A, 6)
    driver.command(READ, 0, 0, 0, 1, 2, 18, 0x1B, 0xFF)
    assert driver.board.inp(MSR) == 0x10
    assert not driver.board.irq
    driver.board.out(0x0A, 2)
    assert driver.board.irq
    assert driver.board.get(BUFFER, SECTOR) == PATTERN[:SECTOR]


def test_without_dma_data_comes_through_the_port(driver):
    driver.command(3, 0xAF, 0x03)
    driver.command(READ & 0x7F, 0, 0, 0, 17, 2, 18, 0x1B, 0xFF)
    assert driver.board.inp(MSR) == 0xF0
    assert driver.board.irq
    data = bytes(driver.board.inp(FIFO) for _ in range(SECTOR))
    assert driver.board.irq
    data += bytes(driver.board.inp(FIFO) for _ in range(SECTOR))
    assert data == PATTERN[at(0, 0, 17) : at(0, 1, 1)]
    assert driver.result()[:3] == [0x40, 0x80, 0]


def test_without_dma_data_goes_through_the_port(driver):
    driver.command(3, 0xAF, 0x03)
    driver.command(WRITE & 0x7F, 0, 0, 0, 18, 2, 18, 0x1B, 0xFF)
    assert driver.board.inp(MSR) == 0xB0
    for _ in range(SECTOR):
        driver.board.out(FIFO, 0x77)
    assert driver.result()[:3] == [0x40, 0x80, 0]
    disk = driver.board.fdc.device.disk
    assert disk.read(at(0, 0, 18), SECTOR) == b"\x77" * SECTOR


def test_a_track_is_formatted(driver):
    driver.seek(7, 1)
    sectors = b"".join(bytes((7, 1, n, 2)) for n in range(1, 19))
    driver.board.put(BUFFER, sectors)
    driver.set_dma(FROM_MEMORY, BUFFER, len(sectors))
    assert driver.ask(FORMAT, 4, 2, 18, 0x54, 0xF6)[:3] == [0x04, 0, 0]
    disk = driver.board.fdc.device.disk
    assert disk.read(at(7, 1, 1), 18 * SECTOR) == b"\xf6" * 18 * SECTOR
    assert disk.read(at(8, 0, 1), SECTOR) == PATTERN[at(8, 0, 1) : at(8, 0, 2)]


def test_an_id_is_read_off_the_track(driver):
    driver.seek(12)
    assert driver.ask(READ_ID, 4) == [0x04, 0, 0, 12, 1, 1, 2]
    assert driver.ask(READ_ID, 0) == [0, 0, 0, 12, 0, 2, 2]


@pytest.mark.parametrize("rate", [1, 2, 3])
def test_at_another_rate_nothing_is_found(driver, rate):
    driver.board.out(DIR, rate)
    assert driver.ask(READ_ID, 0)[:3] == [0x40, 0x01, 0]


@pytest.mark.parametrize(
    ("place", "status"),
    [
        ((1, 0, 1), [0x40, 0x04, 0x10]),
        ((0, 0, 19), [0x40, 0x04, 0]),
        ((0, 0, 0), [0x40, 0x04, 0]),
    ],
)
def test_a_sector_that_is_not_there(driver, place, status):
    driver.set_dma(TO_MEMORY, BUFFER, SECTOR)
    assert driver.sectors(READ, *place, last=40)[:3] == status


def test_a_transfer_may_seek_by_itself(driver):
    driver.command(0x13, 0, 0x40, 0)
    driver.set_dma(TO_MEMORY, BUFFER, SECTOR)
    assert driver.sectors(READ, 30, 0, 1, 18) == [0x20, 0, 0, 30, 0, 2, 2]
    assert driver.board.get(BUFFER, SECTOR) == PATTERN[at(30, 0, 1) : at(30, 0, 2)]


def test_verify_moves_nothing(driver):
    assert driver.ask(0xF6, 0, 0, 0, 1, 2, 18, 0x1B, 0xFF)[:3] == [0x04, 0, 0]
    assert driver.ask(0x76, 0x80, 0, 0, 1, 2, 18, 0x1B, 5) == [0, 0, 0, 0, 0, 6, 2]
    assert driver.board.get(BUFFER, SECTOR) == bytes(SECTOR)


def test_an_empty_drive_has_no_addresses(bench):
    driver = Driver(Board(bench))
    driver.start()
    assert driver.ask(READ_ID, 0)[:3] == [0x40, 0x01, 0]
    assert driver.board.inp(DIR) == 0x80
    driver.seek(5)
    assert driver.board.inp(DIR) == 0x80


def test_the_change_line_falls_with_the_first_step(driver):
    assert driver.board.inp(DIR) == 0x80
    driver.seek(0)
    assert driver.board.inp(DIR) == 0x80
    driver.seek(1)
    assert driver.board.inp(DIR) == 0


def test_modes_are_dumped(driver):
    driver.command(0x13, 0, 0x17, 0x05)
    driver.command(0x12, 0x84)
    driver.seek(9)
    assert driver.ask(0x94) == [0x10]
    dump = driver.ask(0x0E)
    assert dump == [9, 0, 0, 0, 0xAF, 0x02, 0, 0x84, 0x17, 0x05]


@pytest.mark.parametrize(("lock", "kept"), [(0x94, 0x17), (0x14, 0x20)])
def test_a_lock_keeps_the_configuration_over_a_soft_reset(driver, lock, kept):
    driver.command(0x13, 0, 0x17, 0x05)
    driver.ask(lock)
    driver.board.out(MSR, 0x80)
    assert driver.board.irq
    assert driver.ask(0x0E)[8] == kept


def test_the_dma_gate_holds_the_line_back(driver):
    driver.board.out(DOR, RUNNING & ~8)
    driver.command(15, 0, 2)
    assert not driver.board.irq
    driver.board.out(DOR, RUNNING)
    assert driver.board.irq


@pytest.mark.parametrize("found", FORMATS, ids=lambda f: str(f.size))
def test_a_format_is_known_by_its_size(found):
    assert format_of(found.size) == found
    assert found.offset(found.tracks - 1, found.heads - 1, found.sectors) == (
        found.size - SECTOR
    )


def test_an_image_of_another_size_has_room_in_its_format():
    assert format_of(512).size == SIZE
    assert format_of(SIZE + 512).size > SIZE


def test_a_snapshot_holds_a_command_half_written(driver):
    driver.command(15, 0)
    saved = driver.board.fdc.save()
    driver.board.out(MSR, 0x80)
    driver.board.fdc.restore(saved)
    driver.command(33)
    assert driver.ask(8) == [0x20, 33]


STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from([0x3F2, 0x3F4, 0x3F7]), st.integers(0, 255)),
        st.tuples(st.sampled_from(range(0x10)), st.integers(0, 255)),
        st.tuples(st.just(FIFO), st.lists(st.integers(0, 255), max_size=9)),
        st.tuples(
            st.just(FIFO),
            st.tuples(
                st.sampled_from([READ, WRITE, 0x66, 0x45, 0xEC, 0xC9, 0x42, 0xF6]),
                st.integers(0, 7), st.integers(0, 1), st.integers(0, 1),
                st.integers(0, 19), st.integers(1, 3), st.integers(1, 19),
                st.just(0x1B), st.integers(0, 255),
            ).map(list),
        ),
        st.tuples(st.just(-1), st.integers(1, 600)),
    ),
    max_size=30,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(STEPS, st.booleans())
def test_any_use_leaves_it_usable(tmp_path_factory, steps, without_dma):
    image = small_image(tmp_path_factory)
    driver = Driver(Board(Bench(), image=str(image), snapshot=True))
    driver.start()
    driver.set_dma(TO_MEMORY | 0x10, BUFFER, 700)
    if without_dma:
        driver.command(3, 0xAF, 0x03)
    for port, value in steps:
        if port == -1:
            for _ in range(value):
                driver.board.inp(FIFO)
        elif isinstance(value, list):
            driver.command(*value)
        else:
            driver.board.out(port, value)
        assert 0 <= driver.board.inp(MSR) <= 0xFF
    driver.board.out(DOR, 0)
    driver.board.out(0x0D, 0)
    driver.start()
    driver.set_dma(TO_MEMORY, BUFFER, SECTOR)
    assert driver.sectors(READ, 0, 0, 1, 18)[0] & 0xC0 == 0


def small_image(factory: pytest.TempPathFactory) -> Path:
    path = factory.getbasetemp() / "small.ima"
    if not path.exists():
        path.write_bytes(bytes(20 * SECTOR))
    return path
