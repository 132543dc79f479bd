"""SLAVIO's counters: units of 500 ns in bits 30 to 9."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from native_bench import Chip

CPU, SYSTEM = 0, 1
IRQ, CPU_IRQ = 0, 1
LIMIT, COUNT, LIMIT_ONLY, CONTROL, CONFIG = 0x0, 0x4, 0x8, 0xC, 0x10
REACHED = 1 << 31
MS = 1_000_000
TEN_MS = 20_000 << 9
"""A limit, in units of 500 ns."""


@pytest.fixture
def timer() -> Iterator[Chip]:
    chip = Chip("timer.slavio")
    chip.reset()
    yield chip
    chip.close()


def test_the_limit_raises_the_line_until_it_is_read(timer: Chip) -> None:
    timer.write(SYSTEM, LIMIT, TEN_MS)
    timer.sleep(10 * MS - 500)
    assert not timer.level(IRQ)
    timer.sleep(500)
    assert timer.level(IRQ)
    assert timer.read(SYSTEM, COUNT) & REACHED
    assert timer.read(SYSTEM, LIMIT) == TEN_MS | REACHED
    assert not timer.level(IRQ)
    assert timer.read(SYSTEM, LIMIT) == TEN_MS


def test_it_comes_round_again(timer: Chip) -> None:
    timer.write(SYSTEM, LIMIT, TEN_MS)
    for _ in range(3):
        timer.sleep(10 * MS)
        assert timer.level(IRQ)
        timer.read(SYSTEM, LIMIT)
    timer.sleep(3 * MS)
    assert timer.read(SYSTEM, COUNT) == 6_000 << 9


def test_a_limit_of_zero_counts_without_interrupts(timer: Chip) -> None:
    timer.write(SYSTEM, LIMIT, 0)
    timer.sleep(5_000 * MS)
    assert not timer.level(IRQ)


def test_the_processors_counter_has_its_own_line(timer: Chip) -> None:
    timer.write(CPU, LIMIT, TEN_MS)
    timer.sleep(10 * MS)
    assert (timer.level(IRQ), timer.level(CPU_IRQ)) == (0, 1)


def test_a_new_limit_may_leave_the_count_alone(timer: Chip) -> None:
    timer.write(SYSTEM, LIMIT, TEN_MS)
    timer.sleep(4 * MS)
    timer.write(SYSTEM, LIMIT_ONLY, 10_000 << 9)
    timer.sleep(MS)
    assert timer.level(IRQ)


def test_as_a_timer_it_counts_while_it_runs(timer: Chip) -> None:
    timer.write(SYSTEM, CONFIG, 1)
    timer.sleep(MS)
    assert timer.read(CPU, COUNT) == 0
    timer.write(CPU, CONTROL, 1)
    timer.sleep(5_000 * MS)
    high, low = timer.read(CPU, LIMIT), timer.read(CPU, COUNT)
    assert high << 32 | low == 10_000_000 << 9
    timer.write(CPU, CONTROL, 0)
    timer.sleep(MS)
    assert timer.read(CPU, COUNT) == low
    assert not timer.level(CPU_IRQ)


def test_a_snapshot_goes_on_from_where_it_was(timer: Chip) -> None:
    timer.write(SYSTEM, LIMIT, TEN_MS)
    timer.write(CPU, LIMIT, TEN_MS)
    timer.sleep(10 * MS)
    timer.read(SYSTEM, LIMIT)
    timer.sleep(4 * MS)
    saved = timer.save()
    timer.reset()
    assert timer.restore(saved)
    assert (timer.level(IRQ), timer.level(CPU_IRQ)) == (0, 1)
    assert timer.read(SYSTEM, COUNT) == 8_000 << 9
    timer.sleep(6 * MS)
    assert timer.level(IRQ)
    assert not timer.restore(saved[1:])


def test_a_snapshot_holds_the_processors_timer(timer: Chip) -> None:
    timer.write(SYSTEM, CONFIG, 1)
    timer.write(CPU, CONTROL, 1)
    timer.sleep(MS)
    saved = timer.save()
    timer.reset()
    timer.sleep(MS)
    assert timer.restore(saved)
    assert timer.read(SYSTEM, CONFIG) == 1
    assert timer.read(CPU, COUNT) == 4_000 << 9


def test_a_snapshot_of_the_future_counts_from_now(timer: Chip) -> None:
    timer.write(SYSTEM, LIMIT, TEN_MS)
    saved = bytearray(timer.save())
    saved[:16] = b"\xff\xff\xff\xff\xff\xff\xff\x7f" * 2
    assert timer.restore(bytes(saved))
    timer.sleep(10 * MS)
    assert timer.level(IRQ)
