# SPDX-License-Identifier: Apache-2.0
"""One C function in the making: its text so far, its locals, its return sites."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from .errors import IsaError, Where
from .types import IntValue
from .values import (
    Const,
    Dyn,
    NeedConst,
    Poison,
    Static,
    Tup,
    Value,
    c_of,
    describe,
    is_static,
    known,
)

if TYPE_CHECKING:
    from .unit import Unit

Env = dict[str, Value]


@dataclass
class ReturnSite:
    """A `return`: its conversion is printed when the result's type is known."""

    value: Value
    lines: list[Any]
    path: tuple[tuple[str, int, frozenset[str]], ...]
    node: ast.AST


class Function:
    """Compiles one Python function for one kind of arguments."""

    def __init__(
        self, unit: Unit, python: Callable[..., Any], node: ast.AST, env: Env
    ) -> None:
        self.unit = unit
        self.python = python
        self.node = node
        self.env = env
        self.lines: list[Any] = []  # strings, and lists of strings filled in later
        self.returns: list[ReturnSite] = []
        self.path: tuple[tuple[str, int, frozenset[str]], ...] = ()
        self.dynamic_depth = 0
        self.loop_depth = 0
        self.live = True  # can this point be reached?
        self._names = 0

    # -- text
    def name(self, prefix: str) -> str:
        """A fresh C name."""
        self._names += 1
        return f"{prefix}{self._names}"

    def emit(self, line: str) -> None:
        self.lines.append(line)

    @contextmanager
    def into(self, lines: list[Any]) -> Iterator[None]:
        """Print to another place."""
        before, self.lines = self.lines, lines
        try:
            yield
        finally:
            self.lines = before

    def fail(self, node: ast.AST, message: str) -> NoReturn:
        """A build error at this place of the source."""
        raise self.error(node, message)

    def error(self, node: ast.AST, message: str) -> IsaError:
        """The same, to be raised."""
        return IsaError(self.where(node), message)

    def where(self, node: ast.AST) -> Where:
        return Where.of_node(self.python.__code__.co_filename, node)

    # -- making values
    def dyn(self, kind: type[Any], expression: str) -> Dyn:
        """Give the IR value of a C expression a name."""
        name = self.name("v")
        self.emit(f"mb_v {name} = {expression};")
        return Dyn(kind, name)

    def op(self, kind: type[Any], name: str, *arguments: str) -> Dyn:
        """Emit an IR operation."""
        return self.dyn(kind, f"mb_ir_{name}({', '.join(('tr->ir', *arguments))})")

    def static(self, expression: str, deps: frozenset[str]) -> Static:
        """Keep a static value that must be computed here and once."""
        name = self.name("s")
        self.emit(f"int64_t {name} = {expression};")
        return Static(name, deps)

    def keep(self, value: Value) -> Value:
        """A value that later changes of C variables do not touch."""
        if isinstance(value, Static) and not value.c.isidentifier():
            return self.static(value.c, value.deps)
        if isinstance(value, Tup):
            return Tup(tuple(self.keep(item) for item in value.items))
        return value

    def usable(self, value: Value, node: ast.AST) -> Value:
        """The value, or the error it stands for."""
        if isinstance(value, Poison):
            if value.deps:
                raise NeedConst(value.deps, value.reason, self.where(node))
            self.fail(node, value.reason)
        return value

    def to_dyn(self, kind: type[Any], value: Value, node: ast.AST) -> Dyn:
        """A value where one of `kind` is wanted: statics take the type."""
        value = self.usable(value, node)
        if isinstance(value, Dyn):
            if value.type is not kind:
                self.fail(
                    node,
                    f"{kind.__name__} wanted, not {value.type.__name__}: convert it",
                )
            return value
        if not is_static(value) or not issubclass(kind, IntValue):
            self.fail(node, f"{kind.__name__} wanted, not {describe(value)}")
        return self.dyn(kind, self.constant(kind, value))

    def constant(self, kind: type[Any], value: Value) -> str:
        """A mb_ir_const of a static value, in the canonical form of its type."""
        if isinstance(value, Const):
            number = int(kind(value.value))
            if kind.bits == 64:
                pattern = number & (1 << 64) - 1
                return f"mb_ir_const(tr->ir, MB_I64, UINT64_C({pattern:#x}))"
            return f"mb_ir_const(tr->ir, MB_I32, {number & 0xFFFFFFFF:#x}u)"
        c = c_of(value)
        if kind.bits == 64:
            return f"mb_ir_const(tr->ir, MB_I64, (uint64_t)({c}))"
        narrow = {1: f"(uint32_t)({c}) & 1"}.get(
            kind.bits, f"(uint32_t)({'' if kind.signed else 'u'}int{kind.bits}_t)({c})"
        )
        return f"mb_ir_const(tr->ir, MB_I32, {narrow})"

    def wrap(self, python: Any, node: ast.AST) -> Value:
        """A Python object that a name of the source means, as a value."""
        if isinstance(python, IntValue):
            return self.to_dyn(type(python), Const(int(python)), node)
        if isinstance(python, tuple):
            return Tup(tuple(self.wrap(item, node) for item in python))
        return known(python)
