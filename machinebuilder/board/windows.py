# SPDX-License-Identifier: Apache-2.0
"""The address map: windows of devices and stubs, and whether they fit."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from machinebuilder.board.errors import Reporter
from machinebuilder.board.items import Item
from machinebuilder.board.plan import Place, Span
from machinebuilder.board.schema import ROOT_BUSES, fixed_regions, placed_regions


@dataclass(frozen=True)
class Window:
    """A range that someone claims; `owner` as the board names it, `at` its place."""

    bus: str
    start: int
    size: int
    owner: str
    entry: str
    at: Span
    over: bool = False
    """Others may be at the same addresses: this one is seen there, at times."""

    @property
    def end(self) -> int:
        """The first address after it."""
        return self.start + self.size


class AddressMap:
    """Collects the windows of a board and compares them at the end."""

    def __init__(self, reporter: Reporter, board: Path | None = None) -> None:
        self.reporter = reporter
        self.board = board
        self.windows: dict[str, list[Window]] = {}

    def place(
        self, item: Item, bus: str, limit: int, base: int = 0
    ) -> dict[str, tuple[Place, ...]]:
        """The windows of every instance of `item` on `bus`, which ends at `limit`; what
        the board says counts from `base`."""
        sizes = {
            name: _size_of(item, region)
            for name, region in placed_regions(item.decl).items()
        }
        step = self._step(item, sizes)
        if step is None:
            return {}
        starts = starts_of(item)
        places: dict[str, tuple[Place, ...]] = {}
        for index, instance in enumerate(item.instances):
            places[instance] = tuple(
                Place(bus, base + starts[region] + index * step, size, region)
                for region, size in sizes.items()
                if not holds_bus(item.decl.regions[region])
            )
            for place in places[instance]:
                span = (
                    item.where("at", place.region) if place.region else item.where("at")
                )
                owner = f"{instance}.{place.region}" if place.region else instance
                over = getattr(item.decl.regions[place.region], "over", False)
                window = Window(
                    bus, place.address, place.size, owner, item.name, span, over
                )
                if not self.claim(window, limit):
                    return places
        return places

    def place_fixed(self, item: Item) -> dict[str, tuple[Place, ...]]:
        """The windows of `item` that are always at one address of a root bus."""
        places: dict[str, tuple[Place, ...]] = {}
        for instance in item.instances:
            for name, region in fixed_regions(item.decl).items():
                place = Place(region.on, region.at, region.span, name)
                places[instance] = (*places.get(instance, ()), place)
                window = Window(
                    region.on, region.at, region.span, f"{instance}.{name}", item.name,
                    item.key.span, region.over,
                )  # fmt: skip
                self.claim(window, ROOT_BUSES[region.on])
        return places

    def claim(self, window: Window, limit: int) -> bool:
        """Note a window, if it fits on its bus."""
        if window.end <= limit:
            self.windows.setdefault(window.bus, []).append(window)
            return True
        self.reporter.add(
            "E-MAP-02",
            f"{window.owner} does not fit on {window.bus}",
            window.at,
            f"it would end at {window.end - 1:#x}; {window.bus} ends at {limit - 1:#x}",
            f"at: {max(0, limit - window.size):#x}",
        )
        return False

    def _step(self, item: Item, sizes: dict[str, int]) -> int | None:
        """The distance of instances: given, or so that they follow each other."""
        largest = max(sizes.values())
        step: int | None = item.values.get("step")
        if step is None and (item.count or 1) > 1 and len(sizes) > 1:
            self.reporter.add(
                "E-KEY-02",
                f"{item.name} needs step",
                item.key.span,
                f"{item.model} has several windows, so the distance is not known",
                f"add `step: {largest:#x}`",
            )
            return None
        if step is not None and step < largest and (item.count or 1) > 1:
            self.reporter.add(
                "E-MAP-03",
                f"the instances of {item.name} overlap",
                item.where("step"),
                f"each is {largest:#x} bytes long and the next begins after {step:#x}",
                f"step: {largest:#x}",
            )
            return None
        return largest if step is None else step

    def refuse_overlaps(self) -> None:
        """Report every window that lies over one before it."""
        for windows in self.windows.values():
            windows.sort(key=lambda window: (window.start, window.end))
            furthest: Window | None = None
            for window in windows:
                if window.over:
                    continue
                if furthest is not None and window.start < furthest.end:
                    self._overlap(furthest, window, windows)
                if furthest is None or window.end > furthest.end:
                    furthest = window

    def _overlap(self, one: Window, two: Window, windows: list[Window]) -> None:
        """Blame the one that is written later: in the board rather than in its base."""

        def order(window: Window) -> tuple[bool, int, int]:
            at = window.at
            return at.file == self.board, at.line, at.column

        first, second = sorted((one, two), key=order)
        self.reporter.add(
            "E-MAP-01",
            f"{second.owner} lies over {first.owner}",
            second.at,
            f"{first.owner} is {first.start:#x}-{first.end - 1:#x}, "
            f"{second.owner} is {second.start:#x}-{second.end - 1:#x}",
            f"at: {_free_after(first.end, second, windows):#x}",
        )


def starts_of(item: Item) -> dict[str, int]:
    """The address of each window of the first instance, as the board counts."""
    at = item.values.get("at", 0)
    if isinstance(at, dict):
        return at
    return {
        name: at + (getattr(region, "at", None) or 0)
        for name, region in placed_regions(item.decl).items()
    }


def _size_of(item: Item, region: Any) -> int:
    """How large a window is: as the chip or the board says."""
    if region.span is None:
        return int(item.values["size"])
    scale = getattr(region, "scale", None)
    factor: Any = item.params[scale] if scale else 0
    return int(region.span << factor)


def holds_bus(region: Any) -> str | None:
    """The bus that is seen through a window: it takes no addresses itself."""
    bus: str | None = getattr(region, "bus", None)
    return bus


def _free_after(address: int, wanted: Window, windows: list[Window]) -> int:
    """The first gap at or above `address` that takes `wanted`."""
    align = 1 << max(0, (wanted.size - 1).bit_length())
    others = [window for window in windows if window is not wanted]
    place = -(-address // align) * align
    for window in others:
        if window.start < place + wanted.size and place < window.end:
            place = -(-window.end // align) * align
    return place
