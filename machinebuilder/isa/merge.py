# SPDX-License-Identifier: Apache-2.0
"""Joining the values of two paths: static `if` into C variables, dynamic into phi."""

from __future__ import annotations

import ast
from typing import Any

from . import text
from .function import Env, Function
from .values import (
    Dyn,
    Poison,
    Static,
    Text,
    Tup,
    Value,
    c_of,
    deps_of,
    describe,
    is_static,
)

Lines = list[Any]


class Join:
    """Two arms of an `if`, each with the lines printed so far."""

    def __init__(
        self,
        f: Function,
        node: ast.AST,
        arms: tuple[Lines, Lines],
        deps: frozenset[str],
        dynamic: bool,
    ) -> None:
        self.f, self.node, self.arms, self.deps = f, node, arms, deps
        self.dynamic = dynamic
        self.before: Lines = []  # declarations, in front of the `if`
        self.after: Lines = []  # phis, behind it

    def envs(self, one: Env, other: Env) -> Env:
        """The locals after the `if`."""
        joined = {}
        for name in dict.fromkeys((*one, *other)):
            missing = Poison(f"{name} is not assigned on every path", self._deps())
            joined[name] = self.value(one.get(name, missing), other.get(name, missing))
        return joined

    def value(self, a: Value, b: Value) -> Value:
        """One value for both."""
        if a == b:
            return a
        if isinstance(a, Poison):
            return a
        if isinstance(b, Poison):
            return b
        if isinstance(a, Tup) and isinstance(b, Tup) and len(a.items) == len(b.items):
            pairs = zip(a.items, b.items, strict=True)
            return Tup(tuple(self.value(x, y) for x, y in pairs))
        if is_static(a) and is_static(b) and not self.dynamic:
            return self._static(a, b)
        if isinstance(a, Text) and isinstance(b, Text) and not self.dynamic:
            return self._text(a, b)
        kind = next((x.type for x in (a, b) if isinstance(x, Dyn)), None)
        if kind is None or not all(_fits(x, kind) for x in (a, b)):
            hint = (
                ": give it a width, u32(...)" if is_static(a) and is_static(b) else ""
            )
            return Poison(
                f"{describe(a)} on one path, {describe(b)} on the other{hint}",
                self._deps(),
            )
        return self._dyn(kind, a, b)

    def _deps(self) -> frozenset[str]:
        return frozenset() if self.dynamic else self.deps

    def _static(self, a: Value, b: Value) -> Static:
        name = self.f.name("s")
        self.before.append(f"int64_t {name};")
        for lines, value in zip(self.arms, (a, b), strict=True):
            lines.append(f"{name} = {c_of(value)};")
        return Static(name, deps_of(a, b) | self.deps)

    def _text(self, a: Text, b: Text) -> Text:
        name = self.f.name("b")
        self.before += text.declaration(name)
        for lines, value in zip(self.arms, (a, b), strict=True):
            lines += text.output(value, f"&{name}_")
        return text.of_buffer(name)

    def _dyn(self, kind: type[Any], a: Value, b: Value) -> Dyn:
        names = []
        for lines, value in zip(self.arms, (a, b), strict=True):
            with self.f.into(lines):
                names.append(self.f.to_dyn(kind, value, self.node).c)
        name = self.f.name("m")
        if self.dynamic:
            self.after.append(
                f"mb_v {name} = mb_ir_phi(tr->ir, {names[0]}, {names[1]});"
            )
        else:
            self.before.append(f"mb_v {name};")
            for lines, source in zip(self.arms, names, strict=True):
                lines.append(f"{name} = {source};")
        return Dyn(kind, name)


def run_arms(
    f: Function, node: ast.AST, condition: Value, first: Any, second: Any
) -> None:
    """Both arms of an `if` over a static or dynamic condition, and their join."""
    dynamic = isinstance(condition, Dyn)
    deps = deps_of(condition)
    before, path, key = dict(f.env), f.path, f.name("if")
    arms: tuple[list[Any], list[Any]] = ([], [])
    ends: list[tuple[Env, bool]] = []
    f.dynamic_depth += dynamic
    for number, arm in enumerate((first, second)):
        f.env, f.live = dict(before), True
        f.path = (*path, (key, number, deps))
        with f.into(arms[number]):
            arm()
        ends.append((f.env, f.live))
    f.dynamic_depth -= dynamic
    join = Join(f, node, arms, deps, dynamic)
    f.live = ends[0][1] or ends[1][1]
    f.path = path
    if ends[0][1] and ends[1][1]:
        f.env = join.envs(ends[0][0], ends[1][0])
    else:
        left = 1 if ends[1][1] else 0
        f.env = ends[left][0]
        f.path = (*path, (key, left, deps))
    _print_if(f, condition, arms, join)


def _print_if(
    f: Function, condition: Value, arms: tuple[list[Any], list[Any]], join: Join
) -> None:
    f.lines += join.before
    if isinstance(condition, Dyn):
        fork = f.name("fork")
        f.lines += [
            f"struct mb_fork {fork};",
            f"mb_tr_if(tr, &{fork}, {condition.c});",
            *arms[0],
            f"mb_tr_else(tr, &{fork});",
            *arms[1],
            f"mb_tr_endif(tr, &{fork});",
            *join.after,
        ]
        return
    f.lines += [f"if ({c_of(condition)}) {{", *arms[0]]
    f.lines += ["} else {", *arms[1]] if arms[1] else []
    f.lines.append("}")


def _fits(value: Value, kind: type[Any]) -> bool:
    from .types import IntValue

    if isinstance(value, Dyn):
        return value.type is kind
    return is_static(value) and issubclass(kind, IntValue)


def common(values: list[Value]) -> Value | None:
    """The kind that all return sites can give, None if there is none."""
    result = values[0]
    for value in values[1:]:
        joined = _common(result, value)
        if joined is None:
            return None
        result = joined
    return result


def _common(a: Value, b: Value) -> Value | None:
    if isinstance(a, Tup) and isinstance(b, Tup) and len(a.items) == len(b.items):
        items = [_common(x, y) for x, y in zip(a.items, b.items, strict=True)]
        return None if None in items else Tup(tuple(items))  # type: ignore[arg-type]
    if isinstance(a, Text) and isinstance(b, Text):
        return Text(())
    if is_static(a) and is_static(b):
        return a if a == b else Static("", deps_of(a, b))
    kind = next((x.type for x in (a, b) if isinstance(x, Dyn)), None)
    if kind is not None and _fits(a, kind) and _fits(b, kind):
        return Dyn(kind, "")
    return a if a == b else None
