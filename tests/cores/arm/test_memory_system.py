# SPDX-License-Identifier: Apache-2.0
"""Translation tables of both formats, permissions, domains, byte order, exclusives."""

from __future__ import annotations

import pytest

from tests.cores.arm.bare import ABT, CODE, DATA, OFF, RAM, TABLES, Bare

SECTION, SMALL_PAGE, TABLE = 2, 2, 1
PAGE_TABLE = TABLES + 0x8000
AP_PRIVILEGED, AP_READ_ONLY, AP_ALL = 1, 5, 3
WINDOW = 0x8000_0000
WINDOW_DATA = RAM + 0x30_0000

ENABLE = """
e3a01101 mov r1, #1073741824
e2811601 add r1, r1, #1048576
ee021f10 mcr p15, 0, r1, c2, c0, 0
e3a01001 mov r1, #1
ee031f10 mcr p15, 0, r1, c3, c0, 0
ee111f10 mrc p15, 0, r1, c1, c0, 0
e3811001 orr r1, r1, #1
ee011f10 mcr p15, 0, r1, c1, c0, 0
f57ff06f isb 15
"""
WRITE_WINDOW = """
e3a02102 mov r2, #2147483648
e3a0404d mov r4, #77
e5824000 str r4, [r2, #0]
e5925000 ldr r5, [r2, #0]
"""


def section(pa: int, ap: int, domain: int = 0, xn: int = 0) -> int:
    """A section descriptor: normal memory, global."""
    return pa | (ap >> 2) << 15 | (ap & 3) << 10 | domain << 5 | xn << 4 | 0xC | SECTION


def map_ram(bare: Bare) -> None:
    """The first 16 MiB of RAM one to one, for everybody."""
    for i in range(16):
        bare.words(TABLES + (RAM >> 20) * 4 + 4 * i, section(RAM + (i << 20), AP_ALL))


def map_window(bare: Bare, descriptor: int) -> None:
    """The first-level descriptor of WINDOW."""
    map_ram(bare)
    bare.words(TABLES + (WINDOW >> 20) * 4, descriptor)


def test_a_section_is_mapped(bare: Bare) -> None:
    map_window(bare, section(WINDOW_DATA, AP_ALL))
    bare.run(ENABLE + WRITE_WINDOW + OFF)
    assert (bare.word(WINDOW_DATA), bare.r(5)) == (77, [77])


def test_a_small_page_is_mapped(bare: Bare) -> None:
    map_window(bare, PAGE_TABLE | TABLE)
    bare.words(PAGE_TABLE, WINDOW_DATA + 0x5000 | AP_ALL << 4 | 0xC | SMALL_PAGE)
    bare.run(ENABLE + WRITE_WINDOW + OFF)
    assert bare.word(WINDOW_DATA + 0x5000) == 77


@pytest.mark.parametrize(
    "descriptor, status",
    [
        (0, 0x805),  # translation, first level
        (PAGE_TABLE | TABLE, 0x807),  # translation, second level
        (section(WINDOW_DATA, AP_READ_ONLY), 0x80D),  # permission
        (section(WINDOW_DATA, AP_ALL, domain=2), 0x829),  # domain 2 has no access
    ],
)
def test_a_bad_write_says_why(bare: Bare, descriptor: int, status: int) -> None:
    map_window(bare, descriptor)
    bare.run(ENABLE + WRITE_WINDOW + OFF)
    assert bare.get("mode") == ABT
    assert (bare.get("dfar"), bare.get("dfsr")) == (WINDOW, status)


@pytest.mark.parametrize(
    "access",
    ["f1020010 cps #16\ne5923000 ldr r3, [r2, #0]", "e4b23000 ldrt r3, [r2], #0"],
)
def test_user_code_may_not_read_privileged_memory(bare: Bare, access: str) -> None:
    map_window(bare, section(WINDOW_DATA, AP_PRIVILEGED))
    bare.run(ENABLE + WRITE_WINDOW + access)
    assert (bare.r(5), bare.get("mode"), bare.get("dfsr")) == ([77], ABT, 0x0D)


def test_never_executed_memory_is_not_executed(bare: Bare) -> None:
    map_window(bare, section(WINDOW_DATA, AP_ALL, xn=1))
    bare.run(ENABLE + "e3a02102 mov r2, #2147483648\ne12fff12 bx r2")
    assert (bare.get("ifar"), bare.get("ifsr")) == (WINDOW, 0x0D)


def test_a_mapping_changes_when_the_tlb_is_told(bare: Bare) -> None:
    map_window(bare, section(WINDOW_DATA, AP_ALL))
    entry = TABLES + (WINDOW >> 20) * 4
    bare.words(DATA, entry, section(WINDOW_DATA + 0x10_0000, AP_ALL))
    bare.words(WINDOW_DATA + 0x10_0000, 0x55)
    bare.run(
        ENABLE
        + WRITE_WINDOW
        + """
        e3a01101 mov r1, #1073741824
        e2811602 add r1, r1, #2097152
        e5913000 ldr r3, [r1, #0]
        e5914004 ldr r4, [r1, #4]
        e5834000 str r4, [r3, #0]
        f57ff04f dsb 15
        ee082f37 mcr p15, 0, r2, c8, c7, 1
        f57ff04f dsb 15
        f57ff06f isb 15
        e5926000 ldr r6, [r2, #0]
        """
        + OFF
    )
    assert bare.r(5, 6) == [77, 0x55]


def test_long_descriptors(bare: Bare) -> None:
    normal, access_flag, user = 0xFF, 1 << 10, 1 << 6
    block = access_flag | user | 1
    first, second = TABLES, TABLES + 0x1000
    for i in range(4):
        bare.write(first + 8 * i, (i << 30 | block).to_bytes(8, "little"))
    bare.write(first + 16, (second | 3).to_bytes(8, "little"))
    bare.write(second, (0x4020_0000 | block).to_bytes(8, "little"))
    bare.set("ttbr0", first)
    bare.set("mair0", normal)
    bare.set("ttbcr", 1 << 31)
    bare.run(
        """
        ee111f10 mrc p15, 0, r1, c1, c0, 0
        e3811001 orr r1, r1, #1
        ee011f10 mcr p15, 0, r1, c1, c0, 0
        f57ff06f isb 15
        """
        + WRITE_WINDOW
        + "e5826c00 str r6, [r2, #3072]\ne2822602 add r2, r2, #2097152\n"
        + "e5825000 str r5, [r2, #0]"
    )
    assert bare.word(DATA) == 77
    assert (bare.get("mode"), bare.get("dfar")) == (ABT, WINDOW + 0x20_0000)
    assert bare.get("dfsr") == 0xA06  # long format, write, translation at level 2


def test_data_is_big_endian_after_setend(bare: Bare) -> None:
    bare.run(
        """
        e3a01101 mov r1, #1073741824
        e2811602 add r1, r1, #2097152
        e3032344 movw r2, #13124
        e3412122 movt r2, #4386
        f1010200 setend be
        e5812000 str r2, [r1, #0]
        e1d130b0 ldrh r3, [r1, #0]
        e1c140d0 ldrd r4, r5, [r1, #0]
        f1010000 setend le
        e5916000 ldr r6, [r1, #0]
        """
        + OFF
    )
    assert bare.r(3, 4, 5, 6) == [0x1122, 0x1122_3344, 0, 0x4433_2211]


def test_a_store_exclusive_needs_its_load_and_the_old_value(bare: Bare) -> None:
    bare.run(
        """
        e3a01101 mov r1, #1073741824
        e2811602 add r1, r1, #2097152
        e3a02005 mov r2, #5
        e1913f9f ldrex r3, [r1]
        e1814f92 strex r4, r2, [r1]
        e1815f92 strex r5, r2, [r1]
        e1b16f9f ldrexd r6, r7, [r1]
        f57ff01f clrex
        e1a18f92 strexd r8, r2, r3, [r1]
        e1919f9f ldrex r9, [r1]
        e5811000 str r1, [r1, #0]
        e181af92 strex r10, r2, [r1]
        e1b16f9f ldrexd r6, r7, [r1]
        e1a1bf92 strexd r11, r2, r3, [r1]
        """
        + OFF
    )
    assert bare.r(4, 5, 8, 10, 11) == [0, 1, 1, 1, 0]
    assert bare.r(6) == [DATA]
    assert bare.word(DATA) == 5


def test_code_that_changes_itself(bare: Bare) -> None:
    bare.run(
        """
        e3a01101 mov r1, #1073741824
        e3002002 movw r2, #2
        e34e23a0 movt r2, #58272
        e5812018 str r2, [r1, #24]
        f57ff04f dsb 15
        f57ff06f isb 15
        e3a00001 mov r0, #1
        e1a03000 mov r3, r0
        """
        + OFF
    )
    assert (bare.r(3), bare.word(CODE + 24)) == ([2], 0xE3A0_0002)


def test_code_on_two_pages(bare: Bare) -> None:
    """A T32 instruction whose halves are on different pages."""
    bare.load(RAM + 0x2FFE, "f04f 0.word\n".replace("0.word", ".word"), thumb=True)
    bare.load(RAM + 0x3000, "0305 lsls r5, r0, #12\nde00 udf #0", thumb=True)
    bare.set("r", RAM + 0x2FFF, 1)
    bare.run("e12fff11 bx r1")
    assert bare.r(3, 14) == [5, RAM + 0x3004]
