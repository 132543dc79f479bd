"""SPARC for debuggers: a board without anything to boot."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from machinebuilder import Board
from machinebuilder.debug.protocol import Protocol
from machinebuilder.debug.target import Target
from machinebuilder.machine import Machine
from tests.debug.real_gdb import gdb, needs_gdb

BOARD = """\
board: bare
summary: A processor and memory
cpus:
  cpu: {model: sparc.microsparc2}
devices:
  ram: {model: mem.ram, at: 0, size: 1 MiB}
"""


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    file = tmp_path / "bare.yaml"
    file.write_text(BOARD)
    with Board.load(file).build() as machine:
        yield machine


@pytest.fixture
def protocol(machine: Machine) -> Protocol:
    return Protocol(Target(machine))


def number(protocol: Protocol, name: str) -> bytes:
    names = re.findall(r'reg name="(\w+)"', protocol.target.xml().decode())
    return b"%x" % names.index(name)


def test_registers_have_gdbs_names_and_the_guests_byte_order(
    protocol: Protocol, machine: Machine
) -> None:
    machine.cpus[0].set("r", 0x1234_5678, 14)
    assert protocol.answer(b"p" + number(protocol, "sp")) == b"12345678"
    assert protocol.answer(b"P%s=ffffffff" % number(protocol, "g0")) == b"OK"
    assert protocol.answer(b"p" + number(protocol, "g0")) == b"00000000"
    machine.cpus[0].set("fpr", 0x3F80_0000, 1)
    assert protocol.answer(b"p" + number(protocol, "f0")) == b"3f800000"


def test_what_is_set_is_read(protocol: Protocol) -> None:
    for name in ("y", "wim", "o3", "l7", "fp", "f31", "pc", "npc"):
        place = number(protocol, name)
        assert protocol.answer(b"P%s=0000007c" % place) == b"OK"
        assert protocol.answer(b"p" + place) == b"0000007c"
    for name, value in (("psr", 0x00F0_1F60), ("fsr", 0x8F80_0C1F | 0x3E0)):
        place = number(protocol, name)
        protocol.answer(b"P%s=%08x" % (place, value))
        answer = protocol.answer(b"p" + place)
        assert isinstance(answer, bytes)
        assert int(answer, 16) & value == value


@pytest.fixture
def program(machine: Machine) -> Machine:
    """A branch, its delay slot, its target."""
    nop = 0x0100_0000
    words = [0x1080_0004, 0x8200_6001, 0, 0, 0x8200_6010]  # ba +16; inc %g1; add 16
    machine.memory.write(0x1000, struct.pack(">10I", *words, *[nop] * 5))
    cpu = machine.cpus[0]
    cpu.set("mmu_control", 0)  # no boot mode, no MMU
    cpu.set("pc", 0x1000)
    return machine


def test_the_delay_slot_is_seen(protocol: Protocol, program: Machine) -> None:
    cpu = program.cpus[0]
    seen = []
    for _ in range(4):
        places = (protocol.answer(b"p" + number(protocol, n)) for n in ("pc", "npc"))
        seen.append((*places, cpu.get("r", 1)))
        cpu.step(masked=True)
    assert seen == [
        (b"00001000", b"00001004", 0),
        (b"00001004", b"00001010", 0),
        (b"00001010", b"00001014", 1),
        (b"00001014", b"00001018", 17),
    ]


def test_npc_makes_a_delay_slot(protocol: Protocol, program: Machine) -> None:
    npc = number(protocol, "npc")
    assert program.cpus[0].get_flag("delayed") == 0
    protocol.answer(b"P%s=00001010" % npc)
    assert program.cpus[0].get_flag("delayed") == 1
    protocol.answer(b"P%s=00001004" % npc)
    assert program.cpus[0].get_flag("delayed") == 0


@needs_gdb
def test_gdb_steps_through_a_delay_slot(program: Machine) -> None:
    port = program.gdb().port
    program.start()
    said = gdb(port, "p $pc", "stepi", "stepi", "p $npc", "stepi", "p $g1", "kill",
               before=("set endian big",))  # fmt: skip
    assert "0x00001004 in ?? ()" in said
    assert "0x00001010 in ?? ()" in said
    assert "$2 = (void (*)()) 0x1014" in said
    assert "$3 = 17" in said
