# SPDX-License-Identifier: Apache-2.0
"""Keys by the numbers that evdev gives them (Linux's input-event-codes.h), and where
the characters are on a US keyboard.

Omitted: other layouts; a guest is expected to have the US one.
"""

from __future__ import annotations

from collections.abc import Iterator

ESCAPE, BACKSPACE, TAB, ENTER, SPACE = 1, 14, 15, 28, 57
LEFT_CONTROL, LEFT_SHIFT, RIGHT_SHIFT, LEFT_ALT, CAPS_LOCK = 29, 42, 54, 56, 58
TYPING_PAUSE = 0.02
"""Seconds from key to key: a guest's buffers are small."""

ROWS = (
    (2, "1234567890-=", "!@#$%^&*()_+"),
    (16, "qwertyuiop[]", "QWERTYUIOP{}"),
    (30, "asdfghjkl;'`", 'ASDFGHJKL:"~'),
    (43, "\\zxcvbnm,./", "|ZXCVBNM<>?"),
)
"""Keys that follow each other: the first one's number, what they type without and with
shift."""

PLAIN = {
    "\x1b": ESCAPE, "\b": BACKSPACE, "\t": TAB, "\n": ENTER, "\r": ENTER, " ": SPACE,
}  # fmt: skip
US_LAYOUT: dict[str, tuple[int, bool]] = {
    **{character: (code, False) for character, code in PLAIN.items()},
    **{c: (first + n, False) for first, row, _ in ROWS for n, c in enumerate(row)},
    **{c: (first + n, True) for first, _, row in ROWS for n, c in enumerate(row)},
}
"""What types a character: the key, and whether shift is down."""


def strokes(text: str) -> Iterator[tuple[int, bool]]:
    """The keys that type a text: (code, down). ValueError for what has no key."""
    for character in text:
        if character not in US_LAYOUT:
            raise ValueError(f"no key of a US keyboard types {character!r}")
    for character in text:
        code, shifted = US_LAYOUT[character]
        if shifted:
            yield LEFT_SHIFT, True
        yield code, True
        yield code, False
        if shifted:
            yield LEFT_SHIFT, False
