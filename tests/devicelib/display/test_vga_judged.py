"""The VGA beside QEMU's: a guest draws the same on both, and both show the same.

Not VBE's modes of 16 colours, which QEMU writes to all planes whatever is enabled.
"""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from qtest import Qemu, needs_qemu
from vga_guest import Card, Guest

from machinebuilder.device import Picture

pytestmark = needs_qemu

CLOSE, CLOSE_15 = 3, 7
"""QEMU widens six bits to eight by the lowest bit, and five of 15-bit pixels by zeros:
not by the highest ones."""
PHASES, PHASE = 8, 150_000_000
"""Looks, that many guest nanoseconds apart, before two pictures are said to differ: the
cursor blinks, and QEMU's stands still in some phase of that."""
JOINED = range(0xB0, 0xC0)
"""Characters that QEMU, unlike IBM's manual, lets reach into the ninth dot."""
FRAME_BUFFER = 0xE000_0000


class Judge(Qemu):
    """QEMU's card, and its monitor to look at the screen."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        path = folder / "monitor"
        super().__init__("-vga", "std", "-monitor", f"unix:{path},server,nowait")
        self.place()
        self.monitor = socket.socket(socket.AF_UNIX)
        self.monitor.connect(str(path))

    def place(self) -> None:
        """Base address register 0 of the card, slot 2; memory and ports on."""
        for offset, value in ((0x10, FRAME_BUFFER), (0x04, 3)):
            self.out(0xCF8, 0x8000_1000 | offset, "l")
            self.out(0xCFC, value, "l")

    def picture(self) -> Picture:
        """What QEMU shows."""
        file = self.folder / "screen.ppm"
        file.unlink(missing_ok=True)
        self.monitor.sendall(f"screendump {file}\n".encode())
        end = time.monotonic() + 20
        while not (found := complete(file)) and time.monotonic() < end:
            time.sleep(0.01)
        assert found is not None, "no screendump"
        return found


def complete(file: Path) -> Picture | None:
    """A portable pixmap, once all of it is there."""
    data = file.read_bytes() if file.exists() else b""
    head = data.split(maxsplit=4)[:4]
    if len(head) < 4:
        return None
    width, height = int(head[1]), int(head[2])
    pixels = data[data.index(b"\n255\n") + 5 :]
    return Picture(width, height, pixels) if len(pixels) == width * height * 3 else None


@pytest.fixture
def judge(tmp_path: Path) -> Iterator[Judge]:
    with Judge(tmp_path) as qemu:
        yield qemu
        qemu.monitor.close()


def both_show_the_same(
    judge: Judge, draw: Callable[[Guest], None], close: int = CLOSE
) -> None:
    """Draw, look, compare."""
    card = Card()
    for guest in (Guest(card), Guest(judge)):
        draw(guest)
    for _ in range(PHASES):
        ours, theirs = card.chip.picture(), judge.picture()
        assert ours is not None
        assert (ours.width, ours.height) == (theirs.width, theirs.height)
        far = differences(ours, theirs, close)
        if not far:
            break
        card.chip.sleep(PHASE)
    card.chip.close()
    assert not far, f"{len(far)} differ, first at {divmod(far[0] // 3, ours.width)}"
    assert len(set(ours.pixels)) > 2, "nothing was drawn"


def differences(ours: Picture, theirs: Picture, close: int) -> list[int]:
    """Where the bytes of two pictures are further apart."""
    pairs = enumerate(zip(ours.pixels, theirs.pixels, strict=True))
    return [n for n, (a, b) in pairs if abs(a - b) > close]


def glyphs(rand: random.Random) -> dict[str, bytes]:
    return {chr(c): rand.randbytes(16) for c in range(256)}


@pytest.mark.parametrize("mode", ["text", "text8"])
def test_text(judge: Judge, mode: str) -> None:
    def draw(guest: Guest) -> None:
        rand = random.Random(mode)
        guest.set(mode)
        guest.attribute(0x10, 0x04 if mode == "text" else 0x00)  # nothing blinks
        guest.font(glyphs(rand))
        cells = [n for n in range(256) if n not in JOINED]
        text = b"".join(
            bytes((rand.choice(cells), rand.randrange(256))) for _ in range(2000)
        )
        guest.card.write(0xB_8000, text)

    both_show_the_same(judge, draw)


@pytest.mark.parametrize(
    "registers",
    [
        {0x09: 0x47},  # 50 rows of 8 lines
        {0x0C: 0x01, 0x0D: 0x23},  # scrolled
        {0x13: 0x30},  # rows of 96 characters
        {0x01: 0x3F, 0x12: 0x5F},  # a smaller screen
        {0x0A: 0x02, 0x0B: 0x0D, 0x0F: 0x05},  # with a cursor
    ],
    ids=["rows", "start", "offset", "size", "cursor"],
)
def test_text_as_the_crtc_scans_it(judge: Judge, registers: dict[int, int]) -> None:
    def draw(guest: Guest) -> None:
        rand = random.Random(3)
        guest.set("text8")
        for index, value in registers.items():
            guest.crtc(index, value)
        guest.attribute(0x10, 0x00)  # nothing blinks
        guest.font(glyphs(rand), at=0x6000)
        guest.font(glyphs(rand), at=0x8000)
        guest.sequencer(3, 0x19)  # map B (bits 4, 1, 0): 5; map A (5, 3, 2): 2
        guest.card.write(0xB_8000, rand.randbytes(12000))

    both_show_the_same(judge, draw)


@pytest.mark.parametrize(
    "registers",
    [
        {0x18: 100, 0x07: 0x2E, 0x09: 0x00, 0x0C: 0x08},  # split
        {0x09: 0x43},  # every line four times
        {0x09: 0xC0},  # or doubled
        {0x13: 0x20},
        {0x01: 0x27},
    ],
    ids=["split", "fourfold", "doubled", "offset", "narrow"],
)
def test_graphics_as_the_crtc_scans_them(
    judge: Judge, registers: dict[int, int]
) -> None:
    def draw(guest: Guest) -> None:
        rand = random.Random(4)
        guest.set("vga16")
        for index, value in registers.items():
            guest.crtc(index, value)
        for plane in range(4):
            guest.planes(1 << plane)
            guest.card.write(0xA_0000, rand.randbytes(0x1_0000))

    both_show_the_same(judge, draw)


@pytest.mark.parametrize("mode", ["cga4", "cga2"])
def test_cga(judge: Judge, mode: str) -> None:
    def draw(guest: Guest) -> None:
        guest.set(mode)
        guest.card.write(0xB_8000, random.Random(mode).randbytes(16384))

    both_show_the_same(judge, draw)


@pytest.mark.parametrize("mode", ["ega", "vga16"])
def test_planes_in_all_write_modes(judge: Judge, mode: str) -> None:
    def draw(guest: Guest) -> None:
        rand = random.Random(mode)
        guest.set(mode)
        for _ in range(200):
            guest.planes(rand.randrange(16))
            for index, most in ((0, 16), (1, 16), (3, 32), (5, 4), (8, 256)):
                guest.graphics(index, rand.randrange(most))
            place = 0xA_0000 + rand.randrange(8000)
            guest.card.read(place, 1)
            guest.card.write(place, rand.randbytes(rand.randrange(1, 80)))

    both_show_the_same(judge, draw)


def test_what_is_read_in_both_read_modes(judge: Judge) -> None:
    def answers(guest: Guest) -> list[bytes]:
        rand = random.Random(1)
        guest.set("vga16")
        for plane in range(4):
            guest.planes(1 << plane)
            guest.card.write(0xA_0000, rand.randbytes(256))
        found = []
        for n in range(100):
            for index, most in ((2, 16), (4, 4), (7, 16)):
                guest.graphics(index, rand.randrange(most))
            guest.graphics(5, n % 2 * 8)
            found.append(guest.card.read(0xA_0000 + rand.randrange(240), 16))
        return found

    card = Card()
    assert answers(Guest(card)) == answers(Guest(judge))
    card.chip.close()


@pytest.mark.parametrize("mode", ["vga256", "x"])
def test_256_colours(judge: Judge, mode: str) -> None:
    def draw(guest: Guest) -> None:
        rand = random.Random(mode)
        guest.set(mode)
        guest.card.write(0xA_0000, rand.randbytes(40000))
        if mode == "x":
            guest.planes(6)
            guest.card.write(0xA_0100, rand.randbytes(5000))
            guest.crtc(0x0C, 0x02)

    both_show_the_same(judge, draw)


@pytest.mark.parametrize("depth", [8, 15, 16, 24, 32])
def test_the_extension(judge: Judge, depth: int) -> None:
    def draw(guest: Guest) -> None:
        guest.set("vga256")
        guest.set_vbe(640, 480, depth)
        guest.vbe(6, 704)
        guest.vbe(9, 3)
        data = random.Random(depth).randbytes(0x2_0000)
        if isinstance(guest.card, Judge):
            guest.card.write(FRAME_BUFFER, data)
        else:
            guest.card.vram[: len(data)] = data

    both_show_the_same(judge, draw, CLOSE_15 if depth == 15 else CLOSE)


def test_registers_read_back_alike(judge: Judge) -> None:
    def answers(guest: Guest) -> list[int]:
        rand = random.Random(2)
        guest.set("vga16")
        found = []
        for port, count in ((0x3C4, 5), (0x3CE, 9), (0x3D4, 0x18)):
            for index in range(count):
                guest.index(port, index, rand.randrange(256))
                found += [guest.card.inp(port), guest.card.inp(port + 1)]
        for index in range(0x15):
            guest.attribute(index, rand.randrange(256))
            guest.card.inp(0x3DA)
            guest.card.out(0x3C0, index | 0x20)
            found.append(guest.card.inp(0x3C1))
            guest.card.inp(0x3DA)
            found.append(guest.card.inp(0x3C0))
        return found

    card = Card()
    assert answers(Guest(card)) == answers(Guest(judge))
    card.chip.close()
