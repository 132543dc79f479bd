"""Where a plan's RAM is: what boot protocols ask before they place images."""

from __future__ import annotations

from dataclasses import dataclass

from machinebuilder.board.plan import Plan
from machinebuilder.boot import BootError
from machinebuilder.device import registry


@dataclass(frozen=True)
class Ram:
    """A range of RAM, in bytes."""

    start: int
    size: int


def ram_ranges(plan: Plan) -> list[Ram]:
    """All RAM that CPUs see: windows that a device declares to be `memory="ram"`."""
    return [
        Ram(place.address, place.size)
        for device in plan.devices
        for place in device.places
        if place.bus == "mmio"
        and registry.find(device.model).regions[place.region].memory == "ram"
    ]


def main_ram(plan: Plan) -> Ram:
    """The largest range: where kernels go. BootError if the board has none."""
    ranges = ram_ranges(plan)
    if not ranges:
        raise BootError(f"board {plan.name}: it has no RAM to load a kernel into")
    return max(ranges, key=lambda ram: ram.size)
