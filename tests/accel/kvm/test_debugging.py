"""Breakpoints and steps on KVM: by the machine's interface, and by the real gdb."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from machinebuilder.machine import Machine
from machinebuilder.machine.failure import MachineError
from tests.accel.kvm.assembly import BASE, assemble, needs_assembler
from tests.accel.kvm.bench import DEADLINE, RECORDER_PORT, Make, end
from tests.debug.real_gdb import gdb, needs_gdb

pytestmark = needs_assembler

# Each nop is preceded by a byte pair that is nowhere else, so that it can be found.
LOOP = """
    movl $0, %ebx
1:  incl %ebx
    xchgb %cl, %cl
    nop
    xchgb %dl, %dl
    nop
    cmpl $5, %ebx
    jne 1b
"""
FIRST, SECOND = b"\x86\xc9", b"\x86\xd2"


def place(body: str, mode: str, mark: bytes) -> int:
    """Where in the image the bytes are."""
    return BASE + assemble(body, mode).index(mark)


@pytest.mark.parametrize("mode", ["protected", "long"])
def test_a_breakpoint_stops_at_each_arrival(make: Make, mode: str) -> None:
    machine = make(LOOP + end(), mode)
    there = place(LOOP + end(), mode, FIRST)
    machine.set_breakpoints([there])
    for arrival in range(1, 6):
        assert machine.run(timeout=DEADLINE).name == "step"
        assert machine.breakpoint_cpu() == 0
        assert machine.cpus[0].get("pc") == there
        assert machine.cpus[0].get("r", 3) == arrival
    assert machine.run(timeout=DEADLINE).name == "poweroff"


@pytest.mark.parametrize("count", [2, 4, 5, 40])
def test_any_number_of_breakpoints_stop_it(make: Make, count: int) -> None:
    machine = make(LOOP + end(), "protected")
    body = LOOP + end()
    places = [place(body, "protected", mark) for mark in (FIRST, SECOND)]
    elsewhere = [BASE + 0x8000 + n for n in range(count - 2)]
    machine.set_breakpoints([*elsewhere, *places])
    for _ in range(5):
        for there in places:
            assert machine.run(timeout=DEADLINE).name == "step"
            assert machine.cpus[0].get("pc") == there
    assert machine.run(timeout=DEADLINE).name == "poweroff"


def test_breakpoints_that_are_taken_away_stop_nothing(make: Make) -> None:
    machine = make(LOOP + end(), "protected")
    machine.set_breakpoints([place(LOOP + end(), "protected", FIRST)])
    assert machine.run(timeout=DEADLINE).name == "step"
    machine.set_breakpoints([])
    assert machine.run(timeout=DEADLINE).name == "poweroff"


def test_a_breakpoint_at_the_first_instruction_stops_there(make: Make) -> None:
    machine = make(end())
    machine.set_breakpoints([0xFFFF_FFF0])
    assert machine.run(timeout=DEADLINE).name == "step"
    assert machine.cpus[0].get("pc") == 0xFFF0
    machine.reset()
    assert machine.run(timeout=DEADLINE).name == "step"
    assert machine.run(timeout=DEADLINE).name == "poweroff"


def test_steps_go_one_instruction(make: Make) -> None:
    body = f"""
    movw ${RECORDER_PORT}, %dx
    inb %dx, %al
    outb %al, %dx
    incl %ecx
    """
    machine = make(body + end(), "protected")
    machine.set_breakpoints([place(body, "protected", b"\x66\xba")])
    assert machine.run(timeout=DEADLINE).name == "step"
    cpu = machine.cpus[0]
    start, count = cpu.get("pc"), cpu.get("r", 1)
    places = []
    for _ in range(4):
        cpu.step()
        places.append(cpu.get("pc") - start)
    assert places == [4, 5, 6, 7]
    assert cpu.get("r", 1) == count + 1
    assert cpu.get("r", 0) & 0xFF == 0x10


def test_a_step_of_a_cpu_that_halts_comes_back(make: Make) -> None:
    machine = make("cli\n9: hlt\njmp 9b\n")
    assert machine.run(timeout=0.1).name == "timeout"
    with pytest.raises(MachineError, match="halted"):
        machine.cpus[0].step()


def test_guest_memory_shows_no_breakpoints(make: Make) -> None:
    machine = make(LOOP + end(), "protected")
    before = machine.memory.read(BASE, 0x1000)
    machine.set_breakpoints([place(LOOP + end(), "protected", FIRST)])
    assert machine.run(timeout=DEADLINE).name == "step"
    assert machine.memory.read(BASE, 0x1000) == before


# -- gdb

FOREVER = LOOP.replace("cmpl $5, %ebx", "cmpl $-1, %ebx") + end()


@pytest.fixture(params=["protected", "long"])
def waiting(make: Make, request: pytest.FixtureRequest) -> Iterator[Machine]:
    """A guest that waits for gdb."""
    machine = make(FOREVER, request.param)
    machine.gdb()
    machine.start()
    machine.mode = request.param  # type: ignore[attr-defined]
    yield machine


def ask(machine: Machine, *commands: str) -> str:
    """What gdb says."""
    assert machine.debugger is not None
    before = ("set architecture i386:x86-64",)
    return gdb(machine.debugger.port, *commands, before=before)


@needs_gdb
def test_gdb_sees_the_reset_state(waiting: Machine) -> None:
    said = ask(waiting, "info registers", "x/1i $pc")
    assert re.search(r"^rip +0xfffffff0 ", said, re.M)
    assert re.search(r"^cs +0xf000 ", said, re.M)
    assert re.search(r"^eflags +0x2 ", said, re.M)


@needs_gdb
def test_gdb_stops_at_breakpoints_steps_and_goes_on(waiting: Machine) -> None:
    there = place(FOREVER, waiting.mode, FIRST)  # type: ignore[attr-defined]
    said = ask(waiting, f"hbreak *{there}", "continue", "p $ebx", "stepi", "p/x $pc",
               "continue", "p $ebx", "delete", f"break *{there}", "continue",
               "p $ebx")  # fmt: skip
    values = re.findall(r"\$\d+ = (\w+)", said)
    assert values == ["1", hex(there + 2), "2", "3"], said


@needs_gdb
def test_gdb_changes_registers_and_memory(waiting: Machine) -> None:
    there = place(FOREVER, waiting.mode, FIRST)  # type: ignore[attr-defined]
    said = ask(waiting, f"break *{there}", "continue", "set $ebx = 1000",
               "set $xmm2.uint128 = 5", "set {int}0x600 = 0x1234", "continue",
               "p $ebx", "p $xmm2.v2_int64[0]", "x/1xw 0x600")  # fmt: skip
    assert re.findall(r"\$\d+ = (\w+)", said) == ["1001", "5"], said
    assert "0x600:\t0x00001234" in said


@needs_gdb
def test_gdb_interrupts_a_running_guest(waiting: Machine) -> None:
    import threading

    threading.Timer(1.0, waiting.debugger._poke).start()  # type: ignore[union-attr]
    said = ask(waiting, "tbreak *0xffff0000", "continue", "p/x $cs")
    assert "Temporary breakpoint 1, 0x00000000ffff0000" in said
