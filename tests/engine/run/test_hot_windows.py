"""Windows: pages come when they are touched, and go when their table entries go."""

from __future__ import annotations

from pathlib import Path

from assembler import FLUSH_PAGE_HERE, OFF, TTBR, Program
from test_memory import TABLE, handler, identity

POWERED_OFF = 1
FIRST, PAGES = 0x40000, 3


def views() -> int:
    """Mappings of guest RAM in this process, beside RAM itself."""
    return Path("/proc/self/maps").read_text().count("/memfd:ram") - 1


def touching(toy) -> Program:
    """A program that stores to every other page, and loads from it again."""
    identity(toy)
    handler(toy)
    program = Program().li(1, TABLE).sys(TTBR, 1).li(3, 7)
    for page in range(PAGES):
        program.li(2, FIRST + page * 0x2000).op("st", 3, 2, 8).op("ld", 4 + page, 2, 8)
    return program


def test_a_touched_page_is_in_the_window(make, mode):
    toy = make()
    before = views()
    toy.load(touching(toy).sys(OFF))
    assert toy.run() == POWERED_OFF
    assert [toy.reg(4 + page) for page in range(PAGES)] == [7] * PAGES
    assert views() - before == (PAGES if mode == "windows" else 0)


def test_a_flushed_page_leaves_the_window(make, mode):
    toy = make()
    before = views()
    toy.load(touching(toy).li(2, FIRST).sys(FLUSH_PAGE_HERE, 2).sys(OFF))
    assert toy.run() == POWERED_OFF
    assert views() - before == (PAGES - 1 if mode == "windows" else 0)


def test_a_page_shows_what_its_entry_says_now(make):
    toy = make()
    program = touching(toy).li(5, TABLE + 4 * (FIRST >> 12)).li(6, 0x70000 | 0xF)
    program.op("st", 6, 5, 0).li(2, FIRST).sys(FLUSH_PAGE_HERE, 2)
    toy.poke(0x70008, 99)
    toy.load(program.op("ld", 4, 2, 8).sys(OFF))
    assert toy.run() == POWERED_OFF
    assert toy.reg(4) == 99
    assert toy.word(FIRST + 8) == 7


def test_a_unit_at_work_is_sampled(make, mode):
    toy = make()
    if mode != "translated":
        return
    program = Program()
    start = program.here
    toy.load(program.label("top").op("addi", 3, 3, 1).op("b", 0, 0, "top"))
    toy.run(timeout=0.5)
    rows = toy.ffi.new("struct mb_profile_row[16]")
    elsewhere = toy.ffi.new("uint64_t *")
    count = toy.lib.mb_machine_profile(toy.machine, rows, 16, elsewhere)
    assert count and all(rows[i].samples for i in range(count))
    assert start in [rows[i].pc for i in range(count)]
