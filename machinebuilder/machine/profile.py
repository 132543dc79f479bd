"""Where guest time went, as a file for speedscope (https://www.speedscope.app).

Three profiles: time by tier, function and unit, of the samples that each CPU takes of
its own time; exits to the run loop, and to slow paths, by cause; CPUs' reads and writes
of each device. And the names in the map that the host's `perf` reads.
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
SLOW = {
    "slow_loads": "slow loads",
    "slow_stores": "slow stores",
    "faults": "faults",
    "tlb_flushes": "TLB flushes",
}
"""What else takes a CPU out of translated code, by its name in Stats."""
Accesses = dict[str, tuple[int, int]]
"""Reads and writes, by the board's names of devices."""


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


def time_of(
    frames: Frames, found: list[Unit], elsewhere: int, stats: Stats, symbols: Symbols
) -> list[tuple[list[int], float]]:
    """Samples share the time that the CPUs ran; outside of units it is translation
    (that is measured), and the rest."""
    every = sum(unit.samples for unit in found) + elsewhere
    each = stats.run_ns / 1e6 / every if every else 0.0
    translating = min(stats.translate_ns / 1e6, elsewhere * each)
    time = [
        (
            frames.stack(unit.tier, symbols.name(unit.pc), f"unit {unit.pc:#x}"),
            unit.samples * each,
        )
        for unit in sorted(found, key=lambda unit: unit.pc)
    ]
    outside = "outside of units"
    time.append((frames.stack(outside, "translator"), translating))
    rest = elsewhere * each - translating
    time.append((frames.stack(outside, "helpers, memory, devices"), rest))
    return time


def exits_of(frames: Frames, stats: Stats) -> list[tuple[list[int], float]]:
    """Counts of what left translated code."""
    causes = {name: f"exits {why}" for name, why in EXITS.items()} | SLOW
    return [
        (frames.stack(cause), float(getattr(stats, name)))
        for name, cause in causes.items()
    ]


def accesses_of(frames: Frames, accesses: Accesses) -> list[tuple[list[int], float]]:
    """Reads and writes of each device that had any."""
    return [
        (frames.stack(name, what), float(count))
        for name, counts in accesses.items()
        for what, count in zip(("reads", "writes"), counts, strict=True)
        if count
    ]


def document(
    found: list[Unit],
    elsewhere: int,
    stats: Stats,
    symbols: Symbols,
    accesses: Accesses,
) -> dict[str, Any]:
    """The whole file."""
    frames = Frames()
    time = time_of(frames, found, elsewhere, stats, symbols)
    exits = exits_of(frames, stats)
    devices = accesses_of(frames, accesses)
    return {
        "$schema": SCHEMA,
        "exporter": "machinebuilder",
        "profiles": [
            sampled("guest time", "milliseconds", time),
            sampled("exits by cause", "none", exits),
            sampled("device accesses", "none", devices),
        ],
        "shared": {"frames": [{"name": name} for name in frames.numbers]},
    }


def save(machine: Any, symbols: Symbols, accesses: Accesses, path: Path) -> None:
    """Write the profile of an engine's machine."""
    found, elsewhere = units(machine)
    stats = Stats.of(machine)
    text = json.dumps(document(found, elsewhere, stats, symbols, accesses))
    try:
        path.write_text(text)
    except OSError as error:
        raise UserError(f"--profile {path}: {error.strerror}") from None


def named(line: str, symbols: Symbols) -> str:
    """`HOST SIZE guest:PC:TIER`, with the function's name before the last."""
    place, size, unit = line.split(" ", 2)
    name = symbols.name(int(unit.split(":")[1], 16))
    return f"{place} {size} {name} {unit}"


def name_perf_map(symbols: Symbols, path: Path) -> None:
    """Give the functions' names to the lines of an engine's map, after the run."""
    try:
        lines = path.read_text().splitlines()
        path.write_text("".join(named(line, symbols) + "\n" for line in lines))
    except OSError as error:
        raise UserError(f"--perf-map {path}: {error.strerror}") from None
