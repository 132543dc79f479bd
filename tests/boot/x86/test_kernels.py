# SPDX-License-Identifier: Apache-2.0
"""Kernels by their kind: where the pieces go and how the processor begins."""

from __future__ import annotations

import contextlib
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from machinebuilder.boot import BootError
from machinebuilder.boot.x86 import bzimage, kernel
from machinebuilder.boot.x86.memory_map import Range
from machinebuilder.boot.x86.modes import RAX, RBX, RSI
from machinebuilder.boot.x86.room import COMMAND_LINE, INFO, Request, Room
from tests.conftest import guest_image

MIB = 1 << 20
RANGES = (Range(0, 0x9_FC00), Range(MIB, 127 * MIB))
RESERVE = 0x1_0000


def request(data: bytes, line: str = "quiet", modules=(), **more) -> Request:
    return Request(Path("k"), data, line.encode(), modules, RANGES, **more)


def start(data: bytes, **more):
    return kernel.prepare(request(data, **more), Room(RANGES, RESERVE))


def piece(ready, address: int) -> bytes:
    return next(p.data for p in ready.pieces if p.address == address)


def bzimage_of(flags: int = 1, version: int = 0x20F, line_size: int = 2047) -> bytes:
    """A bzImage with a body of 64 KiB of 0x90."""
    head = bytearray(1024)
    head[0x1F1] = 1
    head[0x201] = 0x6A
    struct.pack_into("<I", head, 0x1F4, 0x1000)
    head[0x202:0x206] = b"HdrS"
    struct.pack_into("<H", head, 0x206, version)
    head[0x211] = 1
    struct.pack_into("<I", head, 0x22C, 0x7FFF_FFFF)
    struct.pack_into("<IBBH", head, 0x230, 0x20_0000, 1, 21, flags)
    struct.pack_into("<I", head, 0x238, line_size)
    struct.pack_into("<QI", head, 0x258, 16 * MIB, 8 * MIB)
    return bytes(head) + b"\x90" * 0x1_0000


def test_a_bzimage_starts_in_long_mode_at_its_64_bit_entry():
    ready = start(bzimage_of(), rsdp=0xF_0000)
    assert ready.entry.long
    assert ready.entry.address == 16 * MIB + 0x200
    assert ready.entry.registers == {RSI: INFO}
    page = piece(ready, INFO)
    assert len(page) == 0x1000
    assert struct.unpack_from("<Q", page, 0x70) == (0xF_0000,)
    assert page[0x1E8] == len(RANGES)
    assert struct.unpack_from("<QQI", page, 0x2D0 + 20) == (MIB, 127 * MIB, 1)
    assert page[0x202:0x206] == b"HdrS"
    assert page[0x210] == 0xFF
    assert struct.unpack_from("<I", page, 0x228) == (COMMAND_LINE,)
    assert piece(ready, COMMAND_LINE) == b"quiet\0"


def test_an_old_bzimage_starts_in_protected_mode():
    ready = start(bzimage_of(flags=0))
    assert not ready.entry.long
    assert ready.entry.address == 16 * MIB


def test_through_firmware_a_bzimage_starts_in_real_mode_below_one_mib():
    ready = start(bzimage_of(), firmware=True)
    assert ready.real
    assert ready.entry.address == INFO >> 4
    assert piece(ready, MIB).startswith(b"\x90")
    assert struct.unpack_from("<I", piece(ready, INFO), 0x214) == (MIB,)


def test_the_initrd_is_as_high_as_can_be_below_what_is_reserved():
    ready = start(bzimage_of(), modules=((b"r" * 5000, b""),))
    page = piece(ready, INFO)
    address, size = struct.unpack_from("<II", page, 0x218)
    assert (address, size) == (128 * MIB - RESERVE - 0x2000, 5000)
    assert piece(ready, address) == b"r" * 5000


def test_the_initrd_keeps_out_of_the_kernels_way():
    small = (Range(0, 0x9_FC00), Range(MIB, 24 * MIB))
    modules = ((b"r" * MIB, b""),)
    asked = Request(Path("k"), bzimage_of(), b"", modules, small)
    ready = kernel.prepare(asked, Room(small, 0))
    address, size = struct.unpack_from("<II", piece(ready, INFO), 0x218)
    assert address >= 24 * MIB or address + size <= 16 * MIB


def test_a_command_line_that_the_kernel_cannot_take_is_refused():
    with pytest.raises(BootError, match="2047"):
        start(bzimage_of(), line="x" * 2048)


def test_a_bzimage_that_is_cut_short_is_told():
    with pytest.raises(BootError, match="cut short"):
        start(bzimage_of()[:-100])


def test_an_old_protocol_is_told():
    with pytest.raises(BootError, match="2.03"):
        start(bzimage_of(version=0x203))


def test_a_real_bzimage_is_read():
    data = guest_image("x86tiny/bzImage").read_bytes()
    setup = bzimage.parse(data, "it")
    assert setup.long
    assert setup.relocatable or setup.preferred


def test_a_real_vmlinux_starts_where_its_pvh_note_says():
    data = guest_image("x86tiny/vmlinux").read_bytes()
    ready = start(data, modules=((b"r" * 100, b""),), rsdp=0xE_0000)
    assert ready.entry.address == 0x100_0480
    assert ready.entry.registers == {RBX: INFO}
    info = piece(ready, INFO)
    magic, version, _, count, modules, line, rsdp, table, rows = struct.unpack_from(
        "<IIIIQQQQI", info
    )
    assert (magic, version, count, line) == (0x336E_C578, 1, 1, COMMAND_LINE)
    assert (rsdp, rows) == (0xE_0000, 2)
    address, size = struct.unpack_from("<QQ", info, modules - INFO)
    assert piece(ready, address) == b"r" * size
    assert struct.unpack_from("<QQI", info, table - INFO + 24) == (MIB, 127 * MIB, 1)


def multiboot_of(flags: int = 0x1_0000) -> bytes:
    """A kernel of 4 KiB for 2 MiB, with address fields; entered at 0x200010."""
    magic = 0x1BAD_B002
    base = 2 * MIB
    header = struct.pack(
        "<8I", magic, flags, -(magic + flags) & 0xFFFF_FFFF,
        base + 64, base, base + 0x1000, base + 0x3000, base + 0x10,
    )  # fmt: skip
    return bytes(64) + header + b"\xf4" * (0x1000 - 64 - len(header))


def test_a_multiboot_kernel_is_loaded_by_its_address_fields():
    modules = ((b"one", b"one text"), (b"two!", b""))
    ready = start(multiboot_of(), modules=modules)
    assert ready.entry.address == 2 * MIB + 0x10
    assert ready.entry.registers == {RAX: 0x2BAD_B002, RBX: INFO}
    assert piece(ready, 2 * MIB) == multiboot_of().ljust(0x3000, b"\0")
    info = piece(ready, INFO)
    flags, lower, upper = struct.unpack_from("<III", info)
    assert flags & 0x4D == 0x4D
    assert (lower, upper) == (0x9_FC00 >> 10, 127 * 1024)
    line, count, table = struct.unpack_from("<III", info, 16)
    assert (piece(ready, line), count) == (b"quiet\0", 2)
    first, end, text, _ = struct.unpack_from("<4I", info, table - INFO)
    assert piece(ready, first) == b"one"
    assert end == first + 3
    assert info[text - INFO :].startswith(b"one text\0")
    size, memory = struct.unpack_from("<II", info, 44)
    assert size == 48
    assert struct.unpack_from("<IQQI", info, memory - INFO + 24) == (
        20, MIB, 127 * MIB, 1
    )  # fmt: skip


def test_modules_do_not_overlap():
    ready = start(multiboot_of(), modules=((b"a" * 4096, b""), (b"b" * 4097, b"")))
    places = sorted((p.address, len(p.data)) for p in ready.pieces)
    assert all(a + n <= b for (a, n), (b, _) in zip(places, places[1:], strict=False))


def test_a_multiboot_feature_that_is_not_known_is_refused():
    with pytest.raises(BootError, match="0x8"):
        start(multiboot_of(0x1_0008))


def multiboot2_of(*extra: bytes) -> bytes:
    base = 2 * MIB
    tags = struct.pack("<HHI4I", 2, 0, 24, base, base, base + 0x1000, 0)
    tags += struct.pack("<HHII4x", 3, 0, 12, base + 0x20)
    tags += b"".join(extra) + struct.pack("<HHI", 0, 0, 8)
    size = 16 + len(tags)
    magic = 0xE852_50D6
    header = struct.pack("<4I", magic, 0, size, -(magic + size) & 0xFFFF_FFFF)
    return (header + tags).ljust(0x1000, b"\xf4")


def test_a_multiboot2_kernel_gets_its_information_in_tags():
    ready = start(multiboot2_of(), modules=((b"one", b"text"),), rsdp=1, root=b"R" * 36)
    assert ready.entry.address == 2 * MIB + 0x20
    assert ready.entry.registers == {RAX: 0x36D7_6289, RBX: INFO}
    info = piece(ready, INFO)
    (size, _), at, tags = struct.unpack_from("<II", info), 8, {}
    while at < size:
        kind, length = struct.unpack_from("<II", info, at)
        tags[kind] = info[at + 8 : at + length]
        at += -(-length // 8) * 8
    assert at == size == len(info)
    assert tags[1] == b"quiet\0"
    assert tags[15] == b"R" * 36
    assert struct.unpack_from("<QQI", tags[6], 8 + 24) == (MIB, 127 * MIB, 1)
    first, end = struct.unpack_from("<II", tags[3])
    assert (piece(ready, first), tags[3][8:]) == (b"one", b"text\0")


def test_a_multiboot2_tag_that_is_not_known_is_refused_unless_optional():
    tag = struct.pack("<HHI", 9, 0, 8)
    with pytest.raises(BootError, match="9"):
        start(multiboot2_of(tag))
    start(multiboot2_of(struct.pack("<HHI", 9, 1, 8)))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\x1f\x8b" + bytes(600), "gzip"),
        (b"MZ" + bytes(600), "EFI"),
        (bytes(510) + b"\x55\xaa", "--disk"),
        (bytes(0x8001) + b"CD001", "cdrom"),
        (b"\0" * 600, "no kind of kernel"),
    ],
)
def test_what_is_no_kernel_is_named_with_what_is_taken(data, said):
    with pytest.raises(BootError, match=said) as error:
        start(data)
    assert "bzImage" in str(error.value)


def test_an_elf_file_for_another_processor_is_told():
    data = guest_image("sparc/zImage").read_bytes()
    with pytest.raises(BootError, match="wants x86"):
        start(data)


def test_a_kernel_that_does_not_fit_says_how_to_give_more_memory():
    small = (Range(0, 0x9_FC00), Range(MIB, MIB))
    asked = Request(Path("k"), multiboot_of(), b"", (), small)
    with pytest.raises(BootError, match="-o ram="):
        kernel.prepare(asked, Room(small, 0))


def elf_of(memory_size: int = 0x2000) -> bytes:
    """A 32-bit executable with a PVH note."""
    note = struct.pack("<III4sI", 4, 4, 18, b"Xen\0", 2 * MIB)
    head = b"\x7fELF\x01\x01\x01".ljust(16, b"\0")
    head += struct.pack(
        "<HHIIIIIHHHHHH", 2, 3, 1, 2 * MIB, 52, 0, 0, 52, 32, 2, 0, 0, 0
    )
    load = struct.pack("<8I", 1, 0x80, 2 * MIB, 2 * MIB, 64, memory_size, 7, 4096)
    notes = struct.pack("<8I", 4, 0xC0, 0, 0, len(note), len(note), 4, 4)
    return (head + load + notes).ljust(0x80, b"\0") + b"\xf4" * 64 + note


def test_a_segment_that_is_larger_than_memory_is_refused_before_it_is_made():
    with pytest.raises(BootError, match="outside"):
        start(elf_of(0xFFFF_FFFF))


@given(
    st.sampled_from([elf_of, bzimage_of, multiboot_of, multiboot2_of]),
    st.lists(st.tuples(st.integers(0, 1100), st.integers(0, 255)), max_size=6),
    st.integers(0, 2000),
)
@settings(max_examples=400, deadline=None)
def test_a_malformed_kernel_is_an_error_in_words(make, changes, cut):
    data = bytearray(make())
    for offset, value in changes:
        data[offset % len(data)] = value
    with contextlib.suppress(BootError):
        start(bytes(data[: len(data) - cut]), modules=((b"r" * 100, b""),))
