"""The 16550A and QEMU's: the same accesses, the same answers.

Not compared: changes of modem inputs, which QEMU's does not notice in loopback, so that
their interrupt stays off; the modem outputs after a reset (the data sheet: all off).
"""

from __future__ import annotations

import random

import pytest
from native_bench import Chip

from tests.qtest import Qemu, needs_qemu

BASE, IRQ = 0x3F8, 4
DATA, ENABLE, CAUSE, FRAME, MODEM, LINE_STATUS, MODEM_STATUS, SCRATCH = range(8)
STEPS = 3000
COMPARED = {MODEM_STATUS: 0xF0}


def write(rand: random.Random) -> tuple[int, int]:
    register = rand.choice([DATA] * 6 + [ENABLE, ENABLE, CAUSE, FRAME, MODEM, SCRATCH])
    value = rand.getrandbits(8)
    if register == ENABLE:
        value = rand.randrange(8)
    if register == FRAME:
        value &= 0xBF if rand.random() < 0.2 else 0x3F
    if register == MODEM and rand.random() < 0.8:
        value |= 0x10
    return register, value


@needs_qemu
@pytest.mark.parametrize("seed", range(4))
def test_it_answers_as_qemus_does(seed: int) -> None:
    rand = random.Random(seed)
    ours = Chip("uart.ns16550", clock=1_843_200)
    ours.reset()
    with Qemu("-serial", "null") as theirs:
        theirs.intercept("ioapic")
        theirs.out(BASE + MODEM, 0)
        for step in range(STEPS):
            if rand.random() < 0.5:
                register, value = write(rand)
                ours.write(0, register, value, 1)
                theirs.out(BASE + register, value)
                what = f"step {step}: {register} = {value:#x}"
            else:
                register = rand.choice([DATA, *range(8)])
                mask = COMPARED.get(register, 0xFF)
                got = ours.read(0, register, 1) & mask
                wanted = theirs.inp(BASE + register) & mask
                what = f"step {step}: read {register}"
                assert got == wanted, what
            assert bool(ours.level()) == theirs.lines.get(IRQ, False), what
    ours.close()
