"""Guests that are random bytes: whatever they do, the host goes on."""

from __future__ import annotations

import random

import pytest
from assembler import NAMES

EVENTS = (1, 3, 5)  # powered off, error, timed out
POWER_ON = 7


def random_word(chance: random.Random) -> int:
    if chance.random() < 0.05:
        return chance.getrandbits(32)
    name = chance.choice(list(NAMES))
    immediate = chance.getrandbits(chance.choice((16, 5, 5)))
    return NAMES[name] << 24 | chance.getrandbits(8) << 16 | immediate


@pytest.mark.parametrize("seed", range(12))
def test_random_code_never_hurts_the_host(make, seed):
    chance = random.Random(seed)
    toy = make(cpus=2)
    code = b"".join(random_word(chance).to_bytes(4, "little") for _ in range(0x4000))
    for address in range(0, 0x100000, len(code)):
        toy.ram[address : address + len(code)] = code
    for _ in range(3):
        for register in range(16):
            toy.set("r", chance.getrandbits(chance.choice((22, 32))), register)
        toy.set("pc", chance.getrandbits(20))
        assert toy.run(0.02) in EVENTS
