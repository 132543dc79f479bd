# SPDX-License-Identifier: Apache-2.0
"""Loops: C loops at translation time, or one copy of the body for each item."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

from . import statements, text
from .expressions import expression
from .function import Env, Function
from .operators import truth
from .values import (
    Dyn,
    NeedConst,
    Obj,
    Poison,
    Printed,
    RangeOf,
    Static,
    Text,
    Tup,
    Value,
    c_of,
    deps_of,
    is_static,
)


def compile_for(f: Function, node: ast.For) -> None:
    if node.orelse:
        f.fail(node, "the language has no else of a loop")
    sequence = expression(f, node.iter)
    if isinstance(sequence, Tup):
        _unroll(f, node, list(sequence.items))
    elif isinstance(sequence, Obj) and isinstance(sequence.object, RangeOf):
        _for_range(f, node, sequence.object)
    else:
        f.fail(node.iter, "a loop goes over range(...) or a tuple")


def _unroll(f: Function, node: ast.For, items: list[Value]) -> None:
    for item in items:
        if f.live:
            statements.assign(f, node.target, item)
            statements.block(f, node.body)


def _for_range(f: Function, node: ast.For, numbers: RangeOf) -> None:
    if not isinstance(node.target, ast.Name):
        f.fail(node.target, "a loop over range needs one name")
    known = numbers.numbers()
    if known is not None and len(known) <= 2:
        _unroll(f, node, known)
        return
    env, lines, returns = dict(f.env), list(f.lines), len(f.returns)
    depths, path = (f.loop_depth, f.dynamic_depth), f.path
    loop = Loop(f, node, node.body)
    try:
        loop.run(lambda inner: _range_head(f, node, numbers, inner))
    except NeedConst as need:
        if loop.variable not in need.deps or known is None:
            raise
        f.env, f.lines[:], f.path, f.live = env, lines, path, True
        f.loop_depth, f.dynamic_depth = depths
        del f.returns[returns:]
        _unroll(f, node, known)


def _range_head(f: Function, node: ast.For, numbers: RangeOf, loop: Loop) -> str:
    assert isinstance(node.target, ast.Name)
    deps = deps_of(numbers.start, numbers.stop) | {loop.variable}
    f.env[node.target.id] = Static(loop.variable, deps)
    sign = "<" if numbers.step.value > 0 else ">"
    return (
        f"for (int64_t {loop.variable} = {c_of(numbers.start)}; {loop.variable} {sign} "
        f"{c_of(numbers.stop)}; {loop.variable} += {c_of(numbers.step)}) {{"
    )


def compile_while(f: Function, node: ast.While) -> None:
    if node.orelse:
        f.fail(node, "the language has no else of a loop")
    loop = Loop(f, node, node.body)

    def head(_: Loop) -> str:
        return "for (;;) {"

    def test() -> None:
        condition = truth(f, expression(f, node.test), node.test)
        if isinstance(condition, Dyn):
            f.fail(node.test, "a while loop's condition must be static")
        f.emit(f"if (!({c_of(condition)}))")
        f.emit("break;")

    loop.run(head, test)


class Loop:
    """A C loop at translation time; locals that change in it become C variables."""

    def __init__(self, f: Function, node: ast.stmt, body: Sequence[ast.stmt]) -> None:
        self.f, self.node, self.body = f, node, body
        self.variable = f.name("i")
        assigned = {
            name.id
            for statement in body
            for name in ast.walk(statement)
            if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)
        }
        self.carried = sorted(assigned & set(f.env))
        self.local = assigned - set(f.env)

    def run(self, head: Any, test: Any = None) -> None:
        """Compile the loop, again while a carried local turns out to be dynamic."""
        f = self.f
        entry = {name: f.env[name] for name in self.carried}
        outer, path = dict(f.env), f.path
        for _ in range(len(self.carried) + 2):
            f.env, returns = dict(outer), len(f.returns)
            before: list[Any] = []
            variables = {name: self._variable(entry[name], before) for name in entry}
            f.env.update(variables)
            lines: list[Any] = []
            with f.into(lines):
                changed = self._body(head, test, variables)
            f.live, f.path = True, path
            if not changed:
                f.lines += [*before, *lines]
                f.env = {**outer, **variables}
                for name in self.local:
                    f.env[name] = Poison(f"{name} is assigned in a loop only")
                return
            del f.returns[returns:]
            for name, wanted in changed.items():
                entry[name] = self._retype(entry[name], wanted)
        f.fail(self.node, "the types of this loop's locals do not settle")

    def _body(self, head: Any, test: Any, variables: Env) -> dict[str, Any]:
        """Print the loop; gives the locals that need another type at entry."""
        f = self.f
        f.emit(head(self))
        f.loop_depth += 1
        if test:
            test()
        statements.block(f, self.body)
        f.loop_depth -= 1
        changed = {}
        if f.live:
            for name, variable in variables.items():
                wanted = _wanted(variable, f.env[name])
                if wanted is not None:
                    changed[name] = wanted
            if not changed:
                self._carry(variables)
        f.emit("}")
        return changed

    def _retype(self, entry: Value, wanted: Any) -> Value:
        """The entry value in the types that it needs."""
        if wanted is None:
            return entry
        if isinstance(wanted, tuple):
            pairs = zip(_items(entry), wanted, strict=True)
            return Tup(tuple(self._retype(item, one) for item, one in pairs))
        return self.f.to_dyn(wanted, entry, self.node)

    def _variable(self, value: Value, before: list[Any]) -> Value:
        """A C variable that starts as `value`."""
        if is_static(value):
            name = self.f.name("s")
            before.append(f"int64_t {name} = {c_of(value)};")
            return Static(name, deps_of(value) | {self.variable})
        if isinstance(value, Dyn):
            name = self.f.name("m")
            before.append(f"mb_v {name} = {value.c};")
            return Dyn(value.type, name)
        if isinstance(value, Tup):
            return Tup(tuple(self._variable(item, before) for item in value.items))
        if isinstance(value, Text):
            name = self.f.name("b")
            before += text.declaration(name)
            before += text.output(value, f"&{name}_")
            return text.of_buffer(name)
        return value

    def _carry(self, variables: Env) -> None:
        """At the end of the body: all new values first, as each may use the others."""
        f = self.f
        moves = []
        for name, variable in variables.items():
            moves += self._moves(variable, f.env[name])
        temporaries = []
        for target, source, kind in moves:
            temporary = f.name("t")
            if isinstance(source, Text):
                f.lines += text.declaration(temporary)
                f.lines += text.output(source, f"&{temporary}_")
                temporaries += [text.refill(target, temporary)]
            else:
                f.emit(f"{kind} {temporary} = {source};")
                temporaries += [[f"{target} = {temporary};"]]
        f.lines += temporaries

    def _moves(self, variable: Value, end: Value) -> list[tuple[str, str | Text, str]]:
        """(C variable, what it becomes, its C type) of what changed."""
        f = self.f
        end = f.usable(end, self.node)
        if isinstance(variable, Static):
            return [] if variable == end else [(variable.c, c_of(end), "int64_t")]
        if isinstance(variable, Dyn):
            source = f.to_dyn(variable.type, end, self.node).c
            return [] if source == variable.c else [(variable.c, source, "mb_v")]
        if isinstance(variable, Text) and isinstance(end, Text):
            (buffer,) = variable.pieces
            assert isinstance(buffer, Printed)
            return [] if variable == end else [(buffer.argument, end, "")]
        if isinstance(variable, Tup) and isinstance(end, Tup):
            return [
                move
                for x, y in zip(variable.items, end.items, strict=True)
                for move in self._moves(x, y)
            ]
        if variable != end:
            f.fail(self.node, "a local changes its kind in the loop")
        return []


def _wanted(variable: Value, end: Value) -> Any:
    """The type that a static local has at the end of the body, None if it is fine."""
    if is_static(variable) and isinstance(end, Dyn):
        return end.type
    if (
        isinstance(variable, Tup)
        and isinstance(end, Tup)
        and (len(variable.items) == len(end.items))
    ):
        parts = tuple(
            _wanted(x, y) for x, y in zip(variable.items, end.items, strict=True)
        )
        return parts if any(part is not None for part in parts) else None
    return None


def _items(value: Value) -> tuple[Value, ...]:
    assert isinstance(value, Tup)
    return value.items
