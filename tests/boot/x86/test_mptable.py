# SPDX-License-Identifier: Apache-2.0
"""The MP table, as a kernel reads it (MultiProcessor Specification 1.4, chapter 4)."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from machinebuilder.board import load
from machinebuilder.boot.x86 import mptable
from tests.boot.x86.boards import RAM_ONLY, plan_of

BOARDS = Path(__file__).parents[3] / "boards"
SIZES = {0: 20, 1: 8, 2: 8, 3: 8, 4: 8}


def entries(table: bytes) -> list[bytes]:
    """What comes after the header."""
    found, at = [], 44
    while at < len(table):
        found.append(table[at : at + SIZES[table[at]]])
        at += SIZES[table[at]]
    return found


def of_kind(table: bytes, kind: int) -> list[bytes]:
    return [entry for entry in entries(table) if entry[0] == kind]


@pytest.fixture(params=["x86-micro", "x86-pc"])
def table(request) -> bytes:
    made = mptable.build(load(BOARDS / f"{request.param}.yaml", {"cpus": "3"}))
    assert made is not None
    return made


def test_all_of_it_adds_up(table: bytes) -> None:
    signature, length, revision = struct.unpack_from("<4sHB", table)
    assert (signature, length, revision) == (b"PCMP", len(table), 4)
    assert sum(table) & 0xFF == 0
    assert struct.unpack_from("<H", table, 34)[0] == len(entries(table))
    assert struct.unpack_from("<I", table, 36)[0] == 0xFEE0_0000


def test_the_pointer_adds_up_and_points() -> None:
    pointer = mptable.pointer(0xF_8000)
    assert len(pointer) == 16
    assert pointer[:4] == b"_MP_"
    assert struct.unpack_from("<I", pointer, 4)[0] == 0xF_8000
    assert sum(pointer) & 0xFF == 0


def test_there_is_each_processor_and_one_boots(table: bytes) -> None:
    assert [(row[1], row[3]) for row in of_kind(table, 0)] == [(0, 3), (1, 1), (2, 1)]


def test_the_io_apic_has_an_id_of_its_own(table: bytes) -> None:
    (row,) = of_kind(table, 2)
    assert struct.unpack("<BBBBI", row) == (2, 3, 0x20, 1, 0xFEC0_0000)


def test_the_timer_is_at_pin_2(table: bytes) -> None:
    pins = {row[5]: row[7] for row in of_kind(table, 3) if row[4] == 1}
    assert pins[0] == 2
    assert pins[4] == 4
    assert 2 not in pins
    assert len(pins) == 15


def test_pci_interrupts_are_levels_at_the_line_they_are_routed_to(
    tmp_path: Path,
) -> None:
    file = tmp_path / "board.yaml"
    file.write_text("extends: x86-pc\nboard: b\n")
    table = mptable.build(load(file))
    assert table is not None
    rows = [row for row in of_kind(table, 3) if row[4] == 0]
    assert rows
    for row in rows:
        assert struct.unpack_from("<H", row, 2)[0] == 0x0D
        assert row[5] >> 2 in range(1, 32)
        assert row[7] in (10, 11)


def test_without_interrupt_controllers_there_is_none(tmp_path: Path) -> None:
    assert mptable.build(plan_of(RAM_ONLY, tmp_path)) is None
