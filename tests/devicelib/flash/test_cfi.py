"""Flash by the Intel command set: two 16-bit chips on a 32-bit bus."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from devicelib.flash.cfi import CfiFlash

MIB = 1 << 20
BLOCK = 256 << 10


def both(byte: int) -> int:
    """A command or status for both chips."""
    return byte << 16 | byte


@pytest.fixture
def flash(bench: Any) -> Any:
    return bench.attach(CfiFlash, size=MIB)


def program(flash: Any, offset: int, value: int) -> None:
    flash.write(offset, both(0x40))
    flash.write(offset, value)


def test_erased_flash_reads_as_ones_and_takes_no_memory(flash: Any) -> None:
    assert flash.read(0x1000) == 0xFFFF_FFFF
    assert flash.device.contents is None


def test_the_query_describes_one_chip(flash: Any) -> None:
    flash.write(0x55 * 4, both(0x98))
    table = {word: flash.read(word * 4) for word in range(0x10, 0x36)}
    assert [table[w] for w in (0x10, 0x11, 0x12)] == [both(c) for c in b"QRY"]
    assert table[0x13] == both(1)
    assert 1 << (table[0x27] & 0xFF) == MIB // 2
    blocks = (table[0x2D] & 0xFF | (table[0x2E] & 0xFF) << 8) + 1
    unit = (table[0x2F] & 0xFF | (table[0x30] & 0xFF) << 8) * 256
    assert blocks * unit == MIB // 2
    assert [table[w] & 0xFF for w in (0x31, 0x32, 0x33)] == list(b"PRI")


def test_programming_clears_bits_and_erasing_sets_them(flash: Any) -> None:
    program(flash, 0x40004, 0x1234_5678)
    program(flash, 0x40004, 0xFFFF_0000)
    assert flash.read(0x40004) == both(0x80)
    flash.write(0, both(0xFF))
    assert flash.read(0x40004) == 0x1234_0000
    flash.write(0x40000, both(0x20))
    flash.write(0x40000, both(0xD0))
    flash.write(0, both(0xFF))
    assert flash.read(0x40004) == 0xFFFF_FFFF


def test_erasing_leaves_other_blocks_alone(flash: Any) -> None:
    program(flash, BLOCK - 4, 0)
    program(flash, BLOCK, 0)
    flash.write(BLOCK + 64, both(0x20))
    flash.write(BLOCK + 64, both(0xD0))
    flash.write(0, both(0xFF))
    assert (flash.read(BLOCK - 4), flash.read(BLOCK)) == (0, 0xFFFF_FFFF)


def test_a_buffered_program_waits_for_its_confirmation(flash: Any) -> None:
    flash.write(0x100, both(0xE8))
    assert flash.read(0x100) & 0x80
    flash.write(0x100, both(2))
    for word in range(3):
        flash.write(0x100 + 4 * word, word + 1)
    assert flash.device.part(0x100, 4) == b"\xff" * 4
    flash.write(0x100, both(0xD0))
    flash.write(0, both(0xFF))
    assert [flash.read(0x100 + 4 * word) for word in range(4)] == [1, 2, 3, 0xFFFF_FFFF]


def test_a_wrong_confirmation_sets_error_bits_until_cleared(flash: Any) -> None:
    program(flash, 0, 0)
    flash.write(0, both(0x20))
    flash.write(0, both(0x12))
    assert flash.read(0) == both(0xB0)
    flash.write(0, both(0x50))
    flash.write(0, both(0x70))
    assert flash.read(0) == both(0x80)


def test_a_buffer_larger_than_promised_is_refused(flash: Any) -> None:
    flash.write(0, both(0xE8))
    flash.write(0, both(0xFFFF))
    assert flash.read(0) == both(0xB0)


def test_contents_are_shown_only_while_no_command_is_under_way(
    bench: Any, tmp_path: Path
) -> None:
    image = tmp_path / "firmware.bin"
    image.write_bytes(b"code")
    flash = bench.attach(CfiFlash, size=MIB, image=str(image))
    assert flash.shown[0][:5] == b"code\xff"
    flash.write(0, both(0x70))
    assert flash.shown[0] is None
    flash.write(0, both(0xFF))
    assert flash.shown[0][:4] == b"code"


def test_contents_outlive_a_reset(flash: Any) -> None:
    program(flash, 8, 7)
    flash.reset()
    assert flash.read(8) == 7


def test_changes_reach_the_image_if_they_are_to_be_saved(
    bench: Any, tmp_path: Path
) -> None:
    image = tmp_path / "variables.bin"
    image.write_bytes(b"\xff" * 16)
    flash = bench.attach(CfiFlash, size=MIB, image=str(image), save=True)
    program(flash, 4, int.from_bytes(b"kept", "little"))
    assert image.read_bytes()[4:8] == b"kept"


def test_bytes_of_a_status_are_read_lane_by_lane(flash: Any) -> None:
    flash.write(0, both(0x70))
    assert [flash.read(n, 1) for n in range(4)] == [0x80, 0, 0x80, 0]
