# SPDX-License-Identifier: Apache-2.0
"""Traps: error mode, windows, interrupts, the floating-point queue."""

from __future__ import annotations

import pytest

from tests.cores.sparc.bare import (
    CODE,
    DATA,
    EF,
    ET,
    G1,
    G3,
    RESET,
    SUPERVISOR,
    TIMED_OUT,
    Bare,
    set_psr,
)
from tests.lockstep.sparc.program import NOP, TRAP_ALWAYS, memory, operate, set_register

OVERFLOW, UNDERFLOW, NOT_ALIGNED, FP_EXCEPTION, FP_DISABLED = 5, 6, 7, 8, 4
FQTOS, FDIVS = 0x81A0_18E0, 0x81A0_09A0
LOOP = [0x1080_0000, NOP]
INTERRUPT = 0x10


def test_a_trap_while_traps_are_off_resets(bare: Bare) -> None:
    assert bare.run(operate(0x02, G3, 0, 1)) == RESET
    assert bare.get("tt") == 0x80
    assert bare.r(G3) == [1]


def test_pc_and_npc_of_a_trap_in_a_delay_slot(bare: Bare) -> None:
    bare.run(
        set_psr(SUPERVISOR | ET),
        operate(0x02, G1, 0, 2),
        0x1080_0004,
        memory(0x00, G3, G1, 0),
    )  # ba .+16; ld [%g1], %g3
    slot = CODE + 4 * 8
    assert bare.trap == NOT_ALIGNED
    assert [bare.word(0x804), bare.word(0x808)] == [slot, slot - 4 + 16]


@pytest.mark.parametrize(
    ("wim", "word", "number"),
    [
        (0x80, operate(0x3C, 0, 0, 0), OVERFLOW),
        (0x02, operate(0x3D, 0, 0, 0), UNDERFLOW),
    ],
)
def test_an_invalid_window_traps(bare: Bare, wim: int, word: int, number: int) -> None:
    bare.run(set_psr(SUPERVISOR | ET), operate(0x32, 0, 0, wim), word)
    assert bare.trap == number
    assert bare.get("cwp") == 7


def test_without_an_fpu_its_instructions_trap(bare: Bare) -> None:
    bare.run(set_psr(SUPERVISOR | ET), FDIVS)
    assert bare.trap == FP_DISABLED


def test_quad_arithmetic_is_unimplemented_and_queued(bare: Bare) -> None:
    bare.run(set_psr(SUPERVISOR | ET | EF), FQTOS, NOP)
    assert bare.trap == FP_EXCEPTION
    assert bare.word(0x804) == CODE + 4 * 7
    assert [bare.get("qne"), bare.get("ftt")] == [1, 3]
    assert [bare.get("queue_address"), bare.get("queue_insn")] == [CODE + 4 * 6, FQTOS]


def test_an_enabled_exception_leaves_the_register_and_is_queued(bare: Bare) -> None:
    divide = 2 << 30 | 12 << 25 | 0x34 << 19 | 8 << 14 | 0x4D << 5 | 10
    bare.words(DATA, 2 << 23)  # FSR.TEM: division by zero
    bare.set("fpr", 0x3F80_0000, 8 ^ 1)
    bare.set("fpr", 0x1234, 12 ^ 1)
    bare.run(
        set_psr(SUPERVISOR | ET | EF),
        set_register(G1, DATA),
        memory(0x21, 0, G1, 0),
        divide,
        NOP,
    )  # fdivs %f8, %f10, %f12
    assert bare.trap == FP_EXCEPTION
    assert [bare.get("qne"), bare.get("ftt"), bare.get("cexc")] == [1, 1, 2]
    assert bare.get("queue_insn") == divide
    assert bare.get("fpr", 12 ^ 1) == 0x1234


def test_the_queue_is_stored_and_then_empty(bare: Bare) -> None:
    bare.set("qne", 1)
    bare.set("queue_address", 0x1234)
    bare.set("queue_insn", FQTOS)
    bare.run(
        set_psr(SUPERVISOR | ET | EF),
        set_register(G1, DATA),
        memory(0x26, 0, G1, 0),
        memory(0x26, 0, G1, 8),
    )
    assert [bare.word(DATA), bare.word(DATA + 4)] == [0x1234, FQTOS]
    assert [bare.trap, bare.get("ftt")] == [FP_EXCEPTION, 4]


@pytest.mark.parametrize(
    ("level", "pil", "taken"),
    [
        (1, 0, True),
        (10, 9, True),
        (10, 10, False),
        (15, 15, True),
        (14, 15, False),
    ],
)
def test_an_interrupt_is_taken_above_pil(
    bare: Bare, level: int, pil: int, taken: bool
) -> None:
    bare.set("lines", 1 << level)
    event = bare.run(set_psr(SUPERVISOR | ET | pil << 8), LOOP, milliseconds=300)
    assert event == (RESET if taken else TIMED_OUT)
    assert bare.trap == (INTERRUPT + level if taken else None)


def test_the_highest_level_goes_first(bare: Bare) -> None:
    bare.set("lines", 1 << 3 | 1 << 12)
    bare.run(set_psr(SUPERVISOR | ET), LOOP)
    assert bare.trap == INTERRUPT + 12


def test_a_return_from_a_trap_enables_traps(bare: Bare) -> None:
    back = CODE + 0x100
    bare.words(back, operate(0x02, G3, 0, 5), TRAP_ALWAYS, NOP)
    bare.run(
        set_register(17, back),
        set_register(18, back + 4),
        operate(0x38, 0, 17, 0),
        operate(0x39, 0, 18, 0),
    )
    assert bare.trap == 0x80
    assert bare.r(G3) == [5]
    assert bare.word(0x804) == back + 4
