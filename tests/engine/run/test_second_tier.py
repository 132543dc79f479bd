"""Hot units: made by a thread of their own while CPUs run, and right at any moment."""

from __future__ import annotations

import time

import pytest
from assembler import INDEX, OFF, POWER_ON, Program, encode

POWERED_OFF, TIMED_OUT = 1, 5
usual = pytest.mark.parametrize("mode", ["translated"], indirect=True)


def tiers(toy, pc: int) -> set[int]:
    """Of the units at `pc` that were found at work."""
    rows = toy.ffi.new("struct mb_profile_row[64]")
    elsewhere = toy.ffi.new("uint64_t *")
    count = toy.lib.mb_machine_profile(toy.machine, rows, 64, elsewhere)
    return {rows[i].tier for i in range(count) if rows[i].pc == pc}


def run_until(toy, done, seconds: float = 10.0) -> None:
    """In short runs, as the second tier's thread needs its time."""
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "it never came"
        assert toy.run(timeout=0.02) == TIMED_OUT


def spin_until_hot(toy) -> int:
    """Run a loop of two instructions until it is hot; gives its address."""
    program = Program()
    start = program.here
    toy.load(program.label("top").op("addi", 3, 3, 1).op("b", 0, 0, "top"))
    run_until(toy, lambda: max(tiers(toy, start), default=0) > 0)
    return start


@usual
def test_a_unit_at_work_is_made_again(make):
    toy = make()
    spin_until_hot(toy)


@usual
def test_what_it_counted_goes_on(make):
    toy = make()
    program = Program().li(1, 0x20000)
    start = program.here
    program.label("top").op("addi", 3, 3, 1).op("addi", 4, 4, 1).op("st", 3, 1, 0)
    toy.load(program.op("b", 0, 0, "top"))
    run_until(toy, lambda: max(tiers(toy, start), default=0) > 0)
    toy.run(timeout=0.02)
    assert toy.reg(3) - toy.reg(4) in (0, 1)
    assert toy.reg(3) - toy.word(0x20000) in (0, 1)


@usual
def test_code_that_another_cpu_changes(make):
    """CPU 1 writes the step of CPU 0's loop, hot or not; CPU 0 answers with what it
    does, and CPU 1 goes on when it sees its step."""
    rounds, step_at = 200, 0x2000
    toy = make(cpus=2)
    loop = Program(step_at).label("top").op("addi", 3, 3, 1).op("movi", 4, 0, 0)
    loop.op("st", 4, 5, 0).op("addi", 6, 6, 1).op("b", 0, 0, "top")
    writer = Program(0x4000).li(1, step_at + 4).li(2, encode("movi", 4, 0, 0))
    writer.li(5, 0x20000).li(7, rounds)
    writer.label("next").op("addi", 2, 2, 1).op("addi", 8, 8, 1).op("st", 2, 1, 0)
    writer.label("wait").op("ld", 9, 5, 0).op("sub", 10, 9, 8).op("bnz", 10, 0, "wait")
    # Long enough to become hot now and then.
    writer.li(11, 3_000_000).label("idle").op("addi", 11, 11, -1).op(
        "bnz", 11, 0, "idle"
    )
    writer.op("addi", 7, 7, -1).op("bnz", 7, 0, "next").sys(OFF)
    start = Program().li(1, 1).li(2, 0x4000).sys(POWER_ON, 1, 2).sys(INDEX)
    start.li(5, 0x20000).li(1, step_at).op("jmp", 1)
    for program in (loop, writer, start):
        toy.load(program)
    assert toy.run(timeout=30) == POWERED_OFF
    assert toy.word(0x20000) == rounds


@usual
def test_a_debugger_s_breakpoint_in_a_hot_loop(make):
    toy = make()
    start = spin_until_hot(toy)
    where = toy.ffi.new("uint64_t[]", [start])
    for _ in range(20):
        assert toy.lib.mb_machine_set_breakpoints(toy.machine, where, 1) == 0
        assert toy.run(timeout=5) == 6
        assert toy.get("pc") == start
        assert toy.lib.mb_machine_set_breakpoints(toy.machine, where, 0) == 0
        assert toy.run(timeout=0.01) == TIMED_OUT


@usual
def test_a_small_cache_is_emptied_under_it(make, monkeypatch):
    """Hot units fill their part, so that everything goes, again and again."""
    monkeypatch.setenv("MB_CODE_KIB", "256")
    toy = make()
    program = Program(0x100000).li(4, 0x80000)
    for part in range(120):
        program.li(1, 300000).label(f"loop{part}")
        for index in range(12):
            program.op("addi", 2, 2, index + part).op("st", 2, 4, 4 * index)
        program.op("addi", 1, 1, -1).op("bnz", 1, 0, f"loop{part}")
    toy.load(program.sys(OFF))
    toy.load(Program().li(1, 0x100000).op("jmp", 1))
    assert toy.run(timeout=60) == POWERED_OFF
    wanted = 300000 * sum(index + part for part in range(120) for index in range(12))
    assert toy.reg(2) == wanted & 0xFFFF_FFFF
    assert toy.stats().flushes > 0


def nested(program: Program) -> Program:
    """A loop that calls a function that calls another; r2 counts what they did."""
    program.li(14, 0x30000).li(1, 5000).label("loop").op("bl", 0, 0, "outer")
    program.op("addi", 2, 2, 1).op("addi", 1, 1, -1).op("bnz", 1, 0, "loop").sys(OFF)
    program.label("outer").op("st", 15, 14, 0).op("addi", 14, 14, 4)
    program.op("bl", 0, 0, "inner").op("addi", 2, 2, 10)
    program.op("addi", 14, 14, -4).op("ld", 13, 14, 0).op("jmp", 13)
    return program.label("inner").op("addi", 2, 2, 100).op("jmp", 15)


@pytest.mark.parametrize("mode", ["translated", "long", "interpreted"], indirect=True)
def test_calls_within_calls_return(make):
    toy = make()
    toy.load(nested(Program()))
    assert toy.run() == POWERED_OFF
    assert (toy.reg(2), toy.reg(14)) == (5000 * 111, 0x30000)


@pytest.mark.parametrize("mode", ["long", "interpreted"], indirect=True)
def test_a_function_may_return_elsewhere(make):
    """It changes the address that it returns to, every other time."""
    toy = make()
    program = Program().li(14, 0x30000).li(1, 1000)
    program.label("loop").op("bl", 0, 0, "f").op("addi", 2, 2, 1)
    program.label("other").op("addi", 3, 3, 1).op("addi", 1, 1, -1)
    program.op("bnz", 1, 0, "loop").sys(OFF)
    program.label("f").op("st", 15, 14, 0).op("ld", 4, 14, 0)
    program.op("addi", 5, 5, 1).op("addi", 6, 0, 1).op("xor", 7, 7, 6)
    program.op("bnz", 7, 0, "odd").op("jmp", 4)
    toy.load(program.label("odd").op("addi", 4, 4, 4).op("jmp", 4))
    assert toy.run() == POWERED_OFF
    assert [toy.reg(i) for i in (2, 3, 5)] == [500, 1000, 1000]
