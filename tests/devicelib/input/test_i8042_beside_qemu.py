"""The keyboard controller and QEMU's: the same commands, the same bytes.

All that waits is read after each byte that is answered. Not compared: in the status,
the self test's flag and what was written last, which QEMU's never changes; the memory
above the mode, and the output port's buffer bits; what QEMU's keyboard and mouse refuse
without a word; its mouse's modes before the first reset; half a knock.
"""

from __future__ import annotations

import random

import pytest

from devicelib.input.i8042 import I8042
from tests.qtest import Qemu, needs_qemu

STATUS = 0xFF & ~(0x04 | 0x08)
KEYBOARD = [[0xEE], [0xF2], [0xED, 3], [0xF0, 0], [0xF0, 2], [0xF3, 0x20], [0xF4],
            [0xF5], [0xF6], [0xFF], [0xFA], [0x05]]  # fmt: skip
MOUSE = [[0xE6], [0xE7], [0xE8, 1], [0xE9], [0xEA], [0xEB], [0xF0], [0xF2], [0xF3, 60],
         [0xF3, 200, 0xF3, 100, 0xF3, 80], [0xF3, 200, 0xF3, 200, 0xF3, 80],
         [0xF4], [0xF5], [0xF6], [0xFF]]  # fmt: skip
STEPS = 400


class Ours:
    """Our chip, asked like QEMU's."""

    def __init__(self, bench):
        self.bench, self.chip = bench, bench.attach(I8042)

    def out(self, port, value):
        self.chip.write(0, value, 1, "command" if port == 0x64 else "data")

    def inp(self, port):
        value = self.chip.read(0, 1, "command" if port == 0x64 else "data")
        if port == 0x60:
            self.bench.sleep(0.0001)
        return value

    @property
    def lines(self):
        return {1: self.chip.kbd_irq, 12: self.chip.mouse_irq}


def order(rand):
    """Writes as (port, value)."""
    kind = rand.randrange(6)
    if kind == 0:
        mode = rand.getrandbits(8) & 0x47
        return [(0x64, 0x60), (0x60, mode)]
    if kind == 1:
        command = rand.choice(
            [0x20, 0xA7, 0xA8, 0xA9, 0xAA, 0xAB, 0xAD, 0xAE, 0xC0, 0xDD, 0xDF, 0xFF]
        )
        return [(0x64, command)]
    if kind == 2:
        return [(0x64, rand.choice([0xD2, 0xD3])), (0x60, rand.getrandbits(8))]
    if kind == 3:
        return [(0x60, byte) for byte in rand.choice(KEYBOARD)]
    return [w for byte in rand.choice(MOUSE) for w in ((0x64, 0xD4), (0x60, byte))]


def all_of(chip):
    """Statuses and bytes until nothing waits, with the levels meanwhile."""
    found = []
    while True:
        status = chip.inp(0x64) & STATUS
        lines = tuple(bool(chip.lines.get(n)) for n in (1, 12))
        found.append((hex(status), lines))
        if not status & 1 or len(found) > 40:
            return found
        found.append(hex(chip.inp(0x60)))


@needs_qemu
@pytest.mark.parametrize("seed", range(4))
def test_it_answers_as_qemus_does(bench, seed):
    rand = random.Random(seed)
    ours = Ours(bench)
    with Qemu() as theirs:
        theirs.intercept("ioapic")
        for chip in (ours, theirs):
            chip.out(0x64, 0xD4)
            chip.out(0x60, 0xFF)
            all_of(chip)
        for step in range(STEPS):
            for port, value in order(rand):
                ours.out(port, value)
                theirs.out(port, value)
                what = f"step {step}: {port:#x} = {value:#x}"
                assert all_of(ours) == all_of(theirs), what
