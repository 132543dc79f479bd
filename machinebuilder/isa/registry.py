# SPDX-License-Identifier: Apache-2.0
"""CPU models: `cores/<isa>/models/<name>.yaml` is model `<isa>.<name>`.

Cores come from the package `cores` and from the entry points `machinebuilder.cores`
(name: the ISA, value: the package). A model file is data:

    summary: one line
    features: [lpae, vfpv4]        # names of the state's Features
    fields: {midr: 0x410f_c0f0}    # power-on values of fields; a list for an array
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from .core import Core, load

GROUP = "machinebuilder.cores"


class UnknownFeatureError(KeyError):
    """A model has no such feature to switch: its word, and the names there are."""

    def __init__(self, model: str, word: str, known: frozenset[str]) -> None:
        super().__init__(word)
        self.model = model
        self.word = word
        self.known = sorted(known)


@dataclass(frozen=True)
class CpuModel:
    """A CPU that a board can name."""

    core: Core
    name: str  # "arm.cortex-a15"
    data: dict[str, Any]  # the file, scalars as text
    path: Path
    added: tuple[str, ...] = ()  # features, beside the file's
    removed: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        return str(self.data.get("summary", ""))

    @property
    def features(self) -> list[str]:
        """The names of what it has."""
        names = [*(self.data.get("features") or ()), *self.added]
        return [name for name in names if name not in self.removed]

    @property
    def fields(self) -> dict[str, list[int]]:
        """Power-on values of state fields, features included."""
        values = {
            name: [_number(x) for x in (v if isinstance(v, list) else [v])]
            for name, v in (self.data.get("fields") or {}).items()
        }
        features = self.core.state.features
        if features is not None:
            values[features.name] = [features.word(self.features)]
        return values

    def apply(self, cpu: Any) -> None:
        """Set the fields of a reference CPU."""
        for name, values in self.fields.items():
            if self.core.state.fields[name].scalar:
                setattr(cpu, name, values[0])
            else:
                for index, value in enumerate(values):
                    cpu.banks[name][index] = value


def _number(text: Any) -> int:
    return int(str(text).replace("_", ""), 0)


@cache
def packages() -> dict[str, str]:
    """ISA name -> package."""
    found: dict[str, str] = {}
    spec = importlib.util.find_spec("cores")
    for root in (spec.submodule_search_locations or ()) if spec else ():
        for directory in sorted(Path(root).iterdir()):
            if (directory / "models").is_dir():
                found[directory.name] = f"cores.{directory.name}"
    for entry in importlib.metadata.entry_points(group=GROUP):
        found.setdefault(entry.name, entry.value)
    return found


def _directory(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise LookupError(f"core package {package} is not installed")
    return Path(spec.origin).parent / "models"


@cache
def _files() -> dict[str, tuple[str, Path]]:
    """Model name -> (package, file)."""
    return {
        f"{isa}.{path.stem}": (package, path)
        for isa, package in packages().items()
        for path in sorted(_directory(package).glob("*.yaml"))
    }


def names() -> list[str]:
    """Every model there is."""
    return sorted(_files())


@cache
def find(name: str) -> CpuModel:
    """The model of this name: `arm.cortex-a15`, or with features switched on and off
    `x86.qemu64,+avx,-cx16`. KeyError if there is none; UnknownFeatureError."""
    model, *switches = (word.strip() for word in name.split(","))
    package, path = _files()[model]
    text = path.read_text(encoding="utf-8")
    data = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 (scalars stay text)
    core = load(package)
    for switch in switches:
        if switch[:1] not in "+-" or switch[1:] not in core.feature_names:
            raise UnknownFeatureError(model, switch, core.feature_names)
    added = tuple(switch[1:] for switch in switches if switch[0] == "+")
    removed = tuple(switch[1:] for switch in switches if switch[0] == "-")
    return CpuModel(core, name, data or {}, path, added, removed)
