"""The interrupt chips of a PC together, on several threads as in a machine."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator

import pytest
from native_bench import Chip

STEPS = 4000


@pytest.fixture
def chips() -> Iterator[tuple[Chip, Chip, Chip]]:
    """Local APICs, I/O APIC and PIC, with level interrupts at all pins from 16."""
    lapic = Chip("intc.lapic", cpus=2, clock=10**9, virtual_wire=1)
    ioapic = Chip("intc.ioapic", version=0x20)
    pic = Chip("intc.i8259")
    for chip in (lapic, ioapic, pic):
        chip.reset()
    pic.wire(0, 0, lapic, 0, 0)
    for offset, word in ((0, 0x11), (1, 0x20), (1, 4), (1, 1)):
        pic.write(0, offset, word, 1)
    for cpu in range(2):
        lapic.write(0, 0xF0, 0x1FF, cpu=cpu)
    for pin in range(16, 24):
        ioapic.write(0, 0, 0x11 + 2 * pin)
        ioapic.write(0, 0x10, (pin % 2) << 24)
        ioapic.write(0, 0, 0x10 + 2 * pin)
        ioapic.write(0, 0x10, 0x8040 | pin)
    yield lapic, ioapic, pic
    for chip in (lapic, ioapic, pic):
        chip.close()


def drive(chips: tuple[Chip, Chip, Chip], seed: int) -> None:
    """As devices do."""
    _, ioapic, pic = chips
    rand = random.Random(seed)
    for _ in range(STEPS):
        pic.input(0, rand.randrange(3, 8), rand.randrange(2))
        ioapic.input(0, rand.randrange(16, 24), rand.randrange(2))


def serve(chips: tuple[Chip, Chip, Chip], cpu: int) -> None:
    """As a CPU does: it takes interrupts, ends them, and sends some to the other."""
    lapic, _, pic = chips
    rand = random.Random(cpu)
    for _ in range(STEPS):
        lapic.acknowledge(cpu)
        lapic.write(0, 0xB0, 0, cpu=cpu)
        pic.write(0, 0, 0x20, 1, cpu=cpu)
        if rand.random() < 0.2:
            lapic.write(0, 0x300, 0x41 | 3 << 18, cpu=cpu)


def drain(lapic: Chip, cpu: int) -> set[int]:
    """All that is still to be taken."""
    taken: set[int] = set()
    for _ in range(1000):
        vector = lapic.acknowledge(cpu)
        lapic.write(0, 0xB0, 0, cpu=cpu)
        taken.add(vector)
    return taken


def test_no_chip_waits_for_another_for_ever(chips: tuple[Chip, Chip, Chip]) -> None:
    jobs: list[tuple[Callable[..., None], int]] = [
        (drive, 1), (drive, 2), (serve, 0), (serve, 1),
    ]  # fmt: skip
    threads = [
        threading.Thread(target=job, args=(chips, n), daemon=True) for job, n in jobs
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    lapic, ioapic, _ = chips
    for pin in range(16, 24):
        ioapic.input(0, pin, 1)
    taken = drain(lapic, 0) | drain(lapic, 1)
    assert {0x50 + n for n in range(8)} & taken == {0x56, 0x57}, "the most urgent ones"
