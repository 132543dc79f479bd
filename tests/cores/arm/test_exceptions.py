# SPDX-License-Identifier: Apache-2.0
"""Exceptions: what is saved, where they go, and that memory faults are precise."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.cores.arm.bare import (
    ABT,
    CODE,
    DATA,
    FIQ,
    IRQ,
    OFF,
    POWERED_OFF,
    SVC,
    SYS,
    UND,
    VECTORS,
    Bare,
)

CARRY, ZERO, NEGATIVE = 1 << 29, 1 << 30, 1 << 31
THUMB, MASK_A, MASK_I, MASK_F = 1 << 5, 1 << 8, 1 << 7, 1 << 6


def test_a_supervisor_call_saves_status_and_return_address(bare: Bare) -> None:
    bare.set("c", 1)
    assert bare.run("e3a00007 mov r0, #7\nef000003 svc #3") == POWERED_OFF
    assert bare.get("mode") == SVC
    assert bare.r(13, 14) == [7, CODE + 8]
    assert bare.spsr(SVC) == CARRY | MASK_A | MASK_I | MASK_F | SVC


def test_a_supervisor_call_in_an_it_block_returns_behind_it(bare: Bare) -> None:
    bare.run(
        """
        2000 movs r0, #0
        2800 cmp r0, #0
        bf04 itt eq
        df01 svc #1
        2105 movs r1, #5
        """,
        thumb=True,
    )
    saved = bare.spsr(SVC)
    itstate = saved >> 8 & 0xFC | saved >> 25 & 3
    assert (bare.r(14), saved & THUMB, itstate) == ([CODE + 8], THUMB, 0x08)


def test_undefined_instructions_return_to_the_next(bare: Bare) -> None:
    bare.run("e7f000f0 udf #0")
    assert (bare.get("mode"), bare.r(14)) == (UND, [CODE + 4])
    bare.lib.mb_machine_reset(bare.machine)
    bare.set("vbar", VECTORS)
    bare.run("de00 udf #0", thumb=True)
    assert (bare.get("mode"), bare.r(14)) == (UND, [CODE + 2])


def test_a_data_abort_leaves_the_registers_as_they_were(bare: Bare) -> None:
    bare.run(
        """
        e3a01207 mov r1, #1879048192
        e281100c add r1, r1, #12
        e3a02001 mov r2, #1
        e5a12004 str r2, [r1, #4]!
        e3a02002 mov r2, #2
        """
    )
    assert bare.get("mode") == ABT
    assert bare.r(1, 2, 14) == [0x7000_000C, 1, CODE + 12 + 8]
    assert bare.get("dfar") == 0x7000_0010
    assert bare.get("dfsr") == 0x808  # external abort, write


def test_a_load_of_several_that_aborts_keeps_its_base(bare: Bare) -> None:
    bare.set("r", 0x40FF_FFF0, 1)  # two words are memory, the third is not
    bare.run("e2810008 add r0, r1, #8\ne890000d ldmia r0, {r0, r2, r3}")
    assert (bare.get("mode"), bare.r(13)) == (ABT, [0x40FF_FFF8])
    assert bare.get("dfar") == 0x4100_0000


def test_a_prefetch_abort_says_where(bare: Bare) -> None:
    bare.run("e3a01207 mov r1, #1879048192\ne12fff11 bx r1")
    assert (bare.get("mode"), bare.r(14)) == (ABT, [0x7000_0004])
    assert (bare.get("ifar"), bare.get("ifsr")) == (0x7000_0000, 8)


def test_a_pair_must_be_aligned_to_words(bare: Bare) -> None:
    bare.run(
        """
        e3a01101 mov r1, #1073741824
        e2811602 add r1, r1, #2097152
        e2811002 add r1, r1, #2
        e1c120d0 ldrd r2, r3, [r1, #0]
        """
    )
    assert (bare.get("mode"), bare.get("dfar")) == (ABT, DATA + 2)
    assert bare.get("dfsr") == 1  # alignment, read


def test_a_breakpoint_is_a_debug_event(bare: Bare) -> None:
    bare.run("e1200070 bkpt #0")
    assert (bare.get("mode"), bare.r(14)) == (ABT, [CODE + 4])
    assert bare.get("ifsr") == 2


def test_registers_are_banked_by_mode(bare: Bare) -> None:
    bare.run(
        """
        f1020011 cps #17
        e3a08001 mov r8, #1
        e3a0d002 mov sp, #2
        f1020012 cps #18
        e3a08003 mov r8, #3
        e3a0d004 mov sp, #4
        e10f2000 mrs r2, cpsr
        f1020011 cps #17
        e1a03008 mov r3, r8
        e1a0400d mov r4, sp
        f1020013 cps #19
        e1a05008 mov r5, r8
        """
        + OFF
    )
    assert [value & 0x1F for value in bare.r(2)] == [IRQ]
    assert bare.r(3, 4, 5) == [1, 2, 3]
    assert bare.get("bank_r13", 1) == 2 and bare.get("bank_fiq", 0) == 1


def test_privileged_code_reaches_user_registers(bare: Bare) -> None:
    bare.run(
        """
        f102001f cps #31
        e3a0d005 mov sp, #5
        e3a0e006 mov lr, #6
        f1020013 cps #19
        e3a01101 mov r1, #1073741824
        e2811602 add r1, r1, #2097152
        e8c16000 stmia r1, {sp, lr}^
        e3a02009 mov r2, #9
        e5812008 str r2, [r1, #8]
        e2811004 add r1, r1, #4
        e8d16000 ldmia r1, {sp, lr}^
        f102001f cps #31
        e1a0300d mov r3, sp
        e1a0400e mov r4, lr
        f1020013 cps #19
        """
        + OFF
    )
    assert (bare.word(DATA), bare.word(DATA + 4)) == (5, 6)
    assert bare.r(3, 4) == [6, 9]


def test_an_exception_returns_to_the_saved_mode_and_flags(bare: Bare) -> None:
    bare.load(CODE + 0x30, "e10f3000 mrs r3, cpsr" + OFF)
    bare.run(
        """
        e3a01101 mov r1, #1073741824
        e2811030 add r1, r1, #48
        e1a0e001 mov lr, r1
        e3a0201f mov r2, #31
        e382220a orr r2, r2, #2684354560
        e16ff002 msr spsr_fsxc, r2
        e1b0f00e movs pc, lr
        """
    )
    assert bare.r(3) == [NEGATIVE | CARRY | SYS]


def test_thumb_handlers_return_too(bare: Bare) -> None:
    bare.load(CODE + 0x30, "e10f3000 mrs r3, cpsr" + OFF)
    bare.set("r", CODE + 0x34, 14)
    bare.set("bank_spsr", ZERO | SYS, 3)
    bare.run("f3de8f04 subs pc, lr, #4", thumb=True)
    assert bare.r(3) == [ZERO | SYS]


@pytest.mark.parametrize("units", ["short", "long"])
def test_one_address_is_called_in_either_instruction_set(
    bare_with: Callable[..., Bare], monkeypatch: pytest.MonkeyPatch, units: str
) -> None:
    """What is `bx lr` in Thumb is `mov r4, r0, ror r7` in ARM."""
    monkeypatch.setenv("MB_UNITS", units)
    bare = bare_with(mode="translate")
    bare.load(CODE + 0x80, "e1a04770 mov r4, r0, ror r7\ne12fff1e bx lr")
    bare.run(
        """
        e3a01101 mov r1, #1073741824
        e2811080 add r1, r1, #128
        e3a00001 mov r0, #1
        e3a06ffa mov r6, #1000
        e3a04000 mov r4, #0
        e12fff31 blx r1
        e0855004 add r5, r5, r4
        e2211001 eor r1, r1, #1
        e2566001 subs r6, r6, #1
        1afffff9 bne 0x40000010
        """
        + OFF
    )
    assert bare.r(5, 6) == [500, 0]


def test_state_is_stored_and_restored_by_srs_and_rfe(bare: Bare) -> None:
    bare.load(CODE + 0x30, "e10f3000 mrs r3, cpsr" + OFF)
    bare.set("r", DATA, 13)
    bare.set("r", CODE + 0x30, 14)
    bare.set("bank_spsr", ZERO | SYS, 3)
    bare.set("r", DATA - 8, 1)
    bare.run("f96d0513 srsdb sp!, #19\nf8b10a00 rfeia r1!")
    assert (bare.word(DATA - 8), bare.word(DATA - 4)) == (CODE + 0x30, ZERO | SYS)
    assert bare.r(1, 3) == [DATA, ZERO | SYS]


@pytest.mark.parametrize("line, mode, mask", [(1, IRQ, "i"), (2, FIQ, "f")])
def test_an_interrupt_waits_until_it_is_unmasked(
    bare: Bare, line: int, mode: int, mask: str
) -> None:
    enable = {"i": "f1080080 cpsie i", "f": "f1080040 cpsie f"}[mask]
    bare.set("lines", line)
    bare.run(f"e3a01001 mov r1, #1\n{enable}\ne3a01002 mov r1, #2\n" + OFF)
    assert bare.get("mode") == mode
    assert bare.r(1, 14) == [1, CODE + 8 + 4]
    assert bare.spsr(mode) & 0x1F == SVC
    assert bare.get("irq_masked") == 1


def test_high_vectors_and_thumb_handlers_follow_sctlr(bare: Bare) -> None:
    bare.load(VECTORS + 8, "4668 mov r0, sp\nde00 udf #0", thumb=True)
    bare.set("sctlr", bare.get("sctlr") | 1 << 30)
    bare.set("r", 0x1234, 13)
    bare.run("ef000000 svc #0", milliseconds=100)
    assert bare.get("mode") == UND and bare.spsr(UND) & THUMB
