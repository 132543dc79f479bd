"""A driver for IDE channels on the bench, written from the specifications alone."""

from __future__ import annotations

import struct
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from native_bench import RAM, Chip, peek, poke

COMMAND0, CONTROL0, COMMAND1, CONTROL1, BUSMASTER, CONFIG = range(6)
DATA, ERROR, COUNT, LOW, MID, HIGH, DEVICE, STATUS = range(8)
ERR, DRQ, DSC, DF, DRDY, BSY = 0x01, 0x08, 0x10, 0x20, 0x40, 0x80
ABRT, IDNF, UNC = 0x04, 0x10, 0x40
READY = DRDY | DSC
START, TO_MEMORY = 1, 8
ACTIVE, FAILED, INTERRUPT = 1, 2, 4
LAST = 0x8000_0000
TABLE = RAM + 0x10_0000
BUFFER = RAM + 0x20_0000

Regions = Sequence[tuple[int, int]]
"""Address and size of the pieces of memory of a DMA transfer."""


class Registers:
    """One channel's registers, on whatever answers to them."""

    def read(self, number: int, size: int = 1) -> int:
        raise NotImplementedError

    def write(self, number: int, value: int, size: int = 1) -> None:
        raise NotImplementedError

    def alternate(self) -> int:
        raise NotImplementedError

    def control(self, value: int) -> None:
        raise NotImplementedError

    def master_read(self, offset: int, size: int = 1) -> int:
        raise NotImplementedError

    def master_write(self, offset: int, value: int, size: int = 1) -> None:
        raise NotImplementedError

    def poke(self, address: int, data: bytes) -> None:
        raise NotImplementedError

    def peek(self, address: int, size: int) -> bytes:
        raise NotImplementedError

    # -- the protocols of ATA/ATAPI-6, clause 9

    table, buffer = TABLE, BUFFER

    def wait(self, seconds: float = 5.0, mask: int = BSY) -> int:
        """Until it is not busy; the status, without acknowledging the interrupt."""
        deadline = time.monotonic() + seconds
        while (status := self.alternate()) & mask:
            assert time.monotonic() < deadline, "busy for ever"
            time.sleep(0.0002)
        return status

    def select(self, unit: int = 0, extra: int = 0) -> None:
        self.write(DEVICE, 0xA0 | unit << 4 | extra)

    def files(self, *values: int) -> None:
        """Count, low, mid, high."""
        for number, value in enumerate(values, COUNT):
            self.write(number, value)

    def address(
        self, sector: int, count: int, unit: int = 0, wide: bool = False
    ) -> None:
        """Sector and count, of 28 or 48 bits."""
        if wide:
            self.select(unit, 0x40)
            self.files(count >> 8 & 0xFF, *(sector >> s & 0xFF for s in (24, 32, 40)))
        else:
            self.select(unit, 0x40 | sector >> 24)
        self.files(count & 0xFF, *(sector >> s & 0xFF for s in (0, 8, 16)))

    def command(self, code: int) -> int:
        """A command without data; its status."""
        self.write(STATUS, code)
        self.wait()
        return self.read(STATUS)

    def words_in(self, size: int) -> bytes:
        return b"".join(
            struct.pack("<H", self.read(DATA, 2)) for _ in range((size + 1) // 2)
        )[:size]

    def words_out(self, data: bytes) -> None:
        for (word,) in struct.iter_unpack("<H", data):
            self.write(DATA, word, 2)

    def pio_in(self, code: int, size: int, block: int = 512) -> tuple[int, bytes]:
        """The last status, and the data of the blocks that came."""
        self.write(STATUS, code)
        data = b""
        while True:
            self.wait()
            status = self.read(STATUS)
            if not status & DRQ or len(data) >= size:
                return status, data
            data += self.words_in(min(block, size - len(data)))

    def pio_out(self, code: int, data: bytes, block: int = 512) -> int:
        self.write(STATUS, code)
        done = 0
        while True:
            self.wait()
            status = self.read(STATUS)
            if not status & DRQ:
                return status
            self.words_out(data[done : done + block])
            done += block

    def prds(self, regions: Regions, last: bool = True) -> None:
        """The table of physical regions."""
        entries = [
            struct.pack("<II", address, size & 0xFFFF) for address, size in regions
        ]
        if last:
            address, size = regions[-1]
            entries[-1] = struct.pack("<II", address, (size & 0xFFFF) | LAST)
        self.poke(self.table, b"".join(entries))
        self.master_write(4, self.table, 4)

    def dma(self, code: int, to_memory: bool, seconds: float = 5.0) -> tuple[int, int]:
        """A transfer with the table: status of the drive and of the bus master."""
        direction = TO_MEMORY if to_memory else 0
        self.master_write(2, FAILED | INTERRUPT)
        self.master_write(0, direction)
        self.write(STATUS, code)
        self.master_write(0, direction | START)
        self.wait(seconds, BSY | DRQ)
        found = self.master_read(2)
        self.master_write(0, direction)
        return self.read(STATUS), found

    def dma_in(self, code: int, size: int) -> tuple[int, int, bytes]:
        self.prds([(self.buffer, size)])
        status, master = self.dma(code, to_memory=True)
        return status, master, self.peek(self.buffer, size)

    def dma_out(self, code: int, data: bytes) -> tuple[int, int]:
        self.poke(self.buffer, data)
        self.prds([(self.buffer, len(data))])
        return self.dma(code, to_memory=False)

    def identify(self, code: int = 0xEC, unit: int = 0) -> tuple[int, ...]:
        """The 256 words."""
        self.select(unit)
        status, data = self.pio_in(code, 512)
        assert (status, len(data)) == (READY, 512)
        return struct.unpack("<256H", data)

    def packet(
        self, packet: bytes, limit: int = 0xFFFE, unit: int = 0, by_dma: bool = False
    ) -> None:
        """Give the drive a packet command."""
        self.select(unit)
        self.write(ERROR, int(by_dma))
        self.files(0, 0, limit & 0xFF, limit >> 8)
        self.write(STATUS, 0xA0)
        assert self.wait() & DRQ
        assert self.read(COUNT) & 3 == 1
        self.words_out(packet.ljust(12, b"\0"))

    def packet_in(
        self, packet: bytes, limit: int = 0xFFFE, unit: int = 0
    ) -> tuple[int, bytes]:
        """A packet command to its end: status and data."""
        self.packet(packet, limit, unit)
        data = b""
        while True:
            self.wait()
            status = self.read(STATUS)
            if not status & DRQ:
                assert self.read(COUNT) & 3 == 3
                return status, data
            assert self.read(COUNT) & 3 == 2
            data += self.words_in(self.read(MID) | self.read(HIGH) << 8)

    def soft_reset(self) -> None:
        self.control(4)
        self.control(0)
        self.wait()


class Channel(Registers):
    """A channel of a controller on the bench."""

    def __init__(self, ide: Ide, number: int) -> None:
        self.chip, self.number = ide.chip, number

    def read(self, number: int, size: int = 1) -> int:
        return self.chip.read(2 * self.number, number, size)

    def write(self, number: int, value: int, size: int = 1) -> None:
        self.chip.write(2 * self.number, number, value, size)

    def alternate(self) -> int:
        return self.chip.read(2 * self.number + 1, 0, 1)

    def control(self, value: int) -> None:
        self.chip.write(2 * self.number + 1, 0, value, 1)

    def master_read(self, offset: int, size: int = 1) -> int:
        return self.chip.read(BUSMASTER, 8 * self.number + offset, size)

    def master_write(self, offset: int, value: int, size: int = 1) -> None:
        self.chip.write(BUSMASTER, 8 * self.number + offset, value, size)

    def poke(self, address: int, data: bytes) -> None:
        poke(address, data)

    def peek(self, address: int, size: int) -> bytes:
        return peek(address, size)

    def line(self, wanted: int = 1, ms: int = 2000) -> int:
        """Wait for a level of the interrupt line."""
        return self.chip.level(0, self.number, wanted, ms)


class Ide:
    """A controller with drives: by place, their image and parameters; enabled."""

    def __init__(self, disks: dict[int, Path | str], discs: dict[int, Path | str],
                 **params: Any) -> None:  # fmt: skip
        self.chip = Chip("ide.piix3")
        self.drives = [
            Chip("ata.disk", self.chip, slot=slot, image=image, **params)
            for slot, image in disks.items()
        ]
        self.drives += [
            Chip("ata.cdrom", self.chip, slot=slot, image=image, readonly=1)
            for slot, image in discs.items()
        ]
        self.chip.reset()
        self.enable()
        self.primary, self.secondary = Channel(self, 0), Channel(self, 1)

    def enable(self) -> None:
        """What firmware does after power-on."""
        self.chip.write(CONFIG, 0x40, 0x8000_8000, 4)

    def save(self) -> list[bytes]:
        """A snapshot of the controller and its drives."""
        return [chip.save() for chip in (self.chip, *self.drives)]

    def restore(self, saved: list[bytes]) -> bool:
        chips = (self.chip, *self.drives)
        return all(c.restore(data) for c, data in zip(chips, saved, strict=True))

    def close(self) -> None:
        for drive in reversed(self.drives):
            drive.close()
        self.chip.close()
