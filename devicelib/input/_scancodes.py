# SPDX-License-Identifier: Apache-2.0
"""What keys send: scan code sets 1, 2 and 3 (IBM PS/2 Hardware Interface Technical
Reference, "Keyboard"; Microsoft "Keyboard Scan Code Specification" 1.3a), for keys by
evdev's numbers.

Set 1 is written down for each key; set 2 follows from the controller's own translation,
which makes set 1 of it.
"""

from __future__ import annotations

EXTENDED, RELEASED = 0xE0, 0xF0
"""Prefixes: of the keys that the PC/AT had not, and in sets 2 and 3 of a release."""
UP = 0x80
"""Set 1: a released key's bit."""

TRANSLATION = bytes.fromhex(
    "ff43413f3d3b3c58644442403e0f2959"
    "65382a701d10025a66712c1f1e11035b"
    "672e2d201205045c68392f211413065d"
    "693130232215075e6a7232241608095f"
    "6b332517180b0a606c34352627190c61"
    "6d7328741a0d626e3a361c1b752b6376"
    "55567778797a0e7b7c4f7d4b477e7f6f"
    "5253504c4d480145574e514a37494654"
)
"""Set 1 for the codes of set 2 from 0x00 to 0x7f."""
TRANSLATED_ABOVE = {0x83: 0x41, 0x84: 0x54}
"""Of the others, which are left alone."""

PAUSE, PRINT_SCREEN, LEFT_ALT, RIGHT_ALT = 119, 99, 56, 100
SYSRQ = 0x54
"""Set 1: Print Screen with Alt."""

# evdev numbers 1 to 83 and 85 to 88 are set 1's codes, from which they were made.
PLAIN = {code: code for code in (*range(1, 84), 86, 87, 88)} | {
    89: 0x73, 90: 0x78, 91: 0x77, 92: 0x79, 93: 0x70, 94: 0x7B, 95: 0x5C,
    117: 0x59, 121: 0x7E, 124: 0x7D,
    **{183 + n: 0x64 + n for n in range(11)}, 194: 0x76,
}  # fmt: skip
WITH_PREFIX = {
    96: 0x1C, 97: 0x1D, 98: 0x35, 100: 0x38, 102: 0x47, 103: 0x48, 104: 0x49,
    105: 0x4B, 106: 0x4D, 107: 0x4F, 108: 0x50, 109: 0x51, 110: 0x52, 111: 0x53,
    113: 0x20, 114: 0x2E, 115: 0x30, 116: 0x5E, 125: 0x5B, 126: 0x5C, 127: 0x5D,
    140: 0x21, 142: 0x5F, 143: 0x63, 155: 0x6C, 158: 0x6A, 159: 0x69, 163: 0x19,
    164: 0x22, 165: 0x10, 166: 0x24, 172: 0x32, 173: 0x67, 217: 0x65,
}  # fmt: skip

SET_3 = {
    1: 0x08, 2: 0x16, 3: 0x1E, 4: 0x26, 5: 0x25, 6: 0x2E, 7: 0x36, 8: 0x3D, 9: 0x3E,
    10: 0x46, 11: 0x45, 12: 0x4E, 13: 0x55, 14: 0x66, 15: 0x0D, 16: 0x15, 17: 0x1D,
    18: 0x24, 19: 0x2D, 20: 0x2C, 21: 0x35, 22: 0x3C, 23: 0x43, 24: 0x44, 25: 0x4D,
    26: 0x54, 27: 0x5B, 28: 0x5A, 29: 0x11, 30: 0x1C, 31: 0x1B, 32: 0x23, 33: 0x2B,
    34: 0x34, 35: 0x33, 36: 0x3B, 37: 0x42, 38: 0x4B, 39: 0x4C, 40: 0x52, 41: 0x0E,
    42: 0x12, 43: 0x5C, 44: 0x1A, 45: 0x22, 46: 0x21, 47: 0x2A, 48: 0x32, 49: 0x31,
    50: 0x3A, 51: 0x41, 52: 0x49, 53: 0x4A, 54: 0x59, 55: 0x7E, 56: 0x19, 57: 0x29,
    58: 0x14, 59: 0x07, 60: 0x0F, 61: 0x17, 62: 0x1F, 63: 0x27, 64: 0x2F, 65: 0x37,
    66: 0x3F, 67: 0x47, 68: 0x4F, 69: 0x76, 70: 0x5F, 71: 0x6C, 72: 0x75, 73: 0x7D,
    74: 0x84, 75: 0x6B, 76: 0x73, 77: 0x74, 78: 0x7C, 79: 0x69, 80: 0x72, 81: 0x7A,
    82: 0x70, 83: 0x71, 86: 0x13, 87: 0x56, 88: 0x5E, 96: 0x79, 97: 0x58, 98: 0x77,
    99: 0x57, 100: 0x39, 102: 0x6E, 103: 0x63, 104: 0x6F, 105: 0x61, 106: 0x6A,
    107: 0x65, 108: 0x60, 109: 0x6D, 110: 0x67, 111: 0x64, 119: 0x62, 125: 0x8B,
    126: 0x8C, 127: 0x8D,
}  # fmt: skip


def translate(code: int) -> int:
    """A byte of set 2 as the controller passes it on."""
    return TRANSLATION[code] if code < 0x80 else TRANSLATED_ABOVE.get(code, code)


TO_SET_2 = {translate(code): code for code in (*range(0x80), *TRANSLATED_ABOVE)}


def codes(scan_set: int, key: int, down: bool, alt: bool = False) -> bytes:
    """What a key sends when it goes down or up; nothing if the keyboard has it not."""
    if scan_set == 3:
        return _plain(SET_3.get(key), 3, down)
    if key == PAUSE:
        return _pause(scan_set) if down else b""
    if key == PRINT_SCREEN and alt:
        return _plain(SYSRQ, scan_set, down)
    if key == PRINT_SCREEN:
        parts = [_extended(code, scan_set, down) for code in (0x2A, 0x37)]
        return b"".join(parts if down else reversed(parts))
    if key in WITH_PREFIX:
        return _extended(WITH_PREFIX[key], scan_set, down)
    return _plain(PLAIN.get(key), scan_set, down)


def _plain(code: int | None, scan_set: int, down: bool) -> bytes:
    """One code of set 1, in the set wanted; of set 3 it is that set's own."""
    if code is None:
        return b""
    if scan_set == 1:
        return bytes((code if down else code | UP,))
    made = TO_SET_2[code] if scan_set == 2 else code
    return bytes((made,) if down else (RELEASED, made))


def _extended(code: int, scan_set: int, down: bool) -> bytes:
    return bytes((EXTENDED,)) + _plain(code, scan_set, down)


def _pause(scan_set: int) -> bytes:
    """Down and up at once; it repeats nothing and has no release."""
    parts = [_plain(code, scan_set, down) for down in (True, False)
             for code in (0x1D, 0x45)]  # fmt: skip
    return b"\xe1" + b"".join(parts[:2]) + b"\xe1" + b"".join(parts[2:])
