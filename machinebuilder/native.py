# SPDX-License-Identifier: Apache-2.0
"""Finding and loading what is compiled: the engine, cores and chips.

Installed, each is beside its Python package; in a working tree they are in the build
directory: `build/`, or what MB_BUILD_DIR names. The engine is loaded first, with its
symbols global, for the others resolve theirs against it.
"""

from __future__ import annotations

import ctypes
import importlib.machinery
import importlib.util
import os
import sys
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
ENGINE = "machinebuilder._engine"


class NotBuiltError(ImportError):
    """Something compiled is missing."""


def directories(place: str) -> list[Path]:
    """Where compiled files of `place` (a path in the tree) may be, best first."""
    build = Path(os.environ.get("MB_BUILD_DIR") or ROOT / "build")
    return [build / place, ROOT / place]


def find_library(places: list[str], stem: str) -> Path:
    """The shared library `stem` (its file name up to the first dot)."""
    looked = [directory for place in places for directory in directories(place)]
    for directory in looked:
        for path in sorted(directory.glob(f"{stem}.*")):
            if path.suffix == ".so":
                return path
    searched = ", ".join(str(directory) for directory in looked)
    raise NotBuiltError(
        f"{stem} is not built: looked in {searched}; `make build` builds it"
    )


@cache
def engine() -> Any:
    """The module `machinebuilder._engine`: `ffi` and `lib`."""
    if ENGINE in sys.modules:
        return sys.modules[ENGINE]
    path = find_library(["machinebuilder/engine", "machinebuilder"], "_engine")
    loader = importlib.machinery.ExtensionFileLoader(ENGINE, str(path))
    spec = importlib.util.spec_from_file_location(ENGINE, path, loader=loader)
    assert spec is not None
    flags = sys.getdlopenflags()
    sys.setdlopenflags(os.RTLD_NOW | os.RTLD_GLOBAL)
    try:
        module = importlib.util.module_from_spec(spec)
        loader.exec_module(module)
    finally:
        sys.setdlopenflags(flags)
    sys.modules[ENGINE] = module
    return module


def core(isa: str) -> Any:
    """The `const struct mb_core *` of an ISA, as a void pointer."""
    return _exported([f"cores/{isa}", "cores"], f"mbcore_{isa}", f"mb_core_{isa}")


def chip(model: str) -> Any:
    """The `const struct mb_chip *` of a native chip, as a void pointer."""
    return _exported(["devicelib"], "mbdevices", "mb_chip_" + model.replace(".", "_"))


@cache
def _library(path: Path) -> ctypes.CDLL:
    return ctypes.CDLL(str(path), mode=os.RTLD_NOW)


def _exported(places: list[str], stem: str, symbol: str) -> Any:
    ffi = engine().ffi
    library = _library(find_library(places, stem))
    try:
        found = ctypes.c_char.in_dll(library, symbol)
    except ValueError:
        text = f"{library._name} has no {symbol}: build it again"
        raise NotBuiltError(text) from None
    return ffi.cast("void *", ctypes.addressof(found))
