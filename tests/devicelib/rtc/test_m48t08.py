"""The M48T08: memory, Sun's IDPROM, and a clock in BCD."""

from __future__ import annotations

from functools import reduce
from operator import xor

import pytest

from devicelib.rtc.m48t08 import CLOCK, IDPROM, M48T08

MOMENT = 1_000_000_000
"""2001-09-09, a Sunday, 01:46:40 UTC."""
WRITE, READ = 0x80, 0x40


@pytest.fixture
def nvram(bench):
    return bench.attach(M48T08, start=MOMENT, mac="08:00:20:11:22:33")


def clock(nvram):
    return [nvram.read(CLOCK + n, 1) for n in range(1, 8)]


def test_memory_keeps_what_is_written(nvram):
    nvram.write(0x100, 0x11223344, 4)
    assert [nvram.read(0x100 + n, 1) for n in range(4)] == [0x44, 0x33, 0x22, 0x11]


def test_the_idprom_is_valid(nvram):
    ident = [nvram.read(IDPROM + n, 1) for n in range(16)]
    assert ident[:8] == [1, 0x80, 0x08, 0x00, 0x20, 0x11, 0x22, 0x33]
    assert reduce(xor, ident) == 0


def test_the_clock_is_in_decimal_digits(nvram):
    assert clock(nvram) == [0x40, 0x46, 0x01, 0x01, 0x09, 0x09, 0x33]


def test_it_stands_still_while_it_is_read(bench, nvram):
    nvram.write(CLOCK, READ, 1)
    bench.sleep(5)
    assert clock(nvram)[0] == 0x40
    nvram.write(CLOCK, 0, 1)
    assert clock(nvram)[0] == 0x45


def test_it_can_be_set(bench, nvram):
    nvram.write(CLOCK, WRITE, 1)
    for n, digits in enumerate([0x58, 0x59, 0x23, 0x06, 0x31, 0x12, 0x31], 1):
        nvram.write(CLOCK + n, digits, 1)
    nvram.write(CLOCK, 0, 1)
    bench.sleep(2)
    assert clock(nvram) == [0x00, 0x00, 0x00, 0x07, 0x01, 0x01, 0x32]


def test_memory_and_clock_outlive_a_reset(bench, nvram):
    nvram.write(0x100, 0x42, 1)
    nvram.write(IDPROM + 7, 0x34, 1)
    nvram.write(CLOCK, WRITE, 1)
    nvram.write(CLOCK + 2, 0x59, 1)
    nvram.write(CLOCK, 0, 1)
    nvram.reset()
    assert [nvram.read(at, 1) for at in (0x100, IDPROM + 7)] == [0x42, 0x34]
    assert clock(nvram)[1] == 0x59


def test_what_is_no_time_is_refused(nvram):
    nvram.write(CLOCK, WRITE, 1)
    nvram.write(CLOCK + 6, 0x13, 1)
    nvram.write(CLOCK, 0, 1)
    assert nvram.logged
    assert clock(nvram)[5] == 0x09
