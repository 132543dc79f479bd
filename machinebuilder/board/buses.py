# SPDX-License-Identifier: Apache-2.0
"""Which bus a device sits on, and its place there: slots and other keys.

A device says `bus: NAME`: a root bus, a kind of bus that one entry of the board offers,
or `<device>.<bus>`. Of a counted entry whose buses have no slots of their own, such as
one-slot virtio transports, `slot` picks the instance.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from machinebuilder.board.catalogue import BusDecl
from machinebuilder.board.errors import Reporter, shown
from machinebuilder.board.items import Item
from machinebuilder.board.plan import Slot
from machinebuilder.board.schema import ROOT_BUSES, bus_kinds
from machinebuilder.board.suggest import help_for

SLOT = "slot"

_NUMBER = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True)
class Offer:
    """A bus that an entry offers; of a counted entry, `instance` says whose."""

    item: Item
    port: str
    bus: BusDecl
    instance: int | None = None

    @property
    def title(self) -> str:
        """As a board names it."""
        return f"{self.item.name}.{self.port}"

    @property
    def picks_instance(self) -> bool:
        """Does `slot` choose among the instances? It does if each takes one device."""
        return (
            self.item.count is not None and self.instance is None and not self.choices
        )

    @property
    def choices(self) -> dict[str, int]:
        """The keys with more than one value, and how many; others may be left out."""
        return {key: limit for key, limit in self.bus.keys.items() if limit > 1}

    @property
    def needed(self) -> list[str]:
        """The keys that a device has to say."""
        optional = getattr(self.bus, "optional", ())
        return [key for key in self.choices if key not in optional]


class Buses:
    """The buses of a board."""

    def __init__(self, items: Iterable[Item], reporter: Reporter) -> None:
        self.reporter = reporter
        self.items = {item.name: item for item in items}
        self.offers: dict[str, list[Offer]] = {}
        self._taken: dict[tuple[str, tuple[tuple[str, int], ...]], str] = {}
        for item in self.items.values():
            for port, bus in getattr(item.decl, "buses", {}).items():
                self.offers.setdefault(bus.kind, []).append(Offer(item, port, bus))

    @cached_property
    def keys(self) -> frozenset[str]:
        """Every placement key that a bus of the board has, besides addresses."""
        found = {
            key for group in self.offers.values() for o in group for key in o.bus.keys
        }
        return frozenset(found | {SLOT}) - {"at"}

    @cached_property
    def address_kinds(self) -> frozenset[str]:
        """The kinds of bus where windows have addresses."""
        offered = (o for group in self.offers.values() for o in group)
        return frozenset({o.bus.kind for o in offered if "at" in o.bus.keys}) | set(
            ROOT_BUSES
        )

    def of(self, item: Item) -> Offer | str | None:
        """The bus `item` sits on: an offer or a root bus; None: no bus, or reported."""
        kinds = bus_kinds(item.decl)
        name = item.values.get("bus")
        if name is None:
            root = next((kind for kind in kinds if kind in ROOT_BUSES), None)
            return root or (self._only(item, kinds) if kinds else None)
        found = name if name in ROOT_BUSES else self._named(item, name)
        kind = found.bus.kind if isinstance(found, Offer) else found
        if kind is not None and kind not in kinds:
            self.reporter.add(
                "E-BUS-03",
                f"{item.name} cannot sit on {shown(name)!r}",
                item.where("bus"),
                f"{item.model} sits on {' or '.join(kinds)}; {name!r} is {kind}",
                f"bus: {kinds[0]}",
            )
            return None
        return found

    def _only(self, item: Item, kinds: Sequence[str]) -> Offer | None:
        """The one offer of a kind, for a device that names no bus."""
        offers = [offer for kind in kinds for offer in self.offers.get(kind, [])]
        if len(offers) == 1:
            return offers[0]
        if offers:
            self._ambiguous(item, kinds[0], offers)
        else:
            self._unknown(item, kinds[0])
        return None

    def _named(self, item: Item, name: str) -> Offer | None:
        offers = self.offers.get(name, [])
        if len(offers) == 1:
            return offers[0]
        found = self._of_device(name)
        if isinstance(found, Offer):
            return found
        if offers:
            self._ambiguous(item, name, offers)
        elif found is None:
            self._unknown(item, name)
        return None

    def _of_device(self, name: str) -> Offer | Item | None:
        """`<device>[.<instance>][.<bus>]`; the item alone if it is broken."""
        head, *rest = name.split(".")
        item = self.items.get(head)
        if item is None or (item.broken and item.decl is None):
            return item
        instance = None
        if rest and _NUMBER.fullmatch(rest[0]):
            instance = int(rest.pop(0))
            if item.count is None or instance >= item.count:
                return item if item.broken else None
        buses = item.decl.buses
        port = ".".join(rest) if rest else next(iter(buses), "")
        if port not in buses or (not rest and len(buses) != 1):
            return None
        return Offer(item, port, buses[port], instance)

    def _ambiguous(self, item: Item, name: str, offers: list[Offer]) -> None:
        titles = [offer.title for offer in offers]
        self.reporter.add(
            "E-BUS-02",
            f"several buses are called {shown(name)!r}",
            item.where("bus"),
            f"there are {', '.join(titles[:8])}",
            f"bus: {titles[0]}",
        )

    def _unknown(self, item: Item, name: str) -> None:
        known = [*ROOT_BUSES, *self.offers]
        known += [offer.title for group in self.offers.values() for offer in group]
        self.reporter.add(
            "E-BUS-01",
            f"this board has no bus {shown(name)!r}",
            item.where("bus"),
            f"{item.model} sits on {' or '.join(bus_kinds(item.decl))}"
            + ("" if name not in bus_kinds(item.decl) else ", which no device offers"),
            help_for(name, dict.fromkeys(known)),
        )

    def slots(self, item: Item, offer: Offer) -> dict[str, Slot]:
        """The slot of each instance of `item`."""
        if offer.item.broken or not self._keys_fit(item, offer):
            return {}
        slots: dict[str, Slot] = {}
        for index, instance in enumerate(item.instances):
            slot = self._slot(item, offer, index)
            if slot is None or not self._take(item, instance, slot):
                break
            slots[instance] = slot
        return slots

    def keys_in_view(self, item: Item, offer: Offer) -> bool:
        """Do the keys beside `at` say which range of a windowed bus is for `item`?"""
        choices = {key: n for key, n in offer.choices.items() if key != "at"}
        for key, limit in choices.items():
            if key not in item.values:
                self._needs(item, offer, key)
                return False
            if item.values[key] >= limit:
                self._no_slot(item, offer, key, item.values[key], limit)
                return False
        return True

    def _needs(self, item: Item, offer: Offer, key: str) -> None:
        self.reporter.add(
            "E-KEY-02",
            f"{item.name} needs {key}",
            item.key.span,
            f"it sits on {offer.title}, which has several places",
            f"add `{key}: 0`",
        )

    def _keys_fit(self, item: Item, offer: Offer) -> bool:
        """Has the device exactly the keys that its bus wants?"""
        wanted = [SLOT] if offer.picks_instance else offer.needed
        for key in self.keys:
            if key in item.values and key not in (*wanted, *offer.bus.keys):
                self.reporter.add(
                    "E-KEY-01",
                    f"the bus {offer.title} has no {key}",
                    item.where(key),
                    "the bus says which keys place a device",
                    f"it has {', '.join(wanted)}" if wanted else f"remove {key}",
                )
                return False
        for key in wanted:
            if key not in item.values:
                self._needs(item, offer, key)
                return False
        return self._instance_is_known(item, offer)

    def _instance_is_known(self, item: Item, offer: Offer) -> bool:
        if offer.item.count is None or offer.instance is not None:
            return True
        if offer.picks_instance:
            return True
        self.reporter.add(
            "E-BUS-02",
            f"there are several {offer.title}",
            item.where("bus"),
            f"{offer.item.name} has {offer.item.count} instances",
            f"bus: {offer.item.name}.0.{offer.port}",
        )
        return False

    def _slot(self, item: Item, offer: Offer, index: int) -> Slot | None:
        """The place of instance `index`: the first key counts up."""
        keys = {key: item.values.get(key, 0) for key in offer.bus.keys}
        instance, limits, checked = offer.instance, dict(offer.bus.keys), dict(keys)
        if offer.picks_instance:
            instance = item.values[SLOT] + index
            limits[SLOT], checked[SLOT] = offer.item.count or 0, instance
            keys = dict.fromkeys(keys, 0)
        elif keys:
            first = next(iter(offer.choices or keys))
            checked[first] = keys[first] = keys[first] + index
        for key, value in checked.items():
            if value >= limits[key]:
                self._no_slot(item, offer, key, value, limits[key])
                return None
        number = "" if instance is None else f".{instance}"
        return Slot(f"{offer.item.name}{number}.{offer.port}", keys)

    def _no_slot(
        self, item: Item, offer: Offer, key: str, value: int, limit: int
    ) -> None:
        why = f"{key} runs 0-{limit - 1} there" if limit else "it has none at all"
        self.reporter.add(
            "E-BUS-06",
            f"{offer.title} has no {key} {value}",
            item.where(key),
            why,
            f"{key}: {limit - 1}" if limit else f"give {offer.item.name} a count",
        )

    def _take(self, item: Item, instance: str, slot: Slot) -> bool:
        place = (slot.bus, tuple(slot.keys.items()))
        other = self._taken.setdefault(place, instance)
        if other == instance:
            return True
        keys = ", ".join(f"{key} {value}" for key, value in slot.keys.items())
        self.reporter.add(
            "E-BUS-05",
            f"{instance} and {other} are both at {slot.bus} {keys}".rstrip(),
            item.where(SLOT if SLOT in item.values else "bus"),
            "a place on a bus takes one device",
            "choose a free place; `mb map` shows those taken",
        )
        return False
