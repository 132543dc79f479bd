# SPDX-License-Identifier: Apache-2.0
"""From a plan to its tables: ask every chip, then put the answers together."""

from __future__ import annotations

from typing import Any

from machinebuilder.board.plan import DevicePlan, Plan
from machinebuilder.boot.acpi import aml, tables
from machinebuilder.boot.acpi.placing import FACS_ALIGN, Checksum, Tables
from machinebuilder.boot.acpi.view import Node, View
from machinebuilder.device import registry

PCI = "pci"
DSDT_REVISION = 2
"""Integers have 64 bits."""


def build(plan: Plan) -> Tables:
    """The tables of a plan."""
    return _assemble(survey(plan))


def survey(plan: Plan) -> View:
    """What all chips of a plan said."""
    view = View(plan)
    _add_processors(view)
    made = [(device, _node(view, device)) for device in plan.devices]
    for device, node in made:
        if node is not None:
            _parent(view, device).children.append(node)
    return view


def _add_processors(view: View) -> None:
    for cpu in view.plan.cpus:
        node = view.root.child(view.unique(f"C{cpu.index:03X}"))
        node.say("_HID", aml.string("ACPI0007"))
        node.say("_UID", aml.integer(cpu.index))
        view.interrupt_rows.append(tables.local_apic(cpu.index, cpu.index))


def _node(view: View, device: DevicePlan) -> Node | None:
    """The node of one device, after its chip said what it has to; None: no node."""
    declared: Any = registry.find(device.model)
    view.device = device
    node = view.nodes[device.name]
    wanted = declared.acpi(node, view)
    if wanted is False or not (declared.acpi_hid or node.terms or node.children):
        return None
    node.terms[:0] = _identity(view, device, declared, node)
    return node


def _identity(view: View, device: DevicePlan, declared: Any, node: Node) -> list[bytes]:
    """`_ADR` of a PCI function, or `_HID` with all that goes with it."""
    if not declared.acpi_hid:
        return [aml.name("_ADR", aml.integer(_pci_address(device)))]
    terms = [aml.name("_HID", aml.hardware_id(declared.acpi_hid))]
    if declared.acpi_cid:
        terms.append(aml.name("_CID", aml.hardware_id(declared.acpi_cid)))
    terms.append(aml.name("_UID", aml.integer(view.count(declared.acpi_hid))))
    if not any(term.startswith(b"\x08_CRS") for term in node.terms):
        terms.append(aml.name("_CRS", view.current_resources(device)))
    return terms


def _pci_address(device: DevicePlan) -> int:
    keys = device.slot.keys if device.slot else {}
    return keys.get("slot", 0) << 16 | keys.get("function", 0)


def _parent(view: View, device: DevicePlan) -> Node:
    """Below its bridge, below the bridge to ISA, or at the top."""
    bridge = view.bridge(device)
    if bridge is not None:
        return view.nodes[bridge]
    ports = any(place.bus == "io" for place in device.places)
    bridges = any(bus.kind == PCI for bus in registry.find(device.model).buses.values())
    return view.isa if ports and not bridges else view.root


def _assemble(view: View) -> Tables:
    """DSDT, FACS, FADT, MADT and what else there is; then the roots."""
    found = Tables()
    dsdt = found.add(tables.table("DSDT", DSDT_REVISION, _name_space(view)))
    fadt, pointers = tables.fadt(view.power)
    facs = 0 if view.power.reduced else found.add(tables.facs(), FACS_ALIGN)
    listed = [found.add(fadt)]
    found.point(listed[0] + pointers["DSDT"], 4, dsdt)
    found.point(listed[0] + pointers["XDSDT"], 8, dsdt)
    if not view.power.reduced:
        found.point(listed[0] + pointers["FACS"], 4, facs)
    rows = view.interrupt_rows
    listed.append(found.add(tables.madt(view.local_apics, view.dual_8259, rows)))
    listed += [found.add(table) for table in view.tables]
    _add_roots(found, listed)
    return found


def _name_space(view: View) -> bytes:
    """The terms of the DSDT."""
    terms = b"".join(view.globals) + aml.scope("\\_SB", view.root.content())
    off = view.power.soft_off
    if off is None:
        return terms
    kind = aml.integer(off)
    return terms + aml.name("\\_S5", aml.package(kind, kind, aml.ZERO, aml.ZERO))


def _add_roots(found: Tables, listed: list[int]) -> None:
    rsdt = found.add(tables.rsdt(len(listed)))
    xsdt = found.add(tables.xsdt(len(listed)))
    for number, offset in enumerate(listed):
        found.point(rsdt + tables.HEADER + 4 * number, 4, offset)
        found.point(xsdt + tables.HEADER + 8 * number, 8, offset)
    root = found.root
    root.data.extend(tables.rsdp())
    root.point(16, 4, rsdt)
    root.point(24, 8, xsdt)
    root.checksums += [Checksum(8, 0, 20), Checksum(32, 0, 36)]
