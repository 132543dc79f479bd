# SPDX-License-Identifier: Apache-2.0
"""Plans of boards that were loaded before, so that a machine starts without reading,
expanding and checking its board again.

A plan follows from the board's text, its options, and the declarations it was checked
against. A digest of all of them is its name in the user's cache (kept.py). Boards that
extend others, or use models that other packages offer, are loaded each time.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from machinebuilder import kept
from machinebuilder.board.plan import Plan

ROOT = Path(__file__).resolve().parents[2]
DECLARATIONS = ("machinebuilder/board", "machinebuilder/boot", "machinebuilder/device",
                "machinebuilder/isa", "devicelib", "cores")  # fmt: skip


def load(path: Path, options: Mapping[str, str]) -> Plan:
    """As `machinebuilder.board.load`."""
    name = _name(path, options)
    plan = kept.recall(name) if name else None
    if isinstance(plan, Plan):
        return plan
    from machinebuilder.board.compile import load as compiled

    plan = compiled(path, options)
    if name and _is_self_contained(path, plan):
        kept.keep(name, plan)
    return plan


def _name(path: Path, options: Mapping[str, str]) -> str | None:
    """What the plan is kept under; None for a board that cannot be read."""
    try:
        text = path.read_bytes()
        declared = "\n".join(_declarations())
    except OSError:
        return None
    what = (sys.version, str(path.resolve()), str(path), sorted(options.items()))
    digest = hashlib.sha256(repr((what, declared)).encode() + text).hexdigest()
    return f"{digest}.plan"


def _declarations() -> Iterator[str]:
    """Every file that models are declared in, with what changes when it does."""
    waiting = [os.path.join(ROOT, name) for name in DECLARATIONS]  # noqa: PTH118 (speed)
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                if entry.name.endswith((".py", ".yaml")):
                    facts = entry.stat()
                    yield f"{entry.path} {facts.st_mtime_ns} {facts.st_size}"
                elif entry.name != "__pycache__" and entry.is_dir():
                    waiting.append(entry.path)


def _is_self_contained(path: Path, plan: Plan) -> bool:
    from machinebuilder.device import registry
    from machinebuilder.isa import registry as cpus

    return (
        b"extends" not in path.read_bytes()
        and all(registry.in_library(device.model) for device in plan.devices)
        and all(
            cpus.packages()[cpu.model.partition(".")[0]].startswith("cores.")
            for cpu in plan.cpus
        )
    )
