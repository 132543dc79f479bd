# SPDX-License-Identifier: Apache-2.0
"""Cerberus schemas of a board's parts, derived from the models' declarations.

Every value of a board is text; `coerce` gives it its type, as declared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from machinebuilder.board.catalogue import ModelDecl, ParamDecl
from machinebuilder.board.values import (
    OPTION_TYPES,
    TYPES,
    Failed,
    integer,
    size,
    string,
)

Rules = dict[str, Any]
Schema = dict[str, Rules]

ROOT_BUSES: Mapping[str, int] = {"mmio": 1 << 64, "io": 1 << 16}
"""The buses of every board, with the addresses they have."""


def coercion(
    convert: Callable[[str], object], wanted: str
) -> Callable[[object], object]:
    """`convert` for Cerberus: what is not text at all is refused as well."""

    def coerce(value: object) -> object:
        if isinstance(value, Failed):
            return value
        if not isinstance(value, str):
            raise ValueError(wanted)
        return convert(value)

    return coerce


def _integer(**rules: object) -> Rules:
    return {"coerce": coercion(integer, "an integer"), **rules}


def _size(**rules: object) -> Rules:
    return {"coerce": coercion(size, "a size"), **rules}


def _text(**rules: object) -> Rules:
    return {"coerce": coercion(string, "text"), **rules}


def _wires() -> Rules:
    return {"coerce": _wire_list}


def _wire_list(value: object) -> object:
    """One wire or a list of them; the wires themselves are read later."""
    wires = value if isinstance(value, list) else [value]
    if not all(isinstance(wire, str | Failed) for wire in wires):
        raise ValueError("a wire, such as gic.spi.1, or a list of wires")
    return wires


def param_rules(param: ParamDecl) -> Rules:
    """The rules of one declared parameter."""
    kind = str(param.type)
    rules: Rules = {"coerce": coercion(TYPES[kind], f"a value of type {kind}")}
    if param.min is not None:
        rules["min"] = param.min
    if param.max is not None:
        rules["max"] = param.max
    if param.choices:
        rules["allowed"] = [str(choice) for choice in param.choices]
    if param.required:
        rules["required"] = True
    return rules


def _params(decl: ModelDecl) -> Schema:
    return {name: param_rules(param) for name, param in decl.params.items()}


def _outs(decl: ModelDecl) -> Schema:
    """Keys of outputs: `irq`, or `timer: {physical: ...}` for `timer.physical`."""
    schema: Schema = {}
    for name in decl.outs:
        group, dot, port = name.partition(".")
        schema[name] = _wires()
        if dot:
            rules = schema.setdefault(group, {"type": "dict", "schema": {}})
            rules["schema"][port] = _wires()
    return schema


def bus_kinds(decl: Any) -> tuple[str, ...]:
    """The kinds of bus a device may sit on."""
    sits_on = decl.sits_on
    if sits_on is None:
        return ()
    return (sits_on,) if isinstance(sits_on, str) else tuple(sits_on)


def placed_regions(decl: Any) -> dict[str, Any]:
    """The windows whose address a board gives: not those that are always at one, nor
    those that the guest places."""
    return {
        name: region
        for name, region in decl.regions.items()
        if getattr(region, "on", None) is None and not getattr(region, "moves", False)
    }


def fixed_regions(decl: Any) -> dict[str, Any]:
    """The windows that are always at one address of a root bus."""
    return {
        name: region
        for name, region in decl.regions.items()
        if getattr(region, "on", None) in ROOT_BUSES and not region.moves
    }


def is_addressed(decl: Any, address_buses: Iterable[str]) -> bool:
    """Do its windows have addresses that the board gives?"""
    kinds = bus_kinds(decl)
    return bool(placed_regions(decl)) and any(kind in address_buses for kind in kinds)


def needs_size(decl: Any) -> bool:
    """Does the board say how large a window is?"""
    return any(region.span is None for region in decl.regions.values())


def at_fixed_distances(decl: Any) -> bool:
    """Do all windows follow from one address?"""
    regions = placed_regions(decl).values()
    return all(getattr(r, "at", None) is not None for r in regions)


def _at(decl: Any) -> Rules:
    if at_fixed_distances(decl):
        # Where no window is at the chip's own address, the distances are addresses.
        based = any(region.at == 0 for region in placed_regions(decl).values())
        return _integer(min=0, required=based and bus_kinds(decl)[0] in ROOT_BUSES)
    if set(placed_regions(decl)) == {""}:
        return _integer(required=True, min=0)
    windows = {name: _integer(required=True, min=0) for name in placed_regions(decl)}
    return {"type": "dict", "schema": windows, "required": True}


def device_schema(
    decl: Any, slot_keys: Iterable[str], address_buses: Iterable[str]
) -> Schema:
    """What the entry of a device may hold; `slot_keys` as the board's buses declare."""
    schema: Schema = {"model": _text(required=True), "count": _integer(min=0)}
    if bus_kinds(decl):
        schema["bus"] = _text()
    if is_addressed(decl, address_buses):
        schema |= {"at": _at(decl), "step": _size(min=1)}
        if needs_size(decl):
            schema["size"] = _size(required=True, min=1)
    schema |= {key: _integer(min=0) for key in slot_keys}
    if decl.host is not None:
        schema["host"] = _text()
    return schema | _outs(decl) | _params(decl)


def cpu_schema(decl: ModelDecl) -> Schema:
    """What the entry of a CPU may hold."""
    common: Schema = {"model": _text(required=True), "count": _integer(min=1)}
    return common | _outs(decl) | _params(decl)


def boot_schema(params: Mapping[str, Any]) -> Schema:
    """What `boot` may hold for one protocol: declared parameters, or text."""
    schema: Schema = {"protocol": _text(required=True)}
    for name, declared in params.items():
        schema[name] = param_rules(declared) if hasattr(declared, "type") else _text()
    return schema


STUB: Schema = {
    "at": _integer(required=True, min=0),
    "size": _size(required=True, min=1),
    "value": _integer(min=0, max=(1 << 64) - 1),
    "bus": _text(),
    "doc": _text(),
}

BOARD: Schema = {
    "board": _text(required=True),
    "summary": _text(),
    "clock": {**_text(), "allowed": ["real", "virtual"]},
    "options": {"type": "dict"},
    "cpus": {"type": "dict"},
    "devices": {"type": "dict"},
    "stubs": {"type": "dict"},
    "boot": {"type": "dict"},
}


def _choices(value: object) -> object:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return value
    raise ValueError("a list of words, such as [small, large]")


def option_schema(kind: str) -> Schema:
    """What the declaration of an option of type `kind` may hold."""
    value = {"coerce": coercion(TYPES[kind], f"a value of type {kind}")}
    schema: Schema = {
        "type": {**_text(required=True), "allowed": list(OPTION_TYPES)},
        "default": value,
        "doc": _text(),
    }
    if kind in ("integer", "size"):
        schema |= {"min": dict(value), "max": dict(value)}
    if kind == "choice":
        schema["choices"] = {"coerce": _choices, "required": True}
    return schema
