"""The VGA on a PCI bus of the engine: its windows, and the machine's screen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from vga_guest import SIZES, Guest, rgb

from machinebuilder import Board
from machinebuilder.fetch import seabios
from machinebuilder.machine import Machine

BOARD = """
board: screen
devices:
  host: {model: pci.i440fx, at: 0xcf8}
  vga:  {model: display.vga, bus: pci, slot: 2, rom: vga.bin}
"""
FRAME_BUFFER, REGISTERS, ROM = 0xE000_0000, 0xE100_0000, 0xE101_0000


class Bus:
    """Ports and memory of a machine, as CPUs reach them."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine

    def out(self, port: int, value: int, width: str = "b") -> None:
        name, start, region = self.place(port)
        self.machine.devices[name].write(port - start, value, SIZES[width], region)

    def inp(self, port: int, width: str = "b") -> int:
        name, start, region = self.place(port)
        return self.machine.devices[name].read(port - start, SIZES[width], region)

    def place(self, port: int) -> tuple[str, int, str]:
        """Whose port it is: the bus itself is accessed in bytes."""
        if port >= 0xCF8:
            return "host", 0xCF8, ""
        return ("vga", 0x3B0, "ports") if port >= 0x3B0 else ("vga", 0x1CE, "extension")

    def write(self, address: int, data: bytes) -> None:
        self.machine.memory.write(address, data)

    def read(self, address: int, size: int) -> bytes:
        return self.machine.memory.read(address, size)

    def config(self, offset: int, value: int | None = None) -> int:
        self.out(0xCF8, 0x8000_1000 | offset, "l")
        if value is not None:
            self.out(0xCFC, value, "l")
        return self.inp(0xCFC, "l")


@pytest.fixture
def bus(tmp_path: Path) -> Iterator[Bus]:
    board = tmp_path / "screen.yaml"
    board.write_text(BOARD)
    (tmp_path / "vga.bin").write_bytes(b"\x55\xaa" + bytes(510))
    with Board.load(board).build() as machine:
        yield Bus(machine)


def test_it_is_found_as_a_display_with_its_bars(bus: Bus) -> None:
    assert bus.config(0x00) == 0x1111_1234
    assert bus.config(0x08) >> 8 == 0x03_00_00
    for offset, size in ((0x10, 16 << 20), (0x18, 0x1000), (0x30, 0x1_0000)):
        found = bus.config(offset, 0xFFFF_FFFF) & ~0xF
        assert -found & 0xFFFF_FFFF == size
    assert bus.config(0x10) & 0xF == 8  # prefetchable


def test_firmware_finds_the_rom(bus: Bus) -> None:
    bus.config(0x04, 2)
    bus.config(0x30, ROM | 1)
    assert bus.read(ROM, 2) == b"\x55\xaa"


def test_a_driver_draws_in_the_frame_buffer(bus: Bus) -> None:
    bus.config(0x10, FRAME_BUFFER)
    bus.config(0x18, REGISTERS)
    bus.config(0x04, 2)
    guest = Guest(bus)
    for index, value in ((4, 0), (3, 32), (1, 640), (2, 480), (4, 0x41)):
        bus.machine.devices["vga"].write(0x500 + 2 * index, value, 2, "registers")
    bus.write(REGISTERS + 0x400, b"\x20")
    assert guest.read_vbe(1) == 640
    assert bus.read(REGISTERS + 0x502, 1) == b"\x80"
    bus.write(FRAME_BUFFER + 4 * 639, b"\1\2\3\0")
    picture = bus.machine.devices["vga"].picture()
    assert picture is not None
    assert (picture.width, picture.height) == (640, 480)
    assert picture.pixels[3 * 639 : 3 * 640] == b"\3\2\1"


def test_firmware_writes_text_through_the_legacy_window(bus: Bus) -> None:
    guest = Guest(bus)
    guest.set("text")
    guest.font({"A": bytes([0x80] * 16)})
    guest.text(0, "A", 0x02)
    assert bus.read(0xB_8000, 2) == b"A\x02"
    assert bus.machine.bus("io").read(0x3CC, 1) == b"\x67"
    assert bus.machine.screens == ["vga"]
    picture = bus.machine.devices["vga"].picture()
    assert picture is not None
    assert tuple(picture.pixels[:6]) == (*rgb(2), *rgb(0))
    assert bus.machine.screenshot()[:4] == b"\x89PNG"


def test_without_a_rom_on_the_board_it_is_the_one_of_the_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    board = tmp_path / "screen.yaml"
    board.write_text(BOARD.replace(", rom: vga.bin", ""))
    image = tmp_path / "fetched.bin"
    image.write_bytes(b"\x55\xaa host")
    for found, wanted in ((image, b"\x55\xaa host"), (None, bytes(7))):
        monkeypatch.setattr(seabios, "installed", lambda name, found=found: found)
        with Board.load(board).build() as machine:
            bus = Bus(machine)
            bus.config(0x04, 2)
            bus.config(0x30, ROM | 1)
            assert bus.read(ROM, 7) == wanted
    assert "vga: no video BIOS: mb fetch seabios gets one" in capsys.readouterr().err
