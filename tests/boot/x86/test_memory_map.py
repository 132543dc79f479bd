# SPDX-License-Identifier: Apache-2.0
"""The memory map that a PC's software is told."""

from __future__ import annotations

import struct

from machinebuilder.boot.memory import pci_hole
from machinebuilder.boot.x86 import memory_map
from machinebuilder.boot.x86.memory_map import Range
from tests.boot.x86.boards import BRIDGES, plan_of, ram_plan

MIB = 1 << 20


def test_ram_behind_video_and_bios_is_nobodys():
    whole = ram_plan((0, 64 * MIB))
    assert memory_map.usable(whole) == [Range(0, 0xA_0000), Range(MIB, 63 * MIB)]


def test_shadow_ram_of_a_bridge_is_not_usable(tmp_path):
    ranges = memory_map.usable(plan_of(BRIDGES, tmp_path))
    assert ranges == [Range(0, 0xA_0000), Range(MIB, 127 * MIB)]


def test_what_is_reserved_is_cut_out_and_listed():
    free = [Range(0, 0xA_0000), Range(MIB, 63 * MIB)]
    found = memory_map.with_reserved(free, [Range(0x9_FC00, 0x400, 2)])
    assert found == [
        Range(0, 0x9_FC00), Range(0x9_FC00, 0x400, 2), Range(MIB, 63 * MIB)
    ]  # fmt: skip


def test_a_map_has_rows_of_twenty_bytes():
    packed = memory_map.packed([Range(MIB, 63 * MIB)])
    assert struct.unpack("<QQI", packed) == (MIB, 63 * MIB, 1)


def test_the_pci_hole_is_from_the_end_of_ram_to_what_is_fixed(tmp_path):
    assert pci_hole(plan_of(BRIDGES, tmp_path)) == range(128 * MIB, 0xFFFC_0000)
