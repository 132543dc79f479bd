"""TCX's laws, and what is seen of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from devicelib.display.tcx import Tcx


def made(bench: Any, **params: Any) -> Any:
    tcx = bench.attach(Tcx, **params)
    tcx.windows[list(tcx.device.regions).index("pixels")] = bytearray(1 << 20)
    return tcx


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


def test_timing_keeps_what_is_written(bench: Any) -> None:
    tcx = made(bench)
    tcx.write(0x818, 0x1234_5678, 4, "timing")
    assert tcx.read(0x818, 4, "timing") == 0x1234_5678
    assert tcx.read(0x81A, 2, "timing") == 0x5678


def test_the_picture_is_the_memory_in_its_colours(bench: Any) -> None:
    tcx = made(bench)
    tcx.windows[list(tcx.device.regions).index("pixels")][1024] = 7
    picture = tcx.device.picture()
    assert (picture.width, picture.height, picture.pixels[1024]) == (1024, 768, 7)
    assert len(picture.pixels) == 1024 * 768
    assert len(picture.palette) == 768


def test_its_firmware_is_the_image_that_the_board_names(
    bench: Any, tmp_path: Path
) -> None:
    image = tmp_path / "tcx.bin"
    image.write_bytes(b"\xfd\x08code")
    tcx = made(bench, fcode=str(image))
    assert tcx.windows[0] == b"\xfd\x08code"
