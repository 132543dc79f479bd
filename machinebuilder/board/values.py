# SPDX-License-Identifier: Apache-2.0
"""Text -> typed values: the types that options and parameters may have.

A size is bytes, or a number with KiB, MiB, GiB, TiB (or K, M, G, T). Numbers may be
decimal, hexadecimal (0x) or binary (0b), with underscores between digits. A time is
`host`, seconds since 1970, or an ISO date in UTC.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

MAX_TEXT = 4096

_INTEGER = re.compile(r"-?(0x[0-9a-f]+(_[0-9a-f]+)*|0b[01]+(_[01]+)*|[0-9]+(_[0-9]+)*)")
_SIZE = re.compile(r"([0-9][0-9_]*)\s*(b|[kmgt](ib)?)")
_SHIFTS: Final = {"b": 0, "k": 10, "m": 20, "g": 30, "t": 40}
_WORDS: Final[Mapping[str, bool]] = {
    "true": True,
    "yes": True,
    "on": True,
    "false": False,
    "no": False,
    "off": False,
}


class Failed:
    """Stands for a value whose expression failed and was reported."""

    def __repr__(self) -> str:
        return "FAILED"


FAILED = Failed()


def integer(text: str) -> int:
    """`10`, `0x0900_0000`; ValueError says what is wrong."""
    low = text.strip().lower()
    if len(low) > 48 or not _INTEGER.fullmatch(low):
        raise ValueError("an integer, such as 16 or 0x0900_0000")
    digits = low.lstrip("-")
    if len(digits) > 1 and digits[0] == "0" and digits[1].isdigit():
        raise ValueError("an integer without leading zeros")
    return int(low, 0)


def size(text: str) -> int:
    """`512 MiB`, `512M`, `0x1000`."""
    number, shift = text, 0
    if match := _SIZE.fullmatch(text.strip().lower()):
        number, shift = match[1], _SHIFTS[match[2][0]]
    try:
        value = integer(number) << shift
    except ValueError:
        raise ValueError("a size, such as 512 MiB, 64K or 0x1000") from None
    if value < 0:
        raise ValueError("a size, which is not negative")
    return value


def boolean(text: str) -> bool:
    """`true`, `yes`, `on` and their opposites."""
    try:
        return _WORDS[text.strip().lower()]
    except KeyError:
        raise ValueError("true or false") from None


def string(text: str) -> str:
    """Any text, within reason."""
    if len(text) > MAX_TEXT:
        raise ValueError(f"text of at most {MAX_TEXT} characters")
    return text


def time(text: str) -> int | str:
    """`host`, seconds, or `2026-01-31T12:00:00`."""
    if text == "host":
        return text
    try:
        return integer(text)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
        return int(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp())
    except ValueError:
        raise ValueError("host, seconds since 1970, or a date") from None


TYPES: Final[Mapping[str, Callable[[str], object]]] = {
    "integer": integer,
    "size": size,
    "string": string,
    "choice": string,
    "boolean": boolean,
    "time": time,
    "path": string,
}

OPTION_TYPES: Final = ("integer", "size", "string", "choice", "boolean")


def text_of(value: object) -> str:
    """A value as a board would write it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def size_text(value: int) -> str:
    """Bytes with the largest unit that divides them."""
    for unit, shift in (("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)):
        if value and value % (1 << shift) == 0:
            return f"{value >> shift} {unit}"
    return f"{value:#x}" if value >= 4096 else str(value)
