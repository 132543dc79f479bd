"""The PC's screen and keyboard under its BIOS, run by KVM: text and graphics modes,
what is typed, and a real VNC client."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from machinebuilder import Board
from machinebuilder.device import Picture
from machinebuilder.fetch import seabios
from machinebuilder.machine import Machine
from tests.qtest import needs_qemu

pytestmark = [
    pytest.mark.skipif(
        not os.access("/dev/kvm", os.R_OK | os.W_OK), reason="/dev/kvm is not to be had"
    ),
    pytest.mark.skipif(seabios.installed() is None, reason="SeaBIOS is not installed"),
    pytest.mark.skipif(shutil.which("as") is None, reason="no assembler"),
]
SOURCE = Path(__file__).parent / "x86" / "screen.S"
CLOSE = 3
"""QEMU widens the DAC's six bits to eight in another way."""
GREY, BLACK, RED = bytes([0xAA] * 3), bytes(3), bytes([0xAA, 0, 0])


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A disk with our boot sector."""
    folder = tmp_path_factory.mktemp("screen")
    assembled, image = folder / "screen.o", folder / "disk.img"
    subprocess.run(["as", "--32", "-o", assembled, SOURCE], check=True)
    link = ["ld", "-m", "elf_i386", "-e", "start", "-Ttext", "0x7c00"]
    link += ["--oformat", "binary", "-o", str(image), str(assembled)]
    subprocess.run(link, check=True)
    image.write_bytes(image.read_bytes().ljust(1 << 20, b"\0"))
    return image


@pytest.fixture
def machine(disk: Path) -> Iterator[Machine]:
    """A PC whose boot sector waits for keys."""
    with Board.load("x86-pc").build(disks=[f"{disk},snapshot"]) as made:
        made.start()
        made.logs["debug"].expect("<!>", timeout=60)
        yield made


def typed(machine: Machine, text: str) -> Picture:
    """Type; what is on the screen when the guest has done it."""
    assert machine.type_text(text)
    for character in text:
        machine.logs["debug"].expect(f"<{character}>", timeout=20)
    picture = machine.devices["vga"].picture()
    assert picture is not None
    return picture


def pixel(picture: Picture, x: int, y: int) -> bytes:
    return picture.pixels[3 * (y * picture.width + x) :][:3]


def cell(picture: Picture, row: int, column: int) -> bytes:
    """The pixels of a character, of 9 x 16."""
    width = 3 * picture.width
    starts = (width * y + 27 * column for y in range(16 * row, 16 * row + 14))
    return b"".join(picture.pixels[at : at + 27] for at in starts)


def test_what_is_typed_is_seen_as_text(machine: Machine) -> None:
    picture = typed(machine, "ABBA")
    assert (picture.width, picture.height) == (720, 400)
    a, b, b2, a2, blank = (cell(picture, 0, column) for column in range(5))
    assert a == a2 != b == b2 != blank != a
    colours = {a[n : n + 3] for n in range(0, len(a), 3)}
    assert colours == {GREY, BLACK}


def test_the_bios_modes_show_what_is_drawn(machine: Machine) -> None:
    picture = typed(machine, "1")
    assert (picture.width, picture.height) == (640, 400)
    row = [pixel(picture, 2 * x, 2 * 8) for x in range(256)]
    assert row[4] == RED
    assert row == [pixel(picture, 2 * ((n - 64) % 256), 2 * 9) for n in range(256)]
    picture = typed(machine, "2")
    assert (picture.width, picture.height) == (640, 480)
    assert pixel(picture, 20, 20) == RED
    assert pixel(picture, 399, 399) == b"\xff" * 3
    assert pixel(picture, 399, 398) == BLACK
    picture = typed(machine, "3")
    assert (picture.width, picture.height) == (800, 600)
    assert pixel(picture, 4, 0) == pixel(picture, 260 - 32, 1) == RED
    assert pixel(picture, 0x1_0000 % 800, 0x1_0000 // 800) == BLACK
    picture = typed(machine, "0A")
    assert (picture.width, picture.height) == (720, 400)
    assert cell(picture, 0, 0) != cell(picture, 0, 2)


def test_a_vnc_client_types_and_sees(machine: Machine, tmp_path: Path) -> None:
    pytest.importorskip("vncdotool")
    image = pytest.importorskip("PIL.Image")
    file = tmp_path / "seen.png"
    start = "from vncdotool.command import vncdo; vncdo()"
    where = f"127.0.0.1::{machine.vnc().port}"
    command = [sys.executable, "-c", start, "-s", where, "--delay=50", "type", "1AZ"]
    subprocess.run([*command, "pause", "1"], check=True, timeout=60)
    machine.logs["debug"].expect("<Z>", timeout=20)
    subprocess.run([*command[:-2], "capture", str(file)], check=True, timeout=60)
    picture = machine.devices["vga"].picture()
    assert picture is not None
    seen = image.open(file).convert("RGB")
    assert seen.size == (picture.width, picture.height) == (640, 400)
    assert seen.tobytes() == picture.pixels


class Judge:
    """QEMU with the same disk and the same BIOS, and its monitor."""

    def __init__(self, disk: Path, folder: Path) -> None:
        self.folder = folder
        self.said = folder / "said"
        monitor = folder / "monitor"
        options = ["-accel", "tcg", "-display", "none", "-net", "none", "-vga", "std"]
        options += ["-drive", f"file={disk},format=raw,snapshot=on"]
        options += ["-debugcon", f"file:{self.said}"]
        options += ["-global", "isa-debugcon.iobase=0x402"]
        options += ["-monitor", f"unix:{monitor},server,nowait"]
        self.process = subprocess.Popen(["qemu-system-x86_64", *options])
        wait_for(monitor.exists)
        self.monitor = socket.socket(socket.AF_UNIX)
        self.monitor.connect(str(monitor))
        self.wait("!")

    def wait(self, key: str) -> None:
        wait_for(lambda: f"<{key}>" in said(self.said))

    def typed(self, key: str) -> Picture:
        self.monitor.sendall(f"sendkey {key}\n".encode())
        self.wait(key)
        file = self.folder / f"{key}.ppm"
        found: list[Picture] = []
        self.monitor.sendall(f"screendump {file}\n".encode())
        wait_for(lambda: file.exists() and pixmap(file.read_bytes(), found))
        return found[0]

    def close(self) -> None:
        self.monitor.close()
        self.process.kill()
        self.process.wait()


def said(file: Path) -> str:
    return file.read_text(errors="replace") if file.exists() else ""


def pixmap(data: bytes, found: list[Picture]) -> list[Picture]:
    """A portable pixmap, once all of it is there."""
    head = data.split(maxsplit=4)[:4]
    if len(head) == 4:
        width, height = int(head[1]), int(head[2])
        pixels = data[data.index(b"\n255\n") + 5 :]
        if len(pixels) == 3 * width * height:
            found.append(Picture(width, height, pixels))
    return found


def wait_for(happened: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


@needs_qemu
def test_the_bios_modes_look_as_on_qemu(
    machine: Machine, disk: Path, tmp_path: Path
) -> None:
    judge = Judge(disk, tmp_path)
    try:
        for mode in (4, 5, 6, 0xD, 0xE, 0x10, 0x11, 0x12, 0x13):
            key = chr(ord("a") + mode)
            ours, theirs = typed(machine, key), judge.typed(key)
            assert (ours.width, ours.height) == (theirs.width, theirs.height)
            pairs = zip(ours.pixels, theirs.pixels, strict=True)
            far = [n for n, (a, b) in enumerate(pairs) if abs(a - b) > CLOSE]
            assert not far, f"mode {mode:#x}: {len(far)} differ, first {far[0] // 3}"
            assert len(set(ours.pixels)) > 1, f"mode {mode:#x} shows nothing"
    finally:
        judge.close()
