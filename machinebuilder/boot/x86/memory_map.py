# SPDX-License-Identifier: Apache-2.0
"""What a PC's memory is used for: the map that BIOS call E820h gives (ACPI 6.4, 15).

Omitted: memory of the kinds 4 (NVS) and 5 (broken), NUMA.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass

from machinebuilder.board.plan import Plan
from machinebuilder.boot.memory import ABOVE_4G, LEGACY, ram_ranges

USABLE, RESERVED, ACPI_TABLES = 1, 2, 3
EBDA = 0x9_FC00
"""The last KiB below 640 KiB: the BIOS's own."""
BIOS = 0xF_0000
MIB = 1 << 20


@dataclass(frozen=True)
class Range:
    """`size` bytes from `start` on, of one kind."""

    start: int
    size: int
    kind: int = USABLE

    @property
    def end(self) -> int:
        """The first address after it."""
        return self.start + self.size


def usable(plan: Plan) -> list[Range]:
    """RAM for the guest, by address: none of what is behind video and BIOS."""
    found = (Range(ram.start, ram.size) for ram in ram_ranges(plan) if ram.size)
    return sorted(
        (part for ram in found for part in _outside(ram, LEGACY)),
        key=lambda part: part.start,
    )


def _outside(whole: Range, hole: range) -> Iterable[Range]:
    """The parts of a range before and after a hole, of the same kind."""
    if whole.start < hole.start:
        size = min(whole.end, hole.start) - whole.start
        yield Range(whole.start, size, whole.kind)
    if whole.end > hole.stop:
        start = max(whole.start, hole.stop)
        yield Range(start, whole.end - start, whole.kind)


def high_end(plan: Plan) -> int:
    """The end of the RAM between 1 MiB and 4 GiB."""
    return max((part.end for part in usable(plan) if part.end <= ABOVE_4G), default=0)


def with_reserved(ranges: Iterable[Range], reserved: Iterable[Range]) -> list[Range]:
    """The map with parts of it taken for something else."""
    found = list(ranges)
    for taken in reserved:
        hole = range(taken.start, taken.end)
        found = [part for each in found for part in _outside(each, hole)]
        found.append(taken)
    return sorted(found, key=lambda part: part.start)


def packed(ranges: Iterable[Range]) -> bytes:
    """Rows of 20 bytes, as the BIOS call and `etc/e820` have them."""
    return b"".join(struct.pack("<QQI", r.start, r.size, r.kind) for r in ranges)
