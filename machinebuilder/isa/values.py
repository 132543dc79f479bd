# SPDX-License-Identifier: Apache-2.0
"""What the compiler knows of a value: when it is computed, and its type.

`Const` is known to the compiler itself, `Static` when a block is translated (C,
int64_t), `Dyn` when the guest runs (IR, a C variable of type mb_v). `Static.deps`
names the parameters a value comes from, so that a conflict of types can be solved by
compiling the function once for each value of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .errors import Where


class Value:
    """Anything an expression can be."""


@dataclass(frozen=True)
class Const(Value):
    value: int


@dataclass(frozen=True)
class Static(Value):
    c: str
    deps: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Dyn(Value):
    type: type[Any]
    c: str


@dataclass(frozen=True)
class Tup(Value):
    items: tuple[Value, ...]


@dataclass(frozen=True)
class Obj(Value):
    """A Python object used at build time: a function, a type, a module, None."""

    object: Any


@dataclass(frozen=True)
class Cpu(Value):
    """The parameter `cpu`."""


@dataclass(frozen=True)
class Bank(Value):
    """`cpu.r`, to be indexed."""

    declaration: Any


@dataclass(frozen=True)
class Method(Value):
    """`cpu.load` and its like, to be called."""

    name: str


@dataclass(frozen=True)
class Poison(Value):
    """Cannot be used: unassigned on some path, or not of one kind on all."""

    reason: str
    deps: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Text(Value):
    """A string of an operand formatter, in pieces."""

    pieces: tuple[Printed | Run | Chosen, ...]


@dataclass(frozen=True)
class Printed:
    """Literal text, or one argument by a printf format."""

    format: str
    argument: str = ""


@dataclass(frozen=True)
class Run:
    """What a C function prints."""

    function: str
    arguments: tuple[str, ...]


@dataclass(frozen=True)
class Chosen:
    """One text or the other, by a C condition."""

    condition: str
    first: Text
    second: Text


def literal_text(value: Value) -> str:
    """The string that a text is known to be; TypeError if it is not."""
    if isinstance(value, Text) and len(value.pieces) <= 1:
        piece = value.pieces[0] if value.pieces else Printed("")
        if isinstance(piece, Printed) and not piece.argument:
            return piece.format
    raise TypeError("a literal string is wanted")


def known(python: Any) -> Value:
    """A Python object of build time as a value."""
    if isinstance(python, bool | int):
        return Const(int(python))
    if isinstance(python, str):
        return Text((Printed(python),))
    if isinstance(python, tuple):
        return Tup(tuple(known(item) for item in python))
    return Obj(python)


def deps_of(*values: Value) -> frozenset[str]:
    """The parameters that static values come from."""
    found: frozenset[str] = frozenset()
    for value in values:
        if isinstance(value, Static | Poison):
            found |= value.deps
        elif isinstance(value, Tup):
            found |= deps_of(*value.items)
    return found


def is_static(value: Value) -> bool:
    return isinstance(value, Const | Static)


def literal(number: int) -> str:
    """A C expression of type int64_t; numbers up to 2^64 - 1 keep their bits."""
    if -(1 << 31) < number < 1 << 31:
        return f"INT64_C({number})" if number >= 0 else f"(-INT64_C({-number}))"
    return f"(int64_t)UINT64_C({number & (1 << 64) - 1:#x})"


def c_of(value: Value) -> str:
    """The C expression of a static value."""
    if isinstance(value, Const):
        return literal(value.value)
    assert isinstance(value, Static)
    return value.c


def describe(value: Value) -> str:
    """For error messages."""
    match value:
        case Const() | Static():
            return "a static number"
        case Dyn():
            return value.type.__name__
        case Tup():
            return f"a tuple of {len(value.items)}"
        case Text():
            return "a string"
        case Obj():
            return repr(getattr(value.object, "__name__", value.object))
        case _:
            return type(value).__name__.lower()


MAX_UNROLLED = 64


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


class NeedConst(Exception):  # noqa: N818 (a request, not an error)
    """Types depend on the values of these parameters: compile for each of them."""

    def __init__(self, deps: frozenset[str], message: str, where: Where) -> None:
        super().__init__(message)
        self.deps, self.message, self.where = deps, message, where
