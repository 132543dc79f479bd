"""ELF images: the loadable segments and notes of an executable, with bounds checked.

System V ABI, gABI chapter 5. Omitted: relocation, dynamic linking, sections.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

MAGIC = b"\x7fELF"
PT_LOAD, PT_NOTE = 1, 4


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
class Note:
    """A note: who defines its `kind`, and its content."""

    owner: bytes
    kind: int
    data: bytes


@dataclass(frozen=True)
class Elf:
    """An executable: `machine` is e_machine, `entry` a virtual address."""

    machine: int
    bits: int
    big_endian: bool
    entry: int
    segments: tuple[Segment, ...]
    notes: tuple[Note, ...] = ()

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
    headers = [
        _header(image, order, wide, table + i * entry_size) for i in range(count)
    ]
    loads = (row for row in headers if row.kind == PT_LOAD and row.segment.size)
    segments = tuple(row.segment for row in loads)
    if not segments:
        raise ElfError("it has nothing to load: is it an object file?")
    areas = (row.segment.data for row in headers if row.kind == PT_NOTE)
    notes = tuple(note for area in areas for note in _notes(area, order))
    return Elf(machine, 64 if wide else 32, big, entry, segments, notes)


@dataclass(frozen=True)
class _Header:
    kind: int
    segment: Segment


def _header(image: bytes, order: str, wide: bool, at: int) -> _Header:
    """A program header, with its bytes of the file."""
    if wide:
        kind, _, offset, virtual, address, in_file, size = struct.unpack_from(
            order + "IIQQQQQ", image, at
        )
    else:
        kind, offset, virtual, address, in_file, size = struct.unpack_from(
            order + "IIIIII", image, at
        )
    if kind not in (PT_LOAD, PT_NOTE) or size == 0:
        return _Header(kind, Segment(address, b"", 0, virtual))
    if offset + in_file > len(image) or in_file > size:
        raise ElfError("a segment reaches past the end of the file: is it cut short?")
    data = image[offset : offset + in_file]
    return _Header(kind, Segment(address, data, size, virtual))


def _notes(area: bytes, order: str) -> Iterator[Note]:
    """The notes of a segment, as far as they are whole."""
    at = 0
    while at + 12 <= len(area):
        name_size, size, kind = struct.unpack_from(order + "III", area, at)
        name, at = at + 12, at + 12 + _words(name_size)
        if at + size > len(area):
            return
        owner = area[name : name + name_size].rstrip(b"\0")
        yield Note(owner, kind, area[at : at + size])
        at += _words(size)


def _words(size: int) -> int:
    return -(-size // 4) * 4
