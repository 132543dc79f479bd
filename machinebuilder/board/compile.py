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
from machinebuilder.board.buses import Buses
from machinebuilder.board.catalogue import Catalogue, installed
from machinebuilder.board.errors import Reporter, TooManyErrorsError
from machinebuilder.board.expand import Expander
from machinebuilder.board.find import BOARDS
from machinebuilder.board.items import (
    Item,
    check_items,
    limit_counts,
    read_items,
    refuse_twins,
)
from machinebuilder.board.nodes import Entry, Map, Scalar
from machinebuilder.board.options import Options
from machinebuilder.board.placement import Placement
from machinebuilder.board.plan import CpuPlan, Plan
from machinebuilder.board.schema import BOARD, Schema, cpu_schema, device_schema
from machinebuilder.board.sections import check_hosts, read_boot, read_stubs
from machinebuilder.board.validate import Checker
from machinebuilder.board.wires import Wiring


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
        cpus, devices = self._items()
        buses = Buses(devices, self.reporter)
        check_items(cpus, cpu_schema, self.checker)
        check_items(devices, self._device_schema(buses), self.checker)
        limit_counts([*cpus, *devices], self.reporter)
        placement = Placement(devices, buses, self.reporter, self.path)
        stubs = read_stubs(self._section("stubs"), self.checker, placement)
        placement.map.refuse_overlaps()
        check_hosts(devices, self.reporter)
        names = [name for cpu in cpus if not cpu.broken for name in cpu.instances]
        numbers = {name: number for number, name in enumerate(names)}
        wiring = Wiring([*cpus, *devices], numbers, self.reporter, placement.slots)
        wires = wiring.resolve()
        boot = read_boot(self._section("boot"), self.checker, self.catalogue)
        self.reporter.stop_if_any()
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

    def _items(self) -> tuple[list[Item], list[Item]]:
        """CPUs and devices, with their models."""
        models, sections = self.catalogue, ("cpus", "devices", "stubs")
        cpus, devices, stubs = (self._section(name) for name in sections)
        found = (
            read_items(cpus, True, models.cpu, models.cpus, self.reporter),
            read_items(devices, False, models.device, models.devices, self.reporter),
        )
        refuse_twins(
            dict(zip(sections, (cpus, devices, stubs), strict=True)), self.reporter
        )
        return found

    def _device_schema(self, buses: Buses) -> Any:
        def schema(decl: Any) -> Schema:
            return device_schema(decl, sorted(buses.keys), buses.address_kinds)

        return schema


def _cpu_plans(cpus: list[Item], numbers: Mapping[str, int]) -> list[CpuPlan]:
    return [
        CpuPlan(name, item.model, numbers[name], item.params, item.key.span)
        for item in cpus
        for name in item.instances
    ]
