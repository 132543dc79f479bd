# SPDX-License-Identifier: Apache-2.0
"""Ways to run a CPU: `find(name, isa)` gives the module that does it.

An executor is a module of this package with `new_cpu(machine, isa)`: it adds a CPU
with the core of that ISA to the machine and gives the engine's handle of it. It may
also have `prepare(machine, isa)`, called before the first one, `prepare_cpu(cpu)`,
called when a CPU's model is set, and `roles(machine)`: the chips that it has itself.
The names are those of `--accel`.
"""

from __future__ import annotations

import platform
from importlib import import_module
from typing import Any, Protocol, cast

from machinebuilder.errors import UserError

__all__ = ["Executor", "UnavailableError", "find", "roles"]

MODULES = {
    "auto": "",
    "kvm": "kvm",
    "translate": "translated",
    "interpret": "interpreted",
}
HOST_ISAS = {"x86_64": "x86"}
"""The ISA whose CPUs are like the host's, by the host's machine."""


class UnavailableError(UserError):
    """This host cannot run CPUs that way."""


class Executor(Protocol):
    """What a module of this package offers."""

    def new_cpu(self, machine: Any, isa: str) -> Any:
        """The engine's `struct mb_cpu *` of a CPU added to the machine, or NULL."""


def _module(name: str) -> Any:
    return import_module(f"machinebuilder.accel.{name}")


def _automatic(isa: str) -> str:
    """KVM where the CPU is of the host's kind and KVM works, or is the only way."""
    if HOST_ISAS.get(platform.machine()) != isa:
        return "translated"
    return "kvm"


def find(name: str, isa: str) -> Executor:
    """The executor that `--accel` names, for CPUs of that ISA."""
    if name not in MODULES:
        raise UnavailableError(
            f"--accel {name}: there is no such way; choose one of {', '.join(MODULES)}"
        )
    return cast(Executor, _module(MODULES[name] or _automatic(isa)))


def roles(executor: Executor, machine: Any) -> frozenset[str]:
    """The chips that the executor has itself: `in_kernel` of their declarations."""
    found: frozenset[str] = getattr(executor, "roles", lambda _: frozenset())(machine)
    return found
