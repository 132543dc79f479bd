"""Where guest time went, as a file for speedscope (https://www.speedscope.app).

Three profiles: time by tier, function and unit, of the samples that each CPU takes of
its own time; exits to the run loop by cause; accesses to devices.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from machinebuilder import native
from machinebuilder.errors import UserError
from machinebuilder.machine.stats import EXITS, Stats
from machinebuilder.machine.symbols import Symbols

SCHEMA = "https://www.speedscope.app/file-format-schema.json"
TIERS = ("first tier", "hot", "hot, windows")
"""By `enum mb_tier`."""


@dataclass(frozen=True)
class Unit:
    """A unit of translated code that was found at work."""

    pc: int
    samples: int
    tier: str


def units(machine: Any) -> tuple[list[Unit], int]:
    """What an engine's machine sampled: units, and samples outside of them."""
    engine = native.engine()
    elsewhere = engine.ffi.new("uint64_t *")
    count = engine.lib.mb_machine_profile(machine, engine.ffi.NULL, 0, elsewhere)
    rows = engine.ffi.new("struct mb_profile_row[]", count + 1)
    count = engine.lib.mb_machine_profile(machine, rows, count, elsewhere)
    found = [Unit(r.pc, r.samples, TIERS[r.tier]) for r in rows[0:count]]
    return found, int(elsewhere[0])


@dataclass
class Frames:
    """Names, each with its number."""

    numbers: dict[str, int] = field(default_factory=dict)

    def stack(self, *names: str) -> list[int]:
        """Outermost first."""
        return [self.numbers.setdefault(name, len(self.numbers)) for name in names]


def sampled(name: str, unit: str, stacks: list[tuple[list[int], float]]) -> Any:
    """One profile of the file."""
    weights = [weight for _, weight in stacks]
    return {
        "type": "sampled",
        "name": name,
        "unit": unit,
        "startValue": 0,
        "endValue": sum(weights),
        "samples": [stack for stack, _ in stacks],
        "weights": weights,
    }


def document(
    found: list[Unit], elsewhere: int, stats: Stats, symbols: Symbols
) -> dict[str, Any]:
    """The whole file."""
    frames = Frames()
    every = sum(unit.samples for unit in found) + elsewhere
    each = stats.run_ns / 1e6 / every if every else 0.0
    time = [
        (
            frames.stack(unit.tier, symbols.name(unit.pc), f"unit {unit.pc:#x}"),
            unit.samples * each,
        )
        for unit in sorted(found, key=lambda unit: unit.pc)
    ]
    time.append((frames.stack("translator, helpers, devices"), elsewhere * each))
    exits = [
        (frames.stack(f"exits {why}"), float(getattr(stats, name)))
        for name, why in EXITS.items()
    ]
    devices = [
        (frames.stack("device reads"), float(stats.mmio_reads)),
        (frames.stack("device writes"), float(stats.mmio_writes)),
    ]
    return {
        "$schema": SCHEMA,
        "exporter": "machinebuilder",
        "profiles": [
            sampled("guest time", "milliseconds", time),
            sampled("exits", "none", exits),
            sampled("device accesses", "none", devices),
        ],
        "shared": {"frames": [{"name": name} for name in frames.numbers]},
    }


def save(machine: Any, symbols: Symbols, path: Path) -> None:
    """Write the profile of an engine's machine."""
    found, elsewhere = units(machine)
    text = json.dumps(document(found, elsewhere, Stats.of(machine), symbols))
    try:
        path.write_text(text)
    except OSError as error:
        raise UserError(f"--profile {path}: {error.strerror}") from None
