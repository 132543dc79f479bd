"""A driver for ESP on the bench: commands by DMA or through the FIFO, as the data sheet
tells drivers to do it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from devicelib.dma.sparc import SparcDma
from devicelib.scsi.disk import ScsiDisk
from devicelib.scsi.esp import Esp

ENABLE, TO_MEMORY = 0x200, 0x100
COMMANDS_AT, DATA_AT = 0x1000, 0x2000


class Bench:
    """DMA, ESP and targets, wired as on a SPARCstation."""

    def __init__(self, bench: Any) -> None:
        self.bench = bench
        self.dma = bench.attach(SparcDma)
        self.esp = bench.attach(Esp, on=(self.dma, "scsi", "esp"))
        self.unit: Any = None

    def put(self, chip: type[Any], target: int, image: Path, **params: Any) -> Any:
        """A target with an image."""
        place = (self.esp, "scsi", target)
        self.unit = self.bench.attach(chip, on=place, image=str(image), **params)
        return self.unit

    def set_count(self, size: int) -> None:
        """The transfer counter's start."""
        self.esp.count_low = size & 0xFF
        self.esp.count_middle = size >> 8

    def transfer(self, code: int, address: int, size: int, to_memory: bool) -> None:
        """A command with DMA."""
        self.dma.at("control", 0, ENABLE | (TO_MEMORY if to_memory else 0))
        self.dma.at("address", 0, address)
        self.set_count(size)
        self.esp.command = code | 0x80

    def select(self, target: int, command: bytes, unit: int = 0) -> int:
        """Select with ATN by DMA; gives the interrupt's causes."""
        words = bytes([0x80 | unit]) + command
        self.bench.memory[COMMANDS_AT : COMMANDS_AT + len(words)] = words
        self.esp.status = target
        self.transfer(0x42, COMMANDS_AT, len(words), to_memory=False)
        return int(self.esp.interrupt)

    @property
    def phase(self) -> int:
        """The phase bits of the status register."""
        return int(self.esp.status) & 7

    def run(self, target: int, command: bytes, out: bytes = b"") -> tuple[int, bytes]:
        """A whole command: status, and what the target sent."""
        assert self.select(target, command) == 0x18
        data = b""
        memory = self.bench.memory
        if self.phase == 1:
            self.transfer(0x10, DATA_AT, 0x8000, to_memory=True)
            data = bytes(memory[DATA_AT : self.dma.at("address", 0)])
            assert self.esp.interrupt == 0x10
        elif self.phase == 0:
            memory[DATA_AT : DATA_AT + len(out)] = out
            self.transfer(0x10, DATA_AT, len(out), to_memory=False)
            assert self.esp.interrupt == 0x10
        return self.finish(), data

    def finish(self) -> int:
        """Status and message, and the bus is free."""
        assert self.phase == 3
        self.esp.command = 0x11
        assert self.esp.interrupt == 0x08
        status, message = self.esp.fifo, self.esp.fifo
        assert (message, self.phase) == (0, 7)
        self.esp.command = 0x12
        assert self.esp.interrupt == 0x20
        return int(status)

    def ready(self, target: int) -> None:
        """Take the unit attention that follows a reset."""
        assert self.run(target, bytes(6))[0] == 2
        assert self.run(target, bytes(6))[0] == 0


def disk(bench: Any, image: Path, size: int = 1 << 16, **params: Any) -> Bench:
    """A bus with one disk, whose bytes count up."""
    image.write_bytes(bytes(range(256)) * (size // 256))
    made = Bench(bench)
    made.put(ScsiDisk, 0, image, **params)
    made.ready(0)
    return made
