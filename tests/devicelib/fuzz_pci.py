"""Random use of a PC's PCI bridge and its functions on the real engine, without a CPU:
configuration space, base addresses that overlap RAM and each other, shadow RAM, and
accesses to what is then seen on the buses."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

from pci.conftest import BOARD, Pci

from machinebuilder import Board
from machinebuilder.machine import Machine

FUNCTIONS = [(0, 0), (1, 0), (1, 3), (2, 0), (3, 0)]
BARS = [0x10, 0x14, 0x18, 0x1C, 0x20, 0x24, 0x30]
OFFSETS = [4, 4, 4, 5, 6, 0x3C, 0x59, 0x5A, 0x5F, 0x60, 0x72, 0x72, 0x80, 0x40, 0x42]
ADDRESSES = [
    0,
    0xA_0000,
    0xC_0000,
    0xE_0000,
    0xFE00_0000,
    0xFFFF_FFFF,
    0x10_0000,
    0xCF8,
]


def _value(rng: random.Random) -> int:
    address = rng.choice(ADDRESSES)
    return rng.choice([0, 1, 7, address, address | 1, 0x33, rng.getrandbits(32)])


def _configure(pci: Pci, rng: random.Random) -> None:
    slot, function = rng.choice([*FUNCTIONS, (rng.randrange(32), rng.randrange(8))])
    offset = rng.choice([*BARS, *OFFSETS, rng.randrange(256)])
    size = rng.choice([1, 2, 4])
    offset &= ~(size - 1)
    pci.write(slot, function, offset, _value(rng) & (1 << 8 * size) - 1, size)
    assert 0 <= pci.read(slot, function, offset, size) < 1 << 8 * size


def _touch(machine: Machine, rng: random.Random) -> None:
    """A byte or more of the bus of memory, where windows meet."""
    memory = machine.memory
    address = max(0, rng.choice(ADDRESSES) + rng.randrange(-8, 0x2_0000))
    size = rng.choice([1, 2, 4, 8, 100])
    try:
        if rng.random() < 0.5:
            memory.write(address, rng.randbytes(size))
        else:
            memory.read(address, size)
    except ValueError:
        pass  # nothing is there


def use_hostilely(seed: int, steps: int) -> None:
    """One machine, used for so many steps."""
    rng = random.Random(f"pci {seed}")
    with tempfile.TemporaryDirectory() as folder:
        board = Path(folder) / "board.yaml"
        board.write_text(BOARD)
        with Board.load(board).build(net="none") as machine:
            pci = Pci(machine)
            for _ in range(steps):
                _configure(pci, rng) if rng.random() < 0.6 else _touch(machine, rng)
                if rng.random() < 0.001:
                    machine.reset()
