# SPDX-License-Identifier: Apache-2.0
"""The bytes of CMOS memory that a PC's BIOS keeps: memory, drives, what to boot.

Meanings: Ralf Brown's CMOS list (CMOS.LST); 0x34 and above, and the boot order, as
SeaBIOS reads them on emulated machines.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from machinebuilder.board.plan import Plan
from machinebuilder.boot.memory import ABOVE_4G
from machinebuilder.boot.x86.memory_map import MIB, high_end, usable
from machinebuilder.boot.x86.ports import Ports

INDEX, DATA = 0x70, 0x71
FLOPPY_360K, FLOPPY_1200K, FLOPPY_1440K, FLOPPY_2880K = 1, 2, 4, 5
"""Types of floppy drives; that of 1.44 MB takes 720 KB too."""
DRIVES = {
    **dict.fromkeys((160 * 1024, 180 * 1024, 320 * 1024, 360 * 1024), FLOPPY_360K),
    1200 * 1024: FLOPPY_1200K,
    2880 * 1024: FLOPPY_2880K,
}
"""By the size of a diskette's image; others are for the drive of 1.44 MB."""
BASE_KIB = 640
CODES = {"floppy": 1, "disk": 2, "cd": 3, "net": 4}
"""What may come first, as the boot order's nibbles have it."""
DEFAULT_ORDER = ("disk", "cd", "floppy")
NO_SIGNATURE_CHECK = 1
SUMMED = range(0x10, 0x2E)


def contents(plan: Plan, first: str = "") -> dict[int, int]:
    """The bytes by their index; `first` is a key of CODES, or empty."""
    found = {**_sizes(plan), **_boot_order(first)}
    found[0x5F] = len(plan.cpus) - 1
    floppy = _floppy(plan)
    found[0x10] = floppy << 4
    found[0x14] = 0x07 if floppy else 0x06
    total = sum(found.get(index, 0) for index in SUMMED)
    return found | dict(zip((0x2F, 0x2E), total.to_bytes(2, "little"), strict=True))


def _floppy(plan: Plan) -> int:
    """The type of drive A, as its diskette needs it; 0: there is none."""
    for device in plan.devices:
        if device.host == "floppy":
            image = Path(str(device.params.get("image") or ""))
            size = image.stat().st_size if image.is_file() else 0
            return DRIVES.get(size, FLOPPY_1440K)
    return 0


def _sizes(plan: Plan) -> dict[int, int]:
    """Memory below 640 KiB, above 1 MiB, above 16 MiB and above 4 GiB."""
    end = high_end(plan)
    extended = min(max(end - MIB, 0) >> 10, 0xFFFF)
    above_16m = min(max(end - 16 * MIB, 0) >> 16, 0xFFFF)
    above_4g = sum(r.size for r in usable(plan) if r.start >= ABOVE_4G) >> 16
    return {
        **_bytes(0x15, BASE_KIB, 2),
        **_bytes(0x17, extended, 2),
        **_bytes(0x30, extended, 2),
        **_bytes(0x34, above_16m, 2),
        **_bytes(0x5B, min(above_4g, 0xFF_FFFF), 3),
    }


def _bytes(index: int, value: int, size: int) -> dict[int, int]:
    return dict(enumerate(value.to_bytes(size, "little"), index))


def _boot_order(first: str) -> dict[int, int]:
    order = _order(first)
    codes = [CODES[kind] for kind in order[:3]]
    return {
        0x3D: codes[0] | codes[1] << 4,
        0x38: codes[2] << 4 | NO_SIGNATURE_CHECK,
    }


def _order(first: str) -> Sequence[str]:
    if first not in CODES:
        return DEFAULT_ORDER
    return (first, *(kind for kind in DEFAULT_ORDER if kind != first))


def fill(ports: Ports, bytes_by_index: Mapping[int, int]) -> None:
    """Write them, on a board that has such memory."""
    if INDEX not in ports:
        return
    for index, value in bytes_by_index.items():
        ports.write(INDEX, index)
        ports.write(DATA, value)
