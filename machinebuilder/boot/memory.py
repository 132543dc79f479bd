"""Where a plan's RAM is: what boot protocols ask before they place images."""

from __future__ import annotations

from dataclasses import dataclass

from machinebuilder.board.plan import Plan
from machinebuilder.boot import BootError
from machinebuilder.device import registry

LEGACY = range(0xA_0000, 0x10_0000)
"""Where a PC has video memory and firmware, and RAM behind it at most."""
ABOVE_4G = 1 << 32
HOLE_STEP = 16 << 20


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


def low_ram_end(plan: Plan) -> int:
    """The end of RAM below 4 GiB."""
    ends = (ram.start + ram.size for ram in ram_ranges(plan))
    return max((end for end in ends if end <= ABOVE_4G), default=0)


def pci_hole(plan: Plan) -> range:
    """Addresses below 4 GiB for windows that a PCI bus's guest places: from the end of
    RAM to the next thing that is fixed."""
    start = -(-low_ram_end(plan) // HOLE_STEP) * HOLE_STEP
    fixed = [p.address for d in plan.devices for p in d.places if p.bus == "mmio"]
    fixed += [stub.address for stub in plan.stubs if stub.bus == "mmio"]
    above = [address for address in fixed if start <= address < ABOVE_4G]
    return range(start, min(above, default=ABOVE_4G))
