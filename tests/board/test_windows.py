# SPDX-License-Identifier: Apache-2.0
"""Buses that are seen through a window of the device that offers them."""

from __future__ import annotations

from pathlib import Path

import pytest
from board_fakes import load_text

from machinebuilder.board import BoardErrors
from machinebuilder.board.plan import Place

BRIDGE = "bridge: {model: sbus.bridge, at: {registers: 0x1000, sbus: 0x100_0000}}"


def board(*devices: str) -> str:
    return "devices:\n" + "".join(f"  {line}\n" for line in devices)


def codes(text: str, folder: Path) -> list[str]:
    with pytest.raises(BoardErrors) as caught:
        load_text(text, folder)
    return [error.code for error in caught.value]


def test_a_slot_is_a_part_of_the_window(tmp_path: Path) -> None:
    card = "card: {model: sbus.card, bus: sbus, slot: 2, at: 0x4000}"
    plan = load_text(board(card, BRIDGE), tmp_path)
    assert plan.device("card").places == (
        Place("mmio", 0x102_4000, 0x100, "rom"),
        Place("mmio", 0x102_4800, 0x10, "ports"),
    )
    assert plan.device("card").via == "bridge.sbus"
    assert plan.device("bridge").places == (Place("mmio", 0x1000, 0x1000, "registers"),)


def test_windows_at_fixed_distances_need_no_address_in_a_slot(tmp_path: Path) -> None:
    plan = load_text(
        board(BRIDGE, "card: {model: sbus.card, bus: sbus, slot: 3}"), tmp_path
    )
    assert plan.device("card").places[0].address == 0x103_0000


def test_windows_nest(tmp_path: Path) -> None:
    text = board(
        "uart: {model: obio.uart, bus: obio, at: 0x20}",
        "obio: {model: sbus.obio, bus: sbus, slot: 1, at: 0x2000}",
        BRIDGE,
    )
    plan = load_text(text, tmp_path)
    assert plan.device("uart").places == (Place("mmio", 0x101_2020, 8),)
    order = [device.name for device in plan.devices]
    assert order == ["bridge", "obio", "uart"]


@pytest.mark.parametrize(
    "card, code",
    [
        ("bus: sbus", "E-KEY-02"),
        ("bus: sbus, slot: 4", "E-BUS-06"),
        ("bus: sbus, slot: 0, at: 0xf900", "E-MAP-02"),
        ("bus: mmio, at: 0", "E-BUS-03"),
    ],
)
def test_a_place_that_is_not_there_is_refused(
    tmp_path: Path, card: str, code: str
) -> None:
    text = board(BRIDGE, f"card: {{model: sbus.card, {card}}}")
    assert codes(text, tmp_path) == [code]


def test_what_lies_over_a_slot_is_an_overlap(tmp_path: Path) -> None:
    text = board(
        BRIDGE,
        "card: {model: sbus.card, bus: sbus, slot: 1}",
        "ram: {model: mem.ram, at: 0x101_0000, size: 4096}",
    )
    assert codes(text, tmp_path) == ["E-MAP-01"]


def test_a_parameter_may_scale_a_window(tmp_path: Path) -> None:
    near = "near: {model: uart.spread, at: 0x1000}"
    far = "far: {model: uart.spread, at: 0x2000, shift: 2}"
    plan = load_text(board(near, far), tmp_path)
    assert plan.device("near").places[0].size == 8
    assert plan.device("far").places[0].size == 32
