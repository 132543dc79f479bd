"""The firmware configuration and QEMU's: the same requests, the same answers.

Not compared: items that only one of them has.
"""

from __future__ import annotations

import random

import pytest

from devicelib.firmware.fw_cfg_io import FirmwareConfigIo
from tests.qtest import Qemu, needs_qemu

NAME, TEXT = "opt/org.test/text", b"a file for firmware"
REQUEST, TARGET = 0x1000, 0x2000
READ, SKIP, SELECT, WRITE = 2, 4, 8, 16
SIGNATURE, VERSION, DIRECTORY, NONE = 0x00, 0x01, 0x19, 0x3FFF


class Ours:
    """Our chip, asked like QEMU's."""

    def __init__(self, bench):
        self.bench = bench
        self.chip = bench.attach(FirmwareConfigIo)
        self.chip.device.configure({NAME: TEXT})

    def out(self, port, value, width="b"):
        size = {"b": 1, "w": 2, "l": 4}[width]
        region, base = ("ports", 0x510) if port < 0x514 else ("dma", 0x514)
        self.chip.write(port - base, value, size, region)

    def inp(self, port):
        return self.chip.read(port & 1, 1, "ports")

    def write(self, address, data):
        self.bench.memory[address : address + len(data)] = data

    def read(self, address, size):
        return bytes(self.bench.memory[address : address + size])


def item(chip, number, size):
    chip.out(0x510, number, "w")
    return bytes(chip.inp(0x511) for _ in range(size))


def file_number(chip, name):
    """The item that the directory says is that file."""
    count = int.from_bytes(item(chip, DIRECTORY, 4), "big")
    listing = item(chip, DIRECTORY, 4 + 64 * count)[4:]
    entries = [listing[at : at + 64] for at in range(0, len(listing), 64)]
    found = next(e for e in entries if e[8:].rstrip(b"\0") == name.encode())
    assert int.from_bytes(found[:4], "big") == len(TEXT)
    return int.from_bytes(found[4:6], "big")


def ask(chip, control, length):
    """A request through memory: the control word that comes back, and the target."""
    chip.write(TARGET, b"\xee" * 64)
    words = (control, length, 0, TARGET)
    chip.write(REQUEST, b"".join(word.to_bytes(4, "big") for word in words))
    chip.out(0x518, int.from_bytes(REQUEST.to_bytes(4, "big"), "little"), "l")
    return chip.read(REQUEST, 4), chip.read(TARGET, 64)


@needs_qemu
@pytest.mark.parametrize("seed", range(2))
def test_it_answers_as_qemus_does(bench, seed):
    rand, ours = random.Random(seed), Ours(bench)
    file = f"name={NAME},string={TEXT.decode()}"
    with Qemu("-fw_cfg", file) as theirs:
        chips = ours, theirs
        files = [file_number(chip, NAME) for chip in chips]
        for step in range(300):
            control = rand.choice([READ, READ, SKIP, WRITE, 0, READ | SKIP])
            number = rand.choice([None, SIGNATURE, VERSION, NONE, "file"])
            length = rand.randrange(1, 40)
            found = []
            for chip, own in zip(chips, files, strict=True):
                chosen = own if number == "file" else number
                select = 0 if chosen is None else chosen << 16 | SELECT
                found.append((ask(chip, control | select, length), chip.inp(0x511)))
            assert found[0] == found[1], f"step {step}: {control} {number} {length}"
