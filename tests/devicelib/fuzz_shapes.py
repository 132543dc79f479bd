"""What a guest does with a chip, more or less: scripts for the bench as a program.

A shape gives a few operations that make sense together, with mistakes among them. The
operations are native_bench.c's: `w region offset value size cpu`, `r` likewise,
`i port index level 0 cpu`, `a` acknowledges, `t` lets time pass, `M` is a message and
`E` an end of interrupt, `p` looks at the screen, `s` saves, spoils some bytes, and
restores, `z` resets.
"""

from __future__ import annotations

import random
from collections.abc import Callable

Shape = Callable[[random.Random], list[str]]


def write(region: int, offset: int, value: int, size: int = 1, cpu: int = 0) -> str:
    return f"w {region:x} {offset:x} {value:x} {size:x} {cpu:x}"


def read(region: int, offset: int, size: int = 1, cpu: int = 0) -> str:
    return f"r {region:x} {offset:x} 0 {size:x} {cpu:x}"


def line(rand: random.Random, ports: int, count: int) -> str:
    return (
        f"i {rand.randrange(ports):x} {rand.randrange(count):x} {rand.randrange(2)} 0 0"
    )


def acknowledge(rand: random.Random, cpus: int = 1) -> str:
    return f"a 0 0 0 0 {rand.randrange(cpus):x}"


def spoil(rand: random.Random) -> str:
    """Save and restore, at times with other bytes."""
    count = rand.choice([0, 0, 1, 30])
    return f"s 0 {count:x} {rand.getrandbits(16):x} {rand.getrandbits(8):x} 0"


def _i8259(rand: random.Random) -> list[str]:
    region = rand.randrange(2)
    lines = [write(region, rand.randrange(2), rand.getrandbits(8)) for _ in range(3)]
    if rand.random() < 0.2:
        lines += [write(region, 0, 0x11), write(region, 1, 0x20), write(region, 1, 4)]
        lines.append(write(region, 1, rand.choice([1, 3, 0x11, 0x1F])))
    lines += [line(rand, 1, 17) for _ in range(4)]
    lines += [acknowledge(rand), read(rand.randrange(3), rand.randrange(2))]
    lines.append(write(2, 0, rand.getrandbits(16), 2))
    return [*lines, spoil(rand)] if rand.random() < 0.1 else lines


def sleep(rand: random.Random, ns: int) -> str:
    return f"t 0 0 {rand.randrange(ns):x} 0 0"


def _i8254(rand: random.Random) -> list[str]:
    command = rand.getrandbits(8)
    counts = [0, 1, 2, 3, 0xFF, rand.getrandbits(8), rand.getrandbits(8)]
    lines = [write(0, 3, command)]
    for _ in range(rand.randrange(6)):
        counter = rand.choice([rand.randrange(3), command >> 6 & 3])
        lines.append(write(0, counter, rand.choice(counts)))
    lines += [write(1, 0, rand.getrandbits(8)), read(1, 0), read(0, 0, 4)]
    lines.append(sleep(rand, rand.choice([1000, 10**6, 10**7])))
    return [*lines, spoil(rand)] if rand.random() < 0.2 else lines


def _vga(rand: random.Random) -> list[str]:
    """Registers at random; since those show little, now and then a mode of VBE's."""
    ports, extension, window, registers = 0, 1, 2, 4
    lines = [write(ports, 0x12, 0x67), write(ports, 0x10, 0x20)]
    for index, count in ((0x24, 25), (0x14, 5), (0x1E, 9)):
        for _ in range(3):
            value = rand.getrandbits(8) << 8 | rand.randrange(count)
            lines.append(write(ports, index, value, 2))
    lines += [write(ports, rand.randrange(0x30), rand.getrandbits(8)) for _ in range(4)]
    if rand.random() < 0.2:
        for index in (4, 1, 2, 3, rand.randrange(12), 4, rand.randrange(12)):
            value = rand.choice(
                [0, 1, 4, 8, 15, 16, 24, 32, 0x41, 0xFFFF, rand.getrandbits(16)]
            )
            lines += [write(extension, 0, index, 2), write(extension, 1, value, 2)]
    for _ in range(8):
        size, offset = rand.choice([1, 2, 4, 8]), rand.randrange(0x2_0000 - 8)
        lines.append(write(window, offset, rand.getrandbits(8 * size), size))
        lines.append(read(window, rand.randrange(0x2_0000 - 8), size))
    for _ in range(3):
        lines.append(read(ports, rand.randrange(0x30)))
        lines.append(read(registers, rand.randrange(0x800), rand.choice([1, 2, 4])))
        lines.append(write(registers, rand.randrange(0x800), rand.getrandbits(16), 2))
    lines += ["p 0 0 0 0 0", spoil(rand), "p 0 0 0 0 0", read(window, 5, 4)]
    return [*lines, f"t 0 0 {rand.getrandbits(32):x} 0 0"]


def _ioapic(rand: random.Random) -> list[str]:
    index = rand.choice([rand.randrange(0x42), 0x10 + rand.randrange(48), 0xFF])
    value = rand.choice([rand.getrandbits(32), rand.getrandbits(8) | 1 << 15])
    lines = [write(0, 0, index, 4), write(0, 0x10, value, 4), read(0, 0x10, 4)]
    lines += [line(rand, 1, 26) for _ in range(4)]
    vector = rand.choice([value & 0xFF, rand.getrandbits(8)])
    lines += [write(0, 0x40, vector, 4), f"E 0 0 {vector:x} 0 0"]
    offset, size = rand.randrange(0x1000), rand.choice([1, 2, 4, 8])
    lines += [write(0, offset, value, size), read(0, offset, size)]
    return [*lines, spoil(rand)] if rand.random() < 0.2 else lines


def _lapic(rand: random.Random) -> list[str]:
    cpu = rand.randrange(-1, 5) % 2**64
    lines = [write(0, 0xF0, rand.choice([0x1FF, 0x1FF, 0x1FF, 0xFF]), 4, cpu)]
    for _ in range(4):
        offset = rand.choice([0x80, 0xD0, 0xE0, 0x300, 0x310, 0x320, 0x350, 0x360])
        offset = rand.choice([offset, 0x370, 0x380, 0x3E0, 16 * rand.randrange(0x40)])
        value = rand.choice([1, 40, rand.getrandbits(32), rand.getrandbits(20)])
        lines += [write(0, offset, value, 4, cpu), read(0, offset, 4, cpu)]
    for _ in range(3):
        address = 0xFEE0_0000 | rand.getrandbits(20)
        lines.append(f"M 0 {address:x} {rand.getrandbits(16):x} 0 0")
    lines += [line(rand, 2, 1), sleep(rand, rand.choice([100, 10**6, 10**7]))]
    lines += [acknowledge(rand, 4), write(0, 0xB0, 0, 4, cpu)]
    offset, size = rand.randrange(0x1000), rand.choice([1, 2, 4, 8])
    lines += [write(0, offset, 1, size, cpu), read(0, offset, size, cpu)]
    return [*lines, spoil(rand)] if rand.random() < 0.1 else lines


def _hpet(rand: random.Random) -> list[str]:
    timer = 0x100 + 0x20 * rand.randrange(4)
    value = rand.choice([1, 100, rand.getrandbits(20), rand.getrandbits(64), 2**64 - 1])
    lines = [write(0, timer, rand.getrandbits(16) | 4, rand.choice([4, 8]))]
    lines += [write(0, timer + 8, value, rand.choice([4, 8])) for _ in range(2)]
    lines.append(write(0, 0xF0, rand.choice([0, value, 2**32 - 50]), 8))
    lines.append(write(0, 0x10, rand.choice([1, 1, 1, 3, 0]), rand.choice([4, 8])))
    lines.append(sleep(rand, rand.choice([100, 10**5, 10**6, 10**7])))
    lines += [write(0, 0x20, rand.getrandbits(3), 4), line(rand, 2, 1)]
    offset, size = rand.randrange(0x400), rand.choice([1, 2, 4, 8])
    offset = offset // size * size
    lines += [write(0, offset, value, size), read(0, offset, size), read(0, 0xF0, 8)]
    return [*lines, spoil(rand)] if rand.random() < 0.2 else lines


SHAPES: dict[str, Shape] = {
    "display.vga": _vga,
    "intc.i8259": _i8259,
    "intc.ioapic": _ioapic,
    "intc.lapic": _lapic,
    "timer.hpet": _hpet,
    "timer.i8254": _i8254,
}
