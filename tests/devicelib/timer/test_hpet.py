"""The HPET, as the IA-PC HPET specification 1.0a has it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from native_bench import Chip

from devicelib.timer.hpet import IDENTITY

CAPABILITIES, CONFIGURATION, STATUS, COUNTER = 0x00, 0x10, 0x20, 0xF0
LEVEL, ENABLE, PERIODIC, SET_VALUE, NARROW, MESSAGE = (
    1 << 1, 1 << 2, 1 << 3, 1 << 6, 1 << 8, 1 << 14,
)  # fmt: skip
IRQ, TIMER_IRQ, RTC_IRQ = 0, 1, 2
ROUTES = 0x00F0_0000
TICK = 10
"""Nanoseconds, at 100 MHz."""

Make = Callable[..., Chip]


@pytest.fixture
def make() -> Iterator[Make]:
    chips: list[Chip] = []

    def fresh(clock: int = 100_000_000, msi: bool = False) -> Chip:
        chip = Chip("timer.hpet", clock=clock, routes=ROUTES, msi=int(msi))
        chip.lib.bench_set_clock(12_345)
        chip.reset()
        chips.append(chip)
        return chip

    yield fresh
    for chip in chips:
        chip.close()


@pytest.fixture
def hpet(make: Make) -> Chip:
    return make()


def write(chip: Chip, offset: int, value: int) -> None:
    chip.write(0, offset, value, 8)


def read(chip: Chip, offset: int) -> int:
    return chip.read(0, offset, 8)


def control(n: int) -> int:
    return 0x100 + 0x20 * n


def one_shot(chip: Chip, n: int, ticks: int, flags: int = 0, route: int = 20) -> None:
    write(chip, control(n), ENABLE | flags | route << 9)
    write(chip, control(n) + 8, read(chip, COUNTER) + ticks)


def periodic(chip: Chip, n: int, ticks: int, flags: int = 0, route: int = 20) -> None:
    """As kernels do: where it starts, and then the period."""
    write(chip, control(n), ENABLE | PERIODIC | SET_VALUE | flags | route << 9)
    write(chip, control(n) + 8, read(chip, COUNTER) + ticks)
    write(chip, control(n) + 8, ticks)


def run(chip: Chip, legacy: int = 0) -> None:
    write(chip, CONFIGURATION, 1 | legacy << 1)


def test_it_says_what_it_can(hpet: Chip) -> None:
    assert read(hpet, CAPABILITIES) == 10_000_000 << 32 | IDENTITY
    for n in range(3):
        assert read(hpet, control(n)) == ROUTES << 32 | 0x30


@pytest.mark.parametrize(("clock", "fs"), [(14_318_180, 69_841_278), (10**8, 10**7)])
def test_the_counter_counts_at_the_rate_it_claims(
    make: Make, clock: int, fs: int
) -> None:
    chip = make(clock)
    run(chip)
    chip.sleep(10**9)
    assert read(chip, CAPABILITIES) >> 32 == fs
    assert abs(read(chip, COUNTER) - 10**15 // fs) <= 1


def test_the_counter_stands_while_disabled_and_can_be_set_then(hpet: Chip) -> None:
    write(hpet, COUNTER, 1000)
    hpet.sleep(500)
    assert read(hpet, COUNTER) == 1000
    run(hpet)
    hpet.sleep(50 * TICK)
    assert read(hpet, COUNTER) == 1050
    write(hpet, COUNTER, 0)
    assert (read(hpet, COUNTER), hpet.logs()) == (1050, 1)
    write(hpet, CONFIGURATION, 0)
    hpet.sleep(50 * TICK)
    assert read(hpet, COUNTER) == 1050


def test_the_counter_is_read_and_set_by_halves(hpet: Chip) -> None:
    hpet.write(0, COUNTER + 4, 0x1234)
    hpet.write(0, COUNTER, 0xFFFF_FFFF)
    run(hpet)
    hpet.sleep(TICK)
    assert (hpet.read(0, COUNTER), hpet.read(0, COUNTER + 4)) == (0, 0x1235)


def test_a_one_shot_edge_comes_once(hpet: Chip) -> None:
    run(hpet)
    one_shot(hpet, 2, 100)
    hpet.sleep(99 * TICK)
    assert hpet.level(IRQ, 20) == 0
    hpet.sleep(TICK)
    assert (hpet.level(IRQ, 20), read(hpet, STATUS)) == (1, 0)
    changes = hpet.changes()
    hpet.sleep(10**10)
    assert hpet.changes() == changes
    one_shot(hpet, 2, 100)
    hpet.sleep(100 * TICK)
    assert hpet.changes() == changes + 2, "low, and high again"


def test_a_level_lasts_until_its_status_is_cleared(hpet: Chip) -> None:
    run(hpet)
    one_shot(hpet, 1, 100, LEVEL, 21)
    hpet.sleep(100 * TICK)
    assert (hpet.level(IRQ, 21), read(hpet, STATUS)) == (1, 2)
    write(hpet, STATUS, 0b101)
    assert hpet.level(IRQ, 21) == 1
    write(hpet, STATUS, 0b010)
    assert (hpet.level(IRQ, 21), read(hpet, STATUS)) == (0, 0)


def test_a_shared_line_is_high_while_any_status_is(hpet: Chip) -> None:
    run(hpet)
    one_shot(hpet, 1, 100, LEVEL, 21)
    one_shot(hpet, 2, 200, LEVEL, 21)
    hpet.sleep(200 * TICK)
    write(hpet, STATUS, 0b010)
    assert hpet.level(IRQ, 21) == 1
    write(hpet, STATUS, 0b100)
    assert hpet.level(IRQ, 21) == 0


def test_a_disabled_comparator_shows_its_status_and_wakes_nobody(hpet: Chip) -> None:
    run(hpet)
    write(hpet, control(0), LEVEL)
    write(hpet, control(0) + 8, 100)
    rings = hpet.rings()
    hpet.sleep(200 * TICK)
    assert (read(hpet, STATUS), hpet.level(IRQ, 0), hpet.rings()) == (1, 0, rings)


def test_a_periodic_comparator_moves_on_by_its_period(hpet: Chip) -> None:
    run(hpet)
    periodic(hpet, 0, 100_000)
    for n in range(1, 6):
        hpet.sleep(99_999 * TICK)
        assert read(hpet, control(0) + 8) == 100_000 * n
        changes = hpet.changes()
        hpet.sleep(TICK)
        assert read(hpet, control(0) + 8) == 100_000 * (n + 1)
        assert (hpet.changes() > changes, hpet.level(IRQ, 20)) == (True, 1)


def test_one_write_with_set_value_is_the_start_and_the_period(hpet: Chip) -> None:
    run(hpet)
    write(hpet, control(0), PERIODIC | SET_VALUE)
    write(hpet, control(0) + 8, 1000)
    hpet.sleep(1000 * TICK)
    assert read(hpet, control(0) + 8) == 2000
    assert read(hpet, control(0)) & SET_VALUE == 0


def test_without_set_value_only_the_period_is_written(hpet: Chip) -> None:
    run(hpet)
    periodic(hpet, 0, 1000)
    write(hpet, control(0) + 8, 50)
    assert read(hpet, control(0) + 8) == 1000
    hpet.sleep(1000 * TICK)
    assert read(hpet, control(0) + 8) == 1050


def test_a_comparator_of_32_bits_matches_at_each_wrap(hpet: Chip) -> None:
    write(hpet, COUNTER, 0x5_FFFF_FF00)
    run(hpet)
    write(hpet, control(0), ENABLE | NARROW | LEVEL | 20 << 9)
    write(hpet, control(0) + 8, 0x7_0000_0010)
    assert read(hpet, control(0) + 8) == 0x10
    hpet.sleep(0x10F * TICK)
    assert read(hpet, STATUS) == 0
    hpet.sleep(TICK)
    for _ in range(2):
        assert read(hpet, STATUS) == 1
        write(hpet, STATUS, 1)
        hpet.sleep((2**32 - 1) * TICK)
        assert read(hpet, STATUS) == 0
        hpet.sleep(TICK)


def test_a_periodic_comparator_of_32_bits_wraps(hpet: Chip) -> None:
    write(hpet, COUNTER, 0xFFFF_FC00)
    run(hpet)
    periodic(hpet, 0, 0x200, NARROW)
    for comparator in (0xFFFF_FE00, 0, 0x200):
        assert read(hpet, control(0) + 8) == comparator
        hpet.sleep(0x200 * TICK)
    assert hpet.level(IRQ, 20) == 1


def test_an_edge_that_was_given_is_not_given_again_when_enabled(hpet: Chip) -> None:
    run(hpet)
    one_shot(hpet, 2, 100)
    hpet.sleep(100 * TICK)
    assert hpet.level(IRQ, 20) == 1
    for flags, level in ((0, 0), (ENABLE, 0)):
        write(hpet, control(2), flags | 20 << 9)
        assert hpet.level(IRQ, 20) == level


def test_a_comparator_of_64_bits_behind_the_counter_waits_for_ever(hpet: Chip) -> None:
    run(hpet)
    hpet.sleep(10**10)
    write(hpet, control(0), ENABLE | LEVEL | 20 << 9)
    for value in (2**64 - 1, 1000):
        write(hpet, control(0) + 8, value)
        hpet.sleep(10**12)
        assert read(hpet, STATUS) == 0


def test_a_comparator_that_is_written_late_matches_at_once(hpet: Chip) -> None:
    write(hpet, COUNTER, 1000)
    run(hpet)
    write(hpet, control(0), ENABLE | LEVEL | 20 << 9)
    write(hpet, control(0) + 8, 999)
    assert (read(hpet, STATUS), hpet.level(IRQ, 20)) == (1, 1)
    write(hpet, STATUS, 1)
    hpet.sleep(10**12)
    assert read(hpet, STATUS) == 0


@pytest.mark.parametrize(("slow", "passed"), [(1, 3), (2, 7)])
def test_a_periodic_comparator_that_is_set_late_keeps_its_phase(
    hpet: Chip, slow: int, passed: int
) -> None:
    """The guest reads the counter, sets the start, sets the period; and is slow."""
    write(hpet, COUNTER, 10**9)
    run(hpet)
    write(hpet, control(0), ENABLE | PERIODIC | SET_VALUE | 20 << 9)
    start = read(hpet, COUNTER) + 1000
    for step, value in enumerate((start, 1000)):
        if step < slow:
            hpet.sleep(3600 * TICK)
        write(hpet, control(0) + 8, value)
    assert read(hpet, control(0) + 8) == start + 1000 * passed
    hpet.sleep(1000 * TICK)
    assert read(hpet, control(0) + 8) == start + 1000 * (passed + 1)


def test_a_route_that_is_not_there_is_not_taken(hpet: Chip) -> None:
    for route, kept in [(21, 21), (2, 21), (31, 21), (23, 23)]:
        write(hpet, control(1), route << 9)
        assert read(hpet, control(1)) >> 9 & 31 == kept


def test_another_route_takes_its_level_along(hpet: Chip) -> None:
    run(hpet)
    one_shot(hpet, 1, 10, LEVEL, 21)
    hpet.sleep(10 * TICK)
    write(hpet, control(1), ENABLE | LEVEL | 22 << 9)
    assert (hpet.level(IRQ, 21), hpet.level(IRQ, 22)) == (0, 1)
    write(hpet, control(1), LEVEL | 22 << 9)
    assert hpet.level(IRQ, 22) == 0


def test_legacy_replacement_takes_the_place_of_the_old_timers(hpet: Chip) -> None:
    for port, line in ((0, TIMER_IRQ), (1, RTC_IRQ)):
        hpet.input(port, 0, 1)
        assert hpet.level(line) == 1
    run(hpet, legacy=1)
    assert [hpet.level(line) for line in (TIMER_IRQ, RTC_IRQ)] == [0, 0]
    one_shot(hpet, 0, 100)
    one_shot(hpet, 1, 200)
    one_shot(hpet, 2, 200)
    hpet.sleep(100 * TICK)
    assert [hpet.level(line) for line in (TIMER_IRQ, RTC_IRQ)] == [1, 0]
    hpet.sleep(100 * TICK)
    assert [hpet.level(line) for line in (TIMER_IRQ, RTC_IRQ)] == [1, 1]
    assert hpet.level(IRQ, 20) == 1
    run(hpet)
    hpet.input(0, 0, 0)
    assert [hpet.level(line) for line in (TIMER_IRQ, RTC_IRQ)] == [0, 1]


def test_messages_are_sent_if_the_board_has_them(make: Make) -> None:
    chip = make(msi=True)
    run(chip)
    write(chip, control(2) + 16, 0xFEE0_1000_0000_0041)
    one_shot(chip, 2, 100, MESSAGE)
    chip.sleep(100 * TICK)
    assert chip.messages() == [("msi", 0xFEE0_1000, 0x41)]
    assert chip.level(IRQ, 20) == 0


def test_without_messages_the_bit_cannot_be_set(hpet: Chip) -> None:
    write(hpet, control(0), MESSAGE)
    assert read(hpet, control(0)) & (MESSAGE | MESSAGE << 1) == 0


def test_a_thousand_interrupts_a_second_come_as_programmed(hpet: Chip) -> None:
    run(hpet, legacy=1)
    periodic(hpet, 0, 100_000)
    changes = hpet.changes()
    hpet.sleep(10**9)
    assert hpet.changes() - changes == 2 * 1000 - 1


@pytest.mark.parametrize("flags", [0, LEVEL])
@pytest.mark.parametrize("period", [1, 10, 100])
def test_tiny_periods_do_not_keep_the_host_busy(
    hpet: Chip, period: int, flags: int
) -> None:
    run(hpet)
    periodic(hpet, 0, period, flags)
    rings = hpet.rings()
    hpet.sleep(10**9)
    assert hpet.rings() - rings <= 10_001


def test_interrupts_that_the_host_was_late_for_are_made_up_for(hpet: Chip) -> None:
    run(hpet)
    periodic(hpet, 0, 100_000)
    hpet.sleep(10 * 10**6)
    changes = hpet.changes()
    hpet.lib.bench_stall(5 * 10**6)
    hpet.sleep(20 * 10**6)
    assert hpet.changes() - changes == 2 * 25


def test_registers_are_written_by_words_at_least(hpet: Chip) -> None:
    hpet.write(0, CONFIGURATION, 1, 1)
    assert (read(hpet, CONFIGURATION), hpet.logs()) == (0, 1)


def test_a_saved_state_is_taken_up_again(hpet: Chip) -> None:
    run(hpet)
    periodic(hpet, 0, 100_000)
    one_shot(hpet, 1, 50_000, LEVEL, 21)
    hpet.sleep(100_000)
    saved = hpet.save()
    hpet.reset()
    assert hpet.restore(saved)
    assert hpet.save() == saved
    assert read(hpet, COUNTER) == 10_000
    hpet.sleep(10**6)
    assert (read(hpet, STATUS), read(hpet, control(0) + 8)) == (2, 200_000)
    assert not hpet.restore(saved[1:])
