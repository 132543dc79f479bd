# SPDX-License-Identifier: Apache-2.0
"""SeaBIOS with the ISA devices of the PC: floppy drive, DMA, keyboard.

The interrupt controllers are our own: some hosts' KVM does not see the moments in which
SeaBIOS lets interrupts through, and its waits for the floppy controller time out. It
tries again after a while.
"""

from __future__ import annotations

import pytest

from machinebuilder import Board
from tests.boot.test_seabios import pytestmark, wait_for
from tests.boot.x86 import media

__all__ = ["pytestmark"]
ESCAPE = 1


def pc(**how):
    return Board.load("x86-pc", irqchip="off").build(**how)


@pytest.mark.timeout(200)
def test_a_diskette_is_booted(tmp_path):
    diskette = media.diskette(tmp_path / "disk.ima")
    with pc(disks=[str(diskette)], boot="floppy") as machine:
        said = wait_for(machine, media.TEXT.format("floppy"), seconds=150)
    assert "boot sector, drive 00" in said


def test_a_key_opens_the_boot_menu():
    with pc(boot="menu") as machine:
        wait_for(machine, "PS2 keyboard initialized")
        wait_for(machine, "Press ESC for boot menu")
        machine.key(ESCAPE, True)
        machine.key(ESCAPE, False)
        wait_for(machine, "Select boot device")
