# SPDX-License-Identifier: Apache-2.0
"""Statements of the language to C."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

from .expressions import expression
from .function import Function, ReturnSite
from .loops import compile_for, compile_while
from .merge import run_arms
from .operators import truth
from .state_access import assign_attribute, assign_element
from .values import (
    Const,
    Dyn,
    Obj,
    Tup,
    Value,
    c_of,
)


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
            compile_for(f, node)
        case ast.While():
            compile_while(f, node)
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
    return_site(f, value, node)


def return_site(f: Function, value: Value, node: ast.AST) -> None:
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
