# SPDX-License-Identifier: Apache-2.0
"""Keys as VNC clients name them: X's keysyms (X Window System Protocol, appendix A),
and scan codes of PC keyboards (set 1) in QEMU's extended key events; as evdev's
numbers.
"""

from __future__ import annotations

KEYSYMS: dict[int, int] = {
    0xFF08: 14, 0xFF09: 15, 0xFE20: 15, 0xFF0A: 28, 0xFF0D: 28, 0xFF1B: 1, 0xFF13: 119,
    0xFF14: 70, 0xFF15: 99, 0xFF61: 99, 0xFF6B: 119, 0xFF67: 127, 0xFF6A: 138,
    0xFF50: 102, 0xFF51: 105, 0xFF52: 103, 0xFF53: 106, 0xFF54: 108, 0xFF55: 104,
    0xFF56: 109, 0xFF57: 107, 0xFF63: 110, 0xFFFF: 111,
    0xFFE1: 42, 0xFFE2: 54, 0xFFE3: 29, 0xFFE4: 97, 0xFFE5: 58, 0xFFE7: 125,
    0xFFE8: 126,
    0xFFE9: 56, 0xFFEA: 100, 0xFE03: 100, 0xFF7E: 100, 0xFFEB: 125, 0xFFEC: 126,
    0xFF7F: 69, 0xFFAA: 55, 0xFFAB: 78, 0xFFAC: 121, 0xFFAD: 74, 0xFFAE: 83, 0xFFAF: 98,
    0xFF8D: 96, 0xFFBD: 117,
    **{0xFFB0 + n: (82, 79, 80, 81, 75, 76, 77, 71, 72, 73)[n] for n in range(10)},
    **{0xFF95 + n: (71, 75, 72, 77, 80, 73, 81, 79, 76, 82, 83)[n] for n in range(11)},
    **{0xFFBE + n: 59 + n for n in range(10)}, 0xFFC8: 87, 0xFFC9: 88,
}  # fmt: skip
"""Keys that type no character: editing, moving, modifiers, the key pad (with and
without Num Lock), F1 to F12."""

EXTENDED: dict[int, int] = {
    0x1C: 96, 0x1D: 97, 0x35: 98, 0x37: 99, 0x38: 100, 0x46: 119, 0x47: 102, 0x48: 103,
    0x49: 104, 0x4B: 105, 0x4D: 106, 0x4F: 107, 0x50: 108, 0x51: 109, 0x52: 110,
    0x53: 111, 0x5B: 125, 0x5C: 126, 0x5D: 127,
}  # fmt: skip
"""Scan codes after 0xe0; QEMU's clients set the top bit instead."""
LAST_PLAIN = 0x58


def from_scan_code(code: int) -> int | None:
    """evdev numbers most keys as the PC's first keyboards did."""
    plain = code & 0x7F
    if code & 0x80 or code >> 8 == 0xE0:
        return EXTENDED.get(plain)
    return code if 0 < code <= LAST_PLAIN else None


def character(keysym: int) -> str | None:
    """What a keysym types: Latin-1, or Unicode from 0x01000000 up."""
    if 0x20 <= keysym <= 0xFF:
        return chr(keysym)
    if 0x0100_0000 <= keysym <= 0x0110_FFFF:
        return chr(keysym - 0x0100_0000)
    return None
