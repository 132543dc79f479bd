# SPDX-License-Identifier: Apache-2.0
"""Random FPSCR values and registers for the floating-point and SIMD sets.

No number just below the least normal one: see docs/arm-floating-point.md on tininess.
"""

from __future__ import annotations

import random

FPSCR_NONE = 0
FPSCR_ALL = 0xFFC0_009F  # all but Stride, Len and the trap enables
MODES = 0x07C0_0000  # AHP, DN, FZ, RMode

SINGLES = (
    0,
    1,
    0x7F_FFFF,
    0x80_0000,
    0x3F80_0000,
    0x4020_0000,
    0x7F7F_FFFF,
    0x7F80_0000,
    0x7FC0_0001,
    0x7F80_0001,
    0x4F00_0000,
    0x4EFF_FFFF,
    0x3F00_0000,
)
DOUBLES = (
    0,
    1,
    0xF_FFFF_FFFF_FFFF,
    0x3FF0_0000_0000_0000,
    0x7FEF_FFFF_FFFF_FFFF,
    0x7FF0_0000_0000_0000,
    0x7FF8_0000_0000_0001,
    0x7FF0_0000_0000_0001,
    0x41E0_0000_0000_0000,
    0x36A0_0000_0000_0000,
)
BYTES = (0, 1, 0x7F, 0x80, 0x81, 0xFE, 0xFF)


def random_fpscr(rng: random.Random) -> int:
    """Flags at random; a mode that is not the usual one half of the time."""
    flags = rng.getrandbits(32) & 0xF800_009F
    return flags | (rng.getrandbits(32) & MODES if rng.random() < 0.5 else 0)


def _single(rng: random.Random) -> int:
    sign = rng.getrandbits(1) << 31
    if rng.random() < 0.4:
        return sign | rng.choice(SINGLES)
    return sign | 127 + rng.randrange(-40, 40) << 23 | rng.getrandbits(23)


def random_double(rng: random.Random) -> int:
    """A doubleword: as a double, two singles, bytes at their limits, or anything."""
    kind = rng.randrange(5)
    if kind == 0:
        return rng.getrandbits(1) << 63 | rng.choice(DOUBLES)
    if kind == 1:
        exponent = 1023 + rng.randrange(-60, 60)
        return rng.getrandbits(1) << 63 | exponent << 52 | rng.getrandbits(52)
    if kind == 2:
        return _single(rng) << 32 | _single(rng)
    if kind == 3:
        return sum(rng.choice(BYTES) << 8 * i for i in range(8))
    return rng.getrandbits(64)
