# SPDX-License-Identifier: Apache-2.0
"""Sun's type 5 keyboard and its mouse, as bytes on their serial lines (Sun Keyboard
Specification; the mouse speaks the five bytes of Mouse Systems).

A key is its number; with the top bit set it goes up. After the last one went up, the
keyboard says so.
"""

from __future__ import annotations

UP, ALL_UP = 0x80, 0x7F
RESET, LIGHTS, LAYOUT = 0x01, 0x0E, 0x0F
SELF_TEST_PASSED, TYPE_4, LAYOUT_FOLLOWS, US_LAYOUT = 0xFF, 0x04, 0xFE, 0x21
MOST = 127
"""How far a mouse can move in one packet's half."""

ROWS = {
    0x1E: range(2, 14),  # 1 2 3 ... =
    0x36: range(16, 28),  # q w e ... ]
    0x4D: range(30, 41),  # a s d ... '
    0x64: range(44, 54),  # z x c ... /
}
"""A Sun key's number -> evdev's numbers of it and of those that follow."""
SINGLE = {
    1: 0x1D, 14: 0x2B, 15: 0x35, 28: 0x59, 29: 0x4C, 41: 0x2A, 42: 0x63, 43: 0x58,
    54: 0x6E, 55: 0x2F, 56: 0x13, 57: 0x79, 58: 0x77, 69: 0x62, 70: 0x17,
    59: 0x05, 60: 0x06, 61: 0x08, 62: 0x0A, 63: 0x0C, 64: 0x0E, 65: 0x10, 66: 0x11,
    67: 0x12, 68: 0x07, 87: 0x09, 88: 0x0B,
    71: 0x44, 72: 0x45, 73: 0x46, 74: 0x47, 75: 0x5B, 76: 0x5C, 77: 0x5D, 78: 0x7D,
    79: 0x70, 80: 0x71, 81: 0x72, 82: 0x5E, 83: 0x32, 96: 0x5A, 98: 0x2E, 117: 0x2D,
    97: 0x4C, 99: 0x16, 100: 0x0D, 101: 0x6F, 102: 0x34, 103: 0x14, 104: 0x60,
    105: 0x18, 106: 0x1C, 107: 0x4A, 108: 0x1B, 109: 0x7B, 110: 0x2C, 111: 0x42,
    119: 0x15, 125: 0x78, 126: 0x7A, 127: 0x43,
    128: 0x01, 129: 0x03, 130: 0x19, 131: 0x1A, 132: 0x31, 133: 0x33, 134: 0x48,
    135: 0x49, 136: 0x5F, 137: 0x61, 138: 0x76,
}  # fmt: skip
"""evdev's number -> Sun's: what types no letter; function keys; the key pad; what is
between that and the letters; the keys at the left, from Stop to Help."""

KEYS: dict[int, int] = SINGLE | {
    code: first + n for first, row in ROWS.items() for n, code in enumerate(row)
}


def key_bytes(code: int, down: bool, held: list[int]) -> bytes:
    """What the keyboard sends for a key; `held` are Sun's numbers of those down."""
    key = KEYS.get(code)
    if key is None or down == (key in held):
        return b""
    if down:
        held.append(key)
        return bytes((key,))
    held.remove(key)
    return bytes((key | UP,)) + (b"" if held else bytes((ALL_UP,)))


def answer(command: int) -> bytes:
    """What the keyboard says to a command."""
    if command == RESET:
        return bytes((SELF_TEST_PASSED, TYPE_4, ALL_UP))
    if command == LAYOUT:
        return bytes((LAYOUT_FOLLOWS, US_LAYOUT))
    return b""


def mouse_bytes(dx: int, dy: int, buttons: int) -> bytes:
    """A packet: buttons (a zero is down: left, middle, right), and two moves, up being
    positive. What is further than two halves is lost."""
    left, right, middle = buttons & 1, buttons >> 1 & 1, buttons >> 2 & 1
    head = 0x80 | 0x07 & ~(left << 2 | middle << 1 | right)
    first = (_near(dx), _near(-dy))
    second = (_near(dx - first[0]), _near(-dy - first[1]))
    return bytes((head, *(move & 0xFF for move in first + second)))


def _near(move: int) -> int:
    return max(-MOST, min(MOST, move))
