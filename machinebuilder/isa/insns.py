# SPDX-License-Identifier: Apache-2.0
"""Instructions: a pattern, assembly text, and the function that is their meaning."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from .errors import IsaError, Where
from .patterns import Pattern, PatternError, parse

F = TypeVar("F", bound=Callable[..., Any])
EFFECTS = ("pure", "reads", "writes", "exits", "frame")


@dataclass(frozen=True, eq=False)
class Insn:
    """One row of a decoder."""

    name: str
    set: str
    pattern: Pattern
    asm: str
    where: Callable[..., Any] | None
    function: Callable[..., Any]
    place: Where
    parameters: tuple[str, ...]  # fields that the function takes
    module: str
    _where_fields: tuple[str, ...] = field(repr=False, default=())

    def fields_of(self, word: int) -> dict[str, int] | None:
        """The fields of a word, None if it is not this instruction."""
        if not self.pattern.matches(word):
            return None
        fields = self.pattern.extract(word)
        return fields if self.accepts(fields) else None

    def accepts(self, fields: dict[str, int]) -> bool:
        """Does `where` hold?"""
        if self.where is None:
            return True
        return bool(self.where(**{name: fields[name] for name in self.where_fields}))

    @property
    def where_fields(self) -> tuple[str, ...]:
        """The fields that `where` looks at."""
        return self._where_fields

    def __str__(self) -> str:
        return f"{self.set}.{self.name}"


def _build(
    function: Callable[..., Any],
    set_name: str,
    text: str,
    asm: str,
    where: Callable[..., Any] | None,
    name: str | None,
    place: Where,
    module: str,
) -> Insn:
    try:
        pattern = parse(text)
    except PatternError as error:
        raise IsaError(place, str(error)) from None
    where_fields = tuple(inspect.signature(where).parameters) if where else ()
    for wanted in where_fields:
        if wanted not in pattern.fields:
            raise IsaError(
                place, f"where looks at {wanted!r}, which is no field of {text!r}"
            )
    return Insn(
        name or function.__name__,
        set_name,
        pattern,
        asm,
        where,
        function,
        place,
        _parameters(function, pattern, place),
        module,
        where_fields,
    )


def _parameters(
    function: Callable[..., Any], pattern: Pattern, place: Where
) -> tuple[str, ...]:
    parameters = list(inspect.signature(function).parameters.values())
    if not parameters or parameters[0].name != "cpu":
        raise IsaError(place, f"the first parameter of {function.__name__} must be cpu")
    wanted = []
    for parameter in parameters[1:]:
        if parameter.name in pattern.fields:
            wanted.append(parameter.name)
        elif parameter.default is inspect.Parameter.empty:
            raise IsaError(
                place,
                f"{function.__name__} takes {parameter.name!r}, which is "
                f"no field of {pattern.text!r}",
            )
    return tuple(wanted)


class InsnSet:
    """A module's instructions: `insns = InsnSet("a32")`, then `@insns(...)`."""

    def __init__(self, name: str = "") -> None:
        self.name = name
        self.insns: list[Insn] = []

    def __call__(
        self,
        pattern: str,
        *,
        asm: str = "",
        set: str | None = None,  # noqa: A002
        where: Callable[..., Any] | None = None,
        name: str | None = None,
    ) -> Callable[[F], F]:
        """Declare the decorated function as the meaning of `pattern`."""
        place = Where.of_caller()
        module = sys._getframe(1).f_globals["__name__"]
        chosen = set or self.name
        if not chosen:
            raise IsaError(place, "set= must name the decoder")

        def declare(function: F) -> F:
            self.insns.append(
                _build(function, chosen, pattern, asm, where, name, place, module)
            )
            return function

        return declare


def insn(
    pattern: str,
    *,
    asm: str = "",
    set: str,
    name: str | None = None,  # noqa: A002
    where: Callable[..., Any] | None = None,
) -> Callable[[F], F]:
    """`@insn(pattern, set="a32")`: an instruction of a module without InsnSet."""
    scope = sys._getframe(1).f_globals
    insns: InsnSet = scope.setdefault("__insns__", InsnSet())
    place = Where.of_caller()

    def declare(function: F) -> F:
        insns.insns.append(
            _build(function, set, pattern, asm, where, name, place, scope["__name__"])
        )
        return function

    return declare


@dataclass(frozen=True, eq=False)
class Extern:
    """A helper with a C body in the core's C files; its reference is `function`."""

    name: str
    effects: str
    function: Callable[..., Any]
    parameters: tuple[tuple[str, type[Any]], ...]
    result: type[Any] | None
    place: Where

    def __call__(self, cpu: Any, *arguments: Any) -> Any:
        """Run the reference body with arguments of the declared types."""
        from .types import coerce

        if len(arguments) != len(self.parameters):
            raise TypeError(f"{self.name} takes {len(self.parameters)} arguments")
        typed = [
            value if kind is int else coerce(kind, value)
            for value, (_, kind) in zip(arguments, self.parameters, strict=True)
        ]
        result = self.function(cpu, *typed)
        return None if self.result is None else coerce(self.result, result)


def extern(effects: str = "writes") -> Callable[[Callable[..., Any]], Extern]:
    """Declare a C helper: `@extern(effects="reads") def name(cpu, a: u32) -> u32`.

    "frame": a C function of the translator's frame, called while translating, with
    values of the IR; a parameter annotated `int` is static.
    """

    def declare(function: Callable[..., Any]) -> Extern:
        place = Where.of_function(function)
        if effects not in EFFECTS:
            raise IsaError(
                place, f"effects must be one of {', '.join(EFFECTS)}, not {effects!r}"
            )
        signature = inspect.signature(function, eval_str=True)
        parameters = list(signature.parameters.values())
        if not parameters or parameters[0].name != "cpu":
            raise IsaError(place, "the first parameter of an extern must be cpu")
        types = tuple(
            (p.name, _annotation(p.annotation, place, effects == "frame"))
            for p in parameters[1:]
        )
        result = signature.return_annotation
        if result in (inspect.Signature.empty, None):
            result = None
        else:
            result = _annotation(result, place)
        return Extern(function.__name__, effects, function, types, result, place)

    return declare


def _annotation(annotation: Any, place: Where, static: bool = False) -> type[Any]:
    from .types import TYPES

    if annotation not in TYPES and not (static and annotation is int):
        raise IsaError(
            place, f"an extern's types are u1 ... s64, f32, f64, not {annotation!r}"
        )
    return annotation  # type: ignore[no-any-return]
