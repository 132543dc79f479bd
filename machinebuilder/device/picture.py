# SPDX-License-Identifier: Apache-2.0
"""What is on a screen at one moment."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Picture:
    """Pixels line by line from top left: three bytes red, green, blue each; or, with a
    palette of such triples, one byte that chooses a colour."""

    width: int
    height: int
    pixels: bytes
    palette: bytes = b""
