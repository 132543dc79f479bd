# SPDX-License-Identifier: Apache-2.0
"""The smaller sections of a board: stubs, boot, and what devices take of the host."""

from __future__ import annotations

from machinebuilder.board.catalogue import Catalogue
from machinebuilder.board.errors import Reporter, shown
from machinebuilder.board.items import Item, check_name
from machinebuilder.board.nodes import Map, Scalar
from machinebuilder.board.placement import Placement
from machinebuilder.board.plan import BootPlan, StubPlan
from machinebuilder.board.schema import STUB, boot_schema
from machinebuilder.board.suggest import help_for
from machinebuilder.board.validate import Checker

EXCLUSIVE_HOSTS = frozenset({"console"})
"""Host back ends of which there is one."""


def read_stubs(
    section: Map | None, checker: Checker, placement: Placement
) -> tuple[StubPlan, ...]:
    """The stubs, with their addresses claimed."""
    found = []
    for name, (key, node) in (section.entries if section else {}).items():
        usable = check_name(key, checker.reporter)
        if not isinstance(node, Map):
            checker.reporter.add(
                "E-KEY-03",
                f"{shown(name)} must be a mapping",
                node.span,
                "a stub has an address and a size",
                f"{shown(name)}: {{at: 0x0, size: 4 KiB}}",
            )
            continue
        values = checker.check(node, "stub", lambda: STUB, "a stub", key)
        if values is None or not usable:
            continue
        bus, value = values.get("bus", "mmio"), values.get("value", 0)
        stub = StubPlan(name, bus, values["at"], values["size"], value, key.span)
        placement.claim_stub(stub, node)
        found.append(stub)
    return tuple(found)


def check_hosts(devices: list[Item], reporter: Reporter) -> None:
    """Each device takes a back end of its kind, and none that another has."""
    claimed: dict[str, str] = {}
    for item in devices:
        host = item.values.get("host")
        if host is None or item.broken:
            continue
        kind, _, number = host.partition(".")
        if kind != item.decl.host:
            reporter.add(
                "E-HOST-01",
                f"{item.name} cannot use the host's {shown(host)!r}",
                item.where("host"),
                f"{item.model} takes {item.decl.host}",
                f"host: {item.decl.host}",
            )
        elif number or kind in EXCLUSIVE_HOSTS:
            first = claimed.setdefault(host, item.name)
            if first != item.name or (item.count or 1) > 1:
                _claimed_twice(item, host, first, reporter)


def _claimed_twice(item: Item, host: str, first: str, reporter: Reporter) -> None:
    reporter.add(
        "E-HOST-02",
        f"{item.name} and {first} both claim the host's {shown(host)}",
        item.where("host"),
        "it can be joined to one device",
        "remove `host` from one of them",
    )


def read_boot(
    section: Map | None, checker: Checker, catalogue: Catalogue
) -> BootPlan | None:
    """How the board starts."""
    if section is None:
        return None
    named = section.get("protocol")
    protocol = named.text if isinstance(named, Scalar) else ""
    params = catalogue.protocol(protocol) if protocol else {}
    if params is None:
        checker.reporter.add(
            "E-BOOT-01",
            f"there is no boot protocol {shown(protocol)!r}",
            named.span if named else section.span,
            "a protocol's name is its path below machinebuilder/boot",
            help_for(protocol, catalogue.protocols(), "protocols"),
        )
        return None
    rules = boot_schema(params)
    values = checker.check(section, ("boot", protocol), lambda: rules, "boot")
    if values is None:
        return None
    values.pop("protocol")
    return BootPlan(protocol, values, section.span)
