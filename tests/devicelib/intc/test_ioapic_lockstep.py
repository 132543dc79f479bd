"""The I/O APIC beside QEMU's, on random entries, lines and ends of interrupts.

Compared is what can be read: the table with its remote IRR bits. Not compared: pins 0
and 2 (QEMU joins them), delivery modes other than fixed and lowest priority (QEMU lets
a level wait there, too), reserved bits (QEMU keeps them), and a change of trigger mode
under a line that is high.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from native_bench import Chip
from qtest import Qemu, needs_qemu

BASE = 0xFEC0_0000
PINS = [pin for pin in range(24) if pin not in (0, 2)]
LEVEL, MASKED = 1 << 15, 1 << 16
STEPS = 1500


class Pair:
    """Both do the same; what they read must be the same."""

    def __init__(self, qemu: Qemu, chip: Chip) -> None:
        self.qemu = qemu
        self.chip = chip
        self.high: set[int] = set()
        self.log: list[str] = []

    def store(self, offset: int, value: int) -> None:
        self.qemu.store(BASE + offset, value)
        self.chip.write(0, offset, value)

    def write(self, index: int, value: int) -> None:
        self.log.append(f"write {index:#x} {value:#x}")
        self.store(0, index)
        self.store(0x10, value)

    def read(self, index: int) -> int:
        self.store(0, index)
        ours, theirs = self.chip.read(0, 0x10), self.qemu.load(BASE + 0x10)
        self.log.append(f"read {index:#x}: {ours:#x} {theirs:#x}")
        assert ours == theirs, "\n".join(self.log[-40:])
        return ours

    def drive(self, pin: int, level: int) -> None:
        self.log.append(f"pin {pin} {level}")
        self.qemu.ask(
            f"set_irq_in /machine/i440fx/ioapic unnamed-gpio-in {pin} {level}"
        )
        self.chip.input(0, pin, level)
        (self.high.add if level else self.high.discard)(pin)


@pytest.fixture
def pair() -> Iterator[Pair]:
    chip = Chip("intc.ioapic", version=0x20)
    chip.reset()
    with Qemu() as qemu:
        yield Pair(qemu, chip)
    chip.close()


def change_entry(pair: Pair, pin: int, rand: random.Random) -> None:
    if pin in pair.high:
        pair.drive(pin, 0)
    vector = rand.randrange(0x10, 0x18)
    mode = rand.choice([0, 0x100]) | rand.choice([0, LEVEL]) | rand.choice([0, MASKED])
    pair.write(0x10 + 2 * pin, vector | mode | rand.getrandbits(16) & 0x7800)


@needs_qemu
@pytest.mark.parametrize("seed", range(3))
def test_random_use_reads_the_same_as_of_qemu(pair: Pair, seed: int) -> None:
    rand = random.Random(f"ioapic {seed}")
    waited = 0
    for _ in range(STEPS):
        pin = rand.choice(PINS)
        op = rand.choice(["entry", "line", "line", "line", "end", "mask", "to", "read"])
        if op == "entry":
            change_entry(pair, pin, rand)
        elif op == "line":
            pair.drive(pin, int(pin not in pair.high))
        elif op == "end":
            vector = rand.randrange(0x10, 0x18)
            pair.log.append(f"end {vector:#x}")
            pair.store(0x40, vector)
        elif op == "mask":
            pair.write(0x10 + 2 * pin, pair.read(0x10 + 2 * pin) ^ MASKED)
        elif op == "to":
            pair.write(0x11 + 2 * pin, rand.getrandbits(8) << 24)
        waited += pair.read(0x10 + 2 * pin) >> 14 & 1
        pair.read(rand.choice([0, 1, 0x11 + 2 * pin]))
    assert waited > STEPS / 20
