"""ELF files: segments, entry points, and files that lie."""

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from machinebuilder.boot import elf


def an_elf(segments=((0x8000, 0x4000_8000, b"code", 4),), entry=0x8000, machine=40):
    """A 32-bit little-endian executable: (virtual, physical, data, size in memory)."""
    table = b""
    offset = 52 + 32 * len(segments)
    body = b""
    for virtual, physical, data, size in segments:
        row = (1, offset + len(body), virtual, physical, len(data), size, 7, 4)
        table += struct.pack("<8I", *row)
        body += data
    ident = b"\x7fELF\x01\x01\x01" + bytes(9)
    header = struct.pack(
        "<HHIIIIIHHHHHH", 2, machine, 1, entry, 52, 0, 0, 52, 32, len(segments), 0, 0, 0
    )
    return ident + header + table + body


def test_segments_come_with_physical_addresses_and_zeros_to_add():
    image = elf.parse(an_elf([(0x8000, 0x4000_8000, b"code", 16)]))
    (segment,) = image.segments
    assert (segment.address, segment.data, segment.size) == (0x4000_8000, b"code", 16)
    assert (image.machine, image.bits, image.big_endian) == (40, 32, False)


def test_the_entry_is_found_through_its_segment():
    image = elf.parse(an_elf([(0xC000_8000, 0x8000, b"x" * 64, 64)], entry=0xC000_8010))
    assert image.physical_entry == 0x8010


@pytest.mark.parametrize("size", [5, 20, 51, 60])
def test_a_file_that_ends_early_is_refused(size):
    with pytest.raises(elf.ElfError):
        elf.parse(an_elf()[:size])


def test_a_segment_past_the_end_is_refused():
    with pytest.raises(elf.ElfError, match="cut short"):
        elf.parse(an_elf([(0x8000, 0x8000, b"code", 4)])[:-1])


def test_an_object_file_is_refused():
    with pytest.raises(elf.ElfError, match="object file"):
        elf.parse(an_elf(segments=()))


@given(st.binary(max_size=200), st.integers(0, 120))
def test_rubbish_gives_an_elf_error_and_nothing_else(rubbish, keep):
    with contextlib.suppress(elf.ElfError):
        elf.parse(an_elf()[:keep] + rubbish)
