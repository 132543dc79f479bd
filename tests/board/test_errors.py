# SPDX-License-Identifier: Apache-2.0
"""The catalogue of errors: every code has a failing board, an entry in the manual and a
place in the source, and nothing else claims to be a code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from board_fakes import load_file, load_text

import machinebuilder.board
from machinebuilder.board import BoardError, BoardErrors
from machinebuilder.board.codes import CODES
from machinebuilder.board.errors import Reporter
from machinebuilder.board.loader import MAX_BYTES
from machinebuilder.board.plan import Span

HERE = Path(__file__).parent
FAILING = sorted((HERE / "failing").glob("E-*.yaml"))
MADE_HERE = {"E-FILE-03", "E-MANY-01"}
MANUAL = HERE.parents[1] / "docs" / "errors.md"
SOURCES = Path(machinebuilder.board.__file__).parent


def errors_of(path: Path) -> list[BoardError]:
    head = path.read_bytes().decode(errors="replace")
    options = dict(re.findall(r"^# -o (\w+)=(.*)$", head, re.MULTILINE))
    with pytest.raises(BoardErrors) as caught:
        load_file(path, **options)
    return list(caught.value)


@pytest.mark.parametrize("path", FAILING, ids=lambda path: path.stem)
def test_a_failing_board_has_its_error_at_its_place_and_no_other(path: Path) -> None:
    head = path.read_bytes().decode(errors="replace")
    place = re.search(r"^# at (\d+):(\d+)", head)
    assert place, f"{path}:1: say where the error is"
    found = [
        (error.code, error.span.line, error.span.column) for error in errors_of(path)
    ]
    assert found == [(path.stem, int(place[1]), int(place[2]))]


def test_every_code_has_a_failing_board() -> None:
    assert {path.stem for path in FAILING} | MADE_HERE == set(CODES)


def test_every_code_has_an_entry_in_the_manual_with_its_title() -> None:
    entries = re.findall(r"^## (\S+): (.*)$", MANUAL.read_text(), re.MULTILINE)
    assert entries == list(CODES.items())


def test_an_entry_in_the_manual_explains() -> None:
    for entry in re.split(r"^## ", MANUAL.read_text(), flags=re.MULTILINE)[1:]:
        title, _, text = entry.partition("\n")
        assert len(text.split()) > 8, title


def test_the_source_uses_every_code_and_no_other() -> None:
    text = "".join(
        path.read_text() for path in SOURCES.glob("*.py") if path.name != "codes.py"
    )
    assert set(re.findall(r"E-[A-Z]+-\d\d", text)) == set(CODES)


def test_an_error_shows_place_code_text_reason_and_help() -> None:
    (error,) = errors_of(HERE / "failing" / "E-IRQ-03.yaml")
    path = HERE / "failing" / "E-IRQ-03.yaml"
    assert str(error) == (
        f'{path}:7:52: E-IRQ-03: gic has no input "spi.300"\n'
        "    7 |   uart: {model: uart.simple, at: 0x0200_0000, irq: gic.spi.300}\n"
        "      |                                                    ^^^^^^^^^^^\n"
        "  why:  gic is intc.gic with spis: 64, so spi runs 0-63\n"
        "  help: set gic.spis to 301 or more, or choose a free input; spi.0 is free"
    )


def test_all_the_errors_of_a_board_come_at_once_in_the_order_of_the_file(
    tmp_path: Path,
) -> None:
    text = """
cpus: {cpu: {model: toy.two}}
devices:
  gic:   {model: intc.gic, at: {dist: 0x0, cpu: 0x1_0000}, spis: many}
  uart0: {model: uart.simple, at: 0x0200_0000, irq: gik.spi.1, mode: medium}
  uart1: {model: uart.simple, at: 0x0300_0000, irq: gic.spi.1}
  ram:   {model: mem.ram, at: 0x0300_0800, size: "{{ ram }}"}
  rom:   {model: mem.rom, at: 0x0300_0800, size: 4K}
boot: {protocol: linux}
"""
    with pytest.raises(BoardErrors) as caught:
        load_text(text, tmp_path)
    assert [error.code for error in caught.value] == [
        "E-MODEL-02",
        "E-VAL-01",
        "E-VAL-03",
        "E-EXPR-03",
        "E-KEY-02",
        "E-BOOT-01",
    ]


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    path.write_text("board: large\n#" + "x" * MAX_BYTES)
    assert [error.code for error in errors_of(path)] == ["E-FILE-03"]


def test_after_many_errors_the_rest_is_not_looked_for(tmp_path: Path) -> None:
    path = tmp_path / "many.yaml"
    devices = "".join(f"  u{i}: {{model: none.such}}\n" for i in range(300))
    path.write_text(f"board: many\ndevices:\n{devices}")
    errors = errors_of(path)
    assert len(errors) == Reporter.LIMIT + 1
    assert errors[-1].code == "E-MANY-01"


def test_a_long_line_is_cut_around_the_error() -> None:
    line = "x" * 5000 + "wrong" + "y" * 5000
    error = BoardError("E-KEY-01", "no", Span(Path("b"), 1, 5001, 5), source=line)
    _, text, mark = str(error).splitlines()
    assert len(text) < 120
    assert text[mark.index("^") : mark.rindex("^") + 1] == "wrong"


def test_control_characters_of_a_board_never_reach_the_terminal(tmp_path: Path) -> None:
    with pytest.raises(BoardErrors) as caught:
        load_text('"\\e[2J\\a": 1\nx: "\\e[2J"\n', tmp_path)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", str(caught.value))
