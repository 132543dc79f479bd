# SPDX-License-Identifier: Apache-2.0
"""Places in a PC's RAM for what is loaded: pieces with their addresses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from machinebuilder.boot import BootError, elf
from machinebuilder.boot.x86.memory_map import MIB, Range

PAGE = 0x1000

TABLES = 0x1000
"""Descriptor table and page tables of a processor that starts without firmware."""
INFO, INFO_SIZE = 0x1_0000, 0x1_0000
"""What the kernel is told: boot parameters, start information, the memory map."""
COMMAND_LINE, COMMAND_LINE_SIZE = 0x2_0000, 0x1_0000
EXTENDED = MIB


@dataclass(frozen=True)
class Piece:
    """Bytes for an address."""

    address: int
    data: bytes


class Room:
    """Usable memory, with the pieces that are in it already."""

    def __init__(self, ranges: Sequence[Range], reserve: int) -> None:
        """`reserve` bytes at the end of low memory are firmware's or the tables'."""
        self.ranges = ranges
        self.reserve = reserve
        self.pieces: list[Piece] = []
        self._taken: list[Range] = []

    def put(self, address: int, data: bytes, what: str, size: int = 0) -> None:
        """A piece at a fixed place, where `size` bytes are in use later."""
        self._take(Range(address, max(size, len(data))), what)
        self.pieces.append(Piece(address, data))

    def put_zeroed(self, address: int, data: bytes, what: str, size: int) -> None:
        """A piece of `size` bytes: the data, and zeros behind it."""
        self._take(Range(address, max(size, len(data))), what)
        self.pieces.append(Piece(address, data.ljust(size, b"\0")))

    def _take(self, wanted: Range, what: str) -> None:
        if not self._inside(wanted):
            raise BootError(
                f"{what}: {wanted.size} bytes at {wanted.start:#x} are outside the "
                "board's RAM; `mb map` shows it, -o ram=... gives more"
            )
        self._taken.append(wanted)

    def put_highest(self, data: bytes, below: int, what: str) -> int:
        """A piece as high in extended memory as possible; gives its address."""
        size = max(len(data), 1)
        found = max(self._gaps(size, below), default=None)
        if found is None:
            raise BootError(
                f"{what}: no room for {len(data)} bytes in the board's RAM below "
                f"{below:#x}; give it more (-o ram=...)"
            )
        self.put(found, data, what)
        return found

    def fits(self, address: int, size: int) -> bool:
        """Is there RAM that nothing is in yet?"""
        wanted = Range(address, size)
        free = not any(_meet(wanted, taken) for taken in self._taken)
        return free and self._inside(wanted)

    def _inside(self, wanted: Range) -> bool:
        return any(r.start <= wanted.start and wanted.end <= r.end for r in self.ranges)

    def _gaps(self, size: int, below: int) -> list[int]:
        """Page-aligned addresses: just below each limit that there is."""
        ends = [min(r.end, below) for r in self.ranges if r.start >= EXTENDED]
        ends = [self._unreserved(end) for end in ends]
        ends += [taken.start for taken in self._taken if taken.start <= below]
        places = ((end - size) // PAGE * PAGE for end in ends)
        return [at for at in places if at >= EXTENDED and self.fits(at, size)]

    def _unreserved(self, end: int) -> int:
        low = max((r.end for r in self.ranges if r.end <= 1 << 32), default=0)
        return min(end, low - self.reserve) if end <= low else end

    def put_segments(self, image: elf.Elf, what: str) -> None:
        """The segments of an executable, at their physical addresses."""
        for segment in image.segments:
            self.put_zeroed(segment.address, segment.data, what, segment.size)


def _meet(one: Range, other: Range) -> bool:
    return one.start < other.end and other.start < one.end


@dataclass(frozen=True)
class Request:
    """What is to be started, and what it is to be told."""

    path: Path
    kernel: bytes
    line: bytes
    """The command line, without the zero at its end."""
    modules: tuple[tuple[bytes, bytes], ...]
    """Initial RAM disk, or modules: content and text for each."""
    ranges: tuple[Range, ...]
    """The memory map that the kernel is told."""
    rsdp: int = 0
    """The address of the ACPI tables' root; 0: there is none, or firmware has it."""
    root: bytes = b""
    """The root itself."""
    firmware: bool = False
    """Firmware runs first: it says what memory there is, and where the RSDP."""

    @property
    def what(self) -> str:
        """How errors name it."""
        return f"kernel {self.path}"

    def line_within(self, limit: int) -> bytes:
        """The command line with its zero; BootError if it is too long."""
        if len(self.line) > limit:
            raise BootError(
                f"--append: {len(self.line)} bytes are too long; {self.what} takes "
                f"{limit}"
            )
        return self.line + b"\0"
