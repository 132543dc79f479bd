"""ISA chips in Python on a machine: windows, DMA, lines to a native chip, alarms."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from machinebuilder import Board
from machinebuilder.machine import Machine

sys.path.insert(0, str(Path(__file__).parents[1] / "devicelib/floppy"))

from floppy_driver import (  # type: ignore[import-not-found]  # noqa: E402
    FROM_MEMORY,
    READ,
    TO_MEMORY,
    WRITE,
    Driver,
)

BOARD = """
board: isa
devices:
  ram:      {model: mem.ram,        at: 0, size: 1 MiB}
  pic:      {model: intc.i8259,     at: 0x20}
  dma:      {model: dma.i8237,      at: 0}
  floppy:   {model: floppy.i82078,  channel: 2, irq: pic.irq.6, host: floppy}
  keyboard: {model: input.i8042,    at: 0x60, kbd_irq: pic.irq.1, mouse_irq: pic.irq.12}
  rtc:      {model: rtc.mc146818,   at: 0x70, irq: pic.irq.8}
"""
PATTERN = random.Random(3).randbytes(1_474_560)
BUFFER = 0x1_2000
SECTOR = 512
KEY_A = 30


class Ports:
    """The machine, by port and address."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        for port, value in ((0x20, 0x11), (0x21, 8), (0x21, 4), (0x21, 1)):
            self.out(port, value)
        for port, value in ((0xA0, 0x11), (0xA1, 0x70), (0xA1, 2), (0xA1, 1)):
            self.out(port, value)

    def out(self, port: int, value: int) -> None:
        self.machine.bus("io").write(port, bytes((value,)))

    def inp(self, port: int) -> int:
        return self.machine.bus("io").read(port, 1)[0]

    def put(self, address: int, data: bytes) -> None:
        self.machine.memory.write(address, data)

    def get(self, address: int, size: int) -> bytes:
        return self.machine.memory.read(address, size)

    def requests(self) -> int:
        """What both interrupt controllers were asked for."""
        for port in (0x20, 0xA0):
            self.out(port, 0x0A)
        return self.inp(0x20) | self.inp(0xA0) << 8


@pytest.fixture
def ports(tmp_path: Path) -> Iterator[Ports]:
    board, image = tmp_path / "isa.yaml", tmp_path / "disk.ima"
    board.write_text(BOARD)
    image.write_bytes(PATTERN)
    with Board.load(board).build(disks=[str(image)]) as machine:
        machine.reset()
        yield Ports(machine)


def eventually(true: Callable[[], object]) -> bool:
    """Is it so within two seconds? Alarms need the machine to run."""
    end = time.monotonic() + 2
    while not true() and time.monotonic() < end:
        time.sleep(0.005)
    return bool(true())


def test_a_diskette_is_read_and_written_through_dma(ports: Ports) -> None:
    driver = Driver(ports)
    driver.start()
    driver.seek(1)
    driver.set_dma(TO_MEMORY, BUFFER, 3 * SECTOR)
    assert driver.sectors(READ, 1, 0, 2, 18)[:3] == [0, 0, 0]
    at = (36 + 1) * SECTOR
    assert ports.get(BUFFER, 3 * SECTOR) == PATTERN[at : at + 3 * SECTOR]
    driver.set_dma(FROM_MEMORY, BUFFER, SECTOR)
    assert driver.sectors(WRITE, 1, 0, 1, 18)[:3] == [0, 0, 0]
    driver.set_dma(TO_MEMORY, 0x8000, SECTOR)
    driver.sectors(READ, 1, 0, 1, 18)
    assert ports.get(0x8000, SECTOR) == PATTERN[at : at + SECTOR]


def test_the_end_of_a_command_is_an_interrupt_request(ports: Ports) -> None:
    driver = Driver(ports)
    driver.start()
    assert not ports.requests() & 1 << 6
    driver.command(15, 0, 3)
    assert ports.requests() & 1 << 6


def test_each_byte_of_a_key_is_a_request_of_its_own(ports: Ports) -> None:
    ports.machine.start()
    ports.out(0x64, 0x60)
    ports.out(0x60, 0x47)
    assert ports.machine.key(97, True)
    found = []
    for _ in range(2):
        assert eventually(lambda: ports.requests() & 2)
        found.append(ports.inp(0x60))
        assert not ports.requests() & 2 or found == [0xE0]
    assert found == [0xE0, 0x1D]


def test_a_mouse_moves(ports: Ports) -> None:
    ports.machine.start()
    ports.out(0x64, 0x60)
    ports.out(0x60, 0x47)
    ports.out(0x64, 0xD4)
    ports.out(0x60, 0xF4)
    assert ports.inp(0x60) == 0xFA
    assert ports.machine.pointer(4, 0)
    assert eventually(lambda: ports.requests() & 1 << 12)
    assert ports.inp(0x64) & 0x21 == 0x21


def test_the_clock_interrupts_while_the_machine_runs(ports: Ports) -> None:
    ports.machine.start()
    for index, value in ((0x0A, 0x26), (0x0B, 0x42)):
        ports.out(0x70, index)
        ports.out(0x71, value)
    for _ in range(3):
        assert eventually(lambda: ports.requests() & 1 << 8)
        ports.out(0x70, 0x0C)
        assert ports.inp(0x71) & 0xC0 == 0xC0
