# SPDX-License-Identifier: Apache-2.0
"""How arguments and results of Python functions pass between the C ones."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import text
from .function import Env, Function, ReturnSite
from .merge import common
from .values import (
    Const,
    Dyn,
    NeedConst,
    Obj,
    Run,
    Static,
    Text,
    Tup,
    Value,
    c_of,
    describe,
    is_static,
)


@dataclass(frozen=True)
class Compiled:
    """A C function, and what it gives as a pattern of kinds."""

    name: str
    result: Value


# -- arguments
def bind(
    f: Function,
    node: ast.AST,
    python: Callable[..., Any],
    positional: list[Value],
    keywords: Env,
) -> Env:
    """Parameter name -> value."""
    try:
        bound = inspect.signature(python).bind(*positional, **keywords)
    except TypeError as error:
        f.fail(node, f"{python.__name__}: {error}")
    env: Env = {}
    for name, parameter in inspect.signature(python).parameters.items():
        if name in bound.arguments:
            value = bound.arguments[name]
            env[name] = Tup(value) if isinstance(value, tuple) else value
        elif parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            env[name] = Tup(())
        else:
            env[name] = f.wrap(parameter.default, node)
    return env


def kind_of(value: Value) -> Any:
    """What of an argument a compiled function depends on."""
    match value:
        case Static():
            return "static"
        case Dyn():
            return value.type
        case Tup():
            return tuple(kind_of(item) for item in value.items)
        case Const():
            return ("const", value.value)
        case Obj():
            return ("object", id(value.object))
        case _:
            return value


def parameter(name: str, c: str, value: Value, parameters: list[str]) -> Value:
    """The value that the callee sees, and its C parameters."""
    if isinstance(value, Static):
        parameters.append(f"int64_t {c}_")
        return Static(f"{c}_", frozenset({name}))
    if isinstance(value, Dyn):
        parameters.append(f"mb_v {c}_")
        return Dyn(value.type, f"{c}_")
    if isinstance(value, Tup):
        return Tup(
            tuple(
                parameter(name, f"{c}_{i}", item, parameters)
                for i, item in enumerate(value.items)
            )
        )
    return value


def flatten(value: Value) -> list[str]:
    """The C arguments of a value."""
    if isinstance(value, Static | Dyn):
        return [value.c]
    if isinstance(value, Tup):
        return [c for item in value.items for c in flatten(item)]
    return []


# -- results
def result_kind(function: Function) -> Value:
    """The kind that all return sites give."""
    values = [site.value for site in function.returns]
    result = common(values)
    if result is not None:
        return result
    for i, one in enumerate(function.returns):
        for other in function.returns[i + 1 :]:
            if common([one.value, other.value]) is None:
                _conflict(function, one, other)
    raise AssertionError("pairs agree but not all of them")


def _conflict(function: Function, one: ReturnSite, other: ReturnSite) -> None:
    """Two return sites disagree: blame the condition at which their paths part."""
    message = (
        f"{function.python.__name__} returns {describe(one.value)} here and "
        f"{describe(other.value)} elsewhere"
    )
    for (if_a, arm_a, deps), (if_b, arm_b, _) in zip(
        one.path, other.path, strict=False
    ):
        if if_a == if_b and arm_a != arm_b:
            if deps:
                raise NeedConst(deps, message, function.where(one.node))
            break
    function.fail(one.node, message)


def outs(result: Value, name: str) -> list[tuple[str, str]]:
    """The C results: (name, type)."""
    if isinstance(result, Static):
        return [(name, "int64_t")]
    if isinstance(result, Dyn):
        return [(name, "mb_v")]
    if isinstance(result, Tup):
        return [
            out
            for i, item in enumerate(result.items)
            for out in outs(item, f"{name}_{i}")
        ]
    return []


def print_return(function: Function, site: ReturnSite, result: Value) -> None:
    with function.into(site.lines):
        if isinstance(site.value, Text):
            function.lines += text.output(site.value)
        values = _converted(function, site.value, result, site.node)
        if isinstance(result, Tup):
            for (name, _), c in zip(outs(result, "out"), values, strict=True):
                function.emit(f"*{name} = {c};")
            function.emit("return;")
        else:
            function.emit(f"return {values[0]};" if values else "return;")


def _converted(
    function: Function, value: Value, wanted: Value, node: ast.AST
) -> list[str]:
    """C expressions of the parts of `value` that `wanted` has C results for."""
    if isinstance(wanted, Tup):
        assert isinstance(value, Tup)
        return [
            c
            for item, kind in zip(value.items, wanted.items, strict=True)
            for c in _converted(function, item, kind, node)
        ]
    if isinstance(wanted, Dyn):
        return [function.to_dyn(wanted.type, value, node).c]
    if isinstance(wanted, Static):
        assert is_static(value)
        return [c_of(value)]
    return []


def receive(
    f: Function, compiled: Compiled, arguments: list[str], deps: frozenset[str]
) -> Value:
    """Print the call, and give its result in the caller."""
    result = compiled.result
    if isinstance(result, Text):
        return Text((Run(compiled.name, tuple(arguments[1:])),))
    if isinstance(result, Tup):
        names = []
        for _, kind in outs(result, ""):
            names.append(f.name("s" if kind == "int64_t" else "v"))
            f.emit(f"{kind} {names[-1]};")
        called = ", ".join([*arguments, *(f"&{name}" for name in names)])
        f.emit(f"{compiled.name}({called});")
        return _named(result, iter(names), deps)
    c = f"{compiled.name}({', '.join(arguments)})"
    if isinstance(result, Static):
        return f.static(c, deps)
    if isinstance(result, Dyn):
        return f.dyn(result.type, c)
    f.emit(f"{c};")
    return result


def _named(result: Value, names: Any, deps: frozenset[str]) -> Value:
    if isinstance(result, Tup):
        return Tup(tuple(_named(item, names, deps) for item in result.items))
    if isinstance(result, Static):
        return Static(next(names), deps)
    if isinstance(result, Dyn):
        return Dyn(result.type, next(names))
    return result
