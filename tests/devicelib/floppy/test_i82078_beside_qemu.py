"""The floppy controller and QEMU's: the same commands, the same data and results.

Compared are results, data in memory and on the diskette, main status and the line.
Not compared: in status 0 the bits that tell of a seek, and the head, which QEMU shows
already turned to where the next sector would be; where a command came to that failed;
what went wrong, but for whether it did; transfers past the end of a cylinder (QEMU goes
on with the next one); READ ID's sector, which depends on time; the state in reset;
FORMAT TRACK (QEMU's does nothing by DMA).
"""

from __future__ import annotations

import random
from functools import partial

import pytest
from floppy_driver import FROM_MEMORY, MSR, READ, TO_MEMORY, WRITE, Board, Driver

from tests.qtest import Qemu, needs_qemu

SECTOR, SECTORS = 512, 18
SIZE = 1_474_560
BUFFER = 0x1000
STEPS = 150


class Theirs(Qemu):
    """QEMU's board, used as ours."""

    def put(self, address: int, data: bytes) -> None:
        self.write(address, data)

    def get(self, address: int, size: int) -> bytes:
        return self.read(address, size)

    @property
    def irq(self) -> bool:
        return self.lines.get(6, False)


class Pair:
    """Both drivers, that do the same."""

    def __init__(self, ours, theirs):
        self.drivers = Driver(ours), Driver(theirs)

    def both(self, act):
        """What each gives."""
        return [act(driver) for driver in self.drivers]

    def agree(self, act, what):
        ours, theirs = self.both(act)
        assert ours == theirs, what
        return ours


def transfer(rand: random.Random, cylinder: int):
    """A command, its place and how much it moves, within a cylinder."""
    command = rand.choice([READ, READ, READ & 0x7F, WRITE, WRITE & 0x7F])
    head = rand.randrange(2)
    sector = rand.randrange(1, SECTORS + 1)
    room = SECTORS + 1 - sector
    if command & 0x80 and head == 0:
        room += SECTORS
    return command, cylinder, head, sector, rand.randint(1, room)


def run(driver: Driver, seed: int, order):
    command, cylinder, head, sector, count = order
    size = count * SECTOR
    data = random.Random(seed).randbytes(size)
    reads = command & 0x1F == 6
    driver.board.put(BUFFER, bytes(size) if reads else data)
    driver.set_dma(TO_MEMORY if reads else FROM_MEMORY, BUFFER, size)
    driver.seek(cylinder)
    result = driver.sectors(command, cylinder, head, sector, SECTORS)
    while not result:  # QEMU moves data when its main loop comes round
        result = driver.result()
    return [result[0] & 0xC3, *result[1:]], driver.board.get(BUFFER, size)


def other(rand: random.Random):
    """A command that moves no data, and what of its result is compared."""
    cylinder = rand.randrange(80)
    return rand.choice(
        [
            lambda d: d.seek(cylinder),
            lambda d: (d.command(7, 0), d.ask(8))[1],
            lambda d: d.ask(8),
            lambda d: d.ask(0x10),
            lambda d: d.ask(0x18),
            lambda d: d.ask(0x1E),
            lambda d: d.ask(4, 0),
            lambda d: d.ask(0x94),
            lambda d: (d.command(0x13, 0, 0x57, 0), d.ask(0x0E)[8:])[1],
        ]
    )


@needs_qemu
@pytest.mark.parametrize("seed", range(3))
def test_it_answers_as_qemus_does(bench, tmp_path, seed):
    rand = random.Random(seed)
    bench.memory = bytearray(0x2_0000)
    images = [tmp_path / name for name in ("ours.ima", "theirs.ima")]
    for image in images:
        image.write_bytes(random.Random(9).randbytes(SIZE))
    drive = f"if=floppy,format=raw,file={images[1]}"
    ours = Board(bench, image=str(images[0]))
    with Theirs("-drive", drive) as theirs:
        theirs.intercept("ioapic")
        pair = Pair(ours, theirs)
        pair.both(lambda driver: driver.start())
        for step in range(STEPS):
            if rand.random() < 0.5:
                order = transfer(rand, rand.randrange(80))
                act = partial(run, seed=step, order=order)
                pair.agree(act, f"step {step}: {order}")
            else:
                pair.agree(other(rand), f"step {step}")
            pair.agree(lambda d: d.board.inp(MSR), f"step {step}: main status")
            pair.agree(lambda d: d.board.irq, f"step {step}: line")
    ours.fdc.device.disk.flush()
    assert images[0].read_bytes() == images[1].read_bytes()
