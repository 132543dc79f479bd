"""The run loop: blocks, links, exits, events, on the toy core."""

from __future__ import annotations

import threading

from assembler import C_LOAD, C_STORE, INDEX, IRQ, OFF, POWER_ON, WFI, Program, encode

POWERED_OFF, STOPPED, TIMED_OUT = 1, 4, 5


def test_a_loop_counts_and_powers_off(make):
    toy = make()
    program = Program().li(1, 100_000).op("movi", 2)
    program.label("loop").op("addi", 2, 2, 3).op("addi", 1, 1, -1).op(
        "bnz", 1, 0, "loop"
    )
    toy.load(program.sys(OFF))
    assert toy.run() == POWERED_OFF
    assert (toy.reg(1), toy.reg(2)) == (0, 300_000)
    assert toy.stats().insns == 3 + 300_000 + 1


def test_loads_and_stores_of_every_width_and_order(make):
    toy = make()
    program = Program().li(1, 0x20000).li(2, 0x8182_8384)
    program.op("st", 2, 1, 0).op("ldb", 3, 1, 1).op("ldsb", 4, 1, 1).op("ldh", 5, 1, 2)
    program.op("ldbe", 6, 1, 0).op("stbe", 2, 1, 8).op("ld", 7, 1, 8)
    program.op("ld", 8, 1, 1).op("sth", 2, 1, 13).op("stb", 2, 1, 16).sys(OFF)
    toy.load(program)
    assert toy.run() == POWERED_OFF
    assert toy.reg(3) == 0x83
    assert toy.reg(4) == 0xFFFF_FF83
    assert toy.reg(5) == 0x8182
    assert toy.reg(6) == 0x8483_8281
    assert toy.reg(7) == 0x8483_8281
    assert toy.reg(8) == 0x0081_8283
    assert toy.ram[0x2000D:0x20011] == b"\x84\x83\x00\x84"


def test_an_access_across_two_pages(make):
    toy = make()
    program = Program().li(1, 0x20FFE).li(2, 0x1122_3344)
    program.op("st", 2, 1, 0).op("ld", 3, 1, 0).sys(OFF)
    toy.load(program)
    assert toy.run() == POWERED_OFF
    assert toy.reg(3) == 0x1122_3344
    assert toy.ram[0x20FFE:0x21002] == b"\x44\x33\x22\x11"


def test_code_that_goes_on_over_many_pages(make):
    toy = make()
    program = Program()
    for _ in range(5000):
        program.op("addi", 1, 1, 1)
    toy.load(program.sys(OFF))
    assert toy.run() == POWERED_OFF
    assert toy.reg(1) == 5000


def test_indirect_jumps_between_pages(make):
    toy = make()
    program = Program().li(1, 3000).li(4, 0x9000)
    program.label("loop").op("bl", 0, 0, "out").op("addi", 1, 1, -1)
    program.op("bnz", 1, 0, "loop").sys(OFF)
    program.label("out").op("jmp", 4)
    far = Program(0x9000).op("addi", 5, 5, 1).op("jmp", 15)
    toy.load(program)
    toy.load(far)
    assert toy.run() == POWERED_OFF
    assert toy.reg(5) == 3000


def test_an_indirect_jump_that_goes_to_and_fro(make):
    """To another page and its own by turns, then to new code at the same places."""
    toy = make()
    toy.load(Program(0x9000).op("addi", 3, 3, 1).op("jmp", 15))
    program = Program().li(8, 0x9000).li(9, 0x1100).li(7, 2)
    program.op("xor", 10, 8, 9).label("again").li(1, 3000)
    program.label("loop").op("bl", 0, 0, "call").op("xor", 8, 8, 10)
    program.op("addi", 1, 1, -1).op("bnz", 1, 0, "loop")
    program.li(2, 0x9000).li(6, encode("addi", 5, 5, 1)).op("st", 6, 2, 0)
    program.li(2, 0x1100).li(6, encode("addi", 4, 4, 2)).op("st", 6, 2, 0)
    program.op("addi", 7, 7, -1).op("bnz", 7, 0, "again").sys(OFF)
    program.label("call").op("jmp", 8)
    toy.load(program.to(0x1100).op("addi", 4, 4, 1).op("jmp", 15))
    assert toy.run() == POWERED_OFF
    assert [toy.reg(i) for i in (3, 4, 5)] == [1500, 1500 + 2 * 1500, 1500]


def test_helpers_load_and_store(make):
    toy = make()
    program = (
        Program().li(1, 0x20000).li(2, 0xCAFE_F00D).sys(C_STORE, 1, 2).sys(C_LOAD, 1)
    )
    toy.load(program.sys(OFF))
    assert toy.run() == POWERED_OFF
    assert toy.reg(0) == 0xCAFE_F00D


def test_stop_from_another_thread_and_run_again(make):
    toy = make()
    toy.load(Program().label("loop").op("addi", 1, 1, 1).op("b", 0, 0, "loop"))
    threading.Timer(0.05, toy.lib.mb_machine_stop, [toy.machine]).start()
    assert toy.run() == STOPPED
    before = toy.reg(1)
    while toy.reg(1) == before:
        assert toy.run(0.02) == TIMED_OUT


def test_a_halted_cpu_sleeps_until_its_line_rises(make):
    toy = make()
    program = Program().sys(WFI).op("movi", 1, 0, 7).sys(OFF)
    toy.load(program)
    assert toy.run(0.05) == TIMED_OUT
    assert toy.reg(1) == 0
    toy.set("irq_line", 1)
    assert toy.run() == POWERED_OFF
    assert toy.reg(1) == 7


def test_an_interrupt_enters_its_vector_between_instructions(make):
    toy = make()
    program = Program().li(1, 1).sys(IRQ, 1)
    program.label("loop").op("addi", 2, 2, 1).op("b", 0, 0, "loop")
    toy.load(program)
    toy.load(Program(0x10).op("movi", 3, 0, 9).sys(OFF))
    while toy.reg(2) == 0:
        assert toy.run(0.02) == TIMED_OUT
    toy.set("irq_line", 1)
    assert toy.run() == POWERED_OFF
    assert toy.reg(3) == 9
    assert toy.get("epc") in (0x100C, 0x1010)


def test_single_steps(make):
    toy = make()
    toy.load(Program().op("movi", 1, 0, 5).op("addi", 1, 1, 1).op("addi", 1, 1, 1))
    pcs = []
    for _ in range(3):
        assert toy.lib.mb_cpu_step(toy.cpus[0]) == 0
        pcs.append(toy.get("pc"))
    assert pcs == [0x1004, 0x1008, 0x100C]
    assert toy.reg(1) == 7


def test_cpus_start_each_other_and_add_atomically(make):
    toy = make(cpus=4)
    program = Program().li(3, 0x1100)
    for index in (1, 2, 3):
        program.op("movi", 4, 0, index).sys(POWER_ON, 4, 3)
    program.op("b", 0, 0, "work")
    program.to(0x1100).label("work").sys(INDEX).li(5, 0x20000).li(6, 2000)
    program.label("add").op("ld", 8, 5, 0).label("again")
    program.op("addi", 9, 8, 1).op("cas", 10, 5, 8).op("xor", 11, 10, 8)
    program.op("addi", 8, 10, 0).op("bnz", 11, 0, "again")
    program.op("addi", 6, 6, -1).op("bnz", 6, 0, "add")
    # Whoever finishes last powers off: a second counter.
    program.li(5, 0x20040).op("ld", 8, 5, 0).label("done")
    program.op("addi", 9, 8, 1).op("cas", 10, 5, 8).op("xor", 11, 10, 8)
    program.op("addi", 8, 10, 0).op("bnz", 11, 0, "done")
    program.li(12, 4).op("xor", 13, 9, 12).op("bnz", 13, 0, "sleep").sys(OFF)
    program.label("sleep").sys(WFI).op("b", 0, 0, "sleep")
    toy.load(program)
    assert toy.run(30) == POWERED_OFF
    assert toy.word(0x20000) == 8000


def test_no_code_is_left_out_when_the_cache_is_full(make, monkeypatch):
    monkeypatch.setenv("MB_CODE_KIB", "256")
    toy = make()
    program = Program(0x100000).li(1, 3).li(4, 0x80000)
    program.label("loop")
    for index in range(20000):
        program.op("addi", 2, 2, index & 15).op("st", 2, 4, 0)
        if index % 8 == 7:
            program.op("b", 0, 0, 1)
    program.op("addi", 1, 1, -1).op("bnz", 1, 0, 2)
    program.sys(OFF).li(3, 0x100010).op("jmp", 3)
    toy.load(program)
    toy.load(Program().li(1, 0x100000).op("jmp", 1))
    assert toy.run(30) == POWERED_OFF
    assert toy.reg(2) == 3 * sum(i & 15 for i in range(20000))
    if toy.stats().block_bytes:
        assert toy.stats().flushes > 0
