# SPDX-License-Identifier: Apache-2.0
"""Wires: from the outputs that a board's entries wire to the inputs they name.

irq: gic.spi.1            one line
irq: gic.spi.16-47        a line for each of 32 instances, or of a port with 32 lines
irq: cpu.irq              one for each CPU of the entry `cpu`; cpus.irq: every CPU
irq: virtio.3.in.0        the input of one instance
irq: [gic.spi.1, pic.in.4]   one output drives several inputs
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from machinebuilder.board import ports
from machinebuilder.board.errors import Reporter, shown
from machinebuilder.board.items import ALL_CPUS, Item
from machinebuilder.board.nodes import List, Map, Node, Scalar
from machinebuilder.board.plan import Slot, Wire
from machinebuilder.board.suggest import help_for

MAX_WIRES = 65536
PINS = ("inta", "intb", "intc", "intd")
"""Outputs that a bus wires by itself."""
MAX_TEXT = 200

_NUMBER = re.compile(r"[0-9]{1,9}")
_INDEX = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9}))?")

Line = tuple[str, str, int, int | None]
"""An input: instance, port, index, and the CPU where it is banked."""


@dataclass(frozen=True)
class Target:
    """What one wire names: lines `low` to `high` of a port of some instances."""

    item: Item
    instances: Sequence[str]
    port: str
    decl: Any
    low: int
    high: int

    @property
    def shared(self) -> bool:
        """May several outputs drive it?"""
        return bool(getattr(self.decl, "shared", False))


@dataclass(frozen=True)
class Driver:
    """An output of an entry, with all its instances."""

    item: Item
    port: str
    width: int

    @property
    def count(self) -> int:
        """How many lines it has in all."""
        return len(self.item.instances) * self.width


class Wiring:
    """Resolves the wires of a board. `cpu_numbers` numbers the CPU instances."""

    def __init__(
        self,
        items: Sequence[Item],
        cpu_numbers: Mapping[str, int],
        reporter: Reporter,
        slots: Mapping[str, Slot] | None = None,
    ) -> None:
        self.items = {item.name: item for item in items}
        self.slots = slots or {}
        self.cpu_numbers = cpu_numbers
        self.reporter = reporter
        self.wires: list[Wire] = []
        self._drivers: dict[Line, Wire] = {}
        self._places: list[Scalar] = []
        self._missing: list[tuple[Target, Scalar, int]] = []

    def resolve(self) -> list[Wire]:
        """All wires; what is wrong with them is reported."""
        for item in self.items.values():
            if not item.broken:
                self._wire_outputs(item)
                self._wire_pins(item)
        for target, node, width in self._missing:
            self._no_such_input(target, node, width)
        self._refuse_circles()
        return self.wires

    def _wire_outputs(self, item: Item) -> None:
        for port, decl in item.decl.outs.items():
            node = _output_node(item.node, port)
            if node is None:
                continue
            width = ports.width(item, decl, len(self.cpu_numbers))
            driver = Driver(item, port, width)
            for wire in node.items if isinstance(node, List) else [node]:
                if isinstance(wire, Scalar) and not wire.failed:
                    self._connect(driver, wire)

    def _wire_pins(self, item: Item) -> None:
        """Interrupt pins go to the bridge, turned by the slot."""
        pins = [pin for pin in PINS if pin in item.decl.outs and not item.node.get(pin)]
        for instance, pin in product(item.instances, pins):
            slot = self.slots.get(instance)
            parent, _, port = slot.bus.rpartition(".") if slot else ("", "", "")
            above = self.items.get(parent)
            if slot is None or above is None or above.broken:
                continue
            target = getattr(above.decl.buses[port], "swizzle", None)
            if target is not None:
                line = (slot.keys["slot"] + PINS.index(pin)) % len(PINS)
                self.wires.append(Wire(instance, pin, 0, parent, target, line))
                self._places.append(item.key)

    def _connect(self, driver: Driver, node: Scalar) -> None:
        target = self._target(node)
        if target is None or not driver.item.instances:
            return
        width = ports.width(target.item, target.decl, len(self.cpu_numbers))
        if target.high >= width:
            self._missing.append((target, node, width))
            return
        inputs = self._input_count(driver, target)
        if inputs != driver.count and not (target.shared and inputs == 1):
            self._arity(driver, target, node, inputs)
        elif len(self.wires) + driver.count > MAX_WIRES:
            self.reporter.add(
                "E-COUNT-01", "too many wires", node.span,
                f"a board may have {MAX_WIRES}", "use fewer instances",
            )  # fmt: skip
        else:
            self._join(driver, target, node)

    def _join(self, driver: Driver, target: Target, node: Scalar) -> None:
        outputs = product(driver.item.instances, range(driver.width))
        lines = list(self._lines(driver, target))
        if len(lines) == 1:
            lines *= driver.count
        for (source, index), (name, port, number, cpu) in zip(
            outputs, lines, strict=True
        ):
            wire = Wire(source, driver.port, index, name, port, number, cpu)
            first = self._drivers.setdefault((name, port, number, cpu), wire)
            if first is not wire and not target.shared:
                self._second_driver(first, wire, target, node)
                return
            self.wires.append(wire)
            self._places.append(node)

    def _input_count(self, driver: Driver, target: Target) -> int:
        count = len(target.instances) * (target.high - target.low + 1)
        return count * len(self._banks(driver, target))

    def _lines(self, driver: Driver, target: Target) -> Iterator[Line]:
        numbers = range(target.low, target.high + 1)
        for instance in target.instances:
            for cpu, number in product(self._banks(driver, target), numbers):
                yield instance, target.port, number, cpu

    def _banks(self, driver: Driver, target: Target) -> Sequence[int | None]:
        """The CPUs whose copies of a banked input are meant."""
        if not getattr(target.decl, "per_cpu", False):
            return [None]
        if driver.item.is_cpu:
            return [self.cpu_numbers[name] for name in driver.item.instances]
        return list(self.cpu_numbers.values())

    def _target(self, node: Scalar) -> Target | None:
        """What the text of a wire names, or None after reporting."""
        name, *rest = node.text[:MAX_TEXT].strip().split(".")
        if not name or not rest or not all(rest) or len(node.text) > MAX_TEXT:
            self._malformed(node)
            return None
        found = self._instances(name, rest, node)
        if found is None:
            return None
        item, instances, rest = found
        port, index = _split_port(item.decl.ins, rest)
        if port is None or len(index) > 1:
            self._no_such_port(item, ".".join(rest), node)
            return None
        decl = item.decl.ins[port]
        if not index:
            last = ports.width(item, decl, len(self.cpu_numbers)) - 1
            return Target(item, instances, port, decl, 0, max(0, last))
        match = _INDEX.fullmatch(index[0])
        low, high = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if low > high:
            self._malformed(node)
            return None
        return Target(item, instances, port, decl, low, high)

    def _instances(
        self, name: str, rest: list[str], node: Scalar
    ) -> tuple[Item, Sequence[str], list[str]] | None:
        """The entry a wire names, which of its instances, and what follows."""
        if name == ALL_CPUS and self.cpu_numbers:
            first = next(item for item in self.items.values() if item.is_cpu)
            return None if first.broken else (first, list(self.cpu_numbers), rest)
        item = self.items.get(name)
        if item is None:
            self.reporter.add(
                "E-IRQ-02",
                f"{shown(node.text)!r} goes nowhere: there is no {shown(name)!r}",
                node.span,
                "a wire names the device or CPU that it ends at",
                help_for(
                    name, [n for n, i in self.items.items() if i.broken or i.decl.ins]
                ),
            )
            return None
        if item.broken:
            return None
        if item.count is None or not _NUMBER.fullmatch(rest[0]):
            return item, item.instances, rest
        number = int(rest[0])
        if number < item.count and len(rest) > 1:
            return item, [f"{name}.{number}"], rest[1:]
        self.reporter.add(
            "E-IRQ-02",
            f"{shown(node.text)!r} goes nowhere",
            node.span,
            f"{name} has {item.count} instances, and a wire ends at a port",
            f"{name}.0.{next(iter(item.decl.ins), 'port')}",
        )
        return None

    def _malformed(self, node: Scalar) -> None:
        self.reporter.add(
            "E-IRQ-01",
            f"{shown(node.text)!r} is not a wire",
            node.span,
            "a wire is NAME.PORT, NAME.PORT.INDEX or NAME.PORT.FIRST-LAST",
            "irq: gic.spi.1",
        )

    def _no_such_port(self, item: Item, said: str, node: Scalar) -> None:
        known = list(item.decl.ins)
        self.reporter.add(
            "E-IRQ-03",
            f'{item.name} has no input "{shown(said)}"',
            node.span,
            f"{item.name} is {item.model}; its inputs are {', '.join(known) or 'none'}",
            help_for(said.split(".")[0], known, "inputs"),
        )

    def _no_such_input(self, target: Target, node: Scalar, width: int) -> None:
        item, port = target.item, target.port
        said = str(target.low)
        if target.high != target.low:
            said += f"-{target.high}"
        count = target.decl.count
        setting = f" with {count}: {width}" if count in item.params else ""
        runs = f"so {port} runs 0-{width - 1}" if width else f"so {port} has no lines"
        help = self._free_input(target, width)
        if setting and self._may_grow(target):
            grow = f"set {item.name}.{count} to {target.high + 1} or more"
            help = f"{grow}, or {help}" if help else grow
        self.reporter.add(
            "E-IRQ-03",
            f'{item.name} has no input "{port}.{said}"',
            node.span,
            f"{item.name} is {item.model}{setting}, {runs}",
            help,
        )

    def _may_grow(self, target: Target) -> bool:
        limit = target.item.decl.params[target.decl.count].max
        return limit is None or target.high < limit

    def _free_input(self, target: Target, width: int) -> str:
        name, port = target.instances[0] if target.instances else "", target.port
        bank = 0 if getattr(target.decl, "per_cpu", False) else None
        for number in range(min(width, MAX_WIRES)):
            if (name, port, number, bank) not in self._drivers:
                return f"choose a free input; {port}.{number} is free"
        return ""

    def _arity(self, driver: Driver, target: Target, node: Scalar, inputs: int) -> None:
        outputs = driver.count
        last = target.low + outputs - 1
        base = f"{target.item.name}.{target.port}"
        plain = len(target.instances) == 1 and not getattr(
            target.decl, "per_cpu", False
        )
        fits = f"{driver.port}: {base}.{target.low}-{last}" if last > target.low else (
            f"{driver.port}: {base}.{target.low}"
        )  # fmt: skip
        self.reporter.add(
            "E-IRQ-04",
            f"{driver.item.name}.{driver.port} has {_lines(outputs)}, "
            f"{shown(node.text)} has {inputs}",
            node.span,
            f"{driver.item.name} has {len(driver.item.instances)} x {driver.width}; "
            "every line needs an input of its own",
            fits if plain else "wire as many inputs as there are outputs",
        )

    def _second_driver(
        self, first: Wire, second: Wire, target: Target, node: Scalar
    ) -> None:
        line = f"{second.target}.{second.target_port}.{second.target_index}"
        width = ports.width(target.item, target.decl, len(self.cpu_numbers))
        self.reporter.add(
            "E-IRQ-05",
            f"{line} has two drivers: {first.source}.{first.port} "
            f"and {second.source}.{second.port}",
            node.span,
            f"{target.item.model}.{target.port} takes one driver for each line",
            self._free_input(target, width),
        )

    def _refuse_circles(self) -> None:
        """Devices whose lines drive each other round and round have no stable level."""
        edges: dict[str, dict[str, Scalar]] = {}
        for wire, node in zip(self.wires, self._places, strict=True):
            if (
                wire.source not in self.cpu_numbers
                and wire.target not in self.cpu_numbers
            ):
                edges.setdefault(wire.source, {}).setdefault(wire.target, node)
        circle = find_circle({name: list(ends) for name, ends in edges.items()})
        if circle:
            self.reporter.add(
                "E-IRQ-06",
                f"the wires of {circle[0]} come back to it",
                edges[circle[-2]][circle[-1]].span,
                shown(" -> ".join(circle)),
                "remove one of these wires",
            )


def _lines(count: int) -> str:
    return "1 line" if count == 1 else f"{count} lines"


def _output_node(node: Map, port: str) -> Node | None:
    """The wires of an output: under its name, or under its group's."""
    found = node.get(port)
    group, _, rest = port.partition(".")
    inner = node.get(group) if rest else None
    if found is None and isinstance(inner, Map):
        return inner.get(rest)
    return found


def _split_port(ins: Any, rest: list[str]) -> tuple[str | None, list[str]]:
    """The port that `rest` begins with (names may have dots), and what follows."""
    for end in range(len(rest), 0, -1):
        name = ".".join(rest[:end])
        if name in ins:
            return name, rest[end:]
    return None, rest


def find_circle(edges: Mapping[str, Sequence[str]]) -> list[str]:
    """Some circle in a graph, its first node also last; empty if there is none."""
    done: set[str] = set()
    for start in edges:
        path: dict[str, None] = {}
        stack: list[tuple[str, bool]] = [(start, False)]
        while stack:
            node, left = stack.pop()
            if left:
                done.add(path.popitem()[0])
            elif node in path:
                steps = list(path)
                return [*steps[steps.index(node) :], node]
            elif node not in done:
                path[node] = None
                stack.append((node, True))
                stack += [(end, False) for end in edges.get(node, ())]
    return []
