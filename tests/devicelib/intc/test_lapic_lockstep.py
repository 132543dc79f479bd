"""A local APIC beside QEMU's, in a guest that takes its interrupts.

Not compared: the APIC disabled by software (QEMU's takes interrupts nevertheless),
errors (QEMU's ESR is no latch), reserved bits (QEMU keeps them), logical broadcasts
(QEMU has none in the cluster model), and levels between CPUs (QEMU does not make edges
of them).
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from native_bench import Chip
from pc_guest import LOAD, TAKE, Result, Script, needs_guest

BASE = 0xFEE0_0000
TPR, PPR, EOI, LDR, DFR, SVR = 0x80, 0xA0, 0xB0, 0xD0, 0xE0, 0xF0
ISR, TMR, IRR, ICR, ICR_HIGH = 0x100, 0x180, 0x200, 0x300, 0x310
LINT0, LINT1, ERROR = 0x350, 0x360, 0x370
ASSERT, LEVEL, MASKED = 1 << 14, 1 << 15, 1 << 16
SHORTHANDS = [0, 0, 1 << 18, 2 << 18, 3 << 18]
STEPS = 1500


def vector(rand: random.Random) -> int:
    return rand.choice([rand.randrange(0x20, 0x100), 0x40 + rand.randrange(16)])


def destination(rand: random.Random, logical: bool) -> int:
    found = rand.choice([0, 0xFF, 1 << rand.randrange(8), rand.getrandbits(8)])
    return 0x7F if logical and found == 0xFF else found


def send_message(script: Script, rand: random.Random) -> None:
    """At offset 0 of a destination: what QEMU takes for a message."""
    flags = rand.choice([0, 0, LEVEL | ASSERT]) | rand.choice([0, 0x100])
    logical = rand.random() < 0.5
    address = BASE | destination(rand, logical) << 12 | logical << 2
    if address & 0xFF004:
        script.store(address, vector(rand) | flags)


def send_command(script: Script, rand: random.Random) -> None:
    logical = rand.random() < 0.5
    script.store(BASE + ICR_HIGH, destination(rand, logical) << 24)
    low = vector(rand) | ASSERT | rand.choice(SHORTHANDS)
    if not low >> 18:
        low |= logical << 11 | rand.choice([0, 0x100])
    script.store(BASE + ICR, low)


def configure(script: Script, rand: random.Random) -> None:
    register, value = rand.choice(
        [
            (TPR, rand.choice([0, 0, rand.getrandbits(8)])),
            (LDR, rand.choice([1, 0x11, 0x31, rand.getrandbits(8)]) << 24),
            (DFR, rand.choice([0xFFFF_FFFF, 0x0FFF_FFFF])),
            (SVR, 0x100 | rand.getrandbits(8)),
            (LINT0, vector(rand) | MASKED),
            (LINT1, vector(rand) | MASKED | 0x400),
            (ERROR, vector(rand) | MASKED),
        ]
    )
    script.store(BASE + register, value)


def end(script: Script, rand: random.Random) -> None:
    for _ in range(rand.randrange(1, 4)):
        script.store(BASE + EOI, 0)


def look(script: Script, rand: random.Random) -> None:
    for first in (ISR, TMR, IRR):
        script.load(BASE + first + 16 * rand.randrange(8))
    for register in (TPR, PPR, LDR, DFR, SVR, ICR, ICR_HIGH, LINT0, LINT1, ERROR):
        script.load(BASE + register)


def random_script(seed: int) -> Script:
    rand = random.Random(f"lapic {seed}")
    script = Script()
    script.store(BASE + SVR, 0x1FF)
    script.store(BASE + LINT0, MASKED)
    script.store(BASE + LINT1, MASKED)
    script.store(BASE + ERROR, MASKED)
    ops = [send_message] * 3 + [send_command] * 3 + [configure, end, end, look]
    for _ in range(STEPS):
        rand.choice(ops)(script, rand)
        if rand.random() < 0.3:
            script.take()
    return script


def store(chip: Chip, offset: int, value: int) -> None:
    if offset & 0xFFFFF0 < 0x20 or offset > 0xFFF:
        chip.lib.mb_msi(None, BASE + offset, value)
    else:
        chip.write(0, offset, value)


def take(chip: Chip) -> list[int]:
    taken = []
    while (got := chip.acknowledge()) != -1:
        taken.append(got)
    return taken


def replay(chip: Chip, script: Script, results: list[Result]) -> int:
    """Gives how many interrupts were taken."""
    log: list[str] = []
    count = 0
    for (op, address, value), result in zip(script.entries, results, strict=True):
        offset = address - BASE
        if op == TAKE:
            ours, theirs = take(chip), result.vectors
            count += len(ours)
            log.append(f"take {ours} {theirs}")
            assert ours == theirs, "\n".join(log[-30:])
        elif op == LOAD:
            mine = chip.read(0, offset)
            log.append(f"load {offset:#x} {mine:#x} {result.value:#x}")
            assert mine == result.value, "\n".join(log[-30:])
        else:
            log.append(f"store {offset:#x} {value:#x}")
            store(chip, offset, value)
    return count


@needs_guest
@pytest.mark.parametrize("seed", range(3))
def test_random_use_reads_and_interrupts_as_of_qemu(seed: int, tmp_path: Path) -> None:
    chip = Chip("intc.lapic", clock=10**9, virtual_wire=1)
    chip.reset()
    script = random_script(seed)
    assert replay(chip, script, script.play(tmp_path)) > STEPS / 20
    chip.close()
