# SPDX-License-Identifier: Apache-2.0
"""What a core tells debuggers: its registers as gdb knows them, in gdb's order.

A core declares a `Description` in `cores/<isa>/gdb.py`. A register is a state field, an
element of an array, or a pair of functions for one that the state keeps in parts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol


class Cpu(Protocol):
    """What register functions are given: a machine's CPU, stopped."""

    def get(self, field: str, index: int = 0) -> int: ...

    def set(self, field: str, value: int, index: int = 0) -> None: ...

    def get_flag(self, name: str) -> int: ...

    def set_flag(self, name: str, value: int) -> None: ...

    def has(self, feature: str) -> bool: ...


@dataclass(frozen=True)
class Register:
    """One register: `bits` wide, of gdb's type `type`."""

    name: str
    bits: int
    get: Callable[[Cpu], int]
    set: Callable[[Cpu, int], None]
    type: str = "int"


def of_field(
    name: str,
    bits: int,
    state: str,
    index: int = 0,
    type: str = "int",  # noqa: A002
) -> Register:
    """The register that is element `index` of the state field `state`."""

    def read(cpu: Cpu) -> int:
        return cpu.get(state, index)

    def write(cpu: Cpu, value: int) -> None:
        cpu.set(state, value, index)

    return Register(name, bits, read, write, type)


@dataclass(frozen=True)
class Feature:
    """Registers under one of gdb's standard names, for models that have the feature
    `needs` and lack `without`. `types` describes, in gdb's XML, those of theirs that it
    does not know by name."""

    name: str
    registers: Sequence[Register] = ()
    needs: str | None = None
    without: str | None = None
    types: str = ""

    def is_of(self, cpu: Cpu) -> bool:
        """Does the model have these registers?"""
        lacks = self.needs is not None and not cpu.has(self.needs)
        return not lacks and not (self.without and cpu.has(self.without))


@dataclass(frozen=True)
class Description:
    """A core for gdb. `kinds` are the breakpoint kinds it may ask for (their meaning is
    gdb's: on ARM 2, 3 and 4); instructions begin at multiples of `alignment`."""

    architecture: str
    features: Sequence[Feature]
    kinds: Sequence[int]
    alignment: int = 1
    byte_order: Literal["little", "big"] = "little"

    def features_of(self, cpu: Cpu) -> list[Feature]:
        """The features that this CPU's model has."""
        return [feature for feature in self.features if feature.is_of(cpu)]

    def registers_of(self, cpu: Cpu) -> list[Register]:
        """The registers in the order of gdb's numbers."""
        return [r for feature in self.features_of(cpu) for r in feature.registers]
