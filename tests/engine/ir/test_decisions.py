"""Nested conditions on the same few values, with ways out in any arm, against Python:
what the builder folds because an earlier condition settled it, and what it must not."""

from __future__ import annotations

import ctypes
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st


@dataclass(frozen=True)
class Add:
    amount: int


@dataclass(frozen=True)
class Leave:
    place: int


@dataclass(frozen=True)
class Choice:
    register: int
    then: tuple[Statement, ...]
    otherwise: tuple[Statement, ...]


Statement = Add | Leave | Choice

SIMPLE = st.builds(Add, st.integers(1, 9)) | st.builds(Leave, st.integers(1, 99))


def choices(inner: st.SearchStrategy[Statement]) -> st.SearchStrategy[Statement]:
    arm = st.lists(inner, max_size=3).map(tuple)
    return st.builds(Choice, st.integers(0, 3), arm, arm)


PROGRAMS = st.lists(st.recursive(SIMPLE, choices, max_leaves=12), max_size=5)


def tokens(program: Sequence[Statement]) -> bytes:
    code = b""
    for statement in program:
        match statement:
            case Add(amount):
                code += b"+" + bytes([amount])
            case Leave(place):
                code += b"x" + bytes([place])
            case Choice(register, then, otherwise):
                code += b"i" + bytes([register]) + tokens(then)
                code += b"e" + tokens(otherwise) + b"n"
    return code


def expected(
    program: Sequence[Statement], truths: Sequence[int], total: int = 0
) -> tuple[int, int]:
    """The sum, and the place that is left for: 0 if none."""
    for statement in program:
        place = 0
        match statement:
            case Add(amount):
                total = (3 * total + amount) % 2**32
            case Leave(place):
                return total, place
            case Choice(register, then, otherwise):
                arm = then if truths[register] else otherwise
                total, place = expected(arm, truths, total)
        if place:
            return total, place
    return total, 0


@pytest.mark.parametrize("compiled", [0, 1])
@settings(max_examples=300, deadline=None)
@given(program=PROGRAMS)
def test_decisions(
    program: list[Statement], compiled: int, harness: ctypes.CDLL
) -> None:
    code = tokens(program)
    for truths in itertools.product((0, 7), repeat=4):
        left = ctypes.c_uint32()
        total = harness.harness_decisions(
            code, len(code), (ctypes.c_uint32 * 4)(*truths), compiled, left
        )
        assert (total, left.value) == expected(program, truths)


@pytest.mark.parametrize("compiled", [0, 1])
def test_what_an_arm_settled_does_not_hold_behind_it(
    compiled: int, harness: ctypes.CDLL
) -> None:
    inner = Choice(1, (Leave(5),), ())
    last = Choice(1, (Add(2),), (Add(4),))
    program = [Choice(1, (Add(3),), ()), Choice(0, (inner,), (Add(1),)), last]
    code, left = tokens(program), ctypes.c_uint32()
    for truths in itertools.product((0, 1), repeat=2):
        registers = (ctypes.c_uint32 * 4)(*truths)
        total = harness.harness_decisions(code, len(code), registers, compiled, left)
        assert (total, left.value) == expected(program, truths)
