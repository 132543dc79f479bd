# SPDX-License-Identifier: Apache-2.0
"""A machine's I/O ports from outside, with accesses as wide as a processor's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from machinebuilder.board.plan import Place

if TYPE_CHECKING:
    from machinebuilder.machine import Machine
    from machinebuilder.machine.outside import MachineDevice


class Ports:
    """The ports of chips that are at fixed addresses."""

    def __init__(self, machine: Machine) -> None:
        self._owners = [
            (range(place.address, place.address + place.size), place, device)
            for device in machine.devices.values()
            for place in device.plan.places
            if place.bus == "io"
        ]

    def __contains__(self, port: int) -> bool:
        return any(port in where for where, _, _ in self._owners)

    def _at(self, port: int) -> tuple[Place, MachineDevice]:
        for where, place, device in self._owners:
            if port in where:
                return place, device
        raise LookupError(f"no chip has port {port:#x}")

    def read(self, port: int, size: int = 1) -> int:
        """What IN gives."""
        place, device = self._at(port)
        return device.read(port - place.address, size, place.region)

    def write(self, port: int, value: int, size: int = 1) -> None:
        """What OUT does."""
        place, device = self._at(port)
        device.write(port - place.address, value, size, place.region)
