"""The flattened device tree of a plan: what the guest is told of its board.

Devicetree Specification v0.4. The generic part of a node (name, `compatible`, `reg`,
`interrupts`) follows from the plan and the device's declaration; a device class adds
the rest in its `devicetree(node, view)`, a core adds `cpus` and what belongs to them.
Pure: no device exists yet.

Omitted: PCI ranges, thermal and power domains.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import fdt

from machinebuilder.board.plan import DevicePlan, Plan, Wire
from machinebuilder.device import registry

Value = str | int | bytes | bool | Sequence[str] | Sequence[int]
"""Text, a cell, bytes, presence (True), or lists of texts or cells."""

MEMORY_BUS = "mmio"
MAGIC = b"\xd0\x0d\xfe\xed"


@dataclass
class Node:
    """A node under construction; properties by subscript, children by `child`."""

    name: str
    properties: dict[str, Value] = field(default_factory=dict)
    children: list[Node] = field(default_factory=list)

    def __setitem__(self, name: str, value: Value) -> None:
        self.properties[name] = value

    def __getitem__(self, name: str) -> Value:
        return self.properties[name]

    def __contains__(self, name: str) -> bool:
        return name in self.properties

    def child(self, name: str) -> Node:
        """The child of that name, made if need be."""
        for node in self.children:
            if node.name == name:
                return node
        node = Node(name)
        self.children.append(node)
        return node


def cells(number: int, count: int = 2) -> list[int]:
    """A number as big-endian 32-bit cells."""
    return [(number >> 32 * i) & 0xFFFF_FFFF for i in reversed(range(count))]


class View:
    """What a contribution may ask about the plan and the tree it adds to."""

    def __init__(self, plan: Plan, root: Node) -> None:
        self.plan = plan
        self.root = root
        self.nodes: dict[str, Node] = {}
        self.device: DevicePlan | None = None
        """The device whose contribution is being made."""
        self._phandles: dict[str, int] = {}

    def phandle(self, name: str) -> int:
        """The number by which nodes refer to device `name` (or to a clock)."""
        return self._phandles.setdefault(name, len(self._phandles) + 1)

    def has_phandle(self, name: str) -> bool:
        """Does any node refer to `name`?"""
        return name in self._phandles

    def clock(self, hertz: int) -> int:
        """The phandle of a fixed clock of that frequency, in the tree once."""
        name = f"clock-{hertz}"
        number = self.phandle(name)
        node = self.root.child(name)
        node["compatible"] = "fixed-clock"
        node["#clock-cells"] = 0
        node["clock-frequency"] = hertz
        node["clock-output-names"] = name
        node["phandle"] = number
        return number

    def wires(self, source: str, port: str | None = None) -> list[Wire]:
        """The lines device or CPU `source` drives, in order."""
        return [
            wire
            for wire in self.plan.wires
            if wire.source == source and port in (None, wire.port)
        ]

    def interrupt(self, wire: Wire) -> list[int] | None:
        """The cells that name `wire`'s input at its controller; None: it is not one."""
        target = self._class_of(wire.target)
        if target is None or not getattr(target, "dt_interrupt_cells", 0):
            return None
        return list(target.dt_interrupt(wire.target_port, wire.target_index))

    def interrupts(self, source: str, ports: Iterable[str] | None = None) -> list[int]:
        """`interrupts` of a source: the cells of its lines, by port in order."""
        order: list[str | None] = [None] if ports is None else list(ports)
        found: list[int] = []
        for port in order:
            for wire in self.wires(source, port):
                found += self.interrupt(wire) or []
        return found

    def controller(self, source: str) -> str | None:
        """The interrupt controller that `source`'s first line goes to."""
        for wire in self.wires(source):
            if self.interrupt(wire) is not None:
                return wire.target
        return None

    def _class_of(self, name: str) -> Any:
        for device in self.plan.devices:
            if device.name == name:
                return registry.find(device.model)
        return None


def build(plan: Plan) -> Node:
    """The tree of a plan, without /chosen's boot arguments."""
    root = Node("")
    view = View(plan, root)
    root["#address-cells"] = 2
    root["#size-cells"] = 2
    root["model"] = plan.summary or plan.name
    root["compatible"] = _board_compatible(plan)
    chosen, aliases = root.child("chosen"), root.child("aliases")
    _add_cpus(plan, view, root)
    serial = 0
    for device in plan.devices:
        node = _add_device(device, view, root)
        if node is not None and device.host == "console":
            aliases[f"serial{serial}"] = f"/{node.name}"
            chosen.properties.setdefault("stdout-path", f"/{node.name}")
            serial += 1
    for name, node in view.nodes.items():
        if view.has_phandle(name):
            node["phandle"] = view.phandle(name)
    if not aliases.properties:
        root.children.remove(aliases)
    return root


def _board_compatible(plan: Plan) -> Value:
    named = plan.boot.params.get("compatible") if plan.boot else None
    if isinstance(named, str):
        return [word.strip() for word in named.split(",,")]
    return (
        list(named)
        if isinstance(named, list | tuple)
        else [f"machinebuilder,{plan.name}"]
    )


def _add_cpus(plan: Plan, view: View, root: Node) -> None:
    from machinebuilder.isa import registry as cpu_registry

    if plan.cpus:
        core: Any = cpu_registry.find(plan.cpus[0].model).core
        core.devicetree(root, view, plan.cpus)


def _add_device(device: DevicePlan, view: View, root: Node) -> Node | None:
    declared: Any = registry.find(device.model)
    places = [place for place in device.places if place.bus == MEMORY_BUS]
    if not places or not (declared.compatible or declared.dt_name):
        return None
    node = Node(f"{declared.dt_name or device.name}@{places[0].address:x}")
    if declared.compatible:
        node["compatible"] = list(declared.compatible)
    node["reg"] = [
        cell for place in places for cell in cells(place.address) + cells(place.size)
    ]
    interrupts = view.interrupts(device.name)
    controller = view.controller(device.name)
    if interrupts and controller and not getattr(declared, "dt_interrupt_root", False):
        node["interrupt-parent"] = view.phandle(controller)
        node["interrupts"] = interrupts
    if getattr(declared, "dt_interrupt_cells", 0):
        node["interrupt-controller"] = True
        node["#interrupt-cells"] = declared.dt_interrupt_cells
        node["#address-cells"] = 0
        view.phandle(device.name)
    hook = getattr(declared, "devicetree", None)
    if hook is not None:
        view.device = device
        hook(node, view)
    root.children.append(node)
    view.nodes[device.name] = node
    return node


def _property(name: str, value: Value) -> Any:
    """A property in the library's terms; text as bytes, which may then be any text."""
    if value is True:
        return fdt.Property(name)
    if isinstance(value, bytes):
        return fdt.PropBytes(name, data=value)
    if isinstance(value, int):
        return fdt.PropWords(name, value)
    items = [value] if isinstance(value, str) else list(value)
    if all(isinstance(item, int) for item in items):
        return fdt.PropWords(name, *items)
    return fdt.PropBytes(name, data=b"".join(str(s).encode() + b"\0" for s in items))


def _node(node: Node) -> Any:
    made = fdt.Node(node.name or "/")
    for name, value in node.properties.items():
        made.append(_property(name, value))
    for child in node.children:
        made.append(_node(child))
    return made


def blob(root: Node) -> bytes:
    """The tree in the flattened format (version 17)."""
    tree = fdt.FDT()
    tree.root = _node(root)
    return bytes(tree.to_dtb(version=17))


class TreeError(ValueError):
    """Bytes that are no device tree; the text says why."""


def choose(data: bytes, bootargs: str, initrd: tuple[int, int] | None) -> bytes:
    """A tree from outside, told of this boot: its /chosen gets what is given.

    `bootargs` replaces the tree's own unless it is empty; `initrd` is the range of
    addresses [start, end). Raises TreeError.
    """
    if len(data) < 40 or not data.startswith(MAGIC):
        raise TreeError("not a device tree; `dtc` makes one")
    if int.from_bytes(data[4:8], "big") > len(data):
        raise TreeError("a device tree that is cut short; copy it again")
    try:
        tree = fdt.parse_dtb(data)
        if bootargs:
            tree.set_property("bootargs", bootargs, "/chosen")
        for name, address in zip(("start", "end"), initrd or (), strict=False):
            tree.set_property(f"linux,initrd-{name}", cells(address), "/chosen")
        return bytes(tree.to_dtb(version=17))
    except Exception as error:  # the library has no error class of its own
        raise TreeError(f"a device tree that cannot be read: {error}") from None
