# SPDX-License-Identifier: Apache-2.0
"""Statements of the language to C."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

from .expressions import expression, truth
from .function import Env, Function, ReturnSite
from .merge import Join
from .state_access import assign_attribute, assign_element
from .values import (
    Const,
    Dyn,
    NeedConst,
    Obj,
    Poison,
    Static,
    Tup,
    Value,
    c_of,
    deps_of,
    is_static,
)

MAX_UNROLLED = 64


def block(f: Function, statements: Sequence[ast.stmt]) -> None:
    """Compile statements in order; none behind a return."""
    for statement in statements:
        if not f.live:
            return
        one(f, statement)


def one(f: Function, node: ast.stmt) -> None:
    """Compile one statement."""
    match node:
        case ast.Expr(value=ast.Constant()) | ast.Pass():
            pass  # a docstring
        case ast.Expr(value=value):
            expression(f, value)
        case ast.Assign(targets=targets, value=value):
            result = f.keep(expression(f, value))
            for target in targets:
                assign(f, target, result)
        case ast.AnnAssign(target=target, value=value) if value is not None:
            assign(f, target, f.keep(expression(f, value)))
        case ast.AugAssign(target=target, op=op, value=value):
            augmented = ast.copy_location(ast.BinOp(_as_load(target), op, value), node)
            assign(f, target, f.keep(expression(f, augmented)))
        case ast.If():
            _if(f, node)
        case ast.For():
            _for(f, node)
        case ast.While():
            _while(f, node)
        case ast.Return():
            _return(f, node)
        case ast.Assert(test=test):
            _assert(f, test)
        case _:
            name = type(node).__name__.lower()
            f.fail(node, f"the language has no {name} statement")


def _as_load(target: ast.expr) -> ast.expr:
    """The target of an augmented assignment, as the expression that reads it."""
    loaded = ast.parse(ast.unparse(target), mode="eval").body
    for node in ast.walk(loaded):
        ast.copy_location(node, target)
    return loaded


def assign(f: Function, target: ast.expr, value: Value) -> None:
    """Bind a name, unpack a tuple, or write state."""
    match target:
        case ast.Name(id=name):
            f.env[name] = value
        case ast.Tuple(elts=elements):
            value = f.usable(value, target)
            if not isinstance(value, Tup) or len(value.items) != len(elements):
                f.fail(target, f"{len(elements)} values wanted to unpack")
            for element, item in zip(elements, value.items, strict=True):
                assign(f, element, item)
        case ast.Attribute():
            assign_attribute(f, target, value)
        case ast.Subscript():
            assign_element(f, target, value)
        case _:
            f.fail(target, "cannot assign to this")


def _assert(f: Function, test: ast.expr) -> None:
    value = truth(f, expression(f, test), test)
    if isinstance(value, Dyn):
        f.fail(test, "an assertion must be static")
    if isinstance(value, Const) and not value.value:
        f.fail(test, "assertion fails")
    f.emit(f"mb_s_assert(tr, {c_of(value)});")


def _return(f: Function, node: ast.Return) -> None:
    if f.dynamic_depth:
        f.fail(
            node, "return inside a dynamic if: assign to a local and return it behind"
        )
    value = Obj(None) if node.value is None else f.keep(expression(f, node.value))
    f.usable(value, node)
    _site(f, value, node)


def _site(f: Function, value: Value, node: ast.AST) -> None:
    lines: list[Any] = []
    f.returns.append(ReturnSite(value, lines, f.path, node))
    f.lines.append(lines)
    f.live = False


def _if(f: Function, node: ast.If) -> None:
    condition = truth(f, expression(f, node.test), node.test)
    if isinstance(condition, Const):
        block(f, node.body if condition.value else node.orelse)
        return
    run_arms(
        f, node, condition, lambda: block(f, node.body), lambda: block(f, node.orelse)
    )


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


# -- loops
def _for(f: Function, node: ast.For) -> None:
    if node.orelse:
        f.fail(node, "the language has no else of a loop")
    sequence = expression(f, node.iter)
    if isinstance(sequence, Tup):
        _unroll(f, node, list(sequence.items))
    elif isinstance(sequence, Obj) and isinstance(sequence.object, RangeOf):
        _for_range(f, node, sequence.object)
    else:
        f.fail(node.iter, "a loop goes over range(...) or a tuple")


class RangeOf:
    """`range` with static ends."""

    def __init__(self, start: Value, stop: Value, step: Const) -> None:
        self.start, self.stop, self.step = start, stop, step

    def numbers(self) -> list[Value] | None:
        """All of them, if they are few and known."""
        if isinstance(self.start, Const) and isinstance(self.stop, Const):
            known = range(self.start.value, self.stop.value, self.step.value)
            if len(known) <= MAX_UNROLLED:
                return [Const(number) for number in known]
        return None


def _unroll(f: Function, node: ast.For, items: list[Value]) -> None:
    for item in items:
        if f.live:
            assign(f, node.target, item)
            block(f, node.body)


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


def _while(f: Function, node: ast.While) -> None:
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
        block(f, self.body)
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
            f.emit(f"{kind} {temporary} = {source};")
            temporaries.append((target, temporary))
        for target, temporary in temporaries:
            f.emit(f"{target} = {temporary};")

    def _moves(self, variable: Value, end: Value) -> list[tuple[str, str, str]]:
        f = self.f
        end = f.usable(end, self.node)
        if isinstance(variable, Static):
            return [] if variable == end else [(variable.c, c_of(end), "int64_t")]
        if isinstance(variable, Dyn):
            source = f.to_dyn(variable.type, end, self.node).c
            return [] if source == variable.c else [(variable.c, source, "mb_v")]
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
