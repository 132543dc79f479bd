"""The PL031's laws (ARM DDI 0224)."""

from __future__ import annotations

from typing import Any

from devicelib.rtc.pl031 import PL031


def test_a_masked_alarm_latches_but_keeps_the_line_low(bench: Any) -> None:
    rtc = bench.attach(PL031, start=1000)
    rtc.match = 1003
    bench.sleep(3)
    assert (rtc.data, rtc.raw, rtc.irq) == (1003, 1, False)
    rtc.mask = 1
    assert rtc.irq


def test_clear_acknowledges_the_alarm(bench: Any) -> None:
    rtc = bench.attach(PL031, start=1000)
    rtc.mask = 1
    rtc.match = 1001
    bench.sleep(1)
    assert (rtc.masked, rtc.irq) == (1, True)
    rtc.clear = 0
    assert rtc.irq
    rtc.clear = 1
    assert (rtc.raw, rtc.irq) == (0, False)


def test_a_load_sets_the_time_and_moves_the_alarm(bench: Any) -> None:
    rtc = bench.attach(PL031, start=1000)
    rtc.match = 5003
    bench.sleep(10)
    rtc.load = 5000
    assert rtc.data == 5000
    bench.sleep(2)
    assert (rtc.data, rtc.raw) == (5002, 0)
    bench.sleep(1)
    assert rtc.raw.alarm


def test_a_match_in_the_past_rings_after_the_counter_wrapped(bench: Any) -> None:
    rtc = bench.attach(PL031, start=0xFFFF_FFFE)
    rtc.match = 1
    bench.sleep(2)
    assert (rtc.data, rtc.raw) == (0, 0)
    bench.sleep(1)
    assert (rtc.data, rtc.raw) == (1, 1)


def test_drivers_find_it_by_its_identification(bench: Any) -> None:
    rtc = bench.attach(PL031)
    ident = [rtc.at("ident", index) for index in range(8)]
    assert ident == [0x31, 0x10, 0x04, 0x00, 0x0D, 0xF0, 0x05, 0xB1]
    assert rtc.control == 1


def test_reset_forgets_the_alarm(bench: Any) -> None:
    rtc = bench.attach(PL031, start=1000)
    rtc.match = 1002
    rtc.mask = 1
    rtc.reset()
    bench.sleep(5)
    assert (rtc.raw, rtc.mask, rtc.irq) == (0, 0, False)


def test_a_snapshot_keeps_time_and_alarm(bench: Any) -> None:
    rtc = bench.attach(PL031, start=1000)
    rtc.mask = 1
    rtc.match = 1004
    bench.sleep(2)
    saved = rtc.save()
    other = bench.attach(PL031, start=1000)
    other.restore(saved)
    bench.sleep(1)
    assert not other.irq
    bench.sleep(1)
    assert other.irq
