# SPDX-License-Identifier: Apache-2.0
"""The AML encoder, against the byte strings of ACPI 6.4, chapter 20."""

from __future__ import annotations

import pytest

from machinebuilder.boot.acpi import aml, resources


@pytest.mark.parametrize(
    ("path", "encoded"),
    [
        ("_SB", b"_SB_"),
        ("\\_SB", b"\\_SB_"),
        ("^PCI0", b"^PCI0"),
        ("\\_SB.PCI0", b"\\\x2e_SB_PCI0"),
        ("\\_SB.PCI0.ISA", b"\\\x2f\x03_SB_PCI0ISA_"),
    ],
)
def test_a_name_is_segments_of_four_with_a_prefix_for_several(path, encoded):
    assert aml.name_string(path) == encoded


@pytest.mark.parametrize("path", ["0ABC", "TOOLONG", "_sb"])
def test_what_cannot_be_a_name_is_refused(path):
    with pytest.raises(ValueError):
        aml.name_string(path)


@pytest.mark.parametrize("size", [0, 62, 63, 4093, 4094, 4095, 1 << 20])
def test_a_length_counts_its_own_bytes(size):
    data = aml.sized(bytes(size))
    follow = data[0] >> 6
    low = data[0] & (0x3F if follow == 0 else 0x0F)
    high = int.from_bytes(data[1 : 1 + follow], "little") << 4
    assert low | high == len(data) == size + 1 + follow


@pytest.mark.parametrize(
    ("value", "encoded"),
    [(0, "00"), (1, "01"), (2, "0a02"), (0x1234, "0b3412"), (1 << 31, "0c00000080")],
)
def test_a_number_is_as_short_as_can_be(value, encoded):
    assert aml.integer(value).hex() == encoded


def test_an_eisa_id_packs_three_letters_and_four_digits():
    assert aml.eisa_id("PNP0A03").hex() == "0c41d00a03"


def test_a_template_ends_with_the_end_tag():
    assert resources.template(resources.irq(4)).endswith(bytes.fromhex("2210007900"))


def test_an_io_port_range_is_a_descriptor_of_eight_bytes():
    assert resources.io(0x3F8, 8).hex() == "4701f803f8030108"
