# SPDX-License-Identifier: Apache-2.0
"""The SPARCstation's screen: a program that draws through all of TCX's windows, and
Linux's console on it, with the keyboard. `docs/sparc-ss5.md` tells of that kernel."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from machinebuilder import Board
from machinebuilder.device import Picture
from machinebuilder.fetch import openbios_sparc
from machinebuilder.machine import Machine
from tests.conftest import ROOT, guest_image
from tests.lockstep.sparc.program import (
    G0,
    NOP,
    encoded,
    memory,
    set_register,
)

pytestmark = [pytest.mark.boot, pytest.mark.timeout(300)]

KERNEL = Path(
    os.environ.get("MB_SPARC_KERNEL", ROOT / "build" / "sparc-kernel" / "zImage")
)
TCX, SEEN, DONE = 0x5000_0000, 0x100, 0x180
DAC, THC, THC_AGAIN, TEC = 0x20_0000, 0x30_0000, 0x30_1000, 0x70_0000
PIXELS, STIPPLE, BLIT = 0x80_0000, 0x400_0000, 0x600_0000
MISC, VIDEO = 0x818, 1 << 10
VALUE, ADDRESS = 1, 2  # %g1, %g2
LOAD, STORE = 0x00, 0x04


# -- a program of our own --------------------------------------------------------------
def written(address: int, value: int) -> list[int]:
    return [
        *set_register(VALUE, value),
        *set_register(ADDRESS, address),
        memory(STORE, VALUE, ADDRESS, 0),
    ]


def noted(address: int, index: int) -> list[int]:
    """A word of a window is copied to memory."""
    return [
        *set_register(ADDRESS, address),
        memory(LOAD, VALUE, ADDRESS, 0),
        memory(STORE, VALUE, G0, SEEN + 4 * index),
    ]


def program() -> bytes:
    """Draw a line of 64 pixels: 32 by a stipple, those again by a blit."""
    words = []
    for index, window in enumerate((THC, THC_AGAIN, TEC)):
        words += noted(TCX + window + MISC, index)
    words += written(TCX + DAC, 7 << 24)
    for part in (0x10, 0x20, 0x30):
        words += written(TCX + DAC + 4, part << 24)
    words += written(TCX + PIXELS + 1024, 0x0102_0304)
    words += written(TCX + STIPPLE, 7) + written(TCX + STIPPLE + 4, 0xF000_0001)
    words += written(TCX + BLIT + 32 * 8, 0) + written(
        TCX + BLIT + 32 * 8 + 4, 31 << 24
    )
    words += noted(TCX + PIXELS, 3) + written(DONE, 1)
    return encoded([*words, 0x1080_0000, NOP])  # b .


def test_a_program_draws_through_the_windows_of_tcx(tmp_path: Path) -> None:
    firmware = tmp_path / "firmware"
    firmware.write_bytes(program())
    with Board.load("sparc-ss5").build(firmware=firmware) as machine:
        machine.start()
        wait_for(lambda: machine.memory.read(DONE, 4)[3] == 1)
        seen = machine.memory.read(SEEN, 16)
        picture = machine.devices["tcx"].picture()
    assert seen == encoded([VIDEO, VIDEO, 0, 0x0707_0707])
    run = b"\7" * 4 + bytes(27) + b"\7"
    assert picture is not None
    assert picture.pixels[:64] == 2 * run
    assert picture.pixels[1024:1028] == bytes([1, 2, 3, 4])
    assert picture.palette[21:24] == bytes([0x10, 0x20, 0x30])


def wait_for(happened: object, seconds: float = 60) -> None:
    """Until it has; an assertion after that time."""
    assert callable(happened)
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.2)


# -- Linux -----------------------------------------------------------------------------
@pytest.fixture
def machine() -> Iterator[Machine]:
    """Linux with screen and keyboard as its console, before its shell starts."""
    if not KERNEL.exists():
        pytest.skip(f"no {KERNEL}: build it with `scripts/build-sparc-kernel`")
    if openbios_sparc.installed() is None:
        pytest.skip(f"no OpenBIOS: {openbios_sparc.COMMAND}")
    images = {"kernel": KERNEL, "initrd": guest_image("sparc/initrd.gz")}
    append = (
        "console=ttyS0 console=tty0 rdinit=/init benchm=0 "
        "esp_scsi.esp_bus_reset_settle=0"
    )
    with Board.load("sparc-ss5").build(**images, append=append) as machine:
        machine.start()
        machine.console.expect("Run /init as init process", timeout=120)
        yield machine


def cell(picture: Picture, row: int, column: int) -> bytes:
    """The pixels of a character, of 8 x 16."""
    first = 16 * row * picture.width + 8 * column
    lines = (first + picture.width * y for y in range(16))
    return b"".join(picture.pixels[at : at + 8] for at in lines)


def test_what_is_typed_is_obeyed_and_seen(machine: Machine) -> None:
    assert machine.type_text("clear; echo ABBA; sleep 1000\n")

    def seen() -> bool:
        picture = machine.devices["tcx"].picture()
        assert picture is not None
        a, b, b2, a2, blank = (cell(picture, 0, column) for column in range(5))
        return a == a2 != b == b2 != blank and a != blank and len(set(blank)) == 1

    wait_for(seen, 100)


def test_the_console_shows_the_kernels_words_in_grey_on_black(machine: Machine) -> None:
    machine.wait(1)
    picture = machine.devices["tcx"].picture()
    assert picture is not None
    colours = {
        picture.palette[3 * pixel : 3 * pixel + 3] for pixel in picture.pixels[-80000:]
    }
    assert colours == {b"\0\0\0", b"\xaa\xaa\xaa"}


def test_the_keyboard_reaches_the_shell(machine: Machine) -> None:
    machine.type_text("poweroff -f\n")
    event = machine.wait(timeout=100)
    assert event is not None and event.name == "poweroff"


# -- firmware --------------------------------------------------------------------------
@pytest.mark.skipif(
    openbios_sparc.installed() is None,
    reason=f"no OpenBIOS: {openbios_sparc.COMMAND}",
)
def test_the_keyboard_reaches_the_firmware_and_its_answer_the_screen() -> None:
    with Board.load("sparc-ss5", console="screen").build() as machine:
        machine.start()

        def shown() -> bytes:
            picture = machine.devices["tcx"].picture()
            assert picture is not None
            return bytes(picture.pixels)

        def at_rest() -> bool:
            before = shown()
            machine.wait(1)
            return before == shown() and len(set(before)) > 1

        wait_for(at_rest, 120)
        prompt = shown()
        machine.type_text("1 2 3 .s\n")
        wait_for(lambda: shown() != prompt)
        machine.type_text("power-off\n")
        event = machine.wait(timeout=60)
    assert event is not None and event.name == "poweroff"
