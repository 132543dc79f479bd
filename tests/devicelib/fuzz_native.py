"""Random use of native chips, played by the bench as a program with sanitizers."""

from __future__ import annotations

import random
import subprocess
from functools import cache
from pathlib import Path

from fuzz_shapes import SHAPES as OTHER_SHAPES
from fuzz_shapes_disk import SHAPES as DISK_SHAPES
from native_bench import RAM, compiled

SHAPES = OTHER_SHAPES | DISK_SHAPES
MODELS = [
    *SHAPES,
    "intc.gicv2",
    "intc.slavio",
    "timer.slavio",
    "iommu.sun4m",
    "virtio.blk",
    "virtio.net",
    "virtio.console",
    "virtio.rng",
    "uart.ns16550",
    "debug.port",
]
ON_BUSES = {
    "virtio.blk": ["virtio.mmio", "virtio.blk={disk}"],
    "virtio.net": ["virtio.mmio", "virtio.net"],
    "virtio.console": ["virtio.mmio", "virtio.console"],
    "virtio.rng": ["virtio.mmio", "virtio.rng"],
    "virtio.pci": ["virtio.pci", "virtio.blk={disk}"],
    "ata.cdrom": ["ide.piix3", "ata.cdrom@1={disc}", "ata.disk@0={disk}"],
    "ide.piix3": [
        "ide.piix3",
        "ata.disk@0={disk}",
        "ata.cdrom@1={disc}",
        "ata.cdrom@2",
    ],
}
"""Chips that need others: a parent and its children, with images."""
SMALL = {"uart.ns16550": 8, "debug.port": 1}
"""Spans of chips that have their registers byte by byte."""
STEPS = 6000
VIRTIO_START = [(0x70, 1), (0x70, 3), (0x24, 1), (0x20, 1), (0x24, 0), (0x70, 11)]
TOP = 16 << 20
TABLE = TOP - 128
"""Where the descriptors are: the last bytes of RAM."""
INTERESTING = [0, 1, 2, 7, 15, 0xFF, 0xFFFF, 0x8000_0000, 0xFFFF_FFFF, 2**64 - 1]


@cache
def player() -> Path:
    """The bench as a program, with sanitizers."""
    sanitizers = ["-fsanitize=address,undefined", "-fno-sanitize-recover"]
    return compiled("native_bench", "-DBENCH_MAIN", "-rdynamic", *sanitizers)


def _value(rand: random.Random) -> int:
    return rand.choice(
        [*INTERESTING, rand.getrandbits(32), RAM + 64 * rand.randrange(99)]
    )


def _anything(rand: random.Random, span: int) -> str:
    op = rand.choice("wwwwrrrrimmmmgsST")
    if op in "wr":
        size = rand.choice([s for s in (1, 2, 4, 4, 4, 8) if s <= span])
        offset = rand.randrange(span) & ~(size - 1)
        region = rand.randrange(2) if span > 0x200 else 0
        return f"{op} {region:x} {offset:x} {_value(rand):x} {size} {rand.randrange(4)}"
    if op == "m":
        address, value = 2 * rand.randrange(0x800), rand.getrandbits(16)
        return f"m 0 {address:x} {value:x} 0 0"
    if op == "T":
        size = rand.choice([1, 512, 2**20])
        return f"T 0 {_value(rand):x} 0 {size:x} {rand.randrange(2)}"
    index = rand.randrange(rand.choice([300, 30000]))
    return f"{op} {rand.randrange(2)} {index:x} {rand.getrandbits(12):x} 5 1"


def _descriptor(rand: random.Random, n: int) -> list[str]:
    """Entry n of the table: one of a chain of three, at times with a mistake in it."""
    address = RAM + 0x1000 + 64 * n
    length = rand.choice([[16], [512, 4096, 16, 100], [1, 512, 513]][n % 3])
    flags = [1, rand.choice([1, 3]), 2][n % 3]
    following = n + 1
    if rand.random() < 0.1:
        address = rand.choice([0, RAM + TOP - 4, 2**64 - 8, RAM + 0x2000])
    if rand.random() < 0.1:
        length = rand.choice([0, 1, 2**32 - 1, 48, 300 << 20])
    if rand.random() < 0.1:
        flags = rand.randrange(8)
    if rand.random() < 0.1:
        following = rand.choice([0, n, 8, 9, 0xFFFF])
    word = length | flags << 32 | following << 48
    at = TABLE + 16 * n
    return [f"m 0 {at:x} {address:x} 0 0", f"m 0 {at + 8:x} {word:x} 0 0"]


def _ring(rand: random.Random) -> list[str]:
    """A device started with a queue, and requests in it that make some sense."""
    lines = ["w 0 70 0 4 0"]
    features = rand.choice([0, 1 << 28, 3 << 28])
    start = [*VIRTIO_START[:-1], (0x20, features), VIRTIO_START[-1]]
    lines += [f"w 0 {at:x} {value:x} 4 0" for at, value in start]
    places = [(0x80, RAM + TABLE), (0x90, RAM + 0x400), (0xA0, RAM + 0x800)]
    for queue in range(2):
        lines += [f"w 0 {0x30:x} {queue} 4 0", f"w 0 {0x38:x} 8 4 0"]
        lines += [f"w 0 {at:x} {place:x} 4 0" for at, place in places]
        lines.append(f"w 0 {0x44:x} 1 4 0")
    lines.append("w 0 70 f 4 0")
    for n in range(8):
        lines += _descriptor(rand, n)
        kind = rand.choice([0, 1, 4, 8, 11, 13, 99])
        lines.append(f"m 0 {0x1000 + 64 * n:x} {kind:x} 0 0")
        lines.append(f"m 0 {0x1008 + 64 * n:x} {rand.choice([0, 2047, 2**60]):x} 0 0")
    heads = [rand.choice([0, 0, 3, 3, 6, 8]) for _ in range(8)]
    words = [head << 16 * (n % 4) for n, head in enumerate(heads)]
    lines += [f"m 0 404 {sum(words[:4]):x} 0 0", f"m 0 40c {sum(words[4:]):x} 0 0"]
    count = rand.choice([1, 2, 3, 8, 9])
    first = heads[0] << 32 | heads[1] << 48
    lines.append(f"m 0 400 {count << 16 | first:x} 0 0")
    return [*lines, f"w 0 50 {rand.randrange(2)} 4 0", "y 0 0 0 0 0"]


def _deactivate(rand: random.Random) -> str:
    """GICC_DIR, which is on the second page of the CPU interface."""
    return f"w 1 1000 {rand.randrange(1024):x} 4 {rand.randrange(4)}"


def script(model: str, seed: int, steps: int = STEPS) -> str:
    """Operations for the bench as a program."""
    rand = random.Random(f"{model} {seed}")
    if model == "intc.gicv2":
        lines = [_anything(rand, 0x1000) for _ in range(steps)]
        lines[::50] = [_deactivate(rand) for _ in lines[::50]]
        return "\n".join(lines)
    if model in SMALL:
        return "\n".join(_anything(rand, SMALL[model]) for _ in range(steps))
    lines: list[str] = []
    while model in SHAPES and len(lines) < steps:
        lines += SHAPES[model](rand)
    while len(lines) < steps:
        lines += _ring(rand)
        lines += [_anything(rand, 0x200) for _ in range(rand.randrange(20))]
    return "\n".join(lines)


def chips(model: str, folder: Path) -> list[str]:
    """A chip and what it needs, as the player takes them."""
    images = {name: folder / name for name in ("disk", "disc")}
    for image in images.values():
        image.write_bytes(bytes(1 << 20))
    return [chip.format(**images) for chip in ON_BUSES.get(model, [model])]


def run(
    model: str, seed: int, folder: Path, steps: int = STEPS, timeout: int = 60
) -> subprocess.CompletedProcess[str]:
    """Play one script; what went wrong is in its standard error."""
    return subprocess.run(
        [str(player()), *chips(model, folder)],
        input=script(model, seed, steps),
        capture_output=True,
        text=True,
        timeout=timeout,
    )
