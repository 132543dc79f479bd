"""Random use of Python chips on their bench: no exception, no value out of range."""

from __future__ import annotations

import random
from typing import Any

from machinebuilder.device import Device


def hammer(probe: Any, chip: type[Device], seed: int, steps: int = 1500) -> None:
    """Random accesses of every size, anywhere in the windows."""
    rng = random.Random(seed)
    offsets = [reg.offset + rng.randrange(reg.count) * reg.step
               for reg in chip.regs.values()]  # fmt: skip
    for name, region in chip.regions.items():
        if region.bus:
            continue
        sizes = [size for size in (1, 2, 4, 8) if size <= (region.span or 8)]
        for _ in range(steps):
            size = rng.choice(sizes)
            limit = (region.span or 0x10000) - size
            offset = rng.choice([*offsets, rng.randrange(limit + 1)])
            offset = min(offset // size * size, limit)
            if rng.random() < 0.5:
                probe.write(offset, rng.getrandbits(8 * size), size, name)
            else:
                value = probe.read(offset, size, name)
                assert 0 <= value < 1 << 8 * size


def _fill_memory(bench: Any, seed: int) -> None:
    """What a chip that reads guest memory finds there: small numbers and addresses."""
    rng = random.Random(seed)
    words = [
        rng.choice([0, 1, 2, 0x10, 0x1000, rng.getrandbits(32)]) for _ in range(64)
    ]
    block = b"".join(word.to_bytes(4, "big") for word in words)
    bench.memory[:] = block * (len(bench.memory) // len(block))


def use_hostilely(bench: Any, chip: type[Device], seed: int, steps: int = 1500) -> None:
    """Accesses, inputs, time, snapshots, reset: as guest and host may bring them."""
    _fill_memory(bench, seed)
    probe = bench.attach(chip, size=0x40000)
    hammer(probe, chip, seed, steps)
    for port, line in chip.ins.items():
        for index in range(line.count if isinstance(line.count, int) else 1):
            probe.drive(port, 1, index)
    probe.receive(bytes(range(256)))
    bench.sleep(1)
    saved = probe.save()
    hammer(probe, chip, seed + 100, steps)
    probe.reset()
    probe.restore(saved)
    assert probe.save() == saved
