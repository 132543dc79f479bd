"""The PC's clock and QEMU's: the same accesses, the same answers, while time stands.

Not compared: dates that do not exist, and those before 1970 (QEMU errs); what a clock
says that is set to hours of another notation; the weekday, which is QEMU's own business
(it follows from the date); flags, which need time; memory that only we keep below 0x80.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest

from devicelib.rtc.mc146818 import MC146818
from tests.qtest import Qemu, needs_qemu

MOMENT = datetime(2020, 2, 29, 23, 59, 59, tzinfo=UTC)
SECOND, MINUTE, HOUR, DAY, MONTH, YEAR, A, B, C, D = 0, 2, 4, 7, 8, 9, 10, 11, 12, 13
CENTURY = 0x32
READ = (0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 13, 0x32, 0x40)
LIMITS = {SECOND: (0, 59), MINUTE: (0, 59), DAY: (1, 28), MONTH: (1, 12), YEAR: (0, 99),
          CENTURY: (20, 21)}  # fmt: skip
STEPS = 1500


class Notation:
    """What register B says now."""

    binary, hours_24 = False, True

    def number(self, value: int) -> int:
        return value if self.binary else value // 10 << 4 | value % 10

    def hour(self, hour: int) -> int:
        if self.hours_24:
            return self.number(hour)
        return self.number((hour + 11) % 12 + 1) | (0x80 if hour >= 12 else 0)


def change(rand: random.Random, notation: Notation) -> list[tuple[int, int]]:
    """A write that makes sense, or several: a new notation comes with a new time."""
    index = rand.choice([*LIMITS, HOUR, HOUR, 1, 3, 5, A, B, C, D, 0x40])
    if index in LIMITS:
        return [(index, notation.number(rand.randint(*LIMITS[index])))]
    if index == HOUR:
        return [(HOUR, notation.hour(rand.randrange(24)))]
    if index == A:
        return [(A, 0x20 | rand.randrange(16) | rand.choice([0, 0x80]))]
    if index != B:
        return [(index, rand.getrandbits(8))]
    return new_notation(rand, notation)


def new_notation(rand: random.Random, notation: Notation) -> list[tuple[int, int]]:
    notation.binary, notation.hours_24 = rand.random() < 0.5, rand.random() < 0.5
    control = notation.binary << 2 | notation.hours_24 << 1 | rand.choice([0, 8])
    found = [(B, 0x80 | control)]
    for index, limits in LIMITS.items():
        found.append((index, notation.number(rand.randint(*limits))))
    return [*found, (HOUR, notation.hour(rand.randrange(24))), (B, control)]


@needs_qemu
@pytest.mark.parametrize("seed", range(3))
def test_it_answers_as_qemus_does(bench, seed: int) -> None:
    rand, notation = random.Random(seed), Notation()
    ours = bench.attach(MC146818, start=int(MOMENT.timestamp()))
    base = MOMENT.strftime("base=%Y-%m-%dT%H:%M:%S,clock=vm")
    with Qemu("-rtc", base) as theirs:
        for index, value in [(i, 0) for i in (0x40, 1, 3, 5)]:
            theirs.out(0x70, index)
            theirs.out(0x71, value)
        for step in range(STEPS):
            for index, value in change(rand, notation) if rand.random() < 0.4 else []:
                for port, byte in ((0, index), (1, value)):
                    ours.write(port, byte, 1)
                    theirs.out(0x70 + port, byte)
            index = rand.choice(READ)
            ours.write(0, index, 1)
            theirs.out(0x70, index)
            got, wanted = ours.read(1, 1), theirs.inp(0x71)
            assert got == wanted, f"step {step}: {index:#x}"
            assert ours.read(0, 1) == theirs.inp(0x70)
