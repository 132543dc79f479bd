# SPDX-License-Identifier: Apache-2.0
"""Plans and declarations as text, picture and JSON Schema."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
import yaml
from board_fakes import CPUS, DEVICES, Decl, Fakes, load_file, load_text

from machinebuilder.board import manual
from machinebuilder.board.describe import describe
from machinebuilder.board.drawing import draw
from machinebuilder.board.jsonschema import board_schema

GOOD = Path(__file__).with_name("good.yaml")


def _named(models: dict[str, Decl]) -> list[Decl]:
    for name, decl in models.items():
        decl.model, decl.summary = name, "a toy"  # type: ignore[attr-defined]
    return list(models.values())


def test_a_map_has_every_window_slot_and_wire() -> None:
    plan = load_file(GOOD)
    text = describe(plan)
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert lines[0] == "good: Every feature of the language on one page"
    for line in (
        "0a000e00-0a000fff 512 virtio.7 virtio.mmio",
        "08010000-08011fff 8 KiB gic.cpu intc.gic",
        "20000000-20003fff 16 KiB nothing stub, reads 0xffffffff",
        "scsi.scsi target 3 lun 0 tape scsi.disk",
        "cpu.1.timer.physical -> gic.ppi.14 of cpu 1",
        "keys.key.1 -> gic.spi.41",
        "bus isa.isa",
        "ram 67108864",
    ):
        assert line in lines
    assert sum("->" in line for line in lines) == len(plan.wires)


def test_the_drawing_is_xml_with_a_box_for_each_entry() -> None:
    root = ElementTree.fromstring(draw(load_file(GOOD)))
    texts = ["".join(node.itertext()) for node in root.iter()]
    for title in ("cpu.0", "gic.dist", "virtio.*", "nothing", "tape"):
        assert title in texts


def test_text_of_a_board_cannot_break_the_drawing(tmp_path: Path) -> None:
    plan = load_text('summary: "</text><script>&"\nboard: "<x>"', tmp_path)
    assert "<script>" not in draw(plan)
    ElementTree.fromstring(draw(plan))


@pytest.mark.parametrize("decl", _named(DEVICES), ids=lambda decl: decl.model)
def test_a_manual_page_has_every_key_of_the_model(decl: Decl) -> None:
    page = manual.device_page(decl)
    for name in (*decl.params, *decl.outs, *decl.ins, *decl.buses):
        assert f"  {name} " in page
    assert decl.model in page  # type: ignore[attr-defined]


@pytest.mark.parametrize("decl", _named(CPUS), ids=lambda decl: decl.model)
def test_a_cpu_has_a_page_too(decl: Decl) -> None:
    page = manual.cpu_page(decl)
    for name in (*decl.params, *decl.outs, *decl.ins):
        assert f"  {name} " in page


def _validator() -> object:
    jsonschema = pytest.importorskip("jsonschema")
    _named(DEVICES)
    _named(CPUS)
    schema = board_schema(Fakes())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_the_json_schema_accepts_a_good_board() -> None:
    validator = _validator()
    found = yaml.load(GOOD.read_text(), Loader=yaml.BaseLoader)
    assert [error.message for error in validator.iter_errors(found)] == []  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("section", "name", "key", "value"),
    [
        ("devices", "ram", "sise", "1 MiB"),
        ("devices", "ram", "size", "a lot"),
        ("devices", "ram", "model", "mem.rem"),
        ("devices", "uart0", "mode", "medium"),
        ("devices", "gic", "at", "0x0"),
        ("cpus", "cpu", "psci", "maybe"),
        ("options", "ram", "type", "bytes"),
    ],
)
def test_the_json_schema_refuses_what_an_editor_can_see(
    section: str, name: str, key: str, value: str
) -> None:
    validator = _validator()
    board = yaml.load(GOOD.read_text(), Loader=yaml.BaseLoader)
    board[section][name][key] = value
    assert list(validator.iter_errors(board))  # type: ignore[attr-defined]
