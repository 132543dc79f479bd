"""A PC's bridge with some functions, on the real engine and without a CPU."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from machinebuilder import Board
from machinebuilder.machine import Machine

BOARD = """
board: bridge
devices:
  low:    {model: mem.ram, at: 0x0, size: 640 KiB}
  ram:    {model: mem.ram, at: 0x10_0000, size: 1 MiB}
  bios:   {model: mem.rom, at: 0x000e_0000, size: 128 KiB}
  pic:    {model: intc.i8259, at: 0x20}
  bridge: {model: pci.i440fx, at: 0xcf8, pirq: isa.pirq.0-3}
  isa:    {model: isa.piix3, slot: 1, pic: pic.irq.0-15}
  pm:     {model: power.piix4, slot: 1, function: 3, irq: isa.irq.9}
  vga:    {model: display.vga, slot: 2}
  net:    {model: virtio.pci, slot: 3}
  rng:    {model: virtio.rng, bus: net}
"""


class Pci:
    """The bridge, as software on the CPU reaches it."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.ports = machine.bus("io")

    def out(self, port: int, value: int, size: int = 4) -> None:
        device, offset = self._window(port)
        device.write(offset, value, size, self._region(port))

    def in_(self, port: int, size: int = 4) -> int:
        device, offset = self._window(port)
        return device.read(offset, size, self._region(port))

    def read(self, slot: int, function: int, offset: int, size: int = 4) -> int:
        """Configuration space, by mechanism 1."""
        self.out(0xCF8, 1 << 31 | slot << 11 | function << 8 | offset & 0xFC)
        return self.in_(0xCFC + (offset & 3), size)

    def write(
        self, slot: int, function: int, offset: int, value: int, size: int = 4
    ) -> None:
        self.out(0xCF8, 1 << 31 | slot << 11 | function << 8 | offset & 0xFC)
        self.out(0xCFC + (offset & 3), value, size)

    def _place(self, port: int) -> tuple[str, str, int]:
        for device in self.machine.plan.devices:
            for place in device.places:
                start = place.address
                if place.bus == "io" and start <= port < start + place.size:
                    return device.name, place.region, start
        raise LookupError(f"nothing is at port {port:#x}")

    def _window(self, port: int) -> tuple[object, int]:
        name, _, start = self._place(port)
        return self.machine.devices[name], port - start

    def _region(self, port: int) -> str:
        return self._place(port)[1]


@pytest.fixture
def build(tmp_path: Path) -> Iterator[Callable[[str], Machine]]:
    """Makes machines of boards given as text."""
    with ExitStack() as stack:

        def make(text: str) -> Machine:
            file = tmp_path / "board.yaml"
            file.write_text(text)
            return stack.enter_context(Board.load(file).build(net="none"))

        yield make


@pytest.fixture
def pci(build: Callable[[str], Machine]) -> Pci:
    """The board above."""
    return Pci(build(BOARD))
