"""A real gdb debugs the built-in monitor."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from machinebuilder import Board
from machinebuilder.machine import Machine
from tests.debug.real_gdb import DEADLINE, gdb, needs_gdb

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "debugging.md"
ENTRY = 0x4000_8000
LOOP = ENTRY + 0x20  # cmp; strlo; blo in guests/monitor/start-arm.S

pytestmark = needs_gdb


@pytest.fixture(params=["real", "virtual"])
def machine(request: pytest.FixtureRequest) -> Iterator[Machine]:
    """The monitor with two CPUs, waiting for gdb."""
    board = Board.load("arm-virt", cpus=2, ram="64 MiB")
    with board.build(clock=request.param) as machine:
        machine.gdb()
        machine.start()
        yield machine


@pytest.fixture
def port(machine: Machine) -> int:
    assert machine.debugger is not None
    return machine.debugger.port


def test_it_waits_before_the_first_instruction(machine: Machine, port: int) -> None:
    assert machine.wait(0.3) is None
    assert machine.cpus[0].get("insns") == 0
    said = gdb(port, "info registers", "info threads")
    assert re.search(r"^pc +0x40008000 ", said, re.M)
    assert re.search(r"^cpsr +0x1d3 ", said, re.M)
    assert re.search(r"^\* 1 .*\(cpu\.0: arm\.cortex-a15\) 0x40008000", said, re.M)
    assert re.search(r"^  2 .*\(cpu\.1: arm\.cortex-a15\)", said, re.M)


def test_code_at_pc_is_the_guests_memory(machine: Machine, port: int) -> None:
    memory = machine.memory.read(ENTRY, 16)
    said = gdb(port, "disassemble /r $pc,+16")
    words = re.findall(r"^(?:=> |   )0x.*:\t((?:[0-9a-f]{2} ?){4})\t", said, re.M)
    assert b"".join(bytes.fromhex(word)[::-1] for word in words) == memory
    assert "sub\tr3, pc, #8" in said


def test_a_breakpoint_stops_at_each_arrival(port: int) -> None:
    said = gdb(port, f"break *{LOOP}", "continue", "p/x $r4", "continue", "p/x $r4")
    assert said.count(f"Breakpoint 1, 0x{LOOP:08x}") == 2
    first, second = (int(v, 16) for v in re.findall(r"\$\d = (0x[0-9a-f]+)", said))
    assert second == first + 4


def test_steps_go_one_instruction(port: int) -> None:
    said = gdb(port, *["stepi"] * 3, "p $pc", f"break *{LOOP}", "continue",
               "stepi", "stepi", "stepi", "p $pc")  # fmt: skip
    places = re.findall(r"\$\d = .* (0x[0-9a-f]+)$", said, re.M)
    assert [int(place, 16) for place in places] == [ENTRY + 12, LOOP]


def test_registers_and_memory_are_set(machine: Machine, port: int) -> None:
    said = gdb(
        port, "set $r7 = 0x1234", "set $d3 = 1.5", "set $cpsr = 0xa00001d3",
        "set {int}0x40000000 = 0x11223344", "p $d3", "x/1xw 0x40000000",
        "x/1xw 0xf0000000",
    )  # fmt: skip
    assert "$1 = 1.5" in said
    assert "0x40000000:\t0x11223344" in said
    assert "Cannot access memory at address 0xf0000000" in said


def test_a_detached_guest_goes_on(machine: Machine, port: int) -> None:
    gdb(port, f"break *{LOOP}", "continue", "detach")
    machine.console.expect("mb> ", DEADLINE)
    assert "mb>" not in gdb(port, "p $pc", "detach")  # and gdb may come again
    machine.console.write("help\r")
    machine.console.expect("poke", DEADLINE)


def test_a_reset_starts_over_under_the_debugger(port: int) -> None:
    said = gdb(port, f"break *{LOOP}", "continue", "delete", "monitor reset",
               "maintenance flush register-cache", "p $pc")  # fmt: skip
    assert "the machine was reset" in said
    assert re.search(r"^\$1 = .*0x40008000$", said, re.M)


def test_a_guests_reset_keeps_breakpoints(machine: Machine, port: int) -> None:
    machine.console.write("reset\r")
    said = gdb(port, f"break *{ENTRY}", "continue", "p $pc")
    assert f"Breakpoint 1, 0x{ENTRY:08x}" in said


def test_killing_the_guest_ends_mb(tmp_path: Path) -> None:
    mb = subprocess.Popen(
        [sys.executable, "-m", "machinebuilder", "run", "arm-virt", "--gdb", "0"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    try:
        assert mb.stderr is not None
        told = re.search(r"target remote 127\.0\.0\.1:(\d+)", mb.stderr.readline())
        assert told is not None
        gdb(int(told[1]), "stepi", "kill")
        assert mb.wait(DEADLINE) == 0
    finally:
        mb.kill()
        mb.communicate()


def test_the_example_of_the_documentation_works(port: int) -> None:
    example = re.search(r"```gdb\n(.*?)```", DOCUMENT.read_text(), re.S)
    assert example is not None
    commands = re.findall(r"^\(gdb\) (.*)$", example[1], re.M)
    assert commands[0].startswith("target remote")
    said = gdb(port, *commands[1:])
    for line in example[1].splitlines():
        if line and not line.startswith("(gdb)"):
            assert line in [said_line.rstrip() for said_line in said.splitlines()]
