"""Address spaces, faults, TLB flushes and code that changes, on the toy core."""

from __future__ import annotations

from assembler import (
    ERET,
    FAULT_VA,
    FLUSH_PAGE,
    FLUSH_PAGE_HERE,
    OFF,
    POWER_ON,
    SET_EPC,
    TTBR,
    Program,
    encode,
)

POWERED_OFF, TIMED_OUT = 1, 5
TABLE, OTHER = 0x100000, 0x110000
VALID, WRITE, USER, EXEC = 1, 2, 4, 8
KERNEL = VALID | WRITE | EXEC


def identity(toy, table=TABLE):
    for page in range(1024):
        toy.poke(table + 4 * page, page << 12 | KERNEL)


def handler(toy, *words):
    """At address 0: faults power off after `words`."""
    program = Program(0)
    for word in words:
        program.words.append(word)
    toy.load(program.sys(OFF))


def test_a_fault_is_precise(make):
    toy = make()
    identity(toy)
    toy.poke(TABLE + 4 * 0x30, 0)
    handler(toy)
    program = Program().li(1, TABLE).sys(TTBR, 1).li(2, 0x30000).li(3, 5)
    program.op("addi", 3, 3, 1).op("addi", 4, 3, 1)
    fault = program.here
    program.op("st", 3, 2, 8).op("addi", 3, 3, 100).op("movi", 4, 0, 0).sys(OFF)
    toy.load(program)
    assert toy.run() == POWERED_OFF
    assert toy.get("epc") == fault
    assert (toy.get("fault_va"), toy.get("fault_code"), toy.get("fault_access")) == (
        0x30008, 1, 1)  # fmt: skip
    assert (toy.reg(3), toy.reg(4)) == (6, 7)


def test_a_crossing_store_that_faults_stores_nothing(make):
    toy = make()
    identity(toy)
    toy.poke(TABLE + 4 * 0x31, 0x31000 | VALID)
    handler(toy)
    program = Program().li(1, TABLE).sys(TTBR, 1).li(2, 0x30FFE).li(3, 0x01020304)
    toy.load(program.op("st", 3, 2, 0).sys(OFF))
    assert toy.run() == POWERED_OFF
    assert (toy.get("fault_va"), toy.get("fault_code")) == (0x31000, 2)
    assert toy.ram[0x30FFE:0x31000] == b"\0\0"


def test_misaligned_accesses_fault_only_where_asked(make):
    toy = make()
    handler(toy)
    program = Program().li(2, 0x30001).op("ld", 3, 2, 0)
    fault = program.here
    toy.load(program.op("lda", 3, 2, 0).op("movi", 5, 0, 1).sys(OFF))
    assert toy.run() == POWERED_OFF
    assert (toy.get("epc"), toy.get("fault_code"), toy.reg(5)) == (fault, 0xFF00, 0)


def test_nothing_at_an_address_is_a_bus_error(make):
    toy = make()
    handler(toy)
    toy.load(Program().li(2, 0x4000_0000).op("ld", 3, 2, 4).sys(OFF))
    assert toy.run() == POWERED_OFF
    assert (toy.get("fault_va"), toy.get("fault_code")) == (0x4000_0004, 0xFF01)


def test_a_fetch_fault_is_raised_at_the_instruction(make):
    toy = make()
    identity(toy)
    toy.poke(TABLE + 4 * 0x40, 0x40000 | VALID | WRITE)
    handler(toy)
    program = Program().li(1, TABLE).sys(TTBR, 1).li(2, 0x40010)
    toy.load(program.op("jmp", 2))
    assert toy.run() == POWERED_OFF
    assert (toy.get("epc"), toy.get("fault_va"), toy.get("fault_access")) == (
        0x40010, 0x40010, 2)  # fmt: skip


def test_running_off_the_end_of_mapped_code(make):
    toy = make()
    identity(toy)
    toy.poke(TABLE + 4 * 0x41, 0)
    handler(toy)
    last = Program(0x40FF0)
    for value in (1, 2, 3, 4):
        last.op("movi", 3, 0, value)
    toy.load(last)
    toy.load(Program().li(1, TABLE).sys(TTBR, 1).li(2, 0x40FF0).op("jmp", 2))
    assert toy.run() == POWERED_OFF
    assert (toy.get("epc"), toy.reg(3)) == (0x41000, 4)


def test_user_mode_is_kept_out(make):
    toy = make()
    identity(toy)
    toy.poke(TABLE + 4 * 0x50, 0x50000 | VALID | USER | EXEC)
    toy.poke(TABLE + 4 * 0x51, 0x51000 | VALID | USER | WRITE)
    handler(toy)
    program = Program().li(1, TABLE).sys(TTBR, 1).li(2, 0x50000).sys(SET_EPC, 2)
    program.li(4, 0x60000).op("st", 2, 4, 0)  # system mode may, and fills its tables
    toy.load(program.op("movi", 3).sys(ERET, 3))
    user = Program(0x50000).li(5, 0x51000).op("st", 5, 5, 0).op("ld", 6, 5, 0)
    fault = user.here
    toy.load(user.op("ld", 7, 4, 0).sys(OFF))
    assert toy.run() == POWERED_OFF
    assert (toy.get("epc"), toy.get("fault_va"), toy.get("fault_code")) == (
        fault, 0x60000, 2)  # fmt: skip
    assert toy.reg(6) == 0x51000


def test_address_spaces_are_kept_apart_and_found_again(make):
    toy = make()
    for table, page in ((TABLE, 0x60), (OTHER, 0x61)):
        identity(toy, table)
        toy.poke(table + 4 * 0x70, page << 12 | KERNEL)
    program = Program().li(1, TABLE).li(2, OTHER).li(3, 0x70000).li(5, 1000)
    program.label("loop").sys(TTBR, 1).op("ld", 4, 3, 0).op("addi", 4, 4, 1)
    program.op("st", 4, 3, 0).sys(TTBR, 2).op("ld", 4, 3, 0).op("addi", 4, 4, 2)
    program.op("st", 4, 3, 0).op("addi", 5, 5, -1).op("bnz", 5, 0, "loop").sys(OFF)
    toy.load(program)
    assert toy.run() == POWERED_OFF
    assert (toy.word(0x60000), toy.word(0x61000)) == (1000, 2000)


def test_the_same_code_address_in_two_spaces_runs_two_programs(make):
    toy = make()
    for table, page in ((TABLE, 0x60), (OTHER, 0x61)):
        identity(toy, table)
        toy.poke(table + 4 * 0x70, page << 12 | KERNEL)
    toy.load(Program(0x60000).op("addi", 6, 6, 1).op("jmp", 15))
    toy.load(Program(0x61000).op("addi", 7, 7, 1).op("jmp", 15))
    program = Program().li(1, TABLE).li(2, OTHER).li(3, 0x70000).li(5, 200)
    program.label("loop").sys(TTBR, 1).op("bl", 0, 0, "call").sys(TTBR, 2)
    program.op("bl", 0, 0, "call").op("addi", 5, 5, -1).op("bnz", 5, 0, "loop").sys(OFF)
    toy.load(program.label("call").op("jmp", 3))
    assert toy.run() == POWERED_OFF
    assert (toy.reg(6), toy.reg(7)) == (200, 200)


def test_more_spaces_than_are_kept(make):
    toy = make()
    program = Program().li(3, 0x70000)
    for index in range(100):
        table = TABLE + 0x1000 * index
        identity(toy, table)
        toy.poke(table + 4 * 0x70, (0x200 + index) << 12 | KERNEL)
    for _ in range(2):
        for index in range(100):
            program.li(1, TABLE + 0x1000 * index).sys(TTBR, 1)
            program.op("ld", 4, 3, 0).op("addi", 4, 4, index).op("st", 4, 3, 0)
    toy.load(program.sys(OFF))
    assert toy.run() == POWERED_OFF
    assert [toy.word(0x200000 + 0x1000 * i) for i in range(100)] == [
        2 * i for i in range(100)
    ]


def test_a_page_flush_shows_the_new_mapping(make):
    toy = make()
    identity(toy)
    toy.poke(0x60000, 11)
    toy.poke(0x61000, 22)
    toy.poke(TABLE + 4 * 0x70, 0x60000 | KERNEL)
    program = Program().li(1, TABLE).sys(TTBR, 1).li(2, 0x70000).op("ld", 3, 2, 0)
    program.li(4, TABLE + 4 * 0x70).li(5, 0x61000 | KERNEL).op("st", 5, 4, 0)
    toy.load(program.sys(FLUSH_PAGE_HERE, 2).op("ld", 6, 2, 0).sys(OFF))
    assert toy.run() == POWERED_OFF
    assert (toy.reg(3), toy.reg(6)) == (11, 22)


def test_a_page_flush_of_code_runs_the_new_code(make):
    toy = make()
    identity(toy)
    toy.load(Program(0x60000).op("movi", 6, 0, 11).op("jmp", 15))
    toy.load(Program(0x61000).op("movi", 6, 0, 22).op("jmp", 15))
    toy.poke(TABLE + 4 * 0x70, 0x60000 | KERNEL)
    program = Program().li(1, TABLE).sys(TTBR, 1).li(2, 0x70000).li(7, 50)
    program.label("loop").op("bl", 0, 0, "call").op("addi", 7, 7, -1).op(
        "bnz", 7, 0, "loop"
    )
    program.op("addi", 8, 6, 0).li(4, TABLE + 4 * 0x70).li(5, 0x61000 | KERNEL)
    program.op("st", 5, 4, 0).sys(FLUSH_PAGE, 2).op("bl", 0, 0, "call").sys(OFF)
    toy.load(program.label("call").op("jmp", 2))
    assert toy.run() == POWERED_OFF
    assert (toy.reg(8), toy.reg(6)) == (11, 22)


def test_code_written_by_its_own_page(make):
    toy = make()
    program = Program().li(1, 5).li(4, 0)
    program.label("loop").label("patched").op("movi", 2, 0, 1)
    program.op("add", 4, 4, 2).li(5, encode("movi", 2, 0, 10)).li(6, 0)
    at = program.labels["patched"]
    program.li(6, at).op("st", 5, 6, 0).op("addi", 1, 1, -1).op("bnz", 1, 0, "loop")
    toy.load(program.sys(OFF))
    assert toy.run() == POWERED_OFF
    assert toy.reg(4) == 1 + 4 * 10
    assert toy.stats().invalidations > 0


def test_code_that_writes_the_next_instruction(make):
    toy = make()
    program = Program().li(5, encode("movi", 2, 0, 99))
    program.li(6, program.here + 12).op("st", 5, 6, 0).op("movi", 2, 0, 1)
    toy.load(program.sys(OFF))
    assert toy.run() == POWERED_OFF
    assert toy.reg(2) == 99


def test_data_beside_code_does_not_drop_it(make):
    toy = make()
    program = Program().li(6, 0x1800).li(1, 3000)
    program.label("loop").op("st", 1, 6, 0).op("addi", 1, 1, -1).op("bnz", 1, 0, "loop")
    toy.load(program.sys(OFF))
    assert toy.run() == POWERED_OFF
    assert (toy.stats().invalidations, toy.word(0x1800)) == (0, 1)


def test_an_atomic_write_to_code(make):
    toy = make()
    program = Program().li(5, encode("movi", 2, 0, 99)).li(6, 0x1100).li(7, 2)
    program.label("loop").op("bl", 0, 0, "far").op("swap", 8, 6, 5)
    program.op("addi", 7, 7, -1).op("bnz", 7, 0, "loop").sys(OFF)
    program.to(0x1100).label("far").op("movi", 2, 0, 1).op("add", 9, 9, 2).op("jmp", 15)
    toy.load(program)
    assert toy.run() == POWERED_OFF
    assert toy.reg(9) == 1 + 99


def test_host_writes_drop_code(make):
    toy = make()
    program = Program().label("loop").op("addi", 1, 1, 1).op("b", 0, 0, "loop")
    toy.load(program)
    assert toy.run(0.02) == TIMED_OUT
    toy.load(Program().label("loop").op("addi", 2, 2, 1).sys(OFF))
    toy.set("pc", 0x1000)
    assert toy.run() == POWERED_OFF
    assert toy.reg(2) == 1


def test_another_cpu_rewrites_a_function_that_runs(make):
    """The writer sees its counter move on only through the code that it writes."""
    toy = make(cpus=2)
    runner = Program(0x8000).li(1, 0x20000).li(3, 0x9000)
    runner.label("loop").op("bl", 0, 0, "call").op("st", 2, 1, 0).op("b", 0, 0, "loop")
    toy.load(runner.label("call").op("jmp", 3))
    toy.load(Program(0x9000).op("movi", 2, 0, 0).op("jmp", 15))
    program = Program().op("movi", 1, 0, 1).li(2, 0x8000).sys(POWER_ON, 1, 2)
    program.li(5, 0x9000).li(6, 0x20000).li(7, 300).li(8, encode("movi", 2, 0, 0))
    program.label("next").op("addi", 8, 8, 1).op("st", 8, 5, 0)
    program.op("addi", 9, 9, 1)
    program.label("wait").op("ld", 10, 6, 0).op("xor", 10, 10, 9).op(
        "bnz", 10, 0, "wait"
    )
    program.op("addi", 7, 7, -1).op("bnz", 7, 0, "next").sys(OFF)
    toy.load(program)
    assert toy.run(20) == POWERED_OFF
    assert toy.word(0x20000) >= 300


def test_one_cpu_flushes_for_all(make):
    """CPU 1 reads through a page that CPU 0 moves; once flushed, never the old one."""
    toy = make(cpus=2)
    identity(toy)
    toy.poke(TABLE + 4 * 0x70, 0x60000 | KERNEL)
    toy.poke(0x61000, 1)
    shared, turns, seen = 4, 0, 4  # register; words there: turns made, what was read
    reader = (
        Program(0x8000).li(1, TABLE).sys(TTBR, 1).li(2, 0x70000).li(shared, 0x20000)
    )
    reader.label("loop").op("ld", 3, 2, 0).op("st", 3, shared, seen)
    reader.op("addi", 5, 5, 1).op("st", 5, shared, turns).op("b", 0, 0, "loop")
    toy.load(reader)
    program = Program().op("movi", 1, 0, 1).li(2, 0x8000).li(shared, 0x20000)
    program.sys(POWER_ON, 1, 2)
    program.label("starting").op("ld", 3, shared, turns).op("bnz", 3, 0, "started")
    program.op("b", 0, 0, "starting").label("started")
    program.li(6, TABLE + 4 * 0x70).li(7, 0x61000 | KERNEL).op("st", 7, 6, 0)
    program.li(8, 0x70000).sys(FLUSH_PAGE, 8)
    # Wait for two turns that began after the flush, then look at what was read.
    for turn in ("one", "two"):
        program.op("ld", 9, shared, turns)
        program.label(turn).op("ld", 3, shared, turns).op("xor", 3, 3, 9)
        program.op("bnz", 3, 0, turn + "-made").op("b", 0, 0, turn)
        program.label(turn + "-made")
    toy.load(program.op("ld", 10, shared, seen).sys(OFF))
    assert toy.run(10) == POWERED_OFF
    assert toy.reg(10) == 1


def test_a_handler_that_maps_the_page_and_returns(make):
    toy = make()
    identity(toy)
    toy.poke(TABLE + 4 * 0x30, 0)
    handling = Program(0).sys(FAULT_VA).li(8, TABLE + 4 * 0x30).li(9, 0x30000 | KERNEL)
    handling.op("st", 9, 8, 0).op("addi", 12, 12, 1).op("movi", 10, 0, 1).sys(ERET, 10)
    toy.load(handling)
    program = Program().li(1, TABLE).sys(TTBR, 1).li(2, 0x30000).li(3, 77)
    program.op("st", 3, 2, 4).op("ld", 4, 2, 4).sys(OFF)
    toy.load(program)
    assert toy.run() == POWERED_OFF
    assert (toy.reg(4), toy.reg(12)) == (77, 1)


def test_a_hostile_guest_jumps_and_points_anywhere(make):
    toy = make()
    handler(toy)
    for pc in (0xFFFF_FFFC, 0x7FFF_FFFF, 0x80_0000, 0x7F_FFFE):
        toy.set("pc", pc)
        toy.set("vbar", 0xFFFF_FFF0)
        assert toy.run(0.02) in (POWERED_OFF, TIMED_OUT)


def test_virtual_time_runs_the_same_way_twice(make):
    ends = []
    for _ in range(2):
        toy = make(cpus=2, clock=1)
        program = Program().op("movi", 1, 0, 1).li(2, 0x8000).sys(POWER_ON, 1, 2)
        program.li(3, 0x20000).li(4, 30000).label("loop").op("ld", 5, 3, 0)
        program.op("addi", 5, 5, 1).op("st", 5, 3, 0).op("addi", 4, 4, -1)
        program.op("bnz", 4, 0, "loop").sys(OFF)
        toy.load(program)
        other = Program(0x8000).li(3, 0x20000).label("loop").op("ld", 5, 3, 0)
        toy.load(other.op("addi", 5, 5, 7).op("st", 5, 3, 0).op("b", 0, 0, "loop"))
        assert toy.run() == POWERED_OFF
        ends.append((toy.word(0x20000), toy.get("insns"), toy.get("insns", 0, 1)))
    assert ends[0] == ends[1]
    assert ends[0][2] > 0
