"""Random use of native chips under sanitizers: no crash, no stray access, no hang."""

from __future__ import annotations

import random
import subprocess
from functools import cache
from pathlib import Path

import pytest
from native_bench import RAM, compiled

MODELS = ["intc.gicv2", "virtio.blk", "virtio.net", "virtio.console", "virtio.rng"]
STEPS = 4000
VIRTIO_START = [(0x70, 1), (0x70, 3), (0x24, 1), (0x20, 1), (0x24, 0), (0x70, 11)]
INTERESTING = [0, 1, 2, 7, 15, 0xFF, 0xFFFF, 0x8000_0000, 0xFFFF_FFFF, 2**64 - 1]


@cache
def player() -> Path:
    """The bench as a program, with sanitizers."""
    options = ["-DBENCH_MAIN", "-fsanitize=address,undefined", "-fno-sanitize-recover"]
    return compiled("native_bench", *options)


def _value(rand: random.Random) -> int:
    return rand.choice(
        [*INTERESTING, rand.getrandbits(32), RAM + 64 * rand.randrange(99)]
    )


def _anything(rand: random.Random, span: int) -> str:
    op = rand.choice("wwwwrrrrimmmmgs")
    if op in "wr":
        size = rand.choice([1, 2, 4, 4, 4, 8])
        offset = rand.randrange(span) & ~(size - 1)
        region = rand.randrange(2) if span > 0x200 else 0
        return f"{op} {region:x} {offset:x} {_value(rand):x} {size} {rand.randrange(4)}"
    if op == "m":
        address, value = 2 * rand.randrange(0x800), rand.getrandbits(16)
        return f"m 0 {address:x} {value:x} 0 0"
    index = rand.randrange(300)
    return f"{op} {rand.randrange(2)} {index:x} {rand.getrandbits(12):x} 5 1"


def _ring(rand: random.Random) -> list[str]:
    """A device started with a queue, and requests in it that make some sense."""
    lines = ["w 0 70 0 4 0"]
    lines += [f"w 0 {at:x} {value:x} 4 0" for at, value in VIRTIO_START]
    places = [(0x80, RAM), (0x90, RAM + 0x400), (0xA0, RAM + 0x800)]
    for queue in range(2):
        lines += [f"w 0 {0x30:x} {queue} 4 0", f"w 0 {0x38:x} 8 4 0"]
        lines += [f"w 0 {at:x} {place:x} 4 0" for at, place in places]
        lines.append(f"w 0 {0x44:x} 1 4 0")
    lines.append("w 0 70 f 4 0")
    for n in range(8):
        length, flags = rand.choice([16, 1, 513, 4096]), rand.randrange(8)
        word = length | flags << 32 | rand.randrange(9) << 48
        address = RAM + 0x1000 + rand.choice([0, 64, rand.randrange(1 << 20)])
        lines += [f"m 0 {16 * n:x} {address:x} 0 0", f"m 0 {16 * n + 8:x} {word:x} 0 0"]
        lines.append(f"m 0 {0x1000 + 64 * n:x} {rand.randrange(14):x} 0 0")
    count = rand.randrange(12)
    lines += [f"m 0 400 {count << 16:x} 0 0", f"w 0 50 {rand.randrange(3)} 4 0"]
    return lines


def _script(model: str, seed: int) -> str:
    rand = random.Random(f"{model} {seed}")
    if model == "intc.gicv2":
        return "\n".join(_anything(rand, 0x1000) for _ in range(STEPS))
    lines: list[str] = []
    while len(lines) < STEPS:
        lines += _ring(rand)
        lines += [_anything(rand, 0x200) for _ in range(rand.randrange(20))]
    return "\n".join(lines)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("model", MODELS)
def test_random_use_ends_well(model: str, seed: int, tmp_path: Path) -> None:
    image = tmp_path / "disk.img"
    image.write_bytes(bytes(1 << 20))
    command = [str(player()), model, *([str(image)] if model == "virtio.blk" else [])]
    done = subprocess.run(
        command, input=_script(model, seed), capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr[-3000:]
