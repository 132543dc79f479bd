# SPDX-License-Identifier: Apache-2.0
"""Telling a kernel without device tree or ACPI of memory-mapped virtio transports.

Linux: Documentation/admin-guide/kernel-parameters.txt, virtio_mmio.device=.
"""

from __future__ import annotations

from machinebuilder.board.plan import DevicePlan, Plan
from machinebuilder.device import registry

COMPATIBLE = "virtio,mmio"


def transport_words(plan: Plan) -> list[str]:
    """A word for each transport with a device on it, lowest address first."""
    occupied = {d.slot.bus.rpartition(".")[0] for d in plan.devices if d.slot}
    found = [
        device
        for device in plan.devices
        if device.name in occupied
        and COMPATIBLE in registry.find(device.model).compatible
        and device.places
    ]
    found.sort(key=lambda device: device.places[0].address)
    return [word for device in found if (word := _word(plan, device))]


def _word(plan: Plan, device: DevicePlan) -> str | None:
    place = device.places[0]
    interrupt = _interrupt(plan, device.name)
    if interrupt is None:
        return None
    return f"virtio_mmio.device={place.size:#x}@{place.address:#x}:{interrupt}"


def _interrupt(plan: Plan, name: str) -> int | None:
    for wire in plan.wires:
        if wire.source == name:
            target = registry.find(plan.device(wire.target).model)
            number = target.acpi_interrupt(wire.target_port, wire.target_index)
            if number is not None:
                return number
    return None
