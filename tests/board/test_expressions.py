# SPDX-License-Identifier: Apache-2.0
"""Expressions in values: arithmetic over options, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from machinebuilder.board.expressions import (
    MAX_RESULT,
    ExpressionError,
    evaluate,
    has_expression,
)

NAMES = {"ram": 512 << 20, "cpus": 2, "debug": False, "label": "one"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{{ ram }}", str(512 << 20)),
        ("{{ ram // MiB }} MiB", "512 MiB"),
        ("{{ ram / 2 }}", str(256 << 20)),
        ("gic.spi.{{ 16 + cpus }}-{{ 16 + 2 * cpus }}", "gic.spi.18-20"),
        ("{{ 2 ** 10 - 0x10 }}", "1008"),
        ("{{ 7 % 4 }}", "3"),
        ("{{ -cpus }}", "-2"),
        ("{{ 'big' if ram > 256 * MiB else 'small' }}", "big"),
        ("{{ debug or cpus == 2 }}", "true"),
        ("{{ not debug and 1 < cpus <= 2 }}", "true"),
        ("{{ label ~ '-' ~ cpus }}", "one-2"),
        ("{{ label + 's' }}", "ones"),
        ("{{ max(cpus, 4) }} {{ min(cpus, 4) }} {{ abs(-3) }}", "4 2 3"),
        ("{{ align(5000, 4096) }}", "8192"),
        ("{{ log2(ram) }}", "29"),
        ("{{ ram | hex }}", "0x20000000"),
        ("{{ '0x10' | int(16) }}", "16"),
        ("no expression", "no expression"),
    ],
)
def test_an_expression_gives_its_value(text: str, value: str) -> None:
    assert evaluate(text, NAMES) == value


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{{ ram * }}", "E-EXPR-01"),
        ("{{ ram", "E-EXPR-01"),
        ("{{ ''.__class__ }}", "E-EXPR-02"),
        ("{{ ram.real }}", "E-EXPR-02"),
        ("{{ label[0] }}", "E-EXPR-02"),
        ("{{ [1, 2] }}", "E-EXPR-02"),
        ("{{ {} }}", "E-EXPR-02"),
        ("{{ ram is defined }}", "E-EXPR-02"),
        ("{{ 1 in label }}", "E-EXPR-02"),
        ("{{ min(*label) }}", "E-EXPR-02"),
        ("{{ min(**label) }}", "E-EXPR-02"),
        ("{{ label.upper() }}", "E-EXPR-02"),
        ("{% set x = 1 %}{{ x }}", "E-EXPR-02"),
        ("{% for x in 'ab' %}{{ x }}{% endfor %}", "E-EXPR-02"),
        ("{% macro f() %}{% endmacro %}", "E-EXPR-02"),
        ("{{ rma }}", "E-EXPR-03"),
        ("{{ open('x') }}", "E-EXPR-03"),
        ("{{ ram | attr('real') }}", "E-EXPR-03"),
        ("{{ self }}", "E-EXPR-03"),
        ("{{ 1 // 0 }}", "E-EXPR-04"),
        ("{{ label * 3 }}", "E-EXPR-04"),
        ("{{ label + 3 }}", "E-EXPR-04"),
        ("{{ 2 ** 1000 }}", "E-EXPR-04"),
        ("{{ 2 ** -1 }}", "E-EXPR-04"),
        ("{{ 9e999 | int }}", "E-EXPR-04"),
        ("{{ log2(3) }}", "E-EXPR-04"),
        ("{{ ram if debug }}", "E-EXPR-04"),
        ("{{ 1 }}" + " " * 1000, "E-EXPR-04"),
    ],
)
def test_anything_else_is_refused(text: str, code: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        evaluate(text, NAMES)
    assert caught.value.code == code


def test_an_unknown_name_has_a_suggestion() -> None:
    with pytest.raises(ExpressionError, match="'rma' is not an option") as caught:
        evaluate("{{ rma }}", NAMES)
    assert caught.value.help == "did you mean 'ram'?"


_GRAMMAR = st.recursive(
    st.sampled_from(["1", "0", "2", "ram", "label", "'x'", "9" * 30, "1.5", "KiB"]),
    lambda inner: st.one_of(
        st.tuples(
            inner,
            st.sampled_from(
                ["+", "-", "*", "/", "//", "%", "**", "~", "<", "==", "and", "or"]
            ),
            inner,
        )
        .map(" ".join)
        .map("({})".format),
        st.tuples(inner, inner, inner).map(lambda t: f"({t[0]} if {t[1]} else {t[2]})"),
        st.tuples(st.sampled_from(["min", "align", "int", "log2", "hex"]), inner).map(
            lambda t: f"{t[0]}({t[1]})"
        ),
    ),
    max_leaves=12,
)


@given(_GRAMMAR)
def test_any_expression_gives_bounded_text_or_an_error(text: str) -> None:
    try:
        value = evaluate("{{ " + text + " }}", NAMES)
    except ExpressionError as error:
        assert error.code.startswith("E-EXPR-")
    else:
        assert len(value) <= MAX_RESULT


@given(st.text(alphabet="{}%#()[]'\"|.~+-*/ abr0_\n", max_size=60))
def test_any_text_gives_text_or_an_error(text: str) -> None:
    try:
        value = evaluate(text, NAMES)
    except ExpressionError:
        assert has_expression(text)
    else:
        assert isinstance(value, str)
