# SPDX-License-Identifier: Apache-2.0
"""Declarations of a core's state: fields, arrays, views of them, translation flags."""

from __future__ import annotations

from typing import Any, ClassVar

from .types import u64


class Declaration:
    """One attribute of a State class."""

    name: str = ""

    def __init__(self, doc: str) -> None:
        self.doc = doc

    def __set_name__(self, owner: type[Any], name: str) -> None:
        self.name = name


class Field(Declaration):
    """One C member."""

    count = 1
    scalar = True

    def __init__(self, type: type[Any], doc: str = "") -> None:  # noqa: A002
        super().__init__(doc)
        self.type = type

    @property
    def width(self) -> int:
        """Bytes of one element; a u1 is kept in a byte."""
        return max(1, int(self.type.bits) // 8)


class Array(Field):
    """`count` elements of one type, indexed by static numbers."""

    scalar = False

    def __init__(self, type: type[Any], count: int, doc: str = "") -> None:  # noqa: A002
        super().__init__(type, doc)
        self.count = count


class View(Array):
    """The memory of array `of` seen as `count` elements of another type."""

    def __init__(self, type: type[Any], of: str, count: int, doc: str = "") -> None:  # noqa: A002
        super().__init__(type, count, doc)
        self.of = of


class Flag(Declaration):
    """A bit field of the translation flags, the low half of `mb_cpu.key`."""

    shift = 0

    def __init__(self, width: int, doc: str = "") -> None:
        super().__init__(doc)
        self.width = width

    @property
    def mask(self) -> int:
        """Its bits in the flags word."""
        return ((1 << self.width) - 1) << self.shift


class Features(Field):
    """What models may have: one bit each of a u64 field; `cpu.has(name)` tests it."""

    def __init__(self, *names: str) -> None:
        super().__init__(u64, "model features, one bit each")
        self.names = names

    def bit(self, name: str) -> int:
        """The number of a feature's bit."""
        if name not in self.names:
            raise KeyError(f"no feature {name!r}; there are: {', '.join(self.names)}")
        return self.names.index(name)

    def word(self, names: list[str]) -> int:
        """The field's value for a model that has these."""
        return sum(1 << self.bit(name) for name in set(names))


class State:
    """Base of a core's state class; the class body is the declaration."""

    fields: ClassVar[dict[str, Field]] = {}  # members of the C struct, in order
    views: ClassVar[dict[str, View]] = {}
    flags: ClassVar[dict[str, Flag]] = {}
    features: ClassVar[Features | None] = None

    def __init_subclass__(cls) -> None:
        declared = {n: d for n, d in vars(cls).items() if isinstance(d, Declaration)}
        cls.views = {n: d for n, d in declared.items() if isinstance(d, View)}
        cls.flags = {n: d for n, d in declared.items() if isinstance(d, Flag)}
        cls.fields = {
            n: d
            for n, d in declared.items()
            if isinstance(d, Field) and n not in cls.views
        }
        cls.features = next(
            (d for d in cls.fields.values() if isinstance(d, Features)), None
        )
        _place_flags(cls)
        for view in cls.views.values():
            _check_view(cls, view)


def _place_flags(cls: type[State]) -> None:
    shift = 0
    for flag in cls.flags.values():
        flag.shift = shift
        shift += flag.width
    if shift > 32:
        raise TypeError(f"{cls.__name__}: {shift} bits of flags, the flags word has 32")


def _check_view(cls: type[State], view: View) -> None:
    base = cls.fields.get(view.of)
    if base is None:
        raise TypeError(f"{cls.__name__}.{view.name}: no field {view.of!r} to view")
    if view.width * view.count > base.width * base.count:
        raise TypeError(f"{cls.__name__}.{view.name} is larger than {view.of}")
