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
    lines.append(sleep(rand, rand.choice([1000, 10**6, 10**8])))
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
                [0, 1, 4, 8, 24, 32, 0x41, 0xFFFF, rand.getrandbits(16)]
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


SHAPES: dict[str, Shape] = {
    "display.vga": _vga,
    "intc.i8259": _i8259,
    "timer.i8254": _i8254,
}
