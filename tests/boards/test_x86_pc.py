"""The PC's board: what is wrong with a variant of it is told, and its map shows all."""

from __future__ import annotations

from pathlib import Path

import pytest

from machinebuilder.board import BoardErrors, load
from machinebuilder.board.describe import describe

VARIANT = """
extends: x86-pc
board: variant
devices:
  card: {card}
"""

MISTAKES = {
    "two cards in a slot": (
        "{model: virtio.pci, slot: 2}",
        "E-BUS-05: card and vga are both at bridge.bus slot 2, function 0",
    ),
    "a slot that is not there": (
        "{model: virtio.pci, slot: 40}",
        "E-BUS-06: bridge.bus has no slot 40",
    ),
    "ports that overlap": (
        "{model: uart.ns16550, bus: io, at: 0x3fc}",
        "E-MAP-01: card lies over com1",
    ),
    "ports of a function's own that overlap": (
        "{model: uart.ns16550, bus: io, at: 0x1f4}",
        "E-MAP-01: card lies over ide.command0",
    ),
    "an edge-triggered line with two drivers": (
        "{model: uart.ns16550, bus: io, at: 0x3e8, irq: isa.irq.4}",
        "E-IRQ-05: isa.irq.4 has two drivers",
    ),
    "ports that are not there": (
        "{model: uart.ns16550, bus: io, at: 0x10000}",
        "E-MAP-02: card does not fit on io",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told(mistake: str, tmp_path: Path) -> None:
    card, message = MISTAKES[mistake]
    file = tmp_path / "variant.yaml"
    file.write_text(VARIANT.replace("{card}", card))
    with pytest.raises(BoardErrors) as caught:
        load(file)
    assert message in str(caught.value)


def test_pci_cards_share_their_lines(tmp_path: Path) -> None:
    file = tmp_path / "variant.yaml"
    file.write_text(VARIANT.replace("{card}", "{model: virtio.pci, slot: 12}"))
    load(file)


@pytest.mark.parametrize(
    "shown",
    [
        "00000cf8-00000cff",
        "000003f8-000003ff",
        "000a0000-000fffff",
        "slot 1 function 1",
        "ide.irq -> isa.irq.14",
        "pic.intr -> lapic.lint0",
    ],
)
def test_the_map_shows_ports_slots_and_lines(shown: str) -> None:
    text = describe(load(Path("boards/x86-pc.yaml")))
    assert shown in " ".join(text.split())


def test_memory_over_3_gib_goes_on_at_4_gib() -> None:
    plan = load(Path("boards/x86-pc.yaml"), {"ram": "5 GiB"})
    places = {d.name: d.places[0] for d in plan.devices if d.model == "mem.ram"}
    assert places["ram"].address + places["ram"].size == 3 << 30
    assert places["high.0"].address == 4 << 30
    assert places["high.0"].size == 2 << 30
