# SPDX-License-Identifier: Apache-2.0
"""JSON Schema (2020-12) of the board language with the models installed, for editors.

Looser than `mb check` where JSON Schema cannot say it: wires, overlaps and what an
expression gives are checked there. Expressions are allowed wherever text is.
"""

from __future__ import annotations

from typing import Any

from machinebuilder.board.catalogue import Catalogue
from machinebuilder.board.manual import summary
from machinebuilder.board.schema import (
    at_fixed_distances,
    bus_kinds,
    needs_size,
    placed_regions,
)
from machinebuilder.board.values import OPTION_TYPES

Json = dict[str, Any]

_INTEGER = r"^-?(0[xX][0-9a-fA-F_]+|0b[01_]+|[0-9][0-9_]*)$"
_BOOLEANS = ["true", "false", "yes", "no", "on", "off"]
_SIZE = r"^[0-9][0-9a-fA-FxX_]* ?([KMGTkmgt](iB)?|B)?$"

DEFINITIONS: Json = {
    "expression": {"type": "string", "pattern": r"\{\{"},
    "integer": {
        "anyOf": [
            {"type": "integer"},
            {"type": "string", "pattern": _INTEGER},
            {"$ref": "#/$defs/expression"},
        ]
    },
    "size": {
        "anyOf": [
            {"type": "integer", "minimum": 0},
            {"type": "string", "pattern": _SIZE},
            {"$ref": "#/$defs/expression"},
        ]
    },
    "boolean": {"anyOf": [{"type": "boolean"}, {"enum": _BOOLEANS},
                          {"$ref": "#/$defs/expression"}]},
    "text": {"type": ["string", "number", "boolean"]},
    "wire": {"type": "string", "pattern": r"^[a-z{][^ ]*\.|\{\{"},
    "wires": {"anyOf": [{"$ref": "#/$defs/wire"},
                        {"type": "array", "items": {"$ref": "#/$defs/wire"}}]},
}  # fmt: skip

_TYPES = {"integer": "integer", "size": "size", "boolean": "boolean"}


def board_schema(catalogue: Catalogue) -> Json:
    """The schema of a whole board file."""
    devices = {name: catalogue.device(name) for name in catalogue.devices()}
    cpus = {name: catalogue.cpu(name) for name in catalogue.cpus()}
    keys = sorted(
        {k for d in devices.values() if d for b in d.buses.values() for k in b.keys}
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A board of mb",
        "type": "object",
        "$defs": DEFINITIONS,
        "properties": {
            "board": {"$ref": "#/$defs/text", "description": "its name"},
            "summary": {"$ref": "#/$defs/text", "description": "one line about it"},
            "clock": {"enum": ["real", "virtual"]},
            "extends": {"type": "string", "description": "the board this differs from"},
            "options": _section(_option()),
            "cpus": _section(_entry({n: _cpu(d) for n, d in cpus.items() if d})),
            "devices": _section(
                _entry({n: _device(d, keys) for n, d in devices.items() if d})
            ),
            "stubs": _section(_stub()),
            "boot": _boot(catalogue),
        },
        "required": ["board"],
        "additionalProperties": False,
    }


def _section(entry: Json) -> Json:
    """Entries by name; null removes one of the base."""
    return {
        "type": "object",
        "additionalProperties": {"anyOf": [entry, {"type": "null"}]},
    }


def _ref(name: str) -> Json:
    return {"$ref": f"#/$defs/{name}"}


def _option() -> Json:
    value = {"type": ["string", "number", "boolean"]}
    return {
        "type": "object",
        "properties": {
            "type": {"enum": list(OPTION_TYPES)},
            **dict.fromkeys(("default", "min", "max", "doc"), value),
            "choices": {"type": "array", "items": value},
        },
        "additionalProperties": False,
    }


def _entry(models: dict[str, Json]) -> Json:
    """An entry whose model says which keys it has.

    Without a model it alters an entry of the base, which is not known here.
    """
    rules = [
        {
            "if": {"properties": {"model": {"const": name}}, "required": ["model"]},
            "then": schema,
        }
        for name, schema in models.items()
    ]
    return {
        "type": "object",
        "properties": {
            "model": {"anyOf": [{"enum": sorted(models)}, _ref("expression")]}
        },
        "allOf": rules,
    }


def _object(properties: Json, description: str) -> Json:
    return {
        "description": description,
        "properties": {"model": {}, "count": _ref("integer"), **properties},
        "additionalProperties": False,
    }


def _cpu(decl: Any) -> Json:
    return _object(_outs(decl) | _params(decl), decl.summary)


def _device(decl: Any, slot_keys: list[str]) -> Json:
    properties: Json = {}
    if bus_kinds(decl):
        properties["bus"] = {"type": "string"}
        properties |= {key: _ref("integer") for key in (*slot_keys, "slot")}
    regions = placed_regions(decl)
    if regions:
        windows = {name: _ref("integer") for name in regions}
        single = set(regions) == {""} or at_fixed_distances(decl)
        nested = {
            "type": "object",
            "properties": windows,
            "additionalProperties": False,
        }
        properties["at"] = _ref("integer") if single else nested
        properties["step"] = _ref("size")
        if needs_size(decl):
            properties["size"] = _ref("size")
    if decl.host:
        properties["host"] = {"type": "string", "pattern": rf"^{decl.host}(\.|$)"}
    return _object(properties | _outs(decl) | _params(decl), summary(decl))


def _outs(decl: Any) -> Json:
    found: Json = {}
    for name, out in decl.outs.items():
        group, dot, port = name.partition(".")
        found[name] = {**_ref("wires"), "description": out.doc}
        if dot:
            nested = found.setdefault(
                group,
                {"type": "object", "properties": {}, "additionalProperties": False},
            )
            nested["properties"][port] = found[name]
    return found


def _params(decl: Any) -> Json:
    return {name: _param(param) for name, param in decl.params.items()}


def _param(param: Any) -> Json:
    rule = _ref(_TYPES.get(str(param.type), "text"))
    if param.choices:
        rule = {"anyOf": [{"enum": list(param.choices)}, _ref("expression")]}
    described: Json = {**rule, "description": param.doc}
    if param.default is not None:
        described["default"] = param.default
    return described


def _stub() -> Json:
    return {
        "type": "object",
        "properties": {
            "at": _ref("integer"),
            "size": _ref("size"),
            "value": _ref("integer"),
            "bus": {"type": "string"},
            "doc": {"type": "string"},
        },
        "additionalProperties": False,
    }


def _boot(catalogue: Catalogue) -> Json:
    return {
        "type": "object",
        "properties": {"protocol": {"enum": list(catalogue.protocols())}},
        "additionalProperties": _ref("text"),
    }
