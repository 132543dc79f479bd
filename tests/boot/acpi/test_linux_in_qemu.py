# SPDX-License-Identifier: Apache-2.0
"""Our tables for the PC, read by Debian's kernel on QEMU's PC of the same chips.

Needs Debian's amd64 cloud kernel: `x86/bzImage` and `x86/initrd.gz` in the guests
folder, which are not kept there; without them the test is skipped.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from machinebuilder.board import find_board, load
from machinebuilder.boot import acpi, guest
from machinebuilder.boot.x86 import firmware, kernel
from machinebuilder.boot.x86.memory_map import Range
from machinebuilder.boot.x86.room import Piece, Request, Room
from machinebuilder.boot.x86.start import Start
from tests.conftest import GUESTS

QEMU = "qemu-system-x86_64"
IMAGE, INITRD = GUESTS / "x86" / "bzImage", GUESTS / "x86" / "initrd.gz"
MIB = 1 << 20
RANGES = (Range(0, 0xA_0000), Range(MIB, 255 * MIB))
TABLES, ROOT = 0xF00_0000, 0xF01_0000

pytestmark = [
    pytest.mark.boot,
    pytest.mark.skipif(shutil.which(QEMU) is None, reason=f"no {QEMU}"),
    pytest.mark.skipif(not IMAGE.is_file(), reason=f"no {IMAGE}"),
]


def start_file(folder: Path) -> Path:
    """The kernel with the tables beside it, for the option ROM."""
    tables = acpi.build(load(find_board("x86-pc"), {"ram": "256 MiB"}))
    line = (
        f"console=ttyS0 rdinit=/init acpi_rsdp={ROOT:#x} memmap=128K${TABLES:#x} "
        'run="cat /proc/interrupts"'
    ).encode()
    modules = ((INITRD.read_bytes(), b""),)
    asked = Request(IMAGE, IMAGE.read_bytes(), line, modules, (), firmware=True)
    ready = kernel.prepare(asked, Room(RANGES, 32 * MIB))
    told = Piece(TABLES, tables.placed(TABLES)), Piece(ROOT, tables.root_placed(TABLES))
    file = folder / "start"
    start = Start((*ready.pieces, *told), ready.entry, ready.late, ready.real)
    file.write_bytes(firmware.packed_start(start))
    return file


def test_debians_kernel_takes_every_table_and_powers_off_by_them(tmp_path):
    disk = tmp_path / "disk.img"
    disk.write_bytes(bytes(MIB))
    done = subprocess.run(
        [
            QEMU, "-M", "pc", "-m", "256", "-nodefaults", "-nographic", "-vga", "std",
            "-serial", "stdio", "-no-reboot", "-boot", "n",
            "-option-rom", str(guest.image(firmware.LOADER)),
            "-fw_cfg", f"name={firmware.START_FILE},file={start_file(tmp_path)}",
            "-drive", f"file={disk},if=virtio,format=raw",
        ],
        capture_output=True, text=True, timeout=200, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    said = done.stdout
    assert "MBUILD" in said
    assert "GUEST-DONE status=0" in said
    assert not re.search(r"ACPI (BIOS )?(Error|Warning)|AE_[A-Z_]+", said)
    assert "ACPI: PM: (supports S0 S5)" in said
    assert re.search(r"LNK[A-D]: Enabled at IRQ 1[01]", said)
    assert "Preparing to enter system sleep state S5" in said
