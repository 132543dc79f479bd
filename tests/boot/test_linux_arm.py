"""The linux.arm protocol's arithmetic: where images go."""

import struct

import pytest

from machinebuilder.boot.linux import arm
from machinebuilder.boot.memory import Ram

MIB = 1 << 20


@pytest.mark.parametrize("ram", [32, 64, 128, 512, 1024, 3072])
@pytest.mark.parametrize("start", [0, 0x4000_0000, 0x8000_0000])
def test_the_images_are_in_order_and_inside_low_memory(ram, start):
    where = arm.layout(Ram(start, ram * MIB), 5 * MIB)
    assert start < where.kernel < where.kernel + 5 * MIB < where.tree < where.initrd
    assert where.initrd < where.limit <= start + min(ram, 512) * MIB
    assert where.tree % (2 * MIB) == 0


def test_a_kernel_with_room_does_not_have_to_move_before_it_unpacks():
    where = arm.layout(Ram(0, 512 * MIB), 10 * MIB)
    assert where.kernel >= 5 * 10 * MIB


def test_a_zimage_is_known_by_its_magic():
    image = bytearray(64)
    assert not arm.is_zimage(bytes(image))
    struct.pack_into("<I", image, 0x24, 0x016F_2818)
    assert arm.is_zimage(bytes(image))
    assert not arm.is_zimage(b"")
