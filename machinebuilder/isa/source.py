# SPDX-License-Identifier: Apache-2.0
"""Finds the syntax tree of a Python function, and what its free names mean."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from .errors import IsaError, Where

FunctionNode = ast.FunctionDef | ast.Lambda
MISSING = object()


@cache
def _functions(file: str) -> dict[int, list[FunctionNode]]:
    """The functions of a file by first line: a first decorator's, as Python counts."""
    tree = ast.parse(Path(file).read_text(encoding="utf-8"), file)
    found: dict[int, list[FunctionNode]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            found.setdefault(first, []).append(node)
        elif isinstance(node, ast.Lambda):
            found.setdefault(node.lineno, []).append(node)
    return found


def parameters(node: FunctionNode) -> tuple[str, ...]:
    """The names of the plain parameters."""
    arguments = node.args
    return tuple(a.arg for a in (*arguments.posonlyargs, *arguments.args))


def tree_of(function: Callable[..., Any]) -> FunctionNode:
    """The syntax tree of a function or lambda."""
    code = function.__code__
    names = code.co_varnames[: code.co_argcount]
    for node in _functions(code.co_filename).get(code.co_firstlineno, []):
        is_lambda = isinstance(node, ast.Lambda)
        if parameters(node) == names and is_lambda == (code.co_name == "<lambda>"):
            return node
    raise IsaError(Where.of_function(function), f"no source of {function.__name__}")


def lookup(function: Callable[..., Any], name: str) -> Any:
    """What a name that is no local means to a function; MISSING if nothing."""
    if name in function.__code__.co_freevars and function.__closure__:
        cells = dict(
            zip(function.__code__.co_freevars, function.__closure__, strict=True)
        )
        return cells[name].cell_contents
    if name in function.__globals__:
        return function.__globals__[name]
    return getattr(builtins, name, MISSING)
