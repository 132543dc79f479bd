"""Patterns, fields in pieces, and the decision tree."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from machinebuilder.isa import words
from machinebuilder.isa.patterns import PatternError, parse
from tests.isa.toy import core


def test_pieces_of_a_field_concatenate_in_the_order_written() -> None:
    pattern = parse("imm:4 0000 1 i:3 imm:8 x(1)(0)x 1111 z:4")
    word = 0b1010_0000_1_011_11000011_0100_1111_0110
    assert pattern.bits == 32
    assert pattern.matches(word)
    assert pattern.extract(word) == {"imm": 0b1010_11000011, "i": 3, "z": 6}


@given(st.integers(0, 0xFFF), st.integers(0, 0xF))
def test_inserting_a_field_is_the_inverse_of_extracting_it(imm: int, z: int) -> None:
    pattern = parse("imm:4 0000 1 x x x imm:8 0000 1111 z:4")
    word = pattern.value | pattern.insert("imm", imm) | pattern.insert("z", z)
    assert pattern.matches(word)
    assert pattern.extract(word) == {"imm": imm, "z": z}


@pytest.mark.parametrize(
    "text", ["", "01", "a:b", "0 1 2", "x:4 0000", "(x)", "a:3" * 3]
)
def test_rubbish_is_no_pattern(text: str) -> None:
    with pytest.raises(PatternError):
        parse(text)


@pytest.mark.parametrize("set_name", core.decoders)
def test_the_tree_finds_what_a_search_through_all_finds(set_name: str) -> None:
    decoder = core.decoders[set_name]
    rng = random.Random(2)
    for _ in range(3000):
        word = rng.getrandbits(decoder.bits)
        expected = next(
            (insn for insn in decoder.insns if insn.fields_of(word) is not None), None
        )
        found = decoder.decode(word)
        assert (found[0] if found else None) is expected


def test_words_are_accepted_and_reach_every_instruction() -> None:
    source = words(core, "w32", random.Random(3))
    seen = {core.decoders["w32"].decode(next(source))[0].name for _ in range(2000)}
    assert seen == {insn.name for insn in core.decoders["w32"].insns}
