# SPDX-License-Identifier: Apache-2.0
"""What chips add to the ACPI tables, and what they may ask for that.

A chip with `acpi_hid` gets a device in the name space, with its ports, memory and
interrupts as its current resources. Its `acpi(node, view)` adds what else there is:
terms to its node, rows and values to the fixed tables.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from machinebuilder.board.plan import DevicePlan, Plan, Wire
from machinebuilder.boot.acpi import aml, resources
from machinebuilder.boot.acpi.tables import Power
from machinebuilder.device import registry

LOCAL_APICS = 0xFEE0_0000
"""Where a processor's own interrupt controller is, if software does not move it."""


@dataclass
class Node:
    """A device of the name space under construction."""

    name: str
    terms: list[bytes] = field(default_factory=list)
    children: list[Node] = field(default_factory=list)

    def say(self, path: str, value: bytes) -> None:
        """Add `Name(path, value)`."""
        self.terms.append(aml.name(path, value))

    def add(self, *terms: bytes) -> None:
        """Add terms as they are."""
        self.terms.extend(terms)

    def child(self, name: str) -> Node:
        """A new device below this one."""
        node = Node(name)
        self.children.append(node)
        return node

    def packed(self) -> bytes:
        """The device with all that is below it."""
        return aml.device(self.name, self.content())

    def content(self) -> bytes:
        """What is in it."""
        below = b"".join(child.packed() for child in self.children)
        return b"".join(self.terms) + below


class View:
    """The plan, and the tables that are being made."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._names: set[str] = set()
        self._counts: Counter[str] = Counter()
        self.root = Node("\\_SB")
        self.globals: list[bytes] = []
        """Terms outside of all devices."""
        self.isa = self.root
        """Where devices with ISA resources are; a bridge puts itself here."""
        self.power = Power()
        self.tables: list[bytes] = []
        """Further tables, such as HPET."""
        self.local_apics = LOCAL_APICS if plan.cpus else 0
        self.dual_8259 = False
        self.interrupt_rows: list[bytes] = []
        """Rows of the MADT."""
        self.nodes = {d.name: Node(self._name(d)) for d in plan.devices}
        """Of each device, whether it comes to be used or not."""
        self.device: DevicePlan
        """The device whose contribution is being made."""

    def _name(self, device: DevicePlan) -> str:
        declared: Any = registry.find(device.model)
        return self.unique(declared.acpi_name or device.name)

    def bridge(self, device: DevicePlan) -> str | None:
        """The bridge of a PCI function; None: it is no PCI function."""
        declared: Any = registry.find(device.model)
        if device.slot is None or declared.pci is None:
            return None
        return device.slot.bus.rpartition(".")[0]

    def path(self, name: str) -> str:
        """The whole name of a PCI function, or of a device at the top."""
        above = self.bridge(self.plan.device(name))
        head = self.path(above) if above else self.root.name
        return f"{head}.{self.nodes[name].name}"

    def unique(self, wanted: str) -> str:
        """A name of four characters that no other device has."""
        letters = "".join(c for c in wanted.upper() if c.isascii() and c.isalnum())
        letters = letters if letters[:1].isalpha() else f"D{letters}"
        base, number = letters[:4], 0
        while letters[:4] in self._names:
            letters = base[: 4 - len(f"{number:X}")] + f"{number:X}"
            number += 1
        self._names.add(letters[:4])
        return letters[:4]

    def count(self, kind: str) -> int:
        """How many of a kind came before, for `_UID`."""
        self._counts[kind] += 1
        return self._counts[kind] - 1

    def wires(self, source: str) -> list[Wire]:
        """The lines that `source` drives."""
        return [wire for wire in self.plan.wires if wire.source == source]

    def interrupts(self, source: str, port: str | None = None) -> list[int]:
        """The interrupts that `source` raises, or one port of it, each once, in order;
        of a line that goes to several controllers, as the first has it."""
        found: dict[tuple[str, int], int] = {}
        for wire in self.wires(source):
            number = self.interrupt(wire)
            if number is not None and port in (None, wire.port):
                found.setdefault((wire.port, wire.index), number)
        return list(dict.fromkeys(found.values()))

    def elsewhere(self, controller: str) -> list[tuple[int, int]]:
        """Lines that come to `controller` under another number than to the one they
        are known by: that number, and this one."""
        found = []
        for wire in self.plan.wires:
            number = self.interrupt(wire)
            if wire.target == controller and number is not None:
                line = (wire.source, wire.port, wire.index)
                known = next(
                    self.interrupt(other)
                    for other in self.wires(wire.source)
                    if (other.source, other.port, other.index) == line
                )
                if known is not None and known != number:
                    found.append((known, number))
        return found

    def interrupt(self, wire: Wire) -> int | None:
        """The system's number of the input at a wire's end; None: it has none."""
        target = self.chip(wire.target)
        if target is None:
            return None
        number: int | None = target.acpi_interrupt(wire.target_port, wire.target_index)
        return number

    def chip(self, name: str) -> Any:
        """The class of the device `name`; None: it is no device."""
        for device in self.plan.devices:
            if device.name == name:
                return registry.find(device.model)
        return None

    def occupied(self, name: str) -> bool:
        """Does anything sit on a bus of device `name`?"""
        slots = (device.slot for device in self.plan.devices if device.slot)
        return any(slot.bus.rpartition(".")[0] == name for slot in slots)

    def place(self, region: str | None = None) -> int:
        """The address of a window of this device; by default the first."""
        for place in self.device.places:
            if region in (None, place.region):
                return place.address
        raise LookupError(f"{self.device.name} has no window {region!r}")

    def current_resources(self, device: DevicePlan) -> bytes:
        """What a device decodes and drives, as the value of its `_CRS`."""
        rows = []
        for place in device.places:
            if place.bus == "io":
                rows.append(resources.io(place.address, place.size))
            elif place.bus == "mmio" and place.address + place.size <= 1 << 32:
                rows.append(resources.memory32(place.address, place.size))
        numbers = self.interrupts(device.name)
        isa = any(place.bus == "io" for place in device.places)
        if isa:
            rows += [resources.irq(number) for number in numbers if number < 16]
        elif numbers:
            rows.append(resources.interrupts(*numbers))
        return resources.template(*rows, *self.channels(device))

    def channels(self, device: DevicePlan) -> list[bytes]:
        """The ISA DMA channel that a device uses."""
        if device.slot is None or "channel" not in device.slot.keys:
            return []
        return [resources.dma(device.slot.keys["channel"])]
