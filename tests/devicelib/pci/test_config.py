"""Configuration space of PCI functions (PCI Local Bus Specification 2.2, chapter 6)."""

from __future__ import annotations

import contextlib
import random

import pytest

from .conftest import Pci

VGA, NOBODY = 2, 20
COMMAND, BAR0, BAR2, ROM = 0x04, 0x10, 0x18, 0x30
IO, MEMORY = 1, 2
VRAM = 16 << 20


def test_a_function_says_who_it_is(pci: Pci) -> None:
    assert pci.read(0, 0, 0) == 0x1237_8086
    assert pci.read(1, 0, 0) == 0x7000_8086
    assert pci.read(1, 3, 8) >> 8 == 0x06_80_00
    assert pci.read(VGA, 0, 2, 2) == 0x1111


def test_nobody_reads_as_ones(pci: Pci) -> None:
    assert pci.read(NOBODY, 0, 0) == 0xFFFF_FFFF
    assert pci.read(1, 2, 0, 2) == 0xFFFF
    pci.write(NOBODY, 0, COMMAND, 7, 2)
    assert pci.read(NOBODY, 0, COMMAND, 2) == 0xFFFF


def test_another_bus_is_empty(pci: Pci) -> None:
    pci.out(0xCF8, 1 << 31 | 1 << 16)
    assert pci.in_(0xCFC) == 0xFFFF_FFFF


def test_nothing_is_selected_without_the_enable_bit(pci: Pci) -> None:
    pci.out(0xCF8, 0)
    assert pci.in_(0xCFC) == 0xFFFF_FFFF


def test_the_address_is_written_as_a_word_alone(pci: Pci) -> None:
    pci.out(0xCF8, 0x8000_1000)
    pci.out(0xCF8, 0xFF, 1)
    assert pci.in_(0xCF8) == 0x8000_1000


def test_all_functions_of_a_device_with_several_say_so(pci: Pci) -> None:
    assert pci.read(1, 0, 0x0E, 1) == pci.read(1, 3, 0x0E, 1) == 0x80
    assert pci.read(VGA, 0, 0x0E, 1) == 0


def test_identification_cannot_be_written(pci: Pci) -> None:
    before = [pci.read(VGA, 0, offset) for offset in (0, 8, 0x2C)]
    for offset in (0, 8, 0x2C):
        pci.write(VGA, 0, offset, 0)
    assert [pci.read(VGA, 0, offset) for offset in (0, 8, 0x2C)] == before


@pytest.mark.parametrize(
    ("bar", "size"), [(BAR0, VRAM), (BAR2, 0x1000), (ROM, 0x1_0000)]
)
def test_a_base_address_register_tells_its_size(pci: Pci, bar: int, size: int) -> None:
    pci.write(VGA, 0, bar, 0xFFFF_FFFF)
    flags = 0x7FF if bar == ROM else 0xF
    assert pci.read(VGA, 0, bar) & ~flags == (1 << 32) - size


def test_a_window_is_where_its_register_says(pci: Pci) -> None:
    memory = pci.machine.memory
    with pytest.raises(ValueError, match="nothing is at"):
        memory.read(0xE000_0000, 4)
    pci.write(VGA, 0, BAR0, 0xE000_0000)
    with pytest.raises(ValueError, match="nothing is at"):
        memory.read(0xE000_0000, 4)
    pci.write(VGA, 0, COMMAND, MEMORY, 2)
    memory.write(0xE000_0000, b"here")
    pci.write(VGA, 0, BAR0, 0xD000_0000)
    assert memory.read(0xD000_0000, 4) == b"here"
    with pytest.raises(ValueError, match="nothing is at"):
        memory.read(0xE000_0000, 4)


def test_a_window_over_memory_of_the_board_is_not_seen(pci: Pci) -> None:
    memory = pci.machine.memory
    memory.write(0x10_0000, b"main memory")
    pci.write(VGA, 0, COMMAND, MEMORY, 2)
    pci.write(VGA, 0, BAR0, 0x10_0000 & ~(VRAM - 1) | 0x0)
    pci.write(VGA, 0, BAR2, 0x10_0000)
    assert memory.read(0x10_0000, 11) == b"main memory"


def test_reset_takes_the_windows_back(pci: Pci) -> None:
    pci.write(VGA, 0, COMMAND, MEMORY, 2)
    pci.write(VGA, 0, BAR0, 0xE000_0000)
    pci.machine.reset()
    assert pci.read(VGA, 0, COMMAND, 2) == 0
    with pytest.raises(ValueError, match="nothing is at"):
        pci.machine.memory.read(0xE000_0000, 4)


def test_any_sequence_of_accesses_is_survived(pci: Pci) -> None:
    rand = random.Random(7)
    values = [0, 1, 0xFF, 0xFFFF_FFFF, 0xFEC0_0000, 0xA_0000, 0x8000_0000, 0xC001]
    for _ in range(4000):
        slot, function = (
            rand.choice([0, 1, 2, 3, rand.randrange(32)]),
            rand.randrange(8),
        )
        size = rand.choice([1, 2, 4])
        offset = rand.randrange(0, 256, size)
        value = rand.choice([*values, rand.getrandbits(32)])
        if rand.random() < 0.7:
            pci.write(slot, function, offset, value, size)
        else:
            assert 0 <= pci.read(slot, function, offset, size) < 1 << 8 * size
        if rand.random() < 0.1:
            with contextlib.suppress(ValueError):  # nothing is there just now
                pci.machine.memory.write(rand.choice(values), b"x" * 64)
    assert pci.machine.memory.read(0x10_0000, 1)
