# SPDX-License-Identifier: Apache-2.0
"""The parts of a board as written: CPUs and devices with their models and counts."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from machinebuilder.board.catalogue import NoFeatureError
from machinebuilder.board.errors import Reporter, TooManyErrorsError, shown
from machinebuilder.board.nodes import Map, Node, Scalar
from machinebuilder.board.paths import reachable
from machinebuilder.board.plan import Span
from machinebuilder.board.schema import Schema
from machinebuilder.board.suggest import help_for
from machinebuilder.board.validate import Checker
from machinebuilder.board.values import TYPES

MAX_ENTRIES = 8192
MAX_COUNT = 4096
MAX_INSTANCES = 16384

_NAME = re.compile(r"[a-z][a-z0-9_-]*")

ALL_CPUS = "cpus"
"""As the target of a wire: every CPU of the board."""


@dataclass
class Item:
    """One entry of `cpus` or `devices`.

    `count` is None where the entry stands for a single device. An item that is
    `broken` was reported: others may name it, but nothing more is known of it.
    """

    name: str
    key: Scalar
    node: Map
    is_cpu: bool
    model: str = ""
    decl: Any = None
    values: Mapping[str, Any] = field(default_factory=dict)
    params: Mapping[str, object] = field(default_factory=dict)
    count: int | None = None
    broken: bool = False

    @cached_property
    def instances(self) -> list[str]:
        """The names of the devices that this entry makes."""
        if self.count is None:
            return [self.name]
        return [f"{self.name}.{index}" for index in range(self.count)]

    def where(self, *keys: str) -> Span:
        """The place of a value of this entry, or of its name if it has none."""
        node: Node | None = self.node
        for key in keys:
            node = node.get(key) if isinstance(node, Map) else None
        return node.span if node else self.key.span


def read_items(
    section: Node | None,
    is_cpu: bool,
    find: Callable[[str], Any | None],
    names: Callable[[], Any],
    reporter: Reporter,
) -> list[Item]:
    """The entries of a section with their models; not yet checked any further."""
    items: list[Item] = []
    if not isinstance(section, Map):
        return items
    _limit_entries(section, reporter)
    for name, (key, node) in section.entries.items():
        if not isinstance(node, Map):
            what = "model: arm.cortex-a15" if is_cpu else "model: uart.pl011, ..."
            reporter.add(
                "E-KEY-03",
                f"{shown(name)} must be a mapping",
                node.span,
                "",
                f"{shown(name)}: {{{what}}}",
            )
            continue
        item = Item(name, key, node, is_cpu)
        usable = check_name(key, reporter)
        item.broken = not _find_model(item, find, names, reporter) or not usable
        items.append(item)
    return items


def _limit_entries(section: Map, reporter: Reporter) -> None:
    """Refuse a section that would take long to check."""
    if len(section.entries) <= MAX_ENTRIES:
        return
    reporter.add(
        "E-COUNT-01",
        f"{len(section.entries)} entries are too many",
        list(section.entries.values())[MAX_ENTRIES].key.span,
        f"a section may have {MAX_ENTRIES}",
        "use count and step for devices that repeat",
    )
    raise TooManyErrorsError


def check_name(key: Scalar, reporter: Reporter) -> bool:
    """May a part of the board be called that?"""
    if _NAME.fullmatch(key.text) and len(key.text) <= 60 and key.text != ALL_CPUS:
        return True
    reporter.add(
        "E-NAME-01",
        f"{shown(key.text)!r} cannot be the name of a part",
        key.span,
        f"names are lower-case letters, digits, - and _; {ALL_CPUS!r} means every CPU",
        "call it for example uart0",
    )
    return False


def _find_model(
    item: Item,
    find: Callable[[str], Any | None],
    names: Callable[[], Any],
    reporter: Reporter,
) -> bool:
    model = item.node.get("model")
    what = "CPU" if item.is_cpu else "device"
    if model is None:
        reporter.add(
            "E-KEY-02",
            f"{item.name} needs model",
            item.key.span,
            "",
            f"add `model: ...`; `mb {what.lower()}s` lists the models",
        )
        return False
    if not isinstance(model, Scalar):
        reporter.add("E-KEY-03", "model must be a name", model.span)
        return False
    if model.failed:
        return False
    item.model = model.text
    try:
        item.decl = find(model.text)
    except NoFeatureError as error:
        reporter.add("E-MODEL-03", shown(str(error)), model.span, "", error.hint)
        return False
    if item.decl is None:
        reporter.add(
            "E-MODEL-02" if item.is_cpu else "E-MODEL-01",
            f"there is no {what} model {shown(model.text)!r}",
            model.span,
            "",
            help_for(model.text, names(), "models"),
        )
    return item.decl is not None


def check_items(
    items: list[Item],
    schema: Callable[[Any], Schema],
    checker: Checker,
) -> None:
    """Type the values of every item by its model's schema."""
    for item in items:
        if item.broken:
            continue

        def own_schema(decl: Any = item.decl) -> Schema:
            return schema(decl)

        values = checker.check(
            item.node, (item.is_cpu, item.model), own_schema, item.model, item.key
        )
        if values is None:
            item.broken = True
            continue
        item.values = values
        item.count = values.get("count", 1 if item.is_cpu else None)
        item.params = {
            name: _param(item, name, param, checker.reporter)
            for name, param in item.decl.params.items()
        }


def _param(item: Item, name: str, param: Any, reporter: Reporter) -> object:
    """The value of a parameter; paths become absolute."""
    if name not in item.values:
        return default_of(param)
    value: object = item.values[name]
    if param.type == "path" and isinstance(value, str):
        return reachable(value, item.node.get(name), reporter)
    return value


def default_of(param: Any) -> object:
    """A declared default; text is read as the board's would be."""
    if isinstance(param.default, str):
        return TYPES[str(param.type)](param.default)
    default: object = param.default
    return default


def limit_counts(items: list[Item], reporter: Reporter) -> None:
    """Refuse counts that no machine has, before anything is expanded."""
    total = 0
    for item in items:
        count = item.count or 1
        limit = min(MAX_COUNT, MAX_INSTANCES - total)
        if not item.broken and count > limit:
            item.broken = True
            reporter.add(
                "E-COUNT-01",
                f"{count} instances of {item.name} are too many",
                item.where("count"),
                f"an entry may have {MAX_COUNT} instances and a board {MAX_INSTANCES}",
                f"count: {max(limit, 1)}",
            )
        if not item.broken:
            total += count


def refuse_twins(sections: Mapping[str, Map | None], reporter: Reporter) -> None:
    """A name means one thing on a board, whatever section it is in."""
    seen: dict[str, tuple[str, Scalar]] = {}
    for section, node in sections.items():
        for name, (key, _) in (node.entries if node else {}).items():
            other, first = seen.setdefault(name, (section, key))
            if first is not key:
                reporter.add(
                    "E-NAME-02",
                    f"{shown(name)!r} is the name of two parts",
                    key.span,
                    f"{other} has a {shown(name)!r} on line {first.line}",
                    "choose another name",
                )
