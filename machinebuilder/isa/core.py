# SPDX-License-Identifier: Apache-2.0
"""A core as Python sees it: one `core = Core(...)` in `cores/<isa>/__init__.py`."""

from __future__ import annotations

import importlib
import pkgutil
import random
from collections.abc import Iterator
from functools import cached_property
from types import ModuleType
from typing import Any

from .decoder import Decoder
from .insns import Insn, InsnSet
from .state import State


class Core:
    """One instruction set architecture.

    `package` is the core's Python package. Instructions are what the modules of
    `<package>.insns` declare, assembly operands are in `<package>.asm`, and a subclass
    of `Reference` with the per-instruction frame may be in `<package>.reference`.
    """

    def __init__(
        self,
        name: str,
        package: str,
        state: type[State],
        *,
        address_bits: int = 32,
        params: dict[str, Any] | None = None,
        outs: dict[str, Any] | None = None,
        ins: dict[str, Any] | None = None,
    ) -> None:
        self.name = name
        self.package = package
        self.state = state
        self.address_bits = address_bits
        self.params = params or {}
        self.outs = outs or {}
        self.ins = ins or {}

    @cached_property
    def feature_names(self) -> frozenset[str]:
        """What models may have."""
        features = self.state.features
        return frozenset(features.names if features is not None else ())

    @cached_property
    def modules(self) -> list[ModuleType]:
        """The instruction modules, by name."""
        package = _optional(f"{self.package}.insns")
        if package is None:  # its CPUs are never translated
            return []
        names = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
        return [
            importlib.import_module(f"{self.package}.insns.{name}") for name in names
        ]

    @cached_property
    def asm(self) -> ModuleType | None:
        """The module that says how operands are written."""
        return _optional(f"{self.package}.asm")

    @cached_property
    def gdb(self) -> Any:
        """What debuggers are told (a debug.Description); None if nothing is."""
        return getattr(_optional(f"{self.package}.gdb"), "gdb", None)

    @cached_property
    def insns(self) -> list[Insn]:
        """Every instruction, in the order of the source."""
        found: dict[int, Insn] = {}
        for module in self.modules:
            for value in list(vars(module).values()):
                if isinstance(value, InsnSet):
                    found.update((id(insn), insn) for insn in value.insns)
        if not found and self.modules:
            raise LookupError(f"{self.package}.insns declares no instruction")
        return list(found.values())

    @cached_property
    def decoders(self) -> dict[str, Decoder]:
        """A decoder for each set; IsaError if patterns overlap."""
        sets: dict[str, list[Insn]] = {}
        for insn in self.insns:
            sets.setdefault(insn.set, []).append(insn)
        return {name: Decoder(name, insns) for name, insns in sets.items()}

    @cached_property
    def reference(self) -> type[Any]:
        """The reference CPU's class, with the core's own frame if it has one."""
        from .reference import Reference

        module = _optional(f"{self.package}.reference")
        for value in vars(module).values() if module else ():
            if (
                isinstance(value, type)
                and issubclass(value, Reference)
                and (value.__module__ == f"{self.package}.reference")
            ):
                return value
        return Reference


def _optional(name: str) -> ModuleType | None:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        return None


def load(package: str) -> Core:
    """The core of a package such as `cores.arm`."""
    core = importlib.import_module(package).core
    if not isinstance(core, Core):
        raise TypeError(f"{package}.core is not a Core")
    return core


def decode(set_name: str, core: Core, word: int) -> tuple[Insn, dict[str, int]] | None:
    """The instruction a word is, and its fields; None if undefined."""
    return core.decoders[set_name].decode(word)


def words(core: Core, set_name: str, rng: random.Random) -> Iterator[int]:
    """Random words that some pattern accepts, each pattern as likely as any other."""
    decoder = core.decoders[set_name]
    while True:
        word = decoder.random_word(rng.choice(decoder.insns), rng)
        if word is not None:
            yield word
