"""Compiled code does what the same functions do as plain Python."""

from __future__ import annotations

import random
from typing import Any

import pytest

from machinebuilder.isa import GuestFault, Undefined
from machinebuilder.isa.insns import Insn
from tests.isa.native import FAULT, OK, Native, reference
from tests.isa.toy import core

ROUNDS = 60


def run_both(native: Native, cpu: Any, insn: Insn, word: int) -> None:
    """Step both CPUs and compare all they have."""
    before = dict(cpu.state), cpu.memory.read(0, 64)
    native.copy_from(cpu)
    status = native.step(insn.set, word)
    try:
        cpu.step_word(insn.set, word, insn.pattern.bits // 8)
        expected = OK
    except Undefined:
        expected, cpu.pc = OK, 0xDEAD
    except GuestFault:
        expected = FAULT
    assert status == expected, (insn.name, hex(word))
    assert not native.differences(cpu), (insn.name, hex(word), before)


@pytest.mark.parametrize("insn", core.insns, ids=str)
def test_compiled_and_plain_agree(native: Native, insn: Insn) -> None:
    rng = random.Random(insn.name)
    for _ in range(ROUNDS):
        word = core.decoders[insn.set].random_word(insn, rng)
        assert word is not None
        run_both(native, reference(rng), insn, word)


def test_decoders_agree_on_every_half_word(native: Native) -> None:
    for word in range(0x10000):
        found = core.decoders["h16"].decode(word)
        assert (native.text("h16", word, 0, 0) is None) == (found is None)


def test_decoders_and_disassemblers_agree(native: Native) -> None:
    from machinebuilder.isa import disassemble

    rng = random.Random(1)
    for set_name, bits in (("h16", 16), ("w32", 32)):
        for _ in range(4000):
            word = rng.getrandbits(bits)
            pc, flags = rng.getrandbits(30), rng.getrandbits(4)
            assert native.text(set_name, word, pc, flags) == disassemble(
                set_name, core, word, pc, flags
            )
