# SPDX-License-Identifier: Apache-2.0
"""From the tree of a board to its plan: the stages in their order.

Each stage reports what it finds and goes on with what is sound, so that all the errors
of a board appear at once and none is told twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from machinebuilder.board import extends, loader
from machinebuilder.board.buses import Buses, Offer
from machinebuilder.board.catalogue import Catalogue, installed
from machinebuilder.board.errors import (
    Reporter,
    TooManyErrorsError,
    shown,
)
from machinebuilder.board.expand import Expander
from machinebuilder.board.find import BOARDS
from machinebuilder.board.items import (
    Item,
    check_items,
    check_name,
    limit_counts,
    read_items,
    refuse_twins,
)
from machinebuilder.board.nodes import Entry, Map, Node, Scalar
from machinebuilder.board.options import Options
from machinebuilder.board.plan import (
    BootPlan,
    CpuPlan,
    DevicePlan,
    Place,
    Plan,
    Slot,
    StubPlan,
)
from machinebuilder.board.schema import (
    BOARD,
    ROOT_BUSES,
    STUB,
    Schema,
    boot_schema,
    cpu_schema,
    device_schema,
)
from machinebuilder.board.suggest import help_for
from machinebuilder.board.validate import Checker
from machinebuilder.board.windows import AddressMap, Window
from machinebuilder.board.wires import Wiring, find_circle

EXCLUSIVE_HOSTS = frozenset({"console"})
"""Host back ends of which there is one."""


def load(
    path: Path | str,
    options: Mapping[str, str] | None = None,
    catalogue: Catalogue | None = None,
) -> Plan:
    """The plan of the board file at `path`; BoardErrors with everything wrong in it."""
    reporter = Reporter()
    try:
        return _Board(
            Path(path), options or {}, catalogue or installed(), reporter
        ).plan()
    except (loader.UnreadableError, TooManyErrorsError):
        raise reporter.sorted() from None


class _Board:
    """One board on its way to a plan."""

    def __init__(
        self,
        path: Path,
        given: Mapping[str, str],
        catalogue: Catalogue,
        reporter: Reporter,
    ) -> None:
        self.path = path
        self.reporter = reporter
        self.catalogue = catalogue
        self.checker = Checker(reporter)
        self.root = extends.load_merged(path, BOARDS, reporter)
        declared = self.root.entries.pop("options", None)
        node = declared.value if declared else None
        expander = Expander(reporter)
        self.options = Options(
            node if isinstance(node, Map) else None, given, self.checker, expander
        )
        expander.expand(self.root, self.options.names)
        self._check_top(declared)

    def _check_top(self, options: Entry | None) -> None:
        """The keys of the board itself."""
        top = self.root.like()
        top.entries = dict(self.root.entries)
        if options is not None:
            top.entries["options"] = options
        for name, (key, value) in top.entries.items():
            if BOARD.get(name, {}).get("type") == "dict" and isinstance(value, Map):
                # The sections have checks of their own.
                top.entries[name] = Entry(key, value.like())
        self.checker.check(top, "board", lambda: BOARD, "a board")

    def _section(self, name: str) -> Map | None:
        node = self.root.get(name)
        return node if isinstance(node, Map) else None

    def _text(self, name: str) -> str:
        node = self.root.get(name)
        return node.text if isinstance(node, Scalar) else ""

    def plan(self) -> Plan:
        """Check everything and put it together."""
        reporter, models = self.reporter, self.catalogue
        cpus = read_items(
            self._section("cpus"), True, models.cpu, models.cpus, reporter
        )
        devices = read_items(
            self._section("devices"), False, models.device, models.devices, reporter
        )
        refuse_twins(
            [(n, self._section(n)) for n in ("cpus", "devices", "stubs")], reporter
        )
        buses = Buses(devices, reporter)
        check_items(cpus, cpu_schema, self.checker)
        check_items(devices, self._device_schema(buses), self.checker)
        limit_counts([*cpus, *devices], reporter)
        placement = _Placement(devices, buses, reporter)
        stubs = self._stubs(placement)
        placement.map.refuse_overlaps()
        self._check_hosts(devices)
        numbers = {
            name: i
            for i, name in enumerate(
                n for c in cpus if not c.broken for n in c.instances
            )
        }
        wires = Wiring([*cpus, *devices], numbers, reporter).resolve()
        boot = self._boot()
        reporter.stop_if_any()
        return Plan(
            name=self._text("board"),
            summary=self._text("summary"),
            source=self.path,
            options=self.options.values,
            cpus=tuple(_cpu_plans(cpus, numbers)),
            devices=tuple(placement.plans()),
            stubs=stubs,
            wires=tuple(wires),
            boot=boot,
            clock=self._text("clock") or "real",
        )

    def _device_schema(self, buses: Buses) -> Any:
        def schema(decl: Any) -> Schema:
            return device_schema(decl, sorted(buses.keys), buses.address_kinds)

        return schema

    def _stubs(self, placement: _Placement) -> tuple[StubPlan, ...]:
        section = self._section("stubs")
        found: list[StubPlan] = []
        for name, (key, node) in (section.entries if section else {}).items():
            usable = check_name(key, self.reporter)
            if not isinstance(node, Map):
                self.reporter.add(
                    "E-KEY-03", f"{shown(name)} must be a mapping", node.span,
                    "", f"{shown(name)}: {{at: 0x0, size: 4 KiB}}",
                )  # fmt: skip
                continue
            values = self.checker.check(node, "stub", lambda: STUB, "a stub", key)
            if values is None or not usable:
                continue
            stub = StubPlan(
                name,
                values.get("bus", "mmio"),
                values["at"],
                values["size"],
                values.get("value", 0),
                key.span,
            )
            placement.claim_stub(stub, node)
            found.append(stub)
        return tuple(found)

    def _check_hosts(self, devices: list[Item]) -> None:
        claimed: dict[str, str] = {}
        for item in devices:
            host = item.values.get("host")
            if host is None or item.broken:
                continue
            kind, _, number = host.partition(".")
            if kind != item.decl.host:
                self.reporter.add(
                    "E-HOST-01",
                    f"{item.name} cannot use the host's {shown(host)!r}",
                    item.where("host"),
                    f"{item.model} takes {item.decl.host}",
                    f"host: {item.decl.host}",
                )
            elif number or kind in EXCLUSIVE_HOSTS:
                first = claimed.setdefault(host, item.name)
                if first != item.name or (item.count or 1) > 1:
                    self._claimed_twice(item, host, first)

    def _claimed_twice(self, item: Item, host: str, first: str) -> None:
        self.reporter.add(
            "E-HOST-02",
            f"{item.name} and {first} both claim the host's {shown(host)}",
            item.where("host"),
            "it can be joined to one device",
            "remove `host` from one of them",
        )

    def _boot(self) -> BootPlan | None:
        node = self._section("boot")
        if node is None:
            return None
        named = node.get("protocol")
        protocol = named.text if isinstance(named, Scalar) else ""
        params = self.catalogue.protocol(protocol) if protocol else {}
        if params is None:
            assert named is not None
            self.reporter.add(
                "E-BOOT-01",
                f"there is no boot protocol {shown(protocol)!r}",
                named.span,
                "",
                help_for(protocol, self.catalogue.protocols(), "protocols"),
            )
            return None
        rules = boot_schema(params)
        values = self.checker.check(node, ("boot", protocol), lambda: rules, "boot")
        if values is None:
            return None
        values.pop("protocol")
        return BootPlan(protocol, values, node.span)


class _Placement:
    """Where every device is: windows and slots."""

    def __init__(self, devices: list[Item], buses: Buses, reporter: Reporter) -> None:
        self.devices = devices
        self.reporter = reporter
        self.map = AddressMap(reporter)
        self.places: dict[str, tuple[Place, ...]] = {}
        self.slots: dict[str, Slot] = {}
        self._parents: dict[str, str] = {}
        self._limits = dict(ROOT_BUSES)
        for item in devices:
            if not item.broken:
                self._place(item, buses)
        self._refuse_circles()

    def _place(self, item: Item, buses: Buses) -> None:
        offer = buses.of(item)
        if isinstance(offer, str):
            if item.decl.regions:
                self.places |= self.map.place(item, offer, ROOT_BUSES[offer])
        elif isinstance(offer, Offer):
            self._parents[item.name] = offer.item.name
            if "at" in offer.bus.keys:
                self._limits[offer.title] = offer.bus.keys["at"]
                self.places |= self.map.place(item, offer.title, offer.bus.keys["at"])
            else:
                self.slots |= buses.slots(item, offer)

    def claim_stub(self, stub: StubPlan, node: Map) -> None:
        """A stub takes addresses like a device."""
        limit = self._limits.get(stub.bus)
        at: Node = node.entries["at"].value
        if limit is None:
            named = node.get("bus") or node
            self.reporter.add(
                "E-BUS-01",
                f"this board has no bus {shown(stub.bus)!r}",
                named.span,
                "a stub sits on a bus with addresses",
                help_for(stub.bus, self._limits),
            )
            return
        window = Window(
            stub.bus, stub.address, stub.size, stub.name, stub.name, at.span
        )
        self.map.claim(window, limit)

    def _refuse_circles(self) -> None:
        circle = find_circle({child: [up] for child, up in self._parents.items()})
        if circle:
            item = next(i for i in self.devices if i.name == circle[0])
            self.reporter.add(
                "E-BUS-04",
                f"{circle[0]} sits on a bus of its own",
                item.where("bus"),
                shown(" -> ".join(circle)),
                "put one of them on another bus",
            )

    def plans(self) -> list[DevicePlan]:
        """The devices, those that offer a bus before those that sit on it."""
        made: list[DevicePlan] = []
        for item in _parents_first(self.devices, self._parents):
            made += [
                DevicePlan(
                    instance,
                    item.model,
                    item.params,
                    self.places.get(instance, ()),
                    self.slots.get(instance),
                    item.values.get("host"),
                    item.key.span,
                )
                for instance in item.instances
            ]
        return made


def _parents_first(items: list[Item], parents: Mapping[str, str]) -> list[Item]:
    """In the order of the file, but buses first. There are no circles."""
    depths: dict[str, int] = {}
    for item in items:
        chain = [item.name]
        while chain[-1] not in depths and chain[-1] in parents:
            chain.append(parents[chain[-1]])
        depth = depths.get(chain[-1], 0)
        for name in reversed(chain):
            depths.setdefault(name, depth)
            depth = depths[name] + 1
    return sorted(items, key=lambda item: depths[item.name])


def _cpu_plans(cpus: list[Item], numbers: Mapping[str, int]) -> list[CpuPlan]:
    return [
        CpuPlan(name, item.model, numbers[name], item.params, item.key.span)
        for item in cpus
        for name in item.instances
    ]
