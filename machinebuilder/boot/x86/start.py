# SPDX-License-Identifier: Apache-2.0
"""A kernel that is ready to start: pieces for memory and the processor's entry."""

from __future__ import annotations

from dataclasses import dataclass

from machinebuilder.boot.x86.modes import Entry
from machinebuilder.boot.x86.room import Piece

MAP_ROWS = 128
"""Memory map entries that there is room for where firmware fills it in."""
MAP_STRIDE = 24


@dataclass(frozen=True)
class Late:
    """What only firmware knows, and where it belongs in memory; zero: nowhere.

    The memory map has entries of 24 bytes, of which the 20 that the BIOS gives begin at
    `skip`. `count` is the address of their number, in units of `unit`.
    """

    map: int = 0
    skip: int = 0
    count: int = 0
    unit: int = 1
    rsdp: int = 0


@dataclass(frozen=True)
class Start:
    """`real`: the entry is a segment (paragraph), entered in real mode 32 bytes on."""

    pieces: tuple[Piece, ...]
    entry: Entry
    late: Late = Late()
    real: bool = False
