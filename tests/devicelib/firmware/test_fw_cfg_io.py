"""The firmware configuration of a PC: bytes through ports, items to memory, files."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devicelib.firmware.fw_cfg_io import FirmwareConfigIo
from machinebuilder.device.testing import Bench

REQUEST, TARGET = 0x100, 0x2000
ERROR, READ, SKIP, SELECT, WRITE = 1, 2, 4, 8, 16
DIRECTORY = 0x19


@pytest.fixture
def config(bench):
    return bench.attach(FirmwareConfigIo)


def item(config, number, size):
    config.write(0, number, 2, "ports")
    return bytes(config.read(1, 1, "ports") for _ in range(size))


def ask(bench, config, control, length, target=TARGET, wide=False):
    """A request through memory; gives the control word that comes back."""
    words = control.to_bytes(4, "big") + length.to_bytes(4, "big")
    bench.memory[REQUEST : REQUEST + 16] = words + target.to_bytes(8, "big")
    place = REQUEST.to_bytes(8, "big")
    if wide:
        config.write(0, int.from_bytes(place, "little"), 8, "dma")
    else:
        config.write(0, int.from_bytes(place[:4], "little"), 4, "dma")
        config.write(4, int.from_bytes(place[4:], "little"), 4, "dma")
    return int.from_bytes(bench.memory[REQUEST : REQUEST + 4], "big")


def test_it_says_who_it_is_and_that_it_does_dma(config):
    assert item(config, 0, 4) == b"QEMU"
    assert item(config, 1, 4) == b"\3\0\0\0"
    high, low = config.read(0, 4, "dma"), config.read(4, 4, "dma")
    assert high.to_bytes(4, "little") + low.to_bytes(4, "little") == b"QEMU CFG"


def test_the_selector_is_little_endian(config):
    config.device.configure({0x0102: b"x"})
    assert item(config, 0x0102, 2) == b"x\0"


def test_files_are_listed_by_name(config):
    config.device.configure({"etc/b": b"12", "etc/a": b"345", 0x15: b"quiet"})
    assert int.from_bytes(item(config, DIRECTORY, 4), "big") == 2
    directory = item(config, DIRECTORY, 4 + 2 * 64)[4:]
    found = [directory[at : at + 64] for at in (0, 64)]
    assert [entry[8:].rstrip(b"\0") for entry in found] == [b"etc/a", b"etc/b"]
    sizes = [int.from_bytes(entry[:4], "big") for entry in found]
    keys = [int.from_bytes(entry[4:6], "big") for entry in found]
    assert sizes == [3, 2]
    assert [item(config, key, 3) for key in keys] == [b"345", b"12\0"]
    assert item(config, 0x15, 5) == b"quiet"


def test_a_later_file_joins_those_before(config):
    config.device.configure({"b": b"1"})
    config.device.configure({"a": b"2"})
    assert int.from_bytes(item(config, DIRECTORY, 4), "big") == 2
    assert (item(config, 0x20, 1), item(config, 0x21, 1)) == (b"2", b"1")


def test_a_name_has_its_limit(config):
    config.device.configure({"n" * 55: b""})
    with pytest.raises(ValueError, match="at most 55"):
        config.device.configure({"n" * 56: b""})


@pytest.mark.parametrize("wide", [False, True])
def test_a_request_copies_an_item_to_memory(bench, config, wide):
    config.device.configure({0x20: bytes(range(100))})
    assert ask(bench, config, 0x20 << 16 | SELECT | READ, 100, wide=wide) == 0
    assert bench.memory[TARGET : TARGET + 101] == bytes(range(100)) + b"\0"


def test_requests_go_on_where_the_last_ended(bench, config):
    config.device.configure({0x20: bytes(range(10))})
    ask(bench, config, 0x20 << 16 | SELECT | SKIP, 4)
    ask(bench, config, READ, 3)
    assert bytes(bench.memory[TARGET : TARGET + 3]) == b"\4\5\6"
    assert config.read(1, 1, "ports") == 7


def test_past_the_end_of_an_item_are_zeros(bench, config):
    config.device.configure({0x20: b"ab"})
    bench.memory[TARGET : TARGET + 8] = b"\xff" * 8
    assert ask(bench, config, 0x20 << 16 | SELECT | READ, 4) == 0
    assert bytes(bench.memory[TARGET : TARGET + 5]) == b"ab\0\0\xff"


def test_what_cannot_be_done_is_an_error(bench, config):
    assert ask(bench, config, WRITE, 4) == ERROR
    assert ask(bench, config, READ, 4, target=1 << 40) == ERROR
    assert ask(bench, config, READ, 0xFFFF_FFFF) == ERROR


def test_a_request_where_no_memory_is_changes_nothing(config):
    config.write(0, (1 << 64) - 1, 8, "dma")
    assert "no memory" in config.logged[0]


@given(st.lists(st.tuples(*[st.integers(0, 0xFFFF_FFFF)] * 3), max_size=20))
def test_any_request_ends(requests):
    bench = Bench()
    config = bench.attach(FirmwareConfigIo)
    for control, length, target in requests:
        answer = ask(bench, config, control, length, target & 0x1FFFF)
        assert answer in (0, ERROR)
