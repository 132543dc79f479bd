# SPDX-License-Identifier: Apache-2.0
"""TCX and QEMU's: the same commands, the same pixels; the same colours.

Not compared: copies that overlap, which QEMU leaves to its C library.
"""

from __future__ import annotations

import random
import shutil
from typing import Any

import pytest

from devicelib.display.tcx import Tcx
from tests.qtest import Qemu

SPARC = "qemu-system-sparc"
SLOT = 0x5000_0000
DAC, PIXELS = 0x20_0000, 0x80_0000
WINDOWS = {
    "stipple": 0x400_0000,
    "blit": 0x600_0000,
    "raw_stipple": 0xC00_0000,
    "raw_blit": 0xE00_0000,
}
AREA = 4096  # pixels that are drawn on
STEPS, LOOKS = 400, 20
COPY, NO_SOURCE = 3 << 28, 0xFF_FFFF

pytestmark = pytest.mark.skipif(
    shutil.which(SPARC) is None, reason=f"no {SPARC} to compare with"
)


def command(rand: random.Random, window: str, first: int) -> tuple[int, int]:
    """Two words for a window."""
    colour = COPY | rand.randrange(256)
    if "stipple" in window:
        return colour, rand.getrandbits(32)
    count = rand.randrange(32)
    if rand.random() < 0.3:
        return colour, count << 24 | NO_SOURCE
    source = (first + rand.randrange(64, AREA // 2)) % AREA
    return colour, count << 24 | source


def pixels(tcx: Any) -> bytearray:
    """The memory that is shown."""
    window: bytearray = tcx.windows[list(tcx.device.regions).index("pixels")]
    return window


@pytest.mark.parametrize("seed", range(3))
def test_it_draws_what_qemus_does(bench: Any, seed: int) -> None:
    rand = random.Random(seed)
    ours = bench.attach(Tcx)
    ours.windows[list(ours.device.regions).index("pixels")] = bytearray(1 << 20)
    noise = rand.randbytes(AREA)
    pixels(ours)[:AREA] = noise
    with Qemu(machine="SS-5", program=SPARC) as theirs:
        theirs.write(SLOT + PIXELS, noise)
        for step in range(STEPS):
            window = rand.choice(list(WINDOWS))
            first = rand.randrange(64, AREA - 64)
            words = command(rand, window, first)
            for offset, word in zip((0, 4), words, strict=True):
                ours.write(8 * first + offset, word, 4, window)
                theirs.store(SLOT + WINDOWS[window] + 8 * first + offset, word)
            if step % LOOKS == LOOKS - 1:
                wanted = theirs.read(SLOT + PIXELS, AREA + 64)
                assert bytes(pixels(ours)[: AREA + 64]) == wanted, f"step {step}"


def test_it_keeps_colours_as_qemus_does(bench: Any) -> None:
    rand = random.Random(1)
    ours = bench.attach(Tcx)
    with Qemu(machine="SS-5", program=SPARC) as theirs:

        def write(offset: int, word: int) -> None:
            ours.write(offset, word, 4, "dac")
            theirs.store(SLOT + DAC + offset, word)

        def read() -> tuple[int, int]:
            got = ours.read(4, 4, "dac"), theirs.load(SLOT + DAC + 4)
            return got[0] >> 24, got[1] >> 24

        for _ in range(3 * 256):
            write(4, rand.getrandbits(32))
        for step in range(500):
            if rand.random() < 0.7:
                write(rand.choice((0, 4, 4, 4)), rand.getrandbits(32))
            else:
                got, wanted = read()
                assert got == wanted, f"step {step}"
