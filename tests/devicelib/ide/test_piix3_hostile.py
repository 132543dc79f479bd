"""Drivers that keep to no protocol: any accesses, after which the drives still work."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ide_driver import (
    BSY,
    BUFFER,
    BUSMASTER,
    CONFIG,
    DRQ,
    LAST,
    READY,
    START,
    STATUS,
    TO_MEMORY,
    Channel,
    Ide,
)
from native_bench import RAM

SECTORS, BLOCKS = 512, 32
END = RAM + (16 << 20)

commands = st.sampled_from(
    [0x20, 0x24, 0x30, 0x34, 0x35, 0x40, 0x90, 0x91, 0xA0, 0xA1, 0xC4, 0xC5, 0xC6]
    + [0xC8, 0xCA, 0xE7, 0xEC, 0xEF, 0x08]
)
registers = st.one_of(
    st.tuples(st.just("command"), st.just(STATUS), commands),
    st.tuples(st.just("file"), st.integers(1, 6), st.integers(0, 255)),
    st.tuples(st.just("read"), st.integers(0, 7), st.sampled_from([1, 2, 4])),
    st.tuples(st.just("words"), st.integers(0, 300), st.booleans()),
    st.tuples(st.just("control"), st.just(0), st.sampled_from([0, 2, 4, 0x80])),
    st.tuples(st.just("master"), st.integers(0, 7), st.integers(0, 255)),
)
regions = st.lists(
    st.tuples(
        st.sampled_from([BUFFER, BUFFER + 0x1FFE, END - 2, END - 512, 0, 2**32 - 2]),
        st.sampled_from([0, 1, 2, 510, 512, 4096, 0xFFFE, 0x1_0000 | 512]),
        st.booleans(),
    ),
    min_size=1,
    max_size=6,
)


@pytest.fixture(scope="module")
def ide(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ide]:
    folder = tmp_path_factory.mktemp("images")
    disk, disc = folder / "disk", folder / "disc"
    disk.write_bytes(bytes(512 * SECTORS))
    disc.write_bytes(random.Random(1).randbytes(2048 * BLOCKS))
    made = Ide({0: disk}, {1: disc, 2: ""})
    yield made
    made.close()


def do(channel: Channel, kind: str, number: int, value: int) -> None:
    """One access of a driver; or a few hundred of the data port."""
    if kind in ("command", "file"):
        channel.write(number, value)
    elif kind == "read":
        assert channel.read(number, value) < 1 << 8 * max(value, 2)
    elif kind == "control":
        channel.control(value)
    elif kind == "master":
        channel.master_write(number, value)
    elif value:
        channel.words_in(2 * number)
    else:
        channel.words_out(bytes(2 * number))


def check_that_all_works(ide: Ide) -> None:
    """Both drives of the first channel move data, after what firmware would do."""
    ide.chip.write(CONFIG, 0x40, 0x8000_8000, 4)
    channel = ide.primary
    channel.master_write(0, 0)
    channel.soft_reset()
    for _ in range(3):
        channel.packet_in(b"\x00", unit=1)
    status, data = channel.packet_in(b"\x28\0\0\0\0\x05\0\0\1", unit=1)
    assert (status, data) == (READY, random.Random(1).randbytes(2048 * 6)[-2048:])
    sent = random.Random(2).randbytes(1024)
    channel.address(7, 2)
    assert channel.pio_out(0x30, sent) == READY
    channel.address(7, 2)
    status, _, data = channel.dma_in(0xC8, 1024)
    assert (status, data) == (READY, sent)


@settings(max_examples=150, deadline=None)
@given(st.lists(registers, max_size=40))
def test_any_accesses_leave_drives_that_work(
    ide: Ide, steps: list[tuple[str, int, int]]
) -> None:
    for kind, number, value in steps:
        do(ide.primary, kind, number, value)
    check_that_all_works(ide)


@settings(max_examples=150, deadline=None)
@given(
    regions,
    st.integers(1, 40),
    st.sampled_from([0xC8, 0xCA, 0x25, 0x35]),
    st.sampled_from([BUFFER - 64, END - 16, 0, 0xFFFF_FFFC, BUFFER + 0xFFF8]),
)
def test_any_table_of_regions_ends(
    ide: Ide, table: list[tuple[int, int, bool]], count: int, code: int, place: int
) -> None:
    channel = ide.primary
    data = b"".join(
        address.to_bytes(4, "little")
        + (size & 0xFFFF | (LAST if last else 0)).to_bytes(4, "little")
        for address, size, last in table
    )
    if RAM <= place < END:
        channel.poke(place, data[: END - place])
    channel.address(3, count, wide=code in (0x25, 0x35))
    channel.chip.write(BUSMASTER, 4, place, 4)
    channel.master_write(0, TO_MEMORY)
    channel.write(STATUS, code)
    channel.master_write(0, TO_MEMORY | START)
    channel.wait(mask=BSY | DRQ)
    channel.master_write(0, 0)
    check_that_all_works(ide)


def test_the_drives_work_to_begin_with(ide: Ide) -> None:
    check_that_all_works(ide)
