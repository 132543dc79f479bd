# SPDX-License-Identifier: Apache-2.0
"""Text becomes values as the schema says, not as YAML would have it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from machinebuilder.board import values


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("512 MiB", 512 << 20),
        ("512M", 512 << 20),
        ("512m", 512 << 20),
        ("1GiB", 1 << 30),
        ("2 TiB", 2 << 40),
        ("4K", 4096),
        ("0x0900_0000", 0x900_0000),
        ("4096", 4096),
        ("16 B", 16),
    ],
)
def test_sizes(text: str, value: int) -> None:
    assert values.size(text) == value


@pytest.mark.parametrize(
    "text", ["", "MiB", "-1", "1 MB", "1.5 GiB", "0x1 K", "1 2", "½"]
)
def test_what_is_not_a_size(text: str) -> None:
    with pytest.raises(ValueError, match="a size"):
        values.size(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [("10", 10), ("-3", -3), ("0x0900_0000", 0x900_0000), ("0b1_01", 5), ("0", 0)],
)
def test_integers(text: str, value: int) -> None:
    assert values.integer(text) == value


@pytest.mark.parametrize("text", ["", "012", "1_", "1__0", "0x", "1e3", "٣", "1" * 60])
def test_what_is_not_an_integer(text: str) -> None:
    with pytest.raises(ValueError, match="an integer"):
        values.integer(text)


def test_on_is_a_boolean_only_where_one_is_wanted() -> None:
    assert values.boolean("on") is True
    assert values.boolean("No") is False
    assert values.string("on") == "on"


def test_times() -> None:
    assert values.time("host") == "host"
    assert values.time("1000") == 1000
    assert values.time("1970-01-02") == 86400
    assert values.time("1970-01-01T01:00:00+01:00") == 0


@given(st.integers(min_value=0, max_value=1 << 60))
def test_a_size_survives_being_written(number: int) -> None:
    assert values.size(values.size_text(number)) == number


@given(st.sampled_from(sorted(values.TYPES)), st.text(max_size=40))
def test_any_text_is_a_value_or_a_value_error(kind: str, text: str) -> None:
    try:
        values.TYPES[kind](text)
    except ValueError as error:
        assert str(error)
