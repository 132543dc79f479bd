# SPDX-License-Identifier: Apache-2.0
"""PCI as a BIOS leaves it, on the library's own bridges."""

from __future__ import annotations

import pytest

from machinebuilder.boot import Images
from machinebuilder.boot.x86 import pci_setup
from machinebuilder.boot.x86.pci_setup import Function
from machinebuilder.boot.x86.ports import Ports
from machinebuilder.machine.build import build
from tests.boot.x86.boards import BRIDGES, plan_of

CARDS = """  pic:   {model: intc.i8259, bus: io, at: 0x20}
  vga:   {model: display.vga, bus: pci, slot: 2}
  card:  {model: virtio.pci, bus: pci, slot: 3, count: 2}
  rng:   {model: virtio.rng, bus: card.0}
  rng2:  {model: virtio.rng, bus: card.1}
"""
PIIX, IDE, PM, VGA, CARD0, CARD1 = (1, 0), (1, 1), (1, 3), (2, 0), (3, 0), (4, 0)
HOLE = range(128 << 20, 0xFFFC_0000)


@pytest.fixture
def functions(tmp_path):
    """The functions of a board, by slot and number, after the set-up."""
    machine = build(plan_of(BRIDGES + CARDS, tmp_path), Images())
    pci_setup.set_up(machine)
    ports = Ports(machine)
    yield {(f.slot, f.number): f for f in pci_setup.scan(ports)}, ports
    machine.close()


def windows(function: Function) -> list[range]:
    """The windows that a function decodes in memory."""
    function.bars.clear()
    function.find_bars()
    found = []
    for bar in function.bars:
        if not bar.io:
            start = function.read(bar.offset, 4) & ~15
            found.append(range(start, start + bar.size))
    return found


def test_every_function_is_found(functions):
    assert set(functions[0]) >= {(0, 0), PIIX, IDE, PM, VGA, CARD0, CARD1}


def test_windows_are_in_the_hole_aligned_and_apart(functions):
    found = [window for f in functions[0].values() for window in windows(f)]
    assert len(found) >= 4
    for window in found:
        assert window.start in HOLE
        assert window.stop <= HOLE.stop
        assert window.start % len(window) == 0
    found.sort(key=lambda window: window.start)
    assert all(a.stop <= b.start for a, b in zip(found, found[1:], strict=False))


def test_windows_answer_where_they_were_placed(functions):
    by_place, _ = functions
    assert by_place[IDE].read(0x20, 4) & 1
    assert by_place[IDE].read(0x20, 4) & ~3 in pci_setup.IO_WINDOWS
    assert by_place[IDE].read(0x04, 2) & 5 == 5
    assert by_place[VGA].read(0x04, 2) & 7 == 7


def test_pins_are_routed_to_levels_and_functions_know_theirs(functions):
    by_place, ports = functions
    assert [by_place[PIIX].read(0x60 + pin, 1) for pin in range(4)] == [10, 10, 11, 11]
    assert by_place[CARD0].read(0x3C, 1) == 11
    assert by_place[CARD1].read(0x3C, 1) == 11
    assert ports.read(0x4D1) & 0x0C == 0x08


def test_what_a_chip_declares_is_written(functions):
    by_place, _ = functions
    assert by_place[PM].read(0x40, 4) == 0x601
    assert by_place[PM].read(0x80, 1) == 1
    assert by_place[IDE].read(0x40, 2) == 0x8000


def test_a_board_without_pci_is_left_alone(tmp_path):
    machine = build(plan_of("board: none\ndevices: {}\n", tmp_path), Images())
    pci_setup.set_up(machine)
    machine.close()
