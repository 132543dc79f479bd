# SPDX-License-Identifier: Apache-2.0
"""What the protocol makes of what the user asks for; no processor runs."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from machinebuilder.board import find_board, load
from machinebuilder.boot import BootError, Images
from machinebuilder.boot.linux import x86
from machinebuilder.boot.x86 import firmware, monitor
from machinebuilder.boot.x86.virtio import transport_words
from machinebuilder.fetch import seabios
from machinebuilder.machine.attach import attach_disks

MICRO, PC = (load(find_board(name), {}) for name in ("x86-micro", "x86-pc"))


def machine(plan):
    """As much of one as is asked before anything is loaded."""
    return SimpleNamespace(plan=plan, logged=[], devices={})


@pytest.mark.parametrize(
    ("plan", "images", "said"),
    [
        (PC, Images(dtb=Path("x")), "no device tree"),
        (PC, Images(initrd=Path("x")), "--kernel"),
        (MICRO, Images(boot="cd"), "no ROM for firmware"),
        (MICRO, Images(firmware=Path("/x/bios")), "has no ROM"),
        (PC, Images(firmware=Path("/nonexistent")), "no such file"),
        (PC, Images(kernel=Path("/nonexistent")), "no such file"),
    ],
)
def test_what_cannot_be_started_is_told(plan, images, said):
    with pytest.raises(BootError, match=said):
        x86.prepare(machine(plan), images)


def test_without_seabios_an_order_to_boot_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(seabios, "installed", lambda image="": None)
    with pytest.raises(BootError, match="mb fetch seabios"):
        x86.prepare(machine(PC), Images(boot="disk"))


def test_a_kernel_is_started_directly_unless_firmware_is_named(monkeypatch):
    monkeypatch.setattr(seabios, "installed", lambda image="": Path("/bios"))
    kernel, bios = Path("/kernel"), Path("/other")
    assert x86.firmware_path(machine(PC), Images(kernel=kernel)) is None
    assert x86.firmware_path(machine(PC), Images(kernel, firmware=bios)) == bios
    assert x86.firmware_path(machine(PC), Images()) == Path("/bios")
    assert x86.firmware_path(machine(MICRO), Images()) is None


def test_firmware_goes_where_rom_ends_at_4_gib_and_at_1_mib():
    assert [p.address for p in firmware.rom_windows(PC)] == [0xE_0000, 0xFFFC_0000]
    assert firmware.rom_windows(MICRO) == []


def test_a_kernel_is_told_of_the_transports_that_have_a_device(tmp_path):
    (tmp_path / "disk.img").write_bytes(bytes(512))
    plan = attach_disks(MICRO, [str(tmp_path / "disk.img")])
    (word,) = transport_words(plan)
    assert word.startswith("virtio_mmio.device=0x200@0xfeb0")
    assert int(word.rpartition(":")[2]) in range(16, 24)
    assert transport_words(MICRO) == []


def test_several_modules_are_files_with_texts(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).write_text(name)
    path = Path(f"{tmp_path}/one first,{tmp_path}/two")
    first, second = x86._modules(path, 1 << 20)
    assert first == (b"one", f"{tmp_path}/one first".encode())
    assert second == (b"two", f"{tmp_path}/two".encode())


def test_the_monitor_is_told_how_to_power_off():
    assert monitor.command_line(MICRO) == b"poweroff=0x600,0x34 reset=0xcf9,0x6"
    assert monitor.command_line(PC) == b"poweroff=0x604,0x2000 reset=0xcf9,0x6"
