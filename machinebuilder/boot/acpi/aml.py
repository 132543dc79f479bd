# SPDX-License-Identifier: Apache-2.0
"""ACPI machine language: terms as bytes (ACPI 6.4, chapter 20).

Each function gives one term; terms are joined by adding them. A name is written as in
ASL, `\\_SB.PCI0`. Omitted: what no table of ours says (loops, mutexes, conversions).
"""

from __future__ import annotations

import re

_SEGMENT = re.compile(r"[A-Z_][A-Z0-9_]{0,3}")

ZERO = b"\x00"


def name_string(name: str) -> bytes:
    """A name or path (20.2.2)."""
    prefix = re.match(r"\\?\^*", name)
    assert prefix is not None
    parts = [part for part in name[prefix.end() :].split(".") if part]
    for part in parts:
        if not _SEGMENT.fullmatch(part):
            raise ValueError(f"{part!r} of {name!r} cannot be an ACPI name")
    segments = b"".join(part.ljust(4, "_").encode() for part in parts)
    lead = {0: b"\x00", 1: b"", 2: b"\x2e"}.get(len(parts), b"\x2f%c" % len(parts))
    return prefix.group().encode() + lead + segments


def sized(content: bytes) -> bytes:
    """Content with the length before it that counts itself (20.2.4)."""
    if len(content) + 1 < 0x40:
        return bytes([len(content) + 1]) + content
    for extra in (1, 2, 3):
        total = len(content) + 1 + extra
        if total < 1 << (4 + 8 * extra):
            rest = (total >> 4).to_bytes(extra, "little")
            return bytes([extra << 6 | total & 15]) + rest + content
    raise ValueError(f"{len(content)} bytes are too long for an AML object")


def integer(value: int) -> bytes:
    """A number, as short as it can be said (20.2.3)."""
    if value in (0, 1):
        return bytes([value])
    for prefix, size in ((0x0A, 1), (0x0B, 2), (0x0C, 4), (0x0E, 8)):
        if value < 1 << (8 * size):
            return bytes([prefix]) + value.to_bytes(size, "little")
    raise ValueError(f"{value:#x} has more than 64 bits")


def string(text: str) -> bytes:
    """Text; ASCII only."""
    return b"\x0d" + text.encode("ascii") + b"\0"


def buffer(data: bytes) -> bytes:
    """Bytes."""
    return b"\x11" + sized(integer(len(data)) + data)


def package(*elements: bytes) -> bytes:
    """A list of terms."""
    return b"\x12" + sized(bytes([len(elements)]) + b"".join(elements))


def name(path: str, value: bytes) -> bytes:
    """`Name(path, value)`."""
    return b"\x08" + name_string(path) + value


def scope(path: str, terms: bytes) -> bytes:
    """`Scope(path) {terms}`."""
    return b"\x10" + sized(name_string(path) + terms)


def device(path: str, terms: bytes) -> bytes:
    """`Device(path) {terms}`."""
    return b"\x5b\x82" + sized(name_string(path) + terms)


def method(path: str, arguments: int, terms: bytes, serialized: bool = False) -> bytes:
    """`Method(path, arguments) {terms}`."""
    flags = bytes([arguments | serialized << 3])
    return b"\x14" + sized(name_string(path) + flags + terms)


SYSTEM_IO, PCI_CONFIG = 1, 2


def operation_region(path: str, space: int, offset: int, length: int) -> bytes:
    """`OperationRegion(path, space, offset, length)`."""
    where = integer(offset) + integer(length)
    return b"\x5b\x80" + name_string(path) + bytes([space]) + where


def byte_fields(region: str, *fields: str) -> bytes:
    """`Field(region, ByteAcc, NoLock, Preserve)` of eight bits each."""
    rows = b"".join(field.ljust(4, "_").encode() + sized_bits(8) for field in fields)
    return b"\x5b\x81" + sized(name_string(region) + b"\x01" + rows)


def sized_bits(bits: int) -> bytes:
    """The width of a field, in the notation of lengths."""
    if bits >= 0x40:
        raise ValueError(f"a field of {bits} bits is too wide")
    return bytes([bits])


def returns(value: bytes) -> bytes:
    """`Return(value)`."""
    return b"\xa4" + value


def store(value: bytes, target: bytes) -> bytes:
    """`Store(value, target)`."""
    return b"\x70" + value + target


def bit_and(left: bytes, right: bytes, target: bytes = ZERO) -> bytes:
    """`And(left, right, target)`."""
    return b"\x7b" + left + right + target


def bit_or(left: bytes, right: bytes, target: bytes = ZERO) -> bytes:
    """`Or(left, right, target)`."""
    return b"\x7d" + left + right + target


def when(condition: bytes, terms: bytes) -> bytes:
    """`If(condition) {terms}`."""
    return b"\xa0" + sized(condition + terms)


def create_dword_field(source: bytes, offset: int, path: str) -> bytes:
    """`CreateDWordField(source, offset, path)`."""
    return b"\x8a" + source + integer(offset) + name_string(path)


def argument(number: int) -> bytes:
    """`Arg0` to `Arg6`."""
    return bytes([0x68 + number])


def eisa_id(text: str) -> bytes:
    """`EisaId("PNP0501")`: three letters and four digits in 32 bits (19.6.35)."""
    if not re.fullmatch(r"[A-Z]{3}[0-9A-F]{4}", text):
        raise ValueError(f"{text!r} is no EISA id")
    letters = 0
    for letter in text[:3]:
        letters = letters << 5 | ord(letter) - 0x40
    number = letters << 16 | int(text[3:], 16)
    return b"\x0c" + number.to_bytes(4, "big")


def hardware_id(text: str) -> bytes:
    """The value of a `_HID` or `_CID`: compressed where it can be."""
    compressed = re.fullmatch(r"PNP[0-9A-F]{4}", text)
    return eisa_id(text) if compressed else string(text)
