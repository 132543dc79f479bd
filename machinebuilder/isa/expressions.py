# SPDX-License-Identifier: Apache-2.0
"""Expressions of the language to C and IR."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from . import arithmetic, text
from .function import Function
from .merge import run_arms
from .operators import (
    BINARY,
    COMPARE,
    both,
    junction,
    membership,
    operate,
    truth,
    unary,
)
from .source import MISSING, lookup
from .values import (
    Bank,
    Const,
    Dyn,
    Obj,
    Poison,
    Static,
    Text,
    Tup,
    Value,
    c_of,
    deps_of,
    describe,
    is_static,
    literal,
)


def expression(f: Function, node: ast.expr) -> Value:
    """Compile an expression; the value may be used at once."""
    return f.usable(_expression(f, node), node)


def _expression(f: Function, node: ast.expr) -> Value:
    match node:
        case ast.Constant(value=value):
            return _constant(f, node, value)
        case ast.Name(id=name):
            return _name(f, node, name)
        case ast.BinOp(left=left, op=op, right=right):
            return _binary(f, node, BINARY.get(type(op)), left, right)
        case ast.UnaryOp(op=op, operand=operand):
            return unary(f, node, op, expression(f, operand))
        case ast.Compare():
            return _comparison(f, node)
        case ast.BoolOp(op=op, values=values):
            return _bool_op(f, node, isinstance(op, ast.And), values)
        case ast.IfExp():
            return _if_expression(f, node)
        case ast.Tuple(elts=elements):
            return Tup(
                tuple(item for element in elements for item in spread(f, element))
            )
        case ast.Call():
            from .calls import call

            return call(f, node)
        case ast.Attribute():
            from .state_access import read_attribute

            return read_attribute(f, node)
        case ast.Subscript():
            return _subscript(f, node)
        case ast.JoinedStr(values=values):
            return text.joined([_text_part(f, part) for part in values])
        case _:
            raise f.error(node, f"the language has no {type(node).__name__} expression")


def spread(f: Function, node: ast.expr) -> tuple[Value, ...]:
    """One element of a tuple or call, which may be starred."""
    if not isinstance(node, ast.Starred):
        return (expression(f, node),)
    value = expression(f, node.value)
    if not isinstance(value, Tup):
        f.fail(node, "only a tuple can be spread")
    return value.items


def _text_part(f: Function, node: ast.expr) -> Text:
    if isinstance(node, ast.FormattedValue):
        spec = ast.unparse(node.format_spec)[2:-1] if node.format_spec else ""
        return text.formatted(f, node, expression(f, node.value), spec)
    value = expression(f, node)
    assert isinstance(value, Text)
    return value


def _constant(f: Function, node: ast.expr, value: Any) -> Value:
    if value is None or isinstance(value, bool | int | str):
        return f.wrap(value, node)
    raise f.error(node, f"the language has no constants like {value!r}")


def _name(f: Function, node: ast.expr, name: str) -> Value:
    if name in f.env:
        return f.env[name]
    found = lookup(f.python, name)
    if found is MISSING:
        f.fail(node, f"{name} is not defined")
    return f.wrap(found, node)


def _binary(
    f: Function, node: ast.expr, sign: str | None, left: ast.expr, right: ast.expr
) -> Value:
    if sign is None:
        f.fail(node, "the language has no such operator")
    a, b = f.keep(expression(f, left)), f.keep(expression(f, right))
    if isinstance(a, Text) and isinstance(b, Text) and sign == "+":
        return text.joined([a, b])
    return operate(f, node, sign, a, b)


def _comparison(f: Function, node: ast.Compare) -> Value:
    values = [f.keep(expression(f, side)) for side in (node.left, *node.comparators)]
    result: Value | None = None
    for op, a, b in zip(node.ops, values, values[1:], strict=False):
        if (
            isinstance(op, ast.Is | ast.IsNot)
            and isinstance(a, Obj)
            and isinstance(b, Obj)
        ):
            one: Value = Const(int((a.object is b.object) == isinstance(op, ast.Is)))
        elif isinstance(op, ast.In | ast.NotIn):
            one = membership(f, node, a, b, isinstance(op, ast.NotIn))
        elif type(op) in COMPARE:
            one = operate(f, node, COMPARE[type(op)], a, b)
        else:
            f.fail(node, "the language has no such comparison")
        result = one if result is None else both(f, node, result, one)
    assert result is not None
    return result


def _bool_op(
    f: Function, node: ast.BoolOp, is_and: bool, operands: list[ast.expr]
) -> Value:
    """`and`, `or`: a static left side decides whether the right one is run."""
    first = expression(f, operands[0])
    for position, operand in enumerate(operands[1:], 1):
        condition = truth(f, first, operands[position - 1])
        if isinstance(condition, Const):
            if bool(condition.value) != is_and:
                return first
            first = expression(f, operand)
        elif isinstance(condition, Static):
            lines: list[Any] = []
            with f.into(lines):
                second = expression(f, operand)
            if not lines and is_static(second):
                first = junction(f, node, first, second, is_and)
            else:
                first = _short_circuit(f, node, condition, operand, is_and)
        else:
            first = junction(f, node, first, expression(f, operand), is_and)
    return first


def _short_circuit(
    f: Function, node: ast.expr, condition: Static, operand: ast.expr, is_and: bool
) -> Value:
    """Run the right side only if the static left side does not decide."""

    def right() -> Value:
        return truth(f, expression(f, operand), operand)

    def decided() -> Value:
        return Const(int(not is_and))

    arms = (right, decided) if is_and else (decided, right)
    return choose(f, node, condition, *arms)


def choose(
    f: Function,
    node: ast.expr,
    condition: Value,
    first: Callable[[], Value],
    second: Callable[[], Value],
) -> Value:
    """The value of one arm or the other, each compiled in its own path."""
    slot = f.name("=")

    def store(arm: Callable[[], Value]) -> Callable[[], None]:
        def run() -> None:
            f.env[slot] = f.keep(arm())

        return run

    run_arms(f, node, condition, store(first), store(second))
    return f.usable(f.env.pop(slot), node)


def _if_expression(f: Function, node: ast.IfExp) -> Value:
    condition = truth(f, expression(f, node.test), node.test)
    if isinstance(condition, Const):
        return expression(f, node.body if condition.value else node.orelse)
    if isinstance(condition, Static):
        lines: list[Any] = []
        with f.into(lines):
            arms = expression(f, node.body), expression(f, node.orelse)
        first, second = arms
        if isinstance(first, Text) and isinstance(second, Text) and not lines:
            return text.choose(condition, first, second)
        if not lines and all(is_static(arm) for arm in arms):
            return Static(
                f"({condition.c} ? {c_of(arms[0])} : {c_of(arms[1])})",
                deps_of(condition, *arms),
            )
        return choose(
            f,
            node,
            condition,
            lambda: expression(f, node.body),
            lambda: expression(f, node.orelse),
        )
    assert isinstance(condition, Dyn)
    return arithmetic.select(
        f, node, condition, expression(f, node.body), expression(f, node.orelse)
    )


# -- subscripts
def _subscript(f: Function, node: ast.Subscript) -> Value:
    base = expression(f, node.value)
    index = expression(f, node.slice)
    if isinstance(base, Bank):
        from .state_access import read_element

        return read_element(f, node, base, index)
    if isinstance(base, Tup):
        return _item(f, node, base, index)
    raise f.error(node, f"{describe(base)} cannot be indexed")


def _item(f: Function, node: ast.expr, base: Tup, index: Value) -> Value:
    if isinstance(index, Const):
        if not -len(base.items) <= index.value < len(base.items):
            f.fail(node, f"index {index.value} of a tuple of {len(base.items)}")
        return base.items[index.value]
    if not isinstance(index, Static):
        f.fail(node, "a tuple is indexed by static numbers")
    if all(isinstance(item, Const) for item in base.items):
        return f.static(
            f"{_table(f, base)}[mb_s_index(tr, {index.c}, {len(base.items)})]",
            index.deps,
        )
    if all(isinstance(item, Text) for item in base.items):
        return text.table(f, base, index)
    if all(isinstance(item, Tup) for item in base.items):
        columns = zip(
            *(item.items for item in base.items if isinstance(item, Tup)), strict=True
        )
        return Tup(
            tuple(_item(f, node, Tup(tuple(column)), index) for column in columns)
        )
    return Poison("the element's kind depends on the index", index.deps)


def _table(f: Function, base: Tup) -> str:
    numbers = ", ".join(
        literal(item.value) for item in base.items if isinstance(item, Const)
    )
    return f.unit.table("int64_t", numbers)
