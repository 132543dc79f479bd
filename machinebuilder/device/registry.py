# SPDX-License-Identifier: Apache-2.0
"""Finding chips by model name: the name is the path.

`uart.pl011` is the one `Device` class in `devicelib/uart/pl011.py`. Other packages
offer theirs by entry points of the group `machinebuilder.devices`: name = model name,
value = the class (`vendor_chips.timer:Timer9000`).
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import re
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from machinebuilder.device.chip import Device

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

LIBRARY = "devicelib"
GROUP = "machinebuilder.devices"
_MODEL = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9][a-z0-9_]*)+")


class UnknownModelError(KeyError):
    """No chip has that model name."""

    def __str__(self) -> str:
        return f"no device model is called {self.args[0]!r}"


@cache
def find(model: str) -> type[Device]:
    """The chip called `model`; UnknownModelError if there is none."""
    if not _MODEL.fullmatch(model):
        raise UnknownModelError(model)
    if in_library(model):
        return _only_chip(importlib.import_module(f"{LIBRARY}.{model}"), model)
    if model in _offered():
        return _loaded(_offered()[model])
    raise UnknownModelError(model)


@cache
def names() -> tuple[str, ...]:
    """Every model name, sorted."""
    return tuple(sorted({*_library_models(), *_offered()}))


def in_library(model: str) -> bool:
    """Is that a chip of our own library, not one that another package offers?"""
    library = importlib.import_module(LIBRARY)
    parts = model.split(".")
    return _MODEL.fullmatch(model) is not None and any(
        Path(place, *parts).with_suffix(".py").is_file() for place in library.__path__
    )


@cache
def _library_models() -> frozenset[str]:
    library = importlib.import_module(LIBRARY)
    found = pkgutil.walk_packages(library.__path__, LIBRARY + ".")
    modules = [m.name for m in found if not m.ispkg]
    models = [name.removeprefix(LIBRARY + ".") for name in modules]
    return frozenset(m for m in models if _MODEL.fullmatch(m))


@cache
def _offered() -> dict[str, EntryPoint]:
    from importlib.metadata import entry_points

    return {point.name: point for point in entry_points(group=GROUP)}


def _only_chip(module: ModuleType, model: str) -> type[Device]:
    chips = [
        value
        for name, value in vars(module).items()
        if isinstance(value, type)
        and issubclass(value, Device)
        and value.__module__ == module.__name__
        and not name.startswith("_")
    ]
    if len(chips) != 1:
        raise TypeError(f"{module.__name__} must define one Device, not {len(chips)}")
    chips[0].model = model
    return chips[0]


def _loaded(point: EntryPoint) -> type[Device]:
    chip = point.load()
    if not (isinstance(chip, type) and issubclass(chip, Device)):
        raise TypeError(f"entry point {point.name} must be a Device, not {chip!r}")
    chip.model = point.name
    return chip
