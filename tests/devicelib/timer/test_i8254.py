"""The PIT as the 8254 data sheet has it; its counts beside a model that counts."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from native_bench import Chip

COUNTERS, CONTROL = 0, 1
COMMAND = 3
HZ = 1_193_182
LATCH, LOW, HIGH, BOTH = range(4)


def ns_of(ticks: int) -> int:
    """The first nanosecond of a tick."""
    return -(-ticks * 10**9 // HZ)


class Pit:
    """The chip, driven as a guest does, with time in ticks."""

    def __init__(self) -> None:
        self.chip = Chip("timer.i8254")
        self.chip.lib.bench_set_clock(0)
        self.chip.reset()
        self.now = 0
        self.tick = 0

    def sleep_ns(self, ns: int) -> None:
        self.chip.sleep(ns)
        self.now += ns
        self.tick = self.now * HZ // 10**9

    def sleep(self, ticks: int) -> None:
        self.sleep_ns(ns_of(self.tick + ticks) - self.now)

    def out(self, offset: int, value: int) -> None:
        self.chip.write(COUNTERS, offset, value, 1)

    def inp(self, offset: int) -> int:
        return self.chip.read(COUNTERS, offset, 1)

    def program(self, counter: int, mode: int, count: int | None, bcd: int = 0) -> None:
        self.out(COMMAND, counter << 6 | BOTH << 4 | mode << 1 | bcd)
        if count is not None:
            self.count(counter, count)

    def count(self, counter: int, count: int) -> None:
        self.out(counter, count & 0xFF)
        self.out(counter, count >> 8 & 0xFF)

    def word(self, counter: int) -> int:
        return self.inp(counter) | self.inp(counter) << 8

    def latched(self, counter: int) -> int:
        self.out(COMMAND, counter << 6)
        return self.word(counter)

    def status(self, counter: int) -> int:
        self.out(COMMAND, 0xE0 | 2 << counter)
        return self.inp(counter)

    def gate(self, level: int) -> None:
        self.chip.write(CONTROL, 0, level, 1)

    def rises(self, ns: int, step: int = 10_000) -> int:
        """Rising edges of the line in this time; a pulse counts as one."""
        changes = self.chip.changes()
        level = self.chip.level()
        for _ in range(ns // step):
            self.sleep_ns(step)
        changes = self.chip.changes() - changes
        return (changes + (not level)) // 2


@pytest.fixture
def pit() -> Iterator[Pit]:
    pit = Pit()
    yield pit
    pit.chip.close()


# ---- the counting, beside a model that counts tick by tick --------------------------


@dataclass
class Counting:
    """One counter, as the mode definitions of the data sheet read."""

    gate: bool
    mode: int = 0
    bcd: bool = False
    count: int = 0  # the count register
    value: int = 0  # the counting element
    out: bool = False
    loaded: bool = False
    load: bool = False  # with the next clock
    null: bool = True
    running: int = 0  # the count as it was loaded
    strobed: bool = False
    log: list[str] = field(default_factory=list)

    @property
    def range(self) -> int:
        return 10000 if self.bcd else 0x10000

    def program(self, mode: int, bcd: bool) -> None:
        self.mode, self.bcd = mode, bcd
        self.out = mode != 0
        self.loaded = self.load = False
        self.null = True

    def write(self, count: int) -> None:
        self.count = count or self.range
        self.null = True
        if self.mode in (0, 4):
            self.load = True
            self.out = self.mode == 4
        elif self.mode in (2, 3) and not self.loaded and self.gate:
            self.load = True

    def set_gate(self, gate: bool) -> None:
        if self.mode in (2, 3) and not gate:
            self.out = True
            self.load = False
        rises = gate and not self.gate
        if rises and self.mode not in (0, 4) and self.count:
            self.load = True
        self.gate = gate

    def clock(self) -> None:
        if self.load:
            self.reload()
            self.loaded, self.load = True, False
            self.out = self.mode in (2, 3, 4, 5)
            self.strobed = False
        elif self.loaded and (self.gate or self.mode in (1, 5)):
            getattr(self, f"mode_{self.mode}")()

    def reload(self) -> None:
        self.running = self.count
        self.value = self.count & ~1 if self.mode == 3 else self.count
        self.null = False

    def down(self) -> bool:
        """Count one; is it the end?"""
        self.value = (self.value - 1) % self.range
        return self.value == 0

    def mode_0(self) -> None:
        self.out = self.down() or self.out

    mode_1 = mode_0

    def mode_2(self) -> None:
        self.value -= 1
        self.out = self.value != 1
        if self.value == 0:
            self.reload()

    def mode_3(self) -> None:
        last = -2 if self.running % 2 and self.out else 0
        self.value -= 2
        if self.value == last:
            self.out = not self.out
            self.reload()

    def mode_4(self) -> None:
        ends = self.down() and not self.strobed
        self.out = not ends
        self.strobed = self.strobed or ends

    mode_5 = mode_4


def to_bcd(value: int) -> int:
    return int(f"{value % 10000}", 16)


def from_bcd(value: int) -> int:
    return int(f"{value:x}")


def some_count(rand: random.Random, bcd: bool) -> int:
    """As written: no 1, which two modes forbid."""
    large = 9999 if bcd else 0xFFFF
    count = rand.choice([0, 2, 3, 4, 5, 10, 11, 100, rand.randrange(2, large)])
    return to_bcd(count) if bcd else count


def compare(pit: Pit, model: Counting) -> None:
    status = pit.status(2)
    seen = (status >> 7, status >> 6 & 1, pit.latched(2))
    value = to_bcd(model.value) if model.bcd else model.value & 0xFFFF
    told = (int(model.out), int(model.null), value)
    if not model.loaded:
        told, seen = told[:2], seen[:2]
    assert seen == told, "\n".join(model.log[-12:])


@pytest.mark.parametrize("seed", range(40))
def test_a_counter_is_where_one_that_counts_is(pit: Pit, seed: int) -> None:
    rand = random.Random(f"pit {seed}")
    model = Counting(gate=False)
    for _ in range(6):
        mode, bcd = rand.randrange(6), rand.random() < 0.3
        pit.program(2, mode, None, int(bcd))
        model.count = 0
        model.program(mode, bcd)
        model.log.append(f"mode {mode} bcd {bcd} gate {model.gate}")
        for _ in range(30):
            act(pit, model, rand)
            compare(pit, model)


def act(pit: Pit, model: Counting, rand: random.Random) -> None:
    op = rand.choice(["write", "gate", "sleep", "sleep", "sleep"])
    if op == "write":
        count = some_count(rand, model.bcd)
        model.log.append(f"write {count:#x}")
        pit.count(2, count)
        model.write(from_bcd(count) if model.bcd else count)
        if not model.gate:
            step(pit, model, 1)
    elif op == "gate":
        if model.load:
            step(pit, model, 1)
        model.log.append(f"gate {not model.gate}")
        pit.gate(int(not model.gate))
        model.set_gate(not model.gate)
    else:
        step(pit, model, rand.choice([1, 1, 2, 3, 7, 50, rand.randrange(1, 3000)]))


def step(pit: Pit, model: Counting, ticks: int) -> None:
    model.log.append(f"{ticks} ticks")
    pit.sleep(ticks)
    for _ in range(ticks):
        model.clock()


# ---- bytes, latches, status ---------------------------------------------------------


@pytest.mark.parametrize(
    ("which", "written", "loaded"),
    [(LOW, [0x34], 0x34), (HIGH, [0x12], 0x1200), (BOTH, [0x34, 0x12], 0x1234)],
)
def test_a_count_is_written_and_read_by_the_bytes_chosen(
    pit: Pit, which: int, written: list[int], loaded: int
) -> None:
    pit.out(COMMAND, which << 4 | 4)
    for byte in written:
        pit.out(0, byte)
    pit.sleep(1)
    assert [pit.inp(0) for _ in written] == written
    pit.out(COMMAND, BOTH << 4 | 2 << 6 | 4)


def test_a_latched_count_stays_until_it_is_read(pit: Pit) -> None:
    pit.program(0, 2, 0x8000)
    pit.sleep(0x10 + 1)
    pit.out(COMMAND, 0)
    pit.sleep(0x100)
    pit.out(COMMAND, 0)
    assert pit.word(0) == 0x8000 - 0x10
    assert pit.latched(0) == 0x8000 - 0x110


def test_programming_drops_latches_and_half_written_counts(pit: Pit) -> None:
    pit.program(0, 2, 0x8000)
    pit.sleep(1)
    pit.out(COMMAND, 0xC2)
    pit.out(0, 0x77)
    pit.program(0, 2, 0x1234)
    pit.sleep(1)
    assert pit.word(0) == 0x1234


def test_a_read_back_gives_status_and_then_the_count(pit: Pit) -> None:
    pit.program(0, 2, 0x8000)
    pit.program(1, 3, 0x4000)
    pit.sleep(0x101)
    pit.out(COMMAND, 0xC0 | 2 | 4)
    pit.sleep(0x100)
    assert pit.inp(0) == 0x80 | BOTH << 4 | 2 << 1
    assert pit.word(0) == 0x8000 - 0x100
    assert pit.inp(1) == 0x80 | BOTH << 4 | 3 << 1
    assert pit.word(1) == 0x4000 - 0x200


def test_a_second_status_is_not_latched_over_the_first(pit: Pit) -> None:
    pit.program(0, 0, 0x100)
    pit.sleep(1)
    pit.out(COMMAND, 0xE2)
    pit.sleep(0x100)
    pit.out(COMMAND, 0xE2)
    assert pit.inp(0) >> 7 == 0
    assert pit.status(0) >> 7 == 1


def test_the_mode_reads_as_it_was_written(pit: Pit) -> None:
    pit.out(COMMAND, BOTH << 4 | 7 << 1)
    assert pit.status(0) == 0x80 | 0x40 | BOTH << 4 | 7 << 1


def test_the_first_byte_stops_mode_0(pit: Pit) -> None:
    pit.program(0, 0, 100)
    pit.sleep(50)
    pit.out(0, 0x10)
    pit.sleep(200)
    assert pit.status(0) >> 7 == 0
    pit.out(0, 0)
    pit.sleep(16)
    assert pit.status(0) >> 7 == 0
    pit.sleep(1)
    assert pit.status(0) >> 7 == 1


def test_the_command_register_cannot_be_read(pit: Pit) -> None:
    assert pit.inp(COMMAND) == 0xFF


def test_a_count_that_was_never_programmed_is_not_taken(pit: Pit) -> None:
    pit.count(1, 0x1234)
    pit.sleep(5)
    assert pit.word(1) == 0


# ---- the line -----------------------------------------------------------------------


def test_the_line_rises_at_the_terminal_count(pit: Pit) -> None:
    pit.program(0, 0, 1000)
    pit.sleep(1000)
    assert pit.chip.level() == 0
    pit.sleep(1)
    assert pit.chip.level() == 1
    pit.count(0, 1000)
    assert pit.chip.level() == 0


@pytest.mark.parametrize("mode", [2, 3])
def test_a_thousand_interrupts_a_second_come_as_programmed(pit: Pit, mode: int) -> None:
    pit.program(0, mode, 1193)
    assert pit.rises(10**9) == HZ // 1193


def test_a_square_wave_is_high_for_half_its_period(pit: Pit) -> None:
    pit.program(0, 3, 10_001)
    seen = ""
    for _ in range(4):
        pit.sleep(5000)
        seen += str(pit.chip.level())
    assert seen == "1010"


@pytest.mark.parametrize("count", [1, 2, 3, 10])
@pytest.mark.parametrize("mode", [2, 3])
def test_tiny_periods_do_not_keep_the_host_busy(
    pit: Pit, mode: int, count: int
) -> None:
    pit.program(0, mode, count)
    before, rings = pit.chip.changes(), pit.chip.rings()
    pit.sleep_ns(10**9)
    assert pit.chip.rings() - rings <= 20_001
    assert pit.chip.changes() - before <= 2 * 10_001
    if count > 1:
        assert pit.chip.changes() - before >= 2 * 9_900


def test_interrupts_that_the_host_was_late_for_are_made_up_for(pit: Pit) -> None:
    pit.program(0, 2, 1193)
    pit.sleep_ns(10_000_000)
    pit.chip.lib.bench_stall(5_000_000)
    pit.now += 5_000_000
    assert pit.rises(20_000_000) == 25


def test_a_host_that_was_away_is_not_flooded(pit: Pit) -> None:
    pit.program(0, 2, 1193)
    pit.chip.lib.bench_stall(2_000_000_000)
    pit.now += 2 * 10**9
    assert pit.rises(100_000_000) <= 100 + 33


# ---- port 0x61 ----------------------------------------------------------------------


def test_port_b_shows_the_output_of_counter_2(pit: Pit) -> None:
    pit.gate(1)
    pit.program(2, 0, 500)
    pit.sleep(500)
    assert pit.chip.read(CONTROL, 0, 1) & 0x2F == 0x01
    pit.sleep(1)
    assert pit.chip.read(CONTROL, 0, 1) & 0x2F == 0x21


def test_port_b_keeps_four_bits(pit: Pit) -> None:
    pit.chip.write(CONTROL, 0, 0xFE, 1)
    assert pit.chip.read(CONTROL, 0, 1) & 0xCF == 0x0E


def test_the_refresh_bit_toggles_every_15_us(pit: Pit) -> None:
    seen = []
    for _ in range(1000):
        seen.append(pit.chip.read(CONTROL, 0, 1) >> 4 & 1)
        pit.sleep_ns(1000)
    toggles = sum(a != b for a, b in zip(seen, seen[1:], strict=False))
    assert 64 <= toggles <= 67


# ---- snapshots ----------------------------------------------------------------------


def test_a_saved_state_is_taken_up_again(pit: Pit) -> None:
    pit.program(0, 2, 5000)
    pit.program(1, 3, 0x8000)
    pit.sleep(1500)
    pit.out(COMMAND, 0xE4)
    saved = pit.chip.save()
    pit.chip.reset()
    pit.sleep(10_000)
    assert pit.chip.restore(saved)
    assert pit.inp(1) >> 7 == 1
    assert pit.latched(0) == 5000 - (11_500 - 1) % 5000
    assert pit.rises(10**8) in (23, 24)
    assert not pit.chip.restore(saved[1:])
