# SPDX-License-Identifier: Apache-2.0
"""The device-tree nodes of ARM CPUs: /cpus, /psci, /timer.

Bindings: arm/cpus.yaml, arm/psci.yaml, timer/arm,arch_timer.yaml.
"""

from __future__ import annotations

from typing import Any

from machinebuilder.isa import registry

TIMERS = ("timer.secure", "timer.physical", "timer.virtual", "timer.hypervisor")
CPUS_PER_CLUSTER = 4
NOMINAL_FREQUENCY = 1_000_000_000  # what the cycle counter counts; Linux asks for one


def mpidr(index: int) -> int:
    """Affinity of a CPU by its number: four to a cluster, as in Cortex-A15."""
    return index // CPUS_PER_CLUSTER << 8 | index % CPUS_PER_CLUSTER


def add(tree: Any, view: Any, cpus: Any) -> None:
    """All nodes that CPUs of this core contribute."""
    _add_cpus(tree.child("cpus"), cpus)
    conduit = cpus[0].params.get("psci", "none")
    if conduit != "none":
        node = tree.child("psci")
        node["compatible"] = ["arm,psci-1.0", "arm,psci-0.2"]
        node["method"] = str(conduit)
    _add_timer(tree, view, cpus[0].name)


def _add_cpus(node: Any, cpus: Any) -> None:
    node["#address-cells"] = 1
    node["#size-cells"] = 0
    for cpu in cpus:
        child = node.child(f"cpu@{mpidr(cpu.index):x}")
        child["device_type"] = "cpu"
        child["compatible"] = str(registry.find(cpu.model).data["compatible"])
        child["reg"] = mpidr(cpu.index)
        child["clock-frequency"] = NOMINAL_FREQUENCY
        if cpu.params.get("psci", "none") != "none":
            child["enable-method"] = "psci"


def _add_timer(tree: Any, view: Any, source: str) -> None:
    interrupts = view.interrupts(source, TIMERS)
    controller = view.controller(source)
    if not interrupts or controller is None:
        return
    node = tree.child("timer")
    node["compatible"] = "arm,armv7-timer"
    node["interrupt-parent"] = view.phandle(controller)
    node["interrupts"] = interrupts
    node["always-on"] = True
