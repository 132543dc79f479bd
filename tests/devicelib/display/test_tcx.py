"""TCX's laws, and what is seen of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from devicelib.display.tcx import Tcx

MIB = 1 << 20
MISC, VIDEO = 0x818, 1 << 10
COPY = 3 << 28


def made(bench: Any, **params: Any) -> Any:
    tcx = bench.attach(Tcx, **params)
    tcx.windows[list(tcx.device.regions).index("pixels")] = bytearray(MIB)
    return tcx


def pixels(tcx: Any) -> bytearray:
    """The memory that is shown."""
    window: bytearray = tcx.windows[list(tcx.device.regions).index("pixels")]
    return window


def test_colours_are_written_and_read_in_threes(bench: Any) -> None:
    tcx = made(bench)
    tcx.write(0, 5 << 24, 4, "dac")
    for part in (0x11, 0x22, 0x33, 0x44, 0x55, 0x66):
        tcx.write(4, part << 24, 4, "dac")
    assert tcx.device.colours[15:21] == bytes.fromhex("112233445566")
    tcx.write(0, 5 << 24, 4, "dac")
    assert [tcx.read(4, 4, "dac") >> 24 for _ in range(3)] == [0x11, 0x22, 0x33]


def test_bytes_do_as_well_as_words(bench: Any) -> None:
    tcx = made(bench)
    tcx.write(0, 255, 1, "dac")
    for part in (1, 2, 3, 4):
        tcx.write(4, part, 1, "dac")
    assert tcx.device.colours[-3:] + tcx.device.colours[:1] == bytes([1, 2, 3, 4])


def test_the_index_chooses_a_control_of_the_dac(bench: Any) -> None:
    tcx = made(bench)
    for index, value in ((4, 0xFF), (6, 0x73)):
        tcx.write(0, index << 24, 4, "dac")
        tcx.write(8, value << 24, 4, "dac")
    tcx.write(0, 4 << 24, 4, "dac")
    assert tcx.read(8, 4, "dac") == 0xFF << 24
    assert tcx.device.colours == bytes(768)


@pytest.mark.parametrize("window", ["timing", "drawing"])
def test_registers_keep_what_is_written(bench: Any, window: str) -> None:
    tcx = made(bench)
    tcx.write(0x818, 0x1234_5678, 4, window)
    assert tcx.read(0x818, 4, window) == 0x1234_5678
    assert tcx.read(0x81A, 2, window) == 0x5678


@pytest.mark.parametrize("window", ["timing", "drawing", "dac"])
def test_a_set_of_registers_repeats_every_4_kib(bench: Any, window: str) -> None:
    tcx = made(bench)
    size = tcx.device.regions[window].span
    tcx.write(0, 0xAB00_0000, 4, window)
    for offset in range(0, size, 0x1000):
        assert tcx.read(offset, 4, window) == 0xAB00_0000
    tcx.write(size - 0x1000, 0xCD00_0000, 4, window)
    assert tcx.read(0, 4, window) == 0xCD00_0000


def test_an_access_at_the_end_of_a_set_stays_in_it(bench: Any) -> None:
    tcx = made(bench)
    tcx.write(0xFFE, 0x1234_5678, 4, "timing")
    tcx.write(0xFFC, 1, 8, "drawing")
    assert len(tcx.device.kept_timing) == len(tcx.device.kept_drawing) == 0x1000


def test_the_picture_is_the_memory_in_its_colours(bench: Any) -> None:
    tcx = made(bench)
    pixels(tcx)[1024] = 7
    tcx.write(0, 7, 1, "dac")
    tcx.write(4, 0x55, 1, "dac")
    picture = tcx.device.picture()
    assert (picture.width, picture.height, picture.pixels[1024]) == (1024, 768, 7)
    assert len(picture.pixels) == 1024 * 768
    assert (len(picture.palette), picture.palette[21]) == (768, 0x55)


def test_without_video_the_screen_is_dark(bench: Any) -> None:
    tcx = made(bench)
    tcx.device.colours[:] = b"\xff" * 768
    tcx.write(MISC, tcx.read(MISC, 4, "timing") & ~VIDEO, 4, "timing")
    assert tcx.device.picture().palette == bytes(768)
    tcx.write(MISC, VIDEO, 4, "timing")
    assert tcx.device.picture().palette == b"\xff" * 768


# -- STIP and BLIT
@pytest.mark.parametrize("window", ["stipple", "raw_stipple"])
def test_a_stipple_colours_its_ones_from_the_left(bench: Any, window: str) -> None:
    tcx = made(bench)
    pixels(tcx)[64:96] = b"." * 32
    tcx.write(64 * 8, COPY | ord("#"), 4, window)
    assert pixels(tcx)[64:96] == b"." * 32, "the first word draws nothing"
    tcx.write(64 * 8 + 4, 0xA000_0003, 4, window)
    assert pixels(tcx)[64:96] == b"#.#" + b"." * 27 + b"##"
    assert not any(pixels(tcx)[96:])


def test_a_double_word_is_a_command_too(bench: Any) -> None:
    tcx = made(bench)
    tcx.write(32 * 8, (COPY | 9) << 32 | 0xFFFF_FFFF, 8, "stipple")
    assert pixels(tcx)[32:64] == bytes([9] * 32)


@pytest.mark.parametrize("window", ["blit", "raw_blit"])
def test_a_blit_copies_pixels_as_they_were(bench: Any, window: str) -> None:
    tcx = made(bench)
    pixels(tcx)[100:132] = bytes(range(32))
    tcx.write(104 * 8, COPY << 32 | 31 << 24 | 100, 8, window)
    assert pixels(tcx)[100:137] == bytes([0, 1, 2, 3, *range(32), 0])


def test_a_blit_copies_no_more_than_it_says(bench: Any) -> None:
    tcx = made(bench)
    pixels(tcx)[:8] = b"abcdefgh"
    tcx.write(1024 * 8, COPY << 32 | 2 << 24, 8, "blit")
    assert pixels(tcx)[1023:1029] == b"\0abc\0\0"


def test_a_blit_from_nowhere_fills_with_the_colour(bench: Any) -> None:
    tcx = made(bench)
    tcx.write(64 * 8, (COPY | 5) << 32 | 0x1FFF_FFFF, 8, "blit")
    assert pixels(tcx)[63:97] == bytes([0, *[5] * 32, 0])


@pytest.mark.parametrize("window", ["stipple", "blit", "raw_stipple", "raw_blit"])
@pytest.mark.parametrize("low", [0xFFFF_FFFF, 0x1F0F_FFF8, 0x1FFF_FFF8])
def test_what_is_past_the_memory_is_not_drawn(
    bench: Any, window: str, low: int
) -> None:
    tcx = made(bench)
    tcx.write(8 * MIB - 64, 1 << 32 | low, 8, window)
    assert len(pixels(tcx)) == MIB
    assert tcx.read(8 * MIB - 64, 8, window) == 0


def test_its_firmware_is_the_image_that_the_board_names(
    bench: Any, tmp_path: Path
) -> None:
    image = tmp_path / "tcx.bin"
    image.write_bytes(b"\xfd\x08code")
    tcx = made(bench, fcode=str(image))
    assert tcx.windows[0] == b"\xfd\x08code"
