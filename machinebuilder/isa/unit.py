# SPDX-License-Identifier: Apache-2.0
"""One C file: the functions compiled into it, each once for each kind of arguments."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import source, text
from .errors import IsaError
from .function import Env, Function, ReturnSite
from .insns import Extern
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
    deps_of,
    is_static,
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


@dataclass(frozen=True)
class Compiled:
    """A C function, and what it gives as a pattern of kinds."""

    name: str
    result: Value


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
        parts += [_helper(self.core, extern) for extern in self.helpers.values()]
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
        bound = _bind(f, node, python, positional, keywords)
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
        arguments = ["tr", *(c for value in bound.values() for c in _flatten(value))]
        return _receive(f, compiled, arguments, given)

    def compile(
        self, f: Function | None, node: ast.AST, python: Callable[..., Any], bound: Env
    ) -> Compiled:
        """The C function for these kinds of arguments."""
        key = (python, tuple((name, _kind_of(value)) for name, value in bound.items()))
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
        from .statements import _site, block

        tree = source.tree_of(python)
        parameters: list[str] = []
        env = {
            name: _parameter(name, name, value, parameters)
            for name, value in bound.items()
        }
        function = Function(self, python, tree, env)
        if isinstance(tree, ast.Lambda):
            _site(function, function.keep(expression(function, tree.body)), tree)
        else:
            block(function, tree.body)
        if function.live:
            _site(function, Obj(None), tree)
        result = _result_kind(function)
        outs = _outs(result, "out")
        if isinstance(result, Tup):
            parameters += [f"{kind} *{name}" for name, kind in outs]
        returns = "void" if isinstance(result, Tup) or not outs else outs[0][1]
        for site in function.returns:
            _print_return(function, site, result)
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


# -- arguments
def _bind(
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


def _kind_of(value: Value) -> Any:
    """What of an argument a compiled function depends on."""
    match value:
        case Static():
            return "static"
        case Dyn():
            return value.type
        case Tup():
            return tuple(_kind_of(item) for item in value.items)
        case Const():
            return ("const", value.value)
        case Obj():
            return ("object", id(value.object))
        case _:
            return value


def _parameter(name: str, c: str, value: Value, parameters: list[str]) -> Value:
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
                _parameter(name, f"{c}_{i}", item, parameters)
                for i, item in enumerate(value.items)
            )
        )
    return value


def _flatten(value: Value) -> list[str]:
    """The C arguments of a value."""
    if isinstance(value, Static | Dyn):
        return [value.c]
    if isinstance(value, Tup):
        return [c for item in value.items for c in _flatten(item)]
    return []


# -- results
def _result_kind(function: Function) -> Value:
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
    from .values import describe

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


def _outs(result: Value, name: str) -> list[tuple[str, str]]:
    """The C results: (name, type)."""
    if isinstance(result, Static):
        return [(name, "int64_t")]
    if isinstance(result, Dyn):
        return [(name, "mb_v")]
    if isinstance(result, Tup):
        return [
            out
            for i, item in enumerate(result.items)
            for out in _outs(item, f"{name}_{i}")
        ]
    return []


def _print_return(function: Function, site: ReturnSite, result: Value) -> None:
    with function.into(site.lines):
        if isinstance(site.value, Text):
            function.lines += text.output(site.value)
        values = _converted(function, site.value, result, site.node)
        if isinstance(result, Tup):
            for (name, _), c in zip(_outs(result, "out"), values, strict=True):
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


def _receive(
    f: Function, compiled: Compiled, arguments: list[str], deps: frozenset[str]
) -> Value:
    """Print the call, and give its result in the caller."""
    result = compiled.result
    if isinstance(result, Text):
        return Text((Run(compiled.name, tuple(arguments[1:])),))
    if isinstance(result, Tup):
        names = []
        for _, kind in _outs(result, ""):
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


def _helper(core: Core, extern: Extern) -> str:
    from .arithmetic import ir_type

    result = "MB_VOID" if extern.result is None else ir_type(extern.result)
    name = f"{core.name}_{extern.name}"
    return (
        f"static const struct mb_helper helper_{extern.name} = {{\n"
        f'    "{name}", (void *){name}, {EFFECTS[extern.effects]}, {result}}};'
    )
