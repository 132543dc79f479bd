"""IDE channels beside QEMU's: the same accesses, the same answers and the same image.

Not compared, for there both may differ or QEMU does not follow the standards: the error
of a sector that does not exist (it aborts; ATA says ID not found), the status bit that
once said "seek complete", registers of a drive that is not there, parts of the table
of contents, the length of an event, sense data after a command that succeeded, and what
drives say of themselves (IDENTIFY, INQUIRY, mode pages).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ide_driver import (
    BSY,
    COUNT,
    DRQ,
    DSC,
    ERR,
    ERROR,
    FAILED,
    INTERRUPT,
    STATUS,
    Channel,
    Ide,
    Registers,
)
from qtest import Qemu, Width, needs_qemu

pytestmark = needs_qemu

SECTORS, BLOCKS = 1008 * 3, 40
MASTER = 0xC000
FUNCTION = 1 << 31 | 1 << 11 | 1 << 8
WIDTHS: dict[int, Width] = {1: "b", 2: "w", 4: "l"}

Step = Callable[[Registers], object]


class OurChannel(Channel):
    """A channel of the bench, without the bit that is not compared."""

    def read(self, number: int, size: int = 1) -> int:
        return super().read(number, size) & (~DSC if number == STATUS else -1)


class QemuChannel(Registers):
    """A channel of QEMU's PC."""

    table, buffer = 0x10_0000, 0x20_0000

    def __init__(self, qemu: Qemu, number: int) -> None:
        self.qemu = qemu
        self.command_base, self.control_port = [(0x1F0, 0x3F6), (0x170, 0x376)][number]
        self.master = MASTER + 8 * number

    def read(self, number: int, size: int = 1) -> int:
        value = self.qemu.inp(self.command_base + number, WIDTHS[size])
        return value & (~DSC if number == STATUS else -1)

    def write(self, number: int, value: int, size: int = 1) -> None:
        self.qemu.out(self.command_base + number, value, WIDTHS[size])

    def alternate(self) -> int:
        return self.qemu.inp(self.control_port)

    def control(self, value: int) -> None:
        self.qemu.out(self.control_port, value)

    def master_read(self, offset: int, size: int = 1) -> int:
        return self.qemu.inp(self.master + offset, WIDTHS[size])

    def master_write(self, offset: int, value: int, size: int = 1) -> None:
        self.qemu.out(self.master + offset, value, WIDTHS[size])

    def poke(self, address: int, data: bytes) -> None:
        self.qemu.write(address, data)

    def peek(self, address: int, size: int) -> bytes:
        return self.qemu.read(address, size)


class Pair:
    """The same two drives here and there, each with images of its own."""

    def __init__(self, folder: Path) -> None:
        self.steps: list[str] = []
        disk, disc = random.Random(1), random.Random(2)
        contents = {
            "disk": disk.randbytes(512 * SECTORS),
            "disc": disc.randbytes(2048 * BLOCKS),
        }
        self.images = [folder / "ours", folder / "theirs"]
        for image in self.images:
            for kind, data in contents.items():
                image.with_suffix("." + kind).write_bytes(data)
        ours, theirs = self.images
        self.ide = Ide({0: ours.with_suffix(".disk")}, {2: ours.with_suffix(".disc")})
        self.qemu = Qemu(
            "-drive",
            f"file={theirs}.disk,if=ide,index=0,format=raw",
            "-drive",
            f"file={theirs}.disc,if=ide,index=2,media=cdrom,format=raw",
        )
        for offset, value in [(0x20, MASTER | 1), (0x04, 5)]:
            self.qemu.out(0xCF8, FUNCTION | offset, "l")
            self.qemu.out(0xCFC, value, "l")

    def channels(self, number: int) -> tuple[Channel, QemuChannel]:
        return OurChannel(self.ide, number), QemuChannel(self.qemu, number)

    def both(self, number: int, step: Step) -> object:
        """Do it on both, and compare."""
        ours, theirs = self.channels(number)
        self.steps.append(step.__qualname__)
        mine, judged = step(ours), step(theirs)
        assert mine == judged
        return mine

    def close(self) -> None:
        self.ide.close()
        self.qemu.close()


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    made = Pair(tmp_path)
    yield made
    made.close()


def files(channel: Registers) -> tuple[int, ...]:
    return tuple(channel.read(n) for n in range(ERROR, STATUS + 1))


def after_a_command(channel: Registers) -> tuple[int, ...]:
    return channel.read(STATUS), channel.read(ERROR), channel.master_read(2)


def is_there(channel: Registers, first: int, count: int) -> bool:
    return first + count <= SECTORS


# -- steps of a disk


def pio_read(rand: random.Random) -> Step:
    first, count, wide = rand.randrange(SECTORS - 4), rand.randint(1, 3), rand.random()
    code = rand.choice([0x24, 0x29]) if wide < 0.5 else rand.choice([0x20, 0xC4])

    def step(channel: Registers) -> object:
        channel.address(first, count, wide=wide < 0.5)
        block = 512 if code in (0x20, 0x24) else 2 * 512
        return channel.pio_in(code, 512 * count, block), after_a_command(channel)

    return step


def pio_write(rand: random.Random) -> Step:
    first, count, wide = rand.randrange(SECTORS - 4), rand.randint(1, 3), rand.random()
    data = rand.randbytes(512 * count)
    code = rand.choice([0x34, 0x39]) if wide < 0.5 else rand.choice([0x30, 0xC5])

    def step(channel: Registers) -> object:
        channel.address(first, count, wide=wide < 0.5)
        block = 512 if code in (0x30, 0x34) else 2 * 512
        return channel.pio_out(code, data, block), after_a_command(channel)

    return step


def regions(rand: random.Random, buffer: int, size: int) -> list[tuple[int, int]]:
    found = []
    while size:
        part = min(size, rand.choice([2, 64, 512, 1000, 4096]))
        found.append((buffer, part))
        buffer += part + rand.choice([0, 2, 4096])
        size -= part
    return found


def dma(rand: random.Random) -> Step:
    first, count, wide = rand.randrange(SECTORS - 9), rand.randint(1, 8), rand.random()
    into, seed, over = rand.random() < 0.5, rand.random(), rand.choice([0, 0, 512])
    codes = {True: (0xC8, 0x25), False: (0xCA, 0x35)}[into]
    data = rand.randbytes(512 * count + over)

    def step(channel: Registers) -> object:
        pieces = regions(random.Random(seed), channel.buffer, 512 * count + over)
        at = 0
        for address, size in pieces:
            channel.poke(address, bytes(size) if into else data[at : at + size])
            at += size
        channel.address(first, count, wide=wide < 0.5)
        channel.prds(pieces)
        ends = channel.dma(codes[wide < 0.5], into)
        left = b"".join(channel.peek(address, size) for address, size in pieces)
        return ends, left, after_a_command(channel)

    return step


def cylinders(rand: random.Random) -> Step:
    values = (1, rand.randint(1, 63), rand.randrange(3), 0)
    head = rand.randrange(16)

    def step(channel: Registers) -> object:
        channel.select(0, head)
        channel.files(*values)
        return channel.pio_in(0x20, 512)

    return step


def command(rand: random.Random) -> Step:
    code = rand.choice([0x00, 0x10, 0x40, 0xE0, 0xE5, 0xE7, 0xEA, 0xB0, 0xFF, 0x90])
    first = rand.randrange(SECTORS)

    def step(channel: Registers) -> object:
        channel.address(first, 1)
        channel.master_write(2, FAILED | INTERRUPT)
        status = channel.command(code)
        return (
            status,
            channel.read(ERROR) if status & ERR else 0,
            channel.master_read(2),
        )

    return step


def settings(rand: random.Random) -> Step:
    feature, count = rand.choice(
        [(0x02, 0), (0x82, 0), (3, 0x22), (3, 0x45), (0x99, 0)]
    )
    multiple = rand.choice([1, 2, 3, 16])

    def step(channel: Registers) -> object:
        channel.select()
        channel.write(ERROR, feature)
        channel.write(COUNT, count)
        set_up = channel.command(0xEF)
        channel.write(COUNT, multiple)
        tried = channel.command(0xC6)
        channel.write(COUNT, 2)
        return set_up, tried, channel.command(0xC6)

    return step


def reset(rand: random.Random) -> Step:
    def step(channel: Registers) -> object:
        channel.soft_reset()
        return files(channel)

    return step


DISK_STEPS = [pio_read, pio_write, dma, dma, cylinders, command, settings, reset]


@pytest.mark.parametrize("seed", range(4))
def test_disks_agree(pair: Pair, seed: int) -> None:
    rand = random.Random(seed)
    pair.both(0, settings(rand))
    for _ in range(40):
        pair.both(0, rand.choice(DISK_STEPS)(rand))
    ours, theirs = (image.with_suffix(".disk").read_bytes() for image in pair.images)
    assert ours == theirs


# -- steps of a CD-ROM drive

SENSE = b"\x03\0\0\0\x12"


def packet(rand: random.Random) -> bytes:
    block, count = rand.randrange(BLOCKS + 1), rand.randrange(4)
    place = block.to_bytes(4, "big")
    return rand.choice(
        [
            b"\x00",
            b"\x25",
            b"\x28\0" + place + bytes([0, 0, count]),
            b"\xa8\0" + place + bytes([0, 0, 0, count]),
            bytes([0x43, rand.choice([0, 2]), 0, 0, 0, 0, 0, 0, 12]),
            b"\x1e\0\0\0" + bytes([rand.randrange(2)]),
            b"\xff",
        ]
    )


def packet_by_pio(rand: random.Random) -> Step:
    sent, limit = packet(rand), rand.choice([2048, 4096, 0xFFFE])

    def step(channel: Registers) -> object:
        ended = channel.packet_in(sent, limit)
        if ended[0] & ERR:
            return sent, ended, channel.read(ERROR), sense(channel)
        return sent, ended

    return step


def packet_by_dma(rand: random.Random) -> Step:
    block, count = rand.randrange(BLOCKS - 3), rand.randint(1, 3)
    sent = b"\x28\0" + block.to_bytes(4, "big") + bytes([0, 0, count])

    def step(channel: Registers) -> object:
        channel.prds([(channel.buffer, 2048 * count)])
        channel.master_write(2, INTERRUPT | FAILED)
        channel.packet(sent, by_dma=True)
        channel.master_write(0, 9)
        status = channel.wait(mask=BSY | DRQ)
        found = channel.master_read(2)
        channel.master_write(0, 8)
        return status, found, channel.peek(channel.buffer, 2048 * count)

    return step


def sense(channel: Registers) -> tuple[int, ...]:
    data = channel.packet_in(SENSE)[1]
    return data[2], data[12], data[13]


@pytest.mark.parametrize("seed", range(3))
def test_discs_agree(pair: Pair, seed: int) -> None:
    rand = random.Random(seed)
    for channel in pair.channels(1):
        for _ in range(3):
            channel.packet_in(b"\x00")
            sense(channel)
    for _ in range(40):
        pair.both(
            1, rand.choice([packet_by_pio, packet_by_pio, packet_by_dma, reset])(rand)
        )


def test_signatures_and_empty_places_agree(pair: Pair) -> None:
    def step(channel: Registers) -> object:
        channel.soft_reset()
        found = files(channel)
        channel.select(1)
        return found, channel.read(STATUS), channel.alternate()

    pair.both(0, step)
    pair.both(1, step)
