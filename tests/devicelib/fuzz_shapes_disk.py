"""Shapes of use for disks on PCI, as fuzz_shapes.py has them for other chips."""

from __future__ import annotations

import random

from fuzz_shapes import Shape, read, spoil, write

# -- IDE: a channel's windows are 2n (command block) and 2n + 1, bus masters are in 4

RAM, RAM_END = 0x4000_0000, 0x4100_0000
ATA_COMMANDS = [
    *(0x08, 0x10, 0x20, 0x24, 0x25, 0x29, 0x30, 0x34, 0x35, 0x39, 0x3D, 0x40, 0x42),
    *(0x70, 0x90, 0x91, 0xA0, 0xA0, 0xA0, 0xA1, 0xB0, 0xC4, 0xC5, 0xC6, 0xC8, 0xCA),
    *(0xCE, 0xE5, 0xE7, 0xEA, 0xEC, 0xEF),
]
PACKETS = [
    *(0x00, 0x03, 0x12, 0x1A, 0x1B, 0x1E, 0x25, 0x28, 0x2B, 0x43, 0x46, 0x4A, 0x51),
    *(0x5A, 0xA8, 0xBB, 0xBD, 0xBE),
]
PAUSE = "y 0 0 0 0 0"


def poke(address: int, value: int) -> str:
    return f"m 0 {address - RAM:x} {value & 2**64 - 1:x} 0 0"


def _task_file(rand: random.Random, region: int) -> list[str]:
    """A sector that mostly exists, on one of the drives of the channel."""
    device = rand.choice([0xA0, 0xE0, 0xE0, 0xE0, 0xEF, 0xB0, 0xB0])
    values = [rand.choice([0, 1, 3, 0x42, 0x82]), rand.choice([1, 2, 16, 17, 0])]
    values += [
        rand.randrange(256),
        rand.choice([0, 0, 0, 7]),
        rand.choice([0, 0, 0, 9]),
    ]
    lines = [write(region, n, value) for n, value in enumerate(values, 1)]
    return [write(region, 6, device), *(lines * rand.choice([1, 2]))]


def _regions(rand: random.Random, table: int) -> list[str]:
    """A table of physical regions; without an end, at times."""
    lines = []
    count = rand.choice([1, 1, 2, 5, 16])
    for n in range(count):
        address = rand.choice([RAM + 0x2000, RAM_END - 512, RAM_END - 6, 0, 2**32 - 2])
        if rand.random() < 0.6:
            address = RAM + 0x2000 + 0x1000 * n
        size = rand.choice([0, 1, 2, 6, 510, 512, 2048, 4096, 0xFFFE])
        last = n == count - 1 and rand.random() < 0.8
        lines.append(poke(table + 8 * n, address | (size | last << 31) << 32))
    return lines


def _move_data(rand: random.Random, region: int) -> list[str]:
    count = rand.choice([1, 6, 100, 260])
    if rand.random() < 0.5:
        return [read(region, 0, rand.choice([1, 2, 4])) for _ in range(count)]
    return [write(region, 0, rand.getrandbits(32), rand.choice([1, 2, 4]))] * count


def _packet(rand: random.Random, region: int) -> list[str]:
    """A whole PACKET command: a block that mostly exists."""
    odd = rand.random() < 0.3
    values = [0, 1, 2, 8, 0x10, 0xFF]
    packet = [
        rand.choice(PACKETS),
        *(rand.choice(values) if odd else 0 for _ in "x" * 11),
    ]
    packet[5], packet[8] = rand.randrange(256), rand.choice([0, 1, 8, 64])
    if packet[0] == 0x43:
        packet[2], packet[9] = rand.randrange(4), rand.choice([0, 0x40, 0x80])
    words = zip(packet[::2], packet[1::2], strict=True)
    lines = [write(region, 6, 0xB0 if region == 0 else 0xA0), write(region, 7, 0xA0)]
    return [*lines, *(write(region, 0, low | high << 8, 2) for low, high in words)]


def _snapshot(rand: random.Random) -> str:
    """Of the controller or its first drive: whole, or with bytes changed near the start
    or the end, where what is not data is."""
    count, step = rand.choice([0, 0, 1, 3]), rand.choice([1, 2, 3, 2**32 - 1, 65600])
    op = rand.choice("sSSS")
    return (
        f"{op} 0 {count:x} {step * rand.randrange(1, 40):x} {rand.getrandbits(8):x} 0"
    )


def _bad_spot(rand: random.Random) -> str:
    """The host's disk fails somewhere, or is well again."""
    start = 512 * rand.randrange(2048)
    end = rand.choice([start, start, start + 4096, 2**63 - 1])
    return f"D 0 {start:x} {end:x} 0 0"


def _soft_reset(rand: random.Random, region: int) -> list[str]:
    return [write(region + 1, 0, 4), write(region + 1, 0, rand.choice([0, 0, 2, 0x80]))]


def _ide(rand: random.Random) -> list[str]:
    channel = rand.randrange(2)
    region, master = 2 * channel, 8 * channel
    table = rand.choice([RAM + 0x1000, RAM + 0x1000, RAM_END - 32, RAM_END - 4, 0])
    lines = [write(5, 0x40, 0x8000_8000, 4)]
    lines += _soft_reset(rand, region) if rand.random() < 0.7 else []
    lines += [PAUSE] if rand.random() < 0.2 else []
    lines += _task_file(rand, region)
    lines += _regions(
        rand, RAM_END - 32 if table == RAM_END - 4 or not table else table
    )
    lines += [write(4, master, 0), write(4, master + 4, table, 4)]
    starts = [write(4, master, rand.choice([1, 9, 9]))]
    command = [write(region, 7, rand.choice(ATA_COMMANDS))]
    command = _packet(rand, region) if rand.random() < 0.4 else command
    lines += rand.choice([starts + command, command + starts, command])
    polls = [read(region + 1, 0), read(4, master + 2), read(region, 7)]
    lines += [PAUSE, rand.choice(polls)] if rand.random() < 0.7 else polls
    lines += _move_data(rand, region)
    lines += _soft_reset(rand, region) if rand.random() < 0.2 else []
    lines += ["z 0 0 0 0 0"] if rand.random() < 0.02 else []
    lines += [_bad_spot(rand)] if rand.random() < 0.1 else []
    lines += [_snapshot(rand)] if rand.random() < 0.3 else []
    lines += [read(region, rand.randrange(8), rand.choice([1, 2, 4])) for _ in range(4)]
    lines += [read(4, rand.randrange(16), rand.choice([1, 4])), read(region + 1, 0)]
    return [*lines, write(4, master, 0), write(4, master + 2, 0x66)]


# -- virtio over PCI: windows are legacy 0, MSI-X 1, modern 2, configuration 3


def _queue_memory(rand: random.Random) -> list[str]:
    """Three descriptors that make a disk's request, and the ring that offers it."""
    table, ring, data = RAM + 0x1_0000, RAM + 0x1_1000, RAM + 0x1_2000
    flags = [1, rand.choice([1, 3]), rand.choice([2, 2, 0, 4])]
    sizes = [16, rand.choice([512, 4096, 1 << 31]), rand.choice([1, 0])]
    lines = []
    for n in range(3):
        word = sizes[n] | flags[n] << 32 | rand.choice([n + 1, n + 1, n, 99]) << 48
        address = rand.choice([data + 0x1000 * n, data, RAM_END - 8])
        lines += [poke(table + 16 * n, address), poke(table + 16 * n + 8, word)]
    lines += [poke(data, rand.choice([0, 1, 4, 8])), poke(data + 8, rand.randrange(99))]
    return [*lines, poke(ring, rand.choice([1, 1, 2, 300]) << 16)]


def _modern(rand: random.Random) -> list[str]:
    features = rand.choice([0, 0x3000_0000])
    steps = [(0x14, 0, 1), (0x14, 3, 1), (8, 0, 4), (12, features, 4), (8, 1, 4)]
    steps += [(12, 1, 4), (0x14, 11, 1), (0x16, rand.choice([0, 0, 1]), 2)]
    steps += [
        (0x18, rand.choice([8, 8, 7, 256, 0xFFFF]), 2),
        (0x1A, rand.randrange(3), 2),
    ]
    places = [
        RAM + 0x1_0000,
        RAM + 0x1_1000,
        rand.choice([RAM + 0x1_1800, RAM_END - 8]),
    ]
    steps += [(0x20 + 8 * n, place, 8) for n, place in enumerate(places)]
    steps += [(0x1C, 1, 2), (0x14, 15, 1), (0x3000, 0, 2)]
    return [write(2, *step) for step in steps if rand.random() < 0.97]


def _transitional(rand: random.Random) -> list[str]:
    page = rand.choice([RAM >> 12 | 0x10, RAM >> 12 | 0x10, RAM_END - 4096 >> 12, 0])
    steps = [
        (0x12, 0, 1),
        (0x12, 3, 1),
        (4, rand.choice([0, 2**32 - 1]), 4),
        (0xE, 0, 2),
    ]
    steps += [(8, page, 4), (0x14, 0, 2), (0x16, 1, 2), (0x12, 7, 1), (0x10, 0, 2)]
    return [write(0, *step) for step in steps]


def _virtio_pci(rand: random.Random) -> list[str]:
    lines = _queue_memory(rand)
    lines.append(write(3, 0x42, rand.choice([0, 0x8000, 0xC000]), 2))
    lines.append(write(1, 4 * rand.randrange(12), rand.choice([0, 1, 2**32 - 1]), 4))
    lines += _modern(rand) if rand.random() < 0.7 else _transitional(rand)
    for _ in range(rand.randrange(12)):
        size = rand.choice([1, 2, 4, 8])
        at = rand.choice([rand.randrange(0x100), 0x800, 0x1000, 0x2000, 0x3004])
        region, at = rand.randrange(4), at & ~(size - 1)
        value = rand.choice([0, 1, 4, rand.getrandbits(64)]) & (1 << 8 * size) - 1
        lines += [write(region, at, value, size), read(region, at, size)]
    lines += [spoil(rand)] if rand.random() < 0.1 else []
    return [*lines, PAUSE]


SHAPES: dict[str, Shape] = {
    "ata.cdrom": _ide,
    "ide.piix3": _ide,
    "virtio.pci": _virtio_pci,
}
