# SPDX-License-Identifier: Apache-2.0
"""DES (FIPS 46-3) of one block: what VNC's passwords are checked with.

It keeps no secrets nowadays: RFC 6143 demands it, and nothing else here uses it. Bits
are counted as the standard does, from 1 at the left; blocks are lists of bits.

Omitted: deciphering, modes of operation, the parity of keys.
"""

from __future__ import annotations

from collections.abc import Sequence

SIZE = 8
"""Bytes of a block, and of a key."""
INITIAL = [
    start - 8 * n for start in (58, 60, 62, 64, 57, 59, 61, 63) for n in range(8)
]
FINAL = [INITIAL.index(bit) + 1 for bit in range(1, 65)]
EXPANSION = [(4 * n + k - 1) % 32 + 1 for n in range(8) for k in range(6)]
PERMUTATION = [
    16, 7, 20, 21, 29, 12, 28, 17, 1, 15, 23, 26, 5, 18, 31, 10,
    2, 8, 24, 14, 32, 27, 3, 9, 19, 13, 30, 6, 22, 11, 4, 25,
]  # fmt: skip
CHOICE_1 = [
    57, 49, 41, 33, 25, 17, 9, 1, 58, 50, 42, 34, 26, 18,
    10, 2, 59, 51, 43, 35, 27, 19, 11, 3, 60, 52, 44, 36,
    63, 55, 47, 39, 31, 23, 15, 7, 62, 54, 46, 38, 30, 22,
    14, 6, 61, 53, 45, 37, 29, 21, 13, 5, 28, 20, 12, 4,
]  # fmt: skip
CHOICE_2 = [
    14, 17, 11, 24, 1, 5, 3, 28, 15, 6, 21, 10, 23, 19, 12, 4,
    26, 8, 16, 7, 27, 20, 13, 2, 41, 52, 31, 37, 47, 55, 30, 40,
    51, 45, 33, 48, 44, 49, 39, 56, 34, 53, 46, 42, 50, 36, 29, 32,
]  # fmt: skip
SHIFTS = (1, 1, 2, 2, 2, 2, 2, 2, 1, 2, 2, 2, 2, 2, 2, 1)
SELECTIONS = (
    "e4d12fb83a6c5907 0f74e2d1a6cb9538 41e8d62bfc973a50 fc8249175b3ea06d",
    "f18e6b34972dc05a 3d47f28ec01a69b5 0e7ba4d158c6932f d8a13f42b67c05e9",
    "a09e63f51dc7b428 d709346a285ecbf1 d6498f30b12c5ae7 1ad069874fe3b52c",
    "7de3069a1285bc4f d8b56f03472c1ae9 a690cb7df13e5284 3f06a1d8945bc72e",
    "2c417ab6853fd0e9 eb2c47d150fa3986 421bad78f9c5630e b8c71e2d6f09a453",
    "c1af92680d34e75b af427c9561de0b38 9ef528c3704a1db6 432c95fabe17608d",
    "4b2ef08d3c975a61 d0b7491ae35c2f86 14bdc37eaf680592 6bd814a7950fe23c",
    "d2846fb1a93e50c7 1fd8a374c56b0e92 7b419ce206adf358 21e74a8dfc90356b",
)
"""S1 to S8, each row of 16 in hexadecimal."""


def permuted(bits: Sequence[int], places: Sequence[int]) -> list[int]:
    """The bits at these places."""
    return [bits[place - 1] for place in places]


def encipher(key: bytes, block: bytes) -> bytes:
    """A block of 8 bytes under a key of 8 bytes."""
    bits = permuted(_bits(block), INITIAL)
    left, right = bits[:32], bits[32:]
    for round_key in _round_keys(key):
        changed = _cipher(right, round_key)
        left, right = right, [a ^ b for a, b in zip(left, changed, strict=True)]
    return _bytes(permuted(right + left, FINAL))


def _round_keys(key: bytes) -> list[list[int]]:
    """The key schedule."""
    halves = permuted(_bits(key), CHOICE_1)
    left, right = halves[:28], halves[28:]
    found = []
    for shift in SHIFTS:
        left = left[shift:] + left[:shift]
        right = right[shift:] + right[:shift]
        found.append(permuted(left + right, CHOICE_2))
    return found


def _cipher(half: list[int], key: list[int]) -> list[int]:
    """The function f: expansion, selection, permutation."""
    mixed = [a ^ b for a, b in zip(permuted(half, EXPANSION), key, strict=True)]
    found: list[int] = []
    for number, selection in enumerate(SELECTIONS):
        six = mixed[6 * number : 6 * number + 6]
        row = six[0] << 1 | six[5]
        column = six[1] << 3 | six[2] << 2 | six[3] << 1 | six[4]
        value = int(selection.split()[row][column], 16)
        found += [value >> bit & 1 for bit in (3, 2, 1, 0)]
    return permuted(found, PERMUTATION)


def _bits(data: bytes) -> list[int]:
    return [byte >> bit & 1 for byte in data for bit in range(7, -1, -1)]


def _bytes(bits: list[int]) -> bytes:
    text = "".join(map(str, bits))
    return int(text, 2).to_bytes(len(bits) // 8, "big")
