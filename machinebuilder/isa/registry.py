# SPDX-License-Identifier: Apache-2.0
"""CPU models: `cores/<isa>/models/<name>.yaml` is model `<isa>.<name>`.

Cores come from the package `cores` and from the entry points `machinebuilder.cores`
(name: the ISA, value: the package). A model file is data:

    summary: one line
    features: [lpae, vfpv4]        # names of the state's Features
    fields: {midr: 0x410f_c0f0}    # power-on values of fields; a list for an array
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from machinebuilder import kept

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
def _own() -> dict[str, str]:
    """ISA name -> package, of this installation's cores."""
    found: dict[str, str] = {}
    spec = importlib.util.find_spec("cores")
    for root in (spec.submodule_search_locations or ()) if spec else ():
        for directory in sorted(Path(root).iterdir()):
            if (directory / "models").is_dir():
                found[directory.name] = f"cores.{directory.name}"
    return found


@cache
def packages() -> dict[str, str]:
    """ISA name -> package."""
    import importlib.metadata

    found = dict(_own())
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
    package, path = _place(model)
    data = _data(path)
    core = load(package)
    for switch in switches:
        if switch[:1] not in "+-" or switch[1:] not in core.feature_names:
            raise UnknownFeatureError(model, switch, core.feature_names)
    added = tuple(switch[1:] for switch in switches if switch[0] == "+")
    removed = tuple(switch[1:] for switch in switches if switch[0] == "-")
    return CpuModel(core, name, data, path, added, removed)


def _place(model: str) -> tuple[str, Path]:
    """Package and file; other packages are looked at for what is not ours."""
    isa, _, stem = model.partition(".")
    if isa in _own():
        for path in _directory(_own()[isa]).glob("*.yaml"):
            if path.stem == stem:
                return _own()[isa], path
    return _files()[model]


def _data(path: Path) -> dict[str, Any]:
    """What is in a model file, with scalars as text."""
    text = path.read_bytes()
    name = f"{hashlib.sha256(text).hexdigest()}.model"
    data: dict[str, Any] | None = kept.recall(name)
    if data is None:
        import yaml

        data = yaml.load(text, Loader=yaml.BaseLoader) or {}  # noqa: S506 (stay text)
        kept.keep(name, data)
    return data
