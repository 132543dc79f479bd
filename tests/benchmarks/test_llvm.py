"""The two back ends that `benchmarks.llvm` sets side by side do the same."""

from __future__ import annotations

import struct

import pytest

from benchmarks import llvm, llvm_ir
from machinebuilder.boot.elf import Elf, Segment

pytest.importorskip("llvmlite", reason="llvmlite is not installed (extra `llvm`)")

CODE, DATA, COUNT = 0x1000, 0x2000, 100
GAUSS = struct.pack(
    "<8H",
    0x2120, 0x0209,  # movs r1, #0x20; lsls r1, r1, #8
    0x680A, 0x1812, 0x600A,  # loop: ldr r2, [r1]; adds r2, r2, r0; str r2, [r1]
    0x3801, 0xD1FA,  # subs r0, #1; bne loop
    0x4770,  # bx lr
)  # fmt: skip


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> llvm.Machine:
    return llvm.Machine(llvm.compile_machine(tmp_path_factory.mktemp("llvm")))


@pytest.fixture
def program() -> llvm.Program:
    """Adds 1 to COUNT up in memory."""
    segments = (Segment(CODE, GAUSS, len(GAUSS), CODE), Segment(DATA, b"", 4, DATA))
    return llvm.Program("arm", Elf(40, 32, False, CODE, segments), CODE, COUNT)


def test_a_program_does_what_it_says(machine, program):
    machine.hottest(program)
    assert machine.copy_memory(program)[1] == struct.pack("<I", COUNT * 101 // 2)


def test_a_unit_leaves_the_same_state_and_memory_by_both_back_ends(machine, program):
    insns, stay, figures = llvm.compare(machine, llvm.Llvm(), program, 1, 1)
    assert insns > 5
    assert 5 * COUNT - 5 <= stay <= 5 * COUNT + 1
    assert all(figure.size > 0 and figure.microseconds > 0 for figure in figures)


@pytest.mark.parametrize("precise", [False, True])
def test_code_that_does_something_else_is_noticed(
    machine, program, monkeypatch, precise
):
    right = llvm_ir.text

    def wrong(ops, layout, asked, name):
        text = right(ops, layout, asked, name)
        return text.replace("sub i32", "add i32", 1) if asked == precise else text

    monkeypatch.setattr(llvm_ir, "text", wrong)
    with pytest.raises(llvm.DifferentError):
        llvm.compare(machine, llvm.Llvm(), program, 1, 1)


def test_what_is_not_translated_is_refused():
    ops = [llvm_ir.Op("nop", "void", 0, 0, (), 0),
           llvm_ir.Op("insn", "void", 0, 0, (), CODE),
           llvm_ir.Op("fence", "void", 0, 0, (), 0)]  # fmt: skip
    with pytest.raises(llvm_ir.UnsupportedError, match="fence"):
        llvm_ir.text(ops, llvm_ir.Layout(0, 16, 32), False, "unit")
