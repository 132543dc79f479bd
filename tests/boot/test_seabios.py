# SPDX-License-Identifier: Apache-2.0
"""SeaBIOS on the PC, run by KVM: what it finds and what it boots.

What it says is read at the debug port, as SeaBIOS and our boot sector write it there.
"""

from __future__ import annotations

import os
import time

import pytest

from machinebuilder import Board
from machinebuilder.boot import guest
from machinebuilder.fetch import seabios
from tests.boot.x86 import media

pytestmark = [
    pytest.mark.skipif(
        not os.access("/dev/kvm", os.R_OK | os.W_OK), reason="/dev/kvm is not to be had"
    ),
    pytest.mark.skipif(seabios.installed() is None, reason="SeaBIOS is not installed"),
]

ENTER = 28


def wait_for(machine, text: str, seconds: float = 60) -> str:
    """What was said at the debug port, once `text` is in it."""
    machine.start()
    end = time.monotonic() + seconds
    while text not in machine.logs["debug"].text:
        said = machine.logs["debug"].text
        assert time.monotonic() < end, said
        event = machine.wait(0.05)
        assert event is None or text in machine.logs["debug"].text, (event, said)
    return machine.logs["debug"].text


def pc(ram="128 MiB", **how):
    return Board.load("x86-pc", ram=ram).build(**how)


def test_a_disk_is_booted_and_read(tmp_path):
    disk = media.disk(tmp_path / "disk.img")
    with pc(disks=[f"{disk},snapshot"]) as machine:
        said = wait_for(machine, media.TEXT.format("disk"))
    assert "Running on QEMU (i440fx)" in said
    assert "boot sector, drive 80" in said


def test_what_is_to_boot_first_is_booted_first(tmp_path):
    disk, disc = media.disk(tmp_path / "disk.img"), tmp_path / "disc.iso"
    media.compact_disc(disc)
    with pc(disks=[f"{disk},snapshot", str(disc)], boot="cd") as machine:
        said = wait_for(machine, media.TEXT.format("cd"))
    assert "boot sector, drive e0" in said
    with pc(disks=[f"{disk},snapshot", str(disc)], boot="disk") as machine:
        wait_for(machine, media.TEXT.format("disk"))


def test_it_is_told_the_memory_and_the_tables():
    with pc(ram="64 MiB") as machine:
        said = wait_for(machine, "e820 map has")
        wait_for(machine, "enter handle_19")
    assert "len 0x0000000003f00000 [RAM]" in said
    assert "ACPI: parse DSDT" in said
    assert "Copying SMBIOS" in said


def test_memory_above_4_gib_is_found():
    with pc(ram="4 GiB") as machine:
        said = wait_for(machine, "enter handle_19")
    assert "0000000100000000 - 0000000140000000 = 1 RAM" in said


def test_with_nothing_to_boot_it_says_so():
    with pc() as machine:
        wait_for(machine, "No bootable device.")


def test_the_menu_is_shown_when_asked_for(tmp_path):
    disk = media.disk(tmp_path / "disk.img")
    with pc(disks=[f"{disk},snapshot"], boot="menu") as machine:
        wait_for(machine, "Press ESC for boot menu")
    with pc(disks=[f"{disk},snapshot"]) as machine:
        said = wait_for(machine, media.TEXT.format("disk"))
    assert "boot menu" not in said


def test_a_kernel_is_started_through_firmware_and_sees_the_memory_map_of_the_bios():
    kernel = guest.image("monitor-x86.bin")
    with pc(kernel=kernel, firmware=seabios.installed()) as machine:
        machine.console.expect("mb> ", timeout=60)
        text = machine.console.text
        said = machine.logs["debug"].text
    assert "Booting from ROM" in said
    assert "0x00100000-0x07ffdfff  RAM" in text
    assert "0x000f0000-0x000fffff  reserved" in text


def test_a_key_makes_the_boot_sector_power_off_through_the_bios(tmp_path):
    disk = media.disk(tmp_path / "disk.img")
    board = Board.load("x86-pc", irqchip="off")
    with board.build(disks=[f"{disk},snapshot"]) as machine:
        wait_for(machine, media.TEXT.format("disk"))
        machine.key(ENTER, True)
        machine.key(ENTER, False)
        event = machine.wait(60)
    assert event is not None
    assert event.name == "poweroff"


@pytest.mark.parametrize("irqchip", ["split", "off"])
@pytest.mark.parametrize("board", ["x86-pc", "x86-pc-hpet"])
def test_it_boots_by_interrupts_of_our_own_chips(tmp_path, board, irqchip):
    disk = media.disk(tmp_path / "disk.img")
    built = Board.load(board, irqchip=irqchip).build(disks=[f"{disk},snapshot"])
    with built as machine:
        wait_for(machine, media.TEXT.format("disk"))
