# SPDX-License-Identifier: Apache-2.0
"""The option ROM that starts kernels, and the monitor, on QEMU's PC with SeaBIOS."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import pexpect
import pytest

from machinebuilder.boot import guest
from machinebuilder.boot.x86 import firmware, kernel
from machinebuilder.boot.x86.memory_map import Range
from machinebuilder.boot.x86.room import Request, Room
from tests.conftest import guest_image

QEMU = "qemu-system-x86_64"
pytestmark = pytest.mark.skipif(shutil.which(QEMU) is None, reason=f"no {QEMU}")
MIB = 1 << 20
RANGES = (Range(0, 0xA_0000), Range(MIB, 127 * MIB))
LINE = b"console=ttyS0 rdinit=/init panic=-1 reboot=t autooff benchm=0"


def qemu(*words: str, typed: str = "") -> str:
    """What QEMU's serial port said until the guest was reset; `typed` goes to the
    monitor's prompt."""
    child = pexpect.spawn(
        QEMU,
        [
            "-M", "pc", "-accel", "tcg", "-m", "128", "-nodefaults", "-nographic",
            "-serial", "stdio", "-no-reboot", *words,
        ],
        timeout=60, encoding="utf-8", codec_errors="replace",
    )  # fmt: skip
    child.logfile_read = said = io.StringIO()
    try:
        for line in typed.splitlines():
            child.expect_exact("mb> ")
            child.send(line + "\r")
        child.expect(pexpect.EOF)
    finally:
        child.close(force=True)
    return said.getvalue()


def through_the_loader(
    path: Path, folder: Path, initrd: bytes = b"", typed: str = ""
) -> str:
    modules = ((initrd, b"module"),) if initrd else ()
    asked = Request(path, path.read_bytes(), LINE, modules, (), firmware=True)
    ready = kernel.prepare(asked, Room(RANGES, firmware.RESERVE))
    start = folder / "start"
    start.write_bytes(firmware.packed_start(ready))
    return qemu(
        "-boot", "n", "-option-rom", str(guest.image(firmware.LOADER)),
        "-fw_cfg", f"name={firmware.START_FILE},file={start}", typed=typed,
    )  # fmt: skip


@pytest.mark.boot
@pytest.mark.parametrize("name", ["vmlinux", "bzImage"])
def test_linux_is_started_through_seabios(name, tmp_path):
    initrd = guest_image("x86tiny/initrd.gz").read_bytes()
    said = through_the_loader(guest_image(f"x86tiny/{name}"), tmp_path, initrd)
    assert "GUEST-READY" in said


def test_a_multiboot_kernel_gets_the_memory_map_of_the_bios(tmp_path):
    path = guest.image("monitor-x86.bin")
    said = through_the_loader(path, tmp_path, typed="reset")
    assert "0x00100000-0x07fdffff  RAM" in said
    assert "0x0009fc00-0x0009ffff  reserved" in said


def test_without_a_kernel_the_loader_lets_the_bios_go_on():
    said = qemu(
        "-boot", "n,reboot-timeout=100",
        "-option-rom", str(guest.image(firmware.LOADER)),
    )  # fmt: skip
    assert "there is no kernel" in said


def test_the_monitor_is_a_multiboot_kernel_to_others_too():
    path = guest.image("monitor-x86.bin")
    lines = "peek 0x100004 1\npoke 0x200000 0xbeef\npeek 0x200000 1\nbench\nreset"
    said = qemu("-kernel", str(path), typed=lines)
    assert "00100004: 1badb002" in said
    assert "00200000: 0000beef" in said
    assert "6542 primes below 65536" in said
