# SPDX-License-Identifier: Apache-2.0
"""Ways to run a CPU: `find(name)` gives the module that does it.

An executor is a module of this package with `new_cpu(machine, isa)`: it adds a CPU with
the core of that ISA to the machine and gives the engine's handle of it. The names are
those of `--accel`.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, Protocol, cast

from machinebuilder.errors import UserError

__all__ = ["Executor", "UnavailableError", "find"]

MODULES = {"auto": "translated", "translate": "translated", "interpret": "interpreted"}


class UnavailableError(UserError):
    """This host cannot run CPUs that way."""


class Executor(Protocol):
    """What a module of this package offers."""

    def new_cpu(self, machine: Any, isa: str) -> Any:
        """The engine's `struct mb_cpu *` of a CPU added to the machine, or NULL."""


def find(name: str) -> Executor:
    """The executor that `--accel` names."""
    if name not in MODULES:
        raise UnavailableError(
            f"--accel {name}: not available on this host; "
            f"choose one of {', '.join(MODULES)}"
        )
    return cast(Executor, import_module(f"machinebuilder.accel.{MODULES[name]}"))
