# SPDX-License-Identifier: Apache-2.0
"""Where the devices and stubs of a board are: windows, slots, and what holds what."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from machinebuilder.board.buses import SLOT, Buses, Offer
from machinebuilder.board.errors import Reporter, shown
from machinebuilder.board.items import Item
from machinebuilder.board.nodes import Map, Node
from machinebuilder.board.plan import DevicePlan, Place, Slot, StubPlan
from machinebuilder.board.schema import ROOT_BUSES, placed_regions
from machinebuilder.board.suggest import help_for
from machinebuilder.board.windows import AddressMap, Window, holds_bus, starts_of
from machinebuilder.board.wires import find_circle


class Placement:
    """Where every device is: windows and slots."""

    def __init__(
        self,
        devices: list[Item],
        buses: Buses,
        reporter: Reporter,
        board: Path | None = None,
    ) -> None:
        self.devices = devices
        self.reporter = reporter
        self.map = AddressMap(reporter, board)
        self.places: dict[str, tuple[Place, ...]] = {}
        self.slots: dict[str, Slot] = {}
        self.vias: dict[str, str] = {}
        self._parents: dict[str, str] = {}
        self._limits = dict(ROOT_BUSES)
        self._views: dict[str, tuple[str, int]] = {}
        self._done: set[str] = set()
        for item in devices:
            self._place(item, buses)
        self._refuse_circles()

    def _place(self, item: Item, buses: Buses) -> None:
        if item.broken or item.name in self._done:
            return
        self._done.add(item.name)
        self._place_on_bus(item, buses)
        for instance, places in self.map.place_fixed(item).items():
            self.places[instance] = (*self.places.get(instance, ()), *places)

    def _place_on_bus(self, item: Item, buses: Buses) -> None:
        offer = buses.of(item)
        if isinstance(offer, str):
            if placed_regions(item.decl):
                self.places |= self.map.place(item, offer, ROOT_BUSES[offer])
                self._note_views(item, offer, 0)
        elif isinstance(offer, Offer):
            self._parents[item.name] = offer.item.name
            self._place(offer.item, buses)
            view = self._views.get(offer.title)
            if view is not None:
                self._place_in_view(item, offer, buses, *view)
            elif "at" in offer.bus.keys:
                self._limits[offer.title] = offer.bus.keys["at"]
                self.places |= self.map.place(item, offer.title, offer.bus.keys["at"])
            else:
                self.slots |= buses.slots(item, offer)

    def _note_views(self, item: Item, bus: str, base: int) -> None:
        """The buses of `item` that are seen through windows of it: where they begin."""
        if item.count is not None:
            return
        starts = starts_of(item)
        for name, region in item.decl.regions.items():
            port = holds_bus(region)
            if port is not None:
                self._views[f"{item.name}.{port}"] = (bus, base + starts[name])

    def _place_in_view(
        self, item: Item, offer: Offer, buses: Buses, bus: str, base: int
    ) -> None:
        """Windows of a device on a bus that is seen through a window on `bus`."""
        if offer.item.broken or not buses.keys_in_view(item, offer):
            return
        room = offer.bus.keys["at"]
        base += item.values.get(SLOT, 0) * room
        if placed_regions(item.decl):
            self.places |= self.map.place(item, bus, base + room, base)
            self._note_views(item, bus, base)
        self.vias |= dict.fromkeys(item.instances, offer.title)

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
                    self.vias.get(instance),
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
