"""Breakpoints and steps in the engine, with every way to run a CPU."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from machinebuilder import Board
from machinebuilder.machine import Machine

ENTRY = 0  # firmware in flash

COUNT = (  # a loop that counts in r0, over a function call, and a loop of its own
    0xE280_0001,  # 00: add r0, r0, #1
    0xEB00_0000,  # 04: bl 0c
    0xEAFF_FFFC,  # 08: b 00
    0xE281_1001,  # 0c: add r1, r1, #1
    0xE12F_FF1E,  # 10: bx lr
)
ALONE = (0xEAFF_FFFE, 0x1AFF_FFFE)  # b . and bne .

Maker = Callable[..., Machine]


@pytest.fixture(params=["translate", "interpret", "virtual"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Maker]:
    """Machines whose firmware is a few words."""
    with ExitStack() as stack:

        def maker(*words: int, cpus: int = 1) -> Machine:
            firmware = tmp_path / "firmware.bin"
            firmware.write_bytes(struct.pack(f"<{len(words)}I", *words))
            virtual = request.param == "virtual"
            machine = Board.load("arm-virt", cpus=cpus, ram="64 MiB").build(
                firmware=firmware,
                accel="translate" if virtual else request.param,
                clock="virtual" if virtual else None,
            )
            return stack.enter_context(machine)

        yield maker


def test_a_cpu_stops_at_each_arrival(make: Maker) -> None:
    machine = make(*COUNT)
    cpu = machine.cpus[0]
    machine.set_breakpoints([0x0C])
    for arrival in range(1, 20):
        assert machine.run(timeout=20).name == "step"
        assert machine.breakpoint_cpu() == 0
        assert (cpu.get("pc"), cpu.get("r", 0)) == (0x0C, arrival)
        assert cpu.get("r", 1) == arrival - 1


def test_the_first_instruction_can_have_one(make: Maker) -> None:
    machine = make(*COUNT)
    machine.set_breakpoints([0, 4])
    for expected in (0, 4, 0, 4):
        assert machine.run(timeout=20).name == "step"
        assert machine.cpus[0].get("pc") == expected
    assert machine.cpus[0].get("r", 0) == 2


def test_one_can_be_set_in_code_that_ran_before(make: Maker) -> None:
    machine = make(*COUNT)
    assert machine.run(timeout=0.1).name == "timeout"
    machine.set_breakpoints([0x10])
    assert machine.run(timeout=20).name == "step"
    assert machine.cpus[0].get("pc") == 0x10
    machine.set_breakpoints([])
    assert machine.run(timeout=0.1).name == "timeout"


@pytest.mark.parametrize("word", ALONE)
def test_a_jump_to_itself_stops_at_each_round(make: Maker, word: int) -> None:
    machine = make(word)
    machine.set_breakpoints([0])
    for _ in range(3):
        assert machine.run(timeout=20).name == "step"
    assert machine.cpus[0].get("insns") == 2


def test_a_step_is_one_instruction(make: Maker) -> None:
    machine = make(*COUNT)
    cpu = machine.cpus[0]
    machine.set_breakpoints([8])
    trace = []
    for _ in range(7):
        cpu.step(masked=True)
        trace.append(cpu.get("pc"))
    assert trace == [0x04, 0x0C, 0x10, 0x08, 0x00, 0x04, 0x0C]
    assert cpu.get("insns") == 7


@pytest.mark.parametrize("word", ALONE)
def test_a_step_of_a_jump_to_itself_ends(make: Maker, word: int) -> None:
    machine = make(word)
    for count in (1, 2, 3):
        machine.cpus[0].step(masked=True)
        assert machine.cpus[0].get("insns") == count


def test_two_cpus_are_told_one_after_the_other(make: Maker) -> None:
    machine = make(*COUNT, cpus=2)
    machine.cpus[1].start_at(0)
    machine.set_breakpoints([0x0C])
    told = []
    for _ in range(60):
        assert machine.run(timeout=20).name == "step"
        told.append(machine.breakpoint_cpu())
        assert machine.cpus[told[-1]].get("pc") == 0x0C
    # A CPU that arrived while the other was told is not forgotten.
    for cpu in machine.cpus:
        arrivals = told.count(cpu.index)
        assert cpu.get("r", 0) in (arrivals, arrivals + 1)
    assert set(told) == {0, 1}
