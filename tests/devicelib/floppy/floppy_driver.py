"""A driver for the floppy controller, as a PC's firmware has: ports, commands, DMA."""

from __future__ import annotations

from typing import Any

from devicelib.dma.i8237 import I8237
from devicelib.floppy.i82078 import I82078

DOR, MSR, FIFO, DIR = 0x3F2, 0x3F4, 0x3F5, 0x3F7
RUNNING = 0x1C
"""DOR: motor A, DMA gate, not in reset."""
READ, WRITE, FORMAT, READ_ID = 0xE6, 0xC5, 0x4D, 0x4A
TO_MEMORY, FROM_MEMORY = 0x46, 0x4A
"""DMA modes of channel 2."""


class Board:
    """The controller on channel 2, by port."""

    def __init__(self, bench: Any, **params: Any) -> None:
        self.bench = bench
        self.dma = bench.attach(I8237)
        self.fdc = bench.attach(I82078, on=(self.dma, "isa", 2), **params)

    @property
    def memory(self) -> bytearray:
        memory: bytearray = self.bench.memory
        return memory

    def _place(self, port: int) -> tuple[Any, str, int]:
        if port < 0x10:
            return self.dma, "low", port
        if port < 0x90:
            return self.dma, "pages", port - 0x81
        if port == DIR:
            return self.fdc, "change", 0
        return self.fdc, "registers", port - 0x3F0

    def out(self, port: int, value: int) -> None:
        chip, region, offset = self._place(port)
        chip.write(offset, value, 1, region)

    def inp(self, port: int) -> int:
        chip, region, offset = self._place(port)
        return int(chip.read(offset, 1, region))

    def put(self, address: int, data: bytes) -> None:
        self.memory[address : address + len(data)] = data

    def get(self, address: int, size: int) -> bytes:
        return bytes(self.memory[address : address + size])

    @property
    def irq(self) -> bool:
        return bool(self.fdc.irq)


class Driver:
    """What firmware does; `board` may be ours or QEMU's."""

    def __init__(self, board: Any) -> None:
        self.board = board

    def command(self, *data: int) -> None:
        for byte in data:
            self.board.out(FIFO, byte)

    def result(self) -> list[int]:
        """What the controller says, while it has something to say."""
        found: list[int] = []
        while self.board.inp(MSR) & 0xC0 == 0xC0 and len(found) < 16:
            found.append(self.board.inp(FIFO))
        return found

    def ask(self, *data: int) -> list[int]:
        self.command(*data)
        return self.result()

    def start(self, rate: int = 0) -> None:
        """Come out of reset, and into a known state."""
        self.board.out(DOR, RUNNING)
        for _ in range(4):
            self.ask(8)
        self.command(3, 0xAF, 0x02)
        self.board.out(DIR, rate)
        self.ask(7, 0)
        self.ask(8)

    def seek(self, cylinder: int, head: int = 0) -> list[int]:
        self.command(15, head << 2, cylinder)
        return self.ask(8)

    def set_dma(self, mode: int, address: int, count: int) -> None:
        board = self.board
        board.out(0x0A, 6)
        board.out(0x0B, mode)
        board.out(0x0C, 0)
        for port, value in ((4, address & 0xFFFF), (5, count - 1)):
            board.out(port, value & 0xFF)
            board.out(port, value >> 8)
        board.out(0x81, address >> 16)
        board.out(0x0A, 2)

    def sectors(
        self, command: int, cylinder: int, head: int, sector: int, last: int
    ) -> list[int]:
        """A command that moves sectors; its result."""
        place = (cylinder, head, sector, 2, last, 0x1B, 0xFF)
        return self.ask(command, head << 2, *place)
