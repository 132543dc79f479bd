# SPDX-License-Identifier: Apache-2.0
"""The schemas derived from declarations are what Cerberus takes."""

from __future__ import annotations

import pytest
from board_fakes import CPUS, DEVICES, PROTOCOLS, Decl
from cerberus import Validator

from machinebuilder.board import schema
from machinebuilder.board.catalogue import installed
from machinebuilder.board.values import OPTION_TYPES


def _keys(decl: Decl) -> set[str]:
    found = schema.device_schema(decl, ["slot"], ["mmio", "io"])
    Validator(found)
    return set(found)


@pytest.mark.parametrize("name", [*DEVICES, *installed().devices()])
def test_the_schema_of_a_device_is_one(name: str) -> None:
    decl = DEVICES.get(name) or installed().device(name)
    assert {"model", "count", *decl.params, *decl.outs} <= _keys(decl)


@pytest.mark.parametrize("name", [*CPUS, *installed().cpus()])
def test_the_schema_of_a_cpu_is_one(name: str) -> None:
    decl = CPUS.get(name) or installed().cpu(name)
    found = schema.cpu_schema(decl)
    Validator(found)
    assert {"model", "count", *decl.params, *decl.outs} <= set(found)


def test_the_other_schemas_are_ones() -> None:
    for found in (
        schema.BOARD,
        schema.STUB,
        schema.boot_schema(PROTOCOLS["linux.toy"]),
    ):
        Validator(found)
    for kind in OPTION_TYPES:
        Validator(schema.option_schema(kind))


def test_what_a_device_sits_on_decides_how_it_is_placed() -> None:
    assert {"at", "step"} <= _keys(DEVICES["uart.simple"])
    assert "size" in _keys(DEVICES["mem.ram"])
    assert "at" not in _keys(DEVICES["pci.card"])
    assert "bus" not in _keys(DEVICES["gpio.keys"])
    assert "host" not in _keys(DEVICES["mem.ram"])
