# SPDX-License-Identifier: Apache-2.0
"""Formats of diskettes, as their images' sizes tell them apart."""

from __future__ import annotations

from dataclasses import dataclass

SECTOR = 512
KBPS_500, KBPS_300, KBPS_250, KBPS_1000 = range(4)
"""Data rates, as the controller's rate bits select them."""


@dataclass(frozen=True)
class Format:
    """How a diskette is divided, and at which rates it can be read."""

    tracks: int
    heads: int
    sectors: int
    rates: tuple[int, ...]

    @property
    def size(self) -> int:
        """Bytes on it."""
        return self.tracks * self.heads * self.sectors * SECTOR

    def offset(self, track: int, head: int, sector: int) -> int:
        """Where a sector is in the image; sectors count from 1."""
        return ((track * self.heads + head) * self.sectors + sector - 1) * SECTOR


FORMATS = tuple(
    Format(*shape)
    for shape in (
        (40, 1, 8, (KBPS_250, KBPS_300)),
        (40, 1, 9, (KBPS_250, KBPS_300)),
        (40, 2, 8, (KBPS_250, KBPS_300)),
        (40, 2, 9, (KBPS_250, KBPS_300)),
        (80, 2, 9, (KBPS_250, KBPS_300)),
        (80, 2, 10, (KBPS_250,)),
        (80, 2, 15, (KBPS_500,)),
        (80, 2, 18, (KBPS_500,)),
        (82, 2, 18, (KBPS_500,)),
        (80, 2, 20, (KBPS_500,)),
        (80, 2, 21, (KBPS_500,)),
        (82, 2, 21, (KBPS_500,)),
        (83, 2, 21, (KBPS_500,)),
        (80, 2, 36, (KBPS_1000,)),
    )
)
USUAL = next(f for f in FORMATS if (f.tracks, f.sectors) == (80, 18))
"""3.5 inch, high density: 1.44 MB."""


def format_of(size: int) -> Format:
    """The format of an image: the one of just that size, else the usual one if it is
    large enough (a boot sector alone is such an image), else the smallest that is."""
    exact = [found for found in FORMATS if found.size == size]
    large = [found for found in (USUAL, *FORMATS) if found.size >= size]
    return (exact or large or [FORMATS[-1]])[0]
