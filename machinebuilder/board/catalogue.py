# SPDX-License-Identifier: Apache-2.0
"""What a board may be made of: the declarations the language is checked against.

The rest of this package sees models only through `Catalogue`, so that it is pure and
tests bring their own. `installed()` is the one over devicelib, cores and boot.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

from machinebuilder.board.suggest import closest

Count = int | str


class ParamDecl(Protocol):
    """A parameter: see `machinebuilder.device.Param`."""

    type: Any
    default: Any
    doc: str
    min: int | None
    max: int | None
    choices: Any
    required: bool


class PortDecl(Protocol):
    """An output; an input also may have `per_cpu` and `shared`."""

    doc: str
    count: Count


class RegionDecl(Protocol):
    """A window of registers or memory."""

    span: int | None
    doc: str


class BusDecl(Protocol):
    """A child bus: its kind, and the placement keys with how many values each has."""

    kind: str
    doc: str
    keys: Mapping[str, int]


class ModelDecl(Protocol):
    """What a device class and a CPU model have in common."""

    params: Any
    outs: Any
    ins: Any


class Catalogue(Protocol):
    """The models there are."""

    def device(self, model: str) -> Any | None:
        """The declaration of a device model, or None."""

    def devices(self) -> Sequence[str]:
        """Every device model."""

    def cpu(self, model: str) -> Any | None:
        """The declaration of a CPU model (params, outs, ins), or None. NoFeatureError
        if it is `model,+feature` and there is no such feature."""

    def cpus(self) -> Sequence[str]:
        """Every CPU model."""

    def protocol(self, name: str) -> Mapping[str, object] | None:
        """What a board may say beside `protocol: name`, or None."""

    def protocols(self) -> Sequence[str]:
        """Every boot protocol."""


class NoFeatureError(LookupError):
    """A CPU model has no feature of that name: `word` is as the board says it."""

    def __init__(self, model: str, word: str, known: Sequence[str]) -> None:
        super().__init__(model, word)
        self.model = model
        self.word = word
        self.known = known

    def __str__(self) -> str:
        name = self.word.lstrip("+-")
        if name in self.known:
            return f"{self.model}: {self.word!r} does not say whether on or off"
        return f"{self.model} has no feature {name!r} to switch"

    @property
    def hint(self) -> str:
        """What to type instead."""
        sign = self.word[:1] if self.word[:1] in ("+", "-") else "+"
        name = self.word.lstrip("+-")
        if name in self.known:
            return f"say '+{name}' to switch it on, '-{name}' to switch it off"
        near = closest(name, self.known)
        listed = f"`mb cpus {self.model}` lists those it knows"
        return f"did you mean '{sign}{near}'? {listed}" if near else listed


@dataclass(frozen=True)
class CpuDecl:
    """A CPU model with what its core declares."""

    model: str
    summary: str
    params: Mapping[str, Any]
    outs: Mapping[str, Any]
    ins: Mapping[str, Any]
    features: Sequence[str] = ()
    """Those it has."""
    switches: Sequence[str] = ()
    """Those that can be switched."""


class Installed:
    """The models of this installation."""

    def device(self, model: str) -> Any | None:
        from machinebuilder.device import registry

        try:
            return registry.find(model)
        except KeyError:
            return None

    def devices(self) -> Sequence[str]:
        from machinebuilder.device import registry

        return registry.names()

    def cpu(self, model: str) -> Any | None:
        from machinebuilder.isa import registry

        try:
            found = registry.find(model)
        except registry.UnknownFeatureError as error:
            raise NoFeatureError(error.model, error.word, error.known) from None
        except KeyError:
            return None
        core = found.core
        return CpuDecl(
            model, found.summary, core.params, core.outs, core.ins,
            tuple(found.features), tuple(sorted(core.feature_names)),
        )  # fmt: skip

    def cpus(self) -> Sequence[str]:
        from machinebuilder.isa import registry

        return registry.names()

    def protocol(self, name: str) -> Mapping[str, object] | None:
        from machinebuilder import boot

        if name not in self.protocols():
            return None
        params: Mapping[str, object] = getattr(boot.find(name), "PARAMS", {})
        return params

    def protocols(self) -> Sequence[str]:
        from machinebuilder import boot

        return boot.names()


@cache
def installed() -> Catalogue:
    """The catalogue over what is installed."""
    return Installed()
