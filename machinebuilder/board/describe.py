# SPDX-License-Identifier: Apache-2.0
"""A plan as text: what `mb map` prints."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from machinebuilder.board.plan import Plan, Wire
from machinebuilder.board.values import size_text, text_of

Row = tuple[int, int, str, str]
"""Start, size, owner, model."""


def rows_by_bus(plan: Plan) -> dict[str, list[Row]]:
    """The address map of every bus that has addresses, sorted."""
    buses: dict[str, list[Row]] = {}
    for device in plan.devices:
        for place in device.places:
            name = f"{device.name}.{place.region}" if place.region else device.name
            row = (place.address, place.size, name, device.model)
            buses.setdefault(place.bus, []).append(row)
    for stub in plan.stubs:
        row = (stub.address, stub.size, stub.name, f"stub, reads {stub.value:#x}")
        buses.setdefault(stub.bus, []).append(row)
    return {bus: sorted(rows) for bus, rows in buses.items()}


def describe(plan: Plan) -> str:
    """Options, CPUs, memory map, buses and wires."""
    parts = [[f"{plan.name}: {plan.summary}" if plan.summary else plan.name]]
    if plan.options:
        parts.append(["options", *table(_option_rows(plan))])
    if plan.cpus:
        parts.append(["cpus", *table([(cpu.name, cpu.model) for cpu in plan.cpus])])
    for bus, rows in rows_by_bus(plan).items():
        parts.append([f"bus {bus}", *table(_map_rows(rows))])
    slots = [
        (device.slot.bus, _keys(device.slot.keys.items()), device.name, device.model)
        for device in plan.devices
        if device.slot
    ]
    if slots:
        parts.append(["slots", *table(slots)])
    if plan.wires:
        parts.append(
            ["wires", *table([(source(w), "->", target(w)) for w in plan.wires])]
        )
    if plan.boot:
        params = [(name, text_of(value)) for name, value in plan.boot.params.items()]
        parts.append([f"boot {plan.boot.protocol}", *table(params)])
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def _option_rows(plan: Plan) -> list[tuple[str, str]]:
    return [(name, text_of(value)) for name, value in plan.options.items()]


def _map_rows(rows: Sequence[Row]) -> list[tuple[str, ...]]:
    digits = 8 if all(start + size <= 1 << 32 for start, size, _, _ in rows) else 16
    return [
        (
            f"{start:0{digits}x}-{start + size - 1:0{digits}x}",
            size_text(size),
            name,
            model,
        )
        for start, size, name, model in rows
    ]


def _keys(keys: Iterable[tuple[str, int]]) -> str:
    return " ".join(f"{key} {value}" for key, value in keys)


def source(wire: Wire) -> str:
    """The driver of a wire, as text."""
    return f"{wire.source}.{wire.port}" + (f".{wire.index}" if wire.index else "")


def target(wire: Wire) -> str:
    """The input of a wire, as text."""
    bank = "" if wire.cpu is None else f" of cpu {wire.cpu}"
    return f"{wire.target}.{wire.target_port}.{wire.target_index}{bank}"


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows with their columns aligned, indented by two."""
    if not rows:
        return []
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  " + "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
