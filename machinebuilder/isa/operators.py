# SPDX-License-Identifier: Apache-2.0
"""Operators by the kinds of their operands: folded, C at translation time, or IR."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import Any

from . import arithmetic, text
from .function import Function
from .values import (
    Const,
    Dyn,
    Obj,
    Static,
    Text,
    Tup,
    Value,
    c_of,
    deps_of,
    describe,
    is_static,
)

BINARY: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.BitAnd: "&",
    ast.BitOr: "|",
    ast.BitXor: "^",
    ast.LShift: "<<",
    ast.RShift: ">>",
}
COMPARE: dict[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}
PYTHON: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "//": operator.floordiv,
    "%": operator.mod,
    "&": operator.and_,
    "|": operator.or_,
    "^": operator.xor,
    "<<": operator.lshift,
    ">>": operator.rshift,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
STATIC_CALLS = {"//": "mb_s_div", "%": "mb_s_mod", "<<": "mb_s_shl", ">>": "mb_s_shr"}


def operate(f: Function, node: ast.expr, sign: str, a: Value, b: Value) -> Value:
    """a sign b, for operators and comparisons."""
    if isinstance(a, Const) and isinstance(b, Const):
        try:
            return Const(int(PYTHON[sign](a.value, b.value)))
        except (ZeroDivisionError, ValueError) as error:
            f.fail(node, str(error))
    if is_static(a) and is_static(b):
        if sign in STATIC_CALLS:
            c = f"{STATIC_CALLS[sign]}({c_of(a)}, {c_of(b)})"
        else:
            c = f"({c_of(a)} {sign} {c_of(b)})"
        return Static(c, deps_of(a, b))
    for value in (a, b):
        if not is_static(value) and not isinstance(value, Dyn):
            f.fail(node, f"{sign} does not work on {describe(value)}")
    return arithmetic.operate(f, node, sign, a, b)


def unary(f: Function, node: ast.expr, op: ast.unaryop, value: Value) -> Value:
    if isinstance(op, ast.Not):
        value = truth(f, value, node)
        if isinstance(value, Dyn):
            return arithmetic.negate_truth(f, value)
        if isinstance(value, Const):
            return Const(int(not value.value))
        return Static(f"!({c_of(value)})", deps_of(value))
    if isinstance(value, Const):
        table: dict[type[ast.unaryop], Callable[[int], int]] = {
            ast.Invert: operator.invert,
            ast.USub: operator.neg,
            ast.UAdd: operator.pos,
        }
        return Const(table[type(op)](value.value))
    sign = {ast.Invert: "~", ast.USub: "-", ast.UAdd: "+"}[type(op)]
    if isinstance(value, Static):
        return Static(f"({sign}{value.c})", value.deps)
    if isinstance(value, Dyn) and sign != "+":
        return arithmetic.unary(f, node, sign, value)
    raise f.error(node, f"{sign} does not work on {describe(value)}")


def truth(f: Function, value: Value, node: ast.expr) -> Value:
    """The truth of a value: Const, Static or a u1."""
    value = f.usable(value, node)
    if isinstance(value, Const):
        return Const(int(bool(value.value)))
    if isinstance(value, Static):
        return value
    if isinstance(value, Dyn):
        return arithmetic.truth(f, value, node)
    if isinstance(value, Text):
        return text.truth(f, value, node)
    if isinstance(value, Obj) and isinstance(value.object, bool):
        return Const(int(value.object))
    raise f.error(node, f"{describe(value)} has no truth value")


def membership(
    f: Function, node: ast.expr, item: Value, among: Value, negated: bool
) -> Value:
    """`x in (1, 2, 3)` is a chain of comparisons."""
    if not isinstance(among, Tup):
        f.fail(node, "`in` needs a tuple")
    result: Value = Const(0)
    for other in among.items:
        result = either(f, node, result, operate(f, node, "==", item, other))
    if not negated:
        return result
    return unary(f, node, ast.Not(), result)


def both(f: Function, node: ast.expr, a: Value, b: Value) -> Value:
    """Truth of a and b; both are computed."""
    return junction(f, node, a, b, True)


def either(f: Function, node: ast.expr, a: Value, b: Value) -> Value:
    """Truth of a or b; both are computed."""
    return junction(f, node, a, b, False)


def junction(f: Function, node: ast.expr, a: Value, b: Value, is_and: bool) -> Value:
    a, b = truth(f, a, node), truth(f, b, node)
    for one, other in ((a, b), (b, a)):
        if isinstance(one, Const):
            return other if bool(one.value) == is_and else Const(int(not is_and))
    if is_static(a) and is_static(b):
        return Static(
            f"({c_of(a)} {'&&' if is_and else '||'} {c_of(b)})", deps_of(a, b)
        )
    return arithmetic.junction(f, a, b, is_and)
