"""Names of a guest's code: an ELF file's symbol table, or a kernel's System.map."""

from __future__ import annotations

import bisect
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from machinebuilder.boot.elf import is_elf
from machinebuilder.errors import UserError

SYMTAB, FUNCTION = 2, 2
"""SHT_SYMTAB; STT_FUNC"""


@dataclass(frozen=True)
class Symbols:
    """Addresses in order, and the name that begins at each."""

    addresses: tuple[int, ...] = ()
    names: tuple[str, ...] = ()

    @classmethod
    def load(cls, path: Path) -> Symbols:
        """Read a file of either kind; UserError when it cannot be."""
        try:
            data = path.read_bytes()
            found = sorted(of_elf(data) if is_elf(data) else of_map(data))
        except OSError as error:
            raise UserError(f"{path}: {error.strerror}") from None
        except (struct.error, ValueError, IndexError):
            raise UserError(f"{path}: no symbols: neither ELF nor System.map") from None
        return cls(tuple(a for a, _ in found), tuple(n for _, n in found))

    def name(self, address: int) -> str:
        """What the code at an address is called: the address itself if nothing is."""
        at = bisect.bisect_right(self.addresses, address)
        return self.names[at - 1] if at else f"{address:#x}"


def of_map(data: bytes) -> Iterator[tuple[int, str]]:
    """`c0008000 T _text`, a line each; t and T are code."""
    for line in data.decode().splitlines():
        address, kind, name = line.split()[:3]
        place = int(address, 16)
        if kind in "tTwW":
            yield place, name


def of_elf(data: bytes) -> Iterator[tuple[int, str]]:
    """The functions of an ELF file's symbol table."""
    wide, order = data[4] == 2, ">" if data[5] == 2 else "<"
    sections = list(sections_of(data, wide, order))
    for kind, link, offset, size in sections:
        if kind == SYMTAB:
            names = sections[link]
            text = data[names[2] : names[2] + names[3]]
            yield from functions(data[offset : offset + size], text, wide, order)


def sections_of(
    data: bytes, wide: bool, order: str
) -> Iterator[tuple[int, int, int, int]]:
    """(type, link, offset, size) of each section header."""
    at = struct.unpack_from(order + ("Q" if wide else "I"), data, 40 if wide else 32)[0]
    size, count = struct.unpack_from(order + "HH", data, 58 if wide else 46)
    for number in range(count):
        row = struct.unpack_from(
            order + ("IIQQQQI" if wide else "IIIIIII"), data, at + number * size
        )
        yield row[1], row[6], row[4], row[5]


def functions(
    table: bytes, names: bytes, wide: bool, order: str
) -> Iterator[tuple[int, str]]:
    """The functions of a symbol table; Thumb's bit 0 is no part of the address."""
    form = struct.Struct(order + ("IBBHQQ" if wide else "IIIBBH"))
    for row in form.iter_unpack(table[: len(table) // form.size * form.size]):
        name, value = row[0], row[4] if wide else row[1]
        info = row[1] if wide else row[3]
        if info & 15 == FUNCTION and value:
            yield value & ~1, names[name : names.index(b"\0", name)].decode("latin-1")
