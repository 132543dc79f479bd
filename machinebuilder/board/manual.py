# SPDX-License-Identifier: Apache-2.0
"""Manual pages of models, from their declarations: `mb devices` and `mb cpus`."""

from __future__ import annotations

import inspect
import sys
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from machinebuilder.board.describe import table
from machinebuilder.board.schema import (
    at_fixed_distances,
    bus_kinds,
    is_addressed,
    placed_regions,
)
from machinebuilder.board.values import size_text, text_of

NAMES_WIDTH = 78
"""Of a line with many names."""


def summary(decl: Any) -> str:
    """One line on a device model."""
    text = _documentation(decl)
    return text.splitlines()[0] if text else ""


def _documentation(decl: Any) -> str:
    module = sys.modules.get(getattr(decl, "__module__", ""))
    return inspect.cleandoc((module and module.__doc__) or decl.__doc__ or "")


def device_page(decl: Any) -> str:
    """The manual page of a device model."""
    kinds = ", ".join(bus_kinds(decl)) or "no bus"
    facts = [("sits on", kinds)]
    if decl.host:
        facts.append(
            ("host", f"`host: {decl.host}` joins it to the host's {decl.host}")
        )
    parts = [
        [decl.model, *table(facts)],
        _documentation(decl).splitlines(),
        ["In a board:", f"  {example(decl)}"],
        _section("Windows", _windows(decl)),
        _section("Parameters", params_rows(decl.params)),
        _section("Outputs", ports_rows(decl.outs)),
        _section("Inputs", ports_rows(decl.ins)),
        _section("Buses", _buses(decl)),
        _section("Registers", _registers(getattr(decl, "regs", {}))),
    ]
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def cpu_page(decl: Any) -> str:
    """The manual page of a CPU model."""
    parts = [
        [f"{decl.model}: {decl.summary}" if decl.summary else decl.model],
        ["In a board:", f"  cpu: {{model: {decl.model}, count: 1}}"],
        _section("Features", _names(decl.features)),
        _section(f"Others, as in model: {decl.model},+name", _names(_others(decl))),
        _section("Parameters", params_rows(decl.params)),
        _section("Outputs", ports_rows(decl.outs)),
        _section("Inputs", ports_rows(decl.ins)),
    ]
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def _names(names: Sequence[str]) -> list[tuple[str]]:
    lines = textwrap.wrap(" ".join(names), NAMES_WIDTH, break_on_hyphens=False)
    return [(line,) for line in lines]


def _others(decl: Any) -> list[str]:
    return [name for name in decl.switches if name not in decl.features]


def example(decl: Any) -> str:
    """A line that places such a device."""
    name = decl.model.rpartition(".")[2]
    words = [f"model: {decl.model}"]
    if is_addressed(decl, ("mmio", "io")):
        words.append(_at(decl))
        if any(region.span is None for region in decl.regions.values()):
            words.append("size: 64 KiB")
    elif kinds := bus_kinds(decl):
        words.append(f"bus: {kinds[0]}")
    words += [f"{p}: ..." for p, param in decl.params.items() if param.required]
    words += [f"{port}: gic.spi.1" for port in list(decl.outs)[:1]]
    return f"{name}: {{{', '.join(words)}}}"


def _at(decl: Any) -> str:
    regions = placed_regions(decl)
    windows = ", ".join(f"{region}: 0x0" for region in regions)
    single = set(regions) == {""} or at_fixed_distances(decl)
    return "at: 0x0" if single else f"at: {{{windows}}}"


def _section(title: str, rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"{title}:", *table(rows)] if rows else []


def _windows(decl: Any) -> list[tuple[str, ...]]:
    return [
        (
            name or "(the one)",
            "as `size` says" if region.span is None else size_text(region.span),
            region.doc,
        )
        for name, region in decl.regions.items()
    ]


def params_rows(params: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Name, type, default and limits, documentation."""
    return [
        (name, str(param.type), _default(param), _limits(param), param.doc)
        for name, param in params.items()
    ]


def _default(param: Any) -> str:
    if param.required:
        return "required"
    return "" if param.default is None else f"default {text_of(param.default)}"


def _limits(param: Any) -> str:
    if param.choices:
        return " | ".join(param.choices)
    bounds = [("from", param.min), ("to", param.max)]
    return " ".join(f"{word} {bound}" for word, bound in bounds if bound is not None)


def ports_rows(ports: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Name, number of lines, documentation."""
    return [(name, _count(port), port.doc) for name, port in ports.items()]


def _count(port: Any) -> str:
    count = "one per CPU" if port.count == "cpus" else f"count {port.count}"
    return f"{count}, banked per CPU" if getattr(port, "per_cpu", False) else count


def _buses(decl: Any) -> list[tuple[str, ...]]:
    return [
        (
            name,
            f"kind {bus.kind}",
            ", ".join(f"{key} 0-{limit - 1}" for key, limit in bus.keys.items()),
            bus.doc,
        )
        for name, bus in decl.buses.items()
    ]


def _registers(regs: Mapping[str, Any]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for name, reg in sorted(regs.items(), key=lambda pair: pair[1].offset):
        region = f"{reg.region}+" if reg.region else ""
        shape = f"{reg.width} bits" + (f" x {reg.count}" if reg.count > 1 else "")
        rows.append((f"{region}{reg.offset:#05x}", name, reg.mode, shape, reg.doc))
        for field, bits in reg.fields.items():
            last = bits.low + bits.width - 1
            where = f"{last}" if bits.width == 1 else f"{last}:{bits.low}"
            rows.append(("", f"  {field}", bits.mode or reg.mode, where, bits.doc))
    return rows
