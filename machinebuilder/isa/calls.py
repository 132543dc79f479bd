# SPDX-License-Identifier: Apache-2.0
"""Calls: of the CPU's methods, types, intrinsics, C helpers and Python functions."""

from __future__ import annotations

import ast
import types
from collections.abc import Callable
from typing import Any

from . import arithmetic, control, lowering, statements
from .expressions import expression, spread
from .function import Env, Function
from .insns import Extern
from .operators import both, either, truth
from .statements import assign
from .types import TYPES, IntValue, v128
from .values import (
    Const,
    Cpu,
    Method,
    Obj,
    RangeOf,
    Static,
    Text,
    Tup,
    Value,
    c_of,
    deps_of,
    describe,
    is_static,
)


def call(f: Function, node: ast.Call) -> Value:
    """Compile a call."""
    if _is_join(f, node):
        return _join(f, node)
    target = expression(f, node.func)
    if isinstance(target, Obj) and target.object in (any, all):
        return _any_all(f, node, target.object is any)
    positional = [
        f.keep(value) for argument in node.args for value in spread(f, argument)
    ]
    keywords = {}
    for keyword in node.keywords:
        if keyword.arg is None:
            f.fail(node, "the language has no ** of a call")
        keywords[keyword.arg] = f.keep(expression(f, keyword.value))
    if isinstance(target, Method):
        return control.method(f, node, target.name, positional, keywords)
    if not isinstance(target, Obj):
        f.fail(node, f"{describe(target)} cannot be called")
    return _call_object(f, node, target.object, positional, keywords)


def _call_object(
    f: Function, node: ast.Call, function: Any, positional: list[Value], keywords: Env
) -> Value:
    if isinstance(function, types.FunctionType) and function not in lowering.TABLE:
        return f.unit.call(f, node, function, positional, keywords)
    if keywords:
        f.fail(node, "only Python functions take arguments by name")
    if isinstance(function, type) and function in TYPES:
        return _conversion(f, node, function, positional)
    if isinstance(function, Extern):
        return _extern(f, node, function, positional)
    if function in lowering.TABLE:
        return lowering.intrinsic(f, node, function, positional)
    builtin = BUILTINS.get(function)
    if builtin is None:
        f.fail(
            node,
            f"{getattr(function, '__name__', function)!r} cannot be called in the "
            "language",
        )
    return builtin(f, node, positional)


def _conversion(
    f: Function, node: ast.AST, kind: type[Any], values: list[Value]
) -> Value:
    if len(values) != 1 or kind is v128:
        f.fail(node, f"{kind.__name__}() takes one number")
    return arithmetic.convert(f, node, kind, values[0])


# -- C helpers
def _extern(f: Function, node: ast.Call, extern: Extern, values: list[Value]) -> Value:
    if not values or not isinstance(values[0], Cpu):
        f.fail(node, f"the first argument of {extern.name} must be cpu")
    if len(values) - 1 != len(extern.parameters):
        f.fail(
            node, f"{extern.name} takes {len(extern.parameters)} arguments beside cpu"
        )
    arguments = [
        _static_argument(f, node, value)
        if kind is int
        else f.to_dyn(kind, value, node).c
        for value, (_, kind) in zip(values[1:], extern.parameters, strict=True)
    ]
    helper = f.unit.helper(extern)
    if extern.effects == "frame":
        f.emit(f"{f.unit.core.name}_{extern.name}({', '.join(['tr', *arguments])});")
        return Obj(None)
    listed = f"(mb_v[]){{{', '.join(arguments)}}}" if arguments else "NULL"
    c = f"mb_ir_call(tr->ir, &{helper}, {len(arguments)}, {listed})"
    result: Value = Obj(None)
    if extern.result is None:
        f.emit(f"{c};")
    else:
        value = f.dyn(extern.result, c)
        narrow = issubclass(extern.result, IntValue)
        result = arithmetic.canonical(f, extern.result, value.c) if narrow else value
    if extern.effects == "exits":
        f.emit("tr->ended = true;")
    return result


def _static_argument(f: Function, node: ast.AST, value: Value) -> str:
    if not is_static(value):
        f.fail(node, f"a static number wanted, not {describe(value)}")
    return c_of(value)


# -- Python's own
def _range(f: Function, node: ast.Call, values: list[Value]) -> Value:
    if not 1 <= len(values) <= 3 or not all(is_static(value) for value in values):
        f.fail(node, "range takes one to three static numbers")
    start, stop, step = (
        (Const(0), values[0], Const(1))
        if len(values) == 1
        else (*values, Const(1))
        if len(values) == 2
        else values
    )
    if not isinstance(step, Const) or step.value == 0:
        f.fail(node, "the step of a range must be a constant")
    return Obj(RangeOf(start, stop, step))


def _len(f: Function, node: ast.Call, values: list[Value]) -> Value:
    if len(values) != 1 or not isinstance(values[0], Tup):
        f.fail(node, "len takes a tuple")
    return Const(len(values[0].items))


def _extreme(sign: str, python: Any) -> Any:
    def compile_extreme(f: Function, node: ast.Call, values: list[Value]) -> Value:
        if len(values) != 2 or not all(is_static(value) for value in values):
            f.fail(node, "min and max take two static numbers here")
        a, b = values
        if isinstance(a, Const) and isinstance(b, Const):
            return Const(python(a.value, b.value))
        return Static(
            f"({c_of(a)} {sign} {c_of(b)} ? {c_of(a)} : {c_of(b)})", deps_of(a, b)
        )

    return compile_extreme


def _abs(f: Function, node: ast.Call, values: list[Value]) -> Value:
    if len(values) != 1 or not is_static(values[0]):
        f.fail(node, "abs takes a static number here")
    c = c_of(values[0])
    return Static(f"({c} < 0 ? -({c}) : {c})", deps_of(values[0]))


def _int(f: Function, node: ast.Call, values: list[Value]) -> Value:
    if len(values) != 1 or not is_static(values[0]):
        f.fail(node, "int() takes a static number: guest values have widths")
    return values[0]


def _bool(f: Function, node: ast.Call, values: list[Value]) -> Value:
    value = truth(f, values[0], node)
    return (
        Static(f"(({value.c}) != 0)", value.deps)
        if isinstance(value, Static)
        else value
    )


BUILTINS: dict[Any, Callable[[Function, ast.Call, list[Value]], Value]] = {
    range: _range,
    len: _len,
    min: _extreme("<", min),
    max: _extreme(">", max),
    abs: _abs,
    int: _int,
    bool: _bool,
}


def _any_all(f: Function, node: ast.Call, is_any: bool) -> Value:
    """`any(test(x) for x in items)` over a tuple or a short range."""
    items = _generated(f, node.args[0]) if len(node.args) == 1 else None
    if items is None:
        f.fail(node, "any and all take a generator over a tuple or a constant range")
    result: Value = Const(int(not is_any))
    for item in items:
        result = (either if is_any else both)(f, node, result, item)
    return result


def _generated(f: Function, node: ast.expr) -> list[Value] | None:
    if not isinstance(node, ast.GeneratorExp):
        value = expression(f, node)
        return list(value.items) if isinstance(value, Tup) else None
    if len(node.generators) != 1 or node.generators[0].ifs:
        return None
    loop, before = node.generators[0], dict(f.env)
    sequence = expression(f, loop.iter)
    if isinstance(sequence, Obj) and isinstance(sequence.object, RangeOf):
        items = sequence.object.numbers()
    else:
        items = list(sequence.items) if isinstance(sequence, Tup) else None
    results = []
    for item in items or ():
        assign(f, loop.target, item)
        results.append(expression(f, node.elt))
    f.env = before
    return results if items is not None else None


# -- ", ".join(... for ... in ...)
def _is_join(f: Function, node: ast.Call) -> bool:
    return (
        isinstance(node.func, ast.Attribute)
        and node.func.attr == "join"
        and isinstance(expression(f, node.func.value), Text)
    )


def _join(f: Function, node: ast.Call) -> Value:
    """As the loop that it stands for."""
    assert isinstance(node.func, ast.Attribute)
    generator = node.args[0] if len(node.args) == 1 else None
    if not isinstance(generator, ast.GeneratorExp) or len(generator.generators) != 1:
        raise f.error(node, "join takes a generator with one `for`")
    loop, name = generator.generators[0], f.name("=")

    def text() -> ast.expr:
        return ast.Name(name, ast.Load())

    def become(value: ast.expr) -> ast.stmt:
        return ast.Assign([ast.Name(name, ast.Store())], value)

    longer = ast.BinOp(text(), ast.Add(), node.func.value)
    item = generator.elt
    body: ast.stmt = ast.If(
        text(), [become(ast.BinOp(longer, ast.Add(), item))], [become(item)]
    )
    for test in reversed(loop.ifs):
        body = ast.If(test, [body], [])
    f.env[name] = Text(())
    statement = ast.For(loop.target, loop.iter, [body], [], None)
    statements.one(f, ast.fix_missing_locations(ast.copy_location(statement, node)))
    return f.env.pop(name)
