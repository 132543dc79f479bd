# SPDX-License-Identifier: Apache-2.0
"""CPUs whose code runs in the IR interpreter: slow, on any host, a second opinion."""

from __future__ import annotations

from typing import Any

from machinebuilder import native

INTERPRETED = 1


def new_cpu(machine: Any, isa: str) -> Any:
    """Add a CPU."""
    core = native.core(isa)
    return native.engine().lib.mb_cpu_new(machine.handle, core, INTERPRETED)
