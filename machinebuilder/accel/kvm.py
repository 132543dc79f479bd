# SPDX-License-Identifier: Apache-2.0
"""CPUs that run on the host's own, by Linux's KVM: of the host's architecture."""

from __future__ import annotations

from typing import Any

from machinebuilder import native
from machinebuilder.accel import UnavailableError
from machinebuilder.machine.failure import check, reason

MODE = 2
CHIPS = ("off", "split", "on")
"""Which interrupt chips are KVM's: none, the local APICs, all it has."""
ROLES: dict[str, frozenset[str]] = {
    "off": frozenset(),
    "split": frozenset({"lapic"}),
    "on": frozenset({"lapic", "pic", "ioapic", "pit"}),
}


def why_not(isa: str) -> str | None:
    """Why this host's KVM cannot run CPUs of that ISA; None: it can."""
    lib = native.engine().lib
    return reason() if lib.mb_kvm_probe(native.core(isa)) else None


def _chips(machine: Any) -> str:
    """What the board says of KVM's interrupt chips."""
    cpus = machine.plan.cpus
    return str(cpus[0].params.get("chips", "on")) if cpus else "on"


def prepare(machine: Any, isa: str) -> None:
    """Open KVM for a machine, before its CPUs are made."""
    problem = why_not(isa)
    if problem is not None:
        raise UnavailableError(problem)
    chips = CHIPS.index(_chips(machine))
    check(native.engine().lib.mb_kvm_open(machine.handle, native.core(isa), chips))


def roles(machine: Any) -> frozenset[str]:
    """The chips that KVM has itself: `in_kernel` of their declarations."""
    return ROLES[_chips(machine)]


def new_cpu(machine: Any, isa: str) -> Any:
    """Add a CPU."""
    return native.engine().lib.mb_cpu_new(machine.handle, native.core(isa), MODE)


def prepare_cpu(cpu: Any) -> None:
    """What the core has to tell KVM of a CPU."""
    cpu.core.prepare_kvm(cpu)
