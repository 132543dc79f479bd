"""The firmware's items, byte by byte."""

from __future__ import annotations

import pytest

from devicelib.firmware.fw_cfg import FirmwareConfig


@pytest.fixture
def config(bench):
    return bench.attach(FirmwareConfig)


def item(config, number, size):
    config.selector = number
    return bytes(config.data for _ in range(size))


def test_it_says_who_it_is(config):
    assert item(config, 0, 4) == b"QEMU"


def test_an_item_is_read_in_order_and_zero_follows(config):
    config.device.configure({0x15: b"quiet"})
    assert item(config, 0x15, 7) == b"quiet\0\0"


def test_choosing_an_item_begins_anew(config):
    assert item(config, 0, 2) == b"QE"
    assert item(config, 0, 2) == b"QE"


def test_an_unknown_item_reads_zero(config):
    assert item(config, 0x7777, 3) == bytes(3)


def test_the_selector_is_big_endian(config):
    config.device.configure({0x0102: b"x"})
    config.write(0, 0x0102, 2)
    assert config.data == ord("x")


def test_a_reset_forgets_the_items(config):
    config.device.configure({1: b"new", 0x15: b"quiet"})
    config.reset()
    assert item(config, 1, 4) == b"\1\0\0\0"
    assert item(config, 0x15, 1) == b"\0"
