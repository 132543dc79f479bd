# SPDX-License-Identifier: Apache-2.0
"""`{{ ... }}` in values: arithmetic over options, in Jinja2's notation.

Jinja2 parses; what it parsed is evaluated here, node by node, and a node without a row
in this file is refused. So there are no attributes, no objects, no loops and no code:
only numbers, text, truth values and the functions below. Every number and text on the
way is bounded, and so is the expression.

Omitted of Jinja2: statements, comments, tests, attributes, subscripts, lists, mappings.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

from jinja2 import TemplateSyntaxError, nodes
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

from machinebuilder.board.suggest import help_for
from machinebuilder.board.values import Failed, text_of

Value = int | float | str | bool
Names = Mapping[str, Value | Failed]

MAX_EXPRESSION = 1000
MAX_RESULT = 4096
MAX_BITS = 256

CONSTANTS: Final[Mapping[str, Value]] = {
    "KiB": 1 << 10,
    "MiB": 1 << 20,
    "GiB": 1 << 30,
    "TiB": 1 << 40,
}


class ExpressionError(Exception):
    """An expression cannot be used: a code, what is wrong, and what to do."""

    def __init__(self, code: str, message: str, why: str = "", help: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.why = why
        self.help = help


class FailedNameError(ExpressionError):
    """The expression uses something that is wrong itself, which was reported."""


def has_expression(text: str) -> bool:
    """Does `text` need `evaluate`?"""
    return "{{" in text or "{%" in text or "{#" in text


def evaluate(text: str, names: Names) -> str:
    """`text` with its expressions replaced by their values; ExpressionError."""
    template = _parse(text)
    try:
        return _render(template, names)
    except (ArithmeticError, TypeError, ValueError, RecursionError) as error:
        raise ExpressionError(
            "E-EXPR-04", "the expression has no result", str(error) or "it is too deep"
        ) from None


@lru_cache(maxsize=512)
def _parse(text: str) -> nodes.Template:
    if len(text) > MAX_EXPRESSION:
        raise ExpressionError(
            "E-EXPR-04",
            "the expression is too long",
            f"it has {len(text)} characters; the limit is {MAX_EXPRESSION}",
        )
    try:
        return Parser(_ENVIRONMENT, text).parse()
    except TemplateSyntaxError as error:
        why = error.message or ""
        raise ExpressionError(
            "E-EXPR-01", "not a valid expression", why, 'for example "{{ ram // 2 }}"'
        ) from None
    except (RecursionError, ValueError, OverflowError) as error:
        why = (
            "it is nested too deeply"
            if isinstance(error, RecursionError)
            else str(error)
        )
        raise ExpressionError("E-EXPR-01", "not a valid expression", why) from None


def _render(template: nodes.Template, names: Names) -> str:
    parts: list[str] = []
    for output in template.body:
        if not isinstance(output, nodes.Output):
            raise _forbidden(output)
        for node in output.nodes:
            if isinstance(node, nodes.TemplateData):
                parts.append(node.data)
            else:
                parts.append(text_of(_whole(_eval(node, names))))
    return str(_bounded("".join(parts)))


def _whole(value: Value) -> Value:
    """A float that is an integer becomes one, so that `ram / 2` is a size."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _eval(node: nodes.Node, names: Names) -> Value:
    handler = _HANDLERS.get(type(node))
    if handler is None:
        raise _forbidden(node)
    return _bounded(handler(node, names))


def _bounded(value: Value) -> Value:
    if isinstance(value, int) and value.bit_length() > MAX_BITS:
        raise ValueError(f"a number has more than {MAX_BITS} bits")
    if isinstance(value, str) and len(value) > MAX_RESULT:
        raise ValueError(f"a text has more than {MAX_RESULT} characters")
    return value


def _forbidden(node: nodes.Node) -> ExpressionError:
    what = type(node).__name__
    return ExpressionError(
        "E-EXPR-02",
        f"an expression may not use {_SAID.get(what, what.lower())}",
        "boards hold arithmetic over options, not programs",
        f"use + - * // % **, comparisons, `a if b else c`, {', '.join(FUNCTIONS)}",
    )


def _const(node: nodes.Const, names: Names) -> Value:
    if isinstance(node.value, int | float | str):
        return node.value
    raise _forbidden(node)


def _name(node: nodes.Name, names: Names) -> Value:
    if node.name in names:
        value = names[node.name]
        if isinstance(value, Failed):
            raise FailedNameError("E-EXPR-03", "its option has no value")
        return value
    if node.name in CONSTANTS:
        return CONSTANTS[node.name]
    raise ExpressionError(
        "E-EXPR-03",
        f"{node.name[:60]!r} is not an option of this board",
        "expressions see the board's options, and KiB, MiB, GiB, TiB",
        help_for(node.name, [*names, *CONSTANTS]),
    )


def _binary(node: nodes.BinExpr, names: Names) -> Value:
    left, right = _number(_eval(node.left, names)), _number(_eval(node.right, names))
    result: Value = _OPERATORS[type(node)](left, right)
    return result


def _add(node: nodes.Add, names: Names) -> Value:
    left, right = _eval(node.left, names), _eval(node.right, names)
    if isinstance(left, str) and isinstance(right, str):
        return left + right
    return _number(left) + _number(right)


def _power(node: nodes.Pow, names: Names) -> Value:
    base, exponent = _number(_eval(node.left, names)), _number(_eval(node.right, names))
    if not isinstance(exponent, int) or not 0 <= exponent <= MAX_BITS:
        raise ValueError(f"an exponent must be an integer between 0 and {MAX_BITS}")
    result: Value = base**exponent
    return result


def _number(value: Value) -> int | float:
    if isinstance(value, str):
        raise TypeError(f"{value[:40]!r} is text, not a number")
    return value


def _unary(node: nodes.UnaryExpr, names: Names) -> Value:
    value = _eval(node.node, names)
    if isinstance(node, nodes.Not):
        return not value
    return -_number(value) if isinstance(node, nodes.Neg) else _number(value)


def _and(node: nodes.And, names: Names) -> Value:
    return _eval(node.left, names) and _eval(node.right, names)


def _or(node: nodes.Or, names: Names) -> Value:
    return _eval(node.left, names) or _eval(node.right, names)


def _choose(node: nodes.CondExpr, names: Names) -> Value:
    if _eval(node.test, names):
        return _eval(node.expr1, names)
    if node.expr2 is None:
        raise ValueError("`if` needs an `else` here")
    return _eval(node.expr2, names)


def _compare(node: nodes.Compare, names: Names) -> Value:
    left = _eval(node.expr, names)
    for operand in node.ops:
        right = _eval(operand.expr, names)
        compare = _COMPARISONS.get(operand.op)
        if compare is None:
            raise _forbidden(operand)
        if not compare(left, right):
            return False
        left = right
    return True


def _join(node: nodes.Concat, names: Names) -> Value:
    return "".join(text_of(_eval(part, names)) for part in node.nodes)


def _call(node: nodes.Call, names: Names) -> Value:
    if not isinstance(node.node, nodes.Name):
        raise _forbidden(node.node)
    if node.kwargs or node.dyn_args or node.dyn_kwargs:
        raise _forbidden(node)
    return _apply(node.node.name, [_eval(arg, names) for arg in node.args])


def _filter(node: nodes.Filter, names: Names) -> Value:
    if node.node is None or node.kwargs or node.dyn_args or node.dyn_kwargs:
        raise _forbidden(node)
    return _apply(node.name, [_eval(arg, names) for arg in [node.node, *node.args]])


def _apply(name: str, arguments: list[Value]) -> Value:
    function = FUNCTIONS.get(name)
    if function is None:
        raise ExpressionError(
            "E-EXPR-03",
            f"there is no function {name[:60]!r}",
            "",
            help_for(name, FUNCTIONS),
        )
    return function(*arguments)


def _align(value: int, step: int) -> int:
    """`value` rounded up to a multiple of `step`."""
    return -(-value // step) * step


def _hex(value: int) -> str:
    return hex(value)


def _log2(value: int) -> int:
    if value <= 0 or value & (value - 1):
        raise ValueError(f"{value} is not a power of two")
    return value.bit_length() - 1


FUNCTIONS: Final[Mapping[str, Callable[..., Value]]] = {
    "min": min,
    "max": max,
    "abs": abs,
    "int": int,
    "hex": _hex,
    "align": _align,
    "log2": _log2,
}

_OPERATORS: Final[Mapping[type, Callable[[Value, Value], Value]]] = {
    nodes.Sub: operator.sub,
    nodes.Mul: operator.mul,
    nodes.Div: operator.truediv,
    nodes.FloorDiv: operator.floordiv,
    nodes.Mod: operator.mod,
}

_COMPARISONS: Final[Mapping[str, Callable[[Value, Value], bool]]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "lteq": operator.le,
    "gt": operator.gt,
    "gteq": operator.ge,
}

_HANDLERS: Final[Mapping[type, Callable[..., Value]]] = {
    nodes.Const: _const,
    nodes.Name: _name,
    nodes.Add: _add,
    nodes.Pow: _power,
    **dict.fromkeys(_OPERATORS, _binary),
    **dict.fromkeys((nodes.Neg, nodes.Pos, nodes.Not), _unary),
    nodes.And: _and,
    nodes.Or: _or,
    nodes.CondExpr: _choose,
    nodes.Compare: _compare,
    nodes.Concat: _join,
    nodes.Call: _call,
    nodes.Filter: _filter,
}

_SAID: Final[Mapping[str, str]] = {
    "Getattr": "attributes",
    "Getitem": "subscripts",
    "Dict": "mappings",
    "List": "lists",
    "Tuple": "lists",
    "For": "loops",
    "If": "statements",
    "Test": "tests",
    "Operand": "`in`",
    "Call": "such calls",
}

_ENVIRONMENT: Final = ImmutableSandboxedEnvironment(optimized=False, cache_size=0)
