"""Text as keys of a US keyboard."""

from __future__ import annotations

import string

import pytest

from machinebuilder.host.keyboard import LEFT_SHIFT, US_LAYOUT, strokes


def test_a_capital_is_typed_with_shift_held_around_it() -> None:
    assert list(strokes("aA")) == [
        (30, True),
        (30, False),
        (LEFT_SHIFT, True),
        (30, True),
        (30, False),
        (LEFT_SHIFT, False),
    ]


def test_every_printable_character_has_its_own_key() -> None:
    printable = set(string.printable) - set("\r\v\f")
    assert printable <= set(US_LAYOUT)
    assert len({US_LAYOUT[c] for c in printable}) == len(printable)


def test_keys_have_the_numbers_that_evdev_gives_them() -> None:
    numbers = {"1": 2, "=": 13, "q": 16, "]": 27, "`": 41, "\\": 43, "z": 44, "/": 53}
    assert {c: US_LAYOUT[c][0] for c in numbers} == numbers


def test_nothing_is_typed_of_a_text_that_has_a_character_without_a_key() -> None:
    with pytest.raises(ValueError, match="'é'"):
        next(strokes("abcé"))
