# SPDX-License-Identifier: Apache-2.0
"""Strings in operand formatters: printed at the end, in pieces; static numbers only."""

from __future__ import annotations

import ast
from typing import Any

from .function import Function
from .values import (
    Chosen,
    Const,
    Printed,
    Run,
    Static,
    Text,
    Tup,
    Value,
    c_of,
    describe,
    is_static,
    literal_text,
)

NUMBERS = {
    "": "lld",
    "d": "lld",
    "x": "llx",
    "X": "llX",
    "#x": "#llx",
    "07d": "07lld",
    "08x": "08llx",
    "#010x": "#010llx",
}


def joined(parts: list[Text]) -> Text:
    """An f-string, or a sum of strings."""
    return Text(tuple(piece for part in parts for piece in part.pieces))


def formatted(f: Function, node: ast.AST, value: Value, spec: str) -> Text:
    """`{value:spec}` of an f-string."""
    if isinstance(value, Text) and not spec:
        return value
    if not is_static(value) or spec not in NUMBERS:
        f.fail(
            node,
            f"cannot format {describe(value)} as {spec!r}; numbers go as "
            + ", ".join(repr(known) for known in NUMBERS),
        )
    return Text((Printed("%" + NUMBERS[spec], f"(long long)({c_of(value)})"),))


def choose(condition: Static, a: Text, b: Text) -> Text:
    """One string or the other, by a static condition."""
    return Text((Chosen(condition.c, a, b),))


def table(f: Function, strings: Tup, index: Static) -> Text:
    """A string of a tuple of literals."""
    elements = ", ".join(quoted(literal_text(item)) for item in strings.items)
    name = f.unit.table("char *const", elements)
    return Text(
        (Printed("%s", f"{name}[mb_s_index(tr, {index.c}, {len(strings.items)})]"),)
    )


def truth(f: Function, value: Text, node: ast.AST) -> Value:
    """Is the string not empty?"""
    pieces = value.pieces
    if len(pieces) == 1 and isinstance(pieces[0], Printed) and pieces[0].argument:
        return Static(f"({pieces[0].argument}[0] != 0)")
    try:
        return Const(int(literal_text(value) != ""))
    except TypeError as error:
        raise f.error(node, "test a part of this string") from error


def declaration(name: str) -> list[Any]:
    """A C buffer for a string that grows or depends on a path."""
    return [
        f'char {name}[MB_TEXT_SIZE] = "";',
        f"struct mb_text {name}_ = {{{name}, sizeof {name}}};",
    ]


def of_buffer(name: str) -> Text:
    """What is in the buffer, when it is printed."""
    return Text((Printed("%s", name),))


def refill(name: str, source: str) -> list[Any]:
    """The C statements that make the buffer a copy of another."""
    return [
        f"{name}_ = (struct mb_text){{{name}, sizeof {name}}};",
        f'mb_text_add(&{name}_, "%s", {source});',
    ]


def output(text: Text, to: str = "out") -> list[Any]:
    """The C statements that print it."""
    lines: list[Any] = []
    for piece in text.pieces:
        if isinstance(piece, Printed):
            lines.append(
                f"mb_text_add({to}, {quoted(piece.format)}, {piece.argument});"
                if piece.argument
                else f'mb_text_add({to}, "%s", {quoted(piece.format)});'
            )
        elif isinstance(piece, Run):
            lines.append(
                f"{piece.function}({', '.join(('tr', to, *piece.arguments))});"
            )
        else:
            lines += [
                f"if ({piece.condition}) {{",
                *output(piece.first, to),
                "} else {",
                *output(piece.second, to),
                "}",
            ]
    return lines


def quoted(string: str) -> str:
    """As a C string literal."""
    return '"' + string.replace("\\", "\\\\").replace('"', '\\"') + '"'
