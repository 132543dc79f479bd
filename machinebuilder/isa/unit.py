# SPDX-License-Identifier: Apache-2.0
"""One C file: the functions compiled into it, each once for each kind of arguments."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import source
from .errors import IsaError
from .function import Env, Function
from .insns import Extern
from .signature import (
    Compiled,
    bind,
    flatten,
    kind_of,
    outs,
    parameter,
    print_return,
    receive,
    result_kind,
)
from .values import (
    NeedConst,
    Obj,
    Text,
    Tup,
    Value,
    deps_of,
)

if TYPE_CHECKING:
    from .core import Core

MAX_DEPTH = 40
EFFECTS = {
    "pure": "MB_PURE",
    "reads": "MB_READS",
    "writes": "MB_WRITES",
    "exits": "MB_EXITS",
}


class Unit:
    """The text of a C file in the making."""

    def __init__(self, core: Core) -> None:
        self.core = core
        self.tables: dict[tuple[str, str], str] = {}
        self.helpers: dict[str, Extern] = {}
        self.functions: list[str] = []
        self._compiled: dict[Any, Compiled] = {}
        self._names: dict[str, int] = {}
        self._stack: list[Any] = []

    # -- pieces
    def unique(self, name: str) -> str:
        """A C name that this file does not have yet."""
        count = self._names.get(name, 0)
        self._names[name] = count + 1
        return f"{name}_{count + 1}" if count else name

    def table(self, kind: str, elements: str) -> str:
        """A constant array."""
        return self.tables.setdefault((kind, elements), f"table_{len(self.tables) + 1}")

    def helper(self, extern: Extern) -> str:
        """The struct mb_helper of a C helper."""
        self.helpers[extern.name] = extern
        return f"helper_{extern.name}"

    def text(self) -> str:
        """All of it, in the order C wants."""
        parts = [
            f"static const {kind} {name}[] = {{{elements}}};"
            for (kind, elements), name in self.tables.items()
        ]
        parts += [
            _helper(self.core, extern)
            for extern in self.helpers.values()
            if extern.effects != "frame"
        ]
        return "\n".join(parts) + "\n\n" + "\n".join(self.functions)

    # -- functions
    def call(
        self,
        f: Function,
        node: ast.Call,
        python: Callable[..., Any],
        positional: list[Value],
        keywords: Env,
    ) -> Value:
        """Call a Python function from `f`."""
        bound = bind(f, node, python, positional, keywords)
        try:
            compiled = self.compile(f, node, python, bound)
        except NeedConst as need:
            deps = deps_of(
                *(
                    bound[name.split(".")[0]]
                    for name in need.deps
                    if name.split(".")[0] in bound
                )
            )
            if not deps:
                raise
            raise NeedConst(deps, need.message, need.where) from None
        given = deps_of(*bound.values())
        arguments = ["tr", *(c for value in bound.values() for c in flatten(value))]
        return receive(f, compiled, arguments, given)

    def compile(
        self, f: Function | None, node: ast.AST, python: Callable[..., Any], bound: Env
    ) -> Compiled:
        """The C function for these kinds of arguments."""
        key = (python, tuple((name, kind_of(value)) for name, value in bound.items()))
        if key in self._compiled:
            return self._compiled[key]
        if key in self._stack or len(self._stack) > MAX_DEPTH:
            message = f"{python.__name__} calls itself"
            if f is None:
                raise IsaError(source_place(python), message)
            f.fail(node, message)
        self._stack.append(key)
        try:
            compiled = self._compile(python, bound)
        finally:
            self._stack.pop()
        self._compiled[key] = compiled
        return compiled

    def _compile(self, python: Callable[..., Any], bound: Env) -> Compiled:
        from .expressions import expression
        from .statements import block, return_site

        tree = source.tree_of(python)
        parameters: list[str] = []
        env = {
            name: parameter(name, name, value, parameters)
            for name, value in bound.items()
        }
        function = Function(self, python, tree, env)
        if isinstance(tree, ast.Lambda):
            return_site(function, function.keep(expression(function, tree.body)), tree)
        else:
            block(function, tree.body)
        if function.live:
            return_site(function, Obj(None), tree)
        result = result_kind(function)
        results = outs(result, "out")
        if isinstance(result, Tup):
            parameters += [f"{kind} *{name}" for name, kind in results]
        returns = "void" if isinstance(result, Tup) or not results else results[0][1]
        for site in function.returns:
            print_return(function, site, result)
        name = self.unique(_identifier(python))
        out = ["struct mb_text *out"] if isinstance(result, Text) else []
        signature = ", ".join(["struct mb_tr *tr", *out, *parameters])
        self.functions.append(
            f"static {returns} {name}({signature})\n{{\n{_print(function.lines)}}}\n"
        )
        return Compiled(name, result)


def source_place(python: Callable[..., Any]) -> Any:
    from .errors import Where

    return Where.of_function(python)


def _identifier(python: Callable[..., Any]) -> str:
    name = python.__name__
    return "f_" + (name if name.isidentifier() else "lambda")


def _print(lines: list[Any], depth: int = 1) -> str:
    printed = []
    for line in _flat(lines):
        depth -= line.startswith("}")
        printed.append("    " * depth + line + "\n")
        depth += line.endswith("{")
    return "".join(printed)


def _flat(lines: list[Any]) -> list[str]:
    flat: list[str] = []
    for line in lines:
        flat += _flat(line) if isinstance(line, list) else [line]
    return flat


def _helper(core: Core, extern: Extern) -> str:
    from .arithmetic import ir_type

    result = "MB_VOID" if extern.result is None else ir_type(extern.result)
    name = f"{core.name}_{extern.name}"
    return (
        f"static const struct mb_helper helper_{extern.name} = {{\n"
        f'    "{name}", (void *){name}, {EFFECTS[extern.effects]}, {result}}};'
    )
