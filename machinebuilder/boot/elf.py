"""ELF images: the loadable segments of an executable, with bounds checked.

System V ABI, gABI chapter 5. Omitted: relocation, dynamic linking, notes.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

MAGIC = b"\x7fELF"
PT_LOAD = 1


class ElfError(ValueError):
    """The file says it is ELF, but cannot be read as such; the text says why."""


@dataclass(frozen=True)
class Segment:
    """Bytes for physical `address`, then zeros up to `size`."""

    address: int
    data: bytes
    size: int
    virtual: int


@dataclass(frozen=True)
class Elf:
    """An executable: `machine` is e_machine, `entry` a virtual address."""

    machine: int
    bits: int
    big_endian: bool
    entry: int
    segments: tuple[Segment, ...]

    @property
    def physical_entry(self) -> int:
        """The entry as a physical address, through the segment it lies in."""
        for segment in self.segments:
            if segment.virtual <= self.entry < segment.virtual + segment.size:
                return self.entry - segment.virtual + segment.address
        return self.entry


def is_elf(image: bytes) -> bool:
    """Does the file begin as an ELF file does?"""
    return image[:4] == MAGIC


def parse(image: bytes) -> Elf:
    """Read an executable's header and segments; ElfError when it is malformed."""
    try:
        return _parse(image)
    except struct.error:
        raise ElfError("the file ends inside its headers") from None


def _parse(image: bytes) -> Elf:
    if not is_elf(image) or len(image) < 20:
        raise ElfError("not an ELF file")
    wide, big = image[4] == 2, image[5] == 2
    order = ">" if big else "<"
    header = struct.unpack_from(
        order + ("HHIQQQIHHH" if wide else "HHIIIIIHHH"), image, 16
    )
    _, machine, _, entry, table, _, _, _, entry_size, count = header
    rows = (_segment(image, order, wide, table + i * entry_size) for i in range(count))
    segments = tuple(row for row in rows if row is not None)
    if not segments:
        raise ElfError("it has nothing to load: is it an object file?")
    return Elf(machine, 64 if wide else 32, big, entry, segments)


def _segment(image: bytes, order: str, wide: bool, at: int) -> Segment | None:
    if wide:
        kind, _, offset, virtual, address, in_file, size = struct.unpack_from(
            order + "IIQQQQQ", image, at
        )
    else:
        kind, offset, virtual, address, in_file, size = struct.unpack_from(
            order + "IIIIII", image, at
        )
    if kind != PT_LOAD or size == 0:
        return None
    if offset + in_file > len(image) or in_file > size:
        raise ElfError("a segment reaches past the end of the file: is it cut short?")
    return Segment(address, image[offset : offset + in_file], size, virtual)
