"""The PC's clock: time in all its notations, flags, interrupts, memory."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devicelib.rtc.mc146818 import MC146818, days_from
from machinebuilder.device.testing import Bench

SECOND, MINUTE, HOUR, WEEKDAY, DAY, MONTH, YEAR = 0, 2, 4, 6, 7, 8, 9
SECOND_ALARM, MINUTE_ALARM, HOUR_ALARM = 1, 3, 5
A, B, C, D, CENTURY = 10, 11, 12, 13, 0x32
START = 1_583_020_799
"""29 February 2020, 23:59:59 UTC, a Saturday."""
TIME = (CENTURY, YEAR, MONTH, DAY, HOUR, MINUTE, SECOND)


class Clock:
    """The chip by index and data."""

    def __init__(self, bench, **params):
        self.probe = bench.attach(MC146818, **{"start": START, **params})

    def __getitem__(self, index):
        self.probe.write(0, index, 1)
        return self.probe.read(1, 1)

    def __setitem__(self, index, value):
        self.probe.write(0, index, 1)
        self.probe.write(1, value, 1)

    @property
    def irq(self):
        return self.probe.irq

    def time(self):
        return [self[index] for index in TIME]


@pytest.fixture
def clock(bench):
    return Clock(bench)


def test_time_is_bcd_in_24_hours(clock):
    assert clock.time() == [0x20, 0x20, 0x02, 0x29, 0x23, 0x59, 0x59]
    assert clock[WEEKDAY] == 7


def test_a_leap_day_ends(bench, clock):
    bench.sleep(1)
    assert clock.time() == [0x20, 0x20, 0x03, 0x01, 0, 0, 0]
    assert clock[WEEKDAY] == 1


def test_in_binary(clock):
    clock[B] = 0x06
    assert clock.time() == [20, 20, 2, 29, 23, 59, 59]


def test_in_12_hours(bench, clock):
    clock[B] = 0x00
    assert clock[HOUR] == 0x80 | 0x11
    bench.sleep(1)
    assert clock[HOUR] == 0x12
    bench.sleep(12 * 3600)
    assert clock[HOUR] == 0x80 | 0x12
    bench.sleep(3600)
    assert clock[HOUR] == 0x80 | 0x01


def test_a_time_that_was_set_goes_on(bench, clock):
    clock[B] = 0x82
    wanted = [0x19, 0x99, 0x12, 0x31, 0x23, 0x59, 0x58]
    for index, value in zip(TIME, wanted, strict=True):
        clock[index] = value
    clock[WEEKDAY] = 6
    bench.sleep(5)
    assert clock.time() == wanted
    clock[B] = 0x02
    bench.sleep(2)
    assert clock.time() == [0x20, 0x00, 0x01, 0x01, 0, 0, 0]
    assert clock[WEEKDAY] == 7


def test_seconds_keep_their_phase_when_the_time_is_set(bench, clock):
    bench.sleep(0.75)
    clock[SECOND] = 0x10
    bench.sleep(0.24)
    assert clock[SECOND] == 0x10
    bench.sleep(0.01)
    assert clock[SECOND] == 0x11


def test_after_a_reset_of_the_divider_the_first_second_takes_half(bench, clock):
    clock[A] = 0x76
    bench.sleep(3.3)
    assert clock[SECOND] == 0x59
    clock[A] = 0x26
    bench.sleep(0.499)
    assert clock[SECOND] == 0x59
    bench.sleep(0.001)
    assert clock[SECOND] == 0x00


def test_an_update_is_announced(bench, clock):
    assert not clock[A] & 0x80
    bench.sleep(0.9999)
    assert clock[A] == 0x80 | 0x26
    bench.sleep(0.0001)
    assert clock[A] == 0x26
    clock[B] = 0x82
    bench.sleep(0.9999)
    assert not clock[A] & 0x80


def test_flags_are_raised_also_where_they_do_not_interrupt(bench, clock):
    assert clock[C] == 0
    bench.sleep(1)
    assert clock[C] == 0x70
    assert clock[C] == 0
    assert not clock.irq


def test_the_update_interrupts_each_second_once_it_is_acknowledged(bench, clock):
    clock[C]
    clock[B] = 0x12
    bench.sleep(0.999)
    assert not clock.irq
    bench.sleep(0.001)
    assert clock.irq
    assert clock[C] & 0x90 == 0x90
    assert not clock.irq
    bench.sleep(1)
    assert clock.irq


@pytest.mark.parametrize(
    ("rate", "hertz"), [(3, 8192), (6, 1024), (15, 2), (1, 256), (2, 128)]
)
def test_the_periodic_interrupt_has_its_rate(bench, clock, rate, hertz):
    clock[A] = 0x20 | rate
    clock[B] = 0x42
    clock[C]
    count = 0
    for _ in range(8192):
        bench.sleep(1 / 8192 + 1e-9)
        if clock.irq:
            count += 1
            clock[C]
    assert count == hertz


def test_a_flag_interrupts_as_soon_as_it_is_enabled(bench, clock):
    bench.sleep(1)
    clock[B] = 0x12
    assert clock.irq


@pytest.mark.parametrize(
    ("alarm", "after"),
    [
        ((0x03, 0x00, 0x00), 4),
        ((0x05, 0xFF, 0xC0), 6),
        ((0x00, 0x30, 0xFF), 1 + 30 * 60),
        ((0x59, 0x59, 0x23), 86_400),
        ((0xFF, 0xFF, 0xFF), 1),
    ],
)
def test_the_alarm_rings_when_all_its_bytes_match(bench, clock, alarm, after):
    for index, value in zip((1, 3, 5), alarm, strict=True):
        clock[index] = value
    clock[C]
    clock[B] = 0x22
    bench.sleep(after - 0.001)
    assert not clock.irq
    bench.sleep(0.001)
    assert clock.irq
    assert clock[C] & 0xA0 == 0xA0


def test_an_alarm_at_no_time_never_rings(bench, clock):
    clock[MINUTE_ALARM] = 0x0A
    clock[B] = 0x22
    bench.sleep(200_000)
    assert not clock.irq


def test_memory_outlives_a_reset_and_enables_do_not(bench, clock):
    clock[0x10] = 0x40
    clock[B] = 0x72
    clock[SECOND] = 0x30
    bench.sleep(10)
    clock.probe.reset()
    assert (clock[0x10], clock[B], clock[SECOND]) == (0x40, 0x02, 0x40)
    assert not clock.irq


def test_the_index_port_masks_nmi(clock):
    clock.probe.write(0, 0x8F, 1)
    assert clock.probe.device.nmi_masked
    clock.probe.write(1, 0x55, 1)
    assert clock[0x0F] == 0x55
    assert not clock.probe.device.nmi_masked


def test_status_registers_cannot_be_written(clock):
    clock[C] = 0xFF
    clock[D] = 0
    assert (clock[C], clock[D]) == (0, 0x80)


def test_a_snapshot_brings_back_the_time(bench, clock):
    clock[B] = 0x12
    saved = clock.probe.save()
    bench.sleep(0.5)
    clock[YEAR] = 0x30
    clock.probe.restore(saved)
    assert clock[YEAR] == 0x20
    bench.sleep(0.5)
    assert clock.irq


@given(st.lists(st.tuples(st.integers(0, 0x3F), st.integers(0, 255)), max_size=60))
def test_no_time_is_too_odd(changes):
    bench = Bench()
    clock = Clock(bench)
    for index, value in changes:
        clock[index] = value
        bench.sleep(0.6)
        clock.time()
        clock[C]


@given(st.integers(1, 9998), st.integers(1, 12), st.integers(1, 28))
def test_a_date_is_found_again(year, month, day):
    from datetime import date

    days = date(year, month, day) - date(1970, 1, 1)
    assert days_from(year, month, day) == days.days
